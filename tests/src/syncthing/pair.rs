//! Two daemons that know each other.

use syncthing_rest::model::config::Device;
use xtask::peers::syncthing::Version;

use super::Lab;
use crate::Result;

/// Two daemons that connect to each other over loopback.
#[derive(Debug)]
pub struct Pair {
    /// One of them.
    pub one: Lab,
    /// The other.
    pub two: Lab,
}

impl Pair {
    /// Two daemons of this version, each with the other among its devices.
    /// `None` where there is no such daemon; see [`Lab::start`].
    ///
    /// # Errors
    ///
    /// As [`Lab::start`], or a daemon refuses.
    pub async fn start(version: Version) -> Result<Option<Self>> {
        Self::start_mixed(version, version).await
    }

    /// Two daemons, perhaps of different versions.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_mixed(one: Version, two: Version) -> Result<Option<Self>> {
        let (Some(one), Some(two)) = (Lab::start(one)?, Lab::start(two)?) else {
            return Ok(None);
        };
        let pair = Self { one, two };
        pair.introduce(&pair.one, &pair.two, "two").await?;
        pair.introduce(&pair.two, &pair.one, "one").await?;
        Ok(Some(pair))
    }

    async fn introduce(&self, to: &Lab, other: &Lab, name: &str) -> Result<()> {
        let mut device = Device::new(other.id()?, name);
        device.addresses = vec![other.daemon.listen_address()];
        to.client.config().add_device(&device).await?;
        Ok(())
    }

    /// Adds a folder to both, shared with each other.
    ///
    /// # Errors
    ///
    /// As [`Lab::add_folder`].
    pub async fn share(&self, folder: &str) -> Result<()> {
        self.one.add_folder(folder, &[self.two.id()?]).await?;
        self.two.add_folder(folder, &[self.one.id()?]).await?;
        Ok(())
    }
}
