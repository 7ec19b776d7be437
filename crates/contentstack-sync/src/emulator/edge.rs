//! What stands before the service: its CDN, and the limit of requests.

use std::collections::VecDeque;
use std::time::Duration;

use http::header::{AGE, VIA};
use http::{HeaderName, Request, StatusCode};
use tokio::time::Instant;

use super::answer::Answer;

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
const X_CACHE_HITS: HeaderName = HeaderName::from_static("x-cache-hits");

/// Earlier answers, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Cdn(VecDeque<Cached>);

#[derive(Debug)]
struct Cached {
    key: String,
    answer: Answer,
    since: Instant,
    hits: u64,
}

/// The URL, and the headers on which an answer depends.
pub(super) fn cache_key<B>(request: &Request<B>) -> String {
    let target = request
        .uri()
        .path_and_query()
        .map_or("", |path| path.as_str());
    let mut key = target.to_owned();
    for name in ["api_key", "access_token", "branch"] {
        key.push('\n');
        let value = request.headers().get(name);
        key.push_str(value.and_then(|value| value.to_str().ok()).unwrap_or(""));
    }
    key
}

impl Cdn {
    /// What was answered before: not longer ago than `within`, or whenever.
    pub(super) fn find(&mut self, key: &str, within: Option<Duration>) -> Option<Answer> {
        let cached = self.0.iter_mut().find(|cached| cached.key == key)?;
        let age = cached.since.elapsed();
        if within.is_some_and(|within| age >= within) {
            return None;
        }
        cached.hits += 1;
        let answer = cached.answer.clone();
        Some(
            answer
                .with(VIA, "1.1 varnish")
                .with(X_CACHE, "MISS, HIT")
                .with(X_CACHE_HITS, &format!("0, {}", cached.hits))
                .with(AGE, &age.as_secs().to_string()),
        )
    }

    /// Keeps an answer, one of `room`; with the headers it is sent with.
    pub(super) fn keep(&mut self, key: String, answer: Answer, room: usize) -> Answer {
        if answer.status == StatusCode::OK {
            self.0.retain(|cached| cached.key != key);
            while self.0.len() >= room.max(1) {
                self.0.pop_front();
            }
            self.0.push_back(Cached {
                key,
                answer: answer.clone(),
                since: Instant::now(),
                hits: 0,
            });
        }
        answer
            .with(VIA, "1.1 varnish")
            .with(X_CACHE, "MISS, MISS")
            .with(X_CACHE_HITS, "0, 0")
            .with(AGE, "0")
    }

    pub(super) fn purge(&mut self) {
        self.0.clear();
    }
}

/// How many requests may still come: a bucket that fills with time.
#[derive(Debug)]
pub(super) struct Meter {
    left: f64,
    at: Instant,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            left: f64::INFINITY,
            at: Instant::now(),
        }
    }

    /// Takes one of `limit` a second; how many are left, or `None` when this
    /// one is too many.
    pub(super) fn take(&mut self, limit: u32) -> Option<u32> {
        let most = f64::from(limit);
        let now = Instant::now();
        let gained = (now - self.at).as_secs_f64() * most;
        self.left = (self.left + gained).min(most);
        self.at = now;
        if self.left < 1.0 {
            return None;
        }
        self.left -= 1.0;
        // Below `limit`, which is a u32.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(self.left as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn so_many_requests_a_second_and_no_more() {
        let mut meter = Meter::new();
        let taken: Vec<Option<u32>> = (0..4).map(|_| meter.take(3)).collect();
        assert_eq!(taken, [Some(2), Some(1), Some(0), None]);
        tokio::time::advance(Duration::from_millis(400)).await;
        assert_eq!(meter.take(3), Some(0));
        assert_eq!(meter.take(3), None);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(meter.take(3), Some(2));
    }
}
