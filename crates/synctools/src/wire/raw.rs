//! Values as they stand in the body.

use std::borrow::Cow;

use crate::wire::WireErrorKind;
use crate::wire::scan::{Cursor, Kind, Stop};

/// A value of the body, not yet understood.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RawValue<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(&'a str),
    /// `NaN`, `Infinity` or `-Infinity`, which JSON does not have and Python
    /// writes.
    NotANumber(&'a str),
    /// Text.
    Text(RawText<'a>),
    /// A list.
    Array(RawArray<'a>),
    /// An object, as it is written.
    Object(&'a str),
}

impl<'a> RawValue<'a> {
    /// A value that the grammar has been seen to accept.
    pub(crate) fn new(text: &'a str, kind: Kind) -> Self {
        match kind {
            Kind::Null => Self::Null,
            Kind::True => Self::Bool(true),
            Kind::False => Self::Bool(false),
            Kind::Number => Self::Number(text),
            Kind::NotANumber => Self::NotANumber(text),
            Kind::Text { escaped } => Self::Text(RawText {
                text: text.get(1..text.len() - 1).unwrap_or_default(),
                escaped,
            }),
            Kind::Array => Self::Array(RawArray { text }),
            Kind::Object => Self::Object(text),
        }
    }

    /// Reads a text that is one value as a whole.
    pub(crate) fn parse(text: &'a str, depth: usize) -> Result<Self, Stop> {
        let mut cursor = Cursor::whole(text, depth);
        let (start, kind) = cursor.value()?;
        let end = cursor.at();
        match cursor.peek() {
            Err(Stop::More) => Ok(Self::new(text.get(start..end).unwrap_or_default(), kind)),
            _ => Err(Stop::Bad(WireErrorKind::Syntax, end)),
        }
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::NotANumber(_) => "NaN or infinity",
            Self::Text(_) => "text",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Text of the body, with its escapes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawText<'a> {
    pub(crate) text: &'a str,
    pub(crate) escaped: bool,
}

/// Half of a surrogate pair without the other half (`"\ud800"`): no text of a
/// database can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("half of a surrogate pair")]
pub struct LoneSurrogate;

impl<'a> RawText<'a> {
    /// The text between the quotes, as it is written.
    pub fn as_written(&self) -> &'a str {
        self.text
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// For half of a surrogate pair without the other half.
    pub fn decode(&self) -> Result<Cow<'a, str>, LoneSurrogate> {
        if !self.escaped {
            return Ok(Cow::Borrowed(self.text));
        }
        let mut text = String::with_capacity(self.text.len());
        let mut rest = self.text;
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            text.push_str(&rest[..at]);
            let (character, length) = unescape(&rest.as_bytes()[at + 1..])?;
            text.push(character);
            rest = &rest[at + 1 + length..];
        }
        text.push_str(rest);
        Ok(Cow::Owned(text))
    }
}

/// The character behind a backslash, and how many bytes it takes there.
pub(crate) fn unescape(bytes: &[u8]) -> Result<(char, usize), LoneSurrogate> {
    let character = match bytes.first() {
        Some(b'u') => {
            let first = hex(bytes.get(1..5));
            let second = match bytes.get(5..7) {
                Some(b"\\u") => hex(bytes.get(7..11)),
                _ => 0,
            };
            if let Some(character) = char::from_u32(first) {
                return Ok((character, 5));
            }
            if !(0xd800..0xdc00).contains(&first) || !(0xdc00..0xe000).contains(&second) {
                return Err(LoneSurrogate);
            }
            let point = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return char::from_u32(point)
                .map(|character| (character, 11))
                .ok_or(LoneSurrogate);
        }
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(byte) => char::from(*byte),
        None => return Err(LoneSurrogate),
    };
    Ok((character, 1))
}

/// Four digits, which the grammar has seen.
fn hex(digits: Option<&[u8]>) -> u32 {
    digits.unwrap_or_default().iter().fold(0, |number, digit| {
        number * 16 + char::from(*digit).to_digit(16).unwrap_or_default()
    })
}

/// A list of the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawArray<'a> {
    text: &'a str,
}

impl<'a> RawArray<'a> {
    /// The list, as it is written.
    pub fn as_written(&self) -> &'a str {
        self.text
    }

    /// Its elements.
    pub fn iter(&self) -> RawElements<'a> {
        let mut cursor = Cursor::whole(self.text, usize::MAX);
        let open = cursor.enter(b'[').is_ok();
        RawElements {
            text: self.text,
            cursor,
            first: true,
            open,
        }
    }
}

impl<'a> IntoIterator for &RawArray<'a> {
    type Item = RawValue<'a>;
    type IntoIter = RawElements<'a>;

    fn into_iter(self) -> RawElements<'a> {
        self.iter()
    }
}

/// The elements of a list; see [`RawArray::iter`].
pub struct RawElements<'a> {
    text: &'a str,
    cursor: Cursor<'a>,
    first: bool,
    open: bool,
}

impl<'a> Iterator for RawElements<'a> {
    type Item = RawValue<'a>;

    fn next(&mut self) -> Option<RawValue<'a>> {
        if !self.open || !self.cursor.more(&mut self.first, b']').ok()? {
            self.open = false;
            return None;
        }
        let (start, kind) = self.cursor.value().ok()?;
        let text = self.text.get(start..self.cursor.at())?;
        Some(RawValue::new(text, kind))
    }
}

impl std::fmt::Debug for RawElements<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawElements").finish_non_exhaustive()
    }
}
