//! When to try again, and how long to wait before.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use tokio::time::Instant;

use crate::clock::Clock;

/// How often a failed attempt is repeated, and after which pause.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    pub(crate) max_attempts: u32,
    pub(crate) max_retry_after: Duration,
    pub(crate) answers: RetryAnswers,
    pub(crate) backoff: Backoff,
}

impl Default for RetryPolicy {
    /// Four attempts, pauses by [`Backoff::default`], and a pause that the
    /// service asks for up to 60 s.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            max_retry_after: Duration::from_secs(60),
            answers: RetryAnswers::Passing,
            backoff: Backoff::default(),
        }
    }
}

impl RetryPolicy {
    /// One attempt only.
    pub fn never() -> Self {
        Self::default().max_attempts(1)
    }

    /// Limits the attempts, the first included. Redirects and the attempt
    /// after renewed credentials do not count.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest pause asked for by the service (`Retry-After`) that is
    /// waited out. A longer one ends the call at once, with an error that
    /// carries it.
    #[must_use]
    pub fn max_retry_after(mut self, limit: Duration) -> Self {
        self.max_retry_after = limit;
        self
    }

    /// Which answers are repeated. Lost connections are not answers: they are
    /// repeated as far as the attempts allow.
    #[must_use]
    pub fn answers(mut self, answers: RetryAnswers) -> Self {
        self.answers = answers;
        self
    }

    /// The pauses between attempts.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}

/// Which answers that report a passing failure are tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAnswers {
    /// All of them: see the table in [`policy`](crate::policy).
    #[default]
    Passing,
    /// Only those that ask for it, with a `Retry-After`.
    WhenAsked,
    /// None: whatever the service answers is the result of the call.
    Never,
}

impl RetryAnswers {
    pub(super) fn allow(self, asked: Option<Duration>) -> bool {
        match self {
            Self::Passing => true,
            Self::WhenAsked => asked.is_some(),
            Self::Never => false,
        }
    }
}

/// Growing pauses: the n-th is random between zero and `base · 2ⁿ`, at most
/// `cap` ("full jitter").
#[derive(Clone)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    random: Option<Arc<Mutex<fastrand::Rng>>>,
}

impl Default for Backoff {
    /// From 200 ms up to 20 s.
    fn default() -> Self {
        Self::new(Duration::from_millis(200), Duration::from_secs(20))
    }
}

impl Backoff {
    /// Pauses that grow from `base` up to `cap`.
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            random: None,
        }
    }

    /// The same pauses in every run, for tests and simulations.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.random = Some(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))));
        self
    }

    /// The pause after the failure number `failures`, counted from 0.
    pub fn pause(&self, failures: u32) -> Duration {
        let limit = self
            .base
            .saturating_mul(1u32.checked_shl(failures).unwrap_or(u32::MAX))
            .min(self.cap);
        let share = match &self.random {
            Some(random) => random.lock().unwrap_or_else(PoisonError::into_inner).f64(),
            None => fastrand::f64(),
        };
        limit.mul_f64(share)
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backoff({:?}..{:?})", self.base, self.cap)
    }
}

/// What repeated attempts may cost all calls of a client together, so that a
/// service in trouble does not get many times its normal load.
///
/// A bucket of tokens: it holds 100 and fills by 10 each second; a repeated
/// attempt takes 1, one after a timeout 2. Clones share the bucket.
#[derive(Clone)]
pub struct RetryBudget(Arc<Mutex<Bucket>>);

struct Bucket {
    tokens: f64,
    capacity: f64,
    per_second: f64,
    filled_at: Option<Instant>,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(100, 10.0)
    }
}

impl RetryBudget {
    /// A bucket of `capacity` tokens, full at first, that fills by `per_second`.
    pub fn new(capacity: u32, per_second: f64) -> Self {
        Self(Arc::new(Mutex::new(Bucket {
            tokens: f64::from(capacity),
            capacity: f64::from(capacity),
            per_second,
            filled_at: None,
        })))
    }

    /// The tokens left.
    pub fn left(&self) -> u32 {
        self.with(|bucket| bucket.tokens as u32)
    }

    pub(crate) fn spend(&self, after_timeout: bool) -> bool {
        let cost = if after_timeout { 2.0 } else { 1.0 };
        self.with(|bucket| {
            let enough = bucket.tokens >= cost;
            if enough {
                bucket.tokens -= cost;
            }
            enough
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(before) = bucket.filled_at.replace(now) {
            let gained = now.duration_since(before).as_secs_f64() * bucket.per_second;
            bucket.tokens = (bucket.tokens + gained).min(bucket.capacity);
        }
        change(&mut bucket)
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RetryBudget({} left)", self.left())
    }
}

/// Reads `Retry-After` in both its forms (RFC 9110 section 10.2.3). A date is
/// taken relative to the answer's own `Date`, so that a wrong clock on either
/// side does not matter.
pub(super) fn retry_after(headers: &HeaderMap, clock: &Clock) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean "very long".
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let now = headers
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or_else(|| clock.now());
    Some(at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::HeaderValue;

    use super::*;

    fn read(pairs: &[(http::HeaderName, &'static str)]) -> Option<Duration> {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        retry_after(&headers, &Clock::fixed(SystemTime::UNIX_EPOCH))
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let later = "Sun, 06 Nov 1994 08:50:07 GMT";
        assert_eq!(
            read(&[(RETRY_AFTER, "120")]),
            Some(Duration::from_secs(120))
        );
        assert_eq!(read(&[(RETRY_AFTER, "0")]), Some(Duration::ZERO));
        assert_eq!(
            read(&[(RETRY_AFTER, later), (DATE, date)]),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            read(&[(RETRY_AFTER, date), (DATE, later)]),
            Some(Duration::ZERO)
        );
        assert_eq!(
            read(&[(RETRY_AFTER, "Thu, 01 Jan 1970 00:00:05 GMT")]),
            Some(Duration::from_secs(5))
        );
        // The two forms of date that are obsolete, and must be read.
        for later in ["Sunday, 06-Nov-94 08:50:07 GMT", "Sun Nov  6 08:50:07 1994"] {
            let read = read(&[(RETRY_AFTER, later), (DATE, date)]);
            assert_eq!(read, Some(Duration::from_secs(30)), "{later}");
        }
        let huge = "99999999999999999999999";
        assert_eq!(
            read(&[(RETRY_AFTER, huge)]),
            Some(Duration::from_secs(u64::MAX))
        );
        for bad in ["", "-1", "1.5", "soon"] {
            assert_eq!(read(&[(RETRY_AFTER, bad)]), None, "{bad}");
        }
    }

    #[test]
    fn pauses_grow_to_their_cap_and_repeat_with_their_seed() {
        let backoff = || Backoff::new(Duration::from_millis(100), Duration::from_secs(1)).seeded(7);
        let (one, two) = (backoff(), backoff());
        for failures in [0, 1, 2, 3, 4, 31, 32, 1000] {
            let pause = one.pause(failures);
            let limit = Duration::from_millis(100).saturating_mul(1 << failures.min(20));
            assert!(
                pause <= limit.min(Duration::from_secs(1)),
                "{failures}: {pause:?}"
            );
            assert_eq!(pause, two.pause(failures));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_budget_runs_dry_and_fills_again() {
        let budget = RetryBudget::new(4, 2.0);
        assert!(budget.spend(true) && budget.spend(false) && budget.spend(false));
        assert!(!budget.spend(false));
        tokio::time::advance(Duration::from_millis(600)).await;
        assert!(budget.spend(false));
        assert!(!budget.spend(false));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(budget.left(), 4);
    }
}
