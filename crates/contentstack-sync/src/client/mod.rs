//! A stack, and how its calls are made.

mod auth;
mod builder;
mod content_types;
mod fetch;
mod limit;
mod operations;
mod region;
mod service;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::{Error, Pipeline, Secret};

pub use self::builder::{ConfigError, StackBuilder};
pub use self::content_types::ContentTypes;
pub(crate) use self::fetch::Settings;
pub use self::limit::RateLimit;
pub use self::region::{Region, UnknownRegion};
use crate::error;
use crate::model::{
    Checkpoint, CheckpointError, ContentType, ContentTypeUid, Filter, Fingerprint, PaginationToken,
    Position, SyncToken,
};
use crate::sync::{SyncCall, SyncInit};

/// One environment of one stack. Cheap to clone; clones share connections
/// and the rate limit.
///
/// ```no_run
/// use contentstack_sync::{Region, Stack};
///
/// # fn run() -> Result<(), contentstack_sync::Error> {
/// let stack = Stack::builder("blt…", "cs…", "production")
///     .region(Region::Eu)
///     .branch("main")
///     .build()?;
/// # drop(stack);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Stack(Arc<Shared>);

struct Shared {
    pipeline: Pipeline,
    /// The way of asset files: the same connections, and no credentials.
    #[cfg(feature = "assets")]
    files: Pipeline,
    environment: String,
    region: Region,
    fingerprint: Fingerprint,
    rate_limit: RateLimit,
    token_pauses: Vec<Duration>,
    in_flight: auth::InFlight,
}

impl Stack {
    /// A stack in North America, with the defaults: see [`builder`](Self::builder).
    ///
    /// # Errors
    ///
    /// As [`StackBuilder::build`].
    pub fn new(
        api_key: impl Into<Secret<String>>,
        delivery_token: impl Into<Secret<String>>,
        environment: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::builder(api_key, delivery_token, environment).build()
    }

    /// Begins with the API key of the stack (`blt…`), a delivery token (`cs…`;
    /// the documentation also calls it access token) and the name of its
    /// environment.
    pub fn builder(
        api_key: impl Into<Secret<String>>,
        delivery_token: impl Into<Secret<String>>,
        environment: impl Into<String>,
    ) -> StackBuilder {
        StackBuilder::new(api_key.into(), delivery_token.into(), environment.into())
    }

    /// A sync from the beginning (`init=true`).
    pub fn sync_init(&self) -> SyncInit {
        SyncInit::new(SyncCall::new(self.clone(), Position::Start, Filter::new()))
    }

    /// The next page of a result (`pagination_token=…`).
    pub fn pagination(&self, token: impl Into<PaginationToken>) -> SyncCall {
        SyncCall::new(self.clone(), Position::Page(token.into()), Filter::new())
    }

    /// What has changed since the token was given out (`sync_token=…`).
    pub fn sync_token(&self, token: impl Into<SyncToken>) -> SyncCall {
        SyncCall::new(self.clone(), Position::Delta(token.into()), Filter::new())
    }

    /// Goes on from a checkpoint, with its filter. To insist on a filter, use
    /// [`SyncInit::resume`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config), with a
    /// [`CheckpointError`]: the checkpoint is of another stack, environment,
    /// branch or host, or of another version of this crate.
    pub fn resume(&self, checkpoint: &Checkpoint) -> Result<SyncCall, Error> {
        if checkpoint.version != Checkpoint::VERSION {
            return Err(error::checkpoint(CheckpointError::OtherVersion));
        }
        if checkpoint.stack != self.0.fingerprint {
            return Err(error::checkpoint(CheckpointError::OtherStack));
        }
        Ok(SyncCall::new(
            self.clone(),
            checkpoint.position.clone(),
            checkpoint.filter.clone(),
        ))
    }

    /// All content types, with their schemas (`GET /v3/content_types`).
    pub fn content_types(&self) -> ContentTypes {
        ContentTypes::new(self.clone())
    }

    /// One content type, with its schema (`GET /v3/content_types/{uid}`).
    ///
    /// # Errors
    ///
    /// [`UnknownContentType`](crate::ContentstackError::UnknownContentType), and
    /// whatever may become of a call.
    pub async fn content_type(&self, uid: impl Into<ContentTypeUid>) -> Result<ContentType, Error> {
        content_types::one(self, &uid.into()).await
    }

    /// The name of the environment.
    pub fn environment(&self) -> &str {
        &self.0.environment
    }

    /// The region. With [`host`](StackBuilder::host) set, requests go there
    /// all the same.
    pub fn region(&self) -> Region {
        self.0.region
    }

    /// What tells this stack, environment, branch and host from others.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.0.fingerprint
    }

    /// The limit of requests, to share it with other stacks.
    pub fn rate_limit(&self) -> &RateLimit {
        &self.0.rate_limit
    }

    /// The way of asset files: over the same connections, without any
    /// credentials. Whoever calls takes its [`turn`](Self::turn) first.
    #[cfg(feature = "assets")]
    pub(crate) fn files(&self) -> &Pipeline {
        &self.0.files
    }

    /// Waits until the rate limit allows a request.
    pub(crate) async fn turn(&self) {
        self.0.rate_limit.acquire().await;
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("environment", &self.0.environment)
            .field("fingerprint", &self.0.fingerprint)
            .field("rate_limit", &self.0.rate_limit)
            .field("pipeline", &self.0.pipeline)
            .finish_non_exhaustive()
    }
}
