//! Why an exchange failed, and what the server may have done.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// Any error, as a source.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What the server may have done with a request that failed.
///
/// This is all that the retry loop has to know about a failed exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// No byte of the request can have been acted upon: repeating is always safe.
    NotSent,
    /// The server may or may not have executed the request.
    MaybeSent,
    /// The server answered, so it did what its answer says.
    Answered,
}

/// The part of an exchange that a time limit belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for a free connection or opening one (name lookup, TCP, TLS, proxy).
    Connect,
    /// Waiting for the head of the answer.
    FirstByte,
    /// Waiting for the next part of the body.
    Idle,
    /// One attempt as a whole.
    Attempt,
    /// The call as a whole, with all its attempts and pauses.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::FirstByte => "waiting for the answer",
            Self::Idle => "waiting for more of the body",
            Self::Attempt => "the attempt as a whole",
            Self::Total => "the call as a whole",
        })
    }
}

/// The class of a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request itself cannot be sent by this transport (for example no
    /// absolute URI, or `https` without TLS compiled in).
    Request,
    /// No connection could be made.
    Connect,
    /// The peer could not be verified, or TLS failed otherwise.
    Tls,
    /// A time limit passed.
    Timeout(Phase),
    /// The connection ended before the exchange did.
    Reset,
    /// The peer broke the protocol.
    Protocol,
    /// The body could not be produced, read or decoded.
    Body,
    /// The answer is larger than the caller allows.
    TooLarge,
    /// The exchange was given up by this side.
    Canceled,
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("the request cannot be sent"),
            Self::Connect => f.write_str("could not connect"),
            Self::Tls => f.write_str("no trusted TLS connection"),
            Self::Timeout(phase) => write!(f, "timed out {phase}"),
            Self::Reset => f.write_str("the connection was closed too early"),
            Self::Protocol => f.write_str("the peer broke the protocol"),
            Self::Body => f.write_str("the body could not be transferred"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Canceled => f.write_str("the exchange was canceled"),
        }
    }
}

/// A failed exchange, as a [`Transport`](super::Transport) reports it.
pub struct TransportError(Box<Repr>);

struct Repr {
    kind: TransportErrorKind,
    delivery: Delivery,
    message: Option<Cow<'static, str>>,
    source: Option<BoxError>,
}

impl TransportError {
    /// An error of this kind. `delivery` must not claim more than is known.
    pub fn new(kind: TransportErrorKind, delivery: Delivery) -> Self {
        Self(Box::new(Repr {
            kind,
            delivery,
            message: None,
            source: None,
        }))
    }

    /// Adds a sentence that says what to do or what was seen. It must hold no secret.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = Some(message.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The class of the error.
    pub fn kind(&self) -> TransportErrorKind {
        self.0.kind
    }

    /// What the server may have done.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The same error, seen from a moment when more is known about delivery.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)?;
        match &self.0.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.0.kind)
            .field("delivery", &self.0.delivery)
            .field("message", &self.0.message)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
