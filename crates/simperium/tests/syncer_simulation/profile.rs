//! What may go wrong in a run.

/// What may go wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Nothing but latency.
    Slow,
    /// Connections break, some after a write and before its answer.
    Kicks,
    /// Processes end between any two steps; transactions fail.
    Crashes,
    /// The server does not know places any more, and repeats itself.
    Forgetful,
    /// The server refuses changes, for all reasons it may have.
    Refusals,
    /// All of it.
    Everything,
}

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Kicks => "kicks",
            Self::Crashes => "crashes",
            Self::Forgetful => "forgetful",
            Self::Refusals => "refusals",
            Self::Everything => "everything",
        }
    }

    fn is(self, one: Self) -> bool {
        self == one || self == Self::Everything
    }

    pub(crate) fn kicks(self) -> bool {
        self != Self::Slow
    }

    pub(crate) fn drops_answers(self) -> bool {
        self.is(Self::Kicks) || self == Self::Crashes
    }

    pub(crate) fn crashes(self) -> bool {
        self.is(Self::Crashes)
    }

    pub(crate) fn forgets(self) -> bool {
        self.is(Self::Forgetful)
    }

    pub(crate) fn refuses(self) -> bool {
        self.is(Self::Refusals)
    }
}
