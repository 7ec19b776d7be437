//! Telling the one who waits that a connection can go on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// The waker that a connection without a task of its own knows, always the same.
///
/// Whoever waits for an answer moves its connection on. What comes of that, such
/// as the answer itself, would wake the very task that is at it, to be asked once
/// more in vain. So nobody is woken meanwhile, nor by an unused connection.
pub(crate) struct Relay {
    inner: Arc<Inner>,
    waker: Waker,
}

#[derive(Default)]
struct Inner(Mutex<State>);

#[derive(Default)]
struct State {
    /// Who waits.
    waiting: Option<Waker>,
    /// Somebody was to be woken while nobody waited.
    was_woken: bool,
}

impl Relay {
    pub(crate) fn new() -> Self {
        let inner = Arc::new(Inner::default());
        let waker = Waker::from(Arc::clone(&inner));
        Self { inner, waker }
    }

    /// For whatever is polled on the way.
    pub(crate) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.waker)
    }

    /// Nobody waits from now on.
    pub(crate) fn mute(&self) {
        let mut state = self.inner.state();
        state.was_woken = false;
        let waiting = state.waiting.take();
        drop(state);
        drop(waiting);
    }

    /// The task of `cx` waits for all that happens since it was [muted](Self::mute).
    pub(crate) fn pass_to(&self, cx: &Context<'_>) {
        let mut state = self.inner.state();
        if state.was_woken {
            drop(state);
            cx.waker().wake_by_ref();
        } else {
            state.waiting = Some(cx.waker().clone());
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state();
        let waiting = state.waiting.take();
        state.was_woken |= waiting.is_none();
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_happens_before_somebody_waits_wakes_them_at_once() {
        let (relay, count) = (Relay::new(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let times = || count.0.load(Ordering::SeqCst);
        relay.mute();
        relay.context().waker().wake_by_ref();
        assert_eq!(times(), 0);
        relay.pass_to(&Context::from_waker(&waker));
        assert_eq!(times(), 1);
        // Not what happened before it was muted again.
        relay.mute();
        relay.pass_to(&Context::from_waker(&waker));
        assert_eq!(times(), 1);
    }

    #[test]
    fn whoever_waits_is_woken_once_and_by_nobody_once_muted() {
        let (relay, count) = (Relay::new(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        relay.mute();
        relay.pass_to(&Context::from_waker(&waker));
        let connection = relay.context().waker().clone();
        connection.wake_by_ref();
        connection.wake_by_ref();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        relay.pass_to(&Context::from_waker(&waker));
        relay.mute();
        connection.wake();
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
    }
}
