//! Redirects that keep credentials at home.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LOCATION, RANGE, USER_AGENT,
};
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};

use crate::call::uri::{resolve, same_origin};
use crate::transport::Body;
use crate::Error;

/// Which redirects a call follows.
///
/// Whatever is chosen: never from `https` to `http`, never with a body that
/// can be read only once, and a method other than GET or HEAD only where the
/// status keeps it (307, 308) or says to fetch the result elsewhere (303).
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
    /// Up to `max`, to anywhere. Another origin gets no credentials and only
    /// harmless headers.
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
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    RANGE,
    USER_AGENT,
];

/// What came of an attempt that did not fail.
pub(super) enum Step {
    Done(http::Response<Body>),
    Follow(Hop),
}

/// Where the next attempt goes.
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// Whether it is the client's own origin, which alone gets credentials.
    pub(super) home: bool,
    count: u8,
}

impl Hop {
    pub(super) fn new(method: Method, uri: Uri, headers: HeaderMap, home: bool) -> Self {
        let headers = if home { headers } else { harmless(&headers) };
        Self {
            method,
            uri,
            headers,
            home,
            count: 0,
        }
    }

    /// The next hop, if `head` is a redirect that may be followed.
    pub(super) fn follow(
        &self,
        head: &http::response::Parts,
        redirects: Redirects,
        replayable: bool,
        base: &Uri,
    ) -> Result<Option<Self>, Error> {
        let (max, anywhere) = match redirects {
            Redirects::None => return Ok(None),
            Redirects::SameOrigin { max } => (max, false),
            Redirects::Anywhere { max } => (max, true),
        };
        let safe = self.method == Method::GET || self.method == Method::HEAD;
        let keeps_method = match head.status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if safe => true,
            StatusCode::SEE_OTHER => safe,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            _ => return Ok(None),
        };
        let Some(location) = head.headers.get(LOCATION) else {
            return Ok(None);
        };
        let location = location
            .to_str()
            .map_err(|error| Error::decode("a redirect to no valid address").with_source(error))?;
        let uri = resolve(&self.uri, location)?;
        let http = |scheme: &Scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS;
        let downgrade = self.uri.scheme() == Some(&Scheme::HTTPS) && uri.scheme() != Some(&Scheme::HTTPS);
        let within = same_origin(&self.uri, &uri);
        if !uri.scheme().is_some_and(http) || downgrade || !(anywhere || within) {
            return Ok(None);
        }
        if keeps_method && !replayable {
            return Ok(None);
        }
        if self.count >= max {
            return Err(Error::decode(format!("more than {max} redirects in a row")));
        }
        let home = same_origin(&uri, base);
        let mut headers = if home && self.home {
            self.headers.clone()
        } else {
            harmless(&self.headers)
        };
        if !keeps_method {
            headers.remove(CONTENT_TYPE);
            headers.remove(CONTENT_LENGTH);
        }
        tracing::debug!(
            http.response.status_code = head.status.as_u16(),
            server.address = uri.host(),
            home,
            "following a redirect"
        );
        Ok(Some(Self {
            method: if keeps_method { self.method.clone() } else { Method::GET },
            uri,
            headers,
            home,
            count: self.count + 1,
        }))
    }
}

fn harmless(headers: &HeaderMap) -> HeaderMap {
    headers
        .iter()
        .filter(|(name, value)| HARMLESS.contains(name) && !value.is_sensitive())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
