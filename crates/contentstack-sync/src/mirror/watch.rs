//! Syncs without end.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sync_core::ErrorKind;
use sync_core::policy::Backoff;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Mirror, MirrorError, Report};
use crate::sync::later;

/// Triggers that come one after the other count as one, if they are no further
/// apart than this.
const DEBOUNCE: Duration = Duration::from_millis(500);

/// Triggers that do not stop are not waited out for longer.
const MOST_DEBOUNCE: Duration = Duration::from_secs(5);

/// A delta that finds nothing after a trigger may have been answered by a
/// cache: it is asked for again so long after it.
const RECHECKS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
];

/// How long a run that is told to stop may take to the end of its page.
const GRACE: Duration = Duration::from_secs(5);

/// Says that something was published. Clones share it.
///
/// Hand it to whatever hears of changes, for example to the receiver of
/// webhooks, and to a [`Watch`].
#[derive(Clone, Debug)]
pub struct Trigger(watch::Sender<u64>);

impl Default for Trigger {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Trigger {
    /// A trigger.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something was published. Costs nothing: any number of these become one
    /// delta.
    pub fn fire(&self) {
        self.0.send_modify(|count| *count += 1);
    }

    /// How often it was fired.
    pub fn fired(&self) -> u64 {
        *self.0.borrow()
    }
}

/// What a [`Watch`] reports.
#[derive(Debug)]
#[non_exhaustive]
pub enum Watched {
    /// A run came to its end.
    Synced(Report),
    /// A run failed. The watch goes on by itself after `pause`.
    Interrupted {
        /// Why.
        error: MirrorError,
        /// How long it will wait.
        pause: Duration,
    },
}

/// Syncs a mirror without end: at an interval, and when it is triggered.
#[must_use = "nothing happens until it is asked for the next run"]
pub struct Watch {
    mirror: Mirror,
    interval: Duration,
    debounce: Duration,
    rechecks: Vec<Duration>,
    backoff: Backoff,
    trigger: Option<watch::Receiver<u64>>,
    due: Instant,
    pending: VecDeque<Instant>,
    /// A trigger was heard, and no run has answered it yet.
    triggered: bool,
    /// A run that failed was to be followed by rechecks.
    recheck: bool,
    failures: u32,
    /// A run has gone well: what the service answers now and then is no page,
    /// but it is the service.
    has_synced: bool,
    stop: Arc<AtomicBool>,
    has_ended: bool,
}

impl Mirror {
    /// Syncs at once, and then again and again: `interval` after the end of
    /// the last run, and when a [`Trigger`] is fired.
    ///
    /// ```no_run
    /// # async fn run(mirror: contentstack_sync::mirror::Mirror) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use contentstack_sync::mirror::Trigger;
    ///
    /// let trigger = Trigger::new();
    /// # let shutdown = async {};
    /// mirror
    ///     .watch(Duration::from_secs(60))
    ///     .trigger(&trigger)
    ///     .run_until(shutdown, |watched| println!("{watched:?}"))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, interval: Duration) -> Watch {
        Watch {
            mirror: self.clone(),
            interval,
            debounce: DEBOUNCE,
            rechecks: RECHECKS.to_vec(),
            backoff: Backoff::new(Duration::from_secs(1), Duration::from_secs(60)),
            trigger: None,
            due: Instant::now(),
            pending: VecDeque::new(),
            triggered: false,
            recheck: false,
            failures: 0,
            has_synced: false,
            stop: Arc::default(),
            has_ended: false,
        }
    }
}

impl Watch {
    /// Also syncs when this is fired, from now on.
    pub fn trigger(mut self, trigger: &Trigger) -> Self {
        self.trigger = Some(trigger.0.subscribe());
        self
    }

    /// Waits for so long after a trigger whether there is another: 500 ms by
    /// default. Triggers without end are not waited for longer than 5 s.
    pub fn debounce(mut self, debounce: Duration) -> Self {
        self.debounce = debounce;
        self
    }

    /// When to ask again, counted from a delta that was triggered, as long as
    /// nothing was found: a cache may have answered it. By default after 1, 5
    /// and 15 s.
    pub fn rechecks(mut self, after: impl IntoIterator<Item = Duration>) -> Self {
        self.rechecks = after.into_iter().collect();
        self
    }

    /// The pauses after errors in a row: from 1 s up to 60 s by default.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Waits until a run is due and runs it. `None` after an error that waiting
    /// cannot help against, which is the last thing that is handed out. Answers
    /// that are no pages count as such only until a run has gone well.
    ///
    /// Giving up the wait loses nothing.
    pub async fn next(&mut self) -> Option<Result<Watched, MirrorError>> {
        if self.has_ended {
            return None;
        }
        self.wait().await;
        Some(self.run().await)
    }

    async fn run(&mut self) -> Result<Watched, MirrorError> {
        let run = self.mirror.sync().stop_when(Arc::clone(&self.stop));
        let result = run.await;
        let now = Instant::now();
        // Only now: a run that was given up did not answer the trigger.
        let triggered = std::mem::take(&mut self.triggered);
        self.recheck |= triggered;
        self.pending.retain(|at| *at > now);
        match result {
            Ok(report) => {
                self.failures = 0;
                self.has_synced = true;
                self.due = later(now, self.interval);
                if std::mem::take(&mut self.recheck) {
                    let rechecks = self.rechecks.iter();
                    self.pending = rechecks.map(|after| later(now, *after)).collect();
                }
                if !report.is_empty() {
                    self.pending.clear();
                }
                Ok(Watched::Synced(report))
            }
            Err(error) if error.is_retryable() || (self.has_synced && is_no_page(&error)) => {
                self.failures += 1;
                let pause = self.backoff.pause(self.failures);
                self.due = later(now, pause);
                self.recheck |= !self.pending.is_empty();
                self.pending.clear();
                Ok(Watched::Interrupted { error, pause })
            }
            Err(error) => {
                self.has_ended = true;
                Err(error)
            }
        }
    }

    /// Runs until `shutdown` ends. A run that is under way then is stopped after
    /// the page that it is at, and no later than 5 s.
    ///
    /// # Errors
    ///
    /// The error that waiting cannot help against, for example a delivery token
    /// that is no longer good.
    pub async fn run_until(
        mut self,
        shutdown: impl Future<Output = ()>,
        mut on: impl FnMut(&Watched),
    ) -> Result<(), MirrorError> {
        let mut shutdown = pin!(shutdown);
        let stop = Arc::clone(&self.stop);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                () = self.wait() => {}
            }
            let mut run = pin!(self.run());
            tokio::select! {
                biased;
                () = &mut shutdown => {
                    stop.store(true, Ordering::Relaxed);
                    if let Ok(last) = timeout_at(Instant::now() + GRACE, run).await {
                        on(&last?);
                    }
                    return Ok(());
                }
                watched = &mut run => on(&watched?),
            }
        }
    }

    /// Waits until something is due.
    async fn wait(&mut self) {
        if !self.triggered {
            let due = self
                .pending
                .front()
                .map_or(self.due, |at| self.due.min(*at));
            self.triggered = match &mut self.trigger {
                None => {
                    sleep_until(due).await;
                    false
                }
                Some(trigger) => tokio::select! {
                    biased;
                    changed = trigger.changed() => changed.is_ok(),
                    () = sleep_until(due) => false,
                },
            };
            if !self.triggered {
                // Which also holds when nobody can fire the trigger any more.
                sleep_until(due).await;
                return;
            }
        }
        let Some(trigger) = &mut self.trigger else {
            return;
        };
        let end = Instant::now() + MOST_DEBOUNCE;
        loop {
            let quiet = later(Instant::now(), self.debounce).min(end);
            match timeout_at(quiet, trigger.changed()).await {
                Ok(Ok(())) if Instant::now() < end => {}
                _ => return,
            }
        }
    }
}

/// Whether the service answered something that is not a page: the mirror
/// stands where it stood, and the next answer may be one.
fn is_no_page(error: &MirrorError) -> bool {
    matches!(error, MirrorError::Service(error) if error.kind() == ErrorKind::Decode)
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("interval", &self.interval)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
