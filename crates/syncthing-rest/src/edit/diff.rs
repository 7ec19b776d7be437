//! From two configurations to the calls that turn one into the other.
//!
//! Pure: JSON in, calls out. The rules follow from what the daemon does with a
//! body (measured on 1.19.2 and 2.1.3):
//!
//! - `PATCH` sets the keys that are given. A list is replaced as a whole, an
//!   object is merged, `null` leaves the old value. So nothing can be taken out
//!   of an object (a versioning parameter, for example) by `PATCH`.
//! - Some inner objects (`versioning`) fall back to defaults in the keys that
//!   are left out, others keep them. An inner object is always sent whole,
//!   which is right for both.
//! - `PUT` and `POST` start from defaults instead, so `PUT` is used only where a
//!   key has to go, and then with everything that was read. For a folder or
//!   device these are the user's templates, and maps merge here too: a
//!   versioning parameter of the template cannot be kept out of a folder.
//! - A folder whose ID has a slash in it cannot be addressed. A `POST` to the
//!   list of folders replaces it. Neither that nor a `PUT` of the list removes
//!   any: the list is added to what is there.
//! - Only with the configuration as a whole can such a folder be removed, or
//!   the ignored devices and keys unknown here be changed.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::change::{Action, Change, Section};

type Object = Map<String, Value>;

/// An edit that cannot or must not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) String);

/// The calls that make `after` out of `before`, in the order in which they must
/// be made. Both are whole configurations of the device `own`.
pub(super) fn plan(before: &Value, after: &Value, own: &str) -> Result<Vec<Change>, Refused> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Err(Refused("a configuration must be an object".to_owned()));
    };
    let mut after = after.clone();
    add_own_device(&mut after, own);
    let after = &after;
    if before == after {
        return Ok(Vec::new());
    }
    check(before, after, own)?;
    let devices = Items::compare(before, after, "devices", "deviceID");
    let folders = Items::compare(before, after, "folders", "id");
    if needs_whole(before, after) || !folders.removed.iter().all(|id| is_addressable(id)) {
        items(after, "folders", "id").try_for_each(|(_, folder)| check_params(after, folder))?;
        let body = Value::Object(after.clone());
        return Ok(vec![Change::new(Section::All, Action::Replace, body)]);
    }

    // What is replaced starts from the templates, a folder may only be shared
    // with devices that are there, and the API may be reached differently after
    // a change of `gui`: that decides the order.
    let mut changes = Vec::new();
    if let (Some(before), Some(after)) = (object(before, "defaults"), object(after, "defaults")) {
        change_section(
            before,
            after,
            "folder",
            Section::DefaultFolder,
            &mut changes,
        );
        change_section(
            before,
            after,
            "device",
            Section::DefaultDevice,
            &mut changes,
        );
        if before.get("ignores") != after.get("ignores") {
            let body = after.get("ignores").cloned().unwrap_or_default();
            changes.push(Change::new(Section::DefaultIgnores, Action::Replace, body));
        }
    }
    devices.add_and_change(Section::Device, &mut changes);
    folders.remove(Section::Folder, &mut changes);
    folders.add_and_change(Section::Folder, &mut changes);
    devices.remove(Section::Device, &mut changes);
    change_section(before, after, "options", Section::Options, &mut changes);
    change_section(before, after, "ldap", Section::Ldap, &mut changes);
    change_section(before, after, "gui", Section::Gui, &mut changes);
    for change in &changes {
        let whole = matches!(change.action(), Action::Add | Action::Replace);
        if let (true, Section::Folder(_), Value::Object(folder)) =
            (whole, change.section(), change.body())
        {
            check_params(after, folder)?;
        }
    }
    Ok(changes)
}

/// The call that makes one folder or device out of another; none when they are
/// the same.
pub(super) fn plan_item(before: &Object, after: &Object, section: Section) -> Option<Change> {
    match delta(before, after) {
        Delta::None => None,
        Delta::Set(keys) if can_be_set(&section) => {
            Some(Change::new(section, Action::Set, Value::Object(keys)))
        }
        Delta::Set(_) | Delta::Replace => Some(Change::new(
            section,
            Action::Replace,
            Value::Object(after.clone()),
        )),
    }
}

fn can_be_set(section: &Section) -> bool {
    match section {
        Section::Folder(id) => is_addressable(id),
        _ => true,
    }
}

/// Whether the daemon's router can find an item with this ID by its path.
pub(crate) fn is_addressable(id: &str) -> bool {
    !id.contains('/') && !matches!(id, "." | "..")
}

/// The difference of two objects as one call can make it.
enum Delta {
    None,
    Set(Object),
    Replace,
}

fn delta(before: &Object, after: &Object) -> Delta {
    if loses_key(before, after) {
        return Delta::Replace;
    }
    let mut keys = Object::new();
    for (key, value) in after {
        match before.get(key) {
            Some(old) if old == value => {}
            None if value.is_null() => {}
            Some(old) if loses(old, value) => return Delta::Replace,
            _ => {
                keys.insert(key.clone(), value.clone());
            }
        }
    }
    if keys.is_empty() {
        Delta::None
    } else {
        Delta::Set(keys)
    }
}

/// Whether something in `before` is missing in `after`, so that a merge would
/// bring it back. Elements of lists are compared place by place, because Go
/// decodes into the element that was there.
fn loses(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            loses_key(before, after)
                || before
                    .iter()
                    .any(|(key, old)| after.get(key).is_some_and(|new| loses(old, new)))
        }
        (Value::Array(before), Value::Array(after)) => {
            before.iter().zip(after).any(|(old, new)| loses(old, new))
        }
        _ => false,
    }
}

fn loses_key(before: &Object, after: &Object) -> bool {
    before
        .iter()
        .any(|(key, old)| !old.is_null() && after.get(key).is_none_or(Value::is_null))
}

fn change_section(
    before: &Object,
    after: &Object,
    key: &str,
    section: Section,
    changes: &mut Vec<Change>,
) {
    if let (Some(before), Some(after)) = (object(before, key), object(after, key)) {
        changes.extend(plan_item(before, after, section));
    }
}

fn object<'a>(of: &'a Object, key: &str) -> Option<&'a Object> {
    of.get(key).and_then(Value::as_object)
}

/// Two lists of objects, compared by the ID in them. Their order has no meaning.
struct Items<'a> {
    added: Vec<(&'a str, &'a Object)>,
    changed: Vec<(&'a str, &'a Object, &'a Object)>,
    removed: Vec<&'a str>,
}

fn items<'a>(
    config: &'a Object,
    list: &str,
    id: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Object)> {
    let list = config
        .get(list)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    list.filter_map(move |item| {
        let item = item.as_object()?;
        Some((
            item.get(id).and_then(Value::as_str).unwrap_or_default(),
            item,
        ))
    })
}

impl<'a> Items<'a> {
    fn compare(before: &'a Object, after: &'a Object, list: &str, id: &'a str) -> Self {
        let mut result = Self {
            added: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
        };
        for (name, new) in items(after, list, id) {
            match items(before, list, id).find(|(other, _)| *other == name) {
                None => result.added.push((name, new)),
                Some((_, old)) if old != new => result.changed.push((name, old, new)),
                Some(_) => {}
            }
        }
        for (name, _) in items(before, list, id) {
            if items(after, list, id).all(|(other, _)| other != name) {
                result.removed.push(name);
            }
        }
        result
    }

    fn add_and_change(&self, section: fn(String) -> Section, changes: &mut Vec<Change>) {
        for (id, item) in &self.added {
            let body = Value::Object((*item).clone());
            changes.push(Change::new(section((*id).to_owned()), Action::Add, body));
        }
        for (id, before, after) in &self.changed {
            changes.extend(plan_item(before, after, section((*id).to_owned())));
        }
    }

    fn remove(&self, section: fn(String) -> Section, changes: &mut Vec<Change>) {
        for id in &self.removed {
            changes.push(Change::new(
                section((*id).to_owned()),
                Action::Remove,
                Value::Null,
            ));
        }
    }
}

fn check_params(config: &Object, folder: &Object) -> Result<(), Refused> {
    let template = object(config, "defaults").and_then(|defaults| object(defaults, "folder"));
    template.map_or(Ok(()), |template| check_template(template, folder))
}

/// Refuses to send a folder whole if the daemon would add versioning parameters
/// of the template to it. They might delete old versions that are to be kept.
pub(super) fn check_template(template: &Object, folder: &Object) -> Result<(), Refused> {
    let params = |of| object(object(of, "versioning")?, "params");
    let versioning = object(folder, "versioning").and_then(|versioning| versioning.get("type"));
    if versioning.and_then(Value::as_str).is_none_or(str::is_empty) {
        return Ok(());
    }
    let own = params(folder);
    let mut keys = params(template).into_iter().flatten().map(|(key, _)| key);
    match keys.find(|key| own.is_none_or(|own| !own.contains_key(*key))) {
        None => Ok(()),
        Some(key) => Err(Refused(format!(
            "the daemon would add the versioning parameter {key:?} of the template for folders to \
             the folder {}; take it out of the template first",
            folder.get("id").unwrap_or(&Value::Null),
        ))),
    }
}

/// Whether something changed that only `PUT /rest/config` reaches.
fn needs_whole(before: &Object, after: &Object) -> bool {
    const SECTIONS: [&str; 6] = ["folders", "devices", "gui", "ldap", "options", "defaults"];
    const TEMPLATES: [&str; 3] = ["folder", "device", "ignores"];
    if differ_beside(before, after, &SECTIONS) {
        return true;
    }
    match (object(before, "defaults"), object(after, "defaults")) {
        (Some(before), Some(after)) => differ_beside(before, after, &TEMPLATES),
        _ => before.get("defaults") != after.get("defaults"),
    }
}

fn differ_beside(before: &Object, after: &Object, known: &[&str]) -> bool {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| !known.contains(&key.as_str()))
        .any(|key| before.get(key) != after.get(key))
}

/// What the daemon does itself: this device is in every folder's list.
fn add_own_device(config: &mut Object, own: &str) {
    let folders = config.get_mut("folders").and_then(Value::as_array_mut);
    for folder in folders.into_iter().flatten() {
        let Some(devices) = folder.get_mut("devices").and_then(Value::as_array_mut) else {
            continue;
        };
        if !devices.iter().any(|device| device["deviceID"] == own) {
            devices.push(serde_json::json!({
                "deviceID": own, "introducedBy": "", "encryptionPassword": "",
            }));
        }
    }
}

/// Refuses what the daemon would take and answer with 200, and nobody wants.
fn check(before: &Object, after: &Object, own: &str) -> Result<(), Refused> {
    let refuse = |text: String| Err(Refused(text));
    if before.get("version") != after.get("version") {
        return refuse("the version of the configuration's format cannot be edited".to_owned());
    }
    let mut seen = BTreeSet::new();
    for (id, folder) in items(after, "folders", "id") {
        if id.is_empty() {
            return refuse("a folder needs an ID".to_owned());
        }
        if !seen.insert(id) {
            return refuse(format!("there are two folders with the ID {id:?}"));
        }
        // Daemons up to 1.29.5 would share the home directory, keys included.
        let path = folder
            .get("path")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let unchanged = items(before, "folders", "id").any(|(_, old)| old == folder);
        if path.trim().is_empty() && !unchanged {
            return refuse(format!("the folder {id:?} needs a path"));
        }
    }
    seen.clear();
    for (id, _) in items(after, "devices", "deviceID") {
        if id.is_empty() {
            return refuse("a device needs an ID".to_owned());
        }
        if !seen.insert(id) {
            return refuse(format!("the device {id} is there twice"));
        }
    }
    let had_own = items(before, "devices", "deviceID").any(|(id, _)| id == own);
    if had_own && !seen.contains(own) {
        return refuse("this device cannot be removed from its own configuration".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
