//! Everything from now on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contentstack_sync::model::Position;
use contentstack_sync::{ContentstackErrorExt as _, Signal, SyncFollow};
use http::StatusCode;
use serde_json::json;
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::transport::Delivery;
use tokio::time::Instant;

use crate::support::{
    answered, builder, invalid, last, ok, page, queries, refused, serving, uids, with,
};

const MINUTE: Duration = Duration::from_secs(60);

async fn next_page(follow: &mut SyncFollow) -> Vec<String> {
    match follow.next().await.unwrap().unwrap() {
        Signal::Item(page) => uids(&page.items),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_result_comes_what_has_changed() {
    let (stack, transport) = answered([
        ok(&page([1], "cs_p1")),
        ok(&last([2], "cs_s1")),
        ok(&last([3], "cs_s2")),
        ok(&last([], "cs_s2")),
        ok(&page([4], "cs_p2")),
        ok(&last([5], "cs_s3")),
    ]);
    let mut follow = stack.sync_init().follow(MINUTE);
    let begun = Instant::now();
    assert_eq!(next_page(&mut follow).await, ["blt1"]);
    assert_eq!(follow.checkpoint().position, Position::Page("cs_p1".into()));
    assert_eq!(next_page(&mut follow).await, ["blt2"]);
    assert_eq!(
        follow.checkpoint().position,
        Position::Delta("cs_s1".into())
    );
    // The delta right after an initial sync waits for nothing.
    assert_eq!(next_page(&mut follow).await, ["blt3"]);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    // Two intervals; the empty one between is not handed out.
    assert_eq!(next_page(&mut follow).await, ["blt4"]);
    assert_eq!(begun.elapsed(), 2 * MINUTE);
    assert_eq!(next_page(&mut follow).await, ["blt5"]);
    assert_eq!(begun.elapsed(), 2 * MINUTE);
    assert_eq!(
        follow.checkpoint().position,
        Position::Delta("cs_s3".into())
    );
    assert_eq!(
        queries(&transport)[2..],
        ["cs_s1", "cs_s2", "cs_s2"]
            .map(|token| format!("sync_token={token}&environment=production"))
            .into_iter()
            .chain(["pagination_token=cs_p2&environment=production".to_owned()])
            .collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stack_is_asked_once_an_interval() {
    // It gives out a new token each time, with nothing new.
    let number = AtomicU64::new(0);
    let (stack, transport) = serving(move |_| {
        ok(&last(
            [],
            &format!("cs_{}", number.fetch_add(1, Ordering::Relaxed)),
        ))
    });
    let mut follow = stack.sync_token("cs_0").follow(MINUTE);
    let quiet = tokio::time::timeout(10 * MINUTE + Duration::from_secs(1), follow.next()).await;
    assert!(quiet.is_err());
    assert_eq!(transport.calls(), 11);
    // Each request has the newest token, though none was handed out.
    assert_eq!(
        queries(&transport)[10],
        "sync_token=cs_9&environment=production"
    );
    assert_eq!(follow.checkpoint().position, Position::Delta("cs_0".into()));
}

#[tokio::test(start_paused = true)]
async fn a_stack_with_much_news_is_asked_once_an_interval_too() {
    let number = AtomicU64::new(0);
    let (stack, transport) = serving(move |_| {
        ok(&last(
            [1],
            &format!("cs_{}", number.fetch_add(1, Ordering::Relaxed)),
        ))
    });
    let mut follow = stack.sync_token("cs_0").follow(MINUTE);
    let begun = Instant::now();
    for _ in 0..5 {
        next_page(&mut follow).await;
    }
    assert_eq!(begun.elapsed(), 4 * MINUTE);
    assert_eq!(transport.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_is_not_begun_anew() {
    let (stack, transport) = serving(|_| ok(&last([], "cs_0")));
    let mut follow = stack.sync_token("cs_0").follow(MINUTE);
    for _ in 0..12 {
        let _ = tokio::time::timeout(Duration::from_secs(10), follow.next()).await;
    }
    assert_eq!(transport.calls(), 2);
    let _ = tokio::time::timeout(Duration::from_secs(1), follow.next()).await;
    assert_eq!(transport.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_interval_without_end_is_one_delta() {
    let (stack, transport) = serving(|_| ok(&last([], "cs_0")));
    let mut follow = stack.sync_init().follow(Duration::MAX);
    let day = Duration::from_secs(24 * 60 * 60);
    assert!(tokio::time::timeout(day, follow.next()).await.is_err());
    assert_eq!(transport.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn errors_that_may_pass_are_said_and_it_goes_on() {
    let mut failures = 12;
    let answers = std::iter::from_fn(|| {
        failures -= 1;
        match failures {
            1.. => Some(Err(mock::reset(Delivery::MaybeSent))),
            0 => Some(ok(&last([7], "cs_1"))),
            _ => None,
        }
    });
    let (stack, _) = answered(answers);
    let mut follow = stack.sync_token("cs_0").follow(MINUTE);
    let mut interruptions = 0;
    loop {
        match follow.next().await.unwrap().unwrap() {
            Signal::Interrupted { error, .. } => {
                assert!(error.is_retryable());
                interruptions += 1;
                assert_eq!(follow.checkpoint().position, Position::Delta("cs_0".into()));
            }
            Signal::Item(page) => {
                assert_eq!(uids(&page.items), ["blt7"]);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    // 5 attempts each.
    assert_eq!(interruptions, 2);
}

#[tokio::test(start_paused = true)]
async fn errors_that_waiting_cannot_cure_are_final() {
    for (status, body) in [
        (401, json!({"error_code": 105})),
        (422, invalid("sync_token")),
    ] {
        let (stack, _) = serving(move |_| refused(status, &body));
        let mut follow = stack.sync_token("cs_0").follow(MINUTE);
        assert!(follow.next().await.unwrap().is_err());
        assert!(follow.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn it_starts_over_where_it_may_and_says_so_also_with_an_empty_page() {
    let (stack, _) = with(
        builder(),
        ReplyTransport::new(|request| match request.uri().query().unwrap() {
            query if query.starts_with("sync_token=cs_new") => ok(&last([9], "cs_newer")),
            query if query.starts_with("init=true") => ok(&last([], "cs_new")),
            _ => refused(422, &invalid("sync_token")),
        }),
    );
    let mut follow = stack
        .sync_token("cs_old")
        .resync_on_invalid_token(true)
        .follow(MINUTE);
    let Signal::Item(first) = follow.next().await.unwrap().unwrap() else {
        panic!()
    };
    assert!(first.resync && first.items.is_empty());
    assert_eq!(
        follow.checkpoint().position,
        Position::Delta("cs_new".into())
    );
    assert_eq!(next_page(&mut follow).await, ["blt9"]);
}

#[tokio::test]
async fn a_stack_whose_answers_are_no_pages_is_reported() {
    let transport = Arc::new(ReplyTransport::new(|_| {
        Ok(mock::response(StatusCode::OK, "<html>"))
    }));
    let stack = builder().transport(Arc::clone(&transport)).build().unwrap();
    let mut follow = stack.sync_init().follow(MINUTE);
    let error = follow.next().await.unwrap().unwrap_err();
    assert!(error.contentstack().is_none());
    assert!(follow.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_page_may_pass_where_there_was_one_before() {
    let (stack, transport) = answered([
        ok(&last([1], "cs_1")),
        Ok(mock::response(
            StatusCode::OK,
            "<html>Log in to this network</html>",
        )),
        ok(&last([2], "cs_2")),
    ]);
    let mut follow = stack.sync_token("cs_0").follow(MINUTE);
    assert_eq!(next_page(&mut follow).await, ["blt1"]);
    let Signal::Interrupted { error, .. } = follow.next().await.unwrap().unwrap() else {
        panic!("that was no page")
    };
    assert!(!error.is_retryable());
    let Signal::Item(page) = follow.next().await.unwrap().unwrap() else {
        panic!("no page")
    };
    assert_eq!(uids(&page.items), ["blt2"]);
    assert_eq!(transport.left(), 0);
}
