//! What is found wrong before anything is sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sync_core::Error;

use crate::model::config::{Config, Device, Folder, Gui};
use crate::model::{DeviceId, FolderId};

/// The key under which an object of the configuration carries its own ID.
#[derive(Clone, Copy)]
pub(super) enum IdKey<'a> {
    /// A folder's.
    Folder(&'a FolderId),
    /// A device's.
    Device(DeviceId),
    /// It has none.
    None,
}

/// A folder to be put into the configuration. Without a path, daemons up to
/// 1.29.5 share the user's home directory, keys and all; later ones refuse.
pub(super) fn folder(folder: &Folder) -> Result<(), Error> {
    if folder.id.is_empty() {
        return Err(Error::config("a folder must have an ID"));
    }
    if folder.path.trim().is_empty() {
        return Err(Error::config(format!(
            "the folder {:?} has no path: old daemons would share the whole home directory",
            folder.id.as_str()
        )));
    }
    Ok(())
}

/// A device to be put into the configuration.
pub(super) fn device(device: &Device) -> Result<(), Error> {
    if device.device_id.is_empty() {
        return Err(Error::config("a device must have an ID"));
    }
    Ok(())
}

/// The web interface to be put into the configuration. Without a key the
/// daemon makes one up, and nobody here knows it.
pub(super) fn gui(gui: &Gui) -> Result<(), Error> {
    if gui.api_key.expose().is_empty() {
        return Err(Error::config(
            "without an API key the daemon makes up a new one, and this client is locked out",
        ));
    }
    Ok(())
}

/// A whole configuration.
pub(super) fn config(config: &Config) -> Result<(), Error> {
    config.folders.iter().try_for_each(folder)?;
    config.devices.iter().try_for_each(device)?;
    gui(&config.gui)
}

/// The ID of a folder in a query. Some calls take a missing folder for "all",
/// so an empty ID must not get there.
pub(super) fn chosen(id: &FolderId) -> Result<(), Error> {
    if id.is_empty() {
        return Err(Error::config("the folder has no ID"));
    }
    Ok(())
}

/// The ID of a folder as a part of a path. The daemon decodes `%2F` before it
/// looks for the folder, so an ID with a slash leads nowhere.
pub(super) fn addressable(id: &FolderId) -> Result<(), Error> {
    chosen(id)?;
    match id.as_str() {
        id if id.contains('/') => Err(Error::config(format!(
            "the daemon cannot address the configuration of folder {id:?}, because its ID has a \
             slash; use edit()"
        ))),
        id @ ("." | "..") => Err(Error::config(format!(
            "the folder ID {id:?} cannot be part of a path; use edit()"
        ))),
        _ => Ok(()),
    }
}

/// The device ID as part of a path or query.
pub(super) fn named(id: DeviceId) -> Result<(), Error> {
    if id.is_empty() {
        return Err(Error::config("the empty device ID names no device"));
    }
    Ok(())
}

/// An object that is put at a path names the same ID as the path: the daemon
/// goes by the body.
pub(super) fn same_id(path: &impl ToString, body: &impl ToString) -> Result<(), Error> {
    let (path, body) = (path.to_string(), body.to_string());
    if path != body {
        return Err(Error::config(format!(
            "the object is {body:?} and not {path:?}: the daemon would change that one"
        )));
    }
    Ok(())
}

/// The changes of a `PATCH` as JSON text, if they do no harm.
pub(super) fn patch(changes: &(impl Serialize + ?Sized), id: IdKey<'_>) -> Result<Vec<u8>, Error> {
    let text = serde_json::to_vec(changes).map_err(|error| {
        Error::encode("the changes cannot be written as JSON").with_source(error)
    })?;
    let keys: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(&text)
        .map_err(|_| Error::config("changes are a JSON object of the keys to change"))?;
    // The daemon takes keys in any case.
    let value = |name: &str| {
        let found = keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| serde_json::from_str::<String>(value.get()).ok())
    };
    match id {
        IdKey::Folder(id) => {
            if let Some(body) = value("id") {
                same_id(id, &body)?;
            }
            if value("path").is_some_and(|path| path.trim().is_empty()) {
                return Err(Error::config(
                    "a folder without a path would share the whole home directory",
                ));
            }
        }
        IdKey::Device(id) => {
            if let Some(body) = value("deviceID") {
                same_id(&id, &body.parse().unwrap_or(DeviceId::EMPTY))?;
            }
        }
        IdKey::None => {}
    }
    if value("apiKey").is_some_and(|key| key.is_empty()) {
        return Err(Error::config(
            "without an API key the daemon makes up a new one, and this client is locked out",
        ));
    }
    Ok(text)
}

/// The keys of `current` that `new` leaves out and a `PUT` would reset.
pub(super) fn left_out(current: &[u8], new: &[u8]) -> Result<Vec<String>, serde_json::Error> {
    let current: BTreeMap<String, IgnoredAny> = serde_json::from_slice(current)?;
    let new: BTreeMap<String, IgnoredAny> = serde_json::from_slice(new)?;
    let missing = current.into_keys().filter(|key| !new.contains_key(key));
    Ok(missing.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "S534BXU-QOXZ34R-VRROXIM-IYGRNO3-2UMNL23-2ZIKXPW-FGL2AO2-NDUGHA7";

    #[test]
    fn a_folder_needs_an_id_and_a_path() {
        assert!(folder(&Folder::new("a", "/srv/a")).is_ok());
        for (id, path) in [("", "/srv/a"), ("a", ""), ("a", " \t")] {
            assert!(folder(&Folder::new(id, path)).is_err(), "{id:?} {path:?}");
        }
    }

    #[test]
    fn an_id_with_a_slash_is_not_addressable() {
        for id in ["", "a/b", ".", ".."] {
            assert!(addressable(&id.into()).is_err(), "{id:?}");
        }
        for id in ["a b", "ü%2F&+", "..."] {
            assert!(addressable(&id.into()).is_ok(), "{id:?}");
        }
    }

    #[test]
    fn a_patch_must_not_name_another_object_whatever_the_case_of_the_key() {
        let id = FolderId::from("a");
        let device: DeviceId = ID.parse().unwrap();
        for key in ["id", "ID", "Id"] {
            assert!(
                patch(&json!({ key: "b" }), IdKey::Folder(&id)).is_err(),
                "{key}"
            );
            assert!(
                patch(&json!({ key: "a" }), IdKey::Folder(&id)).is_ok(),
                "{key}"
            );
        }
        for key in ["deviceID", "deviceid"] {
            let other = "MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD";
            assert!(
                patch(&json!({ key: other }), IdKey::Device(device)).is_err(),
                "{key}"
            );
            assert!(
                patch(&json!({ key: ID.to_lowercase() }), IdKey::Device(device)).is_ok(),
                "{key}"
            );
        }
    }

    #[test]
    fn a_patch_is_an_object_and_takes_neither_path_nor_key_away() {
        let id = FolderId::from("a");
        assert!(patch(&json!([1]), IdKey::None).is_err());
        assert!(patch(&json!({"PATH": ""}), IdKey::Folder(&id)).is_err());
        assert!(patch(&json!({"apikey": ""}), IdKey::None).is_err());
        assert_eq!(
            patch(&json!({"label": "x"}), IdKey::Folder(&id)).unwrap(),
            br#"{"label":"x"}"#
        );
    }

    #[test]
    fn keys_that_a_put_would_reset_are_found() {
        assert_eq!(
            left_out(br#"{"b":1,"a":null,"c":[]}"#, br#"{"c":0,"d":1}"#).unwrap(),
            ["a", "b"]
        );
        assert!(left_out(b"{}", b"[]").is_err());
    }
}
