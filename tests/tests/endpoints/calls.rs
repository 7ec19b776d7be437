//! Everything but the configuration.

use std::time::Duration;

use serde_json::json;
use sync_tests::Result;
use sync_tests::syncthing::{Size, eventually, soon, write_file};
use syncthing_rest::model::config::{Device, VersioningType};
use syncthing_rest::model::noauth::Login;
use syncthing_rest::model::system::LogLevel;
use syncthing_rest::model::{EventType, RestoreVersions};
use syncthing_rest::{SyncthingError, SyncthingErrorExt};

use super::{FOLDER, PASSWORD, Tour, USER};

impl Tour {
    pub(crate) async fn system(&mut self) -> Result<()> {
        let system = self.client.system();
        let status = system.status().await?;
        assert_eq!(status.my_id, self.lab.id()?);
        assert_eq!(system.ping_post().await?.ping, "pong");
        let version = system.version().await?;
        let number = self.daemon.to_string();
        assert!(
            version.version.contains(&number),
            "{} {number}",
            version.version
        );
        system.connections().await?;
        system.discovery().await?;

        system.report_error("a test's error").await?;
        let errors = format!("{:?}", system.errors().await?);
        assert!(errors.contains("a test's error"), "{errors}");
        system.clear_errors().await?;
        assert!(system.errors().await?.errors.is_empty());

        assert!(!system.log(None).await?.messages.is_empty());
        assert!(system.log_text(None).await?.lines().count() > 0);
        self.judge("system.paths", system.paths().await)?;
        self.judge("system.debug", system.debug_facilities().await)?;
        self.judge(
            "system.debug.set",
            system.set_debug_facilities(&["model"], &["db"]).await,
        )?;
        self.judge("system.loglevels", system.log_levels().await)?;
        let levels = [("model", LogLevel::Debug)];
        self.judge("system.loglevels.set", system.set_log_levels(levels).await)?;
        let directory = self.lab.daemon.dir().display().to_string();
        let found = system.directories(&format!("{directory}/")).await?;
        assert!(found.contains(&format!("{directory}/home")), "{found:?}");

        for refused in [
            system.check_upgrade().await.map(drop),
            system.upgrade().await.map(drop),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(
                error.syncthing(),
                Some(&SyncthingError::UpgradeUnsupported),
                "{error}"
            );
        }
        system.pause_all().await?;
        system.resume_all().await?;
        assert!(system.config_in_sync().await?.config_in_sync);
        Ok(())
    }

    pub(crate) async fn services(&mut self) -> Result<()> {
        let svc = self.client.svc();
        let text = self.lab.daemon.device_id();
        assert_eq!(svc.check_device_id(text).await?.id, Some(self.lab.id()?));
        assert!(svc.check_device_id("nonsense").await?.error.is_some());
        assert_eq!(svc.languages("de").await?, ["de"]);
        assert_eq!(svc.random_string(12).await?.random.len(), 12);
        let report = svc.usage_report(None).await?;
        assert!(
            report.version.contains(&self.daemon.to_string()),
            "{}",
            report.version
        );
        assert!(svc.qr_code(text).await?.starts_with(b"\x89PNG"));
        assert!(svc.meta().await?.contains(text));
        let metrics = self.client.debug().metrics().await;
        if let Some(metrics) = self.judge("metrics", metrics)? {
            assert!(metrics.contains("syncthing_"), "{metrics}");
        }
        Ok(())
    }

    pub(crate) async fn debugging(&mut self) -> Result<()> {
        let debug = self.client.debug();
        let refused = debug.heap_profile().await.unwrap_err();
        assert_eq!(
            refused.syncthing(),
            Some(&SyncthingError::DebuggingDisabled),
            "{refused}"
        );
        self.client
            .config()
            .patch_gui(&json!({"debugging": true}))
            .await?;
        // The listener is opened anew in its own time.
        eventually("debugging is on", async || {
            Ok(debug.heap_profile().await.ok())
        })
        .await?;
        debug.http_metrics().await?;
        debug.peer_completion().await?;
        let profile = debug.cpu_profile(Duration::from_millis(100)).await?;
        assert!(!profile.is_empty());
        let bundle = debug.support_bundle().await?;
        assert!(bundle.starts_with(b"PK"), "a ZIP file");
        Ok(())
    }

    pub(crate) async fn folder(&mut self) -> Result<()> {
        let path = self.lab.path(FOLDER);
        write_file(&path.join("dir/a file"), Size::Bytes(1000))?;
        let mut folder = self.lab.new_folder(FOLDER, &[self.other])?;
        folder.versioning.versioning_type = VersioningType::Simple;
        folder.versioning.params.insert("keep".into(), "5".into());
        let device = Device::new(self.other, "nobody");
        self.client.config().add_device(&device).await?;
        self.client.config().add_folder(&folder).await?;

        let folder = self.client.folder(FOLDER);
        folder.scan().await?;
        let status = folder.status().await?;
        assert_eq!((status.local_files, status.local_directories), (1, 1));
        assert!(folder.completion().await?.needs_nothing());
        folder.completion_of(self.other).await?;
        let tree = folder.browse().await?;
        assert_eq!(tree.iter().map(|node| node.count()).sum::<usize>(), 2);
        let file = folder.file("dir/a file").await?;
        assert_eq!(file.local.size, 1000);
        let known = self.client.debug().file(FOLDER, "dir/a file").await?;
        assert_eq!(known.local.size, 1000);
        Ok(())
    }

    pub(crate) async fn database(&mut self) -> Result<()> {
        let folder = self.client.folder(FOLDER);
        assert_eq!(folder.need().page(1).await?.rest, []);
        folder.remote_need(self.other).page(1).await?;
        folder.local_changed().page(1).await?;
        assert_eq!(folder.errors().page(1).await?.errors, []);
        assert_eq!(folder.pull_errors().page(1).await?.errors, []);
        folder.prioritize("dir/a file").await?;
        folder.override_changes().await?;
        folder.revert_changes().await?;
        folder.set_ignores(["*.tmp"]).await?;
        assert_eq!(folder.ignores().await?.ignore, ["*.tmp"]);
        assert!(folder.versions().await?.is_empty());
        assert!(folder.restore(&RestoreVersions::new()).await?.is_empty());
        self.client.db().completion().await?;
        self.client.db().scan().await?;
        let folders = self.client.stats().folders().await?;
        assert!(folders.contains_key(FOLDER), "{folders:?}");
        let devices = self.client.stats().devices().await?;
        assert!(devices.contains_key(&self.other), "{devices:?}");
        Ok(())
    }

    pub(crate) async fn cluster_and_events(&mut self) -> Result<()> {
        let cluster = self.client.cluster();
        assert!(cluster.pending_devices().await?.is_empty());
        assert!(cluster.pending_folders().await?.is_empty());
        cluster.dismiss_device(self.other).await?;
        cluster.dismiss_folder("never offered", None).await?;
        let events = self.client.events().backlog().await?;
        let types: Vec<_> = events.iter().map(|event| event.kind.event_type()).collect();
        assert!(types.contains(&EventType::StateChanged), "{types:?}");
        let unknown = types
            .iter()
            .find(|kind| matches!(kind, EventType::Other(_)));
        assert_eq!(unknown, None);
        let changes = self.client.events().disk().backlog().await?;
        assert!(!changes.is_empty());
        Ok(())
    }

    pub(crate) async fn login(&mut self) -> Result<()> {
        let noauth = self.client.noauth();
        if let Some(health) = self.judge("noauth.health", noauth.health_only().await)? {
            assert!(health.is_ok());
        }
        assert!(noauth.health().await?.is_ok());
        let mut login = Login::default();
        login.username = USER.to_owned();
        login.password = PASSWORD.into();
        let session = self.judge("noauth.login", noauth.login(&login).await)?;
        if let Some(session) = session {
            noauth.logout(&session).await?;
            login.password = "wrong".into();
            let error = noauth.login(&login).await.unwrap_err();
            assert_eq!(
                error.syncthing(),
                Some(&SyncthingError::WrongPassword),
                "{error}"
            );
        }
        Ok(())
    }

    pub(crate) async fn the_end(&mut self) -> Result<()> {
        let folder = self.client.folder(FOLDER);
        let refused = folder.reset().await.unwrap_err();
        assert_eq!(
            refused.syncthing(),
            Some(&SyncthingError::MustBePaused),
            "{refused}"
        );
        folder.pause().await?;
        folder.reset().await?;
        self.ended_and_back().await?;
        self.client.system().restart().await?;
        self.ended_and_back().await?;
        self.client.system().shutdown().await?;
        let exit = self.lab.daemon.wait_exit(Duration::from_secs(60))?;
        assert!(exit.is_some(), "it was told to stop");
        Ok(())
    }

    /// Waits until the daemon has stopped, and starts it again.
    async fn ended_and_back(&mut self) -> Result<()> {
        let exit = self.lab.daemon.wait_exit(Duration::from_secs(60))?;
        assert!(exit.is_some(), "it was told to stop");
        self.lab.daemon.start_again()?;
        soon("the daemon is up", self.client.wait_until_up()).await??;
        Ok(())
    }
}
