//! How far a sync is.

use crate::schema::Label;

/// What a sync is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Objects come in and are written.
    Objects,
    /// All is here: constraints are checked, what is stale is removed,
    /// sequences are reset, and the transaction is committed.
    Finishing,
    /// Images are downloaded.
    Images,
}

/// How far a sync is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// What it is at.
    pub phase: Phase,
    /// Bytes of the body so far, decompressed.
    pub bytes: u64,
    /// How many bytes there will be, where the server says so.
    pub total_bytes: Option<u64>,
    /// Objects so far.
    pub objects: u64,
    /// The model of the last object.
    pub model: Option<&'a Label>,
    /// Files of images that are done, whatever came of them.
    pub images: u64,
    /// The attempt, counted from 1: with each, all begins anew.
    pub attempt: u32,
}
