//! What every store promises, as named behaviours that can be run.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use synctools::store::{MemoryStore, kit};
//!
//! // Yours instead of this one: an empty database with the tables of
//! // `kit::schema()`, a new one for each behaviour, whose name is given.
//! let report = kit::run(async |_name| MemoryStore::new()).await;
//! report.assert_kept();
//! # }
//! ```

mod check;
mod cleaning;
mod natural;
mod pairs;
mod reading;
mod references;
mod tables;
mod transactions;
mod writing;

use std::fmt;
use std::sync::Arc;

use self::check::{Context, Outcome};
pub use self::tables::{postgres_tables, schema, sqlite_tables};
use super::Store;

/// Puts functions into a list of behaviours. One that is in no list is dead
/// code, and the compiler says so.
macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        pub(super) const NAMES: &[&str] = &[$(stringify!($name)),*];

        pub(super) async fn run(
            name: &str,
            context: &super::check::Context,
        ) -> super::check::Outcome {
            match name {
                $(stringify!($name) => Box::pin($name(context)).await,)*
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
        writing::NAMES,
        references::NAMES,
        natural::NAMES,
        pairs::NAMES,
        cleaning::NAMES,
        reading::NAMES,
    ]
    .concat()
}

/// Checks one behaviour after the other. `open` gives an empty database with
/// the tables of [`schema`] to each, whose name it is given.
pub async fn run<S: Store>(open: impl AsyncFn(&'static str) -> S) -> Report {
    run_some(|_| true, open).await
}

/// As [`run`], for some of the behaviours.
pub async fn run_some<S: Store>(
    which: impl Fn(&str) -> bool,
    open: impl AsyncFn(&'static str) -> S,
) -> Report {
    let mut report = Report::default();
    for name in names().into_iter().filter(|name| which(name)) {
        match check(name, open(name).await).await {
            Ok(()) => report.kept.push(name),
            Err(violation) => report.failed.push((name, violation.0)),
        }
    }
    report
}

async fn check<S: Store>(name: &'static str, store: S) -> Outcome {
    let context = Context::new(Arc::new(store))?;
    transactions::run(name, &context).await?;
    writing::run(name, &context).await?;
    references::run(name, &context).await?;
    natural::run(name, &context).await?;
    pairs::run(name, &context).await?;
    cleaning::run(name, &context).await?;
    reading::run(name, &context).await
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
