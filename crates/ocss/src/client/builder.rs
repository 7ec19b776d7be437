//! How to reach a service.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::header::USER_AGENT;
use sync_core::policy::{RetryAnswers, RetryPolicy};
use sync_core::{CallOptions, Clock, Error, Pipeline, Transport};
use tokio::sync::OnceCell;

use super::auth::{InFlight, Signing, Skew, SyncServerAuth};
use super::paths::Paths;
use super::rebase::RebaseRule;
use super::service::OcssService;
use super::{Settings, Shared, SyncServerApi};
use crate::atom::Limits;
use crate::oauth1::{OAuth1, Placement, SignatureMethod, is_private};

const USER_AGENT_NAME: &str = concat!("ocss-rust/", env!("CARGO_PKG_VERSION"));

/// The service's own address.
const BASE_URL: &str = "https://api.obexcode.com/v2/";

/// Makes a [`SyncServerApi`].
///
/// | setting | default |
/// |---|---|
/// | [`base_url`](Self::base_url) | `https://api.obexcode.com/v2/` |
/// | [`auth`](Self::auth) | none |
/// | [`signature`](Self::signature), [`placement`](Self::placement) | HMAC-SHA1 in the `Authorization` header |
/// | [`paths`](Self::paths) | the default paths |
/// | [`rebase`](Self::rebase) | links to the base's host are its own |
/// | [`retry`](Self::retry) | 3 attempts after lost connections; answers only when they ask for it |
/// | [`with_options`](Self::with_options) | 30 s to the first byte, 60 s in all, 64 MiB |
/// | [`page_limit`](Self::page_limit) | 10 000 |
/// | [`memory_limit`](Self::memory_limit) | 512 MiB |
/// | [`follow_server_clock`](Self::follow_server_clock) | over TLS and to this machine |
/// | [`follow_links`](Self::follow_links) | links win over paths |
/// | [`conditional_update`](Self::conditional_update), [`conditional_delete`](Self::conditional_delete) | updates only |
#[derive(Debug)]
#[must_use]
pub struct SyncServerApiBuilder {
    base: String,
    auth: Option<SyncServerAuth>,
    method: SignatureMethod,
    placement: Placement,
    realm: Option<String>,
    clear_text: bool,
    body_hash: bool,
    clock: Clock,
    follow_clock: bool,
    paths: Paths,
    options: CallOptions,
    transport: Option<Arc<dyn Transport>>,
    rule: RebaseRule,
    page_limit: u64,
    memory_limit: u64,
    strict_entries: bool,
    flat_entries: bool,
    conditional_delete: bool,
    conditional_update: bool,
    revalidate: bool,
    follow_links: bool,
    page_attempts: u32,
    user_agent: Option<String>,
}

impl SyncServerApiBuilder {
    pub(super) fn new() -> Self {
        Self {
            base: BASE_URL.to_owned(),
            auth: None,
            method: SignatureMethod::default(),
            placement: Placement::default(),
            realm: None,
            clear_text: false,
            body_hash: false,
            clock: Clock::system(),
            follow_clock: true,
            paths: Paths::default(),
            options: CallOptions::default().retry(
                RetryPolicy::default()
                    .max_attempts(3)
                    .max_retry_after(Duration::from_secs(30))
                    .answers(RetryAnswers::WhenAsked),
            ),
            transport: None,
            rule: RebaseRule::default(),
            page_limit: 10_000,
            memory_limit: Limits::default().memory,
            strict_entries: false,
            flat_entries: false,
            conditional_delete: false,
            conditional_update: true,
            revalidate: true,
            follow_links: true,
            page_attempts: 3,
            user_agent: None,
        }
    }

    /// The credentials. With them, every request is signed, also those that
    /// need no signature.
    pub fn auth(mut self, auth: SyncServerAuth) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Another address than `https://api.obexcode.com/v2/`. A slash at its end
    /// is added where it is missing.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }

    /// How requests are signed. [`SignatureMethod::Plaintext`] is what the
    /// service's documentation shows; any other is safer.
    pub fn signature(mut self, method: SignatureMethod) -> Self {
        self.method = method;
        self
    }

    /// Where signatures are put. In the query they end up in logs.
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// The `realm` of the `Authorization` header. None is sent by default.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Consents to PLAINTEXT over unencrypted connections to other machines:
    /// whoever reads along then has the secrets.
    pub fn allow_plaintext_in_the_clear(mut self, allowed: bool) -> Self {
        self.clear_text = allowed;
        self
    }

    /// Whether to send `oauth_body_hash`, an extension that old servers may
    /// refuse. Off by default.
    pub fn body_hash(mut self, sent: bool) -> Self {
        self.body_hash = sent;
        self
    }

    /// Where the time for signatures comes from.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Whether a refusal for a wrong time is answered by following the
    /// server's clock and trying once more. On by default; done only over TLS
    /// and to this machine, as others could make up a time.
    pub fn follow_server_clock(mut self, follow: bool) -> Self {
        self.follow_clock = follow;
        self
    }

    /// Where things are on the service.
    pub fn paths(mut self, paths: Paths) -> Self {
        self.paths = paths;
        self
    }

    /// Changes the limits of time and size, and the repetition, of all calls.
    /// What `change` leaves alone stays as it was; whatever is set last counts.
    pub fn with_options(mut self, change: impl FnOnce(CallOptions) -> CallOptions) -> Self {
        self.options = change(self.options);
        self
    }

    /// Limits each call as a whole. 60 s by default, `None` for no limit. The
    /// answer to an update or a deletion, and the page that a stream reads, may
    /// take longer once they have begun, as long as they go on (see
    /// [`idle_timeout`](CallOptions::idle_timeout)).
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.options = self.options.total_timeout(limit);
        self
    }

    /// How often calls are repeated. By default up to three attempts are made
    /// when connections are lost, and an answer is only waited out when it is
    /// to a GET and says for how long (`Retry-After`, up to 30 s).
    ///
    /// What changes something is never repeated once its answer has begun, and
    /// a POST or a change of a password not even once it may have arrived,
    /// whatever is set here.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options = self.options.retry(policy);
        self
    }

    /// Another way for the bytes to travel, for example a double in a test.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Which links are the service's own. All others are refused, and never
    /// see credentials.
    pub fn rebase(mut self, rule: RebaseRule) -> Self {
        self.rule = rule;
        self
    }

    /// The most pages that a listing may have.
    pub fn page_limit(mut self, pages: u64) -> Self {
        self.page_limit = pages;
        self
    }

    /// How many bytes of memory, about, may be taken by what an answer says,
    /// and by a listing that is kept as a whole: a few bytes of XML can make a
    /// hundred times as many. 512 MiB by default, which is room for a page of
    /// 64 MiB and for some hundred thousand members; a
    /// [stream](crate::ResourceStream) holds one at a time and has no such limit.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// Whether new entries are sent with an id, a date and an author of this
    /// client's making, as RFC 4287 wants entries to have. Off by default: the
    /// service's examples have none of them.
    pub fn strict_atom_entries(mut self, strict: bool) -> Self {
        self.strict_entries = strict;
        self
    }

    /// Whether the properties of what is created, and those that an update
    /// adds, are sent directly in the entry. By default they are in an element
    /// of their kind, such as `client`. Both forms are documented for what the
    /// service sends, and both are always read.
    pub fn flat_entries(mut self, flat: bool) -> Self {
        self.flat_entries = flat;
        self
    }

    /// Whether deletions are refused when the resource has changed since it
    /// was read (`If-Match`). Off by default.
    pub fn conditional_delete(mut self, conditional: bool) -> Self {
        self.conditional_delete = conditional;
        self
    }

    /// Whether updates are refused when the resource has changed since it was
    /// read (`If-Match`). On by default; without it, an update overwrites what
    /// others have changed meanwhile.
    pub fn conditional_update(mut self, conditional: bool) -> Self {
        self.conditional_update = conditional;
        self
    }

    /// Whether a resource that is read again after `refresh` is only sent by
    /// the service if it has changed (`If-None-Match`). On by default.
    pub fn revalidate(mut self, revalidate: bool) -> Self {
        self.revalidate = revalidate;
        self
    }

    /// Whether the links in entries win over the [`paths`](Self::paths). On by
    /// default; without it, only `Location` headers and the `next` links of
    /// listings are followed, for a service whose other links lead nowhere.
    pub fn follow_links(mut self, follow: bool) -> Self {
        self.follow_links = follow;
        self
    }

    /// How often a page is asked for whose answer breaks off while a stream
    /// reads it, the first time included. 3 by default.
    pub fn page_attempts(mut self, attempts: u32) -> Self {
        self.page_attempts = attempts;
        self
    }

    /// Another `User-Agent` than `ocss-rust/` and the version.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Checks everything and makes the client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config): the address is not
    /// an absolute `http(s)` URL, or PLAINTEXT would go over it in the clear.
    pub fn build(self) -> Result<SyncServerApi, Error> {
        let mut base = self.base;
        if !base.ends_with('/') {
            base.push('/');
        }
        // The pipeline checks it; what is no URI never gets further.
        let uri: Uri = base.parse().unwrap_or_default();
        let private = is_private(&uri);
        let plaintext = self.auth.is_some() && self.method == SignatureMethod::Plaintext;
        if plaintext && !private && !self.clear_text {
            return Err(Error::config(
                "PLAINTEXT would send the secrets in the clear: use https, another signature \
                 method, or consent to it",
            ));
        }
        let retry = self.options.retry_policy().clone();
        let skew = Arc::new(Skew::default());
        let followed = (self.follow_clock && private).then(|| Arc::clone(&skew));
        let mut pipeline = Pipeline::builder(&base)
            .service(OcssService::new(
                uri.clone(),
                self.rule,
                followed,
                self.clock.clone(),
            ))
            .options(self.options)
            .clock(self.clock.clone())
            .header(
                USER_AGENT,
                self.user_agent.as_deref().unwrap_or(USER_AGENT_NAME),
            );
        if let Some(transport) = self.transport {
            pipeline = pipeline.transport(transport);
        }
        let in_flight = InFlight::default();
        let mut signing = None;
        if let Some(auth) = self.auth {
            let mut oauth = OAuth1::new(auth.0)
                .method(self.method)
                .placement(self.placement)
                .clock(self.clock)
                .allow_clear_text(self.clear_text)
                .with_body_hash(self.body_hash);
            if let Some(realm) = self.realm {
                oauth = oauth.realm(realm);
            }
            let made = Signing::new(oauth, skew, in_flight.clone());
            pipeline = pipeline.auth(made.clone());
            signing = Some(made);
        }
        Ok(SyncServerApi(Arc::new(Shared {
            pipeline: pipeline.build()?,
            base: uri,
            signing,
            in_flight,
            paths: self.paths,
            layout: OnceCell::new(),
            settings: Settings {
                rule: self.rule,
                page_limit: self.page_limit,
                memory_limit: self.memory_limit,
                strict_entries: self.strict_entries,
                flat_entries: self.flat_entries,
                conditional_delete: self.conditional_delete,
                conditional_update: self.conditional_update,
                revalidate: self.revalidate,
                follow_links: self.follow_links,
                page_attempts: self.page_attempts,
                retry_writes: retry.clone().answers(RetryAnswers::Never),
                retry_reads: retry,
            },
        })))
    }
}
