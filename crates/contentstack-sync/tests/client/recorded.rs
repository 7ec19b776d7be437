//! Our requests and those that the official SDKs were recorded to make.

use std::collections::BTreeMap;

use contentstack_sync::{Stack, SyncCall};
use serde::Deserialize;
use serde_json::json;
use sync_core::testing::mock::ReplyTransport;

use crate::support::{builder, last, ok, query, vector, with};

#[derive(Deserialize)]
struct Capture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    case: String,
    requests: Vec<Recorded>,
}

#[derive(Clone, Deserialize)]
struct Recorded {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
}

fn recorded(file: &str, case: &str) -> Recorded {
    let capture: Capture = serde_json::from_str(&vector(&format!("captures/{file}"))).unwrap();
    let found = capture.cases.iter().find(|found| found.case == case);
    found
        .unwrap_or_else(|| panic!("{file} has no {case:?}"))
        .requests[0]
        .clone()
}

const PYTHON: &str = "python-contentstack-2.8.0.json";
const JS: &str = "js-contentstack-3.27.1.json";
const TS: &str = "ts-delivery-sdk-5.6.0.json";
const DATASYNC: &str = "datasync-manager-2.0.7.json";

fn sorted(text: &str) -> Vec<(String, String)> {
    let mut pairs = query(text);
    pairs.sort();
    pairs
}

/// What ours sends in the same situation.
async fn ours(call: impl FnOnce(Stack) -> SyncCall, early_access: bool) -> Recorded {
    let builder = match early_access {
        true => builder()
            .branch("main")
            .early_access(["newCDA", "taxonomy"]),
        false => builder(),
    };
    let (stack, transport) = with(builder, ReplyTransport::new(|_| ok(&last([], "cs1"))));
    call(stack).await.unwrap();
    let request = transport.requests().remove(0);
    let headers = request.headers().iter();
    Recorded {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
    }
}

fn assert_same(theirs: &Recorded, ours: &Recorded) {
    assert_eq!((&theirs.method, &theirs.path), (&ours.method, &ours.path));
    assert_eq!(sorted(&theirs.query), sorted(&ours.query));
    for name in ["api_key", "access_token", "branch"] {
        assert_eq!(theirs.headers.get(name), ours.headers.get(name), "{name}");
    }
    // Python writes a space after the comma, the others do not.
    let features = |headers: &BTreeMap<String, String>| {
        headers
            .get("x-header-ea")
            .map(|list| list.replace(", ", ","))
    };
    assert_eq!(features(&theirs.headers), features(&ours.headers));
    // Each names itself.
    for headers in [&theirs.headers, &ours.headers] {
        assert!(headers["x-user-agent"].contains('/'));
    }
}

const P1: &str = "cs95ee6e8bfaea615a982199875f252d98";
const S1: &str = "cse465c8f0a110e5842df62725999341d8";

fn init(stack: Stack) -> SyncCall {
    stack.sync_init().into()
}

fn filtered(stack: Stack) -> SyncCall {
    stack
        .sync_init()
        .content_type("article")
        .start_from("2018-10-22T00:00:00.000Z")
        .locale("en-us")
        .types(["entry_published", "entry_unpublished"])
        .into()
}

type Call = fn(Stack) -> SyncCall;

#[tokio::test]
async fn the_same_call_makes_the_same_request_as_each_official_sdk() {
    let page: Call = |stack| stack.pagination(P1);
    let delta: Call = |stack| stack.sync_token(S1);
    let limited: Call = |stack| stack.sync_init().limit(100).into();
    let cases: [(&str, &str, Call); 13] = [
        (PYTHON, "sync_init()", init),
        (PYTHON, "pagination(tok) [same Stack object]", page),
        (PYTHON, "sync_token(tok), nothing new", delta),
        (PYTHON, "branch + early_access headers", init),
        (JS, "sync({init:true})", init),
        (JS, "sync({pagination_token})", page),
        (JS, "sync({sync_token}) nothing new", delta),
        (JS, "all filters", filtered),
        (TS, "sync()", init),
        (TS, "sync({paginationToken})", page),
        (TS, "sync({syncToken}) nothing new", delta),
        (DATASYNC, "initial sync, 250 entries", limited),
        (DATASYNC, "restart, nothing new", |stack| {
            stack.sync_token(S1).limit(100)
        }),
    ];
    for (file, case, call) in cases {
        println!("{file}: {case}");
        let ours = ours(call, case.contains("early_access")).await;
        assert_same(&recorded(file, case), &ours);
    }
}

#[tokio::test]
async fn the_parameters_go_in_the_order_of_the_sdk_for_python() {
    let filtered: Call = |stack| {
        stack
            .sync_init()
            .types(["entry_published", "entry_unpublished"])
            .locale("en-us")
            .start_from("2018-01-14T00:00:00.000Z")
            .content_type("article")
            .into()
    };
    for (case, call) in [
        ("sync_init()", init as Call),
        ("sync_init(all filters)", filtered),
        ("sync_token(tok), nothing new", |stack| stack.sync_token(S1)),
    ] {
        assert_eq!(recorded(PYTHON, case).query, ours(call, false).await.query);
    }
}

/// Where ours differs on purpose: what each SDK sends that it should not.
#[tokio::test]
async fn what_ours_does_not_send() {
    // Python repeats the environment in a header, and the preview token.
    let theirs = recorded(PYTHON, "live_preview enabled");
    assert!(theirs.headers.contains_key("environment"));
    assert!(theirs.headers.contains_key("preview_token"));
    let plain = ours(init, false).await;
    for name in ["environment", "preview_token", "authorization"] {
        assert!(!plain.headers.contains_key(name), "{name}");
    }
    // DataSync does not ask for compression.
    assert!(
        !recorded(DATASYNC, "restart, nothing new")
            .headers
            .contains_key("accept-encoding")
    );
    // A workspace build may have more codings.
    let codings = &plain.headers["accept-encoding"];
    assert!(codings.starts_with("gzip"), "{codings}");
    // The date of both JavaScript SDKs has a name that the service ignores.
    for (file, case) in [
        (
            JS,
            "documented start_date (ignored by the service; API name is start_from)",
        ),
        (TS, "typed filters (startDate)"),
    ] {
        assert!(recorded(file, case).query.contains("start_date="));
    }
    let dated = ours(
        |stack| stack.sync_init().start_from("2018-10-22").into(),
        false,
    )
    .await;
    assert_eq!(
        dated.query,
        "init=true&start_from=2018-10-22&environment=production"
    );
    // A list of types becomes `type[]` with JavaScript, and nothing with Python.
    assert!(recorded(JS, "type as array").query.contains("type%5B%5D="));
    let python = recorded(
        PYTHON,
        "sync_init(publish_type=list) (non-str is dropped silently)",
    );
    assert!(!python.query.contains("type"));
    let typed = ours(
        |stack| stack.sync_init().types(["entry_published"]).into(),
        false,
    )
    .await;
    assert!(typed.query.contains("&type=entry_published&"));
}

/// The state of a stack leaks into later calls: Python's `sync_param`, and the
/// locale and `init` of the TypeScript SDK.
#[tokio::test]
async fn a_call_knows_nothing_of_the_calls_before() {
    let leak = recorded(
        PYTHON,
        "sync_init() AGAIN on the same Stack after sync_token (state leak)",
    );
    assert!(leak.query.contains("sync_token=") && leak.query.contains("init=true"));
    let leak = recorded(TS, "stack locale leaks into token calls");
    assert!(leak.query.contains("locale=") && leak.query.contains("sync_token="));
    let leak = recorded(
        TS,
        "README/JSDoc form sync({'sync_token':..}) -> init:true is added",
    );
    assert!(leak.query.contains("init=true") && leak.query.contains("sync_token="));

    let (stack, transport) = with(builder(), ReplyTransport::new(|_| ok(&last([], "cs1"))));
    stack
        .sync_init()
        .locale("en-us")
        .content_type("a")
        .await
        .unwrap();
    stack.sync_token("s").await.unwrap();
    stack.pagination("p").await.unwrap();
    stack.sync_init().await.unwrap();
    assert_eq!(
        crate::support::queries(&transport)[1..],
        [
            "sync_token=s&environment=production",
            "pagination_token=p&environment=production",
            "init=true&environment=production",
        ]
    );
}

/// A missing token makes `sync_token=` of nothing: the SDK for Python sends
/// neither, and the service decides. Here a token is always there.
#[tokio::test]
async fn a_call_always_says_what_it_wants() {
    for (file, case) in [
        (PYTHON, "sync_token(None) on a fresh Stack"),
        (JS, "sync()"),
    ] {
        assert_eq!(recorded(file, case).query, "environment=production");
    }
    let (stack, transport) = with(
        builder(),
        ReplyTransport::new(|_| ok(&json!({"items": [], "sync_token": "s"}))),
    );
    stack.sync_init().await.unwrap();
    assert!(crate::support::queries(&transport)[0].starts_with("init=true&"));
}
