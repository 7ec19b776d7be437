//! How many requests are made a second.

use std::time::{Duration, SystemTime};

use contentstack_sync::{Clock, RateLimit, Stack, StackBuilder};
use serde_json::json;
use sync_core::testing::mock::{Answer, ReplyTransport};
use tokio::time::Instant;

use crate::support::{builder, header, last, ok, refused, with};

fn fine() -> Answer {
    ok(&last([], "cs1"))
}

fn limited(limit: &RateLimit, answer: fn() -> Answer) -> Stack {
    let transport = ReplyTransport::new(move |_| answer());
    with(builder().rate_limit(limit.clone()), transport).0
}

/// How long this many calls take, one after the other.
async fn time(stack: &Stack, calls: u32) -> Duration {
    let begun = Instant::now();
    for _ in 0..calls {
        stack.sync_init().await.unwrap();
    }
    begun.elapsed()
}

/// Timers have milliseconds.
fn assert_about(time: Duration, expected: Duration) {
    let slack = Duration::from_millis(100);
    assert!(
        time >= expected && time <= expected + slack,
        "{time:?}, not {expected:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_limit_wait_for_their_turn() {
    let limit = RateLimit::per_second(10);
    let stack = limited(&limit, fine);
    assert_eq!(time(&stack, 10).await, Duration::ZERO);
    assert_about(time(&stack, 30).await, Duration::from_secs(3));
    // What was not used for long is there, but no more than a second's worth.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(time(&stack, 10).await, Duration::ZERO);
    assert_about(time(&stack, 10).await, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_shared_by_all_stacks_that_are_given_it() {
    let limit = RateLimit::per_second(10);
    let (one, two) = (limited(&limit, fine), limited(&limit, fine));
    assert!(one.rate_limit().is_same(two.rate_limit()));
    assert_eq!(time(&one, 10).await, Duration::ZERO);
    assert_about(time(&two, 10).await, Duration::from_secs(1));
    // Others have their own.
    let own = limited(&RateLimit::per_second(10), fine);
    assert!(!own.rate_limit().is_same(&limit));
    assert_eq!(time(&own, 10).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_default_is_eighty_a_second() {
    let (stack, _) = with(builder(), ReplyTransport::new(|_| fine()));
    assert_eq!(time(&stack, 80).await, Duration::ZERO);
    assert_about(time(&stack, 80).await, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn concurrent_calls_share_the_limit_too() {
    let stack = limited(&RateLimit::per_second(10), fine);
    let begun = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let stack = stack.clone();
        calls.spawn(async move { stack.sync_init().await.unwrap() });
    }
    while calls.join_next().await.is_some() {}
    assert_about(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_takes_no_turn() {
    let limit = RateLimit::per_second(1);
    let stack = limited(&limit, fine);
    stack.sync_init().await.unwrap();
    for _ in 0..50 {
        let given_up = tokio::time::timeout(Duration::from_millis(1), stack.sync_init()).await;
        assert!(given_up.is_err());
    }
    assert!(time(&stack, 1).await < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn repeated_attempts_count() {
    let limit = RateLimit::per_second(10);
    let failing = limited(&limit, || refused(503, &json!({})));
    failing.sync_init().await.unwrap_err();
    failing.sync_init().await.unwrap_err();
    // Two calls with five attempts each.
    assert_about(
        time(&limited(&limit, fine), 10).await,
        Duration::from_secs(1),
    );
}

#[tokio::test(start_paused = true)]
async fn a_lower_limit_of_the_service_is_heeded() {
    let limit = RateLimit::per_second(80);
    let stack = limited(&limit, || header(fine(), "x-ratelimit-limit", "5"));
    stack.sync_init().await.unwrap();
    assert_about(time(&stack, 10).await, Duration::from_secs(1));
    // A higher one is not for this program alone.
    let limit = RateLimit::per_second(5);
    let stack = limited(&limit, || header(fine(), "x-ratelimit-limit", "1000"));
    assert_about(time(&stack, 10).await, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_the_service_says_is_left_is_heeded() {
    let limit = RateLimit::per_second(10);
    let stack = limited(&limit, || header(fine(), "x-ratelimit-remaining", "0"));
    // One at a time, as the service says each time that there is none left.
    assert_about(time(&stack, 5).await, Duration::from_millis(400));
}

#[tokio::test(start_paused = true)]
async fn odd_headers_are_not_heeded() {
    let stack = limited(&RateLimit::per_second(10), || {
        let answer = header(fine(), "x-ratelimit-limit", "none");
        let answer = header(answer, "x-ratelimit-remaining", "NaN");
        header(answer, "x-ratelimit-reset", "-5")
    });
    assert_eq!(time(&stack, 10).await, Duration::ZERO);
    let stack = limited(&RateLimit::per_second(10), || {
        header(fine(), "x-ratelimit-limit", "0")
    });
    assert_eq!(time(&stack, 10).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn fewer_than_none_left_are_none() {
    let stack = limited(&RateLimit::per_second(10), || {
        header(fine(), "x-ratelimit-remaining", "-1e300")
    });
    assert_about(time(&stack, 3).await, Duration::from_millis(200));
}

/// The time of these tests, as the service would write it.
const NOW: u64 = 1_800_000_000;

fn refused_once(extra: &'static [(&'static str, &'static str)]) -> StackBuilderWithAnswers {
    let refusal = extra
        .iter()
        .fold(refused(429, &json!({})), |answer, (name, value)| {
            header(answer, name, value)
        });
    let clock = Clock::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW));
    (
        builder().clock(clock),
        ReplyTransport::queue([refusal, fine()]),
    )
}

type StackBuilderWithAnswers = (StackBuilder, ReplyTransport);

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_asked_for_is_kept_in_all_its_forms() {
    for (headers, seconds) in [
        (&[("retry-after", "3")][..], 3),
        (&[("retry-after", "Fri, 15 Jan 2027 08:00:03 GMT")], 3),
        (&[("x-ratelimit-reset", "1800000004")], 4),
        (&[("x-ratelimit-reset", "4")], 4),
        (&[("x-ratelimit-reset-time", "2027-01-15T08:00:05.000Z")], 5),
        (
            &[("x-ratelimit-reset-time", "2027-01-15T09:00:05+01:00")],
            5,
        ),
        // By the service's own clock.
        (
            &[
                ("x-ratelimit-reset", "1700000006"),
                ("date", "Tue, 14 Nov 2023 22:13:20 GMT"),
            ],
            6,
        ),
        // Seconds are more exact than a time.
        (
            &[
                ("x-ratelimit-reset", "2"),
                ("x-ratelimit-reset-time", "2027-01-15T08:00:09Z"),
            ],
            2,
        ),
        (&[("retry-after", "1"), ("x-ratelimit-reset", "9")], 1),
        (&[("retry-after", "soon"), ("x-ratelimit-reset", "9")], 9),
        // In the past, and nothing at all.
        (&[("x-ratelimit-reset", "1700000000")], 0),
        (
            &[
                ("x-ratelimit-reset", "soon"),
                ("x-ratelimit-reset-time", "soon"),
            ],
            0,
        ),
        (&[], 0),
    ] {
        let (builder, answers) = refused_once(headers);
        let (stack, transport) = with(builder, answers);
        let begun = Instant::now();
        stack.sync_init().await.unwrap();
        assert_about(begun.elapsed(), Duration::from_secs(seconds));
        assert_eq!(transport.left(), 0, "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_share_a_limit_keep_the_pause_that_one_was_asked_for() {
    for headers in [
        &[("retry-after", "7")],
        &[("retry-after", "Fri, 15 Jan 2027 08:00:07 GMT")],
    ] {
        let limit = RateLimit::default();
        let (refused, answers) = refused_once(headers);
        let (refused, _) = with(refused.rate_limit(limit.clone()), answers);
        let other = limited(&limit, fine);
        let begun = Instant::now();
        let first = tokio::spawn(async move { refused.sync_init().await.unwrap() });
        tokio::task::yield_now().await;
        other.sync_init().await.unwrap();
        assert_about(begun.elapsed(), Duration::from_secs(7));
        first.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_a_number_still_heeds_the_service() {
    let stack = limited(&RateLimit::unlimited(), fine);
    assert_eq!(time(&stack, 1000).await, Duration::ZERO);
    let stack = limited(&RateLimit::unlimited(), || {
        header(fine(), "x-ratelimit-limit", "10")
    });
    stack.sync_init().await.unwrap();
    assert_about(time(&stack, 20).await, Duration::from_secs(1));
}
