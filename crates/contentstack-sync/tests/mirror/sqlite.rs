//! What a file adds: other processes, full disks, damage.
#![cfg(feature = "sqlite")]

use std::future::{IntoFuture, poll_fn};
use std::task::Poll;
use std::time::Duration;

use contentstack_sync::mirror::Mirror;
use contentstack_sync::store::{SqliteOptions, SqliteStore, Store, StoreErrorKind};
use rusqlite::Connection;

use crate::server::Server;
use crate::support::{folder, mirrored, server};

async fn synced(path: &std::path::Path, server: &Server) -> Mirror {
    let mirror = Mirror::open_sqlite(path, server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    mirror
}

#[tokio::test]
async fn a_file_is_opened_again_as_it_was_left() {
    let folder = folder("again");
    let path = folder.path().join("mirror.db");
    let server = server(250);
    let before = mirrored(&synced(&path, &server).await).await;
    server.take_requests();
    let mirror = synced(&path, &server).await;
    assert_eq!(server.take_requests().len(), 1);
    assert_eq!(mirrored(&mirror).await, before);
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.path(), path);
    store.close().await;
}

#[tokio::test]
async fn readers_of_other_processes_see_whole_pages() {
    let folder = folder("readers");
    let path = folder.path().join("mirror.db");
    let server = server(250);
    let writer = synced(&path, &server).await;
    let reader = Mirror::open_sqlite(&path, server.stack()).await.unwrap();
    assert_eq!(mirrored(&reader).await, mirrored(&writer).await);
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    writer.sync().await.unwrap();
    assert_eq!(mirrored(&reader).await.len(), 251);
    // Also to sync it is fine, one after the other.
    assert!(reader.sync().await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_processes_that_sync_one_is_refused() {
    let folder = folder("two");
    let path = folder.path().join("mirror.db");
    let server = server(500);
    let one = Mirror::open_sqlite(&path, server.stack()).await.unwrap();
    let other = Mirror::open_sqlite(&path, server.stack()).await.unwrap();
    let results = tokio::join!(one.sync(), other.sync());
    let refused: Vec<_> = [results.0, results.1]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    for error in &refused {
        assert_eq!(error.store(), Some(StoreErrorKind::Conflict), "{error}");
    }
    one.sync().await.unwrap();
    assert_eq!(mirrored(&other).await, server.state().content.truth());
}

/// The store is at a page of the run when that is dropped.
#[tokio::test]
async fn a_run_comes_after_the_last_page_of_one_that_was_dropped() {
    let folder = folder("dropped");
    let server = server(200);
    for (number, polls) in (0..60).map(|number| (number, number % 12)) {
        let path = folder.path().join(format!("{number}.db"));
        let mirror = Mirror::open_sqlite(&path, server.stack()).await.unwrap();
        let mut left = polls;
        let mut dropped = Box::pin(mirror.sync().into_future());
        poll_fn(|cx| {
            left -= i32::from(left > 0);
            match left {
                0 => Poll::Ready(()),
                _ => dropped.as_mut().poll(cx).map(|_| ()),
            }
        })
        .await;
        drop(dropped);
        mirror.sync().await.unwrap();
        assert_eq!(mirrored(&mirror).await, server.state().content.truth());
    }
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_busy() {
    let folder = folder("busy");
    let path = folder.path().join("mirror.db");
    let server = server(5);
    let options = SqliteOptions::new().busy_timeout(Duration::from_millis(1));
    let store = options.open(&path).await.unwrap();
    let mirror = Mirror::with_store(store, server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    let error = mirror.sync().await.unwrap_err();
    assert_eq!(error.store(), Some(StoreErrorKind::Busy), "{error}");
    assert!(error.is_retryable());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(mirror.sync().await.unwrap().upserts, 1);
}

#[tokio::test]
async fn a_full_disk_leaves_the_mirror_as_it_was() {
    let folder = folder("full");
    let path = folder.path().join("mirror.db");
    let server = server(50);
    let mirror = synced(&path, &server).await;
    let before = mirrored(&mirror).await;
    // To SQLite a limit of the file's size is a full disk.
    let store = SqliteOptions::new()
        .max_size(400_000)
        .open(&path)
        .await
        .unwrap();
    let small = Mirror::with_store(store, server.stack()).await.unwrap();
    server.edit(|content| {
        for n in 0..2000 {
            content.publish("article", &format!("bltmore{n}"), "en-us");
        }
    });
    let error = small.sync().await.unwrap_err();
    assert_eq!(error.store(), Some(StoreErrorKind::Full), "{error}");
    let rows = mirrored(&small).await;
    assert!(before.iter().all(|(key, data)| rows.get(key) == Some(data)));
    // With room again, it goes on where it was.
    assert!(mirror.sync().await.unwrap().complete);
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test]
async fn a_limit_of_less_than_a_page_is_a_limit() {
    let folder = folder("tiny");
    let path = folder.path().join("mirror.db");
    let server = server(50);
    let store = SqliteOptions::new().max_size(1).open(&path).await.unwrap();
    let tiny = Mirror::with_store(store, server.stack()).await.unwrap();
    let error = tiny.sync().await.unwrap_err();
    assert_eq!(error.store(), Some(StoreErrorKind::Full), "{error}");
}

#[tokio::test]
async fn what_is_no_mirror_is_refused_and_left_alone() {
    let folder = folder("other");
    let text = folder.path().join("text");
    std::fs::write(&text, "this is not a database, but a text of some length").unwrap();
    let error = SqliteStore::open(&text).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    assert!(
        std::fs::read_to_string(&text)
            .unwrap()
            .starts_with("this is not")
    );
    let other = folder.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE mine (x)").unwrap();
    let error = SqliteStore::open(&other).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    connection.execute_batch("SELECT x FROM mine").unwrap();
    let missing = folder.path().join("no").join("folder.db");
    let error = SqliteStore::open(&missing).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Io, "{error}");
}

#[tokio::test]
async fn a_newer_version_and_damage_are_refused() {
    let folder = folder("newer");
    let path = folder.path().join("mirror.db");
    let server = server(250);
    let store = SqliteStore::open(&path).await.unwrap();
    let store = std::sync::Arc::new(store);
    let builder = Mirror::builder(server.stack());
    builder
        .open_shared(store.clone())
        .await
        .unwrap()
        .sync()
        .await
        .unwrap();
    std::sync::Arc::into_inner(store).unwrap().close().await;
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Version, "{error}");
    connection.pragma_update(None, "user_version", 1).unwrap();
    connection
        .execute("UPDATE items SET data = 'no json'", [])
        .unwrap();
    drop(connection);
    let store = SqliteStore::open(&path).await.unwrap();
    let error = store
        .scan(&Default::default(), Default::default(), 10)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_to_is_told_apart() {
    let folder = folder("readonly");
    let path = folder.path().join("mirror.db");
    let server = server(5);
    drop(synced(&path, &server).await);
    let store = SqliteOptions::new()
        .read_only(true)
        .open(&path)
        .await
        .unwrap();
    let mirror = Mirror::with_store(store, server.stack()).await.unwrap();
    assert_eq!(mirrored(&mirror).await.len(), 5);
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    let error = mirror.sync().await.unwrap_err();
    assert_eq!(error.store(), Some(StoreErrorKind::ReadOnly), "{error}");
    assert_eq!(mirrored(&mirror).await.len(), 5);
}

#[tokio::test]
async fn a_full_sync_leaves_nothing_of_the_one_before_in_the_file() {
    let folder = folder("sweep");
    let path = folder.path().join("mirror.db");
    let server = server(50);
    server.edit(|content| {
        let target = Some(("entry", "bltx".to_owned()));
        content.publish_entry("article", "bltold", "en-us", "en-us", target.clone());
        content.publish_entry("article", "bltkept", "en-us", "en-us", target);
    });
    let mirror = synced(&path, &server).await;
    server.edit(|content| {
        content.remove(&("entry", "bltold".to_owned(), "en-us".to_owned()), true);
        content.publish("article", "bltkept", "en-us");
    });
    mirror.resync().await.unwrap();
    let connection = Connection::open(&path).unwrap();
    let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("SELECT count(*) FROM items WHERE generation <> 2"), 0);
    assert_eq!(
        count("SELECT count(*) FROM chains WHERE generation <> 2"),
        0
    );
    assert_eq!(count("SELECT count(*) FROM links"), 0);
    // The new rows, and a tombstone.
    assert_eq!(count("SELECT count(*) FROM items"), 52);
}
