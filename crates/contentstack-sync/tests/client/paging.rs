//! All pages of a result: in order, once each, one ahead and no more.

use contentstack_sync::model::{Item, Position};
use contentstack_sync::{CallOptions, RetryPolicy};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;
use sync_core::testing::mock::{self, LoopbackTransport, ReplyTransport};
use sync_core::testing::{Fault, FaultTransport, Gate};

use crate::support::{answered, builder, last, ok, page, queries, refused, uids};

#[tokio::test]
async fn all_pages_come_in_order_and_the_stream_ends_with_the_sync_token() {
    let (stack, transport) = answered([
        ok(&page([1, 2], "cs_p1")),
        ok(&page([3], "cs_p2")),
        ok(&last([4], "cs_end")),
    ]);
    let mut pages = stack.sync_init().content_type("article").pages();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await.transpose().unwrap() {
        seen.extend(uids(&page.items));
    }
    assert_eq!(seen, ["blt1", "blt2", "blt3", "blt4"]);
    assert!(pages.next().await.is_none());
    assert_eq!(pages.position(), &Position::Delta("cs_end".into()));
    assert_eq!(
        queries(&transport),
        [
            "init=true&content_type_uid=article&environment=production",
            "pagination_token=cs_p1&environment=production",
            "pagination_token=cs_p2&environment=production",
        ]
    );
}

#[tokio::test]
async fn items_come_in_the_order_of_their_pages() {
    let (stack, _) = answered([
        ok(&page([1, 2], "cs_p1")),
        ok(&page([], "cs_p2")),
        ok(&last([3], "cs_end")),
    ]);
    let items: Vec<Item> = stack.sync_init().items().try_collect().await.unwrap();
    assert_eq!(uids(&items), ["blt1", "blt2", "blt3"]);
}

#[tokio::test]
async fn an_empty_delta_costs_one_request() {
    let (stack, transport) = answered([ok(&last([], "cs_same"))]);
    let mut pages = stack.sync_token("cs_same").pages();
    assert!(pages.next().await.unwrap().unwrap().items.is_empty());
    assert!(pages.next().await.is_none());
    let (again, transport_again) = answered([ok(&last([], "cs_same"))]);
    assert!(again.sync_token("cs_same").items().next().await.is_none());
    assert_eq!((transport.calls(), transport_again.calls()), (1, 1));
}

#[tokio::test]
async fn the_limit_is_sent_with_every_page() {
    let (stack, transport) = answered([ok(&page([1], "cs_p1")), ok(&last([2], "cs_end"))]);
    let pages: Vec<_> = stack.sync_init().limit(7).pages().collect().await;
    assert_eq!(pages.len(), 2);
    assert!(
        queries(&transport)
            .iter()
            .all(|query| query.contains("&limit=7&"))
    );
}

/// A stack whose pages after the first are held at a gate.
fn gated(gate: &Gate) -> (contentstack_sync::Stack, Arc<LoopbackTransport>) {
    let held = gate.clone();
    let transport = Arc::new(LoopbackTransport::new(move |request| {
        let gate = held.clone();
        let query = request.uri().query().unwrap().to_owned();
        async move {
            let number: u64 = match query.split_once("pagination_token=cs_p") {
                None => 0,
                Some((_, rest)) => {
                    gate.wait().await;
                    rest.split('&').next().unwrap().parse().unwrap()
                }
            };
            let body = match number {
                5.. => last([number], "cs_end"),
                _ => page([number], &format!("cs_p{}", number + 1)),
            };
            mock::json(StatusCode::OK, &body)
        }
    }));
    let stack = builder().transport(Arc::clone(&transport)).build().unwrap();
    (stack, transport)
}

#[tokio::test]
async fn the_next_page_is_fetched_while_the_caller_is_busy() {
    let gate = Gate::new();
    let (stack, transport) = gated(&gate);
    let mut pages = stack.sync_init().pages();
    pages.next().await.unwrap().unwrap();
    // Nobody polls the stream, and the second page is asked for all the same.
    gate.reached().await;
    assert_eq!(transport.calls(), 2);
    gate.open();
}

#[tokio::test(start_paused = true)]
async fn no_more_than_one_page_is_fetched_ahead() {
    let gate = Gate::new();
    gate.open();
    let (stack, transport) = gated(&gate);
    let mut pages = stack.sync_init().pages();
    for handed_out in 1..=5 {
        pages.next().await.unwrap().unwrap();
        // Whatever can run does so before the clock moves.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(transport.calls(), handed_out + 1);
    }
    assert!(pages.next().await.unwrap().unwrap().is_last());
    assert!(pages.next().await.is_none());
    assert_eq!(transport.calls(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_gives_up_the_page_that_is_on_its_way() {
    struct Dropped(Gate);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.open();
        }
    }

    let (asked, given_up) = (Gate::new(), Gate::new());
    let gates = (asked.clone(), given_up.clone());
    let transport = LoopbackTransport::new(move |request| {
        let (asked, given_up) = gates.clone();
        let first = request.uri().query().unwrap().starts_with("init");
        async move {
            if !first {
                let _dropped = Dropped(given_up);
                asked.open();
                std::future::pending::<()>().await;
            }
            mock::json(StatusCode::OK, &page([1], "cs_p1"))
        }
    });
    // No limit of time gives it up instead.
    let patient = CallOptions::default()
        .total_timeout(None)
        .first_byte_timeout(None);
    let builder = builder().transport(transport).with_options(|_| patient);
    let stack = builder.build().unwrap();
    let mut pages = stack.sync_init().pages();
    pages.next().await.unwrap().unwrap();
    asked.wait().await;
    drop(pages);
    let hour = std::time::Duration::from_secs(3600);
    tokio::time::timeout(hour, given_up.wait()).await.unwrap();
}

#[tokio::test]
async fn after_an_error_the_same_page_is_asked_for_again() {
    let (stack, transport) = answered([
        ok(&page([1], "cs_p1")),
        refused(404, &json!({})),
        ok(&page([2], "cs_p2")),
        ok(&last([3], "cs_end")),
    ]);
    let mut pages = stack.sync_init().pages();
    pages.next().await.unwrap().unwrap();
    assert!(pages.next().await.unwrap().is_err());
    assert_eq!(pages.position(), &Position::Page("cs_p1".into()));
    let rest: Vec<_> = pages.map(|page| page.unwrap().items).collect().await;
    assert_eq!(
        rest.iter()
            .flat_map(|items| uids(items))
            .collect::<Vec<_>>(),
        ["blt2", "blt3"]
    );
    assert_eq!(queries(&transport)[1], queries(&transport)[2]);
}

#[tokio::test]
async fn the_checkpoint_of_pages_follows_what_was_handed_out() {
    let (stack, _) = answered([ok(&page([1], "cs_p1")), ok(&last([2], "cs_end"))]);
    let mut pages = stack.sync_init().locale("en-us").pages();
    assert_eq!(pages.checkpoint().position, Position::Start);
    pages.next().await.unwrap().unwrap();
    assert_eq!(pages.checkpoint().position, Position::Page("cs_p1".into()));
    assert_eq!(pages.checkpoint().filter.locale, Some("en-us".into()));
    pages.next().await.unwrap().unwrap();
    assert_eq!(
        pages.checkpoint().position,
        Position::Delta("cs_end".into())
    );
    assert_eq!(pages.checkpoint().stack, *stack.fingerprint());
}

#[tokio::test]
async fn the_checkpoint_of_items_moves_when_all_of_a_page_were_handed_out() {
    let (stack, _) = answered([
        ok(&page([1, 2], "cs_p1")),
        ok(&page([], "cs_p2")),
        ok(&last([3], "cs_end")),
    ]);
    let mut items = stack.sync_init().items();
    assert_eq!(items.checkpoint().position, Position::Start);
    items.next().await.unwrap().unwrap();
    assert_eq!(items.checkpoint().position, Position::Start);
    items.next().await.unwrap().unwrap();
    assert_eq!(items.checkpoint().position, Position::Page("cs_p1".into()));
    items.next().await.unwrap().unwrap();
    assert_eq!(
        items.checkpoint().position,
        Position::Delta("cs_end".into())
    );
    assert!(items.next().await.is_none());
}

/// Faults in every place of a chain, and the chain comes out whole.
#[tokio::test(start_paused = true)]
async fn a_chain_is_whole_after_any_fault_at_any_page() {
    let faults = [
        Fault::NotSent,
        Fault::LostAnswer,
        Fault::Stall,
        Fault::StallAfter,
        Fault::Status(StatusCode::TOO_MANY_REQUESTS, None),
        Fault::Status(
            StatusCode::TOO_MANY_REQUESTS,
            Some(std::time::Duration::from_secs(2)),
        ),
        Fault::Status(StatusCode::REQUEST_TIMEOUT, None),
        Fault::Status(StatusCode::INTERNAL_SERVER_ERROR, None),
        Fault::Status(StatusCode::BAD_GATEWAY, None),
        Fault::Status(StatusCode::SERVICE_UNAVAILABLE, None),
        Fault::Status(StatusCode::GATEWAY_TIMEOUT, None),
        Fault::Truncate(10),
        Fault::Slow(20, std::time::Duration::from_secs(5)),
    ];
    for fault in faults {
        for at in 0..6 {
            let gate = Gate::new();
            gate.open();
            let (_, inner) = gated(&gate);
            let plan = std::iter::repeat_n(Fault::Pass, at).chain([fault.clone(), fault.clone()]);
            let transport = FaultTransport::new(inner).with_plan(plan);
            let stack = builder().transport(transport).build().unwrap();
            let items: Vec<Item> = stack.sync_init().items().try_collect().await.unwrap();
            assert_eq!(
                uids(&items),
                (0..6).map(|n| format!("blt{n}")).collect::<Vec<_>>(),
                "{fault:?} at {at}"
            );
        }
    }
}

#[test]
fn outside_of_a_runtime_a_stream_says_so() {
    use futures_util::FutureExt as _;

    let (stack, transport) = answered([ok(&last([1], "cs_end"))]);
    let mut pages = stack.sync_init().pages();
    let error = pages.next().now_or_never().unwrap().unwrap().unwrap_err();
    assert!(error.to_string().contains("tokio"), "{error}");
    assert_eq!(transport.calls(), 0);
}

#[tokio::test]
async fn a_limit_set_after_the_repetition_leaves_it_alone() {
    let transport = Arc::new(ReplyTransport::queue([
        refused(503, &json!({})),
        refused(503, &json!({})),
    ]));
    let stack = builder()
        .retry(RetryPolicy::never())
        .with_options(|options| options.idle_timeout(std::time::Duration::from_secs(5)))
        .transport(Arc::clone(&transport))
        .build()
        .unwrap();
    stack.sync_init().await.unwrap_err();
    assert_eq!(transport.requests().len(), 1);
}
