//! Local queries over a mirror.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod conditions;
mod includes;
mod locales;
mod random;
mod references;
mod results;
mod rich_text;
mod support;
mod urls;
