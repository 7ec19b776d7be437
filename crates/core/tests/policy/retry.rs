//! The normative table: what is repeated, how often, and after which pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::StatusCode;
use sync_core::policy::{Backoff, RetryBudget, RetryPolicy};
use sync_core::testing::mock::{self, NeverTransport};
use sync_core::transport::{Attempt, Delivery};
use sync_core::{ApiError, Body, CallOptions, ErrorKind, Operation, Service, StopReason};

use crate::support::*;

#[derive(Clone, Copy, Debug)]
enum Failing {
    NotSent,
    MaybeSent,
    BodyBroken,
    Status(u16),
}

impl Failing {
    fn answer(self) -> mock::Answer {
        match self {
            Self::NotSent => Err(mock::reset(Delivery::NotSent)),
            Self::MaybeSent => Err(mock::reset(Delivery::MaybeSent)),
            Self::BodyBroken => Ok(ok(broken_after("half"))),
            Self::Status(code) => Ok(status(code)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_repeated_exactly_as_the_table_says() {
    use Failing::*;
    let passing = [408, 500, 502, 503, 504].map(Status);
    let final_ = [400, 403, 404, 409, 410, 413, 422, 501, 505].map(Status);
    let rows = passing
        .into_iter()
        .chain([MaybeSent, BodyBroken])
        .map(|failing| (failing, true, false));
    let rows = rows.chain(final_.map(|failing| (failing, false, false)));
    let rows = rows.chain([(NotSent, true, true), (Status(429), true, true)]);

    for (failing, idempotent_repeats, other_repeats) in rows {
        for (operation, repeats) in [
            (&GET, idempotent_repeats),
            (&PUT, idempotent_repeats),
            (&KEYED, idempotent_repeats),
            (&POST, other_repeats),
        ] {
            for replayable in [true, false] {
                let transport = replies(move |_| failing.answer());
                let body = if replayable {
                    Body::from("data")
                } else {
                    one_shot(["data"])
                };
                let error = pipeline(Arc::clone(&transport))
                    .call(operation)
                    .body(body)
                    .await
                    .unwrap_err();
                let expected = if repeats && replayable { 3 } else { 1 };
                let case = format!(
                    "{failing:?}, {}, replayable: {replayable}",
                    operation.name()
                );
                assert_eq!(transport.calls(), expected, "{case}");
                assert_eq!(error.attempts() as usize, expected, "{case}");
                let reason = match (error.is_retryable(), repeats, replayable) {
                    (false, ..) => None,
                    (true, false, _) => Some(StopReason::NotIdempotent),
                    (true, true, false) => Some(StopReason::NotReplayable),
                    (true, true, true) => Some(StopReason::Attempts),
                };
                assert_eq!(error.stop_reason(), reason, "{case}");
                let kind_is_exhausted = error.kind() == ErrorKind::Exhausted;
                assert_eq!(kind_is_exhausted, expected > 1, "{case}");
                for request in transport.requests() {
                    assert_eq!(request.body(), "data", "{case}");
                }
            }
        }
    }
}

/// Knows what its 503 and 409 mean.
#[derive(Debug)]
struct Knowing;

impl Service for Knowing {
    fn explain(&self, _: &Operation, head: &http::response::Parts, _: &Bytes) -> ApiError {
        let mut error = ApiError::new(head.status);
        error.not_executed = head.status == StatusCode::CONFLICT;
        error.permanent = head.status == StatusCode::SERVICE_UNAVAILABLE;
        error
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_may_say_not_executed_or_permanent() {
    for (code, operation, calls) in [
        (409, &POST, 3),
        (409, &GET, 3),
        (503, &GET, 1),
        (500, &POST, 1),
    ] {
        let transport = replies(move |_| Ok(status(code)));
        let client = builder(Arc::clone(&transport))
            .service(Knowing)
            .build()
            .unwrap();
        client.call(operation).body("data").await.unwrap_err();
        assert_eq!(transport.calls(), calls, "{code} {}", operation.name());
    }
}

/// Says by 200 that it is not there yet.
#[derive(Debug)]
struct Warming;

impl Service for Warming {
    fn refusal(
        &self,
        _: &Operation,
        head: &http::response::Parts,
        body: &Bytes,
    ) -> Option<ApiError> {
        (&**body == b"warming up").then(|| {
            let mut error = ApiError::new(head.status).with_message("it is warming up");
            error.not_executed = true;
            error
        })
    }

    fn is_suspect(&self, head: &http::response::Parts) -> bool {
        !head.headers.contains_key("x-there")
    }
}

#[tokio::test(start_paused = true)]
async fn a_suspect_stream_is_looked_at_before_it_is_handed_out() {
    let transport = queue([Ok(ok("warming up")), Ok(ok("there"))]);
    let client = builder(Arc::clone(&transport))
        .service(Warming)
        .build()
        .unwrap();
    let answer = client.call(&GET).stream().await.unwrap();
    assert_eq!(answer.into_body().collect(100).await.unwrap(), "there");
    assert_eq!(transport.calls(), 2);

    let transport = replies(|_| Ok(ok("warming up")));
    let client = builder(Arc::clone(&transport))
        .service(Warming)
        .build()
        .unwrap();
    let error = client.call(&GET).stream().await.unwrap_err();
    assert_eq!(error.last().kind(), ErrorKind::Service);

    // Nothing in its body makes an answer suspect whose head is in order.
    let mut trusted = ok("warming up");
    let headers = trusted.headers_mut();
    headers.insert("x-there", http::HeaderValue::from_static("yes"));
    let client = builder(queue([Ok(trusted)]))
        .service(Warming)
        .build()
        .unwrap();
    let answer = client.call(&GET).stream().await.unwrap();
    assert_eq!(answer.into_body().collect(100).await.unwrap(), "warming up");

    // An empty one is no refusal, and no error.
    let client = builder(queue([Ok(ok(""))]))
        .service(Warming)
        .build()
        .unwrap();
    let answer = client.call(&GET).stream().await.unwrap();
    assert_eq!(answer.into_body().collect(100).await.unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn the_service_may_refuse_by_a_status_of_success() {
    for operation in [&GET, &POST] {
        let transport = queue([Ok(ok("warming up")), Ok(ok("there"))]);
        let client = builder(Arc::clone(&transport))
            .service(Warming)
            .build()
            .unwrap();
        let body = client.call(operation).body("data").text().await.unwrap();
        assert_eq!((body.as_str(), transport.calls()), ("there", 2));

        let transport = replies(|_| Ok(ok("warming up")));
        let client = builder(Arc::clone(&transport))
            .service(Warming)
            .build()
            .unwrap();
        let error = client
            .call(operation)
            .body("data")
            .empty()
            .await
            .unwrap_err();
        assert_eq!(transport.calls(), 3);
        let last = error.last();
        assert_eq!(last.kind(), ErrorKind::Service);
        assert!(error.is_retryable());
        assert!(last.to_string().contains("it is warming up"), "{last}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_works_at_last_is_a_success() {
    let transport = queue([
        Err(mock::reset(Delivery::NotSent)),
        Ok(status(503)),
        Ok(ok("there")),
    ]);
    let body = pipeline(Arc::clone(&transport))
        .call(&GET)
        .text()
        .await
        .unwrap();
    assert_eq!(body, "there");
    let numbers = transport
        .requests()
        .iter()
        .map(|request| Attempt::of(request.extensions()).unwrap().number())
        .collect::<Vec<_>>();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_buffered_body_that_breaks_off_is_read_again_from_the_start() {
    let transport = queue([Ok(ok(broken_after("hal"))), Ok(ok("half and half"))]);
    let body = pipeline(transport).call(&GET).text().await.unwrap();
    assert_eq!(body, "half and half");
}

#[tokio::test(start_paused = true)]
async fn a_broken_answer_to_a_post_says_that_it_was_executed() {
    let transport = queue([Ok(ok(broken_after("hal")))]);
    let error = pipeline(transport).call(&POST).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Answered);
    assert_eq!(error.stop_reason(), Some(StopReason::NotIdempotent));
}

#[tokio::test(start_paused = true)]
async fn a_replayable_body_is_made_anew_for_each_attempt() {
    let made = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&made);
    let body = Body::replay(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        one_shot(["one ", "two"])
    });
    let transport = queue([
        Ok(status(503)),
        Err(mock::reset(Delivery::MaybeSent)),
        Ok(ok("")),
    ]);
    pipeline(Arc::clone(&transport))
        .call(&PUT)
        .body(body)
        .await
        .unwrap();
    assert_eq!(transport.calls(), 3);
    for request in transport.requests() {
        assert_eq!(request.body(), "one two");
    }
    assert!(made.load(Ordering::SeqCst) >= 3);
}

#[tokio::test(start_paused = true)]
async fn retry_after_in_seconds_is_the_least_that_is_waited() {
    let transport = queue([Ok(with(status(503), "retry-after", "7")), Ok(ok(""))]);
    let (result, took) = timed(pipeline(transport).call(&GET)).await;
    result.unwrap();
    assert_eq!(took.as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn retry_after_as_a_date_counts_from_the_servers_own_clock() {
    // The server's clock is years behind.
    let reply = with(status(429), "date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let reply = with(reply, "retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
    let transport = queue([Ok(reply), Ok(ok(""))]);
    let (result, took) = timed(pipeline(transport).call(&POST)).await;
    result.unwrap();
    assert_eq!(took.as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_pause_longer_than_allowed_ends_the_call_at_once_and_is_told() {
    let transport = replies(|_| Ok(with(status(503), "retry-after", "120")));
    let (result, took) = timed(pipeline(Arc::clone(&transport)).call(&GET)).await;
    let error = result.unwrap_err();
    assert!(took.is_zero());
    assert_eq!(transport.calls(), 1);
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    assert_eq!(error.stop_reason(), Some(StopReason::RetryAfter));
    assert_eq!(error.api().unwrap().retry_after, Some(secs(120)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_beyond_all_time_is_no_crash() {
    let transport = replies(|_| Ok(with(status(503), "retry-after", "99999999999999999999")));
    let policy = RetryPolicy::default().max_retry_after(std::time::Duration::MAX);
    let call = pipeline(transport).call(&GET).retry(policy).timeout(None);
    assert_eq!(
        call.await.unwrap_err().stop_reason(),
        Some(StopReason::RetryAfter)
    );
}

#[tokio::test(start_paused = true)]
async fn limits_beyond_all_time_are_no_limits() {
    let max = std::time::Duration::MAX;
    let options = CallOptions::new()
        .total_timeout(max)
        .attempt_timeout(max)
        .first_byte_timeout(max)
        .idle_timeout(max);
    let transport = replies(|_| Ok(ok(one_shot(["a", "b"]))));
    let client = builder(transport).options(options).build().unwrap();
    assert_eq!(client.call(&GET).await.unwrap(), "ab");
    assert!(client.call(&GET).poll(max, max).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn pauses_are_random_and_never_longer_than_the_cap() {
    let cap = secs(2);
    let policy = RetryPolicy::default()
        .max_attempts(50)
        .backoff(Backoff::new(secs(1), cap).seeded(3));
    let transport = replies(|_| Ok(status(500)));
    let call = pipeline(Arc::clone(&transport))
        .call(&GET)
        .retry(policy)
        .timeout(None);
    let (result, took) = timed(call).await;
    assert_eq!(
        result.unwrap_err().stop_reason(),
        Some(StopReason::Attempts)
    );
    assert_eq!(transport.calls(), 50);
    // Evenly spread pauses are half the cap on average.
    assert!(took > cap * 49 / 4 && took < cap * 49 * 3 / 4, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn no_pause_leads_past_the_deadline() {
    let transport = replies(|_| Ok(with(status(503), "retry-after", "10")));
    let (result, took) = timed(pipeline(Arc::clone(&transport)).call(&GET).timeout(secs(5))).await;
    let error = result.unwrap_err();
    assert!(took.is_zero());
    assert_eq!(transport.calls(), 1);
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    assert_eq!(error.stop_reason(), Some(StopReason::Deadline));
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
}

#[tokio::test(start_paused = true)]
async fn repeated_attempts_share_the_deadline_of_their_call() {
    let transport = Arc::new(NeverTransport::new());
    let client = builder(Arc::clone(&transport))
        .options(
            CallOptions::new()
                .retry(attempts(100))
                .first_byte_timeout(secs(3)),
        )
        .build()
        .unwrap();
    let (result, took) = timed(client.call(&GET).timeout(secs(10))).await;
    let error = result.unwrap_err();
    assert!(took <= secs(10), "{took:?}");
    assert!(transport.calls() >= 3);
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    assert_eq!(error.stop_reason(), Some(StopReason::Deadline));
}

#[tokio::test(start_paused = true)]
async fn the_budget_is_shared_between_clones() {
    let transport = replies(|_| Ok(status(500)));
    let client = builder(Arc::clone(&transport))
        .budget(RetryBudget::new(3, 0.0))
        .build()
        .unwrap();
    let clone = client.clone();
    let first = client.call(&GET).await.unwrap_err();
    let second = clone.call(&GET).await.unwrap_err();
    let third = client.call(&GET).await.unwrap_err();
    assert_eq!(first.stop_reason(), Some(StopReason::Attempts));
    assert_eq!(second.stop_reason(), Some(StopReason::Budget));
    assert_eq!(third.stop_reason(), Some(StopReason::Budget));
    assert_eq!(third.kind(), ErrorKind::Exhausted);
    assert_eq!(transport.calls(), 3 + 2 + 1);
    assert_eq!(client.budget().left(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_a_timeout_costs_the_budget_double() {
    let client = builder(NeverTransport::new())
        .options(
            CallOptions::new()
                .retry(attempts(2))
                .first_byte_timeout(secs(1)),
        )
        .budget(RetryBudget::new(10, 0.0))
        .build()
        .unwrap();
    client.call(&GET).await.unwrap_err();
    assert_eq!(client.budget().left(), 8);
}
