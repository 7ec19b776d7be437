//! Bad days, made to order.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use sync_core::local::Disturbance;

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
    pub(super) fn before(&self) -> Option<(Answer, Disturbance)> {
        match self {
            Self::Status(answer) => Some((answer.clone(), Disturbance::NONE)),
            Self::ResetBefore => {
                let answer = Answer::status(StatusCode::SERVICE_UNAVAILABLE);
                Some((answer, Disturbance::RESET))
            }
            _ => None,
        }
    }

    /// What becomes of the answer to a request that was done.
    pub(super) fn after(&self, mut answer: Answer) -> (Answer, Disturbance) {
        match self {
            Self::Status(_) | Self::ResetBefore => (answer, Disturbance::NONE),
            Self::Reset => (answer, Disturbance::RESET),
            Self::Truncate => (answer, Disturbance::TRUNCATED),
            Self::Slow(delay) => (answer, Disturbance::delay(*delay)),
            Self::Html => {
                let mut page = Answer::json("<!DOCTYPE html><html><body>Welcome</body></html>");
                let html = HeaderValue::from_static("text/html; charset=utf-8");
                page.headers.insert(CONTENT_TYPE, html);
                (page, Disturbance::NONE)
            }
            Self::Body(body) => {
                answer.body = body.clone();
                (answer, Disturbance::NONE)
            }
        }
    }
}
