//! Tokens that the service says it does not know: it is known to change its mind.

use std::time::Duration;

use contentstack_sync::model::Position;
use contentstack_sync::{ContentstackError, ContentstackErrorExt as _};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{
    answered, builder, invalid, last, ok, page, queries, refused, serving, uids, with,
};
use sync_core::testing::mock::ReplyTransport;

#[tokio::test(start_paused = true)]
async fn a_token_is_sent_four_times_with_the_same_pauses_before_it_is_given_up() {
    let (stack, transport) = serving(|_| refused(422, &invalid("sync_token")));
    let begun = Instant::now();
    let error = stack.sync_token("cs_token").await.unwrap_err();
    assert_eq!(
        error.contentstack(),
        Some(&ContentstackError::InvalidSyncToken)
    );
    assert_eq!(
        queries(&transport),
        ["sync_token=cs_token&environment=production"; 4]
    );
    // 0.5 + 2 + 8 s; the clock of the test stands still in between.
    assert_eq!(begun.elapsed(), Duration::from_millis(10_500));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_known_again_goes_on_as_if_nothing_was() {
    for failures in 1..=3 {
        let mut answers: Vec<_> = (0..failures)
            .map(|_| refused(422, &invalid("pagination_token")))
            .collect();
        answers.push(ok(&last([1], "cs_end")));
        let (stack, transport) = answered(answers);
        let page = stack.pagination("cs_page").await.unwrap();
        assert_eq!(uids(&page.items), ["blt1"]);
        assert_eq!(transport.left(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn other_refusals_are_not_asked_about_again() {
    for body in [
        json!({"error_code": 141, "errors": {"environment": []}}),
        json!({"error_code": 118}),
    ] {
        let (stack, transport) = serving(move |_| refused(422, &body));
        stack.sync_token("cs_token").await.unwrap_err();
        assert_eq!(transport.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_pauses_are_the_callers() {
    let builder = builder().invalid_token_pauses([]);
    let (stack, transport) = with(
        builder,
        ReplyTransport::new(|_| refused(422, &invalid("sync_token"))),
    );
    stack.sync_token("cs_token").await.unwrap_err();
    assert_eq!(transport.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_starts_over_only_where_it_may_and_says_so() {
    let answer = |request: &http::Request<bytes::Bytes>| match request.uri().query().unwrap() {
        query if query.starts_with("sync_token=cs_old") => refused(422, &invalid("sync_token")),
        query if query.starts_with("init=true") => ok(&page([1, 2], "cs_page")),
        query if query.starts_with("pagination_token=cs_page&") => ok(&last([3], "cs_new")),
        query => panic!("{query}"),
    };
    let (stack, transport) = serving(answer);
    let mut pages = stack.sync_token("cs_old").pages();
    let error = pages.next().await.unwrap().unwrap_err();
    assert!(error.is_invalid_token());
    assert_eq!(pages.position(), &Position::Delta("cs_old".into()));
    assert_eq!(transport.calls(), 4);

    let mut pages = stack
        .sync_token("cs_old")
        .resync_on_invalid_token(true)
        .pages();
    let first = pages.next().await.unwrap().unwrap();
    assert!(first.resync);
    let second = pages.next().await.unwrap().unwrap();
    assert!(!second.resync && second.is_last());
    assert!(pages.next().await.is_none());
    assert_eq!(pages.position(), &Position::Delta("cs_new".into()));
}

#[tokio::test(start_paused = true)]
async fn a_new_start_has_the_filter_of_the_sync() {
    let (stack, transport) = serving(|request| match request.uri().query().unwrap() {
        query if query.starts_with("init=true") => ok(&last([1], "cs_new")),
        _ => refused(422, &invalid("pagination_token")),
    });
    let checkpoint = {
        let mut checkpoint = stack.pagination("cs_page").checkpoint();
        checkpoint.filter.locale = Some("en-us".into());
        checkpoint
    };
    let sync = stack
        .resume(&checkpoint)
        .unwrap()
        .resync_on_invalid_token(true);
    assert!(sync.pages().next().await.unwrap().unwrap().resync);
    assert_eq!(
        queries(&transport).last().unwrap(),
        "init=true&locale=en-us&environment=production"
    );
}

#[tokio::test(start_paused = true)]
async fn starting_over_has_an_end() {
    // The first page works, and its token never does.
    let (stack, transport) = serving(|request| match request.uri().query().unwrap() {
        query if query.starts_with("init=true") => ok(&page([1], "cs_page")),
        _ => refused(422, &invalid("pagination_token")),
    });
    let mut pages = stack.sync_init().resync_on_invalid_token(true).pages();
    let mut starts = 0;
    let error = loop {
        match pages.next().await.unwrap() {
            Ok(page) => {
                assert_eq!(page.resync, starts > 0);
                starts += 1;
            }
            Err(error) => break error,
        }
        assert!(starts < 10);
    };
    assert!(error.is_invalid_token());
    assert_eq!(starts, 4);
    assert_eq!(transport.calls(), 4 + 4 * 4);
}

#[tokio::test(start_paused = true)]
async fn single_items_do_not_start_over_as_they_could_not_say_so() {
    let (stack, _) = serving(|_| refused(422, &invalid("sync_token")));
    let mut items = stack
        .sync_token("cs_old")
        .resync_on_invalid_token(true)
        .items();
    assert!(items.next().await.unwrap().unwrap_err().is_invalid_token());
}
