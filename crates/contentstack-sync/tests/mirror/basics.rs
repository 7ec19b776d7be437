//! From nothing to a mirror, and on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use contentstack_sync::mirror::{Mirror, MirrorError, Mode, ResyncReason, Shards};
use contentstack_sync::model::{Filter, ItemType, Position};
use contentstack_sync::store::{DeadLetterId, DeadReason, MemoryStore, Store, StoreErrorKind};
use contentstack_sync::{ContentstackError, ContentstackErrorExt as _};

use crate::server::Fault;
use crate::support::{mirrored, reopened, server};

#[tokio::test(start_paused = true)]
async fn a_mirror_is_what_the_service_has() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    assert!(!mirror.is_ready().await.unwrap());
    let report = mirror.sync().await.unwrap();
    assert_eq!(report.mode, Mode::Initial);
    assert!(report.complete);
    assert_eq!(
        (report.upserts, report.deletes, report.ignored),
        (250, 0, 0)
    );
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn a_delta_follows_the_first_sync_at_once_and_an_empty_one_is_one_request() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let report = mirror.sync().await.unwrap();
    let requests = server.take_requests();
    // Three pages, and the delta after them.
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert_eq!(report.requests, 4);
    assert!(requests[0].contains("init=true"));
    assert!(requests[3].contains("sync_token="));
    assert!(mirror.is_ready().await.unwrap());
    let report = mirror.sync().await.unwrap();
    assert_eq!(server.take_requests().len(), 1);
    assert_eq!((report.mode, report.requests), (Mode::Delta, 1));
    assert!(report.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_mirror_is_not_ready_before_the_delta_after_its_first_sync() {
    let server = server(250);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mirror = reopened(&store, &server).await;
    // The last request of the first run is the delta: it never comes.
    server.state().faults.plan_after(3, [Fault::Silence]);
    let run = tokio::time::timeout(std::time::Duration::from_secs(10), mirror.sync());
    assert!(run.await.is_err());
    let state = mirror.state().await.unwrap();
    assert!(state.readable.is_some() && !state.is_ready());
    let mirror = reopened(&store, &server).await;
    server.take_requests();
    let report = mirror.sync().await.unwrap();
    assert!(report.complete);
    assert_eq!(server.take_requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_chain_of_small_pages_comes_to_its_end() {
    let server = server(300);
    server.state().manner.page_size = 1;
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let report = mirror.sync().await.unwrap();
    assert_eq!((report.upserts, report.pages), (300, 301));
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_at_the_page_where_the_last_one_was_dropped() {
    let server = server(1000);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mirror = reopened(&store, &server).await;
    server.state().faults.plan_after(6, [Fault::Silence]);
    let run = tokio::time::timeout(std::time::Duration::from_secs(10), mirror.sync());
    assert!(run.await.is_err());
    let before = mirror.state().await.unwrap();
    assert_eq!(before.chains[0].items, 600);
    assert!(
        mirrored(&mirror).await.is_empty(),
        "readers wait for the whole"
    );
    server.take_requests();
    let mirror = reopened(&store, &server).await;
    let report = mirror.sync().await.unwrap();
    assert_eq!((report.mode, report.upserts), (Mode::Initial, 400));
    // Four pages and the delta.
    assert_eq!(server.take_requests().len(), 5);
    assert_eq!(mirrored(&mirror).await.len(), 1000);
}

#[tokio::test(start_paused = true)]
async fn while_everything_is_synced_again_readers_see_what_was_there() {
    let server = server(300);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mirror = reopened(&store, &server).await;
    mirror.sync().await.unwrap();
    let old = mirrored(&mirror).await;
    server.edit(|content| {
        content.publish("article", "bltnew", "en-us");
        let gone = ("entry", format!("blt{:016x}", 5), "en-us".to_owned());
        content.remove(&gone, true);
    });
    server.forget_tokens();
    // The token is asked for four times, then two of three pages come.
    server.state().faults.plan_after(6, [Fault::Silence]);
    let run = tokio::time::timeout(std::time::Duration::from_secs(25), mirror.sync());
    assert!(run.await.is_err());
    let state = mirror.state().await.unwrap();
    assert!(state.building.is_some() && state.is_ready());
    assert_eq!(mirrored(&mirror).await, old);
    let mirror = reopened(&store, &server).await;
    let report = mirror.sync().await.unwrap();
    let reason = ResyncReason::InvalidSyncToken;
    assert_eq!(report.mode, Mode::Resync { reason });
    assert_eq!(report.swept, 1);
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_unknown_for_a_moment_is_asked_for_again_and_nothing_else() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    server.state().faults.plan([Fault::UnknownForNow; 3]);
    let before = tokio::time::Instant::now();
    let report = mirror.sync().await.unwrap();
    assert_eq!(
        (report.mode, report.upserts, report.restarts),
        (Mode::Delta, 1, 0)
    );
    let waited = before.elapsed().as_millis();
    assert!(
        (10_500..10_600).contains(&waited),
        "0.5, 2 and 8 s: {waited} ms"
    );
}

#[tokio::test(start_paused = true)]
async fn a_delta_whose_page_is_forgotten_begins_again_at_its_sync_token() {
    let server = server(1);
    server.state().manner.page_size = 10;
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    server.edit(|content| {
        for n in 0..30 {
            content.publish("article", &format!("bltnew{n}"), "en-us");
        }
    });
    server.state().faults.plan_after(1, [Fault::Forgotten]);
    server.take_requests();
    let report = mirror.sync().await.unwrap();
    assert_eq!((report.mode, report.restarts), (Mode::Delta, 1));
    let requests = server.take_requests();
    assert!(
        !requests.iter().any(|query| query.contains("init")),
        "{requests:?}"
    );
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn a_delta_that_was_cut_off_is_read_to_its_end_and_followed_by_another() {
    let server = server(1);
    server.state().manner.page_size = 10;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mirror = reopened(&store, &server).await;
    mirror.sync().await.unwrap();
    let publish = |name: &str| {
        server.edit(|content| {
            for n in 0..30 {
                content.publish("article", &format!("blt{name}{n}"), "en-us");
            }
        });
    };
    publish("early");
    server.state().faults.plan_after(1, [Fault::Silence]);
    let run = tokio::time::timeout(std::time::Duration::from_secs(10), mirror.sync());
    assert!(run.await.is_err());
    publish("late");
    let report = reopened(&store, &server).await.sync().await.unwrap();
    assert!(report.complete);
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn a_first_sync_whose_page_is_forgotten_begins_again_and_keeps_nothing() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    {
        let mut state = server.state();
        state.faults.plan_after(1, [Fault::Forgotten]);
        // Read on page one, gone before the sync begins again.
        state.edit_after(2, |content| {
            let gone = ("entry", format!("blt{:016x}", 299), "en-us".to_owned());
            content.remove(&gone, false);
        });
    }
    let report = mirror.sync().await.unwrap();
    assert_eq!((report.mode, report.restarts), (Mode::Initial, 1));
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_forgets_every_token_is_given_up_and_nothing_is_lost() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    let old = mirrored(&mirror).await;
    server.state().faults.often(Fault::Forgotten, 1000);
    let error = mirror.sync().await.unwrap_err();
    assert!(
        matches!(error, MirrorError::Unsettled { restarts: 3, .. }),
        "{error:?}"
    );
    assert_eq!(mirrored(&mirror).await, old);
    server.state().faults.stop();
    assert!(mirror.sync().await.unwrap().complete);
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_with_a_token_is_followed() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server
        .state()
        .faults
        .plan([Fault::EmptyPage, Fault::EmptyPage]);
    assert_eq!(mirror.sync().await.unwrap().upserts, 300);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_names_itself_as_the_next_is_an_error_and_the_position_stays() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server.state().faults.plan([Fault::Circle]);
    let error = mirror.sync().await.unwrap_err();
    let detail = error.service().unwrap().contentstack();
    assert_eq!(detail, Some(&ContentstackError::EndlessPages));
    let state = mirror.state().await.unwrap();
    assert!(matches!(state.chains[0].position, Position::Page(_)));
    assert_eq!(mirror.sync().await.unwrap().upserts, 200);
}

#[tokio::test(start_paused = true)]
async fn of_both_tokens_the_page_is_followed() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server
        .state()
        .faults
        .plan([Fault::BothTokens, Fault::BothTokens]);
    assert_eq!(mirror.sync().await.unwrap().upserts, 300);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_applied_is_kept_counted_and_tried_again() {
    let server = server(3);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server
        .state()
        .faults
        .plan([Fault::UnknownItem, Fault::Repeated]);
    let report = mirror.sync().await.unwrap();
    assert_eq!(
        (report.upserts, report.unknown, report.dead_letters),
        (3, 1, 1)
    );
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    server.state().faults.plan([Fault::BrokenItem]);
    let report = mirror.sync().await.unwrap();
    assert_eq!(
        (report.upserts, report.unreadable, report.dead_letters),
        (1, 1, 2)
    );
    let letters = mirror
        .dead_letters(DeadLetterId::default(), 10)
        .await
        .unwrap();
    assert_eq!(letters[0].reason, DeadReason::UnknownType);
    assert!(letters[0].raw.as_str().contains("variant_published"));
    assert_eq!(
        letters[0].attempts, 2,
        "once when it came, once with the second run"
    );
    assert_eq!(letters[1].reason, DeadReason::Unreadable);
    assert_eq!(letters[1].attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_mirror_of_something_else_is_refused() {
    let server = server(3);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    reopened(&store, &server).await.sync().await.unwrap();
    let builders = [
        Mirror::builder(server.stack_of("staging")),
        Mirror::builder(server.stack()).filter(Filter::new().locale("en-us")),
        Mirror::builder(server.stack()).content_types(["article"]),
    ];
    for builder in builders {
        let error = builder.open_shared(Arc::clone(&store)).await.unwrap_err();
        assert_eq!(error.store(), Some(StoreErrorKind::Mismatch), "{error}");
        assert!(error.is_setup() && !error.is_retryable());
    }
    assert!(
        reopened(&store, &server)
            .await
            .sync()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn of_two_that_sync_one_store_one_is_refused_and_nothing_is_written_twice() {
    let server = server(300);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (one, other) = (
        reopened(&store, &server).await,
        reopened(&store, &server).await,
    );
    let (one, other) = tokio::join!(one.sync(), other.sync());
    let results = [one.map(|_| ()), other.map(|_| ())];
    let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].store(), Some(StoreErrorKind::Conflict));
    assert!(refused[0].is_retryable());
    let mirror = reopened(&store, &server).await;
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn runs_of_one_mirror_come_one_after_the_other() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let (one, other) = tokio::join!(mirror.sync(), mirror.clone().sync());
    assert_eq!(one.unwrap().mode, Mode::Initial);
    assert!(other.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn progress_counts_up_to_what_the_service_announced() {
    let server = server(250);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let seen = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&seen);
    mirror
        .sync()
        .on_progress(move |progress| {
            let before = counter.load(Ordering::SeqCst);
            if progress.loading {
                assert_eq!(progress.items, (before + 100).min(250));
                assert_eq!(progress.total, Some(250));
                counter.store(progress.items, Ordering::SeqCst);
                assert_eq!(progress.fraction(), Some(progress.items as f64 / 250.0));
            }
        })
        .await
        .unwrap();
    assert_eq!(seen.load(Ordering::SeqCst), 250);
}

#[tokio::test(start_paused = true)]
async fn only_what_the_filter_names_is_asked_for() {
    let server = server(3);
    server.edit(|content| content.publish_asset("blta", "en-us"));
    let filter = Filter::new().types(ItemType::ASSETS).locale("en-us");
    let mirror = Mirror::builder(server.stack())
        .filter(filter)
        .open_memory()
        .await
        .unwrap();
    mirror.sync().await.unwrap();
    assert!(mirrored(&mirror).await.contains_key("asset|blta|en-us"));
    assert_eq!(mirrored(&mirror).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn schemas_are_fetched_on_demand() {
    let server = server(3);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    assert_eq!(mirror.refresh_schemas().await.unwrap(), 1);
    let schema = mirror.store().schema(&"article".into()).await.unwrap();
    assert_eq!(schema.unwrap().schema.as_str(), r#"{"uid":"article"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_requested_resync_reports_only_real_changes() {
    let server = server(300);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let seq = mirror.sync().await.unwrap().seq;
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    let report = mirror.resync().sharded(Shards::by_kind()).await.unwrap();
    let reason = ResyncReason::Requested;
    assert_eq!(report.mode, Mode::Resync { reason });
    let changes = mirror.changes(seq, 1000).await.unwrap();
    assert_eq!(changes.rows.len(), 1);
    assert_eq!(changes.rows[0].key.uid.as_str(), "bltnew");
    assert_eq!(mirror.state().await.unwrap().chains.len(), 2);
}
