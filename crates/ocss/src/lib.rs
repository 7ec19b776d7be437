//! The ObexCode SyncServer interface.

pub mod atom;
pub mod atompub;
pub mod oauth1;
pub mod time;
