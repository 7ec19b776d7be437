//! How to reach a stack.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderName, Uri};
use sync_core::policy::RetryPolicy;
use sync_core::{CallOptions, Clock, Error, Pipeline, Secret, Transport};

use super::auth::{Credentials, InFlight};
use super::limit::RateLimit;
use super::region::Region;
use super::service::{Contentstack, Counted};
use super::{Shared, Stack};
use crate::model::Fingerprint;

const AGENT: &str = concat!("contentstack-sync-rust/", env!("CARGO_PKG_VERSION"));
const BRANCH: HeaderName = HeaderName::from_static("branch");
const EARLY_ACCESS: HeaderName = HeaderName::from_static("x-header-ea");
const X_USER_AGENT: HeaderName = HeaderName::from_static("x-user-agent");

/// What is wrong with the way a stack was set up. Found without asking the
/// service; see [`ContentstackErrorExt::config`](crate::ContentstackErrorExt::config).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no API key.
    #[error("the API key is empty: it is in the settings of the stack and begins with blt")]
    EmptyApiKey,
    /// There is no delivery token.
    #[error(
        "the delivery token is empty: each environment has its own in the settings of the stack"
    )]
    EmptyDeliveryToken,
    /// There is no environment.
    #[error("the environment is empty: it takes the name of one, not its uid")]
    EmptyEnvironment,
    /// The API key cannot be sent in a header; mostly there is a line break at
    /// its end.
    #[error("the API key has characters that no header can carry")]
    BadApiKey,
    /// The delivery token cannot be sent in a header; mostly there is a line
    /// break at its end.
    #[error("the delivery token has characters that no header can carry")]
    BadDeliveryToken,
    /// The host is none.
    #[error("the host is neither a host nor a URL with http or https")]
    BadHost,
    /// The branch cannot be sent in a header.
    #[error("the branch has characters that no header can carry")]
    BadBranch,
    /// An early-access feature cannot be sent in a header.
    #[error("an early-access feature has characters that its header cannot carry")]
    BadEarlyAccess,
}

impl ConfigError {
    fn error(self) -> Error {
        Error::config(self.to_string()).with_detail(self)
    }
}

/// Makes a [`Stack`].
///
/// | setting | default |
/// |---|---|
/// | [`region`](Self::region) | [`Region::Na`] |
/// | [`host`](Self::host) | the region's own |
/// | [`branch`](Self::branch) | none: the stack's main branch |
/// | [`early_access`](Self::early_access) | none |
/// | [`rate_limit`](Self::rate_limit) | 80 requests a second, shared with nobody |
/// | [`retry`](Self::retry) | 5 attempts, random pauses up to 20 s, asked-for ones up to 60 s |
/// | [`invalid_token_pauses`](Self::invalid_token_pauses) | 0.5 s, 2 s, 8 s |
/// | [`with_options`](Self::with_options) | 30 s to the first byte, 30 s of silence, 150 s in all, 128 MiB |
#[must_use]
pub struct StackBuilder {
    api_key: Secret<String>,
    delivery_token: Secret<String>,
    environment: String,
    region: Region,
    host: Option<String>,
    branch: Option<String>,
    early_access: Vec<String>,
    rate_limit: RateLimit,
    options: CallOptions,
    token_pauses: Vec<Duration>,
    transport: Option<Arc<dyn Transport>>,
    clock: Clock,
}

impl StackBuilder {
    pub(super) fn new(
        api_key: Secret<String>,
        delivery_token: Secret<String>,
        environment: String,
    ) -> Self {
        Self {
            api_key,
            delivery_token,
            environment,
            region: Region::default(),
            host: None,
            branch: None,
            early_access: Vec::new(),
            rate_limit: RateLimit::default(),
            options: CallOptions::default()
                .total_timeout(Duration::from_secs(150))
                .max_body(128 << 20)
                .retry(RetryPolicy::default().max_attempts(5)),
            token_pauses: [500, 2000, 8000].map(Duration::from_millis).to_vec(),
            transport: None,
            clock: Clock::system(),
        }
    }

    /// The region that the stack is in.
    pub fn region(mut self, region: Region) -> Self {
        self.region = region;
        self
    }

    /// Another host than the region's: `host`, `host:port`, or a URL such as
    /// `http://127.0.0.1:8743`. Without a scheme it is `https`.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The branch, by uid or alias. Tokens of one branch are not used with another.
    pub fn branch(mut self, branch: impl Into<String>) -> Self {
        self.branch = Some(branch.into());
        self
    }

    /// Features in early access, by name.
    pub fn early_access<T: Into<String>>(mut self, features: impl IntoIterator<Item = T>) -> Self {
        self.early_access = features.into_iter().map(Into::into).collect();
        self
    }

    /// How many requests are made a second. Give one limit to all stacks of an
    /// organisation: the service counts them together.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// How often failed calls are repeated: lost connections, bodies that
    /// break off, and the answers 408, 429, 500, 502, 503 and 504. A pause
    /// that the service asks for (`Retry-After`, `x-ratelimit-reset`,
    /// `x-ratelimit-reset-time`) is kept.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options = self.options.retry(policy);
        self
    }

    /// The pauses before a call with a token that the service says it does not
    /// know is made again: such answers are known to pass. None of them for
    /// taking the service at its word.
    pub fn invalid_token_pauses(mut self, pauses: impl IntoIterator<Item = Duration>) -> Self {
        self.token_pauses = pauses.into_iter().collect();
        self
    }

    /// Changes the limits of time and size, and the repetition, of all calls.
    /// What `change` leaves alone stays as it was; whatever is set last counts.
    pub fn with_options(mut self, change: impl FnOnce(CallOptions) -> CallOptions) -> Self {
        self.options = change(self.options);
        self
    }

    /// Limits each request, with all its attempts. `None` for no limit.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options = self.options.total_timeout(limit);
        self
    }

    /// Another way for the bytes to travel: through a proxy, with other
    /// certificates, or a double in a test.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Where the time comes from.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Checks everything and makes the stack. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config), with a
    /// [`ConfigError`]: something is empty, or cannot be sent.
    pub fn build(self) -> Result<Stack, Error> {
        let blank = |text: &str| text.trim().is_empty();
        if blank(self.api_key.expose()) {
            return Err(ConfigError::EmptyApiKey.error());
        }
        if blank(self.delivery_token.expose()) {
            return Err(ConfigError::EmptyDeliveryToken.error());
        }
        if !is_header(self.api_key.expose()) {
            return Err(ConfigError::BadApiKey.error());
        }
        if !is_header(self.delivery_token.expose()) {
            return Err(ConfigError::BadDeliveryToken.error());
        }
        if blank(&self.environment) {
            return Err(ConfigError::EmptyEnvironment.error());
        }
        let base = base(self.host.as_deref(), self.region)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        let in_flight = InFlight::default();
        let auth = Credentials::new(&self.api_key, &self.delivery_token, in_flight.clone())?;
        let transport: Arc<dyn Transport> = Arc::new(Counted {
            inner: transport,
            limit: self.rate_limit.clone(),
        });
        #[cfg(feature = "assets")]
        let files = Pipeline::builder(&base)
            .transport(crate::assets::Observed {
                inner: Arc::clone(&transport),
                limit: self.rate_limit.clone(),
                clock: self.clock.clone(),
            })
            .options(self.options.clone())
            .clock(self.clock.clone())
            .header(USER_AGENT, AGENT)
            .build()
            .map_err(bad_host)?;
        let mut pipeline = Pipeline::builder(&base)
            .transport(transport)
            .service(Contentstack {
                limit: self.rate_limit.clone(),
                clock: self.clock.clone(),
            })
            .auth(auth)
            .options(self.options)
            .clock(self.clock)
            .header(USER_AGENT, AGENT)
            .header(X_USER_AGENT, AGENT);
        if let Some(branch) = &self.branch {
            if blank(branch) || !is_header(branch) {
                return Err(ConfigError::BadBranch.error());
            }
            pipeline = pipeline.header(BRANCH, branch.as_str());
        }
        if !self.early_access.is_empty() {
            let fine = |name: &String| !blank(name) && is_header(name) && !name.contains(',');
            if !self.early_access.iter().all(fine) {
                return Err(ConfigError::BadEarlyAccess.error());
            }
            pipeline = pipeline.header(EARLY_ACCESS, self.early_access.join(","));
        }
        let fingerprint = Fingerprint::of(&[
            self.api_key.expose(),
            &self.environment,
            self.branch.as_deref().unwrap_or_default(),
            base.trim_end_matches('/'),
        ]);
        Ok(Stack(Arc::new(Shared {
            pipeline: pipeline.build().map_err(bad_host)?,
            #[cfg(feature = "assets")]
            files,
            environment: self.environment,
            region: self.region,
            fingerprint,
            rate_limit: self.rate_limit,
            token_pauses: self.token_pauses,
            in_flight,
        })))
    }
}

/// Not the host: whoever put credentials into it is told so by
/// [`StackBuilder::build`], and nobody else.
impl fmt::Debug for StackBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackBuilder")
            .field("environment", &self.environment)
            .field("region", &self.region)
            .field("branch", &self.branch)
            .field("early_access", &self.early_access)
            .field("rate_limit", &self.rate_limit)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What the pipeline has against its settings, all others of which were
/// checked before: its words say more, for example that a port is none.
fn bad_host(error: Error) -> Error {
    error.with_detail(ConfigError::BadHost)
}

fn is_header(text: &str) -> bool {
    http::HeaderValue::from_str(text).is_ok()
}

/// The service's address: that of the region, or the one that was given.
fn base(host: Option<&str>, region: Region) -> Result<String, Error> {
    let Some(host) = host.map(str::trim) else {
        return Ok(format!("https://{}", region.delivery_host()));
    };
    let base = if host.contains("://") {
        host.to_owned()
    } else {
        format!("https://{host}")
    };
    // Checked on by the pipeline, which has no word for what this is.
    match base.parse::<Uri>() {
        Ok(uri)
            if uri.host().is_some_and(|host| !host.is_empty())
                && matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.query().is_none() =>
        {
            Ok(base)
        }
        _ => Err(ConfigError::BadHost.error()),
    }
}

fn default_transport() -> Result<Arc<dyn Transport>, Error> {
    let transport = sync_core::hyper::HyperTransport::builder().build();
    Ok(Arc::new(transport.map_err(Error::transport)?))
}
