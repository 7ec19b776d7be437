//! How fast changes are sent.

use std::time::Duration;

use crate::store::Millis;

/// The slowest, in changes a second.
const SLOWEST: f64 = 5.0;
/// The first pause after the server was too busy.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How much faster with each change that the server takes.
const RECOVERY: f64 = 0.5;

/// How fast changes are sent: as fast as the server takes them, until it says
/// that they were too many.
#[derive(Debug)]
pub(super) struct Pace {
    /// Changes a second; `None` for no limit.
    rate: Option<f64>,
    /// What the limit becomes when there was none, and at most again.
    busy_rate: f64,
    /// What may be sent at once.
    tokens: f64,
    /// When that was so.
    at: Millis,
    /// Nothing is sent before.
    paused: Millis,
    /// Pauses since the server last took something.
    pauses: u32,
}

impl Pace {
    pub(super) fn new(rate: Option<u32>, busy_rate: u32, now: Millis) -> Self {
        let rate = rate.map(f64::from);
        Self {
            rate,
            busy_rate: f64::from(busy_rate).max(SLOWEST),
            tokens: rate.unwrap_or_default(),
            at: now,
            paused: Millis::default(),
            pauses: 0,
        }
    }

    /// Takes the right to send one change now.
    pub(super) fn take(&mut self, now: Millis) -> bool {
        if now < self.paused {
            return false;
        }
        let Some(rate) = self.rate else {
            return true;
        };
        let passed = now.0.saturating_sub(self.at.0);
        self.at = now;
        // At most what is due in a second.
        self.tokens = (self.tokens + rate * millis(passed) / 1e3).min(rate.max(1.0));
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }

    /// When a change may be sent that is to be sent at this time.
    pub(super) fn not_before(&self, at: Millis) -> Millis {
        let token = match self.rate {
            Some(rate) if self.tokens < 1.0 => {
                let wait = Duration::from_secs_f64((1.0 - self.tokens) / rate);
                // Never a moment too early.
                self.at.after(wait + Duration::from_millis(1))
            }
            _ => Millis::default(),
        };
        at.max(self.paused).max(token)
    }

    /// The server was too busy. Of many that say so at once, one counts.
    pub(super) fn busy(&mut self, now: Millis) {
        if now < self.paused {
            return;
        }
        let pause = PAUSE
            .saturating_mul(1 << self.pauses.min(6))
            .min(LONGEST_PAUSE);
        self.pauses += 1;
        self.paused = now.after(pause);
        self.rate = Some(match self.rate {
            Some(rate) => (rate / 2.0).max(SLOWEST),
            None => self.busy_rate,
        });
        self.tokens = 0.0;
        self.at = self.paused;
    }

    /// The server took a change.
    pub(super) fn taken(&mut self) {
        self.pauses = 0;
        if let Some(rate) = &mut self.rate {
            *rate = (*rate + RECOVERY).min(self.busy_rate.max(*rate));
        }
    }

    /// Ends a pause.
    pub(super) fn resume(&mut self, now: Millis) {
        self.paused = self.paused.min(now);
        // What may be sent was to grow from the end of the pause.
        self.at = self.at.min(now);
    }
}

#[allow(clippy::cast_precision_loss, reason = "a few seconds at most matter")]
fn millis(passed: u64) -> f64 {
    passed.min(60_000) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pace: &mut Pace, now: u64) -> usize {
        (0..1000).take_while(|_| pace.take(Millis(now))).count()
    }

    #[test]
    fn there_is_no_limit_until_the_server_is_busy() {
        let mut pace = Pace::new(None, 200, Millis(0));
        assert_eq!(taken(&mut pace, 0), 1000);
        pace.busy(Millis(10));
        pace.busy(Millis(11));
        assert_eq!(taken(&mut pace, 1009), 0);
        assert_eq!(pace.not_before(Millis(11)), Millis(1016));
        assert_eq!(taken(&mut pace, 1010), 0);
        assert_eq!(pace.not_before(Millis(1010)), Millis(1016));
        assert_eq!(taken(&mut pace, 1510), 100);
        assert_eq!(taken(&mut pace, 9999), 200);
    }

    #[test]
    fn pauses_grow_until_something_is_taken() {
        let mut pace = Pace::new(Some(100), 200, Millis(0));
        assert_eq!(taken(&mut pace, 0), 100);
        pace.busy(Millis(0));
        assert!(!pace.take(Millis(999)));
        pace.busy(Millis(1000));
        assert!(!pace.take(Millis(2999)) && pace.take(Millis(3100)));
        pace.taken();
        pace.busy(Millis(3100));
        assert!(!pace.take(Millis(4099)) && pace.take(Millis(4200)));
        pace.busy(Millis(4200));
        assert!(pace.not_before(Millis(4300)) >= Millis(6200));
        pace.resume(Millis(4300));
        assert!(pace.not_before(Millis(4300)) < Millis(6200));
    }

    #[test]
    fn the_rate_falls_to_the_slowest_and_comes_back() {
        let mut pace = Pace::new(None, 200, Millis(0));
        let mut now = 0;
        for _ in 0..20 {
            pace.busy(Millis(now));
            now += 100_000;
        }
        assert_eq!(taken(&mut pace, now), 5);
        for _ in 0..1000 {
            pace.taken();
        }
        assert_eq!(taken(&mut pace, now + 100_000), 200);
    }
}
