//! Calls that come in.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use contentstack_sync::Clock;
use contentstack_sync::mirror::Trigger;
use contentstack_sync::webhook::{Endpoint, Verifier};
use http::{Method, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::{ENTRY, Hmac, at, hmacs};

/// An endpoint for the recorded calls, and the uids it was told of.
fn endpoint(vector: &Hmac) -> (Endpoint, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let uids = Arc::clone(&told);
    let verifier = Verifier::hmac([&vector.secret]);
    let endpoint = Endpoint::new(verifier, move |event| {
        uids.lock()
            .unwrap()
            .push(event.uid().unwrap_or("?").to_owned());
    });
    (endpoint.clock(Clock::fixed(at(vector.t))), told)
}

fn call(vector: &Hmac, body: &'static [u8]) -> Request<Bytes> {
    Request::post("/notify")
        .header(&vector.header_name, &vector.header)
        .body(Bytes::from_static(body))
        .unwrap()
}

#[test]
fn verified_calls_are_handed_over_and_answered() {
    let [(vector, body), (other, other_body)] = hmacs();
    let (endpoint, told) = endpoint(&vector);
    assert_eq!(endpoint.handle(&call(&vector, body)).status(), 200);
    assert_eq!(endpoint.handle(&call(&other, other_body)).status(), 200);
    assert_eq!(
        *told.lock().unwrap(),
        ["blte000000000000004", "landing_page"]
    );
}

#[test]
fn what_is_not_the_services_changes_nothing() {
    let [(vector, body), _] = hmacs();
    let (endpoint, told) = endpoint(&vector);
    let mut unsigned = call(&vector, body);
    unsigned.headers_mut().clear();
    assert_eq!(endpoint.handle(&unsigned).status(), 401);
    let mut got = call(&vector, body);
    *got.method_mut() = Method::GET;
    let refused = endpoint.handle(&got);
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    let mut large = call(&vector, body);
    *large.body_mut() = vec![b' '; (1 << 20) + 1].into();
    assert_eq!(endpoint.handle(&large).status(), 413);
    let late = endpoint.clone().clock(Clock::fixed(at(vector.t + 3600)));
    let refused = late.handle(&call(&vector, body));
    assert_eq!(refused.status(), 401);
    assert!(refused.body().is_empty(), "the reason is nobody's business");
    assert!(told.lock().unwrap().is_empty());
}

#[test]
fn other_stacks_and_mere_edits_are_answered_and_forgotten() {
    let [(vector, body), _] = hmacs();
    let (endpoint, told) = endpoint(&vector);
    let other = endpoint.api_key("blt-of-another-stack");
    assert_eq!(other.handle(&call(&vector, body)).status(), 200);
    let basic = Endpoint::new(Verifier::basic_auth("a", "b"), {
        let told = Arc::clone(&told);
        move |_| told.lock().unwrap().push("told".to_owned())
    });
    let call = |body: &'static str| {
        let request = Request::post("/").header("authorization", "Basic YTpi");
        let request = request.body(Bytes::from_static(body.as_bytes())).unwrap();
        basic.handle(&request).status().as_u16()
    };
    assert_eq!(call(r#"{"module":"entry","event":"update"}"#), 200);
    assert_eq!(call("not json"), 400);
    assert!(told.lock().unwrap().is_empty());
    assert_eq!(call(r#"{"module":"entry","event":"publish"}"#), 200);
    assert_eq!(told.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn calls_over_a_socket_fire_the_trigger() {
    let [(vector, _), _] = hmacs();
    let trigger = Trigger::new();
    let endpoint = Endpoint::triggering(Verifier::hmac([&vector.secret]), &trigger)
        .clock(Clock::fixed(at(vector.t)));
    let listener = endpoint
        .listen("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(listener.address()).await.unwrap();
        let head = format!(
            "POST /notify HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             {}: {}\r\ncontent-length: {}\r\n\r\n",
            vector.header_name,
            vector.header,
            ENTRY.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(ENTRY).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert_eq!(trigger.fired(), 3);
}
