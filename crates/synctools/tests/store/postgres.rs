//! What only a PostgreSQL server can have.

use synctools::schema::{FieldBuilder, FieldKind, ModelBuilder, Schema};
use synctools::store::{Clean, PostgresStore, Query, Store, StoreErrorKind, SyncOptions};
use synctools::{Row, Value};

use crate::server::Database;
use crate::site::Site;
use crate::support::{counts, sync};

#[tokio::test]
async fn references_that_are_checked_at_once_load() {
    let rows = [
        "ALTER TABLE lab_node ALTER CONSTRAINT \
         lab_node_parent_id_6afb955f_fk_lab_node_id NOT DEFERRABLE",
        "ALTER TABLE lab_cyca ALTER CONSTRAINT lab_cyca_b_id_df1575be_fk_lab_cycb_id \
         NOT DEFERRABLE",
        "ALTER TABLE lab_cycb ALTER CONSTRAINT lab_cycb_a_id_f70c14df_fk_lab_cyca_id \
         NOT DEFERRABLE",
        "ALTER TABLE lab_membership ALTER CONSTRAINT \
         lab_membership_group_id_237ed965_fk_lab_group_id NOT DEFERRABLE",
    ];
    let Some(site) = Site::postgres(&rows).await else {
        return;
    };
    let body = r#"[{"model": "lab.node", "pk": 5, "fields": {"name": "c", "parent": 10}},
        {"model": "lab.node", "pk": 10, "fields": {"name": "r", "parent": 5}},
        {"model": "lab.node", "pk": 3, "fields": {"parent": 10}},
        {"model": "lab.membership", "pk": 1, "fields": {"group": 1,
            "author": "00000000-0000-0000-0000-000000000001", "joined": "2020-02-29"}},
        {"model": "lab.cyca", "pk": 1, "fields": {"b": 1}},
        {"model": "lab.cycb", "pk": 1, "fields": {"a": 1}},
        {"model": "lab.group", "pk": 1, "fields": {"name": "g"}},
        {"model": "lab.author", "pk": "00000000-0000-0000-0000-000000000001",
            "fields": {"name": "n", "photo": ""}}]"#;
    let report = site.sync(body, SyncOptions::new()).await.unwrap();
    assert_eq!(counts(&report, "lab.node"), (3, 0, 0, 0));
    assert_eq!(
        site.show("SELECT id, parent_id FROM lab_node ORDER BY id")
            .await,
        ["3 10", "5 10", "10 5"]
    );
    assert_eq!(site.show("SELECT b_id FROM lab_cyca").await, ["1"]);
    assert_eq!(site.show("SELECT a_id FROM lab_cycb").await, ["1"]);
    let report = site.sync(body, SyncOptions::new()).await.unwrap();
    assert!(!report.changed(), "{report:?}");

    let body = r#"[{"model": "lab.node", "pk": 9, "fields": {"name": "x", "parent": 77}}]"#;
    let error = site.sync(body, SyncOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::ForeignKey, "{error:?}");
    assert_eq!(
        (error.pk(), error.field(), error.value()),
        (Some("9"), Some("parent"), Some("77"))
    );
}

#[tokio::test]
async fn columns_that_only_the_database_knows_are_kept_when_values_swap() {
    let rows = [
        "ALTER TABLE lab_category ADD COLUMN seen integer NOT NULL DEFAULT 7, \
         ADD COLUMN twice integer GENERATED ALWAYS AS (id * 2) STORED",
        "INSERT INTO lab_category (id, slug, seen) VALUES (1, 'a', 100), (2, 'b', 200)",
        "INSERT INTO lab_blog (id, title, slug) VALUES (1, 't', 's')",
        "INSERT INTO lab_blog_categories (id, blog_id, category_id) VALUES (5, 1, 1)",
    ];
    let Some(site) = Site::postgres(&rows).await else {
        return;
    };
    let body = r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "b"}},
        {"model": "lab.category", "pk": 2, "fields": {"slug": "a"}},
        {"model": "lab.category", "pk": 3, "fields": {"slug": "c"}}]"#;
    let report = site.sync(body, SyncOptions::new()).await.unwrap();
    assert_eq!(counts(&report, "lab.category"), (1, 2, 0, 0));
    assert_eq!(
        site.show("SELECT id, slug, seen, twice FROM lab_category ORDER BY id")
            .await,
        ["1 b 100 2", "2 a 200 4", "3 c 7 6"]
    );
    assert_eq!(site.show("SELECT id FROM lab_blog_categories").await, ["5"]);
}

#[tokio::test]
async fn a_swap_that_would_take_other_rows_along_is_refused() {
    let rows = [
        "CREATE TABLE local_note (id integer PRIMARY KEY, category integer NOT NULL \
         REFERENCES lab_category (id) ON DELETE CASCADE)",
        "INSERT INTO lab_category VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO local_note VALUES (10, 1)",
    ];
    let Some(site) = Site::postgres(&rows).await else {
        return;
    };
    let body = r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "b"}},
        {"model": "lab.category", "pk": 2, "fields": {"slug": "a"}}]"#;
    let error = site.sync(body, SyncOptions::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unique, "{error:?}");
    assert_eq!(site.show("SELECT * FROM local_note").await, ["10 1"]);
}

#[tokio::test]
async fn keys_that_only_the_database_makes_are_given() {
    let rows = ["ALTER TABLE lab_category ALTER COLUMN id SET GENERATED ALWAYS"];
    let Some(site) = Site::postgres(&rows).await else {
        return;
    };
    let body = r#"[{"model": "lab.category", "pk": 4, "fields": {"slug": "a"}},
        {"model": "lab.category", "pk": null, "fields": {"slug": "b"}}]"#;
    for _ in 0..2 {
        let options = SyncOptions::new().clean(Clean::Stale);
        site.sync(body, options).await.unwrap();
    }
    let slugs = "SELECT slug FROM lab_category ORDER BY id";
    assert_eq!(site.show(slugs).await, ["a", "b"]);
}

fn special() -> Schema {
    let array = |kind| FieldKind::Array(Box::new(kind));
    Schema::builder()
        .model(
            ModelBuilder::new("pg.special")
                .with(FieldBuilder::new("id", FieldKind::Auto).primary_key())
                .with(FieldBuilder::new("names", array(FieldKind::Text)).null())
                .with(FieldBuilder::new("grid", array(array(FieldKind::Integer))).null())
                .with(FieldBuilder::new("days", array(FieldKind::Date)).null())
                .with(FieldBuilder::new("plain", FieldKind::Json).null()),
        )
        .build()
        .unwrap()
}

#[tokio::test]
async fn arrays_and_plain_json_come_back() {
    let tables = "CREATE TABLE pg_special (id serial PRIMARY KEY, names text[], grid integer[][], \
         days date[], plain json)";
    let Some(database) = Database::new(tables).await else {
        return;
    };
    let schema = special();
    let store = PostgresStore::connect(database.url()).await.unwrap();
    let model = schema.model("pg.special").unwrap();
    let mut row = Row::new(model);
    let text = |text: &str| Value::from(text);
    let list = |values: Vec<Value>| Value::Array(values.into());
    let day = Value::Date(synctools::value::Date::parse("1999-12-31").unwrap());
    let json = synctools::value::Json::parse(r#"{"b": [1, "é\\"]}"#).unwrap();
    let values = [
        Value::Int(1),
        list(vec![
            text("a,\"b\\"),
            Value::Null,
            text(""),
            text("NULL"),
            text("{é\n}"),
        ]),
        list(vec![
            list(vec![Value::Int(1), Value::Int(2)]),
            list(vec![Value::Int(3), Value::Null]),
        ]),
        list(vec![day]),
        Value::Json(json),
    ];
    for (field, value) in model.fields().iter().zip(values) {
        row.set(field.index(), value);
    }
    for expected in [(1, 0, 0, 0), (0, 0, 1, 0)] {
        let mut transaction = store.begin(&schema, SyncOptions::new()).await.unwrap();
        transaction.write(vec![row.clone()]).await.unwrap();
        let report = transaction.finish().await.unwrap();
        assert_eq!(counts(&report, "pg.special"), expected);
    }
    let mut snapshot = store.snapshot(&schema).await.unwrap();
    let query = Query::model("pg.special".parse().unwrap());
    snapshot.select(query).await.unwrap();
    assert_eq!(snapshot.next().await.unwrap().unwrap(), [row]);
}

#[tokio::test]
async fn who_is_not_let_in_is_told_without_the_password() {
    let url = "postgresql://nobody:hunter2@127.0.0.1:1/none";
    let options = synctools::store::PostgresOptions::new(url);
    assert!(!format!("{options:?}").contains("hunter2"));
    let error = options.connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Io, "{error:?}");
    assert!(!format!("{error:?} {error}").contains("hunter2"));
    let error = PostgresStore::connect("host=127.0.0.1 password='hunter2")
        .await
        .unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"));
    let Some(site) = Site::postgres(&[]).await else {
        return;
    };
    assert!(!format!("{:?}", site.store).contains("password"));
}

#[cfg(not(feature = "postgres-tls"))]
#[tokio::test]
async fn encryption_that_is_demanded_needs_its_feature() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let url = format!("postgresql://nobody:hunter2@127.0.0.1:1/none?sslmode={mode}");
        let error = PostgresStore::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported, "{error:?}");
        assert!(error.message().contains("`postgres-tls`"), "{error}");
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_leaves_nothing() {
    let Some(site) = Site::postgres(&["INSERT INTO lab_category VALUES (1, 'a')"]).await else {
        return;
    };
    let before = site.contents().await;
    let rows = crate::support::rows(
        &site.schema,
        r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "b"}}]"#,
    );
    let mut transaction = site
        .store
        .begin(&site.schema, SyncOptions::new())
        .await
        .unwrap();
    transaction.write(rows).await.unwrap();
    site.show(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    let error = transaction.finish().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Io, "{error:?}");
    assert_eq!(site.contents().await, before);
    // The store finds a new connection.
    let body = r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "c"}}]"#;
    sync(&*site.store, &site.schema, body, SyncOptions::new())
        .await
        .unwrap();
    assert_eq!(site.show("SELECT slug FROM lab_category").await, ["c"]);
}

#[tokio::test]
async fn syncs_come_one_after_the_other() {
    let Some(site) = Site::postgres(&[]).await else {
        return;
    };
    let body = |slug: &str| {
        format!(r#"[{{"model": "lab.category", "pk": 1, "fields": {{"slug": "{slug}"}}}}]"#)
    };
    let (one, two) = (body("one"), body("two"));
    let (one, two) = tokio::join!(
        site.sync(&one, SyncOptions::new()),
        site.sync(&two, SyncOptions::new())
    );
    let counts = [one.unwrap(), two.unwrap()].map(|report| counts(&report, "lab.category"));
    assert!(counts.contains(&(1, 0, 0, 0)), "{counts:?}");
    assert!(counts.contains(&(0, 1, 0, 0)), "{counts:?}");
}
