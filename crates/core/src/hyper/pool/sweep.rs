//! Closing connections that nobody uses.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Host;

/// How often unused connections are looked at: in parts of the time that they
/// are kept for.
const LOOKS: u32 = 8;
const MIN_LOOK: Duration = Duration::from_millis(10);
const MAX_LOOK: Duration = Duration::from_secs(1);

impl Host {
    /// Sees to it that unused connections are closed in time. False where
    /// there is no runtime to do so.
    pub(super) fn sweep(self: &Arc<Self>) -> bool {
        if self.is_swept.load(Ordering::Acquire) {
            return true;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return false;
        };
        self.is_swept.store(true, Ordering::Release);
        let sweeper = Sweeper(Arc::downgrade(self));
        let pause = (self.settings.idle_timeout / LOOKS).clamp(MIN_LOOK, MAX_LOOK);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(pause).await;
                if !sweeper.0.upgrade().is_some_and(|host| host.close_unused()) {
                    return sweeper.finish();
                }
            }
        });
        true
    }

    /// Closes what has been unused for too long, or was closed by the server, and
    /// everything while somebody waits for a place. False when nothing is left to look after.
    fn close_unused(&self) -> bool {
        let limit = self.settings.idle_timeout;
        let mut state = self.state();
        let mut closed = Vec::new();
        let is_wanted = self.places.are_wanted();
        for mut idle in std::mem::take(&mut state.idle) {
            if !is_wanted && idle.since.elapsed() <= limit && idle.connection.is_open() {
                state.idle.push(idle);
            } else {
                closed.push(idle);
            }
        }
        #[cfg(feature = "http2")]
        let unused = state.shared.close_unused(limit, is_wanted);
        #[cfg(feature = "http2")]
        let is_shared = state.shared.connection.is_some();
        #[cfg(not(feature = "http2"))]
        let is_shared = false;
        let goes_on = is_shared || !state.idle.is_empty();
        self.is_swept.store(goes_on, Ordering::Release);
        drop(state);
        drop(closed);
        #[cfg(feature = "http2")]
        drop(unused);
        goes_on
    }
}

/// The task that looks after unused connections.
struct Sweeper(Weak<Host>);

impl Sweeper {
    fn finish(mut self) {
        self.0 = Weak::new();
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        // Its runtime has ended before it was through.
        if let Some(host) = self.0.upgrade() {
            host.is_swept.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::super::{Places, fixture};
    use super::*;
    use crate::hyper::connect::Protocol;
    use crate::hyper::http1::Http1;

    #[tokio::test(start_paused = true)]
    async fn every_unused_connection_is_closed_while_somebody_waits_for_a_place() {
        let places = Arc::new(Places::new(3));
        let host = |uri| fixture::host(uri, Protocol::Http1, &places);
        let (one, two) = (host("http://one.test/"), host("http://two.test/"));
        let mut pipes = Vec::new();
        for _ in 0..3 {
            let (io, pipe) = fixture::io(&one);
            let name = http::HeaderValue::from_static("one.test");
            one.put(Box::new(Http1::over(io, name).await.unwrap()));
            pipes.push(pipe);
        }
        tokio::time::sleep(2 * MAX_LOOK).await;
        assert!(places.are_taken(), "nobody wanted a place");

        // Nothing else makes room here.
        let mut claim = places.take(&two).err().unwrap();
        let place = tokio::time::timeout(2 * MAX_LOOK, claim.place()).await;
        let _place = place.expect("no place").unwrap();
        for mut pipe in pipes {
            let closed = tokio::time::timeout(MAX_LOOK, pipe.read_u8()).await;
            closed.expect("a connection stays open").unwrap_err();
        }
        assert!(one.is_empty());
    }
}
