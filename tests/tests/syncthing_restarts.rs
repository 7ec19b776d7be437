//! Daemons that are restarted or killed, and what their watchers see of it.

use serde_json::json;
use sync_tests::syncthing::{Lab, eventually, soon};
use sync_tests::{Result, every_version};
use syncthing_rest::Client;
use syncthing_rest::events::{Cursor, EventItem, EventStream};
use syncthing_rest::model::{EventKind, EventType};
use xtask::peers::syncthing::Version;

every_version![
    a_restart_through_the_api_is_waited_for,
    a_watcher_sees_a_killed_daemon_come_back_and_misses_nothing,
    a_stored_cursor_goes_on_where_it_was_left,
    a_cursor_from_before_a_restart_says_so_first,
];

async fn a_restart_through_the_api_is_waited_for(version: Version) -> Result<()> {
    let Some(lab) = Lab::start_with(version, |builder| builder.monitored(true))? else {
        return Ok(());
    };
    let before = lab.client.system().status().await?;
    let after = soon("the restart", lab.client.restart_and_wait()).await??;
    assert_eq!(after.my_id, before.my_id);
    assert_ne!(after.start_time, before.start_time);
    assert_eq!(lab.client.system().ping().await?.ping, "pong");
    Ok(())
}

/// The numbers of what a stream gives have no hole that it does not tell of.
#[derive(Default)]
struct Numbers {
    last: Option<u64>,
    restarts: usize,
}

impl Numbers {
    fn see(&mut self, item: &EventItem) {
        match item {
            EventItem::Event(event) => {
                if let Some(last) = self.last {
                    assert_eq!(event.id, last + 1, "silently lost");
                }
                self.last = Some(event.id);
            }
            EventItem::Gap { missed } => {
                self.last = missed.and_then(|missed| Some(self.last? + missed));
            }
            EventItem::Restarted { .. } => {
                self.restarts += 1;
                // From here on they count from 1, and all are there.
                self.last = Some(0);
            }
            _ => {}
        }
    }
}

/// Reads until the configuration was saved with this folder in it.
async fn until_saved(events: &mut EventStream, folder: &str, numbers: &mut Numbers) -> Result<()> {
    let saved = async {
        loop {
            let item = events.next().await.ok_or("the stream has ended")??;
            numbers.see(&item);
            let EventItem::Event(event) = &item else {
                continue;
            };
            if let EventKind::ConfigSaved(config) = &event.kind {
                if config.folder(&folder.into()).is_some() {
                    return Ok(());
                }
            }
        }
    };
    soon("the event", saved).await?
}

/// Start times have whole seconds: the next process is to have another.
async fn ripe(client: &Client) -> Result<()> {
    eventually("a second has passed", async || {
        let status = client.system().status().await?;
        Ok((status.uptime >= 1).then_some(()))
    })
    .await
}

async fn a_watcher_sees_a_killed_daemon_come_back_and_misses_nothing(
    version: Version,
) -> Result<()> {
    let Some(mut lab) = Lab::start(version)? else {
        return Ok(());
    };
    ripe(&lab.client).await?;
    let mut events = lab.client.events().stream();
    let mut numbers = Numbers::default();
    let first = soon("the first item", events.next()).await?;
    assert!(
        matches!(first, Some(Ok(EventItem::Started { .. }))),
        "{first:?}"
    );

    lab.add_folder("before", &[]).await?;
    until_saved(&mut events, "before", &mut numbers).await?;
    assert_eq!(numbers.restarts, 0);

    // While the stream waits for an answer.
    let (interrupted, killed) = tokio::join!(events.next(), async { lab.daemon.kill() });
    killed?;
    if let Some(item) = interrupted {
        numbers.see(&item?);
    }
    lab.daemon.start_again()?;
    lab.add_folder("after", &[]).await?;
    until_saved(&mut events, "after", &mut numbers).await?;
    assert_eq!(numbers.restarts, 1);
    Ok(())
}

/// Adds folders, and reads the events that say so.
async fn watch(lab: &Lab, mut events: EventStream, folder: &str) -> Result<(Numbers, Cursor)> {
    let mut numbers = Numbers::default();
    let first = soon("the first item", events.next()).await?;
    assert!(
        matches!(first, Some(Ok(EventItem::Started { .. }))),
        "{first:?}"
    );
    lab.add_folder(folder, &[]).await?;
    until_saved(&mut events, folder, &mut numbers).await?;
    let cursor = events.cursor().ok_or("no cursor")?.clone();
    // As a program would keep it.
    Ok((numbers, serde_json::from_value(json!(cursor))?))
}

async fn a_stored_cursor_goes_on_where_it_was_left(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let (_, cursor) = watch(&lab, lab.client.events().stream(), "first").await?;
    lab.add_folder("meanwhile", &[]).await?;

    let mut events = lab.client.events().from(cursor.clone()).stream();
    let mut numbers = Numbers {
        last: Some(cursor.last_id()),
        restarts: 0,
    };
    until_saved(&mut events, "meanwhile", &mut numbers).await?;
    assert_eq!(numbers.restarts, 0);
    Ok(())
}

async fn a_cursor_from_before_a_restart_says_so_first(version: Version) -> Result<()> {
    let Some(mut lab) = Lab::start(version)? else {
        return Ok(());
    };
    ripe(&lab.client).await?;
    let types = [EventType::ConfigSaved, EventType::StateChanged];
    let events = || lab.client.events().types(types.clone());
    let (_, cursor) = watch(&lab, events().stream(), "first").await?;
    let mut events = events().from(cursor).stream();
    lab.daemon.restart()?;

    let mut said = Vec::new();
    while said.len() < 3 {
        let item = soon("the news", events.next()).await?.ok_or("the end")??;
        if !matches!(item, EventItem::Interrupted { .. }) {
            said.push(item);
        }
    }
    // A set of types is kept only from when it's asked for.
    assert!(
        matches!(
            said.as_slice(),
            [
                EventItem::Started { .. },
                EventItem::Restarted { .. },
                EventItem::Gap { missed: None },
            ]
        ),
        "{said:?}"
    );
    lab.add_folder("second", &[]).await?;
    until_saved(&mut events, "second", &mut Numbers::default()).await?;
    Ok(())
}
