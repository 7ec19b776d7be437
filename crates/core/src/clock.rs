//! The only place that asks what time it is.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// Wall-clock time. Waits and deadlines use tokio's monotonic time instead,
/// which tests can pause.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<dyn Fn() -> SystemTime + Send + Sync>>);

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock of the caller's, for tests and for corrected time.
    pub fn from_fn(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(now)))
    }

    /// A clock that stands still.
    pub fn fixed(at: SystemTime) -> Self {
        Self::from_fn(move || at)
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            Some(now) => now(),
            #[allow(clippy::disallowed_methods, reason = "this is the one place")]
            None => SystemTime::now(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Clock(custom)"
        } else {
            "Clock(system)"
        })
    }
}
