//! No secret is logged or printed at any level, whatever goes wrong.

use serde_json::json;
use sync_core::testing::{LogCapture, SecretSearch};
use sync_tests::Result;
use sync_tests::syncthing::{Lab, Pair, Size, soon, write_file};
use syncthing_rest::events::EventItem;
use syncthing_rest::model::EventKind;
use syncthing_rest::model::config::FolderDevice;
use syncthing_rest::model::noauth::Login;
use syncthing_rest::{Client, Error};
use xtask::peers::syncthing::Version;

const PASSWORD: &str = "a password: näh & söhn/9";
const ENCRYPTION: &str = "what only the folder knows";
const WRONG_KEY: &str = "the-key-of-another-daemon-entirely";

// The capture is that of the whole process, so this file has one test only.
#[tokio::test]
async fn no_secret_is_in_any_log_error_or_debug_output() -> Result<()> {
    let logs = LogCapture::global()?;
    for &version in Version::ALL {
        scenario(version, &logs).await?;
    }
    Ok(())
}

async fn scenario(version: Version, logs: &LogCapture) -> Result<()> {
    let locked = Lab::start_with(version, |builder| builder.tls(true).login("anna", PASSWORD))?;
    let (Some(lab), Some(pair)) = (locked, Pair::start(version).await?) else {
        return Ok(());
    };
    let keys = [&lab, &pair.one, &pair.two].map(|lab| lab.daemon.api_key().to_owned());
    let mut secrets: Vec<&str> = keys.iter().map(String::as_str).collect();
    secrets.extend([PASSWORD, ENCRYPTION, WRONG_KEY]);
    let search = SecretSearch::new(secrets.as_slice());
    let mut shown = Shown {
        text: String::new(),
        search: &search,
    };

    // Over TLS, with a key, a password and the whole configuration.
    shown.debug(&lab.client);
    shown.debug(&lab.client_builder());
    shown.debug(&lab.client.config().get().await?);
    shown.debug(&lab.client.config().gui().await?);
    shown.debug(&Client::from_home(lab.daemon.home())?);
    let mut login = Login::default();
    login.username = "anna".to_owned();
    login.password = PASSWORD.into();
    shown.debug(&login);
    shown.result(lab.client.noauth().login(&login).await);
    let edited = lab
        .client
        .config()
        .edit(|config| config.gui.password = PASSWORD.into())
        .await;
    shown.debug(&edited?);

    // Refused, misdirected, and unreachable.
    let wrong = Client::builder(pair.one.daemon.url())
        .api_key(WRONG_KEY)
        .build()?;
    shown.result(wrong.system().status().await);
    let misdirected = pair
        .one
        .client_builder()
        .host_header("files.example")
        .build()?;
    shown.result(misdirected.system().status().await);
    shown.result(
        Client::builder(lab.daemon.url())
            .api_key(WRONG_KEY)
            .build()?
            .system()
            .ping()
            .await,
    );
    let echo = pair
        .one
        .client
        .raw(http::Method::GET, "/rest/nowhere", &[("key", WRONG_KEY)]);
    shown.result(echo.await);
    let patch = json!({"devices": [{"encryptionPassword": ENCRYPTION}], "paused": ENCRYPTION});
    shown.result(pair.one.client.folder("nowhere").patch(&patch).await);

    // A synced folder with a password, and the events of all of it.
    let mut events = pair.one.client.events().from_buffer().stream();
    pair.share("docs").await?;
    let two = pair.two.id()?;
    let edited = pair
        .one
        .client
        .folder("docs")
        .edit(|folder| {
            let mut device = FolderDevice::new(two);
            device.encryption_password = ENCRYPTION.into();
            folder.devices.retain(|device| device.device_id != two);
            folder.devices.push(device);
        })
        .await?;
    shown.debug(&edited);
    write_file(&pair.one.path("docs").join("a"), Size::Bytes(100))?;
    shown.result(pair.one.client.folder("docs").scan().await);
    let mut saved = 0;
    while saved < 2 {
        let item = soon("events", events.next()).await?.ok_or("the end")??;
        if let EventItem::Event(event) = &item {
            saved += usize::from(matches!(event.kind, EventKind::ConfigSaved(_)));
        }
        shown.debug(&item);
    }
    shown.debug(&events);

    // Gone while it's waited for.
    drop(lab);
    let mut pair = pair;
    pair.two.daemon.kill()?;
    shown.result(pair.two.client.system().status().await);

    search.assert_absent("what is shown", &shown.text);
    logs.assert_no_secret(&secrets);
    for target in ["sync_core", "hyper_util", "rustls"] {
        assert!(logs.has_target(target), "nothing of {target} was captured");
    }
    Ok(())
}

/// What a program would print.
struct Shown<'a> {
    text: String,
    search: &'a SecretSearch,
}

impl Shown<'_> {
    fn debug(&mut self, value: &impl std::fmt::Debug) {
        self.text.push_str(&format!("{value:?}\n{value:#?}\n"));
    }

    fn result<T: std::fmt::Debug>(&mut self, result: Result<T, Error>) {
        match result {
            Ok(value) => self.debug(&value),
            Err(error) => {
                self.search.assert_absent_in_error(&error);
                self.debug(&error);
            }
        }
    }
}
