//! The 27 methods of the seed.

use syncthing_rest::model::{Config, DeviceId};

use crate::common::DEVICE;
use crate::pin::{Pins, get, post, put};

#[tokio::test]
async fn every_method_of_the_seed_sends_exactly_its_request() {
    let mut pins = Pins::start().await;
    let client = pins.client.clone();
    daemon(&mut pins, &client).await;
    folders(&mut pins, &client).await;
}

async fn daemon(pins: &mut Pins, client: &syncthing_rest::Client) {
    pins.check(client.get_version(), get("/rest/system/version", "{}"))
        .await;
    pins.check(
        client.get_connections(),
        get("/rest/system/connections", "{}"),
    )
    .await;
    pins.check(client.get_config(), get("/rest/config", "{}"))
        .await;
    let required = get(
        "/rest/config/restart-required",
        r#"{"requiresRestart":false}"#,
    );
    assert!(pins.check(client.get_insync(), required).await);
    pins.check(client.get_errors(), get("/rest/system/error", "{}"))
        .await;
    pins.check(client.get_discovery(), get("/rest/system/discovery", "{}"))
        .await;
    let error = post("/rest/system/error").body("text/plain; charset=utf-8", "foo");
    pins.check(client.new_error("foo"), error).await;
    pins.check(client.clear_errors(), post("/rest/system/error/clear"))
        .await;
    let mut config = Config::default();
    config.gui.api_key = "k".into();
    let body = serde_json::to_string(&config).unwrap();
    pins.check(
        client.new_config(&config),
        put("/rest/config").json_body(body),
    )
    .await;
    pins.check(client.restart(), post("/rest/system/restart").json("{}"))
        .await;
    pins.check(client.reset(), post("/rest/system/reset").json("{}"))
        .await;
    pins.check(client.shutdown(), post("/rest/system/shutdown").json("{}"))
        .await;
    pins.check(client.get_upgrade(), get("/rest/system/upgrade", "{}"))
        .await;
    pins.check(client.upgrade(), post("/rest/system/upgrade"))
        .await;
    pins.check(client.get_status(), get("/rest/system/status", "{}"))
        .await;
    pins.check(client.get_ping(), get("/rest/system/ping", "{}"))
        .await;
    pins.check(
        client.get_device_statistics(),
        get("/rest/stats/device", "{}"),
    )
    .await;
    pins.check(
        client.get_folder_statistics(),
        get("/rest/stats/folder", "{}"),
    )
    .await;
}

async fn folders(pins: &mut Pins, client: &syncthing_rest::Client) {
    let device: DeviceId = DEVICE.parse().unwrap();
    let browse = "/rest/db/browse?folder=f";
    pins.check(client.browse_database("f", None, None), get(browse, "[]"))
        .await;
    let target = format!("{browse}&prefix=a%2Fb&levels=2");
    pins.check(
        client.browse_databse("f", Some(2), Some("a/b")),
        get(target, "[]"),
    )
    .await;
    let target = format!("/rest/db/completion?folder=f&device={DEVICE}");
    pins.check(client.get_completion(device, "f"), get(target, "{}"))
        .await;
    pins.check(
        client.get_file("f", "a"),
        get("/rest/db/file?folder=f&file=a", "{}"),
    )
    .await;
    let target = "/rest/db/ignores?folder=f";
    pins.check(client.get_ignores("f"), get(target, "{}")).await;
    let set = post(target).json_body(r#"{"ignore":["foo"]}"#).json("{}");
    pins.check(client.new_ignores("f", ["foo"]), set).await;
    for need in [client.get_need("f"), client.need("f")] {
        pins.check(need, get("/rest/db/need?folder=f", "{}")).await;
    }
    let prio = post("/rest/db/prio?folder=f&file=a").json("{}");
    pins.check(client.assign_priority("f", "a"), prio).await;
    pins.check(client.scan("f", None), post("/rest/db/scan?folder=f"))
        .await;
    pins.check(
        client.scan("f", Some("a b")),
        post("/rest/db/scan?folder=f&sub=a%20b"),
    )
    .await;
    pins.check(
        client.get_folder_status("f"),
        get("/rest/db/status?folder=f", "{}"),
    )
    .await;
}
