//! What several rounds cost.

use super::stats::median;
use crate::cost::Cost;

/// What was found out about one thing, a figure of each round.
#[derive(Debug, Default)]
pub(super) struct Figures {
    seconds: Vec<f64>,
    peak_kib: Vec<f64>,
}

impl Figures {
    pub(super) fn add(&mut self, cost: &Cost) {
        self.seconds.push(cost.seconds);
        self.peak_kib.push(cost.peak_kib as f64);
    }

    pub(super) fn seconds(&self) -> Option<f64> {
        median(self.seconds.clone())
    }

    pub(super) fn peak_mb(&self) -> Option<f64> {
        median(self.peak_kib.clone()).map(|kib| kib * 1024.0 / 1e6)
    }

    /// How many times as long as another: the median of what came of each round,
    /// as the machine is now faster and now slower.
    pub(super) fn ratio(&self, base: &Self) -> Option<f64> {
        let pairs = self.seconds.iter().zip(&base.seconds);
        median(pairs.map(|(seconds, base)| seconds / base).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(seconds: &[f64]) -> Figures {
        let mut figures = Figures::default();
        for &seconds in seconds {
            figures.add(&Cost {
                seconds,
                cpu_seconds: 0.0,
                peak_kib: 1_000,
                bytes: 0,
            });
        }
        figures
    }

    #[test]
    fn rounds_are_compared_one_by_one() {
        let ours = figures(&[12.0, 120.0, 60.0]);
        let base = figures(&[10.0, 100.0, 30.0]);
        assert_eq!(ours.ratio(&base), Some(1.2));
        assert_eq!(ours.seconds(), Some(60.0));
        assert_eq!(ours.peak_mb(), Some(1.024));
        assert_eq!(ours.ratio(&Figures::default()), None);
    }
}
