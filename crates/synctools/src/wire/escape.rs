//! Text as Python's `json.dumps` writes it.

use crate::wire::raw;
use crate::wire::scan::{special, special_ascii};

/// Appends text between quotes: control characters, quotes and backslashes
/// escaped, and, if `ascii`, everything from DEL on as well.
pub(crate) fn write_text(text: &str, ascii: bool, out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(text, ascii, out);
    out.push(b'"');
}

fn write_escaped(text: &str, ascii: bool, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let next = if ascii {
            special_ascii(bytes, at)
        } else {
            special(bytes, at)
        };
        out.extend_from_slice(&bytes[at..next]);
        let Some(byte) = bytes.get(next).copied() else {
            return;
        };
        at = next + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            0..0x80 => write_unit(u16::from(byte), out),
            _ => {
                // The first byte of a character.
                let character = text.get(next..).and_then(|rest| rest.chars().next());
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write_unit(*unit, out);
                }
                at = next + character.len_utf8();
            }
        }
    }
}

fn write_unit(unit: u16, out: &mut Vec<u8>) {
    let digit = |shift: u16| b"0123456789abcdef"[usize::from(unit >> shift & 15)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Appends JSON in which everything from DEL on is escaped, with that as it
/// is.
pub(crate) fn write_unescaped(json: &str, out: &mut Vec<u8>) {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        let next = at + found;
        out.extend_from_slice(&bytes[at..next]);
        match raw::unescape(&bytes[next + 1..]) {
            Ok((character, length)) if length > 1 && character >= '\u{7f}' => {
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at = next + 1 + length;
            }
            _ => {
                // The byte behind the backslash may be another one.
                let end = (next + 2).min(bytes.len());
                out.extend_from_slice(&bytes[next..end]);
                at = end;
            }
        }
    }
    out.extend_from_slice(&bytes[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, ascii: bool) -> String {
        let mut out = Vec::new();
        write_text(text, ascii, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_is_escaped_as_python_does() {
        let text = "a\"\\/\u{1}\u{8}\u{c}\n\r\t\u{7f}é\u{2028}😀 long enough for words";
        assert_eq!(
            written(text, false),
            "\"a\\\"\\\\/\\u0001\\b\\f\\n\\r\\t\u{7f}é\u{2028}😀 long enough for words\""
        );
        assert_eq!(
            written(text, true),
            "\"a\\\"\\\\/\\u0001\\b\\f\\n\\r\\t\\u007f\\u00e9\\u2028\\ud83d\\ude00 long enough for words\""
        );
    }

    #[test]
    fn only_what_is_beyond_ascii_is_unescaped() {
        let mut out = Vec::new();
        write_unescaped(
            r#"["\\u00e9", "\u00e9\n\u0001\ud83d\ude00\u007f"]"#,
            &mut out,
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "[\"\\\\u00e9\", \"é\\n\\u0001😀\u{7f}\"]"
        );
    }
}
