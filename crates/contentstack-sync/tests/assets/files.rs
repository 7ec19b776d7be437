//! What is downloaded, and where it is put.

use std::sync::{Arc, Mutex};

use contentstack_sync::assets::DownloadEvent;
use contentstack_sync::model::Key;
use contentstack_sync::query::field;
use serde_json::json;
use sync_core::testing::Reply;

use crate::site::Site;

#[tokio::test]
async fn every_file_is_in_its_place_once() {
    let site = Site::new().await;
    site.file("blta1", "/files/1/hero.jpg", "hero");
    site.file("blta2", "/files/2/empty.txt", "");
    let report = site.run().await;
    assert_eq!(
        (report.downloaded, report.bytes, report.failed.len()),
        (2, 4, 0)
    );
    let files = site.files();
    assert_eq!(files.len(), 2);
    assert!(files[0].0.starts_with("blta1/") && files[0].0.ends_with("/hero.jpg"));
    assert_eq!(site.contents(), ["hero", ""]);
    assert!(site.partials().is_empty());
    let row = site
        .mirror
        .get(&Key::asset("blta1", "en-us"))
        .await
        .unwrap()
        .unwrap();
    let path = site.mirror.asset_file(&row).await.unwrap().unwrap();
    assert_eq!(
        std::fs::read_to_string(site.folder.path().join(path)).unwrap(),
        "hero"
    );

    let again = site.run().await;
    assert_eq!((again.downloaded, again.found, again.removed), (0, 0, 0));
    assert_eq!(site.requests().len(), 2);
}

#[tokio::test]
async fn nothing_is_done_before_the_first_sync() {
    let site = Site::new().await;
    site.file("blta1", "/files/1/hero.jpg", "hero");
    let report = site.download().run().await.unwrap();
    assert_eq!(report.downloaded, 0);
    assert!(site.files().is_empty() && site.requests().is_empty());
}

#[tokio::test]
async fn hostile_names_stay_in_the_folder() {
    let site = Site::new().await;
    let hostile = [
        ("blta1", "../../../../escape.txt"),
        ("../../up", "x.txt"),
        ("/abs", "/abs.txt"),
        ("con", "nul.txt"),
        ("blta5", ".htaccess"),
        ("blta6", "a\u{0}b\u{202e}txt.exe"),
        ("blta7", ""),
        ("blta8", &"long".repeat(200)),
    ];
    for (number, (uid, name)) in hostile.into_iter().enumerate() {
        let path = format!("/files/{number}");
        site.serve(&path, |_| Reply::ok().body("x"));
        site.publish(uid, &path, json!({"filename": name, "file_size": "1"}));
    }
    let report = site.run().await;
    assert_eq!(
        (report.downloaded, report.failed.len()),
        (8, 0),
        "{:?}",
        report.failed
    );
    let names: Vec<String> = site.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 8);
    for name in &names {
        assert_eq!(name.split('/').count(), 3, "{name}");
        assert!(!name.split('/').any(|part| part.starts_with('.')), "{name}");
    }
    let outside = site.folder.path().parent().unwrap().join("escape.txt");
    assert!(!outside.exists());
    // Names that are the same when they are made safe.
    assert!(names.iter().any(|name| name.ends_with("/_nul.txt")));
}

#[tokio::test]
async fn without_a_name_the_address_gives_it() {
    let site = Site::new().await;
    site.serve("/f/caf%C3%A9%20au.pdf", |_| Reply::ok().body("x"));
    site.publish("blta1", "/f/caf%C3%A9%20au.pdf?x=/y", json!({}));
    site.run().await;
    assert!(
        site.files()[0].0.ends_with("/café au.pdf"),
        "{:?}",
        site.files()
    );
}

#[tokio::test]
async fn locales_with_one_address_share_the_file() {
    let site = Site::new().await;
    site.file("blta1", "/f/hero.jpg", "hero");
    site.publish(
        "blta1",
        "/f/hero.jpg",
        json!({"locale": "fr-fr", "file_size": "4"}),
    );
    site.publish("blta2", "/f/other.jpg", json!({"is_dir": true}));
    let report = site.run().await;
    assert_eq!((report.downloaded, site.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_query_says_which_files() {
    let site = Site::new().await;
    site.file("blta1", "/f/a.jpg", "a");
    site.file("blta2", "/f/b.pdf", "b");
    site.serve("/f/c.jpg", |_| Reply::ok().body("c"));
    site.publish(
        "blta3",
        "/f/c.jpg",
        json!({"locale": "fr-fr", "filename": "c.jpg"}),
    );
    site.mirror.sync().await.unwrap();
    let assets = || site.mirror.assets();
    let images = assets()
        .locale("en-us")
        .filter(field("filename").regex("jpg$"));
    images.download(site.folder.path()).run().await.unwrap();
    assert_eq!(site.contents(), ["a"]);
    assets()
        .uid("blta2")
        .download(site.folder.path())
        .run()
        .await
        .unwrap();
    assert_eq!(site.contents(), ["a", "b"]);
    assets().download(site.folder.path()).run().await.unwrap();
    assert_eq!(site.contents(), ["a", "b", "c"]);
    assert_eq!(site.requests().len(), 3);
    let bad = assets()
        .filter(field("x").regex("("))
        .download(site.folder.path());
    assert!(bad.run().await.is_err());
}

#[tokio::test]
async fn a_file_that_is_there_already_is_only_noted() {
    // As after a kill between the file's move to its place and the note of it.
    let site = Site::new().await;
    site.file("blta1", "/f/hero.jpg", "hero");
    site.run().await;
    let place = site.folder.path().join(&site.files()[0].0);

    let url = site.server.url("/f/hero.jpg");
    site.mirror.store().forget_download(&url).await.unwrap();
    let report = site.run().await;
    assert_eq!(
        (report.downloaded, report.found, site.requests().len()),
        (0, 1, 1)
    );

    // Of another size it is something else.
    std::fs::write(&place, "hero and more").unwrap();
    site.mirror.store().forget_download(&url).await.unwrap();
    let report = site.run().await;
    assert_eq!((report.downloaded, report.found), (1, 0));
    assert_eq!(site.contents(), ["hero"]);
}

#[tokio::test]
async fn files_that_somebody_removed_come_back_when_asked_for() {
    let site = Site::new().await;
    site.file("blta1", "/f/a.jpg", "a");
    site.file("blta2", "/f/b.jpg", "b");
    site.run().await;
    std::fs::remove_file(site.folder.path().join(&site.files()[0].0)).unwrap();
    assert_eq!(site.run().await.downloaded, 0);
    let report = site.download().check_files().run().await.unwrap();
    assert_eq!(report.downloaded, 1);
    assert_eq!(site.contents(), ["a", "b"]);
}

#[tokio::test]
async fn whoever_watches_hears_of_everything() {
    let site = Site::new().await;
    site.file("blta1", "/f/a.jpg", "four");
    site.publish("blta2", "/f/none.jpg", json!({"file_size": "1"}));
    site.mirror.sync().await.unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&heard);
    let download = site.download().concurrency(1).on_event(move |event| {
        let line = match event {
            DownloadEvent::Started { key, size } => format!("start {} {size:?}", key.uid),
            DownloadEvent::Received { key, bytes } => format!("bytes {} {bytes}", key.uid),
            DownloadEvent::Done { key, size, .. } => format!("done {} {size}", key.uid),
            DownloadEvent::Failed(failure) => format!("failed {}", failure.key.uid),
            _ => String::from("?"),
        };
        list.lock().unwrap().push(line);
    });
    download.run().await.unwrap();
    assert_eq!(
        *heard.lock().unwrap(),
        [
            "start blta1 Some(4)",
            "bytes blta1 4",
            "done blta1 4",
            "start blta2 Some(1)",
            "failed blta2"
        ]
    );
}
