//! The calls, with and without settings.

use serde_json::Value;

use super::error::DiffError;
use super::lost::{Merged, Transformed};
use super::object::Compare;
use super::op::Diff;
use super::policy::Policy;
use super::transform::{Rebase, drop_same};
use super::value::object;
use super::work::Work;
use super::{apply as applying, compose as composing};

/// How far a call may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Steps that may be spent on finding a short answer; then a longer one
    /// that does the same will do. 16 million by default, a fraction of a
    /// second.
    pub work: u64,
    /// Levels of objects and lists; more is an error. 128 by default, as many
    /// as are read from JSON.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            work: 16_000_000,
            depth: 128,
        }
    }
}

/// The calls of this module with a bucket's policy and with other limits.
#[derive(Clone, Debug, Default)]
pub struct Differ {
    policy: Policy,
    limits: Limits,
}

impl Differ {
    /// No policy and the usual limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares as a bucket's schema wants it.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Allows so many steps for finding a short answer.
    #[must_use]
    pub fn work(mut self, steps: u64) -> Self {
        self.limits.work = steps;
        self
    }

    /// Allows so many levels.
    #[must_use]
    pub fn depth(mut self, levels: usize) -> Self {
        self.limits.depth = levels;
        self
    }

    fn steps(&self) -> Work {
        Work::new(self.limits.work)
    }

    /// As [`diff`].
    ///
    /// # Errors
    ///
    /// As [`diff`].
    pub fn diff(&self, old: &Value, new: &Value) -> Result<Diff, DiffError> {
        self.diff_within(old, new, &mut self.steps())
    }

    fn diff_within(&self, old: &Value, new: &Value, work: &mut Work) -> Result<Diff, DiffError> {
        let levels = self.limits.depth.saturating_sub(1);
        Compare { work, levels }.objects(object(old)?, object(new)?, Some(&self.policy))
    }

    /// As [`apply`].
    ///
    /// # Errors
    ///
    /// As [`apply`].
    pub fn apply(&self, base: &Value, diff: &Diff) -> Result<Value, DiffError> {
        applying::apply(object(base)?, diff, self.limits.depth).map(Value::Object)
    }

    /// As [`apply_to`].
    ///
    /// # Errors
    ///
    /// As [`apply_to`].
    pub fn apply_to(&self, base: &mut Value, diff: &Diff) -> Result<(), DiffError> {
        object(base)?;
        match base {
            Value::Object(base) => applying::apply_to(base, diff, self.limits.depth),
            _ => Ok(()),
        }
    }

    /// As [`transform`].
    ///
    /// # Errors
    ///
    /// As [`transform`].
    pub fn transform(
        &self,
        base: &Value,
        local: &Diff,
        remote: &Diff,
    ) -> Result<Transformed, DiffError> {
        let mut work = self.steps();
        let mut rebase = Rebase::new(&mut work, self.limits.depth);
        let diff = rebase.objects(object(base)?, local, remote)?;
        Ok(Transformed {
            diff,
            lost: rebase.lost,
        })
    }

    /// As [`compose`].
    ///
    /// # Errors
    ///
    /// As [`compose`].
    pub fn compose(&self, base: &Value, first: &Diff, second: &Diff) -> Result<Diff, DiffError> {
        composing::compose(
            object(base)?,
            first,
            second,
            self.limits.depth,
            &mut self.steps(),
        )
    }

    /// As [`merge`].
    ///
    /// # Errors
    ///
    /// As [`merge`].
    pub fn merge(&self, base: &Value, local: &Value, remote: &Value) -> Result<Merged, DiffError> {
        let mut work = self.steps();
        let mut ours = self.diff_within(base, local, &mut work)?;
        let theirs = self.diff_within(base, remote, &mut work)?;
        drop_same(&mut ours, object(local)?, object(remote)?);
        let mut rebase = Rebase::new(&mut work, self.limits.depth);
        let diff = rebase.objects(object(base)?, &ours, &theirs)?;
        let lost = rebase.lost;
        Ok(Merged {
            value: self.apply(remote, &diff)?,
            diff,
            lost,
        })
    }
}

/// The difference that makes `new` of `old`, both objects.
///
/// ```
/// use serde_json::json;
/// use simperium::jsondiff::diff;
///
/// let diff = diff(&json!({"a": 1, "b": true}), &json!({"b": 1, "c": null}))?;
/// assert_eq!(
///     serde_json::to_value(diff)?,
///     json!({"a": {"o": "-"}, "b": {"o": "r", "v": 1}, "c": {"o": "+", "v": null}})
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// A value is no object, or nested too deeply.
pub fn diff(old: &Value, new: &Value) -> Result<Diff, DiffError> {
    Differ::new().diff(old, new)
}

/// The object that a difference makes of `base`.
///
/// # Errors
///
/// The difference does not fit `base`, which is no object, lacks something,
/// or has something of another type or length there.
pub fn apply(base: &Value, diff: &Diff) -> Result<Value, DiffError> {
    Differ::new().apply(base, diff)
}

/// Applies a difference in place, which is quicker than [`apply`] with large
/// objects.
///
/// # Errors
///
/// As [`apply`]; `base` is then as it was.
pub fn apply_to(base: &mut Value, diff: &Diff) -> Result<(), DiffError> {
    Differ::new().apply_to(base, diff)
}

/// Rebases `local` over `remote`; both are for `base`.
///
/// The outcome is for the object that `remote` makes of `base`, and can always
/// be applied to it. It is what the official server makes of a change that
/// arrives late: edits of different keys, of one text, of one counter and of
/// different elements of a list are all kept; of two values for one key, the
/// local one is; and an edit brings back what the other side removed.
///
/// ```
/// use serde_json::json;
/// use simperium::jsondiff::{LostKind, Side, apply, diff, transform};
///
/// let base = json!({"n": 1, "t": "ab"});
/// let local = diff(&base, &json!({"n": 2, "t": "abc"}))?;
/// let remote = diff(&base, &json!({"n": 3, "t": "xab"}))?;
///
/// let rebased = transform(&base, &local, &remote)?;
/// let merged = apply(&apply(&base, &remote)?, &rebased.diff)?;
/// assert_eq!(merged, json!({"n": 2, "t": "xabc"}));
/// assert_eq!(rebased.lost.len(), 1);
/// assert_eq!(rebased.lost[0].path.to_string(), "n");
/// assert_eq!(rebased.lost[0].side, Side::Remote);
/// assert_eq!(rebased.lost[0].kind, LostKind::Value(json!(3)));
/// # Ok::<(), simperium::jsondiff::DiffError>(())
/// ```
///
/// # Errors
///
/// One of the differences is not for `base`.
pub fn transform(base: &Value, local: &Diff, remote: &Diff) -> Result<Transformed, DiffError> {
    Differ::new().transform(base, local, remote)
}

/// The difference that does to `base` what `first` and then `second` do.
///
/// ```
/// use serde_json::json;
/// use simperium::jsondiff::{apply, compose, diff};
///
/// let (a, b, c) = (json!({"t": "a"}), json!({"t": "ab"}), json!({"t": "abc"}));
/// let both = compose(&a, &diff(&a, &b)?, &diff(&b, &c)?)?;
/// assert_eq!(apply(&a, &both)?, c);
/// # Ok::<(), simperium::jsondiff::DiffError>(())
/// ```
///
/// # Errors
///
/// One of the differences does not fit.
pub fn compose(base: &Value, first: &Diff, second: &Diff) -> Result<Diff, DiffError> {
    Differ::new().compose(base, first, second)
}

/// Merges two versions of one object.
///
/// As [`transform`], but what both sides did the same is done once. What is
/// written on either side is in the result or in [`Merged::lost`].
///
/// ```
/// use serde_json::json;
/// use simperium::jsondiff::{LostKind, Side, merge};
///
/// let merged = merge(&json!({"t": "hello"}), &json!({"t": "hello world"}), &json!({"t": ""}))?;
/// assert_eq!(merged.value, json!({"t": ""}));
/// assert_eq!(merged.lost[0].side, Side::Local);
/// let LostKind::Text { inserted, .. } = &merged.lost[0].kind else { panic!() };
/// assert_eq!(inserted, " world");
/// # Ok::<(), simperium::jsondiff::DiffError>(())
/// ```
///
/// # Errors
///
/// A value is no object, or nested too deeply.
pub fn merge(base: &Value, local: &Value, remote: &Value) -> Result<Merged, DiffError> {
    Differ::new().merge(base, local, remote)
}
