//! Encodings: UTF-8 (and so US-ASCII), UTF-16 and ISO 8859-1.

use std::borrow::Cow;

use super::chars::{is_space, trim};
use crate::atom::error::{XmlError, cut};

/// How much of a document is looked at for its declaration.
const LONGEST_DECLARATION: usize = 1024;

/// How characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    Latin1,
    Utf16 { big_endian: bool },
}

impl Encoding {
    /// The encoding that a protocol names. UTF-16 is big-endian unless a mark
    /// says otherwise (RFC 2781 section 4.3).
    pub(crate) fn named(name: &str) -> Option<Self> {
        let is = |names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        if is(&UTF8) {
            Some(Self::Utf8)
        } else if is(&LATIN1) {
            Some(Self::Latin1)
        } else if is(&["utf-16", "utf-16be", "utf-16le"]) {
            let big_endian = !name.to_ascii_lowercase().ends_with("le");
            Some(Self::Utf16 { big_endian })
        } else {
            None
        }
    }
}

const UTF8: [&str; 4] = ["utf-8", "utf8", "us-ascii", "ascii"];
const LATIN1: [&str; 6] = [
    "iso-8859-1",
    "iso8859-1",
    "iso_8859-1",
    "latin1",
    "latin-1",
    "l1",
];

/// The whole document in UTF-8, without a byte order mark. UTF-8 is not
/// checked. What the protocol said of the encoding counts for more than what
/// the document says, but for a mark (RFC 7303 section 3).
pub(crate) fn decode(document: &[u8], said: Option<Encoding>) -> Result<Cow<'_, [u8]>, XmlError> {
    match detect(document, true, said)? {
        Some((Encoding::Utf8, mark)) => Ok(Cow::Borrowed(&document[mark..])),
        _ => {
            let mut out = Vec::with_capacity(document.len() + document.len() / 2);
            let mut decoder = Decoder::new(said);
            decoder.push(document, &mut out)?;
            decoder.finish(&mut out)?;
            Ok(Cow::Owned(out))
        }
    }
}

/// Turns a document into UTF-8 as it arrives.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// What the protocol said.
    said: Option<Encoding>,
    encoding: Option<Encoding>,
    /// What was not enough to tell the encoding, or for a character.
    held: Vec<u8>,
}

impl Decoder {
    pub(crate) const fn new(said: Option<Encoding>) -> Self {
        Self {
            said,
            encoding: None,
            held: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), XmlError> {
        match self.encoding {
            Some(Encoding::Utf8) => {
                out.extend_from_slice(chunk);
                Ok(())
            }
            _ => self.push_held(chunk, false, out),
        }
    }

    /// The document ends here.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), XmlError> {
        self.push_held(b"", true, out)
    }

    fn push_held(&mut self, chunk: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), XmlError> {
        self.held.extend_from_slice(chunk);
        let encoding = match self.encoding {
            Some(encoding) => encoding,
            None => match detect(&self.held, last, self.said)? {
                Some((encoding, mark)) => {
                    self.held.drain(..mark);
                    self.encoding = Some(encoding);
                    encoding
                }
                None => return Ok(()),
            },
        };
        match encoding {
            Encoding::Utf8 => out.append(&mut self.held),
            Encoding::Latin1 => {
                let mut buffer = [0; 4];
                for byte in self.held.drain(..) {
                    out.extend_from_slice(char::from(byte).encode_utf8(&mut buffer).as_bytes());
                }
            }
            Encoding::Utf16 { big_endian } => {
                let used = decode_utf16(&self.held, big_endian, last, out)?;
                self.held.drain(..used);
            }
        }
        Ok(())
    }
}

/// Appends the characters that are complete. Returns how many bytes they were.
fn decode_utf16(
    bytes: &[u8],
    big_endian: bool,
    last: bool,
    out: &mut Vec<u8>,
) -> Result<usize, XmlError> {
    let unit = |at: usize| {
        let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
        Some(if big_endian {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        })
    };
    let mut at = 0;
    let mut buffer = [0; 4];
    while let Some(first) = unit(at) {
        let is_pair = (0xD800..0xDC00).contains(&first);
        let second = if is_pair { unit(at + 2) } else { None };
        if is_pair && second.is_none() && !last {
            break;
        }
        let character = match char::decode_utf16([first].into_iter().chain(second)).next() {
            Some(Ok(character)) => character,
            _ => return Err(not_utf16(at)),
        };
        at += 2 * character.len_utf16();
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
    }
    if last && at < bytes.len() {
        return Err(not_utf16(at));
    }
    Ok(at)
}

fn not_utf16(position: usize) -> XmlError {
    XmlError::NotWellFormed {
        position: position as u64,
        reason: String::from("it is not valid UTF-16"),
    }
}

/// The encoding and how long the byte order mark is. `None` when more of the
/// document is needed to tell.
fn detect(
    head: &[u8],
    last: bool,
    said: Option<Encoding>,
) -> Result<Option<(Encoding, usize)>, XmlError> {
    if head.len() < 4 && !last {
        return Ok(None);
    }
    let (encoding, mark) = match head {
        [0xEF, 0xBB, 0xBF, ..] => (Encoding::Utf8, 3),
        [0xFE, 0xFF, ..] => return Ok(Some((Encoding::Utf16 { big_endian: true }, 2))),
        [0xFF, 0xFE, ..] => return Ok(Some((Encoding::Utf16 { big_endian: false }, 2))),
        _ if said.is_some() => return Ok(said.map(|said| (said, 0))),
        [0, b'<', 0, _, ..] => return Ok(Some((Encoding::Utf16 { big_endian: true }, 0))),
        [b'<', 0, _, 0, ..] => return Ok(Some((Encoding::Utf16 { big_endian: false }, 0))),
        _ => (Encoding::Utf8, 0),
    };
    let head = &head[mark..];
    if !b"<?xml".starts_with(&head[..head.len().min(5)]) {
        return Ok(Some((encoding, mark)));
    }
    let declaration = &head[..head.len().min(LONGEST_DECLARATION)];
    match memchr::memmem::find(declaration, b"?>") {
        Some(end) => named(&declaration[..end], mark > 0).map(Some),
        None if last || declaration.len() == LONGEST_DECLARATION => Ok(Some((encoding, mark))),
        None => Ok(None),
    }
}

/// The encoding that the declaration names, UTF-8 if none.
fn named(declaration: &[u8], marked: bool) -> Result<(Encoding, usize), XmlError> {
    let mark = if marked { 3 } else { 0 };
    let utf8 = (Encoding::Utf8, mark);
    let Ok(declaration) = std::str::from_utf8(declaration) else {
        return Ok(utf8);
    };
    // A declaration with faults is found to be one by the parser.
    let Some((before, after)) = declaration.split_once("encoding") else {
        return Ok(utf8);
    };
    let value = after.trim_start().strip_prefix('=').map(trim);
    let name = value.and_then(|value| match value.as_bytes().first() {
        Some(quote @ (b'"' | b'\'')) => value[1..].split(char::from(*quote)).next(),
        _ => None,
    });
    let Some(name) = name.filter(|_| before.bytes().last().is_some_and(is_space)) else {
        return Ok(utf8);
    };
    let is = |names: &[&str]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    if is(&UTF8) {
        Ok(utf8)
    } else if is(&LATIN1) && !marked {
        Ok((Encoding::Latin1, 0))
    } else {
        Err(XmlError::UnsupportedEncoding { name: cut(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(document: &[u8], size: usize) -> Result<Vec<u8>, XmlError> {
        let mut decoder = Decoder::new(None);
        let mut out = Vec::new();
        for chunk in document.chunks(size) {
            decoder.push(chunk, &mut out)?;
        }
        decoder.finish(&mut out)?;
        Ok(out)
    }

    #[test]
    fn all_encodings_are_read_whole_and_in_pieces() {
        let text = "<?xml version='1.0'?><a>æ中😀</a>";
        let utf16 = |big_endian: bool| -> Vec<u8> {
            let units = "\u{feff}".encode_utf16().chain(text.encode_utf16());
            units
                .flat_map(|unit| {
                    if big_endian {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect()
        };
        let latin1 = b"<?xml version='1.0' encoding = \"ISO-8859-1\"?><a>\xe6</a>".to_vec();
        let latin1_text = "<?xml version='1.0' encoding = \"ISO-8859-1\"?><a>æ</a>";
        for (document, expected) in [
            (text.as_bytes().to_vec(), text),
            (format!("\u{feff}{text}").into_bytes(), text),
            (utf16(true), text),
            (utf16(false), text),
            (utf16(false)[2..].to_vec(), text),
            (latin1, latin1_text),
            (b"<a/>".to_vec(), "<a/>"),
            (b"".to_vec(), ""),
            (b"<?xml".to_vec(), "<?xml"),
        ] {
            assert_eq!(decode(&document, None).unwrap(), expected.as_bytes());
            for size in 1..9 {
                assert_eq!(
                    in_pieces(&document, size).unwrap(),
                    expected.as_bytes(),
                    "{size}"
                );
            }
        }
    }

    #[test]
    fn what_the_protocol_says_counts_for_more_but_for_a_mark() {
        let utf8 = "<?xml version='1.0' encoding='latin1'?><a>æ</a>".as_bytes();
        let latin1 = b"<a>\xe6</a>";
        for (document, name, expected) in [
            (utf8, "UTF-8", utf8),
            (latin1, "ISO-8859-1", "<a>æ</a>".as_bytes()),
            (b"\xef\xbb\xbf<a/>", "iso-8859-1", b"<a/>"),
            (b"\xff\xfe<\0", "utf-8", b"<"),
            (b"\0<\0a", "utf-16", b"<a"),
            (b"<\0a\0", "utf-16le", b"<a"),
            (b"<a/>", "windows-1252", b"<a/>"),
        ] {
            let said = Encoding::named(name);
            assert_eq!(decode(document, said).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn other_encodings_are_refused_by_name() {
        let document = b"<?xml version='1.0' encoding='windows-1251'?><a/>";
        let name = String::from("windows-1251");
        assert_eq!(
            decode(document, None),
            Err(XmlError::UnsupportedEncoding { name })
        );
        assert!(decode(b"<?xml version='1.0' encoding='utf-16'?><a/>", None).is_err());
    }

    #[test]
    fn broken_utf16_is_refused() {
        for bad in [
            &b"\xfe\xff\xd8\0"[..],
            b"\xfe\xff\xd8\0\0a",
            b"\xfe\xff\0a\0",
            b"\xff\xfe\0\xdc",
        ] {
            assert!(decode(bad, None).is_err(), "{bad:?}");
            assert!(in_pieces(bad, 1).is_err(), "{bad:?}");
        }
    }
}
