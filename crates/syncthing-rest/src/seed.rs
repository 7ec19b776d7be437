//! The names of `pysyncthing` 0.0.4, so that its users find their way.
//!
//! Each is a thin name for a method of a handle. The calls are those of today's
//! daemons where the old ones are gone or deprecated.

use sync_core::Call;

use crate::Client;
use crate::model::config::Config;
use crate::model::db::{BrowseNode, Completion, FileLookup, FolderStatus, Ignores, Need};
use crate::model::stats::{DeviceStatistics, FolderStatistics};
use crate::model::system::{
    Acknowledged, Connections, Discovered, Ping, SystemErrors, SystemStatus, SystemVersion, Upgrade,
};
use crate::model::{DeviceId, FolderId};

/// The 27 methods of `pysyncthing` 0.0.4 under their own names.
impl Client {
    /// [`System::version`](crate::api::System::version).
    pub fn get_version(&self) -> Call<SystemVersion> {
        self.system().version()
    }

    /// [`System::connections`](crate::api::System::connections). Since 2016 the
    /// total has lost address and version, and each device says more.
    pub fn get_connections(&self) -> Call<Connections> {
        self.system().connections()
    }

    /// [`Configuration::get`](crate::api::Configuration::get): today at
    /// `/rest/config`.
    pub fn get_config(&self) -> Call<Config> {
        self.config().get()
    }

    /// Whether no change waits for a restart. Today the daemon says the inverse:
    /// [`Configuration::restart_required`](crate::api::Configuration::restart_required).
    pub fn get_insync(&self) -> Call<bool> {
        self.config()
            .restart_required()
            .map(|answer| !answer.requires_restart)
    }

    /// [`System::errors`](crate::api::System::errors). Each has a level now.
    pub fn get_errors(&self) -> Call<SystemErrors> {
        self.system().errors()
    }

    /// [`System::discovery`](crate::api::System::discovery). The hint that could
    /// be posted there is gone.
    pub fn get_discovery(&self) -> Call<Discovered> {
        self.system().discovery()
    }

    /// [`System::report_error`](crate::api::System::report_error). The message is
    /// sent as plain text: as JSON, as it was in 2016, it would keep its quotes.
    pub fn new_error(&self, message: impl Into<String>) -> Call<()> {
        self.system().report_error(message)
    }

    /// [`System::clear_errors`](crate::api::System::clear_errors).
    pub fn clear_errors(&self) -> Call<()> {
        self.system().clear_errors()
    }

    /// [`Configuration::replace`](crate::api::Configuration::replace): today a
    /// `PUT` of `/rest/config`.
    pub fn new_config(&self, config: &Config) -> Call<()> {
        self.config().replace(config)
    }

    /// [`System::restart`](crate::api::System::restart).
    pub fn restart(&self) -> Call<Acknowledged> {
        self.system().restart()
    }

    /// [`System::reset`](crate::api::System::reset). Today all folders must be
    /// paused, and no directory is renamed.
    pub fn reset(&self) -> Call<Acknowledged> {
        self.system().reset()
    }

    /// [`System::shutdown`](crate::api::System::shutdown).
    pub fn shutdown(&self) -> Call<Acknowledged> {
        self.system().shutdown()
    }

    /// [`System::check_upgrade`](crate::api::System::check_upgrade).
    pub fn get_upgrade(&self) -> Call<Upgrade> {
        self.system().check_upgrade()
    }

    /// [`System::upgrade`](crate::api::System::upgrade).
    pub fn upgrade(&self) -> Call<Option<Acknowledged>> {
        self.system().upgrade()
    }

    /// [`System::status`](crate::api::System::status).
    pub fn get_status(&self) -> Call<SystemStatus> {
        self.system().status()
    }

    /// [`System::ping`](crate::api::System::ping).
    pub fn get_ping(&self) -> Call<Ping> {
        self.system().ping()
    }

    /// [`FolderHandle::browse`](crate::api::FolderHandle::browse). The parameter
    /// was `level` and is `levels`: `None` for all, 0 for one directory. The
    /// answer was a map and is a list of nodes.
    pub fn browse_database(
        &self,
        folder: impl Into<FolderId>,
        levels: Option<u32>,
        prefix: Option<&str>,
    ) -> Call<Vec<BrowseNode>> {
        let mut browse = self
            .folder(folder)
            .browse()
            .prefix(prefix.unwrap_or_default());
        if let Some(levels) = levels {
            browse = browse.levels(levels);
        }
        browse.call()
    }

    /// [`browse_database`](Self::browse_database), as the seed spelled it.
    pub fn browse_databse(
        &self,
        folder: impl Into<FolderId>,
        levels: Option<u32>,
        prefix: Option<&str>,
    ) -> Call<Vec<BrowseNode>> {
        self.browse_database(folder, levels, prefix)
    }

    /// [`FolderHandle::completion_of`](crate::api::FolderHandle::completion_of).
    /// There is more than the per cent now, which never meant "in sync".
    pub fn get_completion(
        &self,
        device: DeviceId,
        folder: impl Into<FolderId>,
    ) -> Call<Completion> {
        self.folder(folder).completion_of(device)
    }

    /// [`FolderHandle::file`](crate::api::FolderHandle::file). Today it takes the
    /// folder, too.
    pub fn get_file(&self, folder: impl Into<FolderId>, file: &str) -> Call<FileLookup> {
        self.folder(folder).file(file)
    }

    /// [`FolderHandle::ignores`](crate::api::FolderHandle::ignores). `patterns`
    /// is called `expanded` now.
    pub fn get_ignores(&self, folder: impl Into<FolderId>) -> Call<Ignores> {
        self.folder(folder).ignores()
    }

    /// [`FolderHandle::set_ignores`](crate::api::FolderHandle::set_ignores).
    pub fn new_ignores<I>(&self, folder: impl Into<FolderId>, lines: I) -> Call<Ignores>
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.folder(folder).set_ignores(lines)
    }

    /// The first page of [`FolderHandle::need`](crate::api::FolderHandle::need),
    /// 65536 files at the most. There is no `total` any more.
    pub fn get_need(&self, folder: impl Into<FolderId>) -> Call<Need> {
        self.folder(folder).need().page(None)
    }

    /// [`get_need`](Self::get_need), as the seed's manual titles it.
    pub fn need(&self, folder: impl Into<FolderId>) -> Call<Need> {
        self.get_need(folder)
    }

    /// [`FolderHandle::prioritize`](crate::api::FolderHandle::prioritize).
    pub fn assign_priority(&self, folder: impl Into<FolderId>, file: &str) -> Call<Need> {
        self.folder(folder).prioritize(file)
    }

    /// [`FolderHandle::scan`](crate::api::FolderHandle::scan), of `sub` only if
    /// there is one. Today the answer comes when the scan has ended.
    pub fn scan(&self, folder: impl Into<FolderId>, sub: Option<&str>) -> Call<()> {
        let scan = self.folder(folder).scan();
        match sub {
            Some(sub) => scan.sub(sub).call(),
            None => scan.call(),
        }
    }

    /// [`FolderHandle::status`](crate::api::FolderHandle::status).
    pub fn get_folder_status(&self, folder: impl Into<FolderId>) -> Call<FolderStatus> {
        self.folder(folder).status()
    }

    /// [`Statistics::devices`](crate::api::Statistics::devices).
    pub fn get_device_statistics(&self) -> Call<DeviceStatistics> {
        self.stats().devices()
    }

    /// [`Statistics::folders`](crate::api::Statistics::folders).
    pub fn get_folder_statistics(&self) -> Call<FolderStatistics> {
        self.stats().folders()
    }
}
