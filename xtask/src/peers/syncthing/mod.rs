//! Syncthing daemons on loopback, each in a home of its own.

mod builder;
mod config;
mod daemon;
mod http;

use std::fmt;

pub use builder::Builder;
pub use daemon::Daemon;
pub use http::Answer;

use super::catalogue::{SYNCTHING_1_19, SYNCTHING_1_29};
use super::{Found, Missing, Peer};

/// The releases that a machine with Debian's archive can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// 1.19.2 of Debian 12 (bookworm).
    V1_19,
    /// 1.29.5 of Debian 13 (trixie); it runs on Debian 12 too.
    V1_29,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: &'static [Self] = &[Self::V1_19, Self::V1_29];

    /// The peer that provides this version.
    pub fn peer(self) -> &'static Peer {
        match self {
            Self::V1_19 => &SYNCTHING_1_19,
            Self::V1_29 => &SYNCTHING_1_29,
        }
    }

    /// Where the daemon's program is; see [`Peer::find`].
    pub fn find(self) -> Result<Found, Missing> {
        self.peer().find()
    }

    /// Whether a test can go on; see [`Peer::present_or_skip`].
    pub fn present_or_skip(self) -> Result<bool, Missing> {
        self.peer().present_or_skip()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.peer().fmt(f)
    }
}

/// Where the daemon's program of this version is; see [`Peer::find`].
pub fn available(version: Version) -> Result<std::path::PathBuf, Missing> {
    version.find().map(|found| found.path)
}
