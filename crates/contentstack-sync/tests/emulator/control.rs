//! The control interface, over a socket.

use contentstack_sync::emulator::Emulator;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A request over a connection of its own: the whole answer, as far as it came.
async fn exchange(emulator: &Emulator, head: &str, body: &str) -> String {
    let address = emulator.url();
    let address = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
         api_key: {}\r\naccess_token: {}\r\n\r\n{body}",
        body.len(),
        emulator.api_key(),
        emulator.access_token(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // How it ends is part of what is tested.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn post(emulator: &Emulator, verb: &str, body: &Value) -> Value {
    let head = format!("POST /emulator/{verb}");
    let answer = exchange(emulator, &head, &body.to_string()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{verb}: {answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn everything_can_be_done_over_http() {
    let emulator = Emulator::builder().start().await.unwrap();
    post(
        &emulator,
        "fill",
        &json!({"items": 30, "size": 700, "locales": ["en-us"]}),
    )
    .await;
    let entry = json!({"content_type": "article", "uid": "blte1", "fields": {"title": "T"}});
    assert_eq!(
        post(&emulator, "publish-entry", &entry).await["uid"],
        "blte1"
    );
    let gone = json!({"uid": "blte1", "locale": "en-us"});
    assert_eq!(post(&emulator, "unpublish", &gone).await["count"], 1);
    assert_eq!(post(&emulator, "unpublish", &gone).await["count"], 0);
    assert_eq!(
        post(&emulator, "delete", &json!({"uid": "blte1"})).await["count"],
        1
    );
    let asset = json!({"filename": "a.txt", "uid": "blta1", "text": "abc"});
    post(&emulator, "publish-asset", &asset).await;
    post(
        &emulator,
        "options",
        &json!({"page_size": 7, "order": "oldest-first"}),
    )
    .await;
    post(&emulator, "change", &json!({"count": 3})).await;
    let published = post(&emulator, "published", &json!({})).await;
    let truth = emulator.published();
    assert_eq!(published.as_array().unwrap().len(), truth.len());
    assert_eq!(published[0]["uid"], truth[0].uid.as_str());
    post(&emulator, "raw", &json!({"type": "new_type"})).await;
    assert_eq!(post(&emulator, "log", &json!({})).await, json!([]));
    post(&emulator, "reset", &json!({})).await;
    assert!(emulator.published().is_empty());
}

#[tokio::test]
async fn faults_reach_the_socket() {
    let emulator = Emulator::builder().start().await.unwrap();
    post(&emulator, "fill", &json!({"items": 30})).await;
    for kind in ["drop-before", "truncate"] {
        post(&emulator, "fault", &json!({"kind": kind, "on": "init"})).await;
    }
    let head = "GET /v3/stacks/sync?init=true";
    assert_eq!(exchange(&emulator, head, "").await, "");
    let cut = exchange(&emulator, head, "").await;
    let (head_of_cut, body) = cut.split_once("\r\n\r\n").unwrap();
    let announced = head_of_cut
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert!(body.len() < announced.parse().unwrap(), "{announced}");
    assert!(exchange(&emulator, head, "").await.ends_with("\"}"));
    let connections: Vec<_> = emulator
        .requests()
        .iter()
        .map(|request| request.connection)
        .collect();
    assert!(
        connections.iter().all(Option::is_some) && connections.is_sorted(),
        "{connections:?}"
    );
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let emulator = Emulator::builder().start().await.unwrap();
    for (verb, body) in [
        ("nothing", "{}"),
        ("fill", "{}"),
        ("options", "{\"page\":1}"),
        ("fault", "{\"kind\":\"no\"}"),
        ("fault", "{\"kind\":\"truncate\",\"on\":\"no\"}"),
    ] {
        let answer = exchange(&emulator, &format!("POST /emulator/{verb}"), body).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{verb}: {answer}");
    }
    let closed = Emulator::builder().control(false).start().await.unwrap();
    let answer = exchange(&closed, "POST /emulator/reset", "").await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}
