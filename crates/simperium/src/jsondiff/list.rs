//! Lists: element by element, or as lines of text.
//!
//! Neither is sent unless a bucket's schema asks for it; both are understood.

use std::collections::BTreeMap;

use serde_json::Value;

use super::apply::apply_op;
use super::delta::Delta;
use super::error::{DeltaError, DiffError, DiffErrorKind};
use super::object::Compare;
use super::op::{ListDiff, Op};
use super::policy::Policy;
use super::text;
use super::value::{check_depth, same, size};
use super::work::Work;

/// What becomes of the elements of a list.
///
/// Elements are compared place by place between what both lists have in
/// common at their ends, or moved by one distance if that says it shorter, as
/// on the official server. Its mistake with overlapping ends is not made.
pub(crate) fn diff(
    old: &[Value],
    new: &[Value],
    item: Option<&Policy>,
    compare: &mut Compare<'_>,
) -> Result<ListDiff, DiffError> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| same(a, b)).count();
    let rest = old[prefix..].iter().rev().zip(new[prefix..].iter().rev());
    let suffix = rest.take_while(|(a, b)| same(a, b)).count();
    let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
    let (inner_old, inner_new) = (&old[prefix..old_end], &new[prefix..new_end]);
    let in_place = place_by_place(inner_old, inner_new, prefix, item, compare)?;
    match best_shift(old, new, compare.work) {
        Some(shift) => {
            let mut shifted = place_by_place(&old[shift..], new, shift, item, compare)?;
            for index in 0..shift {
                shifted.insert(index, Op::Remove);
            }
            Ok(if shifted.len() < in_place.len() {
                shifted
            } else {
                in_place
            })
        }
        None => Ok(in_place),
    }
}

fn place_by_place(
    old: &[Value],
    new: &[Value],
    first: usize,
    item: Option<&Policy>,
    compare: &mut Compare<'_>,
) -> Result<ListDiff, DiffError> {
    let mut diff = ListDiff::new();
    for at in 0..old.len().max(new.len()) {
        let index = first + at;
        let op = match (old.get(at), new.get(at)) {
            (Some(old), Some(new)) => compare
                .values(old, new, item)
                .map_err(|error| error.within(index))?,
            (None, Some(new)) => Some(Op::Add(new.clone())),
            _ => Some(Op::Remove),
        };
        if let Some(op) = op {
            diff.insert(index, op);
        }
    }
    Ok(diff)
}

/// By how much the list is to be moved to the front so that most elements are
/// in their place; `None` if it should stay, or fewer than half would be.
fn best_shift(old: &[Value], new: &[Value], work: &mut Work) -> Option<usize> {
    let (mut best, mut most) = (0, 0);
    // To compare two elements takes no longer than the size of one of them.
    let mut left: usize = old.iter().map(size).sum();
    for shift in 0..old.len() / 2 {
        let pairs = old[shift..].iter().zip(new);
        if !work.spend(16 * pairs.len() + left) {
            return None;
        }
        left -= size(&old[shift]);
        let count = pairs.filter(|(a, b)| same(a, b)).count();
        if count > most {
            (best, most) = (shift, count);
        }
    }
    (best > 0 && most >= old.len() / 2).then_some(best)
}

/// The list that a difference makes of another. Indexes are taken in order as
/// numbers; one beyond the end puts an element at the end.
pub(crate) fn apply(
    base: &[Value],
    diff: &ListDiff,
    levels: usize,
) -> Result<Vec<Value>, DiffError> {
    let levels = levels
        .checked_sub(1)
        .ok_or_else(|| DiffError::new(DiffErrorKind::TooDeep))?;
    let mut out = Vec::with_capacity(base.len() + diff.len());
    let mut rest = base.iter();
    let mut removed = 0;
    for (index, op) in diff.iter() {
        // Where it is, with the elements before it removed.
        let at = index.saturating_sub(removed);
        while out.len() < at {
            let Some(element) = rest.next() else { break };
            out.push(element.clone());
        }
        if let Op::Add(value) = op {
            check_depth(value, levels).map_err(|error| error.within(index))?;
            out.push(value.clone());
            continue;
        }
        let element = if out.len() == at { rest.next() } else { None };
        let missing = || DiffError::new(DiffErrorKind::Missing).within(index);
        let element = element.ok_or_else(missing)?;
        match apply_op(Some(element), op, levels).map_err(|error| error.within(index))? {
            Some(value) => out.push(value),
            None => removed += 1,
        }
    }
    out.extend(rest.cloned());
    Ok(out)
}

/// A difference by the places of the list it is for: what is put in before an
/// element, and what becomes of it.
#[derive(Default)]
pub(crate) struct Places<'a> {
    pub(crate) inserts: BTreeMap<usize, Vec<&'a Value>>,
    pub(crate) ops: BTreeMap<usize, &'a Op>,
}

impl<'a> Places<'a> {
    /// Places of a list of `len` elements.
    ///
    /// # Errors
    ///
    /// There is no such place.
    pub(crate) fn new(diff: &'a ListDiff, len: usize) -> Result<Self, DiffError> {
        let mut places = Self::default();
        let mut inserted = 0;
        for (index, op) in diff.iter() {
            let place = index.saturating_sub(inserted);
            if let Op::Add(value) = op {
                places
                    .inserts
                    .entry(place.min(len))
                    .or_default()
                    .push(value);
                inserted += 1;
            } else if place < len {
                places.ops.insert(place, op);
            } else {
                return Err(DiffError::new(DiffErrorKind::Missing).within(index));
            }
        }
        Ok(places)
    }
}

/// The lines that stand for the elements, one each, as the official server
/// writes them: JSON without spaces, and everything but ASCII escaped.
fn lines(list: &[Value], ascii: bool) -> String {
    let mut lines = String::new();
    for value in list {
        let line = value.to_string();
        if ascii && !line.is_ascii() {
            for c in line.chars() {
                if c.is_ascii() {
                    lines.push(c);
                } else {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        lines.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        } else {
            lines.push_str(&line);
        }
        lines.push('\n');
    }
    lines
}

/// The difference of two lists as text.
pub(crate) fn diff_lines(old: &[Value], new: &[Value], work: &mut Work) -> Delta {
    text::diff_within(&lines(old, true), &lines(new, true), work)
}

/// The list that an edit of its text makes of it.
pub(crate) fn apply_lines(
    base: &[Value],
    delta: &Delta,
    levels: usize,
) -> Result<Vec<Value>, DiffError> {
    let made = match text::apply(&lines(base, true), delta) {
        // Another peer may escape less.
        Err(DeltaError::Length) => text::apply(&lines(base, false), delta),
        made => made,
    };
    parse_lines(&made.map_err(DiffError::new)?, levels)
}

fn parse_lines(lines: &str, levels: usize) -> Result<Vec<Value>, DiffError> {
    let parse = |line: &str| {
        let value =
            serde_json::from_str(line).map_err(|_| DiffError::new(DiffErrorKind::ListText))?;
        check_depth(&value, levels)?;
        Ok(value)
    };
    // An element has no line break in it, so that a blank line is none.
    lines
        .split('\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(parse)
        .collect()
}

/// An edit of a list's text, rebased over another; `None` if the outcome is
/// no list any more, or something is lost.
pub(crate) fn transform_lines(
    base: &[Value],
    local: &Delta,
    remote: &Delta,
    levels: usize,
    work: &mut Work,
) -> Result<Option<Delta>, DiffError> {
    let rebase = |ascii: bool, work: &mut Work| {
        text::transform_within(&lines(base, ascii), local, remote, work)
    };
    let rebased = match rebase(true, work) {
        Err(DeltaError::Length) => rebase(false, work),
        rebased => rebased,
    };
    let rebased = rebased.map_err(DiffError::new)?;
    let whole = rebased.lost.is_empty() && parse_lines(&rebased.text, levels).is_ok();
    Ok(whole.then_some(rebased.delta))
}
