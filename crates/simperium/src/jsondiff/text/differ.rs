//! The shortest way from one sequence to another, as the official programs
//! find it: their deltas are the same wherever they are right.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, Hasher};

use super::cleanup;
use super::edit::{Edit, Kind, Place};
use super::search::{common_prefix, common_prefixes, common_suffix, find};
use crate::jsondiff::work::Work;

/// What a sequence is made of.
pub(crate) trait Symbol: Copy + Eq {
    /// Compares by line first, which is much quicker with long texts; `None`
    /// where there are no lines.
    fn by_line(_old: &[Self], _new: &[Self], _work: &mut Work) -> Option<Vec<Edit>> {
        None
    }
}

impl Symbol for u32 {}

impl Symbol for char {
    fn by_line(old: &[Self], new: &[Self], work: &mut Work) -> Option<Vec<Edit>> {
        Some(by_line(old, new, work))
    }
}

/// Texts shorter than this are not compared by line.
const LINES_FROM: usize = 100;

/// The edits that make `new` of `old`.
pub(crate) fn diff<T: Symbol>(old: &[T], new: &[T], lines: bool, work: &mut Work) -> Vec<Edit> {
    if old == new {
        return if old.is_empty() {
            Vec::new()
        } else {
            vec![Edit::equal(old.len())]
        };
    }
    let prefix = common_prefix(old, new);
    let suffix = common_suffix(&old[prefix..], &new[prefix..]);
    let middle = |text: &[T]| prefix..text.len() - suffix;
    let mut edits = Vec::new();
    if prefix > 0 {
        edits.push(Edit::equal(prefix));
    }
    compute(
        &old[middle(old)],
        &new[middle(new)],
        lines,
        work,
        &mut edits,
    );
    if suffix > 0 {
        edits.push(Edit::equal(suffix));
    }
    cleanup::merge(&mut edits, old, new, work);
    edits
}

/// Sequences that neither begin nor end alike.
fn compute<T: Symbol>(old: &[T], new: &[T], lines: bool, work: &mut Work, edits: &mut Vec<Edit>) {
    if old.is_empty() || new.is_empty() {
        edits.push(if old.is_empty() {
            Edit::insert(new.len())
        } else {
            Edit::delete(old.len())
        });
        return;
    }
    let shrinks = old.len() > new.len();
    let (long, short) = if shrinks { (old, new) } else { (new, old) };
    if let Some(at) = find(long, short) {
        let kind = if shrinks { Kind::Delete } else { Kind::Insert };
        edits.push(Edit { kind, len: at });
        edits.push(Edit::equal(short.len()));
        edits.push(Edit {
            kind,
            len: long.len() - at - short.len(),
        });
        return;
    }
    if short.len() == 1 {
        edits.extend([Edit::delete(old.len()), Edit::insert(new.len())]);
        return;
    }
    if let Some(half) = half_match(long, short, work) {
        let (at_old, at_new) = if shrinks {
            (half.in_long, half.in_short)
        } else {
            (half.in_short, half.in_long)
        };
        edits.extend(diff(&old[..at_old], &new[..at_new], lines, work));
        edits.push(Edit::equal(half.len));
        edits.extend(diff(
            &old[at_old + half.len..],
            &new[at_new + half.len..],
            lines,
            work,
        ));
        return;
    }
    if lines && old.len() > LINES_FROM && new.len() > LINES_FROM {
        if let Some(found) = T::by_line(old, new, work) {
            edits.extend(found);
            return;
        }
    }
    match bisect(old, new, work) {
        Some((x, y)) => {
            edits.extend(diff(&old[..x], &new[..y], false, work));
            edits.extend(diff(&old[x..], &new[y..], false, work));
        }
        None => edits.extend([Edit::delete(old.len()), Edit::insert(new.len())]),
    }
}

/// A run that both sequences share and that is at least half of the longer.
#[derive(Clone, Copy)]
struct Half {
    in_long: usize,
    in_short: usize,
    len: usize,
}

fn half_match<T: Symbol>(long: &[T], short: &[T], work: &mut Work) -> Option<Half> {
    if long.len() < 4 || short.len() * 2 < long.len() {
        return None;
    }
    let second = half_match_from(long, short, long.len().div_ceil(4), work);
    let third = half_match_from(long, short, long.len().div_ceil(2), work);
    match (second, third) {
        (Some(second), Some(third)) => Some(if second.len > third.len {
            second
        } else {
            third
        }),
        (found, None) | (None, found) => found,
    }
}

/// So many places of a seed are looked at one by one.
const FEW_PLACES: usize = 16;

/// Looks for the quarter of `long` that starts at `seed_at`.
fn half_match_from<T: Symbol>(
    long: &[T],
    short: &[T],
    seed_at: usize,
    work: &mut Work,
) -> Option<Half> {
    let seed = &long[seed_at..seed_at + long.len() / 4];
    let mut best = Half {
        in_long: 0,
        in_short: 0,
        len: 0,
    };
    let mut take = |at: usize, before: usize, after: usize| {
        if best.len < before + after {
            best = Half {
                in_long: seed_at - before,
                in_short: at - before,
                len: before + after,
            };
        }
    };
    let mut from = 0;
    let mut places = 0;
    while let Some(at) = find(&short[from..], seed).map(|at| from + at) {
        // Only texts that repeat themselves come here often.
        if places == FEW_PLACES {
            if work.spend(long.len() + short.len()) {
                let around = common_around(long, seed_at, short);
                let around = around
                    .skip(from)
                    .filter(|(_, _, after)| *after >= seed.len());
                around.for_each(|(at, before, after)| take(at, before, after));
            }
            break;
        }
        places += 1;
        let after = common_prefix(&long[seed_at..], &short[at..]);
        let before = common_suffix(&long[..seed_at], &short[..at]);
        take(at, before, after);
        from = at + 1;
    }
    (best.len * 2 >= long.len()).then_some(best)
}

/// For every place in `short`, how much before it and from it on is as around
/// `place` in `long`.
fn common_around<T: Symbol>(
    long: &[T],
    place: usize,
    short: &[T],
) -> impl Iterator<Item = (usize, usize, usize)> {
    let reversed = |part: &[T]| part.iter().rev().copied().collect::<Vec<_>>();
    let after = common_prefixes(&long[place..], short);
    let before = common_prefixes(&reversed(&long[..place]), &reversed(short));
    // What ends before a place begins there when reversed; nothing ends before
    // the first.
    let before = std::iter::once(0).chain(before.into_iter().rev());
    let around = (0..).zip(before).zip(after);
    around.map(|((at, before), after)| (at, before, after))
}

/// Where the middle snake of the shortest edit script splits both sequences
/// (E. Myers, "An O(ND) Difference Algorithm", 1986); `None` when they share
/// nothing or the work is used up.
fn bisect<T: Symbol>(old: &[T], new: &[T], work: &mut Work) -> Option<(usize, usize)> {
    let (n, m) = (
        i32::try_from(old.len()).ok()?,
        i32::try_from(new.len()).ok()?,
    );
    let max_d = n.checked_add(m)?.checked_add(1)? / 2;
    let offset = max_d;
    let length = 2 * max_d;
    let slots = usize::try_from(length).ok()? + 2;
    if !work.spend(slots / 8) {
        return None;
    }
    let index = |k: i32| usize::try_from(k).unwrap_or(0);
    let mut forth = vec![-1_i32; slots];
    let mut back = vec![-1_i32; slots];
    forth[index(offset + 1)] = 0;
    back[index(offset + 1)] = 0;
    let delta = n - m;
    let odd = delta % 2 != 0;
    let (mut forth_start, mut forth_end, mut back_start, mut back_end) = (0, 0, 0, 0);
    for d in 0..max_d {
        let mut steps = 0_usize;
        let mut k = -d + forth_start;
        while k <= d - forth_end {
            let at = index(offset + k);
            let mut x = if k == -d || (k != d && forth[at - 1] < forth[at + 1]) {
                forth[at + 1]
            } else {
                forth[at - 1] + 1
            };
            let mut y = x - k;
            let from = x;
            if x < n && y < m {
                let run = snake(&old[index(x)..], &new[index(y)..]);
                x += run;
                y += run;
            }
            steps += 1 + index(x - from) / 8;
            forth[at] = x;
            if x > n {
                forth_end += 2;
            } else if y > m {
                forth_start += 2;
            } else if odd {
                let other = offset + delta - k;
                if (0..length).contains(&other) && back[index(other)] != -1 {
                    let mirrored = n - back[index(other)];
                    if x >= mirrored {
                        return Some((index(x), index(y)));
                    }
                }
            }
            k += 2;
        }
        let mut k = -d + back_start;
        while k <= d - back_end {
            let at = index(offset + k);
            let mut x = if k == -d || (k != d && back[at - 1] < back[at + 1]) {
                back[at + 1]
            } else {
                back[at - 1] + 1
            };
            let mut y = x - k;
            let from = x;
            if x < n && y < m {
                let run = snake_back(&old[..index(n - x)], &new[..index(m - y)]);
                x += run;
                y += run;
            }
            steps += 1 + index(x - from) / 8;
            back[at] = x;
            if x > n {
                back_end += 2;
            } else if y > m {
                back_start += 2;
            } else if !odd {
                let other = offset + delta - k;
                if (0..length).contains(&other) && forth[index(other)] != -1 {
                    let met_x = forth[index(other)];
                    let met_y = offset + met_x - other;
                    if met_x >= n - x {
                        return Some((index(met_x), index(met_y)));
                    }
                }
            }
            k += 2;
        }
        if !work.spend(steps) {
            return None;
        }
    }
    None
}

fn snake<T: Symbol>(old: &[T], new: &[T]) -> i32 {
    // Most runs end at once.
    let run = old.iter().zip(new).take_while(|(x, y)| x == y).count();
    i32::try_from(run).unwrap_or(i32::MAX)
}

fn snake_back<T: Symbol>(old: &[T], new: &[T]) -> i32 {
    let run = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    i32::try_from(run).unwrap_or(i32::MAX)
}

/// Compares whole lines, then what changed character by character.
fn by_line(old: &[char], new: &[char], work: &mut Work) -> Vec<Edit> {
    let mut numbers = HashMap::new();
    let seed = numbers.hasher().hash_one(0_u8);
    let (old_lines, old_lens) = number_lines(old, seed, &mut numbers);
    let (new_lines, new_lens) = number_lines(new, seed, &mut numbers);
    let mut edits = diff(&old_lines, &new_lines, false, work);
    let mut place = Place::default();
    for edit in &mut edits {
        let next = place.after(*edit);
        edit.len = match edit.kind {
            Kind::Insert => new_lens[place.new..next.new].iter().sum(),
            Kind::Equal | Kind::Delete => old_lens[place.old..next.old].iter().sum(),
        };
        place = next;
    }
    cleanup::semantic(&mut edits, old, new, work);

    let mut fine = Vec::with_capacity(edits.len());
    let mut place = Place::default();
    let mut block = Vec::new();
    let mut block_at = place;
    for edit in edits.into_iter().chain([Edit::equal(0)]) {
        if !edit.is_equal() {
            block.push(edit);
            place = place.after(edit);
            continue;
        }
        let deletes = block.iter().any(|edit: &Edit| edit.kind == Kind::Delete);
        let inserts = block.iter().any(|edit: &Edit| edit.kind == Kind::Insert);
        if deletes && inserts {
            block.clear();
            let (old, new) = (&old[block_at.old..place.old], &new[block_at.new..place.new]);
            fine.extend(diff(old, new, false, work));
        } else {
            fine.append(&mut block);
        }
        fine.push(edit);
        place = place.after(edit);
        block_at = place;
    }
    fine.pop();
    fine
}

/// A line, and a number that is quick to hash in its place.
#[derive(PartialEq, Eq)]
struct Line<'a> {
    hash: u64,
    text: &'a [char],
}

impl Hash for Line<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl<'a> Line<'a> {
    /// With a seed that no one knows, so that no one can make lines whose
    /// numbers are the same.
    fn new(text: &'a [char], seed: u64) -> Self {
        const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        let hash = text.chunks(2).fold(seed, |hash, pair| {
            let pair = pair.iter().fold(1, |pair, c| pair << 32 | u64::from(*c));
            let product = u128::from(hash ^ pair).wrapping_mul(FACTOR);
            (product >> 64) as u64 ^ product as u64
        });
        Self { hash, text }
    }
}

fn number_lines<'a>(
    text: &'a [char],
    seed: u64,
    numbers: &mut HashMap<Line<'a>, u32>,
) -> (Vec<u32>, Vec<usize>) {
    text.split_inclusive(|c| *c == '\n')
        .map(|line| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            (
                *numbers.entry(Line::new(line, seed)).or_insert(next),
                line.len(),
            )
        })
        .unzip()
}
