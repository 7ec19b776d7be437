//! Edits put in order: joined, shifted, and rid of matches too short to keep.
//!
//! Every step leaves both sequences as they are, and does what the official
//! programs do, in the same order, as their deltas are to be met exactly.

use super::edit::{Edit, Kind, Place};
use super::search::{common_prefix, common_suffix, overlap};
use crate::jsondiff::work::Work;

/// An equal run shorter than this may cost more than writing it anew.
const EDIT_COST: usize = 4;

/// Joins neighbours of a kind, puts deletions before insertions, moves what
/// both have in common into the equal runs around them, and shifts single
/// edits over an equal neighbour.
pub(crate) fn merge<T: Copy + Eq>(edits: &mut Vec<Edit>, old: &[T], new: &[T], work: &mut Work) {
    loop {
        join(edits, old, new);
        let more = shift(edits, old, new);
        // Each turn removes a run; only made-up texts need many.
        if !more || !work.spend(edits.len()) {
            return;
        }
    }
}

fn join<T: Copy + Eq>(edits: &mut Vec<Edit>, old: &[T], new: &[T]) {
    let mut out: Vec<Edit> = Vec::with_capacity(edits.len() + 1);
    let mut group_at = Place::default();
    let mut place = group_at;
    let mut count = [0_usize; 2];
    for edit in edits.drain(..).chain([Edit::equal(0)]) {
        match edit.kind {
            Kind::Delete => count[0] += 1,
            Kind::Insert => count[1] += 1,
            Kind::Equal => {
                let mut len = edit.len;
                if count[0] + count[1] > 1 {
                    let mut deleted = &old[group_at.old..place.old];
                    let mut inserted = &new[group_at.new..place.new];
                    if count[0] > 0 && count[1] > 0 {
                        let prefix = common_prefix(deleted, inserted);
                        if prefix > 0 {
                            match out.last_mut() {
                                Some(last) if last.is_equal() => last.len += prefix,
                                _ => out.push(Edit::equal(prefix)),
                            }
                        }
                        (deleted, inserted) = (&deleted[prefix..], &inserted[prefix..]);
                        let suffix = common_suffix(deleted, inserted);
                        len += suffix;
                        deleted = &deleted[..deleted.len() - suffix];
                        inserted = &inserted[..inserted.len() - suffix];
                    }
                    if !deleted.is_empty() {
                        out.push(Edit::delete(deleted.len()));
                    }
                    if !inserted.is_empty() {
                        out.push(Edit::insert(inserted.len()));
                    }
                    out.push(Edit::equal(len));
                } else if count == [1, 0] || count == [0, 1] {
                    let only = if count == [1, 0] {
                        Edit::delete(place.old - group_at.old)
                    } else {
                        Edit::insert(place.new - group_at.new)
                    };
                    out.extend([only, edit]);
                } else {
                    match out.last_mut() {
                        Some(last) if last.is_equal() => last.len += len,
                        _ => out.push(edit),
                    }
                }
                count = [0, 0];
                group_at = place.after(edit);
            }
        }
        place = place.after(edit);
    }
    if out.last().is_some_and(|last| last.len == 0) {
        out.pop();
    }
    *edits = out;
}

/// Moves an edit over the equal run before or after it, where that run is
/// repeated at the other end of the edit; true if any was moved.
fn shift<T: Copy + Eq>(edits: &mut Vec<Edit>, old: &[T], new: &[T]) -> bool {
    let mut changed = false;
    let mut out: Vec<Edit> = Vec::with_capacity(edits.len());
    let mut rest = edits.iter().copied().peekable();
    let mut place = Place::default();
    out.extend(rest.next());
    if let Some(first) = out.first() {
        place = place.after(*first);
    }
    while let Some(edit) = rest.next() {
        let before = out.last().copied().filter(|run| run.is_equal());
        let after = rest.peek().copied().filter(|run| run.is_equal());
        let (Some(before), Some(after)) = (before, after) else {
            out.push(edit);
            place = place.after(edit);
            continue;
        };
        let content = place.content(edit, old, new);
        let end = place.after(edit);
        let before_text = &old[place.old - before.len..place.old];
        let after_text = &old[end.old..end.old + after.len];
        if content.ends_with(before_text) {
            out.pop();
            out.extend([edit, Edit::equal(before.len + after.len)]);
        } else if content.starts_with(after_text) {
            if let Some(last) = out.last_mut() {
                last.len += after.len;
            }
            out.push(edit);
        } else {
            out.push(edit);
            place = end;
            continue;
        }
        changed = true;
        rest.next();
        place = end.after(after);
    }
    *edits = out;
    changed
}

/// Equal runs that are to be written as deleted and inserted, noted beside
/// the edits so that nothing has to move.
struct Broken {
    runs: Vec<bool>,
    any: bool,
}

impl Broken {
    fn new(len: usize) -> Self {
        Self {
            runs: vec![false; len],
            any: false,
        }
    }

    fn mark(&mut self, at: usize) {
        self.runs[at] = true;
        self.any = true;
    }

    /// The kinds that the run now stands for.
    fn kinds(&self, edit: Edit, at: usize) -> &'static [Kind] {
        match edit.kind {
            Kind::Equal if self.runs[at] => &[Kind::Delete, Kind::Insert],
            Kind::Equal => &[Kind::Equal],
            Kind::Delete => &[Kind::Delete],
            Kind::Insert => &[Kind::Insert],
        }
    }

    fn apply(&self, edits: &mut Vec<Edit>) {
        let mut out = Vec::with_capacity(edits.len() * 2);
        for (at, edit) in edits.iter().enumerate() {
            out.extend(self.kinds(*edit, at).iter().map(|kind| Edit {
                kind: *kind,
                ..*edit
            }));
        }
        *edits = out;
    }
}

/// Breaks short equal runs among edits: fewer, longer edits make a shorter
/// delta.
pub(crate) fn efficiency<T: Copy + Eq>(
    edits: &mut Vec<Edit>,
    old: &[T],
    new: &[T],
    work: &mut Work,
) {
    let mut broken = Broken::new(edits.len());
    let mut candidates: Vec<usize> = Vec::new();
    let mut last: Option<usize> = None;
    // Whether something is inserted, deleted: before the candidate, after it.
    let (mut before, mut after) = ([false; 2], [false; 2]);
    let mut at = 0;
    'edits: while at < edits.len() {
        if !work.spend(1) {
            break;
        }
        let edit = edits[at];
        for kind in broken.kinds(edit, at) {
            match kind {
                Kind::Equal => {
                    if edit.len < EDIT_COST && (after[0] || after[1]) {
                        candidates.push(at);
                        before = after;
                        last = Some(at);
                    } else {
                        candidates.clear();
                        last = None;
                    }
                    after = [false; 2];
                    continue;
                }
                Kind::Delete => after[1] = true,
                Kind::Insert => after[0] = true,
            }
            let Some(run) = last.filter(|run| edits[*run].len > 0) else {
                continue;
            };
            let sides = [before, after]
                .concat()
                .iter()
                .filter(|side| **side)
                .count();
            if sides == 4 || (edits[run].len < EDIT_COST / 2 && sides == 3) {
                broken.mark(run);
                candidates.pop();
                last = None;
                if before == [true; 2] {
                    after = [true; 2];
                    candidates.clear();
                } else {
                    // The run before it may be worth breaking now.
                    candidates.pop();
                    after = [false; 2];
                    at = candidates.last().map_or(0, |run| run + 1);
                    continue 'edits;
                }
            }
        }
        at += 1;
    }
    if broken.any {
        broken.apply(edits);
        merge(edits, old, new, work);
    }
}

/// Breaks equal runs that are no longer than the edits around them, and finds
/// overlaps of a deletion and the insertion after it.
pub(crate) fn semantic(edits: &mut Vec<Edit>, old: &[char], new: &[char], work: &mut Work) {
    let mut broken = Broken::new(edits.len());
    let mut candidates: Vec<usize> = Vec::new();
    let mut last: Option<usize> = None;
    // How much is inserted, deleted: before the candidate, after it.
    let (mut before, mut after) = ([0; 2], [0; 2]);
    let mut at = 0;
    'edits: while at < edits.len() {
        if !work.spend(1) {
            break;
        }
        let edit = edits[at];
        for kind in broken.kinds(edit, at) {
            match kind {
                Kind::Equal => {
                    candidates.push(at);
                    before = after;
                    after = [0; 2];
                    last = Some(at);
                    continue;
                }
                Kind::Insert => after[0] += edit.len,
                Kind::Delete => after[1] += edit.len,
            }
            let Some(run) = last.filter(|run| edits[*run].len > 0) else {
                continue;
            };
            let len = edits[run].len;
            if len <= before[0].max(before[1]) && len <= after[0].max(after[1]) {
                broken.mark(run);
                candidates.pop();
                candidates.pop();
                (before, after) = ([0; 2], [0; 2]);
                last = None;
                at = candidates.last().map_or(0, |run| run + 1);
                continue 'edits;
            }
        }
        at += 1;
    }
    if broken.any {
        broken.apply(edits);
        merge(edits, old, new, work);
    }
    lossless(edits, old, new);
    split_overlaps(edits, old, new);
}

fn split_overlaps(edits: &mut Vec<Edit>, old: &[char], new: &[char]) {
    let mut out: Vec<Edit> = Vec::with_capacity(edits.len());
    let mut place = Place::default();
    let mut rest = edits.iter().copied().peekable();
    while let Some(edit) = rest.next() {
        let Some(insert) =
            rest.next_if(|next| edit.kind == Kind::Delete && next.kind == Kind::Insert)
        else {
            out.push(edit);
            place = place.after(edit);
            continue;
        };
        let deleted = place.content(edit, old, new);
        let inserted = place.content(insert, old, new);
        let half = |len: usize| len * 2 >= edit.len || len * 2 >= insert.len;
        let forth = overlap(deleted, inserted);
        let back = overlap(inserted, deleted);
        if forth >= back && half(forth) {
            let equal = Edit::equal(forth);
            out.extend([
                Edit::delete(edit.len - forth),
                equal,
                Edit::insert(insert.len - forth),
            ]);
        } else if forth < back && half(back) {
            let equal = Edit::equal(back);
            out.extend([
                Edit::insert(insert.len - back),
                equal,
                Edit::delete(edit.len - back),
            ]);
        } else {
            out.extend([edit, insert]);
        }
        place = place.after(edit).after(insert);
    }
    *edits = out;
}

/// Shifts single edits to where a reader would put them: at the ends of
/// lines and words.
pub(crate) fn lossless(edits: &mut Vec<Edit>, old: &[char], new: &[char]) {
    let mut out: Vec<Edit> = Vec::with_capacity(edits.len());
    let mut place = Place::default();
    let mut rest = std::mem::take(edits).into_iter().peekable();
    while let Some(edit) = rest.next() {
        let before = out.last().copied().filter(|run| run.is_equal());
        let after = rest.peek().copied().filter(|run| run.is_equal());
        let end = place.after(edit);
        let (Some(before), Some(after)) = (before, after) else {
            out.push(edit);
            place = end;
            continue;
        };
        if edit.len == 0 {
            out.push(edit);
            continue;
        }
        // The edit with its equal neighbours is one stretch of one text.
        let (text, at) = match edit.kind {
            Kind::Insert => (new, place.new),
            Kind::Equal | Kind::Delete => (old, place.old),
        };
        let stretch = &text[at - before.len..at + edit.len + after.len];
        let best = best_place(stretch, before.len, edit.len);
        out.pop();
        if best > 0 {
            out.push(Edit::equal(best));
        }
        out.push(edit);
        let left = before.len + after.len - best;
        rest.next();
        if left > 0 {
            out.push(Edit::equal(left));
        }
        place = end.after(after);
    }
    *edits = out;
}

/// Where in the stretch the edit reads best; it is at `at` now.
fn best_place(stretch: &[char], at: usize, len: usize) -> usize {
    let score = |at: usize| {
        let edit = &stretch[at..at + len];
        boundary(&stretch[..at], edit) + boundary(edit, &stretch[at + len..])
    };
    let mut here = at - common_suffix(&stretch[..at], &stretch[at..at + len]);
    let mut best = (score(here), here);
    while here + len < stretch.len() && stretch[here] == stretch[here + len] {
        here += 1;
        best = best.max((score(here), here));
    }
    best.1
}

/// How good a place between two texts is for an edit to begin or end, from
/// 0 (inside a word) to 6 (the end of the text).
fn boundary(before: &[char], after: &[char]) -> u8 {
    let (Some(last), Some(first)) = (before.last(), after.first()) else {
        return 6;
    };
    let symbol = |c: &char| !c.is_ascii_alphanumeric();
    let space = |c: &char| c.is_whitespace() || *c == '\u{feff}';
    let line_break = |c: &char| matches!(c, '\r' | '\n');
    let blank_end = before.ends_with(&['\n', '\n']) || before.ends_with(&['\n', '\r', '\n']);
    if blank_end || starts_with_blank_line(after) {
        5
    } else if line_break(last) || line_break(first) {
        4
    } else if symbol(last) && !space(last) && space(first) {
        3
    } else if space(last) || space(first) {
        2
    } else {
        u8::from(symbol(last) || symbol(first))
    }
}

fn starts_with_blank_line(text: &[char]) -> bool {
    let after_line = |text: &[char]| match text {
        ['\n', ..] => Some(1),
        ['\r', '\n', ..] => Some(2),
        _ => None,
    };
    after_line(text).is_some_and(|at| after_line(&text[at..]).is_some())
}
