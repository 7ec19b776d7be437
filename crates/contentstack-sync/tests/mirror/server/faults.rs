//! The service's bad days.

use fastrand::Rng;

/// What can go wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// 429, with a pause.
    TooMany,
    /// 503, with a page of HTML.
    Broken,
    /// The connection ends before the answer.
    Reset,
    /// No answer, ever.
    Silence,
    /// The answer breaks off in the middle.
    Cut,
    /// The token is said to be unknown, once.
    UnknownForNow,
    /// The token is unknown from now on.
    Forgotten,
    /// A cache answers with what it got for this address before.
    Stale,
    /// A page without items, with a token of the page that is meant.
    EmptyPage,
    /// The page's token is the one it was asked for with.
    Circle,
    /// Both tokens.
    BothTokens,
    /// An item of a type that nobody knows.
    UnknownItem,
    /// An item that is none.
    BrokenItem,
    /// An item of the page twice.
    Repeated,
}

impl Fault {
    pub const ALL: [Self; 14] = [
        Self::TooMany,
        Self::Broken,
        Self::Reset,
        Self::Silence,
        Self::Cut,
        Self::UnknownForNow,
        Self::Forgotten,
        Self::Stale,
        Self::EmptyPage,
        Self::Circle,
        Self::BothTokens,
        Self::UnknownItem,
        Self::BrokenItem,
        Self::Repeated,
    ];

    fn needs_token(self) -> bool {
        matches!(
            self,
            Self::UnknownForNow | Self::Forgotten | Self::EmptyPage | Self::Circle
        )
    }
}

/// When what goes wrong.
pub struct Faults {
    pub rng: Rng,
    /// Out of 1000 answers, for each fault.
    permille: Vec<(Fault, u32)>,
    /// First of all these, in order, where they fit.
    planned: Vec<Fault>,
    /// Answers before them.
    good: usize,
}

impl Faults {
    pub fn none(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            permille: Vec::new(),
            planned: Vec::new(),
            good: 0,
        }
    }

    pub fn often(&mut self, fault: Fault, permille: u32) {
        self.permille.push((fault, permille));
    }

    /// The next answers have these faults.
    pub fn plan(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.planned.extend(faults);
    }

    /// After so many good answers, the next ones have these faults.
    pub fn plan_after(&mut self, good: usize, faults: impl IntoIterator<Item = Fault>) {
        self.good = good;
        self.plan(faults);
    }

    pub fn stop(&mut self) {
        self.permille.clear();
        self.planned.clear();
        self.good = 0;
    }

    pub(super) fn draw(&mut self, query: &str) -> Option<Fault> {
        if self.good > 0 {
            self.good -= 1;
            return None;
        }
        let has_token = query.contains("_token=");
        let fits = |fault: Fault| has_token || !fault.needs_token();
        if let Some(index) = self.planned.iter().position(|fault| fits(*fault)) {
            return Some(self.planned.remove(index));
        }
        for (fault, permille) in &self.permille {
            if self.rng.u32(..1000) < *permille && fits(*fault) {
                return Some(*fault);
            }
        }
        None
    }
}
