//! Bad days, made to order.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use regex_lite::Regex;

use super::answer::Answer;

/// Something that goes wrong with an answer.
///
/// A request that meets [`status`](Self::status) or
/// [`reset_before`](Self::reset_before) has no effect. All others strike after
/// the operation was done: a client that repeats `new` with another key because
/// of one of them makes two documents.
#[derive(Clone, Debug)]
pub struct Fault(pub(super) Kind);

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Status(Answer),
    ResetBefore,
    Reset,
    Truncate,
    Slow(Duration),
    Html,
    Body(Bytes),
}

impl Fault {
    /// This status and nothing else; no effect.
    pub fn status(status: StatusCode) -> Self {
        Self(Kind::Status(Answer::status(status)))
    }

    /// This status with headers and a body; no effect.
    pub fn status_with(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        let headers = Box::new(headers);
        let body = body.into();
        Self(Kind::Status(Answer {
            status,
            headers,
            body,
        }))
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

    /// The answer is a page for people, with status 200.
    pub const fn html() -> Self {
        Self(Kind::Html)
    }

    /// The answer has this body, with the status and headers it would have had.
    pub fn body(body: impl Into<Bytes>) -> Self {
        Self(Kind::Body(body.into()))
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
struct Planned {
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
    pub(super) fn take(&mut self, method: &Method, target: &str) -> Option<Kind> {
        if self.0.is_empty() {
            return None;
        }
        let request = format!("{method} {target}");
        let mut planned = self.0.iter_mut();
        let planned =
            planned.find(|planned| planned.left > 0 && planned.pattern.is_match(&request))?;
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
            Self::ResetBefore => "reset-before",
            Self::Reset => "reset",
            Self::Truncate => "truncate",
            Self::Slow(_) => "slow",
            Self::Html => "html",
            Self::Body(_) => "body",
        }
    }

    /// The answer of a fault that strikes before anything is done.
    pub(super) fn before(&self) -> Option<(Answer, Option<Disturbance>)> {
        match self {
            Self::Status(answer) => Some((answer.clone(), None)),
            Self::ResetBefore => {
                let answer = Answer::status(StatusCode::SERVICE_UNAVAILABLE);
                Some((answer, Some(Disturbance::Reset)))
            }
            _ => None,
        }
    }

    /// What becomes of the answer to a request that was done, and how much
    /// later it comes.
    pub(super) fn after(&self, mut answer: Answer) -> (Answer, Option<Disturbance>, Duration) {
        let none = Duration::ZERO;
        match self {
            Self::Status(_) | Self::ResetBefore => (answer, None, none),
            Self::Reset => (answer, Some(Disturbance::Reset), none),
            Self::Truncate => (answer, Some(Disturbance::Truncate), none),
            Self::Slow(delay) => (answer, None, *delay),
            Self::Html => {
                let mut page = Answer::json("<!DOCTYPE html><html><body>Welcome</body></html>");
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                page.headers.insert(CONTENT_TYPE, html);
                (page, None, none)
            }
            Self::Body(body) => {
                answer.body = body.clone();
                (answer, None, none)
            }
        }
    }
}
