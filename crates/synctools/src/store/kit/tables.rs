//! The models of the suite, and their tables as Django makes them.

use crate::schema::{
    FieldBuilder, FieldKind, ManyToManyBuilder, ModelBuilder, Schema, SchemaError,
};

/// The models that the suite reads and writes.
///
/// # Errors
///
/// None; the schema is always the same.
pub fn schema() -> Result<Schema, SchemaError> {
    let char = |max_length| FieldKind::Char {
        max_length: Some(max_length),
    };
    let id = || FieldBuilder::new("id", FieldKind::Auto).primary_key();
    Schema::builder()
        .model(
            ModelBuilder::new("kit.tag")
                .with(id())
                .with(FieldBuilder::new("name", char(50)).unique()),
        )
        .model(
            ModelBuilder::new("kit.author")
                .with(FieldBuilder::new("id", FieldKind::Uuid).primary_key())
                .field("name", char(100))
                .with(
                    FieldBuilder::new("rank", FieldKind::Integer)
                        .null()
                        .unique(),
                ),
        )
        .model(
            ModelBuilder::new("kit.comment")
                .with(id())
                .foreign_key("post", "kit.post")
                .field("text", FieldKind::Text),
        )
        .model(
            ModelBuilder::new("kit.post")
                .with(id())
                .field("title", char(20))
                .with(FieldBuilder::foreign_key("author", "kit.author").null())
                .with(
                    FieldBuilder::foreign_key("topic", "kit.tag")
                        .to_field("name")
                        .null(),
                )
                .with(FieldBuilder::new("note", FieldKind::Text).default("none"))
                .many_to_many("tags", "kit.tag")
                .with_many_to_many(ManyToManyBuilder::new("related", "kit.post").symmetrical(true))
                .with_many_to_many(
                    ManyToManyBuilder::new("follows", "kit.post").symmetrical(false),
                ),
        )
        .model(
            ModelBuilder::new("kit.node")
                .with(id())
                .field("name", char(50))
                .with(FieldBuilder::foreign_key("parent", "kit.node").null()),
        )
        .model(
            ModelBuilder::new("kit.left")
                .with(id())
                .with(FieldBuilder::foreign_key("other", "kit.right").null()),
        )
        .model(
            ModelBuilder::new("kit.right")
                .with(id())
                .with(FieldBuilder::foreign_key("other", "kit.left").null()),
        )
        .model(
            ModelBuilder::new("kit.place")
                .with(id())
                .field("name", char(50)),
        )
        .model(
            ModelBuilder::new("kit.restaurant")
                .inherits("kit.place")
                .field("pizza", FieldKind::Boolean),
        )
        .model(ModelBuilder::new("kit.venue").proxy_for("kit.place"))
        .model(
            ModelBuilder::new("kit.country")
                .with(id())
                .with(FieldBuilder::new("code", char(2)).unique())
                .field("name", char(50))
                .with(FieldBuilder::foreign_key("capital", "kit.city").null())
                .natural_key(["code"]),
        )
        .model(
            ModelBuilder::new("kit.city")
                .with(id())
                .field("name", char(50))
                .foreign_key("country", "kit.country")
                .natural_key(["name", "country__code"]),
        )
        .model(
            ModelBuilder::new("kit.street")
                .with(id())
                .field("name", char(50))
                .foreign_key("city", "kit.city")
                .natural_key(["name", "city"]),
        )
        .model(
            ModelBuilder::new("kit.walk")
                .with(id())
                .foreign_key("start", "kit.street")
                .with(
                    FieldBuilder::foreign_key("country", "kit.country")
                        .to_field("code")
                        .null(),
                )
                .many_to_many("cities", "kit.city"),
        )
        .model(kinds(id(), char(50)))
        .build()
}

fn kinds(id: FieldBuilder, char: FieldKind) -> ModelBuilder {
    let path = Some(100);
    let fields = [
        ("big", FieldKind::BigInteger),
        ("small", FieldKind::PositiveSmallInteger),
        ("boolean", FieldKind::Boolean),
        ("float", FieldKind::Float),
        (
            "decimal",
            FieldKind::Decimal {
                max_digits: 12,
                decimal_places: 4,
            },
        ),
        ("char", char),
        ("text", FieldKind::Text),
        ("address", FieldKind::IpAddress),
        ("image", FieldKind::Image { max_length: path }),
        ("moment", FieldKind::DateTime { aware: true }),
        ("clock", FieldKind::DateTime { aware: false }),
        ("date", FieldKind::Date),
        ("time", FieldKind::Time),
        ("duration", FieldKind::Duration),
        ("uuid", FieldKind::Uuid),
        ("binary", FieldKind::Binary),
        ("json", FieldKind::Json),
    ];
    let model = ModelBuilder::new("kit.kinds").with(id);
    fields.into_iter().fold(model, |model, (name, kind)| {
        model.with(FieldBuilder::new(name, kind).null())
    })
}

/// The tables in SQLite.
pub fn sqlite_tables() -> &'static str {
    r#"
CREATE TABLE "kit_tag" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "name" varchar(50) NOT NULL UNIQUE);
CREATE TABLE "kit_author" ("id" char(32) NOT NULL PRIMARY KEY, "name" varchar(100) NOT NULL,
  "rank" integer NULL UNIQUE);
CREATE TABLE "kit_post" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "title" varchar(20) NOT NULL,
  "author_id" char(32) NULL REFERENCES "kit_author" ("id") DEFERRABLE INITIALLY DEFERRED,
  "topic_id" varchar(50) NULL REFERENCES "kit_tag" ("name") DEFERRABLE INITIALLY DEFERRED,
  "note" text NOT NULL);
CREATE TABLE "kit_comment" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "text" text NOT NULL);
CREATE TABLE "kit_post_tags" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "tag_id" integer NOT NULL REFERENCES "kit_tag" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("post_id", "tag_id"));
CREATE TABLE "kit_post_related" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "from_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "to_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("from_post_id", "to_post_id"));
CREATE TABLE "kit_post_follows" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "from_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "to_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("from_post_id", "to_post_id"));
CREATE TABLE "kit_node" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "name" varchar(50) NOT NULL,
  "parent_id" integer NULL REFERENCES "kit_node" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_left" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "other_id" integer NULL REFERENCES "kit_right" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_right" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "other_id" integer NULL REFERENCES "kit_left" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_place" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "name" varchar(50) NOT NULL);
CREATE TABLE "kit_restaurant" ("place_ptr_id" integer NOT NULL PRIMARY KEY
  REFERENCES "kit_place" ("id") DEFERRABLE INITIALLY DEFERRED, "pizza" bool NOT NULL);
CREATE TABLE "kit_kinds" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "big" bigint NULL,
  "small" smallint unsigned NULL CHECK ("small" >= 0), "boolean" bool NULL, "float" real NULL,
  "decimal" decimal NULL, "char" varchar(50) NULL, "text" text NULL, "address" char(39) NULL,
  "image" varchar(100) NULL, "moment" datetime NULL, "clock" datetime NULL, "date" date NULL,
  "time" time NULL, "duration" bigint NULL, "uuid" char(32) NULL, "binary" BLOB NULL,
  "json" text NULL CHECK ((JSON_VALID("json") OR "json" IS NULL)));
CREATE TABLE "kit_country" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "code" varchar(2) NOT NULL UNIQUE, "name" varchar(50) NOT NULL,
  "capital_id" integer NULL REFERENCES "kit_city" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_city" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "name" varchar(50) NOT NULL,
  "country_id" integer NOT NULL REFERENCES "kit_country" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_street" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "name" varchar(50) NOT NULL,
  "city_id" integer NOT NULL REFERENCES "kit_city" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("name", "city_id"));
CREATE TABLE "kit_walk" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "start_id" integer NOT NULL REFERENCES "kit_street" ("id") DEFERRABLE INITIALLY DEFERRED,
  "country_id" varchar(2) NULL REFERENCES "kit_country" ("code") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_walk_cities" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "walk_id" integer NOT NULL REFERENCES "kit_walk" ("id") DEFERRABLE INITIALLY DEFERRED,
  "city_id" integer NOT NULL REFERENCES "kit_city" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("walk_id", "city_id"));
CREATE INDEX "kit_post_author_id" ON "kit_post" ("author_id");
CREATE INDEX "kit_post_topic_id" ON "kit_post" ("topic_id");
CREATE INDEX "kit_comment_post_id" ON "kit_comment" ("post_id");
CREATE INDEX "kit_node_parent_id" ON "kit_node" ("parent_id");
"#
}

/// The tables in PostgreSQL.
pub fn postgres_tables() -> &'static str {
    r#"
CREATE TABLE "kit_tag" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "name" varchar(50) NOT NULL UNIQUE);
CREATE TABLE "kit_author" ("id" uuid NOT NULL PRIMARY KEY, "name" varchar(100) NOT NULL,
  "rank" integer NULL UNIQUE);
CREATE TABLE "kit_post" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "title" varchar(20) NOT NULL,
  "author_id" uuid NULL REFERENCES "kit_author" ("id") DEFERRABLE INITIALLY DEFERRED,
  "topic_id" varchar(50) NULL REFERENCES "kit_tag" ("name") DEFERRABLE INITIALLY DEFERRED,
  "note" text NOT NULL);
CREATE TABLE "kit_comment" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "text" text NOT NULL);
CREATE TABLE "kit_post_tags" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "tag_id" integer NOT NULL REFERENCES "kit_tag" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("post_id", "tag_id"));
CREATE TABLE "kit_post_related" (
  "id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "from_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "to_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("from_post_id", "to_post_id"));
CREATE TABLE "kit_post_follows" (
  "id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "from_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  "to_post_id" integer NOT NULL REFERENCES "kit_post" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("from_post_id", "to_post_id"));
CREATE TABLE "kit_node" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "name" varchar(50) NOT NULL,
  "parent_id" integer NULL REFERENCES "kit_node" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_left" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "other_id" integer NULL);
CREATE TABLE "kit_right" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "other_id" integer NULL REFERENCES "kit_left" ("id") DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE "kit_left" ADD FOREIGN KEY ("other_id") REFERENCES "kit_right" ("id")
  DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE "kit_place" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "name" varchar(50) NOT NULL);
CREATE TABLE "kit_restaurant" ("place_ptr_id" integer NOT NULL PRIMARY KEY
  REFERENCES "kit_place" ("id") DEFERRABLE INITIALLY DEFERRED, "pizza" boolean NOT NULL);
CREATE TABLE "kit_kinds" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "big" bigint NULL, "small" smallint NULL CHECK ("small" >= 0), "boolean" boolean NULL,
  "float" double precision NULL, "decimal" numeric(12, 4) NULL, "char" varchar(50) NULL,
  "text" text NULL, "address" inet NULL, "image" varchar(100) NULL,
  "moment" timestamp with time zone NULL, "clock" timestamp without time zone NULL,
  "date" date NULL, "time" time without time zone NULL, "duration" interval NULL,
  "uuid" uuid NULL, "binary" bytea NULL, "json" jsonb NULL);
CREATE TABLE "kit_country" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "code" varchar(2) NOT NULL UNIQUE, "name" varchar(50) NOT NULL, "capital_id" integer NULL);
CREATE TABLE "kit_city" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "name" varchar(50) NOT NULL,
  "country_id" integer NOT NULL REFERENCES "kit_country" ("id") DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE "kit_country" ADD FOREIGN KEY ("capital_id") REFERENCES "kit_city" ("id")
  DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE "kit_street" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "name" varchar(50) NOT NULL,
  "city_id" integer NOT NULL REFERENCES "kit_city" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("name", "city_id"));
CREATE TABLE "kit_walk" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "start_id" integer NOT NULL REFERENCES "kit_street" ("id") DEFERRABLE INITIALLY DEFERRED,
  "country_id" varchar(2) NULL REFERENCES "kit_country" ("code") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kit_walk_cities" ("id" bigint NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,
  "walk_id" integer NOT NULL REFERENCES "kit_walk" ("id") DEFERRABLE INITIALLY DEFERRED,
  "city_id" integer NOT NULL REFERENCES "kit_city" ("id") DEFERRABLE INITIALLY DEFERRED,
  UNIQUE ("walk_id", "city_id"));
CREATE INDEX "kit_post_author_id" ON "kit_post" ("author_id");
CREATE INDEX "kit_post_topic_id" ON "kit_post" ("topic_id");
CREATE INDEX "kit_comment_post_id" ON "kit_comment" ("post_id");
CREATE INDEX "kit_node_parent_id" ON "kit_node" ("parent_id");
"#
}
