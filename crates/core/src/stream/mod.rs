//! Streams that can be stopped and taken up again.
//!
//! Both kinds hand out what the service gives and can say at any time from
//! where to go on: [`Pages`] for lists that end, [`Watch`] for news that do
//! not. A position moves only past what the caller has been given, so that a
//! stored position never skips anything; after a crash something may come
//! twice, and never not at all.

mod pages;
mod watch;

pub use self::pages::{Page, Pages};
pub use self::watch::{Batch, Signal, Source, Watch, WatchOptions};

use std::future::Future;
use std::pin::Pin;

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
