//! The one way a call travels.

pub mod auth;
pub mod call;
pub mod clock;
pub mod error;
pub mod json;
mod pipeline;
pub mod policy;
pub mod redact;
mod secret;
pub mod stream;
pub mod transport;

#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "testing")]
pub mod testing;

pub use crate::call::{Call, CallOptions};
pub use crate::clock::Clock;
pub use crate::error::{ApiError, Error, ErrorKind, StopReason};
pub use crate::pipeline::{Pipeline, PipelineBuilder, PlainService, Service};
pub use crate::secret::Secret;
pub use crate::transport::{Body, Operation, Transport, TransportError};
