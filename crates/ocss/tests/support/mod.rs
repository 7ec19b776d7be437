//! What these tests share: the service in several shapes, and a client of it.

#![allow(dead_code, unreachable_pub, reason = "not every test needs everything")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests do"
)]

use std::sync::Arc;
use std::time::Duration;

use ocss::api::DatastoreClient;
use ocss::emulator::{Emulator, Layout, LoggedRequest, Verdict};
use ocss::{Paths, SyncServerApi, SyncServerApiBuilder, SyncServerAuth};
use sync_core::policy::{Backoff, RetryAnswers, RetryPolicy};

/// A service and its clients.
pub struct Lab {
    /// What is special about it.
    pub name: &'static str,
    pub emulator: Arc<Emulator>,
    paths: Paths,
}

impl Lab {
    fn new(name: &'static str, emulator: Emulator, paths: Paths) -> Self {
        Self {
            name,
            emulator: Arc::new(emulator),
            paths,
        }
    }

    /// As it comes, without a socket.
    pub fn plain() -> Self {
        Self::new("plain", Emulator::builder().build(), Paths::Defaults)
    }

    /// As it comes, over loopback.
    pub async fn socket() -> Self {
        let emulator = Emulator::builder().start().await.unwrap();
        Self::new("socket", emulator, Paths::Defaults)
    }

    /// All shapes that a row must hold in.
    pub async fn all() -> Vec<Self> {
        let small_pages = Emulator::builder().page_size(7).build();
        let moved = Emulator::builder().layout(Layout::Moved).build();
        let https = Emulator::builder().https_links(true).build();
        vec![
            Self::plain(),
            Self::socket().await,
            Self::new("small pages", small_pages, Paths::Defaults),
            Self::new("moved", moved, Paths::Discover),
            Self::new("https links", https, Paths::Defaults),
        ]
    }

    /// How to make a client of it, without credentials.
    pub fn builder(&self) -> SyncServerApiBuilder {
        let retry = RetryPolicy::default()
            .max_attempts(3)
            .max_retry_after(Duration::from_secs(30))
            .backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
            .answers(RetryAnswers::WhenAsked);
        let builder = SyncServerApi::builder()
            .base_url(self.emulator.url())
            .paths(self.paths.clone())
            .retry(retry);
        match self.name {
            "socket" => builder,
            _ => builder.transport(self.emulator.transport()),
        }
    }

    /// The owner of the default data.
    pub fn alice(&self) -> SyncServerApi {
        self.builder().auth(alice()).build().unwrap()
    }

    /// A user who may not detect phones.
    pub fn bob(&self) -> SyncServerApi {
        self.builder().auth(bob()).build().unwrap()
    }

    /// Anybody.
    pub fn anonymous(&self) -> SyncServerApi {
        self.builder().build().unwrap()
    }

    /// The requests since the last look, but for the service document.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        let mut requests = self.emulator.requests();
        self.emulator.clear_log();
        requests.retain(|request| request.path() != "/v2/");
        requests
    }

    /// How many there were, by method.
    pub fn methods(&self) -> Vec<String> {
        self.requests()
            .iter()
            .map(|request| request.method.to_string())
            .collect()
    }
}

pub fn alice() -> SyncServerAuth {
    SyncServerAuth::new(
        "consumer-key-alice",
        "consumer-secret-alice",
        "access-key-alice",
        "access-secret-alice",
    )
}

pub fn bob() -> SyncServerAuth {
    SyncServerAuth::new(
        "consumer-key-bob",
        "consumer&secret%bob=",
        "access-key-bob",
        "access+secret/bob",
    )
}

/// The datastore with contents.
pub async fn store(api: &SyncServerApi) -> DatastoreClient {
    let datastores = api.clients().datastore();
    datastores.get("my-datastore-client-id").await.unwrap()
}

/// Whether every signature was verified, each with a nonce of its own.
pub fn all_verified(requests: &[LoggedRequest]) -> bool {
    let mut nonces = std::collections::HashSet::new();
    requests.iter().all(|request| match &request.oauth {
        Verdict::Verified { nonce, .. } => nonces.insert(nonce.clone()),
        _ => false,
    })
}

/// A row of the table, in every shape of the service.
#[macro_export]
macro_rules! row {
    ($(#[$attribute:meta])* $name:ident, |$lab:ident| $body:block) => {
        $(#[$attribute])*
        #[tokio::test]
        async fn $name() {
            for $lab in $crate::support::Lab::all().await {
                println!("{}", $lab.name);
                let run = async { $body };
                run.await;
            }
        }
    };
}
