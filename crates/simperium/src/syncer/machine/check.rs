//! Whether what was written arrived, and nothing went with it.
//!
//! The server puts a change over those that came before it, and leaves out,
//! without a word, what finds no place. What it made of a change is looked
//! through for what the change wrote. And where a deletion finds another place
//! than its own, it takes text with it that nobody has deleted.

use std::collections::HashMap;

use serde_json::Value;

use super::words;
use crate::jsondiff::{DeltaOp, Diff, Lost, LostKind, Op, Path, Side, text};

/// What a change wrote, and what of it is missing.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// How many pieces the change wrote.
    pub(super) written: usize,
    /// Those that are not in the object.
    pub(super) missing: Vec<Lost>,
}

impl Findings {
    /// Whether nothing arrived of what was written.
    pub(super) fn is_nothing(&self) -> bool {
        self.written > 0 && self.missing.len() == self.written
    }
}

/// Looks for what `diff` wrote in `object`.
pub(super) fn look(diff: &Diff, object: &Value) -> Findings {
    let mut findings = Findings::default();
    fields(diff, Some(object), &mut Path::default(), &mut findings);
    findings
}

fn fields(diff: &Diff, object: Option<&Value>, path: &mut Path, findings: &mut Findings) {
    for (key, op) in diff.iter() {
        path.push(key);
        field(
            op,
            object.and_then(|object| object.get(key)),
            path,
            findings,
        );
        path.pop();
    }
}

fn field(op: &Op, found: Option<&Value>, path: &mut Path, findings: &mut Findings) {
    match op {
        Op::Object(diff) => fields(diff, found, path, findings),
        Op::Text(delta) => {
            let text = found.and_then(Value::as_str).unwrap_or_default();
            for op in delta.ops() {
                let Ok(DeltaOp::Insert(inserted)) = op else {
                    continue;
                };
                if inserted.is_empty() {
                    continue;
                }
                findings.written += 1;
                if !text.contains(&*inserted) {
                    let inserted = inserted.into_owned();
                    let deleted = String::new();
                    findings.miss(path, LostKind::Text { inserted, deleted });
                }
            }
        }
        Op::Add(value) | Op::Replace(value) => {
            findings.written += 1;
            let is_there = match (value, found) {
                (Value::String(text), Some(Value::String(found))) => found.contains(&**text),
                (value, Some(found)) => crate::jsondiff::same(value, found),
                (_, None) => false,
            };
            if !is_there {
                findings.miss(path, LostKind::Value(value.clone()));
            }
        }
        // What these came to cannot be told from the object.
        _ => {}
    }
}

impl Findings {
    fn miss(&mut self, path: &Path, kind: LostKind) {
        self.missing.push(Lost {
            path: path.clone(),
            side: Side::Local,
            kind,
        });
    }
}

/// Whether `now` is what `base` becomes by the change that makes it `sent`, as
/// far as the three can tell: all that the change writes has come with it, or
/// all that it deletes has gone.
pub(super) fn has_arrived(base: &Value, sent: &Value, now: &Value) -> bool {
    if crate::jsondiff::same(sent, now) {
        return true;
    }
    let Ok(diff) = crate::jsondiff::diff(base, sent) else {
        return false;
    };
    let findings = look(&diff, now);
    if findings.written > 0 {
        return findings.missing.is_empty() && !look(&diff, base).missing.is_empty();
    }
    let (mut deleted, mut gone) = (Vec::new(), Vec::new());
    missing_text(base, sent, &mut deleted);
    missing_text(base, now, &mut gone);
    let is_gone = |deleted: &Lost| {
        gone.iter().any(|gone| {
            let (deleted_text, gone_text) = (inserted(deleted), inserted(gone));
            let units: Vec<u16> = deleted_text.encode_utf16().collect();
            let mut rest = Vec::new();
            note_missing(&units, gone_text, &gone.path, &mut rest);
            gone.path == deleted.path && rest.is_empty()
        })
    };
    !deleted.is_empty() && deleted.iter().all(is_gone)
}

/// What is not in `now` of an object that the server says to have: what was
/// written, words that are in pieces, and what was deleted and is there.
pub(super) fn not_made(sent: &Value, now: &Value) -> Vec<Lost> {
    if crate::jsondiff::same(sent, now) {
        return Vec::new();
    }
    let written = crate::jsondiff::diff(now, sent).ok();
    let mut lost = written
        .map(|diff| look(&diff, now).missing)
        .unwrap_or_default();
    missing_parts(sent, now, &mut lost);
    let mut left = Vec::new();
    missing_text(now, sent, &mut left);
    lost.extend(left.into_iter().map(|lost| Lost {
        side: Side::Local,
        kind: LostKind::Text {
            inserted: String::new(),
            deleted: inserted(&lost).to_owned(),
        },
        ..lost
    }));
    lost
}

/// Whether some of what the change from `base` to `sent` writes is in `now`, and
/// was not there before.
pub(super) fn has_partly_arrived(base: &Value, sent: &Value, now: &Value) -> bool {
    let Ok(diff) = crate::jsondiff::diff(base, sent) else {
        return false;
    };
    let missing = look(&diff, now).missing;
    let news = look(&diff, base).missing;
    news.iter().any(|piece| !missing.contains(piece))
}

/// Whether the server may have made `now` of `base` by putting `change` over it,
/// at whatever place that found: nothing else was touched, and no text is new
/// that the change does not write.
pub(super) fn may_have_made(change: &Diff, base: &Value, now: &Value) -> bool {
    let Ok(step) = crate::jsondiff::diff(base, now) else {
        return false;
    };
    step.iter().all(|(key, _)| {
        let may_be = |(op, now)| may_have_made_field(op, base.get(key), now);
        change.get(key).zip(Some(now.get(key))).is_some_and(may_be)
    })
}

fn may_have_made_field(op: &Op, base: Option<&Value>, now: Option<&Value>) -> bool {
    match (op, base, now) {
        (Op::Object(diff), Some(base @ Value::Object(_)), Some(now @ Value::Object(_))) => {
            may_have_made(diff, base, now)
        }
        (Op::Text(delta), Some(Value::String(base)), Some(Value::String(now))) => {
            let mut allowed = base.clone();
            for op in delta.ops().flatten() {
                if let DeltaOp::Insert(inserted) = op {
                    allowed.push_str(&inserted);
                }
            }
            let units: Vec<u16> = now.encode_utf16().collect();
            let mut news = Vec::new();
            note_missing(&units, &allowed, &Path::default(), &mut news);
            news.is_empty()
        }
        (Op::Remove, _, now) => now.is_none(),
        (Op::Add(value) | Op::Replace(value), _, Some(now)) => crate::jsondiff::same(value, now),
        (Op::Increment(_) | Op::List(_) | Op::ListText(_), Some(_), Some(_)) => true,
        _ => false,
    }
}

fn inserted(lost: &Lost) -> &str {
    match &lost.kind {
        LostKind::Text { inserted, .. } => inserted,
        _ => "",
    }
}

/// Looks for text that neither side has deleted and that is not in what was
/// merged of both, wherever that is.
pub(super) fn cuts(
    base: &Value,
    local: &Value,
    remote: &Value,
    merged: &Value,
    lost: &mut Vec<Lost>,
) {
    let mut path = Path::default();
    cuts_below([base, local, remote, merged], &mut path, lost);
}

fn cuts_below(values: [&Value; 4], path: &mut Path, lost: &mut Vec<Lost>) {
    match values {
        [
            Value::Object(base),
            Value::Object(local),
            Value::Object(remote),
            Value::Object(merged),
        ] => {
            for (key, base) in base {
                let others = (local.get(key), remote.get(key), merged.get(key));
                if let (Some(local), Some(remote), Some(merged)) = others {
                    path.push(key.as_str());
                    cuts_below([base, local, remote, merged], path, lost);
                    path.pop();
                }
            }
        }
        [
            Value::String(base),
            Value::String(local),
            Value::String(remote),
            Value::String(merged),
        ] if !is_known(lost, path) && local != base && remote != base && local != remote => {
            let (mut kept, written) = kept(base, &[local, remote]);
            kept.extend(written);
            note_missing(&kept, merged, path, lost);
            if !is_known(lost, path) {
                let torn = words::torn(base, local, remote, merged);
                note_words(&torn.local, Side::Local, path, lost);
                note_words(&torn.remote, Side::Remote, path, lost);
            }
        }
        _ => {}
    }
}

/// Looks for text that a change from `base` to `sent` leaves and that is not in
/// the same place of what was made of it.
pub(super) fn missing_kept(base: &Value, sent: &Value, now: &Value, lost: &mut Vec<Lost>) {
    kept_below([base, sent, now], &mut Path::default(), lost);
}

fn kept_below(values: [&Value; 3], path: &mut Path, lost: &mut Vec<Lost>) {
    match values {
        [Value::Object(base), Value::Object(sent), Value::Object(now)] => {
            for (key, base) in base {
                if let (Some(sent), Some(now)) = (sent.get(key), now.get(key)) {
                    path.push(key.as_str());
                    kept_below([base, sent, now], path, lost);
                    path.pop();
                }
            }
        }
        [Value::String(base), Value::String(sent), Value::String(now)] => {
            let known = lost.len();
            note_missing(&kept(base, &[sent]).0, now, path, lost);
            if lost.len() == known {
                let torn = words::torn(base, sent, base, now);
                note_words(&torn.remote, Side::Remote, path, lost);
            }
        }
        _ => {}
    }
}

/// Whether something was written that is lost, and not only deleted.
pub(super) fn is_written(lost: &Lost) -> bool {
    match &lost.kind {
        LostKind::Text { inserted, .. } => !inserted.is_empty(),
        LostKind::Value(_) => true,
        LostKind::Removal => false,
    }
}

/// Whether it was found before that something is missing there that someone has
/// written.
fn is_known(lost: &[Lost], path: &Path) -> bool {
    lost.iter()
        .any(|lost| lost.path == *path && is_written(lost))
}

/// What all sides have left of a text, and what they have written, in UTF-16.
fn kept(base: &str, sides: &[&str]) -> (Vec<u16>, Vec<u16>) {
    let base_units: Vec<u16> = base.encode_utf16().collect();
    let mut is_kept = vec![true; base_units.len()];
    let mut written = Vec::new();
    for side in sides {
        let mut at = 0;
        for op in text::diff(base, side).ops().flatten() {
            match op {
                DeltaOp::Keep(units) => at += units,
                DeltaOp::Delete(units) => {
                    is_kept
                        .iter_mut()
                        .skip(at)
                        .take(units)
                        .for_each(|kept| *kept = false);
                    at += units;
                }
                DeltaOp::Insert(inserted) => written.extend(inserted.encode_utf16()),
            }
        }
    }
    let kept = base_units.into_iter().zip(is_kept);
    let kept = kept.filter_map(|(unit, kept)| kept.then_some(unit));
    (kept.collect(), written)
}

/// Looks for text of one object that is nowhere in the same place of another.
pub(super) fn missing_text(expected: &Value, found: &Value, lost: &mut Vec<Lost>) {
    missing_below(
        expected,
        Some(found),
        &mut Path::default(),
        &note_missing_text,
        lost,
    );
}

/// The same, and for words of it that are in pieces there, and for fields that
/// are not there at all.
pub(super) fn missing_parts(expected: &Value, found: &Value, lost: &mut Vec<Lost>) {
    let note = |expected: &Value, found: Option<&Value>, path: &Path, lost: &mut Vec<Lost>| {
        let known = lost.len();
        note_missing_text(expected, found, path, lost);
        match (expected, found) {
            (Value::String(expected), Some(Value::String(found))) if lost.len() == known => {
                note_words(&words::missing(expected, found), Side::Remote, path, lost);
            }
            (Value::String(_), _) | (_, Some(_)) => {}
            (value, None) => lost.push(Lost {
                path: path.clone(),
                side: Side::Remote,
                kind: LostKind::Value(value.clone()),
            }),
        }
    };
    missing_below(expected, Some(found), &mut Path::default(), &note, lost);
}

fn note_missing_text(expected: &Value, found: Option<&Value>, path: &Path, lost: &mut Vec<Lost>) {
    if let Value::String(expected) = expected {
        let units: Vec<u16> = expected.encode_utf16().collect();
        let found = found.and_then(Value::as_str).unwrap_or_default();
        note_missing(&units, found, path, lost);
    }
}

/// Looks at what is wanted in a place, and what is there.
type Note<'a> = dyn Fn(&Value, Option<&Value>, &Path, &mut Vec<Lost>) + 'a;

/// Goes through the fields of an object, and of the objects in it.
fn missing_below(
    expected: &Value,
    found: Option<&Value>,
    path: &mut Path,
    note: &Note<'_>,
    lost: &mut Vec<Lost>,
) {
    match expected {
        Value::Object(expected) if !expected.is_empty() => {
            for (key, expected) in expected {
                path.push(key.as_str());
                let found = found.and_then(|found| found.get(key));
                missing_below(expected, found, path, note, lost);
                path.pop();
            }
        }
        expected if !is_known(lost, path) => note(expected, found, path, lost),
        _ => {}
    }
}

/// Notes what of `expected` is not in `found`, in whatever order.
fn note_missing(expected: &[u16], found: &str, path: &Path, lost: &mut Vec<Lost>) {
    let mut there: HashMap<u16, usize> = HashMap::new();
    for unit in found.encode_utf16() {
        *there.entry(unit).or_default() += 1;
    }
    let mut missing = Vec::new();
    for unit in expected {
        match there.get_mut(unit) {
            Some(count) if *count > 0 => *count -= 1,
            _ => missing.push(*unit),
        }
    }
    if !missing.is_empty() {
        lost.push(Lost {
            path: path.clone(),
            side: Side::Remote,
            kind: LostKind::Text {
                inserted: String::from_utf16_lossy(&missing),
                deleted: String::new(),
            },
        });
    }
}

/// Notes words that are in pieces.
fn note_words(torn: &[String], side: Side, path: &Path, lost: &mut Vec<Lost>) {
    if !torn.is_empty() {
        lost.push(Lost {
            path: path.clone(),
            side,
            kind: LostKind::Text {
                inserted: torn.join(" "),
                deleted: String::new(),
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_there_is_missing() {
        let diff: Diff = serde_json::from_value(json!({
            "t": {"o": "d", "v": "=2\t+milk\t-1\t+ %F0%9F%90%84\t=3"},
            "n": {"o": "r", "v": 3},
            "o": {"o": "O", "v": {"x": {"o": "+", "v": "word"}, "gone": {"o": "-"}}},
        }))
        .unwrap();
        let all = json!({"t": "a milk and a 🐄", "n": 3.0, "o": {"x": "my words"}});
        let findings = look(&diff, &all);
        assert_eq!((findings.written, findings.missing.len()), (4, 0));
        let findings = look(&diff, &json!({"t": "milk", "n": 4}));
        let paths: Vec<_> = findings
            .missing
            .iter()
            .map(|l| l.path.to_string())
            .collect();
        assert_eq!(paths, ["n", "o.x", "t"]);
        assert!(!findings.is_nothing());
        assert!(look(&diff, &json!({})).is_nothing());
    }

    #[test]
    fn what_a_change_may_have_made_is_told_by_what_it_touches() {
        let diff: Diff = serde_json::from_value(json!({
            "t": {"o": "d", "v": "-4\t+new"},
            "n": {"o": "r", "v": 3},
            "o": {"o": "O", "v": {"x": {"o": "-"}}},
        }))
        .unwrap();
        let base = json!({"t": "one two", "n": 1, "o": {"x": 1, "y": 1}, "u": "u"});
        let may = |change: fn(&mut Value)| {
            let mut now = base.clone();
            change(&mut now);
            may_have_made(&diff, &base, &now)
        };
        // Wherever it has found its place, and whatever of it found none.
        assert!(may(|now| now["t"] = json!("new two")));
        assert!(may(|now| now["t"] = json!("one new")));
        assert!(may(|now| now["t"] = json!("one")));
        assert!(may(|now| now["n"] = json!(3.0)));
        assert!(may(|now| now["o"] = json!({"y": 1})));
        // Others have written this, or deleted that.
        assert!(!may(|now| now["t"] = json!("one six")));
        assert!(!may(|now| now["n"] = json!(4)));
        assert!(!may(|now| now["o"] = json!({"x": 1})));
        assert!(!may(|now| now["o"] = Value::Null));
        assert!(!may(|now| now["u"] = json!("")));
        assert!(!may(|now| now["z"] = json!(1)));
    }

    #[test]
    fn what_nobody_has_deleted_is_missed() {
        let lost = |merged: &str| {
            let text = |text: &str| json!({"o": {"t": text}, "n": 1});
            let (base, local, remote) = (text("one two six"), text("one six"), text("one two"));
            let mut lost = Vec::new();
            cuts(&base, &local, &remote, &text(merged), &mut lost);
            lost
        };
        assert_eq!(lost("one "), []);
        assert_eq!(lost("one and more"), []);
        let [lost] = &lost("on ")[..] else { panic!() };
        assert_eq!(lost.path.to_string(), "o.t");
        let inserted = "e".to_owned();
        let deleted = String::new();
        assert_eq!(lost.kind, LostKind::Text { inserted, deleted });
    }

    #[test]
    fn a_change_has_arrived_when_all_of_it_has() {
        let text = |text: &str| json!({"t": text, "n": 1});
        let arrived =
            |base: &str, sent: &str, now: &str| has_arrived(&text(base), &text(sent), &text(now));
        // What it writes has come.
        assert!(arrived("one two", "one new", "one new"));
        assert!(arrived("one two", "one new", "zero one new"));
        assert!(!arrived("one two", "one new", "zero one two"));
        assert!(!arrived("one two", "one new and", "one two new"));
        // What it deletes has gone, and maybe more.
        assert!(arrived("one two three", "one three", "one thr"));
        assert!(!arrived("one two three", "one three", "one two"));
        assert!(!arrived("one two three", "one three", "one two three four"));
        // Nothing is told by what was there before.
        assert!(!arrived("new one", "new one new", "new one!"));
    }
}
