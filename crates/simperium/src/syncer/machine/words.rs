//! Words that are torn apart where two sides write into one place.
//!
//! Texts are merged character by character, here as on the server. Where both
//! sides have changed the same place, a word may come out that nobody has
//! written, and those that were are gone, though all of their characters may be
//! there. Nobody finds such a word again, so it counts as lost.

use std::collections::HashMap;

/// Scripts that put no spaces between words, from Thai to Burmese, and those of
/// Khmer, China, Japan: a character is as much as a word there.
const fn is_word_itself(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
        || (c >= '\u{2e80}' && !matches!(c, '\u{ac00}'..='\u{d7ff}'))
}

/// The words of a text, and how often each is there.
fn words(text: &str) -> HashMap<&str, usize> {
    let mut words = HashMap::new();
    let is_part = |c: char| c.is_alphanumeric() && !is_word_itself(c);
    for word in text.split(|c| !is_part(c)).filter(|word| !word.is_empty()) {
        *words.entry(word).or_default() += 1;
    }
    words
}

/// What is missing of a merged text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Torn {
    /// Words that this side has written.
    pub(super) local: Vec<String>,
    /// Words that the other has written, or neither has touched.
    pub(super) remote: Vec<String>,
}

/// Looks for words that are in no one's way and are not in the merged text: new
/// ones of either side, and old ones that both have left. A word that a side has
/// only added to, or cut, is looked after character by character.
pub(super) fn torn(base: &str, local: &str, remote: &str, merged: &str) -> Torn {
    let texts = [base, local, remote].map(words);
    let there = words(merged);
    let times = |word: &str| texts.each_ref().map(|words| count(words, word));
    let mut torn = Torn::default();
    let mut all: Vec<&str> = texts
        .iter()
        .flat_map(|words| words.keys().copied())
        .collect();
    all.sort_unstable();
    all.dedup();
    for word in all {
        let [before, ours, theirs] = times(word);
        let [is_ours, is_theirs] = [&texts[1], &texts[2]]
            .map(|side| count(side, word) > before && !is_edited(word, &texts[0], side));
        let left = before.min(ours).min(theirs);
        let new = |is_new: bool, times: usize| if is_new { times - before } else { 0 };
        // What both have written may have become one.
        let wanted = left + new(is_ours, ours).max(new(is_theirs, theirs));
        if has(merged, &there, word, wanted) {
            continue;
        }
        let side = if is_ours {
            &mut torn.local
        } else {
            &mut torn.remote
        };
        side.push(word.to_owned());
    }
    torn
}

/// Whether a side has made a word of one that it had before, by adding to it or
/// by cutting it.
fn is_edited(word: &str, base: &HashMap<&str, usize>, side: &HashMap<&str, usize>) -> bool {
    base.iter().any(|(old, times)| {
        count(side, old) < *times && (is_within(old, word) || is_within(word, old))
    })
}

/// Whether all characters of one word are in another, in their order.
fn is_within(word: &str, other: &str) -> bool {
    let mut other = other.chars();
    word.chars().all(|c| other.any(|there| there == c))
}

fn count(words: &HashMap<&str, usize>, word: &str) -> usize {
    words.get(word).copied().unwrap_or_default()
}

/// Whether a text has a word so often, be it within another.
fn has(text: &str, words: &HashMap<&str, usize>, word: &str, times: usize) -> bool {
    count(words, word) >= times || text.matches(word).count() >= times
}

/// The words of one text that are not in another.
pub(super) fn missing(expected: &str, found: &str) -> Vec<String> {
    let there = words(found);
    let mut missing: Vec<String> = words(expected)
        .into_iter()
        .filter(|(word, times)| !has(found, &there, word, *times))
        .map(|(word, _)| word.to_owned())
        .collect();
    missing.sort_unstable();
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(base: &str, local: &str, remote: &str, merged: &str) -> [String; 2] {
        let torn = torn(base, local, remote, merged);
        [torn.local.join(" "), torn.remote.join(" ")]
    }

    #[test]
    fn words_that_are_mixed_are_torn() {
        let none = ["", ""];
        assert_eq!(lost("kiro", "kima", "nero", "nema"), ["kima", "nero"]);
        assert_eq!(lost("kiro", "kima", "nero", "kima nero"), none);
        assert_eq!(lost("kiro", "kima", "nero", "kimanero"), none);
        // What one side has deleted need not be there.
        assert_eq!(lost("one two six", "one six", "one two", "one "), none);
        assert_eq!(lost("one two six", "one six", "one two", "o"), ["", "one"]);
        // One that is only added to, or cut, is another then.
        assert_eq!(lost("AC", "ACD", "ABC", "ABCD"), none);
        assert_eq!(lost("words", "wrds", "woXrds", "wXrds"), none);
        // Nor what both have written, twice.
        assert_eq!(lost("", "new", "new", "new"), none);
        assert_eq!(lost("a", "a a", "b a", "b a"), ["a", ""]);
    }

    #[test]
    fn every_character_of_some_scripts_is_a_word() {
        assert_eq!(lost("仝仞", "仝元仞", "仝化仞", "仝元化仞"), ["", ""]);
        assert_eq!(lost("하나", "하둘", "셋나", "셋둘"), ["하둘", "셋나"]);
        assert!(missing("ไทย", "ไย").is_empty());
    }

    #[test]
    fn words_are_missed_as_often_as_they_were_there() {
        assert_eq!(missing("one, two; one!", "two one"), ["one"]);
        assert!(missing("one, two; one!", "twone one").is_empty());
    }
}
