//! What the daemon does with the calls, in memory.
//!
//! As measured: Go decodes a body over what is there (`PATCH`) or over defaults
//! (`PUT`, `POST`), which are the user's templates for folders and devices; `null` and unknown keys do nothing; objects and
//! maps merge; a list keeps the elements that it decodes over; `versioning`
//! begins with defaults in some keys; folders are shared with this device
//! always, and with devices that exist only.

use super::*;
use crate::edit::diff::items;

pub(super) struct Daemon {
    pub(super) config: Value,
    /// A configuration with all as built in.
    defaults: Value,
}

impl Daemon {
    pub(super) fn new(config: Value, defaults: Value) -> Self {
        Self { config, defaults }
    }

    pub(super) fn apply(&mut self, change: &Change) {
        let body = change.body();
        let folder = self.config["defaults"]["folder"].clone();
        let device = self.config["defaults"]["device"].clone();
        match (change.section(), change.action()) {
            (Section::All, Action::Replace) => {
                let mut config = over(&self.defaults, body);
                let templates = config["defaults"].clone();
                config["folders"] = each_over(&templates["folder"], &body["folders"]);
                config["devices"] = each_over(&templates["device"], &body["devices"]);
                self.config = config;
            }
            (Section::Folder(id), Action::Replace) if !is_addressable(id) => {
                self.put("folders", "id", over(&folder, body));
            }
            (Section::Folder(_), Action::Add) => self.put("folders", "id", over(&folder, body)),
            (Section::Device(_), Action::Add) => {
                self.put("devices", "deviceID", over(&device, body))
            }
            (Section::Folder(id), action) => self.item("folders", "id", id, action, &folder, body),
            (Section::Device(id), action) => {
                self.item("devices", "deviceID", id, action, &device, body);
            }
            (Section::Options, action) => self.section("/options", action, body),
            (Section::Gui, action) => self.section("/gui", action, body),
            (Section::Ldap, action) => self.section("/ldap", action, body),
            (Section::DefaultFolder, action) => self.section("/defaults/folder", action, body),
            (Section::DefaultDevice, action) => self.section("/defaults/device", action, body),
            (Section::DefaultIgnores, Action::Replace) => {
                self.config["defaults"]["ignores"] = body.clone();
            }
            other => panic!("the daemon has no such call: {other:?}"),
        }
        self.prepare();
    }

    fn section(&mut self, place: &str, action: Action, body: &Value) {
        let defaults = self.defaults.pointer(place).unwrap();
        let present = self.config.pointer_mut(place).unwrap();
        *present = match action {
            Action::Set => over(present, body),
            Action::Replace => over(defaults, body),
            other => panic!("no {other:?} of {place}"),
        };
    }

    fn item(
        &mut self,
        list: &str,
        id: &str,
        name: &str,
        action: Action,
        defaults: &Value,
        body: &Value,
    ) {
        assert!(is_addressable(name), "404 page not found: {name}");
        let at = self.config[list]
            .as_array()
            .unwrap()
            .iter()
            .position(|item| item[id] == *name);
        match (action, at) {
            (Action::Remove, at) => {
                let list = self.config[list].as_array_mut().unwrap();
                at.map(|at| list.remove(at));
            }
            (Action::Set, Some(at)) => {
                let item = over(&self.config[list][at], body);
                self.config[list][at] = item;
            }
            (Action::Replace, _) => self.put(list, id, over(defaults, body)),
            other => panic!("404: {name}, {other:?}"),
        }
    }

    /// The ID in the body decides, whatever the path was.
    fn put(&mut self, list: &str, id: &str, item: Value) {
        let list = self.config[list].as_array_mut().unwrap();
        match list.iter().position(|other| other[id] == item[id]) {
            Some(at) => list[at] = item,
            None => list.push(item),
        }
    }

    fn prepare(&mut self) {
        prepare(&mut self.config);
    }
}

/// What the daemon does to any configuration before it takes it.
pub(super) fn prepare(config: &mut Value) {
    add_own_device(config.as_object_mut().unwrap(), OWN);
    let known: BTreeSet<String> = {
        let config = config.as_object().unwrap();
        items(config, "devices", "deviceID")
            .map(|(id, _)| id.to_owned())
            .collect()
    };
    for folder in config["folders"].as_array_mut().unwrap() {
        let devices = folder["devices"].as_array_mut().unwrap();
        devices.retain(|device| known.contains(device["deviceID"].as_str().unwrap()));
    }
}

fn each_over(defaults: &Value, list: &Value) -> Value {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| over(defaults, item))
        .collect()
}

/// Decodes `body` over `present`.
pub(super) fn over(present: &Value, body: &Value) -> Value {
    decode(present, body, "")
}

fn decode(present: &Value, body: &Value, key: &str) -> Value {
    match (present, body) {
        (present, Value::Null) => present.clone(),
        (Value::Object(present), Value::Object(body)) => {
            let mut result = present.clone();
            if key == "versioning" {
                result.insert("cleanupIntervalS".to_owned(), json!(3600));
                result.insert("fsType".to_owned(), json!("basic"));
            }
            for (key, value) in body {
                match result.get(key) {
                    Some(old) => {
                        let value = decode(old, value, key);
                        result.insert(key.clone(), value);
                    }
                    // A map takes new keys, a struct drops them.
                    None if is_map(present) => drop(result.insert(key.clone(), value.clone())),
                    None => {}
                }
            }
            Value::Object(result)
        }
        (Value::Array(present), Value::Array(body)) => {
            let element = |(at, value): (usize, &Value)| match present.get(at) {
                Some(old) => decode(old, value, ""),
                None => value.clone(),
            };
            body.iter().enumerate().map(element).collect()
        }
        (_, body) => body.clone(),
    }
}

/// The only map in the configuration is `versioning.params`, from text to text.
/// Every struct has something else in it, or more keys.
fn is_map(object: &Object) -> bool {
    object
        .keys()
        .all(|key| ["keep", "cleanoutDays", "maxAge", "command"].contains(&key.as_str()))
}
