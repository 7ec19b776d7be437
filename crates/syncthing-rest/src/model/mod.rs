//! Everything the daemon sends and takes, typed.
//!
//! No field is required: what a daemon leaves out, or sends as `null`, has its
//! default. What it sends beside the named fields is kept in `extra`, and a text
//! without a name in an enumeration's `Other`, so that a newer daemon loses
//! nothing. Fields that only some versions have are an `Option`.

pub mod cluster;
pub mod config;
pub mod db;
pub mod debug;
pub mod events;
mod folder;
mod ids;
pub mod noauth;
pub mod stats;
pub mod svc;
pub mod system;
mod time;
mod version;

pub use config::Config;
pub use events::{Event, EventKind, EventType};
pub use folder::{
    FileError, FileVersion, FileVersions, FolderErrors, RestoreFailures, RestoreVersions,
};
pub use ids::{DeviceId, DeviceIdError, FolderId, ShortId};
pub use time::{Time, TimeError};
pub use version::Version;
