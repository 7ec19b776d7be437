//! The ObexCode SyncServer interface.

pub mod atom;
pub mod atompub;
pub mod oauth1;
pub mod time;
pub mod api;
mod client;
#[cfg(feature = "emulator")]
pub mod emulator;
mod error;
pub mod model;
mod wire;

pub use sync_core::{CallOptions, Clock, Error, ErrorKind, Secret};

pub use crate::client::{
    PathMap, Paths, RebaseRule, ResourceStream, Role, SyncServerApi, SyncServerApiBuilder, SyncServerAuth,
};
pub use crate::error::{ErrorClass, OcssError, OcssErrorExt, Reason};
