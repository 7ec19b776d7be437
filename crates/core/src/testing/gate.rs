//! A gate that a test opens by hand, instead of a sleep.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

/// Holds something back until the test says go.
///
/// Clones are the same gate. A gate that was opened stays open.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use sync_core::testing::Gate;
///
/// let gate = Gate::new();
/// let waiting = tokio::spawn({
///     let gate = gate.clone();
///     async move { gate.wait().await }
/// });
/// gate.reached().await;
/// gate.open();
/// waiting.await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct Gate(Arc<watch::Sender<State>>);

#[derive(Clone, Copy, Default)]
struct State {
    open: bool,
    arrivals: usize,
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }

    /// Lets everyone through, now and later.
    pub fn open(&self) {
        self.0.send_modify(|state| state.open = true);
    }

    /// Whether the gate was opened.
    pub fn is_open(&self) -> bool {
        self.0.borrow().open
    }

    /// Waits until the gate is open.
    pub async fn wait(&self) {
        self.0.send_modify(|state| state.arrivals += 1);
        self.until(|state| state.open).await;
    }

    /// Waits until someone stands before the gate, or has passed it.
    pub async fn reached(&self) {
        self.until(|state| state.arrivals > 0).await;
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        // The sender lives in `self`, so the channel cannot close meanwhile.
        let _ = self.0.subscribe().wait_for(condition).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_open() {
            "Gate(open)"
        } else {
            "Gate(closed)"
        })
    }
}
