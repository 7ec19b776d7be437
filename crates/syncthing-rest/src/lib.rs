//! Syncthing.

pub mod api;
mod client;
#[cfg(feature = "discover")]
pub mod discover;
pub mod edit;
mod endpoints;
mod error;
pub mod events;
pub mod model;
pub mod wait;
mod seed;
mod wire;

pub use sync_core::{Call, CallOptions, Error, ErrorKind, Secret};

pub use crate::client::{Client, ClientBuilder, Daemon};
pub use crate::endpoints::Endpoint;
pub use crate::error::{SyncthingError, SyncthingErrorExt, Unauthorized};
