//! Editing the configuration without losing what others write meanwhile.
//!
//! The daemon has no versions or locks for its configuration: who sends the
//! whole of it back undoes whatever was changed since it was read, and a
//! partial `PUT` resets what it leaves out. So an edit here is a closure over
//! the typed configuration; what it changed is found by comparing, and sent as
//! the smallest set of calls:
//!
//! ```no_run
//! # async fn run(client: syncthing_rest::Client) -> Result<(), syncthing_rest::Error> {
//! let edited = client
//!     .config()
//!     .edit(|config| {
//!         config.options.max_send_kbps = 500;
//!         if let Some(photos) = config.folder_mut(&"photos".into()) {
//!             photos.label = "Photos".into();
//!         }
//!     })
//!     .await?;
//! for change in &edited.changes {
//!     println!("{change}"); // set in folder photos: label
//! }
//! # Ok(())
//! # }
//! ```
//!
//! An optional field set to `None` that the daemon has sent goes back to its
//! default: the user's (the template for folders or devices), or else the
//! daemon's. Keys unknown to this crate are left alone.

mod change;
mod cluster;
mod diff;
mod handles;
mod item;

use std::fmt;

use serde_json::Value;
use sync_core::Error;

pub use self::change::{Action, Change, Section};
pub(crate) use self::diff::is_addressable;
use self::item::{edit_device, edit_folder};
use crate::model::config::RestartRequired;
use crate::model::system::SystemStatus;
use crate::model::{Config, DeviceId};
use crate::{Client, endpoints};

/// What an edit has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Edited {
    /// The calls that were made, in their order; none if nothing was changed.
    pub changes: Vec<Change>,
    /// Whether the daemon must be restarted for its configuration to apply.
    /// `None` if nothing was changed, and so not asked.
    pub restart_required: Option<bool>,
}

impl Edited {
    /// Whether anything was sent.
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    const NOTHING: Self = Self {
        changes: Vec::new(),
        restart_required: None,
    };
}

/// An edit that could not be made, or not to its end.
///
/// Becomes the plain [`Error`] by `?`.
#[non_exhaustive]
pub struct EditError {
    /// What was made before. All calls of an edit may be made again.
    pub done: Vec<Change>,
    /// The change that failed; `None` if it failed before the first, or after
    /// the last.
    pub failed: Option<Change>,
    /// Why.
    pub error: Error,
}

impl From<Error> for EditError {
    fn from(error: Error) -> Self {
        Self {
            done: Vec::new(),
            failed: None,
            error,
        }
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Self {
        error.error
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failed {
            Some(failed) => write!(f, "the edit stopped at \"{failed}\"")?,
            None => f.write_str("the edit was not made")?,
        }
        match self.done.len() {
            0 => Ok(()),
            done => write!(f, " after {done} changes"),
        }
    }
}

impl fmt::Debug for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EditError")
            .field("done", &self.done)
            .field("failed", &self.failed)
            .field("error", &self.error)
            .finish()
    }
}

impl std::error::Error for EditError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Reads the configuration, lets `change` edit it, and sends the difference.
async fn edit(
    client: &Client,
    change: impl FnOnce(&mut Config) -> Result<(), Error>,
) -> Result<Edited, EditError> {
    let mut config = client
        .call(&endpoints::CONFIG)
        .json::<Box<Config>>()
        .await?;
    let own = own_id(client).await?;
    let before = to_json(&config)?;
    change(&mut config)?;
    let after = to_json(&config)?;
    drop(config);
    let changes = diff::plan(&before, &after, &own.to_string())
        .map_err(|refused| Error::config(refused.0))?;
    send_all(client, changes).await
}

/// Makes the changes one after the other.
async fn send_all(client: &Client, changes: Vec<Change>) -> Result<Edited, EditError> {
    let mut edited = Edited::NOTHING;
    let mut left = changes.into_iter().peekable();
    while let Some(change) = left.next() {
        // A change of `gui` comes last. It never needs a restart itself, but
        // the daemon may be reached differently after it: so ask before.
        if *change.section() == Section::Gui {
            edited.restart_required = Some(restart_required(client, &edited.changes).await?);
        }
        match send(client, &change).await {
            Ok(()) => edited.changes.push(change),
            Err(error) => {
                return Err(EditError {
                    done: edited.changes,
                    failed: Some(change),
                    error,
                });
            }
        }
        if left.peek().is_none() && edited.restart_required.is_none() {
            edited.restart_required = Some(restart_required(client, &edited.changes).await?);
        }
    }
    Ok(edited)
}

async fn send(client: &Client, change: &Change) -> Result<(), Error> {
    let Some((endpoint, id)) = change.endpoint() else {
        return Err(Error::encode(format!("no call can {change}")));
    };
    let mut call = client.call(endpoint);
    if let Some(id) = id {
        call = call.path(id);
    }
    if *change.body() != Value::Null {
        call = call.json_body(change.body());
    }
    call.empty().await
}

async fn restart_required(client: &Client, done: &[Change]) -> Result<bool, EditError> {
    match client
        .call(&endpoints::CONFIG_RESTART_REQUIRED)
        .json::<RestartRequired>()
        .await
    {
        Ok(answer) => Ok(answer.requires_restart),
        Err(error) => Err(EditError {
            done: done.to_vec(),
            failed: None,
            error,
        }),
    }
}

/// The daemon's own ID: from the head of its last answer, unless a proxy has
/// taken that out.
pub(crate) async fn own_id(client: &Client) -> Result<DeviceId, Error> {
    match client.daemon() {
        Some(daemon) => Ok(daemon.id),
        None => Ok(client
            .call(&endpoints::STATUS)
            .json::<SystemStatus>()
            .await?
            .my_id),
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| {
        Error::encode("the configuration cannot be written as JSON").with_source(error)
    })
}
