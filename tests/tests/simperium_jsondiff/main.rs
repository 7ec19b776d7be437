//! `simperium::jsondiff` beside npm's, on random objects: what one makes, the
//! other applies, and both rebase alike, but for what npm's gets wrong.
//!
//! `SIMPERIUM_FUZZ=n` tries `n` times as many.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

mod random;

use std::process::Command;

use random::{Alphabet, Random};
use serde_json::{Map, Value, json};
use simperium::jsondiff::{Diff, Op, apply, diff, text, transform};
use sync_tests::Result;
use sync_tests::simperium::{Program, script};
use xtask::peers::NODE_SIMPERIUM;

/// How many cases go to the other program at a time.
const BATCH: usize = 100;

fn rounds(usual: usize) -> usize {
    let times = std::env::var("SIMPERIUM_FUZZ").ok();
    usual * times.and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// npm's jsondiff.
struct Npm(Program);

impl Npm {
    fn start() -> Result<Option<Self>> {
        let Some(node) = NODE_SIMPERIUM.program_or_skip()? else {
            return Ok(None);
        };
        let program = Program::start(Command::new(node), &script("differences.cjs"))?;
        Ok(Some(Self(program)))
    }

    /// What each case comes to; `None` where it fails.
    fn all(&mut self, cases: Vec<Value>) -> Vec<Option<Value>> {
        let answer = self.0.ask(&json!({"do": "all", "cases": cases})).unwrap();
        let answers = answer.as_array().unwrap().iter();
        answers.map(|answer| answer.get("ok").cloned()).collect()
    }

    fn diffs(&mut self, pairs: &[(&Value, &Value)]) -> Vec<Value> {
        let case = |(old, new): &(&Value, &Value)| json!({"act": "diff", "old": old, "new": new});
        let made = self.all(pairs.iter().map(case).collect());
        made.into_iter().map(Option::unwrap).collect()
    }

    fn applied(&mut self, pairs: &[(&Value, Value)]) -> Vec<Option<Value>> {
        let case =
            |(base, diff): &(&Value, Value)| json!({"act": "apply", "base": base, "diff": diff});
        self.all(pairs.iter().map(case).collect())
    }
}

fn wire(diff: &Diff) -> Value {
    serde_json::to_value(diff).unwrap()
}

fn read(diff: &Value) -> Diff {
    Diff::from_value(diff.clone()).unwrap()
}

/// npm's program turns `null` into `{}` wherever it copies.
fn without_null(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Array(list) => list.iter().map(without_null).collect(),
        Value::Object(map) => {
            let fields = map
                .iter()
                .map(|(key, value)| (key.clone(), without_null(value)));
            fields.collect::<Map<_, _>>().into()
        }
        value => value.clone(),
    }
}

/// Numbers by value.
fn same(a: &Value, b: &Value) -> bool {
    let (a, b) = (json!({ "v": a }), json!({ "v": b }));
    diff(&a, &b).unwrap().is_empty()
}

/// The same, and `null` as npm's program copies it.
fn alike(a: &Value, b: &Value) -> bool {
    same(&without_null(a), &without_null(b))
}

#[test]
fn each_program_applies_what_the_other_makes() -> Result<()> {
    let Some(mut npm) = Npm::start()? else {
        return Ok(());
    };
    for (seed, alphabet) in [(0x51, Alphabet::Basic), (0x52, Alphabet::Wide)] {
        let mut random = Random::new(seed, alphabet);
        let (mut right, mut total) = (0, 0);
        for _ in 0..rounds(10) {
            let cases: Vec<(Value, Value)> = (0..BATCH)
                .map(|_| {
                    let old = random.object(3);
                    let new = random.edit(&old, 3);
                    (old, new)
                })
                .collect();
            let pairs: Vec<_> = cases.iter().map(|(old, new)| (old, new)).collect();
            let ours: Vec<Diff> = pairs
                .iter()
                .map(|(old, new)| diff(old, new).unwrap())
                .collect();
            let theirs = npm.diffs(&pairs);
            let of = |diffs: Vec<Value>| {
                pairs
                    .iter()
                    .map(|(old, _)| *old)
                    .zip(diffs)
                    .collect::<Vec<_>>()
            };
            let ours_there = npm.applied(&of(ours.iter().map(wire).collect()));
            let theirs_there = npm.applied(&of(theirs.clone()));
            for (at, (old, new)) in pairs.iter().enumerate() {
                let (ours, theirs) = (&ours[at], &theirs[at]);
                let case = || format!("{old}\n{new}\n{}\n{theirs}", wire(ours));
                assert!(same(&apply(old, ours).unwrap(), new), "{}", case());
                let there = ours_there[at].as_ref();
                assert!(
                    there.is_some_and(|there| alike(there, new)),
                    "{}\n{there:?}",
                    case()
                );
                // With halves of characters, its own differences can be wrong.
                let is_right = theirs_there[at]
                    .as_ref()
                    .is_some_and(|made| alike(made, new));
                assert!(is_right || alphabet == Alphabet::Wide, "{}", case());
                if is_right {
                    let here = apply(old, &read(theirs));
                    assert!(
                        here.as_ref().is_ok_and(|here| alike(here, new)),
                        "{}\n{here:?}",
                        case()
                    );
                }
                if alphabet == Alphabet::Basic {
                    assert!(alike(&wire(ours), theirs), "{}", case());
                }
                right += usize::from(is_right);
                total += 1;
            }
        }
        // The trial of characters with two halves means nothing without them.
        assert_eq!(
            right == total,
            alphabet == Alphabet::Basic,
            "{right} of {total}"
        );
    }
    Ok(())
}

/// What npm's rebase should come to: where an edit meets a value of another
/// type, the local value wins, and that is said.
fn wanted(rebased: &Value, ours: &Diff, theirs: &Diff, local: &Value) -> Value {
    let mut wanted = rebased.clone();
    for (key, op) in ours.iter() {
        match (op, theirs.get(key)) {
            (Op::Object(ours), Some(Op::Object(theirs))) => {
                if let Some(inner) = wanted.get_mut(key) {
                    inner["v"] = self::wanted(&inner["v"], ours, theirs, &local[key]);
                }
            }
            (Op::Object(_) | Op::Text(_), Some(Op::Replace(_) | Op::Add(_))) => {
                wanted[key] = json!({"o": "r", "v": local[key]});
            }
            _ => {}
        }
    }
    wanted
}

/// Whether there are two edits of a text with exactly eight characters between
/// them: two patches for the server, and here, and one for npm's program.
fn is_cut_otherwise(diff: &Diff) -> bool {
    diff.iter().any(|(_, op)| match op {
        Op::Text(delta) => delta.as_str().split('\t').any(|token| token == "=8"),
        Op::Object(diff) => is_cut_otherwise(diff),
        _ => false,
    })
}

/// Without the characters that mark the ends of a text while it is patched.
fn without_marks(value: &Value) -> Value {
    match value {
        Value::String(text) => text
            .replace(['\u{1}', '\u{2}', '\u{3}', '\u{4}'], "")
            .into(),
        Value::Object(map) => {
            let fields = map.iter();
            let fields = fields.map(|(key, value)| (key.clone(), without_marks(value)));
            fields.collect::<Map<_, _>>().into()
        }
        value => value.clone(),
    }
}

#[test]
fn both_programs_rebase_alike() -> Result<()> {
    let Some(mut npm) = Npm::start()? else {
        return Ok(());
    };
    let mut random = Random::new(0x53, Alphabet::Basic);
    let mut compared = 0;
    for _ in 0..rounds(10) {
        let cases: Vec<[Value; 3]> = (0..BATCH)
            .map(|_| {
                let base = random.object(3);
                let (local, remote) = (random.edit(&base, 3), random.edit(&base, 3));
                [base, local, remote]
            })
            .collect();
        let pairs: Vec<(Diff, Diff)> = cases
            .iter()
            .map(|[base, local, remote]| (diff(base, local).unwrap(), diff(base, remote).unwrap()))
            .collect();
        let asked = cases.iter().zip(&pairs).map(|([base, ..], (ours, theirs))| {
            json!({"act": "transform", "base": base, "local": wire(ours), "remote": wire(theirs)})
        });
        let rebased = npm.all(asked.collect());
        for (([base, local, remote], (ours, theirs)), npm) in cases.iter().zip(&pairs).zip(rebased)
        {
            let npm = npm.unwrap();
            let here = transform(base, ours, theirs).unwrap();
            let wanted = wanted(&npm, ours, theirs, local);
            let case = || format!("{base}\n{local}\n{remote}\n{npm}\n{}", wire(&here.diff));
            let made = apply(remote, &here.diff).unwrap();
            if is_cut_otherwise(ours) {
                continue;
            }
            compared += 1;
            if !alike(&wire(&here.diff), &wanted) {
                // Its marks of the ends of a text can stay in the middle of it.
                let theirs = apply(remote, &read(&wanted)).unwrap();
                let marks = !alike(&made, &theirs);
                assert!(
                    marks && alike(&without_marks(&made), &without_marks(&theirs)),
                    "{}",
                    case()
                );
            }
        }
    }
    assert!(compared > rounds(8) * BATCH, "{compared}");
    Ok(())
}

#[test]
fn differences_of_texts_are_no_longer_than_theirs() -> Result<()> {
    let Some(mut npm) = Npm::start()? else {
        return Ok(());
    };
    for (seed, alphabet) in [(0x54, Alphabet::Basic), (0x55, Alphabet::Wide)] {
        let mut random = Random::new(seed, alphabet);
        let (mut here, mut there) = (0, 0);
        for _ in 0..rounds(4) {
            let cases: Vec<(Value, Value)> = (0..BATCH)
                .map(|at| {
                    // Some are long, and edited in many places.
                    let (lines, edits) = if at % 25 == 0 { (600, 12) } else { (30, 1) };
                    let old = random.note(lines);
                    let new = (0..edits).fold(old.clone(), |text, _| random.edit_note(&text));
                    (json!({"t": old}), json!({"t": new}))
                })
                .collect();
            let pairs: Vec<_> = cases.iter().map(|(old, new)| (old, new)).collect();
            for ((old, new), theirs) in pairs.iter().zip(npm.diffs(&pairs)) {
                let Some(theirs) = theirs["t"]["v"].as_str() else {
                    assert_eq!(old, new);
                    continue;
                };
                // Theirs can be short since it is wrong.
                let made = text::apply(old["t"].as_str().unwrap(), &theirs.into());
                if made.as_deref().ok() != new["t"].as_str() {
                    assert_eq!(alphabet, Alphabet::Wide);
                    continue;
                }
                let ours = text::diff(old["t"].as_str().unwrap(), new["t"].as_str().unwrap());
                here += ours.as_str().len();
                there += theirs.len();
            }
        }
        // Which of several equally short ways is found depends on the unit.
        let most = match alphabet {
            Alphabet::Basic => there,
            Alphabet::Wide => there + there / 100,
        };
        assert!(here <= most, "{here} > {most}: {alphabet:?}");
    }
    Ok(())
}
