//! Webhooks: signatures, what is told, and the endpoint.

#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

mod endpoint;
mod event;
mod signatures;
mod support;
