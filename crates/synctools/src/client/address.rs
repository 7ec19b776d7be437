//! Where a request goes.
//!
//! The original puts the endpoint, the path and a slash together and leaves
//! the rest to python-requests. What is sent here is the same, byte for byte,
//! but for what the original gets wrong: a `?` or `#` in a path belongs to the
//! path, and there is always exactly one slash between the parts and at the
//! end.

use std::net::IpAddr;

use http::Uri;
use sync_core::Error;

/// The absolute path of a request: `prefix`, `path` and a slash at the end.
/// `prefix` is the path of the endpoint.
pub(crate) fn join(prefix: &str, path: &str) -> Result<String, Error> {
    let prefix = prefix.trim_end_matches('/');
    let mut joined = String::with_capacity(prefix.len() + path.len() + 8);
    joined.push_str(prefix);
    joined.push('/');
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Ok(joined);
    }
    encode(path, true, &mut joined);
    let own = &joined[prefix.len()..];
    if own.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Error::config(format!(
            "the path {path:?} has a segment of dots, which would lead to another place on the server"
        )));
    }
    joined.push('/');
    Ok(joined)
}

/// A whole URL that the caller gave: absolute, `http` or `https`, without
/// credentials. It is taken as it is, only encoded where it is not yet; a
/// fragment is left out.
pub(crate) fn absolute(url: &str) -> Result<Uri, Error> {
    let url = url.trim();
    let url = url.split('#').next().unwrap_or_default();
    let bad = |why: &str| Error::config(format!("the URL to sync from {why}"));
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(bad(
            "is not absolute, as in https://example.org/sync/sites/",
        ));
    };
    if !(scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")) {
        return Err(bad("is neither http nor https"));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    if authority.contains('@') {
        return Err(bad("holds credentials; give the token on its own"));
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut text = format!("{}://{authority}", scheme.to_ascii_lowercase());
    if path.is_empty() {
        text.push('/');
    }
    encode(path, true, &mut text);
    if let Some(query) = query {
        text.push('?');
        encode(query, false, &mut text);
    }
    let uri: Uri = text
        .parse()
        .map_err(|error: http::uri::InvalidUri| bad("is none").with_source(error))?;
    if uri.host().is_none_or(str::is_empty) {
        return Err(bad("has no host"));
    }
    Ok(uri)
}

/// The scheme, host and port of a URI, as the base of a pipeline.
pub(crate) fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("https");
    let authority = uri.authority().map_or("", |name| name.as_str());
    format!("{scheme}://{authority}")
}

/// Whether two URIs have the same scheme, host and port.
pub(crate) fn same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| {
        uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        })
    };
    let host = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
    a.scheme() == b.scheme() && host(a) == host(b) && port(a).is_some() && port(a) == port(b)
}

/// Whether what goes there can be read on the way.
pub(crate) fn is_in_the_open(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    uri.scheme_str() == Some("http") && !is_here
}

/// Encodes what is not encoded yet, as python-requests does: when every `%`
/// begins an escape they are taken for escapes, those of unreserved characters
/// decoded; when one does not, every `%` is a character.
fn encode(text: &str, path: bool, into: &mut String) {
    let bytes = text.as_bytes();
    let escaped = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'%')
        .all(|(at, _)| escape(bytes, at).is_some());
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        match byte {
            b'%' if escaped => {
                let value = escape(bytes, at).unwrap_or(b'%');
                if is_unreserved(value) {
                    into.push(char::from(value));
                } else {
                    push_escape(value, into);
                }
                at += 3;
                continue;
            }
            b'/' | b':' | b'@' => into.push(char::from(byte)),
            b'?' if !path => into.push('?'),
            _ if is_unreserved(byte) || is_sub_delimiter(byte) => into.push(char::from(byte)),
            _ => push_escape(byte, into),
        }
        at += 1;
    }
}

/// The byte that the escape at this place stands for.
fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let value = digit(at + 1)? * 16 + digit(at + 2)?;
    u8::try_from(value).ok()
}

fn push_escape(byte: u8, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    into.push('%');
    into.push(char::from(DIGITS[usize::from(byte >> 4)]));
    into.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 section 2.2.
fn is_sub_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_exactly_one_slash_between_the_parts_and_at_the_end() {
        for (prefix, path, expected) in [
            ("/sync", "sites", "/sync/sites/"),
            ("/sync/", "sites", "/sync/sites/"),
            ("/sync//", "/sites/", "/sync/sites/"),
            ("", "sites", "/sites/"),
            ("/", "", "/"),
            ("/sync/", "", "/sync/"),
            ("/sync", "blogs/x", "/sync/blogs/x/"),
        ] {
            assert_eq!(join(prefix, path).unwrap(), expected, "{prefix} {path}");
        }
    }

    #[test]
    fn paths_are_encoded_as_by_python_requests() {
        // python-requests 2.34 with urllib3 2, but for `?` and `#`.
        for (path, expected) in [
            ("blogs/x y", "/blogs/x%20y/"),
            ("blogs/é", "/blogs/%C3%A9/"),
            (
                "a+b:c@d,e;f=g&h!i$j'k(l)m*n",
                "/a+b:c@d,e;f=g&h!i$j'k(l)m*n/",
            ),
            ("a[b]|c\"d", "/a%5Bb%5D%7Cc%22d/"),
            ("a%2Fb", "/a%2Fb/"),
            ("a%2fb", "/a%2Fb/"),
            ("a%41%7eb", "/aA~b/"),
            ("100%", "/100%25/"),
            ("100%/a%20b", "/100%25/a%2520b/"),
            // The original cuts the path here.
            ("blogs/x?y", "/blogs/x%3Fy/"),
            ("blogs/x#y", "/blogs/x%23y/"),
        ] {
            assert_eq!(join("", path).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn only_this_machine_is_reached_without_being_overheard() {
        let open = |url: &str| is_in_the_open(&url.parse().unwrap());
        assert!(open("http://example.org/") && open("http://10.0.0.1/"));
        for url in [
            "https://example.org/",
            "http://localhost:1/",
            "http://127.0.0.9/",
            "http://[::1]:8/",
        ] {
            assert!(!open(url), "{url}");
        }
    }

    #[test]
    fn a_path_cannot_climb() {
        for path in ["..", "a/../b", "a/./b", "%2e%2e/x", "a/%2E"] {
            assert!(join("/sync", path).is_err(), "{path}");
        }
        assert!(join("/sync", "a..b/...").is_ok());
    }

    #[test]
    fn whole_urls_are_taken_as_they_are() {
        for (url, expected) in [
            ("https://h/news/sync/", "https://h/news/sync/"),
            ("HTTP://h:81/a?x=1&y=ü#z", "http://h:81/a?x=1&y=%C3%BC"),
            ("http://h", "http://h/"),
            ("http://h?x=/y", "http://h/?x=/y"),
            ("http://[::1]:8000/a b", "http://[::1]:8000/a%20b"),
        ] {
            assert_eq!(absolute(url).unwrap().to_string(), expected, "{url}");
        }
        for url in [
            "",
            "/sync/",
            "ftp://h/",
            "http:///x",
            "http://u:p@h/",
            "http://h h/",
        ] {
            assert!(absolute(url).is_err(), "{url}");
        }
    }
}
