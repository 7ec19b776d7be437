//! What a server received: the text that arrived and the parameters in it.
//!
//! It has a decoder and an encoder of its own, apart from the signing side's.

use std::borrow::Cow;
use std::fmt;

/// A request as a server received it.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    pub(super) method: &'a str,
    pub(super) scheme: &'a str,
    pub(super) host: &'a str,
    target: &'a str,
    authorization: Option<&'a str>,
    content_type: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl<'a> Received<'a> {
    /// The method, the scheme of the connection (`http` or `https`), the
    /// `Host` header and the request target (path and query), as they came.
    pub const fn new(method: &'a str, scheme: &'a str, host: &'a str, target: &'a str) -> Self {
        Self {
            method,
            scheme,
            host,
            target,
            authorization: None,
            content_type: None,
            body: b"",
        }
    }

    /// The `Authorization` header.
    #[must_use]
    pub const fn authorization(mut self, value: Option<&'a str>) -> Self {
        self.authorization = value;
        self
    }

    /// The body and its `Content-Type`.
    #[must_use]
    pub const fn body(mut self, content_type: Option<&'a str>, body: &'a [u8]) -> Self {
        self.content_type = content_type;
        self.body = body;
        self
    }

    /// The path and the query of the target.
    pub(super) fn path_and_query(&self) -> (&'a str, &'a str) {
        match memchr::memchr(b'?', self.target.as_bytes()) {
            Some(at) => (&self.target[..at], &self.target[at + 1..]),
            None => (self.target, ""),
        }
    }

    /// The parameters of header, query and form; `None` when the header cannot
    /// be read.
    pub(super) fn parameters(&self) -> Option<Pairs<'a>> {
        let mut all = Pairs::with_capacity(8);
        if let Some(value) = self.authorization {
            add_header_parameters(&mut all, value)?;
        }
        add_urlencoded(&mut all, self.path_and_query().1.as_bytes());
        add_urlencoded(&mut all, self.form());
        Some(all)
    }

    fn form(&self) -> &'a [u8] {
        let essence = self.content_type.and_then(|value| value.split(';').next());
        match essence {
            Some(essence)
                if essence
                    .trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded") =>
            {
                self.body
            }
            _ => b"",
        }
    }
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} …)", self.method)
    }
}

/// A name or a value as it is meant.
pub(super) enum Part<'a> {
    /// Unreserved characters only, which is nearly all that comes: what they
    /// mean, and what stands in the base string.
    Plain(&'a str),
    /// All else, which need not be text.
    Decoded(Vec<u8>),
}

impl<'a> Part<'a> {
    fn of(text: &'a str, plus_is_space: bool) -> Self {
        match first_reserved(text.as_bytes()) {
            None => Self::Plain(text),
            Some(_) => Self::Decoded(unescape(text.as_bytes(), plus_is_space)),
        }
    }

    fn of_form(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::of(text, true),
            Err(_) => Self::Decoded(unescape(bytes, true)),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Plain(text) => text.as_bytes(),
            Self::Decoded(bytes) => bytes,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Decoded(bytes) => std::str::from_utf8(bytes).ok(),
        }
    }

    /// Borrowed if there is nothing to escape.
    pub(super) fn escaped(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Plain(text) => text.as_bytes().into(),
            Self::Decoded(bytes) => {
                let mut out = Vec::with_capacity(3 * bytes.len());
                escape(&mut out, bytes);
                out.into()
            }
        }
    }
}

/// Names and values.
pub(super) type Pairs<'a> = Vec<(Part<'a>, Part<'a>)>;

/// Adds the parameters of an `Authorization: OAuth` header, decoded; none when
/// it is of another scheme. `None` when it cannot be read.
fn add_header_parameters<'a>(pairs: &mut Pairs<'a>, value: &'a str) -> Option<()> {
    let value = value.trim_ascii();
    let (scheme, mut rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("oauth") {
        return Some(());
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(());
        }
        let (name, after) = rest.split_at(memchr::memchr(b'=', rest.as_bytes())?);
        let after = &after[1..];
        let name = name.trim_ascii();
        let after = after.trim_ascii_start();
        let value;
        match after.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted)?;
                value = &quoted[..end];
                rest = quoted[end + 1..].trim_ascii_start();
                if !rest.is_empty() && !rest.starts_with(',') {
                    return None;
                }
            }
            None => (value, rest) = after.split_once(',').unwrap_or((after, "")),
        }
        // The realm is not the protocol's: it is neither decoded nor signed.
        if !name.eq_ignore_ascii_case("realm") {
            pairs.push((Part::of(name, false), Part::of(value.trim_ascii(), false)));
        }
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        // What comes after a backslash ends nothing.
        at += 2;
    }
}

/// Adds the pairs of `application/x-www-form-urlencoded`.
fn add_urlencoded<'a>(pairs: &mut Pairs<'a>, text: &'a [u8]) {
    for segment in text.split(|byte| *byte == b'&') {
        if segment.is_empty() {
            continue;
        }
        let mut halves = segment.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        pairs.push((Part::of_form(name), Part::of_form(value)));
    }
}

fn unescape(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| {
            after
                .get(at)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
        match byte {
            b'+' if plus_is_space => out.push(b' '),
            b'%' => match (digit(0), digit(1)) {
                (Some(high), Some(low)) => {
                    out.push((high * 16 + low) as u8);
                    rest = &after[2..];
                }
                _ => out.push(b'%'),
            },
            byte => out.push(byte),
        }
    }
    out
}

/// For each byte, whether it has to be escaped.
const RESERVED: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = !matches!(
            byte as u8,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
        );
        byte += 1;
    }
    table
};

/// Where the first byte is that has to be escaped.
fn first_reserved(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| RESERVED[usize::from(*byte)])
}

pub(super) fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = bytes;
    while let Some(at) = first_reserved(rest) {
        let byte = rest[at];
        out.extend_from_slice(&rest[..at]);
        let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
        out.extend_from_slice(&[b'%', digits[0], digits[1]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Escapes what is escaped already, and has only its `%` left to be.
pub(super) fn escape_again(out: &mut Vec<u8>, escaped: Cow<'_, [u8]>) {
    let escaped = match escaped {
        Cow::Borrowed(plain) => return out.extend_from_slice(plain),
        Cow::Owned(escaped) => escaped,
    };
    let mut rest = escaped.as_slice();
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"%25");
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_does_not_depend_on_where_it_stands() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let mut one_by_one = Vec::new();
        for byte in &bytes {
            let text = match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(*byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            };
            one_by_one.extend_from_slice(text.as_bytes());
        }
        assert_eq!(*Part::Decoded(bytes).escaped(), one_by_one);
        let mut twice = Vec::new();
        escape(&mut twice, &one_by_one);
        let mut again = Vec::new();
        escape_again(&mut again, one_by_one.into());
        assert_eq!(again, twice);
    }
}
