//! The exact request of every endpoint, and of every method of the seed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod browse;
#[path = "../common/mod.rs"]
mod common;
mod config;
mod connecting;
mod folder;
#[cfg(feature = "discover")]
mod home;
mod limits;
mod pin;
mod refused;
mod seed;
mod system;

use syncthing_rest::Endpoint;

use crate::pin::Pins;

#[tokio::test]
async fn every_endpoint_sends_exactly_its_request() {
    let mut pins = Pins::start().await;
    system::all(&mut pins).await;
    config::all(&mut pins).await;
    folder::all(&mut pins).await;
    let missing: Vec<_> = Endpoint::all()
        .iter()
        .map(|endpoint| endpoint.operation().name())
        .filter(|name| !pins.covered().contains(name))
        .collect();
    assert!(
        missing.is_empty(),
        "endpoints without a pinned request: {missing:?}"
    );
}
