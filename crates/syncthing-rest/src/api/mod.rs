//! The calls, by what they are about.
//!
//! A handle such as [`FolderHandle`] comes from a [`Client`] and costs no more
//! than a clone of it. Its methods make a [`Call`], which can be awaited as it is
//! or be given limits first; what takes more than one call is an `async fn`. For
//! every endpoint of the daemon there is one method.
//!
//! What the daemon cannot have meant is refused before anything is sent, as
//! [`ErrorKind::Config`](crate::ErrorKind::Config).

mod checks;
mod cluster;
mod config;
mod db;
mod debug;
mod device;
mod folder;
mod noauth;
mod paged;
mod stats;
mod svc;
mod system;

use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use sync_core::{Call, CallOptions};

pub use self::cluster::Cluster;
pub use self::config::Configuration;
pub use self::db::Database;
pub use self::debug::Debugging;
pub use self::device::DeviceHandle;
pub use self::folder::{Browse, Entry, FolderHandle, Scan};
pub use self::noauth::{NoAuth, Session};
pub use self::paged::{Needed, Paged, Rows, Stage};
pub use self::stats::Statistics;
pub use self::svc::Services;
pub use self::system::System;
use crate::Client;
use crate::model::{DeviceId, FolderId};

impl Client {
    /// The daemon itself: version, status, log, restart.
    pub fn system(&self) -> System {
        System::new(self.clone())
    }

    /// The daemon's configuration.
    pub fn config(&self) -> Configuration {
        Configuration::new(self.clone())
    }

    /// What other devices offer and this one has not taken yet.
    pub fn cluster(&self) -> Cluster {
        Cluster::new(self.clone())
    }

    /// One folder, by its ID (not its label, nor its path).
    pub fn folder(&self, id: impl Into<FolderId>) -> FolderHandle {
        FolderHandle::new(self.clone(), id.into())
    }

    /// One device.
    pub fn device(&self, id: DeviceId) -> DeviceHandle {
        DeviceHandle::new(self.clone(), id)
    }

    /// What concerns all folders at once.
    pub fn db(&self) -> Database {
        Database::new(self.clone())
    }

    /// What the daemon remembers over restarts.
    pub fn stats(&self) -> Statistics {
        Statistics::new(self.clone())
    }

    /// Small services.
    pub fn svc(&self) -> Services {
        Services::new(self.clone())
    }

    /// Measurements and profiles, for who looks for a fault.
    pub fn debug(&self) -> Debugging {
        Debugging::new(self.clone())
    }

    /// What needs no API key.
    pub fn noauth(&self) -> NoAuth {
        NoAuth::new(self.clone())
    }
}

/// Reads JSON in which `null` stands for "none".
fn or_default<T: DeserializeOwned + Default + 'static>(call: Call<Bytes>) -> Call<T> {
    call.json::<Option<T>>().map(Option::unwrap_or_default)
}

/// The limits of a call for which the daemon works before it answers: it gives
/// up after `wait`, repetitions included. The body keeps its limit of silence.
fn answered_within(wait: Duration) -> impl FnOnce(CallOptions) -> CallOptions {
    move |options| {
        options
            .first_byte_timeout(wait)
            .attempt_timeout(None)
            .total_timeout(wait)
    }
}
