//! What is in a bucket.

use super::name::Key;

/// An object and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Versioned<T> {
    /// Its version, from 1, one more at every change. `None` if the service
    /// did not say it.
    pub version: Option<u64>,
    /// The object.
    pub data: T,
}

/// An entity in the index of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<T> {
    /// Its key.
    pub key: Key,
    /// Its version.
    pub version: u64,
    /// The object, if it was asked for.
    pub data: Option<T>,
}
