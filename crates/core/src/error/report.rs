//! How an error reads: one line in `Display`, everything in `Debug`.

use std::fmt::{self, Write as _};

use super::{Error, ErrorKind, StopReason};

impl fmt::Display for Error {
    /// One line: operation, request, what happened, how hard it was tried.
    /// Of the source only what failed last is repeated, in a few words; walk
    /// [`source`](std::error::Error::source) for the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &*self.0;
        if let Some(operation) = error.operation {
            write!(f, "{} {}: ", operation.service(), operation.name())?;
        }
        match error.kind {
            ErrorKind::Exhausted => write!(f, "{}: {}", error.message, Failure(self.last()))?,
            _ => Failure(self).fmt(f)?,
        }
        match error.stop {
            // That a single attempt was allowed is no news.
            Some(StopReason::Attempts) if error.attempts <= 1 => {}
            Some(reason) => write!(f, "; not tried again: {reason}")?,
            None => {}
        }
        if let Some(request) = &error.request {
            write!(f, " ({} {}", request.method, request.uri)?;
            if error.attempts > 1 {
                write!(f, ", {} attempts in {:.1?}", error.attempts, error.elapsed)?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// What happened, without the request and the effort.
struct Failure<'a>(&'a Error);

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &*self.0.0;
        if let ErrorKind::Transport(kind) = error.kind {
            return kind.fmt(f);
        }
        write!(f, "{}", OneLine(&error.message))?;
        match &error.api {
            // What the service's crate has made the message of already.
            Some(api) if api.words() == Some(&*error.message) => write!(f, ": {}", api.status),
            Some(api) => write!(f, ": {api}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &error.kind)
            .field("message", &error.message);
        if let Some(operation) = error.operation {
            out.field(
                "operation",
                &format_args!("{} {}", operation.service(), operation.name()),
            );
        }
        if let Some(request) = &error.request {
            out.field(
                "request",
                &format_args!("{} {}", request.method, request.uri),
            );
        }
        out.field("attempts", &error.attempts)
            .field("elapsed", &error.elapsed)
            .field("delivery", &error.delivery);
        if let Some(reason) = &error.stop {
            out.field("stop_reason", reason);
        }
        if let Some(api) = &error.api {
            out.field("api", api);
        }
        if let Some(snippet) = &error.snippet {
            out.field("snippet", snippet);
        }
        if let Some(source) = &error.source {
            out.field("source", source);
        }
        if let Some(backtrace) = &error.backtrace {
            out.field("backtrace", &format_args!("{backtrace}"));
        }
        out.finish()
    }
}

/// Text as a part of one line: no line ends, nothing that a terminal obeys,
/// and not too much of it.
pub(super) struct OneLine<'a>(pub(super) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LIMIT: usize = 1000;
        for (count, c) in self.0.trim().chars().enumerate() {
            match c {
                _ if count == LIMIT => return f.write_char('…'),
                '\n' | '\t' | '\r' => f.write_char(' ')?,
                _ if c.is_control() => write!(f, "{}", c.escape_default())?,
                _ => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
