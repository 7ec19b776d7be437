//! What the daemon says.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_core::json::RawJson;

use crate::model::Time;
use crate::wire::{model, via_serde};

model! {
    /// A line of the log.
    pub struct LogMessage {
        /// When it was said.
        pub when: Option<Time> => "when",
        /// What.
        pub message: String => "message",
        /// How bad it is.
        pub level: LogLevel => "level",
    }
}

model! {
    /// The last lines of the log: `GET /rest/system/log`.
    pub struct LogMessages {
        /// Oldest first.
        pub messages: Vec<LogMessage> => "messages",
    }
}

model! {
    /// What the web interface shows as errors until they are cleared:
    /// `GET /rest/system/error`.
    pub struct SystemErrors {
        /// Oldest first.
        pub errors: Vec<LogMessage> => "errors",
    }
}

model! {
    /// What is logged in detail: `GET /rest/system/debug`. Until 1.30; then
    /// [`LogLevels`].
    pub struct DebugFacilities {
        /// What there is, with what it is about.
        pub facilities: BTreeMap<String, String> => "facilities",
        /// What is on.
        pub enabled: Vec<String> => "enabled",
    }
}

model! {
    /// From which level on is logged: `GET /rest/system/loglevels`. Since 2.0.
    pub struct LogLevels {
        /// Packages, with what they are about.
        pub packages: BTreeMap<String, String> => "packages",
        /// The level of each.
        pub levels: BTreeMap<String, LogLevel> => "levels",
    }
}

/// How bad something is.
///
/// Daemons have three ways to say it: a number up to 1.30, `ERR` and the like in
/// the log of 2.x, `ERROR` and the like in its [`LogLevels`]. All are read; the
/// last is written, which is what the daemon takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// For who looks for a fault.
    Debug,
    /// Between the two. Until 1.30.
    Verbose,
    /// As it should be.
    #[default]
    Info,
    /// Not as it should be.
    Warning,
    /// Something failed. Since 2.0.
    Error,
    /// A level that this version of the crate has no name for, such as `INF+2`.
    Other(String),
}

impl LogLevel {
    /// The name that `POST /rest/system/loglevels` takes.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Debug => "DEBUG",
            Self::Verbose => "VERBOSE",
            Self::Info => "INFO",
            Self::Warning => "WARN",
            Self::Error => "ERROR",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for LogLevel {
    fn from(text: &str) -> Self {
        match text {
            "DBG" | "DEBUG" | "0" => Self::Debug,
            "VERBOSE" | "1" => Self::Verbose,
            "INF" | "INFO" | "2" => Self::Info,
            "WRN" | "WARN" | "3" => Self::Warning,
            "ERR" | "ERROR" => Self::Error,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for LogLevel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Takes a number and a text. Looking at the JSON text, not at serde's idea of
/// it, works for `serde_json` with exact numbers too.
impl<'de> Deserialize<'de> for LogLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = RawJson::deserialize(deserializer)?;
        match json.as_str().bytes().next() {
            Some(b'"') => {
                let text: String = json.decode().map_err(D::Error::custom)?;
                Ok(Self::from(text.as_str()))
            }
            Some(b'0'..=b'9' | b'-') => Ok(Self::from(json.as_str())),
            _ => Err(D::Error::custom("a level is a number or a text")),
        }
    }
}

via_serde!(LogLevel);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_number_or_a_text() {
        let read = |json: &str| serde_json::from_str::<LogLevel>(json);
        for (json, level) in [
            ("0", LogLevel::Debug),
            ("1", LogLevel::Verbose),
            ("3", LogLevel::Warning),
            (r#""WRN""#, LogLevel::Warning),
            (r#""ERROR""#, LogLevel::Error),
            (r#""INF+2""#, LogLevel::Other(String::from("INF+2"))),
            ("7", LogLevel::Other(String::from("7"))),
        ] {
            assert_eq!(read(json).unwrap(), level, "{json}");
        }
        assert!(read("{}").is_err());
    }

    #[test]
    fn the_next_level_is_worse() {
        assert!(LogLevel::Info < LogLevel::Warning && LogLevel::Warning < LogLevel::Error);
    }
}
