//! Schemas that are written down in Rust.

use synctools::Value;
use synctools::schema::{
    FieldBuilder, FieldKind, ManyToManyBuilder, ModelBuilder, Schema, SchemaError, Through,
};

fn one(model: ModelBuilder) -> Result<Schema, SchemaError> {
    Schema::builder().model(model).build()
}

#[test]
fn names_are_those_that_django_gives() {
    let schema = Schema::builder()
        .model(ModelBuilder::new("blog.Tag"))
        .model(
            ModelBuilder::new("blog.Post")
                .foreign_key("owner", "blog.tag")
                .many_to_many("tags", "blog.tag")
                .many_to_many("related", "blog.post"),
        )
        .build()
        .unwrap();
    let post = schema.model("blog.POST").unwrap();
    assert_eq!(post.label(), &"blog.post");
    assert_eq!(post.table(), "blog_post");
    assert_eq!(
        (post.pk().name(), post.pk().kind()),
        ("id", &FieldKind::BigAuto)
    );
    let owner = post.field_named("owner").unwrap();
    assert_eq!(
        (owner.column(), owner.kind()),
        ("owner_id", &FieldKind::BigInteger)
    );
    let tags = post.many_to_many_named("tags").unwrap();
    assert_eq!(tags.table(), "blog_post_tags");
    assert_eq!(
        (tags.from_column(), tags.to_column()),
        ("post_id", "tag_id")
    );
    assert!(!tags.is_symmetrical());
    let related = post.many_to_many_named("related").unwrap();
    assert_eq!(
        (related.from_column(), related.to_column()),
        ("from_post_id", "to_post_id")
    );
    assert!(related.is_symmetrical());
    assert!(
        schema.model("Blog.post").is_none(),
        "the app's name is case-sensitive"
    );
}

#[test]
fn a_relation_holds_what_it_points_to() {
    let schema = Schema::builder()
        .model(
            ModelBuilder::new("a.target")
                .with(FieldBuilder::new("key", FieldKind::Uuid).primary_key())
                .with(
                    FieldBuilder::new("slug", FieldKind::Text)
                        .unique()
                        .column("SLUG"),
                ),
        )
        .model(
            ModelBuilder::new("a.pointer")
                .with(FieldBuilder::one_to_one("target", "a.target").primary_key())
                .with(FieldBuilder::foreign_key("by_slug", "a.target").to_field("slug")),
        )
        .model(ModelBuilder::new("a.third").foreign_key("pointer", "a.pointer"))
        .build()
        .unwrap();
    let kind = |model: &str, field: &str| {
        let model = schema.model(model).unwrap();
        model.field_named(field).unwrap().kind().clone()
    };
    assert_eq!(kind("a.pointer", "target"), FieldKind::Uuid);
    assert_eq!(kind("a.pointer", "by_slug"), FieldKind::Text);
    assert_eq!(kind("a.third", "pointer"), FieldKind::Uuid);
    let pointer = schema.model("a.pointer").unwrap();
    let relation = pointer.field_named("by_slug").unwrap().relation().unwrap();
    assert_eq!(
        (relation.to_field(), relation.to_column()),
        ("slug", "SLUG")
    );
    let third = schema.model("a.third").unwrap();
    let relation = third.field_named("pointer").unwrap().relation().unwrap();
    assert_eq!(relation.to_column(), "target_id");
}

#[test]
fn a_child_shares_the_key_of_its_parent() {
    let schema = Schema::builder()
        .model(ModelBuilder::new("a.place").field("name", FieldKind::Text))
        .model(
            ModelBuilder::new("a.restaurant")
                .inherits("a.place")
                .field("pizza", FieldKind::Boolean),
        )
        .build()
        .unwrap();
    let child = schema.model("a.restaurant").unwrap();
    assert_eq!(child.pk().column(), "place_ptr_id");
    assert_eq!(child.fields().len(), 2);
    assert_eq!(child.parents()[0].model(), schema.id("a.place"));
    assert_eq!(child.parents()[0].field(), child.pk_index());
}

#[test]
fn a_proxy_has_the_table_of_its_model() {
    let schema = Schema::builder()
        .model(ModelBuilder::new("a.second").proxy_for("a.first"))
        .model(ModelBuilder::new("a.first").proxy_for("a.place"))
        .model(
            ModelBuilder::new("a.place")
                .field("name", FieldKind::Text)
                .many_to_many("near", "a.place"),
        )
        .build()
        .unwrap();
    let second = schema.model("a.second").unwrap();
    let place = schema.model("a.place").unwrap();
    assert!(second.is_proxy());
    assert_eq!(second.table(), "a_place");
    assert_eq!(second.fields(), place.fields());
    assert_eq!(second.many_to_many(), place.many_to_many());
    assert_eq!(schema.concrete(second).id(), place.id());
}

#[test]
fn a_field_through_a_model_does_not_travel() {
    let schema = one(ModelBuilder::new("a.group").with_many_to_many(
        ManyToManyBuilder::new("members", "b.user")
            .table("a_membership")
            .columns("group_id", "user_id")
            .outside("b_user", "id", FieldKind::Integer)
            .explicit(),
    ))
    .unwrap();
    let members = &schema.models()[0].many_to_many()[0];
    assert_eq!(members.through(), Through::Explicit);
    assert!(!members.is_serialized());
    assert_eq!(
        (members.to_table(), members.to_kind()),
        ("b_user", &FieldKind::Integer)
    );
    assert_eq!(members.model(), None);
}

#[test]
fn what_is_missing_is_what_django_would_store() {
    let schema = one(ModelBuilder::new("a.b")
        .field("text", FieldKind::Text)
        .with(FieldBuilder::new("null", FieldKind::Text).null())
        .with(FieldBuilder::new("default", FieldKind::Boolean).default(true))
        .with(FieldBuilder::new("file", FieldKind::File { max_length: None }).null())
        .field("number", FieldKind::Integer))
    .unwrap();
    let missing: Vec<Value> = schema.models()[0].fields()[1..]
        .iter()
        .map(|field| field.missing())
        .collect();
    assert_eq!(
        missing,
        [
            Value::text(""),
            Value::Null,
            Value::Bool(true),
            Value::text(""),
            Value::Null
        ]
    );
}

#[test]
fn what_points_to_nothing_is_refused() {
    let error = |model| one(model).unwrap_err().to_string();
    assert_eq!(
        error(ModelBuilder::new("a.b").foreign_key("x", "a.nope")),
        "a.b.x points to a.nope, which is not in the schema"
    );
    assert_eq!(
        error(ModelBuilder::new("a.b").with(FieldBuilder::foreign_key("x", "a.b").to_field("y"))),
        "a.b.x points to a.b.y, which is not in the schema"
    );
    assert_eq!(
        error(ModelBuilder::new("a.b").proxy_for("a.c")),
        "a.b.proxy_for points to a.c, which is not in the schema"
    );
}

#[test]
fn what_is_there_twice_is_refused() {
    let twice = ModelBuilder::new("a.b")
        .field("x", FieldKind::Text)
        .field("x", FieldKind::Text);
    assert!(matches!(
        one(twice),
        Err(SchemaError::DuplicateField { .. })
    ));
    let column = ModelBuilder::new("a.b")
        .field("x_id", FieldKind::Text)
        .foreign_key("x", "a.b");
    assert!(matches!(
        one(column),
        Err(SchemaError::DuplicateField { .. })
    ));
    let models = Schema::builder()
        .model(ModelBuilder::new("a.b"))
        .model(ModelBuilder::new("a.B"));
    assert!(matches!(
        models.build(),
        Err(SchemaError::DuplicateModel(_))
    ));
    let keys = ModelBuilder::new("a.b")
        .with(FieldBuilder::new("x", FieldKind::Text).primary_key())
        .with(FieldBuilder::new("y", FieldKind::Text).primary_key());
    assert!(matches!(one(keys), Err(SchemaError::PrimaryKey(_))));
    assert!(matches!(
        one(ModelBuilder::new("ab")),
        Err(SchemaError::Label(_))
    ));
}

#[test]
fn keys_that_decide_each_other_are_refused() {
    let pointer = |from: &str, to: &str| {
        ModelBuilder::new(from).with(FieldBuilder::one_to_one("x", to).primary_key())
    };
    let schema = Schema::builder()
        .model(pointer("a.b", "a.c"))
        .model(pointer("a.c", "a.b"));
    assert!(matches!(schema.build(), Err(SchemaError::Circle { .. })));
    let proxies = Schema::builder()
        .model(ModelBuilder::new("a.b").proxy_for("a.c"))
        .model(ModelBuilder::new("a.c").proxy_for("a.b"));
    assert!(matches!(proxies.build(), Err(SchemaError::Circle { .. })));
}

#[test]
fn a_relation_is_found_by_its_column_too_unless_that_is_another_field() {
    let schema = one(ModelBuilder::new("a.b")
        .with(FieldBuilder::foreign_key("tag", "a.b").column("tag_ref"))
        .with(FieldBuilder::foreign_key("owner", "a.b").null())
        .field("tag_id", FieldKind::Text))
    .unwrap();
    let model = &schema.models()[0];
    assert_eq!(
        model.field_named("tag_id").unwrap().kind(),
        &FieldKind::Text
    );
    assert_eq!(model.field_named("owner_id").unwrap().name(), "owner");
}
