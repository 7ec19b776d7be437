//! How to reach a server, and where its data goes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use sync_core::policy::{Redirects, RetryPolicy};
use sync_core::{CallOptions, Clock, Error, Pipeline, Secret, Transport};

use super::address::{absolute, origin, same_origin};
use super::auth::TokenAuth;
use super::service::{Marking, Synctool};
use super::validator::Validators;
use super::{Client, Shared};
#[cfg(feature = "images")]
use crate::images::Media;
use crate::schema::Schema;
use crate::store::Store;

const AGENT: &str = concat!("synctools-rust/", env!("CARGO_PKG_VERSION"));

/// Where the token comes from when none is given.
const TOKEN: &str = "SYNCTOOL_CLIENT_TOKEN";
/// Where the endpoint comes from when none is given.
const ENDPOINT: &str = "SYNCTOOL_CLIENT_ENDPOINT";

/// Makes a [`Client`].
///
/// | setting | default |
/// |---|---|
/// | [`schema`](Self::schema), [`store`](Self::store) | none: they must be given |
/// | [`api_url`](Self::api_url) | the environment variable `SYNCTOOL_CLIENT_ENDPOINT` |
/// | [`token`](Self::token) | the environment variable `SYNCTOOL_CLIENT_TOKEN` |
/// | [`validators`](Self::validators) | none: every sync asks for everything |
/// | [`redirects`](Self::redirects) | up to 5 in a row, within the origin of the server |
/// | [`retry`](Self::retry) | 4 attempts, random pauses up to 20 s, asked-for ones up to 60 s |
/// | [`with_options`](Self::with_options) | 5 min to the first byte, 60 s of silence, 30 min until the body begins |
/// | [`max_body`](Self::max_body) | 16 GiB |
/// | [`max_object`](Self::max_object) | 64 MiB |
#[must_use]
pub struct ClientBuilder {
    api_url: Option<String>,
    token: Option<Secret<String>>,
    is_public: bool,
    schema: Option<Schema>,
    store: Option<Arc<dyn Store>>,
    #[cfg(feature = "images")]
    media: Option<Media>,
    validators: Option<Arc<dyn Validators>>,
    headers: HeaderMap,
    options: CallOptions,
    attempts: u32,
    max_body: u64,
    max_object: usize,
    transport: Option<Arc<dyn Transport>>,
    clock: Clock,
    environment: fn(&str) -> Option<String>,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            api_url: None,
            token: None,
            is_public: false,
            schema: None,
            store: None,
            #[cfg(feature = "images")]
            media: None,
            validators: None,
            headers: HeaderMap::new(),
            // The original server writes the whole body before its first byte.
            options: CallOptions::default()
                .first_byte_timeout(Duration::from_secs(300))
                .idle_timeout(Duration::from_secs(60))
                .total_timeout(Duration::from_secs(1800)),
            attempts: 4,
            max_body: 16 << 30,
            max_object: 64 << 20,
            transport: None,
            clock: Clock::system(),
            environment: |name| std::env::var(name).ok(),
        }
    }

    /// The endpoint: the URL that paths are put behind, for example
    /// `https://example.org/sync/`. The slash at its end may be left out.
    ///
    /// Without one, and with an empty one, it is the environment variable
    /// `SYNCTOOL_CLIENT_ENDPOINT`. A client without any can
    /// [`sync_url`](Client::sync_url).
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// The token, which is the server's `SYNCTOOL_API_TOKEN`.
    ///
    /// Without one, and with an empty one, it is the environment variable
    /// `SYNCTOOL_CLIENT_TOKEN`. It goes to the origin of the endpoint, and to
    /// no other: see [`SyncBuilder::send_token`](super::SyncBuilder::send_token) and
    /// `Media::send_token`.
    pub fn token(mut self, token: impl Into<Secret<String>>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sends no token: the server's views are public.
    pub fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// The models.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The database.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Where images come from, and where they go.
    #[cfg(feature = "images")]
    pub fn media(mut self, media: Media) -> Self {
        self.media = Some(media);
        self
    }

    /// Remembers what the server answered, and asks it for something else
    /// only. A sync that the server answers with 304 has changed nothing and
    /// says so. Syncs that clean always ask for everything; so should, with
    /// [`conditional(false)`](super::SyncBuilder::conditional), the first one
    /// after the schema, a policy or a hook has changed.
    pub fn validators(mut self, validators: impl Validators) -> Self {
        self.validators = Some(Arc::new(validators));
        self
    }

    /// A header for every request to the server, and none for other hosts.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Which redirects are followed. Whatever is chosen, the token never goes
    /// to another scheme, host or port.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.options = self.options.redirects(redirects);
        self
    }

    /// How often requests are repeated that no answer came for, or an answer
    /// that may pass: 408, 429, 500, 502, 503 and 504.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options = self.options.retry(policy);
        self
    }

    /// How often a sync begins anew whose body broke off, the first time
    /// included; 4 by default, 1 for never. What the attempt before had
    /// written is rolled back first.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Limits each request, with all its attempts, until its body begins; 30
    /// min by default, `None` for no limit.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options = self.options.total_timeout(limit);
        self
    }

    /// Changes the limits of time and size, and the repetition, of all calls.
    /// What `change` leaves alone stays as it was; whatever is set last counts.
    pub fn with_options(mut self, change: impl FnOnce(CallOptions) -> CallOptions) -> Self {
        self.options = change(self.options);
        self
    }

    /// The largest body that is read, in bytes after decompression.
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }

    /// The largest single object that is read, in bytes. Memory is bounded
    /// by it.
    pub fn max_object(mut self, bytes: usize) -> Self {
        self.max_object = bytes;
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

    /// Checks everything and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config): there is no schema,
    /// no store or no token, or a URL is none.
    pub fn build(self) -> Result<Client, Error> {
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let schema = self
            .schema
            .ok_or_else(|| Error::config("there is no schema: say which models there are"))?;
        let store = self
            .store
            .ok_or_else(|| Error::config("there is no store: say where the data goes"))?;
        let environment = self.environment;
        let api_url = given(self.api_url).or_else(|| given(environment(ENDPOINT)));
        let api = match api_url {
            Some(url) => {
                let url = absolute(&url)?;
                if url.query().is_some() {
                    return Err(Error::config("the endpoint must not have a query"));
                }
                Some(url)
            }
            None => None,
        };
        let token = self
            .token
            .filter(|token| !token.expose().is_empty())
            .or_else(|| given(environment(TOKEN)).map(Secret::new));
        let token = match (self.is_public, token) {
            (true, _) => None,
            (false, Some(token)) => Some(token),
            (false, None) => {
                return Err(Error::config(format!(
                    "there is no token: give one, set {TOKEN}, or say that the server is public"
                )));
            }
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        let ways = Ways {
            transport: Arc::new(Marking(transport)),
            token,
            headers: self.headers,
            options: self.options,
            clock: self.clock,
        };
        #[cfg(feature = "images")]
        let media = match self.media {
            None => None,
            Some(mut media) => {
                let url = absolute(&media.url)?;
                media.url = url.to_string();
                let way = ways.to(&url, media.send_token)?;
                Some((media, way))
            }
        };
        let home = match &api {
            Some(url) => Some(ways.to(url, true)?),
            None => None,
        };
        Ok(Client(Arc::new(Shared {
            schema,
            store,
            api,
            home,
            #[cfg(feature = "images")]
            media,
            ways,
            validators: self.validators,
            attempts: self.attempts,
            max_body: self.max_body,
            max_object: self.max_object,
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("is_public", &self.is_public)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Ways to servers: one for each origin.
pub(super) struct Ways {
    transport: Arc<dyn Transport>,
    token: Option<Secret<String>>,
    headers: HeaderMap,
    options: CallOptions,
    clock: Clock,
}

impl Ways {
    /// The way to the origin of a URL.
    pub(super) fn to(&self, url: &Uri, with_token: bool) -> Result<Pipeline, Error> {
        let base: Uri = origin(url)
            .parse()
            .map_err(|error: http::uri::InvalidUri| {
                Error::config("the URL is none").with_source(error)
            })?;
        let mut way = Pipeline::builder(origin(url))
            .transport(Arc::clone(&self.transport))
            .service(Synctool { base })
            .options(self.options.clone())
            .clock(self.clock.clone())
            .header(USER_AGENT, AGENT);
        if with_token {
            for (name, value) in &self.headers {
                way = way.header(name.clone(), value.clone());
            }
            if let Some(token) = &self.token {
                way = way.auth(TokenAuth::new(token)?);
            }
        }
        way.build()
    }

    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }
}

impl Shared {
    /// The way to a whole URL, and whether the token may go along: to the
    /// origin of the endpoint it may, elsewhere only when asked. Without an
    /// endpoint the URL is what the client was made for.
    pub(super) fn way_to(&self, url: &Uri, send_token: bool) -> Result<(Pipeline, bool), Error> {
        let may = match (&self.api, &self.home) {
            (Some(api), Some(home)) if same_origin(api, url) => return Ok((home.clone(), true)),
            (Some(_), _) => send_token,
            (None, _) => true,
        };
        Ok((self.ways.to(url, may)?, may))
    }
}

fn default_transport() -> Result<Arc<dyn Transport>, Error> {
    let transport = sync_core::hyper::HyperTransport::builder().build();
    Ok(Arc::new(transport.map_err(Error::transport)?))
}
