//! From objects to rows.

use synctools::schema::{
    DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, FieldBuilder, FieldKind,
    MissingFields, ModelBuilder, Schema, UnknownPolicy,
};
use synctools::value::DecimalError;
use synctools::wire::{Reader, ReaderOptions};
use synctools::{Row, Value};

fn schema() -> Schema {
    let number = FieldKind::Decimal {
        max_digits: 6,
        decimal_places: 2,
    };
    Schema::builder()
        .model(
            ModelBuilder::new("a.thing")
                .with(FieldBuilder::new("text", FieldKind::Text).default("usual"))
                .with(FieldBuilder::new("number", FieldKind::Integer).null())
                .with(FieldBuilder::new("price", number).null())
                .with(FieldBuilder::new("flag", FieldKind::Boolean).null())
                .with(FieldBuilder::new("at", FieldKind::DateTime { aware: true }).null())
                .with(FieldBuilder::new("wall", FieldKind::DateTime { aware: false }).null())
                .with(FieldBuilder::new("ip", FieldKind::IpAddress).null())
                .with(FieldBuilder::new("uid", FieldKind::Uuid).null())
                .with(FieldBuilder::new("file", FieldKind::File { max_length: None }).null())
                .with(
                    FieldBuilder::new("numbers", FieldKind::Array(Box::new(FieldKind::Integer)))
                        .null(),
                )
                .with(FieldBuilder::new("extra", FieldKind::HStore).null())
                .with(FieldBuilder::foreign_key("parent", "a.thing").null())
                .many_to_many("friends", "a.thing")
                .computed("total"),
        )
        .model(ModelBuilder::new("a.child").inherits("a.thing"))
        .build()
        .unwrap()
}

fn decode_with(options: DecodeOptions, object: &str) -> (Result<Decoded, DecodeError>, Decoder) {
    let mut decoder = Decoder::new(&schema(), options);
    let mut reader = Reader::new(ReaderOptions::new().not_a_number(true));
    reader.push(format!("[{object}]").as_bytes());
    let object = reader.next_object().unwrap().unwrap();
    (decoder.decode(&object), decoder)
}

fn decode(options: DecodeOptions, fields: &str) -> Result<Row, DecodeError> {
    let object = format!(r#"{{"model": "a.thing", "pk": 7, "fields": {fields}}}"#);
    match decode_with(options, &object).0? {
        Decoded::Row(row) => Ok(row),
        other => panic!("{other:?}"),
    }
}

fn value(options: DecodeOptions, field: &str, json: &str) -> Result<Value, DecodeErrorKind> {
    let row =
        decode(options, &format!(r#"{{"{field}": {json}}}"#)).map_err(|error| error.kind())?;
    let schema = schema();
    Ok(row.get_named(&schema.models()[0], field).unwrap().clone())
}

fn lenient(field: &str, json: &str) -> Result<String, DecodeErrorKind> {
    value(DecodeOptions::new(), field, json).map(|value| value.to_string())
}

#[test]
fn what_python_would_understand_is_understood() {
    for (field, json, expected) in [
        ("number", "\" +42 \"", "42"),
        ("number", "-4.7", "-4"),
        ("number", "1e3", "1000"),
        ("number", "true", "1"),
        ("number", "-0", "0"),
        ("text", "5", "\"5\""),
        ("text", "1.50", "\"1.5\""),
        ("text", "1E30", "\"1e+30\""),
        ("text", "true", "\"True\""),
        ("flag", "1", "true"),
        ("flag", "0.0", "false"),
        ("flag", "\"t\"", "true"),
        ("flag", "\"False\"", "false"),
        ("flag", "\"\"", "null"),
        ("price", "1.5", "1.50"),
        ("price", "\"1E+3\"", "1000.00"),
        ("price", "true", "1.00"),
        ("ip", "\" 2001:DB8:0:0::1 \"", "\"2001:db8::1\""),
        ("ip", "\"not an ip\"", "\"not an ip\""),
        ("ip", "\" \"", "null"),
        ("uid", "5", "00000000-0000-0000-0000-000000000005"),
        ("file", "null", "\"\""),
        ("parent", "\"3\"", "3"),
        ("number", "\"1_000\"", "1000"),
        ("price", "\"1_0.5_0\"", "10.50"),
        ("text", "1e400", "\"inf\""),
        ("text", "NaN", "\"nan\""),
        ("text", "-Infinity", "\"-inf\""),
        ("flag", "[]", "null"),
        ("flag", "{ }", "null"),
        ("ip", "\"fe80::1%eth0\"", "\"fe80::1\""),
        ("uid", "-0", "00000000-0000-0000-0000-000000000000"),
        ("uid", "true", "00000000-0000-0000-0000-000000000001"),
        ("at", "\"2020-01-02\\n\"", "2020-01-02T00:00:00Z"),
        ("at", "\"2020-01-02T03\"", "2020-01-02T03:00:00Z"),
        ("at", "\"2020-01-02x03:04+02:60\"", "2020-01-02T00:04:00Z"),
    ] {
        assert_eq!(
            lenient(field, json).as_deref(),
            Ok(expected),
            "{field} {json}"
        );
    }
}

#[test]
fn strictly_only_what_django_writes_is_taken() {
    let strict = DecodeOptions::new().strict(true);
    for (field, json) in [
        ("number", "\"42\""),
        ("number", "4.0"),
        ("number", "true"),
        ("text", "5"),
        ("flag", "1"),
        ("flag", "\"True\""),
        ("price", "1.5"),
        ("uid", "5"),
    ] {
        let error = value(strict, field, json).unwrap_err();
        assert!(
            matches!(error, DecodeErrorKind::Type { .. }),
            "{field} {json}: {error}"
        );
    }
    for (field, json) in [
        ("number", "42"),
        ("text", "\"5\""),
        ("flag", "true"),
        ("price", "\"1.50\""),
    ] {
        assert!(value(strict, field, json).is_ok(), "{field} {json}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let kind = |field, json| lenient(field, json).unwrap_err();
    let wrong = |expected, found| DecodeErrorKind::Type { expected, found };
    assert_eq!(
        kind("number", "\"4.7\""),
        DecodeErrorKind::Invalid {
            expected: "an integer"
        }
    );
    assert_eq!(
        kind("number", "9223372036854775808"),
        DecodeErrorKind::Range
    );
    assert_eq!(kind("number", "1e30"), DecodeErrorKind::Range);
    assert_eq!(
        kind("number", "\"99999999999999999999\""),
        DecodeErrorKind::Range
    );
    assert_eq!(
        kind("number", "NaN"),
        wrong("an integer", "NaN or infinity")
    );
    assert_eq!(kind("number", "{}"), wrong("an integer", "an object"));
    for number in ["\"_1\"", "\"1_\"", "\"1__0\"", "\"1_x\""] {
        assert_eq!(
            kind("number", number),
            DecodeErrorKind::Invalid {
                expected: "an integer"
            }
        );
    }
    assert_eq!(kind("text", "[1]"), wrong("text", "a list"));
    assert_eq!(kind("text", "\"\\udc00\""), DecodeErrorKind::LoneSurrogate);
    assert_eq!(
        kind("price", "\"99999.99\""),
        DecodeErrorKind::Decimal(DecimalError::TooManyDigits)
    );
    assert_eq!(
        kind("ip", "\"2001::db8::1\""),
        DecodeErrorKind::Invalid {
            expected: "an address"
        }
    );
    assert_eq!(
        kind("wall", "\"2020-01-02T03:04:05Z\""),
        DecodeErrorKind::Aware
    );
    assert_eq!(
        kind("at", "\"0001-01-01T00:00:00+01:00\""),
        DecodeErrorKind::Range
    );
    assert_eq!(kind("at", "5"), wrong("a date with a time", "a number"));
    assert_eq!(kind("parent", "[\"natural\"]"), DecodeErrorKind::NaturalKey);
    assert_eq!(
        kind("friends", "[7, [\"natural\"]]"),
        DecodeErrorKind::NaturalKey
    );
    assert_eq!(
        kind("numbers", "\"{1}\""),
        DecodeErrorKind::Invalid { expected: "a list" }
    );
}

#[test]
fn times_become_utc() {
    assert_eq!(
        lenient("at", "\"2020-01-02T03:04:05+02:00\"").as_deref(),
        Ok("2020-01-02T01:04:05Z")
    );
    assert_eq!(
        lenient("at", "\"2020-01-02T03:04:05\"").as_deref(),
        Ok("2020-01-02T03:04:05Z")
    );
    let there = DecodeOptions::new().naive_offset(|_| 3600);
    let read = value(there, "at", "\"2020-01-02T03:04:05\"").unwrap();
    assert_eq!(read.to_string(), "2020-01-02T02:04:05Z");
    assert_eq!(
        lenient("wall", "\"2020-01-02T03:04:05\"").as_deref(),
        Ok("2020-01-02T03:04:05")
    );
}

#[test]
fn arrays_and_stores_are_json_within_text() {
    let numbers = value(
        DecodeOptions::new(),
        "numbers",
        r#""[\"1\", null, \"-3\"]""#,
    )
    .unwrap();
    let expected = [Value::Int(1), Value::Null, Value::Int(-3)];
    assert_eq!(numbers, Value::Array(expected.into()));
    let plain = value(DecodeOptions::new(), "numbers", "[1, null, -3]").unwrap();
    assert_eq!(plain, numbers);
    let extra = value(
        DecodeOptions::new(),
        "extra",
        r#""{\"a\": \"1\", \"b\": null}""#,
    )
    .unwrap();
    let pairs = [("a".into(), Some("1".into())), ("b".into(), None)];
    assert_eq!(extra, Value::HStore(pairs.into()));
}

#[test]
fn an_error_names_model_key_and_field() {
    let error = decode(DecodeOptions::new(), r#"{"number": "x"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.thing.number: an integer is expected (object 0, pk 7, byte 1)"
    );
    assert_eq!(
        (error.model(), error.pk(), error.field()),
        ("a.thing", Some("7"), Some("number"))
    );
    let (error, _) = decode_with(
        DecodeOptions::new(),
        r#"{"model": "a.thing", "pk": {}, "fields": {}}"#,
    );
    assert_eq!(error.unwrap_err().field(), Some("pk"));
}

#[test]
fn lists_of_keys_are_lists_of_keys() {
    let schema = schema();
    let friends = schema.models()[0].many_to_many()[0].index();
    let row = decode(DecodeOptions::new(), r#"{"friends": [1, "2", 1]}"#).unwrap();
    let keys = [1, 2, 1].map(Value::Int);
    assert_eq!(row.related(friends), Some(&keys[..]));
    let row = decode(DecodeOptions::new(), "{}").unwrap();
    assert_eq!(row.related(friends), None);
    for (json, expected) in [
        (
            "null",
            DecodeErrorKind::Type {
                expected: "a list of keys",
                found: "null",
            },
        ),
        (
            "\"12\"",
            DecodeErrorKind::Type {
                expected: "a list of keys",
                found: "text",
            },
        ),
        (
            "[null]",
            DecodeErrorKind::Type {
                expected: "a key",
                found: "null",
            },
        ),
        ("[[\"x\"]]", DecodeErrorKind::NaturalKey),
    ] {
        let error = decode(DecodeOptions::new(), &format!(r#"{{"friends": {json}}}"#)).unwrap_err();
        assert_eq!(error.kind(), expected, "{json}");
        assert_eq!(error.field(), Some("friends"));
    }
}

#[test]
fn what_is_missing_is_left_open_or_filled() {
    let schema = schema();
    let model = &schema.models()[0];
    let kept = decode(DecodeOptions::new(), r#"{"number": 1}"#).unwrap();
    assert_eq!(kept.get_named(model, "text"), None);
    let options = DecodeOptions::new().missing_fields(MissingFields::DjangoDefaults);
    let filled = decode(options, r#"{"number": 1}"#).unwrap();
    assert_eq!(filled.get_named(model, "text"), Some(&Value::text("usual")));
    assert_eq!(filled.get_named(model, "price"), Some(&Value::Null));
    assert_eq!(filled.get_named(model, "number"), Some(&Value::Int(1)));
    assert_eq!(filled.related(model.many_to_many()[0].index()), None);
}

#[test]
fn computed_fields_are_read_over() {
    let row = decode(DecodeOptions::new(), r#"{"total": "3.00", "number": 1}"#).unwrap();
    assert_eq!(
        row.get_named(&schema().models()[0], "number"),
        Some(&Value::Int(1))
    );
}

#[test]
fn fields_of_parents_are_read_over() {
    let object = r#"{"model": "a.child", "pk": 7, "fields": {"text": "of the parent"}}"#;
    assert!(decode_with(DecodeOptions::new(), object).0.is_ok());
}

#[test]
fn unknown_models_and_fields_are_errors_or_left_out() {
    let strange_model = r#"{"model": "a.nope", "pk": 1, "fields": {}}"#;
    let strange_field = r#"{"model": "a.thing", "pk": 1, "fields": {"zzz": 1, "number": 2}}"#;

    let error = decode_with(DecodeOptions::new(), strange_model)
        .0
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.model()),
        (DecodeErrorKind::UnknownModel, "a.nope")
    );
    let error = decode_with(DecodeOptions::new(), strange_field)
        .0
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (DecodeErrorKind::UnknownField, Some("zzz"))
    );

    for (policy, named) in [(UnknownPolicy::Skip, 0), (UnknownPolicy::Collect, 1)] {
        let options = DecodeOptions::new()
            .unknown_models(policy)
            .unknown_fields(policy);
        let (decoded, decoder) = decode_with(options, strange_model);
        assert_eq!(decoded.unwrap(), Decoded::UnknownModel);
        assert_eq!(decoder.unknown().models.len(), named);
        let (decoded, decoder) = decode_with(options, strange_field);
        let Decoded::Row(row) = decoded.unwrap() else {
            panic!("a row is expected");
        };
        assert_eq!(
            row.get_named(&schema().models()[0], "number"),
            Some(&Value::Int(2))
        );
        assert_eq!(decoder.unknown().fields.len(), named);
    }
}

#[test]
fn names_that_are_collected_have_an_end() {
    let options = DecodeOptions::new().unknown_models(UnknownPolicy::Collect);
    let mut decoder = Decoder::new(&schema(), options);
    let mut reader = Reader::new(ReaderOptions::new());
    reader.push(b"[");
    for i in 0..1500 {
        let comma = if i == 0 { "" } else { "," };
        let object = format!(r#"{comma}{{"model": "a.nope{i}", "fields": {{}}}}"#);
        reader.push(object.as_bytes());
        let object = reader.next_object().unwrap().unwrap();
        decoder.decode(&object).unwrap();
    }
    assert_eq!(decoder.unknown().models.len(), 1000);
}

#[test]
fn a_key_that_is_missing_or_null_makes_a_new_row() {
    for object in [
        r#"{"model": "a.thing", "fields": {}}"#,
        r#"{"model": "a.thing", "pk": null, "fields": {}}"#,
    ] {
        match decode_with(DecodeOptions::new(), object).0.unwrap() {
            Decoded::Row(row) => assert_eq!(row.pk(), None),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn keys_with_escapes_are_the_same_keys() {
    let row = decode(DecodeOptions::new(), r#"{"\u006eumber": 5}"#).unwrap();
    assert_eq!(
        row.get_named(&schema().models()[0], "number"),
        Some(&Value::Int(5))
    );
}
