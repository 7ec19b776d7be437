//! The configuration.

use serde_json::json;
use sync_tests::Result;
use sync_tests::syncthing::eventually;
use syncthing_rest::model::config::Device;

use super::{FOLDER, Tour};

impl Tour {
    pub(crate) async fn config(&mut self) -> Result<()> {
        let config = self.client.config();
        assert!(!config.restart_required().await?.requires_restart);
        assert!(config.in_sync().await?.config_in_sync);

        let mut whole = config.get().await?;
        assert!(whole.folder(&FOLDER.into()).is_some());
        whole.folder_mut(&FOLDER.into()).ok_or("no folder")?.label = "put".to_owned();
        config.replace(&whole).await?;
        assert_eq!(self.label().await?, "put");

        let mut same = self.client.system().config().await?;
        same.folder_mut(&FOLDER.into()).ok_or("no folder")?.label = "posted".to_owned();
        self.client.system().set_config(&same).await?;
        assert_eq!(self.label().await?, "posted");
        Ok(())
    }

    async fn label(&self) -> Result<String> {
        Ok(self.client.folder(FOLDER).config().await?.label)
    }

    pub(crate) async fn config_items(&mut self) -> Result<()> {
        let config = self.client.config();
        let mut folders = config.folders().await?;
        let second = self.lab.new_folder("second", &[])?;
        folders.push(second.clone());
        config.set_folders(&folders).await?;
        let handle = self.client.folder("second");
        handle.replace(&second).await?;
        handle.patch(&json!({"label": "patched"})).await?;
        assert_eq!(handle.config().await?.label, "patched");
        handle.remove().await?;
        assert_eq!(config.folders().await?.len(), folders.len() - 1);

        let mut devices = config.devices().await?;
        let id = syncthing_rest::model::DeviceId::from_sha256([9; 32]);
        let device = Device::new(id, "second");
        devices.push(device.clone());
        config.set_devices(&devices).await?;
        let handle = self.client.device(id);
        handle.replace(&device).await?;
        handle.patch(&json!({"name": "patched"})).await?;
        assert_eq!(handle.config().await?.name, "patched");
        handle.pause().await?;
        assert!(handle.config().await?.paused);
        handle.resume().await?;
        handle.remove().await?;
        assert_eq!(config.devices().await?.len(), devices.len() - 1);
        Ok(())
    }

    pub(crate) async fn sections(&mut self) -> Result<()> {
        let config = self.client.config();
        let folder = config.default_folder().await?;
        config.replace_default_folder(&folder).await?;
        config
            .patch_default_folder(&json!({"rescanIntervalS": 1234}))
            .await?;
        assert_eq!(config.default_folder().await?.rescan_interval_s, 1234);
        let device = config.default_device().await?;
        config.replace_default_device(&device).await?;
        config
            .patch_default_device(&json!({"compression": "never"}))
            .await?;
        let ignores = config.default_ignores().await?;
        config.set_default_ignores(&ignores).await?;

        let options = config.options().await?;
        config.replace_options(&options).await?;
        config.patch_options(&json!({"maxSendKbps": 12345})).await?;
        assert_eq!(config.options().await?.max_send_kbps, 12345);
        let ldap = config.ldap().await?;
        config.replace_ldap(&ldap).await?;
        config.patch_ldap(&json!({"searchFilter": "(x=y)"})).await?;
        assert_eq!(config.ldap().await?.search_filter, "(x=y)");

        let mut gui = config.gui().await?;
        assert_eq!(gui.api_key.expose(), self.lab.daemon.api_key());
        gui.debugging = Some(false);
        config.replace_gui(&gui).await?;
        let debug = self.client.debug();
        eventually("debugging is off", async || {
            Ok(debug.http_metrics().await.err())
        })
        .await?;
        Ok(())
    }
}
