//! Diffs: the same inputs for ours and for npm's.

use std::collections::BTreeMap;
use std::hint::black_box;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use simperium::jsondiff;
use tokio::time::Instant;

use crate::Result;

/// Three versions of an object, and how often they are compared in a round.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    base: Value,
    local: Value,
    remote: Value,
    repeat: u32,
}

/// Seconds of one call each; `None` where it could not be done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Times {
    pub(super) diff: Option<f64>,
    /// With the object as it was left alone.
    pub(super) apply: Option<f64>,
    /// On the object itself, as a change that arrives is applied. npm's copies
    /// the object first, always.
    #[serde(default)]
    pub(super) apply_in_place: Option<f64>,
    pub(super) transform: Option<f64>,
}

/// The cases, the same ones every time.
pub(super) fn cases() -> Vec<Case> {
    let mut random = fastrand::Rng::with_seed(5);
    let mut cases: Vec<Case> = [
        ("200 B, 1 edit", 200, 1, 2000),
        ("5 KB, 1 edit", 5_000, 1, 500),
        ("5 KB, 20 edits", 5_000, 20, 50),
        ("100 KB, 1 edit", 100_000, 1, 50),
        ("100 KB, 200 edits", 100_000, 200, 1),
    ]
    .into_iter()
    .map(|(name, size, edits, repeat)| {
        let base = text(&mut random, size);
        let note = |text: String| json!({"content": text, "tags": ["bench"], "deleted": false});
        Case {
            name: name.to_owned(),
            local: note(edited(&mut random, &base, edits)),
            remote: note(edited(&mut random, &base, edits)),
            base: note(base),
            repeat,
        }
    })
    .collect();
    // Both change the same keys: npm's has no answer where only one does.
    let object = |more: usize| -> Value {
        let keys = (0..1000).map(|number| {
            let value = if number % 50 == 0 {
                number + more
            } else {
                number
            };
            (format!("key{number:04}"), Value::from(value))
        });
        Value::Object(keys.collect())
    };
    cases.push(Case {
        name: "1,000 keys, 20 changed".to_owned(),
        base: object(0),
        local: object(1),
        remote: object(2),
        repeat: 500,
    });
    cases
}

fn word(random: &mut fastrand::Rng) -> String {
    (0..random.usize(2..9))
        .map(|_| random.lowercase())
        .collect()
}

fn text(random: &mut fastrand::Rng, size: usize) -> String {
    let mut text = String::with_capacity(size + 16);
    while text.len() < size {
        text.push_str(&word(random));
        text.push(if random.u8(..12) == 0 { '\n' } else { ' ' });
    }
    text
}

/// Words put in and taken out, all over the text.
fn edited(random: &mut fastrand::Rng, base: &str, edits: usize) -> String {
    let mut text = base.to_owned();
    for _ in 0..edits {
        let at = random.usize(..text.len() - 10);
        if random.bool() {
            text.insert_str(at, &word(random));
        } else {
            text.replace_range(at..at + random.usize(1..9), "");
        }
    }
    text
}

/// What ours take.
pub(super) fn measure(cases: Vec<Case>) -> Result<BTreeMap<String, Times>> {
    let measured = cases.into_iter().map(|case| {
        let Case {
            name,
            base,
            local,
            remote,
            repeat,
        } = case;
        let ours = jsondiff::diff(&base, &local)?;
        let theirs = jsondiff::diff(&base, &remote)?;
        let back = jsondiff::diff(&local, &base)?;
        let mut object = base.clone();
        let times = Times {
            diff: Some(time(repeat, || jsondiff::diff(&base, &local).is_ok())),
            apply: Some(time(repeat, || jsondiff::apply(&base, &ours).is_ok())),
            // There and back, so that each finds what it changes.
            apply_in_place: Some(time(repeat, || {
                let there = jsondiff::apply_to(&mut object, &ours);
                there.is_ok() && jsondiff::apply_to(&mut object, &back).is_ok()
            }))
            .map(|both| both / 2.0),
            transform: Some(time(repeat, || {
                jsondiff::transform(&base, &ours, &theirs).is_ok()
            })),
        };
        Ok((name, times))
    });
    measured.collect()
}

/// The quickest of several rounds of `repeat` calls each.
fn time(repeat: u32, mut act: impl FnMut() -> bool) -> f64 {
    let round = |_| {
        let begun = Instant::now();
        for _ in 0..repeat {
            black_box(act());
        }
        begun.elapsed().as_secs_f64() / f64::from(repeat)
    };
    (0..5).map(round).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_can_be_done() {
        let all = cases();
        for case in &all {
            let ours = jsondiff::diff(&case.base, &case.local).unwrap();
            let theirs = jsondiff::diff(&case.base, &case.remote).unwrap();
            assert!(!ours.is_empty() && !theirs.is_empty(), "{}", case.name);
            let moved = jsondiff::transform(&case.base, &ours, &theirs)
                .unwrap()
                .diff;
            jsondiff::apply(&case.remote, &moved).unwrap();
        }
        assert_eq!(all.len(), 6);
    }
}
