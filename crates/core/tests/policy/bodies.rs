//! How much of a body is read, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use sync_core::testing::Gate;
use sync_core::testing::mock::{self, LoopbackTransport};
use sync_core::transport::TransportErrorKind;
use sync_core::{Body, CallOptions, ErrorKind, Transport};

use crate::support::*;

const KIB: usize = 1024;

/// An answer that counts how many bytes of it were read.
#[derive(Clone, Debug)]
struct Counted {
    code: u16,
    length: usize,
    declared: bool,
    read: Arc<AtomicUsize>,
}

impl Counted {
    fn new(code: u16, length: usize, declared: bool) -> Self {
        let read = Arc::default();
        Self {
            code,
            length,
            declared,
            read,
        }
    }

    fn read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for Counted {
    async fn send(&self, _: http::Request<Body>) -> mock::Answer {
        let read = Arc::clone(&self.read);
        let body = Body::from_stream(stream::unfold(self.length, move |left| {
            let piece = left.min(KIB);
            read.fetch_add(piece, Ordering::SeqCst);
            async move {
                (left > 0).then(|| {
                    (
                        std::io::Result::Ok(Bytes::from(vec![b'x'; piece])),
                        left - piece,
                    )
                })
            }
        }));
        let answer = mock::response(StatusCode::from_u16(self.code).unwrap(), body);
        Ok(match self.declared {
            true => with(answer, "content-length", &self.length.to_string()),
            false => answer,
        })
    }
}

fn limited(transport: impl Transport, limit: usize) -> sync_core::Pipeline {
    let options = CallOptions::new().retry(attempts(3)).max_body(limit as u64);
    builder(transport).options(options).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_declared_too_large_is_not_read_at_all() {
    let transport = Counted::new(200, 11 * KIB, true);
    let error = limited(transport.clone(), 10 * KIB)
        .call(&GET)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Transport(TransportErrorKind::TooLarge)
    );
    assert_eq!(error.attempts(), 1);
    assert_eq!(transport.read(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_grows_too_large_is_stopped() {
    let transport = Counted::new(200, 1000 * KIB, false);
    let error = limited(transport.clone(), 10 * KIB)
        .call(&GET)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Transport(TransportErrorKind::TooLarge)
    );
    assert_eq!(error.attempts(), 1);
    assert!(transport.read() <= 12 * KIB, "{}", transport.read());
}

#[tokio::test(start_paused = true)]
async fn a_body_as_large_as_the_limit_is_whole() {
    for declared in [true, false] {
        let transport = Counted::new(200, 10 * KIB, declared);
        let body = limited(transport, 10 * KIB).call(&GET).await.unwrap();
        assert_eq!(body.len(), 10 * KIB);
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_has_no_limit_of_size() {
    let transport = Counted::new(200, 100 * KIB, true);
    let answer = limited(transport, 10 * KIB)
        .call(&GET)
        .stream()
        .await
        .unwrap();
    assert_eq!(
        answer.into_body().collect(u64::MAX).await.unwrap().len(),
        100 * KIB
    );
}

#[tokio::test(start_paused = true)]
async fn the_body_of_an_error_is_read_only_so_far() {
    for declared in [true, false] {
        let transport = Counted::new(404, 100_000 * KIB, declared);
        let error = pipeline(transport.clone()).call(&GET).await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::NOT_FOUND));
        assert!(transport.read() <= 66 * KIB, "{}", transport.read());
        assert!(error.snippet().unwrap().len() < KIB);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_whose_body_breaks_off_is_that_error() {
    let transport = replies(|_| Ok(mock::response(StatusCode::GONE, broken_after("moved a"))));
    let error = pipeline(transport).call(&GET).await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::GONE));
    assert_eq!(error.snippet(), Some("moved a"));
}

#[tokio::test(start_paused = true)]
async fn answers_without_a_body_may_speak_of_one() {
    let about_a_body = |code| {
        let answer = with(status(code), "content-length", "99999999999");
        with(answer, "content-encoding", "gzip")
    };
    let transport = replies(move |_| Ok(about_a_body(200)));
    let answer = pipeline(transport).call(&HEAD).send_full().await.unwrap();
    assert_eq!(answer.headers()["content-length"], "99999999999");
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert!(answer.body().is_empty());

    for code in [204, 304] {
        let transport = replies(move |_| Ok(about_a_body(code)));
        let call = pipeline(transport).call(&GET).accept_status(&[304]);
        assert!(call.await.unwrap().is_empty(), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_status_that_was_accepted_is_a_success() {
    let transport = replies(|_| Ok(mock::response(StatusCode::NOT_FOUND, "none")));
    let client = pipeline(transport);
    let decoded = client
        .call(&GET)
        .accept_status(&[404])
        .decode_with(|head, body| Ok((head.status, body)));
    assert_eq!(
        decoded.await.unwrap(),
        (StatusCode::NOT_FOUND, Bytes::from("none"))
    );
    client.call(&GET).accept_status(&[403]).await.unwrap_err();
}

#[tokio::test]
async fn a_streamed_body_is_handed_out_as_it_arrives() {
    let gate = Gate::new();
    let held = gate.clone();
    let transport = LoopbackTransport::new(move |_| {
        let gate = held.clone();
        async move {
            ok(Body::from_stream(stream::unfold(0, move |step| {
                let gate = gate.clone();
                async move {
                    if step == 1 {
                        gate.wait().await;
                    }
                    let piece = ["first", "second"].get(step)?;
                    Some((std::io::Result::Ok(Bytes::from(*piece)), step + 1))
                }
            })))
        }
    });
    let mut body = pipeline(transport)
        .call(&GET)
        .stream()
        .await
        .unwrap()
        .into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "first");
    assert!(!gate.is_open());
    gate.open();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "second");
    assert!(body.chunk().await.is_none());
}
