//! Devices of one user, and what they have to come to.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use simperium::emulator::Emulator;
use simperium::syncer::{Event, Events, SyncedBucket, Syncer, SyncerBuilder};
use simperium::{Auth, Backoff};

pub(crate) const TOKEN: &str = "lab-ann-0123456789abcdef0123456789abcdef";

/// Longer than anything takes here; of a time that tests have stopped.
pub(crate) const LONG: Duration = Duration::from_secs(600);

pub(crate) type Objects = BTreeMap<String, Value>;

pub(crate) fn emulator() -> Emulator {
    Emulator::builder().seed(1).build()
}

pub(crate) fn builder(emulator: &Emulator) -> SyncerBuilder {
    with_token(emulator, TOKEN)
}

pub(crate) fn with_token(emulator: &Emulator, token: &str) -> SyncerBuilder {
    Syncer::builder("app", token)
        .host(emulator.origin())
        .transport(emulator.transport())
        .reconnect(Backoff::new(Duration::from_secs(1), Duration::from_secs(60)).seeded(1))
        .bucket("note")
}

/// The half of the service that knows users, over the emulator.
pub(crate) fn auth(emulator: &Emulator) -> Auth {
    Auth::builder("app", "key")
        .host(emulator.origin())
        .transport(emulator.transport())
        .build()
        .unwrap()
}

/// A user who logs in whenever a token is needed.
pub(crate) async fn logged_in(emulator: &Emulator) -> SyncerBuilder {
    let auth = auth(emulator);
    let user = auth.create("joe@example.com", "secret").await.unwrap();
    with_token(emulator, user.access_token.expose())
        .token_source(auth.login("joe@example.com", "secret"))
}

pub(crate) fn notes(syncer: &Syncer) -> SyncedBucket {
    syncer.bucket("note").unwrap()
}

/// A device with nothing on it.
pub(crate) async fn device(emulator: &Emulator) -> SyncedBucket {
    notes(&builder(emulator).start().await.unwrap())
}

pub(crate) async fn synced(notes: &SyncedBucket) {
    notes.wait_synced(LONG).await.unwrap();
}

/// What a device has.
pub(crate) async fn objects(notes: &SyncedBucket) -> Objects {
    let all = notes.all().await.unwrap().into_iter();
    all.map(|(key, object)| (key.into(), object)).collect()
}

/// What the service has, without versions.
pub(crate) fn on_server(emulator: &Emulator) -> Objects {
    let objects = emulator.objects("app", TOKEN, "note").into_iter();
    objects.map(|(key, (_, value))| (key, value)).collect()
}

/// The devices and the service come to hold the same, which is returned.
pub(crate) async fn converge(emulator: &Emulator, devices: &[&SyncedBucket]) -> Objects {
    // What one has sent, the others have to hear of.
    for _ in 0..2 {
        for notes in devices {
            notes.syncer().sync_now().unwrap();
            synced(notes).await;
        }
    }
    let there = on_server(emulator);
    for notes in devices {
        assert_eq!(objects(notes).await, there);
        assert_eq!(notes.pending().await.unwrap(), []);
    }
    there
}

/// The next event that `wanted` takes.
pub(crate) async fn until<T>(events: &mut Events, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.next().await.unwrap();
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    tokio::time::timeout(LONG, found).await.unwrap()
}

/// The frames that clients have sent of this command, without their channel.
pub(crate) fn sent(emulator: &Emulator, command: &str) -> Vec<String> {
    let frames = emulator.frames().into_iter();
    frames
        .filter(|frame| frame.from_client)
        .filter_map(|frame| {
            let (_, rest) = frame.text.split_once(':')?;
            let (name, payload) = rest.split_once(':')?;
            (name == command).then(|| payload.to_owned())
        })
        .collect()
}
