//! Schemas that are read from a database.

use synctools::schema::{
    ColumnInfo, Database, FieldKind, Introspection, Overrides, Schema, SchemaError, TableInfo,
};

fn column(name: &str, declared: &str) -> ColumnInfo {
    let mut column = ColumnInfo::new(name, declared);
    column.not_null = true;
    column
}

fn id() -> ColumnInfo {
    let mut id = column("id", "integer");
    id.primary_key = true;
    id.auto = true;
    id
}

fn reference(name: &str, table: &str) -> ColumnInfo {
    let mut reference = column(name, "integer");
    reference.references = Some((table.to_owned(), "id".to_owned()));
    reference
}

fn table(name: &str, columns: Vec<ColumnInfo>) -> TableInfo {
    TableInfo::new(name, columns)
}

fn pairs(name: &str, from: ColumnInfo, to: ColumnInfo) -> TableInfo {
    let unique = vec![from.name.clone(), to.name.clone()];
    let mut table = table(name, vec![id(), from, to]);
    table.unique_together = vec![unique];
    table
}

fn database(tables: Vec<TableInfo>) -> Introspection {
    Introspection::new(Database::Sqlite, tables)
}

/// What is not known of a database, as messages.
fn unknown(tables: Vec<TableInfo>, overrides: &Overrides) -> Vec<String> {
    match Schema::introspected(&database(tables), overrides) {
        Err(SchemaError::Ambiguous(list)) => list.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

fn blog() -> Vec<TableInfo> {
    let mut owner = reference("owner_id", "blog_author");
    owner.not_null = false;
    let mut key = column("slug", "text");
    key.unique = true;
    vec![
        table("blog_author", vec![id(), key]),
        table("blog_tag", vec![id(), column("name", "varchar(50)")]),
        table("blog_post", vec![id(), owner, column("big", "bigint")]),
        pairs(
            "blog_post_tags",
            reference("post_id", "blog_post"),
            reference("tag_id", "blog_tag"),
        ),
        table(
            "django_migrations",
            vec![id(), column("app", "varchar(255)")],
        ),
    ]
}

#[test]
fn what_a_database_says_is_taken() {
    let overrides = Overrides::new().app("blog").plain_text().no_durations();
    let schema = Schema::introspected(&database(blog()), &overrides).unwrap();
    let labels: Vec<&str> = schema
        .models()
        .iter()
        .map(|model| model.label().as_str())
        .collect();
    assert_eq!(labels, ["blog.author", "blog.tag", "blog.post"]);
    let post = schema.model("blog.post").unwrap();
    let owner = post.field_named("owner").unwrap();
    assert!(owner.is_null());
    assert_eq!(owner.relation().unwrap().to(), &"blog.author");
    assert_eq!(
        post.field_named("big").unwrap().kind(),
        &FieldKind::BigInteger
    );
    let tags = post.many_to_many_named("tags").unwrap();
    assert_eq!(tags.table(), "blog_post_tags");
    assert_eq!(
        (tags.from_column(), tags.to_column()),
        ("post_id", "tag_id")
    );
    assert!(tags.is_serialized());
}

#[test]
fn what_a_database_does_not_say_is_asked_for() {
    assert_eq!(
        unknown(blog(), &Overrides::new().app("blog")),
        [
            "blog_tag.name: whether it holds text, files or images",
            "blog_post.big: whether it holds integers or durations",
        ]
    );
    let columns = vec![
        id(),
        column("price", "decimal"),
        column("at", "datetime"),
        column("LEG", "integer"),
        column("legacy value", "integer"),
        column("shape", "polygon"),
        reference("cat_ref", "blog_tag"),
    ];
    assert_eq!(
        unknown(
            vec![table("blog_tag", vec![id()]), table("blog_thing", columns)],
            &Overrides::new().app("blog")
        ),
        [
            "blog_thing.price: how many digits and decimal places it has",
            "blog_thing.at: whether its times are aware of their zone",
            "blog_thing.LEG: the name of its field",
            "blog_thing.legacy value: the name of its field",
            "blog_thing.shape: what its type holds",
            "blog_thing.cat_ref: the name of its field",
        ]
    );
    let no_key = table("blog_thing", vec![column("x", "integer")]);
    assert_eq!(
        unknown(vec![no_key], &Overrides::new().app("blog")),
        ["blog_thing: it has no primary key, or one of several columns"]
    );
}

#[test]
fn a_table_of_pairs_with_another_name_may_be_a_model() {
    let tables = || {
        vec![
            table("blog_post", vec![id()]),
            table("blog_tag", vec![id()]),
            pairs(
                "blog_tagging",
                reference("post_id", "blog_post"),
                reference("tag_id", "blog_tag"),
            ),
        ]
    };
    let blog = || Overrides::new().app("blog");
    assert_eq!(
        unknown(tables(), &blog()),
        ["blog_tagging: whether it is a model, or the table of a many-to-many field"]
    );
    let model = blog().model("blog_tagging", "blog.tagging").through(
        "blog_tagging",
        "blog.post",
        "tags",
        "post_id",
        "tag_id",
    );
    let schema = Schema::introspected(&database(tables()), &model).unwrap();
    assert!(schema.model("blog.tagging").is_some());
    let tags = &schema.model("blog.post").unwrap().many_to_many()[0];
    assert!(!tags.is_serialized());
    let field = blog().many_to_many("blog_tagging", "blog.tag", "posts", false);
    let schema = Schema::introspected(&database(tables()), &field).unwrap();
    assert!(schema.model("blog.tagging").is_none());
    let posts = &schema.model("blog.tag").unwrap().many_to_many()[0];
    assert_eq!(
        (posts.from_column(), posts.to_column()),
        ("tag_id", "post_id")
    );
}

#[test]
fn whether_pairs_of_one_model_are_symmetrical_is_asked_for() {
    let tables = || {
        vec![
            table("blog_post", vec![id()]),
            pairs(
                "blog_post_related",
                reference("from_post_id", "blog_post"),
                reference("to_post_id", "blog_post"),
            ),
        ]
    };
    let blog = Overrides::new().app("blog");
    assert_eq!(
        unknown(tables(), &blog),
        ["blog_post_related: whether its pairs are symmetrical"]
    );
    let overrides = blog.many_to_many("blog_post_related", "blog.post", "related", true);
    let schema = Schema::introspected(&database(tables()), &overrides).unwrap();
    let related = &schema.models()[0].many_to_many()[0];
    assert!(related.is_symmetrical());
    assert_eq!(related.from_column(), "from_post_id");
}

#[test]
fn overrides_answer_every_question() {
    let mut slug = column("SLUG", "varchar(20)");
    slug.unique = true;
    let mut by_slug = reference("by_slug_id", "OLD");
    by_slug.references = Some(("OLD".to_owned(), "SLUG".to_owned()));
    let tables = vec![
        table("OLD", vec![id(), slug]),
        table(
            "lab_thing",
            vec![
                id(),
                by_slug,
                column("price", "decimal"),
                column("at", "datetime"),
                column("photo", "varchar(100)"),
                column("took", "bigint"),
            ],
        ),
        table("lab_other", vec![column("x", "nonsense")]),
    ];
    let decimal = FieldKind::Decimal {
        max_digits: 6,
        decimal_places: 2,
    };
    let image = FieldKind::Image {
        max_length: Some(100),
    };
    let overrides = Overrides::new()
        .app("lab")
        .ignore("lab_other")
        .model("OLD", "lab.legacy")
        .name("OLD", "SLUG", "slug")
        .plain_text()
        .aware(false)
        .kind("lab_thing", "price", decimal.clone())
        .kind("lab_thing", "photo", image.clone())
        .kind("lab_thing", "took", FieldKind::Duration);
    let schema = Schema::introspected(&database(tables), &overrides).unwrap();
    let thing = schema.model("lab.thing").unwrap();
    let kind = |name: &str| thing.field_named(name).unwrap().kind();
    assert_eq!(kind("price"), &decimal);
    assert_eq!(kind("photo"), &image);
    assert_eq!(kind("took"), &FieldKind::Duration);
    assert_eq!(kind("at"), &FieldKind::DateTime { aware: false });
    let by_slug = thing.field_named("by_slug").unwrap().relation().unwrap();
    assert_eq!((by_slug.to_field(), by_slug.to_column()), ("slug", "SLUG"));
}

#[test]
fn postgres_says_more() {
    let mut big = column("big", "bigint");
    big.not_null = false;
    let columns = vec![
        id(),
        big,
        column("dec", "numeric(20,6)"),
        column("dt", "timestamp with time zone"),
        column("wall", "timestamp without time zone"),
        column("dur", "interval"),
        column("uid", "uuid"),
        column("js", "jsonb"),
        column("ip", "inet"),
        column("fp", "double precision"),
        column("bin", "bytea"),
        column("time", "time without time zone"),
        column("numbers", "integer[]"),
        column("names", "character varying(20)[]"),
        column("extra", "hstore"),
    ];
    let tables = vec![table("lab_all", columns)];
    let introspection = Introspection::new(Database::Postgres, tables);
    let overrides = Overrides::new().app("lab").plain_text();
    let schema = Schema::introspected(&introspection, &overrides).unwrap();
    let kinds: Vec<FieldKind> = schema.models()[0].fields()[1..]
        .iter()
        .map(|field| field.kind().clone())
        .collect();
    assert_eq!(
        kinds,
        [
            FieldKind::BigInteger,
            FieldKind::Decimal {
                max_digits: 20,
                decimal_places: 6
            },
            FieldKind::DateTime { aware: true },
            FieldKind::DateTime { aware: false },
            FieldKind::Duration,
            FieldKind::Uuid,
            FieldKind::Json,
            FieldKind::IpAddress,
            FieldKind::Float,
            FieldKind::Binary,
            FieldKind::Time,
            FieldKind::Array(Box::new(FieldKind::Integer)),
            FieldKind::Array(Box::new(FieldKind::Char {
                max_length: Some(20)
            })),
            FieldKind::HStore,
        ]
    );
}

#[test]
fn a_child_table_is_known_by_its_key() {
    let mut pointer = reference("place_ptr_id", "lab_place");
    pointer.primary_key = true;
    let tables = vec![
        table("lab_place", vec![id()]),
        table("lab_restaurant", vec![pointer, column("pizza", "bool")]),
    ];
    let schema = Schema::introspected(&database(tables), &Overrides::new().app("lab")).unwrap();
    let restaurant = schema.model("lab.restaurant").unwrap();
    assert_eq!(restaurant.parents()[0].model(), schema.id("lab.place"));
    assert_eq!(restaurant.pk().name(), "place_ptr");
}

#[test]
fn a_reference_out_of_the_schema_keeps_its_place() {
    let tables = vec![
        table("auth_user", vec![id()]),
        table("lab_note", vec![id(), reference("user_id", "auth_user")]),
        pairs(
            "lab_note_readers",
            reference("note_id", "lab_note"),
            reference("user_id", "auth_user"),
        ),
    ];
    let schema = Schema::introspected(&database(tables), &Overrides::new().app("lab")).unwrap();
    let note = schema.model("lab.note").unwrap();
    let user = note.field_named("user").unwrap().relation().unwrap();
    assert_eq!((user.to_table(), user.to_column()), ("auth_user", "id"));
    assert_eq!(user.model(), None);
    assert_eq!(note.many_to_many()[0].to_table(), "auth_user");
}

#[test]
fn what_is_said_about_nothing_is_refused() {
    let refused = |overrides: Overrides| {
        let error = Schema::introspected(&database(blog()), &overrides).unwrap_err();
        assert!(matches!(error, SchemaError::NotThere(_)), "{error}");
    };
    refused(Overrides::new().model("nope", "a.b"));
    refused(Overrides::new().ignore("nope"));
    refused(Overrides::new().kind("blog_tag", "nope", FieldKind::Text));
    refused(Overrides::new().name("nope", "x", "y"));
    refused(Overrides::new().many_to_many("nope", "a.b", "c", false));
    refused(Overrides::new().through("blog_post_tags", "blog.post", "tags", "post_id", "nope"));
}
