//! Edits with the text around them, so that they can be placed in a text that
//! has changed meanwhile.

use memchr::memmem;

use super::edit::Kind;
use super::locate::MAX_BITS;
use super::search::{common_prefix, find};
use crate::jsondiff::work::Work;

/// How much text around an edit helps to place it.
pub(crate) const MARGIN: usize = 4;

/// A run and what it holds.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) kind: Kind,
    pub(crate) text: Vec<char>,
}

impl Run {
    fn equal(text: &[char]) -> Self {
        Self {
            kind: Kind::Equal,
            text: text.to_vec(),
        }
    }
}

/// A few edits that belong together, and their surroundings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patch {
    pub(crate) runs: Vec<Run>,
    /// Where it begins in a text that all patches before it were applied to.
    pub(crate) start: usize,
    pub(crate) old_len: usize,
    pub(crate) new_len: usize,
}

impl Patch {
    /// What it holds of one side: all but what is `without`.
    pub(crate) fn side(&self, without: Kind) -> Vec<char> {
        let runs = self.runs.iter().filter(|run| run.kind != without);
        runs.flat_map(|run| run.text.iter().copied()).collect()
    }

    fn push(&mut self, kind: Kind, text: &[char]) {
        if kind != Kind::Insert {
            self.old_len += text.len();
        }
        if kind != Kind::Delete {
            self.new_len += text.len();
        }
        self.runs.push(Run {
            kind,
            text: text.to_vec(),
        });
    }
}

/// A run of a delta over its base.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a [char],
}

/// Turns the runs that make `new` of `base` into patches. `beside` is the text
/// before and after both, with some of theirs.
pub(crate) fn make(
    base: &[char],
    new: &[char],
    beside: [&str; 2],
    changes: &[Change<'_>],
    work: &mut Work,
) -> Vec<Patch> {
    let mut context = Context::new(base, new, beside);
    let mut patches = Vec::new();
    let mut patch = Patch::default();
    // How far the walk is in both texts.
    let (mut old_at, mut new_at) = (0, 0);
    for (index, change) in changes.iter().enumerate() {
        let len = change.text.len();
        if patch.runs.is_empty() && change.kind != Kind::Equal {
            patch.start = new_at;
        }
        match change.kind {
            Kind::Insert | Kind::Delete => patch.push(change.kind, change.text),
            Kind::Equal => {
                let last = index + 1 == changes.len();
                if len <= 2 * MARGIN && !patch.runs.is_empty() && !last {
                    patch.push(Kind::Equal, change.text);
                }
                // Both at exactly this length, as on the server.
                if len >= 2 * MARGIN && !patch.runs.is_empty() {
                    context.add_to(&mut patch, work);
                    patches.push(std::mem::take(&mut patch));
                    context.patched = new_at;
                    context.unpatched = old_at;
                }
            }
        }
        if change.kind != Kind::Insert {
            old_at += len;
        }
        if change.kind != Kind::Delete {
            new_at += len;
        }
    }
    if !patch.runs.is_empty() {
        context.add_to(&mut patch, work);
        patches.push(patch);
    }
    patches
}

/// The text that a patch is for: new up to the last patch, old from there.
struct Context<'a> {
    base: &'a [char],
    new: &'a [char],
    /// Where in the new text the old one goes on,
    patched: usize,
    /// and from where in the old.
    unpatched: usize,
    beside: [&'a str; 2],
    /// How often each character is there, by its low byte.
    counts: Option<Vec<u32>>,
}

impl<'a> Context<'a> {
    fn new(base: &'a [char], new: &'a [char], beside: [&'a str; 2]) -> Self {
        Self {
            base,
            new,
            patched: 0,
            unpatched: 0,
            beside,
            counts: None,
        }
    }

    fn halves(&self) -> (&'a [char], &'a [char]) {
        (&self.new[..self.patched], &self.base[self.unpatched..])
    }

    fn len(&self) -> usize {
        self.patched + self.base.len() - self.unpatched
    }

    fn slice(&self, from: usize, to: usize) -> Vec<char> {
        let (left, right) = self.halves();
        let to = to.min(self.len());
        let mut out = Vec::with_capacity(to.saturating_sub(from));
        if from < left.len() {
            out.extend_from_slice(&left[from..to.min(left.len())]);
        }
        if to > left.len() {
            out.extend_from_slice(&right[from.saturating_sub(left.len())..to - left.len()]);
        }
        out
    }

    /// Adds as much of the surroundings as makes the place unique, and some
    /// more.
    fn add_to(&mut self, patch: &mut Patch, work: &mut Work) {
        let total = self.len();
        if total == 0 {
            return;
        }
        let (start, end) = (patch.start, patch.start + patch.old_len);
        let around = |padding: usize| (start.saturating_sub(padding), (end + padding).min(total));
        let mut padding = 0;
        loop {
            let (from, to) = around(padding);
            if to - from >= MAX_BITS - 2 * MARGIN || self.is_unique(from, to, work) {
                break;
            }
            padding += MARGIN;
        }
        padding += MARGIN;
        let (from, to) = around(padding);
        let (prefix, suffix) = (self.slice(from, start), self.slice(end, to));
        if !prefix.is_empty() {
            patch.runs.insert(0, Run::equal(&prefix));
        }
        if !suffix.is_empty() {
            patch.runs.push(Run::equal(&suffix));
        }
        patch.start -= prefix.len();
        patch.old_len += prefix.len() + suffix.len();
        patch.new_len += prefix.len() + suffix.len();
    }

    /// Whether what is at this place is nowhere else. When the work is used
    /// up, nothing is unique, and patches take more text with them.
    fn is_unique(&mut self, from: usize, to: usize, work: &mut Work) -> bool {
        if from == to {
            return false;
        }
        let beside: usize = self.beside.iter().map(|text| text.len()).sum();
        // The whole text.
        if beside == 0 && to - from == self.len() {
            return true;
        }
        let pattern = self.slice(from, to);
        if !work.spend(self.len() / 8 + beside / 32) {
            return false;
        }
        let bytes: String = pattern.iter().collect();
        let is_in = |text: &&str| memmem::find(text.as_bytes(), bytes.as_bytes()).is_some();
        if self.beside.iter().any(is_in) {
            return false;
        }
        let (left, right) = self.halves();
        let seam_from = left.len().saturating_sub(pattern.len() - 1);
        let seam = self.slice(seam_from, left.len() + pattern.len() - 1);
        let counts = self.counts.get_or_insert_with(|| count(self.base));
        let rare = rarest(&pattern, counts);
        !(occurs_elsewhere(left, &pattern, rare, Some(from))
            || occurs_elsewhere(right, &pattern, rare, from.checked_sub(left.len()))
            || occurs_elsewhere(&seam, &pattern, rare, from.checked_sub(seam_from)))
    }
}

fn count(text: &[char]) -> Vec<u32> {
    let mut counts = vec![0_u32; 256];
    for c in text {
        counts[*c as usize & 0xff] += 1;
    }
    counts
}

/// The place of the character of the pattern that the text has least of.
fn rarest(pattern: &[char], counts: &[u32]) -> usize {
    let least = pattern
        .iter()
        .enumerate()
        .min_by_key(|(_, c)| counts[**c as usize & 0xff]);
    least.map_or(0, |(at, _)| at)
}

/// Whether `pattern` is in `text` at another place than `here`. Looks for the
/// character at `probe` first.
fn occurs_elsewhere(text: &[char], pattern: &[char], probe: usize, here: Option<usize>) -> bool {
    let Some(last) = text.len().checked_sub(pattern.len()) else {
        return false;
    };
    let wanted = pattern[probe];
    let mut at = 0;
    while at <= last {
        let Some(found) = next(&text[at + probe..=last + probe], wanted) else {
            return false;
        };
        at += found;
        if Some(at) != here && common_prefix(&text[at..], pattern) == pattern.len() {
            return true;
        }
        at += 1;
    }
    false
}

/// The next place of a character, looked for in blocks, which is several
/// times as quick as one by one.
fn next(text: &[char], wanted: char) -> Option<usize> {
    const BLOCK: usize = 32;
    for (index, block) in text.chunks(BLOCK).enumerate() {
        if block.iter().fold(false, |found, c| found | (*c == wanted)) {
            return find(block, &[wanted]).map(|at| index * BLOCK + at);
        }
    }
    None
}

/// Gives the first and the last patch a context even at the ends of the text,
/// which is to be padded with the characters that this returns.
pub(crate) fn pad(patches: &mut [Patch]) -> [char; MARGIN] {
    const PADDING: [char; MARGIN] = ['\u{1}', '\u{2}', '\u{3}', '\u{4}'];
    for patch in &mut *patches {
        patch.start += MARGIN;
    }
    if let Some(patch) = patches.first_mut() {
        let has = match patch.runs.first() {
            Some(run) if run.kind == Kind::Equal => run.text.len(),
            _ => {
                patch.runs.insert(0, Run::equal(&[]));
                0
            }
        };
        let missing = MARGIN.saturating_sub(has);
        patch.runs[0]
            .text
            .splice(0..0, PADDING[MARGIN - missing..].iter().copied());
        patch.start -= missing;
        patch.old_len += missing;
        patch.new_len += missing;
    }
    if let Some(patch) = patches.last_mut() {
        if patch.runs.last().is_none_or(|run| run.kind != Kind::Equal) {
            patch.runs.push(Run::equal(&[]));
        }
        if let Some(run) = patch.runs.last_mut() {
            let missing = MARGIN.saturating_sub(run.text.len());
            run.text.extend_from_slice(&PADDING[..missing]);
            patch.old_len += missing;
            patch.new_len += missing;
        }
    }
    PADDING
}

/// Splits patches that are too long to be looked for as one.
pub(crate) fn split(patches: Vec<Patch>) -> Vec<Patch> {
    let mut out = Vec::with_capacity(patches.len());
    for patch in patches {
        if patch.old_len <= MAX_BITS {
            out.push(patch);
        } else {
            split_one(&patch, &mut out);
        }
    }
    out
}

/// The runs of a patch from some place on.
struct Rest<'a> {
    runs: &'a [Run],
    /// How much of the first is gone.
    gone: usize,
}

impl<'a> Rest<'a> {
    fn first(&self) -> Option<(Kind, &'a [char])> {
        self.runs
            .first()
            .map(|run| (run.kind, &run.text[self.gone..]))
    }

    fn take(&mut self, len: usize) {
        self.gone += len;
        if self
            .runs
            .first()
            .is_some_and(|run| self.gone >= run.text.len())
        {
            self.runs = &self.runs[1..];
            self.gone = 0;
        }
    }

    /// The first characters of what is there before the patch.
    fn old_head(&self, len: usize) -> Vec<char> {
        let mut head = Vec::with_capacity(len);
        let mut gone = self.gone;
        for run in self.runs {
            if head.len() >= len {
                break;
            }
            if run.kind != Kind::Insert {
                let text = &run.text[gone..];
                head.extend_from_slice(&text[..text.len().min(len - head.len())]);
            }
            gone = 0;
        }
        head
    }
}

fn split_one(big: &Patch, out: &mut Vec<Patch>) {
    let mut rest = Rest {
        runs: &big.runs,
        gone: 0,
    };
    let mut start = big.start;
    let mut before: Vec<char> = Vec::new();
    while !rest.runs.is_empty() {
        let mut patch = Patch {
            start: start - before.len(),
            ..Patch::default()
        };
        let mut edits = false;
        if !before.is_empty() {
            patch.push(Kind::Equal, &before);
        }
        while patch.old_len < MAX_BITS - MARGIN {
            let Some((kind, text)) = rest.first() else {
                break;
            };
            let only_context = matches!(&patch.runs[..], [run] if run.kind == Kind::Equal);
            let whole = match kind {
                Kind::Insert => true,
                // A long deletion is looked for by its ends.
                Kind::Delete => only_context && text.len() > 2 * MAX_BITS,
                Kind::Equal => false,
            };
            let room = MAX_BITS - MARGIN - patch.old_len;
            let text = if whole {
                text
            } else {
                &text[..text.len().min(room)]
            };
            patch.push(kind, text);
            rest.take(text.len());
            edits |= kind != Kind::Equal;
            if kind != Kind::Delete {
                start += text.len();
            }
        }
        let new = patch.side(Kind::Delete);
        before = new[new.len().saturating_sub(MARGIN)..].to_vec();
        let after = rest.old_head(MARGIN);
        if !after.is_empty() {
            patch.old_len += after.len();
            patch.new_len += after.len();
            match patch.runs.last_mut() {
                Some(run) if run.kind == Kind::Equal => run.text.extend_from_slice(&after),
                _ => patch.runs.push(Run::equal(&after)),
            }
        }
        if edits {
            out.push(patch);
        }
    }
}
