//! What every store promises, as named behaviours that can be run.
//!
//! ```
//! use std::collections::HashMap;
//! use simperium::store::{MemoryStore, kit};
//!
//! // Yours instead of this one. The name is that of the behaviour: each one
//! // gets a store of its own, and opens it again with the same name.
//! let mut memory = HashMap::<_, MemoryStore>::new();
//! let report = kit::run(|name| memory.entry(name).or_default().clone());
//! report.assert_kept();
//! ```

mod check;
mod queue;
mod records;
mod rest;
mod transactions;

use std::fmt;

use self::check::{Context, Outcome};
use super::Store;

/// Puts functions into a list of behaviours. One that is in no list is dead
/// code, and the compiler says so.
macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),*];

        pub(super) fn run(
            name: &str,
            context: &mut super::check::Context<'_>,
        ) -> super::check::Outcome {
            match name {
                $(stringify!($name) => $name(context),)*
                _ => Ok(()),
            }
        }
    };
}
use behaviours;

/// The names of all behaviours.
pub fn names() -> Vec<&'static str> {
    [
        transactions::NAMES,
        records::NAMES,
        queue::NAMES,
        rest::NAMES,
    ]
    .concat()
}

/// Checks one behaviour after the other. `open` opens the store of a name: an
/// empty one the first time, and after that what was kept under that name. The
/// store from before is closed (dropped) then.
///
/// One behaviour has a transaction panic, and catches that.
pub fn run<S: Store>(mut open: impl FnMut(&'static str) -> S) -> Report {
    let mut report = Report::default();
    for name in names() {
        match check(name, &mut open) {
            Ok(()) => report.kept.push(name),
            Err(violation) => report.failed.push((name, violation.0)),
        }
    }
    report
}

fn check<S: Store>(name: &'static str, open: &mut impl FnMut(&'static str) -> S) -> Outcome {
    let mut store = open(name);
    let mut context = Context::new(&mut store);
    transactions::run(name, &mut context)?;
    records::run(name, &mut context)?;
    queue::run(name, &mut context)?;
    rest::run(name, &mut context)?;
    // Whatever was done to it, it can be closed and opened again.
    let before = check::picture(&mut context)?;
    drop(store);
    let mut store = open(name);
    let after = check::picture(&mut Context::new(&mut store))?;
    check::same("what is there after it was opened again", &after, &before)
}

/// How a store did.
#[derive(Clone, Debug, Default)]
#[must_use = "a report that nobody reads proves nothing"]
pub struct Report {
    kept: Vec<&'static str>,
    failed: Vec<(&'static str, String)>,
}

impl Report {
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

    /// Insists that every behaviour was kept.
    ///
    /// # Panics
    ///
    /// With the names of those that were not, and why.
    #[track_caller]
    pub fn assert_kept(&self) {
        assert!(self.failed.is_empty() && !self.kept.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kept, {} not kept",
            self.kept.len(),
            self.failed.len()
        )?;
        for (name, reason) in &self.failed {
            write!(f, "\n  {name}: {reason}")?;
        }
        Ok(())
    }
}
