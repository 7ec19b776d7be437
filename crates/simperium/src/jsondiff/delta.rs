//! Text deltas as they travel.
//!
//! Tokens joined by tabs: `=n` keeps, `-n` deletes, `+text` inserts. Lengths
//! are in UTF-16 code units, whatever the text was written in. Inserted text
//! is UTF-8 with everything but `A-Za-z0-9-_.!~*'();/?:@&=+$,# ` as `%XX`.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::DeltaError;
use super::text::{edit::Kind, units};

/// A text delta in its wire form, such as `=5\t-1\t+%C3%A9`.
///
/// ```
/// use simperium::jsondiff::{Delta, text};
///
/// let delta = text::diff("hello wörld", "hello brave wörld");
/// assert_eq!(delta.as_str(), "=6\t+brave \t=5");
/// assert_eq!(text::apply("hello wörld", &delta)?, "hello brave wörld");
/// assert!(text::apply("short", &Delta::from("=6")).is_err());
/// # Ok::<(), simperium::jsondiff::DeltaError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Delta(String);

/// What one token of a [`Delta`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeltaOp<'a> {
    /// Keeps so many UTF-16 code units.
    Keep(usize),
    /// Deletes so many UTF-16 code units.
    Delete(usize),
    /// Inserts a text.
    Insert(Cow<'a, str>),
}

impl Delta {
    /// The wire form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the tokens do, in order. Empty tokens are passed over.
    ///
    /// Read as the official server reads: `%` that begins no escape stands
    /// for itself, and `%XX` may be in lower case. Text that Python 2 wrote as
    /// two escaped surrogates is joined to one character; a single one is an
    /// error, as is anything that is not escaped and not ASCII.
    pub fn ops(&self) -> impl Iterator<Item = Result<DeltaOp<'_>, DeltaError>> {
        self.0.split('\t').filter(|token| !token.is_empty()).map(op)
    }

    /// Whether the delta changes nothing. A broken one does.
    pub fn is_identity(&self) -> bool {
        self.ops().all(|op| match op {
            Ok(DeltaOp::Keep(_) | DeltaOp::Delete(0)) => true,
            Ok(DeltaOp::Insert(text)) => text.is_empty(),
            Ok(DeltaOp::Delete(_)) | Err(_) => false,
        })
    }

    pub(crate) fn push(&mut self, op: &DeltaOp<'_>) {
        if !self.0.is_empty() {
            self.0.push('\t');
        }
        match op {
            DeltaOp::Keep(len) => self.push_length('=', *len),
            DeltaOp::Delete(len) => self.push_length('-', *len),
            DeltaOp::Insert(text) => {
                self.0.push('+');
                escape(text, &mut self.0);
            }
        }
    }

    fn push_length(&mut self, sign: char, len: usize) {
        use fmt::Write as _;
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{sign}{len}");
    }
}

impl From<String> for Delta {
    fn from(wire: String) -> Self {
        Self(wire)
    }
}

impl From<&str> for Delta {
    fn from(wire: &str) -> Self {
        Self(wire.to_owned())
    }
}

impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn op(token: &str) -> Result<DeltaOp<'_>, DeltaError> {
    let (kind, rest) = match token.as_bytes() {
        [b'=', ..] => (Kind::Equal, &token[1..]),
        [b'-', ..] => (Kind::Delete, &token[1..]),
        [b'+', ..] => (Kind::Insert, &token[1..]),
        _ => return Err(DeltaError::Token),
    };
    match kind {
        Kind::Equal => number(rest).map(DeltaOp::Keep),
        Kind::Delete => number(rest).map(DeltaOp::Delete),
        Kind::Insert => unescape(rest).map(DeltaOp::Insert),
    }
}

/// Spaces around it and a sign before it are read by all official programs.
fn number(text: &str) -> Result<usize, DeltaError> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix('+').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DeltaError::Number);
    }
    // More than any text has.
    Ok(digits.parse().unwrap_or(usize::MAX))
}

fn escape(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        out.push_str(&rest[..at]);
        // A character of several bytes has no plain one.
        let end = at
            + rest[at..]
                .bytes()
                .position(is_plain)
                .unwrap_or(rest.len() - at);
        for byte in rest[at..end].bytes() {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'_'
                | b'.'
                | b'!'
                | b'~'
                | b'*'
                | b'\''
                | b'('
                | b')'
                | b';'
                | b'/'
                | b'?'
                | b':'
                | b'@'
                | b'&'
                | b'='
                | b'+'
                | b'$'
                | b','
                | b'#'
                | b' '
        )
}

fn unescape(text: &str) -> Result<Cow<'_, str>, DeltaError> {
    if !text.is_ascii() {
        return Err(DeltaError::Escape);
    }
    if !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, hex(after.first()), hex(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
                rest = &after[2..];
            }
            _ => bytes.push(*first),
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Owned(text)),
        Err(error) => join_surrogates(error.as_bytes()).map(Cow::Owned),
    }
}

/// Reads CESU-8, in which a character beyond U+FFFF is two surrogates of three
/// bytes each.
fn join_surrogates(bytes: &[u8]) -> Result<String, DeltaError> {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => {
                out.push_str(text);
                return Ok(out);
            }
            Err(error) => error.valid_up_to(),
        };
        let (text, broken) = rest.split_at(valid);
        out.push_str(std::str::from_utf8(text).map_err(|_| DeltaError::Escape)?);
        let [0xed, a @ 0xa0..=0xaf, b @ 0x80..=0xbf, tail @ ..] = broken else {
            let lone = matches!(broken, [0xed, 0xb0..=0xbf, 0x80..=0xbf, ..]);
            return Err(if lone {
                DeltaError::LoneSurrogate
            } else {
                DeltaError::Escape
            });
        };
        let [0xed, c @ 0xb0..=0xbf, d @ 0x80..=0xbf, tail @ ..] = tail else {
            return Err(DeltaError::LoneSurrogate);
        };
        let bits = |byte: u8, mask: u8| u32::from(byte & mask);
        let high = bits(*a, 0x0f) << 6 | bits(*b, 0x3f);
        let low = bits(*c, 0x0f) << 6 | bits(*d, 0x3f);
        out.push(char::from_u32(0x10000 + (high << 10 | low)).ok_or(DeltaError::Escape)?);
        rest = tail;
    }
}

/// The text that a delta makes.
pub(crate) fn apply(base: &str, delta: &Delta) -> Result<String, DeltaError> {
    let mut out = String::with_capacity(base.len() + delta.0.len());
    let mut rest = base;
    for op in delta.ops() {
        match op? {
            DeltaOp::Keep(len) => out.push_str(take(&mut rest, len)?),
            DeltaOp::Delete(len) => {
                take(&mut rest, len)?;
            }
            DeltaOp::Insert(text) => out.push_str(&text),
        }
    }
    if rest.is_empty() {
        Ok(out)
    } else {
        Err(DeltaError::Length)
    }
}

fn take<'a>(rest: &mut &'a str, units: usize) -> Result<&'a str, DeltaError> {
    let Some(at) = units::byte_at(rest, units) else {
        return Err(if units > units::len(rest) {
            DeltaError::Length
        } else {
            DeltaError::SplitCharacter
        });
    };
    let (text, after) = rest.split_at(at);
    *rest = after;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(token: &str) -> Result<String, DeltaError> {
        apply("", &Delta::from(format!("+{token}")))
    }

    #[test]
    fn surrogates_of_python_2_are_joined() {
        assert_eq!(insert("a%ED%A0%BD%ED%B8%80b"), Ok("a😀b".into()));
        assert_eq!(insert("%ed%a0%bd%ed%b8%80%c3%a9"), Ok("😀é".into()));
        assert_eq!(insert("%ED%A0%BD"), Err(DeltaError::LoneSurrogate));
        assert_eq!(insert("%ED%A0%BDx"), Err(DeltaError::LoneSurrogate));
        assert_eq!(insert("%ED%B8%80"), Err(DeltaError::LoneSurrogate));
        assert_eq!(insert("%ED%A0%BD%ED%A0%BD"), Err(DeltaError::LoneSurrogate));
    }

    #[test]
    fn what_is_no_utf_8_is_an_error() {
        for broken in ["%F0%9F", "%80", "%C3x", "%FF", "%ED%A0", "é"] {
            assert_eq!(insert(broken), Err(DeltaError::Escape), "{broken}");
        }
    }

    #[test]
    fn a_percent_that_begins_no_escape_stands_for_itself() {
        assert_eq!(insert("50%"), Ok("50%".into()));
        assert_eq!(insert("%zz%4"), Ok("%zz%4".into()));
        assert_eq!(insert("%2525"), Ok("%25".into()));
    }

    #[test]
    fn lengths_have_to_be_those_of_the_text() {
        for (delta, error) in [
            ("=2", DeltaError::Length),
            ("=4", DeltaError::Length),
            ("", DeltaError::Length),
            ("=99999999999999999999999", DeltaError::Length),
            ("=-3", DeltaError::Number),
            ("=", DeltaError::Number),
            ("=3.0", DeltaError::Number),
            ("*3", DeltaError::Token),
        ] {
            assert_eq!(apply("abc", &Delta::from(delta)), Err(error), "{delta}");
        }
        assert_eq!(
            apply("a😀", &Delta::from("=2\t-1")),
            Err(DeltaError::SplitCharacter)
        );
        assert_eq!(
            apply("😀", &Delta::from("=1\t=1")),
            Err(DeltaError::SplitCharacter)
        );
        assert_eq!(
            apply("abc", &Delta::from("\t= 3\t\t-0\t+")),
            Ok("abc".into())
        );
    }

    #[test]
    fn a_delta_that_keeps_everything_changes_nothing() {
        assert!(Delta::from("=3\t-0\t+").is_identity());
        assert!(!Delta::from("=3\t-1").is_identity());
        assert!(!Delta::from("oops").is_identity());
    }
}
