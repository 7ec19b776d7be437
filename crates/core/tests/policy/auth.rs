//! Credentials: last, afresh, and renewed by one call for all.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::future::join_all;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, StatusCode};
use sync_core::auth::{
    Authorize, Authorized, Generation, HeaderAuth, RefreshingToken, TokenSource,
};
use sync_core::testing::Gate;
use sync_core::testing::mock::{self, LoopbackTransport, ReplyTransport};
use sync_core::transport::Delivery;
use sync_core::{Body, CallOptions, Error, ErrorKind, Pipeline, Secret, Transport, TransportError};

use crate::support::*;

/// Signs each attempt with a number that is never used twice.
#[derive(Clone, Debug, Default)]
struct Signer(Arc<AtomicU64>);

impl Authorize for Signer {
    fn authorize(&self, head: &mut http::request::Parts, body: &Body) -> Result<Authorized, Error> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        // A signature covers what is there, so all of it must be there by now.
        let names = [USER_AGENT, ACCEPT_ENCODING, CONTENT_TYPE];
        let seen = names
            .iter()
            .filter(|name| head.headers.contains_key(*name))
            .count();
        let length = body.as_bytes().map_or(0, bytes::Bytes::len);
        let text = format!(
            "{number} {} {} {seen} {length}",
            head.method,
            head.uri.path()
        );
        head.headers
            .insert(AUTHORIZATION, HeaderValue::from_str(&text).unwrap());
        Ok(Authorized::With(Generation(0)))
    }
}

fn authorizations(transport: &ReplyTransport) -> Vec<String> {
    let requests = transport.requests();
    let values = requests
        .iter()
        .map(|request| request.headers()[AUTHORIZATION].to_str());
    values.map(|value| value.unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_attempt_and_every_hop_is_signed_afresh_and_last() {
    let transport = queue([
        Err(mock::reset(Delivery::MaybeSent)),
        Ok(with(status(307), "location", "/other")),
        Ok(status(503)),
        Ok(ok("")),
    ]);
    let client = builder(Arc::clone(&transport))
        .auth(Signer::default())
        .build()
        .unwrap();
    client
        .call(&PUT)
        .json_body(&[1])
        .header(AUTHORIZATION, "mine")
        .await
        .unwrap();
    let seen = if cfg!(any(feature = "gzip", feature = "brotli", feature = "zstd")) {
        3
    } else {
        2
    };
    let expected = [
        format!("0 PUT /item {seen} 3"),
        format!("1 PUT /item {seen} 3"),
        format!("2 PUT /other {seen} 3"),
        format!("3 PUT /other {seen} 3"),
    ];
    assert_eq!(authorizations(&transport), expected);
}

/// Gives tokens (or failures) from a list, when its gate is open.
#[derive(Debug)]
struct Source {
    answers: Mutex<VecDeque<Result<Option<&'static str>, Error>>>,
    asked: Arc<AtomicU32>,
    gate: Gate,
}

#[async_trait]
impl TokenSource for Source {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.gate.wait().await;
        let answer = self.answers.lock().unwrap().pop_front();
        answer
            .unwrap_or(Ok(None))
            .map(|token| token.map(Secret::from))
    }
}

type TokenAnswer = Result<Option<&'static str>, Error>;

struct Fixture {
    client: Pipeline,
    asked: Arc<AtomicU32>,
    gate: Gate,
}

/// A client that begins with the token `old`, or with none.
fn renewing(
    transport: impl Transport,
    old: Option<&str>,
    answers: impl IntoIterator<Item = TokenAnswer>,
) -> Fixture {
    let (asked, gate) = (Arc::<AtomicU32>::default(), Gate::new());
    let source = Source {
        answers: Mutex::new(answers.into_iter().collect()),
        asked: Arc::clone(&asked),
        gate: gate.clone(),
    };
    let mut auth = RefreshingToken::bearer(source);
    if let Some(old) = old {
        auth = auth.with_token(Secret::from(old)).unwrap();
    }
    let client = builder(transport).auth(auth).build().unwrap();
    Fixture {
        client,
        asked,
        gate,
    }
}

impl Fixture {
    fn open(self) -> Self {
        self.gate.open();
        self
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Accepts one token only.
fn guarded(token: &'static str) -> Arc<ReplyTransport> {
    replies(move |request| {
        let good = request
            .headers()
            .get(AUTHORIZATION)
            .is_some_and(|value| *value == *token);
        Ok(if good { ok("in") } else { status(401) })
    })
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_and_the_call_made_once_more() {
    for operation in [&GET, &POST] {
        let transport = guarded("Bearer new");
        let fixture = renewing(Arc::clone(&transport), Some("old"), [Ok(Some("new"))]).open();
        // The second attempt is no retry.
        let call = fixture
            .client
            .call(operation)
            .body("data")
            .retry(attempts(1));
        assert_eq!(call.await.unwrap(), "in");
        assert_eq!(authorizations(&transport), ["Bearer old", "Bearer new"]);
        assert_eq!(transport.requests()[1].body(), "data");
        assert_eq!(fixture.asked(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_too_is_the_end() {
    let transport = guarded("Bearer other");
    let fixture = renewing(
        Arc::clone(&transport),
        Some("old"),
        [Ok(Some("new")), Ok(Some("newer"))],
    )
    .open();
    let error = fixture.client.call(&GET).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!((transport.calls(), fixture.asked()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_token_one_is_asked_for_before_anything_is_sent() {
    let transport = guarded("Bearer new");
    let fixture = renewing(Arc::clone(&transport), None, [Ok(Some("new"))]).open();
    // Nothing was sent, so a body that can be read once is still there.
    let call = fixture.client.call(&POST).body(one_shot(["data"]));
    call.await.unwrap();
    assert_eq!(transport.requests()[0].body(), "data");
    assert_eq!((transport.calls(), fixture.asked()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn without_any_token_to_be_had_nothing_is_sent() {
    let transport = guarded("Bearer new");
    let fixture = renewing(Arc::clone(&transport), None, []).open();
    let error = fixture.client.call(&GET).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!((transport.calls(), error.attempts()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn fifty_refused_calls_renew_the_token_once() {
    let transport = guarded("Bearer new");
    let fixture = renewing(Arc::clone(&transport), Some("old"), [Ok(Some("new"))]);
    let calls = join_all((0..50).map(|_| fixture.client.call(&GET).send()));
    let opener = async {
        fixture.gate.reached().await;
        fixture.gate.open();
    };
    let (results, ()) = tokio::join!(calls, opener);
    assert!(results.into_iter().all(|result| result.unwrap() == "in"));
    assert_eq!(fixture.asked(), 1);
    assert_eq!(transport.calls(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_of_the_old_token_asks_for_no_new_one() {
    let held = Gate::new();
    let late = held.clone();
    let transport = LoopbackTransport::new(move |request: http::Request<Body>| {
        let late = late.clone();
        async move {
            let is_old = request.headers()[AUTHORIZATION] == *"Bearer old";
            if is_old && request.method() == http::Method::PUT {
                late.wait().await;
            }
            status(if is_old { 401 } else { 200 })
        }
    });
    let fixture = renewing(transport, Some("old"), [Ok(Some("new"))]).open();
    let quick = async {
        held.reached().await;
        fixture.client.call(&GET).await.unwrap();
        held.open();
    };
    let (slow, ()) = tokio::join!(fixture.client.call(&PUT).send(), quick);
    slow.unwrap();
    assert_eq!(fixture.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_refused_calls_share_one_failure_to_renew() {
    let transport = guarded("Bearer new");
    let down = || {
        Error::transport(TransportError::new(
            sync_core::transport::TransportErrorKind::Connect,
            Delivery::NotSent,
        ))
    };
    let fixture = renewing(
        Arc::clone(&transport),
        Some("old"),
        [Err(down()), Ok(Some("new"))],
    );
    let calls = join_all((0..50).map(|_| fixture.client.call(&GET).send()));
    let opener = async {
        fixture.gate.reached().await;
        fixture.gate.open();
    };
    let (results, ()) = tokio::join!(calls, opener);
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(
            error.to_string().contains("could not be renewed"),
            "{error}"
        );
        assert!(error.is_retryable(), "the source may be up again later");
        let cause = std::error::Error::source(&error).unwrap();
        assert!(cause.to_string().contains("could not connect"), "{cause}");
    }
    assert_eq!(fixture.asked(), 1);
    // A later call asks anew.
    fixture.client.call(&GET).await.unwrap();
    assert_eq!(fixture.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_takes_over_when_the_one_that_renews_gives_up() {
    let transport = guarded("Bearer new");
    let fixture = renewing(Arc::clone(&transport), Some("old"), [Ok(Some("new"))]);
    let impatient = fixture.client.call(&GET).timeout(secs(1));
    let patient = fixture.client.call(&GET);
    let opener = async {
        tokio::time::sleep(secs(2)).await;
        fixture.gate.open();
    };
    let (impatient, patient, ()) = tokio::join!(impatient.send(), patient.send(), opener);
    assert!(impatient.unwrap_err().is_timeout().is_some());
    patient.unwrap();
    assert_eq!(fixture.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_for_the_next_call_when_this_ones_body_is_gone() {
    let transport = guarded("Bearer new");
    let fixture = renewing(Arc::clone(&transport), Some("old"), [Ok(Some("new"))]).open();
    let error = fixture
        .client
        .call(&POST)
        .body(one_shot(["data"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(transport.calls(), 1);
    fixture
        .client
        .call(&POST)
        .body(one_shot(["data"]))
        .await
        .unwrap();
    assert_eq!(transport.calls(), 2);
    assert_eq!(transport.requests()[1].body(), "data");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_is_under_the_deadline_of_the_call() {
    let fixture = renewing(guarded("Bearer new"), Some("old"), []);
    let (result, took) = timed(fixture.client.call(&GET).timeout(secs(4))).await;
    assert!(result.unwrap_err().is_timeout().is_some());
    assert_eq!(took.as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_old_token_that_the_service_repeats_is_hidden_after_its_renewal_too() {
    let transport = LoopbackTransport::new(|request: http::Request<Body>| async move {
        let token = request.headers()[AUTHORIZATION]
            .to_str()
            .unwrap()
            .to_owned();
        mock::response(StatusCode::UNAUTHORIZED, format!("not good: {token}"))
    });
    let fixture = renewing(
        transport,
        Some("the-old-token"),
        [Ok(Some("the-new-token"))],
    )
    .open();
    let one_shot_call = fixture.client.call(&POST).body(one_shot(["data"]));
    let error = one_shot_call.await.unwrap_err();
    let text = format!("{error} {error:?} {:?}", error.snippet());
    assert!(
        text.contains("[redacted]") && !text.contains("the-old-token"),
        "{text}"
    );
}

#[test]
fn nothing_about_credentials_is_in_debug() {
    let secret = || Secret::from("hunter2-hunter2");
    let basic = HeaderAuth::basic("user", secret()).unwrap();
    let fixture = renewing(guarded(""), Some("hunter2-hunter2"), []);
    let client = builder(guarded(""))
        .auth(HeaderAuth::bearer(secret()).unwrap())
        .build()
        .unwrap();
    let call = client
        .call(&GET)
        .header(AUTHORIZATION, "hunter2-hunter2")
        .query("q", "hunter2-hunter2");
    let text = format!(
        "{basic:?} {:?} {client:?} {call:?} {:#?}",
        fixture.client,
        CallOptions::new()
    );
    assert!(
        !text.contains("hunter2") && !text.contains("aHVudGVyMi"),
        "{text}"
    );
}
