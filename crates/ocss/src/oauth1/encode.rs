//! Percent-encoding (RFC 5849 section 3.6) and form-decoding.

use std::borrow::Cow;

use percent_encoding::{percent_decode, percent_encode_byte};

/// Encodes text as RFC 5849 section 3.6 demands: UTF-8, unreserved characters
/// as they are, all else as `%XX` with capitals. A space is `%20`.
///
/// ```
/// assert_eq!(ocss::oauth1::percent_encode("a b+~ø"), "a%20b%2B~%C3%B8");
/// ```
pub fn percent_encode(text: &str) -> Cow<'_, str> {
    // Nearly all that is signed: names, keys, nonces, numbers.
    if text.bytes().all(is_unreserved) {
        return text.into();
    }
    let mut encoded = String::with_capacity(longest(text.len()));
    push(&mut encoded, text);
    encoded.into()
}

/// Appends `text`, encoded.
pub(super) fn push(out: &mut String, text: &str) {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if !is_unreserved(byte) {
            // Empty within a character of several bytes.
            out.push_str(text.get(plain..at).unwrap_or_default());
            out.push_str(percent_encode_byte(byte));
            plain = at + 1;
        }
    }
    out.push_str(&text[plain..]);
}

/// As [`push`], of what need not be text.
pub(super) fn push_bytes(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        push(out, chunk.valid());
        out.extend(
            chunk
                .invalid()
                .iter()
                .map(|byte| percent_encode_byte(*byte)),
        );
    }
}

/// For each byte, whether it stays as it is.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(
            byte as u8,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
        );
        byte += 1;
    }
    table
};

const fn is_unreserved(byte: u8) -> bool {
    UNRESERVED[byte as usize]
}

/// The length of [`push`]'s result at the most.
pub(super) const fn longest(len: usize) -> usize {
    3 * len
}

/// The pairs of a query or a form, decoded. A name without `=` has the empty
/// value; empty segments are dropped.
pub(super) fn form_pairs(form: &[u8]) -> impl Iterator<Item = (Cow<'_, [u8]>, Cow<'_, [u8]>)> {
    form.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match memchr::memchr(b'=', pair) {
            Some(at) => (form_decode(&pair[..at]), form_decode(&pair[at + 1..])),
            None => (form_decode(pair), Cow::Borrowed(&b""[..])),
        })
}

/// `+` is a space, `%XX` a byte. A `%` that begins no escape stays.
pub(super) fn form_decode(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'+', text).is_none() {
        return percent_decode(text).into();
    }
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

#[cfg(test)]
mod tests {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

    use super::*;

    /// Everything but letters, digits, `-`, `.`, `_` and `~`.
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');

    #[test]
    fn bytes_are_encoded_as_the_set_says() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let text = "a b+~ø/\u{1f600}%".as_bytes();
        let split = &text[..text.len() - 2];
        let single = all.chunks(1);
        for bytes in single.chain([&all[..], text, split, b"", b"abc", b"\xe2\x82x"]) {
            let encoded: String = percent_encoding::percent_encode(bytes, ENCODED).collect();
            let mut pushed = String::from("a");
            push_bytes(&mut pushed, bytes);
            assert_eq!(pushed, format!("a{encoded}"));
            if let Ok(text) = std::str::from_utf8(bytes) {
                assert_eq!(percent_encode(text), encoded);
            }
        }
    }

    #[test]
    fn queries_are_decoded_as_forms() {
        let pairs: Vec<_> = form_pairs(b"a=b+c&&d&e=%3D%253D=&%zz=%f&=x")
            .map(|(name, value)| {
                (
                    String::from_utf8_lossy(&name).into_owned(),
                    String::from_utf8_lossy(&value).into_owned(),
                )
            })
            .collect();
        let expected = [
            ("a", "b c"),
            ("d", ""),
            ("e", "=%3D="),
            ("%zz", "%f"),
            ("", "x"),
        ];
        let expected: Vec<_> = expected.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        assert_eq!(pairs, expected);
    }
}
