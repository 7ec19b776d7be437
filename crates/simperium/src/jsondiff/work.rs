//! How much work a call may do before it settles for a coarser answer.

/// Steps a call may still take.
///
/// The official programs stop after a second by the clock, so that their
/// answers depend on the machine. Steps give the same answer everywhere.
#[derive(Debug)]
pub(crate) struct Work {
    left: u64,
}

impl Work {
    pub(crate) const fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Takes `steps`; false when they are used up.
    pub(crate) fn spend(&mut self, steps: usize) -> bool {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        if steps > self.left {
            self.left = 0;
            return false;
        }
        self.left -= steps;
        true
    }
}
