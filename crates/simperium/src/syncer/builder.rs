//! How a syncer is set up.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::auth::TokenSource;
use sync_core::hyper::HyperTransport;
use sync_core::policy::Backoff;
use sync_core::{Error, Secret};

use super::tokens::Tokens;
use super::{DeletePolicy, Resolver, SyncError, Syncer, run};
use crate::client::{ApiBuilder, HOST, Settings, common_settings};
use crate::model::{BucketName, ClientId, NameError};
use crate::store::{MemoryStore, Store};

/// Changes in a second that the service takes from one client.
const SERVICE_RATE: u32 = 200;

/// Makes a [`Syncer`].
#[must_use = "nothing is synced until it is started"]
pub struct SyncerBuilder {
    settings: Settings,
    token: Option<Secret<String>>,
    source: Option<Arc<dyn TokenSource>>,
    client_id: Option<ClientId>,
    buckets: Vec<Result<BucketName, NameError>>,
    store: Option<Box<dyn Store>>,
    in_memory: bool,
    resolver: Option<Arc<dyn Resolver>>,
    tuning: Tuning,
}

/// Numbers that have good defaults.
#[derive(Clone, Debug)]
pub(super) struct Tuning {
    pub(super) heartbeat: Duration,
    pub(super) reconnect: Backoff,
    pub(super) events: usize,
    pub(super) largest_frame: usize,
    pub(super) page: u32,
    /// `None` for what the service is known to take.
    pub(super) rate: Option<Option<u32>>,
    pub(super) quiet: Duration,
    pub(super) deletes: DeletePolicy,
    pub(super) any_user: bool,
    pub(super) paused: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(20),
            reconnect: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            events: 1024,
            largest_frame: 64 << 20,
            page: 1000,
            rate: None,
            quiet: Duration::ZERO,
            deletes: DeletePolicy::default(),
            any_user: false,
            paused: false,
        }
    }
}

impl SyncerBuilder {
    pub(super) fn new(app: String, token: Option<Secret<String>>) -> Self {
        Self {
            settings: Settings::new(app, HOST),
            token,
            source: None,
            client_id: None,
            buckets: Vec::new(),
            store: None,
            in_memory: true,
            resolver: None,
            tuning: Tuning::default(),
        }
    }

    common_settings!();

    /// Where another token comes from when the service refuses the one that is
    /// used. It is asked once for each token that was refused.
    pub fn token_source(mut self, source: impl TokenSource) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// A bucket to be kept in step. At least one.
    pub fn bucket(mut self, name: impl TryInto<BucketName, Error: Into<NameError>>) -> Self {
        self.buckets.push(name.try_into().map_err(Into::into));
        self
    }

    /// Where everything is kept. Default: in memory, where an edit that was not
    /// sent ends with the program.
    pub fn store<S: Store>(mut self, store: S) -> Self {
        self.in_memory = TypeId::of::<S>() == TypeId::of::<MemoryStore>();
        self.store = Some(Box::new(store));
        self
    }

    /// Who decides when two edits cannot both be kept. Default: they are merged
    /// as far as they go together, this device's is taken where they do not, and
    /// an edit is kept against a deletion.
    pub fn resolver(mut self, resolver: impl Resolver) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// The id of a device whose store is new. One that is not has its own.
    /// Default: a random one.
    pub fn client_id(mut self, id: ClientId) -> Self {
        self.client_id = Some(id);
        self
    }

    /// After how much silence of the service it is asked for a sign of life.
    /// Without one for as long again, the connection is made anew. Default: 20 s,
    /// which the protocol asks for.
    pub fn heartbeat(mut self, after: Duration) -> Self {
        self.tuning.heartbeat = after.max(Duration::from_millis(1));
        self
    }

    /// The pauses before a lost connection is made anew. Default: random, up to
    /// 1 s at first and 60 s in the end.
    pub fn reconnect(mut self, pauses: Backoff) -> Self {
        self.tuning.reconnect = pauses;
        self
    }

    /// How many events wait for a subscriber at most. Default: 1024.
    pub fn events(mut self, most: usize) -> Self {
        self.tuning.events = most.max(1);
        self
    }

    /// How many bytes a frame of the service may have. Default: 64 MiB.
    pub fn largest_frame(mut self, bytes: usize) -> Self {
        self.tuning.largest_frame = bytes;
        self
    }

    /// How many entities a page of the index has, from 1 to 1000. Default:
    /// 1000, the most that the service gives.
    pub fn page(mut self, entities: u32) -> Self {
        self.tuning.page = entities.clamp(1, 1000);
        self
    }

    /// How many changes are sent in a second at most; `None` for as many as the
    /// service takes. Whatever it is, a service that says it is busy is sent
    /// less.
    ///
    /// Default: 200 at the service's own address, which is known to refuse more
    /// than about 250 (as its own clients found with imports), and no limit at
    /// any other.
    pub fn rate(mut self, changes: impl Into<Option<u32>>) -> Self {
        self.tuning.rate = Some(changes.into().map(|changes| changes.max(1)));
        self
    }

    /// How long an object must not be edited before its edits are sent: one
    /// change for what was typed meanwhile. Default: none, every edit is sent at
    /// once. The service's own note-taking client takes 2 s.
    pub fn quiet(mut self, pause: Duration) -> Self {
        self.tuning.quiet = pause;
        self
    }

    /// What wins when an object is deleted on one side and edited on the other.
    /// Default: the edit.
    pub fn deletes(mut self, policy: DeletePolicy) -> Self {
        self.tuning.deletes = policy;
        self
    }

    /// Lets the store become that of the token's user, whosever it was. This is
    /// for users who have changed their name, which is all that the service says
    /// of them. Otherwise, so that the objects of two do not mix, there is no
    /// connection with the token of another: [`Status::OtherUser`].
    ///
    /// [`Status::OtherUser`]: super::Status::OtherUser
    pub fn any_user(mut self) -> Self {
        self.tuning.any_user = true;
        self
    }

    /// Whether it begins [paused](Syncer::pause).
    pub fn paused(mut self, paused: bool) -> Self {
        self.tuning.paused = paused;
        self
    }

    /// Opens the store and begins, within the present tokio runtime. It does not
    /// wait for a connection.
    ///
    /// # Errors
    ///
    /// [`SyncError::Service`] and [`SyncError::Name`] when it is set up wrongly,
    /// [`SyncError::Store`] when the store cannot be read, or is that of another
    /// app.
    pub async fn start(self) -> Result<Syncer, SyncError> {
        let Self {
            mut settings,
            token,
            source,
            client_id,
            buckets,
            store,
            in_memory,
            resolver,
            mut tuning,
        } = self;
        if tuning.rate.is_none() {
            tuning.rate = Some(service_rate(&settings.host));
        }
        let mut names: Vec<BucketName> = Vec::new();
        for name in buckets {
            let name = name?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return Err(Error::config("a syncer needs a bucket").into());
        }
        // One for calls and sockets.
        if settings.transport.is_none() {
            let transport = HyperTransport::builder().build();
            settings.transport = Some(Arc::new(transport.map_err(Error::transport)?));
        }
        if token
            .as_ref()
            .is_some_and(|token| token.expose().trim().is_empty())
        {
            return Err(Error::config("the access token is empty").into());
        }
        let tokens = Tokens::new(token, source);
        let client_id = match client_id {
            Some(id) => id,
            None => ClientId::random()?,
        };
        let clock = settings.clock.clone();
        let (app, pipeline) = settings.clone().socket_pipeline()?;
        let begin = run::Begin {
            app,
            buckets: names,
            client_id,
            store: store.unwrap_or_else(|| Box::new(MemoryStore::new())),
            in_memory,
            resolver,
            tuning,
            tokens: tokens.clone(),
            pipeline,
            clock,
        };
        let api = |client_id| {
            ApiBuilder::with_settings(settings, tokens.for_calls())
                .client_id(client_id)
                .build()
        };
        run::start(begin, api).await
    }
}

/// What the service at a host is known to take.
fn service_rate(host: &str) -> Option<u32> {
    let host = host.rsplit_once("://").map_or(host, |(_, host)| host);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    host.eq_ignore_ascii_case(HOST).then_some(SERVICE_RATE)
}

impl fmt::Debug for SyncerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncerBuilder")
            .field("settings", &self.settings)
            .field("source", &self.source)
            .field("client_id", &self.client_id)
            .field("buckets", &self.buckets)
            .field("store", &self.store)
            .field("tuning", &self.tuning)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_itself_is_sent_no_more_than_it_takes() {
        for host in [HOST, "https://api.simperium.com/", "API.simperium.com:443"] {
            assert_eq!(service_rate(host), Some(200), "{host}");
        }
        for host in ["http://127.0.0.1:8080", "api.example.com", ""] {
            assert_eq!(service_rate(host), None, "{host}");
        }
    }
}
