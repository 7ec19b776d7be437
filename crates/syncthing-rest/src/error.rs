//! What the daemon's refusals mean.

use std::fmt;

use http::StatusCode;
use sync_core::Error;

use crate::model::Version;

/// The daemon's reason, found in the status and text of its answer.
///
/// Get it from a failed call with [`SyncthingErrorExt::syncthing`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncthingError {
    /// The API key is missing or wrong.
    Unauthorized(Unauthorized),
    /// The daemon listens on loopback and was addressed by another name. Set
    /// [`ClientBuilder::host_header`](crate::ClientBuilder::host_header) to
    /// `localhost`, or `insecureSkipHostcheck` in its configuration.
    HostCheck,
    /// The daemon brings its database up to date after an upgrade (2.x),
    /// which may take hours. Until then it does nothing that it is asked for, and
    /// answers all of it by 200. Waits and streams wait on.
    Migrating,
    /// This daemon has no such call.
    Unsupported {
        /// The endpoint, for example `/rest/noauth/health`; empty for a
        /// [`raw`](crate::Client::raw) call.
        endpoint: &'static str,
        /// The first version that has it, where it came later than 1.19.
        since: Option<Version>,
        /// The first version that has it no more.
        until: Option<Version>,
        /// What answered, if it said so.
        daemon: Option<Version>,
    },
    /// The call exists but is switched off: `gui.debugging` is needed for
    /// `/rest/debug` before 2.0.
    DebuggingDisabled,
    /// The build cannot upgrade itself, as those of distributions.
    UpgradeUnsupported,
    /// No folder has this ID.
    NoSuchFolder,
    /// The folder is paused, and the call needs it running.
    FolderPaused,
    /// The file is not in the index (or, from 2.0, its folder is missing or paused).
    NoSuchFile,
    /// The folder keeps no versions.
    NoVersioner,
    /// All folders, or the one to be reset, must be paused first.
    MustBePaused,
    /// An ignore pattern cannot be used. The patterns are saved all the same, and
    /// the folder stops until they are corrected.
    BadPattern,
    /// Name or password are wrong.
    WrongPassword,
    /// There is nothing to log in to, as no password is set.
    NoPassword,
    /// Nothing was sent: a `PUT` would have reset these keys to built-in defaults.
    WouldReset {
        /// The keys that were left out.
        keys: Vec<String>,
    },
    /// The object that was asked for does not exist.
    NotFound,
    /// The daemon does not accept what was sent to it.
    BadRequest,
    /// Anything else; the daemon's words are in
    /// [`ApiError::message`](sync_core::ApiError::message).
    Other,
}

/// The daemon's words for a key that it does not accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unauthorized {
    /// `CSRF Error`: no valid key, and no password is set.
    Csrf,
    /// `Forbidden`: no valid key, and a password is set (1.26 and newer).
    Forbidden,
    /// `Not Authorized`: no valid key, and a password is set (before 1.26).
    NotAuthorized,
}

impl SyncthingError {
    /// Reads status and text of an answer to the endpoint named `operation`.
    pub(crate) fn read(
        operation: &str,
        status: StatusCode,
        text: &str,
        daemon: Option<Version>,
    ) -> Self {
        let text = text.trim();
        match (status.as_u16(), text) {
            (403, "Forbidden") if operation == "noauth.login" => Self::WrongPassword,
            (401, _) => Self::Unauthorized(Unauthorized::NotAuthorized),
            (403, "CSRF Error") => Self::Unauthorized(Unauthorized::Csrf),
            (403, "Forbidden") => Self::Unauthorized(Unauthorized::Forbidden),
            (403, "Host check error") => Self::HostCheck,
            (403, "Debugging disabled") => Self::DebuggingDisabled,
            (404, "404 page not found") | (405, _) => {
                let endpoint = crate::Endpoint::named(operation);
                let since = endpoint.and_then(crate::Endpoint::since);
                let is_login = matches!(operation, "noauth.login" | "noauth.logout");
                if is_login && daemon.as_ref() >= since {
                    return Self::NoPassword;
                }
                Self::Unsupported {
                    endpoint: endpoint.map_or("", |endpoint| endpoint.operation().template()),
                    since: since.cloned(),
                    until: endpoint.and_then(crate::Endpoint::until).cloned(),
                    daemon,
                }
            }
            (500 | 501 | 503, "upgrade unsupported") => Self::UpgradeUnsupported,
            (404, "No such object in the index") => Self::NoSuchFile,
            (404, "No folder with given ID")
            | (500, "Invalid folder ID")
            | (_, "no such folder") => Self::NoSuchFolder,
            (500, text) if text.starts_with("folder ") && text.ends_with(" does not exist") => {
                Self::NoSuchFolder
            }
            (_, "folder is paused") => Self::FolderPaused,
            (500, "folder has no versioner") => Self::NoVersioner,
            (500, "folder must be paused when resetting") => Self::MustBePaused,
            (404, _) => Self::NotFound,
            (400, _) => Self::BadRequest,
            // Some calls say these by 500.
            (500, text) if text.contains("device ID invalid") => Self::BadRequest,
            (500, text) if text.ends_with("folder has empty ID") => Self::BadRequest,
            (500, text) if text.ends_with("folder has empty path") => Self::BadRequest,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for SyncthingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized(_) => f.write_str("the daemon does not accept the API key"),
            Self::HostCheck => f.write_str(
                "the daemon wants to be addressed as localhost; set the Host header to it",
            ),
            Self::Migrating => f.write_str(
                "the daemon is bringing its database up to date and has done nothing yet",
            ),
            Self::Unsupported {
                endpoint,
                since,
                until,
                daemon,
            } => {
                write!(f, "this daemon")?;
                if let Some(daemon) = daemon {
                    write!(f, " ({daemon})")?;
                }
                match *endpoint {
                    "" => f.write_str(" has no such call")?,
                    endpoint => write!(f, " has no {endpoint}")?,
                }
                if let Some(since) = since {
                    write!(f, ", which came with {since}")?;
                }
                if let Some(until) = until {
                    write!(f, ", which ended with {until}")?;
                }
                Ok(())
            }
            Self::DebuggingDisabled => f.write_str("gui.debugging is off in this daemon"),
            Self::UpgradeUnsupported => {
                f.write_str("this build of the daemon cannot upgrade itself")
            }
            Self::NoSuchFolder => f.write_str("no folder has this ID, or it is paused"),
            Self::FolderPaused => f.write_str("the folder is paused"),
            Self::NoSuchFile => f.write_str("no such file is in the index"),
            Self::NoVersioner => f.write_str("the folder keeps no versions"),
            Self::MustBePaused => f.write_str("the folder must be paused first"),
            Self::BadPattern => f.write_str(
                "the patterns are saved, and the folder stands still until they are corrected",
            ),
            Self::WrongPassword => f.write_str("name or password are wrong"),
            Self::NoPassword => f.write_str("the daemon has no password set"),
            Self::WouldReset { keys } => {
                write!(
                    f,
                    "the daemon would reset what is left out: {}",
                    keys.join(", ")
                )
            }
            Self::NotFound => f.write_str("there is no such object"),
            Self::BadRequest => f.write_str("the daemon does not accept what was sent"),
            Self::Other => f.write_str("the daemon failed"),
        }
    }
}

impl std::error::Error for SyncthingError {}

/// Adds [`syncthing`](Self::syncthing) to the shared [`Error`].
pub trait SyncthingErrorExt {
    /// The daemon's reason, when it answered with one.
    fn syncthing(&self) -> Option<&SyncthingError>;

    /// Whether the daemon lacks the call.
    fn is_unsupported(&self) -> bool {
        matches!(self.syncthing(), Some(SyncthingError::Unsupported { .. }))
    }
}

impl SyncthingErrorExt for Error {
    fn syncthing(&self) -> Option<&SyncthingError> {
        self.detail()
    }
}
