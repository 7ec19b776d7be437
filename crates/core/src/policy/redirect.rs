//! Redirects that keep credentials at home.

use std::borrow::Cow;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LOCATION, RANGE, USER_AGENT,
};
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use crate::call::uri::{is_http, resolve, same_origin};
use crate::pipeline::Service;

/// Which redirects a call follows.
///
/// Whatever is chosen: never from `https` to `http`, never with a body that
/// can be read only once, and a method other than GET or HEAD only where the
/// status keeps it (307, 308, within the origin) or says to fetch the result
/// elsewhere (303). A redirect that is not followed is an error that says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redirects {
    /// None: a redirect is an error that says so.
    None,
    /// Up to `max` within the origin of the service.
    SameOrigin {
        /// How many in a row.
        max: u8,
    },
    /// Up to `max`, to anywhere. Another origin gets no credentials, no body and
    /// only harmless headers; and from there on so does everyone, even the
    /// client's own origin: a stranger must not steer requests that are
    /// authorized.
    Anywhere {
        /// How many in a row.
        max: u8,
    },
}

impl Default for Redirects {
    fn default() -> Self {
        Self::SameOrigin { max: 5 }
    }
}

/// The headers that another origin gets to see. A list of what is allowed:
/// the header that carries a credential is different for every service.
const HARMLESS: &[HeaderName] = &[
    ACCEPT,
    ACCEPT_ENCODING,
    CONTENT_TYPE,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    RANGE,
    USER_AGENT,
];

/// What to do with an answer that may be a redirect.
pub(super) enum Verdict {
    /// It is none.
    Other,
    Follow(Hop),
    /// It is one, and must not be followed. Says why.
    Refused(Cow<'static, str>),
}

/// Where the next attempt goes.
pub(crate) struct Hop {
    pub(super) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// Whether it is the client's own origin, reached without a detour, which
    /// alone gets credentials.
    pub(super) home: bool,
    /// Whether the call's body goes with it.
    pub(super) with_body: bool,
    count: u8,
}

impl Hop {
    /// The first, with the address still to come.
    pub(crate) fn new(method: Method) -> Self {
        Self {
            method,
            uri: Uri::default(),
            headers: HeaderMap::new(),
            home: false,
            with_body: true,
            count: 0,
        }
    }

    /// Whether a redirect led here.
    pub(super) fn is_detour(&self) -> bool {
        self.count > 0
    }

    /// Says where it goes, and whether that is the client's own origin.
    pub(crate) fn direct(&mut self, uri: Uri, home: bool) {
        self.uri = uri;
        self.home = home;
        if !home {
            self.headers = harmless(&self.headers);
        }
    }

    /// The next hop, if `head` is a redirect that may be followed.
    pub(super) fn follow(
        &self,
        head: &http::response::Parts,
        redirects: Redirects,
        replayable: bool,
        service: &dyn Service,
    ) -> Verdict {
        let status = head.status;
        let safe = self.method == Method::GET || self.method == Method::HEAD;
        let keeps_method = match status {
            StatusCode::SEE_OTHER => safe,
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => true,
            _ => return Verdict::Other,
        };
        let Some(location) = head.headers.get(LOCATION) else {
            return Verdict::Other;
        };
        let (max, anywhere) = match redirects {
            Redirects::None => return refused("this call follows none"),
            Redirects::SameOrigin { max } => (max, false),
            Redirects::Anywhere { max } => (max, true),
        };
        if !safe && matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND) {
            return refused("its status does not say whether the method stays");
        }
        let Some(uri) = location
            .to_str()
            .ok()
            .and_then(|text| resolve(&self.uri, text).ok())
        else {
            return refused("it leads to no valid address");
        };
        let uri = service.redirected(&self.uri, uri);
        if !is_http(&uri) {
            return refused("it leads away from HTTP");
        }
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return refused("there are credentials in its address");
        }
        if self.uri.scheme() == Some(&Scheme::HTTPS) && uri.scheme() == Some(&Scheme::HTTP) {
            return refused("it leads from https to http");
        }
        let within = same_origin(&self.uri, &uri);
        if !within && !anywhere {
            return refused("it leads to another origin");
        }
        if !within && keeps_method && !safe {
            return refused("it would take the body to another origin");
        }
        if keeps_method && self.with_body && !replayable {
            return refused("the body can be read only once");
        }
        if self.count >= max {
            return Verdict::Refused(format!("it is one more than {max} in a row").into());
        }
        // A stranger on the way chose where it goes: never home again.
        let home = self.home && within;
        let mut headers = if home {
            self.headers.clone()
        } else {
            harmless(&self.headers)
        };
        let with_body = self.with_body && keeps_method && within;
        if !with_body {
            headers.remove(CONTENT_TYPE);
            headers.remove(CONTENT_LENGTH);
        }
        tracing::debug!(
            http.response.status_code = status.as_u16(),
            server.address = uri.host(),
            home,
            "following a redirect"
        );
        Verdict::Follow(Self {
            method: if keeps_method {
                self.method.clone()
            } else {
                Method::GET
            },
            uri,
            headers,
            home,
            with_body,
            count: self.count + 1,
        })
    }
}

fn refused(reason: &'static str) -> Verdict {
    Verdict::Refused(Cow::Borrowed(reason))
}

/// Whether a header may be shown to any origin.
pub(super) fn is_harmless(name: &HeaderName, value: &HeaderValue) -> bool {
    HARMLESS.contains(name) && !value.is_sensitive()
}

fn harmless(headers: &HeaderMap) -> HeaderMap {
    headers
        .iter()
        .filter(|(name, value)| is_harmless(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
