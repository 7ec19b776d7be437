//! The files of assets.

use bytes::Bytes;
use contentstack_sync::emulator::{AssetDraft, Emulator, Kind};
use serde_json::Value;

use super::support::{Got, ask, get, request};

/// The data of the only asset, and the path of its file.
fn asset(emulator: &Emulator) -> (Value, String) {
    let data: Value = serde_json::from_str(&emulator.published()[0].data).unwrap();
    let url = data["url"].as_str().unwrap();
    let path = url.strip_prefix(&emulator.url()).unwrap().to_owned();
    (data, path)
}

fn with(emulator: &Emulator, path: &str, name: &str, value: &str) -> Got {
    let request = request(emulator, path).header(name, value);
    ask(emulator, &request.body(Bytes::new()).unwrap())
}

#[test]
fn a_file_is_where_its_asset_says_and_as_long() {
    let emulator = Emulator::builder().build();
    let draft = AssetDraft::new("spec sheet.pdf")
        .media_type("application/pdf")
        .length(2048);
    emulator.publish_asset(draft.uid("blta1"));
    let (data, path) = asset(&emulator);
    assert!(path.ends_with("/spec%20sheet.pdf"), "{path}");
    let got = get(&emulator, &path);
    assert_eq!(got.header("content-type"), "application/pdf");
    assert_eq!(data["file_size"], got.body.len().to_string());
    assert_eq!(got.body, get(&emulator, &path).body);
    // The file needs no token.
    let bare = http::Request::get(path.as_str())
        .body(Bytes::new())
        .unwrap();
    assert_eq!(ask(&emulator, &bare).body, got.body);
    emulator.unpublish(Kind::Asset, "blta1", "en-us");
    assert_eq!(get(&emulator, &path).status, 404);
}

#[test]
fn another_version_is_another_file() {
    let emulator = Emulator::builder().build();
    emulator.publish_asset(AssetDraft::new("a.txt").uid("blta1").bytes("one"));
    let (_, first) = asset(&emulator);
    emulator.publish_asset(AssetDraft::new("a.txt").uid("blta1").bytes("two"));
    let (data, second) = asset(&emulator);
    assert_eq!(
        (data["_version"].as_u64(), first == second),
        (Some(2), false)
    );
    assert_eq!(get(&emulator, &second).body, "two");
    assert_eq!(get(&emulator, &first).status, 404);
}

#[test]
fn parts_can_be_asked_for_as_long_as_the_file_is_the_same() {
    let emulator = Emulator::builder().build();
    emulator.publish_asset(AssetDraft::new("a.txt").bytes("0123456789"));
    let (_, path) = asset(&emulator);
    let part = with(&emulator, &path, "range", "bytes=4-");
    assert_eq!(
        (part.status.as_u16(), &part.body[..]),
        (206, &b"456789"[..])
    );
    assert_eq!(part.header("content-range"), "bytes 4-9/10");
    assert_eq!(with(&emulator, &path, "range", "bytes=10-").status, 416);
    let etag = part.header("etag").to_owned();
    assert_eq!(with(&emulator, &path, "if-none-match", &etag).status, 304);
    let changed = request(&emulator, &path)
        .header("range", "bytes=4-")
        .header("if-range", "\"other\"")
        .body(Bytes::new())
        .unwrap();
    assert_eq!(ask(&emulator, &changed).body.len(), 10);
}

#[test]
fn a_size_can_be_told_wrongly() {
    let emulator = Emulator::builder().build();
    emulator.publish_asset(AssetDraft::new("a.txt").bytes("abc").declared_size(5));
    let (data, path) = asset(&emulator);
    assert_eq!(data["file_size"], "5");
    assert_eq!(get(&emulator, &path).body, "abc");
}
