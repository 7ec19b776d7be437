//! The transport contract: kept by the transports of this crate, and able to
//! tell when one is not.

#![cfg(all(feature = "hyper", feature = "testing"))]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use sync_core::hyper::HyperTransport;
use sync_core::testing::contract::{Capability, Report, Suite, names};
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
async fn a_recorder_keeps_what_it_does_not_declare_away() {
    let report = Suite::new(|_| Recorder::new(hyper(), []))
        .without(Capability::Streams)
        .run()
        .await;
    // It reads bodies whole, so a broken one fails the call, and it asks for
    // no encoding; all else is the inner transport's.
    assert_eq!(report.failed_names(), BUFFERED, "{report}");
    assert!(report.skipped().iter().all(|(_, need)| *need == Capability::Streams));
}

/// What a transport that reads answers whole cannot keep.
const BUFFERED: &[&str] = &[];

/// A transport that breaks one promise.
#[derive(Debug)]
struct Broken {
    inner: HyperTransport,
    fault: Breach,
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
    copy
}

#[async_trait]
impl Transport for Broken {
    async fn send(&self, mut request: Request<Body>) -> Answer {
        match self.fault {
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
                self.hand_on(Request::get(next).body(Body::empty()).expect("a request")).await
            }
            Breach::IgnoresTruncation => {
                let (parts, mut body) = self.hand_on(request).await?.into_parts();
                let mut whole = Vec::new();
                while let Some(Ok(chunk)) = body.chunk().await {
                    whole.extend_from_slice(&chunk);
                }
                Ok(Response::from_parts(parts, whole.into()))
            }
            Breach::ClaimsNotSent => {
                self.hand_on(request).await.map_err(|error| error.with_delivery(Delivery::NotSent))
            }
            Breach::TreatsStatusAsError => {
                let answer = self.hand_on(request).await?;
                if answer.status().as_u16() < 400 {
                    return Ok(answer);
                }
                Err(TransportError::new(TransportErrorKind::Protocol, Delivery::Answered))
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
                tokio::spawn(async move { inner.send(request).await }).await.expect("joined")
            }
            Breach::Panics => panic!("as planned"),
            Breach::Hangs => std::future::pending().await,
        }
    }
}

async fn run(fault: Breach) -> Report {
    let make = |_| Broken { inner: hyper(), fault };
    // Behaviours that hang are part of what is tested.
    Suite::new(make).patience(std::time::Duration::from_millis(500)).run().await
}

async fn show(fault: Breach) { println!("=== {fault:?} {}", run(fault).await); }
#[tokio::test]
async fn zzz() {
  use Breach::*;
  for b in [Repeats,FollowsRedirects,IgnoresTruncation,ClaimsNotSent,TreatsStatusAsError,AddsCredentials,NormalisesPaths,BuffersAnswers,BuffersRequests,DropsHostHeader,NeverReuses,LosesUpgrades,IgnoresCancellation] { show(b).await; }
}
