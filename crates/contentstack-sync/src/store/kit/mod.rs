//! What every store of a mirror promises, as named behaviours that can be run.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use contentstack_sync::store::{MemoryStore, kit};
//!
//! // Yours instead of this one. The name is that of the behaviour: each one
//! // gets a store of its own, and opens it again with the same name.
//! let memory = std::sync::Mutex::new(std::collections::HashMap::<_, MemoryStore>::new());
//! let report = kit::run(async |name| {
//!     memory.lock().unwrap().entry(name).or_default().clone()
//! })
//! .await;
//! report.assert_kept();
//! # }
//! ```

mod applying;
mod check;
mod downloads;
mod generations;
mod reading;

use std::sync::Arc;

pub use sync_core::kit::Report;

use self::check::{Context, Outcome};
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
                $(stringify!($name) => $name(context).await,)*
                _ => Ok(()),
            }
        }
    };
}
use behaviours;

/// The names of all behaviours.
pub fn names() -> Vec<&'static str> {
    [
        applying::NAMES,
        generations::NAMES,
        reading::NAMES,
        downloads::NAMES,
    ]
    .concat()
}

/// Checks one behaviour after the other. `open` opens the store of a name: an
/// empty one the first time, and after that what was kept under that name.
pub async fn run<S: Store>(open: impl AsyncFn(&'static str) -> S) -> Report {
    let mut report = Report::default();
    for name in names() {
        report.add(name, check(name, &open).await);
    }
    report
}

async fn check<S: Store>(name: &'static str, open: &impl AsyncFn(&'static str) -> S) -> Outcome {
    let context = Context::new(Arc::new(open(name).await));
    applying::run(name, &context).await?;
    generations::run(name, &context).await?;
    reading::run(name, &context).await?;
    downloads::run(name, &context).await?;
    // Whatever was done to it, it can be closed and opened again.
    let before = check::picture(&*context.store).await?;
    drop(context);
    let again = open(name).await;
    let after = check::picture(&again).await?;
    check::same("what is there after it was opened again", &after, &before)
}
