//! Differences between JSON objects: made, applied, rebased, joined, merged.
//!
//! Nothing here needs a network or a clock, and nothing panics, whatever it
//! is given.
//!
//! A [`Diff`] says what becomes of the keys of an object, as an [`Op`] each.
//! It is what a change carries as `v`:
//!
//! ```
//! use serde_json::json;
//! use simperium::jsondiff::{apply, diff, merge};
//!
//! let base = json!({"text": "milk", "done": false});
//! let mine = json!({"text": "milk, eggs", "done": false});
//! let theirs = json!({"text": "oat milk", "done": true});
//!
//! let change = diff(&base, &mine)?;
//! assert_eq!(serde_json::to_value(&change)?, json!({"text": {"o": "d", "v": "=4\t+, eggs"}}));
//! assert_eq!(apply(&base, &change)?, mine);
//!
//! let merged = merge(&base, &mine, &theirs)?;
//! assert_eq!(merged.value, json!({"text": "oat milk, eggs", "done": true}));
//! assert!(merged.lost.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where it keeps to the official programs, and where not
//!
//! Differences are the same as theirs, to the letter, wherever theirs are
//! right; what theirs get wrong is done right:
//!
//! * `true` is not `1`, and `null` stays `null`.
//! * Texts are compared by character, and no character is cut in two.
//! * An operation that is unknown, malformed or does not fit is an error, and
//!   nothing of its change is applied.
//! * [`transform`] looks at every key, and resolves what the official server
//!   would fail on: the local value wins.
//! * What a rebase or a merge cannot keep is reported as [`Lost`].
//! * How long a call may look for a better answer is bounded by steps
//!   ([`Limits`]), so that it is the same everywhere.
//!
//! # Numbers
//!
//! Two numbers are the same if their values are, however they are written:
//! `1`, `1.0` and `10e-1`. A number that is not changed keeps its text, as far
//! as the [`Value`](serde_json::Value) does: with the feature `exact-numbers`,
//! always; without it, if it fits an `i64`, `u64` or `f64`.

mod apply;
mod compose;
mod delta;
mod differ;
mod error;
mod list;
mod lost;
mod number;
mod object;
mod op;
mod path;
mod policy;
pub mod text;
mod transform;
mod value;
mod work;

pub use self::delta::{Delta, DeltaOp};
pub use self::differ::{Differ, Limits, apply, apply_to, compose, diff, merge, transform};
pub use self::error::{DeltaError, DiffError, DiffErrorKind};
pub use self::lost::{Lost, LostKind, Merged, Side, Transformed};
pub use self::op::{Diff, ListDiff, Op};
pub use self::path::{Path, Step};
pub use self::policy::{OpType, Policy};
#[cfg(any(feature = "sync", feature = "emulator"))]
pub(crate) use self::value::same;
