//! Random edits: the calls that are planned make exactly the edited
//! configuration, and touch nothing else.

use super::daemon::{Daemon, over, prepare};
use super::*;

const CASES: u64 = 700;
const EMPTY_IDS: [&str; 2] = ["id", "deviceID"];

/// The captured configuration of a daemon, with some more in it.
fn start(text: &str) -> Value {
    let recorded: Value = serde_json::from_str(text).unwrap();
    let own = recorded["headers"]["x-syncthing-id"].as_str().unwrap();
    let recorded: Value = serde_json::from_str(&text.replace(own, OWN)).unwrap();
    let mut config = recorded["body"].clone();
    let template = config["folders"][0].clone();
    // Without a type, parameters do not matter, and the template's may come in.
    config["folders"][0]["versioning"]["type"] = json!("trashcan");
    let list = config["folders"].as_array_mut().unwrap();
    for id in ["photos", "a b&c%", "a/b"] {
        let mut folder = template.clone();
        folder["id"] = json!(id);
        folder["path"] = json!(format!("/data/{id}"));
        folder["versioning"]["type"] = json!("simple");
        folder["versioning"]["params"] = json!({"keep": "5", "cleanoutDays": "1"});
        list.push(folder);
    }
    // The templates have other values than what is there, so that a reset shows.
    for place in ["/defaults/folder", "/defaults/device"] {
        spoil(config.pointer_mut(place).unwrap(), "");
    }
    config["defaults"]["folder"]["versioning"]["params"] = json!({});
    config
}

/// The same with everything as built in.
fn defaults(config: &Value) -> Value {
    let mut defaults = config.clone();
    spoil(&mut defaults, "");
    for place in ["/folders", "/devices", "/options/listenAddresses"] {
        *defaults.pointer_mut(place).unwrap() = json!([]);
    }
    let versioning = &mut defaults["defaults"]["folder"]["versioning"];
    versioning["params"] = json!({});
    versioning["cleanupIntervalS"] = json!(3600);
    versioning["fsType"] = json!("basic");
    defaults
}

fn spoil(value: &mut Value, key: &str) {
    match value {
        Value::Object(object) => object.iter_mut().for_each(|(key, value)| spoil(value, key)),
        Value::Array(list) => list.iter_mut().for_each(|value| spoil(value, "")),
        Value::Bool(value) => *value = !*value,
        Value::Number(_) if key != "version" => *value = json!(-7),
        Value::String(text) if !EMPTY_IDS.contains(&key) => *text = "built-in".to_owned(),
        _ => {}
    }
}

/// Sets some key of an object to another value of its kind, or a key of an
/// object in it.
fn change_one(random: &mut fastrand::Rng, object: &mut Object) {
    let keys: Vec<String> = object
        .keys()
        .filter(|key| !["id", "deviceID", "path", "devices", "version"].contains(&key.as_str()))
        .cloned()
        .collect();
    let Some(key) = random.choice(&keys) else {
        return;
    };
    let number = random.u16(1000..);
    match &mut object[key] {
        Value::Bool(value) => *value = !*value,
        value @ Value::Number(_) => *value = json!(number),
        value @ Value::String(_) => *value = json!(format!("text {number}")),
        Value::Array(list) => match list.pop() {
            Some(_) if random.bool() => {}
            _ => list.push(json!(format!("entry {number}"))),
        },
        Value::Object(inner) if key == "params" => {
            let name = *random.choice(&["keep", "cleanoutDays", "maxAge"]).unwrap();
            match inner.remove(name) {
                Some(_) if random.bool() => {}
                _ => drop(inner.insert(name.to_owned(), json!(number.to_string()))),
            }
        }
        Value::Object(inner) => change_one(random, inner),
        Value::Null => {}
    }
}

fn remove_one(random: &mut fastrand::Rng, object: &mut Object) {
    let keep = ["id", "deviceID", "path", "devices", "apiKey", "versioning"];
    let keys: Vec<String> = object
        .keys()
        .filter(|key| !keep.contains(&key.as_str()))
        .cloned()
        .collect();
    if let Some(key) = random.choice(&keys) {
        object.remove(key);
    }
}

fn edit(random: &mut fastrand::Rng, config: &mut Value) {
    const SECTIONS: [&str; 5] = [
        "/options",
        "/gui",
        "/ldap",
        "/defaults/folder",
        "/defaults/device",
    ];
    let number = random.u32(..);
    let folders = config["folders"].as_array().unwrap().len();
    let devices = config["devices"].as_array().unwrap().len();
    match random.u8(..16) {
        0..=2 => {
            let section = config
                .pointer_mut(random.choice(SECTIONS).unwrap())
                .unwrap();
            change_one(random, section.as_object_mut().unwrap());
        }
        3..=5 if folders > 0 => {
            let folder = &mut config["folders"][random.usize(..folders)];
            change_one(random, folder.as_object_mut().unwrap());
        }
        6 => {
            let device = &mut config["devices"][random.usize(..devices)];
            change_one(random, device.as_object_mut().unwrap());
        }
        7 if folders > 0 => {
            let folder = &mut config["folders"][random.usize(..folders)];
            remove_one(random, folder.as_object_mut().unwrap());
        }
        8 => {
            let section = config
                .pointer_mut(random.choice(["/options", "/gui"]).unwrap())
                .unwrap();
            remove_one(random, section.as_object_mut().unwrap());
        }
        9 if folders > 0 => {
            config["folders"]
                .as_array_mut()
                .unwrap()
                .remove(random.usize(..folders));
        }
        10 if folders > 0 => {
            let mut folder = config["folders"][0].clone();
            folder["id"] = json!(if random.bool() {
                format!("new/{number}")
            } else {
                format!("new{number}")
            });
            config["folders"].as_array_mut().unwrap().push(folder);
        }
        11 => {
            let mut device = config["devices"][0].clone();
            device["deviceID"] = json!(format!("DEVICE-{number}"));
            config["devices"].as_array_mut().unwrap().push(device);
        }
        12 => {
            let list = config["devices"].as_array_mut().unwrap();
            list.retain(|device| device["deviceID"] == OWN || random.bool());
        }
        13 if folders > 0 => {
            let ids: Vec<Value> = config["devices"]
                .as_array()
                .unwrap()
                .iter()
                .map(|device| device["deviceID"].clone())
                .collect();
            let ids = ids
                .iter()
                .filter(|_| random.bool())
                .filter_map(Value::as_str);
            let shared = shared_with(&ids.collect::<Vec<_>>());
            config["folders"][random.usize(..folders)]["devices"] = shared;
        }
        14 if random.u8(..8) == 0 => {
            let list = config["remoteIgnoredDevices"].as_array_mut().unwrap();
            list.push(json!({"deviceID": format!("IGNORED-{number}")}));
        }
        15 => config["defaults"]["ignores"]["lines"] = json!([format!("*.{number}")]),
        _ => {}
    }
}

/// The edited configuration as the daemon will show it: keys that were taken
/// away are back with their defaults, and the order of lists with IDs is gone.
fn as_shown(edited: &Value, defaults: &Value) -> Value {
    let mut shown = edited.clone();
    prepare(&mut shown);
    let templates = shown["defaults"].clone();
    for (list, id, template) in [
        ("folders", "id", "folder"),
        ("devices", "deviceID", "device"),
    ] {
        let items = shown[list].as_array_mut().unwrap();
        for item in items.iter_mut() {
            fill(item, &templates[template]);
        }
        items.sort_by_key(|item| item[id].as_str().unwrap().to_owned());
    }
    for place in ["/options", "/gui", "/ldap"] {
        fill(
            shown.pointer_mut(place).unwrap(),
            defaults.pointer(place).unwrap(),
        );
    }
    shown
}

fn fill(item: &mut Value, defaults: &Value) {
    for (key, value) in defaults.as_object().unwrap() {
        if item.get(key).is_none() {
            item[key] = value.clone();
        }
    }
}

fn sorted(mut config: Value) -> Value {
    for (list, id) in [("folders", "id"), ("devices", "deviceID")] {
        let items = config[list].as_array_mut().unwrap();
        items.sort_by_key(|item| item[id].as_str().unwrap().to_owned());
    }
    config
}

fn starts() -> [Value; 3] {
    [
        start(include_str!("../../../../tests/fixtures/1.19/config.json")),
        start(include_str!("../../../../tests/fixtures/1.29/config.json")),
        start(include_str!("../../../../tests/fixtures/2.x/config.json")),
    ]
}

#[test]
fn the_planned_calls_make_exactly_the_edited_configuration() {
    let mut refusals = 0;
    for before in starts() {
        let defaults = defaults(&before);
        for seed in 0..CASES {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut after = before.clone();
            for _ in 0..random.u8(1..5) {
                edit(&mut random, &mut after);
            }
            let changes = match plan(&before, &after, OWN) {
                Ok(changes) => changes,
                Err(refused) => {
                    refusals += 1;
                    assert!(
                        refused.0.contains("of the template"),
                        "seed {seed}: {refused:?}"
                    );
                    continue;
                }
            };
            let mut daemon = Daemon::new(before.clone(), defaults.clone());
            for change in &changes {
                assert!(change.endpoint().is_some(), "{change}");
                daemon.apply(change);
            }
            let expected = as_shown(&after, &defaults);
            assert_eq!(sorted(daemon.config), expected, "seed {seed}: {changes:?}");
        }
    }
    assert!(refusals < CASES / 10, "{refusals}");
}

/// The object of the section that a change is about.
fn section<'a>(config: &'a Value, section: &Section) -> Option<&'a Value> {
    let named = |list: &str, key: &str, id: &str| {
        config[list]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item[key] == *id)
    };
    match section {
        Section::Folder(id) => named("folders", "id", id),
        Section::Device(id) => named("devices", "deviceID", id),
        Section::Options => config.get("options"),
        Section::Gui => config.get("gui"),
        Section::Ldap => config.get("ldap"),
        Section::DefaultFolder => config.pointer("/defaults/folder"),
        Section::DefaultDevice => config.pointer("/defaults/device"),
        _ => None,
    }
}

#[test]
fn a_key_that_was_not_edited_is_never_set() {
    let mut sets = 0;
    for before in starts() {
        for seed in 0..CASES {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut after = before.clone();
            for _ in 0..random.u8(1..5) {
                edit(&mut random, &mut after);
            }
            for change in plan(&before, &after, OWN).unwrap_or_default() {
                if change.action() != Action::Set {
                    continue;
                }
                let of = |config| section(config, change.section()).unwrap();
                for key in change.keys() {
                    sets += 1;
                    let same = of(&before).get(key) == of(&after).get(key);
                    assert!(!same, "seed {seed}: {key} in {change}");
                }
            }
        }
    }
    assert!(sets > 1000, "{sets}");
}

#[test]
fn what_another_client_changes_meanwhile_stays() {
    let before = starts()[2].clone();
    let defaults = defaults(&before);
    let mut kept = 0;
    for seed in 0..CASES {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut after = before.clone();
        edit(&mut random, &mut after);
        let changes = plan(&before, &after, OWN).unwrap_or_default();
        let is_small = |change: &Change| matches!(change.action(), Action::Set | Action::Add);
        let edited = |place: &str| before.pointer(place) != after.pointer(place);
        let places = [
            "/folders/1/label",
            "/options/urSeen",
            "/gui/user",
            "/devices/1/name",
        ];
        if !changes.iter().all(is_small) || places.iter().any(|place| edited(place)) {
            continue;
        }
        let mut daemon = Daemon::new(before.clone(), defaults.clone());
        for place in places {
            *daemon.config.pointer_mut(place).unwrap() = json!("by another");
        }
        for change in &changes {
            daemon.apply(change);
        }
        for place in places {
            kept += 1;
            assert_eq!(
                daemon.config.pointer(place).unwrap(),
                "by another",
                "seed {seed}: {changes:?}"
            );
        }
    }
    assert!(kept > 1000, "{kept}");
}

#[test]
fn the_model_of_the_daemon_does_what_was_measured() {
    let size = json!({"minDiskFree": {"value": 1, "unit": "%"}, "devices": [1, 2], "label": "x"});
    let merged = over(
        &size,
        &json!({"minDiskFree": {"value": 5}, "label": null, "bogus": 1, "devices": []}),
    );
    assert_eq!(
        merged,
        json!({"minDiskFree": {"value": 5, "unit": "%"}, "devices": [], "label": "x"})
    );
    let versioning = json!({"versioning": {"params": {"keep": "5"}, "cleanupIntervalS": 7200, "fsType": "fake"}});
    let merged = over(
        &versioning,
        &json!({"versioning": {"params": {"maxAge": "1"}}}),
    );
    assert_eq!(
        merged["versioning"],
        json!({"params": {"keep": "5", "maxAge": "1"}, "cleanupIntervalS": 3600, "fsType": "basic"})
    );
}
