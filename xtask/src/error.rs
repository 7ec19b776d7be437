//! Why a task failed, and with which exit code.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// A failed task.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something found what it's meant to find; already said where it happened.
    Said(String),
    /// The task was called wrongly.
    Usage(String),
    /// A program ended with this code, after saying why itself.
    Exit(u8),
    /// Ctrl-C, or a request to end.
    Interrupted,
}

impl Failure {
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Self::Said(text.to_string())
    }

    pub(crate) fn usage(text: impl fmt::Display) -> Self {
        Self::Usage(text.to_string())
    }

    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Said(text) | Self::Usage(text) => Some(text.clone()),
            Self::Exit(_) => None,
            Self::Interrupted => Some("interrupted; everything it started has been ended".into()),
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Said(_) => 1,
            Self::Usage(_) => 2,
            Self::Exit(code) => *code,
            // What shells report for SIGINT.
            Self::Interrupted => 130,
        })
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(error)
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::usage(error)
    }
}
