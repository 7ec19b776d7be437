//! The exact calls of edits.

#![allow(clippy::unwrap_used, clippy::panic)]

mod double;

use double::{Daemon, OTHER, OWN, other, own};
use http::Method;
use serde_json::{Value, json};
use syncthing_rest::edit::{EditError, Section};
use syncthing_rest::model::config::{Device, Folder, FolderDevice, FolderType, Versioning};
use syncthing_rest::{Error, ErrorKind};

const CONFIG: &str = "GET /rest/config";
const NEW: &str = "MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD";

fn config() -> Value {
    let recorded = include_str!("fixtures/1.29/config.json");
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let own = recorded["headers"]["x-syncthing-id"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = recorded["body"].to_string().replace(&own, OWN);
    let mut config: Value = serde_json::from_str(&text).unwrap();
    let there = config["devices"]
        .as_array()
        .unwrap()
        .iter()
        .find(|device| device["deviceID"] != OWN);
    let there = there.unwrap()["deviceID"].as_str().unwrap().to_owned();
    config = serde_json::from_str(&config.to_string().replace(&there, OTHER)).unwrap();
    config["folders"].as_array_mut().unwrap().truncate(1);
    config["folders"][0]["id"] = json!("lab");
    config["folders"][0]["future"] = json!({"kept": [1, 2.50]});
    config["options"]["futureOption"] = json!("kept");
    config
}

fn daemon() -> Daemon {
    let daemon = Daemon::new();
    let config = config();
    daemon.answer("GET /rest/config/folders/lab", config["folders"][0].clone());
    daemon.answer("GET /rest/config/folders", config["folders"].clone());
    daemon.answer(
        &format!("GET /rest/config/devices/{OTHER}"),
        json!({"deviceID": OTHER, "ignoredFolders": []}),
    );
    daemon.answer(
        "GET /rest/config/defaults/device",
        config["defaults"]["device"].clone(),
    );
    daemon.answer(
        "GET /rest/config/defaults/folder",
        config["defaults"]["folder"].clone(),
    );
    daemon.answer(
        "GET /rest/config/restart-required",
        json!({"requiresRestart": true}),
    );
    daemon.answer("GET /rest/cluster/pending/devices", json!({NEW: {"name": "phone", "address": "10.0.0.9:22000", "time": "2026-11-21T06:16:48Z"}}));
    let offers = json!({OTHER: {"label": "Music", "time": "2026-11-21T06:16:48Z"}});
    daemon.answer(
        "GET /rest/cluster/pending/folders",
        json!({"music": {"offeredBy": offers}}),
    );
    daemon.answer(CONFIG, config);
    daemon
}

/// What was sent to change something.
fn sent(daemon: &Daemon) -> Vec<(String, Value)> {
    let seen = daemon
        .seen()
        .into_iter()
        .filter(|seen| seen.method != Method::GET);
    seen.map(|seen| (seen.line(), seen.body)).collect()
}

fn only(daemon: &Daemon) -> (String, Value) {
    let sent = sent(daemon);
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent[0].clone()
}

fn refusal(result: Result<syncthing_rest::edit::Edited, EditError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.error.kind(), ErrorKind::Config);
    assert!(error.done.is_empty() && error.failed.is_none());
    error.error.to_string()
}

#[tokio::test]
async fn an_edit_that_changes_nothing_sends_nothing() {
    let daemon = daemon();
    let edited = daemon.client().config().edit(|_| {}).await.unwrap();
    assert!(!edited.is_changed());
    assert_eq!(edited.restart_required, None);
    assert_eq!(daemon.lines(""), [CONFIG]);
}

#[tokio::test]
async fn an_edit_sends_the_keys_that_changed_and_says_whether_to_restart() {
    let daemon = daemon();
    let edit = daemon.client().config();
    let edited = edit.edit(|config| {
        config.options.max_send_kbps = 500;
        config.folder_mut(&"lab".into()).unwrap().label = "Laboratory".into();
    });
    let edited = edited.await.unwrap();
    assert_eq!(
        sent(&daemon),
        [
            (
                "PATCH /rest/config/folders/lab".to_owned(),
                json!({"label": "Laboratory"})
            ),
            (
                "PATCH /rest/config/options".to_owned(),
                json!({"maxSendKbps": 500})
            ),
        ]
    );
    assert_eq!(edited.restart_required, Some(true));
    let shown: Vec<_> = edited.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["set in folder lab: label", "set in options: maxSendKbps"]
    );
}

#[tokio::test]
async fn a_change_of_gui_is_the_last_call() {
    let daemon = daemon();
    let edit = daemon.client().config();
    let edited = edit.edit(|config| {
        config.gui.theme = "dark".into();
        config.options.max_send_kbps = 500;
    });
    edited.await.unwrap();
    assert_eq!(
        daemon.lines(""),
        [
            CONFIG,
            "PATCH /rest/config/options",
            "GET /rest/config/restart-required",
            "PATCH /rest/config/gui"
        ]
    );
}

#[tokio::test]
async fn a_replaced_folder_keeps_what_is_unknown_here() {
    let daemon = daemon();
    let edit = daemon.client().config();
    let mut with_params = config()["folders"][0].clone();
    with_params["versioning"] =
        json!({"type": "simple", "params": {"keep": "5", "cleanoutDays": "3"}});
    let mut whole = config();
    whole["folders"][0] = with_params;
    daemon.answer(CONFIG, whole);
    let edited = edit.edit(|config| config.folders[0].versioning = Versioning::simple(5));
    edited.await.unwrap();
    let (line, body) = only(&daemon);
    assert_eq!(line, "PUT /rest/config/folders/lab");
    assert_eq!(body["versioning"]["params"], json!({"keep": "5"}));
    assert_eq!(body["future"], json!({"kept": [1, 2.5]}));
}

#[tokio::test]
async fn ignored_devices_take_the_whole_configuration_with_all_that_is_unknown() {
    let daemon = daemon();
    daemon
        .client()
        .cluster()
        .ignore_device(NEW.parse().unwrap())
        .await
        .unwrap();
    let (line, body) = only(&daemon);
    assert_eq!(line, "PUT /rest/config");
    let mut expected = config();
    expected["remoteIgnoredDevices"] = json!([{
        "deviceID": NEW, "name": "phone", "address": "10.0.0.9:22000", "time": "2026-11-21T06:16:48Z",
    }]);
    assert_eq!(body, expected);
    let error = refusal(daemon.client().cluster().ignore_device(other()).await);
    assert!(error.contains("configured"), "{error}");
}

#[tokio::test]
async fn an_edit_that_was_given_up_sends_nothing() {
    let daemon = daemon();
    let edit = daemon.client().config();
    let result = edit.try_edit(|config| {
        config.options.max_send_kbps = 500;
        Err(Error::config("changed my mind"))
    });
    assert!(refusal(result.await).contains("changed my mind"));
    let result = edit.edit(|config| config.folders[0].path.clear());
    assert!(refusal(result.await).contains("path"));
    assert_eq!(sent(&daemon), []);
}

#[tokio::test]
async fn an_edit_that_fails_half_way_says_how_far_it_came() {
    let daemon = daemon();
    daemon.answer_with("PATCH /rest/config/options", 400, json!("json: wrong\n"));
    let edit = daemon.client().config();
    let result = edit.edit(|config| {
        config.folders[0].label = "Laboratory".into();
        config.options.max_send_kbps = 500;
        config.ldap.address = "x".into();
    });
    let error = result.await.unwrap_err();
    assert_eq!(error.done.len(), 1);
    assert_eq!(*error.failed.as_ref().unwrap().section(), Section::Options);
    assert_eq!(
        error.to_string(),
        "the edit stopped at \"set in options: maxSendKbps\" after 1 changes"
    );
    assert!(daemon.lines("ldap").is_empty());
    assert_eq!(Error::from(error).status().unwrap(), 400);
}

#[tokio::test]
async fn a_folder_is_shared_with_a_device_that_is_there() {
    let daemon = daemon();
    let folder = daemon.client().folder("lab");
    assert!(
        !folder.share_with(other()).await.unwrap().is_changed(),
        "it is shared already"
    );
    let new: syncthing_rest::model::DeviceId = NEW.parse().unwrap();
    let error = refusal(folder.share_with(new).await);
    assert!(error.contains("not configured"), "{error}");
    daemon.answer(
        &format!("GET /rest/config/devices/{NEW}"),
        json!({"deviceID": NEW}),
    );
    let mut encrypted = FolderDevice::new(new);
    encrypted.encryption_password = "hunter2".to_owned().into();
    let edited = folder.share_with(encrypted).await.unwrap();
    assert!(!format!("{edited:?}").contains("hunter2"));
    let (line, body) = only(&daemon);
    assert_eq!(line, "PATCH /rest/config/folders/lab");
    let devices = body["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 3);
    assert_eq!(
        devices[2],
        json!({"deviceID": NEW, "introducedBy": "", "encryptionPassword": "hunter2"})
    );
}

#[tokio::test]
async fn sharing_ends_with_one_device_only() {
    let daemon = daemon();
    daemon
        .client()
        .folder("lab")
        .unshare(other())
        .await
        .unwrap();
    let (line, body) = only(&daemon);
    assert_eq!(line, "PATCH /rest/config/folders/lab");
    assert_eq!(body["devices"].as_array().unwrap().len(), 1);
    assert_eq!(body["devices"][0]["deviceID"], OWN);
}

#[tokio::test]
async fn a_folder_with_a_slash_is_replaced_through_the_list() {
    let daemon = daemon();
    let mut config = config();
    config["folders"][0]["id"] = json!("a/b");
    daemon.answer("GET /rest/config/folders", config["folders"].clone());
    daemon
        .client()
        .folder("a/b")
        .edit(|folder| folder.label = "AB".into())
        .await
        .unwrap();
    let (line, body) = only(&daemon);
    assert_eq!(line, "POST /rest/config/folders");
    assert_eq!(
        (&body["label"], &body["future"]),
        (&json!("AB"), &json!({"kept": [1, 2.5]}))
    );
    assert!(refusal(daemon.client().folder("c/d").edit(|_| {}).await).contains("c/d"));
}

#[tokio::test]
async fn the_id_of_an_item_cannot_be_edited() {
    let daemon = daemon();
    let client = daemon.client();
    refusal(
        client
            .folder("lab")
            .edit(|folder| folder.id = "other".into())
            .await,
    );
    refusal(
        client
            .folder("lab")
            .edit(|folder| folder.path = " ".into())
            .await,
    );
    refusal(
        client
            .device(other())
            .edit(|device| device.device_id = own())
            .await,
    );
    assert_eq!(sent(&daemon), []);
    client
        .device(other())
        .edit(|device| device.max_send_kbps = 7)
        .await
        .unwrap();
    let expected = (
        format!("PATCH /rest/config/devices/{OTHER}"),
        json!({"maxSendKbps": 7}),
    );
    assert_eq!(only(&daemon), expected);
}

#[tokio::test]
async fn a_device_that_knocks_is_added_from_the_template() {
    let daemon = daemon();
    let cluster = daemon.client().cluster();
    let set = |device: &mut Device| device.addresses = vec!["tcp://10.0.0.9".into()];
    let mut template = config()["defaults"]["device"].clone();
    template["compression"] = json!("always");
    daemon.answer("GET /rest/config/defaults/device", template);
    cluster
        .accept_device(NEW.parse().unwrap(), set)
        .await
        .unwrap();
    let (line, body) = only(&daemon);
    assert_eq!(line, "POST /rest/config/devices");
    assert_eq!(
        (
            &body["deviceID"],
            &body["name"],
            &body["compression"],
            &body["addresses"]
        ),
        (
            &json!(NEW),
            &json!("phone"),
            &json!("always"),
            &json!(["tcp://10.0.0.9"])
        )
    );
    assert!(refusal(cluster.accept_device(other(), |_| {}).await).contains("already"));
}

#[tokio::test]
async fn an_offered_folder_is_added_and_shared_with_who_offered_it() {
    let daemon = daemon();
    let cluster = daemon.client().cluster();
    let music = || "music";
    cluster
        .accept_folder(music(), other(), "/music", FolderType::ReceiveOnly)
        .await
        .unwrap();
    let (line, body) = only(&daemon);
    assert_eq!(line, "POST /rest/config/folders");
    assert_eq!(
        (&body["id"], &body["label"], &body["path"], &body["type"]),
        (
            &json!("music"),
            &json!("Music"),
            &json!("/music"),
            &json!("receiveonly")
        )
    );
    let shared: Vec<_> = body["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| &of["deviceID"])
        .collect();
    assert_eq!(shared, [OWN, OTHER]);
}

#[tokio::test]
async fn an_offer_that_cannot_be_taken_so_is_refused() {
    let daemon = daemon();
    let cluster = daemon.client().cluster();
    let take = |folder: &'static str, path: &'static str| {
        cluster.accept_folder(folder, other(), path, FolderType::SendReceive)
    };
    assert!(refusal(take("music", "").await).contains("path"));
    assert!(refusal(take("films", "/films").await).contains("has not offered"));
    let offers = json!({OTHER: {"label": "", "receiveEncrypted": true}});
    let pending = json!({"music": {"offeredBy": offers}, "lab": {"offeredBy": {OTHER: {}}}});
    daemon.answer("GET /rest/cluster/pending/folders", pending);
    assert!(refusal(take("music", "/music").await).contains("receiveencrypted"));
    assert!(refusal(take("lab", "/lab").await).contains("already"));
    assert_eq!(sent(&daemon), []);
}

#[tokio::test]
async fn an_offer_is_ignored_for_good_and_taken_notice_of_again() {
    let daemon = daemon();
    let cluster = daemon.client().cluster();
    cluster.ignore_folder("music", other()).await.unwrap();
    let ignored = json!([{"id": "music", "label": "Music", "time": "2026-11-21T06:16:48Z"}]);
    let line = format!("PATCH /rest/config/devices/{OTHER}");
    assert_eq!(
        only(&daemon),
        (line.clone(), json!({"ignoredFolders": ignored}))
    );
    let device = json!({"deviceID": OTHER, "ignoredFolders": ignored});
    daemon.answer(&format!("GET /rest/config/devices/{OTHER}"), device);
    cluster.unignore_folder("music", other()).await.unwrap();
    assert_eq!(sent(&daemon)[1], (line, json!({"ignoredFolders": []})));
}

#[tokio::test]
async fn a_folder_is_not_replaced_where_the_template_would_come_in() {
    let daemon = daemon();
    let mut folder = config()["folders"][0].clone();
    folder["versioning"] = json!({"type": "simple", "params": {"keep": "5", "cleanoutDays": "3"}});
    daemon.answer("GET /rest/config/folders/lab", folder);
    let handle = daemon.client().folder("lab");
    let without = |folder: &mut Folder| drop(folder.versioning.params.remove("cleanoutDays"));
    let template = |params: Value| {
        let mut template = config()["defaults"]["folder"].clone();
        template["versioning"]["params"] = params;
        daemon.answer("GET /rest/config/defaults/folder", template);
    };
    template(json!({"cleanoutDays": "4"}));
    assert!(refusal(handle.edit(without).await).contains("template"));
    assert_eq!(sent(&daemon), []);
    template(json!({}));
    handle.edit(without).await.unwrap();
    assert_eq!(only(&daemon).0, "PUT /rest/config/folders/lab");
}
