//! Where a request goes, and the forms its URI takes on the way.

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};

use super::not_http;
use crate::transport::TransportError;

/// Scheme, host and port: what a connection is made to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: Scheme,
    authority: Authority,
}

impl Origin {
    /// Takes it out of an absolute URI and leaves the path, the form in which
    /// HTTP/1.1 sends it.
    ///
    /// User info is dropped, as it is none of the server's business: over
    /// HTTP/2 it would go out in `:authority`.
    pub(crate) fn take(uri: &mut Uri) -> Result<Self, TransportError> {
        let (Some(scheme), Some(mut authority)) = keep_path(uri) else {
            return Err(not_http());
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(not_http());
        }
        if let Some((_, host)) = authority.as_str().rsplit_once('@') {
            authority = host.parse().map_err(|_| not_http())?;
        }
        Ok(Self { scheme, authority })
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The URI of `path` here.
    pub(crate) fn uri(&self, path: Option<&PathAndQuery>) -> Result<Uri, TransportError> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(match path {
            Some(path) => path.clone(),
            None => PathAndQuery::from_static("/"),
        });
        Uri::from_parts(parts).map_err(|_| not_http())
    }

    /// What a tunnel is asked for.
    pub(crate) fn authority(&self) -> Uri {
        Uri::from(self.authority.clone())
    }

    /// The header `Host`; it leaves out the scheme's own port (RFC 9110 section 7.2).
    pub(crate) fn host(&self) -> Result<HeaderValue, TransportError> {
        let own = if self.is_tls() { 443 } else { 80 };
        let host = match self.authority.port_u16() {
            Some(port) if port == own => self.authority.host(),
            Some(_) => self.authority.as_str(),
            // There may be a colon without a port.
            None => self.authority.host(),
        };
        HeaderValue::from_str(host).map_err(|_| not_http())
    }
}

/// Leaves nothing but the path and the query of a URI.
pub(crate) fn keep_path(uri: &mut Uri) -> (Option<Scheme>, Option<Authority>) {
    let parts = std::mem::take(uri).into_parts();
    // An empty path would be written as nothing, where a slash is due: the
    // empty URI is just that slash.
    if let Some(path) = parts.path_and_query.filter(|path| path.as_str() != "/") {
        *uri = Uri::from(path);
    }
    (parts.scheme, parts.authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(uri: &str) -> (Origin, Uri) {
        let mut uri = uri.parse().unwrap();
        (Origin::take(&mut uri).unwrap(), uri)
    }

    #[test]
    fn the_path_is_left_and_the_whole_can_be_made_again() {
        for (whole, path) in [
            ("http://host.test/a/b?c=d", "/a/b?c=d"),
            ("https://host.test:8384/", "/"),
            ("http://host.test?c=d", "/?c=d"),
            ("http://host.test", "/"),
            ("http://[::1]:80/x", "/x"),
        ] {
            let (origin, left) = taken(whole);
            assert_eq!(left.to_string(), path, "{whole}");
            let again = origin.uri(left.path_and_query()).unwrap();
            assert_eq!(again, whole.parse::<Uri>().unwrap(), "{whole}");
        }
    }

    #[test]
    fn the_host_has_a_port_unless_it_is_the_schemes_own() {
        for (uri, host) in [
            ("http://host.test/", "host.test"),
            ("http://host.test:80/", "host.test"),
            ("http://host.test:443/", "host.test:443"),
            ("https://host.test:443/", "host.test"),
            ("https://host.test:80/", "host.test:80"),
            ("http://host.test:/", "host.test"),
            ("http://[::1]:81/", "[::1]:81"),
            ("http://[::1]/", "[::1]"),
            ("http://reader:s3cret@host.test/", "host.test"),
        ] {
            assert_eq!(taken(uri).0.host().unwrap(), host, "{uri}");
        }
    }

    #[test]
    fn hosts_are_the_same_in_any_case_and_differ_by_port_and_scheme() {
        let origin = |uri| taken(uri).0;
        assert_eq!(origin("http://host.test/a"), origin("HTTP://Host.Test/b"));
        assert_ne!(origin("http://host.test/"), origin("https://host.test/"));
        assert_ne!(origin("http://host.test/"), origin("http://host.test:81/"));
    }

    #[test]
    fn only_absolute_http_uris_have_an_origin() {
        for uri in ["/path", "host.test:80", "*", "ftp://host.test/"] {
            assert!(Origin::take(&mut uri.parse().unwrap()).is_err(), "{uri}");
        }
    }
}
