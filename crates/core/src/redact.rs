//! What may be shown: by allow-list, never by deny-list.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};
use http::{HeaderMap, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Secret;

const HIDDEN: &str = "[redacted]";
/// Stands where a text was cut.
const CUT: char = '…';

/// Headers whose values may be shown.
const SHOWN_HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "age",
    "allow",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "range",
    "retry-after",
    "server",
    "transfer-encoding",
    "user-agent",
    "vary",
];

/// `scheme://host:port/path?key=value`, with the values of query keys outside
/// `shown` hidden, and without user info or fragment.
///
/// ```
/// let uri = "https://user:pw@host/rest/db/status?folder=f1&token=abc".parse().unwrap();
/// assert_eq!(
///     sync_core::redact::uri(&uri, &["folder"]),
///     "https://host/rest/db/status?folder=f1&token=[redacted]",
/// );
/// ```
pub fn uri(uri: &Uri, shown: &[&str]) -> String {
    let mut text = String::with_capacity(64);
    if let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) {
        text.push_str(scheme);
        text.push_str("://");
        let authority = authority.as_str();
        text.push_str(
            authority
                .rsplit_once('@')
                .map_or(authority, |(_, host)| host),
        );
    }
    text.push_str(uri.path());
    if let Some(query) = uri.query() {
        text.push('?');
        for (i, pair) in query.split('&').enumerate() {
            if i > 0 {
                text.push('&');
            }
            match pair.split_once('=') {
                Some((key, _)) if !shown.contains(&key) => {
                    text.push_str(key);
                    text.push('=');
                    text.push_str(HIDDEN);
                }
                Some(_) => text.push_str(pair),
                None if shown.contains(&pair) => text.push_str(pair),
                None => text.push_str(HIDDEN),
            }
        }
    }
    text
}

/// Headers for a log: names all, values only of harmless ones.
///
/// ```
/// # use http::{HeaderMap, HeaderValue};
/// let mut headers = HeaderMap::new();
/// headers.insert("x-api-key", HeaderValue::from_static("s3cret"));
/// headers.insert("content-type", HeaderValue::from_static("application/json"));
/// let shown = format!("{:?}", sync_core::redact::headers(&headers));
/// assert!(shown.contains("application/json") && !shown.contains("s3cret"));
/// ```
pub fn headers(headers: &HeaderMap) -> impl fmt::Debug + '_ {
    struct Shown<'a>(&'a HeaderMap);

    impl fmt::Debug for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let shown = self.0.iter().map(|(name, value)| {
                let harmless = SHOWN_HEADERS.contains(&name.as_str()) && !value.is_sensitive();
                let text = harmless.then(|| value.to_str().ok()).flatten();
                (name.as_str(), text.unwrap_or(HIDDEN))
            });
            f.debug_map().entries(shown).finish()
        }
    }

    Shown(headers)
}

/// Whether a header's value may be shown or recorded.
pub fn is_shown_header(name: &http::HeaderName) -> bool {
    SHOWN_HEADERS.contains(&name.as_str())
}

/// Removes known secrets from text that a server sent back.
///
/// Looks for each secret as it is, percent-encoded, and in base64.
#[derive(Clone, Default)]
pub struct Scrubber {
    needles: Vec<Secret<String>>,
}

impl Scrubber {
    /// A scrubber for these secrets. Those under 4 bytes are ignored: they
    /// would hide half of every text.
    pub fn new(secrets: impl IntoIterator<Item = Secret<String>>) -> Self {
        let mut scrubber = Self::default();
        for secret in secrets {
            scrubber.add(&secret);
        }
        scrubber
    }

    /// Adds a secret.
    pub fn add(&mut self, secret: &Secret<String>) {
        let text = secret.expose();
        if text.len() < 4 {
            return;
        }
        for form in spellings(text) {
            if !self.needles.iter().any(|known| *known.expose() == form) {
                self.needles.push(Secret::new(form));
            }
        }
        // Longest first, so that no needle leaves the tail of another behind.
        self.needles
            .sort_by_key(|needle| std::cmp::Reverse(needle.expose().len()));
    }

    /// The text without the secrets.
    pub fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for needle in &self.needles {
            if clean.contains(needle.expose().as_str()) {
                clean = Cow::Owned(clean.replace(needle.expose().as_str(), HIDDEN));
            }
        }
        clean
    }

    /// The text without the secrets, for a text that was cut out of a longer
    /// one: what the cut left of a secret at either end goes too.
    pub(crate) fn scrub_piece(&self, text: &str) -> String {
        let clean = self.scrub(text);
        let (mut piece, more) = match clean.strip_suffix(CUT) {
            Some(piece) => (piece, true),
            None => (&*clean, false),
        };
        let needles = || self.needles.iter().map(|needle| needle.expose().as_str());
        let head = needles().filter_map(|needle| overlap(needle, piece)).max();
        piece = &piece[head.unwrap_or(0)..];
        let tail = needles().filter_map(|needle| overlap(piece, needle)).max();
        piece = &piece[..piece.len() - tail.unwrap_or(0)];
        let mut result = String::with_capacity(clean.len());
        result.push_str(if head.is_some() { HIDDEN } else { "" });
        result.push_str(piece);
        result.push_str(if tail.is_some() { HIDDEN } else { "" });
        result.extend(more.then_some(CUT));
        result
    }

    /// Whether any of the secrets is in the text.
    pub fn finds(&self, text: &str) -> bool {
        self.needles
            .iter()
            .any(|needle| text.contains(needle.expose().as_str()))
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scrubber({} forms)", self.needles.len())
    }
}

/// How many bytes at the end of `a` are those at the beginning of `b`, and not
/// all of either: 4 at least.
fn overlap(a: &str, b: &str) -> Option<usize> {
    let most = a.len().min(b.len());
    (4..=most)
        .rev()
        .filter(|len| b.is_char_boundary(*len))
        .find(|len| a.ends_with(&b[..*len]))
}

/// The ways a secret is likely to be written down.
fn spellings(text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned()];
    let mut push = |form: String| {
        if !forms.contains(&form) {
            forms.push(form);
        }
    };
    for set in [NON_ALPHANUMERIC, crate::call::uri::COMPONENT] {
        let encoded = utf8_percent_encode(text, set).to_string();
        push(lower_hex(&encoded));
        push(encoded);
    }
    push(BASE64.encode(text).trim_end_matches('=').to_owned());
    push(BASE64_URL.encode(text));
    if let Ok(json) = serde_json::to_string(text) {
        push(json[1..json.len() - 1].to_owned());
    }
    forms
}

/// `%2F` as `%2f`, which some servers prefer.
fn lower_hex(encoded: &str) -> String {
    let mut text = String::with_capacity(encoded.len());
    let mut digits = 0;
    for c in encoded.chars() {
        text.push(if digits > 0 {
            c.to_ascii_lowercase()
        } else {
            c
        });
        digits = if c == '%' { 2 } else { i32::max(digits - 1, 0) };
    }
    text
}

/// At most `limit` bytes of `bytes` as printable text.
pub(crate) fn snippet(bytes: &[u8], limit: usize) -> String {
    let mut end = bytes.len().min(limit);
    // Not in the middle of a character.
    while end > 0 && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    let cut = &bytes[..end];
    let mut text = String::with_capacity(cut.len() + 3);
    for c in String::from_utf8_lossy(cut).chars() {
        if c.is_control() && c != '\n' && c != '\t' {
            let _ = write!(text, "{}", c.escape_default());
        } else {
            text.push(c);
        }
    }
    if cut.len() < bytes.len() {
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_each_of_its_spellings() {
        let scrubber = Scrubber::new([Secret::from("p@ss/w\"rd")]);
        for text in [
            "p@ss/w\"rd",
            "p%40ss%2Fw%22rd",
            "cEBzcy93InJk",
            r#"p@ss/w\"rd"#,
        ] {
            let clean = scrubber.scrub(text).into_owned();
            assert_eq!(clean, "[redacted]", "{text}");
        }
        assert_eq!(scrubber.scrub("harmless"), "harmless");
    }

    #[test]
    fn a_secret_that_contains_another_is_removed_whole() {
        let scrubber = Scrubber::new([Secret::from("abcd"), Secret::from("abcdefgh")]);
        assert_eq!(scrubber.scrub("xabcdefghx"), "x[redacted]x");
    }

    #[test]
    fn user_info_never_shows() {
        let uri: Uri = "http://user:secret@h:1/p?secret&x=1".parse().unwrap();
        assert_eq!(super::uri(&uri, &["x"]), "http://h:1/p?[redacted]&x=1");
    }

    #[test]
    fn a_snippet_is_bounded_and_printable() {
        assert_eq!(snippet(b"a\x00b", 10), "a\\u{0}b");
        assert_eq!(snippet(b"abcdef", 3), "abc…");
    }
}
