//! Pieces of payloads that both sides send.

use std::fmt;

/// One version of an entity: `{key}.{version}`. Keys may hold dots; the last
/// one separates.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntityVersion {
    /// The key.
    pub key: String,
    /// The version, from 1.
    pub version: u64,
}

impl EntityVersion {
    /// One version of an entity.
    pub fn new(key: impl Into<String>, version: u64) -> Self {
        Self {
            key: key.into(),
            version,
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (key, version) = text.rsplit_once('.')?;
        Some(Self::new(key, decimal(version)?))
    }
}

impl fmt::Display for EntityVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.key, self.version)
    }
}

/// Digits only: the standard library takes a sign, too.
pub(super) fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// `{channel}:{command}[:{payload}]`.
pub(super) fn split_channel(text: &str) -> Option<(u32, &str, Option<&str>)> {
    let (channel, rest) = text.split_once(':')?;
    let channel = decimal(channel)?;
    Some(match rest.split_once(':') {
        Some((command, payload)) => (channel, command, Some(payload)),
        None => (channel, rest, None),
    })
}

/// Writes a value as JSON.
pub(super) fn json<T: serde::Serialize>(f: &mut fmt::Formatter<'_>, value: &T) -> fmt::Result {
    f.write_str(&serde_json::to_string(value).map_err(|_| fmt::Error)?)
}
