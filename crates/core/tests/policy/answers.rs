//! Which answers are tried again, and what is known of earlier attempts.

use std::sync::Arc;

use sync_core::policy::RetryAnswers;
use sync_core::testing::mock;
use sync_core::transport::Delivery;
use sync_core::{CallOptions, Operation};

use crate::support::*;

static DELETE: Operation = Operation::delete("demo", "item.delete", "/item");

#[tokio::test(start_paused = true)]
async fn answers_are_tried_again_as_far_as_the_policy_says() {
    let busy = || status(503);
    let told = || with(status(503), "retry-after", "1");
    for (answers, plain, asked) in [
        (RetryAnswers::Passing, 3, 3),
        (RetryAnswers::WhenAsked, 1, 3),
        (RetryAnswers::Never, 1, 1),
    ] {
        for (calls, wait) in [(plain, false), (asked, true)] {
            let transport = replies(move |_| Ok(if wait { told() } else { busy() }));
            let options = CallOptions::new().retry(attempts(3).answers(answers));
            let pipeline = builder(Arc::clone(&transport))
                .options(options)
                .build()
                .unwrap();
            let error = pipeline.call(&GET).await.unwrap_err();
            assert_eq!(
                transport.calls(),
                calls,
                "{answers:?}, told to wait: {wait}"
            );
            // What is not tried again may be tried again all the same.
            assert!(error.is_retryable(), "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lost_connections_are_no_answers() {
    let transport = queue([Err(mock::reset(Delivery::MaybeSent)), Ok(ok("x"))]);
    let options = CallOptions::new().retry(attempts(3).answers(RetryAnswers::Never));
    let pipeline = builder(transport).options(options).build().unwrap();
    assert_eq!(pipeline.call(&GET).await.unwrap(), "x");
}

#[tokio::test(start_paused = true)]
async fn an_error_tells_what_earlier_attempts_may_have_done() {
    let lost = |delivery| Err(mock::reset(delivery));
    for (before, expected) in [
        (vec![], None),
        (vec![lost(Delivery::NotSent)], Some(Delivery::NotSent)),
        (vec![lost(Delivery::MaybeSent)], Some(Delivery::MaybeSent)),
        (
            vec![lost(Delivery::MaybeSent), lost(Delivery::NotSent)],
            Some(Delivery::MaybeSent),
        ),
        (
            vec![lost(Delivery::NotSent), lost(Delivery::MaybeSent)],
            Some(Delivery::MaybeSent),
        ),
        (vec![Ok(status(503))], Some(Delivery::Answered)),
        // A redirect is no repetition.
        (vec![Ok(with(status(307), "location", "/other"))], None),
    ] {
        let answers = before.into_iter().chain([Ok(status(404))]);
        let error = pipeline(queue(answers)).call(&DELETE).await.unwrap_err();
        assert_eq!(error.repeated_after(), expected, "{error:?}");
    }
}

#[test]
fn a_message_can_be_replaced_by_one_that_knows_more() {
    let error = sync_core::Error::config("x").with_message("No Item with ID '7'");
    assert_eq!(error.to_string(), "No Item with ID '7'");
}
