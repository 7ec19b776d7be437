//! Credentials: put on a request last, afresh for every attempt.

mod header;
mod refresh;

use std::fmt;

use async_trait::async_trait;

pub use self::header::HeaderAuth;
pub use self::refresh::{RefreshingToken, TokenSource};
use crate::transport::Body;
use crate::{Error, Secret};

/// Which credentials were used: grows each time they are renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// Whether an attempt could be authorized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorized {
    /// The credentials of this generation are on the request.
    With(Generation),
    /// There are none yet, or they have run out: [`Authorize::refresh`] first.
    NeedsRefresh,
}

/// Puts credentials on requests.
///
/// [`authorize`](Self::authorize) is the last thing that changes a request
/// before it is sent, and it happens for every attempt, so that signatures,
/// nonces and timestamps are never repeated. It is only called for the
/// client's own origin: credentials do not follow a redirect elsewhere.
#[async_trait]
pub trait Authorize: fmt::Debug + Send + Sync + 'static {
    /// Puts credentials on `head`. No I/O.
    ///
    /// # Errors
    ///
    /// When this request can never be authorized, for example because its body
    /// would have to be signed and can be read only once.
    fn authorize(&self, head: &mut http::request::Parts, body: &Body) -> Result<Authorized, Error>;

    /// Renews credentials of generation `refused`, which the service did not
    /// accept (`None`: there were none). `false` when there is nothing newer;
    /// the refusal is then the call's result. Called once a call at the most.
    ///
    /// # Errors
    ///
    /// When renewing failed: the result of the call.
    async fn refresh(&self, refused: Option<Generation>) -> Result<bool, Error> {
        let _ = refused;
        Ok(false)
    }

    /// The secrets at present, so that they can be removed from whatever the
    /// service sends back.
    fn secrets(&self) -> Vec<Secret<String>> {
        Vec::new()
    }
}

/// No credentials.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAuth;

impl Authorize for NoAuth {
    fn authorize(&self, _: &mut http::request::Parts, _: &Body) -> Result<Authorized, Error> {
        Ok(Authorized::With(Generation(0)))
    }
}
