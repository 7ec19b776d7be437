//! Changes as they happen.

use std::future::IntoFuture as _;
use std::time::Duration;

use contentstack_sync::Clock;
use contentstack_sync::mirror::{Mirror, MirrorError, Subscription};
use contentstack_sync::store::{Batch, Change, MemoryStore, Millis, Seq, Store};
use tokio::time::timeout;

use crate::server::Server;
use crate::support::server;

async fn take(subscription: &mut Subscription, count: usize) -> Vec<String> {
    let mut taken = Vec::new();
    for _ in 0..count {
        let change = timeout(Duration::from_secs(1), subscription.next()).await;
        let change = change
            .expect("a change that does not come")
            .unwrap()
            .unwrap();
        let sign = if change.row.is_some() { '+' } else { '-' };
        taken.push(format!("{sign}{}", change.key.uid));
    }
    taken
}

async fn is_quiet(subscription: &mut Subscription) -> bool {
    timeout(Duration::from_secs(1), subscription.next())
        .await
        .is_err()
}

fn news(server: &Server) {
    server.edit(|content| {
        content.publish("article", "bltnew", "en-us");
        let gone = ("entry", format!("blt{:016x}", 0), "en-us".to_owned());
        content.remove(&gone, true);
    });
}

#[tokio::test(start_paused = true)]
async fn every_subscriber_hears_of_everything_at_its_own_pace() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let (mut early, mut slow) = (
        mirror.subscribe(Seq::default()),
        mirror.subscribe(Seq::default()),
    );
    let run = tokio::spawn(mirror.sync().into_future());
    let mut first = take(&mut early, 300).await;
    first.sort();
    first.dedup();
    assert_eq!(first.len(), 300);
    let seq = run.await.unwrap().unwrap().seq;
    assert!(is_quiet(&mut early).await);
    let mut late = mirror.subscribe(seq);
    news(&server);
    mirror.sync().await.unwrap();
    let mut both = take(&mut early, 2).await;
    both.sort();
    assert_eq!(both, ["+bltnew", "-blt0000000000000000"]);
    assert_eq!(take(&mut late, 2).await.len(), 2);
    assert!(is_quiet(&mut late).await);
    // The one that was not polled at all: each row once, as it is now.
    let mut all = take(&mut slow, 301).await;
    all.sort();
    assert!(!all.contains(&"+blt0000000000000000".to_owned()));
    assert!(is_quiet(&mut slow).await);
    assert_eq!(slow.position(), early.position());
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_goes_on_where_another_was() {
    let server = server(50);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    let mut one = mirror.subscribe(Seq::default());
    let first = take(&mut one, 20).await;
    let mut other = mirror.subscribe(one.position());
    drop(one);
    let rest = take(&mut other, 30).await;
    let mut all = [first, rest].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 50);
}

#[tokio::test(start_paused = true)]
async fn who_was_away_for_too_long_is_told() {
    let server = server(50);
    let clock = Clock::from_fn({
        let start = tokio::time::Instant::now();
        move || std::time::UNIX_EPOCH + start.elapsed()
    });
    let day = Duration::from_secs(24 * 60 * 60);
    let mirror = Mirror::builder(server.stack())
        .tombstone_retention(day)
        .clock(clock)
        .open_memory()
        .await
        .unwrap();
    let seen = mirror.sync().await.unwrap().seq;
    news(&server);
    mirror.sync().await.unwrap();
    let mut in_time = mirror.subscribe(seen);
    assert_eq!(take(&mut in_time, 2).await.len(), 2);
    tokio::time::sleep(2 * day).await;
    mirror.sync().await.unwrap();
    assert_eq!(mirror.counts().await.unwrap().tombstones, 0);
    let mut too_late = mirror.subscribe(seen);
    let error = too_late.next().await.unwrap().unwrap_err();
    assert!(matches!(error, MirrorError::ChangesExpired));
    assert!(too_late.next().await.is_none());
    assert!(is_quiet(&mut in_time).await);
}

#[tokio::test(start_paused = true)]
async fn who_begins_after_tombstones_were_pruned_reads_everything_and_goes_on() {
    let server = server(600);
    let clock = Clock::from_fn({
        let start = tokio::time::Instant::now();
        move || std::time::UNIX_EPOCH + start.elapsed()
    });
    let day = Duration::from_secs(24 * 60 * 60);
    let mirror = Mirror::builder(server.stack())
        .tombstone_retention(day)
        .clock(clock)
        .open_memory()
        .await
        .unwrap();
    mirror.sync().await.unwrap();
    let gone = ("entry", format!("blt{:016x}", 0), "en-us".to_owned());
    server.edit(|content| content.remove(&gone, true));
    mirror.sync().await.unwrap();
    tokio::time::sleep(2 * day).await;
    mirror.sync().await.unwrap();
    assert_eq!(mirror.counts().await.unwrap().tombstones, 0);
    let mut subscription = mirror.subscribe(Seq::default());
    let mut all = take(&mut subscription, 599).await;
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 599);
    assert!(is_quiet(&mut subscription).await);
    // Who stored how far it was is not told that it was away for too long.
    let mut again = mirror.subscribe(subscription.position());
    assert!(is_quiet(&mut again).await);
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    mirror.sync().await.unwrap();
    assert_eq!(take(&mut subscription, 1).await, ["+bltnew"]);
    assert_eq!(take(&mut again, 1).await, ["+bltnew"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_reads_to_the_end_and_ends_with_its_mirror() {
    let server = server(5);
    let store = MemoryStore::new();
    let mirror = Mirror::with_store(store.clone(), server.stack())
        .await
        .unwrap();
    mirror.sync().await.unwrap();
    let mut subscription = mirror.subscribe(Seq::default());
    drop(mirror);
    assert_eq!(take(&mut subscription, 5).await.len(), 5);
    assert!(subscription.next().await.is_none());
    // Also written to, it is nobody's mirror now.
    let generation = store.load().await.unwrap().readable.unwrap();
    let mut batch = Batch::new(generation, Millis(0));
    batch.changes.push(Change::RemoveType {
        content_type: "article".into(),
        event_at: "2030-01-01T00:00:00Z".into(),
    });
    store.apply(batch).await.unwrap();
    assert!(subscription.next().await.is_none());
}
