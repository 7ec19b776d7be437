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

pub use sync_core::kit::Report;

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
        report.add(name, check(name, &mut open));
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
