//! What becomes of single rows.

use synctools::store::{Clean, StoreErrorKind, SyncOptions};

use crate::site::Site;
use crate::support::counts;

#[tokio::test]
async fn swapped_unique_values_load() {
    let rows = ["INSERT INTO lab_category VALUES (1, 'a'), (2, 'b'), (3, 'c')"];
    for site in Site::all(&rows).await {
        let body = r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "b"}},
            {"model": "lab.category", "pk": 2, "fields": {"slug": "c"}},
            {"model": "lab.category", "pk": 3, "fields": {"slug": "a"}}]"#;
        let report = site.sync(body, SyncOptions::new()).await.unwrap();
        assert_eq!(counts(&report, "lab.category"), (0, 3, 0, 0));
        assert_eq!(
            site.show("SELECT id, slug FROM lab_category ORDER BY id")
                .await,
            ["1 b", "2 c", "3 a"]
        );
    }
}

#[tokio::test]
async fn a_value_that_two_rows_want_is_an_error_that_names_them() {
    for site in Site::all(&["INSERT INTO lab_category VALUES (9, 'a')"]).await {
        let body = r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "a"}}]"#;
        let before = site.contents().await;
        let error = site.sync(body, SyncOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unique, "{error:?}");
        assert_eq!(error.model().unwrap(), &"lab.category");
        assert_eq!(
            (error.pk(), error.field(), error.value()),
            (Some("9"), Some("slug"), Some("\"a\""))
        );
        assert_eq!(site.contents().await, before);
        // When the other row goes, there is no trouble.
        let options = SyncOptions::new().clean(Clean::Stale);
        let report = site.sync(body, options).await.unwrap();
        assert_eq!(counts(&report, "lab.category"), (1, 0, 0, 1));
        assert_eq!(site.show("SELECT * FROM lab_category").await, ["1 a"]);
    }
}

#[tokio::test]
async fn pairs_that_stay_keep_their_rows() {
    let rows = [
        "INSERT INTO lab_category VALUES (1, 'a'), (2, 'b'), (3, 'c')",
        "INSERT INTO lab_blog (id, title, slug) VALUES (1, 't', 's')",
        "INSERT INTO lab_blog_categories (id, blog_id, category_id) VALUES (50, 1, 1), (51, 1, 2)",
    ];
    for site in Site::all(&rows).await {
        let body = r#"[{"model": "lab.blog", "pk": 1, "fields":
            {"title": "t", "slug": "s", "owner": null, "categories": [3, 2]}}]"#;
        let report = site.sync(body, SyncOptions::new()).await.unwrap();
        let blog = report.model(&"lab.blog".parse().unwrap()).unwrap();
        assert_eq!((blog.pairs_added, blog.pairs_removed), (1, 1));
        let pairs = "SELECT id, category_id FROM lab_blog_categories WHERE category_id = 2";
        assert_eq!(site.show(pairs).await, ["51 2"]);
    }
}

#[tokio::test]
async fn what_the_database_forbids_is_named() {
    let everything = |fields: &str| {
        format!(
            r#"[{{"model": "lab.everything", "pk": 7, "fields":
                {{"auto_now": "2021-01-01T00:00:00Z", "boolean": true, {fields}}}}}]"#
        )
    };
    for site in Site::all(&[]).await {
        let body = everything(r#""small": -1"#);
        let error = site.sync(&body, SyncOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Check, "{error:?}");
        assert_eq!(error.model().unwrap(), &"lab.everything");

        let body = r#"[{"model": "lab.category", "pk": 7, "fields": {"slug": null}}]"#;
        let error = site.sync(body, SyncOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::NotNull, "{error:?}");
        assert_eq!((error.pk(), error.field()), (Some("7"), Some("slug")));
    }
    // What only PostgreSQL forbids.
    if let Some(site) = Site::postgres(&[]).await {
        let long = "x".repeat(51);
        for (fields, field) in [
            (format!(r#""csi": "{long}""#), "csi"),
            (r#""char": "a\u0000b""#.to_owned(), "char"),
            (r#""integer": 2147483648"#.to_owned(), "integer"),
            (r#""ip": "nowhere""#.to_owned(), "ip"),
            (r#""js": "a\u0000b""#.to_owned(), "js"),
        ] {
            let error = site
                .sync(&everything(&fields), SyncOptions::new())
                .await
                .unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Value, "{fields}: {error:?}");
            assert_eq!(error.model().unwrap(), &"lab.everything");
            assert_eq!(error.field(), Some(field), "{error:?}");
            assert_eq!(error.pk(), Some("7"), "{error:?}");
        }
        assert_eq!(site.show("SELECT * FROM lab_everything").await, [""; 0]);
    }
}

#[tokio::test]
async fn sqlite_keeps_a_nul_in_its_text() {
    let site = Site::sqlite(&[]).await;
    let body = r#"[{"model": "lab.category", "pk": 1, "fields": {"slug": "a\u0000b"}}]"#;
    site.sync(body, SyncOptions::new()).await.unwrap();
    let hex = site.show("SELECT hex(slug) FROM lab_category").await;
    assert_eq!(hex, ["610062"]);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    for site in Site::all(&["DROP TABLE lab_empty"]).await {
        let body = r#"[{"model": "lab.empty", "pk": 1, "fields": {"x": 1}}]"#;
        let error = site.sync(body, SyncOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Schema, "{error:?}");
        assert_eq!(error.model().unwrap(), &"lab.empty");

        let mut snapshot = site.store.snapshot(&site.schema).await.unwrap();
        let query = synctools::store::Query::model("lab.empty".parse().unwrap());
        let error = snapshot.select(query).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Schema, "{error:?}");
    }
}

#[tokio::test]
async fn a_database_says_what_it_is_made_of() {
    for site in Site::all(&[]).await {
        let introspection = site.store.introspect().await.unwrap();
        let table = |name: &str| {
            let mut tables = introspection.tables.iter();
            tables.find(|table| table.name == name).unwrap()
        };
        let column = |name: &str, column: &str| {
            let mut columns = table(name).columns.iter();
            columns.find(|other| other.name == column).unwrap()
        };
        let id = column("lab_category", "id");
        assert!(id.primary_key && id.auto && id.not_null && !id.unique);
        let slug = column("lab_category", "slug");
        assert!(slug.unique && slug.not_null && !slug.primary_key && !slug.auto);
        let owner = column("lab_blog", "owner_id");
        assert!(!owner.not_null);
        assert_eq!(
            owner.references,
            Some(("lab_author".to_owned(), "id".to_owned()))
        );
        let by_slug = column("OLD_Legacy", "by_slug_id");
        assert_eq!(
            by_slug.references,
            Some(("lab_category".to_owned(), "slug".to_owned()))
        );
        assert_eq!(
            table("lab_blog_categories").unique_together,
            [["blog_id", "category_id"]]
        );
        let restaurant = column("lab_restaurant", "place_ptr_id");
        assert!(restaurant.primary_key && !restaurant.auto);
        assert_eq!(
            column("lab_everything", "js").json_check,
            matches!(site.db, crate::site::Database::Sqlite(_))
        );
    }
}
