//! Why a text is no frame.

use std::fmt;

/// A text that is no frame of the protocol. It does not quote the text, which
/// may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameError {
    /// Neither `h:…`, `log:…` nor `{channel}:{command}`.
    NoFrame,
    /// There is no such command. Servers may learn new ones: a client does
    /// well to ignore them.
    UnknownCommand,
    /// The payload of this command is not of its form.
    Payload(&'static str),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFrame => f.write_str("the text is no frame of the protocol"),
            Self::UnknownCommand => f.write_str("the frame has a command that is not known"),
            Self::Payload(command) => {
                write!(f, "the payload of a frame `{command}` is not of its form")
            }
        }
    }
}

impl std::error::Error for FrameError {}
