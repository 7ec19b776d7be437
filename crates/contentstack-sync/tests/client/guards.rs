//! Pages that do not come to an end.

use contentstack_sync::{ContentstackError, ContentstackErrorExt as _, Error, Stack};
use http::Request;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::{answered, entry, last, ok, page, serving};

/// A stack whose pages are made from their number.
fn numbered(make: impl Fn(u64) -> Value + Send + Sync + 'static) -> Stack {
    let number = AtomicU64::new(0);
    serving(move |_: &Request<bytes::Bytes>| ok(&make(number.fetch_add(1, Ordering::Relaxed)))).0
}

/// How many pages there were before the error.
async fn endless(stack: Stack, most: usize) -> (usize, Error) {
    let mut pages = stack.sync_init().pages();
    for number in 0..=most {
        match pages.next().await.expect("it has no end") {
            Ok(page) => assert!(!page.is_last()),
            Err(error) => return (number, error),
        }
    }
    panic!("no error after {most} pages");
}

fn assert_endless(error: &Error) {
    assert_eq!(
        error.contentstack(),
        Some(&ContentstackError::EndlessPages),
        "{error:?}"
    );
    assert!(!error.is_retryable());
    assert!(!format!("{error:?}").contains("cs_secret"), "{error:?}");
}

#[tokio::test]
async fn the_token_that_was_asked_for_is_no_next_page() {
    let (stack, transport) = answered([ok(&page([1], "cs_secret1"))]);
    let error = stack.pagination("cs_secret1").await.unwrap_err();
    assert_endless(&error);
    // It is not asked for again: the answer would be the same.
    assert_eq!(transport.calls(), 1);
}

#[tokio::test]
async fn pages_in_a_circle_end_in_an_error_whatever_its_length() {
    for length in 1..12 {
        let stack =
            numbered(move |number| page([number], &format!("cs_secret{}", number % length)));
        let (pages, error) = endless(stack, 60).await;
        assert_endless(&error);
        assert!(pages as u64 >= length, "{pages} pages of {length}");
    }
}

#[tokio::test]
async fn empty_pages_are_followed_but_not_for_ever() {
    let (stack, _) = answered([
        ok(&page([1], "cs_1")),
        ok(&page([], "cs_2")),
        ok(&page([], "cs_3")),
        ok(&last([2], "cs_end")),
    ]);
    let mut items = stack.sync_init().items();
    let mut seen = 0;
    while let Some(item) = items.next().await {
        item.unwrap();
        seen += 1;
    }
    assert_eq!(seen, 2);

    let (pages, error) = endless(
        numbered(|number| page([], &format!("cs_secret{number}"))),
        200,
    )
    .await;
    assert_endless(&error);
    assert!(pages > 10, "{pages}");
}

#[tokio::test]
async fn more_items_than_announced_are_too_many_at_some_point() {
    let stack = numbered(|number| {
        json!({
            "items": [entry(number), entry(number + 1)],
            "pagination_token": format!("cs_secret{number}"),
            "skip": number * 2, "limit": 2, "total_count": 10,
        })
    });
    let (pages, error) = endless(stack, 200).await;
    assert_endless(&error);
    // 5 would do; results may grow while they are fetched.
    assert!((6..100).contains(&pages), "{pages}");
}

#[tokio::test]
async fn a_result_may_grow_and_its_pages_may_be_smaller_than_their_limit() {
    let stack = numbered(|number| {
        let token = if number == 299 {
            "sync_token"
        } else {
            "pagination_token"
        };
        json!({
            "items": [entry(number)],
            token: format!("cs_{number}"),
            "skip": number, "limit": 100, "total_count": 200 + number,
        })
    });
    let mut pages = stack.sync_init().pages();
    let mut seen = 0;
    while let Some(page) = pages.next().await {
        page.unwrap();
        seen += 1;
    }
    assert_eq!(seen, 300);
}

#[tokio::test]
async fn a_total_and_a_limit_that_lie_lose_no_item() {
    let stack = numbered(|number| {
        let token = if number == 9 {
            "sync_token"
        } else {
            "pagination_token"
        };
        let items: Vec<Value> = (0..50).map(|n| entry(number * 50 + n)).collect();
        json!({
            "items": items, token: format!("cs_{number}"),
            "skip": 0, "limit": 1, "total_count": 0,
        })
    });
    let mut items = stack.sync_init().items();
    let mut seen = 0;
    while let Some(item) = items.next().await {
        item.unwrap();
        seen += 1;
    }
    assert_eq!(seen, 500);
}

#[tokio::test]
async fn counts_may_be_as_large_as_numbers_go() {
    let (stack, _) = answered([
        ok(&json!({
            "items": [entry(1)], "pagination_token": "cs_1",
            "skip": u64::MAX, "limit": u64::MAX, "total_count": u64::MAX,
        })),
        ok(&last([2], "cs_end")),
    ]);
    let mut pages = stack.sync_init().pages();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!(first.progress(), Some(1.0));
    assert!(pages.next().await.unwrap().unwrap().is_last());
}

#[tokio::test]
async fn a_page_without_both_tokens_does_not_start_the_list_again() {
    // The CLI's recursion with a null token asks for page 1 for ever.
    let (stack, transport) = answered([
        ok(&page([1], "cs_1")),
        ok(&json!({"items": [entry(2)], "pagination_token": null})),
        ok(&json!({"items": [entry(2)], "pagination_token": null})),
    ]);
    let mut pages = stack.sync_init().pages();
    pages.next().await.unwrap().unwrap();
    let error = pages.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("neither"), "{error}");
    assert_eq!(
        pages.position(),
        &contentstack_sync::model::Position::Page("cs_1".into())
    );
    assert_eq!(transport.calls(), 2);
}
