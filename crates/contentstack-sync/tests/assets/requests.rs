//! What is sent, and how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contentstack_sync::mirror::Mirror;
use contentstack_sync::{RateLimit, Stack};
use http::StatusCode;
use serde_json::json;
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::testing::{Reply, ScriptedServer};

use crate::site::Site;

#[tokio::test]
async fn credentials_are_never_sent_even_to_the_service_itself() {
    let site = Site::new().await;
    let other = ScriptedServer::serve(|_| Reply::ok().body("x"))
        .await
        .unwrap();
    let target = other.url("/elsewhere");
    site.serve("/f/moved", move |_| {
        Reply::new(302).header("location", &target)
    });
    site.publish("blta1", "/f/moved", json!({"file_size": "1"}));
    site.file("blta2", "/f/own", "own");
    site.publish(
        "blta3",
        "/",
        json!({"url": other.url("/direct"), "file_size": "1"}),
    );
    let report = site.run().await;
    assert_eq!(report.downloaded, 3, "{:?}", report.failed);
    let requests = [site.requests(), other.requests()].concat();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        let text = format!("{request:?}").to_lowercase();
        for secret in [
            "secret",
            "api_key",
            "access_token",
            "authorization",
            "cookie",
        ] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(request.header("accept-encoding"), Some("identity"));
    }
    // The sync itself does have them.
    let sync = site.server.requests().remove(0);
    assert_eq!(sync.header("access_token"), Some("cs-secret-token"));
}

#[tokio::test]
async fn as_many_files_at_a_time_as_were_asked_for_and_no_more() {
    let site = Site::new().await;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for number in 0..12 {
        site.file(&format!("blta{number}"), &format!("/f/{number}"), "x");
    }
    site.mirror.sync().await.unwrap();
    let (running, peak) = (Arc::clone(&now), Arc::clone(&most));
    let download = site.download().concurrency(3).on_event(move |event| {
        use contentstack_sync::assets::DownloadEvent as Event;
        match event {
            Event::Started { .. } => {
                let running = running.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(running, Ordering::SeqCst);
            }
            Event::Done { .. } => {
                running.fetch_sub(1, Ordering::SeqCst);
            }
            _ => {}
        }
    });
    assert_eq!(download.run().await.unwrap().downloaded, 12);
    assert_eq!(now.load(Ordering::SeqCst), 0);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

/// A transport that has one page of assets, and their files.
fn transport(assets: usize) -> ReplyTransport {
    ReplyTransport::new(move |request| {
        if request.uri().path() != "/v3/stacks/sync" {
            return Ok(mock::response(StatusCode::OK, "x"));
        }
        let items: Vec<_> = (0..assets)
            .map(|number| {
                json!({"type": "asset_published", "event_at": "2026-01-01T00:00:00Z", "data": {
                "uid": format!("blta{number}"), "file_size": "1", "locale": "en-us",
                "url": format!("https://eu-images.contentstack.com/v3/assets/s/blta{number}/f/x.jpg")}})
            })
            .collect();
        let query = request.uri().query().unwrap_or_default();
        let items = if query.contains("init=true") {
            items
        } else {
            Vec::new()
        };
        Ok(mock::json(
            StatusCode::OK,
            &json!({"items": items, "sync_token": "t"}),
        ))
    })
}

#[tokio::test(start_paused = true)]
async fn downloads_count_against_the_limit_that_is_shared() {
    let limit = RateLimit::per_second(10);
    let stack = Stack::builder("blt1", "cs1", "test")
        .rate_limit(limit)
        .transport(transport(48))
        .build()
        .unwrap();
    let mirror = Mirror::open_memory(stack).await.unwrap();
    mirror.sync().await.unwrap();
    let site = Site::new().await;
    let begun = tokio::time::Instant::now();
    let report = mirror
        .assets()
        .download(site.folder.path())
        .run()
        .await
        .unwrap();
    assert_eq!(report.downloaded, 48);
    // Two of the first ten were the sync's; then ten a second, by the virtual clock.
    assert!(
        begun.elapsed() >= Duration::from_millis(3900),
        "{:?}",
        begun.elapsed()
    );
}
