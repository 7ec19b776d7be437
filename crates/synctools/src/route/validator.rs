//! Whether the client has the answer already.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue};
use ring::digest::{Context, SHA256};

/// Bytes of the digest that are sent: enough that no two are ever the same.
const SENT: usize = 18;

/// Makes an entity tag of all that an answer depends on.
pub(super) struct Tag(Context);

impl Tag {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Something that the answer depends on. Where one ends and the next starts
    /// matters too.
    pub(super) fn add(&mut self, part: &str) {
        self.add_bytes(part.as_bytes());
    }

    pub(super) fn add_bytes(&mut self, part: &[u8]) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    /// The tag. It is a weak one: the same objects may come in gzip or not.
    pub(super) fn finish(self) -> String {
        let digest = self.0.finish();
        let bytes = digest.as_ref().get(..SENT).unwrap_or(digest.as_ref());
        format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// When an answer was last modified, as HTTP can say it: in whole seconds. What
/// changed within a second is told from nothing, so a second that isn't over
/// yet is not told.
pub(super) fn told(modified: SystemTime, now: SystemTime) -> Option<SystemTime> {
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let second = SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs());
    let is_over = second + Duration::from_secs(1) <= now;
    is_over.then_some(second)
}

/// Whether an answer with this tag and time is what the client says it has.
///
/// `If-None-Match` goes before `If-Modified-Since`. `*`, which every answer
/// would match, is passed over: it says nothing of what the client has.
pub(super) fn is_known(
    headers: &HeaderMap,
    tag: Option<&str>,
    modified: Option<SystemTime>,
) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        let Some(tag) = tag else { return false };
        let values = headers.get_all(IF_NONE_MATCH).iter();
        return values
            .filter_map(|value| value.to_str().ok())
            .any(|value| lists(value, opaque(tag)));
    }
    let since = headers.get(IF_MODIFIED_SINCE).map(HeaderValue::to_str);
    let (Some(Ok(since)), Some(modified)) = (since, modified) else {
        return false;
    };
    // Exactly that time: it was this server that told it. One that is later
    // says that the clock, or the content, went back.
    httpdate::parse_http_date(since).is_ok_and(|since| since == modified)
}

/// Without the mark of a weak tag, which doesn't matter to `GET`.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether a list of tags has this one. A comma may be within a tag.
fn lists(mut list: &str, wanted: &str) -> bool {
    loop {
        list = opaque(list.trim_start_matches([' ', '\t', ',']));
        let Some(rest) = list.strip_prefix('"') else {
            return false;
        };
        let Some(end) = rest.find('"') else {
            return false;
        };
        let (tag, rest) = list.split_at(end + 2);
        if tag == wanted {
            return true;
        }
        list = rest;
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn tag(parts: &[&str]) -> String {
        let mut tag = Tag::new();
        parts.iter().for_each(|part| tag.add(part));
        tag.finish()
    }

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn every_part_matters_and_where_it_ends() {
        assert_eq!(tag(&["a", "bc"]), tag(&["a", "bc"]));
        assert_ne!(tag(&["a", "bc"]), tag(&["ab", "c"]));
        assert_ne!(tag(&["a", "bc"]), tag(&["a", "bc", ""]));
        assert!(HeaderValue::from_str(&tag(&[])).is_ok());
    }

    #[test]
    fn tags_are_compared_weakly_and_whole() {
        let known = |value| is_known(&with(IF_NONE_MATCH, value), Some("W/\"ab\""), None);
        assert!(known("W/\"ab\""));
        assert!(known("\"ab\""));
        assert!(known("\"x,y\", W/\"ab\""));
        assert!(!known("\"a\""));
        assert!(!known("\"x\"ab\""));
        assert!(!known("ab"));
        assert!(!known("*"));
        assert!(!known(""));
        assert!(!is_known(&with(IF_NONE_MATCH, "\"ab\""), None, None));
        assert!(!is_known(&HeaderMap::new(), Some("\"ab\""), None));
    }

    #[test]
    fn a_time_is_known_only_if_it_is_the_same() {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let known = |value| is_known(&with(IF_MODIFIED_SINCE, value), None, Some(modified));
        assert!(known("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert!(!known("Sun, 06 Nov 1994 08:49:36 GMT"));
        assert!(!known("Sun, 06 Nov 1994 08:49:38 GMT"));
        assert!(!known("yesterday"));
        let mut both = with(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT");
        both.insert(IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert!(!is_known(&both, Some("\"ab\""), Some(modified)));
        assert!(!is_known(&both, None, Some(modified)));
    }

    #[test]
    fn a_second_that_is_not_over_is_not_told() {
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(told(at(5_300), at(5_900)), None);
        assert_eq!(told(at(5_300), at(6_000)), Some(at(5_000)));
        assert_eq!(told(at(9_000), at(5_000)), None);
    }
}
