//! What an error says, and what it must not say.

use std::error::Error as _;

use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderName, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sync_core::auth::HeaderAuth;
use sync_core::policy::{RetryAnswers, RetryPolicy};
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::transport::{Delivery, Phase, TransportErrorKind};
use sync_core::{
    ApiError, Error, ErrorKind, Operation, Pipeline, Secret, Service, StopReason, TransportError,
};

use crate::support::*;

const SECRET: &str = "p@ss/w\u{f6}rd~~~~~ \"long+enough\"=";

/// The ways in which a server may repeat a secret.
fn spellings(secret: &str) -> Vec<String> {
    let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let json = serde_json::to_string(secret).unwrap();
    let forms = [
        secret.to_owned(),
        encoded.to_ascii_lowercase(),
        encoded,
        base64::engine::general_purpose::STANDARD.encode(secret),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret),
        json[1..json.len() - 1].to_owned(),
    ];
    let distinct = std::collections::BTreeSet::from(forms);
    assert_eq!(
        distinct.len(),
        6,
        "a secret that is spelled differently each time"
    );
    distinct.into_iter().collect()
}

/// All that a caller can get to see of an error.
fn everything(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n{:?}\n", error.snippet());
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("{cause}\n{cause:?}\n{cause:#?}\n"));
        source = cause.source();
    }
    if let Some(api) = error.last().api() {
        text.push_str(&format!("{api} {api:?} {:?} {:?}", api.message, api.code));
    }
    text
}

/// Takes all of the body for the message, the code and the request's name.
#[derive(Debug)]
struct Talkative;

impl Service for Talkative {
    fn explain(&self, _: &Operation, head: &http::response::Parts, body: &Bytes) -> ApiError {
        let text = String::from_utf8_lossy(body).into_owned();
        let mut error = ApiError::new(head.status)
            .with_message(text.clone())
            .with_code(text.clone());
        error.request_id = Some(text);
        error
    }

    fn shown_query(&self) -> &'static [&'static str] {
        &["folder"]
    }
}

fn client(transport: std::sync::Arc<ReplyTransport>) -> Pipeline {
    builder(transport)
        .service(Talkative)
        .auth(HeaderAuth::basic("user", Secret::from(SECRET)).unwrap())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_the_server_repeats_is_in_no_part_of_the_error() {
    for code in [400, 401, 503] {
        for spelling in spellings(SECRET) {
            let body = format!("you sent {spelling} and that is wrong");
            let transport = replies(move |_| {
                Ok(mock::response(
                    StatusCode::from_u16(code).unwrap(),
                    body.clone(),
                ))
            });
            let error = client(transport).call(&GET).await.unwrap_err();
            let text = everything(&error);
            assert!(text.contains("[redacted]"), "{text}");
            assert!(!text.contains(&spelling), "{code}: {spelling} in {text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_through_a_secret_leaves_nothing_of_it() {
    for secret in ["XX6406JTI3NH673QRHOGU840PL8702", "s3cr3t"] {
        // The snippet ends at 500 bytes.
        for before in 470..505 {
            let body = format!("{}{secret} and more{}", ".".repeat(before), ".".repeat(600));
            let transport =
                replies(move |_| Ok(mock::response(StatusCode::BAD_REQUEST, body.clone())));
            let client = builder(transport)
                .auth(HeaderAuth::bearer(Secret::from(secret)).unwrap())
                .build()
                .unwrap();
            let error = client.call(&GET).await.unwrap_err();
            let snippet = error.snippet().unwrap();
            assert!(snippet.ends_with('\u{2026}'));
            assert!(!snippet.contains(&secret[..4]), "{before}: {snippet}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_through_a_secret_in_a_decode_error_leaves_nothing_of_it() {
    let secret = "XX6406JTI3NH673QRHOGU840PL8702";
    for filler in 0..90 {
        let body = format!(
            r#"{{"a":"{secret}","b":"{}","n":"x","c":"{secret}"}}"#,
            ".".repeat(filler)
        );
        let transport = replies(move |_| Ok(ok(body.clone())));
        let client = builder(transport)
            .auth(HeaderAuth::bearer(Secret::from(secret)).unwrap())
            .build()
            .unwrap();
        let error = client.call(&GET).json::<Number>().await.unwrap_err();
        let text = everything(&error);
        for part in [&secret[..4], &secret[26..], &secret[10..15]] {
            assert!(!text.contains(part), "{filler}: {part} in {text}");
        }
    }
}

#[derive(Debug, Deserialize)]
struct Number {
    #[allow(dead_code, reason = "decoded only")]
    n: u32,
}

#[tokio::test(start_paused = true)]
async fn a_decode_error_names_the_place_and_the_effort() {
    let transport = queue([Ok(status(503)), Ok(ok(r#"{"n":"hunter2-hunter2"}"#))]);
    let error = client(transport)
        .call(&GET)
        .query("token", "abc")
        .json::<Number>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.attempts(), 2);
    assert_eq!(error.delivery(), Delivery::Answered);
    assert!(!error.is_retryable());
    assert_eq!(error.operation().unwrap().name(), "item.get");
    assert_eq!(
        error.request().unwrap().uri,
        "http://home.test/item?token=[redacted]"
    );
    let source = error.source().unwrap();
    assert!(source.to_string().contains("at n,"), "{source}");
    assert!(!format!("{error} {source}").contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_one_line_whatever_the_server_says() {
    let body = "first\r\nsecond\tthird\u{1b}[31mred\u{7}".to_owned() + &"x".repeat(5000);
    let transport = replies(move |_| Ok(mock::response(StatusCode::BAD_REQUEST, body.clone())));
    let error = client(transport).call(&GET).await.unwrap_err();
    let line = error.to_string();
    assert!(line.contains("first  second third"), "{line}");
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(line.len() < 3000, "{}", line.len());
}

#[tokio::test(start_paused = true)]
async fn no_source_is_repeated_in_the_line_and_all_are_in_the_chain() {
    let transport = queue([Err(TransportError::new(
        TransportErrorKind::Connect,
        Delivery::NotSent,
    )
    .with_message("is the daemon running?")
    .with_source(std::io::Error::other("the socket said no")))]);
    let error = client(transport)
        .call(&GET)
        .retry(attempts(1))
        .await
        .unwrap_err();
    let line = error.to_string();
    assert!(
        line.starts_with("demo item.get: could not connect"),
        "{line}"
    );
    assert!(
        !line.contains("the daemon") && !line.contains("the socket"),
        "{line}"
    );
    let mut chain = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        chain.push(cause.to_string());
        source = cause.source();
    }
    assert_eq!(
        chain,
        [
            "could not connect: is the daemon running?",
            "the socket said no"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_call_keeps_its_last_failure_as_the_source() {
    let error = client(replies(|_| Ok(status(503))))
        .call(&GET)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    assert_eq!(error.stop_reason(), Some(StopReason::Attempts));
    let last = error.source().unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(last.kind(), ErrorKind::Service);
    assert!(error.to_string().contains("3 attempts in"), "{error}");
    // Who prints nothing but this line learns what was wrong, and no more.
    let line = error.to_string();
    assert!(line.contains("gave up: "), "{line}");
    assert_eq!(line.matches("503").count(), 1, "{line}");
    assert_eq!(line.matches("demo item.get").count(), 1, "{line}");
}

#[tokio::test(start_paused = true)]
async fn query_values_are_hidden_unless_they_are_known_to_be_harmless() {
    let transport = replies(|_| Ok(status(404)));
    let call = client(transport)
        .call(&GET)
        .query("folder", "f 1")
        .query("x", "hunter2");
    let error = call.await.unwrap_err();
    assert_eq!(
        error.request().unwrap().uri,
        "http://home.test/item?folder=f%201&x=[redacted]"
    );
    assert!(!everything(&error).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_the_path_is_hidden_too() {
    static BY_NAME: Operation = Operation::get("demo", "by_name", "/token/{name}");
    let transport = replies(|_| Ok(status(404)));
    let error = client(transport)
        .call(&BY_NAME)
        .path(SECRET)
        .await
        .unwrap_err();
    assert_eq!(
        error.request().unwrap().uri,
        "http://home.test/token/[redacted]"
    );
}

#[test]
fn a_base_address_with_credentials_is_refused_without_repeating_them() {
    for base in [
        "http://user:hunter2@h/",
        "http://hunter2@h/",
        "http://h/?key=hunter2",
        "hunter2",
        "http://",
    ] {
        let error = Pipeline::builder(base)
            .transport(replies(|_| Ok(status(200))))
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!everything(&error).contains("hunter2"), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_arguments_come_out_when_the_call_is_awaited_and_nothing_is_sent() {
    static BY_NAME: Operation = Operation::get("demo", "by_name", "/items/{name}");
    let transport = replies(|_| Ok(status(200)));
    let client = client(std::sync::Arc::clone(&transport));
    let name = HeaderName::from_static("x-name");
    let calls = [
        client.call(&BY_NAME),
        client.call(&BY_NAME).path(""),
        client.call(&BY_NAME).path("..").path("x"),
        client.call(&GET).path("x"),
        client.call(&GET).header(name, "hunter2\r\nevil: 1"),
    ];
    for call in calls {
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(!error.is_retryable());
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(!everything(&error).contains("hunter2"));
    }
    assert_eq!(transport.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_predicates_tell_what_the_caller_needs_to_know() {
    let transport_error = |kind, delivery| Err(TransportError::new(kind, delivery));
    use Delivery::{Answered, MaybeSent, NotSent};
    use TransportErrorKind::{Body, Canceled, Connect, Protocol, Request, Reset, Timeout, Tls};
    for (kind, delivery, retryable, io) in [
        (Connect, NotSent, true, std::io::ErrorKind::NotConnected),
        (Tls, NotSent, false, std::io::ErrorKind::Other),
        (Request, NotSent, false, std::io::ErrorKind::Other),
        (
            Timeout(Phase::Connect),
            NotSent,
            true,
            std::io::ErrorKind::TimedOut,
        ),
        (Reset, MaybeSent, true, std::io::ErrorKind::ConnectionReset),
        (Protocol, MaybeSent, true, std::io::ErrorKind::Other),
        (Body, Answered, true, std::io::ErrorKind::Other),
        (Canceled, MaybeSent, false, std::io::ErrorKind::Other),
    ] {
        let transport = queue([transport_error(kind, delivery)]);
        let error = client(transport)
            .call(&GET)
            .retry(attempts(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transport(kind));
        assert_eq!(error.delivery(), delivery, "{kind:?}");
        assert_eq!(error.is_retryable(), retryable, "{kind:?}");
        assert_eq!(
            error.is_timeout(),
            matches!(kind, Timeout(_)).then_some(Phase::Connect)
        );
        assert_eq!(error.status(), None);
        assert_eq!(std::io::Error::from(error).kind(), io);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_a_repetition_says_what_came_before_it() {
    let transport = queue([
        Err(mock::reset(Delivery::MaybeSent)),
        Err(mock::reset(Delivery::NotSent)),
        Ok(status(404)),
    ]);
    let error = client(transport).call(&PUT).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
    assert_eq!(error.repeated_after(), Some(Delivery::MaybeSent));

    let error = client(queue([Ok(status(404))]))
        .call(&PUT)
        .await
        .unwrap_err();
    assert_eq!(error.repeated_after(), None);
}

#[tokio::test(start_paused = true)]
async fn a_policy_may_leave_answers_alone_and_still_repeat_lost_connections() {
    let answers = || {
        [
            Err(mock::reset(Delivery::MaybeSent)),
            Ok(status(503)),
            Ok(ok("in")),
        ]
    };
    let asking = || {
        [
            Err(mock::reset(Delivery::MaybeSent)),
            Ok(with(status(503), "retry-after", "1")),
            Ok(ok("in")),
        ]
    };
    let policy = |answers| -> RetryPolicy { attempts(3).answers(answers) };
    let get = async |replies: [mock::Answer; 3], which| {
        client(queue(replies))
            .call(&GET)
            .retry(policy(which))
            .await
            .is_ok()
    };
    assert!(get(answers(), RetryAnswers::Passing).await);
    assert!(!get(answers(), RetryAnswers::WhenAsked).await);
    assert!(get(asking(), RetryAnswers::WhenAsked).await);
    assert!(!get(asking(), RetryAnswers::Never).await);
}

#[test]
fn calls_and_errors_go_where_their_caller_goes() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    fn shared<T: Send + Sync + std::fmt::Debug + 'static>() {}
    shared::<Error>();
    shared::<TransportError>();
    shared::<Pipeline>();
    shared::<sync_core::Body>();
    shared::<sync_core::CallOptions>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<TransportError>(), size_of::<usize>());

    let client = client(replies(|_| Ok(status(200))));
    let futures = [
        size_of_val(&send(client.call(&GET).send())),
        size_of_val(&send(client.call(&GET).stream())),
        size_of_val(&send(client.call(&GET).poll(secs(1), secs(1)))),
    ];
    // They are nested in the callers' own futures.
    assert!(futures.iter().all(|size| *size < 6 << 10), "{futures:?}");
}
