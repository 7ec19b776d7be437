//! Whether drift is found.

use contentstack_sync::mirror::Mirror;
use contentstack_sync::model::Key;
use contentstack_sync::store::{Batch, Change, Millis, Put};

use crate::support::server;

#[tokio::test(start_paused = true)]
async fn a_mirror_that_is_right_has_no_drift_also_after_news() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    // Published while the fresh sync is read.
    server.state().edit_after(2, |content| {
        content.publish("article", "bltnewer", "en-us");
        content.remove(&("entry", "bltnew".to_owned(), "en-us".to_owned()), false);
    });
    let drift = mirror.verify().await.unwrap();
    assert!(drift.is_none(), "{drift:?}");
    assert_eq!(drift.compared, 251);
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_extra_and_different_is_named() {
    let server = server(5);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    // Somebody writes into the store behind the mirror's back.
    let state = mirror.state().await.unwrap();
    let mut batch = Batch::new(state.readable.unwrap(), Millis(0));
    let key = |n: usize| Key::entry(format!("blt{n:016x}"), "en-us");
    let late = "2030-01-01T00:00:00Z";
    let put = |key: Key| {
        Change::Put(Put {
            key,
            content_type: Some("article".into()),
            event_at: late.into(),
            url: None,
            data: serde_json::from_str("{}").unwrap(),
            links: Vec::new(),
        })
    };
    batch.changes = vec![
        put(key(3)),
        put(key(77)),
        Change::Remove {
            key: key(4),
            content_type: None,
            event_at: late.into(),
        },
    ];
    mirror.store().apply(batch).await.unwrap();
    let drift = mirror.verify().await.unwrap();
    assert_eq!(drift.missing, [key(4)]);
    assert_eq!(drift.extra, [key(77)]);
    assert_eq!(drift.different.len(), 1);
    assert_eq!(drift.different[0].key, key(3));
    assert_eq!(drift.different[0].mirrored.as_str(), late);
    // What helps against it.
    mirror.resync().await.unwrap();
    assert!(mirror.verify().await.unwrap().is_none());
}
