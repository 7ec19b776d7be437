//! The part of a text that two deltas touch, with as much around it as can
//! have a say in where edits go.

use std::ops::Range;

use super::locate::{MAX_BITS, REACH};
use super::{patch, units};
use crate::jsondiff::delta::DeltaOp;

/// How far one patch can be from where the one before it says, in UTF-16 code
/// units, and some more for its own length.
const STEP: usize = REACH + 4 * MAX_BITS;

/// No patch that a long one is split into deletes less, but the last.
const SPLIT: usize = MAX_BITS - 2 * patch::MARGIN;

/// No pattern that is looked for beside the inner part is longer.
const OVERLAP: usize = MAX_BITS;

/// A part of a text, and what is left out, in units.
pub(crate) struct Inner {
    pub(crate) bytes: Range<usize>,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

impl Inner {
    fn whole(text: &str) -> Self {
        Self {
            bytes: 0..text.len(),
            before: 0,
            after: 0,
        }
    }

    /// What is left out at each end, with so much of the inner part that no
    /// pattern across the seam is missed.
    pub(crate) fn beside<'a>(&self, text: &'a str) -> [&'a str; 2] {
        let inner = &text[self.bytes.clone()];
        let head = inner
            .char_indices()
            .nth(OVERLAP)
            .map_or(inner.len(), |(at, _)| at);
        let tail = inner
            .char_indices()
            .rev()
            .nth(OVERLAP)
            .map_or(0, |(at, _)| at);
        [
            if self.before > 0 {
                &text[..self.bytes.start + head]
            } else {
                ""
            },
            if self.after > 0 {
                &text[self.bytes.start + tail..]
            } else {
                ""
            },
        ]
    }
}

/// Leaves out what both keep at the ends.
pub(crate) fn trim<'a>(text: &str, local: &mut [DeltaOp<'a>], remote: &mut [DeltaOp<'a>]) -> Inner {
    let kept = |op: Option<&DeltaOp<'_>>| match op {
        Some(DeltaOp::Keep(units)) => *units,
        _ => 0,
    };
    // One that keeps everything has nothing to be placed.
    if local.len() < 2 {
        return Inner::whole(text);
    }
    let sum = |ops: &[DeltaOp<'a>], of: fn(&DeltaOp<'_>) -> usize| {
        ops.iter().map(of).fold(0, usize::saturating_add)
    };
    let edited = sum(local, edited).saturating_add(sum(remote, edited));
    let patches = sum(local, patches).saturating_add(1);
    let margin = edited
        .saturating_mul(2)
        .saturating_add(patches.saturating_mul(STEP));
    let before = kept(local.first())
        .min(kept(remote.first()))
        .saturating_sub(margin);
    let after = kept(local.last())
        .min(kept(remote.last()))
        .saturating_sub(margin);
    if before == 0 && after == 0 {
        return Inner::whole(text);
    }
    let total = units::len(text);
    let Some(end) = total.checked_sub(after).filter(|end| before <= *end) else {
        return Inner::whole(text);
    };
    // One less, where a character would be cut in two.
    let at = |units: usize| {
        units::byte_at(text, units)
            .map(|at| (at, units))
            .or_else(|| units::byte_at(text, units.checked_sub(1)?).map(|at| (at, units - 1)))
    };
    let (Some((start_byte, before)), Some((end_byte, end))) = (at(before), at(end)) else {
        return Inner::whole(text);
    };
    let after = total - end;
    // The last may have been made one more, which the margin has room for.
    for ops in [local, remote] {
        if let Some(DeltaOp::Keep(units)) = ops.first_mut() {
            *units = units.saturating_sub(before);
        }
        if let Some(DeltaOp::Keep(units)) = ops.last_mut() {
            *units = units.saturating_sub(after);
        }
    }
    Inner {
        bytes: start_byte..end_byte,
        before,
        after,
    }
}

fn edited(op: &DeltaOp<'_>) -> usize {
    match op {
        DeltaOp::Keep(_) => 0,
        DeltaOp::Delete(units) => *units,
        DeltaOp::Insert(text) => text.len(),
    }
}

/// How many patches it becomes at most.
fn patches(op: &DeltaOp<'_>) -> usize {
    match op {
        DeltaOp::Keep(_) => 0,
        DeltaOp::Delete(units) => 1 + units / SPLIT,
        DeltaOp::Insert(_) => 1,
    }
}
