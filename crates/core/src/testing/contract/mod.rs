//! What every [`Transport`] promises, as named behaviours that can be run.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use sync_core::testing::contract::{Capability, Suite};
//! use sync_core::testing::mock::NeverTransport;
//!
//! // Yours instead of this one, which keeps few promises.
//! let report = Suite::new(|_setup| NeverTransport::new())
//!     .without(Capability::Upgrades)
//!     .patience(std::time::Duration::from_millis(1))
//!     .only("a_refused_port_was_not_sent")
//!     .run()
//!     .await;
//! assert_eq!(report.failed_names(), ["a_refused_port_was_not_sent"]);
//! # }
//! ```
//!
//! In a test of your own, end with [`Report::assert_kept`], which panics with
//! the names of the behaviours that were not kept. The behaviours are checked
//! against servers on 127.0.0.1, over HTTP/1.1 by
//! [scripted servers](super::ScriptedServer), and
#![cfg_attr(feature = "http2", doc = "[over HTTP/2](Suite::over_http2)")]
#![cfg_attr(not(feature = "http2"), doc = "over HTTP/2 (feature `http2`)")]
//! with what HTTP/2 alone can do wrong. They are the same
//! [over TLS](Suite::over_tls) as without: cuts and resets are those of TCP there.

mod bodies;
mod cancel;
mod check;
mod delivery;
mod exchange;
#[cfg(feature = "http2")]
mod http2;
mod upgrade;

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use self::check::Context;
use super::script::{Accept, accept_with};
pub use crate::kit::Report;
use crate::kit::{Outcome, Violation};
use crate::transport::{Transport, UpgradeIo, Upgraded};

/// Something that not every transport can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Uses a connection for more than one exchange.
    KeepsAlive,
    /// Sends and receives bodies piece by piece, without reading them whole.
    Streams,
    /// Hands out the connection of a `101` answer.
    Upgrades,
    /// Closes its idle connections when it is dropped.
    ClosesOnDrop,
}

/// What a contract needs from the transport that it is run against.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setup {
    /// The name of the behaviour that is about to be checked.
    pub contract: &'static str,
}

struct Contract {
    name: &'static str,
    /// Whether it is about something that only HTTP/1.1 has.
    http1: bool,
    needs: Option<Capability>,
    run: fn(Context) -> Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

/// Puts a function into a list of contracts. One that is in no list is dead
/// code, and the compiler says so.
macro_rules! contracts {
    ($($name:ident $(needs $capability:ident)? $(over $version:ident)?),* $(,)?) => {
        pub(super) const ALL: &[super::Contract] = &[$(super::Contract {
            name: stringify!($name),
            http1: contracts!(@only $($version)?),
            needs: contracts!(@needs $($capability)?),
            run: |context| Box::pin($name(context)),
        }),*];
    };
    (@only) => { false };
    (@only http1) => { true };
    (@needs) => { None };
    (@needs $capability:ident) => { Some(super::Capability::$capability) };
}
use contracts;

const GROUPS: &[&[Contract]] = &[
    exchange::ALL,
    bodies::ALL,
    delivery::ALL,
    cancel::ALL,
    upgrade::ALL,
];

/// The names of all behaviours over HTTP/1.1.
pub fn names() -> Vec<&'static str> {
    chosen(false).map(|contract| contract.name).collect()
}

/// The names of all behaviours over HTTP/2.
#[cfg(feature = "http2")]
pub fn names_over_http2() -> Vec<&'static str> {
    chosen(true).map(|contract| contract.name).collect()
}

fn chosen(http2: bool) -> impl Iterator<Item = &'static Contract> {
    #[cfg(feature = "http2")]
    let more: &[Contract] = if http2 { http2::ALL } else { &[] };
    #[cfg(not(feature = "http2"))]
    let more: &[Contract] = &[];
    let common = GROUPS.iter().flat_map(|group| group.iter());
    common
        .filter(move |contract| !(http2 && contract.http1))
        .chain(more)
}

/// The behaviours to check, and the transports to check.
pub struct Suite<F> {
    make: F,
    lacking: Vec<Capability>,
    only: Vec<&'static str>,
    patience: Duration,
    http2: bool,
    accept: Option<Accept>,
}

impl<F, T> Suite<F>
where
    F: Fn(Setup) -> T,
    T: Transport,
{
    /// All behaviours, each against a transport that `make` makes for it.
    pub fn new(make: F) -> Self {
        Self {
            make,
            lacking: Vec::new(),
            only: Vec::new(),
            patience: Duration::from_secs(30),
            http2: false,
            accept: None,
        }
    }

    /// Checks the behaviours over HTTP/2, for transports that begin with it on a
    /// connection in the clear ("prior knowledge"), or [over TLS](Self::over_tls)
    /// with servers that choose it. What only HTTP/1.1 has is left out, and what
    /// only HTTP/2 has is added.
    #[cfg(feature = "http2")]
    #[must_use]
    pub fn over_http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// Checks the behaviours over TLS: every server is reached by `https`, and
    /// wraps its connections as [`Builder::tls`] does. The servers are
    /// `127.0.0.1`; that the transport trusts their certificate is up to the
    /// caller, as is the protocol that they choose (ALPN): `http/1.1`, or for
    /// [`over_http2`](Self::over_http2) `h2`, and `http/1.1` for upgrades.
    ///
    /// [`Builder::tls`]: super::script::Builder::tls
    #[must_use]
    pub fn over_tls<A, S>(mut self, accept: impl Fn(Upgraded) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = io::Result<S>> + Send + 'static,
        S: UpgradeIo,
    {
        self.accept = Some(accept_with(accept));
        self
    }

    /// Says that the transport cannot do something. The behaviours that need
    /// it are skipped.
    #[must_use]
    pub fn without(mut self, capability: Capability) -> Self {
        self.lacking.push(capability);
        self
    }

    /// Checks this behaviour, and others named in the same way, and no more.
    #[must_use]
    pub fn only(mut self, name: &'static str) -> Self {
        self.only.push(name);
        self
    }

    /// How long one behaviour may take before it counts as hanging. The
    /// default is 30 seconds.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Checks one behaviour after the other, on the present tokio runtime.
    pub async fn run(self) -> Report {
        let mut report = Report::default();
        let known: Vec<_> = chosen(self.http2).collect();
        for contract in &known {
            if !self.only.is_empty() && !self.only.contains(&contract.name) {
                continue;
            }
            if let Some(capability) = contract.needs.filter(|need| self.lacking.contains(need)) {
                report.skip(contract.name, format!("not capable of {capability:?}"));
                continue;
            }
            let transport = Arc::new((self.make)(Setup {
                contract: contract.name,
            }));
            let context = Context {
                transport,
                accept: self.accept.clone(),
            };
            report.add(contract.name, check(contract, context, self.patience).await);
        }
        for name in self.only {
            if !known.iter().any(|contract| contract.name == name) {
                let unknown = Violation("there is no such behaviour".to_owned());
                report.add(name, Err(unknown));
            }
        }
        report
    }
}

async fn check(contract: &Contract, context: Context, patience: Duration) -> Outcome {
    // In a task of its own, so that a panic in the transport is a failure too.
    let task = tokio::spawn((contract.run)(context));
    let abort = task.abort_handle();
    match tokio::time::timeout(patience, task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panicked)) => Err(Violation(panicked.to_string())),
        Err(_) => {
            abort.abort();
            Err(Violation(format!("hangs (more than {patience:?})")))
        }
    }
}

impl<F> fmt::Debug for Suite<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("lacking", &self.lacking)
            .field("only", &self.only)
            .field("patience", &self.patience)
            .field("http2", &self.http2)
            .field("tls", &self.accept.is_some())
            .finish_non_exhaustive()
    }
}
