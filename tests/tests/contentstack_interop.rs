//! The server of `contentstack-sync` under Contentstack's own clients and its
//! own mirror: what they received is what is published there.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

#[path = "contentstack/lab.rs"]
mod lab;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use contentstack_sync::emulator::{AssetDraft, Call, EntryDraft, Fault, Fill, Kind, On};
use contentstack_sync::model::{Item, RawJson};
use serde_json::{Value, json};
use sync_tests::Result;
use xtask::peers::{
    NODE_CONTENTSTACK, NODE_DATASYNC, NODE_DELIVERY_SDK, PYTHON_CONTENTSTACK, Peer,
};

use lab::{Lab, Local, apply, local_truth};

/// A client of Contentstack's, and what its requests look like.
struct Client {
    peer: &'static Peer,
    script: &'static str,
    /// The queries of the beginning, of a page and of a delta; `{}` is the token.
    queries: [&'static str; 3],
    user_agent: &'static str,
    accepts_gzip: bool,
    keeps_connections: bool,
}

/// As the captures have them.
const CLIENTS: [Client; 3] = [
    Client {
        peer: &PYTHON_CONTENTSTACK,
        script: "client.py",
        queries: [
            "init=true&environment=production",
            "pagination_token={}&environment=production",
            "sync_token={}&environment=production",
        ],
        user_agent: "contentstack-delivery-python/v2.8.0",
        accepts_gzip: true,
        keeps_connections: false,
    },
    Client {
        peer: &NODE_CONTENTSTACK,
        script: "contentstack.cjs",
        queries: [
            "init=true&environment=production",
            "pagination_token={}&environment=production",
            "sync_token={}&environment=production",
        ],
        user_agent: "contentstack-delivery-javascript-nodejs/3.27.1",
        accepts_gzip: true,
        keeps_connections: true,
    },
    Client {
        peer: &NODE_DELIVERY_SDK,
        script: "delivery_sdk.cjs",
        queries: [
            "environment=production&init=true",
            "environment=production&pagination_token={}",
            "environment=production&sync_token={}",
        ],
        user_agent: "contentstack-delivery-typescript/{{VERSION}}",
        accepts_gzip: true,
        keeps_connections: true,
    },
];

/// Syncs, lets things change, syncs again, and compares.
async fn client_receives_what_is_published(client: &Client) -> Result<()> {
    let Some(program) = client.peer.program_or_skip()? else {
        return Ok(());
    };
    let lab = Lab::start().await?;
    lab.emulator.fill(&Fill::new(250).size(900));
    let mut driver = lab.driver(&program, client.script)?;
    let ask = |driver: &mut sync_tests::contentstack::Driver, what: &str| {
        tokio::task::block_in_place(|| driver.ask(&json!({"do": what})))
    };

    let first = ask(&mut driver, "init")?;
    let mut local = Local::new();
    apply(&mut local, first["items"].as_array().unwrap());
    assert_eq!(first["items"].as_array().unwrap().len(), 250);
    assert_eq!(local, local_truth(&lab.emulator));

    // Nothing has happened.
    let none = ask(&mut driver, "delta")?;
    assert_eq!(none, json!({"items": [], "token": first["token"]}));

    // More than fits on a page, of all seven kinds.
    lab.emulator.fill(&Fill::new(120).size(700));
    every_kind_of_change(&lab);
    let second = ask(&mut driver, "delta")?;
    let items = second["items"].as_array().unwrap();
    let kinds: std::collections::BTreeSet<&str> = items
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect();
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    apply(&mut local, items);
    assert_eq!(local, local_truth(&lab.emulator));
    assert_ne!(second["token"], first["token"]);

    // A connection that is dropped is opened again by all of them.
    lab.emulator.fault(On::Sync, 1, Fault::drop_before());
    lab.emulator.change_at_random(3);
    let third = ask(&mut driver, "delta")?;
    apply(&mut local, third["items"].as_array().unwrap());
    assert_eq!(local, local_truth(&lab.emulator));
    looks_as_captured(client, &lab);
    Ok(())
}

fn every_kind_of_change(lab: &Lab) {
    let emulator = &lab.emulator;
    for number in 0..3 {
        let uid = format!("blte{number:016}");
        emulator.publish_entry(EntryDraft::new("article").uid(&uid));
        let uid = format!("blta{number:016}");
        emulator.publish_asset(AssetDraft::new("x.png").uid(&uid));
    }
    emulator.unpublish(Kind::Entry, "blte0000000000000001", "en-us");
    emulator.unpublish(Kind::Asset, "blta0000000000000001", "en-us");
    emulator.delete(Kind::Entry, "blte0000000000000002", "en-us");
    emulator.delete(Kind::Asset, "blta0000000000000002", "en-us");
    emulator.delete_content_type("page");
}

fn looks_as_captured(client: &Client, lab: &Lab) {
    let requests = lab.emulator.requests();
    let calls: Vec<Call> = requests.iter().map(|request| request.call).collect();
    let expected = [
        Call::Init,
        Call::Page,
        Call::Page,
        Call::Delta,
        Call::Delta,
        Call::Page,
        Call::Delta,
        Call::Delta,
    ];
    assert_eq!(calls, expected);
    let connections: std::collections::BTreeSet<_> =
        requests.iter().map(|request| request.connection).collect();
    assert_eq!(
        connections.len() < requests.len(),
        client.keeps_connections,
        "{connections:?}"
    );
    for request in &requests {
        let (index, name) = match request.call {
            Call::Init => (0, ""),
            Call::Page => (1, "pagination_token"),
            _ => (2, "sync_token"),
        };
        let token = request.parameter(name).unwrap_or_default();
        let query = client.queries[index].replace("{}", &token);
        assert_eq!(request.target, format!("/v3/stacks/sync?{query}"));
        let header = |name: &str| {
            let value = request
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default()
        };
        assert_eq!(header("api_key"), lab.emulator.api_key());
        assert_eq!(header("access_token"), lab.emulator.access_token());
        assert_eq!(header("x-user-agent"), client.user_agent);
        assert_eq!(
            header("accept-encoding").contains("gzip"),
            client.accepts_gzip
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_receives_what_is_published() -> Result<()> {
    client_receives_what_is_published(&CLIENTS[0]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_client_receives_what_is_published() -> Result<()> {
    client_receives_what_is_published(&CLIENTS[1]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_receives_what_is_published() -> Result<()> {
    client_receives_what_is_published(&CLIENTS[2]).await
}

/// All clients and ours, side by side on one stack, hear the same.
#[tokio::test(flavor = "multi_thread")]
async fn our_client_receives_the_same_items_as_theirs() -> Result<()> {
    let lab = Lab::start().await?;
    lab.emulator.fill(&Fill::new(230).size(900));
    let mut ours = Vec::new();
    let mut items = lab.stack()?.sync_init().items();
    while let Some(item) = items.next().await {
        let item: Item = item?;
        let data: Value = serde_json::from_str(item.data().map_or("null", RawJson::as_str))?;
        ours.push((item.kind().to_string(), data));
    }
    let mut compared = 0;
    for client in &CLIENTS {
        let Some(program) = client.peer.program_or_skip()? else {
            continue;
        };
        let mut driver = lab.driver(&program, client.script)?;
        let answer = tokio::task::block_in_place(|| driver.ask(&json!({"do": "init"})))?;
        let theirs: Vec<(String, Value)> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                (
                    item["type"].as_str().unwrap().to_owned(),
                    item["data"].clone(),
                )
            })
            .collect();
        assert_eq!(ours, theirs, "{}", client.peer);
        compared += 1;
    }
    eprintln!("compared with {compared} clients");
    Ok(())
}

/// What DataSync has stored: `(locale, content type, uid)` and the title.
fn stored(folder: &Path) -> BTreeMap<(String, String, String), String> {
    let mut found = BTreeMap::new();
    let contents = folder.join("_contents");
    for locale in fs::read_dir(&contents).unwrap().map(|entry| entry.unwrap()) {
        let data = locale.path().join("data");
        let Ok(files) = fs::read_dir(&data) else {
            continue;
        };
        for file in files.map(|file| file.unwrap().path()) {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            if name == "content_types" || name == "asset_map" {
                continue;
            }
            let text = fs::read(&file).unwrap();
            let Ok(Value::Array(objects)) = serde_json::from_slice(&text) else {
                continue;
            };
            for object in objects {
                let uid = object["uid"].as_str().unwrap().to_owned();
                let title = object["title"].as_str().unwrap_or_default().to_owned();
                let locale = locale.file_name().to_str().unwrap().to_owned();
                found.insert((locale, name.clone(), uid), title);
            }
        }
    }
    found
}

/// The same of what is published.
fn expected(lab: &Lab) -> BTreeMap<(String, String, String), String> {
    let published = lab.emulator.published().into_iter();
    published
        .map(|item| {
            let name = match item.kind {
                Kind::Entry => item.content_type,
                Kind::Asset => "assets".to_owned(),
            };
            let data: Value = serde_json::from_str(&item.data).unwrap();
            let title = data["title"].as_str().unwrap().to_owned();
            ((item.locale, name, item.uid), title)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn datasync_mirrors_what_is_published_with_its_files() -> Result<()> {
    let Some(program) = NODE_DATASYNC.program_or_skip()? else {
        return Ok(());
    };
    let lab = Lab::start().await?;
    lab.emulator.fill(&Fill::new(110).size(700).assets(0.0));
    for number in 0..6 {
        // Its names are put into paths without escapes.
        let name = format!("picture-{number}.png");
        let draft = AssetDraft::new(name).uid(format!("blta{number:016}"));
        lab.emulator.publish_asset(draft.length(3000 + number));
    }
    let mut driver = lab.driver(&program, "datasync.cjs")?;
    let mut ask = |what: &str, items: usize| {
        let request = json!({"do": what, "items": items});
        tokio::task::block_in_place(|| driver.ask(&request))
    };
    let seen = ask("start", 116)?;
    assert_eq!(
        (&seen["publish"], &seen["error"]),
        (&116.into(), &0.into()),
        "{seen}"
    );
    assert_eq!(stored(lab.folder()), expected(&lab));
    for item in lab.emulator.published() {
        if item.kind == Kind::Asset {
            let data: Value = serde_json::from_str(&item.data)?;
            let name = data["filename"].as_str().unwrap();
            let path = format!("_contents/{}/assets/{}/{name}", item.locale, item.uid);
            let length = fs::metadata(lab.folder().join(path))?.len();
            assert_eq!(data["file_size"], length.to_string());
        }
    }

    let article = EntryDraft::new("article").uid("blte1");
    lab.emulator.publish_entry(article.title("new"));
    lab.emulator
        .unpublish(Kind::Asset, "blta0000000000000001", "en-us");
    lab.emulator
        .delete(Kind::Asset, "blta0000000000000002", "en-us");
    let seen = ask("poke", 3)?;
    assert_eq!(seen["error"], 0, "{seen}");
    assert_eq!(stored(lab.folder()), expected(&lab));

    let requests = lab.emulator.requests();
    let first = &requests[0];
    assert_eq!(
        first.target,
        "/v3/stacks/sync?environment=production&limit=100&init=true"
    );
    let agent = first.headers.get("x-user-agent").unwrap();
    assert_eq!(agent, "datasync-manager/v2.0.7");
    assert!(first.headers.get("accept-encoding").is_none());
    // Schemas it asks for one by one.
    assert!(lab.emulator.count(Call::ContentTypes) > 0);
    Ok(())
}
