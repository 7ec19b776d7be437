//! Differences at the ends of what can be said with them.

// Helpers of tests are not in a `#[test]` themselves.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use simperium::jsondiff::{
    Delta, DeltaError, Diff, DiffErrorKind, Differ, LostKind, Policy, Side, apply, compose, merge,
    text, transform,
};

fn wire(value: Value) -> Diff {
    Diff::from_value(value).unwrap()
}

/// More than any text has, and than a number of this machine can hold.
const HUGE: &str = "99999999999999999999999";

#[test]
fn counts_beyond_any_text_are_joined_without_overflow() {
    let compose = |first: &str, second: &str| {
        let both = text::compose(&Delta::from(first), &Delta::from(second))?;
        text::apply("abc", &both)
    };
    let twice = |sign: char| format!("{sign}{HUGE}\t{sign}{HUGE}");
    for (first, second) in [
        (twice('='), format!("={HUGE}\t=5")),
        (twice('='), format!("-{HUGE}\t-5")),
        (twice('-'), String::new()),
        (format!("={HUGE}"), twice('=')),
    ] {
        assert_eq!(compose(&first, &second), Err(DeltaError::Length));
    }
}

#[test]
fn an_index_beyond_a_list_is_missing() {
    let base = json!({"l": [1, 2]});
    let insert = wire(json!({"l": {"o": "L", "v": {"0": {"o": "+", "v": 0}}}}));
    for index in ["2", "18446744073709551615"] {
        for op in [json!({"o": "-"}), json!({"o": "r", "v": 1})] {
            let beyond = wire(json!({"l": {"o": "L", "v": {index: op}}}));
            for error in [
                apply(&base, &beyond).unwrap_err(),
                transform(&base, &beyond, &insert).unwrap_err(),
                transform(&base, &insert, &beyond).unwrap_err(),
                compose(&base, &beyond, &insert).unwrap_err(),
            ] {
                assert_eq!(error.kind(), &DiffErrorKind::Missing);
                assert_eq!(error.path().to_string(), format!("l[{index}]"));
            }
        }
        // What is put in there comes last.
        let append = wire(json!({"l": {"o": "L", "v": {index: {"o": "+", "v": 3}}}}));
        assert_eq!(apply(&base, &append).unwrap(), json!({"l": [1, 2, 3]}));
        let rebased = transform(&base, &append, &insert).unwrap().diff;
        let made = apply(&apply(&base, &insert).unwrap(), &rebased).unwrap();
        assert_eq!(made, json!({"l": [0, 1, 2, 3]}));
    }
}

fn add(by: Value) -> Diff {
    wire(json!({"n": {"o": "I", "v": by}}))
}

#[test]
fn counts_one_after_the_other_are_not_rounded_otherwise_in_one() {
    for (base, first, second) in [
        (json!(0.1), json!(0.2), json!(0.3)),
        (json!(-1e308), json!(1e308), json!(1e308)),
        (json!(1e16), json!(1), json!(1)),
        (json!(1), json!(1e300), json!(-1e300)),
        (json!(5), json!(2), json!(-3)),
        (json!(true), json!(2), json!(3)),
    ] {
        let base = json!({"n": base});
        let (first, second) = (add(first), add(second));
        let both = compose(&base, &first, &second).unwrap();
        let made = apply(&apply(&base, &first).unwrap(), &second).unwrap();
        assert_eq!(apply(&base, &both).unwrap(), made, "{base}");
    }
    let both = compose(&json!({"n": 5}), &add(json!(2)), &add(json!(-3))).unwrap();
    assert_eq!(both, add(json!(-1)));
}

#[test]
fn a_count_of_nothing_makes_a_number_of_a_boolean() {
    for (base, first, second) in [
        (json!(true), Some(0), None),
        (json!(false), None, Some(0)),
        (json!(true), Some(3), Some(-3)),
        (json!(4), Some(3), Some(-3)),
    ] {
        let base = json!({"n": base});
        let count = |by: Option<i32>| by.map_or_else(Diff::new, |by| add(json!(by)));
        let (first, second) = (count(first), count(second));
        let both = compose(&base, &first, &second).unwrap();
        let made = apply(&apply(&base, &first).unwrap(), &second).unwrap();
        assert_eq!(apply(&base, &both).unwrap(), made, "{base}");
        let alone = transform(&base, &first, &Diff::new()).unwrap();
        assert_eq!(alone.diff, first);
    }
    let none = compose(&json!({"n": 4}), &add(json!(3)), &add(json!(-3))).unwrap();
    assert!(none.is_empty());
}

#[test]
fn counts_that_no_number_can_hold_are_not_added_up() {
    let base = json!({"n": 0.5});
    let most = || add(json!(1.7e308));
    let rebased = transform(&base, &most(), &most()).unwrap();
    let remote = apply(&base, &most()).unwrap();
    assert_eq!(apply(&remote, &rebased.diff).unwrap(), remote);
    let usual = transform(&base, &add(json!(1)), &add(json!(2))).unwrap();
    assert_eq!(usual.diff, add(json!(1)));
    assert!(transform(&json!({}), &add(json!(1)), &add(json!(2))).is_err());
}

#[test]
fn the_same_count_on_both_sides_counts_twice() {
    let policy: Policy =
        serde_json::from_value(json!({"attributes": {"n": {"otype": "integer"}}})).unwrap();
    let count = |n: u32| json!({"n": n});
    let merged = Differ::new().policy(policy);
    let merged = merged.merge(&count(1), &count(2), &count(2)).unwrap();
    assert_eq!(merged.value, count(3));
    assert!(merged.lost.is_empty());
}

#[test]
fn an_edit_that_changes_nothing_is_rebased_to_one_for_the_new_text() {
    for (base, local, remote) in [
        ("abc😀", "=5", "=3\t+é\t=2"),
        ("abc", "=1\t=2", "-3"),
        ("abc", "=3\t-0\t+", "+x\t=3"),
        ("", "", "+x"),
    ] {
        let (local, remote) = (Delta::from(local), Delta::from(text_of(remote)));
        let rebased = text::transform(base, &local, &remote).unwrap();
        let theirs = text::apply(base, &remote).unwrap();
        assert_eq!(rebased.text, theirs);
        assert_eq!(text::apply(&theirs, &rebased.delta), Ok(theirs), "{local}");
    }
}

fn text_of(delta: &str) -> String {
    delta.replace('é', "%C3%A9")
}

#[test]
fn a_difference_nested_without_end_is_refused() {
    let object =
        |name: &str, value: Value| Value::Object([(name.to_owned(), value)].into_iter().collect());
    let nest = |levels: usize| {
        (0..levels).fold(json!({"k": {"o": "-"}}), |inner, _| {
            let mut op = object("v", inner);
            op["o"] = json!("O");
            object("k", op)
        })
    };
    assert!(Diff::from_value(nest(127)).is_ok());
    for levels in [128, 1000] {
        let error = Diff::from_value(nest(levels)).unwrap_err();
        assert_eq!(error.kind(), &DiffErrorKind::TooDeep);
    }
}

#[test]
fn the_size_of_elements_counts_as_work() {
    let policy: Policy =
        serde_json::from_value(json!({"attributes": {"l": {"otype": "list"}}})).unwrap();
    let lists = |element: &dyn Fn(usize) -> Value| {
        let old: Vec<Value> = (0..40).map(element).collect();
        let new = [&old[3..], &[json!("new")]].concat();
        (json!({ "l": old }), json!({ "l": new }))
    };
    let differ = Differ::new().policy(policy).work(20_000);
    let ops = |(old, new): (Value, Value)| {
        let made = differ.diff(&old, &new).unwrap();
        assert_eq!(apply(&old, &made).unwrap(), new);
        let made = serde_json::to_value(made).unwrap();
        made["l"]["v"].as_object().unwrap().len()
    };
    // Moved by three, or each replaced.
    assert_eq!(ops(lists(&|n| json!(n))), 4);
    assert_eq!(ops(lists(&|n| json!([n, "long".repeat(9000)]))), 40);
}

#[test]
fn a_pair_that_a_count_ends_in_is_an_error_everywhere() {
    let half = |delta: &str| wire(json!({"t": {"o": "d", "v": delta}}));
    let base = json!({"t": "x😀"});
    for delta in ["=2\t-1", "=2\t=1", "-2\t+a\t=1", "=1\t-1\t+%ED%B8%81\t=1"] {
        for made in [
            apply(&base, &half(delta)).map(drop),
            transform(&base, &half(delta), &half("=3\t+b")).map(drop),
            transform(&base, &half("=3\t+b"), &half(delta)).map(drop),
        ] {
            assert!(
                matches!(
                    made.unwrap_err().kind(),
                    DiffErrorKind::Delta(DeltaError::SplitCharacter | DeltaError::LoneSurrogate)
                ),
                "{delta}"
            );
        }
    }
}

#[test]
fn an_operation_may_have_more_than_it_needs_and_not_less() {
    let base = json!({"a": 1, "n": null});
    let more = wire(json!({
        "a": {"o": "-", "v": "x", "by": 1},
        "b": {"o": "+", "v": null, "ts": 3},
        "n": {"o": "r", "v": {"o": "-"}},
    }));
    assert_eq!(
        apply(&base, &more).unwrap(),
        json!({"b": null, "n": {"o": "-"}})
    );
    for less in [
        json!({"v": 1}),
        json!({"o": "r"}),
        json!({"o": null}),
        json!(null),
    ] {
        let error = Diff::from_value(json!({"a": less})).unwrap_err();
        assert_eq!(error.kind(), &DiffErrorKind::MalformedOperation);
    }
}

#[test]
fn what_one_side_removed_and_the_other_edited_is_reported() {
    let base = json!({"t": "text", "o": {"k": 1}});
    let edit = simperium::jsondiff::diff(&base, &json!({"t": "text!", "o": {"k": 2}})).unwrap();
    let remove = simperium::jsondiff::diff(&base, &json!({})).unwrap();
    // The edit brings it back,
    let rebased = transform(&base, &edit, &remove).unwrap();
    assert_eq!(
        apply(&json!({}), &rebased.diff).unwrap(),
        json!({"t": "text!", "o": {"k": 2}})
    );
    assert!(
        rebased
            .lost
            .iter()
            .all(|lost| lost.side == Side::Remote && lost.kind == LostKind::Removal)
    );
    assert_eq!(rebased.lost.len(), 2);
    // and a removal of ours stays one.
    let rebased = transform(&base, &remove, &edit).unwrap();
    assert_eq!(rebased.diff, remove);
    let lost: Vec<_> = rebased.lost.into_iter().map(|lost| lost.kind).collect();
    assert_eq!(
        lost,
        [
            LostKind::Value(json!({"k": 2})),
            LostKind::Value(json!("text!"))
        ]
    );
}

#[test]
fn of_two_values_for_a_new_key_the_one_that_is_replaced_is_told() {
    let merged = merge(
        &json!({}),
        &json!({"content": "mine", "n": 1}),
        &json!({"content": "theirs", "n": 2}),
    )
    .unwrap();
    assert_eq!(merged.value, json!({"content": "mine", "n": 1}));
    let told: Vec<_> = merged
        .lost
        .iter()
        .map(|lost| (lost.side, &lost.kind))
        .collect();
    assert_eq!(
        told,
        [
            (Side::Remote, &LostKind::Value(json!("theirs"))),
            (Side::Remote, &LostKind::Value(json!(2))),
        ]
    );
}
