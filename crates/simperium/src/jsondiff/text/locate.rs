//! Where in a text a pattern is, or something much like it.
//!
//! Bitap (R. Baeza-Yates, G. Gonnet, 1992; with errors: S. Wu, U. Manber,
//! 1992), with the scores of the official programs: errors by the length of
//! the pattern, plus the distance from the expected place by 1000, at most
//! one half.

use super::pieces::Pieces;

/// The longest pattern.
pub(crate) const MAX_BITS: usize = 32;
const THRESHOLD: f64 = 0.5;
const DISTANCE: f64 = 1000.0;
/// How far from the expected place a match without errors can be.
pub(crate) const REACH: usize = 500;

/// The best place for a pattern of at most [`MAX_BITS`] near `expected`.
pub(crate) fn locate(text: &mut Pieces, pattern: &[char], expected: isize) -> Option<usize> {
    let expected = usize::try_from(expected).unwrap_or(0).min(text.len());
    let mut window = Vec::new();
    if text.len() == pattern.len() {
        text.copy(0..text.len(), &mut window);
        if window == pattern {
            return Some(0);
        }
        window.clear();
    }
    if text.len() == 0 {
        return None;
    }
    text.copy(expected..expected + pattern.len(), &mut window);
    if window == pattern {
        return Some(expected);
    }
    let from = expected.saturating_sub(REACH);
    window.clear();
    text.copy(from..expected + REACH + pattern.len(), &mut window);
    bitap(&window, pattern, expected - from, text.len() - from).map(|at| at + from)
}

/// Errors and distance as one number; less is better.
fn score(errors: usize, len: usize, distance: usize) -> f64 {
    // Both are small.
    #[expect(clippy::cast_precision_loss)]
    let (errors, len, distance) = (errors as f64, len as f64, distance as f64);
    errors / len + distance / DISTANCE
}

/// Places are counted from the beginning of the window; `text_len` is how far
/// the text goes on.
fn bitap(window: &[char], pattern: &[char], expected: usize, text_len: usize) -> Option<usize> {
    let len = pattern.len();
    if len == 0 || len > MAX_BITS {
        return None;
    }
    let masks = masks(window, pattern);
    let found_bit = 1_u32 << (len - 1);
    let mut threshold = THRESHOLD;
    let mut best = None;
    let mut reach = len + text_len;
    let mut last: Vec<u32> = Vec::new();
    for errors in 0..len {
        // The furthest place that could still be good enough.
        let (mut near, mut far) = (0, reach);
        let mut middle = far;
        while near < middle {
            if score(errors, len, middle) <= threshold {
                near = middle;
            } else {
                far = middle;
            }
            middle = (far - near) / 2 + near;
        }
        reach = middle;
        let mut start = (expected + 1).saturating_sub(middle).max(1);
        let finish = (expected + middle).min(text_len) + len;
        let mut row = vec![0_u32; finish + 2];
        row[finish + 1] = (1_u32 << errors) - 1;
        let before = |at: usize| last.get(at).copied().unwrap_or(0);
        let mut at = finish;
        while at >= start {
            let mask = masks.get(at - 1).copied().unwrap_or(0);
            let mut bits = (row[at + 1] << 1 | 1) & mask;
            if errors > 0 {
                bits |= ((before(at + 1) | before(at)) << 1 | 1) | before(at + 1);
            }
            row[at] = bits;
            if bits & found_bit != 0 {
                let found = at - 1;
                let value = score(errors, len, found.abs_diff(expected));
                if value <= threshold {
                    threshold = value;
                    best = Some(found);
                    if found <= expected {
                        break;
                    }
                    // No further to the left than this is to the right.
                    start = (2 * expected).saturating_sub(found).max(1);
                }
            }
            at -= 1;
        }
        if score(errors + 1, len, 0) > threshold {
            break;
        }
        last = row;
    }
    best
}

/// For every character of the window, where in the pattern it is, one bit a
/// place, the first place in the highest bit.
fn masks(window: &[char], pattern: &[char]) -> Vec<u32> {
    let mask = |c: char| {
        pattern.iter().enumerate().fold(0, |mask, (at, p)| {
            if *p == c {
                mask | 1_u32 << (pattern.len() - at - 1)
            } else {
                mask
            }
        })
    };
    let ascii: Vec<u32> = (0..128_u8).map(|byte| mask(char::from(byte))).collect();
    window
        .iter()
        .map(|c| ascii.get(*c as usize).copied().unwrap_or_else(|| mask(*c)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, pattern: &str, expected: isize) -> Option<usize> {
        let pattern: Vec<char> = pattern.chars().collect();
        locate(&mut Pieces::new(text.chars().collect()), &pattern, expected)
    }

    #[test]
    fn the_nearest_likeness_is_found() {
        assert_eq!(at("abcdef", "abcdef", 1000), Some(0));
        assert_eq!(at("", "abcdef", 1), None);
        assert_eq!(at("abcdef", "de", 3), Some(3));
        assert_eq!(at("abcdef", "defy", 4), Some(3));
        assert_eq!(at("abcdefghijk", "efxhi", 0), Some(4));
        assert_eq!(at("abcdefghijk", "cdefxyhijk", 5), Some(2));
        assert_eq!(at("abcdefghijk", "bxy", 1), None);
        assert_eq!(at("123456789xx0", "3456789x0", 2), Some(2));
        assert_eq!(
            at(
                "I am the very model of a modern major general.",
                " that berry ",
                5
            ),
            Some(4)
        );
    }

    #[test]
    fn a_place_far_away_is_no_match() {
        let text = format!("{}needle", "x".repeat(600));
        assert_eq!(at(&text, "needle", 100), Some(600));
        assert_eq!(at(&text, "needle", 99), None);
    }
}
