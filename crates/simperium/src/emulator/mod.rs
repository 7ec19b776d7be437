//! The service itself, in memory, to run and to test against.
//!
//! An [`Emulator`] speaks the HTTP API and the websocket protocol: users and
//! tokens, buckets with merging and versioned writes, an index in pages, long
//! polls, bulk changes, administrators, and channels over sockets. It rebases
//! what clients send, as the service does, and keeps as many versions.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use simperium::emulator::{Emulator, Fault};
//!
//! let emulator = Emulator::builder().seed(7).start().await?;
//! println!("http://{} and {}", emulator.host(), emulator.socket_url("my-app"));
//!
//! // What may go wrong can be made to: the next write is done, and its answer lost.
//! emulator.drop_after_write(1);
//! // The next two requests for an index find the service busy.
//! emulator.fault("^GET .*/index", 2, Fault::status(http::StatusCode::SERVICE_UNAVAILABLE))?;
//! # Ok(())
//! # }
//! ```
//!
//! Without a listening socket, [`Builder::build`] and
//! [`transport`](Emulator::transport) do, for sockets too. All waiting is
//! tokio's time, which tests can pause, and all chance comes from the
//! [seed](Builder::seed).
//!
//! # Who there is
//!
//! Any app is there. Users are made over HTTP or by
//! [`create_user`](Emulator::create_user). A token `lab-…` belongs to a user of
//! that name (`lab-…@example.com`) without further ado; tokens and API keys
//! that begin with `lab-admin` have administrator's rights. Any other API key
//! is good, unless [some were named](Builder::api_key). Requests for hosts
//! that begin with `auth.` or `api.` find only that half of the service; for
//! others it is all in one.
//!
//! # Where the real service is not known
//!
//! * A version number goes on where it was when an entity is made anew after
//!   its deletion.
//! * `DELETE …/v/{n}` of an older version is 409, of one that never was 404.
//! * An unknown change version is 404 in `changes` and `all`, and 400 in
//!   `index?since=`.
//! * A change in bulk without `sv` on an entity that is there is refused (405).
//! * `POST …/changes` without `wait` is answered with nothing; refusals are
//!   told to nobody.
//! * Paths of the auth half without the slash at their end are not found.
//! * A change on a channel whose token has expired is refused with 401; any
//!   other command closes the channel with 401.
//! * Half of a character beyond U+FFFF is kept as U+FFFD.
//! * Numbers are kept as they are sent, but for exponents: `1E5` becomes `1e+5`.
//! * A frame that cannot be read is passed over; an unreadable change is
//!   refused with 400, and an unreadable `init` with 500, or with 400 if it has
//!   no token that could be one.
//! * `EMPTY` of an empty bucket is refused with 412.
//! * The options frame `o` is sent where `__options__` has a `namespace` for
//!   the bucket, and never exposes it.
//! * Where `__options__` has a `schema` for the bucket, an object that does not
//!   fit it is refused with 400, and so is the deletion of one that does not fit
//!   the `delete-schema`. Of JSON Schema, `type`, `const`, `enum`, `minimum`,
//!   `maximum`, `minLength`, `maxLength`, `items`, `required`, `properties` and
//!   `additionalProperties` are understood. The differences that the service
//!   makes follow the `attributes` of the schema, as a
//!   [`Policy`](crate::jsondiff::Policy).
//! * Where it has a `capacity`, a new entity beyond it has the one that was not
//!   changed for the longest time deleted, by a change of a client `server`.
//!
//! # Control over HTTP
//!
//! | call | what it does |
//! |---|---|
//! | `POST /_lab/config` | sets any of `latency_ms`, `hold` (seconds), `poll_end` (a status, `empty`, `list` or `close`), `max_doc_bytes`, `version_max`, `version10_max`, `marks` (`change` or `offset`), `drop_after_write` (n), `change_errors` (codes), `unknown_cv` (n), `repeat_changes` (n), `silent`; does `forget` (n kept), `expire` (a token), `ws_kick`, `ask_index`, `log_level` |
//! | … with `fail` | replaces the rules: `match` (a regular expression on method and target), `times`, `kind` (`status` with `status`, `headers`, `body`; `reset-before`, `reset`, `truncate`, `slow` with `seconds`, `html`, `body`) |
//! | `POST /_lab/seed` | `{app, token, bucket, count, size}`: that many objects `k0`, `k1`, … |
//! | `POST /_lab/log` | requests and frames so far |
//! | `GET /_lab/state` | how much there is |
//! | `POST /_lab/reset` | all as in the beginning |

mod account;
mod answer;
mod bucket;
mod changes;
mod config;
mod control;
mod document;
mod engine;
mod fault;
mod log;
mod query;
mod rebase;
mod routes;
mod rules;
mod seed;
mod socket;
mod state;
mod submit;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use sync_core::local::LocalServer;
pub use sync_core::local::{Disturbance, End, InvalidPattern, LocalTransport as EmulatorTransport};

pub use self::account::{Account, LoginRule};
pub use self::config::{Config, Marks, PollEnd};
use self::engine::Engine;
pub use self::fault::Fault;
pub use self::log::{LoggedFrame, LoggedRequest};
pub use self::socket::Line;
use self::state::State;

/// Requests and frames that are remembered, unless told otherwise.
const LOG_LIMIT: usize = 10_000;

/// A running service. A listening socket, if it has one, is closed when it is
/// dropped, with what came through it.
pub struct Emulator {
    engine: Arc<Engine>,
    server: Option<LocalServer>,
}

/// How an [`Emulator`] is to be.
#[derive(Clone, Debug)]
pub struct Builder {
    seed: u64,
    config: Config,
    api_keys: Vec<String>,
    control: bool,
    log_limit: usize,
    port: u16,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            seed: 0,
            config: Config::default(),
            api_keys: Vec::new(),
            control: true,
            log_limit: LOG_LIMIT,
            port: 0,
        }
    }
}

impl Builder {
    /// What all chance comes from: ids, tokens, change versions, latency.
    /// Default: 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how it behaves.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// An API key that is good. Default: all are.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_keys.push(key.into());
        self
    }

    /// Whether `/_lab/…` is there. Default: yes.
    #[must_use]
    pub const fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// How many requests and how many frames are remembered; the oldest are
    /// forgotten. Default: 10,000.
    #[must_use]
    pub const fn log_limit(mut self, limit: usize) -> Self {
        self.log_limit = limit;
        self
    }

    /// The port to listen at. Default: 0, one that is free.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// A service without a listening socket.
    pub fn build(self) -> Emulator {
        let keys = self.api_keys.into_iter().collect();
        let state = State::new(self.seed, self.config, self.log_limit, keys);
        Emulator {
            engine: Arc::new(Engine::new(state, self.control)),
            server: None,
        }
    }

    /// A service that listens on 127.0.0.1, within the present tokio runtime.
    ///
    /// # Errors
    ///
    /// When the system gives no socket, or the port is taken.
    pub async fn start(self) -> io::Result<Emulator> {
        let port = self.port;
        let mut emulator = self.build();
        emulator.server = Some(LocalServer::start(Arc::clone(&emulator.engine), port).await?);
        Ok(emulator)
    }
}

impl Emulator {
    /// A service with nothing in it.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Host and port; `localhost` without a listening socket, where only the
    /// emulator's [`transport`](Self::transport) gets.
    pub fn host(&self) -> String {
        match &self.server {
            Some(server) => server.address().to_string(),
            None => "localhost".to_owned(),
        }
    }

    /// Scheme and host, without a slash at the end.
    pub fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    /// Where an app's sockets are opened.
    pub fn socket_url(&self, app: &str) -> String {
        format!("ws://{}/sock/1/{app}/websocket", self.host())
    }

    /// A connection whose frames the caller carries itself.
    pub fn line(&self) -> Line {
        let opened = self.engine.state().open(false);
        Line::new(Arc::downgrade(&self.engine), opened)
    }

    /// A transport that ends here, without a listening socket. The upgrade of
    /// a socket's answer is one end of a pipe in memory.
    pub fn transport(&self) -> EmulatorTransport {
        EmulatorTransport::new(Arc::clone(&self.engine))
    }

    /// Answers a request, whatever host it is for. A [`Disturbance`] is in the
    /// answer's extensions, and so is the upgrade of a socket.
    pub async fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.engine.serve(request).await
    }

    /// Changes how it behaves from now on.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        change(&mut self.engine.state().config);
    }

    /// A new user who can log in, and a token of theirs. Users of this name
    /// before it lose theirs.
    pub fn create_user(&self, app: &str, username: &str, password: &str) -> Account {
        self.engine.state().create_user(app, username, password)
    }

    /// What happens when a user logs in with the right password; false when
    /// there is no such user.
    pub fn login_rule(&self, app: &str, username: &str, rule: LoginRule) -> bool {
        let mut state = self.engine.state();
        let (app, _) = state.app(app);
        let user = app.named(username);
        user.map(|user| user.rule = rule).is_some()
    }

    /// Takes a token's rights, in all apps.
    pub fn expire(&self, token: &str) {
        self.engine.state().expire(token);
    }

    /// Lets the next `times` requests fail whose method and target match the
    /// regular expression, such as `^GET /1/app/note/index`. The first that was
    /// asked for comes first.
    ///
    /// # Errors
    ///
    /// When the pattern cannot be read.
    pub fn fault(&self, pattern: &str, times: u32, fault: Fault) -> Result<(), InvalidPattern> {
        self.engine.state().plan.add(pattern, times, fault)
    }

    /// Forgets all that was to go wrong.
    pub fn clear_faults(&self) {
        let mut state = self.engine.state();
        state.plan.clear();
        state.change_errors.clear();
        state.dropped_writes = 0;
        state.refused_cvs = 0;
        state.repeated_changes = 0;
        state.silent = false;
    }

    /// The next `times` writes are done and not answered: the connection is
    /// closed instead. A socket whose change it was is closed before it hears
    /// of it.
    pub fn drop_after_write(&self, times: u32) {
        self.engine.state().dropped_writes = times;
    }

    /// The next changes over sockets and in bulk are refused with these codes.
    pub fn change_errors(&self, codes: impl IntoIterator<Item = u16>) {
        self.engine.state().change_errors = codes.into_iter().collect();
    }

    /// Closes all sockets without a word; returns how many those were.
    pub fn kick(&self) -> usize {
        self.engine.state().kick()
    }

    /// Keeps the last changes of every bucket only. Whoever asks for those
    /// after an older one has to read the index.
    pub fn forget(&self, kept: usize) {
        self.engine.state().forget(kept);
    }

    /// The next `times` change versions that are asked for are not known.
    pub fn unknown_cv(&self, times: u32) {
        self.engine.state().refused_cvs = times;
    }

    /// The next `times` changes are told twice.
    pub fn repeat_changes(&self, times: u32) {
        self.engine.state().repeated_changes = times;
    }

    /// While it is silent, sockets stay open and nothing is answered on them.
    pub fn silent(&self, silent: bool) {
        self.engine.state().silent = silent;
    }

    /// Asks every channel what its client has (`index`). The answers are in
    /// the [frames](Self::frames).
    pub fn ask_index(&self) {
        self.engine.state().ask_index();
    }

    /// Tells every client how much it shall log: 0 nothing, 1, or 2 all.
    pub fn log_level(&self, level: u8) {
        self.engine.state().tell_log_level(level);
    }

    /// Sends this on every open channel, whatever it is: `c:?`, or nonsense.
    pub fn send_raw(&self, command: &str) {
        self.engine.state().send_raw(command);
    }

    /// Puts `count` objects of about `size` bytes with the keys `k0`, `k1`, …
    /// into the bucket of a token's user; false when the token is not good.
    pub fn seed(&self, app: &str, token: &str, bucket: &str, count: usize, size: usize) -> bool {
        let mut state = self.engine.state();
        let place = state.place(app, token, bucket);
        place.map(|place| state.seed(&place, count, size)).is_some()
    }

    /// The objects in the bucket of a token's user, each with its version, by
    /// their keys.
    pub fn objects(&self, app: &str, token: &str, bucket: &str) -> BTreeMap<String, (u64, Value)> {
        let mut state = self.engine.state();
        let Some(place) = state.place(app, token, bucket) else {
            return BTreeMap::new();
        };
        let (app, _) = state.app(&place.app);
        let bucket = app.existing(&place.userid, &place.bucket);
        let objects = bucket.into_iter().flat_map(bucket::Bucket::objects);
        objects
            .map(|(key, version, document)| (key.to_owned(), (version, document.value().clone())))
            .collect()
    }

    /// How many changes were made since the beginning.
    pub fn changes_made(&self) -> u64 {
        self.engine.state().made
    }

    /// How many polls wait now.
    pub fn polls_waiting(&self) -> usize {
        self.engine.state().waiting
    }

    /// How many sockets are open.
    pub fn sockets(&self) -> usize {
        self.engine.state().connections.len()
    }

    /// The requests so far, oldest first; a poll when it ended.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.engine.state().log.requests.iter().cloned().collect()
    }

    /// The frames so far, oldest first: those of clients when they arrived,
    /// those of the service when they were sent.
    pub fn frames(&self) -> Vec<LoggedFrame> {
        self.engine.state().log.frames.iter().cloned().collect()
    }

    /// Forgets the requests and frames so far.
    pub fn clear_log(&self) {
        self.engine.state().log.clear();
    }

    /// As in the beginning; sockets are closed.
    pub fn reset(&self) {
        self.engine.state().reset();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Sockets are no longer the server's connections.
        if self.server.is_some() {
            self.engine.state().kick_listened();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("origin", &self.origin())
            .finish_non_exhaustive()
    }
}
