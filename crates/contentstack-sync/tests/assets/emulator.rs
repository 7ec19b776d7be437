//! Files of a service that changes and has bad days, against its truth.

#![cfg(feature = "emulator")]

use std::collections::BTreeMap;

use bytes::Bytes;
use contentstack_sync::emulator::{Emulator, Fault, Kind};
use contentstack_sync::mirror::Mirror;
use contentstack_sync::{RateLimit, RetryPolicy, Stack};
use serde_json::Value;

use crate::site::Folder;

/// What each file should hold, by the end of its place.
fn truth(emulator: &Emulator) -> BTreeMap<String, Bytes> {
    let published = emulator.published().into_iter();
    let assets = published.filter(|item| item.kind == Kind::Asset);
    let file = |item: contentstack_sync::emulator::Published| {
        let data: Value = serde_json::from_str(&item.data).unwrap();
        let path = data["url"]
            .as_str()
            .unwrap()
            .strip_prefix(&emulator.url())
            .unwrap()
            .to_owned();
        let request = http::Request::get(path.as_str())
            .body(Bytes::new())
            .unwrap();
        (
            format!("{}{path}", item.uid),
            emulator.handle(&request).into_body(),
        )
    };
    assets.map(file).collect()
}

/// What the mirror says where each file is, and what is in it.
async fn files(emulator: &Emulator, mirror: &Mirror, folder: &Folder) -> BTreeMap<String, Bytes> {
    let mut found = BTreeMap::new();
    for row in mirror.assets().rows().await.unwrap() {
        let Some(place) = mirror.asset_file(&row).await.unwrap() else {
            continue;
        };
        let bytes = std::fs::read(folder.path().join(place)).unwrap();
        let url = row.url.unwrap();
        let path = url.strip_prefix(&emulator.url()).unwrap();
        found.insert(format!("{}{path}", row.key.uid), Bytes::from(bytes));
    }
    found
}

#[tokio::test(start_paused = true)]
async fn the_folder_follows_a_service_with_bad_days() {
    let (mut troubled, mut resumed) = (0, 0);
    for seed in 0..20 {
        let emulator = Emulator::builder().page_size(7).seed(seed).build();
        let stack = Stack::builder(
            emulator.api_key(),
            emulator.access_token(),
            emulator.environment(),
        );
        let stack = stack
            .host(emulator.url())
            .transport(emulator.transport())
            .rate_limit(RateLimit::unlimited())
            .retry(RetryPolicy::default().max_attempts(1))
            .build()
            .unwrap();
        let mirror = Mirror::open_memory(stack).await.unwrap();
        let folder = Folder::new();
        for _ in 0..4 {
            emulator.clear_faults();
            emulator.change_at_random(60);
            mirror.sync().await.unwrap();
            // Every second answer breaks off, or is no file.
            let busy = http::StatusCode::SERVICE_UNAVAILABLE;
            let faults = [
                Fault::truncate(),
                Fault::truncate(),
                Fault::drop_before(),
                Fault::status(busy),
            ];
            emulator.trouble(500, faults);
            let download = || mirror.assets().download(folder.path()).concurrency(3);
            troubled += download().run().await.unwrap().failed.len();
            emulator.clear_faults();
            let report = download().retry_now().run().await.unwrap();
            assert!(report.failed.is_empty(), "{:?}", report.failed);
            resumed += report.resumed;
            assert_eq!(
                files(&emulator, &mirror, &folder).await,
                truth(&emulator),
                "{seed}"
            );
        }
    }
    assert!(troubled > 0 && resumed > 0, "{troubled} {resumed}");
}
