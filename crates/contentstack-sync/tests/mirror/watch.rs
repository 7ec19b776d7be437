//! Syncs without end.

use std::time::Duration;

use contentstack_sync::mirror::{Mirror, Mode, Trigger, Watched};
use contentstack_sync::{ErrorKind, RateLimit, Stack};
use http::StatusCode;
use sync_core::testing::mock::{ReplyTransport, json, response};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::server::{Fault, Server};
use crate::support::{mirrored, server};

const MINUTE: Duration = Duration::from_secs(60);

async fn ready(server: &Server) -> Mirror {
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror.sync().await.unwrap();
    server.take_requests();
    mirror
}

#[tokio::test(start_paused = true)]
async fn it_syncs_at_once_and_then_at_the_interval() {
    let server = server(3);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let mut watch = mirror.watch(MINUTE);
    let start = Instant::now();
    let Some(Ok(Watched::Synced(report))) = watch.next().await else {
        panic!("no report");
    };
    assert_eq!((report.mode, start.elapsed().as_secs()), (Mode::Initial, 0));
    for minute in 1..4 {
        assert!(matches!(watch.next().await, Some(Ok(Watched::Synced(_)))));
        assert_eq!(start.elapsed().as_secs(), minute * 60);
    }
}

#[tokio::test(start_paused = true)]
async fn many_triggers_are_one_delta_and_an_empty_one_is_asked_for_again() {
    let server = server(3);
    let mirror = ready(&server).await;
    let trigger = Trigger::new();
    let mut watch = mirror.watch(10 * MINUTE).trigger(&trigger);
    watch.next().await;
    server.take_requests();
    let start = Instant::now();
    for _ in 0..100 {
        trigger.fire();
    }
    let mut at = Vec::new();
    while let Ok(Some(watched)) = timeout(2 * MINUTE, watch.next()).await {
        assert!(matches!(watched, Ok(Watched::Synced(_))));
        at.push(start.elapsed().as_millis());
    }
    assert_eq!(at, [500, 1500, 5500, 15_500]);
    assert_eq!(server.take_requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn once_something_is_found_nobody_asks_again() {
    let server = server(3);
    let mirror = ready(&server).await;
    let trigger = Trigger::new();
    let mut watch = mirror.watch(10 * MINUTE).trigger(&trigger);
    watch.next().await;
    trigger.fire();
    // A cache answers first with what it knew.
    server.state().faults.plan([Fault::Stale]);
    server.edit(|content| content.publish("article", "bltnew", "en-us"));
    let mut found = Vec::new();
    while let Ok(Some(Ok(Watched::Synced(report)))) = timeout(2 * MINUTE, watch.next()).await {
        found.push(report.upserts);
    }
    assert_eq!(found, [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn triggers_without_end_are_not_waited_out() {
    let server = server(3);
    let mirror = ready(&server).await;
    let trigger = Trigger::new();
    let mut watch = mirror.watch(10 * MINUTE).trigger(&trigger);
    watch.next().await;
    let firing = tokio::spawn(async move {
        loop {
            trigger.fire();
            sleep(Duration::from_millis(100)).await;
        }
    });
    let start = Instant::now();
    watch.next().await;
    assert_eq!(start.elapsed().as_secs(), 5);
    firing.abort();
}

#[tokio::test(start_paused = true)]
async fn a_trigger_is_not_lost_when_the_wait_is_given_up() {
    let server = server(3);
    let mirror = ready(&server).await;
    let trigger = Trigger::new();
    let mut watch = mirror.watch(10 * MINUTE).trigger(&trigger);
    watch.next().await;
    server.take_requests();
    trigger.fire();
    assert!(
        timeout(Duration::from_millis(100), watch.next())
            .await
            .is_err()
    );
    assert!(server.take_requests().is_empty());
    assert!(timeout(Duration::from_secs(1), watch.next()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_passes_does_not_end_it() {
    let server = server(3);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server.state().faults.often(Fault::Broken, 1000);
    let mut watch = mirror.watch(MINUTE);
    for _ in 0..3 {
        let watched = watch.next().await;
        let Some(Ok(Watched::Interrupted { error, pause })) = watched else {
            panic!("{watched:?}");
        };
        assert!(error.is_retryable() && pause <= MINUTE);
    }
    server.state().faults.stop();
    assert!(matches!(watch.next().await, Some(Ok(Watched::Synced(_)))));
    assert_eq!(mirrored(&mirror).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn with_an_interval_without_end_only_a_trigger_counts() {
    let server = server(3);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let trigger = Trigger::new();
    let mut watch = mirror.watch(Duration::MAX).trigger(&trigger).rechecks([]);
    assert!(matches!(watch.next().await, Some(Ok(Watched::Synced(_)))));
    let day = Duration::from_secs(24 * 60 * 60);
    assert!(timeout(day, watch.next()).await.is_err());
    trigger.fire();
    assert!(timeout(MINUTE, watch.next()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_page_ends_it_only_if_there_was_never_one() {
    let good = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let answers_well = std::sync::Arc::clone(&good);
    let page = serde_json::json!({"items": [], "sync_token": "cs1"});
    let stack = Stack::builder("k", "t", "production")
        .rate_limit(RateLimit::unlimited())
        .transport(ReplyTransport::new(move |_| {
            match answers_well.load(std::sync::atomic::Ordering::Relaxed) {
                true => Ok(json(StatusCode::OK, &page)),
                false => Ok(response(StatusCode::OK, "<html>")),
            }
        }))
        .build()
        .unwrap();
    let mirror = Mirror::open_memory(stack).await.unwrap();
    let mut watch = mirror.watch(MINUTE);
    assert!(matches!(watch.next().await, Some(Ok(Watched::Synced(_)))));
    good.store(false, std::sync::atomic::Ordering::Relaxed);
    let watched = watch.next().await;
    assert!(
        matches!(watched, Some(Ok(Watched::Interrupted { .. }))),
        "{watched:?}"
    );
    good.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(matches!(watch.next().await, Some(Ok(Watched::Synced(_)))));
    // Most likely this is no such service at all.
    good.store(false, std::sync::atomic::Ordering::Relaxed);
    let mut watch = mirror.watch(MINUTE);
    assert!(watch.next().await.unwrap().is_err());
    assert!(watch.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_waiting_cannot_help_ends_it() {
    let body = serde_json::json!({"error_code": 105, "error_message": "no", "errors": {}});
    let stack = Stack::builder("k", "t", "production")
        .rate_limit(RateLimit::unlimited())
        .transport(ReplyTransport::new(move |_| {
            Ok(json(StatusCode::UNAUTHORIZED, &body))
        }))
        .build()
        .unwrap();
    let mirror = Mirror::open_memory(stack).await.unwrap();
    let mut watch = mirror.watch(MINUTE);
    let error = watch.next().await.unwrap().unwrap_err();
    assert!(error.is_setup(), "{error:?}");
    assert_eq!(error.service().unwrap().kind(), ErrorKind::Auth);
    assert!(watch.next().await.is_none());
    let end = mirror
        .watch(MINUTE)
        .run_until(std::future::pending(), |_| {})
        .await;
    assert!(end.is_err());
}

#[tokio::test(start_paused = true)]
async fn it_stops_between_two_pages_and_goes_on_there_later() {
    let server = server(1000);
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stop = std::sync::Mutex::new(Some(stop));
    // Somebody presses Ctrl-C while the third page is on its way.
    server.state().edit_after(2, move |_| {
        drop(stop.lock().unwrap().take());
    });
    let mut reports = Vec::new();
    let shutdown = async { stopped.await.unwrap_or_default() };
    mirror
        .watch(MINUTE)
        .run_until(shutdown, |watched| {
            if let Watched::Synced(report) = watched {
                reports.push(report.clone());
            }
        })
        .await
        .unwrap();
    assert_eq!(reports.len(), 1);
    assert!(!reports[0].complete);
    assert!((100..400).contains(&reports[0].items), "{reports:?}");
    let report = mirror.sync().await.unwrap();
    assert_eq!(report.upserts + reports[0].upserts, 1000);
}

#[tokio::test(start_paused = true)]
async fn it_stops_at_once_between_two_runs_and_soon_within_a_silent_one() {
    let server = server(3);
    let mirror = ready(&server).await;
    let start = Instant::now();
    let shutdown = sleep(Duration::from_secs(10));
    mirror
        .watch(MINUTE)
        .run_until(shutdown, |_| {})
        .await
        .unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
    server.state().faults.plan([Fault::Silence]);
    let shutdown = sleep(Duration::from_secs(10));
    mirror
        .watch(MINUTE)
        .run_until(shutdown, |_| {})
        .await
        .unwrap();
    assert_eq!(start.elapsed().as_secs(), 25);
}
