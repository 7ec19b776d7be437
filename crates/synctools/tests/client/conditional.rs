//! Asking only for what has changed.

use std::sync::Arc;

use serde_json::json;
use sync_core::testing::{Received, Reply, ScriptedServer};
use synctools::client::{FileValidators, MemoryValidators, Validators, Warning};
use synctools::store::Clean;

use crate::support::{Database, Folder, category, client, json_reply, serve_with};

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Answers 304 to whoever knows its tag.
async fn server() -> ScriptedServer {
    serve_with(|request: Received| {
        let known = request.header("if-none-match") == Some("\"1\"");
        let reply = match known && request.header("if-modified-since") == Some(DATE) {
            true => Reply::new(304),
            false => json_reply(json!([category(1, "a")]).to_string()),
        };
        reply.header("etag", "\"1\"").header("last-modified", DATE)
    })
    .await
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = server().await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .validators(MemoryValidators::default())
        .build()
        .unwrap();
    let first = client.sync("x").await.unwrap();
    assert!(!first.not_modified && first.inserted() == 1);
    let second = client.sync("x").await.unwrap();
    assert!(second.not_modified && second.models.is_empty());
    // Another URL is another matter.
    assert!(!client.sync("y").await.unwrap().not_modified);
    // Whoever cleans wants all, and so does whoever says so.
    for sync in [
        client.sync("x").clean(Clean::Stale),
        client.sync("x").conditional(false),
        client.sync("x").dry_run(true),
    ] {
        let report = sync.await.unwrap();
        assert!(!report.not_modified && report.objects == 1);
    }
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("if-none-match"), None);
    assert!(client.sync("x").await.unwrap().not_modified);
}

#[tokio::test]
async fn only_what_was_committed_is_remembered() {
    let server = serve_with(|_| {
        // Its parent is missing.
        let object =
            json!([{ "model": "lab.node", "pk": 1, "fields": { "name": "n", "parent": 7 } }]);
        json_reply(object.to_string()).header("etag", "\"1\"")
    })
    .await;
    let database = Database::new();
    let validators = Arc::new(MemoryValidators::default());
    let client = client(server.url("/sync/"), &database)
        .await
        .validators(Arc::clone(&validators))
        .build()
        .unwrap();
    client.sync("x").await.unwrap_err();
    client.sync("x").await.unwrap_err();
    assert_eq!(server.requests()[1].header("if-none-match"), None);
    let url = server.url("/sync/x/");
    assert_eq!(validators.load(&url).await.unwrap(), None);
}

#[tokio::test]
async fn validators_survive_in_a_file_and_a_broken_one_is_told() {
    let server = server().await;
    let database = Database::new();
    let folder = Folder::new();
    let path = folder.path().join("state.json");
    let start = || async {
        let builder = client(server.url("/sync/"), &database).await;
        builder
            .validators(FileValidators::new(&path))
            .build()
            .unwrap()
    };
    assert!(!start().await.sync("x").await.unwrap().not_modified);
    assert!(start().await.sync("x").await.unwrap().not_modified);

    std::fs::write(&path, "{").unwrap();
    let error = start().await.sync("x").await.unwrap_err();
    assert_eq!(error.kind(), synctools::ErrorKind::Local);

    // A folder cannot be replaced by a file: what was synced stays.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let report = start().await.sync("x").clean(Clean::Stale).await.unwrap();
    assert!(matches!(
        &report.warnings[..],
        [Warning::ValidatorNotKept { .. }]
    ));
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_an_error() {
    let server = serve_with(|_| Reply::new(304)).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let error = client.sync("x").await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(304));
}
