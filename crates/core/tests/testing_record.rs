//! Recordings hold no secret and answer what was recorded.

#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::testing::{
    BodyMatch, Cassette, Order, Recorder, Replayer, ScriptedServer, SecretSearch,
};
use sync_core::{Body, Secret, Transport};

const KEY: &str = "XX6406JTI3NH673Q";
const PASSWORD: &str = "pä\"ss/wörd";

fn get(target: &str) -> Request<Body> {
    Request::get(format!("http://host{target}"))
        .body(Body::empty())
        .unwrap()
}

fn put(target: &str, body: &'static str) -> Request<Body> {
    Request::put(format!("http://host{target}"))
        .body(Body::from(body))
        .unwrap()
}

async fn text(transport: &impl Transport, request: Request<Body>) -> String {
    let answer = transport.send(request).await.unwrap();
    let body = answer.into_body().collect(1000).await.unwrap();
    String::from_utf8_lossy(&body).into_owned()
}

/// Everything that comes back has the secrets in it.
fn leaky() -> ReplyTransport {
    ReplyTransport::new(|request| {
        let mut answer = mock::json(StatusCode::OK, &[KEY, PASSWORD]);
        if request.uri().path() == "/binary" {
            let mut bytes = b"\xff\xfe ".to_vec();
            bytes.extend_from_slice(PASSWORD.as_bytes());
            *answer.body_mut() = Body::from(bytes);
        }
        let headers = answer.headers_mut();
        headers.insert(
            SET_COOKIE,
            HeaderValue::from_static("session=XX6406JTI3NH673Q"),
        );
        headers.insert(
            "x-request-id",
            HeaderValue::from_static("for XX6406JTI3NH673Q"),
        );
        headers.insert("etag", HeaderValue::from_static("\"XX6406JTI3NH673Q\""));
        Ok(answer)
    })
}

#[tokio::test]
async fn a_recording_holds_no_secret() {
    let secrets = [Secret::from(KEY), Secret::from(PASSWORD)];
    let recorder = Recorder::new(leaky(), secrets)
        .show_query(["folder"])
        .keep_header(HeaderName::from_static("x-request-id"));
    let encoded = "p%C3%A4%22ss%2Fw%C3%B6rd";
    let mut request = get(&format!(
        "/{encoded}?folder=f1&token=abcdef&folder={encoded}&{KEY}"
    ));
    let headers = request.headers_mut();
    headers.insert("x-api-key", HeaderValue::from_static(KEY));
    headers.insert(
        "authorization",
        HeaderValue::from_static("Bearer XX6406JTI3NH673Q"),
    );
    headers.insert("accept", HeaderValue::from_static("application/json"));
    recorder.send(request).await.unwrap();
    recorder.send(put("/binary", KEY)).await.unwrap();

    let json = recorder.cassette().to_json();
    SecretSearch::new([KEY, PASSWORD, "abcdef", "session="]).assert_absent("the cassette", &json);
    for kept in [
        "folder=f1",
        "token=[redacted]",
        "application/json",
        "x-request-id",
        "base64",
    ] {
        assert!(json.contains(kept), "{kept} in {json}");
    }
    for dropped in ["x-api-key", "authorization", "set-cookie", "http://host"] {
        assert!(!json.contains(dropped), "{dropped} in {json}");
    }
}

#[tokio::test]
async fn what_passes_a_recorder_is_not_changed() {
    let recorder = Recorder::new(leaky(), [Secret::from(KEY)]);
    let mut request = put("/a", "data");
    request
        .headers_mut()
        .insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let body = text(&recorder, request).await;
    assert!(body.contains(KEY));
    let sent = &recorder.inner().requests()[0];
    assert_eq!(sent.body(), "data");
    assert!(!sent.headers().contains_key(ACCEPT_ENCODING));
}

#[tokio::test]
async fn a_recording_is_replayed() {
    let inner = ReplyTransport::new(|request| {
        let body = format!("{} {}", request.method(), request.uri().path());
        Ok(mock::with_header(
            mock::response(StatusCode::CREATED, body),
            "etag",
            "\"1\"",
        ))
    });
    let recorder = Recorder::new(inner, [Secret::from(KEY)]).show_query(["n"]);
    for request in [
        get("/a?n=1&key=XX6406JTI3NH673Q"),
        put("/b", r#"{"a":1,"b":2}"#),
    ] {
        recorder.send(request).await.unwrap();
    }
    let cassette = Cassette::from_json(&recorder.cassette().to_json()).unwrap();

    let replayer = Replayer::new(cassette);
    assert_eq!(replayer.unused().len(), 2);
    // Another key, another order of the query and of the JSON: the same request.
    let answer = replayer.send(get("/a?key=another&n=1")).await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["etag"].as_bytes()
        ),
        (201, &b"\"1\""[..])
    );
    assert_eq!(
        text(&replayer, put("/b", r#"{ "b": 2, "a": 1 }"#)).await,
        "PUT /b"
    );
    assert!(replayer.unused().is_empty());
}

fn three() -> Cassette {
    Cassette::from_json(
        r#"{"interactions":[
            {"request":{"method":"GET","path":"/a"},"status":200,"text":"1"},
            {"request":{"method":"GET","path":"/a"},"status":200,"text":"2"},
            {"request":{"method":"PUT","path":"/b?x=1","text":"data"},"status":200,"text":"3"}
        ]}"#,
    )
    .unwrap()
}

#[tokio::test]
async fn strict_order_refuses_what_is_not_next() {
    let replayer = Replayer::new(three());
    let error = replayer.send(put("/b?x=secret", "data")).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("PUT /b?x=[redacted]"), "{message}");
    assert!(message.contains("the next one is GET /a"), "{message}");
    assert_eq!(replayer.unused(), ["GET /a", "GET /a", "PUT /b?x=1"]);
}

#[tokio::test]
async fn any_order_uses_each_once_and_repeat_the_last_again() {
    let replayer = Replayer::new(three()).order(Order::Any);
    assert_eq!(text(&replayer, put("/b?x=1", "data")).await, "3");
    assert_eq!(text(&replayer, get("/a")).await, "1");
    assert_eq!(text(&replayer, get("/a")).await, "2");
    replayer.send(get("/a")).await.unwrap_err();

    let replayer = Replayer::new(three()).order(Order::Repeat);
    for expected in ["1", "2", "2"] {
        assert_eq!(text(&replayer, get("/a")).await, expected);
    }
    assert_eq!(replayer.unused(), ["PUT /b?x=1"]);
}

#[tokio::test]
async fn query_body_and_headers_are_compared_as_asked() {
    let any = || Replayer::new(three()).order(Order::Any);
    for wrong in [
        put("/b", "data"),
        put("/b?x=1&y=2", "data"),
        put("/b?x=1", "other"),
    ] {
        any().send(wrong).await.unwrap_err();
    }
    any()
        .match_body(BodyMatch::Ignore)
        .send(put("/b?x=1", "other"))
        .await
        .unwrap();
    any()
        .ignore_query(["y"])
        .send(put("/b?x=1&y=2", "data"))
        .await
        .unwrap();

    let json = r#"{"interactions":[{"request":{"method":"GET","path":"/a",
        "headers":{"content-type":"text/plain"}},"status":200}]}"#;
    let typed = || Replayer::new(Cassette::from_json(json).unwrap()).match_header(CONTENT_TYPE);
    typed().send(get("/a")).await.unwrap_err();
    let mut request = get("/a");
    request
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    typed().send(request).await.unwrap();
}

#[tokio::test]
async fn a_cassette_answers_behind_a_socket() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let replayer = Replayer::new(three());
    let server = ScriptedServer::serve(replayer.handler()).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(server.authority())
        .await
        .unwrap();
    stream
        .write_all(b"GET /a HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert!(
        answers.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1HTTP/1.1 501"),
        "{answers}"
    );
    assert_eq!(replayer.unused().len(), 2);
}

#[tokio::test]
async fn an_omitted_body_is_said_and_not_made_up() {
    let inner = ReplyTransport::new(|_| {
        let answer = mock::response(StatusCode::OK, "\u{1f}");
        Ok(mock::with_header(answer, "content-encoding", "gzip"))
    });
    let recorder = Recorder::new(inner, []);
    recorder.send(get("/a")).await.unwrap();
    let error = Replayer::new(recorder.cassette())
        .send(get("/a"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("encoded as gzip"), "{error}");
}

#[test]
fn a_folder_of_recorded_calls_is_a_cassette() {
    let folder = std::env::temp_dir().join(format!("sync-core-calls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let files = [
        (
            "b-missing.json",
            r#"{"request":{"method":"GET","path":"/b","no_api_key":true},
            "status":404,"headers":{"content-length":"10"},"text":"No such\n","seconds_total":0.1}"#,
        ),
        (
            "a-good.json",
            r#"{"request":{"method":"POST","path":"/a","body":"{nope"},"status":200,
            "headers":{}, "body": { "n": 1 }}"#,
        ),
        ("c-list.json", "[1]"),
        ("readme.txt", "not JSON"),
    ];
    for (name, content) in files {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let cassette = Cassette::from_recorded_calls(&folder);
    std::fs::write(folder.join("d-broken.json"), "{").unwrap();
    let broken = Cassette::from_recorded_calls(&folder).unwrap_err();
    std::fs::remove_dir_all(&folder).unwrap();

    let cassette = cassette.unwrap();
    let names: Vec<_> = cassette
        .interactions
        .iter()
        .map(|i| i.name.as_deref())
        .collect();
    assert_eq!(names, [Some("a-good"), Some("b-missing")]);
    assert_eq!(cassette.skipped(), ["c-list"]);
    let good = cassette.named("a-good").unwrap();
    assert_eq!(good.request_body.bytes().unwrap(), "{nope");
    assert_eq!(good.body.bytes().unwrap(), r#"{ "n": 1 }"#);
    assert!(broken.to_string().contains("d-broken"), "{broken}");
}

#[test]
fn a_cassette_survives_its_file() {
    let path = std::env::temp_dir().join(format!("sync-core-cassette-{}.json", std::process::id()));
    three().save(&path).unwrap();
    let loaded = Cassette::load(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(loaded.unwrap().to_json(), three().to_json());
    assert!(Cassette::load(&path).is_err());
}
