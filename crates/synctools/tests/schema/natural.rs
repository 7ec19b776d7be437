//! Natural keys: where they come from, and how they are read.

use synctools::schema::{
    ColumnInfo, Database, DecodeErrorKind, DecodeOptions, Decoded, Decoder, FieldBuilder,
    FieldKind, Introspection, ModelBuilder, Overrides, Schema, SchemaError, TableInfo,
};
use synctools::wire::{Reader, ReaderOptions};
use synctools::{Row, Value};

fn schema() -> Schema {
    Schema::builder()
        .model(
            ModelBuilder::new("a.author")
                .field("first", FieldKind::Text)
                .field("born", FieldKind::Integer)
                .natural_key(["first", "born"]),
        )
        .model(
            ModelBuilder::new("a.book")
                .field("title", FieldKind::Text)
                .foreign_key("author", "a.author")
                .natural_key(["title", "author__first", "author__born"]),
        )
        .model(
            ModelBuilder::new("a.copy")
                .field("number", FieldKind::Integer)
                .foreign_key("book", "a.book")
                .natural_key(["number", "book"]),
        )
        .model(
            ModelBuilder::new("a.loan")
                .with(FieldBuilder::foreign_key("copy", "a.copy").null())
                .with(FieldBuilder::foreign_key("other", "a.loan").null())
                .many_to_many("books", "a.book"),
        )
        .model(ModelBuilder::new("a.novel").proxy_for("a.book"))
        .model(
            ModelBuilder::new("a.comic")
                .inherits("a.book")
                .natural_key(["title", "author"]),
        )
        .build()
        .unwrap()
}

fn names(schema: &Schema, model: &str) -> Vec<String> {
    let key = schema.model(model).unwrap().natural_key();
    let parts = key.map(|key| key.parts()).unwrap_or_default();
    parts.iter().map(|part| part.name().to_owned()).collect()
}

fn read(fields: &str) -> Result<Row, DecodeErrorKind> {
    let schema = schema();
    let mut reader = Reader::new(ReaderOptions::new());
    reader.push(format!(r#"[{{"model": "a.loan", "pk": 1, "fields": {fields}}}"#).as_bytes());
    let object = reader.next_object().unwrap().unwrap();
    let read = Decoder::new(&schema, DecodeOptions::new()).decode(&object);
    match read.map_err(|error| error.kind())? {
        Decoded::Row(row) => Ok(row),
        other => panic!("{other:?}"),
    }
}

fn key(values: impl Into<Vec<Value>>) -> Value {
    Value::NaturalKey(values.into().into())
}

#[test]
fn fields_of_a_key_are_followed_through_relations_and_parents() {
    let schema = schema();
    let path = |model: &str, at: usize| {
        let model = schema.model(model).unwrap();
        let part = &model.natural_key().unwrap().parts()[at];
        let field = schema.follow(model, part.path()).unwrap();
        (part.path().len(), field.name().to_owned())
    };
    assert_eq!(path("a.author", 1), (1, "born".to_owned()));
    assert_eq!(path("a.book", 2), (2, "born".to_owned()));
    assert_eq!(path("a.copy", 1), (1, "book".to_owned()));
    assert_eq!(path("a.comic", 0), (2, "title".to_owned()));
    assert_eq!(names(&schema, "a.novel"), names(&schema, "a.book"));
    assert!(schema.model("a.loan").unwrap().natural_key().is_none());
}

#[test]
fn a_key_can_be_named_later() {
    let schema = schema();
    let other = schema.with_natural_key("a.Author", ["first"]).unwrap();
    assert_eq!(names(&other, "a.author"), ["first"]);
    assert_eq!(names(&other, "a.copy"), ["number", "book"]);
    assert_eq!(names(&schema, "a.author"), ["first", "born"]);
    let wrong = |model: &str, fields: &[&str]| schema.with_natural_key(model, fields).unwrap_err();
    assert_eq!(
        wrong("a.nobody", &["first"]),
        SchemaError::UnknownModel("a.nobody".to_owned())
    );
    for field in ["last", "first__born", "books", ""] {
        let error = SchemaError::NaturalKey {
            model: "a.loan".parse().unwrap(),
            field: field.to_owned(),
        };
        assert_eq!(wrong("a.loan", &[field]), error);
    }
    assert!(matches!(
        wrong("a.loan", &[]),
        SchemaError::NaturalKey { .. }
    ));
}

#[test]
fn an_exported_key_is_read() {
    let schema = Schema::from_django_json(
        r#"[{"model": "a.tag", "table": "a_tag", "natural_key": ["name"], "fields": [
            {"name": "id", "column": "id", "type": "AutoField", "primary_key": true},
            {"name": "name", "column": "name", "type": "CharField", "max_length": 9}]}]"#,
    );
    assert_eq!(names(&schema.unwrap(), "a.tag"), ["name"]);
}

#[test]
fn a_database_is_told_of_keys() {
    let mut id = ColumnInfo::new("id", "integer");
    id.primary_key = true;
    let columns = vec![id, ColumnInfo::new("name", "text")];
    let tables = Introspection::new(Database::Sqlite, vec![TableInfo::new("a_tag", columns)]);
    let overrides = Overrides::new().app("a");
    let schema = Schema::introspected(&tables, &overrides).unwrap();
    assert!(names(&schema, "a.tag").is_empty());
    let overrides = overrides.natural_key("a.tag", ["name"]);
    let schema = Schema::introspected(&tables, &overrides).unwrap();
    assert_eq!(names(&schema, "a.tag"), ["name"]);
}

#[test]
fn a_list_for_a_reference_is_the_values_of_its_key() {
    let row = read(r#"{"copy": ["4", 7], "books": [["Emma", "Jane", 1775], 3]}"#).unwrap();
    let values: Vec<&Value> = row.values().iter().flatten().collect();
    assert_eq!(values[1], &key([Value::Int(4), Value::Int(7)]));
    let emma = [Value::text("Emma"), Value::text("Jane"), Value::Int(1775)];
    let lists: Vec<&[Value]> = row.many_to_many().iter().flatten().map(|l| &**l).collect();
    assert_eq!(lists, [&[key(emma.clone()), Value::Int(3)]]);

    let row = read(r#"{"copy": [4, ["Emma", "Jane", 1775]]}"#).unwrap();
    let values: Vec<&Value> = row.values().iter().flatten().collect();
    assert_eq!(values[1], &key([Value::Int(4), key(emma)]));
    assert_eq!(values[1].to_string(), r#"[4, ["Emma", "Jane", 1775]]"#);
}

#[test]
fn a_key_that_cannot_be_one_is_refused() {
    let length = DecodeErrorKind::Invalid {
        expected: "a natural key with one value for each of its fields",
    };
    for (fields, kind) in [
        (r#"{"copy": []}"#, length),
        (r#"{"copy": [4]}"#, length),
        (r#"{"copy": [4, 7, 8]}"#, length),
        (r#"{"copy": [4, ["Emma", "Jane"]]}"#, length),
        (r#"{"books": [["Emma"]]}"#, length),
        (r#"{"other": [1]}"#, DecodeErrorKind::NaturalKey),
        (
            r#"{"copy": ["four", 7]}"#,
            DecodeErrorKind::Invalid {
                expected: "an integer",
            },
        ),
    ] {
        assert_eq!(read(fields).unwrap_err(), kind, "{fields}");
    }
}
