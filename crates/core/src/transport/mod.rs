//! The seam between what a call means and how bytes travel.
//!
//! A [`Transport`] does one attempt of one exchange. It adds no credentials,
//! follows no redirect, repeats nothing and decodes nothing: all of that is
//! done once, in [`policy`](crate::policy), for every transport alike. A
//! middleware is a `Transport` that holds another one.

mod attempt;
mod body;
mod error;
mod upgrade;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::attempt::{Attempt, Idempotency, Operation};
pub use self::body::Body;
pub(crate) use self::body::{Collected, too_large};
pub use self::error::{BoxError, Delivery, Phase, TransportError, TransportErrorKind};
pub use self::upgrade::{OnUpgrade, UpgradeIo, Upgraded};

/// One attempt, one exchange.
///
/// # Contract
///
/// * The request's URI is absolute (`scheme://authority/path?query`). The
///   `Host` header is derived from it unless the request carries one.
/// * Answers of every status are `Ok`: an error means that no complete
///   response head arrived. Errors while reading the body come out of the
///   returned [`Body`].
/// * [`TransportError::delivery`] tells what the server may have done. When in
///   doubt it says [`Delivery::MaybeSent`].
/// * Dropping the future or the returned body cancels the exchange; later
///   calls are not affected. When the request's [`Attempt`] was marked as
///   [timed out](Attempt::mark_timed_out) before the drop, the connection must
///   not be used again.
/// * A `101 Switching Protocols` answer carries an [`OnUpgrade`] in its
///   extensions.
///
/// `testing::contract` (feature `testing`) checks an implementation
/// against these points.
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Sends `request` once and returns the answer as soon as its head is here.
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, TransportError>;

    /// Sends the request of `attempt`: what calls come through.
    ///
    /// By default it is [sent](Self::send) with the attempt in its extensions. Only
    /// a transport that need not look for it there says more.
    fn send_attempt<'a>(
        &'a self,
        mut request: http::Request<Body>,
        attempt: Arc<Attempt>,
    ) -> Exchange<'a> {
        request.extensions_mut().insert(attempt);
        self.send(request)
    }
}

/// An exchange that goes on while it is polled, up to the head of the answer.
pub type Exchange<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Body>, TransportError>> + Send + 'a>>;

/// Written out, as `async_trait` would put the future into a second box.
impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send<'a, 'f>(
        &'a self,
        request: http::Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<http::Response<Body>, TransportError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        T::send(self, request)
    }

    fn send_attempt<'a>(
        &'a self,
        request: http::Request<Body>,
        attempt: Arc<Attempt>,
    ) -> Exchange<'a> {
        T::send_attempt(self, request, attempt)
    }
}
