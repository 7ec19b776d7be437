//! One answer is from one state of the database, whoever writes meanwhile.

use http::Request;
use http_body_util::BodyExt;
use rusqlite::Connection;
use synctools::route::Route;
use synctools::store::SqliteStore;

use crate::support::lab::{Folder, create, schema};
use crate::support::route::all;

const ROWS: usize = 6_000;

/// Tags, and a table of pairs, in which every write changes all rows at once.
fn fill(folder: &Folder) -> Connection {
    let mut database = create(&folder.file());
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    let transaction = database.transaction().unwrap();
    {
        let mut insert = "INSERT INTO lab_node (id, name, parent_id) VALUES (?1, 'v0', NULL)";
        let mut node = transaction.prepare(insert).unwrap();
        insert = "INSERT INTO lab_tag (id, name) VALUES (?1, 'v0 ' || ?1)";
        let mut tag = transaction.prepare(insert).unwrap();
        for id in 0..ROWS {
            node.execute([id]).unwrap();
            tag.execute([id]).unwrap();
        }
    }
    transaction.commit().unwrap();
    database
}

#[tokio::test]
async fn what_is_written_while_it_is_sent_does_not_show() {
    let folder = Folder::new("snapshot");
    let mut database = fill(&folder);
    let store = SqliteStore::open(folder.file()).await.unwrap();
    let route = Route::builder(store, schema())
        .public()
        .queryset("both", |_| [all("lab.node"), all("lab.tag")])
        .build()
        .unwrap();
    let answer = || route.answer(Request::get("/both/").body(()).unwrap());

    let response = answer().await.unwrap();
    let tag = response.headers()["etag"].clone();
    let mut body = response.into_body();
    let mut received = Vec::new();
    let mut version = 0;
    // Each piece is taken after another write.
    while let Some(frame) = body.frame().await {
        received.extend(frame.unwrap().into_data().unwrap());
        version += 1;
        let transaction = database.transaction().unwrap();
        let (node, tag) = (
            "UPDATE lab_node SET name = 'v' || ?1 WHERE id >= 0",
            "DELETE FROM lab_tag WHERE id = ?1",
        );
        transaction.execute(node, [version]).unwrap();
        transaction.execute(tag, [version]).unwrap();
        transaction.commit().unwrap();
    }
    assert!(version > 3, "only {version} pieces");
    let objects: Vec<serde_json::Value> = serde_json::from_slice(&received).unwrap();
    assert_eq!(objects.len(), 2 * ROWS);
    let (nodes, tags) = objects.split_at(ROWS);
    assert!(nodes.iter().all(|one| one["fields"]["name"] == "v0"));
    assert!(tags.iter().enumerate().all(|(pk, one)| one["pk"] == pk));

    let response = answer().await.unwrap();
    assert_ne!(response.headers()["etag"], tag);
    let later = response.into_body().collect().await.unwrap().to_bytes();
    let objects: Vec<serde_json::Value> = serde_json::from_slice(&later).unwrap();
    assert_eq!(objects.len(), 2 * ROWS - version);
    assert!(
        objects[..ROWS]
            .iter()
            .all(|one| one["fields"]["name"] == format!("v{version}"))
    );
}
