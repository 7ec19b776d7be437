//! Why a server refuses a change.

use std::fmt;

/// The error code of a refused change.
///
/// | code | meaning | what a client does |
/// |---|---|---|
/// | 400 | invalid id, change or schema | never send it again unchanged |
/// | 401 | no permission, or the token is not good any more | authorise again, once |
/// | 404 | no such entity or version | create it, or be done when it was deleted |
/// | 405 | `sv` is missing or wrong, or its version is gone | read the entity, rebase, new `ccid` |
/// | 409 | this `ccid` was seen | stop sending: the change is there |
/// | 412 | nothing changed | as acknowledged |
/// | 413 | the object is too large | wait until it changes |
/// | 417 | something it refers to is not there yet | later, with the full object |
/// | 440 | the diff cannot be applied | once more with the full object |
/// | 500–599 | the server cannot now; 503: too many changes | later, with the same `ccid` |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeErrorCode {
    /// 400: an invalid id, change or schema.
    Invalid,
    /// 401: no permission.
    Unauthorized,
    /// 404: no such entity or version.
    NotFound,
    /// 405: a missing or wrong `sv`, or its version is gone.
    BadVersion,
    /// 409: the `ccid` was seen before.
    Duplicate,
    /// 412: the change changes nothing.
    Unchanged,
    /// 413: the object is too large.
    TooLarge,
    /// 417: something the object refers to is not there yet.
    ExpectationFailed,
    /// 440: the diff cannot be applied.
    InvalidDiff,
    /// 500 to 599: the server cannot do it now. 503: too many changes.
    Server(u16),
    /// Any other.
    Other(u16),
}

impl ChangeErrorCode {
    /// The number.
    pub const fn code(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::BadVersion => 405,
            Self::Duplicate => 409,
            Self::Unchanged => 412,
            Self::TooLarge => 413,
            Self::ExpectationFailed => 417,
            Self::InvalidDiff => 440,
            Self::Server(code) | Self::Other(code) => code,
        }
    }

    /// Whether the server could not do it now, so that the same change may be
    /// sent again later.
    pub const fn is_server(self) -> bool {
        matches!(self, Self::Server(_))
    }
}

impl From<u16> for ChangeErrorCode {
    fn from(code: u16) -> Self {
        match code {
            400 => Self::Invalid,
            401 => Self::Unauthorized,
            404 => Self::NotFound,
            405 => Self::BadVersion,
            409 => Self::Duplicate,
            412 => Self::Unchanged,
            413 => Self::TooLarge,
            417 => Self::ExpectationFailed,
            440 => Self::InvalidDiff,
            500..=599 => Self::Server(code),
            _ => Self::Other(code),
        }
    }
}

impl fmt::Display for ChangeErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self {
            Self::Invalid => "invalid id, change or schema",
            Self::Unauthorized => "no permission",
            Self::NotFound => "no such entity or version",
            Self::BadVersion => "missing or wrong source version",
            Self::Duplicate => "already received",
            Self::Unchanged => "nothing changed",
            Self::TooLarge => "the object is too large",
            Self::ExpectationFailed => "something it refers to is missing",
            Self::InvalidDiff => "the diff cannot be applied",
            Self::Server(503) => "too many changes at once",
            Self::Server(_) => "the server failed",
            Self::Other(_) => "refused",
        };
        write!(f, "{} ({meaning})", self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_kept() {
        for code in 0..=u16::MAX {
            assert_eq!(ChangeErrorCode::from(code).code(), code);
        }
        assert_eq!(ChangeErrorCode::from(503), ChangeErrorCode::Server(503));
        assert!(ChangeErrorCode::from(500).is_server());
        assert!(!ChangeErrorCode::from(440).is_server());
    }
}
