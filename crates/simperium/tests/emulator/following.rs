//! Whoever applies what is told holds what the service holds, whatever is sent.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simperium::jsondiff::{self, Diff};

use super::support::{Ask, Socket, TOKEN, emulator};

/// Objects by key, with all versions that were ever told of.
#[derive(Default)]
struct Follower {
    objects: BTreeMap<String, (u64, Value)>,
    versions: Vec<(String, u64, Value)>,
    /// Where the numbers of deleted entities go on.
    deleted: BTreeMap<String, u64>,
    cv: String,
}

impl Follower {
    fn apply(&mut self, frame: &str) {
        let list = frame.strip_prefix("0:c:").unwrap();
        for change in serde_json::from_str::<Vec<Value>>(list).unwrap() {
            if change.get("error").is_some() {
                continue;
            }
            let id = change["id"].as_str().unwrap().to_owned();
            let ev = change["ev"].as_u64().unwrap();
            // Change versions of one service can be told apart and go up.
            let cv = change["cv"].as_str().unwrap();
            assert!(self.cv.as_str() < cv, "{} then {cv}", self.cv);
            self.cv = cv.to_owned();
            let last = match self.objects.get(&id) {
                Some((version, _)) => *version,
                None => self.deleted.remove(&id).unwrap_or(0),
            };
            assert_eq!(ev, last + 1, "{change}");
            if change["o"] == "-" {
                self.objects.remove(&id);
                self.deleted.insert(id, ev);
                continue;
            }
            let base = self.objects.get(&id).map(|(_, value)| value.clone());
            assert_eq!(
                change.get("sv").and_then(Value::as_u64),
                base.as_ref().map(|_| last)
            );
            let diff = Diff::from_value(change["v"].clone()).unwrap();
            let value = jsondiff::apply(&base.unwrap_or_else(|| json!({})), &diff).unwrap();
            self.versions.push((id.clone(), ev, value.clone()));
            self.objects.insert(id, (ev, value));
        }
    }
}

const TEXTS: [&str; 6] = ["", "tea ", "😀", "ø", "milk and ", "\n"];

fn edited(random: &mut fastrand::Rng, value: &Value) -> Value {
    let mut value = value.clone();
    let mut text = value["t"].as_str().unwrap_or_default().to_owned();
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = random.choice(&places).copied().unwrap_or(0);
    if random.bool() {
        text.insert_str(at, random.choice(TEXTS).unwrap_or_default());
    } else {
        text.truncate(at);
    }
    value["t"] = text.into();
    match random.u8(..4) {
        0 => value["n"] = random.u8(..3).into(),
        1 => value["in"] = json!({"x": random.u8(..3), "y": {"z": random.bool()}}),
        2 => drop(value.as_object_mut().unwrap().remove("n")),
        _ => {}
    }
    value
}

/// A change made from a version that may be old by now, or one that is bad.
fn change(random: &mut fastrand::Rng, follower: &Follower, number: u32) -> Value {
    let key = random.choice(["a", "b"]).unwrap_or_default();
    let ccid = format!("c{number}");
    let known: Vec<_> = follower
        .versions
        .iter()
        .filter(|(id, ..)| id == key)
        .collect();
    let recent = known.len().saturating_sub(6);
    match (random.u8(..12), random.choice(&known[recent..])) {
        (0, _) => json!({"id": key, "o": "-", "ccid": ccid}),
        (1, _) => json!({"id": key, "o": "M", "ccid": ccid, "v": {"t": {"o": "+", "v": "new"}}}),
        (2, _) => {
            json!({"id": key, "o": "M", "ccid": ccid, "sv": 1, "v": {"t": {"o": "d", "v": "=9999"}}})
        }
        (3, Some((_, sv, value))) => {
            json!({"id": key, "o": "M", "ccid": ccid, "sv": sv, "d": edited(random, value)})
        }
        (_, Some((_, sv, value))) => {
            let diff = jsondiff::diff(value, &edited(random, value)).unwrap();
            json!({"id": key, "o": "M", "ccid": ccid, "sv": sv, "v": diff})
        }
        (_, None) => json!({"id": key, "o": "M", "ccid": ccid, "v": {}}),
    }
}

async fn run(seed: u64) -> u64 {
    let emulator = emulator();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut follower = Follower::default();
    let mut following = Socket::channel(&emulator, "follower").await;
    let mut sender = Socket::channel(&emulator, "sender").await;
    for number in 0..40 {
        let change = change(&mut random, &follower, number);
        if random.u8(..4) == 0 {
            let body = json!({"t": "over http", "h": random.u8(..3)});
            let path = format!("note/i/{}", change["id"].as_str().unwrap());
            Ask::post(&path, &body).of(&emulator).await;
        } else {
            sender.send(&format!("0:c:{change}")).await;
        }
        for frame in following.settled().await {
            follower.apply(&frame);
        }
    }
    assert_eq!(
        follower.objects,
        emulator.objects("app", TOKEN, "note"),
        "seed {seed}"
    );
    emulator.changes_made()
}

#[tokio::test(start_paused = true)]
async fn a_follower_holds_what_the_service_holds() {
    let mut made = 0;
    for seed in 0..150 {
        made += run(seed).await;
    }
    assert!(made > 150 * 15, "only {made} changes were made");
}
