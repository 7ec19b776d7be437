//! The grammar of JSON, over bytes that may not all be there yet.

use crate::wire::WireErrorKind;

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It is not there as a whole.
    More,
    /// It is wrong at this byte.
    Bad(WireErrorKind, usize),
}

/// What kind of value one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Number,
    /// `NaN`, `Infinity`, `-Infinity`.
    NotANumber,
    /// Text, and whether there are escapes in it.
    Text {
        escaped: bool,
    },
    Array,
    Object,
}

/// Reads values from the front of some bytes.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// How many levels there may still be.
    depth: usize,
    not_a_number: bool,
    /// Whether nothing follows the bytes, so that a number may end with them.
    whole: bool,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Where the next quote, backslash or control character is.
pub(crate) fn special(bytes: &[u8], mut at: usize) -> usize {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero(word ^ (ONES * b'"' as u64));
        let backslash = zero(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = quote | backslash | control;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        at += 1;
    }
    at
}

/// As [`special`], and everything that is not printable ASCII as well.
pub(crate) fn special_ascii(bytes: &[u8], mut at: usize) -> usize {
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = zero(word ^ (ONES * b'"' as u64));
        let backslash = zero(word ^ (ONES * b'\\' as u64));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let delete = zero(word ^ (ONES * 0x7f));
        let found = quote | backslash | control | delete | word & HIGHS;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..0x20 | 0x7f..) {
            break;
        }
        at += 1;
    }
    at
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], depth: usize, not_a_number: bool) -> Self {
        Self {
            bytes,
            at: 0,
            depth,
            not_a_number,
            whole: false,
        }
    }

    /// A cursor over a text that is there as a whole.
    pub(crate) fn whole(text: &'a str, depth: usize) -> Self {
        Self {
            whole: true,
            ..Self::new(text.as_bytes(), depth, true)
        }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn bad<T>(&self, kind: WireErrorKind) -> Result<T, Stop> {
        Err(Stop::Bad(kind, self.at))
    }

    /// The next byte that is not space, without taking it.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<u8, Stop> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(byte) => return Ok(*byte),
                None => return Err(Stop::More),
            }
        }
    }

    /// Takes one byte, which must be this one, after any space.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.peek()? != byte {
            return self.bad(WireErrorKind::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    /// Enters an object or an array.
    pub(crate) fn enter(&mut self, open: u8) -> Result<(), Stop> {
        self.expect(open)?;
        match self.depth.checked_sub(1) {
            Some(depth) => {
                self.depth = depth;
                Ok(())
            }
            None => Err(Stop::Bad(WireErrorKind::TooDeep, self.at - 1)),
        }
    }

    /// Goes on to the next member or element, or leaves at `close`.
    #[inline]
    pub(crate) fn more(&mut self, first: &mut bool, close: u8) -> Result<bool, Stop> {
        let byte = self.peek()?;
        if byte == close {
            self.at += 1;
            self.depth += 1;
            return Ok(false);
        }
        if *first {
            *first = false;
        } else if byte == b',' {
            self.at += 1;
        } else {
            return self.bad(WireErrorKind::Syntax);
        }
        Ok(true)
    }

    /// A key and its colon: where its text is, and whether there are escapes.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<(usize, usize, bool), Stop> {
        self.expect(b'"')?;
        let start = self.at;
        let escaped = self.text()?;
        let end = self.at - 1;
        self.expect(b':')?;
        Ok((start, end, escaped))
    }

    /// A value: where it begins, and what it is. It ends at [`Cursor::at`].
    #[inline]
    pub(crate) fn value(&mut self) -> Result<(usize, Kind), Stop> {
        let byte = self.peek()?;
        let start = self.at;
        let kind = match byte {
            b'"' => {
                self.at += 1;
                Kind::Text {
                    escaped: self.text()?,
                }
            }
            b'0'..=b'9' | b'-' => self.number()?,
            b't' => self.word(b"true", Kind::True)?,
            b'f' => self.word(b"false", Kind::False)?,
            b'n' => self.word(b"null", Kind::Null)?,
            b'[' => {
                self.enter(b'[')?;
                let mut first = true;
                while self.more(&mut first, b']')? {
                    self.value()?;
                }
                Kind::Array
            }
            b'{' => {
                self.enter(b'{')?;
                let mut first = true;
                while self.more(&mut first, b'}')? {
                    self.key()?;
                    self.value()?;
                }
                Kind::Object
            }
            b'N' => self.not_a_number(b"NaN")?,
            b'I' => self.not_a_number(b"Infinity")?,
            _ => return self.bad(WireErrorKind::Syntax),
        };
        Ok((start, kind))
    }

    /// The rest of a text, up to and with its quote.
    fn text(&mut self) -> Result<bool, Stop> {
        let mut escaped = false;
        loop {
            self.at = special(self.bytes, self.at);
            match self.bytes.get(self.at) {
                None => return Err(Stop::More),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    match self.bytes.get(self.at + 1) {
                        None => return Err(Stop::More),
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 2;
                        }
                        Some(b'u') => {
                            for i in 2..6 {
                                match self.bytes.get(self.at + i) {
                                    None => return Err(Stop::More),
                                    Some(byte) if byte.is_ascii_hexdigit() => {}
                                    Some(_) => return self.bad(WireErrorKind::Escape),
                                }
                            }
                            self.at += 6;
                        }
                        Some(_) => return self.bad(WireErrorKind::Escape),
                    }
                }
                Some(_) => return self.bad(WireErrorKind::ControlCharacter),
            }
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<Kind, Stop> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(word) {
            self.at += word.len();
            Ok(kind)
        } else if word.starts_with(rest) {
            Err(Stop::More)
        } else {
            self.bad(WireErrorKind::Syntax)
        }
    }

    fn not_a_number(&mut self, word: &[u8]) -> Result<Kind, Stop> {
        let start = self.at;
        self.word(word, Kind::NotANumber)?;
        if self.not_a_number {
            Ok(Kind::NotANumber)
        } else {
            Err(Stop::Bad(WireErrorKind::NotANumber, start))
        }
    }

    /// A number, which something must follow to show that it ends: no value is
    /// the last thing of a body.
    fn number(&mut self) -> Result<Kind, Stop> {
        if self.bytes[self.at] == b'-' {
            if self.bytes.get(self.at + 1) == Some(&b'I') {
                return self.not_a_number(b"-Infinity");
            }
            self.at += 1;
        }
        match self.bytes.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        match self.bytes.get(self.at) {
            None if !self.whole => Err(Stop::More),
            _ => Ok(Kind::Number),
        }
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(());
        }
        match self.bytes.get(self.at) {
            None => Err(Stop::More),
            Some(_) => self.bad(WireErrorKind::Syntax),
        }
    }
}

/// Looks for the end of an object that did not come as a whole, without
/// looking at any byte twice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outline {
    /// How far it has come, from the beginning of the object.
    at: usize,
    depth: usize,
    in_text: bool,
}

impl Outline {
    /// Whether the object, of which these bytes are there, may be there as a
    /// whole.
    pub(crate) fn closes(&mut self, bytes: &[u8]) -> bool {
        while self.at < bytes.len() {
            if self.in_text {
                self.at = special(bytes, self.at);
                match bytes.get(self.at) {
                    None => return false,
                    // The byte behind it is part of it, and must be there.
                    Some(b'\\') if self.at + 1 >= bytes.len() => return false,
                    Some(b'\\') => self.at += 2,
                    Some(byte) => {
                        self.in_text = *byte != b'"';
                        self.at += 1;
                    }
                }
                continue;
            }
            match bytes[self.at] {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return true;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        false
    }
}
