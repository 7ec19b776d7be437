//! The syncer beside Simperium's own client for Node.js: two devices of one
//! user.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

use std::time::Duration;

use serde_json::{Value, json};
use simperium::emulator::Emulator;
use simperium::syncer::{Event, SyncedBucket, Syncer};
use sync_tests::Result;
use sync_tests::simperium::NpmDevice;
use xtask::peers::NODE_SIMPERIUM;

const APP: &str = "chalk-app-1";
const TOKEN: &str = "lab-ann-0123456789abcdef0123456789abcdef";
/// Longer than anything takes here.
const LIMIT: Duration = Duration::from_secs(60);

/// The service, their device, and ours.
struct Pair {
    emulator: Emulator,
    npm: NpmDevice,
    ours: SyncedBucket,
}

impl Pair {
    /// `None` without Node.js.
    async fn start() -> Result<Option<Self>> {
        let Some(node) = NODE_SIMPERIUM.program_or_skip()? else {
            return Ok(None);
        };
        let emulator = Emulator::builder().start().await?;
        let npm = NpmDevice::start(&node, &emulator.socket_url(APP), APP, TOKEN, "note")?;
        let syncer = Syncer::builder(APP, TOKEN)
            .host(emulator.origin())
            .bucket("note")
            .start()
            .await?;
        let ours = syncer.bucket("note")?;
        ours.wait_synced(LIMIT).await?;
        Ok(Some(Self {
            emulator,
            npm,
            ours,
        }))
    }

    /// Both devices and the service come to hold this.
    async fn converge(&mut self, wanted: &Value) -> Result<()> {
        match tokio::time::timeout(LIMIT, self.has(wanted)).await {
            Ok(done) => done?,
            Err(_) => return Err(format!("here it is {}", self.objects().await?).into()),
        }
        self.ours.wait_synced(LIMIT).await?;
        self.npm.has(wanted)?;
        assert_eq!(self.on_server(), *wanted);
        Ok(())
    }

    /// Waits until our device has exactly these objects.
    async fn has(&self, wanted: &Value) -> Result<()> {
        let mut events = self.ours.subscribe();
        while self.objects().await? != *wanted {
            events.next().await.ok_or("the syncer has ended")?;
        }
        Ok(())
    }

    async fn objects(&self) -> Result<Value> {
        let all = self.ours.all().await?.into_iter();
        Ok(all
            .map(|(key, object)| (String::from(key), object))
            .collect())
    }

    /// Waits until the service has what they have sent.
    async fn arrived(&self, wanted: impl Fn(&Value) -> bool) -> Result<()> {
        let bucket = self.ours.syncer().api().bucket("note")?;
        let mut changes = bucket.changes(bucket.index().await?.current).stream();
        while !wanted(&self.on_server()) {
            changes.next().await.ok_or("the changes came to an end")??;
        }
        Ok(())
    }

    fn on_server(&self) -> Value {
        let objects = self.emulator.objects(APP, TOKEN, "note").into_iter();
        objects.map(|(key, (_, value))| (key, value)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_either_device_makes_edits_and_deletes_the_other_has() -> Result<()> {
    let Some(mut pair) = Pair::start().await? else {
        return Ok(());
    };
    // Theirs.
    let theirs = json!({"content": "Hello world", "tags": [], "n": 1.5});
    pair.npm.put("theirs", &theirs)?;
    pair.converge(&json!({"theirs": theirs})).await?;

    // Ours, with characters that JavaScript has in two halves, and with a key
    // that has dots.
    let ours = json!({"content": "emoji 👿", "deep": {"list": [1, "two", {"three": 3}]}});
    pair.ours.put("our.own.note", &ours).await?;
    pair.converge(&json!({"theirs": theirs, "our.own.note": ours}))
        .await?;

    // Each edits what the other has made.
    pair.npm
        .put("our.own.note", &json!({"content": "emoji 👿😇 done"}))?;
    pair.ours
        .patch(
            "theirs",
            &json!({"content": "Hello 🌍 world", "new": {"a": true}}),
        )
        .await?;
    let theirs = json!({"content": "Hello 🌍 world", "tags": [], "n": 1.5, "new": {"a": true}});
    let ours = json!({"content": "emoji 👿😇 done"});
    pair.converge(&json!({"theirs": theirs, "our.own.note": ours}))
        .await?;

    // And deletes it.
    pair.npm.remove("our.own.note")?;
    pair.converge(&json!({"theirs": theirs})).await?;
    pair.ours.delete("theirs").await?;
    pair.converge(&json!({})).await?;
    assert_eq!(pair.ours.conflicts().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_that_both_make_at_once_are_merged() -> Result<()> {
    let Some(mut pair) = Pair::start().await? else {
        return Ok(());
    };
    pair.ours
        .put("n", &json!({"content": "Hello world", "tags": []}))
        .await?;
    pair.converge(&json!({"n": {"content": "Hello world", "tags": []}}))
        .await?;
    for (mine, theirs, both) in [
        ("Hello brave world", "Hello world!", "Hello brave world!"),
        (
            "Hello brave new world!",
            "😀 Hello brave world!",
            "😀 Hello brave new world!",
        ),
    ] {
        // Neither hears of the other before it has sent its own.
        let latency = Duration::from_millis(200);
        pair.emulator
            .configure(|config| config.latency = latency..latency);
        let before = pair.emulator.frames().len();
        pair.npm.put("n", &json!({"content": theirs, "tags": []}))?;
        pair.ours
            .put("n", &json!({"content": mine, "tags": []}))
            .await?;
        pair.converge(&json!({"n": {"content": both, "tags": []}}))
            .await?;
        pair.emulator
            .configure(|config| config.latency = Duration::ZERO..Duration::ZERO);
        let frames = pair.emulator.frames().split_off(before).into_iter();
        let sent = frames.filter(|frame| frame.from_client && frame.text.contains(":c:{"));
        assert_eq!(sent.count(), 2, "each has sent one change");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_two_devices_that_were_offline_converge() -> Result<()> {
    let Some(mut pair) = Pair::start().await? else {
        return Ok(());
    };
    let begin = json!({
        "n1": {"content": "one two three"},
        "n2": {"content": "to be deleted there"},
        "n3": {"content": "to be deleted here"},
    });
    for (key, object) in begin.as_object().unwrap() {
        pair.ours.put(key, object).await?;
    }
    pair.converge(&begin).await?;

    pair.npm.act("offline")?;
    pair.ours.syncer().pause().await?;
    pair.npm
        .put("n1", &json!({"content": "zero one two three"}))?;
    pair.npm.put("made-there", &json!({"from": "npm"}))?;
    pair.npm.remove("n2")?;
    pair.ours
        .put("n1", &json!({"content": "one two three four"}))
        .await?;
    pair.ours.put("made-here", &json!({"from": "rust"})).await?;
    pair.ours.delete("n3").await?;
    assert_eq!(pair.on_server(), begin);

    pair.ours.syncer().resume()?;
    pair.ours.wait_synced(LIMIT).await?;
    pair.npm.act("online")?;
    let all = json!({
        "n1": {"content": "zero one two three four"},
        "made-there": {"from": "npm"},
        "made-here": {"from": "rust"},
    });
    pair.converge(&all).await?;

    // The other way round: theirs are there first.
    pair.ours.syncer().pause().await?;
    pair.ours
        .put("n1", &json!({"content": "zero one two three four five"}))
        .await?;
    pair.npm
        .put("n1", &json!({"content": "zero one and two three four"}))?;
    pair.npm
        .put("made-there", &json!({"from": "npm", "again": true}))?;
    pair.arrived(|there| {
        there["made-there"]["again"] == true
            && there["n1"]["content"] == "zero one and two three four"
    })
    .await?;
    pair.ours.syncer().resume()?;
    let all = json!({
        "n1": {"content": "zero one and two three four five"},
        "made-there": {"from": "npm", "again": true},
        "made-here": {"from": "rust"},
    });
    pair.converge(&all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_ours_survives_their_deletion() -> Result<()> {
    let Some(mut pair) = Pair::start().await? else {
        return Ok(());
    };
    pair.npm.put("n", &json!({"content": "theirs"}))?;
    pair.converge(&json!({"n": {"content": "theirs"}})).await?;
    pair.ours.syncer().pause().await?;
    pair.ours
        .put("n", &json!({"content": "theirs and ours"}))
        .await?;
    pair.npm.remove("n")?;
    pair.arrived(|there| *there == json!({})).await?;
    let mut events = pair.ours.subscribe();
    pair.ours.syncer().resume()?;
    pair.converge(&json!({"n": {"content": "theirs and ours"}}))
        .await?;
    let told = async {
        while let Some(event) = events.next().await {
            if matches!(event, Event::Conflict(_)) {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(LIMIT, told).await?);
    Ok(())
}
