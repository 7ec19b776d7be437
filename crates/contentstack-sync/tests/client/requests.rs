//! Exactly what is sent, for every call and option.

use contentstack_sync::model::{EventTime, Filter, ItemType};
use contentstack_sync::{Stack, SyncCall};
use httpmock::prelude::*;
use serde_json::json;

use crate::support::{API_KEY, TOKEN, at, builder};

type Call = fn(Stack) -> SyncCall;

/// Answers only a request that has exactly this query, and the credentials.
async fn exactly(
    query: &str,
    extra: &[(&str, &str)],
    stack: impl FnOnce(String) -> Stack,
    call: impl FnOnce(Stack) -> SyncCall,
) {
    let server = MockServer::start_async().await;
    let expected = query.to_owned();
    let mock = server
        .mock_async(|when, then| {
            let mut when = when
                .method(GET)
                .path("/v3/stacks/sync")
                .header("api_key", API_KEY)
                .header("access_token", TOKEN)
                .header(
                    "x-user-agent",
                    concat!("contentstack-sync-rust/", env!("CARGO_PKG_VERSION")),
                )
                // A workspace build may have more codings.
                .header_prefix("accept-encoding", "gzip")
                .header("accept", "application/json")
                .header_missing("authorization")
                .header_missing("environment")
                .is_true(move |request| request.uri().query() == Some(&expected));
            for (name, value) in extra {
                when = when.header(*name, *value);
            }
            for name in ["branch", "x-header-ea"] {
                if !extra.iter().any(|(other, _)| *other == name) {
                    when = when.header_missing(name);
                }
            }
            then.status(200)
                .json_body(json!({"items": [], "sync_token": "cs1"}));
        })
        .await;
    let stack = stack(server.base_url());
    let page = call(stack).await.unwrap();
    assert!(page.is_last());
    mock.assert_async().await;
}

#[tokio::test]
async fn an_initial_sync_sends_init_and_the_environment() {
    exactly("init=true&environment=production", &[], at, |stack| {
        stack.sync_init().into()
    })
    .await;
}

#[tokio::test]
async fn a_page_is_asked_for_with_its_token_and_the_environment() {
    exactly(
        "pagination_token=csb0e8704474a9624785098d233edd2715&environment=production",
        &[],
        at,
        |stack| stack.pagination("csb0e8704474a9624785098d233edd2715"),
    )
    .await;
}

#[tokio::test]
async fn a_delta_is_asked_for_with_its_token_and_the_environment() {
    exactly("sync_token=cs2&environment=production", &[], at, |stack| {
        stack.sync_token("cs2")
    })
    .await;
}

#[tokio::test]
async fn every_option_of_an_initial_sync_has_its_parameter() {
    exactly(
        "init=true&content_type_uid=article&start_from=2018-08-14T00%3A00%3A00.000Z&locale=en-us\
         &type=entry_published%2Centry_deleted%2Ccontent_type_deleted&limit=50&environment=production",
        &[],
        at,
        |stack| {
            stack
                .sync_init()
                .content_type("article")
                .start_from("2018-08-14T00:00:00.000Z")
                .locale("en-us")
                .types([
                    ItemType::ContentTypeDeleted,
                    ItemType::EntryPublished,
                    ItemType::EntryDeleted,
                ])
                .limit(50)
                .into()
        },
    )
    .await;
}

#[tokio::test]
async fn every_option_has_its_parameter_alone_too() {
    let cases: [(&str, Call); 6] = [
        ("content_type_uid=a%2Fb%20c", |stack| {
            stack.sync_init().content_type("a/b c").into()
        }),
        ("start_from=2018-08-14", |stack| {
            stack.sync_init().start_from("2018-08-14").into()
        }),
        ("start_from=1970-01-01T00%3A00%3A00.000Z", |stack| {
            stack
                .sync_init()
                .start_from(std::time::SystemTime::UNIX_EPOCH)
                .into()
        }),
        ("start_from=2026-01-01T00%3A00%3A00.001Z", |stack| {
            stack
                .sync_init()
                .start_from(&EventTime::from("2026-01-01T00:00:00.001Z"))
                .into()
        }),
        ("locale=fr-fr", |stack| {
            stack.sync_init().locale("fr-fr").into()
        }),
        (
            "type=asset_published%2Casset_unpublished%2Casset_deleted",
            |stack| stack.sync_init().types(ItemType::ASSETS).into(),
        ),
    ];
    for (parameter, call) in cases {
        let query = format!("init=true&{parameter}&environment=production");
        exactly(&query, &[], at, call).await;
    }
}

#[tokio::test]
async fn the_names_of_the_seven_types_are_the_documented_ones() {
    exactly(
        "init=true&type=entry_published%2Centry_unpublished%2Centry_deleted%2Casset_published\
         %2Casset_unpublished%2Casset_deleted%2Ccontent_type_deleted&environment=production",
        &[],
        at,
        |stack| stack.sync_init().types(ItemType::ALL).into(),
    )
    .await;
}

#[tokio::test]
async fn the_filter_of_a_token_is_not_sent_again() {
    let filter = Filter::new()
        .content_type("article")
        .locale("en-us")
        .types(["entry_published"]);
    exactly(
        "sync_token=cs2&limit=10&environment=production",
        &[],
        at,
        |stack| stack.sync_token("cs2").filter(filter).limit(10),
    )
    .await;
}

#[tokio::test]
async fn tokens_are_sent_whatever_they_are_made_of() {
    exactly(
        "pagination_token=a%20b%26c%3Dd%2Be%25%23%2F%C3%BC&environment=production",
        &[],
        at,
        |stack| stack.pagination("a b&c=d+e%#/ü"),
    )
    .await;
}

#[tokio::test]
async fn branch_and_early_access_are_headers() {
    exactly(
        "init=true&environment=production",
        &[("branch", "main"), ("x-header-ea", "taxonomy,livesync")],
        |url| {
            builder()
                .host(url)
                .branch("main")
                .early_access(["taxonomy", "livesync"])
                .build()
                .unwrap()
        },
        |stack| stack.sync_init().into(),
    )
    .await;
}

#[tokio::test]
async fn a_path_of_the_host_is_put_before_that_of_the_call() {
    let server = MockServer::start_async().await;
    let mock = server
        .mock_async(|when, then| {
            when.method(GET).path("/proxy/cs/v3/stacks/sync");
            then.status(200)
                .json_body(json!({"items": [], "sync_token": "cs1"}));
        })
        .await;
    at(server.url("/proxy/cs/")).sync_init().await.unwrap();
    mock.assert_async().await;
}
