//! Bad days, made to order.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use regex_lite::Regex;

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

/// What happens to an answer on its way: found in the extensions of what
/// [`Emulator::handle`](super::Emulator::handle) returns, which cannot do it
/// itself. The server and the transport of an emulator do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disturbance {
    /// The connection is closed instead of answering.
    Reset,
    /// The connection is closed in the middle of the body.
    Truncate,
    /// The answer is sent this much later.
    Delay(Duration),
}

/// The pattern of a fault cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPattern(String);

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the pattern of a fault is no regular expression: {}",
            self.0
        )
    }
}

impl std::error::Error for InvalidPattern {}

/// A fault and the requests it is for.
#[derive(Debug)]
pub(super) struct Planned {
    pattern: Regex,
    left: u32,
    fault: Fault,
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(super) struct Plan(Vec<Planned>);

impl Plan {
    pub(super) fn add(
        &mut self,
        pattern: &str,
        times: u32,
        fault: Fault,
    ) -> Result<(), InvalidPattern> {
        if times == 0 {
            return Ok(());
        }
        let pattern = Regex::new(pattern).map_err(|error| InvalidPattern(error.to_string()))?;
        self.0.push(Planned {
            pattern,
            left: times,
            fault,
        });
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first fault for this request, which is then one fewer.
    pub(super) fn take(&mut self, method: &Method, path: &str) -> Option<Kind> {
        if self.0.is_empty() {
            return None;
        }
        let request = format!("{method} {path}");
        let planned = self
            .0
            .iter_mut()
            .find(|planned| planned.pattern.is_match(&request))?;
        planned.left -= 1;
        let kind = planned.fault.0.clone();
        self.0.retain(|planned| planned.left > 0);
        Some(kind)
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
    pub(super) fn before(&self) -> Option<(Answer, Option<Disturbance>)> {
        match self {
            Self::Status(answer) | Self::Redirect(answer) => Some((answer.clone(), None)),
            Self::ResetBefore => Some((
                Answer::empty(StatusCode::SERVICE_UNAVAILABLE),
                Some(Disturbance::Reset),
            )),
            _ => None,
        }
    }

    /// What becomes of the answer to a request that was done.
    pub(super) fn after(&self, mut answer: Answer) -> (Answer, Option<Disturbance>) {
        let replaced = |content_type: &str, body: Bytes| {
            let answer = Answer {
                body,
                ..Answer::empty(StatusCode::OK)
            };
            (answer.with(CONTENT_TYPE, content_type), None)
        };
        match self {
            Self::Reset => (answer, Some(Disturbance::Reset)),
            Self::Truncate => (answer, Some(Disturbance::Truncate)),
            Self::Slow(delay) => (answer, Some(Disturbance::Delay(*delay))),
            Self::Malformed => {
                answer.body.truncate(answer.body.len() / 2);
                (answer, None)
            }
            Self::Html => replaced("text/html", Bytes::from_static(PAGE.as_bytes())),
            Self::Xxe => replaced(super::answer::ENTRY, Bytes::from_static(XXE.as_bytes())),
            Self::Body(content_type, body) => replaced(content_type, body.clone()),
            Self::BareCreated => {
                let location = answer.headers.remove(LOCATION);
                let mut bare = Answer::empty(answer.status);
                bare.headers
                    .extend(location.map(|location| (LOCATION, location)));
                (bare, None)
            }
            Self::NoEtag => {
                answer.headers.remove(ETAG);
                (answer, None)
            }
            Self::Status(_) | Self::Redirect(_) | Self::ResetBefore | Self::Next(_) => {
                (answer, None)
            }
        }
    }
}

const PAGE: &str = "<!doctype html><html><head><title>Sorry</title></head>\
<body><p>This is not the service.<br></body></html>";

const XXE: &str = "<?xml version=\"1.0\"?>\n\
<!DOCTYPE entry [<!ENTITY file SYSTEM \"file:///etc/hostname\">]>\n\
<entry xmlns=\"http://www.w3.org/2005/Atom\"><id>x</id><title>&file;</title></entry>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_as_often_as_it_was_told_to() {
        let mut plan = Plan::default();
        plan.add("^GET /v2/phones", 2, Fault::html()).unwrap();
        assert!(plan.take(&Method::POST, "/v2/phones/").is_none());
        assert!(plan.take(&Method::GET, "/v2/services/").is_none());
        for _ in 0..2 {
            assert!(plan.take(&Method::GET, "/v2/phones/").is_some());
        }
        assert!(plan.take(&Method::GET, "/v2/phones/").is_none());
        assert!(plan.add("(", 1, Fault::reset()).is_err());
    }
}
