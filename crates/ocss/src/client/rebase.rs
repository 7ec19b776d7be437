//! Which links lead to the service.

use http::Uri;
use http::uri::{Authority, Scheme};

/// Which links in the service's documents are taken for its own.
///
/// The documentation of the service shows `http:` links although the service
/// is reached by `https:`. Taken literally, every link would lead to another
/// origin, or send credentials in the clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RebaseRule {
    /// A link to the base URL's host, with the base's port or a default one,
    /// is followed with the scheme and port of the base URL.
    #[default]
    SameHost,
    /// Only links to the very origin of the base URL are followed.
    SameOrigin,
}

impl RebaseRule {
    /// The link as it is to be followed; `None` when it leads elsewhere.
    pub(crate) fn apply(self, base: &Uri, link: &Uri) -> Option<Uri> {
        // Nearly all: nothing is to be changed. The base has no user's name in it.
        if link.authority().map(Authority::as_str) == base.authority().map(Authority::as_str)
            && link.scheme().is_some()
            && link.scheme() == base.scheme()
        {
            return Some(link.clone());
        }
        let known = link
            .scheme()
            .is_some_and(|scheme| default_port(scheme).is_some());
        let stranger = link.authority()?.as_str().contains('@');
        if !known || stranger || !base.host()?.eq_ignore_ascii_case(link.host()?) {
            return None;
        }
        let port = link.port_u16();
        let same_port = effective_port(base) == effective_port(link);
        let follows = match self {
            Self::SameOrigin => base.scheme() == link.scheme() && same_port,
            Self::SameHost => {
                let default = port.is_none() || port == link.scheme().and_then(default_port);
                default || port == effective_port(base)
            }
        };
        if !follows {
            return None;
        }
        let mut parts = link.clone().into_parts();
        parts.scheme = base.scheme().cloned();
        parts.authority = base.authority().cloned();
        Uri::from_parts(parts).ok()
    }
}

fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

fn effective_port(uri: &Uri) -> Option<u16> {
    let given = uri.authority().and_then(Authority::port_u16);
    given.or_else(|| uri.scheme().and_then(default_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(rule: RebaseRule, base: &str, link: &str) -> Option<String> {
        rule.apply(&base.parse().unwrap(), &link.parse().unwrap())
            .map(|uri| uri.to_string())
    }

    #[test]
    fn links_to_the_same_host_take_the_scheme_and_port_of_the_base() {
        let base = "https://api.obexcode.com/v2/";
        let rule = RebaseRule::SameHost;
        for link in [
            "http://api.obexcode.com/v2/x?a=b",
            "https://API.obexcode.com/v2/x?a=b",
            "http://api.obexcode.com:80/v2/x?a=b",
            "https://api.obexcode.com:443/v2/x?a=b",
        ] {
            assert_eq!(
                apply(rule, base, link).as_deref(),
                Some("https://api.obexcode.com/v2/x?a=b"),
                "{link}"
            );
        }
        let local = "http://127.0.0.1:8080/v2/";
        for link in [
            "https://127.0.0.1:8080/x",
            "http://127.0.0.1:8080/x",
            "http://127.0.0.1/x",
        ] {
            assert_eq!(
                apply(rule, local, link).as_deref(),
                Some("http://127.0.0.1:8080/x"),
                "{link}"
            );
        }
    }

    #[test]
    fn links_to_strangers_are_not_followed() {
        let base = "https://api.obexcode.com/v2/";
        for link in [
            "https://evil.example/v2/x",
            "https://api.obexcode.com.evil.example/x",
            "https://api.obexcode.com:8443/x",
            "https://api.obexcode.com@evil.example/x",
            "https://user@api.obexcode.com/x",
            "ftp://api.obexcode.com/x",
            "/x",
        ] {
            assert_eq!(apply(RebaseRule::SameHost, base, link), None, "{link}");
        }
    }

    #[test]
    fn the_strict_rule_takes_nothing_but_the_origin() {
        let base = "https://api.obexcode.com/v2/";
        let rule = RebaseRule::SameOrigin;
        assert!(apply(rule, base, "https://api.obexcode.com:443/x").is_some());
        assert!(apply(rule, base, "http://api.obexcode.com/x").is_none());
    }
}
