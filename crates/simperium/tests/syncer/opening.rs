//! What answers to the request for a socket are taken for.

use std::sync::Arc;

use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::{Request, Response, StatusCode};
use serde_json::json;
use simperium::emulator::EmulatorTransport;
use simperium::syncer::{Event, Status};
use sync_core::{Body, Transport, TransportError};

use super::support::*;

/// The emulator, whose answers are changed on the way.
#[derive(Debug)]
struct Meddling {
    emulator: EmulatorTransport,
    change: fn(&mut Response<Body>),
}

#[async_trait::async_trait]
impl Transport for Meddling {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let mut answer = self.emulator.send(request).await?;
        (self.change)(&mut answer);
        Ok(answer)
    }
}

/// Whether a socket is opened by an answer that was changed like this.
async fn opens(change: fn(&mut Response<Body>)) -> bool {
    let emulator = emulator();
    let transport = Arc::new(Meddling {
        emulator: emulator.transport(),
        change,
    });
    let builder = builder(&emulator).transport(transport).paused(true);
    let notes = notes(&builder.start().await.unwrap());
    let mut events = notes.subscribe();
    notes.syncer().resume().unwrap();
    until(&mut events, |event| match event {
        Event::Connection(Status::Online) => Some(true),
        Event::Connection(Status::Offline { .. }) => Some(false),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn only_the_answer_to_this_very_request_opens_a_socket() {
    assert!(opens(|_| {}).await);
    assert!(!opens(|answer| *answer.status_mut() = StatusCode::OK).await);
    assert!(!opens(|answer| drop(answer.headers_mut().remove(SEC_WEBSOCKET_ACCEPT))).await);
    assert!(!opens(|answer| drop(answer.headers_mut().remove(UPGRADE))).await);
    assert!(!opens(|answer| drop(answer.headers_mut().remove(CONNECTION))).await);
    assert!(
        !opens(|answer| {
            let other = http::HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            answer.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, other);
        })
        .await
    );
    // A transport that cannot hand out connections.
    assert!(!opens(|answer| answer.extensions_mut().clear()).await);
}

#[tokio::test(start_paused = true)]
async fn every_socket_has_a_key_of_its_own() {
    let emulator = emulator();
    let notes = device(&emulator).await;
    for _ in 0..3 {
        synced(&notes).await;
        notes.syncer().pause().await.unwrap();
        notes.syncer().resume().unwrap();
    }
    synced(&notes).await;
    let requests = emulator.requests();
    assert_eq!(requests.len(), 4);
    let mut keys: Vec<_> = requests
        .iter()
        .map(|request| request.headers[SEC_WEBSOCKET_KEY].clone())
        .collect();
    keys.dedup();
    assert_eq!(keys.len(), 4);
    assert!(
        requests
            .iter()
            .all(|request| !format!("{:?}", request.headers).contains(TOKEN))
    );
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_too_large_ends_the_connection() {
    let emulator = emulator();
    emulator.seed("app", TOKEN, "note", 10, 1000);
    let builder = builder(&emulator).largest_frame(2000).paused(true);
    let notes = notes(&builder.start().await.unwrap());
    let mut events = notes.subscribe();
    notes.syncer().resume().unwrap();
    until(&mut events, |event| match event {
        Event::Connection(Status::Offline { .. }) => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(objects(&notes).await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn objects_that_are_too_much_for_one_page_come_in_smaller_ones() {
    let emulator = emulator();
    emulator.seed("app", TOKEN, "note", 100, 1000);
    let builder = builder(&emulator).largest_frame(20_000);
    let notes = notes(&builder.start().await.unwrap());
    synced(&notes).await;
    assert_eq!(objects(&notes).await.len(), 100);
    // Nor does it fail over what has happened while it was away.
    notes.syncer().pause().await.unwrap();
    for number in 0..40 {
        let object = json!({"text": "x".repeat(1000), "n": number});
        let api = notes.syncer().api().bucket("note").unwrap();
        api.put(format!("new{number}"), &object).await.unwrap();
    }
    notes.syncer().resume().unwrap();
    synced(&notes).await;
    assert_eq!(objects(&notes).await, on_server(&emulator));
}
