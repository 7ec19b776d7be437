//! Paths, queries and references (RFC 3986).

use http::Uri;
use http::uri::Scheme;
use iri_string::types::{UriAbsoluteStr, UriReferenceStr};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Error, Operation};

/// Everything but the unreserved characters of RFC 3986 section 2.3.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Room for what goes into a path and its query: growing costs more than all
/// the encoding.
const ROOM: usize = 160;

/// A path and query on their way to completion.
#[derive(Debug)]
pub(crate) struct Target {
    text: String,
    /// What is left of the template, from the next placeholder on.
    rest: &'static str,
    has_query: bool,
}

impl Target {
    pub(crate) fn new(prefix: &str, operation: &Operation) -> Self {
        let template = operation.template();
        let mut text = String::with_capacity(prefix.len() + template.len() + ROOM);
        text.push_str(prefix);
        let mut target = Self {
            text,
            rest: template,
            has_query: false,
        };
        target.copy_literal();
        target
    }

    /// Copies the template up to its next placeholder.
    fn copy_literal(&mut self) {
        let end = position(self.rest, b'{').unwrap_or(self.rest.len());
        self.text.push_str(&self.rest[..end]);
        self.rest = &self.rest[end..];
    }

    /// Fills the next placeholder with one path segment.
    pub(crate) fn segment(&mut self, value: &str) -> Result<(), Error> {
        let Some(end) = position(self.rest, b'}') else {
            return Err(Error::encode(
                "more path values than the path has places for",
            ));
        };
        let name = &self.rest[1..end];
        // An encoded dot segment is still one to many servers and proxies.
        if matches!(value, "" | "." | "..") {
            return Err(Error::encode(format!(
                "{value:?} cannot be used as {name} in a path"
            )));
        }
        self.text.extend(utf8_percent_encode(value, COMPONENT));
        self.rest = &self.rest[end + 1..];
        self.copy_literal();
        Ok(())
    }

    /// Takes a path as it is.
    pub(crate) fn replace(&mut self, prefix: &str, path: &str) -> Result<(), Error> {
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return Err(Error::encode("a path begins with / and has no query"));
        }
        self.text = format!("{prefix}{path}");
        self.rest = "";
        self.has_query = false;
        Ok(())
    }

    pub(crate) fn query(&mut self, key: &str, value: &str) {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.extend(utf8_percent_encode(key, COMPONENT));
        self.text.push('=');
        self.text.extend(utf8_percent_encode(value, COMPONENT));
    }

    pub(crate) fn finish(self, base: &Uri) -> Result<Uri, Error> {
        if !self.rest.is_empty() {
            let place = self.rest.split('}').next().unwrap_or(self.rest);
            return Err(Error::encode(format!("the path lacks its {}", &place[1..])));
        }
        let mut parts = http::uri::Parts::default();
        parts.scheme = base.scheme().cloned();
        parts.authority = base.authority().cloned();
        let target = self
            .text
            .try_into()
            .map_err(|error: http::uri::InvalidUri| {
                Error::encode("the path or query cannot be written as a URI").with_source(error)
            })?;
        parts.path_and_query = Some(target);
        Uri::from_parts(parts)
            .map_err(|error| Error::encode("the request has no valid URI").with_source(error))
    }
}

/// Where a byte is in a short text, in which it is soon found.
fn position(text: &str, wanted: u8) -> Option<usize> {
    text.bytes().position(|byte| byte == wanted)
}

/// Scheme, host and port are the same (RFC 6454), default ports included.
pub(crate) fn same_origin(a: &Uri, b: &Uri) -> bool {
    let same_host = match (a.host(), b.host()) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    };
    same_host && a.scheme() == b.scheme() && port(a).is_some() && port(a) == port(b)
}

/// Scheme and authority are the same as they are written, letter case aside.
/// Not so is no other origin: a port may go without saying.
pub(crate) fn same_authority(a: &Uri, b: &Uri) -> bool {
    a.authority() == b.authority() && a.scheme() == b.scheme()
}

/// Whether a URI has a scheme and a port that can be called.
pub(crate) fn is_http(uri: &Uri) -> bool {
    uri.scheme()
        .is_some_and(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS)
        && port(uri).is_some()
}

/// Checks a URI that was not put together here.
pub(crate) fn check_absolute(uri: Uri) -> Result<Uri, Error> {
    if !is_http(&uri) || uri.host().is_none_or(str::is_empty) {
        return Err(Error::encode("a call takes an absolute http or https URI"));
    }
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(Error::encode("the URI of a call must not hold credentials"));
    }
    Ok(uri)
}

/// The port, or the scheme's own. `None` also for a port that is no number of
/// 16 bits, which [`Uri`] lets through.
fn port(uri: &Uri) -> Option<u16> {
    if let Some(port) = uri.port_u16() {
        return Some(port);
    }
    let authority = uri.authority()?.as_str();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    // What follows the last colon, unless that is within an IPv6 address.
    let written = host.rsplit_once(':').map(|(_, port)| port);
    if written.is_some_and(|port| !port.is_empty() && !port.ends_with(']')) {
        return None;
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => Some(80),
        Some(scheme) if *scheme == Scheme::HTTPS => Some(443),
        _ => None,
    }
}

/// Resolves a reference (for example a `Location`) against the URI it was
/// found at (RFC 3986 section 5). The fragment is dropped: it is never sent.
///
/// # Errors
///
/// When the reference is not a URI reference, or has no host in the end.
///
/// ```
/// let base = "http://h/a/b?c".parse().unwrap();
/// assert_eq!(sync_core::call::resolve(&base, "../d#f").unwrap(), "http://h/d");
/// assert!(sync_core::call::resolve(&base, "mailto:a@b").is_err());
/// ```
pub fn resolve(base: &Uri, reference: &str) -> Result<Uri, Error> {
    let invalid = || Error::decode("a link in the answer is not a valid URI reference");
    let base = base.to_string();
    let base = UriAbsoluteStr::new(&base).map_err(|error| invalid().with_source(error))?;
    let reference =
        UriReferenceStr::new(reference).map_err(|error| invalid().with_source(error))?;
    let mut resolved = reference.resolve_against(base).to_string();
    if let Some(fragment) = resolved.find('#') {
        resolved.truncate(fragment);
    }
    let uri: Uri = resolved
        .parse()
        .map_err(|error: http::uri::InvalidUri| invalid().with_source(error))?;
    if uri.host().is_none_or(str::is_empty) || uri.scheme().is_none() {
        return Err(invalid());
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    static OP: Operation = Operation::get("t", "t", "/folders/{id}/files/{name}");

    fn base() -> Uri {
        "http://h:1/".parse().unwrap()
    }

    #[test]
    fn values_are_encoded_as_single_segments_and_query_components() {
        let mut target = Target::new("/prefix", &OP);
        target.segment("a/b c").unwrap();
        target.segment("ü+&").unwrap();
        target.query("k", "a&b=c d+");
        assert_eq!(
            target.finish(&base()).unwrap(),
            "http://h:1/prefix/folders/a%2Fb%20c/files/%C3%BC%2B%26?k=a%26b%3Dc%20d%2B"
        );
    }

    #[test]
    fn a_missing_or_extra_value_is_an_error() {
        let mut target = Target::new("", &OP);
        target.segment("x").unwrap();
        assert!(
            target
                .finish(&base())
                .unwrap_err()
                .to_string()
                .contains("name")
        );
        let mut target = Target::new("", &OP);
        target.segment("x").unwrap();
        target.segment("y").unwrap();
        assert!(target.segment("z").is_err());
    }

    #[test]
    fn dot_segments_and_empty_segments_are_refused() {
        for value in ["", ".", ".."] {
            assert!(Target::new("", &OP).segment(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn references_resolve_as_in_rfc_3986_section_5_4() {
        let base: Uri = "http://a/b/c/d;p?q".parse().unwrap();
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("g/../h", "http://a/b/c/h"),
            ("https://x:9/y", "https://x:9/y"),
        ] {
            assert_eq!(resolve(&base, reference).unwrap(), expected, "{reference}");
        }
        for bad in ["mailto:x@y", "http:///p", "a b", "%zz", "h\u{e9}"] {
            assert!(resolve(&base, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn default_ports_and_letter_case_do_not_make_another_origin() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        assert!(same_authority(&uri("http://A:1/x"), &uri("http://a:1/y")));
        for other in [
            "https://a:1/",
            "http://a:2/",
            "http://u@a:1/",
            "http://b:1/",
        ] {
            assert!(!same_authority(&uri("http://a:1/"), &uri(other)), "{other}");
        }
        assert!(same_origin(&uri("http://A/x"), &uri("http://a:80/y")));
        assert!(!same_origin(&uri("http://a/"), &uri("https://a/")));
        assert!(!same_origin(&uri("http://a/"), &uri("http://a:81/")));
        assert!(!same_origin(&uri("http://a/"), &uri("http://b/")));
        assert!(same_origin(&uri("http://[::1]/"), &uri("http://[::1]:80/")));
        assert!(same_origin(&uri("https://a:/"), &uri("https://u:1@a/")));
    }

    #[test]
    fn a_port_that_is_none_is_no_default_port() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        assert!(!same_origin(&uri("http://a/"), &uri("http://a:99999/")));
        assert!(!same_origin(
            &uri("http://a:99999/"),
            &uri("http://a:99999/")
        ));
        assert!(!is_http(&uri("http://a:99999/")));
        assert!(is_http(&uri("http://[::1]/")) && is_http(&uri("http://u:1@a/")));
    }
}
