//! Random rows, random cuts, random damage.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use synctools::Row;
use synctools::schema::{FieldBuilder, FieldKind, ModelBuilder, Schema};
use synctools::value::{Date, DateTime, Decimal, Duration, Json, Time, Uuid, Value};
use synctools::wire::{Format, Profile, ReaderOptions};

use crate::support::{body, read_pieces, rows};

fn schema() -> Schema {
    let model = [
        ("int", FieldKind::BigInteger),
        ("float", FieldKind::Float),
        (
            "decimal",
            FieldKind::Decimal {
                max_digits: 18,
                decimal_places: 8,
            },
        ),
        ("text", FieldKind::Text),
        ("bool", FieldKind::Boolean),
        ("bytes", FieldKind::Binary),
        ("uuid", FieldKind::Uuid),
        ("moment", FieldKind::DateTime { aware: true }),
        ("wall", FieldKind::DateTime { aware: false }),
        ("date", FieldKind::Date),
        ("time", FieldKind::Time),
        ("duration", FieldKind::Duration),
        ("json", FieldKind::Json),
        ("array", FieldKind::Array(Box::new(FieldKind::Text))),
        ("hstore", FieldKind::HStore),
    ]
    .into_iter()
    .fold(ModelBuilder::new("app.thing"), |model, (name, kind)| {
        model.with(FieldBuilder::new(name, kind).null())
    });
    Schema::builder()
        .model(model.many_to_many("friends", "app.thing"))
        .build()
        .unwrap()
}

/// Text with everything that has to be escaped.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        "[\\x00-\\x7f]{0,20}",
        "\\PC{0,20}",
        Just("\u{2028}\u{7f}😀\"\\".to_owned()),
    ]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Bool(true)),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(serde_json::Value::from),
        text().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            vec((text(), inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
    .prop_map(|value| Json::parse(&value.to_string()).unwrap())
}

/// A moment, in whole milliseconds: the wire has no more.
fn wall() -> impl Strategy<Value = i64> {
    (-62_135_596_800_000..253_402_300_799_999_i64).prop_map(|millis| millis * 1000)
}

/// Any value of each field, in order.
fn values() -> impl Strategy<Value = Vec<Value>> {
    let decimal = (-999_999_999_999_999_i64..999_999_999_999_999).prop_map(|number| {
        let text = format!("{number}e-8");
        Value::Decimal(Decimal::fit(&text, 18, 8).unwrap())
    });
    let first = (
        any::<i64>().prop_map(Value::Int),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(Value::Float),
        decimal,
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::Bool),
        vec(any::<u8>(), 0..20).prop_map(Value::bytes),
        any::<[u8; 16]>().prop_map(|bytes| Value::Uuid(Uuid::from_bytes(bytes))),
    );
    let second = (
        wall().prop_map(|micros| Value::DateTime(DateTime::from_utc(micros).unwrap())),
        wall().prop_map(|micros| Value::DateTime(DateTime::from_wall(micros, None).unwrap())),
        (-719_162..2_932_896).prop_map(|days| Value::Date(Date::from_days(days).unwrap())),
        (0..86_400_000_i64)
            .prop_map(|millis| Value::Time(Time::from_micros(millis * 1000).unwrap())),
        any::<i64>().prop_map(|micros| Value::Duration(Duration::from_micros(micros))),
        json().prop_map(Value::Json),
        vec(option::of(text()), 0..4)
            .prop_map(|texts| Value::Array(texts.into_iter().map(Value::from).collect())),
        proptest::collection::btree_map(text(), option::of(text()), 0..4).prop_map(|pairs| {
            let pairs = pairs
                .into_iter()
                .map(|(name, text)| (name.into(), text.map(Into::into)));
            Value::HStore(pairs.collect())
        }),
    );
    (first, second).prop_map(|((a, b, c, d, e, f, g), (h, i, j, k, l, m, n, o))| {
        vec![a, b, c, d, e, f, g, h, i, j, k, l, m, n, o]
    })
}

/// A row: of every field a value, `NULL`, or nothing.
fn row(schema: &Schema) -> impl Strategy<Value = Row> + use<> {
    let model = schema.models()[0].clone();
    let friends = option::of(vec(any::<i64>().prop_map(Value::Int), 0..4));
    (any::<i64>(), values(), vec(0..4_u8, 15), friends).prop_map(
        move |(pk, values, what, friends)| {
            let mut row = Row::new(&model);
            row.set(model.pk_index(), Value::Int(pk));
            for ((field, value), what) in model.fields()[1..].iter().zip(values).zip(what) {
                match what {
                    0 => {}
                    1 => row.set(field.index(), Value::Null),
                    _ => row.set(field.index(), value),
                }
            }
            if let Some(friends) = friends {
                row.set_related(model.many_to_many()[0].index(), friends);
            }
            row
        },
    )
}

fn some_rows() -> impl Strategy<Value = Vec<Row>> {
    vec(row(&schema()), 0..6)
}

proptest! {
    #[test]
    fn rows_come_back_as_they_went(written in some_rows(), ascii: bool, lines: bool) {
        let schema = schema();
        let profile = if ascii { Profile::Django2 } else { Profile::Django5 };
        let format = if lines { Format::Lines } else { Format::Array };
        let body = body(&schema, &written, profile, format);
        prop_assert_eq!(rows(&schema, body.as_bytes(), format), written);
    }

    #[test]
    fn any_cuts_give_the_same_objects(written in some_rows(), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        let body = body(&schema(), &written, Profile::Django5, Format::Array);
        let expected = read_pieces([body.as_bytes()], ReaderOptions::new());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([body.len()]) {
            pieces.push(&body.as_bytes()[from..cut]);
            from = cut;
        }
        prop_assert_eq!(read_pieces(pieces, ReaderOptions::new()), expected);
    }

    #[test]
    fn damage_is_judged_alike_wherever_the_cuts_are(
        written in some_rows(),
        at in any::<prop::sample::Index>(),
        byte: u8,
        size in 1..50_usize,
    ) {
        let mut body = body(&schema(), &written, Profile::Django5, Format::Array).into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        let whole = read_pieces([&body[..]], ReaderOptions::new());
        let cut = read_pieces(body.chunks(size), ReaderOptions::new());
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
        if let (Ok(whole), Ok(cut)) = (whole, cut) {
            prop_assert_eq!(whole, cut);
        }
    }

    #[test]
    fn json_is_accepted_by_both_or_by_neither(text in "[\\[\\]{}:,\"0-9eE.+\\-a-z \\\\]{0,20}") {
        // `serde_json` has a smaller limit of depth, which this is far below.
        let ours = Json::parse(&text).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        // Numbers beyond `f64` are none to `serde_json`, and neither to a field.
        prop_assert_eq!(ours, theirs, "{}", text);
    }
}
