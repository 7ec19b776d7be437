//! Random objects as apps have them, and edits as people make them.

use serde_json::{Map, Value, json};

/// Which characters there are in texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// One UTF-16 unit each, in which JavaScript counts.
    Basic,
    /// Two for some, which share halves with each other.
    Wide,
}

const BASIC: &[char] = &[
    'a', 'b', 'e', 'n', 't', 'A', 'Z', '0', '7', ' ', ' ', '\n', '\t', '\r', '%', '+', '-', '=',
    '&', '#', '"', '\\', '<', '\0', '\u{1}', '\u{4}', '\u{7f}', 'é', 'ß', 'ø', '\u{301}', '\u{a0}',
    'ж', 'א', '\u{200d}', '\u{200f}', '日', '本', '語', '한', '\u{e000}', '\u{fe0f}', '\u{feff}',
    '\u{fffd}', '\u{ffff}',
];

const WIDE: &[char] = &[
    '\u{1f600}',
    '\u{1f601}',
    '\u{1f234}',
    '\u{1f634}',
    '\u{1f468}',
    '\u{1f3fd}',
    '\u{10000}',
    '\u{10400}',
    '\u{20000}',
    '\u{10ffff}',
];

const WORDS: &[&str] = &[
    "the",
    "a",
    "of",
    "and",
    "milk",
    "eggs",
    "meeting",
    "Tuesday",
    "note",
    "draft",
    "deadline",
    "remember",
    "call",
    "the",
    "is",
    "was",
    "TODO:",
    "-",
    "1.",
    "https://example.com/?q=a%20b&c=d",
    "naïve",
    "Größe",
    "café",
    "Привет",
    "日本語",
    "ありがとう",
];

const KEYS: &[&str] = &[
    "",
    "title",
    "content",
    "tags",
    "done",
    "a.b",
    "a/b",
    "with space",
    "%41",
    "é",
    "日本",
    "0",
    "9",
    "10",
];

/// What all of this is made from.
pub(crate) struct Random {
    rng: fastrand::Rng,
    alphabet: Alphabet,
}

impl Random {
    pub(crate) fn new(seed: u64, alphabet: Alphabet) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            alphabet,
        }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.rng.u32(0..n) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.rng.usize(0..of.len())]
    }

    fn character(&mut self) -> char {
        let of = if self.alphabet == Alphabet::Wide && self.one_in(2) {
            WIDE
        } else {
            BASIC
        };
        of[self.rng.usize(0..of.len())]
    }

    fn characters(&mut self, most: usize) -> String {
        let len = self.rng.usize(0..=most);
        (0..len).map(|_| self.character()).collect()
    }

    fn word(&mut self) -> String {
        if self.alphabet == Alphabet::Wide && self.one_in(5) {
            return self.characters(3);
        }
        self.pick(WORDS).to_owned()
    }

    fn words(&mut self, most: usize) -> String {
        let len = self.rng.usize(1..=most);
        let words: Vec<String> = (0..len).map(|_| self.word()).collect();
        words.join(" ")
    }

    /// Sentences and lists, line by line.
    pub(crate) fn note(&mut self, lines: usize) -> String {
        let len = self.rng.usize(1..=lines);
        let lines: Vec<String> = (0..len).map(|_| self.words(12)).collect();
        lines.join("\n")
    }

    pub(crate) fn text(&mut self) -> String {
        match self.rng.u8(0..10) {
            0 => String::new(),
            1 | 2 => self.characters(12),
            3 | 4 => self.characters(120),
            5 | 6 => self.words(6),
            7 | 8 => self.note(6),
            _ => self.note(40),
        }
    }

    /// An edit as a person makes it: words put in, taken out, corrected, moved.
    pub(crate) fn edit_note(&mut self, text: &str) -> String {
        let mut edited = text.to_owned();
        for _ in 0..self.rng.usize(1..5) {
            let mut words: Vec<String> = edited.split(' ').map(str::to_owned).collect();
            let at = self.rng.usize(0..words.len());
            match self.rng.u8(0..8) {
                0 | 1 => words.insert(at, self.word()),
                2 => {
                    words.remove(at);
                }
                3 => words[at] = self.word(),
                4 => words[at] = words[at].to_uppercase(),
                5 => {
                    let word = words.remove(at);
                    let to = self.rng.usize(0..=words.len());
                    words.insert(to, word);
                }
                6 => words[at].push('\n'),
                _ => words.push(self.words(8)),
            }
            edited = words.join(" ");
        }
        edited
    }

    pub(crate) fn edit_text(&mut self, text: &str) -> String {
        match self.rng.u8(0..12) {
            0 => String::new(),
            1 => self.text(),
            2..=6 => self.edit_note(text),
            _ => {
                let mut chars: Vec<char> = text.chars().collect();
                for _ in 0..self.rng.usize(1..4) {
                    let start = self.rng.usize(0..=chars.len());
                    let most = if self.one_in(6) { 80 } else { 6 };
                    let end = (start + self.rng.usize(0..most)).min(chars.len());
                    let new: Vec<char> = self.characters(8).chars().collect();
                    chars.splice(start..end, new);
                }
                chars.into_iter().collect()
            }
        }
    }

    /// Neither 0 nor 1, which JavaScript's program takes for `false` and
    /// `true`; and not more digits than its numbers have.
    fn number(&mut self) -> Value {
        let text = match self.rng.u8(0..6) {
            0 => self.rng.i64(2..100).to_string(),
            1 => self.rng.i64(-9_007_199_254_740_991..-1).to_string(),
            2 => format!("{}.50", self.rng.i64(2..1000)),
            3 => format!("{}e{}", self.rng.i64(2..99), self.rng.i64(-9..20)),
            4 => format!("1.{:09}", self.rng.i64(1..999_999_999)),
            _ => format!("{}.0", self.rng.i64(2..9)),
        };
        serde_json::from_str(&text).unwrap()
    }

    fn value(&mut self, levels: usize) -> Value {
        match self.rng.u8(0..12) {
            0 => Value::Null,
            1 => self.rng.bool().into(),
            2 | 3 => self.number(),
            4 if levels > 0 => {
                let len = self.rng.usize(0..5);
                (0..len).map(|_| self.value(levels - 1)).collect()
            }
            5 | 6 if levels > 0 => self.object(levels - 1),
            _ => self.text().into(),
        }
    }

    /// An object with so many more levels of objects and lists.
    pub(crate) fn object(&mut self, levels: usize) -> Value {
        let len = self.rng.usize(0..6);
        let fields = (0..len).map(|_| (self.pick(KEYS).to_owned(), self.value(levels)));
        Value::Object(fields.collect())
    }

    fn edit_value(&mut self, value: &Value, levels: usize) -> Value {
        if self.one_in(8) {
            return self.value(levels);
        }
        match value {
            Value::String(text) => self.edit_text(text).into(),
            Value::Object(map) => self.edit_map(map, levels.saturating_sub(1)),
            Value::Array(list) => {
                let mut list = list.clone();
                let at = self.rng.usize(0..=list.len());
                match (self.rng.u8(0..3), list.get(at).cloned()) {
                    (0, Some(old)) => list[at] = self.edit_value(&old, levels.saturating_sub(1)),
                    (1, Some(_)) => {
                        list.remove(at);
                    }
                    _ => list.insert(at, self.value(levels.saturating_sub(1))),
                }
                list.into()
            }
            Value::Bool(old) => (!old).into(),
            Value::Number(_) => self.number(),
            Value::Null => self.value(levels),
        }
    }

    fn edit_map(&mut self, map: &Map<String, Value>, levels: usize) -> Value {
        let mut edited = Map::new();
        for (key, value) in map {
            match self.rng.u8(0..6) {
                0 => {}
                1..=3 => {
                    edited.insert(key.clone(), self.edit_value(value, levels));
                }
                _ => {
                    edited.insert(key.clone(), value.clone());
                }
            }
        }
        if self.one_in(2) {
            edited.insert(self.pick(KEYS).to_owned(), self.value(levels));
        }
        edited.into()
    }

    /// An object with some of its fields changed, removed and new.
    pub(crate) fn edit(&mut self, object: &Value, levels: usize) -> Value {
        match object {
            Value::Object(map) => self.edit_map(map, levels),
            _ => json!({}),
        }
    }
}
