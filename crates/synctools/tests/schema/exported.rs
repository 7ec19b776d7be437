//! Schemas that a Django project exported.

use synctools::Value;
use synctools::schema::{FieldKind, Schema, SchemaError};

const SQLITE: &str = include_str!("../vectors/schema/django-models-sqlite-dj5.2.1.json");
const POSTGRES: &str = include_str!("../vectors/schema/django-models-postgres-dj5.2.1.json");

#[test]
fn the_models_of_the_lab_are_all_there() {
    let schema = Schema::from_django_json(SQLITE).unwrap();
    let apps = ["lab", "big", "sites", "contenttypes"];
    let counts = apps.map(|app| schema.app(app).count());
    assert_eq!(counts, [17, 4, 1, 1]);
    let legacy = schema.model("lab.legacy").unwrap();
    assert_eq!(legacy.table(), "OLD_Legacy");
    assert_eq!(
        (legacy.pk().name(), legacy.pk().column()),
        ("code", "LEG_CODE")
    );
    assert_eq!(legacy.field_named("cat").unwrap().column(), "cat_ref");
    let by_slug = legacy.field_named("by_slug").unwrap();
    assert_eq!(by_slug.relation().unwrap().to_field(), "slug");
    assert_eq!(
        by_slug.kind(),
        &FieldKind::Char {
            max_length: Some(150)
        }
    );
    let author = schema.model("lab.author").unwrap();
    let images: Vec<&str> = author.image_fields().map(|field| field.name()).collect();
    assert_eq!(images, ["photo"]);
    let restaurant = schema.model("lab.restaurant").unwrap();
    assert_eq!(restaurant.parents()[0].to(), &"lab.place");
    let proxy = schema.model("lab.placeproxy").unwrap();
    assert_eq!(proxy.table(), "lab_place");
    let group = schema.model("lab.group").unwrap();
    assert!(!group.many_to_many()[0].is_serialized());
}

#[test]
fn both_databases_have_the_same_models() {
    let sqlite = Schema::from_django_json(SQLITE).unwrap();
    let postgres = Schema::from_django_json(POSTGRES).unwrap();
    for model in sqlite.models() {
        let other = postgres.model(model.label().as_str()).unwrap();
        assert_eq!(other.table(), model.table());
        assert_eq!(other.many_to_many(), model.many_to_many());
        for (one, two) in model.fields().iter().zip(other.fields()) {
            assert_eq!((two.name(), two.kind()), (one.name(), one.kind()));
        }
    }
}

#[test]
fn every_kind_is_known() {
    let schema = Schema::from_django_json(SQLITE).unwrap();
    let everything = schema.model("lab.everything").unwrap();
    let kind = |name: &str| everything.field_named(name).unwrap().kind().clone();
    assert_eq!(kind("id"), FieldKind::Auto);
    assert_eq!(kind("auto_now"), FieldKind::DateTime { aware: true });
    assert_eq!(kind("dur"), FieldKind::Duration);
    assert_eq!(kind("big"), FieldKind::BigInteger);
    assert_eq!(kind("js"), FieldKind::Json);
    assert_eq!(kind("ip"), FieldKind::IpAddress);
    assert_eq!(kind("small"), FieldKind::PositiveSmallInteger);
    assert_eq!(
        kind("dec"),
        FieldKind::Decimal {
            max_digits: 20,
            decimal_places: 6
        }
    );
}

fn with_field(field: &str) -> String {
    format!(
        r#"[{{"model": "a.b", "table": "a_b", "fields": [
            {{"name": "id", "column": "id", "type": "AutoField", "primary_key": true}}, {field}]}}]"#
    )
}

#[test]
fn defaults_are_read_as_their_fields_have_them() {
    let json = with_field(
        r#"{"name": "flag", "column": "flag", "type": "BooleanField", "default": false},
           {"name": "price", "column": "price", "type": "DecimalField", "max_digits": 6,
            "decimal_places": 2, "default": "1.5"},
           {"name": "tags", "column": "tags", "type": "ArrayField", "default": [],
            "element": {"name": "", "column": "", "type": "CharField", "max_length": 5}},
           {"name": "at", "column": "at", "type": "DateTimeField", "aware": false}"#,
    );
    let schema = Schema::from_django_json(&json).unwrap();
    let model = &schema.models()[0];
    let field = |name: &str| model.field_named(name).unwrap();
    assert_eq!(field("flag").default(), Some(&Value::Bool(false)));
    assert_eq!(field("price").missing().to_string(), "1.50");
    assert_eq!(field("tags").missing(), Value::Array([].into()));
    assert_eq!(
        field("tags").kind(),
        &FieldKind::Array(Box::new(FieldKind::Char {
            max_length: Some(5)
        }))
    );
    assert_eq!(field("at").kind(), &FieldKind::DateTime { aware: false });
}

#[test]
fn a_relation_out_of_the_schema_keeps_its_place() {
    let json = with_field(
        r#"{"name": "user", "column": "user_id", "type": "ForeignKey", "to": "auth.user",
            "to_field": "id", "to_table": "auth_user", "db_type": "integer"}"#,
    );
    let schema = Schema::from_django_json(&json).unwrap();
    let field = schema.models()[0].field_named("user").unwrap();
    assert_eq!(field.kind(), &FieldKind::Integer);
    let relation = field.relation().unwrap();
    assert_eq!(
        (relation.to_table(), relation.to_column()),
        ("auth_user", "id")
    );
    assert_eq!(relation.model(), None);
}

#[test]
fn types_that_are_not_djangos_are_asked_for() {
    let json = with_field(r#"{"name": "shape", "column": "shape", "type": "PolygonField"}"#);
    let error = Schema::from_django_json(&json).unwrap_err();
    assert!(matches!(error, SchemaError::UnknownKind { .. }));
    assert_eq!(
        error.to_string(),
        "a.b.shape is a PolygonField, which is not supported; map it or leave it out"
    );
    let schema = Schema::from_django_json_with(&json, |model, field, kind| {
        assert_eq!((model, field, kind), ("a.b", "shape", "PolygonField"));
        Some(FieldKind::Text)
    });
    let schema = schema.unwrap();
    let field = schema.models()[0].field_named("shape").unwrap();
    assert_eq!(field.kind(), &FieldKind::Text);
}

#[test]
fn what_the_database_computes_is_no_column_of_ours() {
    let json = with_field(
        r#"{"name": "total", "column": "total", "type": "GeneratedField", "generated": true}"#,
    );
    let schema = Schema::from_django_json(&json).unwrap();
    assert_eq!(schema.models()[0].fields().len(), 1);
}

#[test]
fn what_a_shell_says_before_is_read_over() {
    let json = format!("8 objects imported automatically.\n\n{SQLITE}");
    assert!(Schema::from_django_json(&json).is_ok());
}

#[test]
fn a_key_of_several_columns_is_refused() {
    let json = r#"[{"model": "a.b", "table": "a_b", "pk": "pk", "fields": [
        {"name": "x", "column": "x", "type": "IntegerField"}]}]"#;
    let error = Schema::from_django_json(json).unwrap_err();
    assert_eq!(error.to_string(), "a.b must have exactly one primary key");
}

#[test]
fn something_else_is_refused() {
    for text in ["", "{}", "[1]", r#"[{"model": "a.b"}]"#] {
        let error = Schema::from_django_json(text).unwrap_err();
        assert!(matches!(error, SchemaError::Json(_)), "{text}");
    }
}
