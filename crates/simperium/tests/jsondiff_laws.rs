//! What holds for every object, text and difference, tried on random ones.
//!
//! `SIMPERIUM_FUZZ=n` tries `n` times as many.

// Helpers of tests are not in a `#[test]` themselves.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};
use simperium::jsondiff::{
    Delta, Diff, Differ, Lost, LostKind, Op, Policy, Side, apply, apply_to, compose, diff, merge,
    text, transform,
};

fn times() -> u32 {
    std::env::var("SIMPERIUM_FUZZ")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
}

fn config(cases: u32) -> Config {
    Config {
        cases: cases * times(),
        failure_persistence: None,
        ..Config::default()
    }
}

/// Characters of every length, some with halves in common, and all that mean
/// something in a delta.
const CHARS: &[char] = &[
    'a',
    'b',
    'c',
    ' ',
    '\n',
    '\t',
    '%',
    '+',
    '-',
    '=',
    '0',
    'é',
    'ß',
    '日',
    '本',
    '\u{1f600}',
    '\u{1f601}',
    '\u{1f234}',
    '\u{1f634}',
    '\u{10000}',
    '\u{10ffff}',
    '\u{1}',
    '\u{4}',
    '\u{feff}',
    '\u{200d}',
    '\u{ffff}',
];

fn random_text(random: &mut fastrand::Rng, max: usize) -> String {
    let len = random.usize(0..=max);
    (0..len)
        .map(|_| random.choice(CHARS.iter().copied()).unwrap())
        .collect()
}

fn edit(random: &mut fastrand::Rng, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..random.usize(1..4) {
        let start = random.usize(0..=chars.len());
        let end = (start + random.usize(0..5)).min(chars.len());
        let inserted: Vec<char> = random_text(random, 5).chars().collect();
        chars.splice(start..end, inserted);
    }
    chars.into_iter().collect()
}

#[test]
fn every_edit_of_a_text_comes_out_as_it_was() {
    let mut random = fastrand::Rng::with_seed(0x51_3b_e8_1a);
    let mut text = String::new();
    for round in 0..100_000 * times() {
        if round % 50 == 0 {
            text = random_text(&mut random, 120);
        }
        let edited = edit(&mut random, &text);
        let delta = text::diff(&text, &edited);
        assert_eq!(
            text::apply(&text, &delta).as_ref(),
            Ok(&edited),
            "{text:?} {delta}"
        );
        assert!(delta.as_str().is_ascii());
        text = edited;
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let c = prop_oneof![4 => prop::sample::select(CHARS), 1 => any::<char>()];
    prop::collection::vec(c, 0..40).prop_map(|chars| chars.into_iter().collect())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            any_map(inner).prop_map(Value::from),
        ]
    })
}

fn any_map(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-d]", value, 0..5).prop_map(|map| map.into_iter().collect())
}

fn any_object() -> impl Strategy<Value = Value> {
    any_map(any_value()).prop_map(Value::from)
}

/// Differences in their wire form, mostly of the right shape.
fn any_wire() -> impl Strategy<Value = Value> {
    let delta = prop_oneof![any_delta().prop_map(Value::from), any_value(),];
    let name = prop::sample::select(&["+", "-", "r", "O", "d", "I", "L", "dL", "o", ""][..]);
    let leaf = (name.clone(), delta).prop_map(|(name, v)| json!({"o": name, "v": v}));
    let op = leaf.prop_recursive(3, 24, 5, move |inner| {
        let key = prop_oneof![9 => "[a-d0-9]", 1 => "[0-9]{18,20}"];
        let inner = prop::collection::btree_map(key, inner, 0..5);
        (name.clone(), inner).prop_map(|(name, v)| json!({"o": name, "v": v}))
    });
    prop::collection::btree_map("[a-d]", op, 0..5).prop_map(|map| json!(map))
}

fn any_delta() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        (0..12_u32).prop_map(|n| format!("={n}")),
        (0..12_u32).prop_map(|n| format!("-{n}")),
        any_text().prop_map(|text| text::diff("", &text).to_string()),
        any_text().prop_map(|text| format!("+{text}")),
        "[=+-]?[0-9%A-Fa-f]{0,24}",
    ];
    prop::collection::vec(token, 0..6).prop_map(|tokens| tokens.join("\t"))
}

fn same(a: &Value, b: &Value) -> bool {
    diff(&json!({ "v": a }), &json!({ "v": b }))
        .unwrap()
        .is_empty()
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let otype =
        prop::sample::select(&["replace", "list", "list_dmp", "integer", "string", "new"][..]);
    let leaf = otype.clone().prop_map(|otype| json!({ "otype": otype }));
    let policy = leaf.prop_recursive(2, 12, 4, move |inner| {
        let attributes = prop::collection::btree_map("[a-d]", inner.clone(), 0..4);
        (otype.clone(), inner, attributes).prop_map(|(otype, item, attributes)| {
            json!({"otype": otype, "item": item, "attributes": attributes})
        })
    });
    policy.prop_map(|policy| serde_json::from_value(json!({"attributes": {"a": policy, "b": {"otype": "list"}, "c": {"otype": "list_dmp"}, "d": {"otype": "integer"}}})).unwrap())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn a_difference_makes_the_one_of_the_other(old in any_object(), new in any_object(), policy in any_policy()) {
        for differ in [Differ::new(), Differ::new().work(0), Differ::new().policy(policy)] {
            let made = differ.diff(&old, &new).unwrap();
            let applied = apply(&old, &made).unwrap();
            prop_assert!(same(&applied, &new), "{} {}", json!(made), applied);
            prop_assert_eq!(made.is_empty(), same(&old, &new));
            let wire = serde_json::to_value(&made).unwrap();
            prop_assert_eq!(&Diff::from_value(wire).unwrap(), &made);
            let mut in_place = old.clone();
            apply_to(&mut in_place, &made).unwrap();
            prop_assert_eq!(in_place, applied);
        }
    }

    #[test]
    fn nothing_panics_on_a_foreign_difference(base in any_object(), a in any_wire(), b in any_wire()) {
        let read = |wire: Value| Diff::from_value(wire).ok();
        let (a, b) = (read(a), read(b));
        for one in [&a, &b].into_iter().flatten() {
            let made = apply(&base, one);
            let mut in_place = base.clone();
            match apply_to(&mut in_place, one) {
                Ok(()) => prop_assert_eq!(Ok(in_place), made),
                Err(error) => {
                    prop_assert_eq!(&in_place, &base);
                    prop_assert_eq!(Err(error), made);
                }
            }
        }
        if let (Some(a), Some(b)) = (a, b) {
            let _ = transform(&base, &a, &b);
            let _ = compose(&base, &a, &b);
        }
    }

    #[test]
    fn nothing_panics_on_a_foreign_delta(base in any_text(), a in any_delta(), b in any_delta()) {
        let (a, b) = (Delta::from(a), Delta::from(b));
        let (made_a, made_b) = (text::apply(&base, &a), text::apply(&base, &b));
        let rebased = text::transform(&base, &a, &b);
        prop_assert_eq!(rebased.is_ok(), made_a.is_ok() && made_b.is_ok());
        if let (Ok(rebased), Ok(theirs)) = (rebased, made_b) {
            prop_assert_eq!(text::apply(&theirs, &rebased.delta), Ok(rebased.text));
        }
        let _ = text::compose(&a, &b);
    }

    #[test]
    fn a_rebased_difference_always_fits(base in any_object(), local in any_object(), remote in any_object(), policy in any_policy()) {
        for differ in [Differ::new(), Differ::new().policy(policy)] {
            let (ours, theirs) = (differ.diff(&base, &local).unwrap(), differ.diff(&base, &remote).unwrap());
            let rebased = differ.transform(&base, &ours, &theirs).unwrap();
            prop_assert!(apply(&remote, &rebased.diff).is_ok(), "{}", json!(rebased.diff));
            let alone = differ.transform(&base, &ours, &Diff::new()).unwrap();
            prop_assert_eq!(&alone.diff, &ours);
            prop_assert!(alone.lost.is_empty());
            prop_assert!(differ.transform(&base, &Diff::new(), &theirs).unwrap().diff.is_empty());
        }
    }

    #[test]
    fn changes_of_different_keys_come_out_the_same_in_any_order(base in any_object(), a in any_object(), b in any_object()) {
        let of = |object: &Value, keys: [&str; 2]| -> Diff {
            let ops = diff(&base, object).unwrap().into_iter();
            ops.filter(|(key, _)| keys.contains(&key.as_str())).collect()
        };
        let (a, b) = (of(&a, ["a", "b"]), of(&b, ["c", "d"]));
        let a_first = apply(&apply(&base, &a).unwrap(), &transform(&base, &b, &a).unwrap().diff);
        let b_first = apply(&apply(&base, &b).unwrap(), &transform(&base, &a, &b).unwrap().diff);
        prop_assert_eq!(a_first, b_first);
    }

    #[test]
    fn two_differences_in_one_do_what_both_do(a in any_object(), b in any_object(), c in any_object(), policy in any_policy()) {
        for differ in [Differ::new(), Differ::new().policy(policy)] {
            let (first, second) = (differ.diff(&a, &b).unwrap(), differ.diff(&b, &c).unwrap());
            let both = differ.compose(&a, &first, &second).unwrap();
            prop_assert!(same(&apply(&a, &both).unwrap(), &c), "{}", json!(both));
        }
    }

    #[test]
    fn two_deltas_in_one_do_what_both_do(a in any_text(), b in any_text(), c in any_text()) {
        let both = text::compose(&text::diff(&a, &b), &text::diff(&b, &c)).unwrap();
        prop_assert_eq!(text::apply(&a, &both), Ok(c));
    }

    #[test]
    fn a_merge_with_one_side_unchanged_is_the_other(base in any_object(), other in any_object()) {
        for (local, remote) in [(&other, &base), (&base, &other), (&other, &other)] {
            let merged = merge(&base, local, remote).unwrap();
            prop_assert!(same(&merged.value, &other), "{}", merged.value);
            prop_assert!(merged.lost.is_empty());
        }
    }
}

/// What both sides write here is like nothing else, character by character,
/// so that every one can be looked for.
fn edit_with(
    random: &mut fastrand::Rng,
    text: &str,
    own: &mut impl Iterator<Item = char>,
) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..random.usize(1..5) {
        let start = random.usize(0..=chars.len());
        let cut = if random.u8(0..8) == 0 { 90 } else { 9 };
        let end = (start + random.usize(0..cut)).min(chars.len());
        let len = random.usize(0..12);
        let inserted: Vec<char> = own.by_ref().take(len).collect();
        chars.splice(start..end, inserted);
    }
    chars.into_iter().collect()
}

fn lost_text(lost: &[Lost], of: Side) -> String {
    let lost = lost.iter().filter(|lost| lost.side == of);
    lost.map(|lost| match &lost.kind {
        LostKind::Text { inserted, .. } => inserted.clone(),
        LostKind::Value(value) => value.to_string(),
        _ => String::new(),
    })
    .collect()
}

#[test]
fn what_either_side_writes_is_in_the_result_or_reported() {
    let mut random = fastrand::Rng::with_seed(0x10_57);
    let words = ["lorem ", "ipsum ", "dolor. ", "sit\n", "amet "];
    let (mut losses, mut cut) = (0, 0);
    for _ in 0..1500 * times() {
        let base: String = (0..random.usize(0..60))
            .map(|_| random.choice(words).unwrap())
            .collect();
        let mut ours = ('\u{4e00}'..='\u{9fff}').chain('\u{20000}'..='\u{20100}');
        let mut theirs = ('\u{ac00}'..='\u{d7a3}').chain('\u{1f600}'..='\u{1f640}');
        let local = edit_with(&mut random, &base, &mut ours);
        let remote = edit_with(&mut random, &base, &mut theirs);
        let wrap = |text: &str| json!({"t": text, "n": {"t": text}});
        let merged = merge(&wrap(&base), &wrap(&local), &wrap(&remote)).unwrap();
        assert_eq!(apply(&wrap(&remote), &merged.diff).unwrap(), merged.value);
        let result = merged.value["t"].as_str().unwrap();
        let is_ours = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let is_theirs = |c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c);
        for c in local.chars().filter(|c| is_ours(*c)) {
            let kept = result.contains(c);
            losses += usize::from(!kept);
            assert!(
                kept || lost_text(&merged.lost, Side::Local).contains(c),
                "{base:?} {local:?} {remote:?}"
            );
        }
        for c in remote.chars().filter(|c| is_theirs(*c)) {
            let kept = result.contains(c);
            cut += usize::from(!kept);
            assert!(
                kept || lost_text(&merged.lost, Side::Remote).contains(c),
                "{base:?} {local:?} {remote:?}"
            );
        }
    }
    // The trial means nothing where nothing is lost.
    assert!(losses > 0 && cut > 0, "{losses} {cut}");
}

#[test]
fn values_that_win_leave_the_others_in_the_report() {
    let base = json!({"a": "text", "b": {"x": "1"}, "c": 1, "d": [1]});
    let local = json!({"b": 5, "c": 2, "d": [2]});
    let remote = json!({"a": "text more", "b": {"x": "word"}, "c": "three", "d": [3]});
    let merged = merge(&base, &local, &remote).unwrap();
    assert_eq!(merged.value, local);
    let lost: Vec<_> = merged
        .lost
        .iter()
        .map(|lost| (lost.path.to_string(), &lost.kind))
        .collect();
    for (key, (path, kind)) in ["a", "b", "c", "d"].into_iter().zip(&lost) {
        assert_eq!(
            (path.as_str(), *kind),
            (key, &LostKind::Value(remote[key].clone()))
        );
    }
    assert_eq!(lost.len(), 4);
}

#[test]
fn depth_is_an_error_and_no_overflow() {
    let nest = |levels: usize, inner: Value| {
        (0..levels).fold(inner, |value, _| {
            Value::Object([("k".to_owned(), value)].into_iter().collect())
        })
    };
    let flat = json!({"k": 1});
    assert!(diff(&flat, &nest(128, json!(1))).is_ok());
    assert!(diff(&flat, &nest(129, json!(1))).is_err());
    assert!(diff(&nest(129, json!(1)), &nest(129, json!(2))).is_err());
    assert!(
        Differ::new()
            .depth(200)
            .diff(&nest(129, json!(1)), &nest(129, json!(2)))
            .is_ok()
    );
    let replaced: Diff = [("k".to_owned(), Op::Replace(nest(128, json!(1))))]
        .into_iter()
        .collect();
    assert!(apply(&flat, &replaced).is_err());
    assert!(apply(&json!([]), &Diff::new()).is_err());
}
