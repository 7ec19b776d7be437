//! What the contracts are written with.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(super) use crate::kit::{Outcome, Violation};
use crate::testing::script::{
    Accept, Builder, Received, Reply, Script, ScriptFailure, ScriptedServer,
};
use crate::transport::{Body, Delivery, Transport, TransportError, TransportErrorKind};

/// Returns a [`Violation`] unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::kit::Violation(format!($($message)+)));
        }
    };
}
pub(super) use ensure;

/// The transport under test.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) transport: Arc<dyn Transport>,
    /// Puts TLS on the connections of the servers.
    pub(super) accept: Option<Accept>,
}

impl Context {
    pub(super) fn scheme(&self) -> &'static str {
        match self.accept {
            None => "http",
            Some(_) => "https",
        }
    }

    /// A server for this contract, with or without TLS as the suite says.
    pub(super) fn server(&self) -> Builder {
        Builder::accepting(self.accept.clone())
    }

    /// A server that answers every request through `handler`.
    pub(super) async fn serve(
        &self,
        handler: impl Fn(Received) -> Reply + Send + Sync + 'static,
    ) -> io::Result<ScriptedServer> {
        self.always(Script::new().serve(handler)).await
    }

    /// A server that does the same on every connection.
    pub(super) async fn always(&self, script: Script) -> io::Result<ScriptedServer> {
        self.server().otherwise(script).start().await
    }

    pub(super) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, TransportError> {
        self.transport.send(request).await
    }

    pub(super) async fn get(&self, url: &str) -> Result<Response<Body>, Violation> {
        Ok(self.send(get(url)?).await?)
    }

    /// The text that a `GET` is answered with.
    pub(super) async fn text(&self, url: &str) -> Result<String, Violation> {
        text(self.get(url).await?).await
    }

    /// The error that a request ends in.
    pub(super) async fn error(&self, request: Request<Body>) -> Result<TransportError, Violation> {
        match self.send(request).await {
            Err(error) => Ok(error),
            Ok(answer) => Err(Violation(format!(
                "an answer ({}) where an error was due",
                answer.status()
            ))),
        }
    }

    /// The error that an answer with a broken body ends in: when it is read, or
    /// at once where the transport reads bodies whole.
    pub(super) async fn broken(&self, url: &str) -> Result<TransportError, Violation> {
        match self.send(get(url)?).await {
            Ok(answer) => body_error(answer).await,
            Err(error) => Ok(error),
        }
    }
}

pub(super) fn get(url: &str) -> Result<Request<Body>, http::Error> {
    Request::get(url).body(Body::empty())
}

pub(super) fn post(url: &str, body: impl Into<Body>) -> Result<Request<Body>, http::Error> {
    Request::post(url).body(body.into())
}

pub(super) async fn text(answer: Response<Body>) -> Result<String, Violation> {
    let body = answer.into_body().collect(u64::MAX).await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// The error that a body ends in.
pub(super) async fn body_error(answer: Response<Body>) -> Result<TransportError, Violation> {
    match answer.into_body().collect(u64::MAX).await {
        Err(error) => Ok(error),
        Ok(body) => Err(Violation(format!(
            "{} bytes of a broken body were taken for the whole",
            body.len()
        ))),
    }
}

/// The error of a connection that broke while the server may have been at work.
pub(super) fn ensure_cut(error: &TransportError) -> Outcome {
    ensure!(
        error.delivery() == Delivery::MaybeSent,
        "the server may have executed it, but delivery is {:?} ({error})",
        error.delivery()
    );
    ensure!(
        matches!(
            error.kind(),
            TransportErrorKind::Reset | TransportErrorKind::Protocol
        ),
        "the kind is {:?} ({error})",
        error.kind()
    );
    Ok(())
}

/// The error of an answer's body that does not end where it should.
pub(super) fn ensure_broken_body(error: &TransportError) -> Outcome {
    ensure!(
        error.delivery() != Delivery::NotSent,
        "an answer came, but delivery is NotSent ({error})"
    );
    ensure!(
        matches!(
            error.kind(),
            TransportErrorKind::Reset | TransportErrorKind::Protocol | TransportErrorKind::Body
        ),
        "the kind is {:?} ({error})",
        error.kind()
    );
    Ok(())
}

pub(super) fn ensure_never_sent(error: &TransportError, kind: TransportErrorKind) -> Outcome {
    ensure!(
        error.kind() == kind,
        "the kind is {:?} ({error})",
        error.kind()
    );
    ensure!(
        error.delivery() == Delivery::NotSent,
        "nothing can have arrived, but delivery is {:?} ({error})",
        error.delivery()
    );
    Ok(())
}

/// The only request that came.
pub(super) fn single(mut requests: Vec<Received>) -> Result<Received, Violation> {
    ensure!(
        requests.len() == 1,
        "{} requests came instead of one",
        requests.len()
    );
    requests
        .pop()
        .ok_or_else(|| Violation("no request came".to_owned()))
}

/// Waits for something to happen at the server while a call is under way.
pub(super) async fn meanwhile<T>(
    call: &mut JoinHandle<Result<Response<Body>, TransportError>>,
    happening: impl Future<Output = Result<T, ScriptFailure>>,
) -> Result<T, Violation> {
    let mut happening = pin!(happening);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(happened) = happening.as_mut().poll(cx) {
            return Poll::Ready(Ok(happened?));
        }
        let ended = std::task::ready!(Pin::new(&mut *call).poll(cx));
        Poll::Ready(Err(Violation(format!(
            "the call ended too early: {ended:?}"
        ))))
    })
    .await
}

/// A request body whose pieces are sent by hand.
pub(super) fn by_hand() -> (mpsc::UnboundedSender<io::Result<Bytes>>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Body::from_stream(ByHand(receiver)))
}

struct ByHand(mpsc::UnboundedReceiver<io::Result<Bytes>>);

impl Stream for ByHand {
    type Item = io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<io::Result<Bytes>>> {
        self.0.poll_recv(cx)
    }
}
