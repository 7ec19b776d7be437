//! Rows that did not come, and tables that are not in the schema.

use synctools::store::{Clean, OnReferenced, ReferenceAction, StoreErrorKind, SyncOptions};

use crate::site::Site;
use crate::support::counts;

/// A table that only the database knows, which refers to one that is synced.
const ROWS: [&str; 3] = [
    "CREATE TABLE local_bookmark (id integer PRIMARY KEY, category integer NULL \
     REFERENCES lab_category (id) DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO lab_category VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO local_bookmark VALUES (10, 1), (20, 2), (30, NULL)",
];

const WITHOUT_1: &str = r#"[{"model": "lab.category", "pk": 2, "fields": {"slug": "b"}}]"#;

fn stale(on_referenced: OnReferenced) -> SyncOptions {
    let options = SyncOptions::new().clean(Clean::Stale);
    options.on_referenced(on_referenced)
}

#[tokio::test]
async fn a_table_that_is_not_in_the_schema_holds_rows_too() {
    for site in Site::all(&ROWS).await {
        let before = site.contents().await;
        let options = stale(OnReferenced::Restrict);
        let error = site.sync(WITHOUT_1, options).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Referenced, "{error:?}");
        assert_eq!(error.field(), Some("local_bookmark.category"));
        assert_eq!(error.value(), Some("1"));
        assert_eq!(site.contents().await, before);
    }
}

#[tokio::test]
async fn a_table_that_is_not_in_the_schema_gives_its_references_up() {
    for site in Site::all(&ROWS).await {
        let options = stale(OnReferenced::SetNull);
        let report = site.sync(WITHOUT_1, options).await.unwrap();
        assert_eq!(counts(&report, "lab.category"), (0, 0, 1, 1));
        let [reference] = &report.references[..] else {
            panic!("{report:?}");
        };
        assert_eq!(
            (
                &*reference.table,
                &*reference.column,
                reference.action,
                reference.rows
            ),
            ("local_bookmark", "category", ReferenceAction::SetNull, 1)
        );
        assert_eq!(
            site.show("SELECT id, category FROM local_bookmark ORDER BY id")
                .await,
            ["10 null", "20 2", "30 null"]
        );
    }
}

#[tokio::test]
async fn a_table_that_is_not_in_the_schema_loses_rows_by_cascade() {
    for site in Site::all(&ROWS).await {
        let options = stale(OnReferenced::Cascade);
        let report = site.sync(WITHOUT_1, options).await.unwrap();
        assert_eq!(report.references[0].action, ReferenceAction::Removed);
        assert_eq!(
            site.show("SELECT id FROM local_bookmark ORDER BY id").await,
            ["20", "30"]
        );
    }
}

#[tokio::test]
async fn a_row_is_not_removed_and_put_back_where_others_would_go_with_it() {
    let rows = [
        "CREATE TABLE local_note (id integer PRIMARY KEY, category integer NOT NULL \
         REFERENCES lab_category (id) ON DELETE CASCADE)",
        "INSERT INTO lab_category VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO local_note VALUES (10, 1)",
    ];
    for site in Site::all(&rows).await {
        for options in [SyncOptions::new(), SyncOptions::new().clean(Clean::Before)] {
            let body = r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "c"}}, 
                {"model": "lab.category", "pk": 2, "fields": {"slug": "d"}}]"#;
            site.sync(body, options).await.unwrap();
            assert_eq!(site.show("SELECT * FROM local_note").await, ["10 1"]);
        }
    }
}

#[tokio::test]
async fn keys_go_on_behind_the_highest_one() {
    let rows = ["INSERT INTO lab_category (slug) VALUES ('x'), ('y'), ('z')"];
    for site in Site::all(&rows).await {
        let body = r#"[{"model": "lab.category", "pk": 70, "fields": {"slug": "a"}}]"#;
        site.sync(body, SyncOptions::new()).await.unwrap();
        site.execute("INSERT INTO lab_category (slug) VALUES ('next')")
            .await;
        let last = "SELECT max(id) FROM lab_category";
        assert_eq!(site.show(last).await, ["71"]);

        // Rows at the end go, and their numbers come again.
        let body = r#"[{"model": "lab.category", "pk": 2, "fields": {"slug": "a"}}]"#;
        let kept = stale(OnReferenced::Restrict).reset_sequences(false);
        site.sync(body, kept).await.unwrap();
        site.execute("INSERT INTO lab_category (slug) VALUES ('next')")
            .await;
        assert_eq!(site.show(last).await, ["72"]);
        site.sync(body, stale(OnReferenced::Restrict))
            .await
            .unwrap();
        site.execute("INSERT INTO lab_category (slug) VALUES ('next')")
            .await;
        assert_eq!(site.show(last).await, ["3"]);
    }
}
