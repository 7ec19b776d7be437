//! The configuration.

use serde_json::json;
use syncthing_rest::model::DeviceId;
use syncthing_rest::model::config::{Config, DefaultIgnores, Device, Folder, Gui, Ldap, Options};

use crate::common::DEVICE;
use crate::pin::{Pins, delete, get, patch, post, put};

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

pub(crate) async fn all(pins: &mut Pins) {
    whole(pins).await;
    folders(pins).await;
    devices(pins).await;
    defaults(pins).await;
    sections(pins).await;
}

async fn whole(pins: &mut Pins) {
    let config = pins.client.config();
    let current = get("/rest/config", r#"{"version":37,"newKey":[1.0]}"#);
    let mut current: Config = pins.check(config.get(), current).await;
    current.gui.api_key = "k".into();
    current.folders.push(Folder::new("a", "/srv/a"));
    let body = text(&current);
    assert!(
        body.ends_with(r#","newKey":[1.0]}"#),
        "what has no name here goes back: {body}"
    );
    pins.check(
        config.replace(&current),
        put("/rest/config").json_body(body),
    )
    .await;
    let required = get(
        "/rest/config/restart-required",
        r#"{"requiresRestart":true}"#,
    );
    assert!(
        pins.check(config.restart_required(), required)
            .await
            .requires_restart
    );
    let insync = get("/rest/config/insync", r#"{"configInSync":true}"#);
    assert!(pins.check(config.in_sync(), insync).await.config_in_sync);
}

async fn folders(pins: &mut Pins) {
    let config = pins.client.config();
    let list = get("/rest/config/folders", r#"[{"id":"a"}]"#);
    assert_eq!(pins.check(config.folders(), list).await[0].id, "a");
    let folder = Folder::new("ü /+&%", "/srv/a");
    let list = [folder.clone()];
    let body = format!("[{}]", text(&folder));
    pins.check(
        config.set_folders(&list),
        put("/rest/config/folders").json_body(body),
    )
    .await;
    let body = text(&folder);
    pins.check(
        config.add_folder(&folder),
        post("/rest/config/folders").json_body(body),
    )
    .await;

    let folder = Folder::new("ü +&%", "/srv/a");
    let handle = pins.client.folder(&folder.id);
    let path = "/rest/config/folders/%C3%BC%20%2B%26%25";
    assert_eq!(
        pins.check(handle.config(), get(path, r#"{"id":"x"}"#))
            .await
            .id,
        "x"
    );
    pins.check(handle.replace(&folder), put(path).json_body(text(&folder)))
        .await;
    let changes = json!({"label": "L", "minDiskFree": {"value": 5}});
    let body = r#"{"label":"L","minDiskFree":{"value":5}}"#;
    pins.check(handle.patch(&changes), patch(path).json_body(body))
        .await;
    pins.check(handle.pause(), patch(path).json_body(r#"{"paused":true}"#))
        .await;
    pins.check(
        handle.resume(),
        patch(path).json_body(r#"{"paused":false}"#),
    )
    .await;
    pins.check(handle.remove(), delete(path)).await;
}

async fn devices(pins: &mut Pins) {
    let config = pins.client.config();
    let id: DeviceId = DEVICE.parse().unwrap();
    let device = Device::new(id, "laptop");
    pins.check(config.devices(), get("/rest/config/devices", "null"))
        .await;
    let list = [device.clone()];
    let body = format!("[{}]", text(&device));
    pins.check(
        config.set_devices(&list),
        put("/rest/config/devices").json_body(body),
    )
    .await;
    let body = text(&device);
    pins.check(
        config.add_device(&device),
        post("/rest/config/devices").json_body(body),
    )
    .await;

    let handle = pins.client.device(id);
    let path = format!("/rest/config/devices/{DEVICE}");
    pins.check(handle.config(), get(&path, "{}")).await;
    pins.check(handle.replace(&device), put(&path).json_body(text(&device)))
        .await;
    let changes = json!({"name": "n", "deviceID": DEVICE});
    let body = format!(r#"{{"deviceID":"{DEVICE}","name":"n"}}"#);
    pins.check(handle.patch(&changes), patch(&path).json_body(body))
        .await;
    pins.check(handle.remove(), delete(&path)).await;
}

async fn defaults(pins: &mut Pins) {
    let config = pins.client.config();
    let path = "/rest/config/defaults/folder";
    pins.check(config.default_folder(), get(path, "{}")).await;
    let folder = Folder::new("", "/srv");
    let requests = [
        get_bytes(path, r#"{"id":"","path":"~"}"#),
        put(path).json_body(text(&folder)),
    ];
    pins.check_all(config.replace_default_folder(&folder), requests)
        .await;
    let changes = json!({"path": "/srv"});
    let request = patch(path).json_body(r#"{"path":"/srv"}"#);
    pins.check(config.patch_default_folder(&changes), request)
        .await;

    let path = "/rest/config/defaults/device";
    pins.check(config.default_device(), get(path, "{}")).await;
    let device = Device::default();
    let requests = [get_bytes(path, "{}"), put(path).json_body(text(&device))];
    pins.check_all(config.replace_default_device(&device), requests)
        .await;
    let request = patch(path).json_body(r#"{"introducer":true}"#);
    pins.check(
        config.patch_default_device(&json!({"introducer": true})),
        request,
    )
    .await;

    let path = "/rest/config/defaults/ignores";
    pins.check(config.default_ignores(), get(path, "{}")).await;
    let mut ignores = DefaultIgnores::default();
    ignores.lines.push(String::from("*.o"));
    let request = put(path).json_body(r#"{"lines":["*.o"]}"#);
    pins.check(config.set_default_ignores(&ignores), request)
        .await;
}

async fn sections(pins: &mut Pins) {
    let config = pins.client.config();
    let path = "/rest/config/options";
    let options: Options = pins
        .check(
            config.options(),
            get(path, r#"{"maxSendKbps":7,"new":1.0}"#),
        )
        .await;
    let requests = [
        get_bytes(path, r#"{"maxSendKbps":7,"new":1.0}"#),
        put(path).json_body(text(&options)),
    ];
    pins.check_all(config.replace_options(&options), requests)
        .await;
    let request = patch(path).json_body(r#"{"maxSendKbps":8}"#);
    pins.check(config.patch_options(&json!({"maxSendKbps": 8})), request)
        .await;

    let path = "/rest/config/gui";
    let gui: Gui = pins
        .check(config.gui(), get(path, r#"{"apiKey":"s3cret"}"#))
        .await;
    assert!(!format!("{gui:?}").contains("s3cret"));
    let requests = [
        get_bytes(path, r#"{"apiKey":"s3cret"}"#),
        put(path).json_body(text(&gui)),
    ];
    pins.check_all(config.replace_gui(&gui), requests).await;
    let request = patch(path).json_body(r#"{"theme":"dark"}"#);
    pins.check(config.patch_gui(&json!({"theme": "dark"})), request)
        .await;

    let path = "/rest/config/ldap";
    let ldap: Ldap = pins.check(config.ldap(), get(path, "{}")).await;
    let requests = [get_bytes(path, "{}"), put(path).json_body(text(&ldap))];
    pins.check_all(config.replace_ldap(&ldap), requests).await;
    let request = patch(path).json_body(r#"{"transport":"tls"}"#);
    pins.check(config.patch_ldap(&json!({"transport": "tls"})), request)
        .await;
}

/// The reading before a replacement.
fn get_bytes(path: &str, answer: &str) -> crate::pin::Expected {
    crate::pin::get_plain(path, answer)
}
