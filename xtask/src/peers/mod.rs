//! Peers: programs nobody here wrote, which the clients are tested against.
//!
//! `cargo xtask peers install` fetches them below the target folder, `cargo
//! xtask test` passes their paths on in the environment (`PEER_SYNCTHING_1_19`
//! and so on), and a test asks for one like this:
//!
//! ```no_run
//! use xtask::peers::syncthing::{Daemon, Version};
//!
//! # fn main() -> std::io::Result<()> {
//! if !Version::V1_29.present_or_skip()? {
//!     return Ok(()); // said so, and counted as skipped
//! }
//! let daemon = Daemon::builder().version(Version::V1_29).start()?;
//! println!("{} {}", daemon.url(), daemon.api_key());
//! # Ok(())
//! # }
//! ```
//!
//! A started peer is ended when its value is dropped. What a killed test leaves
//! running is in the [`Registry`], and is ended by the next run.

mod apt;
mod catalogue;
mod install;
mod npm;
pub mod postgresql;
mod process;
mod registry;
mod session;
mod sources;
pub mod syncthing;
mod version;

use std::env;
use std::fmt;
use std::io;
use std::path::PathBuf;

pub use catalogue::{
    ALL, DJANGO_2_2, DJANGO_5_2, NODE_CONTENTSTACK, NODE_DATASYNC, NODE_DELIVERY_SDK,
    NODE_SIMPERIUM, Origin, PYTHON_CONTENTSTACK, PYTHON_FEEDPARSER, PYTHON_OAUTHLIB,
    PYTHON_SIMPERIUM3, Peer, Use,
};
pub use registry::{Record, Registry, Scope};
pub use session::{Event, Session};
pub use version::VersionNumber;

/// Set to `1` by `cargo xtask test --require-peers`: a missing peer is a failure.
pub const REQUIRE_PEERS: &str = "REQUIRE_PEERS";

/// A peer that is ready to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its program.
    pub path: PathBuf,
    /// Its version, as it says itself.
    pub version: VersionNumber,
}

/// A peer that isn't here, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The peer's name.
    pub peer: String,
    /// Why there is none.
    pub reason: String,
}

impl Missing {
    fn new(peer: &Peer, reason: impl Into<String>) -> Self {
        Self {
            peer: peer.name.to_owned(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, reason } = self;
        write!(
            f,
            "{peer}: {reason} (`cargo xtask peers install` fetches peers)"
        )
    }
}

impl std::error::Error for Missing {}

impl From<Missing> for io::Error {
    fn from(missing: Missing) -> Self {
        Self::new(io::ErrorKind::NotFound, missing)
    }
}

impl Peer {
    /// Looks for the peer: in its environment variable, among what was
    /// installed, then on `PATH` if the version there is the wanted one.
    pub fn find(&self) -> Result<Found, Missing> {
        install::find(self)
    }

    /// Fetches the peer from where its [`Origin`] says.
    pub fn install(&self) -> io::Result<Found> {
        install::install(self)
    }

    /// Whether a test can go on with this peer. Without it a test is to return
    /// (`false`; the run's closing table names the test as skipped), or to fail
    /// when [peers are required](REQUIRE_PEERS).
    pub fn present_or_skip(&self) -> Result<bool, Missing> {
        match self.find() {
            Ok(_) => Ok(true),
            Err(missing) if are_required() => Err(missing),
            Err(missing) => {
                session::note(self.name, Some(&missing.reason));
                eprintln!("skipped: {missing}");
                Ok(false)
            }
        }
    }

    /// The program of a peer that the test itself is going to run, which counts
    /// as started; else as [`present_or_skip`](Self::present_or_skip).
    pub fn program_or_skip(&self) -> Result<Option<PathBuf>, Missing> {
        if !self.present_or_skip()? {
            return Ok(None);
        }
        let found = self.find()?;
        session::note(self.name, None);
        Ok(Some(found.path))
    }
}

/// Whether a missing peer is a failure.
pub fn are_required() -> bool {
    env::var(REQUIRE_PEERS).is_ok_and(|value| !value.is_empty() && value != "0")
}
