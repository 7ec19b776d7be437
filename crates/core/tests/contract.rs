//! The transport contract: kept by the transports of this crate, and able to
//! tell when one is not.

#![cfg(all(feature = "hyper", feature = "testing"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use sync_core::hyper::HyperTransport;
#[cfg(feature = "http2")]
use sync_core::testing::contract::names_over_http2;
use sync_core::testing::contract::{Capability, Suite, names};
use sync_core::testing::{FaultTransport, Recorder};
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Body, Transport, TransportError};

type Answer = Result<Response<Body>, TransportError>;

fn hyper() -> HyperTransport {
    HyperTransport::builder().build().expect("a transport")
}

#[tokio::test]
async fn hyper_keeps_the_contract() {
    let report = Suite::new(|_| hyper()).run().await;
    report.assert_kept();
    assert_eq!(report.kept(), names());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hyper_keeps_the_contract_on_several_threads() {
    Suite::new(|_| hyper()).run().await.assert_kept();
}

#[cfg(feature = "http2")]
fn http2() -> HyperTransport {
    let builder = HyperTransport::builder().http2_prior_knowledge();
    builder.build().expect("a transport")
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn hyper_keeps_the_contract_over_http2() {
    let report = Suite::new(|_| http2()).over_http2().run().await;
    report.assert_kept();
    assert_eq!(report.kept(), names_over_http2());
}

#[tokio::test]
async fn an_erased_transport_keeps_the_contract() {
    let make = |_| -> Arc<dyn Transport> { Arc::new(hyper()) };
    let report = Suite::new(make).run().await;
    report.assert_kept();
    assert!(report.skipped().is_empty());
}

#[tokio::test]
async fn a_fault_transport_without_faults_keeps_the_contract() {
    let report = Suite::new(|_| FaultTransport::new(hyper())).run().await;
    report.assert_kept();
    assert!(report.skipped().is_empty());
}

#[tokio::test]
async fn a_recorder_keeps_all_but_streaming() {
    let make = |_| Recorder::new(hyper(), []);
    let report = Suite::new(make).without(Capability::Streams).run().await;
    report.assert_kept();
    for (_, why) in report.skipped() {
        assert_eq!(why, "not capable of Streams");
    }
}

/// A transport that breaks one promise.
#[derive(Debug)]
struct Broken {
    inner: HyperTransport,
    breach: Breach,
}

#[derive(Clone, Copy, Debug)]
enum Breach {
    /// Sends again whatever failed.
    Repeats,
    FollowsRedirects,
    /// Takes what came of a body for the whole.
    IgnoresTruncation,
    /// Says that a lost request was never sent.
    ClaimsNotSent,
    TreatsStatusAsError,
    AddsCredentials,
    NormalisesPaths,
    /// Reads answers whole before it returns them.
    BuffersAnswers,
    BuffersRequests,
    DropsHostHeader,
    /// A connection for each call.
    NeverReuses,
    LosesUpgrades,
    /// Goes on with a call that nobody waits for.
    IgnoresCancellation,
    /// Keeps a connection after a timeout.
    IgnoresTimeouts,
    Panics,
    /// Never answers.
    Hangs,
}

impl Broken {
    async fn hand_on(&self, request: Request<Body>) -> Answer {
        self.inner.send(request).await
    }
}

fn copy(request: &Request<Body>, body: &Bytes) -> Request<Body> {
    let mut copy = Request::new(Body::from(body.clone()));
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    copy
}

#[async_trait]
impl Transport for Broken {
    async fn send(&self, mut request: Request<Body>) -> Answer {
        match self.breach {
            Breach::Repeats => {
                let body = std::mem::take(request.body_mut()).collect(u64::MAX).await?;
                match self.hand_on(copy(&request, &body)).await {
                    Err(error) if error.delivery() == Delivery::MaybeSent => {
                        self.hand_on(copy(&request, &body)).await
                    }
                    other => other,
                }
            }
            Breach::FollowsRedirects => {
                let uri = request.uri().clone();
                let answer = self.hand_on(request).await?;
                let Some(location) = answer.headers().get(header::LOCATION) else {
                    return Ok(answer);
                };
                let authority = uri.authority().expect("absolute");
                let location = location.to_str().expect("a path");
                let next = format!("http://{authority}{location}");
                self.hand_on(Request::get(next).body(Body::empty()).expect("a request"))
                    .await
            }
            Breach::IgnoresTruncation => {
                let (parts, mut body) = self.hand_on(request).await?.into_parts();
                let mut whole = Vec::new();
                while let Some(Ok(chunk)) = body.chunk().await {
                    whole.extend_from_slice(&chunk);
                }
                Ok(Response::from_parts(parts, whole.into()))
            }
            Breach::ClaimsNotSent => self
                .hand_on(request)
                .await
                .map_err(|error| error.with_delivery(Delivery::NotSent)),
            Breach::TreatsStatusAsError => {
                let answer = self.hand_on(request).await?;
                if answer.status().as_u16() < 400 {
                    return Ok(answer);
                }
                Err(TransportError::new(
                    TransportErrorKind::Protocol,
                    Delivery::Answered,
                ))
            }
            Breach::AddsCredentials => {
                let value = HeaderValue::from_static("Basic dXNlcjpzZWNyZXQ=");
                request.headers_mut().insert(header::AUTHORIZATION, value);
                self.hand_on(request).await
            }
            Breach::NormalisesPaths => {
                let uri = request.uri().to_string().replace("%2F", "/");
                *request.uri_mut() = uri.parse().expect("a URI");
                self.hand_on(request).await
            }
            Breach::BuffersAnswers => {
                let (parts, body) = self.hand_on(request).await?.into_parts();
                let body = body.collect(u64::MAX).await?;
                Ok(Response::from_parts(parts, body.into()))
            }
            Breach::BuffersRequests => {
                let (parts, body) = request.into_parts();
                let body = body.collect(u64::MAX).await?;
                self.hand_on(Request::from_parts(parts, body.into())).await
            }
            Breach::DropsHostHeader => {
                request.headers_mut().remove(header::HOST);
                self.hand_on(request).await
            }
            Breach::NeverReuses => hyper().send(request).await,
            Breach::LosesUpgrades => {
                let mut answer = self.hand_on(request).await?;
                answer.extensions_mut().clear();
                Ok(answer)
            }
            Breach::IgnoresCancellation => {
                let inner = self.inner.clone();
                tokio::spawn(async move { inner.send(request).await })
                    .await
                    .expect("joined")
            }
            Breach::IgnoresTimeouts => {
                request.extensions_mut().clear();
                self.hand_on(request).await
            }
            Breach::Panics => panic!("as planned"),
            Breach::Hangs => std::future::pending().await,
        }
    }
}

/// The suite names what the transport fails at, no more and no less.
async fn expect(breach: Breach, lacking: Option<Capability>, fails: &[&str], hangs: &[&str]) {
    let suite = || {
        let suite = Suite::new(move |_| Broken {
            inner: hyper(),
            breach,
        });
        lacking.into_iter().fold(suite, Suite::without)
    };
    let mut ending = suite();
    for name in names() {
        if !hangs.contains(&name) {
            ending = ending.only(name);
        }
    }
    let report = ending.run().await;
    assert_eq!(report.failed_names(), fails, "{report}");

    // These wait for what never comes: no time is long enough.
    for name in names().into_iter().filter(|name| hangs.contains(name)) {
        let report = suite()
            .only(name)
            .patience(Duration::from_millis(200))
            .run()
            .await;
        assert!(report.failed()[0].1.starts_with("hangs"), "{report}");
    }
}

/// As [`expect`], of what only HTTP/2 can do wrong.
#[cfg(feature = "http2")]
async fn expect_over_http2(breach: Breach, fails: &[&str], hangs: &[&str]) {
    let inner = http2();
    let suite = || {
        let inner = inner.clone();
        let make = move |_| Broken {
            inner: inner.clone(),
            breach,
        };
        Suite::new(make).over_http2()
    };
    let own = names_over_http2()
        .into_iter()
        .filter(|name| !names().contains(name));
    let (hanging, ending): (Vec<_>, Vec<_>) = own.partition(|name| hangs.contains(name));
    let report = ending.into_iter().fold(suite(), Suite::only).run().await;
    assert_eq!(report.failed_names(), fails, "{breach:?}: {report}");
    assert_eq!(hanging.len(), hangs.len());
    for name in hanging {
        let suite = suite().only(name).patience(Duration::from_millis(200));
        let report = suite.run().await;
        assert!(report.failed()[0].1.starts_with("hangs"), "{report}");
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn what_a_transport_does_wrong_over_http2_is_caught() {
    let may_have_been_sent = [
        "a_call_on_a_cut_shared_connection_is_not_repeated",
        "any_other_reset_of_a_stream_may_have_been_sent",
        "streams_that_a_goodbye_leaves_out_were_not_sent",
    ];
    expect_over_http2(Breach::Repeats, &may_have_been_sent, &[]).await;
    expect_over_http2(Breach::ClaimsNotSent, &may_have_been_sent, &[]).await;
    let silent = ["a_silent_connection_is_not_used_again_after_a_timeout"];
    expect_over_http2(Breach::IgnoresTimeouts, &[], &silent).await;
    let dropped = [
        "a_silent_connection_is_not_used_again_after_a_timeout",
        "a_dropped_call_gives_up_its_stream_alone",
    ];
    expect_over_http2(Breach::IgnoresCancellation, &[], &dropped).await;
    let length = ["a_body_of_another_length_than_said_fails"];
    let reset = ["a_reset_of_a_stream_fails_only_the_body"];
    expect_over_http2(Breach::IgnoresTruncation, &length, &reset).await;
}

/// What a transport that reads an answer to its end before it returns waits for.
const WAITS_FOR_ANSWERS: &[&str] = &[
    "an_answer_is_readable_before_its_end",
    "a_reset_fails_only_the_body",
    "a_dropped_unfinished_body_does_not_disturb_the_next_call",
    "a_dropped_endless_body_ends_the_transfer",
    "a_connection_is_not_used_again_after_a_timeout_in_the_body",
];

#[tokio::test]
async fn a_transport_that_repeats_is_caught() {
    let fails = [
        "a_post_on_a_cut_connection_is_not_repeated",
        "a_get_on_a_cut_connection_is_not_repeated",
        "a_reset_before_the_answer_may_have_been_sent",
        "a_cut_head_is_no_answer",
        "garbage_is_a_protocol_error",
        "two_lengths_are_no_answer",
        "a_one_shot_body_is_sent_once",
    ];
    expect(Breach::Repeats, Some(Capability::Streams), &fails, &[]).await;
}

#[tokio::test]
async fn a_transport_that_follows_redirects_is_caught() {
    expect(
        Breach::FollowsRedirects,
        None,
        &["a_redirect_is_not_followed"],
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_transport_that_ignores_truncation_is_caught() {
    let fails = [
        "a_cut_body_with_a_length_fails",
        "a_cut_chunked_body_fails",
        "a_broken_chunk_fails",
    ];
    expect(
        Breach::IgnoresTruncation,
        Some(Capability::Streams),
        &fails,
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_transport_that_lies_about_delivery_is_caught() {
    let fails = [
        "a_post_on_a_cut_connection_is_not_repeated",
        "a_get_on_a_cut_connection_is_not_repeated",
        "a_reset_before_the_answer_may_have_been_sent",
        "a_cut_head_is_no_answer",
        "garbage_is_a_protocol_error",
        "two_lengths_are_no_answer",
        "a_one_shot_body_is_sent_once",
    ];
    expect(Breach::ClaimsNotSent, None, &fails, &[]).await;
}

#[tokio::test]
async fn a_transport_that_makes_errors_of_answers_is_caught() {
    let fails = [
        "every_status_is_an_answer",
        "a_broken_body_takes_back_no_head",
        "an_answer_may_come_before_the_request_ends",
        "a_connection_is_used_again_after_an_error_answer",
        "a_refused_upgrade_is_an_ordinary_answer",
    ];
    expect(Breach::TreatsStatusAsError, None, &fails, &[]).await;
}

#[tokio::test]
async fn a_transport_that_changes_requests_is_caught() {
    expect(
        Breach::AddsCredentials,
        None,
        &["no_credential_is_added"],
        &[],
    )
    .await;
    expect(
        Breach::NormalisesPaths,
        None,
        &["path_and_query_go_out_byte_for_byte"],
        &[],
    )
    .await;
    expect(
        Breach::DropsHostHeader,
        None,
        &["a_given_host_is_kept"],
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_transport_that_buffers_answers_is_caught() {
    let fails = [
        "a_broken_body_takes_back_no_head",
        "an_unread_body_is_not_buffered_without_bound",
    ];
    expect(Breach::BuffersAnswers, None, &fails, WAITS_FOR_ANSWERS).await;
}

#[tokio::test]
async fn a_transport_that_buffers_requests_is_caught() {
    let hangs = [
        "a_request_body_goes_out_as_it_is_produced",
        "an_answer_may_come_before_the_request_ends",
    ];
    let fails = ["a_streamed_request_body_arrives_whole"];
    expect(Breach::BuffersRequests, None, &fails, &hangs).await;
}

#[tokio::test]
async fn a_transport_that_keeps_no_connection_is_caught() {
    let fails = [
        "a_connection_is_used_again",
        "a_connection_is_used_again_after_an_error_answer",
    ];
    expect(Breach::NeverReuses, None, &fails, &[]).await;
}

#[tokio::test]
async fn a_transport_that_keeps_a_connection_after_a_timeout_is_caught() {
    let fails = ["a_connection_is_not_used_again_after_a_timeout_in_the_body"];
    expect(Breach::IgnoresTimeouts, None, &fails, &[]).await;
}

#[tokio::test]
async fn a_transport_that_goes_on_with_a_dropped_call_is_caught() {
    expect(
        Breach::IgnoresCancellation,
        None,
        &[],
        &["a_dropped_call_is_canceled"],
    )
    .await;
}

#[tokio::test]
async fn a_transport_that_loses_upgrades_is_caught() {
    let fails = [
        "a_101_hands_out_the_connection",
        "bytes_right_after_the_101_are_not_lost",
        "an_upgraded_connection_closes_when_dropped",
    ];
    expect(Breach::LosesUpgrades, None, &fails, &[]).await;
}

#[tokio::test]
async fn a_transport_that_panics_fails_everything() {
    let make = |_| Broken {
        inner: hyper(),
        breach: Breach::Panics,
    };
    let report = Suite::new(make).run().await;
    assert_eq!(report.failed_names(), names());
}

#[tokio::test]
async fn a_transport_that_hangs_fails_instead_of_hanging() {
    let make = |_| Broken {
        inner: hyper(),
        breach: Breach::Hangs,
    };
    let suite = Suite::new(make).only("one_request_is_one_exchange");
    let report = suite.patience(Duration::from_millis(200)).run().await;
    assert!(report.failed()[0].1.starts_with("hangs"), "{report}");
}

#[tokio::test]
#[should_panic(expected = "a_redirect_is_not_followed: the status is 200 OK")]
async fn a_report_panics_with_what_was_not_kept() {
    let make = |_| Broken {
        inner: hyper(),
        breach: Breach::FollowsRedirects,
    };
    Suite::new(make)
        .only("a_redirect_is_not_followed")
        .run()
        .await
        .assert_kept();
}

#[tokio::test]
#[should_panic(expected = "there is no such behaviour")]
async fn a_misspelled_behaviour_is_no_success() {
    Suite::new(|_| hyper())
        .only("a_redirect_is_followed")
        .run()
        .await
        .assert_kept();
}

#[tokio::test]
async fn what_a_transport_cannot_do_is_skipped_by_name() {
    let report = Suite::new(|_| hyper())
        .without(Capability::ClosesOnDrop)
        .run()
        .await;
    let name = "a_dropped_transport_closes_its_idle_connections";
    let why = "not capable of ClosesOnDrop".to_owned();
    assert_eq!(report.skipped(), [(name, why)]);
    assert_eq!(report.kept().len(), names().len() - 1);
}
