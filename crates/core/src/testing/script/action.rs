//! What one connection of a scripted server does, step by step.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use super::{Received, Reply};
use crate::testing::Gate;

pub(super) type Handler =
    Arc<dyn Fn(Received) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync>;

type Check = Arc<dyn Fn(&Received) -> Result<(), String> + Send + Sync>;

/// The script of one connection: steps that run in order.
///
/// After its last step the connection is closed.
///
/// ```
/// use sync_core::testing::{Gate, Reply, Script};
///
/// let gate = Gate::new();
/// let script = Script::new()
///     .expect("GET", "/rest/events?since=3")
///     .reply(Reply::ok().chunk("[").wait(&gate).chunk("]"))
///     .await_close();
/// # let _ = script;
/// ```
#[derive(Clone, Default)]
pub struct Script {
    pub(super) steps: Vec<Action>,
}

#[derive(Clone)]
pub(super) enum Action {
    ReadRequest,
    Expect(String, String),
    Check(Check),
    ReadHead,
    ReadBody(u64),
    ReadRaw(usize),
    Send(Bytes),
    Reply(Reply),
    Wait(Gate),
    Open(Gate),
    HalfClose,
    Reset,
    Close,
    AwaitClose,
    Stall,
    Echo,
    Serve(Handler),
}

impl Script {
    /// An empty script: closes the connection at once.
    pub fn new() -> Self {
        Self::default()
    }

    fn then(mut self, action: Action) -> Self {
        self.steps.push(action);
        self
    }

    /// Reads one request, head and body.
    #[must_use]
    pub fn read_request(self) -> Self {
        self.then(Action::ReadRequest)
    }

    /// Reads one request, head and body, and fails unless method and target
    /// (path and query) are these, byte for byte.
    #[must_use]
    pub fn expect(self, method: &str, target: &str) -> Self {
        self.then(Action::Expect(method.to_owned(), target.to_owned()))
    }

    /// Fails with the text that `check` returns for the request that was read last.
    #[must_use]
    pub fn check(
        self,
        check: impl Fn(&Received) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.then(Action::Check(Arc::new(check)))
    }

    /// Reads the head of a request and leaves its body where it is.
    #[must_use]
    pub fn read_head(self) -> Self {
        self.then(Action::ReadHead)
    }

    /// After [`read_head`](Self::read_head): reads until at least `bytes`
    /// bytes of the body have come, or its end.
    #[must_use]
    pub fn read_body(self, bytes: u64) -> Self {
        self.then(Action::ReadBody(bytes))
    }

    /// Reads exactly `bytes` raw bytes, whatever they are.
    #[must_use]
    pub fn read_raw(self, bytes: usize) -> Self {
        self.then(Action::ReadRaw(bytes))
    }

    /// Sends raw bytes.
    #[must_use]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Action::Send(bytes.into()))
    }

    /// Sends raw bytes in pieces of `size` bytes, each written on its own.
    #[must_use]
    pub fn send_in_pieces(self, bytes: impl Into<Bytes>, size: usize) -> Self {
        let mut bytes = bytes.into();
        let mut script = self;
        while bytes.len() > size.max(1) {
            script = script.send(bytes.split_to(size.max(1)));
        }
        script.send(bytes)
    }

    /// Sends an answer.
    #[must_use]
    pub fn reply(self, reply: Reply) -> Self {
        self.then(Action::Reply(reply))
    }

    /// Waits until the test opens the gate.
    #[must_use]
    pub fn wait(self, gate: &Gate) -> Self {
        self.then(Action::Wait(gate.clone()))
    }

    /// Opens a gate that the test, or another connection, waits at.
    #[must_use]
    pub fn open(self, gate: &Gate) -> Self {
        self.then(Action::Open(gate.clone()))
    }

    /// Closes the sending half and goes on reading.
    #[must_use]
    pub fn half_close(self) -> Self {
        self.then(Action::HalfClose)
    }

    /// Resets the connection (TCP RST). Nothing can follow.
    #[must_use]
    pub fn reset(self) -> Self {
        self.then(Action::Reset)
    }

    /// Closes the connection. Nothing can follow.
    #[must_use]
    pub fn close(self) -> Self {
        self.then(Action::Close)
    }

    /// Waits until the peer has closed the connection; discards what it sends.
    #[must_use]
    pub fn await_close(self) -> Self {
        self.then(Action::AwaitClose)
    }

    /// Says nothing more, until the peer closes or the server is dropped. The
    /// script counts as run to its end from here on.
    #[must_use]
    pub fn stall(self) -> Self {
        self.then(Action::Stall)
    }

    /// Sends back every byte until the peer closes.
    #[must_use]
    pub fn echo(self) -> Self {
        self.then(Action::Echo)
    }

    /// Answers every further request on this connection through `handler`.
    #[must_use]
    pub fn serve(self, handler: impl Fn(Received) -> Reply + Send + Sync + 'static) -> Self {
        self.serve_async(move |request| std::future::ready(handler(request)))
    }

    /// [`serve`](Self::serve) with a handler that may wait.
    #[must_use]
    pub fn serve_async<F>(self, handler: impl Fn(Received) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        self.then(Action::Serve(Arc::new(move |request| {
            Box::pin(handler(request))
        })))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadRequest => f.write_str("read a request"),
            Self::Expect(method, target) => write!(f, "expect {method} {target}"),
            Self::Check(_) => f.write_str("check the request"),
            Self::ReadHead => f.write_str("read a request's head"),
            Self::ReadBody(bytes) => write!(f, "read {bytes} bytes of the body"),
            Self::ReadRaw(bytes) => write!(f, "read {bytes} raw bytes"),
            Self::Send(bytes) => write!(f, "send {} raw bytes", bytes.len()),
            Self::Reply(reply) => write!(f, "reply {}", reply.status),
            Self::Wait(_) => f.write_str("wait at a gate"),
            Self::Open(_) => f.write_str("open a gate"),
            Self::HalfClose => f.write_str("close the sending half"),
            Self::Reset => f.write_str("reset"),
            Self::Close => f.write_str("close"),
            Self::AwaitClose => f.write_str("wait for the peer to close"),
            Self::Stall => f.write_str("stall"),
            Self::Echo => f.write_str("echo"),
            Self::Serve(_) => f.write_str("serve"),
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.steps.iter().map(ToString::to_string))
            .finish()
    }
}
