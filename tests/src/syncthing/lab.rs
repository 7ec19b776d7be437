//! One daemon and its client.

use std::fs;
use std::path::{Path, PathBuf};

use syncthing_rest::model::DeviceId;
use syncthing_rest::model::config::{Folder, FolderDevice};
use syncthing_rest::{Client, ClientBuilder};
use xtask::peers::syncthing::{Builder, Daemon, Version};

use crate::Result;

/// A running daemon and a client that holds its key. It ends with this value.
#[derive(Debug)]
pub struct Lab {
    /// The daemon.
    pub daemon: Daemon,
    /// Its client.
    pub client: Client,
}

impl Lab {
    /// A daemon of this version. `None` where there is none, which is said: the
    /// test is to return, and counts as skipped.
    ///
    /// # Errors
    ///
    /// The daemon does not come up, or there is none and
    /// [peers are required](xtask::peers::REQUIRE_PEERS).
    pub fn start(version: Version) -> Result<Option<Self>> {
        Self::start_with(version, |builder| builder)
    }

    /// The same, set up in another way.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(
        version: Version,
        set_up: impl FnOnce(Builder) -> Builder,
    ) -> Result<Option<Self>> {
        if !version.present_or_skip()? {
            return Ok(None);
        }
        let daemon = set_up(Daemon::builder().version(version)).start()?;
        let client = client_builder(&daemon).build()?;
        Ok(Some(Self { daemon, client }))
    }

    /// What the client was made by, for another one.
    pub fn client_builder(&self) -> ClientBuilder {
        client_builder(&self.daemon)
    }

    /// The daemon's device ID.
    ///
    /// # Errors
    ///
    /// The daemon's configuration has none that is valid.
    pub fn id(&self) -> Result<DeviceId> {
        Ok(self.daemon.device_id().parse()?)
    }

    /// Where the folder with this ID has its files.
    pub fn path(&self, folder: &str) -> PathBuf {
        self.daemon.dir().join("folders").join(folder)
    }

    /// A folder in a directory of its own, shared with these devices, not yet
    /// known to the daemon.
    ///
    /// # Errors
    ///
    /// The directory cannot be made.
    pub fn new_folder(&self, id: &str, with: &[DeviceId]) -> Result<Folder> {
        let path = self.path(id);
        fs::create_dir_all(&path)?;
        let mut folder = Folder::new(id, text(&path)?);
        folder.devices = with.iter().copied().map(FolderDevice::new).collect();
        Ok(folder)
    }

    /// Adds a folder, and returns the directory of its files.
    ///
    /// # Errors
    ///
    /// The directory cannot be made, or the daemon refuses.
    pub async fn add_folder(&self, id: &str, with: &[DeviceId]) -> Result<PathBuf> {
        let folder = self.new_folder(id, with)?;
        self.client.config().add_folder(&folder).await?;
        Ok(self.path(id))
    }
}

fn client_builder(daemon: &Daemon) -> ClientBuilder {
    let mut builder = Client::builder(daemon.url()).api_key(daemon.api_key());
    if let Some(socket) = daemon.unix_socket() {
        builder = builder.unix_socket(socket);
    }
    if daemon.url().starts_with("https:") {
        builder = builder.trust_certificate_file(daemon.home().join("https-cert.pem"));
    }
    builder
}

fn text(path: &Path) -> Result<&str> {
    Ok(path.to_str().ok_or("the temporary folder is not UTF-8")?)
}
