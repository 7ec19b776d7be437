//! Everything that is not about folders or the configuration.

use std::time::Duration;

use syncthing_rest::SyncthingErrorExt;
use syncthing_rest::model::noauth::Login;
use syncthing_rest::model::system::LogLevel;
use syncthing_rest::model::{DeviceId, Time};

use crate::common::{Answer, DEVICE, Daemon};
use crate::pin::{Pins, delete, get, get_plain, post};

pub(crate) async fn all(pins: &mut Pins) {
    daemon(pins).await;
    logging(pins).await;
    lifecycle(pins).await;
    cluster(pins).await;
    services(pins).await;
    debugging(pins).await;
    no_key(pins).await;
    events(pins).await;
}

async fn daemon(pins: &mut Pins) {
    let system = pins.client.system();
    let pong = pins
        .check(
            system.ping(),
            get("/rest/system/ping", r#"{"ping":"pong"}"#),
        )
        .await;
    assert_eq!(pong.ping, "pong");
    pins.check(system.ping_post(), post("/rest/system/ping").json("{}"))
        .await;
    let version = get("/rest/system/version", r#"{"version":"v2.1.3"}"#);
    assert_eq!(
        pins.check(system.version(), version).await.version,
        "v2.1.3"
    );
    pins.check(
        system.status(),
        get("/rest/system/status", r#"{"uptime":7}"#),
    )
    .await;
    pins.check(system.connections(), get("/rest/system/connections", "{}"))
        .await;
    let found = format!(r#"{{"{DEVICE}":{{"addresses":null}}}}"#);
    let found = pins
        .check(system.discovery(), get("/rest/system/discovery", &found))
        .await;
    assert!(
        found[&DEVICE.parse::<DeviceId>().unwrap()]
            .addresses
            .is_empty()
    );
    pins.check(system.paths(), get("/rest/system/paths", "{}"))
        .await;
    for (current, target) in [
        ("", "/rest/system/browse"),
        ("/srv/a b", "/rest/system/browse?current=%2Fsrv%2Fa%20b"),
    ] {
        let list = pins
            .check(system.directories(current), get(target, r#"["/srv/a/"]"#))
            .await;
        assert_eq!(list, ["/srv/a"]);
    }
    let none = pins.check(
        system.directories("x"),
        get("/rest/system/browse?current=x", "null"),
    );
    assert!(none.await.is_empty());
    let config = get("/rest/system/config", r#"{"version":37}"#);
    let mut config = pins.check(system.config(), config).await;
    config.gui.api_key = "k".into();
    let body = serde_json::to_string(&config).unwrap();
    pins.check(
        system.set_config(&config),
        post("/rest/system/config").json_body(body),
    )
    .await;
    let insync = get("/rest/system/config/insync", r#"{"configInSync":true}"#);
    assert!(
        pins.check(system.config_in_sync(), insync)
            .await
            .config_in_sync
    );
}

async fn logging(pins: &mut Pins) {
    let system = pins.client.system();
    let errors = get("/rest/system/error", r#"{"errors":null}"#);
    assert!(pins.check(system.errors(), errors).await.errors.is_empty());
    let report = post("/rest/system/error").body("text/plain; charset=utf-8", "\"oops\" ü");
    pins.check(system.report_error("\"oops\" ü"), report).await;
    pins.check(system.clear_errors(), post("/rest/system/error/clear"))
        .await;
    let since: Time = "2026-11-21T07:16:47.3991645+01:00".parse().unwrap();
    pins.check(system.log(None), get("/rest/system/log", "{}"))
        .await;
    let target = "/rest/system/log?since=2026-11-21T07%3A16%3A47.3991645%2B01%3A00";
    pins.check(system.log(since), get(target, "{}")).await;
    pins.check(
        system.log_text(None),
        get_plain("/rest/system/log.txt", "a\nb\n"),
    )
    .await;
    let target = target.replace("log?", "log.txt?");
    assert_eq!(
        pins.check(system.log_text(since), get_plain(target, "a\n"))
            .await,
        "a\n"
    );
    pins.check(system.debug_facilities(), get("/rest/system/debug", "{}"))
        .await;
    let set = system.set_debug_facilities(&["model", "db"], &["events"]);
    pins.check(
        set,
        post("/rest/system/debug?enable=model%2Cdb&disable=events"),
    )
    .await;
    let set = system.set_debug_facilities(&[], &["events"]);
    pins.check(set, post("/rest/system/debug?disable=events"))
        .await;
    pins.check(system.log_levels(), get("/rest/system/loglevels", "{}"))
        .await;
    let set = system.set_log_levels([("model", LogLevel::Debug), ("api", LogLevel::Error)]);
    let body = r#"{"api":"ERROR","model":"DEBUG"}"#;
    pins.check(set, post("/rest/system/loglevels").json_body(body))
        .await;
}

async fn lifecycle(pins: &mut Pins) {
    let system = pins.client.system();
    let check = get(
        "/rest/system/upgrade",
        r#"{"latest":"v2.1.3","newer":true}"#,
    );
    assert!(pins.check(system.check_upgrade(), check).await.newer);
    let began = pins.check(
        system.upgrade(),
        post("/rest/system/upgrade").answer(200, r#"{"ok":"restarting"}"#),
    );
    assert_eq!(began.await.unwrap().ok, "restarting");
    assert!(
        pins.check(system.upgrade(), post("/rest/system/upgrade"))
            .await
            .is_none()
    );
    let plain = |target: &str, ok: &str| {
        let answer = format!(r#"{{"ok":"{ok}"}}"#);
        post(target)
            .json(&answer)
            .answer_header("content-type", "text/plain")
    };
    let restart = plain("/rest/system/restart", "restarting");
    assert_eq!(pins.check(system.restart(), restart).await.ok, "restarting");
    pins.check(
        system.shutdown(),
        plain("/rest/system/shutdown", "shutting down"),
    )
    .await;
    pins.check(
        system.reset(),
        plain("/rest/system/reset", "resetting database"),
    )
    .await;
    let reset = plain("/rest/system/reset?folder=a%26b", "resetting folder a&b");
    pins.check(pins.client.folder("a&b").reset(), reset).await;
    pins.check(system.pause_all(), post("/rest/system/pause"))
        .await;
    pins.check(system.resume_all(), post("/rest/system/resume"))
        .await;
    let device = pins.client.device(DEVICE.parse().unwrap());
    pins.check(
        device.pause(),
        post(format!("/rest/system/pause?device={DEVICE}")),
    )
    .await;
    pins.check(
        device.resume(),
        post(format!("/rest/system/resume?device={DEVICE}")),
    )
    .await;
}

async fn cluster(pins: &mut Pins) {
    let (cluster, device) = (pins.client.cluster(), DEVICE.parse().unwrap());
    let devices = "/rest/cluster/pending/devices";
    let folders = "/rest/cluster/pending/folders";
    pins.check(cluster.pending_devices(), get(devices, "{}"))
        .await;
    pins.check(
        cluster.dismiss_device(device),
        delete(format!("{devices}?device={DEVICE}")),
    )
    .await;
    pins.check(cluster.pending_folders(), get(folders, "null"))
        .await;
    let of = get(format!("{folders}?device={DEVICE}"), "{}");
    pins.check(cluster.pending_folders_of(device), of).await;
    pins.check(
        cluster.dismiss_folder("a/b", None),
        delete(format!("{folders}?folder=a%2Fb")),
    )
    .await;
    let target = format!("{folders}?folder=a&device={DEVICE}");
    pins.check(cluster.dismiss_folder("a", device), delete(target))
        .await;
    pins.check(
        pins.client.stats().devices(),
        get("/rest/stats/device", "{}"),
    )
    .await;
    pins.check(
        pins.client.stats().folders(),
        get("/rest/stats/folder", "{}"),
    )
    .await;
}

async fn services(pins: &mut Pins) {
    let svc = pins.client.svc();
    let check = get(
        "/rest/svc/deviceid?id=a%20b",
        r#"{"error":"incorrect length"}"#,
    );
    let checked = pins.check(svc.check_device_id("a b"), check).await;
    assert_eq!(checked.error.as_deref(), Some("incorrect length"));
    let lang = get("/rest/svc/lang", r#"["sv","de"]"#).header("accept-language", "sv,de;q=0.3");
    assert_eq!(
        pins.check(svc.languages("sv,de;q=0.3"), lang).await,
        ["sv", "de"]
    );
    pins.check(
        svc.random_string(None),
        get("/rest/svc/random/string", "{}"),
    )
    .await;
    let random = get("/rest/svc/random/string?length=16", r#"{"random":"abc"}"#);
    assert_eq!(
        pins.check(svc.random_string(16), random).await.random,
        "abc"
    );
    pins.check(svc.usage_report(None), get("/rest/svc/report", "{}"))
        .await;
    pins.check(svc.usage_report(2), get("/rest/svc/report?version=2", "{}"))
        .await;
    let png = pins
        .check(svc.qr_code("a b"), get_plain("/qr/?text=a%20b", "PNG"))
        .await;
    assert_eq!(&png[..], b"PNG");
    pins.check(svc.meta(), get_plain("/meta.js", "var metadata = {}"))
        .await;
}

async fn debugging(pins: &mut Pins) {
    let debug = pins.client.debug();
    let file = get("/rest/debug/file?folder=a&file=b%2Fc", "{}");
    pins.check(debug.file("a", "b/c"), file).await;
    pins.check(debug.heap_profile(), get_plain("/rest/debug/heapprof", "x"))
        .await;
    let profile = debug.cpu_profile(Duration::from_secs(5));
    pins.check(profile, get_plain("/rest/debug/cpuprof?duration=5s", "x"))
        .await;
    let profile = debug.cpu_profile(Duration::from_millis(1500));
    pins.check(
        profile,
        get_plain("/rest/debug/cpuprof?duration=1500ms", "x"),
    )
    .await;
    pins.check(
        debug.support_bundle(),
        get_plain("/rest/debug/support", "x"),
    )
    .await;
    pins.check(
        debug.peer_completion(),
        get("/rest/debug/peerCompletion", "{}"),
    )
    .await;
    pins.check(debug.http_metrics(), get("/rest/debug/httpmetrics", "{}"))
        .await;
    pins.check(debug.metrics(), get_plain("/metrics", "# HELP\n"))
        .await;
}

async fn no_key(pins: &mut Pins) {
    let noauth = pins.client.noauth();
    let health = pins.check_all(
        noauth.health(),
        [get("/rest/noauth/health", r#"{"status":"OK"}"#)],
    );
    assert!(health.await.is_ok());
    let mut login = Login::default();
    login.username.push_str("lab");
    login.password = "hunter2".into();
    let request = post("/rest/noauth/auth/password")
        .json_body(r#"{"username":"lab","password":"hunter2","stayLoggedIn":false}"#)
        .answer(204, "")
        .answer_header("set-cookie", "sessionid-S534BXU=abc123; Path=/");
    let session = pins.check(noauth.login(&login), request).await;
    assert_eq!(session.cookie().expose(), "sessionid-S534BXU=abc123");
    assert!(
        !format!("{session:?} {login:?}").contains(['1', '2']),
        "{session:?} {login:?}"
    );
    let logout = post("/rest/noauth/auth/logout").header("cookie", "sessionid-S534BXU=abc123");
    pins.check(noauth.logout(&session), logout.answer(204, ""))
        .await;
}

async fn events(pins: &mut Pins) {
    let poll = pins.client.events().poll_once(7, Duration::from_secs(30));
    pins.check(poll, get("/rest/events?since=7&timeout=30", "[]"))
        .await;
    let poll = pins.client.events().disk().poll_once(0, Duration::ZERO);
    pins.check(poll, get("/rest/events/disk?since=0&timeout=0", "[]"))
        .await;
}

#[tokio::test]
async fn an_old_daemon_without_health_is_pinged() {
    for (status, text) in [
        (404, "404 page not found\n"),
        (403, "CSRF Error\n"),
        (401, "Not Authorized\n"),
    ] {
        let daemon = Daemon::start().await;
        daemon.answer(Answer::new(status, text));
        daemon.answer(Answer::new(200, r#"{"ping":"pong"}"#));
        assert!(daemon.client().noauth().health().await.unwrap().is_ok());
        let targets: Vec<_> = daemon.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, ["/rest/noauth/health", "/rest/system/ping"]);
    }
}

#[tokio::test]
async fn a_daemon_that_takes_no_key_is_not_healthy_for_this_client() {
    let daemon = Daemon::start().await;
    for _ in 0..2 {
        daemon.answer(Answer::new(403, "CSRF Error\n"));
    }
    let error = daemon.client().noauth().health().await.unwrap_err();
    assert!(matches!(
        error.syncthing(),
        Some(syncthing_rest::SyncthingError::Unauthorized(_))
    ));
}
