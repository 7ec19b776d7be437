//! The server on a socket, and its control interface.

use ocss::emulator::{Emulator, Fault};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn ask(emulator: &Emulator, method: &str, path: &str, body: &str) -> String {
    let origin = emulator.origin();
    let authority = origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
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

const VENDORS: &str = "/v2/phones/vendors/";

#[tokio::test]
async fn links_lead_to_the_socket() {
    let emulator = Emulator::builder().start().await.unwrap();
    let answer = ask(&emulator, "GET", VENDORS, "").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(answer.contains(&format!("<id>{}phones/vendors/</id>", emulator.url())));
    assert!(answer.contains("\r\ndate: "));
}

#[tokio::test]
async fn a_cut_answer_announces_more_than_comes() {
    let emulator = Emulator::builder().start().await.unwrap();
    emulator.fault("vendors", 1, Fault::truncate()).unwrap();
    let answer = ask(&emulator, "GET", VENDORS, "").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let announced = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert!(body.len() < announced.parse().unwrap());
    emulator.fault("vendors", 1, Fault::reset()).unwrap();
    assert_eq!(ask(&emulator, "GET", VENDORS, "").await, "");
    assert!(
        ask(&emulator, "GET", VENDORS, "")
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn everything_can_be_controlled_over_http() {
    let emulator = Emulator::builder().start().await.unwrap();
    assert_eq!(
        control(&emulator, "page-size", &json!({"size": 2})).await.0,
        200
    );
    assert!(
        ask(&emulator, "GET", VENDORS, "")
            .await
            .contains("rel=\"next\"")
    );
    let (_, log) = control(&emulator, "log", &json!({"last": 1})).await;
    assert_eq!(
        (
            &log[0]["method"],
            &log[0]["path"],
            &log[0]["oauth"]["signed"]
        ),
        (&json!("GET"), &json!(VENDORS), &json!(false))
    );
    let fault = json!({"match": "^GET", "times": 1, "kind": "status", "status": 503, "headers": {"Retry-After": "2"}, "body": "x"});
    assert_eq!(control(&emulator, "fault", &fault).await.0, 200);
    assert!(
        ask(&emulator, "GET", VENDORS, "")
            .await
            .contains("retry-after: 2")
    );
    for kind in [
        "reset",
        "reset-before",
        "truncate",
        "slow",
        "malformed",
        "html",
        "xxe",
        "body",
        "loop",
        "bare-created",
        "no-etag",
    ] {
        assert_eq!(
            control(&emulator, "fault", &json!({"match": "x", "kind": kind}))
                .await
                .0,
            200,
            "{kind}"
        );
    }
    for kind in ["redirect", "foreign-next"] {
        let fault = json!({"match": "x", "kind": kind, "location": "/y"});
        assert_eq!(control(&emulator, "fault", &fault).await.0, 200, "{kind}");
    }
    for bad in [
        json!({"match": "(", "kind": "html"}),
        json!({"match": "x", "kind": "?"}),
        json!({"kind": "html"}),
        json!({"match": "x", "kind": "status", "status": 1}),
    ] {
        assert_eq!(control(&emulator, "fault", &bad).await.0, 400, "{bad}");
    }
    assert_eq!(control(&emulator, "faults-clear", &json!({})).await.0, 200);
    let (status, now) = control(&emulator, "clock", &json!({"offset": 86_400 * 366})).await;
    assert!(status == 200 && now["now"].is_string());
    assert_eq!(control(&emulator, "sms", &json!({})).await.1, json!([]));
    assert_eq!(
        control(&emulator, "visit", &json!({"code": "x"})).await.0,
        400
    );
    assert_eq!(control(&emulator, "reset", &json!({})).await.0, 200);
    assert!(emulator.requests().is_empty());
    assert_eq!(control(&emulator, "nothing", &json!({})).await.0, 404);
    assert!(
        ask(&emulator, "GET", "/_lab/log", "")
            .await
            .starts_with("HTTP/1.1 405")
    );
}

#[tokio::test]
async fn a_dropped_server_is_gone() {
    let emulator = Emulator::builder().start().await.unwrap();
    let port: u16 = emulator
        .origin()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut idle = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    drop(emulator);
    // Its connections end with it; the port is free again after that.
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}
