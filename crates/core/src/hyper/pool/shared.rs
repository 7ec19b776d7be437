//! The HTTP/2 connection to a host, and who makes it.

#[cfg(feature = "http2")]
use {
    super::Host, crate::hyper::http2::Http2, std::sync::Arc, std::time::Duration,
    tokio::time::Instant,
};

/// The HTTP/2 connection that all share.
#[cfg(feature = "http2")]
#[derive(Default)]
pub(super) struct Shared {
    pub(super) connection: Option<Http2>,
    /// When it was last asked for.
    pub(super) used: Option<Instant>,
    /// The host has chosen HTTP/2 before, so one connection will do.
    pub(super) is_expected: bool,
    pub(super) is_connecting: bool,
}

#[cfg(feature = "http2")]
impl Shared {
    /// When the connection was last asked for, if nobody uses it now.
    pub(super) fn unused_since(&self) -> Option<Instant> {
        let connection = self.connection.as_ref()?;
        self.used.filter(|_| connection.is_unused())
    }

    /// The connection, if nobody has asked for it for longer than `limit`, if
    /// it is closed, or if its place is wanted while nobody uses it. Exchanges
    /// that go on over it are not disturbed.
    pub(super) fn close_unused(&mut self, limit: Duration, is_wanted: bool) -> Option<Http2> {
        let is_old = self.used.is_none_or(|used| used.elapsed() > limit);
        self.connection.take_if(|connection| {
            is_old || !connection.is_open() || (is_wanted && connection.is_unused())
        })
    }
}

/// The right, and the duty, to make the connection that others wait for. They
/// are told when it ends without one.
#[cfg(feature = "http2")]
pub(super) struct Lead {
    host: Arc<Host>,
    /// It was tried. Otherwise the call was given up, and somebody else leads.
    has_failed: bool,
}

#[cfg(feature = "http2")]
impl Lead {
    pub(super) fn new(host: Arc<Host>) -> Self {
        Self {
            host,
            has_failed: false,
        }
    }

    /// It was tried, in vain or not.
    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }
}

#[cfg(feature = "http2")]
impl Drop for Lead {
    fn drop(&mut self) {
        let mut state = self.host.state();
        state.shared.is_connecting = false;
        if state.shared.connection.is_none() {
            // The others need not fail one after another.
            state.shared.is_expected &= !self.has_failed;
            state.waiting.clear();
        }
    }
}

/// Over HTTP/1.1 everybody connects.
#[cfg(not(feature = "http2"))]
pub(super) enum Lead {}

#[cfg(not(feature = "http2"))]
impl Lead {
    pub(super) fn fail(&mut self) {
        match *self {}
    }
}
