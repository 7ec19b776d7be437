//! Folders, and what concerns all of them.

use std::time::Duration;

use syncthing_rest::SyncthingErrorExt;
use syncthing_rest::api::Stage;
use syncthing_rest::model::{DeviceId, FolderId};

use crate::common::{Answer, DEVICE, Daemon};
use crate::pin::{Pins, get, post};

/// An ID that needs encoding everywhere.
const ID: &str = "a/b &ü";
const IN_QUERY: &str = "folder=a%2Fb%20%26%C3%BC";

pub(crate) async fn all(pins: &mut Pins) {
    state(pins).await;
    files(pins).await;
    lists(pins).await;
    work(pins).await;
}

async fn state(pins: &mut Pins) {
    let id: DeviceId = DEVICE.parse().unwrap();
    let folder = pins.client.folder(ID);
    assert_eq!(folder.id(), &FolderId::from(ID));
    let status = get(format!("/rest/db/status?{IN_QUERY}"), r#"{"state":"idle"}"#);
    assert!(pins.check(folder.status(), status).await.is_in_sync());
    let path = "/rest/db/completion";
    pins.check(folder.completion(), get(format!("{path}?{IN_QUERY}"), "{}"))
        .await;
    let of = get(format!("{path}?{IN_QUERY}&device={DEVICE}"), "{}");
    pins.check(folder.completion_of(id), of).await;
    pins.check(pins.client.db().completion(), get(path, "{}"))
        .await;
    for call in [
        pins.client.db().completion_of(id),
        pins.client.device(id).completion(),
    ] {
        pins.check(call, get(format!("{path}?device={DEVICE}"), "{}"))
            .await;
    }
}

async fn files(pins: &mut Pins) {
    let folder = pins.client.folder("f");
    let path = "/rest/db/browse?folder=f";
    pins.check(folder.browse(), get(path, "null")).await;
    let some = folder
        .browse()
        .prefix("a/b c/")
        .levels(0)
        .directories_only();
    let target = format!("{path}&prefix=a%2Fb%20c&levels=0&dirsonly=1");
    let tree = pins.check(some, get(target, r#"[{"name":"x"}]"#)).await;
    assert_eq!(&*tree[0].name, "x");
    let file = get("/rest/db/file?folder=f&file=sp%C3%A4ce%20%26%2Fx", "{}");
    pins.check(folder.file("späce &/x"), file).await;
    let ignores = get(
        "/rest/db/ignores?folder=f",
        r#"{"ignore":null,"expanded":null}"#,
    );
    assert!(
        pins.check(folder.ignores(), ignores)
            .await
            .ignore
            .is_empty()
    );
    let set = post("/rest/db/ignores?folder=f")
        .json_body(r#"{"ignore":["*.o","!x"]}"#)
        .json(r#"{"ignore":["*.o","!x"],"expanded":[],"error":""}"#);
    assert_eq!(
        pins.check(folder.set_ignores(["*.o", "!x"]), set)
            .await
            .ignore
            .len(),
        2
    );
    let none: [&str; 0] = [];
    let set = post("/rest/db/ignores?folder=f")
        .json_body(r#"{"ignore":[]}"#)
        .json("{}");
    pins.check(folder.set_ignores(none), set).await;
    let versions = r#"{"a":[{"versionTime":"2026-11-21T06:21:41Z","size":3}]}"#;
    let versions = get("/rest/folder/versions?folder=f", versions);
    let versions = pins.check(folder.versions(), versions).await;
    let wanted = versions
        .iter()
        .map(|(path, of)| (path.clone(), of[0].version_time.unwrap()));
    let restore = post("/rest/folder/versions?folder=f")
        .json_body(r#"{"a":"2026-11-21T06:21:41Z"}"#)
        .json(r#"{"a":"version not found"}"#);
    let failed = pins.check(folder.restore(&wanted.collect()), restore).await;
    assert_eq!(failed["a"].as_deref(), Some("version not found"));
}

async fn lists(pins: &mut Pins) {
    let folder = pins.client.folder("f");
    let id: DeviceId = DEVICE.parse().unwrap();
    pins.check(
        folder.need().page(None),
        get("/rest/db/need?folder=f", "{}"),
    )
    .await;
    let page = folder.need().per_page(2).page(3);
    pins.check(page, get("/rest/db/need?folder=f&page=3&perpage=2", "{}"))
        .await;
    let target = format!("/rest/db/remoteneed?folder=f&device={DEVICE}");
    pins.check(folder.remote_need(id).page(None), get(target, "{}"))
        .await;
    let target = "/rest/db/localchanged?folder=f";
    pins.check(folder.local_changed().page(None), get(target, "{}"))
        .await;
    let errors = get(
        "/rest/folder/errors?folder=f",
        r#"{"folder":"f","errors":null}"#,
    );
    assert!(
        pins.check(folder.errors().page(None), errors)
            .await
            .errors
            .is_empty()
    );
    let target = "/rest/folder/pullerrors?folder=f&page=1";
    pins.check(folder.pull_errors().page(1), get(target, "{}"))
        .await;
}

async fn work(pins: &mut Pins) {
    let folder = pins.client.folder("f");
    pins.check(pins.client.db().scan(), post("/rest/db/scan"))
        .await;
    pins.check(folder.scan(), post("/rest/db/scan?folder=f"))
        .await;
    let scan = folder
        .scan()
        .sub("a b")
        .sub("c/d")
        .next(Duration::from_secs(60));
    pins.check(
        scan,
        post("/rest/db/scan?folder=f&sub=a%20b&sub=c%2Fd&next=60"),
    )
    .await;
    let prio = post("/rest/db/prio?folder=f&file=a%2Fb").json(r#"{"progress":[{"name":"a/b"}]}"#);
    assert_eq!(pins.check(folder.prioritize("a/b"), prio).await.len(), 1);
    pins.check(
        folder.override_changes(),
        post("/rest/db/override?folder=f"),
    )
    .await;
    pins.check(folder.revert_changes(), post("/rest/db/revert?folder=f"))
        .await;
}

#[tokio::test]
async fn pages_are_asked_for_until_one_is_not_full() {
    let daemon = Daemon::start().await;
    for page in [
        r#"{"progress":[{"name":"a"}],"queued":[{"name":"b"}],"rest":[],"page":1,"perpage":2}"#,
        r#"{"progress":null,"queued":null,"rest":[{"name":"c"},{"name":"d"}],"page":2,"perpage":2}"#,
        r#"{"progress":[],"queued":[],"rest":[{"name":"e"}],"page":3,"perpage":2}"#,
    ] {
        daemon.answer(Answer::new(200, page));
    }
    let mut items = daemon.client().folder("f").need().per_page(2).items();
    let mut names = Vec::new();
    while let Some(item) = items.next().await.transpose().unwrap() {
        names.push((item.stage, item.file.name));
    }
    let expected = [
        (Stage::Progress, "a"),
        (Stage::Queued, "b"),
        (Stage::Rest, "c"),
        (Stage::Rest, "d"),
        (Stage::Rest, "e"),
    ];
    assert_eq!(
        names,
        expected.map(|(stage, name)| (stage, name.to_owned()))
    );
    let targets: Vec<_> = daemon.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets,
        [1, 2, 3].map(|page| format!("/rest/db/need?folder=f&page={page}&perpage=2"))
    );
}

#[tokio::test]
async fn a_page_that_is_full_and_the_last_is_followed_by_an_empty_one() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(
        200,
        r#"{"files":[{"name":"a"}],"page":1,"perpage":1}"#,
    ));
    daemon.answer(Answer::new(200, r#"{"files":null,"page":2,"perpage":1}"#));
    let items = daemon
        .client()
        .folder("f")
        .local_changed()
        .per_page(1)
        .items();
    assert_eq!(items.collect().await.unwrap().len(), 1);
    assert_eq!(daemon.seen().len(), 2);
}

#[tokio::test]
async fn a_daemon_that_makes_smaller_pages_is_believed() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(
        200,
        r#"{"errors":[{"path":"a"},{"path":"b"}],"perpage":2}"#,
    ));
    daemon.answer(Answer::new(200, r#"{"errors":[],"perpage":2}"#));
    let items = daemon.client().folder("f").errors().items();
    assert_eq!(items.collect().await.unwrap().len(), 2);
    let targets: Vec<_> = daemon.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets,
        [1, 2].map(|page| format!("/rest/folder/errors?folder=f&page={page}&perpage=4096"))
    );
}

#[tokio::test]
async fn bad_patterns_are_an_error_that_says_they_are_saved() {
    let daemon = Daemon::start().await;
    let answer = r#"{"ignore":["[x"],"expanded":[],"error":"invalid pattern \"[x\""}"#;
    daemon.answer(Answer::new(200, answer));
    let error = daemon
        .client()
        .folder("f")
        .set_ignores(["[x"])
        .await
        .unwrap_err();
    assert_eq!(
        error.syncthing(),
        Some(&syncthing_rest::SyncthingError::BadPattern)
    );
    assert!(!error.is_retryable());
    let message = error.to_string();
    assert!(
        message.contains("invalid pattern \"[x\"") && message.contains("saved"),
        "{message}"
    );
    daemon.only();
}
