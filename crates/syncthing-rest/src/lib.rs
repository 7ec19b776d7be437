//! Syncthing.

pub mod model;
mod wire;
