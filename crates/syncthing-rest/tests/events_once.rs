//! Events that are asked for once, without a stream.

#![allow(clippy::unwrap_used, clippy::panic)]

mod double;

use std::time::Duration;

use double::Daemon;
use serde_json::json;
use syncthing_rest::Client;
use syncthing_rest::model::EventKind;

#[tokio::test(start_paused = true)]
async fn a_backlog_of_megabytes_is_read_whole() {
    let daemon = Daemon::new();
    let names: Vec<String> = (0..1000)
        .map(|at| format!("directory-{at}/file-{at}.txt"))
        .collect();
    for sequence in 0..120 {
        let data =
            json!({"folder": "lab", "items": 1000, "filenames": names, "sequence": sequence});
        daemon.push("LocalIndexUpdated", data);
    }
    let backlog = daemon.client().events().backlog().await.unwrap();
    assert_eq!(backlog.len(), 120);
    let EventKind::LocalIndexUpdated(data) = &backlog[119].kind else {
        panic!()
    };
    assert_eq!((data.filenames.len(), data.sequence), (1000, 119));
}

#[tokio::test(start_paused = true)]
async fn one_poll_asks_for_what_it_was_told() {
    let daemon = Daemon::new();
    daemon.push_many("DevicePaused", 3);
    let client: Client = daemon.client();
    let events = client
        .events()
        .poll_once(1, Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(
        events.iter().map(|event| event.id).collect::<Vec<_>>(),
        [2, 3]
    );
    let quiet = client
        .events()
        .types(["DevicePaused"])
        .poll_once(7, Duration::from_secs(5));
    assert!(quiet.await.unwrap().is_empty());
    assert_eq!(
        daemon.lines("/rest/events"),
        [
            "GET /rest/events?since=1&timeout=5",
            "GET /rest/events?since=7&timeout=5&events=DevicePaused",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_newest_events_are_asked_for_alone() {
    let daemon = Daemon::new();
    daemon.push_many("DevicePaused", 5);
    for (count, wanted) in [(2, &[4, 5][..]), (9, &[1, 2, 3, 4, 5]), (0, &[])] {
        let newest = daemon.client().events().newest(count).await.unwrap();
        let ids: Vec<u64> = newest.iter().map(|event| event.id).collect();
        assert_eq!(ids, wanted);
    }
    assert_eq!(
        daemon.lines("/rest/events")[0],
        "GET /rest/events?since=0&timeout=0&limit=2"
    );
}
