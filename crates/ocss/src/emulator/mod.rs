//! The service itself, to run and to test against: the real one is gone.
//!
//! An [`Emulator`] keeps everything in memory and speaks the whole interface:
//! phones and their detection, clients of all kinds, bindings, contents with
//! their history, signatures with fresh nonces, paging, entity tags, and a
//! service document. It starts with the data of the service's documentation.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use ocss::emulator::{Emulator, Fault};
//!
//! let emulator = Emulator::builder().page_size(50).start().await?;
//! println!("listening at {}", emulator.url());
//!
//! // What may go wrong can be made to: the next answer is cut off.
//! emulator.fault("GET .*/vendors/", 1, Fault::truncate()).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! Without a socket, [`Emulator::build`](Builder::build) and
//! [`transport`](Emulator::transport) (or [`handle`](Emulator::handle)) do.
//!
//! # Accounts
//!
//! [`Account::alice`] owns the default data, [`Account::bob`] has one
//! datastore and keys that need encoding, [`Account::utf8`] has nothing. What
//! is another account's is not found.
//!
//! # Default data
//!
//! | what | where |
//! |---|---|
//! | vendors HTC, Nokia, LG, Sony Ericsson with 26, 188, 5, 84 models, and three more | HTC is `some-vendor-id`, its first model `some-model-id` |
//! | SyncML clients | `some-client-id`, `b96afa84-a153-11de-aae5-002215064801` |
//! | an ActiveSync client with the password `old-secret` | `another-client-id` |
//! | datastores with 15 and 0 contents | `my-datastore-client-id`, `empty-store`; one item is `my-content-id` |
//! | a GData client | `4f1d2dd0-49e4-11de-b387-002215064801` |
//! | a binding | 123 |
//!
//! Numbers that end in 0 cannot be detected automatically.
//!
//! # Control over HTTP
//!
//! `POST /_lab/…` with JSON does what the methods of [`Emulator`] do: `reset`,
//! `log {"last"}`, `sms`, `visit {"code", "model"}`, `clock {"offset"}`,
//! `page-size {"size"}`, `faults-clear`, and `fault {"match", "times", "kind"}`
//! with the kinds `status` (`status`, `headers`, `body`), `redirect` (`status`,
//! `location`), `reset-before`, `reset`, `truncate`, `slow` (`seconds`),
//! `malformed`, `html`, `xxe`, `body` (`body`), `loop`, `foreign-next`
//! (`location`), `bare-created` and `no-etag`; see [`Fault`].

mod account;
mod answer;
mod control;
mod engine;
mod fault;
mod layout;
mod log;
mod query;
mod render;
mod routes;
mod world;
mod xml;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use sync_core::Clock;
use sync_core::local::LocalServer;
pub use sync_core::local::{Disturbance, End, InvalidPattern, LocalTransport as EmulatorTransport};

pub use self::account::Account;
use self::engine::{Engine, State};
pub use self::fault::Fault;
pub use self::layout::Layout;
pub use self::log::{LoggedRequest, Message, Verdict};

/// The path of the service.
const BASE_PATH: &str = "/v2/";
/// Entries on a page, unless told otherwise.
const PAGE_SIZE: usize = 100;
/// Requests that are remembered, unless told otherwise.
const LOG_LIMIT: usize = 10_000;

/// A running service. A socket, if it has one, is closed when it is dropped.
pub struct Emulator {
    engine: Arc<Engine>,
    server: Option<LocalServer>,
}

/// How an [`Emulator`] is to be.
#[derive(Clone, Debug)]
pub struct Builder {
    accounts: Vec<Account>,
    layout: Layout,
    strict: bool,
    https_links: bool,
    control: bool,
    compression: bool,
    clock: Clock,
    page_size: usize,
    log_limit: usize,
    port: u16,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            accounts: vec![Account::alice(), Account::bob(), Account::utf8()],
            layout: Layout::Default,
            strict: false,
            https_links: false,
            control: true,
            compression: true,
            clock: Clock::system(),
            page_size: PAGE_SIZE,
            log_limit: LOG_LIMIT,
            port: 0,
        }
    }
}

impl Builder {
    /// One more account.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// Where things are.
    #[must_use]
    pub const fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Does only what the service's own documentation says: datastore clients
    /// are neither changed nor deleted. Takes data of an XML type as one
    /// element only, not as characters. Default: no.
    #[must_use]
    pub const fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// All links have the scheme `https`, as behind a proxy that ends TLS.
    /// Default: no.
    #[must_use]
    pub const fn https_links(mut self, https: bool) -> Self {
        self.https_links = https;
        self
    }

    /// Whether `/_lab/…` is there. Default: yes.
    #[must_use]
    pub const fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// Whether larger answers are compressed for those who accept it.
    /// Default: yes.
    #[must_use]
    pub const fn compression(mut self, compression: bool) -> Self {
        self.compression = compression;
        self
    }

    /// The server's clock. Default: the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Entries on a page, 1 at least. Default: 100.
    #[must_use]
    pub fn page_size(mut self, size: usize) -> Self {
        self.page_size = size.max(1);
        self
    }

    /// How many requests are remembered; the oldest are forgotten. Default: 10,000.
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

    /// A service without a socket.
    pub fn build(self) -> Emulator {
        Emulator {
            engine: Arc::new(Engine {
                accounts: self.accounts,
                layout: self.layout,
                strict: self.strict,
                https_links: self.https_links,
                control: self.control,
                compression: self.compression,
                clock: self.clock,
                state: Mutex::new(State::new(self.page_size, self.log_limit)),
            }),
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
    /// A service with the default data.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base URL, with a slash at the end. Without a socket, it is on
    /// `localhost` and only the emulator's [`transport`](Self::transport) gets
    /// there.
    pub fn url(&self) -> String {
        format!("{}{BASE_PATH}", self.origin())
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        match &self.server {
            Some(server) => format!("http://{}", server.address()),
            None => "http://localhost".to_owned(),
        }
    }

    /// Answers a request, whatever host it is for. [`Disturbance`]s are in the
    /// answer's extensions.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.engine.handle(request)
    }

    /// A transport that ends here, without a socket.
    pub fn transport(&self) -> EmulatorTransport {
        EmulatorTransport::new(Arc::clone(&self.engine))
    }

    /// Lets the next `times` requests fail whose method and path (with query)
    /// match the regular expression: `^GET /v2/phones/`. The first that was
    /// asked for comes first.
    ///
    /// # Errors
    ///
    /// When the pattern cannot be read.
    pub fn fault(&self, pattern: &str, times: u32, fault: Fault) -> Result<(), InvalidPattern> {
        self.engine.state().plan.add(pattern, times, fault)
    }

    /// Forgets the faults that have not struck.
    pub fn clear_faults(&self) {
        self.engine.state().plan.clear();
    }

    /// The default data again; no faults, no log, no nonces.
    pub fn reset(&self) {
        self.engine.state().reset();
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.engine.state().log.last(usize::MAX).cloned().collect()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.engine.state().log.clear();
    }

    /// How many requests have changed, sent or begun something since the start
    /// or since the log was cleared.
    pub fn executions(&self) -> u64 {
        self.engine.state().log.executions
    }

    /// The messages that phones would have got.
    pub fn messages(&self) -> Vec<Message> {
        self.engine.state().world.messages.clone()
    }

    /// The ids of the SyncML clients that were told to sync, in order.
    pub fn syncs(&self) -> Vec<String> {
        self.engine.state().world.syncs.clone()
    }

    /// Lets the owner of an invited phone open the detection page, which
    /// recognises this model, or none. `false` when there is no such code or
    /// model.
    pub fn visit(&self, code: &str, model: Option<&str>) -> bool {
        control::visit_page(&mut self.engine.state(), code, model)
    }

    /// Puts the server's clock this many seconds ahead (or behind).
    pub fn set_clock_offset(&self, seconds: i64) {
        self.engine.state().offset = seconds;
    }

    /// Entries on a page from now on, 1 at least.
    pub fn set_page_size(&self, size: usize) {
        self.engine.state().page_size = size.max(1);
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Emulator({})", self.url())
    }
}
