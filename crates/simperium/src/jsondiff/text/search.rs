//! Common ends, and one sequence inside another, in linear time.

/// How many elements are compared at once before a difference is looked for:
/// many at first, as long common ends are usual.
const BLOCKS: [usize; 2] = [1024, 32];

/// The length of the common beginning.
pub(crate) fn common_prefix<T: Copy + Eq>(a: &[T], b: &[T]) -> usize {
    let len = a.len().min(b.len());
    let mut at = 0;
    for block in BLOCKS {
        while at + block <= len && a[at..at + block] == b[at..at + block] {
            at += block;
        }
    }
    at + a[at..len]
        .iter()
        .zip(&b[at..len])
        .take_while(|(x, y)| x == y)
        .count()
}

/// The length of the common end.
pub(crate) fn common_suffix<T: Copy + Eq>(a: &[T], b: &[T]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[a.len() - len..], &b[b.len() - len..]);
    let mut end = len;
    for block in BLOCKS {
        while end >= block && a[end - block..end] == b[end - block..end] {
            end -= block;
        }
    }
    let rest = a[..end].iter().rev().zip(b[..end].iter().rev());
    len - end + rest.take_while(|(x, y)| x == y).count()
}

/// The first place of `needle` in `hay`.
///
/// Tries every place as long as that is cheap, as it is with real text, and
/// changes to a search that never looks back where it is not.
pub(crate) fn find<T: Copy + Eq>(hay: &[T], needle: &[T]) -> Option<usize> {
    let Some(first) = needle.first() else {
        return Some(0);
    };
    let last = hay.len().checked_sub(needle.len())?;
    let mut patience = 4 * hay.len() + 64;
    let mut at = 0;
    while at <= last {
        at += hay[at..=last].iter().position(|x| x == first)?;
        let same = common_prefix(&hay[at..], needle);
        if same == needle.len() {
            return Some(at);
        }
        match patience.checked_sub(same) {
            Some(left) => patience = left,
            None => return find_without_looking_back(hay, needle, at),
        }
        at += 1;
    }
    None
}

fn find_without_looking_back<T: Copy + Eq>(hay: &[T], needle: &[T], from: usize) -> Option<usize> {
    let borders = borders(needle);
    let mut matched = 0;
    for (at, x) in hay.iter().enumerate().skip(from) {
        while matched > 0 && needle[matched] != *x {
            matched = borders[matched - 1];
        }
        if needle[matched] == *x {
            matched += 1;
        }
        if matched == needle.len() {
            return Some(at + 1 - matched);
        }
    }
    None
}

/// For every beginning of `text`, the length of its longest proper beginning
/// that is also its end.
fn borders<T: Copy + Eq>(text: &[T]) -> Vec<usize> {
    let mut borders = vec![0; text.len()];
    let mut len = 0;
    for at in 1..text.len() {
        while len > 0 && text[at] != text[len] {
            len = borders[len - 1];
        }
        if text[at] == text[len] {
            len += 1;
        }
        borders[at] = len;
    }
    borders
}

/// For every place in `text`, how much from there on is as `pattern` begins (the
/// Z algorithm).
pub(crate) fn common_prefixes<T: Copy + Eq>(pattern: &[T], text: &[T]) -> Vec<usize> {
    let own = prefixes(pattern, pattern, &[]);
    prefixes(pattern, text, &own)
}

/// The same, given those of the pattern in itself; without, if it is the text.
fn prefixes<T: Copy + Eq>(pattern: &[T], text: &[T], own: &[usize]) -> Vec<usize> {
    let is_own = own.is_empty();
    let mut lengths: Vec<usize> = Vec::with_capacity(text.len());
    // What is known to be as the pattern from `begin` to `end`.
    let (mut begin, mut end) = (0, 0);
    for at in 0..text.len() {
        let known = if at < end {
            let own = if is_own { &lengths } else { own };
            own[at - begin].min(end - at)
        } else {
            0
        };
        let length = if at + known < end {
            known
        } else if is_own && at == 0 {
            // Else it would be compared with itself all the way, and be no help.
            lengths.push(pattern.len());
            continue;
        } else {
            known + common_prefix(&pattern[known..], &text[at + known..])
        };
        if at + length > end {
            (begin, end) = (at, at + length);
        }
        lengths.push(length);
    }
    lengths
}

/// The length of the longest end of `a` that `b` begins with.
pub(crate) fn overlap<T: Copy + Eq>(a: &[T], b: &[T]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[a.len() - len..], &b[..len]);
    if a == b {
        return len;
    }
    let borders = borders(b);
    let mut matched = 0;
    for x in a {
        // As `a` is not `b`, a full match only comes with its last element.
        while matched > 0 && (matched == len || b[matched] != *x) {
            matched = borders[matched - 1];
        }
        if matched < len && b[matched] == *x {
            matched += 1;
        }
    }
    matched
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn both_searches_find_the_first_place() {
        let hay = chars(&"ab".repeat(300));
        for (needle, at) in [
            ("ba", Some(1)),
            ("abab", Some(0)),
            ("bb", None),
            ("", Some(0)),
        ] {
            let needle = chars(needle);
            assert_eq!(find(&hay, &needle), at);
            if !needle.is_empty() {
                assert_eq!(find_without_looking_back(&hay, &needle, 0), at);
            }
        }
        let mut needle = chars(&"a".repeat(400));
        needle.push('b');
        let mut hay = chars(&"a".repeat(2000));
        assert_eq!(find(&hay, &needle), None);
        hay.push('b');
        assert_eq!(find(&hay, &needle), Some(1600));
    }

    #[test]
    fn common_prefixes_are_those_of_each_place() {
        let mut random = fastrand::Rng::with_seed(5);
        for round in 0..2000 {
            let letters = 1 + round % 3;
            let mut word = |max: usize| -> Vec<u8> {
                let len = random.usize(0..=max);
                (0..len).map(|_| random.u8(0..=letters as u8)).collect()
            };
            let (pattern, text) = (word(9), word(40));
            let all = common_prefixes(&pattern, &text);
            assert_eq!(all.len(), text.len());
            for (at, length) in all.into_iter().enumerate() {
                assert_eq!(length, common_prefix(&pattern, &text[at..]));
            }
        }
    }

    #[test]
    fn the_longest_overlap_counts() {
        for (a, b, len) in [
            ("", "abc", 0),
            ("abc", "abcd", 3),
            ("123456", "abcd", 0),
            ("xaaa", "aab", 2),
            ("aaa", "aaab", 3),
        ] {
            assert_eq!(overlap(&chars(a), &chars(b)), len, "{a} {b}");
        }
    }

    #[test]
    fn common_ends_across_blocks() {
        let a = chars(&format!("{}x{}", "p".repeat(1100), "s".repeat(1233)));
        let b = chars(&format!("{}yy{}", "p".repeat(1100), "s".repeat(1233)));
        assert_eq!(common_prefix(&a, &b), 1100);
        assert_eq!(common_suffix(&a, &b), 1233);
        assert_eq!(common_prefix(&a, &a), a.len());
        assert_eq!(common_suffix(&a, &a), a.len());
    }
}
