//! What Django's client did with 88 bodies, and what becomes of them here.
//!
//! The rows that Django left in its tables are compared with the rows that are
//! made here, as SQLite has them. What only a database can refuse is not seen
//! here; the tests of the stores do that.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use synctools::schema::{DecodeErrorKind, DecodeOptions, Decoded, Decoder, MissingFields, Schema};
use synctools::wire::{Reader, ReaderOptions, WireErrorKind};
use synctools::{Row, SyncError, Value};

const CASES: &str = include_str!("../vectors/client-behaviour/py311-dj5.2.1.json");
const MODELS: &str = include_str!("../vectors/schema/django-models-sqlite-dj5.2.1.json");

/// The models of the lab, with the two defaults that its project has.
fn lab() -> Schema {
    let mut models: Json = serde_json::from_str(MODELS).unwrap();
    for model in models.as_array_mut().unwrap() {
        if model["model"] != "lab.everything" {
            continue;
        }
        for field in model["fields"].as_array_mut().unwrap() {
            match field["name"].as_str().unwrap() {
                "boolean" => field["default"] = false.into(),
                "csi" => field["default"] = "1,2,3".into(),
                _ => {}
            }
        }
    }
    Schema::from_django_json(&models.to_string())
        .and_then(|schema| schema.with_natural_key("lab.tag", ["name"]))
        .and_then(|schema| {
            schema.with_natural_key("contenttypes.contenttype", ["app_label", "model"])
        })
        .unwrap()
}

fn cases() -> BTreeMap<String, Json> {
    let file: Json = serde_json::from_str(&quoted(CASES)).unwrap();
    serde_json::from_value(file["cases"].clone()).unwrap()
}

/// The captures themselves were written by Python: with its infinities.
fn quoted(text: &str) -> String {
    text.replace("\"fp\": Infinity", "\"fp\": \"Infinity\"")
}

fn body(case: &Json) -> String {
    match &case["served_raw"] {
        Json::String(body) => body.clone(),
        _ => case["served"].to_string(),
    }
}

/// Reads a body as the original does: leniently, filling in defaults.
fn read(schema: &Schema, body: &str, not_a_number: bool) -> Result<Vec<Row>, SyncError> {
    let mut reader = Reader::new(ReaderOptions::new().not_a_number(not_a_number));
    let options = DecodeOptions::new().missing_fields(MissingFields::DjangoDefaults);
    let mut decoder = Decoder::new(schema, options);
    let mut rows = Vec::new();
    reader.push(body.as_bytes());
    reader.end();
    while let Some(object) = reader.next_object()? {
        match decoder.decode(&object)? {
            Decoded::Row(row) => rows.push(row),
            other => panic!("{other:?}"),
        }
    }
    Ok(rows)
}

/// A row as the captures have those of SQLite: without what is `NULL`.
fn stored(schema: &Schema, row: &Row) -> Map<String, Json> {
    let model = schema.get(row.model()).unwrap();
    let mut columns = Map::new();
    for (field, value) in model.fields().iter().zip(row.values()) {
        let value: Json = match value.as_ref().unwrap_or(&Value::Null) {
            Value::Null => continue,
            Value::Float(number) if number.is_nan() => continue,
            Value::Float(number) if number.is_infinite() => "Infinity".into(),
            Value::Float(number) => (*number).into(),
            Value::Bool(value) => i64::from(*value).into(),
            Value::Int(number) => (*number).into(),
            Value::Text(text) => text.as_ref().into(),
            // A column of SQLite makes the nearest number of it.
            Value::Decimal(number) => match number.as_str().parse::<f64>().unwrap() {
                whole if whole.fract() == 0.0 => (whole as i64).into(),
                number => number.into(),
            },
            Value::Bytes(bytes) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                serde_json::json!({ "hex": hex })
            }
            Value::Uuid(uuid) => uuid.to_simple().into(),
            Value::DateTime(moment) => moment.to_sqlite().into(),
            Value::Date(date) => date.to_string().into(),
            Value::Time(time) => time.to_string().into(),
            Value::Duration(duration) => duration.as_micros().into(),
            Value::Json(json) => json.as_str().into(),
            other => panic!("{other:?}"),
        };
        columns.insert(field.column().to_owned(), value);
    }
    columns
}

/// How a body is judged that Django judges otherwise; each is in the list of
/// differences in the crate's README.
enum Difference {
    /// It is refused here.
    Refused(DecodeErrorKind),
}

fn difference(name: &str) -> Option<Difference> {
    Some(match name {
        "binary-bad-b64" => Difference::Refused(DecodeErrorKind::Invalid { expected: "base64" }),
        "char-object" => Difference::Refused(DecodeErrorKind::Type {
            expected: "text",
            found: "an object",
        }),
        _ => return None,
    })
}

/// What Django refused while it read, before any database was asked.
fn refused_while_reading(result: &str) -> bool {
    [
        "DeserializationError",
        "OverflowError",
        "UnicodeEncodeError",
    ]
    .iter()
    .any(|name| result.contains(name))
}

/// An answer that is none, or another one's: only the client sees it.
fn is_about_http(name: &str, case: &Json) -> bool {
    case["status"].as_u64().is_some_and(|status| status >= 300) || name == "redirect-same-host"
}

#[test]
fn every_body_is_judged_as_django_does_or_listed_as_different() {
    let schema = lab();
    let mut seen = 0;
    for (name, case) in cases() {
        if is_about_http(&name, &case) {
            continue;
        }
        seen += 1;
        let result = case["result"].as_str().unwrap();
        let rows = read(&schema, &body(&case), true);
        match (difference(&name), rows) {
            (Some(Difference::Refused(kind)), Err(SyncError::Decode(error))) => {
                assert_eq!(error.kind(), kind, "{name}");
            }
            (None, Err(error)) => {
                assert!(
                    refused_while_reading(result),
                    "{name}: {error}, not {result}"
                );
            }
            (None, Ok(rows)) if result == "ok" => same_rows(&schema, &name, &case, &rows),
            (None, Ok(_)) => assert!(!refused_while_reading(result), "{name}: {result}"),
            (Some(_), other) => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(seen, 84);
}

/// Whether all rows are in the tables that Django left. With the same key
/// twice, the last one is.
fn same_rows(schema: &Schema, name: &str, case: &Json, rows: &[Row]) {
    for (i, row) in rows.iter().enumerate() {
        let overwritten = rows[i + 1..].iter().any(|other| {
            other.model() == row.model() && other.pk().is_some() && other.pk() == row.pk()
        });
        // Saved, and deleted by the cleaning of a later model: lost for Django.
        let lost = name == "clean-cascades-to-rows-saved-earlier" && i == 0;
        if overwritten || lost {
            continue;
        }
        // Only a store knows what they stand for.
        let is_natural = |value: &Option<Value>| matches!(value, Some(Value::NaturalKey(_)));
        if row.values().iter().any(is_natural) {
            assert_eq!(name, "natural-key-fk-and-m2m");
            continue;
        }
        let model = schema.get(row.model()).unwrap();
        let mut expected = stored(schema, row);
        let table = case["rows_after"][model.table()].as_array().unwrap();
        let found = table.iter().any(|left| {
            let left = left.as_object().unwrap();
            if row.pk().is_none() {
                // The database found the key.
                let key = model.pk().column();
                expected.insert(key.to_owned(), left[key].clone());
            }
            *left == expected
        });
        let expected = Json::from(expected);
        assert!(found, "{name}: {expected} is not in {table:?}");
    }
}

#[test]
fn what_json_does_not_have_is_refused_unless_it_is_asked_for() {
    let schema = lab();
    for name in ["float-nan", "float-inf"] {
        let body = body(&cases()[name]);
        let error = read(&schema, &body, false).unwrap_err();
        match error {
            SyncError::Wire(error) => assert_eq!(error.kind(), WireErrorKind::NotANumber),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn broken_bodies_are_told_apart() {
    let schema = lab();
    for (name, kind) in [
        ("bom", WireErrorKind::ByteOrderMark),
        ("empty-body", WireErrorKind::Empty),
        ("204", WireErrorKind::Empty),
        ("not-json", WireErrorKind::NotAnArray),
        ("top-level-object", WireErrorKind::NotAnArray),
        ("truncated-json", WireErrorKind::Truncated),
        ("fields-missing", WireErrorKind::NoFields),
        ("model-missing", WireErrorKind::NoModel),
    ] {
        match read(&schema, &body(&cases()[name]), true).unwrap_err() {
            SyncError::Wire(error) => assert_eq!(error.kind(), kind, "{name}"),
            other => panic!("{name}: {other}"),
        }
    }
}
