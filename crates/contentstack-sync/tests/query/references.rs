//! What an entry refers to.

use contentstack_sync::model::RawJson;
use contentstack_sync::query::references::{Reference, ReferenceKind, extract};

fn found(json: &str) -> Vec<Reference> {
    extract(&serde_json::from_str::<RawJson>(json).unwrap())
}

/// `kind uid [type] @path`, one for each.
fn lines(json: &str) -> Vec<String> {
    let line = |reference: Reference| {
        let kind = match reference.kind {
            ReferenceKind::Entry => "entry",
            ReferenceKind::Asset => "asset",
            ReferenceKind::Unknown => "?",
        };
        let content_type = reference
            .content_type
            .map(|uid| format!(" {uid}"))
            .unwrap_or_default();
        format!("{kind} {}{content_type} @{}", reference.uid, reference.path)
    };
    found(json).into_iter().map(line).collect()
}

#[test]
fn every_form_of_reference_is_found_with_its_place() {
    for (json, expected) in [
        (
            r#"{"author":[{"uid":"blte0000000000000a1","_content_type_uid":"author"}]}"#,
            &["entry blte0000000000000a1 author @author.0"][..],
        ),
        (
            r#"{"a":{"_content_type_uid":"x","uid":"any id"}}"#,
            &["entry any id x @a"],
        ),
        (
            r#"{"legacy":["blte0000000000000a2"]}"#,
            &["? blte0000000000000a2 @legacy.0"],
        ),
        (
            r#"{"hero":"blta55e700000000001","seo":{"image":"blta55e700000000002"}}"#,
            &[
                "? blta55e700000000001 @hero",
                "? blta55e700000000002 @seo.image",
            ],
        ),
        (
            r#"{"rte":{"type":"doc","children":[{"attrs":{"type":"entry","entry-uid":"e1","content-type-uid":"article"}}]}}"#,
            &["entry e1 article @rte.children.0.attrs"],
        ),
        (
            r#"{"rte":{"attrs":{"asset-uid":"a1","content-type-uid":"sys_assets"}}}"#,
            &["asset a1 @rte.attrs"],
        ),
        (
            r#"{"html":"<p>x</p><img alt='>' data-sys-asset-uid=\"a1\" src=\"/x\"><a data-sys-entry-uid='e1' data-sys-content-type-uid=page>y</a>"}"#,
            &["asset a1 @html", "entry e1 page @html"],
        ),
        (
            r#"{"html":"<IMG DATA-SYS-ASSET-UID=a1/><!-- <img data-sys-asset-uid=a2> --><img data-sys-asset-uid=\"a3\" data-sys-asset-uid=\"a4\">"}"#,
            &["asset a1/ @html", "asset a3 @html"],
        ),
        (
            r#"{"md":"![alt][1]\n\n [1]: https://eu-images.contentstack.com/v3/assets/blt00000000000000aa/blta55e700000000002/66f0/spec%20sheet.pdf"}"#,
            &["asset blta55e700000000002 @md"],
        ),
        (
            r#"{"m":"https:\/\/assets.example.com\/v3\/assets\/blt1\/blta55e700000000002\/66f0\/a.pdf and https://x/v3/assets/blt1/no-uid/f/n"}"#,
            &["asset blta55e700000000002 @m"],
        ),
        (
            r#"{"file":{"uid":"blta55e700000000001","_content_type_uid":"sys_assets"}}"#,
            &["asset blta55e700000000001 @file"],
        ),
        (
            r#"{"embedded":{"uid":"blta55e700000000001","filename":"a.jpg"}}"#,
            &["? blta55e700000000001 @embedded"],
        ),
    ] {
        assert_eq!(lines(json), expected, "{json}");
    }
}

#[test]
fn what_names_no_content_is_left_out() {
    for json in [
        // The item's own uid, users, folders and environments.
        r#"{"uid":"blte000000000000001","created_by":"bltc0ffee0000000001","updated_by":"bltc0ffee0000000001","deleted_by":"bltc0ffee0000000001","parent_uid":"bltf01de70000000001","publish_details":{"environment":"blt5f00000000000e01","user":"bltc0ffee0000000001"},"ACL":{"roles":[{"uid":"blt0123456789abcdef"}]}}"#,
        r#"{"title":"blt","words":"blt0123","not hex":"bltzzzzzzzzzzzzzzzz","sentence":"see blte000000000000001","_metadata":{"uid":"cs00000000000000aa"}}"#,
        r#"{"n":1,"f":1.5e300,"big":123456789012345678901234567890,"b":true,"x":null,"e":[],"o":{}}"#,
        r#"{"html":"a < b data-sys-asset-uid=\"x\"","open":"<img data-sys-asset-ui","empty":"<img data-sys-asset-uid=\"\">"}"#,
        r#"{"ref":{"uid":"","_content_type_uid":"author"},"half":{"uid":7,"_content_type_uid":"author"}}"#,
        // The address of an asset's own file.
        r#"{"uid":"blta55e700000000001","url":"https://images.contentstack.io/v3/assets/blt1/blta55e700000000001/66f0/hero.jpg"}"#,
        r#"{"url":"https://images.contentstack.io/v3/assets/blt1/blta55e700000000001/66f0/hero.jpg","uid":"blta55e700000000001"}"#,
        "[]",
        "null",
        "7",
        r#""blta55""#,
    ] {
        assert_eq!(lines(json), [""; 0], "{json}");
    }
}

#[test]
fn an_entry_may_refer_to_itself() {
    let own = r#"{"uid":"blte000000000000001","related":[{"uid":"blte000000000000001","_content_type_uid":"article"}]}"#;
    assert_eq!(lines(own), ["entry blte000000000000001 article @related.0"]);
}

#[test]
fn escaped_keys_and_values_are_read() {
    let json = r#"{"\u0061uthor":{"\u0075id":"blte0000000000000a\u0031","_content_type_uid":"auth\u006fr"}}"#;
    assert_eq!(lines(json), ["entry blte0000000000000a1 author @author"]);
}

#[test]
fn the_fields_of_users_below_the_top_are_content() {
    let json = r#"{"group":{"created_by":"blte0000000000000a1"}}"#;
    assert_eq!(lines(json), ["? blte0000000000000a1 @group.created_by"]);
}

#[test]
fn what_is_nested_too_deep_ends_the_search_and_no_stack() {
    let deep = format!(
        r#"{{"first":"blte0000000000000a1","deep":{}"blte0000000000000a2"{},"last":"blte0000000000000a3"}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert_eq!(lines(&deep), ["? blte0000000000000a1 @first"]);
    let fine = format!(
        r#"{{"deep":{}"blte0000000000000a2"{}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    assert_eq!(lines(&fine).len(), 1);
}

#[test]
fn odd_html_is_survived() {
    use proptest::prelude::*;
    // Pieces that scanners trip over, in any order, among any characters.
    let piece = prop_oneof![
        Just("<img ".to_owned()),
        Just("data-sys-asset-uid=".to_owned()),
        Just("data-sys-entry-uid".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just(" = ".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("/>".to_owned()),
        Just("/v3/assets/".to_owned()),
        Just("https://images.contentstack.io".to_owned()),
        "\\PC{0,3}",
    ];
    proptest!(|(pieces in proptest::collection::vec(piece, 0..24))| {
        let html = pieces.concat();
        let json = serde_json::json!({"html": html, "x": "blte0000000000000a1"}).to_string();
        let found = found(&json);
        // Whatever it held, the search went on behind it.
        prop_assert!(found.iter().any(|reference| &*reference.path == "x"));
        for reference in &found {
            prop_assert!(&*reference.path == "x" || html.contains(reference.uid.as_str()));
        }
        let _ = contentstack_sync::query::urls::rewrite(
            &html,
            &contentstack_sync::query::urls::AssetHosts::regions(),
            |url| Some(url.uid().to_owned()),
        );
    });
}
