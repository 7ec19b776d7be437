//! What is found in the daemon's home directory: its socket and its key.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sync_core::testing::{Reply, Script, ScriptedServer};
use syncthing_rest::{Client, ErrorKind, SyncthingError, SyncthingErrorExt, Unauthorized};

use crate::common::{Answer, Daemon, KEY};

const PONG: &str = r#"{"ping":"pong"}"#;

/// A directory that goes when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("syncthing-rest-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes the configuration of a daemon.
    fn configure(&self, address: &str, key: &str) {
        let gui = format!(
            "<gui enabled=\"true\" tls=\"false\"><address>{address}</address><apikey>{key}</apikey></gui>"
        );
        fs::write(
            self.0.join("config.xml"),
            format!("<configuration>{gui}</configuration>"),
        )
        .unwrap();
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_unix_socket_is_spoken_to_in_http_with_the_key() {
    let directory = Directory::new();
    let socket = directory.0.join("gui.sock");
    let server = ScriptedServer::builder()
        .unix(&socket)
        .otherwise(Script::new().serve(|_| Reply::ok().body(PONG)))
        .start()
        .await
        .unwrap();
    directory.configure(socket.to_str().unwrap(), KEY);
    let client = Client::from_home(&directory.0).unwrap();
    assert_eq!(client.get_ping().await.unwrap().ping, "pong");
    let requests = server.requests();
    assert_eq!(requests[0].target, "/rest/system/ping");
    assert_eq!(requests[0].header("host"), Some("localhost"));
    assert_eq!(requests[0].header("x-api-key"), Some(KEY));
}

#[tokio::test]
async fn a_refused_key_is_read_again_from_the_home_directory() {
    let (daemon, directory) = (Daemon::start().await, Directory::new());
    directory.configure(&daemon.address(), "the-old-key");
    let client = Client::from_home(&directory.0).unwrap();
    directory.configure(&daemon.address(), "the-new-key");
    daemon.answer(Answer::new(403, "CSRF Error\n"));
    daemon.answer(Answer::new(200, PONG));
    client.get_ping().await.unwrap();
    let keys: Vec<_> = daemon
        .seen()
        .iter()
        .map(|seen| seen.headers["x-api-key"].clone())
        .collect();
    assert_eq!(keys, ["the-old-key", "the-new-key"]);

    // The same key once more is of no use.
    daemon.answer(Answer::new(403, "Forbidden\n"));
    let error = client.get_ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    let forbidden = SyncthingError::Unauthorized(Unauthorized::Forbidden);
    assert_eq!(error.syncthing(), Some(&forbidden));
    daemon.only();
}

#[test]
fn a_directory_without_a_configuration_is_said_to_be_one() {
    let nowhere = Directory::new();
    let error = Client::from_home(&nowhere.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}
