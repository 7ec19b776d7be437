//! The event stream against a daemon that restarts, overruns and breaks off.

#![allow(clippy::unwrap_used, clippy::panic)]

mod double;

use std::time::Duration;

use double::{Daemon, KEY, LATER, OTHER, START};
use serde_json::json;
use sync_core::policy::Backoff;
use syncthing_rest::events::{Cursor, EventItem, EventStream};
use syncthing_rest::model::{EventKind, EventType};
use syncthing_rest::{CallOptions, Client, ErrorKind, SyncthingError, SyncthingErrorExt};

/// An item in short: `started`, `3 StateChanged`, `gap 7`, `restarted`, …
async fn next(events: &mut EventStream) -> String {
    match events.next().await {
        None => "end".to_owned(),
        Some(Err(error)) => format!("error: {error}"),
        Some(Ok(item)) => match item {
            EventItem::Started { .. } => "started".to_owned(),
            EventItem::Event(event) => format!("{} {}", event.id, event.kind.event_type()),
            EventItem::Gap {
                missed: Some(missed),
            } => format!("gap {missed}"),
            EventItem::Gap { missed: None } => "gap".to_owned(),
            EventItem::Restarted { .. } => "restarted".to_owned(),
            EventItem::Unsupported { types, .. } => format!("unsupported {types:?}"),
            EventItem::Quiet => "quiet".to_owned(),
            EventItem::Interrupted { .. } => "interrupted".to_owned(),
            other => format!("{other:?}"),
        },
    }
}

async fn expect(events: &mut EventStream, items: &[&str]) {
    for item in items {
        assert_eq!(next(events).await, *item, "of {items:?}");
    }
}

/// The items after as many interruptions as there are.
async fn expect_after_interruption(events: &mut EventStream, items: &[&str]) {
    let mut first = next(events).await;
    assert_eq!(first, "interrupted");
    while first == "interrupted" {
        first = next(events).await;
    }
    assert_eq!(first, items[0]);
    expect(events, &items[1..]).await;
}

/// A stream that has begun.
async fn started(daemon: &Daemon) -> EventStream {
    let mut events = daemon.client().events().stream();
    expect(&mut events, &["started"]).await;
    events
}

/// A stream that has handed out two events.
async fn after_two(daemon: &Daemon) -> EventStream {
    let mut events = started(daemon).await;
    daemon.push_many("DevicePaused", 2);
    expect(&mut events, &["1 DevicePaused", "2 DevicePaused"]).await;
    events
}

fn reload(events: &EventStream) -> Cursor {
    let text = serde_json::to_string(events.cursor().unwrap()).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_begins_with_what_happens_after_its_first_item() {
    let daemon = Daemon::new();
    daemon.push_many("DevicePaused", 3);
    let mut events = daemon.client().events().stream();
    assert!(events.cursor().is_none());
    expect(&mut events, &["started"]).await;
    assert_eq!(events.cursor().unwrap().last_id(), 3);
    daemon.push(
        "StateChanged",
        json!({"folder": "lab", "from": "idle", "to": "scanning"}),
    );
    daemon.push("DeviceResumed", json!({"device": OTHER}));
    expect(&mut events, &["4 StateChanged", "5 DeviceResumed"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_asks_for_less_time_than_proxies_give() {
    let daemon = Daemon::new();
    let mut events = daemon.client().events().stream();
    expect(&mut events, &["started", "quiet"]).await;
    assert_eq!(
        daemon.lines("/rest/events"),
        [
            "GET /rest/events?since=0&timeout=0&limit=1",
            "GET /rest/events?since=0&timeout=30",
        ]
    );
    let mut events = daemon
        .client()
        .events()
        .poll_timeout(Duration::from_millis(10))
        .stream();
    expect(&mut events, &["started", "quiet"]).await;
    assert!(
        daemon.lines("timeout=1").len() == 1,
        "less than a second would never rest"
    );
}

#[tokio::test(start_paused = true)]
async fn a_set_of_types_is_kept_before_the_first_item() {
    let daemon = Daemon::new();
    daemon.push_many("DevicePaused", 3);
    let types = [EventType::DevicePaused, EventType::from("MoonPhaseChanged")];
    let mut events = daemon.client().events().types(types).stream();
    expect(&mut events, &["started"]).await;
    daemon.push("StateChanged", json!({}));
    daemon.push("DevicePaused", json!({}));
    daemon.push("MoonPhaseChanged", json!({"phase": 1}));
    expect(&mut events, &["1 DevicePaused", "2 MoonPhaseChanged"]).await;
}

#[tokio::test(start_paused = true)]
async fn disk_events_have_their_own_endpoint() {
    let daemon = Daemon::new();
    let mut events = daemon.client().events().disk().stream();
    expect(&mut events, &["started"]).await;
    daemon.push("StateChanged", json!({}));
    daemon.push("LocalChangeDetected", json!({"path": "a"}));
    expect(&mut events, &["1 LocalChangeDetected"]).await;
    assert!(daemon.lines("/rest/events?").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_buffer_can_be_read_first() {
    let daemon = Daemon::new();
    daemon.set_capacity(2);
    daemon.push_many("DevicePaused", 5);
    let mut events = daemon.client().events().from_buffer().stream();
    expect(
        &mut events,
        &["started", "4 DevicePaused", "5 DevicePaused"],
    )
    .await;
    daemon.push("DeviceResumed", json!({}));
    expect(&mut events, &["6 DeviceResumed"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_overrun_buffer_is_a_gap_of_known_size() {
    let daemon = Daemon::new();
    daemon.set_capacity(10);
    let mut events = started(&daemon).await;
    daemon.push_many("DevicePaused", 17);
    expect(&mut events, &["gap 7", "8 DevicePaused"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_dropped_under_pressure_is_a_gap() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    daemon.push("DevicePaused", json!({}));
    daemon.drop_event();
    daemon.push("DevicePaused", json!({}));
    expect(&mut events, &["1 DevicePaused", "gap 1", "3 DevicePaused"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_poll_is_not_an_empty_poll() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    let cutting = async {
        daemon.asked("timeout=30", 1).await;
        daemon.cut();
    };
    let (item, ()) = tokio::join!(next(&mut events), cutting);
    assert_eq!(item, "interrupted");
    daemon.push("DevicePaused", json!({}));
    expect(&mut events, &["1 DevicePaused"]).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_stream_goes_on_from_one() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    daemon.push_many("DevicePaused", 192);
    for id in 1..=192 {
        expect(&mut events, &[&format!("{id} DevicePaused")]).await;
    }
    let restarting = async {
        daemon.asked("since=192&timeout=30", 1).await;
        daemon.stop();
        tokio::time::sleep(Duration::from_secs(12)).await;
        daemon.start(LATER);
        daemon.push_many("DeviceResumed", 7);
    };
    let following = expect_after_interruption(&mut events, &["restarted", "1 DeviceResumed"]);
    tokio::join!(following, restarting);
    assert_eq!(events.cursor().unwrap().start_time().to_string(), LATER);
    for id in 2..=7 {
        expect(&mut events, &[&format!("{id} DeviceResumed")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_no_connection_tells_of_is_found_in_the_silence() {
    let daemon = Daemon::new();
    let mut events = after_two(&daemon).await;
    daemon.restart_unnoticed(LATER);
    daemon.push("DeviceResumed", json!({}));
    expect(&mut events, &["restarted", "1 DeviceResumed"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_within_one_second_is_found_by_the_numbers() {
    let daemon = Daemon::new();
    let mut events = after_two(&daemon).await;
    daemon.restart_unnoticed(START);
    daemon.push("DeviceResumed", json!({}));
    expect(&mut events, &["restarted", "1 DeviceResumed"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_slow_does_not_take_new_numbers_for_old_ones() {
    let daemon = Daemon::new();
    let mut events = after_two(&daemon).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    daemon.restart_unnoticed(LATER);
    daemon.push_many("DeviceResumed", 5);
    expect(
        &mut events,
        &[
            "restarted",
            "1 DeviceResumed",
            "2 DeviceResumed",
            "3 DeviceResumed",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_loses_events_of_a_set_that_is_not_kept_from_the_start() {
    let daemon = Daemon::new();
    let mut events = daemon
        .client()
        .events()
        .types([EventType::DevicePaused])
        .stream();
    expect(&mut events, &["started"]).await;
    daemon.push_many("DevicePaused", 2);
    expect(&mut events, &["1 DevicePaused", "2 DevicePaused"]).await;
    let restarting = async {
        daemon.asked("since=2&timeout=30", 1).await;
        daemon.restart(LATER);
        daemon.push("DevicePaused", json!({}));
    };
    let following = expect_after_interruption(&mut events, &["restarted", "gap"]);
    tokio::join!(following, restarting);
    let pushing = async {
        daemon.asked("since=0&timeout=30", 1).await;
        daemon.push("DevicePaused", json!({}));
    };
    tokio::join!(expect(&mut events, &["1 DevicePaused"]), pushing);
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_a_gap_is_dealt_with_is_not_lost() {
    let daemon = Daemon::new();
    let types = [EventType::DevicePaused];
    let mut events = daemon.client().events().types(types).stream();
    expect(&mut events, &["started"]).await;
    daemon.push_many("DevicePaused", 2);
    expect(&mut events, &["1 DevicePaused", "2 DevicePaused"]).await;
    let cursor = reload(&events);
    daemon.restart_unnoticed(LATER);
    expect(&mut events, &["restarted", "gap"]).await;
    // Whoever looks at everything now sees what comes later by its event.
    daemon.push("DevicePaused", json!({}));
    expect(&mut events, &["1 DevicePaused"]).await;

    daemon.restart(START);
    let mut events = daemon.client().events().from(cursor.clone()).stream();
    daemon.restart(LATER);
    expect(&mut events, &["started", "restarted", "gap"]).await;
    daemon.push("DevicePaused", json!({}));
    expect(&mut events, &["1 DevicePaused"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_daemon_does_not_know_is_said_though_the_next_call_failed() {
    let daemon = Daemon::new();
    daemon.set_version("v1.19.2-ds1");
    daemon.answer_with("/rest/events", 503, json!("busy"));
    let types = [EventType::StateChanged, EventType::ClusterConfigReceived];
    let mut events = daemon.client().events().types(types).stream();
    expect(&mut events, &["interrupted"]).await;
    daemon.answer_no_more("/rest/events");
    expect(
        &mut events,
        &["unsupported [ClusterConfigReceived]", "started", "quiet"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_cursor_moves_with_what_is_handed_out() {
    let daemon = Daemon::new();
    daemon.set_capacity(3);
    let mut events = started(&daemon).await;
    daemon.push_many("DevicePaused", 5);
    for (item, last) in [("gap 2", 2), ("3 DevicePaused", 3), ("4 DevicePaused", 4)] {
        expect(&mut events, &[item]).await;
        assert_eq!(events.cursor().unwrap().last_id(), last);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_cursor_misses_nothing() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    daemon.push_many("DevicePaused", 3);
    expect(&mut events, &["1 DevicePaused"]).await;
    let cursor = reload(&events);
    drop(events);
    daemon.push("DeviceResumed", json!({}));
    let mut events = daemon.client().events().from(cursor).stream();
    expect(
        &mut events,
        &[
            "started",
            "2 DevicePaused",
            "3 DevicePaused",
            "4 DeviceResumed",
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_before_a_restart_is_known_as_such() {
    let daemon = Daemon::new();
    let mut events = daemon
        .client()
        .events()
        .types([EventType::DevicePaused])
        .stream();
    expect(&mut events, &["started"]).await;
    daemon.push_many("DevicePaused", 9);
    expect(&mut events, &["1 DevicePaused"]).await;
    let cursor = reload(&events);
    daemon.restart(LATER);
    let mut events = daemon.client().events().from(cursor).stream();
    expect(&mut events, &["started", "restarted", "gap", "quiet"]).await;
    assert_eq!(events.cursor().unwrap().mask(), reload(&events).mask());
}

#[tokio::test(start_paused = true)]
async fn a_cursor_fits_one_set_of_one_daemon() {
    let daemon = Daemon::new();
    let events = started(&daemon).await;
    let cursor = reload(&events);

    let mut disk = daemon
        .client()
        .events()
        .disk()
        .from(cursor.clone())
        .stream();
    let error = disk.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("another set"), "{error}");
    expect(&mut disk, &["end"]).await;

    daemon.set_id(OTHER);
    let mut other = daemon.client().events().from(cursor).stream();
    let error = other.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("S534BXU"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn another_daemon_at_the_same_address_ends_the_stream() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    daemon.set_id(OTHER);
    daemon.restart_unnoticed(LATER);
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    expect(&mut events, &["end"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_ends_the_stream() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    daemon.set_key("second-key-of-the-daemon");
    let error = events.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error.syncthing(), Some(SyncthingError::Unauthorized(_))),
        "{error:?}"
    );
    expect(&mut events, &["end"]).await;
}

#[cfg(feature = "discover")]
#[tokio::test(start_paused = true)]
async fn a_key_that_was_changed_in_the_configuration_is_read_again() {
    use syncthing_rest::ClientBuilder;
    use syncthing_rest::discover::Home;

    let directory =
        std::env::temp_dir().join(format!("syncthing-rest-events-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let write = |key: &str| {
        let text = format!(
            "<configuration><gui enabled=\"true\" tls=\"false\"><address>127.0.0.1:1</address>\
             <apikey>{key}</apikey></gui></configuration>"
        );
        std::fs::write(directory.join("config.xml"), text).unwrap();
    };
    write(KEY);
    let daemon = Daemon::new();
    let client =
        daemon.client_with(ClientBuilder::from_home(&Home::read(&directory).unwrap()).unwrap());
    let mut events = client.events().stream();
    expect(&mut events, &["started"]).await;
    write("second-key-of-the-daemon");
    daemon.set_key("second-key-of-the-daemon");
    daemon.push("DevicePaused", json!({}));
    expect(&mut events, &["1 DevicePaused"]).await;
    std::fs::remove_dir_all(&directory).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stream_gives_up_when_it_was_told_to() {
    let daemon = Daemon::new();
    let second = Duration::from_secs(1);
    let mut events = daemon
        .client()
        .events()
        .give_up_after(5 * second)
        .backoff(Backoff::new(second, second).seeded(1))
        .stream();
    expect(&mut events, &["started"]).await;
    daemon.stop();
    let mut interruptions = 0;
    let error = loop {
        match events.next().await.unwrap() {
            Ok(EventItem::Interrupted { .. }) => interruptions += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(
        interruptions > 3 && error.is_retryable(),
        "{interruptions} {error}"
    );
    expect(&mut events, &["end"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_is_not_there_yet_is_waited_for() {
    let daemon = Daemon::new();
    daemon.stop();
    let mut events = daemon.client().events().stream();
    expect(&mut events, &["interrupted", "interrupted"]).await;
    daemon.start(LATER);
    expect(&mut events, &["started"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_brings_its_database_up_to_date_is_waited_for() {
    let daemon = Daemon::new();
    let mut events = daemon.client().events().stream();
    expect(&mut events, &["started"]).await;
    daemon.push("DevicePaused", json!({}));
    expect(&mut events, &["1 DevicePaused"]).await;
    daemon.restart(LATER);
    daemon.set_migrating(true);
    expect(&mut events, &["interrupted", "interrupted"]).await;
    daemon.set_migrating(false);
    daemon.push("DeviceResumed", json!({}));
    expect(&mut events, &["restarted", "1 DeviceResumed"]).await;
}

/// The page that is served meanwhile is served without TLS.
#[cfg(feature = "tls")]
#[tokio::test]
async fn a_daemon_that_speaks_no_https_while_it_migrates_is_waited_for() {
    use sync_core::testing::{Script, ScriptedServer};

    let refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request";
    let script = Script::new().read_raw(5).send(refusal).close();
    let server = ScriptedServer::always(script).await.unwrap();
    let url = server.url("").replacen("http:", "https:", 1);
    let client = Client::builder(url).api_key(KEY).trust_certificate([7; 32]);
    let mut events = client.build().unwrap().events().stream();
    expect(&mut events, &["interrupted", "interrupted"]).await;
}

#[tokio::test(start_paused = true)]
async fn types_that_the_daemon_does_not_know_are_left_out_and_said() {
    let daemon = Daemon::new();
    daemon.set_version("v1.19.2-ds1");
    let types = [EventType::StateChanged, EventType::ClusterConfigReceived];
    let mut events = daemon.client().events().types(types.clone()).stream();
    expect(
        &mut events,
        &["unsupported [ClusterConfigReceived]", "started", "quiet"],
    )
    .await;
    assert!(daemon.lines("ClusterConfigReceived").is_empty());

    let mut events = daemon.client().events().types([types[1].clone()]).stream();
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    daemon.set_version("v2.1.3");
    let mut events = daemon.client().events().types(types).stream();
    expect(&mut events, &["started"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_type_without_a_name_here_comes_as_it_is() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    daemon.push("MoonPhaseChanged", json!({"phase": 0.5}));
    daemon.push("StateChanged", json!(["not", "an", "object"]));
    for _ in 0..2 {
        let Some(Ok(EventItem::Event(event))) = events.next().await else {
            panic!()
        };
        assert!(matches!(event.kind, EventKind::Unknown { .. }), "{event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_that_is_too_large_is_a_gap_and_not_the_end() {
    let daemon = Daemon::new();
    let options = CallOptions::default().max_body(20_000);
    let builder = Client::builder("http://127.0.0.1:8384").api_key(KEY);
    let client = daemon.client_with(builder.with_options(|_| options));
    let mut events = client.events().stream();
    expect(&mut events, &["started"]).await;
    let names: Vec<String> = (0..50).map(|at| format!("d/{at}")).collect();
    for _ in 0..300 {
        daemon.push("LocalIndexUpdated", json!({"filenames": names}));
    }
    expect(&mut events, &["gap 290"]).await;
    for id in 291..=300 {
        expect(&mut events, &[&format!("{id} LocalIndexUpdated")]).await;
    }
    daemon.push("DevicePaused", json!({}));
    expect(&mut events, &["301 DevicePaused"]).await;

    let mut events = client.events().from_buffer().stream();
    expect(
        &mut events,
        &["started", "gap 291", "292 LocalIndexUpdated"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn events_can_be_taken_without_the_rest() {
    let daemon = Daemon::new();
    let mut events = started(&daemon).await;
    daemon.restart_unnoticed(LATER);
    daemon.push("DevicePaused", json!({}));
    let event = events.next_event().await.unwrap().unwrap();
    assert_eq!(event.id, 1);
}
