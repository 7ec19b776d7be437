//! Looks for secrets in whatever a program puts out.

use std::error::Error as StdError;
use std::fmt;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;

/// Searches texts for secrets in every spelling in which they may turn up: as
/// they are, percent-encoded, in JSON and Rust string literals, in base64 at
/// any offset (as inside of `Authorization: Basic`), in hexadecimal, and as the
/// list of numbers that Rust prints for bytes.
///
/// ```
/// use sync_core::testing::SecretSearch;
///
/// let search = SecretSearch::new(["XX6406JTI3NH"]);
/// assert!(search.find("authorization: Basic dXNlcjpYWDY0MDZKVEkzTkg=").is_some());
/// assert!(search.find("x-api-key: [redacted]").is_none());
/// ```
pub struct SecretSearch {
    needles: Vec<Needle>,
}

struct Needle {
    secret: usize,
    form: &'static str,
    text: String,
}

/// A secret in a text.
#[derive(Clone, PartialEq, Eq)]
pub struct Leak {
    /// Which of the secrets, from 0.
    pub secret: usize,
    /// How it is spelled.
    pub form: &'static str,
    /// What stands before it in the text.
    pub before: String,
}

impl SecretSearch {
    /// A search for these secrets. Each needs 6 characters at least: shorter
    /// ones turn up by chance.
    pub fn new(secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut needles = Vec::new();
        for (secret, text) in secrets.into_iter().enumerate() {
            let text = text.as_ref();
            assert!(
                text.len() >= 6,
                "secret {secret} is too short to be told from chance"
            );
            for (form, text) in forms(text) {
                needles.push(Needle { secret, form, text });
            }
        }
        Self { needles }
    }

    /// The first secret in `text`, if there is one.
    pub fn find(&self, text: &str) -> Option<Leak> {
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        self.needles.iter().find_map(|needle| {
            let at = text.find(&needle.text).map(|at| (at, text));
            let (at, text) = at.or_else(|| Some((decoded.find(&needle.text)?, &*decoded)))?;
            let start = text[..at]
                .char_indices()
                .rev()
                .nth(60)
                .map_or(0, |(start, _)| start);
            Some(Leak {
                secret: needle.secret,
                form: needle.form,
                before: text[start..at].to_owned(),
            })
        })
    }

    /// Looks at `text`, which `what` names in the message.
    ///
    /// # Panics
    ///
    /// When a secret is in it.
    #[track_caller]
    pub fn assert_absent(&self, what: &str, text: &str) {
        let found = self.find(text);
        assert!(found.is_none(), "{what}: {found:?}");
    }

    /// Looks at all that an error and its sources print: `{}`, `{:?}`, `{:#?}`.
    ///
    /// # Panics
    ///
    /// When a secret is in it.
    #[track_caller]
    pub fn assert_absent_in_error(&self, error: &(dyn StdError + 'static)) {
        let mut next = Some(error);
        while let Some(error) = next {
            self.assert_absent("an error", &format!("{error}\n{error:?}\n{error:#?}"));
            next = error.source();
        }
    }
}

impl fmt::Debug for SecretSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretSearch({} forms)", self.needles.len())
    }
}

impl fmt::Debug for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "secret {} leaks ({}) after {:?}",
            self.secret, self.form, self.before
        )
    }
}

/// The spellings of a secret. Percent-encoding is undone in the text instead.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let mut forms = vec![("as it is", secret.to_owned())];
    let mut add = |form, text: String| {
        if forms.iter().all(|(_, known)| *known != text) {
            forms.push((form, text));
        }
    };
    let quoted = format!("{secret:?}");
    add("as a string literal", quoted.trim_matches('"').to_owned());
    if let Ok(json) = serde_json::to_string(secret) {
        add("in JSON", json.trim_matches('"').to_owned());
    }
    for offset in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            add("in base64", inner_base64(engine, secret, offset));
        }
    }
    let lower: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    add("in hexadecimal", lower.to_uppercase());
    add("in hexadecimal", lower);
    let numbers: Vec<String> = secret.bytes().map(|byte| byte.to_string()).collect();
    add("as numbers", numbers.join(", "));
    forms
}

/// The characters of base64 that depend on the secret alone when it stands
/// `offset` bytes after a multiple of three.
fn inner_base64(engine: &impl base64::Engine, secret: &str, offset: usize) -> String {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(secret.as_bytes());
    let whole = bytes.len() / 3 * 3;
    let text = engine.encode(&bytes[..whole]);
    text[(offset * 8).div_ceil(6)..].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    const SECRET: &str = "p@ss\"wörd/9";

    fn found(text: &str) -> bool {
        SecretSearch::new([SECRET]).find(text).is_some()
    }

    #[test]
    fn every_spelling_is_found() {
        for text in [
            SECRET.to_owned(),
            format!("{SECRET:?}"),
            serde_json::to_string(SECRET).unwrap(),
            "key=p%40ss%22w%C3%B6rd%2f9".to_owned(),
            "key=p@ss%22w%C3%B6rd/9".to_owned(),
            format!("{:?}", SECRET.as_bytes()),
            STANDARD_NO_PAD.encode(SECRET),
            URL_SAFE_NO_PAD.encode(SECRET),
            "7040737322 704073732277C3B672642F39".to_owned(),
        ] {
            assert!(found(&text), "{text}");
        }
    }

    #[test]
    fn base64_is_found_at_every_offset() {
        for user in ["", "u", "us", "use", "user"] {
            for rest in ["", "x", "xy", "xyz"] {
                let text = STANDARD_NO_PAD.encode(format!("{user}{SECRET}{rest}"));
                assert!(found(&text), "{user:?} {rest:?}");
            }
        }
    }

    #[test]
    fn other_text_is_no_leak() {
        assert!(!found("p@ss"));
        assert!(!found("Authorization: [redacted], %zz %"));
        assert!(!found(&STANDARD_NO_PAD.encode("user:another password")));
    }

    #[test]
    fn a_leak_does_not_repeat_the_secret() {
        let leak = SecretSearch::new([SECRET]).find(&format!("x-api-key: {SECRET}"));
        let shown = format!("{leak:?}");
        assert!(
            shown.contains("x-api-key") && !shown.contains("rd/9"),
            "{shown}"
        );
    }
}
