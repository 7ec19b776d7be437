//! What users write, so that it can be told what became of it.
//!
//! Every word that is put into a text and every field that is added is there
//! once in the whole run, and so is every character but the space: what two
//! texts have in common, one has from the other.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// What was written and what was deleted, by everyone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The words and fields that devices wrote, and where.
    written: BTreeMap<String, String>,
    /// Those of others.
    foreign: BTreeSet<String>,
    /// Those that someone has deleted who saw them.
    deleted: BTreeSet<String>,
    /// How many characters were used.
    used: u32,
}

impl Ledger {
    /// So many characters that nobody has used.
    fn characters(&mut self, count: u32) -> String {
        let from = self.used;
        self.used += count;
        let character = |at: u32| match at % 2 {
            0 => char::from_u32(0x4e00 + at / 2),
            // Two units of UTF-16.
            _ => char::from_u32(0x20000 + at / 2),
        };
        (from..self.used).filter_map(character).collect()
    }

    fn token(&mut self, key: &str, is_device: bool) -> String {
        let token = self.characters(6);
        if is_device {
            self.written.insert(token.clone(), key.to_owned());
        } else {
            self.foreign.insert(token.clone());
        }
        token
    }

    /// This text is deleted by someone who sees it. A word may be there in
    /// pieces; who deletes one deletes the word.
    fn delete(&mut self, text: &str) {
        let characters: HashSet<char> = text.chars().collect();
        let is_hit = |token: &&String| token.chars().any(|c| characters.contains(&c));
        let gone: Vec<String> = self.written.keys().filter(is_hit).cloned().collect();
        self.deleted.extend(gone);
    }

    /// The words of devices that nobody has deleted.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = (&str, &str)> {
        let wanted = self.written.iter();
        wanted
            .filter(|(token, _)| !self.deleted.contains(*token))
            .map(|(token, key)| (token.as_str(), key.as_str()))
    }

    /// All words.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        self.written.keys().chain(&self.foreign).map(String::as_str)
    }
}

fn new_object(rng: &mut Rng, ledger: &mut Ledger, token: String) -> Value {
    let count = rng.usize(0..30);
    let word = |_| ledger.characters(rng.u32(2..9));
    let mut words: Vec<String> = (0..count).map(word).collect();
    words.insert(rng.usize(..=count), token);
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
        let token = ledger.token(key, true);
        return Some(new_object(rng, ledger, token));
    };
    let mut object: Map<String, Value> = old.as_object().unwrap().clone();
    match rng.u8(..100) {
        0..=49 => insert(rng, ledger, key, &mut object),
        50..=64 => cut(rng, ledger, &mut object),
        65..=79 => {
            let token = ledger.token(key, true);
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
            let token = ledger.token(key, true);
            object.insert("text".to_owned(), token.into());
        }
        93.. if !deletes || rng.bool() => {
            let token = ledger.token(key, true);
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
    words.insert(rng.usize(..=words.len()), ledger.token(key, true));
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
    let token = ledger.token(key, false);
    let Some(old) = object else {
        return new_object(rng, ledger, token);
    };
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
