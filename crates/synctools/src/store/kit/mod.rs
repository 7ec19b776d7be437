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

use std::sync::Arc;

pub use sync_core::kit::Report;

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
        report.add(name, check(name, open(name).await).await);
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
