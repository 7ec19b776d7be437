//! What can happen to a file.

use std::time::Duration;

use synctools::store::{Query, SqliteOptions, SqliteStore, Store, StoreErrorKind, SyncOptions};

use crate::site::{Database, Site};
use crate::support::{Folder, lab, rows, sync};

fn path(site: &Site) -> &std::path::Path {
    match &site.db {
        Database::Sqlite(db) => &db.path,
        #[cfg(feature = "postgres")]
        Database::Postgres(_) => unreachable!(),
    }
}

fn categories(count: usize) -> String {
    let rows: Vec<String> = (1..=count)
        .map(|id| {
            let slug = format!("{id}-{}", "x".repeat(100));
            format!(r#"{{"model": "lab.category", "pk": {id}, "fields": {{"slug": "{slug}"}}}}"#)
        })
        .collect();
    format!("[{}]", rows.join(", "))
}

#[tokio::test]
async fn a_full_disk_is_told_and_changes_nothing() {
    let site = Site::sqlite(&["INSERT INTO lab_category VALUES (1, 'a')"]).await;
    let before = site.contents().await;
    let size = std::fs::metadata(path(&site)).unwrap().len();
    let store = SqliteOptions::new(path(&site))
        .max_size(size + 64 * 1024)
        .open()
        .await
        .unwrap();
    let error = sync(&store, &site.schema, &categories(2000), SyncOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Full, "{error:?}");
    assert_eq!(site.contents().await, before);
    sync(&store, &site.schema, &categories(20), SyncOptions::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_somebody_else_writes_is_busy() {
    let site = Site::sqlite(&[]).await;
    let store = SqliteOptions::new(path(&site))
        .busy_timeout(Duration::ZERO)
        .open()
        .await
        .unwrap();
    let other = site
        .store
        .begin(&site.schema, SyncOptions::new())
        .await
        .unwrap();
    let error = store
        .begin(&site.schema, SyncOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Busy, "{error:?}");
    other.rollback().await.unwrap();
    sync(&store, &site.schema, &categories(1), SyncOptions::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_is_only_read_is_not_written() {
    let site = Site::sqlite(&["INSERT INTO lab_category VALUES (1, 'a')"]).await;
    let store = SqliteOptions::new(path(&site))
        .read_only(true)
        .open()
        .await
        .unwrap();
    let error = store
        .begin(&site.schema, SyncOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::ReadOnly, "{error:?}");
    let mut snapshot = store.snapshot(&site.schema).await.unwrap();
    let query = Query::model("lab.category".parse().unwrap());
    snapshot.select(query).await.unwrap();
    assert_eq!(snapshot.next().await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let folder = Folder::new("file");
    let missing = folder.path().join("missing.db");
    let error = SqliteStore::open(&missing).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Io, "{error:?}");
    assert!(!missing.exists());
    let other = folder.path().join("other.db");
    std::fs::write(&other, "x".repeat(4096)).unwrap();
    let error = SqliteStore::open(&other).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error:?}");
}

#[tokio::test]
async fn a_value_that_is_none_of_its_field_is_named() {
    let site = Site::sqlite(&[
        "INSERT INTO lab_everything (id, auto_now, boolean, csi, email) \
         VALUES (3, 'yesterday', 1, '', '')",
    ])
    .await;
    let mut snapshot = site.store.snapshot(&site.schema).await.unwrap();
    let query = Query::model("lab.everything".parse().unwrap());
    snapshot.select(query).await.unwrap();
    let error = snapshot.next().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unreadable, "{error:?}");
    assert_eq!(
        (error.pk(), error.field(), error.value()),
        (Some("3"), Some("auto_now"), Some("\"yesterday\""))
    );
}

#[tokio::test]
async fn what_was_broken_before_is_not_the_syncs_fault() {
    let site =
        Site::sqlite(&["PRAGMA foreign_keys = OFF; INSERT INTO lab_node VALUES (1, 'old', 99)"])
            .await;
    let body = r#"[{"model": "lab.node", "pk": 2, "fields": {"name": "new", "parent": null}}]"#;
    for dry_run in [true, false] {
        let options = SyncOptions::new().dry_run(dry_run);
        site.sync(body, options).await.unwrap();
    }
    let body = r#"[{"model": "lab.node", "pk": 3, "fields": {"name": "new", "parent": 77}}]"#;
    for dry_run in [true, false] {
        let options = SyncOptions::new().dry_run(dry_run);
        let error = site.sync(body, options).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::ForeignKey);
        assert_eq!((error.pk(), error.more()), (Some("3"), 0));
    }
}

#[tokio::test]
async fn a_batch_waits_while_others_are_on_their_way() {
    let site = Site::sqlite(&[]).await;
    let rows = rows(&lab(), &categories(3000));
    let mut sync = site
        .store
        .begin(&site.schema, SyncOptions::new())
        .await
        .unwrap();
    for batch in rows.chunks(10) {
        sync.write(batch.to_vec()).await.unwrap();
    }
    sync.finish().await.unwrap();
    let count = site.show("SELECT count(*) FROM lab_category").await;
    assert_eq!(count, ["3000"]);
}
