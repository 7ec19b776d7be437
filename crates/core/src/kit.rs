//! What suites of named behaviours report with: the contract of a transport,
//! and the kits that every store of a service crate passes.

use std::error::Error as StdError;
use std::fmt;

/// A promise that was not kept, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

/// How one behaviour went.
pub type Outcome<T = ()> = Result<T, Violation>;

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error where none was due, so that behaviours are written with `?`. (That
/// is why a violation is no [`Error`](StdError) itself.)
impl<E: StdError> From<E> for Violation {
    fn from(error: E) -> Self {
        let mut text = format!("unexpected error: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        Self(text)
    }
}

/// Insists on a value.
///
/// # Errors
///
/// With both values if they differ.
pub fn same<T: PartialEq + fmt::Debug + ?Sized>(what: &str, is: &T, should: &T) -> Outcome {
    match is == should {
        true => Ok(()),
        false => Err(Violation(format!("{what}: {is:?} instead of {should:?}"))),
    }
}

/// Which behaviours were kept.
#[derive(Clone, Debug, Default)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report {
    kept: Vec<&'static str>,
    failed: Vec<(&'static str, String)>,
    skipped: Vec<(&'static str, String)>,
}

impl Report {
    /// Adds how a behaviour went.
    pub fn add(&mut self, name: &'static str, outcome: Outcome) {
        match outcome {
            Ok(()) => self.kept.push(name),
            Err(violation) => self.failed.push((name, violation.0)),
        }
    }

    /// Adds a behaviour that was not checked.
    pub fn skip(&mut self, name: &'static str, why: impl Into<String>) {
        self.skipped.push((name, why.into()));
    }

    /// The behaviours that were kept.
    pub fn kept(&self) -> &[&'static str] {
        &self.kept
    }

    /// The behaviours that were not kept, and why.
    pub fn failed(&self) -> &[(&'static str, String)] {
        &self.failed
    }

    /// The names of the behaviours that were not kept.
    pub fn failed_names(&self) -> Vec<&'static str> {
        self.failed.iter().map(|(name, _)| *name).collect()
    }

    /// The behaviours that were not checked, and why.
    pub fn skipped(&self) -> &[(&'static str, String)] {
        &self.skipped
    }

    /// Insists that every behaviour that was checked was kept.
    ///
    /// # Panics
    ///
    /// With the names of those that were not, and when none was checked.
    #[track_caller]
    pub fn assert_kept(&self) {
        assert!(self.failed.is_empty() && !self.kept.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, failed) = (self.kept.len(), self.failed.len());
        write!(f, "{kept} kept, {failed} not kept")?;
        if !self.skipped.is_empty() {
            write!(f, ", {} skipped", self.skipped.len())?;
        }
        for (name, reason) in &self.failed {
            write!(f, "\n  {name}: {reason}")?;
        }
        for (name, reason) in &self.skipped {
            write!(f, "\n  {name}: skipped, {reason}")?;
        }
        Ok(())
    }
}
