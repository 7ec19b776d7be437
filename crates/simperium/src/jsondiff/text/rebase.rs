//! Patches applied to a text that has changed meanwhile.

use std::ops::Range;

use super::cleanup;
use super::differ;
use super::edit::{Edit, Kind};
use super::locate::{MAX_BITS, locate};
use super::patch::{self, Patch};
use super::pieces::{Pieces, Source};
use crate::jsondiff::work::Work;

/// Two texts are no longer the same when more than this part differs.
const DELETE_THRESHOLD: f64 = 0.5;

/// What became of the patches.
#[derive(Debug)]
pub(crate) struct Patched {
    pub(crate) text: Vec<char>,
    /// The patches that found no place.
    pub(crate) lost: Vec<Patch>,
    /// The parts of the text that were cut out.
    pub(crate) cut: Vec<Range<usize>>,
    /// What a patch put in and a later one cut out.
    pub(crate) cut_own: Vec<char>,
    /// Whether each patch, of those that were left after splitting, found its
    /// place.
    #[cfg(test)]
    pub(crate) found: Vec<bool>,
}

/// Applies patches, each to the place that looks most like where it is from.
pub(crate) fn apply(mut patches: Vec<Patch>, text: &[char], work: &mut Work) -> Patched {
    let padding = patch::pad(&mut patches);
    let patches = patch::split(patches);
    let padded = [&padding, text, &padding].concat();
    let original_len = padded.len();
    let mut pieces = Pieces::new(padded);

    let mut lost = Vec::new();
    #[cfg(test)]
    let mut found = Vec::new();
    // How far off the last patch was.
    let mut drift = 0_isize;
    for patch in patches {
        let expected = signed(patch.start) + drift;
        let found_at = place(&mut pieces, &patch, expected, work);
        #[cfg(test)]
        found.push(matches!(found_at, Found::Place(_)));
        match found_at {
            Found::Place(place) => {
                drift = signed(place.start) - expected;
                place.put(&mut pieces, &patch);
            }
            Found::Changed { start } => {
                drift = signed(start) - expected;
                lost.push(patch);
            }
            Found::Nothing => {
                drift -= signed(patch.new_len) - signed(patch.old_len);
                lost.push(patch);
            }
        }
    }

    // The official programs cut off as much as was put on, even where a patch
    // has cut into it: then some text goes with it, and is lost.
    let len = pieces.len();
    let (head, tail) = (padding.len().min(len), len.saturating_sub(padding.len()));
    let ends = pieces
        .spans(0..head)
        .chain(pieces.spans(tail.max(head)..len));
    let is_text = padding.len()..original_len - padding.len();
    let unpad = |range: &Range<usize>| {
        let clamp = |at: usize| at.clamp(is_text.start, is_text.end) - is_text.start;
        clamp(range.start)..clamp(range.end)
    };
    let mut cut = Vec::new();
    let mut cut_own = Vec::new();
    for (source, range) in pieces.cut().iter().cloned().chain(ends) {
        match source {
            Source::Original => cut.push(unpad(&range)),
            Source::Added => cut_own.extend_from_slice(&pieces.buffer(source)[range]),
        }
    }
    // Or some of it stays in the middle, where it has no place.
    let mut text = Vec::with_capacity(len);
    for (source, range) in pieces.spans(head..tail) {
        let buffer = pieces.buffer(source);
        match source {
            Source::Original => text.extend_from_slice(&buffer[padding.len()..][unpad(&range)]),
            Source::Added => text.extend_from_slice(&buffer[range]),
        }
    }
    Patched {
        text,
        lost,
        cut,
        cut_own,
        #[cfg(test)]
        found,
    }
}

fn signed(len: usize) -> isize {
    isize::try_from(len).unwrap_or(isize::MAX)
}

/// What is found where a patch is looked for.
enum Found {
    Place(Place),
    /// The place, with too little left of what is to be deleted there.
    Changed {
        start: usize,
    },
    Nothing,
}

/// Where a patch goes.
struct Place {
    start: usize,
    /// How the text there differs from what the patch expects; none if it
    /// does not.
    edits: Vec<Edit>,
}

fn place(text: &mut Pieces, patch: &Patch, expected: isize, work: &mut Work) -> Found {
    let old = patch.side(Kind::Insert);
    let long = old.len() > MAX_BITS;
    let Some((start, end)) = ends(text, &old, expected) else {
        return Found::Nothing;
    };
    let mut there = Vec::new();
    text.copy(start..end, &mut there);
    if there == old {
        return Found::Place(Place {
            start,
            edits: Vec::new(),
        });
    }
    let mut edits = differ::diff(&old, &there, false, work);
    #[expect(clippy::cast_precision_loss)]
    let changed = levenshtein(&edits) as f64 / old.len() as f64;
    if long && changed > DELETE_THRESHOLD {
        return Found::Changed { start };
    }
    cleanup::lossless(&mut edits, &old, &there);
    Found::Place(Place { start, edits })
}

/// Where what a patch is for begins and ends. A long one is looked for by its
/// ends.
fn ends(text: &mut Pieces, old: &[char], expected: isize) -> Option<(usize, usize)> {
    if old.len() <= MAX_BITS {
        let start = locate(text, old, expected)?;
        return Some((start, start + old.len()));
    }
    let start = locate(text, &old[..MAX_BITS], expected)?;
    let tail_at = old.len() - MAX_BITS;
    let end = locate(text, &old[tail_at..], expected + signed(tail_at))?;
    (start < end).then_some((start, end + MAX_BITS))
}

impl Place {
    fn put(&self, text: &mut Pieces, patch: &Patch) {
        let mut at = 0;
        for run in &patch.runs {
            let here = self.start + new_index(&self.edits, at);
            match run.kind {
                Kind::Equal => at += run.text.len(),
                Kind::Insert => {
                    text.splice(here..here, &run.text);
                    at += run.text.len();
                }
                Kind::Delete => {
                    let end = self.start + new_index(&self.edits, at + run.text.len());
                    text.splice(here..end, &[]);
                }
            }
        }
    }
}

/// Where a place in the old text is in the new one.
fn new_index(edits: &[Edit], at: usize) -> usize {
    let (mut old, mut new) = (0, 0);
    for edit in edits {
        let old_end = if edit.kind == Kind::Insert {
            old
        } else {
            old + edit.len
        };
        if old_end > at {
            if edit.kind == Kind::Delete {
                return new;
            }
            break;
        }
        old = old_end;
        if edit.kind != Kind::Delete {
            new += edit.len;
        }
    }
    new + (at - old)
}

/// How many characters are inserted, deleted or replaced.
fn levenshtein(edits: &[Edit]) -> usize {
    let (mut total, mut inserted, mut deleted) = (0, 0, 0);
    for edit in edits {
        match edit.kind {
            Kind::Insert => inserted += edit.len,
            Kind::Delete => deleted += edit.len,
            Kind::Equal => {
                total += inserted.max(deleted);
                (inserted, deleted) = (0, 0);
            }
        }
    }
    total + inserted.max(deleted)
}
