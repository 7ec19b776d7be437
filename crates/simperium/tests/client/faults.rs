//! Every call under every fault: done once, or an error with a name.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use simperium::emulator::{Emulator, Fault, PollEnd};
use simperium::model::BulkChange;
use simperium::{Api, Bucket, Error, RetryPolicy, SimperiumError as E};
use sync_core::testing::mock::ReplyTransport;

use super::support::{TOKEN, eager, kind, status};

const CALLS: [&str; 13] = [
    "new",
    "set",
    "set with object",
    "put",
    "set_at",
    "delete",
    "delete_version",
    "bulk",
    "get",
    "get_version",
    "index",
    "changes",
    "user",
];

/// Makes a call; an entity `k` is there, with version 1.
async fn call(todo: &Bucket, name: &str) -> Result<(), Error> {
    let object = json!({"n": 2});
    match name {
        "new" => todo.new(&object).await.map(drop),
        "set" => todo.set("k", &object).await.map(drop),
        "set with object" => todo.set("k", &object).with_object().await.map(drop),
        "put" => todo.put("k", &object).await.map(drop),
        "set_at" => todo.set_at("k", 1, &object).await.map(drop),
        "delete" => todo.delete("k").await.map(drop),
        "delete_version" => todo.delete_version("k", 1).await.map(drop),
        "bulk" => {
            let results = todo.bulk([BulkChange::create("b", &object)?]).await?;
            assert!(results.iter().all(|result| result.outcome.is_done()));
            Ok(())
        }
        "get" => todo.get("k").await.map(|read| assert!(read.is_some())),
        "get_version" => {
            let read = todo.get_version("k", 1).await;
            read.map(|read| assert!(read.is_some()))
        }
        "index" => {
            let page = todo.index().data(true).await;
            page.map(|page| assert_eq!(page.entries.len(), 1))
        }
        "changes" => {
            let changes = todo.changes(None).no_wait().await;
            changes.map(|changes| assert_eq!(changes.len(), 1))
        }
        "user" => todo.api().user().await.map(drop),
        other => panic!("{other}"),
    }
}

fn writes(name: &str) -> bool {
    !matches!(name, "get" | "get_version" | "index" | "changes" | "user")
}

async fn todo(emulator: &Emulator, retry: RetryPolicy, on_socket: bool) -> Bucket {
    let builder = Api::builder("app", TOKEN)
        .host(emulator.origin())
        .retry(retry);
    let api = if on_socket {
        builder.build()
    } else {
        builder.transport(emulator.transport()).build()
    };
    let todo = api.unwrap().bucket("todo").unwrap();
    todo.put("k", &json!({"n": 1})).await.unwrap();
    todo
}

fn passing() -> [(&'static str, Fault); 6] {
    [
        ("502", Fault::status(StatusCode::BAD_GATEWAY)),
        ("503", Fault::status(StatusCode::SERVICE_UNAVAILABLE)),
        ("429", Fault::status(StatusCode::TOO_MANY_REQUESTS)),
        ("reset before", Fault::reset_before()),
        ("reset", Fault::reset()),
        ("truncated", Fault::truncate()),
    ]
}

async fn passes(on_socket: bool) {
    for name in CALLS {
        for (what, fault) in passing() {
            let emulator = if on_socket {
                Emulator::builder().start().await.unwrap()
            } else {
                Emulator::builder().build()
            };
            let todo = todo(&emulator, eager(), on_socket).await;
            emulator.fault(".", 2, fault).unwrap();
            let result = call(&todo, name).await;
            assert!(result.is_ok(), "{name}, {what}: {result:?}");
            let made = 1 + u64::from(writes(name));
            assert_eq!(emulator.changes_made(), made, "{name}, {what}");
        }
    }
}

#[tokio::test]
async fn what_passes_is_got_over_and_done_once() {
    passes(false).await;
}

#[tokio::test]
async fn over_a_socket_too() {
    passes(true).await;
}

#[tokio::test]
async fn what_does_not_pass_has_a_name_and_is_done_once_at_the_most() {
    for name in CALLS {
        for (fault, expected) in [
            (Fault::status(StatusCode::BAD_GATEWAY), E::Server),
            (Fault::status(StatusCode::TOO_MANY_REQUESTS), E::Throttled),
            (Fault::status(StatusCode::UNAUTHORIZED), E::Unauthorized),
            (Fault::status(StatusCode::FORBIDDEN), E::Forbidden),
            (Fault::status(StatusCode::PAYLOAD_TOO_LARGE), E::TooLarge),
            (Fault::html(), E::NotTheService),
        ] {
            let emulator = Emulator::builder().build();
            let todo = todo(&emulator, RetryPolicy::never(), false).await;
            emulator.fault(".", 1, fault).unwrap();
            let error = call(&todo, name).await.unwrap_err();
            // A list of changes that is no list is found out, too.
            assert_eq!(kind(&error), expected, "{name}: {error:?}");
            assert!(emulator.changes_made() <= 2, "{name}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_nonsense_has_a_name() {
    for name in CALLS {
        for (body, expected) in [("[1,", E::Incomplete), ("nonsense", E::Protocol)] {
            let emulator = Emulator::builder().build();
            let todo = todo(&emulator, eager(), false).await;
            emulator.fault(".", 1, Fault::body(body)).unwrap();
            match call(&todo, name).await {
                Err(error) => assert_eq!(kind(&error), expected, "{name}, {body}"),
                // The version is in the header, and nothing else was asked for.
                Ok(()) => assert!(writes(name) && name != "bulk", "{name}, {body}"),
            }
        }
    }
}

#[tokio::test]
async fn a_poll_that_is_cut_over_a_socket_is_no_change() {
    for end in [PollEnd::Close, PollEnd::Empty, PollEnd::Status(504)] {
        let emulator = Emulator::builder()
            .configure(|config| {
                config.hold = std::time::Duration::ZERO;
                config.poll_end = end;
            })
            .start()
            .await
            .unwrap();
        let todo = todo(&emulator, eager(), true).await;
        let current = todo.index().await.unwrap().current;
        assert!(todo.changes(current).await.unwrap().is_empty(), "{end:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_over_a_socket_makes_no_second_object() {
    let emulator = Emulator::builder().start().await.unwrap();
    let todo = todo(&emulator, eager(), true).await;
    emulator.drop_after_write(1);
    let made = todo.new(&json!({"n": 1})).await.unwrap();
    assert_eq!(emulator.changes_made(), 2);
    assert!(todo.get(&made.key).await.unwrap().is_some());
}

#[tokio::test]
async fn limits_and_repetition_are_set_in_any_order() {
    for limit_first in [true, false] {
        let transport = Arc::new(ReplyTransport::queue([status(503, ""), status(503, "")]));
        let limit = |builder: simperium::ApiBuilder| {
            builder.with_options(|options| options.idle_timeout(Duration::from_secs(5)))
        };
        let mut builder =
            Api::builder("app", "a-token-of-somebody").transport(Arc::clone(&transport));
        builder = if limit_first {
            limit(builder).retry(RetryPolicy::never())
        } else {
            limit(builder.retry(RetryPolicy::never()))
        };
        let todo = builder.build().unwrap().bucket("todo").unwrap();
        todo.get("key").await.unwrap_err();
        assert_eq!(transport.requests().len(), 1, "limit first: {limit_first}");
    }
}
