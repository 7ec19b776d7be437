//! Queries compared with a plain evaluation over decoded values.

use contentstack_sync::model::ObjectKind;
use contentstack_sync::query::{Condition, Direction, field};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::stores;

/// A value of a field, of few possible ones, so that conditions often hold.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        (-3_i64..4).prop_map(|half| json!(half as f64 / 2.0)),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("[xy]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[derive(Clone, Debug)]
enum Test {
    Compare(&'static str, Value),
    OneOf(Vec<Value>),
    Exists,
}

#[derive(Clone, Debug)]
enum Wanted {
    Field(Vec<String>, Test),
    All(Vec<Wanted>),
    Any(Vec<Wanted>),
    Not(Box<Wanted>),
}

fn scalar() -> impl Strategy<Value = Value> {
    value().prop_filter("scalars only", |value| {
        !value.is_array() && !value.is_object()
    })
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let path = proptest::collection::vec(prop_oneof!["[xyz]", "[01]"], 1..4);
    let test = prop_oneof![
        (
            prop_oneof![Just("eq"), Just("lt"), Just("le"), Just("gt"), Just("ge")],
            scalar()
        )
            .prop_map(|(name, value)| Test::Compare(name, value)),
        proptest::collection::vec(scalar(), 0..3).prop_map(Test::OneOf),
        Just(Test::Exists),
    ];
    let leaf = (path, test).prop_map(|(path, test)| Wanted::Field(path, test));
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Wanted::All),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Wanted::Any),
            inner.prop_map(|inner| Wanted::Not(Box::new(inner))),
        ]
    })
}

fn operand(value: &Value) -> contentstack_sync::query::Operand {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::String(text) => text.into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap().into(),
        },
        _ => contentstack_sync::query::Operand::NULL,
    }
}

impl Wanted {
    fn condition(&self) -> Condition {
        match self {
            Self::All(list) => Condition::all(list.iter().map(Self::condition)),
            Self::Any(list) => Condition::any(list.iter().map(Self::condition)),
            Self::Not(inner) => !inner.condition(),
            Self::Field(path, test) => {
                let field = field(path.join("."));
                match test {
                    Test::Compare("eq", value) => field.eq(operand(value)),
                    Test::Compare("lt", value) => field.lt(operand(value)),
                    Test::Compare("le", value) => field.le(operand(value)),
                    Test::Compare("gt", value) => field.gt(operand(value)),
                    Test::Compare(_, value) => field.ge(operand(value)),
                    Test::OneOf(values) => field.contained_in(values.iter().map(operand)),
                    Test::Exists => field.exists(),
                }
            }
        }
    }

    fn naive(&self, entry: &Value) -> bool {
        match self {
            Self::All(list) => list.iter().all(|wanted| wanted.naive(entry)),
            Self::Any(list) => list.iter().any(|wanted| wanted.naive(entry)),
            Self::Not(inner) => !inner.naive(entry),
            Self::Field(path, test) => {
                let mut values = Vec::new();
                lookup(entry, path, &mut values);
                values.iter().any(|value| {
                    let inner = value.as_array().into_iter().flatten();
                    inner.chain([*value]).any(|value| test.naive(value))
                })
            }
        }
    }
}

impl Test {
    fn naive(&self, value: &Value) -> bool {
        let compare = |other: &Value| match (value, other) {
            (Value::Null, Value::Null) => Some(std::cmp::Ordering::Equal),
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            _ => None,
        };
        match self {
            Self::Exists => true,
            Self::OneOf(values) => values
                .iter()
                .any(|other| compare(other).is_some_and(|o| o.is_eq())),
            Self::Compare(name, other) => compare(other).is_some_and(|order| match *name {
                "eq" => order.is_eq(),
                "lt" => order.is_lt(),
                "le" => order.is_le(),
                "gt" => order.is_gt(),
                _ => order.is_ge(),
            }),
        }
    }
}

fn lookup<'v>(value: &'v Value, path: &[String], found: &mut Vec<&'v Value>) {
    let Some((first, rest)) = path.split_first() else {
        found.push(value);
        return;
    };
    match value {
        Value::Object(map) => {
            if let Some(value) = map.get(first) {
                lookup(value, rest, found);
            }
        }
        Value::Array(list) => match first.parse::<usize>() {
            Ok(index) => {
                if let Some(value) = list.get(index) {
                    lookup(value, rest, found);
                }
            }
            Err(_) => {
                for value in list.iter().filter(|value| value.is_object()) {
                    lookup(value, path, found);
                }
            }
        },
        _ => {}
    }
}

/// The order of `x`, ascending: kinds, then values, then nothing.
fn rank(entry: &Value) -> (u8, f64, String) {
    let value = &entry["x"];
    let value = value.as_array().map_or(Some(value), |list| list.first());
    match value {
        Some(Value::Bool(value)) => (0, f64::from(u8::from(*value)), String::new()),
        Some(Value::Number(number)) => (1, number.as_f64().unwrap(), String::new()),
        Some(Value::String(text)) => (2, 0.0, text.clone()),
        _ => (3, 0.0, String::new()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_query_finds_what_a_plain_evaluation_finds(
        fields in proptest::collection::vec((value(), value()), 0..12),
        wanted in wanted(),
        descending: bool,
        skip in 0_usize..3,
        limit in proptest::option::of(0_usize..6),
    ) {
        let entries: Vec<Value> = fields
            .into_iter()
            .enumerate()
            .map(|(at, (x, y))| json!({"uid": format!("n{at:02}"), "locale": "l", "x": x, "y": y}))
            .collect();
        let mut expected: Vec<&Value> =
            entries.iter().filter(|entry| wanted.naive(entry)).collect();
        expected.sort_by(|a, b| {
            let (x, y) = (rank(a), rank(b));
            let order = x.partial_cmp(&y).unwrap();
            let turned = descending && x.0 < 3 && y.0 < 3;
            if turned { order.reverse() } else { order }
        });
        let total = expected.len() as u64;
        let expected: Vec<&Value> =
            expected.into_iter().skip(skip).take(limit.unwrap_or(usize::MAX)).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for mut mirror in stores().await {
                mirror
                    .put_all(entries.iter().map(|entry| (ObjectKind::Entry, Some("t"), entry.to_string())))
                    .await;
                let direction = if descending { Direction::Descending } else { Direction::Ascending };
                let mut query = mirror
                    .entries("t")
                    .locale("l")
                    .filter(wanted.condition())
                    .order_by("x", direction)
                    .skip(skip);
                if let Some(limit) = limit {
                    query = query.limit(limit);
                }
                let results = query.include_count().fetch::<Value>().await.unwrap();
                assert_eq!(results.items.iter().collect::<Vec<_>>(), expected);
                assert_eq!(results.count, Some(total));
            }
        });
    }
}
