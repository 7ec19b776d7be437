//! What the official SDKs get wrong, each with a test that this one does not.
//!
//! Sections of the reference: 2.1 (faults of the service), 3 and 3.1 (faults
//! of the SDKs), 4 (faults of DataSync).

use std::sync::Arc;
use std::time::Duration;

use contentstack_sync::model::Item;
use contentstack_sync::{
    Backoff, ContentstackError, ContentstackErrorExt as _, ErrorKind, RetryPolicy, Stack,
};
use http::StatusCode;
use serde_json::json;
use sync_core::testing::mock::{self, Answer, ReplyTransport};
use sync_core::testing::{Fault, FaultTransport, Received, Reply, Script, ScriptedServer};
use tokio::time::Instant;

use crate::support::{
    answered, at, builder, entry, header, invalid, last, ok, page, queries, refused, reply,
    serving, uids, with,
};

fn html() -> Answer {
    Ok(mock::response(
        StatusCode::SERVICE_UNAVAILABLE,
        "<html><body>503 Backend fetch failed</body></html>",
    ))
}

/// A stack whose first answers are these, and whose others are fine.
fn then_fine(first: Vec<Answer>) -> (Stack, Arc<ReplyTransport>) {
    let mut answers = first;
    answers.push(ok(&last([1], "cs1")));
    answered(answers)
}

// ---- 2.1: the service has a bad day ----

#[tokio::test(start_paused = true)]
async fn a_timeout_is_kept() {
    // npm contentstack has the option and ignores it.
    let inner = ReplyTransport::new(|_| ok(&last([], "cs1")));
    let stalled = FaultTransport::new(inner).with_plan(std::iter::repeat_n(Fault::Stall, 9));
    let stack = builder()
        .transport(stalled)
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let begun = Instant::now();
    let error = stack.sync_init().await.unwrap_err();
    assert!(error.is_timeout().is_some());
    assert_eq!(begun.elapsed(), Duration::from_millis(500));
    // One call may have its own.
    let begun = Instant::now();
    stack
        .sync_init()
        .timeout(Duration::from_secs(2))
        .await
        .unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    let begun = Instant::now();
    stack
        .sync_token("cs")
        .timeout(Duration::from_secs(3))
        .await
        .unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stops_in_mid_body_is_not_waited_for_for_ever() {
    let (gate, server) = (sync_core::testing::Gate::new(), "{\"items\":[");
    let held = gate.clone();
    let script = Script::new().serve(move |_| Reply::ok().chunk(server).wait(&held).chunk("]}"));
    let server = ScriptedServer::always(script).await.unwrap();
    let stack = builder()
        .host(server.url(""))
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = stack.sync_init().await.unwrap_err();
    assert!(error.is_timeout().is_some(), "{error:?}");
    gate.open();
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_repeated_with_growing_pauses() {
    // Python asks six times within milliseconds.
    let retry = RetryPolicy::default()
        .max_attempts(5)
        .backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(60)).seeded(4));
    let answers = (0..4)
        .map(|_| refused(429, &json!({})))
        .chain([ok(&last([1], "cs1"))]);
    let (stack, transport) = with(builder().retry(retry), ReplyTransport::queue(answers));
    let begun = Instant::now();
    stack.sync_init().await.unwrap();
    assert_eq!(transport.left(), 0);
    assert!(
        begun.elapsed() > Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_asked_for_is_kept_whatever_is_left() {
    // npm contentstack ignores it, delivery-sdk heeds it only with nothing left.
    for left in ["0", "50"] {
        let answer = header(refused(429, &json!({})), "retry-after", "2");
        let (stack, _) = then_fine(vec![header(answer, "x-ratelimit-remaining", left)]);
        let begun = Instant::now();
        stack.sync_init().await.unwrap();
        assert!(begun.elapsed() >= Duration::from_secs(2), "{left}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_attempts_fail_the_reason_is_still_there() {
    // delivery-sdk makes "UNKNOWN_ERROR status 0" of it, Python an error without fields.
    let body = json!({"error_message": "You have exceeded the rate limit.", "error_code": 429});
    let (stack, transport) = serving(move |_| refused(429, &body));
    let error = stack.sync_init().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(error.contentstack(), Some(&ContentstackError::RateLimited));
    assert_eq!(error.attempts(), 5);
    assert!(
        format!("{error:?}").contains("exceeded the rate limit"),
        "{error:?}"
    );
    // And it has an end: DataSync repeats a 429 for ever.
    assert_eq!(transport.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn answers_that_pass_are_repeated() {
    // 408: not by delivery-sdk. 500 and 503: by none of them.
    for status in [408, 429, 500, 502, 503, 504] {
        let (stack, transport) = then_fine(vec![refused(status, &json!({"error_code": status}))]);
        assert_eq!(
            uids(&stack.sync_init().await.unwrap().items),
            ["blt1"],
            "{status}"
        );
        assert_eq!(transport.left(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_never_taken_for_an_answer() {
    // Python returns the JSON of 500, 503 and 422 as if it were a page.
    for (status, body) in [
        (
            500,
            json!({"error_message": "no", "items": [], "sync_token": "cs"}),
        ),
        (503, json!({"items": [entry(1)], "sync_token": "cs"})),
        (422, invalid("sync_token")),
        (404, json!({"items": [], "sync_token": "cs"})),
    ] {
        let (stack, _) = serving(move |_| refused(status, &body));
        let error = stack.sync_token("cs_token").await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_html_is_repeated_and_then_an_error_of_this_crate() {
    // Python and npm fail with their JSON parsers' errors.
    let (stack, _) = then_fine(vec![html(), html()]);
    stack.sync_init().await.unwrap();
    let (stack, _) = serving(|_| html());
    let error = stack.sync_init().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(error.last().kind(), ErrorKind::Service);
    assert!(!error.to_string().contains('<'), "{error}");
}

#[tokio::test]
async fn a_refused_token_is_not_asked_about_again() {
    // delivery-sdk sends up to four requests with a token that is refused.
    let (stack, transport) = serving(|_| refused(401, &json!({"error_code": 105})));
    let error = stack.sync_init().await.unwrap_err();
    assert_eq!(
        error.contentstack(),
        Some(&ContentstackError::BadDeliveryToken)
    );
    assert_eq!(transport.calls(), 1);
}

#[tokio::test]
async fn a_dropped_connection_is_made_again() {
    let fine = |_: Received| reply(&last([1], "cs1"));
    let server = ScriptedServer::builder()
        .connection(Script::new().read_request().reset())
        .connection(Script::new().read_request().close())
        .otherwise(Script::new().serve(fine))
        .start()
        .await
        .unwrap();
    assert_eq!(
        uids(&at(server.url("")).sync_init().await.unwrap().items),
        ["blt1"]
    );
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_fetched_again_and_never_taken_for_whole() {
    // Python and delivery-sdk give up.
    let whole = last([1, 2, 3], "cs1").to_string();
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        let half = whole[..cut].to_owned();
        let broken = Script::new().read_request().reply(
            Reply::ok()
                .body(half)
                .content_length(whole.len() as u64)
                .then_close(),
        );
        let body = whole.clone();
        let server = ScriptedServer::builder()
            .connection(broken)
            .otherwise(Script::new().serve(move |_| Reply::ok().body(body.clone())))
            .start()
            .await
            .unwrap();
        let page = at(server.url("")).sync_init().await.unwrap();
        assert_eq!(page.items.len(), 3, "{cut}");
        assert_eq!(server.executions(), 2);
    }
}

#[tokio::test]
async fn a_compressed_body_that_breaks_off_is_fetched_again() {
    use std::io::Write as _;

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(last(1..50, "cs1").to_string().as_bytes())
        .unwrap();
    let whole = gzip.finish().unwrap();
    let compressed = |body: &[u8]| {
        Reply::ok()
            .header("content-encoding", "gzip")
            .body(body.to_vec())
    };
    let broken = compressed(&whole[..whole.len() / 2])
        .until_close()
        .then_close();
    let body = whole.clone();
    let server = ScriptedServer::builder()
        .connection(Script::new().read_request().reply(broken))
        .otherwise(Script::new().serve(move |_| compressed(&body)))
        .start()
        .await
        .unwrap();
    assert_eq!(
        at(server.url("")).sync_init().await.unwrap().items.len(),
        49
    );
    assert_eq!(server.executions(), 2);
}

#[tokio::test]
async fn a_body_that_breaks_off_where_nothing_shows_it_is_fetched_again() {
    let whole = page([1, 2, 3], "cs_p1").to_string();
    let half = Reply::ok()
        .body(whole[..whole.len() / 2].to_owned())
        .until_close()
        .then_close();
    let server = ScriptedServer::builder()
        .connection(Script::new().read_request().reply(half))
        .otherwise(Script::new().serve(move |_| Reply::ok().body(whole.clone())))
        .start()
        .await
        .unwrap();
    assert_eq!(at(server.url("")).sync_init().await.unwrap().items.len(), 3);
    assert_eq!(server.executions(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_always_breaks_off_is_given_up() {
    let (stack, transport) = serving(|_| Ok(mock::response(StatusCode::OK, "{\"items\":[")));
    let error = stack.sync_init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("stops in the middle"), "{error}");
    assert_eq!(transport.calls(), 3);
}

#[tokio::test]
async fn a_body_that_is_no_json_after_a_success_is_an_error_of_this_crate() {
    let (stack, transport) = serving(|_| Ok(mock::response(StatusCode::OK, "<html>login</html>")));
    let error = stack.sync_init().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(transport.calls(), 1);
}

#[tokio::test]
async fn one_connection_serves_all_pages() {
    // Python opens one, with a TLS handshake, for every page.
    let server = ScriptedServer::serve(|request| match request.query() {
        Some(query) if query.contains("cs_p9") => reply(&last([9], "cs1")),
        Some(query) if query.starts_with("init") => reply(&page([0], "cs_p1")),
        Some(query) => {
            let number: u64 = query["pagination_token=cs_p".len()..]
                .split('&')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            reply(&page([number], &format!("cs_p{}", number + 1)))
        }
        None => Reply::new(400),
    })
    .await
    .unwrap();
    let stack = at(server.url(""));
    let mut items = stack.sync_init().items();
    let mut seen = 0;
    while let Some(item) = items.next().await {
        item.unwrap();
        seen += 1;
    }
    assert_eq!((seen, server.connections()), (10, 1));
}

// ---- 3: the SDK for Python ----

#[tokio::test]
async fn a_stack_needs_nothing_but_its_own_host() {
    // Python downloads its regions first, and without them goes to the wrong host.
    let server = ScriptedServer::serve(|_| reply(&last([], "cs1")))
        .await
        .unwrap();
    at(server.url("")).sync_init().await.unwrap();
    let targets: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(
        targets,
        ["/v3/stacks/sync?init=true&environment=production"]
    );
}

#[tokio::test]
async fn two_stacks_do_not_share_their_headers() {
    let (first, seen_first) = with(
        builder().branch("one"),
        ReplyTransport::new(|_| ok(&last([], "cs1"))),
    );
    let (second, seen_second) = with(builder(), ReplyTransport::new(|_| ok(&last([], "cs1"))));
    first.sync_init().await.unwrap();
    second.sync_init().await.unwrap();
    assert_eq!(seen_first.requests()[0].headers()["branch"], "one");
    assert!(!seen_second.requests()[0].headers().contains_key("branch"));
}

// ---- 3.1: the others ----

#[tokio::test]
async fn the_counts_of_a_page_are_there() {
    // npm contentstack drops skip and limit, and always has both tokens.
    let body =
        json!({"items": [], "skip": 100, "limit": 100, "total_count": 129, "sync_token": "cs1"});
    let (stack, _) = answered([ok(&body)]);
    let page = stack.sync_init().await.unwrap();
    assert_eq!(
        (page.skip, page.limit, page.total_count),
        (Some(100), Some(100), Some(129))
    );
    assert!(page.pagination_token().is_none());
}

#[tokio::test]
async fn content_is_not_rewritten() {
    // Java replaces <script> in every text.
    let text = "<script>alert(1)</script> \u{2028} &amp;";
    let item = json!({"type": "entry_published", "data": {"uid": "b", "t": text}});
    let (stack, _) = answered([ok(&json!({"items": [item], "sync_token": "cs1"}))]);
    let page = stack.sync_init().await.unwrap();
    let Item::EntryPublished(entry) = &page.items[0] else {
        panic!()
    };
    assert_eq!(entry.data().as_str(), item["data"].to_string());
}

#[tokio::test]
async fn a_token_of_any_form_is_kept() {
    // Java makes null of a token that it does not like, and so starts over.
    for token in ["cs b/+", "ü", "a:b", "blt1223344556677"] {
        let (stack, transport) = answered([ok(&page([1], token)), ok(&last([2], token))]);
        let mut pages = stack.sync_init().pages();
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
        let sent = crate::support::query(&queries(&transport)[1]);
        assert_eq!(sent[0], ("pagination_token".to_owned(), token.to_owned()));
    }
}

#[tokio::test]
async fn all_pages_are_handed_out_each_before_the_next() {
    // Java stops after one, Swift's async keeps only the last, Android may
    // mix them up.
    let answers = (0..20).map(|number| ok(&page([number], &format!("cs_{number}"))));
    let (stack, _) = answered(answers.chain([ok(&last([20], "cs_end"))]));
    let mut pages = stack.sync_init().pages();
    for number in 0..=20 {
        let page = pages.next().await.unwrap().unwrap();
        assert_eq!(uids(&page.items), [format!("blt{number}")]);
    }
    assert!(pages.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn thousands_of_pages_need_no_stack() {
    // .NET nests one sequence in the other, delivery-sdk copies all before.
    let stack = serving(|request| {
        let query = request.uri().query().unwrap();
        let number: u64 = match query.split_once("pagination_token=") {
            Some((_, rest)) => rest.split('&').next().unwrap().parse().unwrap(),
            None => 0,
        };
        ok(&match number {
            5_000 => last([number], "end"),
            _ => page([number], &(number + 1).to_string()),
        })
    })
    .0;
    let mut items = stack.sync_init().items();
    let mut seen = 0;
    while let Some(item) = items.next().await {
        item.unwrap();
        seen += 1;
    }
    assert_eq!(seen, 5_001);
}

#[tokio::test]
async fn tokens_go_with_the_environment_and_without_types() {
    // .NET does it the other way round.
    let (stack, transport) = serving(|_| ok(&last([], "cs1")));
    stack.sync_token("cs").await.unwrap();
    assert_eq!(
        queries(&transport),
        ["sync_token=cs&environment=production"]
    );
}

// ---- 4: DataSync ----

#[tokio::test(start_paused = true)]
async fn a_repeated_request_is_the_same_request() {
    // DataSync appends the query once more.
    let (stack, transport) = then_fine(vec![refused(500, &json!({})), refused(500, &json!({}))]);
    stack.pagination("cs_page").await.unwrap();
    assert_eq!(
        queries(&transport),
        ["pagination_token=cs_page&environment=production"; 3]
    );
}

#[tokio::test]
async fn compression_is_asked_for_and_understood() {
    use std::io::Write as _;

    // DataSync does not ask for it, and gets seven times the bytes.
    let server = ScriptedServer::serve(|request| {
        // A workspace build may have more codings.
        let asked = request.header("accept-encoding");
        if !asked.is_some_and(|codings| codings.starts_with("gzip")) {
            return Reply::new(400);
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(last(1..50, "cs1").to_string().as_bytes())
            .unwrap_or_default();
        Reply::ok()
            .header("content-encoding", "gzip")
            .body(gzip.finish().unwrap_or_default())
    })
    .await
    .unwrap();
    assert_eq!(
        at(server.url("")).sync_init().await.unwrap().items.len(),
        49
    );
}
