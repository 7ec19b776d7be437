//! The recorded cases, and how their values are compared.

use serde_json::{Value, json};
use simperium::jsondiff::diff;

/// Stands for a surrogate without its other half, which JavaScript and
/// Python 2 can hold in a string, and Rust cannot.
pub(crate) const LONE_SURROGATE: &str = "\u{f8ff}lone surrogate\u{f8ff}";

/// Reads a file of cases.
pub(crate) fn load(text: &str) -> Value {
    serde_json::from_str(&mark_lone_surrogates(text)).unwrap()
}

/// The cases of a file.
pub(crate) fn cases(file: &Value) -> &[Value] {
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

fn mark_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(next) = text[at..].find('\\') {
        out.push_str(&text[at..at + next]);
        at += next;
        let pair = (unit(at), unit(at + 6));
        let len = match pair {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str(LONE_SURROGATE);
                at += 6;
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        out.push_str(&text[at..at + len]);
        at += len;
    }
    out + &text[at..]
}

/// Whether two values are the same, numbers by value.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    diff(&json!({ "v": a }), &json!({ "v": b }))
        .unwrap()
        .is_empty()
}

/// A case's name, or what stands for it.
pub(crate) fn name(case: &Value) -> String {
    case["name"]
        .as_str()
        .map_or_else(|| case.to_string(), str::to_owned)
}
