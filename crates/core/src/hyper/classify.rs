//! From errors of hyper, rustls and the system to [`TransportError`].

use std::error::Error as StdError;
use std::io::ErrorKind as IoKind;

use super::connect::ConnectError;
use crate::transport::{Delivery, TransportError, TransportErrorKind as Kind};

/// Why there is no connection to send a request over.
pub(crate) enum Unconnected {
    /// No byte stream.
    Connect(ConnectError),
    /// It broke down while HTTP was being set up on it.
    Setup(hyper::Error),
}

impl Unconnected {
    #[cold]
    pub(crate) fn explain(self) -> TransportError {
        match self {
            Self::Connect(failed) => TransportError::new(failed.kind(), Delivery::NotSent)
                .with_message(failed.message().clone())
                .with_source(failed),
            Self::Setup(error) => explained(received(&error).0, Delivery::NotSent, error),
        }
    }
}

/// No answer came to a request that was given to a connection.
#[cold]
pub(crate) fn request_error(error: hyper::Error) -> TransportError {
    let (kind, delivery) = sent(&error);
    explained(kind, delivery, error)
}

fn explained(kind: Kind, delivery: Delivery, error: hyper::Error) -> TransportError {
    let transport = TransportError::new(kind, delivery);
    match explain(&error) {
        Some(message) => transport.with_message(message).with_source(error),
        None => transport.with_source(error),
    }
}

/// The body of an answer broke off.
#[cold]
pub(crate) fn body_error(error: hyper::Error) -> TransportError {
    TransportError::new(received(&error).0, Delivery::Answered).with_source(error)
}

/// The body of an answer ended, though it had announced more.
#[cold]
pub(crate) fn truncated(missing: u64) -> TransportError {
    TransportError::new(Kind::Reset, Delivery::Answered)
        .with_message(format!("{missing} bytes of the body are missing"))
}

/// Settings that make no sense.
#[cfg(any(feature = "proxy", feature = "rustls-no-provider"))]
#[cold]
pub(crate) fn settings(message: impl Into<std::borrow::Cow<'static, str>>) -> TransportError {
    TransportError::new(Kind::Request, Delivery::NotSent).with_message(message)
}

/// The request was given to a connection. What may have become of it there?
fn sent(error: &hyper::Error) -> (Kind, Delivery) {
    if error.is_canceled() {
        // Given back unsent: the connection had closed, and was a new one, so
        // that trying again at once would be no use.
        return (Kind::Reset, Delivery::NotSent);
    }
    if error.is_user() {
        // The request's body failed, or what moves the connection is gone: with
        // its runtime, or over HTTP/2 with the connection, while this request
        // waited for its turn.
        let ours = find::<TransportError>(error);
        let kind = ours.map_or(Kind::Reset, TransportError::kind);
        return (kind, Delivery::MaybeSent);
    }
    received(error)
}

/// The class of an error seen while waiting for an answer or reading its body.
fn received(error: &hyper::Error) -> (Kind, Delivery) {
    if error.is_incomplete_message() || error.is_timeout() {
        return (Kind::Reset, Delivery::MaybeSent);
    }
    if error.is_parse() {
        // There is an answer, but nobody knows what it says.
        return (Kind::Protocol, Delivery::MaybeSent);
    }
    #[cfg(feature = "http2")]
    if let Some(h2) = find::<h2::Error>(error) {
        return http2(h2);
    }
    #[cfg(feature = "rustls-no-provider")]
    if let Some(tls) = super::tls::find_error(error) {
        // A server that refuses the client's certificate says so after the
        // client's side of a TLS 1.3 handshake is done, but before its own.
        let refused = super::tls::is_refused_certificate(tls);
        let delivery = if refused {
            Delivery::NotSent
        } else {
            Delivery::MaybeSent
        };
        return (Kind::Tls, delivery);
    }
    match find::<std::io::Error>(error).map(std::io::Error::kind) {
        Some(
            IoKind::ConnectionReset
            | IoKind::ConnectionAborted
            | IoKind::BrokenPipe
            | IoKind::UnexpectedEof
            | IoKind::NotConnected
            | IoKind::TimedOut
            | IoKind::HostUnreachable
            | IoKind::NetworkUnreachable
            | IoKind::NetworkDown,
        ) => (Kind::Reset, Delivery::MaybeSent),
        // Chunk sizes that are no numbers, and the like.
        Some(IoKind::InvalidData | IoKind::InvalidInput) => (Kind::Protocol, Delivery::MaybeSent),
        _ if error.is_closed() || error.is_canceled() => (Kind::Reset, Delivery::MaybeSent),
        _ => (Kind::Body, Delivery::MaybeSent),
    }
}

#[cfg(feature = "http2")]
fn http2(error: &h2::Error) -> (Kind, Delivery) {
    if error.is_remote() && error.is_go_away() {
        // Only streams that the server says it did not look at end like this.
        return (Kind::Reset, Delivery::NotSent);
    }
    if error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM) {
        return (Kind::Reset, Delivery::NotSent);
    }
    if error.is_library() {
        return (Kind::Protocol, Delivery::MaybeSent);
    }
    if error.is_reset() && !error.is_remote() {
        // hyper resets the stream when the request's body fails.
        return (Kind::Body, Delivery::MaybeSent);
    }
    (Kind::Reset, Delivery::MaybeSent)
}

/// A sentence where hyper's own is of little help.
fn explain(error: &hyper::Error) -> Option<&'static str> {
    #[cfg(feature = "rustls-no-provider")]
    if super::tls::find_error(error).is_some_and(super::tls::is_refused_certificate) {
        return Some("the server refused the client's certificate, or demands one");
    }
    if error.is_timeout() {
        return Some("the server did not answer HTTP/2 pings any more");
    }
    None
}

/// The first error of type `E` in a chain of causes.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
