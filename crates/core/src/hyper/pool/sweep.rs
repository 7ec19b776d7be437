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
