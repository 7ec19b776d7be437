//! Bad days, made to order.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, StatusCode};
use sync_core::local::Disturbance;

use super::answer::Answer;
use super::render::Next;

/// Something that goes wrong with an answer.
///
/// A request that meets [`status`](Self::status), [`redirect`](Self::redirect)
/// or [`reset_before`](Self::reset_before) has no effect. All others strike
/// after the operation was done: a client that repeats a `POST` because of one
/// of them creates something twice.
#[derive(Clone, Debug)]
pub struct Fault(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Status(Answer),
    Redirect(Answer),
    ResetBefore,
    Reset,
    Truncate,
    Slow(Duration),
    Malformed,
    Html,
    Xxe,
    Body(&'static str, Bytes),
    Next(Next),
    BareCreated,
    NoEtag,
}

impl Fault {
    /// This status and nothing else; no effect.
    pub fn status(status: StatusCode) -> Self {
        Self(Kind::Status(Answer::empty(status)))
    }

    /// This status with headers and a body; no effect.
    pub fn status_with(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self(Kind::Status(Answer {
            status,
            headers: Box::new(headers),
            body: body.into(),
        }))
    }

    /// A redirect; no effect.
    pub fn redirect(status: StatusCode, location: &str) -> Self {
        Self(Kind::Redirect(
            Answer::empty(status).with(LOCATION, location),
        ))
    }

    /// The connection is closed without an answer, and nothing was done.
    pub const fn reset_before() -> Self {
        Self(Kind::ResetBefore)
    }

    /// The connection is closed without an answer after all was done.
    pub const fn reset() -> Self {
        Self(Kind::Reset)
    }

    /// The connection is closed in the middle of the body.
    pub const fn truncate() -> Self {
        Self(Kind::Truncate)
    }

    /// The answer comes this much later.
    pub const fn slow(delay: Duration) -> Self {
        Self(Kind::Slow(delay))
    }

    /// The answer is XML up to its middle.
    pub const fn malformed() -> Self {
        Self(Kind::Malformed)
    }

    /// The answer is a page for people, with status 200.
    pub const fn html() -> Self {
        Self(Kind::Html)
    }

    /// The answer has a document type that names a file of the client's, and
    /// an entity that would put it into the title.
    pub const fn xxe() -> Self {
        Self(Kind::Xxe)
    }

    /// The answer has this type and body, with status 200.
    pub fn body(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self(Kind::Body(content_type, body.into()))
    }

    /// The next page of a listing is the same page.
    pub const fn next_loops() -> Self {
        Self(Kind::Next(Next::Loop))
    }

    /// The next page of a listing is elsewhere.
    pub fn next_leads_to(url: impl Into<String>) -> Self {
        Self(Kind::Next(Next::To(url.into())))
    }

    /// What was created is not in the answer, only where it is.
    pub const fn bare_created() -> Self {
        Self(Kind::BareCreated)
    }

    /// The answer has no entity tag.
    pub const fn no_etag() -> Self {
        Self(Kind::NoEtag)
    }
}

impl Kind {
    /// The name of the fault, as the control interface has it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Redirect(_) => "redirect",
            Self::ResetBefore => "reset-before",
            Self::Reset => "reset",
            Self::Truncate => "truncate",
            Self::Slow(_) => "slow",
            Self::Malformed => "malformed",
            Self::Html => "html",
            Self::Xxe => "xxe",
            Self::Body(..) => "body",
            Self::Next(Next::Loop) => "loop",
            Self::Next(Next::To(_)) => "foreign-next",
            Self::BareCreated => "bare-created",
            Self::NoEtag => "no-etag",
        }
    }

    /// The answer of a fault that strikes before anything is done.
    pub(super) fn before(&self) -> Option<(Answer, Disturbance)> {
        match self {
            Self::Status(answer) | Self::Redirect(answer) => {
                Some((answer.clone(), Disturbance::NONE))
            }
            Self::ResetBefore => Some((
                Answer::empty(StatusCode::SERVICE_UNAVAILABLE),
                Disturbance::RESET,
            )),
            _ => None,
        }
    }

    /// What becomes of the answer to a request that was done.
    pub(super) fn after(&self, mut answer: Answer) -> (Answer, Disturbance) {
        let replaced = |content_type: &str, body: Bytes| {
            let answer = Answer {
                body,
                ..Answer::empty(StatusCode::OK)
            };
            (answer.with(CONTENT_TYPE, content_type), Disturbance::NONE)
        };
        match self {
            Self::Reset => (answer, Disturbance::RESET),
            Self::Truncate => (answer, Disturbance::TRUNCATED),
            Self::Slow(delay) => (answer, Disturbance::delay(*delay)),
            Self::Malformed => {
                answer.body.truncate(answer.body.len() / 2);
                (answer, Disturbance::NONE)
            }
            Self::Html => replaced("text/html", Bytes::from_static(PAGE.as_bytes())),
            Self::Xxe => replaced(super::answer::ENTRY, Bytes::from_static(XXE.as_bytes())),
            Self::Body(content_type, body) => replaced(content_type, body.clone()),
            Self::BareCreated => {
                let location = answer.headers.remove(LOCATION);
                let mut bare = Answer::empty(answer.status);
                bare.headers
                    .extend(location.map(|location| (LOCATION, location)));
                (bare, Disturbance::NONE)
            }
            Self::NoEtag => {
                answer.headers.remove(ETAG);
                (answer, Disturbance::NONE)
            }
            Self::Status(_) | Self::Redirect(_) | Self::ResetBefore | Self::Next(_) => {
                (answer, Disturbance::NONE)
            }
        }
    }
}

const PAGE: &str = "<!doctype html><html><head><title>Sorry</title></head>\
<body><p>This is not the service.<br></body></html>";

const XXE: &str = "<?xml version=\"1.0\"?>\n\
<!DOCTYPE entry [<!ENTITY file SYSTEM \"file:///etc/hostname\">]>\n\
<entry xmlns=\"http://www.w3.org/2005/Atom\"><id>x</id><title>&file;</title></entry>";
