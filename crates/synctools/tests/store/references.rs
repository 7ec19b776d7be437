//! References to rows that are not there.

use synctools::store::{StoreErrorKind, SyncOptions};

use crate::site::Site;

#[tokio::test]
async fn a_missing_row_is_an_error_that_names_who_refers_to_it() {
    for site in Site::all(&[]).await {
        let body = r#"[{"model": "lab.node", "pk": 5, "fields": {"name": "c", "parent": 10}},
            {"model": "lab.node", "pk": 6, "fields": {"name": "d", "parent": 10}}]"#;
        for dry_run in [false, true] {
            let options = SyncOptions::new().dry_run(dry_run);
            let error = site.sync(body, options).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::ForeignKey, "{error:?}");
            assert_eq!(error.model().unwrap(), &"lab.node");
            assert_eq!(
                (error.pk(), error.field(), error.value(), error.more()),
                (Some("5"), Some("parent"), Some("10"), 1)
            );
            assert_eq!(site.show("SELECT * FROM lab_node").await, [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_missing_target_of_a_list_is_named() {
    for site in Site::all(&[]).await {
        let body = r#"[{"model": "lab.blog", "pk": 1, "fields":
            {"title": "t", "slug": "s", "owner": null, "categories": [99]}}]"#;
        let error = site.sync(body, SyncOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::ForeignKey, "{error:?}");
        assert_eq!(error.model().unwrap(), &"lab.blog");
        assert_eq!(
            (error.pk(), error.field(), error.value()),
            (Some("1"), Some("categories"), Some("99"))
        );
        assert_eq!(site.show("SELECT * FROM lab_blog").await, [""; 0]);
    }
}

#[tokio::test]
async fn a_uuid_that_is_missing_is_named_as_the_wire_has_it() {
    for site in Site::all(&[]).await {
        let body = r#"[{"model": "lab.profile", "pk": "00000000-0000-0000-0000-0000000000aa",
            "fields": {"site": ""}}]"#;
        let error = site.sync(body, SyncOptions::new()).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::ForeignKey, "{error:?}");
        assert_eq!(
            (error.pk(), error.field(), error.value()),
            (
                Some("00000000-0000-0000-0000-0000000000aa"),
                Some("author"),
                Some("00000000-0000-0000-0000-0000000000aa")
            )
        );
    }
}
