//! An HTTP/1.1 connection in use.

use std::future::poll_fn;
use std::sync::Arc;

use super::Host;
use crate::hyper::http1::Http1;

/// An HTTP/1.1 connection in use. Dropped instead of [released](Self::release),
/// it is closed.
pub(crate) struct Lease {
    pub(crate) connection: Box<Http1>,
    host: Arc<Host>,
}

impl Lease {
    pub(crate) fn new(connection: Box<Http1>, host: Arc<Host>) -> Self {
        Self { connection, host }
    }

    /// The exchange is over: the connection can be used again, at once or as
    /// soon as the rest of the request is sent, if that does not take as long as
    /// an unused connection is kept.
    pub(crate) fn release(self) {
        let Self {
            mut connection,
            host,
        } = self;
        if connection.is_ready() {
            host.put(connection);
        } else if !connection.has_ended() {
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    let ready = poll_fn(|cx| connection.poll_ready(cx));
                    let limit = host.settings.idle_timeout;
                    if matches!(tokio::time::timeout(limit, ready).await, Ok(true)) {
                        host.put(connection);
                    }
                });
            }
        }
    }
}
