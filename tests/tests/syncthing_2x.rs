//! A stub that answers as daemon 2.1.3 did when it was recorded. No machine
//! with Debian's archive has such a daemon.

use std::path::PathBuf;

use sync_core::testing::{Cassette, Order, Replayer, ScriptedServer};
use sync_tests::Result;
use syncthing_rest::model::Version;
use syncthing_rest::model::db::RemoteState;
use syncthing_rest::{Client, SyncthingErrorExt};

/// The stub, and a client of it.
struct Stub {
    client: Client,
    replayer: Replayer,
    // Ends with this value.
    _server: ScriptedServer,
}

impl Stub {
    /// Answers each request as it was recorded; the same request again, as it
    /// was recorded after that.
    async fn start() -> Result<Self> {
        let root = xtask::workspace::root();
        let recorded: PathBuf = root.join("crates/syncthing-rest/tests/fixtures/2.x");
        let mut cassette = Cassette::from_recorded_calls(recorded)?;
        cassette.interactions.retain(|recorded| {
            let name = recorded.name.as_deref().unwrap_or_default();
            // Those without a key, with a wrong one, or to a wrong host.
            !name.starts_with("auth-")
        });
        let replayer = Replayer::new(cassette).order(Order::Repeat);
        let server = ScriptedServer::serve(replayer.handler()).await?;
        let client = Client::builder(server.url(""))
            .api_key("recorded without")
            .build()?;
        Ok(Self {
            client,
            replayer,
            _server: server,
        })
    }

    /// How many recordings of this request have not been asked for.
    fn left(&self, target: &str) -> usize {
        let unused = self.replayer.unused();
        unused.iter().filter(|unused| *unused == target).count()
    }
}

#[tokio::test]
async fn what_a_2_x_daemon_says_of_itself_is_understood() -> Result<()> {
    let stub = Stub::start().await?;
    let client = &stub.client;
    assert_eq!(client.system().ping().await?.ping, "pong");
    let daemon = client.daemon().ok_or("the headers say who it is")?;
    assert_eq!(daemon.version, Some(Version::new(2, 1, 3)));
    assert_eq!(client.system().status().await?.my_id, daemon.id);
    assert_eq!(client.system().version().await?.version, "v2.1.3");
    assert!(!client.system().connections().await?.connections.is_empty());
    assert!(!client.system().log_levels().await?.packages.is_empty());
    client.system().paths().await?;
    assert!(!client.system().log(None).await?.messages.is_empty());
    client.system().discovery().await?;
    client.system().errors().await?;
    client.stats().devices().await?;
    client.stats().folders().await?;
    assert!(!client.debug().metrics().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_ended_with_2_0_is_said_to_have_ended() -> Result<()> {
    let stub = Stub::start().await?;
    let error = stub.client.system().debug_facilities().await.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
    let text = error.to_string();
    assert!(text.contains("2.0.0") && text.contains("2.1.3"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_2_x_configuration_is_written_back_key_for_key() -> Result<()> {
    let stub = Stub::start().await?;
    let config = stub.client.config().get().await?;
    assert_eq!(config.version, 52);
    // Of those recorded, the stub only knows what to say to the very same JSON.
    let before = stub.left("PUT /rest/config");
    stub.client.config().replace(&config).await?;
    assert_eq!(stub.left("PUT /rest/config"), before - 1);
    stub.client.system().set_config(&config).await?;

    let config = stub.client.config();
    assert!(!config.folders().await?.is_empty());
    assert!(!config.devices().await?.is_empty());
    config.options().await?;
    config.gui().await?;
    config.ldap().await?;
    config.default_folder().await?;
    config.default_device().await?;
    config.default_ignores().await?;
    Ok(())
}

#[tokio::test]
async fn folders_of_a_2_x_daemon_are_understood() -> Result<()> {
    let stub = Stub::start().await?;
    let folder = stub.client.folder("lab");
    assert!(folder.status().await?.global_files > 0);
    assert!(!folder.browse().await?.is_empty());
    assert_eq!(
        folder.file("späce & ünï.txt").await?.global.name,
        "späce & ünï.txt"
    );
    folder.need().page(None).await?;
    folder.errors().page(None).await?;
    folder.local_changed().page(None).await?;
    folder.ignores().await?;

    // Recorded while all was in sync, and then with the folder paused there.
    let devices = stub.client.stats().devices().await?;
    let mut paused = 0;
    for device in devices.into_keys() {
        for _ in 0..3 {
            let Ok(completion) = folder.completion_of(device).await else {
                break;
            };
            if completion.remote_state == Some(RemoteState::Paused) {
                paused += 1;
                assert_eq!(completion.completion, 100.0);
                assert!(!completion.is_complete());
            }
        }
    }
    assert!(paused > 0, "it was recorded");
    Ok(())
}
