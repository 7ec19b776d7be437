//! The daemon itself.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderValue;
use sync_core::Call;

use super::{answered_within, checks, or_default};
use crate::model::Time;
use crate::model::config::{Config, ConfigInSync};
use crate::model::system::{
    Acknowledged, Connections, DebugFacilities, Discovered, LogLevel, LogLevels, LogMessages, Ping,
    SystemErrors, SystemPaths, SystemStatus, SystemVersion, Upgrade,
};
use crate::{Client, endpoints};

/// The daemon asks its release server before it answers.
const RELEASE_CHECK: Duration = Duration::from_secs(120);
/// The daemon downloads a release before it answers.
const DOWNLOAD: Duration = Duration::from_secs(30 * 60);

/// The daemon itself: [`Client::system`].
#[derive(Clone, Debug)]
pub struct System {
    pub(crate) client: Client,
}

impl System {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Whether it answers and takes the key: `GET /rest/system/ping`.
    pub fn ping(&self) -> Call<Ping> {
        self.client.call(&endpoints::PING).json()
    }

    /// The same by `POST /rest/system/ping`, for what a proxy may keep back.
    pub fn ping_post(&self) -> Call<Ping> {
        self.client.call(&endpoints::PING_POST).json()
    }

    /// What runs: `GET /rest/system/version`. [`Client::daemon`] knows the
    /// version of whoever answered last, without a call.
    pub fn version(&self) -> Call<SystemVersion> {
        self.client.call(&endpoints::VERSION).json()
    }

    /// How it is: `GET /rest/system/status`. Another
    /// [`start_time`](SystemStatus::start_time) means that it was restarted.
    pub fn status(&self) -> Call<SystemStatus> {
        self.client.call(&endpoints::STATUS).json()
    }

    /// The connections to other devices: `GET /rest/system/connections`. Up to
    /// 1.24 this device is listed too, as not connected.
    pub fn connections(&self) -> Call<Connections> {
        self.client.call(&endpoints::CONNECTIONS).json()
    }

    /// Where devices were found on the local network:
    /// `GET /rest/system/discovery`.
    pub fn discovery(&self) -> Call<Discovered> {
        or_default(self.client.call(&endpoints::DISCOVERY))
    }

    /// The errors that the web interface shows: `GET /rest/system/error`.
    pub fn errors(&self) -> Call<SystemErrors> {
        self.client.call(&endpoints::ERRORS).json()
    }

    /// Shows an error in the web interface: `POST /rest/system/error`, the
    /// message as plain text.
    ///
    /// From 2.0 on it is shown as `External error report (error="…")`.
    pub fn report_error(&self, message: impl Into<String>) -> Call<()> {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        self.client
            .call(&endpoints::ERROR_REPORT)
            .content_type(text)
            .body(message.into())
            .empty()
    }

    /// Clears the errors: `POST /rest/system/error/clear`.
    pub fn clear_errors(&self) -> Call<()> {
        self.client.call(&endpoints::ERROR_CLEAR).empty()
    }

    /// The last lines of the log, or those after `since`: `GET /rest/system/log`.
    pub fn log(&self, since: impl Into<Option<Time>>) -> Call<LogMessages> {
        self.client
            .call(&endpoints::LOG)
            .query_opt("since", since.into().map(|time| time.to_string()))
            .json()
    }

    /// The same as text, a line each: `GET /rest/system/log.txt`.
    pub fn log_text(&self, since: impl Into<Option<Time>>) -> Call<String> {
        self.client
            .call(&endpoints::LOG_TEXT)
            .query_opt("since", since.into().map(|time| time.to_string()))
            .text()
    }

    /// What is logged in detail: `GET /rest/system/debug`, until 1.30.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::Unsupported`](crate::SyncthingError::Unsupported) from
    /// 2.0 on: see [`log_levels`](Self::log_levels).
    pub fn debug_facilities(&self) -> Call<DebugFacilities> {
        self.client.call(&endpoints::DEBUG_FACILITIES).json()
    }

    /// Logs these facilities in detail, and those no more:
    /// `POST /rest/system/debug`, until 1.30. Names that the daemon does not
    /// know do nothing.
    ///
    /// # Errors
    ///
    /// As [`debug_facilities`](Self::debug_facilities).
    pub fn set_debug_facilities(&self, enable: &[&str], disable: &[&str]) -> Call<()> {
        let list = |names: &[&str]| (!names.is_empty()).then(|| names.join(","));
        self.client
            .call(&endpoints::DEBUG_SET)
            .query_opt("enable", list(enable))
            .query_opt("disable", list(disable))
            .empty()
    }

    /// From which level on is logged: `GET /rest/system/loglevels`, since 2.0.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::Unsupported`](crate::SyncthingError::Unsupported)
    /// before: see [`debug_facilities`](Self::debug_facilities).
    pub fn log_levels(&self) -> Call<LogLevels> {
        self.client.call(&endpoints::LOG_LEVELS).json()
    }

    /// Sets the level of packages, by their names:
    /// `POST /rest/system/loglevels`, since 2.0. Until the next restart.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::BadRequest`](crate::SyncthingError::BadRequest) for a
    /// level that the daemon does not have, such as [`LogLevel::Verbose`].
    pub fn set_log_levels<'a>(
        &self,
        levels: impl IntoIterator<Item = (&'a str, LogLevel)>,
    ) -> Call<()> {
        let levels: BTreeMap<_, _> = levels.into_iter().collect();
        self.client
            .call(&endpoints::LOG_LEVELS_SET)
            .json_body(&levels)
            .empty()
    }

    /// Where it keeps its files: `GET /rest/system/paths`, since 1.21.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::Unsupported`](crate::SyncthingError::Unsupported) before.
    pub fn paths(&self) -> Call<SystemPaths> {
        self.client.call(&endpoints::PATHS).json()
    }

    /// Directories of its machine that begin with `current`:
    /// `GET /rest/system/browse`. `/srv/` lists what is in there, an empty text
    /// the roots. In all versions without a separator at the end (but of roots).
    pub fn directories(&self, current: &str) -> Call<Vec<String>> {
        let call = self.client.call(&endpoints::DIRECTORIES);
        or_default(call.query_opt("current", (!current.is_empty()).then_some(current)))
            .map(|list: Vec<String>| list.into_iter().map(without_separator).collect())
    }

    /// Whether there is a newer release: `GET /rest/system/upgrade`. The daemon
    /// asks its server for that, so this takes a while.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::UpgradeUnsupported`](crate::SyncthingError::UpgradeUnsupported)
    /// from the builds of distributions.
    pub fn check_upgrade(&self) -> Call<Upgrade> {
        self.client
            .call(&endpoints::UPGRADE_CHECK)
            .json()
            .with_options(answered_within(RELEASE_CHECK))
    }

    /// Installs a newer release and restarts: `POST /rest/system/upgrade`.
    /// `None` when there is none. The download may take half an hour before
    /// this call gives up.
    ///
    /// # Errors
    ///
    /// As [`check_upgrade`](Self::check_upgrade).
    pub fn upgrade(&self) -> Call<Option<Acknowledged>> {
        self.client
            .call(&endpoints::UPGRADE)
            .decode_with(|_, body| match body.is_empty() {
                true => Ok(None),
                false => sync_core::call::decode_json(&body).map(Some),
            })
            .with_options(answered_within(DOWNLOAD))
    }

    /// Restarts it: `POST /rest/system/restart`.
    ///
    /// The answer only says that it is about to stop. It comes back when
    /// something starts it again: its own monitor does unless it runs with
    /// `--no-restart`. [`Client::restart_and_wait`] waits for that.
    pub fn restart(&self) -> Call<Acknowledged> {
        self.client.call(&endpoints::RESTART).json()
    }

    /// Stops it: `POST /rest/system/shutdown`. The answer only says that it is
    /// about to stop.
    pub fn shutdown(&self) -> Call<Acknowledged> {
        self.client.call(&endpoints::SHUTDOWN).json()
    }

    /// Deletes the whole index and restarts: `POST /rest/system/reset`. Files
    /// are not touched, and are scanned anew. For one folder see
    /// [`FolderHandle::reset`](super::FolderHandle::reset).
    ///
    /// # Errors
    ///
    /// [`SyncthingError::MustBePaused`](crate::SyncthingError::MustBePaused)
    /// unless all folders are paused.
    pub fn reset(&self) -> Call<Acknowledged> {
        self.client.call(&endpoints::RESET).json()
    }

    /// Pauses all devices: `POST /rest/system/pause`. See
    /// [`DeviceHandle::pause`](super::DeviceHandle::pause) for one.
    pub fn pause_all(&self) -> Call<()> {
        self.client.call(&endpoints::PAUSE).empty()
    }

    /// Resumes all devices: `POST /rest/system/resume`.
    pub fn resume_all(&self) -> Call<()> {
        self.client.call(&endpoints::RESUME).empty()
    }

    /// The configuration, as `GET /rest/system/config`: deprecated since 1.12,
    /// and the same as [`Configuration::get`](super::Configuration::get).
    pub fn config(&self) -> Call<Config> {
        self.client.call(&endpoints::SYSTEM_CONFIG).json()
    }

    /// Replaces the configuration by `POST /rest/system/config`: deprecated
    /// since 1.12, and the same as
    /// [`Configuration::replace`](super::Configuration::replace).
    pub fn set_config(&self, config: &Config) -> Call<()> {
        self.client
            .call(&endpoints::SYSTEM_CONFIG_SET)
            .json_body(config)
            .empty()
            .or_error(checks::config(config).err())
    }

    /// Whether no change waits for a restart, by
    /// `GET /rest/system/config/insync`: deprecated, and the inverse of
    /// [`Configuration::restart_required`](super::Configuration::restart_required).
    pub fn config_in_sync(&self) -> Call<ConfigInSync> {
        self.client.call(&endpoints::SYSTEM_CONFIG_INSYNC).json()
    }
}

/// Daemons up to 1.19 end a directory with a separator, later ones do not.
fn without_separator(mut directory: String) -> String {
    let separator = if directory.contains('/') { '/' } else { '\\' };
    let is_root = directory.len() == 1 || directory.ends_with(":\\");
    if directory.ends_with(separator) && !is_root {
        directory.pop();
    }
    directory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_end_without_a_separator_and_roots_with_it() {
        for (sent, read) in [
            ("/srv/lab/", "/srv/lab"),
            ("/srv/lab", "/srv/lab"),
            ("/srv/odd\\", "/srv/odd\\"),
            ("/", "/"),
            ("C:\\", "C:\\"),
            ("C:\\Users\\", "C:\\Users"),
        ] {
            assert_eq!(without_separator(sent.to_owned()), read);
        }
    }
}
