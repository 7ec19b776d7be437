//! Texts: their deltas made, applied, rebased and joined.
//!
//! All work is done on whole characters. Only the lengths in a [`Delta`] are
//! in UTF-16 code units, so that no character is ever cut in two.

pub(crate) mod cleanup;
pub(crate) mod compose;
pub(crate) mod differ;
pub(crate) mod edit;
mod inner;
pub(crate) mod locate;
pub(crate) mod patch;
pub(crate) mod pieces;
pub(crate) mod rebase;
pub(crate) mod search;
pub(crate) mod units;

use std::borrow::Cow;
use std::ops::Range;

pub use self::compose::compose;
use self::edit::{Edit, Kind, Place};
use self::patch::Change;
use super::delta::{self, Delta, DeltaOp};
use super::error::DeltaError;
use super::work::Work;
use super::{Limits, Side};

/// The delta that makes `new` of `old`.
///
/// It is the delta that the official programs send, wherever theirs is right.
/// Texts so different that finding the shortest way would take too long get a
/// longer delta, which does the same.
///
/// ```
/// use simperium::jsondiff::text;
///
/// // Both have the same second surrogate, and are still two characters.
/// assert_eq!(text::diff("\u{1f234}", "\u{1f634}").as_str(), "-2\t+%F0%9F%98%B4");
/// ```
pub fn diff(old: &str, new: &str) -> Delta {
    diff_within(old, new, &mut Work::new(Limits::default().work))
}

pub(crate) fn diff_within(old: &str, new: &str, work: &mut Work) -> Delta {
    let (prefix, suffix) = common_ends(old, new);
    let middle = |text: &str| text.len() - prefix - suffix;
    // As much of what is common as any edit could be shifted over.
    let margin = 4 * middle(old).max(middle(new)) + 32;
    let skip = ceil_boundary(old, prefix.saturating_sub(margin));
    let tail = |text: &str| floor_boundary(text, text.len() - suffix.saturating_sub(margin));
    let (old_end, new_end) = (tail(old), tail(new));
    let old_chars = units::chars(&old[skip..old_end]);
    let new_chars = units::chars(&new[skip..new_end]);
    let mut edits = differ::diff(&old_chars, &new_chars, true, work);
    if edits.len() > 2 {
        cleanup::efficiency(&mut edits, &old_chars, &new_chars, work);
    }
    let before = units::len(&old[..skip]);
    let after = units::len(&old[old_end..]);
    to_delta(&edits, &old_chars, &new_chars, before, after)
}

/// The bytes of the common beginning, and of the common end of what is left,
/// both in whole characters.
fn common_ends(old: &str, new: &str) -> (usize, usize) {
    let prefix = floor_boundary(old, search::common_prefix(old.as_bytes(), new.as_bytes()));
    let (old, new) = (&old[prefix..], &new[prefix..]);
    let suffix = search::common_suffix(old.as_bytes(), new.as_bytes());
    (prefix, old.len() - ceil_boundary(old, old.len() - suffix))
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// Writes edits down, with `before` and `after` more units kept at the ends.
fn to_delta(edits: &[Edit], old: &[char], new: &[char], before: usize, after: usize) -> Delta {
    let mut delta = Delta::default();
    let mut place = Place::default();
    let mut kept = before;
    for edit in edits.iter().filter(|edit| edit.len > 0) {
        let content = place.content(*edit, old, new);
        place = place.after(*edit);
        if edit.is_equal() {
            // Two neighbours are not joined, as nowhere.
            if kept > before || kept > 0 && place.old > content.len() {
                delta.push(&DeltaOp::Keep(kept));
                kept = 0;
            }
            kept += units::len_of(content);
            continue;
        }
        if kept > 0 {
            delta.push(&DeltaOp::Keep(std::mem::take(&mut kept)));
        }
        delta.push(&match edit.kind {
            Kind::Insert => DeltaOp::Insert(Cow::Owned(content.iter().collect())),
            _ => DeltaOp::Delete(units::len_of(content)),
        });
    }
    if kept + after > 0 {
        delta.push(&DeltaOp::Keep(kept + after));
    }
    delta
}

/// The text that a delta makes of `base`.
///
/// # Errors
///
/// The delta is broken, or is for another text.
pub fn apply(base: &str, delta: &Delta) -> Result<String, DeltaError> {
    delta::apply(base, delta)
}

/// A delta made for a text before another was applied to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebased {
    /// What makes [`text`](Self::text) of the text after the other delta.
    pub delta: Delta,
    /// The text with both applied.
    pub text: String,
    /// What found no place in it, of both sides.
    pub lost: Vec<LostText>,
}

/// A piece of text that is in neither the result nor its base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostText {
    /// Whose text it is.
    pub side: Side,
    /// What was written and is not in the result.
    pub inserted: String,
    /// What was deleted and is still in the result.
    pub deleted: String,
}

/// Rebases the delta `local` over the delta `remote`; both are for `base`.
///
/// Every edit goes where its surroundings are now, as on the official server.
/// What has no place there any more is in [`Rebased::lost`], where the
/// official programs drop it.
///
/// ```
/// use simperium::jsondiff::{Delta, text};
///
/// let merged = text::transform("AC", &"=2\t+D".into(), &"=1\t+B\t=1".into())?;
/// assert_eq!(merged.delta, Delta::from("=3\t+D"));
/// assert_eq!(merged.text, "ABCD");
/// assert!(merged.lost.is_empty());
///
/// let merged = text::transform("hello", &"=5\t+ world".into(), &"-5".into())?;
/// assert_eq!(merged.text, "");
/// assert_eq!(merged.lost[0].inserted, " world");
/// # Ok::<(), simperium::jsondiff::DeltaError>(())
/// ```
///
/// # Errors
///
/// One of the deltas is broken, or is for another text.
pub fn transform(base: &str, local: &Delta, remote: &Delta) -> Result<Rebased, DeltaError> {
    transform_within(base, local, remote, &mut Work::new(Limits::default().work))
}

pub(crate) fn transform_within(
    base: &str,
    local: &Delta,
    remote: &Delta,
    work: &mut Work,
) -> Result<Rebased, DeltaError> {
    let Moved {
        delta,
        inner,
        text,
        lost,
    } = rebase(base, local, remote, work)?;
    let mut whole = String::with_capacity(base.len() + text.len());
    whole.push_str(&base[..inner.start]);
    whole.extend(text);
    whole.push_str(&base[inner.end..]);
    Ok(Rebased {
        delta,
        text: whole,
        lost,
    })
}

/// A rebased delta, and the part of the text that is not as in the base.
pub(crate) struct Moved {
    pub(crate) delta: Delta,
    inner: Range<usize>,
    text: Vec<char>,
    pub(crate) lost: Vec<LostText>,
}

pub(crate) fn rebase(
    base: &str,
    local: &Delta,
    remote: &Delta,
    work: &mut Work,
) -> Result<Moved, DeltaError> {
    let mut local = local.ops().collect::<Result<Vec<_>, _>>()?;
    let mut remote = remote.ops().collect::<Result<Vec<_>, _>>()?;
    let inner = inner::trim(base, &mut local, &mut remote);
    let inner_base = units::chars(&base[inner.bytes.clone()]);
    let local = Decoded::new(&inner_base, &local)?;
    let remote = Decoded::new(&inner_base, &remote)?;
    let beside = inner.beside(base);
    let changes = local.changes(&inner_base);
    let patches = patch::make(&inner_base, &local.text, beside, &changes, work);
    if patches.is_empty() {
        let mut delta = Delta::default();
        let kept = inner.before + units::len_of(&remote.text) + inner.after;
        if kept > 0 {
            delta.push(&DeltaOp::Keep(kept));
        }
        let lost = Vec::new();
        return Ok(Moved {
            delta,
            inner: inner.bytes,
            text: remote.text,
            lost,
        });
    }
    let patched = rebase::apply(patches, &remote.text, work);
    let mut edits = differ::diff(&remote.text, &patched.text, true, work);
    if edits.len() > 2 {
        cleanup::efficiency(&mut edits, &remote.text, &patched.text, work);
    }
    let delta = to_delta(
        &edits,
        &remote.text,
        &patched.text,
        inner.before,
        inner.after,
    );
    let lost = lost(&remote, &patched);
    Ok(Moved {
        delta,
        inner: inner.bytes,
        text: patched.text,
        lost,
    })
}

fn lost(remote: &Decoded, patched: &rebase::Patched) -> Vec<LostText> {
    let mut lost = Vec::new();
    for patch in &patched.lost {
        let of = |kind: Kind| {
            let runs = patch.runs.iter().filter(|run| run.kind == kind);
            runs.flat_map(|run| &run.text).collect()
        };
        let (inserted, deleted) = (of(Kind::Insert), of(Kind::Delete));
        lost.push(LostText {
            side: Side::Local,
            inserted,
            deleted,
        });
    }
    if !patched.cut_own.is_empty() {
        let inserted = patched.cut_own.iter().collect();
        lost.push(LostText {
            side: Side::Local,
            inserted,
            deleted: String::new(),
        });
    }
    // What the other side wrote, cut out by this side's deletions.
    let mut cut = patched.cut.clone();
    cut.sort_by_key(|range| range.start);
    let mut cut = cut.iter().peekable();
    let mut place = Place::default();
    for edit in &remote.edits {
        let (from, next) = (place.new, place.after(*edit));
        place = next;
        if edit.kind != Kind::Insert {
            continue;
        }
        let mut inserted = String::new();
        while let Some(range) = cut.peek() {
            let (start, end) = (range.start.max(from), range.end.min(next.new));
            if start < end {
                inserted.extend(&remote.text[start..end]);
            }
            if range.end > next.new {
                break;
            }
            cut.next();
        }
        if !inserted.is_empty() {
            lost.push(LostText {
                side: Side::Remote,
                inserted,
                deleted: String::new(),
            });
        }
    }
    lost
}

/// A delta over the characters of its base.
struct Decoded {
    edits: Vec<Edit>,
    /// What the delta makes.
    text: Vec<char>,
}

impl Decoded {
    fn new(base: &[char], ops: &[DeltaOp<'_>]) -> Result<Self, DeltaError> {
        let mut edits = Vec::with_capacity(ops.len());
        let mut text = Vec::with_capacity(base.len() + 64);
        let mut at = 0;
        let mut take = |units: usize| {
            let rest = &base[at..];
            let len = units::chars_in(rest, units).ok_or_else(|| {
                if units > units::len_of(rest) {
                    DeltaError::Length
                } else {
                    DeltaError::SplitCharacter
                }
            })?;
            at += len;
            Ok::<_, DeltaError>(&rest[..len])
        };
        for op in ops {
            edits.push(match op {
                DeltaOp::Keep(units) => {
                    let kept = take(*units)?;
                    text.extend_from_slice(kept);
                    Edit::equal(kept.len())
                }
                DeltaOp::Delete(units) => Edit::delete(take(*units)?.len()),
                DeltaOp::Insert(inserted) => {
                    let from = text.len();
                    units::extend(&mut text, inserted);
                    Edit::insert(text.len() - from)
                }
            });
        }
        if at == base.len() {
            Ok(Self { edits, text })
        } else {
            Err(DeltaError::Length)
        }
    }

    fn changes<'a>(&'a self, base: &'a [char]) -> Vec<Change<'a>> {
        let mut place = Place::default();
        let mut changes = Vec::with_capacity(self.edits.len());
        for edit in &self.edits {
            let text = place.content(*edit, base, &self.text);
            changes.push(Change {
                kind: edit.kind,
                text,
            });
            place = place.after(*edit);
        }
        changes
    }
}

#[cfg(test)]
mod tests;
