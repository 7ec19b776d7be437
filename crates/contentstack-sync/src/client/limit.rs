//! How many requests are made a second.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use sync_core::Clock;
use tokio::time::Instant;

use crate::model::EventTime;

/// A limit of requests a second. Clones share it.
///
/// The service counts the requests of a whole organisation: 100 a second by
/// default, all stacks, environments and programs together. Give one limit to
/// all stacks of an organisation; and leave some for those who read the site.
///
/// Every attempt counts, also a repeated one. What the service says about its
/// own limit is heeded: a limit lower than this one, how many requests are
/// left, and when there are some again.
///
/// ```
/// use contentstack_sync::{RateLimit, Stack};
///
/// let limit = RateLimit::per_second(40);
/// let stack = |key: &str| Stack::builder(key, "cs…", "production").rate_limit(limit.clone());
/// # stack("blt…");
/// ```
#[derive(Clone)]
pub struct RateLimit(Arc<Mutex<Bucket>>);

struct Bucket {
    /// May be below zero: what was taken without waiting.
    tokens: f64,
    per_second: f64,
    /// What the service says, where that is less.
    reported: Option<f64>,
    filled_at: Option<Instant>,
    /// Nobody asks before.
    blocked_until: Option<Instant>,
}

impl Default for RateLimit {
    /// 80 a second.
    fn default() -> Self {
        Self::per_second(80)
    }
}

impl RateLimit {
    /// A limit of `requests` a second (at least 1), which may come all at once.
    pub fn per_second(requests: u32) -> Self {
        let per_second = f64::from(requests.max(1));
        Self(Arc::new(Mutex::new(Bucket {
            tokens: per_second,
            per_second,
            reported: None,
            filled_at: None,
            blocked_until: None,
        })))
    }

    /// No limit but what the service asks for.
    pub fn unlimited() -> Self {
        Self::per_second(u32::MAX)
    }

    /// Whether these are one limit.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Waits for its turn. The turn is taken when this returns; giving up the
    /// wait takes none.
    pub(crate) async fn acquire(&self) {
        loop {
            let Some(pause) = self.with(Bucket::take) else {
                return;
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Takes a turn at once, from those to come.
    pub(crate) fn charge(&self) {
        self.with(|bucket| bucket.tokens -= 1.0);
    }

    /// Heeds what an answer says about the limit.
    pub(crate) fn observe(&self, status: StatusCode, headers: &HeaderMap, clock: &Clock) {
        let limit = number(headers, "x-ratelimit-limit").filter(|limit| *limit >= 1.0);
        // Less than nothing is nothing: a wait must not become endless by a header.
        let left = number(headers, "x-ratelimit-remaining").map(|left| left.max(0.0));
        let refused = status == StatusCode::TOO_MANY_REQUESTS;
        if limit.is_none() && left.is_none() && !refused {
            return;
        }
        let used_up = refused || left.is_some_and(|left| left < 1.0);
        let pause = used_up.then(|| pause(headers, clock)).flatten();
        self.with(|bucket| {
            if limit.is_some() {
                bucket.reported = limit;
            }
            if let Some(left) = left {
                bucket.tokens = bucket.tokens.min(left);
            }
            if refused {
                bucket.tokens = bucket.tokens.min(0.0);
            }
            // Longer is the business of whoever got the answer.
            let until = pause
                .map(|pause| pause.min(Duration::from_secs(60)))
                .and_then(|pause| Instant::now().checked_add(pause));
            bucket.blocked_until = bucket.blocked_until.max(until);
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.fill();
        change(&mut bucket)
    }
}

impl Bucket {
    fn rate(&self) -> f64 {
        self.reported
            .map_or(self.per_second, |reported| reported.min(self.per_second))
    }

    fn fill(&mut self) {
        let now = Instant::now();
        let rate = self.rate();
        if let Some(before) = self.filled_at.replace(now) {
            self.tokens += now.duration_since(before).as_secs_f64() * rate;
        }
        self.tokens = self.tokens.min(rate);
    }

    /// Takes a turn, or says when to come back.
    fn take(&mut self) -> Option<Duration> {
        let now = Instant::now();
        if let Some(until) = self.blocked_until {
            if until > now {
                return Some(until - now);
            }
            self.blocked_until = None;
        }
        // What rounding leaves of a whole token is one.
        if self.tokens >= 1.0 - 1e-6 {
            self.tokens -= 1.0;
            return None;
        }
        let pause = Duration::from_secs_f64((1.0 - self.tokens) / self.rate());
        // Timers have milliseconds: a shorter pause would be none.
        Some(pause.max(Duration::from_millis(1)))
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RateLimit({}/s)", self.with(|bucket| bucket.rate()))
    }
}

/// How long an answer asks to wait: `Retry-After`, in seconds or as a date, or
/// else when the limit is reset.
pub(crate) fn pause(headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER).and_then(|value| {
        let text = value.to_str().ok()?.trim();
        match text.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => {
                let at = httpdate::parse_http_date(text).ok()?;
                Some(at.duration_since(now(headers, clock)).unwrap_or_default())
            }
        }
    });
    asked.or_else(|| reset(headers, clock))
}

/// The time by the service's own clock, where it says so.
fn now(headers: &HeaderMap, clock: &Clock) -> SystemTime {
    headers
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or_else(|| clock.now())
}

/// How long it is until the limit is reset: `x-ratelimit-reset` (seconds since
/// 1970, or from now on) or `x-ratelimit-reset-time` (ISO 8601).
pub(crate) fn reset(headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    let now = now(headers, clock);
    let until = |at: SystemTime| at.duration_since(now).unwrap_or_default();
    if let Some(seconds) = number(headers, "x-ratelimit-reset").filter(|seconds| *seconds >= 0.0) {
        let seconds = Duration::try_from_secs_f64(seconds).ok()?;
        // No service is down for thirty years.
        return if seconds.as_secs() < 1_000_000_000 {
            Some(seconds)
        } else {
            Some(until(SystemTime::UNIX_EPOCH.checked_add(seconds)?))
        };
    }
    let text = headers.get("x-ratelimit-reset-time")?.to_str().ok()?;
    Some(until(EventTime::from(text).to_system_time()?))
}

fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    let text = headers.get(name)?.to_str().ok()?;
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}
