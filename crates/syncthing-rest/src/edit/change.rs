//! One call of an edit.

use std::fmt;

use serde_json::Value;

use super::diff::is_addressable;
use crate::Endpoint;
use crate::endpoints as e;

/// A part of the configuration that has an address of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Section {
    /// All of it: `/rest/config`.
    All,
    /// The folder with this ID.
    Folder(String),
    /// The device with this ID.
    Device(String),
    /// The daemon's options.
    Options,
    /// The web interface and this API.
    Gui,
    /// The directory of users.
    Ldap,
    /// The template for folders.
    DefaultFolder,
    /// The template for devices.
    DefaultDevice,
    /// The first ignore patterns of new folders.
    DefaultIgnores,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("the configuration"),
            Self::Folder(id) => write!(f, "folder {id}"),
            Self::Device(id) => write!(f, "device {id}"),
            Self::Options => f.write_str("options"),
            Self::Gui => f.write_str("gui"),
            Self::Ldap => f.write_str("ldap"),
            Self::DefaultFolder => f.write_str("the template for folders"),
            Self::DefaultDevice => f.write_str("the template for devices"),
            Self::DefaultIgnores => f.write_str("the ignore patterns of new folders"),
        }
    }
}

/// What is done to a [`Section`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// It is added (`POST`).
    Add,
    /// Some of its keys are set, the others stay as they are (`PATCH`).
    Set,
    /// It is replaced as a whole (`PUT`, or `POST` to the list for a folder whose
    /// ID has a slash).
    Replace,
    /// It is removed (`DELETE`).
    Remove,
}

/// One call of an edit.
///
/// `Display` and `Debug` name what is changed and never a value: values may be
/// passwords.
#[derive(Clone, PartialEq)]
pub struct Change {
    section: Section,
    action: Action,
    body: Value,
}

impl Change {
    pub(super) fn new(section: Section, action: Action, body: Value) -> Self {
        Self {
            section,
            action,
            body,
        }
    }

    /// What is changed.
    pub fn section(&self) -> &Section {
        &self.section
    }

    /// What is done to it.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The keys that are sent; none for a list or a removal.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.body
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
    }

    /// What is sent. It may hold secrets.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The endpoint, and what fills the place in its path.
    pub(super) fn endpoint(&self) -> Option<(&'static Endpoint, Option<&str>)> {
        use Action::{Add, Remove, Replace, Set};
        Some(match (&self.section, self.action) {
            (Section::All, Replace) => (&e::CONFIG_PUT, None),
            (Section::Folder(_), Add) => (&e::FOLDERS_POST, None),
            (Section::Folder(id), Set) => (&e::FOLDER_PATCH, Some(id)),
            (Section::Folder(id), Replace) if is_addressable(id) => (&e::FOLDER_PUT, Some(id)),
            (Section::Folder(_), Replace) => (&e::FOLDERS_POST, None),
            (Section::Folder(id), Remove) => (&e::FOLDER_DELETE, Some(id)),
            (Section::Device(_), Add) => (&e::DEVICES_POST, None),
            (Section::Device(id), Set) => (&e::DEVICE_PATCH, Some(id)),
            (Section::Device(id), Replace) => (&e::DEVICE_PUT, Some(id)),
            (Section::Device(id), Remove) => (&e::DEVICE_DELETE, Some(id)),
            (Section::Options, Set) => (&e::OPTIONS_PATCH, None),
            (Section::Options, Replace) => (&e::OPTIONS_PUT, None),
            (Section::Gui, Set) => (&e::GUI_PATCH, None),
            (Section::Gui, Replace) => (&e::GUI_PUT, None),
            (Section::Ldap, Set) => (&e::LDAP_PATCH, None),
            (Section::Ldap, Replace) => (&e::LDAP_PUT, None),
            (Section::DefaultFolder, Set) => (&e::DEFAULTS_FOLDER_PATCH, None),
            (Section::DefaultFolder, Replace) => (&e::DEFAULTS_FOLDER_PUT, None),
            (Section::DefaultDevice, Set) => (&e::DEFAULTS_DEVICE_PATCH, None),
            (Section::DefaultDevice, Replace) => (&e::DEFAULTS_DEVICE_PUT, None),
            (Section::DefaultIgnores, Replace) => (&e::DEFAULTS_IGNORES_PUT, None),
            _ => return None,
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Action::Add => write!(f, "add {}", self.section),
            Action::Remove => write!(f, "remove {}", self.section),
            Action::Replace => write!(f, "replace {}", self.section),
            Action::Set => {
                write!(f, "set in {}:", self.section)?;
                for (at, key) in self.keys().enumerate() {
                    write!(f, "{} {key}", if at == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({self})")
    }
}
