//! The language of conditions, case by case.

use std::time::{Duration, SystemTime};

use contentstack_sync::model::{EventTime, RawJson};
use contentstack_sync::query::{Condition, FieldPath, Operand, QueryError, field};

const ENTRY: &str = r#"{
    "title": "Caf\u00e9 au lait", "number": 42, "decimal": 3.50, "big": 9007199254740993, "flag": false,
    "nothing": null, "date": "2026-02-03T10:00:00.000Z", "tags": ["red", "blue"], "empty": [], "scores": [1, 5],
    "seo": {"image": "x", "deep": {"er": 1}}, "0": "zero", "with.dot": 1,
    "blocks": [{"hero": {"headline": "Hi", "rank": 2}}, {"card": {"headline": "Yo"}}, {"hero": {"headline": "Ho"}}],
    "matrix": [[1, 2], [3]]
}"#;

fn holds(condition: &Condition) -> bool {
    let entry: RawJson = serde_json::from_str(ENTRY).unwrap();
    condition.holds(&entry).unwrap()
}

fn time(text: &str) -> EventTime {
    EventTime::from(text)
}

#[test]
fn conditions_mean_what_they_say() {
    let f = |path: &str| field(path);
    let table: Vec<(Condition, bool)> = vec![
        // Equality, by kind and value.
        (f("number").eq(42), true),
        (f("number").eq(42.0), true),
        (f("number").eq("42"), false),
        (f("number").ne(41), true),
        (f("decimal").eq(3.5), true),
        (f("big").eq(9_007_199_254_740_993_i64), true),
        (f("big").eq(9_007_199_254_740_992_i64), false),
        (f("big").gt(9_007_199_254_740_992_u64), true),
        (f("flag").eq(false), true),
        (f("flag").eq(true), false),
        (f("flag").eq(0), false),
        (f("title").eq("Café au lait"), true),
        (f("title").eq(String::from("Cafe au lait")), false),
        // Nothing is null but null.
        (f("nothing").eq(Operand::NULL), true),
        (f("nothing").eq(false), false),
        (f("missing").eq(Operand::NULL), false),
        (f("number").eq(Operand::NULL), false),
        (f("nothing").exists(), true),
        (f("missing").exists(), false),
        (f("missing").missing(), true),
        // What is not there fulfils only negations.
        (f("missing").lt(1), false),
        (f("missing").ge(1), false),
        (f("missing").ne(1), true),
        (f("missing").not_contained_in([1]), true),
        (!f("missing").eq(1), true),
        // Order.
        (f("number").lt(42), false),
        (f("number").le(42), true),
        (f("number").lt(42.000_001), true),
        (f("number").gt(41), true),
        (f("number").ge(43), false),
        (f("number").gt("0"), false),
        (f("title").gt("Cafe"), true),
        (f("title").lt("Cb"), true),
        (f("number").gt(f64::NAN), false),
        (f("number").lt(f64::INFINITY), false),
        (f("number").ne(f64::NAN), true),
        // Times, by instant.
        (f("date").eq(time("2026-02-03T11:00:00+01:00")), true),
        (f("date").lt(time("2026-02-03T10:00:00.001Z")), true),
        (f("date").gt(time("2026-02-03T11:30:00+02:00")), true),
        (
            f("date").gt(SystemTime::UNIX_EPOCH + Duration::from_secs(1)),
            true,
        ),
        (f("title").lt(time("2030-01-01T00:00:00Z")), false),
        (f("date").gt(time("no time")), false),
        // Lists: any element, or nothing.
        (f("tags").eq("red"), true),
        (f("tags").eq("green"), false),
        (f("tags").ne("red"), false),
        (f("tags").contained_in(["green", "blue"]), true),
        (f("tags").not_contained_in(["green"]), true),
        (f("tags").contained_in(Vec::<Operand>::new()), false),
        (Condition::tags(["blue"]), true),
        (Condition::tags(["green", "pink"]), false),
        (f("scores").gt(4), true),
        (f("scores").lt(1), false),
        (f("empty").exists(), true),
        (f("empty").eq(1), false),
        (f("matrix").eq(3), false),
        (f("matrix.0").eq(2), true),
        (f("matrix.0.1").eq(2), true),
        // Paths.
        (f("seo.image").eq("x"), true),
        (f("seo.deep.er").eq(1), true),
        (f("seo.image.more").exists(), false),
        (f("tags.1").eq("blue"), true),
        (f("tags.2").exists(), false),
        (f("blocks.0.hero.headline").eq("Hi"), true),
        (f("blocks.1.hero.headline").exists(), false),
        (f("blocks.hero.headline").eq("Ho"), true),
        (f("blocks.card.headline").eq("Hi"), false),
        (f("blocks.hero.rank").exists(), true),
        (f("0").eq("zero"), true),
        (f("with.dot").exists(), false),
        (field(FieldPath::of(["with.dot"])).eq(1), true),
        (f("").exists(), false),
        // Texts.
        (f("title").starts_with("Caf\u{e9}"), true),
        (f("title").contains("au"), true),
        (f("title").contains("AU"), false),
        (f("title").regex("^C.*lait$"), true),
        (f("title").regex("(?i)AU"), true),
        (f("title").regex("tea"), false),
        (f("tags").regex("^bl"), true),
        (f("number").regex("4"), false),
        (f("title").matches(|text| text.chars().count() == 12), true),
        // Combinations.
        (f("number").eq(42) & f("flag").eq(false), true),
        (f("number").eq(42) & f("flag").eq(true), false),
        (f("number").eq(1) | f("flag").eq(false), true),
        (f("number").eq(1) | f("flag").eq(true), false),
        (!(f("number").eq(1) | f("flag").eq(true)), true),
        (!!f("number").eq(42), true),
        (
            f("number")
                .eq(42)
                .and(f("number").eq(1))
                .or(f("flag").exists()),
            true,
        ),
        (
            f("a").exists() | f("b").exists() & f("number").eq(42),
            false,
        ),
        (Condition::all([]), true),
        (Condition::any([]), false),
    ];
    for (condition, expected) in &table {
        assert_eq!(holds(condition), *expected, "{condition:?}");
    }
}

#[test]
fn an_expression_that_is_none_is_an_error_wherever_it_stands() {
    let bad = || field("title").regex("(");
    for condition in [
        bad(),
        !bad(),
        bad() & field("x").exists(),
        Condition::any([field("x").exists(), bad()]),
        field("author").refers_to(bad()),
    ] {
        let entry: RawJson = serde_json::from_str(ENTRY).unwrap();
        let Err(QueryError::Regex { expression, reason }) = condition.holds(&entry) else {
            panic!("{condition:?}");
        };
        assert_eq!(expression, "(");
        assert!(!reason.is_empty());
    }
}

#[test]
fn conditions_can_be_read() {
    let condition = field("a.b").eq(1.5) & !field("tags").contained_in(["x"]);
    assert_eq!(
        format!("{condition:?}"),
        r#"all([a.b = 1.5, not(tags in ["x"])])"#
    );
    assert_eq!(format!("{:?}", Operand::from(f64::NAN)), "no number");
}

#[test]
fn data_that_is_no_entry_fulfils_nothing() {
    for text in ["null", "[]", "7", r#""x""#, "{}"] {
        let data: RawJson = serde_json::from_str(text).unwrap();
        assert!(!field("a").exists().holds(&data).unwrap(), "{text}");
        assert!(field("a").missing().holds(&data).unwrap());
    }
}
