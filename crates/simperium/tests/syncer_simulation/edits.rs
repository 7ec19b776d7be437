//! What users write, so that it can be told what became of it.
//!
//! Every word that is put into a text and every field that is added is there
//! once in the whole run. The words are made of a few syllables, so that texts
//! have much in common that is of no meaning, as real ones do.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// What words are made of.
const CONSONANTS: [char; 7] = ['b', 'k', 'l', 'n', 'r', 's', 't'];
const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
const SYLLABLES: u32 = 35;

/// What was written and what was deleted, by everyone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The words and fields that someone wrote, and where.
    written: BTreeMap<String, String>,
    /// Those that someone has deleted who saw them.
    deleted: BTreeSet<String>,
    /// How many words were made.
    made: u32,
}

impl Ledger {
    /// A word that nobody has used.
    fn word(&mut self) -> String {
        // Every number below the third power of 35, in no order.
        let mut number = self.made.wrapping_mul(12_347) % SYLLABLES.pow(3);
        self.made += 1;
        let mut word = String::with_capacity(6);
        for _ in 0..3 {
            let syllable = (number % SYLLABLES) as usize;
            number /= SYLLABLES;
            word.push(CONSONANTS[syllable % 7]);
            word.push(VOWELS[syllable / 7]);
        }
        word
    }

    fn token(&mut self, key: &str) -> String {
        let token = self.word();
        self.written.insert(token.clone(), key.to_owned());
        token
    }

    /// This text is deleted by someone who sees it. A word that is there in
    /// pieces was lost before.
    fn delete(&mut self, text: &str) {
        let is_hit = |token: &&String| text.contains(token.as_str());
        let gone: Vec<String> = self.written.keys().filter(is_hit).cloned().collect();
        self.deleted.extend(gone);
    }

    /// The words that nobody has deleted.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = (&str, &str)> {
        let wanted = self.written.iter();
        wanted
            .filter(|(token, _)| !self.deleted.contains(*token))
            .map(|(token, key)| (token.as_str(), key.as_str()))
    }

    /// All words.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.written.keys().map(String::as_str)
    }
}

fn new_object(rng: &mut Rng, ledger: &mut Ledger, key: &str) -> Value {
    let count = rng.usize(1..30);
    let words: Vec<String> = (0..count).map(|_| ledger.token(key)).collect();
    json!({"text": words.join(" "), "n": rng.u8(..), "null": null, "tags": ["a"]})
}

/// What a device makes of an object; `None` deletes it.
pub(crate) fn edit(
    rng: &mut Rng,
    ledger: &mut Ledger,
    key: &str,
    object: Option<&Value>,
    deletes: bool,
) -> Option<Value> {
    let Some(old) = object else {
        return Some(new_object(rng, ledger, key));
    };
    let mut object: Map<String, Value> = old.as_object().unwrap().clone();
    match rng.u8(..100) {
        0..=49 => insert(rng, ledger, key, &mut object),
        50..=64 => cut(rng, ledger, &mut object),
        65..=79 => {
            let token = ledger.token(key);
            object.insert(token, rng.u8(..).into());
        }
        80..=84 => {
            let fields: Vec<&String> = object.keys().collect();
            let field = fields[rng.usize(..fields.len())].clone();
            if field != "text" {
                ledger.delete(&format!("{field} {}", object[&field]));
                object.remove(&field);
            }
        }
        85..=89 => {
            object.insert("n".to_owned(), rng.u8(..).into());
        }
        90..=92 => {
            let text = object["text"].as_str().unwrap_or_default().to_owned();
            ledger.delete(&text);
            let token = ledger.token(key);
            object.insert("text".to_owned(), token.into());
        }
        93.. if !deletes || rng.bool() => {
            let token = ledger.token(key);
            let inner = object.entry("inner").or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                inner.insert(token, Value::Null);
            }
        }
        _ => {
            ledger.delete(&old.to_string());
            return None;
        }
    }
    Some(Value::Object(object))
}

fn words(object: &Map<String, Value>) -> Vec<String> {
    let text = object.get("text").and_then(Value::as_str);
    let words = text.unwrap_or_default().split(' ').map(str::to_owned);
    words.collect()
}

fn insert(rng: &mut Rng, ledger: &mut Ledger, key: &str, object: &mut Map<String, Value>) {
    let mut words = words(object);
    words.insert(rng.usize(..=words.len()), ledger.token(key));
    object.insert("text".to_owned(), words.join(" ").into());
}

fn cut(rng: &mut Rng, ledger: &mut Ledger, object: &mut Map<String, Value>) {
    let mut words = words(object);
    let from = rng.usize(..words.len());
    let to = words.len().min(from + rng.usize(1..5));
    let gone: Vec<String> = words.drain(from..to).collect();
    ledger.delete(&gone.join(" "));
    object.insert("text".to_owned(), words.join(" ").into());
}

/// What someone writes over HTTP, who only adds.
pub(crate) fn foreign_edit(
    rng: &mut Rng,
    ledger: &mut Ledger,
    key: &str,
    object: Option<&Value>,
) -> Value {
    let Some(old) = object else {
        return new_object(rng, ledger, key);
    };
    let token = ledger.token(key);
    let mut object: Map<String, Value> = old.as_object().unwrap().clone();
    if rng.bool() {
        let mut words = words(&object);
        words.insert(rng.usize(..=words.len()), token);
        object.insert("text".to_owned(), words.join(" ").into());
    } else {
        object.insert(token, rng.u8(..).into());
    }
    Value::Object(object)
}

/// Someone deletes an object over HTTP.
pub(crate) fn foreign_deletion(ledger: &mut Ledger, object: &Value) {
    ledger.delete(&object.to_string());
}
