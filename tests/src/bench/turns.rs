//! Several callers in one process, taking turns at one server.
//!
//! What an exchange of a few dozen microseconds takes depends on where the
//! system puts client and server, and how deeply an unused core sleeps. Of
//! processes of their own each is put somewhere else; callers that take turns
//! within one thread meet the same, so that they can be compared turn by turn.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stats::median;

/// What a call took, in seconds, in each turn of each caller.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Turns(BTreeMap<String, Vec<f64>>);

impl Turns {
    pub(super) fn add(&mut self, caller: &str, seconds: f64) {
        self.0.entry(caller.to_owned()).or_default().push(seconds);
    }

    /// All turns of both; the callers have to be the same.
    pub(super) fn append(&mut self, other: Self) {
        for (caller, mut seconds) in other.0 {
            self.0.entry(caller).or_default().append(&mut seconds);
        }
    }

    pub(super) fn seconds(&self, caller: &str) -> Option<f64> {
        median(self.0.get(caller)?.clone())
    }

    /// How many times as long as a call of `base`'s: the median of what came of
    /// each turn.
    pub(super) fn ratio(&self, caller: &str, base: &str) -> Option<f64> {
        let pairs = self.0.get(caller)?.iter().zip(self.0.get(base)?);
        median(pairs.map(|(seconds, base)| seconds / base).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_compared_within_a_turn() {
        let mut turns = Turns::default();
        for (base, ours) in [(10.0, 12.0), (100.0, 120.0), (30.0, 60.0)] {
            turns.add("base", base);
            turns.add("ours", ours);
        }
        assert_eq!(turns.ratio("ours", "base"), Some(1.2));
        assert_eq!(turns.seconds("ours"), Some(60.0));
        assert_eq!(turns.ratio("nobody", "base"), None);
    }

    #[test]
    fn later_turns_are_added_to_earlier_ones() {
        let mut all = Turns::default();
        for seconds in [3.0, 1.0, 2.0] {
            let mut one = Turns::default();
            one.add("ours", seconds);
            all.append(one);
        }
        assert_eq!(all.seconds("ours"), Some(2.0));
    }
}
