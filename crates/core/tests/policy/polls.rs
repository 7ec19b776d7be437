//! Calls whose answer the server holds back.

use std::sync::Arc;

use sync_core::CallOptions;
use sync_core::testing::mock::{self, LoopbackTransport, NeverTransport};
use sync_core::transport::{Delivery, Phase};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_poll_without_an_answer_is_none_and_is_made_once() {
    let transport = Arc::new(NeverTransport::new());
    let client = pipeline(Arc::clone(&transport));
    let before = client.budget().left();
    let (result, took) = timed(client.call(&GET).poll(secs(60), secs(10))).await;
    assert!(result.unwrap().is_none());
    assert_eq!(took.as_secs(), 70);
    assert_eq!((transport.calls(), transport.timed_out()), (1, 1));
    assert_eq!(client.budget().left(), before);
}

#[tokio::test(start_paused = true)]
async fn a_poll_whose_head_comes_early_waits_for_the_body() {
    let transport = replies(|_| Ok(ok(silent_after(""))));
    let (result, took) = timed(
        pipeline(Arc::clone(&transport))
            .call(&GET)
            .poll(secs(60), secs(10)),
    )
    .await;
    assert!(result.unwrap().is_none());
    assert_eq!(took.as_secs(), 70);
    assert_eq!(transport.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_poll_gives_what_was_answered_in_time() {
    let transport = LoopbackTransport::new(|_| async {
        tokio::time::sleep(secs(65)).await;
        ok("[1]")
    });
    let result = pipeline(transport)
        .call(&GET)
        .json::<Vec<u8>>()
        .poll(secs(60), secs(10))
        .await;
    assert_eq!(result.unwrap(), Some(vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_cut_poll_is_not_an_empty_poll() {
    let transport = replies(|_| Ok(ok(silent_after("[1,"))));
    let error = pipeline(transport)
        .call(&GET)
        .poll(secs(60), secs(10))
        .await
        .unwrap_err();
    assert_eq!(error.is_timeout(), Some(Phase::Idle));

    let transport = replies(|_| Ok(ok(broken_after("[1,"))));
    pipeline(transport)
        .call(&GET)
        .poll(secs(60), secs(10))
        .await
        .unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_failed_poll_is_not_an_empty_poll() {
    for answer in [
        || Err(mock::reset(Delivery::MaybeSent)),
        || Err(mock::reset(Delivery::NotSent)),
        || Ok(status(503)),
        || Ok(status(404)),
    ] {
        let transport = replies(move |_| answer());
        pipeline(transport)
            .call(&GET)
            .poll(secs(60), secs(10))
            .await
            .unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn the_timing_of_a_poll_is_its_own() {
    let transport = Arc::new(NeverTransport::new());
    let client = builder(transport)
        .options(
            CallOptions::new()
                .retry(attempts(1))
                .first_byte_timeout(secs(2)),
        )
        .build()
        .unwrap();
    let poll = client.call(&GET).poll(secs(600), secs(1));
    let other = client.call(&GET);
    let ((poll, poll_took), (other, other_took)) = tokio::join!(timed(poll), timed(other));
    assert!(poll.unwrap().is_none());
    assert_eq!(poll_took.as_secs(), 601);
    assert_eq!(other.unwrap_err().is_timeout(), Some(Phase::FirstByte));
    assert_eq!(other_took.as_secs(), 2);
    let (later, later_took) = timed(client.call(&GET)).await;
    later.unwrap_err();
    assert_eq!(later_took.as_secs(), 2);
}
