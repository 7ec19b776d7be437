//! Bad days, made to order.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use simperium::emulator::{Disturbance, Fault};
use sync_core::{Body, Transport as _};
use tokio::time::Instant;

use super::support::{Ask, Socket, TOKEN, emulator, opening, text};

#[tokio::test(start_paused = true)]
async fn a_rule_strikes_what_it_matches_as_often_as_it_says() {
    let emulator = emulator();
    let busy = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("2"))]);
    let fault = Fault::status_with(StatusCode::SERVICE_UNAVAILABLE, busy, "busy");
    emulator.fault("^POST .*/i/a", 2, fault).unwrap();
    emulator.fault("i/a", 1, Fault::reset_before()).unwrap();
    let write = || Ask::post("n/i/a", &json!({"x": 1}));
    assert_eq!(Ask::post("n/i/b", &json!({})).status(&emulator).await, 200);
    for _ in 0..2 {
        let answer = write().of(&emulator).await;
        assert_eq!((answer.status().as_u16(), text(&answer)), (503, "busy"));
        assert_eq!(answer.headers()["retry-after"], "2");
    }
    let cut = write().of(&emulator).await;
    assert_eq!(cut.extensions().get(), Some(&Disturbance::RESET));
    assert_eq!(
        Ask::get("n/i/a").status(&emulator).await,
        404,
        "nothing was done"
    );
    assert_eq!(write().status(&emulator).await, 200);
    assert!(emulator.fault("(", 1, Fault::html()).is_err());
    let struck: Vec<_> = emulator
        .requests()
        .iter()
        .map(|request| request.fault)
        .collect();
    let status = Some("status");
    assert_eq!(
        struck,
        [None, status, status, Some("reset-before"), None, None]
    );
}

#[tokio::test(start_paused = true)]
async fn some_strike_after_the_work_is_done() {
    let emulator = emulator();
    let write = |key: &str| Ask::post(&format!("n/i/{key}"), &json!({"x": 1}));
    emulator.fault("", 1, Fault::reset()).unwrap();
    assert!(
        write("a")
            .of(&emulator)
            .await
            .extensions()
            .get::<Disturbance>()
            .is_some()
    );
    emulator.fault("", 1, Fault::html()).unwrap();
    assert!(text(&write("b").of(&emulator).await).starts_with("<!DOCTYPE html>"));
    emulator.fault("", 1, Fault::body("{")).unwrap();
    assert_eq!(text(&write("c").of(&emulator).await), "{");
    emulator
        .fault("", 1, Fault::slow(Duration::from_secs(60)))
        .unwrap();
    let begun = Instant::now();
    assert_eq!(write("d").status(&emulator).await, 200);
    assert_eq!(begun.elapsed(), Duration::from_secs(60));
    emulator.drop_after_write(1);
    // Reading and failing are no writing.
    assert_eq!(Ask::get("n/i/a").status(&emulator).await, 200);
    assert_eq!(write("a").status(&emulator).await, 412);
    assert!(
        write("e")
            .of(&emulator)
            .await
            .extensions()
            .get::<Disturbance>()
            .is_some()
    );
    assert_eq!(write("f").status(&emulator).await, 200);
    assert_eq!(emulator.objects("app", TOKEN, "n").len(), 6);
}

#[tokio::test(start_paused = true)]
async fn opening_a_socket_can_fail_or_take_long() {
    let emulator = emulator();
    let busy = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    emulator.fault("^GET /sock/", 1, busy).unwrap();
    assert_eq!(opening().status(&emulator).await, 503);
    emulator.fault("^GET /sock/", 1, Fault::reset()).unwrap();
    let cut = opening().of(&emulator).await;
    assert!(cut.extensions().get::<Disturbance>().is_some());
    emulator.fault("^GET /sock/", 1, Fault::html()).unwrap();
    assert_eq!(opening().status(&emulator).await, 200);
    assert_eq!(emulator.sockets(), 0);
    let slow = Fault::slow(Duration::from_secs(60));
    emulator.fault("^GET /sock/", 1, slow).unwrap();
    let begun = Instant::now();
    let mut socket = Socket::channel(&emulator, "c").await;
    assert_eq!(begun.elapsed(), Duration::from_secs(60));
    assert_eq!(socket.ask("h:1").await, "h:2");
}

#[tokio::test]
async fn through_the_transport_a_cut_is_an_error() {
    let emulator = emulator();
    let transport = emulator.transport();
    let ask = || {
        let (parts, body) = Ask::get("n/index").request().into_parts();
        http::Request::from_parts(parts, Body::from(body))
    };
    emulator.fault("", 1, Fault::reset()).unwrap();
    assert!(transport.send(ask()).await.is_err());
    emulator.fault("", 1, Fault::truncate()).unwrap();
    let cut = transport.send(ask()).await.unwrap().into_body();
    assert!(cut.collect(1 << 20).await.is_err());
    let whole = transport.send(ask()).await.unwrap().into_body();
    assert!(whole.collect(1 << 20).await.unwrap().starts_with(b"{"));
}

#[tokio::test]
async fn a_change_can_be_refused_with_any_code() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    emulator.change_errors([503, 440]);
    let change = json!({"id": "n", "o": "M", "ccid": "x", "v": {}});
    assert_eq!(socket.change(&change).await["error"], 503);
    assert_eq!(socket.change(&change).await["error"], 440);
    assert_eq!(socket.change(&change).await["ev"], 1);
}

#[tokio::test]
async fn a_kicked_socket_ends_without_a_word() {
    let emulator = emulator();
    let mut first = Socket::channel(&emulator, "c").await;
    let mut second = Socket::open(&emulator).await;
    assert_eq!(emulator.kick(), 2);
    assert!(first.is_cut().await && second.is_cut().await);
    assert_eq!(emulator.sockets(), 0);
    let mut again = Socket::channel(&emulator, "c").await;
    assert_eq!(again.ask("h:1").await, "h:2");
}

#[tokio::test]
async fn a_dropped_change_is_made_and_its_sender_hears_nothing() {
    let emulator = emulator();
    let mut ann = Socket::channel(&emulator, "c1").await;
    let mut other = Socket::channel(&emulator, "c2").await;
    emulator.drop_after_write(1);
    let change = json!({"id": "n", "o": "M", "ccid": "x", "v": {"a": {"o": "+", "v": 1}}});
    ann.send(&format!("0:c:{change}")).await;
    assert!(ann.is_cut().await);
    assert!(other.next().await.contains("\"ccids\":[\"x\"]"));
    // Sent again, it is known.
    let mut again = Socket::channel(&emulator, "c1").await;
    assert_eq!(again.change(&change).await["error"], 409);
}

#[tokio::test]
async fn an_expired_token_ends_channels_and_requests() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    emulator.expire(TOKEN);
    let change = json!({"id": "n", "o": "M", "ccid": "x", "v": {}});
    assert_eq!(socket.change(&change).await["error"], 401);
    let refused = r#"0:auth:{"msg":"Token invalid","code":401}"#;
    assert_eq!(socket.ask("0:cv:x").await, refused);
    assert_eq!(Ask::get("n/index").status(&emulator).await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_silent_service_keeps_sockets_open() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    emulator.silent(true);
    socket.send("h:1").await;
    assert!(socket.settled().await.is_empty());
    assert_eq!(emulator.sockets(), 1);
    emulator.clear_faults();
    assert_eq!(socket.ask("h:5").await, "h:6");
}

#[tokio::test]
async fn a_change_can_be_told_twice() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    emulator.repeat_changes(1);
    let change = json!({"id": "n", "o": "M", "ccid": "x", "v": {}});
    let echo = socket.change(&change).await;
    assert_eq!(socket.changes(0).await, json!([echo]));
    assert_eq!(socket.ask("h:1").await, "h:2");
}
