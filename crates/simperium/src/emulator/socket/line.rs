//! A socket without a socket: frames in and out, in the caller's own time.

use std::fmt;
use std::sync::Weak;

use tokio::sync::oneshot::error::TryRecvError;

use super::Opened;
use crate::emulator::engine::Engine;

/// One end of a connection whose frames the caller carries itself, when and in
/// which order it likes: for simulations that have a time of their own. The
/// service answers at once, whatever its latency is.
pub struct Line {
    engine: Weak<Engine>,
    opened: Opened,
}

impl Line {
    pub(in crate::emulator) fn new(engine: Weak<Engine>, opened: Opened) -> Self {
        Self { engine, opened }
    }

    /// A frame of the client arrives.
    pub fn send(&self, frame: &str) {
        if let Some(engine) = self.engine.upgrade() {
            engine.state().frame(self.opened.id, frame);
        }
    }

    /// The next frame of the service; `None` if there is none now, or none any
    /// more.
    pub fn receive(&mut self) -> Option<String> {
        Some(self.opened.outgoing.try_recv().ok()?.text)
    }

    /// Whether the service has not closed it.
    pub fn is_open(&mut self) -> bool {
        self.opened.killed.try_recv() == Err(TryRecvError::Empty)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.upgrade() {
            engine.state().connections.remove(&self.opened.id);
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("socket", &self.opened.id)
            .finish_non_exhaustive()
    }
}
