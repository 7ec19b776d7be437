//! Each limit, by its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use sync_core::testing::mock::{self, LoopbackTransport, NeverTransport};
use sync_core::transport::{Attempt, Delivery, Phase};
use sync_core::{Body, CallOptions, ErrorKind, StopReason, Transport};

use crate::support::*;

fn once() -> CallOptions {
    CallOptions::new().retry(attempts(1))
}

#[tokio::test(start_paused = true)]
async fn each_limit_on_the_head_ends_the_call_under_its_own_name() {
    let none = once().first_byte_timeout(None).total_timeout(None);
    for (options, phase, limit) in [
        (
            none.clone().first_byte_timeout(secs(3)),
            Phase::FirstByte,
            3,
        ),
        (none.clone().attempt_timeout(secs(4)), Phase::Attempt, 4),
        (none.clone().total_timeout(secs(5)), Phase::Total, 5),
        (once(), Phase::FirstByte, 30),
        (once().first_byte_timeout(None), Phase::Total, 60),
        (
            once()
                .first_byte_timeout(secs(9))
                .attempt_timeout(secs(8))
                .total_timeout(secs(7)),
            Phase::Total,
            7,
        ),
    ] {
        let transport = Arc::new(NeverTransport::new());
        let client = builder(Arc::clone(&transport))
            .options(options)
            .build()
            .unwrap();
        let (result, took) = timed(client.call(&GET)).await;
        let error = result.unwrap_err();
        assert_eq!(error.is_timeout(), Some(phase));
        assert_eq!(took.as_secs(), limit, "{phase:?}");
        assert_eq!(error.delivery(), Delivery::MaybeSent);
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error:?}");
        // The connection must not be used again.
        assert_eq!((transport.dropped(), transport.timed_out()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_does_not_condemn_the_connection() {
    let transport = Arc::new(NeverTransport::new());
    let call = pipeline(Arc::clone(&transport)).call(&GET);
    tokio::time::timeout(secs(1), call.send())
        .await
        .unwrap_err();
    assert_eq!((transport.dropped(), transport.timed_out()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn every_attempt_has_its_own_limits() {
    let transport = Arc::new(NeverTransport::new());
    let client = builder(Arc::clone(&transport))
        .options(
            CallOptions::new()
                .retry(attempts(3))
                .attempt_timeout(secs(2)),
        )
        .build()
        .unwrap();
    let error = client.call(&GET).await.unwrap_err();
    assert_eq!(error.stop_reason(), Some(StopReason::Attempts));
    assert_eq!(error.is_timeout(), Some(Phase::Attempt));
    assert_eq!((transport.calls(), transport.timed_out()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn silence_within_a_body_is_an_idle_timeout() {
    let transport = replies(|_| Ok(ok(silent_after("start"))));
    let client = builder(transport).options(once()).build().unwrap();
    let (result, took) = timed(client.call(&GET)).await;
    let error = result.unwrap_err();
    assert_eq!(error.is_timeout(), Some(Phase::Idle));
    assert_eq!(error.delivery(), Delivery::Answered);
    assert_eq!(took.as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_buffered_body_is_under_the_limits_of_attempt_and_call() {
    for (options, phase) in [
        (once().attempt_timeout(secs(10)), Phase::Attempt),
        (once().total_timeout(secs(10)), Phase::Total),
    ] {
        let transport = LoopbackTransport::new(|_| async { ok(trickle(secs(1))) });
        let client = builder(transport).options(options).build().unwrap();
        let (result, took) = timed(client.call(&GET)).await;
        assert_eq!(result.unwrap_err().is_timeout(), Some(phase));
        assert_eq!(took.as_secs(), 10);
    }
}

/// A byte after each pause, without end.
fn trickle(pause: std::time::Duration) -> Body {
    Body::from_stream(stream::unfold((), move |()| async move {
        tokio::time::sleep(pause).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
    }))
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_outlives_the_limits_of_attempt_and_call() {
    let transport = LoopbackTransport::new(|_| async { ok(trickle(secs(20))) });
    let options = once().attempt_timeout(secs(10)).total_timeout(secs(10));
    let client = builder(transport).options(options).build().unwrap();
    let mut body = client.call(&GET).stream().await.unwrap().into_body();
    for _ in 0..10 {
        assert_eq!(body.chunk().await.unwrap().unwrap(), "x");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_no_idle_peer() {
    let transport = LoopbackTransport::new(|_| async { ok(trickle(secs(20))) });
    let client = builder(transport).options(once()).build().unwrap();
    let mut body = client.call(&GET).stream().await.unwrap().into_body();
    for _ in 0..3 {
        assert_eq!(body.chunk().await.unwrap().unwrap(), "x");
        tokio::time::sleep(secs(1000)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_that_falls_silent_says_so_and_then_ends() {
    let transport = replies(|_| Ok(ok(silent_after("start"))));
    let client = builder(transport).options(once()).build().unwrap();
    let mut body = client.call(&GET).stream().await.unwrap().into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "start");
    let error = body.chunk().await.unwrap().unwrap_err();
    assert_eq!(
        error.kind(),
        sync_core::transport::TransportErrorKind::Timeout(Phase::Idle)
    );
    assert!(body.chunk().await.is_none());
}

/// Answers with a body that notes, when it is dropped, whether its attempt was
/// marked by then.
#[derive(Clone, Debug, Default)]
struct Watched(Arc<AtomicBool>);

struct DropCheck(Arc<Attempt>, Watched);

impl Drop for DropCheck {
    fn drop(&mut self) {
        self.1.0.store(self.0.has_timed_out(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Transport for Watched {
    async fn send(&self, request: http::Request<Body>) -> mock::Answer {
        let attempt = Attempt::of(request.extensions()).cloned().unwrap();
        let check = DropCheck(attempt, self.clone());
        Ok(ok(Body::from_stream(stream::once(async move {
            let _check = check;
            std::future::pending::<std::io::Result<Bytes>>().await
        }))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_stalled_body_is_marked_before_it_is_dropped() {
    let transport = Watched::default();
    let client = builder(transport.clone()).options(once()).build().unwrap();
    client.call(&GET).await.unwrap_err();
    assert!(transport.0.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn an_error_body_that_never_ends_does_not_hold_up_the_error() {
    let transport = LoopbackTransport::new(|_| async {
        mock::response(http::StatusCode::NOT_FOUND, trickle(secs(1)))
    });
    let client = builder(transport)
        .options(once().total_timeout(None))
        .build()
        .unwrap();
    let (result, took) = timed(client.call(&GET)).await;
    assert_eq!(result.unwrap_err().status().unwrap(), 404);
    assert_eq!(took.as_secs(), 5);
}
