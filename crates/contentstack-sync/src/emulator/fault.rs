//! Bad days, made to order.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use sync_core::local::Disturbance;

use super::answer::Answer;
use super::log::Call;

/// Something that goes wrong with an answer.
#[derive(Clone, Debug)]
pub struct Fault(pub(super) Strike);

/// Those up to [`DropBefore`](Self::DropBefore) keep the request from having
/// any effect; the others spoil the answer to one that was done.
#[derive(Clone, Debug)]
pub(super) enum Strike {
    Answer(&'static str, Answer),
    RateLimited(Option<u64>),
    InvalidToken,
    DropBefore,
    DropAfter,
    Truncate,
    Slow(Duration),
    Garbage,
    BothTokens,
    NoToken,
    NullToken,
    SameToken,
    Stale,
}

impl Fault {
    /// An error of the service's own kind.
    pub fn status(status: StatusCode) -> Self {
        let message = status.canonical_reason().unwrap_or("Error");
        let answer = Answer::error(status, status.as_u16(), message, &json!({}));
        Self(Strike::Answer("status", answer))
    }

    /// An error as a page for people, as a CDN would send it.
    pub fn html(status: StatusCode) -> Self {
        Self(Strike::Answer("html", Answer::html(status)))
    }

    /// A status and nothing else.
    pub fn empty(status: StatusCode) -> Self {
        Self(Strike::Answer("empty", Answer::empty(status)))
    }

    /// This answer instead of the real one.
    pub fn answer(status: StatusCode, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        let answer = Answer {
            status,
            headers: Box::new(headers),
            body: body.into(),
        };
        Self(Strike::Answer("answer", answer))
    }

    /// 429 with the headers of the rate limit, and `Retry-After` in seconds.
    pub const fn rate_limited(retry_after: Option<u64>) -> Self {
        Self(Strike::RateLimited(retry_after))
    }

    /// 422, as if the token were unknown. It works again afterwards.
    pub const fn invalid_token() -> Self {
        Self(Strike::InvalidToken)
    }

    /// The connection is closed, and nothing was done.
    pub const fn drop_before() -> Self {
        Self(Strike::DropBefore)
    }

    /// The connection is closed without an answer after all was done.
    pub const fn drop_after() -> Self {
        Self(Strike::DropAfter)
    }

    /// The connection is closed in the middle of the body.
    pub const fn truncate() -> Self {
        Self(Strike::Truncate)
    }

    /// The answer comes this much later.
    pub const fn slow(delay: Duration) -> Self {
        Self(Strike::Slow(delay))
    }

    /// The answer is JSON up to its middle, and well framed.
    pub const fn garbage() -> Self {
        Self(Strike::Garbage)
    }

    /// The page has both tokens; the one it should not have is of no use.
    pub const fn both_tokens() -> Self {
        Self(Strike::BothTokens)
    }

    /// The page has no token.
    pub const fn no_token() -> Self {
        Self(Strike::NoToken)
    }

    /// The token that the page does not have is `null`.
    pub const fn null_token() -> Self {
        Self(Strike::NullToken)
    }

    /// The page leads to itself: its `pagination_token` is the one that was
    /// asked for.
    pub const fn same_token() -> Self {
        Self(Strike::SameToken)
    }

    /// The CDN answers as it did before, if it was ever asked the same.
    pub const fn stale() -> Self {
        Self(Strike::Stale)
    }
}

/// Which requests a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum On {
    /// Every request.
    Any,
    /// `GET /v3/stacks/sync`, whatever is asked for.
    Sync,
    /// One kind of request.
    Call(Call),
}

impl On {
    fn takes(self, call: Call) -> bool {
        match self {
            Self::Any => true,
            Self::Sync => matches!(call, Call::Init | Call::Page | Call::Delta),
            Self::Call(wanted) => call == wanted,
        }
    }
}

#[derive(Debug)]
struct Planned {
    on: On,
    skip: u32,
    times: u32,
    fault: Fault,
}

/// The faults that are still to come.
#[derive(Debug)]
pub(super) struct Plan {
    planned: Vec<Planned>,
    random: fastrand::Rng,
    /// How many of a thousand requests meet one of these.
    trouble: (u32, Vec<Fault>),
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            planned: Vec::new(),
            random: fastrand::Rng::with_seed(seed.rotate_left(32)),
            trouble: (0, Vec::new()),
        }
    }

    pub(super) fn add(&mut self, on: On, skip: u32, times: u32, fault: Fault) {
        if times > 0 {
            self.planned.push(Planned {
                on,
                skip,
                times,
                fault,
            });
        }
    }

    pub(super) fn trouble(&mut self, of_a_thousand: u32, faults: Vec<Fault>) {
        self.trouble = (of_a_thousand, faults);
    }

    pub(super) fn clear(&mut self) {
        self.planned.clear();
        self.trouble = (0, Vec::new());
    }

    /// The first fault for this request, which is then one fewer.
    pub(super) fn take(&mut self, call: Call) -> Option<Strike> {
        for (index, planned) in self.planned.iter_mut().enumerate() {
            if !planned.on.takes(call) {
                continue;
            }
            if planned.skip > 0 {
                planned.skip -= 1;
                continue;
            }
            planned.times -= 1;
            let strike = planned.fault.0.clone();
            if planned.times == 0 {
                self.planned.remove(index);
            }
            return Some(strike);
        }
        let (of_a_thousand, faults) = &self.trouble;
        if *of_a_thousand == 0 || self.random.u32(..1000) >= *of_a_thousand {
            return None;
        }
        self.random.choice(faults).map(|fault| fault.0.clone())
    }
}

impl Strike {
    /// The name of the fault, as the control interface has it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Answer(name, _) => name,
            Self::RateLimited(_) => "rate-limited",
            Self::InvalidToken => "invalid-token",
            Self::DropBefore => "drop-before",
            Self::DropAfter => "drop-after",
            Self::Truncate => "truncate",
            Self::Slow(_) => "slow",
            Self::Garbage => "garbage",
            Self::BothTokens => "both-tokens",
            Self::NoToken => "no-token",
            Self::NullToken => "null-token",
            Self::SameToken => "same-token",
            Self::Stale => "stale",
        }
    }

    /// The answer of a fault that keeps anything from being done.
    pub(super) fn before(&self, call: Call, limit: Option<u32>) -> Option<Answer> {
        match self {
            Self::Answer(_, answer) => Some(answer.clone()),
            Self::RateLimited(seconds) => {
                Some(Answer::rate_limited(limit.unwrap_or(100), *seconds))
            }
            Self::InvalidToken => match call {
                Call::Page => Some(Answer::unknown_token("pagination_token")),
                Call::Delta => Some(Answer::unknown_token("sync_token")),
                _ => None,
            },
            Self::DropBefore => Some(Answer::empty(StatusCode::SERVICE_UNAVAILABLE)),
            _ => None,
        }
    }

    /// What becomes of the answer to a request that was done.
    pub(super) fn spoil(&self, mut answer: Answer, asked: Option<&str>) -> Answer {
        if let Self::Garbage = self {
            answer.body.truncate(answer.body.len() / 2);
            return answer;
        }
        let is_json = answer.status == StatusCode::OK && answer.headers.contains_key(CONTENT_TYPE);
        let edit = |edit: &dyn Fn(&mut serde_json::Map<String, Value>)| {
            let Ok(Value::Object(mut page)) = serde_json::from_slice(&answer.body) else {
                return None;
            };
            edit(&mut page);
            Some(Bytes::from(Value::Object(page).to_string()))
        };
        const NAMES: [&str; 2] = ["pagination_token", "sync_token"];
        let edited = match self {
            _ if !is_json => None,
            Self::BothTokens => edit(&|page| {
                for name in NAMES {
                    page.entry(name).or_insert_with(|| json!("csstray"));
                }
            }),
            Self::NoToken => edit(&|page| page.retain(|name, _| !NAMES.contains(&name.as_str()))),
            Self::NullToken => edit(&|page| {
                for name in NAMES {
                    page.entry(name).or_insert(Value::Null);
                }
            }),
            Self::SameToken => edit(&|page| {
                page.remove("sync_token");
                let token = asked.unwrap_or("csthesame");
                page.insert("pagination_token".to_owned(), token.into());
            }),
            _ => None,
        };
        if let Some(body) = edited {
            answer.body = body;
        }
        answer
    }

    pub(super) const fn disturbance(&self) -> Disturbance {
        match self {
            Self::DropBefore | Self::DropAfter => Disturbance::RESET,
            Self::Truncate => Disturbance::TRUNCATED,
            Self::Slow(delay) => Disturbance::delay(*delay),
            _ => Disturbance::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_when_and_as_often_as_it_was_told_to() {
        let mut plan = Plan::new(1);
        plan.add(On::Call(Call::Page), 1, 2, Fault::truncate());
        assert!(plan.take(Call::Init).is_none());
        let struck: Vec<bool> = (0..5).map(|_| plan.take(Call::Page).is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
    }

    #[test]
    fn trouble_comes_about_as_often_as_it_was_told_to() {
        let mut plan = Plan::new(1);
        plan.trouble(250, vec![Fault::drop_before(), Fault::garbage()]);
        let struck = (0..1000).filter(|_| plan.take(Call::Page).is_some());
        assert!((200..300).contains(&struck.count()));
        plan.clear();
        assert!((0..1000).all(|_| plan.take(Call::Page).is_none()));
    }
}
