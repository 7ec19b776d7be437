//! A server that does exactly what the test says, byte by byte.
//!
//! [`ScriptedServer`] listens on a port of 127.0.0.1 that the system picks (or
//! on a unix socket). Each accepted connection runs a [`Script`]: the first
//! connection the first script, and so on; all further ones the script of
//! [`otherwise`](Builder::otherwise). A client that begins with HTTP/2's preface
//! is answered over HTTP/2 by [`Script::serve`] (with the feature `http2`). Where something has to happen first, a
//! script waits at a [`Gate`](super::Gate) which the test opens: no sleeps.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use sync_core::testing::{Reply, Script, ScriptedServer};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! let server = ScriptedServer::builder()
//!     .connection(Script::new().expect("GET", "/ping").reply(Reply::ok().body("pong")))
//!     .start()
//!     .await?;
//!
//! let mut client = tokio::net::TcpStream::connect(server.authority()).await?;
//! client.write_all(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n").await?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await?;
//! assert!(answer.ends_with("\r\n\r\npong"));
//! drop(client);
//!
//! assert_eq!(server.executions(), 1);
//! server.finish().await?;
//! # Ok(())
//! # }
//! ```

mod action;
mod connection;
mod event;
#[cfg(feature = "http2")]
mod http2;
mod listen;
mod reply;
mod run;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

pub use self::action::Script;
use self::event::Log;
pub use self::event::{Event, Received, ScriptFailure};
pub use self::listen::RefusedPort;
pub(in crate::testing) use self::listen::{Accept, accept_with};
use self::listen::{Address, Listener, Plan};
pub use self::reply::Reply;
use crate::transport::{UpgradeIo, Upgraded};

/// How long [`ScriptedServer::finish`] waits for scripts that are under way.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running scripted server. It stops when it is dropped.
pub struct ScriptedServer {
    log: Arc<Log>,
    address: Address,
    scheme: &'static str,
    planned: usize,
    accepting: JoinHandle<()>,
}

/// What a [`ScriptedServer`] is to do.
#[derive(Default)]
pub struct Builder {
    plan: Plan,
    unix: Option<std::path::PathBuf>,
}

impl Builder {
    /// The script of the next connection.
    #[must_use]
    pub fn connection(mut self, script: Script) -> Self {
        self.plan.scripts.push(script);
        self
    }

    /// The script of every connection after those. Without it, a further
    /// connection is a failure.
    #[must_use]
    pub fn otherwise(mut self, script: Script) -> Self {
        self.plan.otherwise = Some(script);
        self
    }

    /// Listens on a unix socket at `path`, which must not exist yet.
    #[must_use]
    pub fn unix(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.unix = Some(path.into());
        self
    }

    /// Wraps every accepted connection, normally into TLS:
    /// `.tls(move |io| { let acceptor = acceptor.clone(); async move { acceptor.accept(io).await } })`
    /// with the acceptor of any TLS library.
    #[must_use]
    pub fn tls<F, S>(mut self, accept: impl Fn(Upgraded) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: UpgradeIo,
    {
        self.plan.accept = Some(accept_with(accept));
        self
    }

    /// A server that wraps its connections like others of a suite, or not at all.
    pub(in crate::testing) fn accepting(accept: Option<Accept>) -> Self {
        let mut builder = Self::default();
        builder.plan.accept = accept;
        builder
    }

    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// When the system gives no socket, or the unix socket's path is taken.
    pub async fn start(self) -> io::Result<ScriptedServer> {
        let listener = Listener::bind(self.unix).await?;
        let address = listener.address()?;
        let log = Arc::new(Log::new());
        let scheme = if self.plan.accept.is_some() {
            "https"
        } else {
            "http"
        };
        let planned = self.plan.scripts.len();
        let accepting = tokio::spawn(listener.run(self.plan, Arc::clone(&log)));
        Ok(ScriptedServer {
            log,
            address,
            scheme,
            planned,
            accepting,
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("connections", &self.plan.scripts)
            .field("otherwise", &self.plan.otherwise)
            .field("unix", &self.unix)
            .finish_non_exhaustive()
    }
}

impl ScriptedServer {
    /// A server without scripts yet.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A server that answers every request, on every connection, through `handler`.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub async fn serve(
        handler: impl Fn(Received) -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::builder()
            .otherwise(Script::new().serve(handler))
            .start()
            .await
    }

    /// [`serve`](Self::serve) with a handler that may wait.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub async fn serve_async<F>(
        handler: impl Fn(Received) -> F + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        Self::builder()
            .otherwise(Script::new().serve_async(handler))
            .start()
            .await
    }

    /// A server that does the same on every connection.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub async fn always(script: Script) -> io::Result<Self> {
        Self::builder().otherwise(script).start().await
    }

    /// `127.0.0.1:port`, or `localhost` for a unix socket.
    pub fn authority(&self) -> String {
        match &self.address {
            Address::Tcp(address) => address.to_string(),
            Address::Unix(_) => "localhost".to_owned(),
        }
    }

    /// The port; 0 for a unix socket.
    pub fn port(&self) -> u16 {
        match &self.address {
            Address::Tcp(address) => address.port(),
            Address::Unix(_) => 0,
        }
    }

    /// The path of the unix socket, if it is one.
    pub fn unix_path(&self) -> Option<&std::path::Path> {
        match &self.address {
            Address::Tcp(_) => None,
            Address::Unix(path) => Some(path),
        }
    }

    /// `http://authority` + `target`; `https` with an acceptor.
    pub fn url(&self, target: &str) -> String {
        format!("{}://{}{target}", self.scheme, self.authority())
    }

    /// All that happened so far.
    pub fn events(&self) -> Vec<Event> {
        self.log.state().events.clone()
    }

    /// The requests that were read to their end, in order.
    pub fn requests(&self) -> Vec<Received> {
        let state = self.log.state();
        let requests = state.events.iter().filter_map(|event| match event {
            Event::Request(request) => Some(request.clone()),
            _ => None,
        });
        requests.collect()
    }

    /// How many requests were read to their end: for a client that repeats a
    /// request, how often it was executed.
    pub fn executions(&self) -> usize {
        self.count(|event| matches!(event, Event::Request(_)))
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.count(|event| matches!(event, Event::Accepted { .. }))
    }

    /// How many bytes the system took over for sending, on all connections.
    pub fn bytes_sent(&self) -> u64 {
        self.log.sent()
    }

    fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.log
            .state()
            .events
            .iter()
            .filter(|event| wanted(event))
            .count()
    }

    /// Waits for the first event, past or coming, that is `wanted`.
    ///
    /// # Errors
    ///
    /// [`ScriptFailure`] when a script has failed meanwhile: the event may
    /// then never come.
    pub async fn wait_for(
        &self,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Event, ScriptFailure> {
        self.log
            .until(|state| {
                let found = state.events.iter().find(|event| wanted(event)).cloned();
                match found {
                    Some(event) => Some(Ok(event)),
                    None if !state.failures.is_empty() => {
                        Some(Err(ScriptFailure(state.failures.clone())))
                    }
                    None => None,
                }
            })
            .await
    }

    /// Waits until `connection` (from 1) was accepted.
    ///
    /// # Errors
    ///
    /// As [`wait_for`](Self::wait_for).
    pub async fn accepted(&self, connection: usize) -> Result<(), ScriptFailure> {
        self.wait_for(
            |event| matches!(event, Event::Accepted { connection: c } if *c == connection),
        )
        .await
        .map(drop)
    }

    /// Waits until the peer has closed `connection` (from 1). It is noticed by
    /// a script that reads, waits or stalls.
    ///
    /// # Errors
    ///
    /// As [`wait_for`](Self::wait_for).
    pub async fn peer_closed(&self, connection: usize) -> Result<(), ScriptFailure> {
        self.wait_for(
            |event| matches!(event, Event::PeerClosed { connection: c } if *c == connection),
        )
        .await
        .map(drop)
    }

    /// Waits for the `number`-th complete request (from 1), on whichever connection.
    ///
    /// # Errors
    ///
    /// As [`wait_for`](Self::wait_for).
    pub async fn request(&self, number: usize) -> Result<Received, ScriptFailure> {
        let mut seen = 0;
        let event = self
            .log
            .until(|state| {
                seen = 0;
                for event in &state.events {
                    if let Event::Request(request) = event {
                        seen += 1;
                        if seen == number {
                            return Some(Ok(request.clone()));
                        }
                    }
                }
                (!state.failures.is_empty()).then(|| Err(ScriptFailure(state.failures.clone())))
            })
            .await?;
        Ok(event)
    }

    /// Says whether everything went as written: every script of
    /// [`Builder::connection`] was used and ran to its end, and no script failed.
    /// Waits a few seconds for those under way.
    ///
    /// # Errors
    ///
    /// [`ScriptFailure`] with a line for each connection that did not.
    pub async fn finish(self) -> Result<(), ScriptFailure> {
        let settled = self.log.until(|state| {
            let done = (1..=self.planned).all(|number| state.finished.contains(&number));
            (done || !state.failures.is_empty()).then_some(())
        });
        let _ = tokio::time::timeout(PATIENCE, settled).await;
        self.outcome()
    }

    fn outcome(&self) -> Result<(), ScriptFailure> {
        let state = self.log.state();
        let mut failures = state.failures.clone();
        for number in 1..=self.planned {
            let failed = state.events.iter().any(
                |event| matches!(event, Event::Failed { connection, .. } if *connection == number),
            );
            if failed || state.finished.contains(&number) {
                continue;
            }
            failures.push(match state.steps.get(number - 1) {
                Some(step) => format!("connection {number}: did not get beyond {step}"),
                None => format!("connection {number}: never came"),
            });
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(ScriptFailure(failures))
        }
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        // Takes the connections along: their tasks belong to this one.
        self.accepting.abort();
    }
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedServer")
            .field("address", &self.address)
            .field("connections", &self.connections())
            .field("executions", &self.executions())
            .finish_non_exhaustive()
    }
}
