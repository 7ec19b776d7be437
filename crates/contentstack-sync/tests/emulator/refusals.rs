//! What is refused, in the service's words.

use bytes::Bytes;
use contentstack_sync::emulator::{ACCESS_TOKEN, API_KEY, Emulator};
use http::Request;
use serde_json::Value;

use super::support::{ask, get, sync};

fn fixture(name: &str) -> Value {
    let text = match name {
        "401" => include_str!("fixtures/401_access_token.json"),
        "404" => include_str!("fixtures/404_asset.json"),
        "412" => include_str!("fixtures/412_api_key.json"),
        "content_type" => include_str!("fixtures/422_content_type.json"),
        "environment" => include_str!("fixtures/422_environment.json"),
        "pagination" => include_str!("fixtures/422_invalid_pagination_token.json"),
        _ => include_str!("fixtures/422_invalid_sync_token.json"),
    };
    serde_json::from_str(text).unwrap()
}

#[test]
fn errors_have_the_status_and_the_body_of_the_service() {
    let emulator = Emulator::builder().build();
    for (name, target) in [
        ("404", "/v3/assets/blt1"),
        ("content_type", "/v3/content_types/nope"),
        (
            "environment",
            "/v3/stacks/sync?init=true&environment=staging",
        ),
        ("pagination", "/v3/stacks/sync?pagination_token=x"),
        ("sync", "/v3/stacks/sync?sync_token=x"),
    ] {
        let expected = fixture(name);
        let got = get(&emulator, target);
        assert_eq!(expected["status"], got.status.as_u16(), "{target}");
        assert_eq!(expected["body"], got.json(), "{target}");
    }
}

#[test]
fn strangers_are_told_whether_the_key_or_the_token_is_wrong() {
    let emulator = Emulator::builder().build();
    for (name, key, token) in [("412", "blt0", ACCESS_TOKEN), ("401", API_KEY, "cs0")] {
        let request = Request::get("/v3/stacks/sync?init=true")
            .header("api_key", key)
            .header("access_token", token);
        let got = ask(&emulator, &request.body(Bytes::new()).unwrap());
        let expected = fixture(name);
        assert_eq!(expected["status"], got.status.as_u16());
        assert_eq!(expected["body"], got.json());
    }
}

#[test]
fn a_url_of_more_than_8_kib_is_refused_without_a_word() {
    let emulator = Emulator::builder().build();
    let got = sync(&emulator, &format!("init=true&x={}", "y".repeat(8200)));
    assert_eq!((got.status.as_u16(), got.body.len()), (414, 0));
}

#[test]
fn a_request_for_nothing_in_particular_is_refused() {
    let emulator = Emulator::builder().build();
    for query in ["", "sync_token=", "init=false"] {
        assert_eq!(sync(&emulator, query).json()["error_code"], 141, "{query}");
    }
    assert_eq!(
        sync(&emulator, "init=true&type=ENTRY_PUBLISHED").status,
        422
    );
    assert_eq!(
        sync(&emulator, "init=true&content_type_uid=nope").status,
        422
    );
    assert_eq!(get(&emulator, "/v3/nothing").status, 404);
}

#[test]
fn a_new_beginning_wins_over_a_token() {
    let emulator = Emulator::builder().build();
    assert_eq!(sync(&emulator, "sync_token=old&init=true").status, 200);
}
