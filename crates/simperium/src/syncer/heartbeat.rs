//! Whether the other end of a socket is still there.

use std::time::Duration;

use tokio::time::Instant;

/// Asks for a sign of life when nothing was heard for a while, and gives up
/// when nothing is heard for as long again.
#[derive(Debug)]
pub(super) struct Heartbeat {
    after: Duration,
    heard: Instant,
    /// How many bytes had come then.
    bytes: u64,
    /// The number of the next question; the service answers with the one after
    /// it.
    number: u64,
    asked: bool,
}

/// What a silence means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// Nothing yet.
    Fine,
    /// This number is to be sent.
    Ask(u64),
    /// The other end is gone.
    Dead,
}

impl Heartbeat {
    /// From now on, with questions after this much silence.
    pub(super) fn new(after: Duration, now: Instant) -> Self {
        Self {
            after,
            heard: now,
            bytes: 0,
            number: 0,
            asked: false,
        }
    }

    /// A frame came, whatever it was, and with it so many bytes by now.
    pub(super) fn heard(&mut self, bytes: u64, now: Instant) {
        self.heard = now;
        self.bytes = bytes;
        self.asked = false;
    }

    /// So many bytes have come by now. Those of a large frame that is still
    /// coming are a sign of life, too.
    pub(super) fn read(&mut self, bytes: u64, now: Instant) {
        if bytes != self.bytes {
            self.heard(bytes, now);
        }
    }

    /// When to look next. `None` if never.
    pub(super) fn due(&self) -> Option<Instant> {
        let times = if self.asked { 2 } else { 1 };
        self.heard.checked_add(self.after.saturating_mul(times))
    }

    /// What has become of the silence.
    pub(super) fn look(&mut self, now: Instant) -> Pulse {
        if self.due().is_none_or(|due| now < due) {
            return Pulse::Fine;
        }
        if self.asked {
            return Pulse::Dead;
        }
        self.asked = true;
        let number = self.number;
        self.number = number.wrapping_add(2);
        Pulse::Ask(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(20);

    #[test]
    fn silence_is_asked_about_once_and_then_taken_for_the_end() {
        let begin = Instant::now();
        let mut heartbeat = Heartbeat::new(AFTER, begin);
        assert_eq!(heartbeat.due(), Some(begin + AFTER));
        assert_eq!(heartbeat.look(begin + AFTER / 2), Pulse::Fine);
        assert_eq!(heartbeat.look(begin + AFTER), Pulse::Ask(0));
        assert_eq!(heartbeat.look(begin + AFTER * 3 / 2), Pulse::Fine);
        assert_eq!(heartbeat.due(), Some(begin + AFTER * 2));
        assert_eq!(heartbeat.look(begin + AFTER * 2), Pulse::Dead);
    }

    #[test]
    fn a_frame_that_takes_long_is_no_silence() {
        let begin = Instant::now();
        let mut heartbeat = Heartbeat::new(AFTER, begin);
        for times in 1..10 {
            heartbeat.read(u64::from(times), begin + AFTER * times);
            assert_eq!(heartbeat.look(begin + AFTER * times), Pulse::Fine);
        }
        heartbeat.read(9, begin + AFTER * 10);
        assert_eq!(heartbeat.look(begin + AFTER * 10), Pulse::Ask(0));
        heartbeat.read(9, begin + AFTER * 11);
        assert_eq!(heartbeat.look(begin + AFTER * 11), Pulse::Dead);
    }

    #[test]
    fn whatever_comes_is_a_sign_of_life() {
        let begin = Instant::now();
        let mut heartbeat = Heartbeat::new(AFTER, begin);
        assert_eq!(heartbeat.look(begin + AFTER), Pulse::Ask(0));
        let later = begin + AFTER + AFTER / 2;
        heartbeat.heard(0, later);
        assert_eq!(heartbeat.look(begin + AFTER * 2), Pulse::Fine);
        assert_eq!(heartbeat.look(later + AFTER), Pulse::Ask(2));
    }
}
