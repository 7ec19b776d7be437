//! Who may read: the token, and the forms in which clients send it.

use std::hint::black_box;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sync_core::Secret;

/// Whole or not, padded or not: what is too short was refused before.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What stands before the credentials.
const SCHEME: &[u8] = b"basic ";

/// What a route asks of those who read.
#[derive(Clone, Debug)]
pub(super) enum Guard {
    /// Nothing.
    Public,
    /// A token that isn't empty.
    Token(Secret<String>),
}

impl Guard {
    /// Whether a request with these headers may read.
    ///
    /// The token is the user of HTTP Basic authentication, with any password,
    /// or the password of an empty user. The scheme may be missing, for older
    /// clients leave it out.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        let Self::Token(token) = self else {
            return true;
        };
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (Some(header), None) = (given.next(), given.next()) else {
            return false;
        };
        decode(header.as_bytes()).is_some_and(|found| found.hold(token.expose()))
    }
}

/// The decoded credentials: `user:password`.
struct Credentials(Secret<String>);

impl Credentials {
    /// A token that has a colon can't be told from a user and a password, so
    /// the text is compared with what a client makes of the token instead of
    /// being split first.
    fn hold(&self, token: &str) -> bool {
        let (text, token) = (self.0.expose().as_bytes(), token.as_bytes());
        let as_user = match text.split_at_checked(token.len()) {
            Some((user, [b':', ..])) => same(user, token),
            _ => false,
        };
        let as_password = match text {
            [b':', password @ ..] => same(password, token),
            _ => false,
        };
        as_user | as_password
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(left: &[u8], right: &[u8]) -> bool {
    let differences = left
        .iter()
        .zip(right)
        .fold(0, |all, (left, right)| black_box(all | (left ^ right)));
    left.len() == right.len() && differences == 0
}

/// Takes the credentials out of the header as Python does: the scheme is
/// removed wherever it stands, what isn't base64 is passed over.
fn decode(header: &[u8]) -> Option<Credentials> {
    let encoded = letters(&without_scheme(header.trim_ascii()))?;
    let decoded = LENIENT.decode(encoded).ok()?;
    String::from_utf8(decoded)
        .ok()
        .map(|text| Credentials(Secret::new(text)))
}

fn without_scheme(mut header: &[u8]) -> Vec<u8> {
    let mut rest = Vec::with_capacity(header.len());
    while let Some((first, after)) = header.split_first() {
        match header.split_at_checked(SCHEME.len()) {
            Some((scheme, after)) if scheme.eq_ignore_ascii_case(SCHEME) => header = after,
            _ => {
                rest.push(*first);
                header = after;
            }
        }
    }
    rest
}

/// The letters of the alphabet, up to the padding; `None` when they end within
/// a group of four that no padding fills.
fn letters(text: &[u8]) -> Option<Vec<u8>> {
    let mut found = Vec::with_capacity(text.len());
    let mut pads = 0;
    for &byte in text {
        if byte == b'=' {
            let place = found.len() % 4;
            if place >= 2 {
                pads += 1;
                if place + pads >= 4 {
                    return Some(found);
                }
            }
        } else if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' {
            pads = 0;
            found.push(byte);
        }
    }
    (found.len() % 4 == 0).then_some(found)
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use http::HeaderValue;

    use super::*;

    fn admits(token: &str, header: &[u8]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(header).unwrap());
        Guard::Token(Secret::from(token)).admits(&headers)
    }

    fn basic(credentials: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(credentials))
    }

    #[test]
    fn the_table_of_the_reference_holds() {
        for accepted in ["token:", "token:anything", ":token"] {
            assert!(admits("token", basic(accepted).as_bytes()), "{accepted}");
        }
        for refused in [
            "wrong:token",
            "token",
            "",
            ":",
            "token :",
            "toke:n",
            "tokens:",
        ] {
            assert!(!admits("token", basic(refused).as_bytes()), "{refused}");
        }
        let encoded = BASE64_STANDARD.encode("token:");
        assert_eq!(encoded, "dG9rZW46");
        assert!(admits("token", encoded.as_bytes()));
        assert!(admits("token", format!("Basic  {encoded}").as_bytes()));
        assert!(admits("token", format!(" \tBasic {encoded} ").as_bytes()));
        assert!(!admits("token", b""));
        assert!(!admits("token", b"Bearer token"));
        assert!(!admits("token", b"Basic !!!"));
        assert!(!admits("token", b"Basic 6To="));
        assert!(!admits("token", b"\xff\xfe"));
    }

    #[test]
    fn an_unpadded_group_is_refused_and_a_padded_one_ends_the_text() {
        let encoded = BASE64_STANDARD.encode("sekret-token:");
        let unpadded = encoded.trim_end_matches('=');
        assert_ne!(encoded, unpadded);
        assert!(admits("sekret-token", encoded.as_bytes()));
        assert!(!admits("sekret-token", unpadded.as_bytes()));
        assert!(admits("sekret-token", format!("{encoded}dG9").as_bytes()));
        assert!(admits("sekret-token", format!("={encoded}").as_bytes()));
    }

    #[test]
    fn what_is_not_of_the_alphabet_is_passed_over() {
        assert!(admits("token", b"Basic dG9r!-_ZW46"));
        assert!(admits("token", b"dG9rBasic ZW46"));
    }

    #[test]
    fn the_scheme_may_be_written_in_any_case() {
        for scheme in ["basic", "BASIC", "bAsIc"] {
            assert!(admits("token", format!("{scheme} dG9rZW46").as_bytes()));
        }
    }

    #[test]
    fn a_token_may_hold_a_colon() {
        assert!(admits("to:ken", basic("to:ken:").as_bytes()));
        assert!(admits("to:ken", basic("to:ken:any:thing").as_bytes()));
        assert!(admits("to:ken", basic(":to:ken").as_bytes()));
        assert!(!admits("to:ken", basic("to:ken").as_bytes()));
        assert!(!admits("to:ken", basic("to:").as_bytes()));
        assert!(!admits("to:ken", basic(":to:ken:").as_bytes()));
    }

    #[test]
    fn a_token_beyond_ascii_is_read_as_utf_8() {
        assert!(admits("té", basic("té:").as_bytes()));
        // As Python's client sends it, in Latin-1.
        let latin = BASE64_STANDARD.encode([b't', 0xe9, b':']);
        assert!(!admits("té", latin.as_bytes()));
    }

    #[test]
    fn two_headers_are_not_one() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static("dG9rZW46"));
        headers.append(AUTHORIZATION, HeaderValue::from_static("dG9rZW46"));
        assert!(!Guard::Token(Secret::from("token")).admits(&headers));
        assert!(Guard::Public.admits(&headers));
    }

    #[test]
    fn a_guard_does_not_show_its_token() {
        let guard = Guard::Token(Secret::from("sekret-token"));
        assert!(!format!("{guard:?}").contains("sekret"));
    }
}
