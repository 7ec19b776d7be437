//! The faults of the official DataSync that concern a mirror (section 4 of the
//! reference), each with a test that shows that this mirror does not have it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contentstack_sync::mirror::{Mirror, Mode, ResyncReason};
use contentstack_sync::model::{ContentTypeUid, Key, ObjectKind, Position, Uid};
use contentstack_sync::store::{
    Applied, Batch, Begin, Changes, Counts, DeadLetter, DeadLetterId, Download, Generation, Link,
    MemoryStore, Millis, Row, Scan, Seq, State, Store, StoreError, StoreErrorKind, StoredSchema,
};

use crate::server::Fault;
use crate::support::{mirrored, reopened, server};

/// A store whose disk is full for a while.
#[derive(Debug, Default)]
struct Full {
    inner: MemoryStore,
    room: std::sync::atomic::AtomicU32,
}

macro_rules! passed_on {
    ($($name:ident($($arg:ident: $of:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for Full {
            async fn apply(&self, batch: Batch) -> Result<Applied, StoreError> {
                use std::sync::atomic::Ordering::SeqCst;
                match self.room.fetch_update(SeqCst, SeqCst, |room| room.checked_sub(1)) {
                    Ok(_) => self.inner.apply(batch).await,
                    Err(_) => Err(StoreError::new(StoreErrorKind::Full, "")),
                }
            }

            $(async fn $name(&self, $($arg: $of),*) -> Result<$answer, StoreError> {
                self.inner.$name($($arg),*).await
            })*
        }
    };
}

passed_on! {
    load() -> State;
    begin(begin: Begin) -> Generation;
    prune(before: Millis) -> u64;
    get(key: &Key) -> Option<Row>;
    scan(scan: &Scan, after: Seq, limit: usize) -> Vec<Row>;
    count(scan: &Scan) -> u64;
    links(key: &Key) -> Vec<Link>;
    referrers(kind: ObjectKind, uid: &Uid, after: Seq, limit: usize) -> Vec<Row>;
    changes(since: Seq, limit: usize) -> Changes;
    dead_letters(after: DeadLetterId, limit: usize) -> Vec<DeadLetter>;
    counts() -> Counts;
    put_schemas(schemas: Vec<StoredSchema>) -> ();
    schemas() -> Vec<StoredSchema>;
    schema(uid: &ContentTypeUid) -> Option<StoredSchema>;
    wanted_downloads(now: Millis, after: Seq, limit: usize) -> Vec<(Row, Option<Download>)>;
    note_download(download: Download) -> ();
    stale_downloads(limit: usize) -> Vec<Download>;
    download(url: &str) -> Option<Download>;
    forget_download(url: &str) -> ();
}

#[tokio::test(start_paused = true)]
async fn fault_1_a_store_that_fails_moves_no_token() {
    let server = server(250);
    let store = Arc::new(Full::default());
    store.room.store(1, std::sync::atomic::Ordering::SeqCst);
    let shared: Arc<dyn Store> = store.clone();
    let mirror = reopened(&shared, &server).await;
    let error = mirror.sync().await.unwrap_err();
    assert_eq!(error.store(), Some(StoreErrorKind::Full));
    assert_eq!(mirror.state().await.unwrap().chains[0].items, 100);
    store.room.store(100, std::sync::atomic::Ordering::SeqCst);
    let report = mirror.sync().await.unwrap();
    assert_eq!(report.upserts, 150);
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn fault_2_a_request_that_is_repeated_is_the_same_request() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server
        .state()
        .faults
        .plan_after(1, [Fault::Broken, Fault::Reset, Fault::Cut]);
    mirror.sync().await.unwrap();
    let requests = server.take_requests();
    assert_eq!(requests.len(), 7);
    assert!(
        requests[1..=4].iter().all(|query| *query == requests[1]),
        "{requests:?}"
    );
    assert_eq!(requests[1].matches("pagination_token=").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn fault_3_too_many_requests_are_not_answered_with_more_for_ever() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server.state().faults.often(Fault::TooMany, 1000);
    let start = tokio::time::Instant::now();
    let error = mirror.sync().await.unwrap_err();
    assert!(error.is_retryable());
    let requests = server.take_requests().len();
    assert!((2..10).contains(&requests), "{requests}");
    // Each pause that was asked for was kept.
    assert!(start.elapsed() >= Duration::from_secs(requests as u64 - 1));
}

#[tokio::test(start_paused = true)]
async fn fault_4_a_pagination_token_stays_one() {
    let server = server(250);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mirror = reopened(&store, &server).await;
    server.state().faults.plan_after(2, [Fault::Silence]);
    let run = tokio::time::timeout(Duration::from_secs(10), mirror.sync());
    assert!(run.await.is_err());
    let position = mirror.state().await.unwrap().chains[0].position.clone();
    assert!(matches!(position, Position::Page(_)));
    server.take_requests();
    reopened(&store, &server).await.sync().await.unwrap();
    let requests = server.take_requests();
    assert!(requests[0].starts_with("pagination_token="), "{requests:?}");
}

#[tokio::test(start_paused = true)]
async fn fault_5_a_mirror_of_another_environment_is_not_taken_for_this_one() {
    let server = server(3);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    reopened(&store, &server).await.sync().await.unwrap();
    let other = Mirror::builder(server.stack_of("staging"))
        .open_shared(Arc::clone(&store))
        .await;
    assert_eq!(other.unwrap_err().store(), Some(StoreErrorKind::Mismatch));
}

#[tokio::test(start_paused = true)]
async fn fault_6_unknown_items_do_no_harm_and_schemas_are_not_asked_for() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server.state().faults.often(Fault::UnknownItem, 1000);
    let report = mirror.sync().await.unwrap();
    assert_eq!(
        (report.upserts, report.unknown, report.dead_letters),
        (250, 3, 3)
    );
    assert_eq!(server.take_requests().len(), 4);
    // Types in any order, and a deletion before what it deletes.
    server.state().faults.stop();
    server.state().manner.order = crate::server::Order::NewestFirst;
    server.edit(|content| {
        content.publish("author", "bltx", "en-us");
        content.publish("page", "blty", "en-us");
        content.remove(&("entry", "bltx".to_owned(), "en-us".to_owned()), false);
    });
    mirror.sync().await.unwrap();
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn fault_7_a_full_sync_after_an_invalid_token_removes_what_is_gone() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    server.edit(|content| {
        let gone = ("entry", format!("blt{:016x}", 7), "en-us".to_owned());
        content.remove(&gone, true);
    });
    server.forget_tokens();
    let report = mirror.sync().await.unwrap();
    let reason = ResyncReason::InvalidSyncToken;
    assert_eq!((report.mode, report.swept), (Mode::Resync { reason }, 1));
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn fault_8_nothing_but_the_service_is_asked_and_stopping_is_orderly() {
    let server = server(3);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let shutdown = tokio::time::sleep(Duration::from_secs(600));
    mirror
        .watch(Duration::from_secs(60))
        .run_until(shutdown, |_| {})
        .await
        .unwrap();
    // All that went out: one page, and then a delta a minute.
    let requests = server.take_requests();
    assert_eq!(requests.len(), 11);
    assert!(
        requests[1..]
            .iter()
            .all(|query| query.starts_with("sync_token="))
    );
    assert!(mirror.is_ready().await.unwrap());
}

/// How much is written for one item does not grow with what is there.
#[tokio::test(start_paused = true)]
async fn fault_9_a_delta_touches_only_what_has_changed() {
    let server = server(2000);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let seq = mirror.sync().await.unwrap().seq;
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    let report = mirror.sync().await.unwrap();
    assert_eq!((report.upserts, report.ignored), (1, 0));
    assert_eq!(mirror.changes(seq, 1000).await.unwrap().rows.len(), 1);
}
