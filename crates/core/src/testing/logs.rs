//! Everything that is logged, down to `TRACE`.

use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span;
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use super::leak::SecretSearch;
use super::mock::lock;

/// Keeps all spans and events of every level and every target, also those of
/// hyper, h2 and rustls.
///
/// [`start`](Self::start) captures what happens on the present thread: all
/// there is in a test on tokio's current-thread runtime, and tests beside it
/// stay out. [`global`](Self::global) captures the whole process, and also what
/// libraries write through the `log` crate.
///
/// ```
/// use sync_core::testing::LogCapture;
///
/// let logs = LogCapture::start();
/// tracing::trace!(target: "any::crate", key = "value", "something happened");
/// assert!(logs.text().contains("any::crate: something happened key=value"));
/// logs.assert_no_secret(&["XX6406JTI3NH"]);
/// ```
#[must_use = "it captures only while it lives"]
pub struct LogCapture {
    capture: Arc<Capture>,
    from: usize,
    // Ends the capture of the thread.
    _guard: Option<DefaultGuard>,
}

/// Another global subscriber or logger is in place already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalLoggerTaken;

impl fmt::Display for GlobalLoggerTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this process has another global subscriber or logger already")
    }
}

impl std::error::Error for GlobalLoggerTaken {}

impl LogCapture {
    /// Captures what is traced on this thread from now on, until it is dropped.
    pub fn start() -> Self {
        // While there is only one subscriber, `tracing` asks that of the thread which
        // comes first to a place in the code whether anybody cares, for good: a test
        // on another thread, which has none, would silence the place for all.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(Arc::new(Capture::default())));
        let capture = Arc::new(Capture::default());
        let guard = tracing::subscriber::set_default(Arc::clone(&capture));
        Self {
            capture,
            from: 0,
            _guard: Some(guard),
        }
    }

    /// Captures what the process traces and logs from now on. May be called
    /// more than once; the captures then share what comes.
    ///
    /// # Errors
    ///
    /// When the process has another global subscriber or logger.
    pub fn global() -> Result<Self, GlobalLoggerTaken> {
        static GLOBAL: OnceLock<Option<Arc<Capture>>> = OnceLock::new();
        let capture = GLOBAL.get_or_init(|| {
            let capture = Arc::new(Capture::default());
            tracing::subscriber::set_global_default(Arc::clone(&capture)).ok()?;
            log::set_boxed_logger(Box::new(LogBridge(Arc::clone(&capture)))).ok()?;
            log::set_max_level(log::LevelFilter::Trace);
            Some(capture)
        });
        let capture = Arc::clone(capture.as_ref().ok_or(GlobalLoggerTaken)?);
        let from = lock(&capture.text).len();
        Ok(Self {
            capture,
            from,
            _guard: None,
        })
    }

    /// What was captured, one line for each event and each new span.
    pub fn text(&self) -> String {
        lock(&self.capture.text)[self.from..].to_owned()
    }

    /// Whether anything of this target (a crate or module path) was captured:
    /// shows that a search for secrets saw what it was meant to see.
    pub fn has_target(&self, target: &str) -> bool {
        let text = self.text();
        let mut targets = text.lines().filter_map(|line| line.split(' ').nth(1));
        targets.any(|found| found.starts_with(target))
    }

    /// Looks for the secrets, in all their spellings.
    ///
    /// # Panics
    ///
    /// When one of them was logged. See [`SecretSearch`].
    #[track_caller]
    pub fn assert_no_secret(&self, secrets: &[&str]) {
        SecretSearch::new(secrets).assert_absent("the logs", &self.text());
    }
}

impl fmt::Debug for LogCapture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "LogCapture({} bytes)",
            lock(&self.capture.text).len() - self.from
        )
    }
}

#[derive(Default)]
struct Capture {
    text: Mutex<String>,
    spans: AtomicU64,
}

impl Capture {
    fn line(&self, level: &Level, target: &str, rest: &str) {
        let mut text = lock(&self.text);
        let _ = writeln!(text, "{level} {target}:{rest}");
    }
}

impl Subscriber for Capture {
    fn register_callsite(&self, _metadata: &'static Metadata<'static>) -> Interest {
        Interest::always()
    }

    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::TRACE)
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let number = self.spans.fetch_add(1, Ordering::Relaxed) + 1;
        let metadata = attributes.metadata();
        let mut fields = Fields(format!(" new span {number} {}", metadata.name()));
        attributes.record(&mut fields);
        self.line(metadata.level(), metadata.target(), &fields.0);
        span::Id::from_u64(number)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        let mut fields = Fields(format!(" span {}", span.into_u64()));
        values.record(&mut fields);
        self.line(&Level::TRACE, "span", &fields.0);
    }

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let metadata = event.metadata();
        self.line(metadata.level(), metadata.target(), &fields.0);
    }

    fn enter(&self, _span: &span::Id) {}

    fn exit(&self, _span: &span::Id) {}
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}

struct LogBridge(Arc<Capture>);

impl log::Log for LogBridge {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut text = lock(&self.0.text);
        let _ = writeln!(
            text,
            "{} {}: {}",
            record.level(),
            record.target(),
            record.args()
        );
    }

    fn flush(&self) {}
}
