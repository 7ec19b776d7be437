//! The frames of the websocket protocol.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what helpers of tests may do too"
)]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;
use simperium::protocol::{
    AuthReply, BucketOptions, Change, ClientChange, ClientCommand, ClientFrame, EntityVersion,
    IndexEntry, IndexPage, IndexQuery, Init, KnownEntry, LocalIndex, Operation, PendingEntry,
    Refusal, ServerChange, ServerCommand, ServerFrame,
};
use sync_core::json::RawJson;

const CAPTURES: [&str; 4] = [
    "ws_npm-simperium-1.1.4_error_codes",
    "ws_npm-simperium-1.1.4_vs_beaucollins-server",
    "ws_npm-simperium-1.1.4_vs_emulator",
    "ws_protocol_samples_emulator",
];

/// The recorded frames with who sent them.
static RECORDED: LazyLock<Vec<(String, String)>> = LazyLock::new(recorded);

fn recorded() -> Vec<(String, String)> {
    let mut frames = Vec::new();
    for name in CAPTURES {
        let path = format!("{}/tests/captures/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            if !field("dir").is_empty() && !field("frame").is_empty() && field("dir") != "open" {
                frames.push((field("dir"), field("frame")));
            }
        }
    }
    frames
}

/// A frame without the spaces that some write into JSON.
fn compact(frame: &str) -> String {
    let Some(at) = frame.find(['{', '[']) else {
        return frame.to_owned();
    };
    let (head, json) = frame.split_at(at);
    let json: Value = serde_json::from_str(json).unwrap();
    format!("{head}{json}")
}

#[test]
fn recorded_frames_are_read_and_written_as_they_were() {
    let frames = &*RECORDED;
    for (sender, text) in frames {
        let written = match sender.as_str() {
            "c->s" => ClientFrame::parse(text).unwrap().to_string(),
            _ => ServerFrame::parse(text).unwrap().to_string(),
        };
        // The values of all fields are the same; their order is ours.
        assert_eq!(compact(&written), compact(text));
    }
    assert!(frames.len() > 250, "{} frames", frames.len());
}

#[test]
fn the_protocol_knows_more_than_was_recorded() {
    for text in [
        r#"0:o:{"namespace":"n","expose_namespace":true}"#,
        r#"0:o:{}"#,
        "0:index",
        "log:2",
        "h:7",
        r#"0:c:[{"id":"n","clientid":"c","error":"401","ccids":["x"]}]"#,
        r#"0:c:[{"id":"note","o":"EMPTY","clientid":"c","ccids":["x"],"cv":"51"}]"#,
        r#"0:c:[{"id":"n","o":"M","v":{},"clientid":"c","ccid":"x","ev":2,"sv":1,"cv":51}]"#,
    ] {
        ServerFrame::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9.:_-]{0,12}", "\\PC{0,8}", "[\n\t \"\\\\{}:?=]{0,6}"]
}

fn json() -> impl Strategy<Value = RawJson> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    value.prop_map(|value| serde_json::value::to_raw_value(&value).unwrap().into())
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        Just(Operation::Modify),
        Just(Operation::Delete),
        Just(Operation::Empty),
        Just(Operation::Drop),
        text().prop_map(Operation::from),
    ]
}

prop_compose! {
    fn client_change()(
        id in text(), operation in operation(), ccid in text(), sv in any::<Option<u64>>(),
        v in prop::option::of(json()), d in prop::option::of(json()),
    ) -> ClientChange {
        ClientChange { id, operation, ccid, sv, v, d }
    }
}

prop_compose! {
    fn init()(
        clientid in text(), api in prop::option::of(text()), token in text(), app_id in text(),
        name in text(), library in prop::option::of(text()), version in prop::option::of(text()),
        username in prop::option::of(text()), cmd in prop::option::of(text()),
    ) -> Box<Init> {
        Box::new(Init { clientid, api, token: token.into(), app_id, name, library, version, username, cmd })
    }
}

prop_compose! {
    fn local_index()(
        current in prop::option::of(text()),
        index in prop::collection::vec((text(), any::<u64>()), 0..3),
        pending in prop::collection::vec((text(), any::<Option<u64>>(), prop::option::of(text())), 0..3),
        extra in prop::option::of(json()),
    ) -> LocalIndex {
        LocalIndex {
            current,
            index: index.into_iter().map(|(id, v)| KnownEntry { id, v }).collect(),
            pending: pending.into_iter().map(|(id, sv, ccid)| PendingEntry { id, sv, ccid }).collect(),
            extra,
        }
    }
}

fn entity() -> impl Strategy<Value = EntityVersion> {
    ("[a-z.:%@]{0,9}", any::<u64>()).prop_map(|(key, version)| EntityVersion::new(key, version))
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    let query = (any::<bool>(), text(), "[a-z0-9]{0,4}", any::<Option<u32>>());
    let query = query.prop_map(|(data, mark, offset, limit)| IndexQuery {
        data,
        mark,
        offset,
        limit,
    });
    let command = prop_oneof![
        init().prop_map(ClientCommand::Init),
        query.prop_map(ClientCommand::Index),
        entity().prop_map(ClientCommand::Entity),
        text().prop_map(ClientCommand::Changes),
        client_change().prop_map(ClientCommand::Change),
        local_index().prop_map(ClientCommand::LocalIndex),
    ];
    prop_oneof![
        any::<u64>().prop_map(ClientFrame::Heartbeat),
        text().prop_map(ClientFrame::Log),
        (any::<u32>(), command)
            .prop_map(|(channel, command)| ClientFrame::Channel { channel, command }),
    ]
}

prop_compose! {
    fn change()(
        id in text(), operation in operation(), v in prop::option::of(json()), clientid in text(),
        ccids in prop::collection::vec(text(), 0..3), ev in any::<Option<u64>>(),
        sv in any::<Option<u64>>(), cv in text(), d in prop::option::of(json()),
        username in prop::option::of(text()),
    ) -> Change {
        Change { id, operation, v, clientid, ccids, ev, sv, cv, d, username }
    }
}

fn server_change() -> impl Strategy<Value = ServerChange> {
    let refusal = (
        text(),
        text(),
        any::<u16>(),
        prop::collection::vec(text(), 0..3),
    );
    let refusal = refusal.prop_map(|(clientid, id, code, ccids)| {
        let code = code.into();
        ServerChange::Refused(Refusal {
            clientid,
            id,
            code,
            ccids,
        })
    });
    prop_oneof![change().prop_map(ServerChange::Made), refusal]
}

fn server_frame() -> impl Strategy<Value = ServerFrame> {
    let page = (
        prop::option::of(text()),
        prop::collection::vec((text(), any::<u64>(), prop::option::of(json())), 0..3),
        prop::option::of(text()),
    );
    let page = page.prop_map(|(current, index, mark)| IndexPage {
        current,
        index: index
            .into_iter()
            .map(|(id, v, d)| IndexEntry { id, v, d })
            .collect(),
        mark,
    });
    let auth = prop_oneof![
        "[a-z]{1,4}@[a-z:]{1,6}".prop_map(AuthReply::User),
        (any::<u16>(), text()).prop_map(|(code, message)| AuthReply::Refused { code, message }),
        Just(AuthReply::Expired),
    ];
    let options =
        (prop::option::of(text()), any::<bool>()).prop_map(|(namespace, expose_namespace)| {
            BucketOptions {
                namespace,
                expose_namespace,
            }
        });
    let command = prop_oneof![
        auth.prop_map(ServerCommand::Auth),
        options.prop_map(ServerCommand::Options),
        page.prop_map(ServerCommand::Index),
        (entity(), prop::option::of(json()))
            .prop_map(|(version, data)| ServerCommand::Entity { version, data }),
        prop::collection::vec(server_change(), 0..3).prop_map(ServerCommand::Changes),
        Just(ServerCommand::UnknownCv),
        Just(ServerCommand::IndexWanted),
    ];
    prop_oneof![
        any::<u64>().prop_map(ServerFrame::Heartbeat),
        any::<u8>().prop_map(ServerFrame::Log),
        (any::<u32>(), command)
            .prop_map(|(channel, command)| ServerFrame::Channel { channel, command }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_a_client_writes_is_read_the_same(frame in client_frame()) {
        prop_assert_eq!(ClientFrame::parse(&frame.to_string()), Ok(frame));
    }

    #[test]
    fn what_a_server_writes_is_read_the_same(frame in server_frame()) {
        prop_assert_eq!(ServerFrame::parse(&frame.to_string()), Ok(frame));
    }

    #[test]
    fn no_text_is_too_odd_to_be_looked_at(text in "\\PC{0,40}") {
        let _ = (ClientFrame::parse(&text), ServerFrame::parse(&text), ClientCommand::parse(&text));
    }

    #[test]
    fn no_frame_is_too_broken_to_be_looked_at(
        at in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        put in "[0-9:{}\\[\\]\",.a-z\n]{0,4}",
    ) {
        let mut text = at.get(&RECORDED).1.clone();
        let places: Vec<(usize, char)> = text.char_indices().collect();
        let (begin, old) = *place.get(&places);
        text.replace_range(begin..begin + old.len_utf8(), &put);
        let _ = (ClientFrame::parse(&text), ServerFrame::parse(&text));
    }
}
