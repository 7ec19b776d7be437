//! JSON as the value of a field.

use std::collections::HashSet;
use std::fmt;

use crate::value::write_float;
use crate::wire::WireErrorKind;
use crate::wire::escape::{write_text, write_unescaped};
use crate::wire::raw::RawText;
use crate::wire::scan::{Cursor, Kind, Stop};

/// JSON as `json.dumps` of Python writes it by default, which is what Django
/// stores in SQLite: one space behind `,` and `:`, everything beyond ASCII as
/// `\u` escapes, numbers as Python has them, the last of equal keys only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Box<str>);

/// Why a text is not JSON that a field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// It is not JSON.
    #[error("not JSON")]
    Syntax,
    /// It is nested too deeply.
    #[error("nested too deeply")]
    TooDeep,
    /// It has a number that is not finite, which no database takes.
    #[error("not a finite number")]
    NotANumber,
    /// It has half of a surrogate pair, which no database takes.
    #[error("half of a surrogate pair")]
    LoneSurrogate,
}

/// How deep it may be nested.
const DEPTH: usize = 512;

impl Json {
    /// Reads JSON of any form.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or nested more than 512 levels deep.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut out = Vec::with_capacity(text.len() + text.len() / 8);
        let mut cursor = Cursor::whole(text, DEPTH);
        write_value(text, &mut cursor, &mut out)?;
        match cursor.peek() {
            Err(Stop::More) => {}
            _ => return Err(JsonError::Syntax),
        }
        // Only ASCII was written.
        let text = String::from_utf8(out).map_err(|_| JsonError::Syntax)?;
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends the text, everything beyond ASCII as it is.
    pub(crate) fn write_utf8(&self, out: &mut Vec<u8>) {
        write_unescaped(&self.0, out);
    }
}

impl From<Stop> for JsonError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Bad(WireErrorKind::TooDeep, _) => Self::TooDeep,
            _ => Self::Syntax,
        }
    }
}

fn write_value(text: &str, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match cursor.peek()? {
        b'[' => {
            cursor.enter(b'[')?;
            out.push(b'[');
            let mut first = true;
            let mut separate = false;
            while cursor.more(&mut first, b']')? {
                if separate {
                    out.extend_from_slice(b", ");
                }
                separate = true;
                write_value(text, cursor, out)?;
            }
            out.push(b']');
            Ok(())
        }
        b'{' => write_object(text, cursor, out),
        _ => {
            let (start, kind) = cursor.value()?;
            let written = text.get(start..cursor.at()).unwrap_or_default();
            write_scalar(written, kind, out)
        }
    }
}

/// Where a member was written: from the key to its end, and to the end of the
/// value.
struct Entry {
    start: usize,
    key: usize,
    end: usize,
}

fn write_object(text: &str, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    cursor.enter(b'{')?;
    out.push(b'{');
    let begin = out.len();
    let mut entries: Vec<Entry> = Vec::new();
    let mut first = true;
    while cursor.more(&mut first, b'}')? {
        if !entries.is_empty() {
            out.extend_from_slice(b", ");
        }
        let start = out.len();
        let (from, to, escaped) = cursor.key()?;
        let key = RawText {
            text: text.get(from..to).unwrap_or_default(),
            escaped,
        };
        write_key(key, out)?;
        let key = out.len();
        out.extend_from_slice(b": ");
        write_value(text, cursor, out)?;
        let end = out.len();
        entries.push(Entry { start, key, end });
    }
    keep_last(begin, &entries, out);
    out.push(b'}');
    Ok(())
}

/// Of members with the same key, the first keeps its place and the last its
/// value.
fn keep_last(begin: usize, entries: &[Entry], out: &mut Vec<u8>) {
    let key = |entry: &Entry| out.get(entry.start..entry.key).unwrap_or_default();
    let mut seen = HashSet::new();
    if entries.iter().all(|entry| seen.insert(key(entry))) {
        return;
    }
    let mut kept: Vec<&Entry> = Vec::new();
    for entry in entries {
        match kept.iter_mut().find(|other| key(other) == key(entry)) {
            Some(other) => *other = entry,
            None => kept.push(entry),
        }
    }
    let members: Vec<&[u8]> = kept
        .iter()
        .map(|entry| out.get(entry.start..entry.end).unwrap_or_default())
        .collect();
    let joined = members.join(&b", "[..]);
    out.truncate(begin);
    out.extend_from_slice(&joined);
}

fn write_key(key: RawText<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let text = key.decode().map_err(|_| JsonError::LoneSurrogate)?;
    write_text(&text, true, out);
    Ok(())
}

fn write_scalar(written: &str, kind: Kind, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match kind {
        Kind::Text { escaped } => {
            let text = written.get(1..written.len() - 1).unwrap_or_default();
            return write_key(RawText { text, escaped }, out);
        }
        Kind::NotANumber => return Err(JsonError::NotANumber),
        // Python has no negative zero among its integers.
        Kind::Number if written == "-0" => out.push(b'0'),
        Kind::Number if written.contains(['.', 'e', 'E']) => {
            let number: f64 = written.parse().map_err(|_| JsonError::Syntax)?;
            if !number.is_finite() {
                return Err(JsonError::NotANumber);
            }
            write_float(number, out);
        }
        _ => out.extend_from_slice(written.as_bytes()),
    }
    Ok(())
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_kept_as_python_writes_it() {
        for (text, expected) in [
            (
                r#" {"a":[1,2.5,null,true,"é"],"n":{}} "#,
                r#"{"a": [1, 2.5, null, true, "\u00e9"], "n": {}}"#,
            ),
            (r#"{"b":1,"a":2,"b":3}"#, r#"{"b": 3, "a": 2}"#),
            (r#"{"a":{"x":1,"\u0078":[2]}}"#, r#"{"a": {"x": [2]}}"#),
            ("1E5", "100000.0"),
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("1e-7", "1e-07"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            (r#""\u00E9\/\ud83d\ude00""#, r#""\u00e9/\ud83d\ude00""#),
            ("[ ]", "[]"),
            ("null", "null"),
        ] {
            let json = Json::parse(text).unwrap();
            assert_eq!(json.as_str(), expected);
            assert_eq!(Json::parse(expected).unwrap(), json);
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "", "{", "[1,]", "01", "1 2", "tru", "{'a': 1}", "\"\n\"", "[1}",
        ] {
            assert_eq!(Json::parse(text), Err(JsonError::Syntax), "{text}");
        }
        assert_eq!(Json::parse("NaN"), Err(JsonError::NotANumber));
        assert_eq!(Json::parse("[1e999]"), Err(JsonError::NotANumber));
        assert_eq!(Json::parse("\"\\ud800\""), Err(JsonError::LoneSurrogate));
        assert_eq!(Json::parse(&"[".repeat(600)), Err(JsonError::TooDeep));
    }
}
