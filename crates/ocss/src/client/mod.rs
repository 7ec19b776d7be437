//! What a user holds, and how its calls are made.

mod auth;
mod builder;
mod collection;
mod discover;
mod exchange;
mod kind;
mod node;
mod paths;
mod rebase;
mod service;
mod staged;
mod stream;
mod walk;

use std::fmt;
use std::sync::Arc;

use http::Uri;
use sync_core::auth::Authorize as _;
use sync_core::policy::RetryPolicy;
use sync_core::{Error, Pipeline, Secret};
use tokio::sync::OnceCell;

pub use self::auth::SyncServerAuth;
use self::auth::{InFlight, Signing};
pub use self::builder::SyncServerApiBuilder;
pub(crate) use self::collection::CollectionNode;
pub(crate) use self::exchange::{Answer, Request, entry, unreadable};
pub(crate) use self::kind::{KindInfo, Locator, Space};
pub(crate) use self::node::{Loaded, Node};
pub(crate) use self::paths::Layout;
pub use self::paths::{Parameter, PathMap, Paths, Role};
pub use self::rebase::RebaseRule;
pub(crate) use self::staged::{Field, Staged, Value};
pub use self::stream::ResourceStream;
pub(crate) use self::stream::list_stream;
use crate::api::{Clients, Phones};

/// The whole interface of one SyncServer. Cheap to clone; clones share
/// connections, credentials and what is known about paths.
///
/// ```no_run
/// # async fn run() -> Result<(), ocss::Error> {
/// use ocss::{SyncServerApi, SyncServerAuth};
///
/// // What needs no credentials.
/// let api = SyncServerApi::new()?;
/// let mut vendors = api.phones().vendors().stream();
/// while let Some(vendor) = vendors.try_next().await? {
///     println!("{} {}", vendor.name().await?, vendor.models().len().await?);
/// }
///
/// // Everything.
/// let auth = SyncServerAuth::new("consumer-key", "consumer-secret", "access-key", "access-secret");
/// let api = SyncServerApi::builder().auth(auth).build()?;
/// println!("{} clients", api.clients().len().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SyncServerApi(Arc<Shared>);

struct Shared {
    pipeline: Pipeline,
    base: Uri,
    signing: Option<Signing>,
    in_flight: InFlight,
    paths: Paths,
    layout: OnceCell<Layout>,
    settings: Settings,
}

/// What the builder settles once for all calls.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rule: RebaseRule,
    pub(crate) page_limit: u64,
    pub(crate) memory_limit: u64,
    pub(crate) strict_entries: bool,
    pub(crate) flat_entries: bool,
    pub(crate) conditional_delete: bool,
    pub(crate) conditional_update: bool,
    pub(crate) revalidate: bool,
    pub(crate) follow_links: bool,
    pub(crate) page_attempts: u32,
    /// For GET and HEAD.
    pub(crate) retry_reads: RetryPolicy,
    /// For all others.
    pub(crate) retry_writes: RetryPolicy,
}

impl SyncServerApi {
    /// `https://api.obexcode.com/v2/` without credentials: what needs none,
    /// such as the phone models, can be used.
    ///
    /// # Errors
    ///
    /// As [`SyncServerApiBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Credentials, another address, and all other settings.
    pub fn builder() -> SyncServerApiBuilder {
        SyncServerApiBuilder::new()
    }

    /// Manufacturers and models. No request is made.
    pub fn phones(&self) -> Phones {
        Phones::new(self.clone())
    }

    /// The halves of sync relationships, of all kinds. No request is made.
    pub fn clients(&self) -> Clients {
        Clients::all(self.clone())
    }

    /// The address that paths are relative to. It ends with a slash.
    pub fn base_url(&self) -> &Uri {
        &self.0.base
    }

    /// Whether there are credentials.
    pub fn has_auth(&self) -> bool {
        self.0.signing.is_some()
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.0.in_flight
    }

    /// What must not be seen in any error.
    fn secrets(&self) -> Vec<Secret<String>> {
        match &self.0.signing {
            Some(signing) => signing.secrets(),
            None => self.0.in_flight.secrets(),
        }
    }

    /// Where things are: asked for once, if the service is to be asked at all.
    pub(crate) async fn layout(&self) -> Result<&Layout, Error> {
        let find = || async {
            match &self.0.paths {
                Paths::Defaults => Ok(Layout::default()),
                Paths::Custom(map) => Ok(Layout {
                    map: map.clone(),
                    closed: Vec::new(),
                }),
                Paths::Discover => discover::layout(self).await,
            }
        };
        self.0.layout.get_or_try_init(find).await
    }
}

/// Two are equal when they speak to the same service.
impl PartialEq for SyncServerApi {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.base == other.0.base
    }
}

impl fmt::Debug for SyncServerApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncServerApi")
            .field("pipeline", &self.0.pipeline)
            .field("paths", &self.0.paths)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
