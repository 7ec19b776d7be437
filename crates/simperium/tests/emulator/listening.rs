//! The service on a listening socket, and its control interface.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use simperium::emulator::{Emulator, Fault};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::support::{TOKEN, init};

async fn ask(emulator: &Emulator, method: &str, target: &str, body: &str) -> String {
    let host = emulator.host();
    let mut stream = TcpStream::connect(&host).await.unwrap();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nx-simperium-token: {TOKEN}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A connection that breaks gives what came until then.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

async fn control(emulator: &Emulator, verb: &str, body: &Value) -> (u16, Value) {
    let answer = ask(
        emulator,
        "POST",
        &format!("/_lab/{verb}"),
        &body.to_string(),
    )
    .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

async fn socket(emulator: &Emulator) -> WebSocketStream<TcpStream> {
    let mut stream = TcpStream::connect(emulator.host()).await.unwrap();
    let url = emulator.socket_url("app");
    let path = url
        .strip_prefix(&format!("ws://{}", emulator.host()))
        .unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        emulator.host()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    WebSocketStream::from_raw_socket(stream, Role::Client, None).await
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> String {
    let message = socket.next().await.unwrap().unwrap();
    message.into_text().unwrap().as_str().to_owned()
}

#[tokio::test]
async fn requests_and_sockets_share_a_port() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut socket = socket(&emulator).await;
    socket
        .send(Message::text(init(0, "note", "c", TOKEN)))
        .await
        .unwrap();
    assert!(next(&mut socket).await.starts_with("0:auth:"));
    let answer = ask(&emulator, "POST", "/1/app/note/i/k", r#"{"a":1}"#).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nx-simperium-version: 1\r\n"));
    assert!(next(&mut socket).await.contains(r#""id":"k""#));
    assert_eq!(emulator.kick(), 1);
    assert!(!matches!(socket.next().await, Some(Ok(_))));
}

#[tokio::test]
async fn a_cut_answer_announces_more_than_comes() {
    let emulator = Emulator::builder().start().await.unwrap();
    emulator.fault("index", 1, Fault::truncate()).unwrap();
    let answer = ask(&emulator, "GET", "/1/app/n/index", "").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let announced = lines
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert!(body.len() < announced.parse().unwrap());
    emulator.fault("index", 1, Fault::reset()).unwrap();
    assert_eq!(ask(&emulator, "GET", "/1/app/n/index", "").await, "");
}

#[tokio::test]
async fn everything_can_be_controlled_over_http() {
    let emulator = Emulator::builder().start().await.unwrap();
    let all = json!({
        "latency_ms": 0, "hold": 0.5, "poll_end": "empty", "max_doc_bytes": 1000,
        "version_max": 3, "version10_max": 4, "marks": "offset", "drop_after_write": 0,
        "change_errors": [503], "unknown_cv": 0, "repeat_changes": 0, "silent": false,
        "forget": 5, "expire": "lab-old", "ws_kick": 1, "ask_index": true, "log_level": 1,
        "fail": [
            {"match": "^GET .*/index", "status": 503, "headers": {"Retry-After": "2"}, "body": "x", "times": 1},
            {"match": "a", "kind": "reset"}, {"match": "b", "kind": "reset-before"},
            {"match": "c", "kind": "truncate"}, {"match": "d", "kind": "slow", "seconds": 0.001},
            {"match": "e", "kind": "html"}, {"match": "f", "kind": "body"}, {"match": "g", "close": true},
        ],
    });
    let (status, answer) = control(&emulator, "config", &all).await;
    assert_eq!((status, &answer["max_doc_bytes"]), (200, &json!(1000)));
    let answer = ask(&emulator, "GET", "/1/zz/zz/index", "").await;
    assert!(answer.contains("retry-after: 2") && answer.ends_with('x'));
    assert_eq!(
        control(&emulator, "config", &json!({"fail": []})).await.0,
        200
    );
    for bad in [
        json!({"nothing": 1}),
        json!({"hold": -1}),
        json!({"poll_end": "x"}),
        json!({"marks": "x"}),
        json!({"fail": [{"match": "("}]}),
        json!({"fail": [{"match": "x", "kind": "?"}]}),
        json!({"fail": [{"match": "x", "status": 1}]}),
    ] {
        assert_eq!(control(&emulator, "config", &bad).await.0, 400, "{bad}");
    }
    let seed = json!({"app": "app", "token": TOKEN, "bucket": "n", "count": 4, "size": 20});
    assert_eq!(control(&emulator, "seed", &seed).await.0, 200);
    let (_, state) = control(&emulator, "state", &json!({})).await;
    assert_eq!(state["apps"]["app"], json!({"buckets": 1, "objects": 4}));
    let (_, log) = control(&emulator, "log", &json!({})).await;
    assert_eq!(log["requests"][0]["fault"], "status");
    assert_eq!(control(&emulator, "reset", &json!({})).await.0, 200);
    assert!(emulator.requests().is_empty() && emulator.changes_made() == 0);
    assert_eq!(control(&emulator, "nothing", &json!({})).await.0, 404);
    let get = ask(&emulator, "GET", "/_lab/config", "").await;
    assert!(get.starts_with("HTTP/1.1 405"));
    let closed = Emulator::builder().control(false).start().await.unwrap();
    assert_eq!(control(&closed, "reset", &json!({})).await.0, 404);
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_its_sockets() {
    let emulator = Emulator::builder().start().await.unwrap();
    let host = emulator.host();
    let mut idle = TcpStream::connect(&host).await.unwrap();
    let mut socket = socket(&emulator).await;
    let transport = emulator.transport();
    drop(emulator);
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(!matches!(socket.next().await, Some(Ok(_))));
    assert!(TcpStream::connect(&host).await.is_err());
    drop(transport);
}
