//! Frames that clients send.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use sync_core::Secret;
use sync_core::json::RawJson;

use super::change::ClientChange;
use super::error::FrameError;
use super::lenient;
use super::part::{self, EntityVersion};

/// A frame from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientFrame {
    /// `h:{n}`: a sign of life. The server answers the next number.
    Heartbeat(u64),
    /// `log:{json}`: something for the server's log, when it asked for such.
    Log(String),
    /// A command on a channel.
    Channel {
        /// The channel, one for each bucket; the client chooses the number.
        channel: u32,
        /// The command.
        command: ClientCommand,
    },
}

/// What a client says on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientCommand {
    /// `init`: opens the channel.
    Init(Box<Init>),
    /// `i`: asks for a page of the index.
    Index(IndexQuery),
    /// `e`: asks for one version of an entity.
    Entity(EntityVersion),
    /// `cv`: asks for the changes after this change version.
    Changes(String),
    /// `c`: asks for a change.
    Change(ClientChange),
    /// `index`: what the client has, when the server asked for it.
    LocalIndex(LocalIndex),
}

/// What opens a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Init {
    /// Identifies app and device.
    #[serde(alias = "client_id", deserialize_with = "lenient::text")]
    pub clientid: String,
    /// The version of the protocol: `1.1`.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub api: Option<String>,
    /// The user's access token.
    #[serde(serialize_with = "exposed")]
    pub token: Secret<String>,
    /// The app.
    #[serde(deserialize_with = "lenient::text")]
    pub app_id: String,
    /// The bucket.
    pub name: String,
    /// The name of the client library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<String>,
    /// Its version.
    #[serde(
        default,
        deserialize_with = "lenient::optional_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub version: Option<String>,
    /// The user whose bucket is meant, where that is not the token's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The channel's first command without its channel: `cv:…` or `i:1:::100`.
    /// It saves a round trip; see [`ClientCommand::parse`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<String>,
}

/// The one place where a token is written.
fn exposed<S: Serializer>(token: &Secret<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}

/// Which page of the index, and how: `{data}:{mark}:{offset}:{limit}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IndexQuery {
    /// With the objects.
    pub data: bool,
    /// Where the page begins; empty for the first.
    pub mark: String,
    /// Undocumented; clients leave it empty.
    pub offset: String,
    /// Entries at most; the server has its own limit.
    pub limit: Option<u32>,
}

/// What a client has in its store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalIndex {
    /// The change version it has reached.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub current: Option<String>,
    /// Its entities.
    #[serde(default)]
    pub index: Vec<KnownEntry>,
    /// Its changes that are not acknowledged.
    #[serde(default)]
    pub pending: Vec<PendingEntry>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<RawJson>,
}

/// An entity in a client's store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KnownEntry {
    /// The key.
    pub id: String,
    /// The version.
    #[serde(deserialize_with = "lenient::number")]
    pub v: u64,
}

/// A change that waits in a client's queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PendingEntry {
    /// The key.
    pub id: String,
    /// The version it is based on.
    #[serde(
        default,
        deserialize_with = "lenient::optional_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub sv: Option<u64>,
    /// Its id.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub ccid: Option<String>,
}

/// The payload of `log`.
#[derive(Serialize, Deserialize)]
struct LogEntry {
    log: String,
}

impl ClientFrame {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// When the text is no frame that a client sends.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        if let Some(number) = text.strip_prefix("h:") {
            let number = part::decimal(number).ok_or(FrameError::Payload("h"))?;
            return Ok(Self::Heartbeat(number));
        }
        if let Some(entry) = text.strip_prefix("log:") {
            let entry: LogEntry =
                serde_json::from_str(entry).map_err(|_| FrameError::Payload("log"))?;
            return Ok(Self::Log(entry.log));
        }
        let (channel, command, payload) = part::split_channel(text).ok_or(FrameError::NoFrame)?;
        Ok(Self::Channel {
            channel,
            command: ClientCommand::read(command, payload.unwrap_or_default())?,
        })
    }
}

impl fmt::Display for ClientFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heartbeat(number) => write!(f, "h:{number}"),
            Self::Log(log) => {
                f.write_str("log:")?;
                part::json(f, &LogEntry { log: log.clone() })
            }
            Self::Channel { channel, command } => write!(f, "{channel}:{command}"),
        }
    }
}

impl ClientCommand {
    /// Reads a command without its channel, as in [`Init::cmd`].
    ///
    /// # Errors
    ///
    /// When the text is no command that a client sends.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        let (command, payload) = text.split_once(':').unwrap_or((text, ""));
        Self::read(command, payload)
    }

    fn read(command: &str, payload: &str) -> Result<Self, FrameError> {
        Ok(match command {
            "init" => Self::Init(json("init", payload)?),
            "i" => Self::Index(IndexQuery::parse(payload).ok_or(FrameError::Payload("i"))?),
            "e" => Self::Entity(EntityVersion::parse(payload).ok_or(FrameError::Payload("e"))?),
            "cv" => Self::Changes(payload.to_owned()),
            "c" => Self::Change(json("c", payload)?),
            "index" => Self::LocalIndex(json("index", payload)?),
            _ => return Err(FrameError::UnknownCommand),
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(
    command: &'static str,
    payload: &str,
) -> Result<T, FrameError> {
    serde_json::from_str(payload).map_err(|_| FrameError::Payload(command))
}

impl fmt::Display for ClientCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init(init) => {
                f.write_str("init:")?;
                part::json(f, init)
            }
            Self::Index(query) => write!(f, "i:{query}"),
            Self::Entity(version) => write!(f, "e:{version}"),
            Self::Changes(cv) => write!(f, "cv:{cv}"),
            Self::Change(change) => {
                f.write_str("c:")?;
                part::json(f, change)
            }
            Self::LocalIndex(index) => {
                f.write_str("index:")?;
                part::json(f, index)
            }
        }
    }
}

impl IndexQuery {
    /// The mark is the server's and may hold anything, so it is what remains.
    fn parse(text: &str) -> Option<Self> {
        let (data, rest) = text.split_once(':')?;
        let (rest, limit) = rest.rsplit_once(':')?;
        let (mark, offset) = rest.rsplit_once(':')?;
        let limit = match limit {
            "" => None,
            limit => Some(part::decimal(limit)?),
        };
        Some(Self {
            data: matches!(data, "1" | "true"),
            mark: mark.to_owned(),
            offset: offset.to_owned(),
            limit,
        })
    }
}

impl fmt::Display for IndexQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = if self.data { "1" } else { "" };
        write!(f, "{data}:{}:{}:", self.mark, self.offset)?;
        match self.limit {
            Some(limit) => write!(f, "{limit}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> ClientCommand {
        match ClientFrame::parse(text).unwrap() {
            ClientFrame::Channel { command, .. } => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_dot_separates_key_and_version() {
        let wanted = |text| match command(text) {
            ClientCommand::Entity(wanted) => (wanted.key, wanted.version),
            other => panic!("{other:?}"),
        };
        assert_eq!(wanted("0:e:a.b.1"), ("a.b".into(), 1));
        assert_eq!(wanted("0:e:n1.77"), ("n1".into(), 77));
        for bad in ["0:e:n1", "0:e:n1.", "0:e:n1.x", "0:e:n1.-1", "0:e:n1.+1"] {
            assert_eq!(
                ClientFrame::parse(bad),
                Err(FrameError::Payload("e")),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_index_query_has_four_parts() {
        let query = |text| match command(text) {
            ClientCommand::Index(query) => query,
            other => panic!("{other:?}"),
        };
        let full = query("0:i:1:a:b:c::500");
        assert_eq!((full.data, full.mark.as_str()), (true, "a:b:c"));
        assert_eq!((full.offset.as_str(), full.limit), ("", Some(500)));
        assert_eq!(query("0:i::::"), IndexQuery::default());
        assert!(ClientFrame::parse("0:i:1:::x").is_err());
        assert!(ClientFrame::parse("0:i:1::").is_err());
    }

    #[test]
    fn an_init_is_read_as_the_clients_send_it() {
        let ios = command(
            r#"12:init:{"clientid":"ios-1","api":1.1,"token":"t0ken","app_id":"app","name":"note","library":"ios","version":0,"username":"a@b.c","cmd":"i::::500"}"#,
        );
        let ClientCommand::Init(init) = ios else {
            panic!("no init")
        };
        assert_eq!(init.api.as_deref(), Some("1.1"));
        assert_eq!(init.version.as_deref(), Some("0"));
        assert!(!format!("{init:?}").contains("t0ken"));
        let first = ClientCommand::parse(init.cmd.as_deref().unwrap()).unwrap();
        assert!(matches!(first, ClientCommand::Index(query) if query.limit == Some(500)));
        let documented =
            command(r#"0:init:{"client_id":"c","token":"t","app_id":"app","name":"n"}"#);
        let ClientCommand::Init(init) = documented else {
            panic!("no init")
        };
        assert_eq!((init.clientid.as_str(), init.api), ("c", None));
    }

    #[test]
    fn what_is_no_frame_is_told_from_what_is_not_known() {
        for (text, error) in [
            ("", FrameError::NoFrame),
            ("hello", FrameError::NoFrame),
            ("x:c:1", FrameError::NoFrame),
            ("+1:c:1", FrameError::NoFrame),
            ("99999999999:cv:1", FrameError::NoFrame),
            ("0:new:1", FrameError::UnknownCommand),
            ("0:", FrameError::UnknownCommand),
            ("h:x", FrameError::Payload("h")),
            ("log:1", FrameError::Payload("log")),
            ("0:c:[]", FrameError::Payload("c")),
        ] {
            assert_eq!(ClientFrame::parse(text), Err(error), "{text}");
        }
    }
}
