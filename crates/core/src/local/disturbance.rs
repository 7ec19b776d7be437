//! What happens to an answer on its way.

use std::time::Duration;

use http::{Extensions, Response};

/// What happens to an answer on its way: in the extensions of what a
/// [`LocalService`](super::LocalService) answers, which cannot do it itself.
/// [`LocalServer`](super::LocalServer) and
/// [`LocalTransport`](super::LocalTransport) do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disturbance {
    /// How much later the answer is sent.
    pub delay: Duration,
    /// How it ends.
    pub end: End,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// As it should.
    #[default]
    Whole,
    /// The connection is closed instead of answering.
    Reset,
    /// The connection is closed in the middle of the body.
    Truncated,
}

impl Disturbance {
    /// Nothing happens.
    pub const NONE: Self = Self {
        delay: Duration::ZERO,
        end: End::Whole,
    };

    /// The connection is closed instead of answering.
    pub const RESET: Self = Self {
        end: End::Reset,
        ..Self::NONE
    };

    /// The connection is closed in the middle of the body.
    pub const TRUNCATED: Self = Self {
        end: End::Truncated,
        ..Self::NONE
    };

    /// The answer is sent this much later.
    pub const fn delay(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::NONE
        }
    }

    /// Puts it into the extensions of an answer, if it is one.
    pub fn put<B>(self, response: &mut Response<B>) {
        if self != Self::NONE {
            response.extensions_mut().insert(self);
        }
    }

    /// Waits as long as the answer is late; how it ends.
    pub(super) async fn wait(extensions: &mut Extensions) -> End {
        let disturbance = extensions.remove::<Self>().unwrap_or_default();
        if !disturbance.delay.is_zero() {
            tokio::time::sleep(disturbance.delay).await;
        }
        disturbance.end
    }
}
