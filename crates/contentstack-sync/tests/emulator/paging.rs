//! Pages and tokens.

use contentstack_sync::emulator::{Call, Emulator, EntryDraft, Fill, Order, TokenKind};
use http::StatusCode;

use super::support::{follow, get, items, sync};

fn filled(items: usize) -> Emulator {
    let emulator = Emulator::builder().build();
    emulator.fill(&Fill::new(items).size(600));
    emulator
}

#[test]
fn an_initial_sync_tells_everything_once_newest_first() {
    let emulator = filled(250);
    let (pages, _) = follow(&emulator, "init=true");
    let sizes: Vec<usize> = pages
        .iter()
        .map(|page| page["items"].as_array().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    for (number, page) in pages.iter().enumerate() {
        assert_eq!(page["skip"], number * 100);
        assert_eq!(
            (&page["limit"], &page["total_count"]),
            (&100.into(), &250.into())
        );
    }
    let items = items(&pages);
    let times: Vec<&str> = items
        .iter()
        .map(|item| item["event_at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|a, b| a > b), "newest first");
    let mut told: Vec<String> = items.iter().map(|item| item["data"].to_string()).collect();
    let mut truth: Vec<String> = emulator
        .published()
        .into_iter()
        .map(|item| item.data)
        .collect();
    told.sort();
    truth.sort();
    assert_eq!(told, truth);
}

#[test]
fn a_result_stays_as_it_was_when_it_began() {
    let emulator = filled(30);
    emulator.configure(|options| options.page_size = 10);
    let first = sync(&emulator, "init=true").json();
    let token = first["pagination_token"].as_str().unwrap().to_owned();
    let before = emulator.published().len();
    emulator.change_at_random(50);
    let (rest, sync_token) = follow(&emulator, &format!("pagination_token={token}"));
    assert_eq!(items(&rest).len() + 10, before);
    // What was changed meanwhile comes with the next delta.
    let (delta, _) = follow(&emulator, &format!("sync_token={sync_token}"));
    assert!(!items(&delta).is_empty());
}

#[test]
fn a_token_can_be_used_again_with_the_same_answer() {
    let emulator = filled(250);
    let (pages, sync_token) = follow(&emulator, "init=true");
    let token = pages[0]["pagination_token"].as_str().unwrap();
    let again = sync(&emulator, &format!("pagination_token={token}"));
    assert_eq!(again.json(), pages[1]);
    emulator.change_at_random(5);
    let query = format!("sync_token={sync_token}");
    assert_eq!(sync(&emulator, &query).body, sync(&emulator, &query).body);
}

#[test]
fn a_token_of_single_use_is_gone_after_it() {
    let emulator = filled(250);
    emulator.configure(|options| options.single_use = true);
    let (pages, sync_token) = follow(&emulator, "init=true");
    let token = pages[0]["pagination_token"].as_str().unwrap();
    let again = sync(&emulator, &format!("pagination_token={token}"));
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Without news, the client has no other token.
    let query = format!("sync_token={sync_token}");
    assert_eq!(sync(&emulator, &query).status, StatusCode::OK);
    emulator.change_at_random(1);
    assert_eq!(sync(&emulator, &query).status, StatusCode::OK);
    assert_eq!(
        sync(&emulator, &query).status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[test]
fn a_delta_without_news_has_only_items_and_the_same_token() {
    let emulator = filled(20);
    let (_, token) = follow(&emulator, "init=true");
    let delta = sync(&emulator, &format!("sync_token={token}")).json();
    assert_eq!(delta, serde_json::json!({"items": [], "sync_token": token}));
    assert_eq!(token.len(), 34, "cs and 32 digits: {token}");
}

#[test]
fn tokens_that_have_expired_are_unknown() {
    let emulator = filled(250);
    let (pages, sync_token) = follow(&emulator, "init=true");
    let token = pages[0]["pagination_token"].as_str().unwrap();
    emulator.expire_tokens(Some(TokenKind::Pagination));
    let status = |query: String| sync(&emulator, &query).status.as_u16();
    assert_eq!(status(format!("pagination_token={token}")), 422);
    assert_eq!(status(format!("sync_token={sync_token}")), 200);
    emulator.expire_tokens(None);
    assert_eq!(status(format!("sync_token={sync_token}")), 422);
    // A new beginning is always there.
    assert_eq!(follow(&emulator, "init=true").0.len(), 3);
}

#[test]
fn tokens_are_of_one_kind_and_of_one_branch() {
    let emulator = filled(250);
    let (pages, sync_token) = follow(&emulator, "init=true");
    let token = pages[0]["pagination_token"].as_str().unwrap();
    for wrong in [
        format!("sync_token={token}"),
        format!("pagination_token={sync_token}"),
    ] {
        assert_eq!(sync(&emulator, &wrong).status, 422);
    }
    let request = super::support::request(
        &emulator,
        &format!("/v3/stacks/sync?sync_token={sync_token}"),
    )
    .header("branch", "main")
    .body(bytes::Bytes::new())
    .unwrap();
    assert_eq!(super::support::ask(&emulator, &request).status, 422);
}

#[test]
fn a_limit_is_a_hint_unless_it_is_honoured() {
    let emulator = filled(250);
    assert_eq!(sync(&emulator, "init=true&limit=50").json()["limit"], 100);
    emulator.configure(|options| options.honour_limit = true);
    let (pages, _) = follow(&emulator, "init=true&limit=50");
    assert_eq!(
        (pages[0]["limit"].as_u64(), pages.len() > 2),
        (Some(50), true)
    );
    assert_eq!(sync(&emulator, "init=true&limit=500").json()["limit"], 100);
}

#[test]
fn an_empty_page_can_be_in_between() {
    let emulator = filled(250);
    emulator.configure(|options| options.empty_page_after = Some(1));
    let (pages, _) = follow(&emulator, "init=true");
    assert_eq!(pages.len(), 4);
    assert_eq!(pages[1]["items"], serde_json::json!([]));
    assert!(pages[1]["pagination_token"].is_string());
    assert_eq!(items(&pages).len(), 250);
}

#[test]
fn changes_come_between_pages_where_they_are_asked_for() {
    let emulator = filled(250);
    emulator.configure(|options| options.changes_per_page = 2);
    emulator.on_page(|emulator| {
        emulator.publish_entry(EntryDraft::new("article").uid("bltmeanwhile"));
    });
    let before = emulator.event_count();
    let (pages, token) = follow(&emulator, "init=true");
    assert_eq!(items(&pages).len(), 250);
    assert!(
        emulator.event_count() >= before + 4,
        "{}",
        emulator.event_count()
    );
    let (delta, _) = follow(&emulator, &format!("sync_token={token}"));
    let told = items(&delta);
    assert!(
        told.iter()
            .any(|item| item["data"]["uid"] == "bltmeanwhile")
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed| {
        let emulator = Emulator::builder().seed(seed).page_size(7).build();
        emulator.fill(&Fill::new(40));
        emulator.configure(|options| options.order = Order::Shuffled);
        let (mut pages, token) = follow(&emulator, "init=true");
        emulator.change_at_random(60);
        pages.extend(follow(&emulator, &format!("sync_token={token}")).0);
        pages
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn requests_are_remembered_by_what_they_ask_for() {
    let emulator = filled(150);
    let (_, token) = follow(&emulator, "init=true&type=entry_published,asset_published");
    sync(&emulator, &format!("sync_token={token}"));
    get(&emulator, "/v3/content_types?include_count=true");
    let calls: Vec<Call> = emulator
        .requests()
        .iter()
        .map(|request| request.call)
        .collect();
    assert_eq!(
        calls,
        [Call::Init, Call::Page, Call::Delta, Call::ContentTypes]
    );
    let first = &emulator.requests()[0];
    assert_eq!(first.path(), "/v3/stacks/sync");
    assert_eq!(
        first.parameter("type").as_deref(),
        Some("entry_published,asset_published")
    );
    assert_eq!(emulator.count(Call::Page), 1);
    let shown = format!("{first:?}");
    assert_eq!(shown, "GET /v3/stacks/sync → 200");
}
