//! The waits against a daemon that takes its time.

#![allow(clippy::unwrap_used, clippy::panic)]

mod double;

use std::future::IntoFuture;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use double::{Daemon, LATER, OTHER, OWN, START, other, own};
use serde_json::{Value, json};
use syncthing_rest::model::db::FolderState;
use syncthing_rest::wait::{Missing, Obstacle, State, WaitError, WaitReason};
use syncthing_rest::{ErrorKind, SyncthingError, SyncthingErrorExt};

const STATUS: &str = "/rest/db/status";
const COMPLETION: &str = "/rest/db/completion";
const FOLDER: &str = "/rest/config/folders/lab";

fn folder(id: &str, devices: &[&str]) -> Value {
    let devices: Vec<Value> = devices.iter().map(|id| json!({"deviceID": id})).collect();
    json!({"id": id, "path": "/data", "type": "sendreceive", "paused": false, "devices": devices})
}

fn idle(sequence: u64) -> Value {
    json!({"state": "idle", "globalBytes": 100, "sequence": sequence})
}

fn complete(sequence: u64) -> Value {
    json!({"completion": 100, "globalBytes": 100, "remoteState": "valid", "sequence": sequence})
}

fn connection(connected: bool) -> Value {
    json!({"connections": {OTHER: {"connected": connected, "paused": false}}})
}

/// A daemon with a folder that is in sync with another device.
fn in_sync() -> Daemon {
    let daemon = Daemon::new();
    daemon.answer(FOLDER, folder("lab", &[OWN, OTHER]));
    daemon.answer(STATUS, idle(7));
    daemon.answer(COMPLETION, complete(9));
    daemon.answer("/rest/system/connections", connection(true));
    daemon
}

fn stuck(result: Result<syncthing_rest::wait::Snapshot, WaitError>) -> Obstacle {
    match result.unwrap_err().reason {
        WaitReason::Stuck { obstacle, .. } => obstacle,
        other => panic!("{other:?}"),
    }
}

/// Changes the daemon after the first look, and counts the looks.
fn after_first_look(
    daemon: &Daemon,
    change: impl Fn(&Daemon) + Send,
) -> (
    Arc<AtomicUsize>,
    impl FnMut(&syncthing_rest::wait::Snapshot) + Send,
) {
    let looks = Arc::new(AtomicUsize::new(0));
    let (daemon, count) = (daemon.clone(), Arc::clone(&looks));
    let report = move |_: &syncthing_rest::wait::Snapshot| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            change(&daemon);
        }
    };
    (looks, report)
}

#[tokio::test(start_paused = true)]
async fn in_sync_must_hold_for_a_second_look() {
    let daemon = in_sync();
    let folder = daemon.client().folder("lab");
    let (looks, report) = after_first_look(&daemon, |_| {});
    let snapshot = folder
        .wait_until_in_sync()
        .on_progress(report)
        .await
        .unwrap();
    assert_eq!(looks.load(Ordering::SeqCst), 2);
    assert_eq!((snapshot.bytes_done(), snapshot.bytes_total()), (200, 200));
    assert_eq!(snapshot.folders["lab"].devices.len(), 1);
    assert!(
        daemon.lines("/rest/events").is_empty(),
        "nobody had to be woken"
    );
}

#[tokio::test(start_paused = true)]
async fn an_index_that_grows_between_two_looks_is_looked_at_once_more() {
    for (path, answer) in [(STATUS, idle(8)), (COMPLETION, complete(10))] {
        let daemon = in_sync();
        let folder = daemon.client().folder("lab");
        let (looks, report) =
            after_first_look(&daemon, move |daemon| daemon.answer(path, answer.clone()));
        folder
            .wait_until_in_sync()
            .on_progress(report)
            .await
            .unwrap();
        assert_eq!(looks.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_wakes_the_wait() {
    let daemon = in_sync();
    daemon.answer(STATUS, json!({"state": "syncing", "needTotalItems": 1}));
    let folder = daemon.client().folder("lab");
    let wait = folder.wait_until_in_sync().into_future();
    let syncing = async {
        daemon.asked("timeout=30", 1).await;
        daemon.answer(STATUS, idle(8));
        daemon.push("StateChanged", json!({"folder": "other", "to": "idle"}));
        daemon.push(
            "StateChanged",
            json!({"folder": "lab", "from": "syncing", "to": "idle"}),
        );
    };
    let (result, ()) = tokio::join!(wait, syncing);
    assert_eq!(result.unwrap().folders["lab"].status.sequence, 8);
}

#[tokio::test(start_paused = true)]
async fn without_events_it_is_looked_again_all_the_same() {
    let daemon = in_sync();
    daemon.answer(COMPLETION, json!({"needItems": 1, "remoteState": "valid"}));
    let folder = daemon.client().folder("lab");
    let (looks, report) =
        after_first_look(&daemon, |daemon| daemon.answer(COMPLETION, complete(9)));
    folder
        .wait_until_in_sync()
        .on_progress(report)
        .await
        .unwrap();
    assert!(looks.load(Ordering::SeqCst) >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_per_cent_of_a_device_that_is_paused_is_an_obstacle() {
    let daemon = in_sync();
    daemon.answer(
        COMPLETION,
        json!({"completion": 100, "remoteState": "paused"}),
    );
    let result = daemon.client().folder("lab").wait_until_in_sync().await;
    assert_eq!(stuck(result), Obstacle::PausedThere("lab".into(), other()));
}

#[tokio::test(start_paused = true)]
async fn an_obstacle_must_hold_too() {
    let daemon = in_sync();
    daemon.answer(
        COMPLETION,
        json!({"completion": 100, "remoteState": "notSharing"}),
    );
    let folder = daemon.client().folder("lab");
    let (_, report) = after_first_look(&daemon, |daemon| daemon.answer(COMPLETION, complete(9)));
    folder
        .wait_until_in_sync()
        .on_progress(report)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_pulled_is_named() {
    let daemon = in_sync();
    daemon.answer(
        STATUS,
        json!({"state": "idle", "errors": 2, "needTotalItems": 2}),
    );
    let errors = json!([{"path": "a/b", "error": "no space left"}, {"path": "c", "error": "x"}]);
    daemon.answer(
        "/rest/folder/errors",
        json!({"folder": "lab", "errors": errors}),
    );
    let error = daemon
        .client()
        .folder("lab")
        .wait_until_in_sync()
        .await
        .unwrap_err();
    let WaitReason::Stuck {
        obstacle: Obstacle::PullErrors(_, 2),
        files,
    } = &error.reason
    else {
        panic!("{error:?}")
    };
    assert_eq!(files.len(), 2);
    assert!(error.to_string().contains("a/b: no space left"), "{error}");
    assert_eq!(error.last.unwrap().folders["lab"].status.errors, 2);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_has_stopped_or_is_paused_is_an_obstacle() {
    let daemon = in_sync();
    daemon.answer(
        STATUS,
        json!({"state": "error", "error": "folder marker missing"}),
    );
    let client = daemon.client();
    let obstacle = stuck(client.folder("lab").wait_until_in_sync().await);
    assert_eq!(
        obstacle,
        Obstacle::FolderFailed("lab".into(), "folder marker missing".into())
    );

    let mut paused = folder("lab", &[OWN, OTHER]);
    paused["paused"] = json!(true);
    daemon.answer(FOLDER, paused);
    daemon.answer(STATUS, json!({"state": ""}));
    let obstacle = stuck(client.folder("lab").wait_until_in_sync().await);
    assert_eq!(obstacle, Obstacle::FolderPaused("lab".into()));
    daemon.answer_with(COMPLETION, 404, json!("folder is paused\n"));
    assert!(
        daemon.lines(COMPLETION).len() <= 2,
        "a folder that does not run is not counted"
    );
}

#[tokio::test(start_paused = true)]
async fn a_device_that_the_folder_is_not_shared_with_is_an_obstacle() {
    let daemon = in_sync();
    daemon.answer(FOLDER, folder("lab", &[OWN]));
    let client = daemon.client();
    client.folder("lab").wait_until_in_sync().await.unwrap();
    let result = client
        .folder("lab")
        .wait_until_in_sync()
        .with_devices([other()])
        .await;
    assert_eq!(stuck(result), Obstacle::NotShared("lab".into(), other()));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_says_what_was_missing() {
    let daemon = in_sync();
    daemon.answer("/rest/system/connections", connection(false));
    let folder = daemon.client().folder("lab");
    let error = folder
        .wait_until_in_sync()
        .deadline(Duration::from_secs(20))
        .await
        .unwrap_err();
    assert!(error.is_deadline());
    let missing = Missing::Disconnected(other());
    assert!(
        matches!(&error.reason, WaitReason::Deadline(Some(State::Waiting(what))) if *what == missing)
    );
    assert!(
        error.to_string().contains("3CA5NYZ is not connected"),
        "{error}"
    );
    assert_eq!(
        error.last.unwrap().folders["lab"].status.state,
        FolderState::Idle
    );
}

#[tokio::test(start_paused = true)]
async fn only_this_device_can_be_waited_for() {
    let daemon = in_sync();
    daemon.answer("/rest/system/connections", connection(false));
    let folder = daemon.client().folder("lab");
    folder.wait_until_in_sync().only_here().await.unwrap();
    assert!(daemon.lines("connections").is_empty() && daemon.lines(COMPLETION).is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_keeps_waiting_waits_obstacles_out() {
    let daemon = in_sync();
    daemon.answer(
        COMPLETION,
        json!({"completion": 100, "remoteState": "notSharing"}),
    );
    let folder = daemon.client().folder("lab");
    let looks = AtomicUsize::new(0);
    let wait = folder.wait_until_in_sync().keep_waiting().on_progress(|_| {
        if looks.fetch_add(1, Ordering::SeqCst) == 5 {
            daemon.answer(COMPLETION, complete(9));
        }
    });
    wait.await.unwrap();
    daemon.answer(
        COMPLETION,
        json!({"completion": 100, "remoteState": "notSharing"}),
    );
    let wait = folder
        .wait_until_in_sync()
        .keep_waiting()
        .deadline(Duration::from_secs(60));
    let error = wait.await.unwrap_err();
    assert!(
        matches!(error.reason, WaitReason::Deadline(Some(State::Stuck(_)))),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_goes_away_meanwhile_is_waited_for() {
    let daemon = in_sync();
    daemon.answer(STATUS, json!({"state": "scanning"}));
    let folder = daemon.client().folder("lab");
    let wait = folder.wait_until_in_sync().into_future();
    let restarting = async {
        daemon.asked("timeout=30", 1).await;
        daemon.stop();
        tokio::time::sleep(Duration::from_secs(60)).await;
        daemon.answer(STATUS, idle(7));
        daemon.start(LATER);
    };
    let (result, ()) = tokio::join!(wait, restarting);
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_succeed_ends_the_wait() {
    let daemon = in_sync();
    daemon.answer_with(FOLDER, 404, json!("No folder with given ID\n"));
    let error = daemon
        .client()
        .folder("lab")
        .wait_until_in_sync()
        .await
        .unwrap_err();
    assert!(matches!(error.reason, WaitReason::Failed(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_scan_comes_first_if_asked_for() {
    let daemon = in_sync();
    daemon
        .client()
        .folder("lab")
        .wait_until_in_sync()
        .scan_first()
        .await
        .unwrap();
    assert_eq!(daemon.seen()[0].line(), "POST /rest/db/scan?folder=lab");
}

#[tokio::test(start_paused = true)]
async fn a_folder_with_a_slash_is_found_in_the_list() {
    let daemon = in_sync();
    daemon.answer(
        "/rest/config/folders",
        json!([folder("a/b", &[OWN]), folder("lab", &[OWN])]),
    );
    let snapshot = daemon
        .client()
        .folder("a/b")
        .wait_until_in_sync()
        .await
        .unwrap();
    assert_eq!(
        snapshot
            .folders
            .keys()
            .map(|id| id.as_str())
            .collect::<Vec<_>>(),
        ["a/b"]
    );
    assert!(
        !daemon.lines("/rest/db/status?folder=a%2Fb").is_empty(),
        "{:?}",
        daemon.lines("status")
    );
    let error = daemon
        .client()
        .folder("c/d")
        .wait_until_in_sync()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("failed"));
}

#[tokio::test(start_paused = true)]
async fn a_device_is_waited_for_in_all_that_is_shared_with_it() {
    let daemon = in_sync();
    let mut paused = folder("paused", &[OWN, OTHER]);
    paused["paused"] = json!(true);
    let folders = json!([folder("lab", &[OWN, OTHER]), folder("mine", &[OWN]), paused]);
    daemon.answer("/rest/config/folders", folders);
    let snapshot = daemon
        .client()
        .device(other())
        .wait_until_in_sync()
        .await
        .unwrap();
    assert_eq!(snapshot.folders.len(), 1);
    assert!(snapshot.folders["lab"].devices.contains_key(&other()));
}

#[tokio::test(start_paused = true)]
async fn override_and_revert_are_for_the_folders_that_have_them() {
    let daemon = in_sync();
    daemon.answer("/rest/config/folders", json!([folder("lab", &[OWN])]));
    let handle = daemon.client().folder("lab");
    for wait in [handle.override_and_wait(), handle.revert_and_wait()] {
        let WaitReason::Failed(error) = wait.await.unwrap_err().reason else {
            panic!()
        };
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert!(daemon.lines("POST").is_empty());
    let mut receive_only = folder("lab", &[OWN]);
    receive_only["type"] = json!("receiveonly");
    daemon.answer("/rest/config/folders", json!([receive_only]));
    let changed = json!({"state": "idle", "receiveOnlyTotalItems": 3, "sequence": 1});
    daemon.answer(STATUS, changed);
    let (looks, report) = after_first_look(&daemon, |daemon| daemon.answer(STATUS, idle(7)));
    handle.revert_and_wait().on_progress(report).await.unwrap();
    assert_eq!(daemon.lines("POST"), ["POST /rest/db/revert?folder=lab"]);
    assert!(looks.load(Ordering::SeqCst) >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_over_when_another_process_answers() {
    let daemon = Daemon::new();
    daemon.answer("POST /rest/system/restart", json!({"ok": "restarting"}));
    let restarting = async {
        daemon.asked("restart", 1).await;
        daemon.asked("GET /rest/system/status", 3).await;
        daemon.stop();
        tokio::time::sleep(Duration::from_secs(12)).await;
        daemon.start(LATER);
    };
    let client = daemon.client();
    let (status, ()) = tokio::join!(client.restart_and_wait().into_future(), restarting);
    assert_eq!(status.unwrap().start_time.unwrap().to_string(), LATER);
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_brings_its_database_up_to_date_is_not_up() {
    let daemon = Daemon::new();
    let client = daemon.client();
    daemon.set_migrating(true);
    let done = async {
        daemon.asked("/rest/system/status", 5).await;
        daemon.set_migrating(false);
    };
    let (status, ()) = tokio::join!(client.wait_until_up().into_future(), done);
    assert_eq!(status.unwrap().my_id, own());

    // It says 200 to everything, and does none of it.
    daemon.set_migrating(true);
    for call in [
        client.folder("lab").pause(),
        client.folder("lab").override_changes(),
    ] {
        let before = daemon.seen().len();
        let error = call.await.unwrap_err();
        let detail = error.syncthing();
        assert_eq!(detail, Some(&SyncthingError::Migrating), "{error}");
        assert!(error.is_retryable(), "{error}");
        let said = error.last().to_string();
        assert!(said.contains("database"), "{said}");
        // Whatever the method, as nothing was done.
        assert_eq!(daemon.seen().len() - before, error.attempts() as usize);
        assert!(error.attempts() > 1);
    }

    // Nor is that page a tree of files.
    let visit = client
        .folder("lab")
        .browse()
        .visit(|_| ControlFlow::<()>::Continue(()));
    let error = visit.await.unwrap_err();
    assert_eq!(
        error.syncthing(),
        Some(&SyncthingError::Migrating),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_does_not_come_back_is_not_waited_for_for_ever() {
    let daemon = Daemon::new();
    daemon.answer("POST /rest/system/restart", json!({"ok": "restarting"}));
    let error = daemon.client().restart_and_wait().await.unwrap_err();
    assert!(
        error.is_deadline(),
        "the old process answers still: {error:?}"
    );
    daemon.stop();
    let wait = daemon
        .client()
        .wait_until_up()
        .deadline(Duration::from_secs(5));
    assert!(wait.await.unwrap_err().is_deadline());
    daemon.start(START);
    assert_eq!(
        daemon
            .client()
            .wait_until_up()
            .await
            .unwrap()
            .my_id
            .to_string(),
        OWN
    );
    daemon.set_key("another-key-of-the-daemon");
    let error = daemon.client().wait_until_up().await.unwrap_err();
    assert!(matches!(error.reason, WaitReason::Failed(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn progress_begins_with_how_it_is_and_follows_the_events() {
    let daemon = in_sync();
    daemon.answer(
        STATUS,
        json!({"state": "syncing", "globalBytes": 100, "needBytes": 60}),
    );
    let mut progress = daemon.client().folder("lab").progress();
    let first = progress.next().await.unwrap().unwrap();
    assert_eq!((first.bytes_done, first.bytes_total), (40, 100));
    daemon.push(
        "DownloadProgress",
        json!({"lab": {"file": {"bytesDone": 25, "bytesTotal": 60}}}),
    );
    daemon.push("StateChanged", json!({"folder": "other", "to": "idle"}));
    daemon.push(
        "FolderSummary",
        json!({"folder": "lab", "summary": idle(7)}),
    );
    let second = progress.next().await.unwrap().unwrap();
    assert_eq!((second.bytes_done, second.active), (65, 1));
    let third = progress.next().await.unwrap().unwrap();
    assert!(third.in_sync && third.bytes_done == 100, "{third:?}");
}

#[tokio::test(start_paused = true)]
async fn progress_asks_again_after_a_restart() {
    let daemon = in_sync();
    let mut progress = daemon.client().folder("lab").progress();
    assert!(progress.next().await.unwrap().unwrap().in_sync);
    let restarting = async {
        daemon.asked("timeout=30", 1).await;
        daemon.answer(STATUS, json!({"state": "scanning"}));
        daemon.restart(LATER);
    };
    let (next, ()) = tokio::join!(progress.next(), restarting);
    assert_eq!(next.unwrap().unwrap().state, FolderState::Scanning);
    daemon.set_key("another-key-of-the-daemon");
    assert!(progress.next().await.unwrap().is_err());
    assert!(progress.next().await.is_none());
}
