//! The transports without a socket, and the one with faults.

#![cfg(feature = "testing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use sync_core::testing::mock::{self, LoopbackTransport, NeverTransport, ReplyTransport};
use sync_core::testing::{Fault, FaultTransport};
use sync_core::transport::{Attempt, Delivery, Operation, TransportErrorKind};
use sync_core::{Body, Transport};

static OPERATION: Operation = Operation::get("test", "any", "/");

fn request() -> Request<Body> {
    Request::get("http://host/a?b=c")
        .body(Body::empty())
        .unwrap()
}

fn hello() -> ReplyTransport {
    ReplyTransport::new(|_| Ok(mock::response(StatusCode::OK, "hello")))
}

#[tokio::test]
async fn a_used_up_queue_is_an_error_that_was_not_sent() {
    let transport = ReplyTransport::queue([Err(mock::reset(Delivery::MaybeSent))]);
    let error = transport.send(request()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (TransportErrorKind::Reset, Delivery::MaybeSent)
    );
    let error = transport.send(request()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (TransportErrorKind::Request, Delivery::NotSent)
    );
    assert_eq!(transport.calls(), 2);
}

#[tokio::test]
async fn a_reply_transport_keeps_whole_requests() {
    let transport =
        ReplyTransport::new(|request| Ok(mock::json(StatusCode::OK, request.uri().path())));
    let body = Body::replay(|| Body::from("data"));
    let request = Request::put("http://host/x")
        .header("x-a", "1")
        .body(body)
        .unwrap();
    let answer = transport.send(request).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.into_body().collect(100).await.unwrap(), "\"/x\"");
    let kept = &transport.requests()[0];
    assert_eq!(
        (kept.headers()["x-a"].as_bytes(), &kept.body()[..]),
        (&b"1"[..], &b"data"[..])
    );
}

#[tokio::test(start_paused = true)]
async fn a_never_transport_counts_who_gave_up() {
    let transport = Arc::new(NeverTransport::new());
    for timed_out in [false, true] {
        let attempt = Arc::new(Attempt::new(&OPERATION, 1));
        let mut request = request();
        request.extensions_mut().insert(Arc::clone(&attempt));
        let call = tokio::spawn({
            let transport = Arc::clone(&transport);
            async move { transport.send(request).await }
        });
        transport.called(1 + usize::from(timed_out)).await;
        if timed_out {
            attempt.mark_timed_out();
        }
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    assert_eq!(
        (
            transport.calls(),
            transport.dropped(),
            transport.timed_out()
        ),
        (2, 2, 1)
    );
}

#[tokio::test]
async fn a_loopback_streams_both_ways() {
    let transport = LoopbackTransport::new(|request: Request<Body>| async move {
        http::Response::new(Body::from_stream(request.into_body().into_stream()))
    });
    let request = Request::post("http://host/")
        .body(Body::from("echo"))
        .unwrap();
    let answer = transport.send(request).await.unwrap();
    assert_eq!(answer.into_body().collect(4).await.unwrap(), "echo");
    assert_eq!(transport.calls(), 1);
}

#[tokio::test]
async fn each_fault_does_what_it_says_to_the_other_side() {
    let retry = Some(Duration::from_secs(7));
    let transport = FaultTransport::new(hello()).with_plan([
        Fault::NotSent,
        Fault::LostAnswer,
        Fault::Status(StatusCode::TOO_MANY_REQUESTS, retry),
        Fault::Truncate(2),
        Fault::Truncate(1000),
        Fault::Corrupt,
    ]);

    let error = transport.send(request()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (TransportErrorKind::Connect, Delivery::NotSent)
    );
    assert_eq!(transport.inner().calls(), 0);

    let error = transport.send(request()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (TransportErrorKind::Reset, Delivery::MaybeSent)
    );
    assert_eq!(transport.inner().calls(), 1);

    let answer = transport.send(request()).await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["retry-after"].as_bytes()
        ),
        (429, &b"7"[..])
    );
    assert_eq!(transport.inner().calls(), 1);

    for expected in ["he", "hello"] {
        let mut body = transport.send(request()).await.unwrap().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), expected);
        let error = body.chunk().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Reset);
        assert!(body.chunk().await.is_none());
    }

    let body = transport.send(request()).await.unwrap().into_body();
    assert_eq!(body.collect(100).await.unwrap(), &b"\x97ello"[..]);

    let body = transport.send(request()).await.unwrap().into_body();
    assert_eq!(body.collect(100).await.unwrap(), "hello");
    assert_eq!(transport.history().last(), Some(&Fault::Pass));
    assert_eq!((transport.faults(), transport.forwarded()), (6, 5));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_takes_its_time_and_comes_whole() {
    let pause = Duration::from_secs(10);
    let transport = FaultTransport::new(hello()).with_plan([Fault::Slow(2, pause)]);
    let mut body = transport.send(request()).await.unwrap().into_body();
    let start = tokio::time::Instant::now();
    for (piece, count) in [("he", 1), ("ll", 2), ("o", 3)] {
        assert_eq!(body.chunk().await.unwrap().unwrap(), piece);
        assert_eq!(start.elapsed().as_secs(), 10 * count);
    }
    assert!(body.chunk().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stall_lasts_for_ever_before_or_after_the_work() {
    for (fault, calls) in [(Fault::Stall, 0), (Fault::StallAfter, 1)] {
        let transport = FaultTransport::new(hello()).with_plan([fault]);
        let day = Duration::from_secs(86_400);
        tokio::time::timeout(day, transport.send(request()))
            .await
            .unwrap_err();
        assert_eq!(transport.inner().calls(), calls);
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let run = async |seed| {
        let faults = [Fault::NotSent, Fault::LostAnswer];
        let transport = FaultTransport::new(hello()).with_random(seed, 0.5, faults);
        for _ in 0..64 {
            let _ = transport.send(request()).await;
        }
        transport.history()
    };
    let history = run(7).await;
    assert_eq!(history, run(7).await);
    assert_ne!(history, run(8).await);
    for fault in [Fault::Pass, Fault::NotSent, Fault::LostAnswer] {
        assert!(history.contains(&fault), "{fault:?}");
    }
}

#[tokio::test]
async fn no_chance_is_no_fault_and_certainty_is_one() {
    for (probability, faults) in [(0.0, 0), (1.0, 20)] {
        let transport = FaultTransport::new(hello()).with_random(1, probability, [Fault::NotSent]);
        for _ in 0..20 {
            let _ = transport.send(request()).await;
        }
        assert_eq!(transport.faults(), faults);
    }
    let transport = FaultTransport::new(hello()).with_random(1, 1.0, []);
    assert_eq!(transport.send(request()).await.unwrap().status(), 200);
    transport.inject([Fault::NotSent]);
    transport.send(request()).await.unwrap_err();
}
