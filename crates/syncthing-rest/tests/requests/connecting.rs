//! Keys, headers, paths, and which daemon answers.

use std::time::Duration;

use http::Method;
use syncthing_rest::model::Version;
use syncthing_rest::{Client, ErrorKind, RetryPolicy};

use crate::common::{Answer, DEVICE, Daemon, KEY, OTHER_DEVICE};

const PONG: &str = r#"{"ping":"pong"}"#;

#[tokio::test]
async fn a_bearer_key_goes_in_its_own_header_only() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(200, PONG));
    daemon
        .builder()
        .bearer(KEY)
        .build()
        .unwrap()
        .get_ping()
        .await
        .unwrap();
    let seen = daemon.only();
    assert_eq!(seen.headers["authorization"], format!("Bearer {KEY}"));
    assert!(!seen.headers.contains_key("x-api-key"));
}

#[tokio::test]
async fn without_a_key_none_is_sent() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(200, PONG));
    daemon.builder().build().unwrap().get_ping().await.unwrap();
    let seen = daemon.only();
    assert!(!seen.headers.contains_key("x-api-key") && !seen.headers.contains_key("authorization"));
}

#[tokio::test]
async fn another_host_header_is_sent_if_it_is_told() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(200, PONG));
    let client = daemon
        .builder()
        .api_key(KEY)
        .host_header("localhost")
        .build()
        .unwrap();
    client.get_ping().await.unwrap();
    assert_eq!(daemon.only().headers["host"], "localhost");
}

#[tokio::test]
async fn a_path_before_the_api_stays() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(200, PONG));
    let url = format!("{}/sync/thing/", daemon.url());
    Client::builder(url)
        .api_key(KEY)
        .build()
        .unwrap()
        .get_ping()
        .await
        .unwrap();
    assert_eq!(daemon.only().target, "/sync/thing/rest/system/ping");
}

#[tokio::test]
async fn the_daemon_that_answered_last_is_known() {
    let daemon = Daemon::start().await;
    let client = daemon.client();
    assert_eq!(client.daemon(), None);
    let answer = |version: &str, id: &str| {
        Answer::new(200, PONG)
            .header("X-Syncthing-Version", version)
            .header("X-Syncthing-ID", id)
    };
    for (version, read, id) in [
        ("v1.19.2-ds1", Some(Version::new(1, 19, 2)), DEVICE),
        ("v2.1.3", Some(Version::new(2, 1, 3)), OTHER_DEVICE),
        ("unknown-dev", None, OTHER_DEVICE),
    ] {
        daemon.answer(answer(version, id));
        client.get_ping().await.unwrap();
        let known = client.daemon().unwrap();
        let numbers = |version: &Version| (version.major(), version.minor(), version.patch());
        assert_eq!(
            known.version.as_ref().map(numbers),
            read.as_ref().map(numbers)
        );
        assert_eq!(known.id.to_string(), id);
    }
    // Answers of others, such as a proxy, say nothing about it.
    daemon.answer(Answer::new(200, PONG));
    client.get_ping().await.unwrap();
    assert_eq!(client.daemon().unwrap().id.to_string(), OTHER_DEVICE);
    daemon.seen();
}

#[tokio::test]
async fn a_raw_call_takes_any_path_and_query() {
    let daemon = Daemon::start().await;
    let client = daemon.client();
    for method in [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ] {
        daemon.answer(Answer::new(200, "new"));
        let call = client.raw(
            method.clone(),
            "/rest/new/call",
            &[("a b", "c&d"), ("a b", "")],
        );
        assert_eq!(&call.await.unwrap()[..], b"new");
        let seen = daemon.only();
        assert_eq!(seen.method, method.as_str());
        assert_eq!(seen.target, "/rest/new/call?a%20b=c%26d&a%20b=");
        assert_eq!(seen.headers["x-api-key"], KEY);
    }
    let body = serde_json::json!({"x": 1});
    daemon.answer(Answer::new(200, "{}"));
    client
        .raw(Method::POST, "/rest/x", &[])
        .json_body(&body)
        .await
        .unwrap();
    assert_eq!(daemon.only().body, r#"{"x":1}"#);
    for call in [
        client.raw(Method::TRACE, "/rest/x", &[]),
        client.raw(Method::GET, "rest/x", &[]),
        client.raw(Method::GET, "/rest/x?a=b", &[]),
    ] {
        assert_eq!(call.await.unwrap_err().kind(), ErrorKind::Encode);
    }
    assert!(daemon.seen().is_empty());
}

#[tokio::test]
async fn a_raw_call_that_may_have_worked_is_repeated_only_if_it_reads() {
    let daemon = Daemon::start().await;
    let client = daemon.client();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        daemon.answer(Answer::new(503, "busy"));
        client.raw(method, "/rest/x", &[]).await.unwrap_err();
        daemon.only();
    }
    daemon.answer(Answer::new(503, "busy"));
    daemon.answer(Answer::new(200, ""));
    client.raw(Method::GET, "/rest/x", &[]).await.unwrap();
    assert_eq!(daemon.seen().len(), 2);
}

#[test]
fn neither_client_nor_builder_shows_the_key() {
    let builder = Client::builder("http://127.0.0.1:1").api_key(KEY);
    assert!(!format!("{builder:?}").contains(KEY));
    let client = builder.build().unwrap();
    assert!(!format!("{client:?} {:?} {:?}", client.system(), client.folder("f")).contains(KEY));
}

#[test]
fn what_cannot_be_connected_to_is_said_when_the_client_is_made() {
    for url in [
        "",
        "127.0.0.1:8384",
        "ftp://127.0.0.1",
        "http://user:pw@127.0.0.1",
    ] {
        let error = Client::builder(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}");
    }
    let error = Client::builder("http://127.0.0.1:1")
        .api_key("a\nb")
        .build()
        .unwrap_err();
    assert!(!error.to_string().contains("a\nb"), "{error}");
}

#[tokio::test]
async fn a_limit_set_after_the_repetition_leaves_it_alone() {
    let daemon = Daemon::start().await;
    let client = daemon
        .builder()
        .retry(RetryPolicy::never())
        .timeout(Duration::from_secs(9))
        .with_options(|options| options.idle_timeout(Duration::from_secs(5)))
        .build()
        .unwrap();
    daemon.answer(Answer::new(503, "busy"));
    client.get_ping().await.unwrap_err();
    daemon.only();
}
