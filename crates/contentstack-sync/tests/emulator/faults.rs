//! Bad days.

use std::time::Duration;

use contentstack_sync::emulator::{Call, Disturbance, Emulator, End, Fault, Fill, On};
use http::StatusCode;

use super::support::{follow, get, items, sync};

fn filled() -> Emulator {
    let emulator = Emulator::builder().page_size(10).build();
    emulator.fill(&Fill::new(25).size(600));
    emulator
}

#[test]
fn errors_are_json_html_or_nothing() {
    let emulator = filled();
    emulator.fault(
        On::Sync,
        1,
        Fault::status(StatusCode::INTERNAL_SERVER_ERROR),
    );
    emulator.fault(On::Sync, 1, Fault::html(StatusCode::SERVICE_UNAVAILABLE));
    emulator.fault(On::Sync, 1, Fault::empty(StatusCode::BAD_GATEWAY));
    emulator.fault(On::Sync, 1, Fault::rate_limited(Some(2)));
    assert_eq!(sync(&emulator, "init=true").json()["error_code"], 500);
    let html = sync(&emulator, "init=true");
    assert!(html.body.starts_with(b"<html>") && html.status == 503);
    assert_eq!(sync(&emulator, "init=true").body.len(), 0);
    let limited = sync(&emulator, "init=true");
    assert_eq!(limited.status, 429);
    assert_eq!(limited.header("retry-after"), "2");
    assert_eq!(limited.header("x-ratelimit-remaining"), "0");
    assert_eq!(sync(&emulator, "init=true").status, 200);
}

#[test]
fn a_token_may_be_unknown_for_a_moment() {
    let emulator = filled();
    let (_, token) = follow(&emulator, "init=true");
    emulator.fault(On::Sync, 1, Fault::invalid_token());
    let query = format!("sync_token={token}");
    assert_eq!(
        sync(&emulator, &query).json()["errors"]["sync_token"][0],
        "is not valid."
    );
    assert_eq!(sync(&emulator, &query).status, 200);
}

#[test]
fn what_is_dropped_before_has_no_effect_and_after_has_one() {
    let emulator = filled();
    emulator.configure(|options| options.single_use = true);
    let first = sync(&emulator, "init=true").json();
    let query = format!(
        "pagination_token={}",
        first["pagination_token"].as_str().unwrap()
    );
    emulator.fault(On::Call(Call::Page), 1, Fault::drop_before());
    assert_eq!(sync(&emulator, &query).disturbance, Disturbance::RESET);
    emulator.fault(On::Call(Call::Page), 1, Fault::drop_after());
    assert_eq!(sync(&emulator, &query).disturbance, Disturbance::RESET);
    assert_eq!(sync(&emulator, &query).status, 422, "it was used");
}

#[test]
fn answers_may_be_late_cut_or_half() {
    let emulator = filled();
    let delay = Duration::from_millis(1500);
    emulator.configure(|options| options.latency = Duration::from_millis(50));
    emulator.fault(On::Any, 1, Fault::slow(delay));
    emulator.fault(On::Any, 1, Fault::truncate());
    emulator.fault(On::Any, 1, Fault::garbage());
    let slow = sync(&emulator, "init=true").disturbance;
    assert_eq!(slow.delay, delay + Duration::from_millis(50));
    let cut = sync(&emulator, "init=true").disturbance;
    assert_eq!(cut.end, End::Truncated);
    let half = sync(&emulator, "init=true");
    assert!(serde_json::from_slice::<serde_json::Value>(&half.body).is_err());
    assert_eq!(half.status, 200);
}

#[test]
fn tokens_may_be_both_none_null_or_the_same() {
    let emulator = filled();
    for (fault, pagination, sync_token) in [
        (Fault::both_tokens(), true, true),
        (Fault::no_token(), false, false),
        (Fault::null_token(), true, false),
    ] {
        emulator.fault(On::Sync, 1, fault);
        let page = sync(&emulator, "init=true").json();
        assert_eq!(page["pagination_token"].is_string(), pagination, "{page}");
        assert_eq!(page["sync_token"].is_string(), sync_token, "{page}");
        assert_eq!(page["items"].as_array().unwrap().len(), 10);
    }
    let first = sync(&emulator, "init=true").json();
    let token = first["pagination_token"].as_str().unwrap();
    emulator.fault(On::Sync, 1, Fault::same_token());
    let page = sync(&emulator, &format!("pagination_token={token}")).json();
    assert_eq!(page["pagination_token"], token);
}

#[test]
fn the_cdn_may_answer_as_it_did_before() {
    let emulator = filled();
    let (_, token) = follow(&emulator, "init=true");
    let query = format!("sync_token={token}");
    let before = sync(&emulator, &query);
    assert_eq!(before.header("x-cache"), "MISS, MISS");
    emulator.change_at_random(5);
    emulator.fault(On::Sync, 1, Fault::stale());
    let stale = sync(&emulator, &query);
    assert_eq!(
        (stale.header("x-cache"), &stale.body),
        ("MISS, HIT", &before.body)
    );
    assert!(!items(&[sync(&emulator, &query).json()]).is_empty());
    let hits = emulator
        .requests()
        .iter()
        .filter(|request| request.from_cdn)
        .count();
    assert_eq!(hits, 1);
}

#[tokio::test(start_paused = true)]
async fn the_cdn_forgets_after_its_time() {
    let emulator = filled();
    emulator.configure(|options| options.cdn = Some(Duration::from_secs(5)));
    let (_, token) = follow(&emulator, "init=true");
    let query = format!("sync_token={token}");
    sync(&emulator, &query);
    emulator.change_at_random(5);
    tokio::time::advance(Duration::from_secs(3)).await;
    let stale = sync(&emulator, &query);
    assert_eq!(
        (stale.header("age"), items(&[stale.json()]).len()),
        ("3", 0)
    );
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(!items(&[sync(&emulator, &query).json()]).is_empty());
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_refused_until_time_has_passed() {
    let emulator = filled();
    emulator.configure(|options| options.rate_limit = Some(2));
    let status = || sync(&emulator, "init=true").status.as_u16();
    assert_eq!([status(), status(), status()], [200, 200, 429]);
    tokio::time::advance(Duration::from_secs(1)).await;
    let got = sync(&emulator, "init=true");
    assert_eq!(got.header("x-ratelimit-limit"), "2");
    assert_eq!(got.header("x-ratelimit-remaining"), "1");
}

#[test]
fn trouble_follows_from_the_seed() {
    let run = |seed| {
        let emulator = Emulator::builder().seed(seed).build();
        emulator.trouble(
            500,
            [Fault::drop_before(), Fault::truncate(), Fault::garbage()],
        );
        for _ in 0..50 {
            get(&emulator, "/v3/stacks/sync?init=true");
        }
        let faults = emulator.requests().into_iter().map(|request| request.fault);
        faults.collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let struck = run(1).iter().filter(|fault| fault.is_some()).count();
    assert!((10..40).contains(&struck), "{struck}");
}
