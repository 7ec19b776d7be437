//! Streams of events beside each other, left behind, and locked out.

// What `every_version!` calls may panic as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::json;
use sync_tests::syncthing::{Lab, Size, soon, write_file};
use sync_tests::{Result, every_version};
use syncthing_rest::events::{EventItem, EventStream};
use syncthing_rest::model::{EventKind, EventType};
use syncthing_rest::{Client, ErrorKind, SyncthingError, SyncthingErrorExt, Unauthorized};
use xtask::peers::syncthing::Version;

every_version![
    streams_of_different_sets_do_not_disturb_each_other,
    what_overran_the_buffer_is_a_gap_of_its_size,
    a_stream_goes_on_with_the_key_that_was_changed_meanwhile,
    a_stream_ends_when_its_key_is_refused,
    a_refused_key_is_told_from_a_refused_call_with_a_password_too,
    a_daemon_that_speaks_https_is_not_followed_there_with_the_key,
];

/// Reads items until `wanted` finds what it looks for.
async fn until<T>(
    events: &mut EventStream,
    what: &str,
    mut wanted: impl FnMut(EventItem) -> Option<T>,
) -> Result<T> {
    let found = async {
        loop {
            let item = events.next().await.ok_or("the stream has ended")??;
            if let Some(found) = wanted(item) {
                return Ok(found);
            }
        }
    };
    soon(what, found).await?
}

async fn started(events: &mut EventStream) -> Result<()> {
    until(events, "the start", |item| {
        matches!(item, EventItem::Started { .. }).then_some(())
    })
    .await
}

async fn streams_of_different_sets_do_not_disturb_each_other(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let client = &lab.client;
    let mut all = client.events().stream();
    let mut saved = client.events().types([EventType::ConfigSaved]).stream();
    let mut disk = client.events().disk().stream();
    for stream in [&mut all, &mut saved, &mut disk] {
        started(stream).await?;
    }
    let before = all.cursor().ok_or("no cursor")?.last_id();

    let path = lab.add_folder("docs", &[]).await?;
    write_file(&path.join("new"), Size::Bytes(9))?;
    client.folder("docs").scan().await?;

    let newest = client.events().newest(2).await?;
    let ids: Vec<u64> = newest.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[1], ids[0] + 1);
    let id = until(&mut saved, "the change", |item| match item {
        EventItem::Event(event) => {
            assert!(matches!(event.kind, EventKind::ConfigSaved(_)), "{event:?}");
            Some(event.id)
        }
        _ => None,
    })
    .await?;
    assert_eq!(id, 1, "it counts from when it was asked for");
    let path = until(&mut disk, "the file", |item| match item {
        EventItem::Event(event) => match event.kind {
            EventKind::LocalChangeDetected(data) => Some(data.path),
            other => panic!("{other:?}"),
        },
        _ => None,
    })
    .await?;
    assert_eq!(path, "new");
    let mut last = before;
    until(&mut all, "all of it", |item| {
        let event = item.into_event()?;
        last += 1;
        assert_eq!(event.id, last);
        assert!(event.kind.event_type().is_in_default_set(), "{event:?}");
        matches!(event.kind, EventKind::LocalIndexUpdated(_)).then_some(())
    })
    .await
}

async fn what_overran_the_buffer_is_a_gap_of_its_size(version: Version) -> Result<()> {
    const KEPT: u64 = 1000;
    const MORE: u64 = 70;
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    lab.add_folder("docs", &[]).await?;
    let folder = lab.client.folder("docs");
    folder.scan().await?;
    // Small, and two for each change.
    let types = [EventType::FolderPaused, EventType::FolderResumed];
    let mut events = lab.client.events().types(types).stream();
    started(&mut events).await?;
    for _ in 0..(KEPT + MORE) / 2 {
        folder.pause().await?;
        folder.resume().await?;
    }
    let missed = until(&mut events, "the gap", |item| match item {
        EventItem::Gap { missed } => Some(missed),
        EventItem::Event(event) => panic!("{event:?} before the gap"),
        _ => None,
    })
    .await?;
    assert_eq!(missed, Some(MORE));
    for id in MORE + 1..=MORE + KEPT {
        let next = until(&mut events, "an event", EventItem::into_event).await?;
        assert_eq!(next.id, id);
    }
    Ok(())
}

async fn a_stream_goes_on_with_the_key_that_was_changed_meanwhile(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let from_home = Client::from_home(lab.daemon.home())?;
    let mut events = from_home.events().types([EventType::ConfigSaved]).stream();
    started(&mut events).await?;
    let key = "another-key-of-the-same-daemon-1";
    let change = json!({"apiKey": key});
    lab.client.config().patch_gui(&change).await?;
    let told = Client::builder(lab.daemon.url()).api_key(key).build()?;
    told.wait_until_up().await?;
    told.config()
        .patch_options(&json!({"maxSendKbps": 77}))
        .await?;
    until(&mut events, "the change", |item| match item {
        EventItem::Event(event) => match event.kind {
            EventKind::ConfigSaved(config) => (config.options.max_send_kbps == 77).then_some(()),
            _ => None,
        },
        EventItem::Restarted { .. } | EventItem::Gap { .. } => panic!("{item:?}"),
        _ => None,
    })
    .await
}

async fn a_stream_ends_when_its_key_is_refused(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let mut events = lab.client.events().stream();
    started(&mut events).await?;
    let change = json!({"apiKey": "another-key-of-the-same-daemon-2"});
    lab.client.config().patch_gui(&change).await?;
    let end = async {
        loop {
            match events.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return Ok::<_, syncthing_rest::Error>(error),
                None => panic!("it ended without a word"),
            }
        }
    };
    let error = soon("the end", end).await??;
    assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    assert!(events.next().await.is_none());
    Ok(())
}

async fn a_refused_key_is_told_from_a_refused_call_with_a_password_too(
    version: Version,
) -> Result<()> {
    let set_up = |builder: xtask::peers::syncthing::Builder| builder.login("anna", "open sesame");
    let Some(lab) = Lab::start_with(version, set_up)? else {
        return Ok(());
    };
    let wrong = Client::builder(lab.daemon.url()).api_key("wrong").build()?;
    let error = wrong.system().ping().await.unwrap_err();
    let (status, why) = match version {
        Version::V1_19 => (401, Unauthorized::NotAuthorized),
        _ => (403, Unauthorized::Forbidden),
    };
    assert_eq!(error.status().unwrap().as_u16(), status, "{error}");
    assert_eq!(error.kind(), ErrorKind::Auth, "{error}");
    assert_eq!(error.syncthing(), Some(&SyncthingError::Unauthorized(why)));
    // With the right one, 403 means something else.
    let error = lab.client.debug().heap_profile().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 403, "{error}");
    assert_eq!(error.kind(), ErrorKind::Service, "{error}");
    assert_eq!(error.syncthing(), Some(&SyncthingError::DebuggingDisabled));
    Ok(())
}

async fn a_daemon_that_speaks_https_is_not_followed_there_with_the_key(
    version: Version,
) -> Result<()> {
    let Some(lab) = Lab::start_with(version, |builder| builder.tls(true))? else {
        return Ok(());
    };
    let plain = lab.daemon.url().replacen("https:", "http:", 1);
    let client = Client::builder(plain)
        .api_key(lab.daemon.api_key())
        .build()?;
    let error = client.system().ping().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 307, "{error}");
    assert!(error.to_string().contains("redirect"), "{error}");
    Ok(())
}
