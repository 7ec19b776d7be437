//! What is refused before anything is sent, or before anything is changed.

use std::future::IntoFuture;

use serde_json::json;
use syncthing_rest::model::config::{Config, Device, Folder};
use syncthing_rest::model::{DeviceId, FolderId};
use syncthing_rest::{Error, ErrorKind, SyncthingError, SyncthingErrorExt};

use crate::common::{Answer, DEVICE, Daemon, OTHER_DEVICE};

/// Fails for its arguments, and nothing arrives at the daemon.
async fn refused<T>(daemon: &Daemon, call: impl IntoFuture<Output = Result<T, Error>>) -> String {
    let Err(error) = Box::pin(call.into_future()).await else {
        panic!("not refused, but sent {:?}", daemon.seen());
    };
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(daemon.seen().is_empty(), "{error}");
    error.to_string()
}

fn config_with(folder: Folder) -> Config {
    let mut config = Config::default();
    config.gui.api_key = "k".into();
    config.folders.push(folder);
    config
}

#[tokio::test]
async fn a_folder_without_id_or_path_is_not_sent() {
    let daemon = Daemon::start().await;
    let client = daemon.client();
    let (config, system) = (client.config(), client.system());
    for folder in [
        Folder::new("a", ""),
        Folder::new("a", "  "),
        Folder::new("", "/srv"),
    ] {
        refused(&daemon, config.add_folder(&folder)).await;
        refused(
            &daemon,
            config.set_folders(&[Folder::new("b", "/b"), folder.clone()]),
        )
        .await;
        refused(&daemon, client.folder("a").replace(&folder)).await;
        let whole = config_with(folder);
        refused(&daemon, config.replace(&whole)).await;
        refused(&daemon, system.set_config(&whole)).await;
    }
    refused(&daemon, client.folder("a").patch(&json!({"path": ""}))).await;
}

#[tokio::test]
async fn a_device_without_id_is_not_sent() {
    let daemon = Daemon::start().await;
    let client = daemon.client();
    let device = Device::default();
    refused(&daemon, client.config().add_device(&device)).await;
    refused(
        &daemon,
        client.config().set_devices(std::slice::from_ref(&device)),
    )
    .await;
    let nobody = client.device(DeviceId::EMPTY);
    refused(&daemon, nobody.replace(&device)).await;
    refused(&daemon, nobody.pause()).await;
    refused(&daemon, nobody.resume()).await;
    refused(&daemon, nobody.config()).await;
    refused(&daemon, nobody.remove()).await;
    refused(&daemon, nobody.completion()).await;
    refused(&daemon, client.cluster().dismiss_device(DeviceId::EMPTY)).await;
    refused(&daemon, client.folder("a").completion_of(DeviceId::EMPTY)).await;
    refused(
        &daemon,
        client.folder("a").remote_need(DeviceId::EMPTY).page(None),
    )
    .await;
}

#[tokio::test]
async fn an_object_with_another_id_than_its_path_is_not_sent() {
    let daemon = Daemon::start().await;
    let client = daemon.client();
    let folder = client.folder("a");
    refused(&daemon, folder.replace(&Folder::new("b", "/srv/b"))).await;
    refused(&daemon, folder.patch(&json!({"id": "b"}))).await;
    refused(&daemon, folder.patch(&json!({"ID": "b"}))).await;
    let device = client.device(DEVICE.parse().unwrap());
    let other: DeviceId = OTHER_DEVICE.parse().unwrap();
    refused(&daemon, device.replace(&Device::new(other, "x"))).await;
    refused(&daemon, device.patch(&json!({"deviceID": OTHER_DEVICE}))).await;
    refused(&daemon, device.patch(&json!([1]))).await;
}

#[tokio::test]
async fn a_folder_id_with_a_slash_has_no_configuration_path() {
    let daemon = Daemon::start().await;
    let folder = daemon.client().folder("a/b");
    for message in [
        refused(&daemon, folder.config()).await,
        refused(&daemon, folder.remove()).await,
        refused(&daemon, folder.pause()).await,
        refused(&daemon, folder.replace(&Folder::new("a/b", "/srv"))).await,
    ] {
        assert!(message.contains("edit()"), "says what to do: {message}");
    }
}

#[tokio::test]
async fn an_empty_folder_id_does_not_mean_all_folders() {
    let daemon = Daemon::start().await;
    let folder = daemon.client().folder(FolderId::default());
    refused(&daemon, folder.scan()).await;
    refused(&daemon, folder.reset()).await;
    refused(&daemon, folder.completion()).await;
    refused(&daemon, folder.need().page(None)).await;
    refused(&daemon, folder.config()).await;
}

#[tokio::test]
async fn an_empty_api_key_is_not_sent() {
    let daemon = Daemon::start().await;
    let config = daemon.client().config();
    refused(&daemon, config.patch_gui(&json!({"apiKey": ""}))).await;
    refused(&daemon, config.patch_gui(&json!({"APIKEY": ""}))).await;
    refused(&daemon, config.replace(&Config::default())).await;
    refused(&daemon, config.replace_gui(&Config::default().gui)).await;
}

#[tokio::test]
async fn a_replacement_that_would_reset_something_names_it_and_is_not_sent() {
    let daemon = Daemon::start().await;
    let config = daemon.client().config();
    daemon.answer(Answer::new(
        200,
        r#"{"maxSendKbps":1,"databaseTuning":"auto","fromTheFuture":1}"#,
    ));
    let options = Config::default().options;
    let error = config.replace_options(&options).await.unwrap_err();
    let keys = vec![
        String::from("databaseTuning"),
        String::from("fromTheFuture"),
    ];
    assert_eq!(
        error.syncthing(),
        Some(&SyncthingError::WouldReset { keys })
    );
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("databaseTuning, fromTheFuture"),
        "{error}"
    );
    assert_eq!(daemon.only().method, "GET");
}

#[tokio::test]
async fn a_mistake_names_the_call_it_was_made_in() {
    let daemon = Daemon::start().await;
    let error = daemon
        .client()
        .config()
        .add_folder(&Folder::new("a", ""))
        .await
        .unwrap_err();
    assert_eq!(error.operation().unwrap().name(), "config.folders.post");
}
