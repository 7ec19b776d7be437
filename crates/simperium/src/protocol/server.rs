//! Frames that servers send.

use std::fmt;

use serde::{Deserialize, Serialize};
use sync_core::json::RawJson;

use super::change::ServerChange;
use super::error::FrameError;
use super::lenient;
use super::part::{self, EntityVersion};

/// A frame from a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerFrame {
    /// `h:{n}`: the answer to a heartbeat, one more than was sent.
    Heartbeat(u64),
    /// `log:{level}`: 0 wants no log from the client, 1 some, 2 all.
    Log(u8),
    /// A command on a channel.
    Channel {
        /// The channel, with the number that the client chose.
        channel: u32,
        /// The command.
        command: ServerCommand,
    },
}

/// What a server says on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerCommand {
    /// `auth`: the channel is open, or it is not.
    Auth(AuthReply),
    /// `o`: the options of the bucket.
    Options(BucketOptions),
    /// `i`: a page of the index.
    Index(IndexPage),
    /// `e`: one version of an entity; no data if there is none (any more).
    Entity {
        /// Which.
        version: EntityVersion,
        /// The object.
        data: Option<RawJson>,
    },
    /// `c`: changes, to be applied in this order. None: all is up to date.
    Changes(Vec<ServerChange>),
    /// `cv:?`: the change version is not known (any more); the client has to
    /// read the index.
    UnknownCv,
    /// `index`: the client shall tell what it has.
    IndexWanted,
}

/// The answer to `init`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthReply {
    /// The channel is open, for this user.
    User(String),
    /// It is not.
    Refused {
        /// 400: the token is malformed; 401: it is not valid; 500: anything
        /// else, such as the bucket's name.
        code: u16,
        /// For people.
        message: String,
    },
    /// API 1.0 sends it before a refusal, which is what counts.
    Expired,
}

#[derive(Serialize, Deserialize)]
struct AuthRefusal {
    #[serde(default)]
    msg: String,
    #[serde(deserialize_with = "lenient::number")]
    code: u16,
}

/// What the server says of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketOptions {
    /// A name that keys may be prefixed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whether the ids of changes begin with `{namespace}/`.
    #[serde(default)]
    pub expose_namespace: bool,
}

/// A page of the index, newest modification first. The same over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPage {
    /// The bucket's newest change version.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub current: Option<String>,
    /// The entries.
    #[serde(default)]
    pub index: Vec<IndexEntry>,
    /// Where the next page begins; none on the last.
    #[serde(
        default,
        deserialize_with = "lenient::text_if_any",
        skip_serializing_if = "Option::is_none"
    )]
    pub mark: Option<String>,
}

/// An entry of the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// The key.
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// The version.
    #[serde(deserialize_with = "lenient::number")]
    pub v: u64,
    /// The object, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d: Option<RawJson>,
}

/// The second line of `e`.
#[derive(Serialize, Deserialize)]
struct EntityData {
    data: RawJson,
}

impl ServerFrame {
    /// The channel of a frame of changes that cannot be read as one.
    #[cfg(feature = "sync")]
    pub(crate) fn unreadable_changes(text: &str, error: FrameError) -> Option<u32> {
        let (channel, ..) = part::split_channel(text)?;
        (error == FrameError::Payload("c")).then_some(channel)
    }

    /// What can be read of a page of the index that cannot be read as a whole.
    #[cfg(feature = "sync")]
    pub(crate) fn torn_page(text: &str) -> Option<(u32, IndexPage)> {
        #[derive(Deserialize)]
        struct Torn {
            #[serde(default, deserialize_with = "lenient::optional_text")]
            current: Option<String>,
            index: Vec<RawJson>,
            #[serde(default, deserialize_with = "lenient::text_if_any")]
            mark: Option<String>,
        }

        let (channel, "i", Some(payload)) = part::split_channel(text)? else {
            return None;
        };
        let torn: Torn = serde_json::from_str(payload).ok()?;
        let index = torn.index.iter().filter_map(|entry| entry.decode().ok());
        let page = IndexPage {
            current: torn.current,
            index: index.collect(),
            mark: torn.mark,
        };
        Some((channel, page))
    }

    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// When the text is no frame that a server sends.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        if let Some(number) = text.strip_prefix("h:") {
            let number = part::decimal(number).ok_or(FrameError::Payload("h"))?;
            return Ok(Self::Heartbeat(number));
        }
        if let Some(level) = text.strip_prefix("log:") {
            let level = part::decimal(level).ok_or(FrameError::Payload("log"))?;
            return Ok(Self::Log(level));
        }
        let (channel, command, payload) = part::split_channel(text).ok_or(FrameError::NoFrame)?;
        let command = ServerCommand::read(command, payload)?;
        Ok(Self::Channel { channel, command })
    }
}

impl fmt::Display for ServerFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heartbeat(number) => write!(f, "h:{number}"),
            Self::Log(level) => write!(f, "log:{level}"),
            Self::Channel { channel, command } => write!(f, "{channel}:{command}"),
        }
    }
}

impl ServerCommand {
    fn read(command: &str, payload: Option<&str>) -> Result<Self, FrameError> {
        let text = payload.unwrap_or_default();
        Ok(match command {
            "auth" => Self::Auth(AuthReply::parse(text)?),
            "o" => Self::Options(json("o", text)?),
            "i" => Self::Index(json("i", text)?),
            "e" => {
                let bad = FrameError::Payload("e");
                let (version, data) = text.split_once('\n').ok_or(bad)?;
                let data = match data {
                    "?" => None,
                    data => Some(json::<EntityData>("e", data)?.data),
                };
                let version = EntityVersion::parse(version).ok_or(bad)?;
                Self::Entity { version, data }
            }
            // API 1.0 has `c:?` for `cv:?`.
            "cv" | "c" if text == "?" => Self::UnknownCv,
            "c" => Self::Changes(json("c", text)?),
            "cv" => return Err(FrameError::Payload("cv")),
            "index" if text.is_empty() => Self::IndexWanted,
            "index" => return Err(FrameError::Payload("index")),
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

impl fmt::Display for ServerCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auth(reply) => write!(f, "auth:{reply}"),
            Self::Options(options) => {
                f.write_str("o:")?;
                part::json(f, options)
            }
            Self::Index(page) => {
                f.write_str("i:")?;
                part::json(f, page)
            }
            Self::Entity { version, data } => {
                writeln!(f, "e:{version}")?;
                match data {
                    Some(data) => part::json(f, &EntityData { data: data.clone() }),
                    None => f.write_str("?"),
                }
            }
            Self::Changes(changes) => {
                f.write_str("c:")?;
                part::json(f, changes)
            }
            Self::UnknownCv => f.write_str("cv:?"),
            Self::IndexWanted => f.write_str("index"),
        }
    }
}

impl AuthReply {
    fn parse(text: &str) -> Result<Self, FrameError> {
        Ok(match text {
            "expired" => Self::Expired,
            // No e-mail address begins like that.
            json if json.starts_with('{') => {
                let refusal: AuthRefusal =
                    serde_json::from_str(json).map_err(|_| FrameError::Payload("auth"))?;
                Self::Refused {
                    code: refusal.code,
                    message: refusal.msg,
                }
            }
            user => Self::User(user.to_owned()),
        })
    }
}

impl fmt::Display for AuthReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => f.write_str(user),
            Self::Refused { code, message } => part::json(
                f,
                &AuthRefusal {
                    msg: message.clone(),
                    code: *code,
                },
            ),
            Self::Expired => f.write_str("expired"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> ServerCommand {
        match ServerFrame::parse(text).unwrap() {
            ServerFrame::Channel { command, .. } => command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_address_is_told_from_a_refusal() {
        let user = AuthReply::User("user@example.com".to_owned());
        assert_eq!(
            command("0:auth:user@example.com"),
            ServerCommand::Auth(user)
        );
        for code in ["401", "\"401\""] {
            let text = format!(r#"3:auth:{{"msg": "Token invalid", "code": {code}}}"#);
            let refused = AuthReply::Refused {
                code: 401,
                message: "Token invalid".to_owned(),
            };
            assert_eq!(command(&text), ServerCommand::Auth(refused));
        }
        assert_eq!(
            command("0:auth:expired"),
            ServerCommand::Auth(AuthReply::Expired)
        );
    }

    #[test]
    fn an_entity_is_there_or_is_not() {
        let ServerCommand::Entity { version, data } =
            command("0:e:a.b.2\n{\"data\": {\"t\": \"x:y\"}}")
        else {
            panic!("no entity");
        };
        assert_eq!(version, EntityVersion::new("a.b", 2));
        assert_eq!(data.unwrap().as_str(), "{\"t\": \"x:y\"}");
        let gone = command("0:e:a.b.2\n?");
        assert!(matches!(gone, ServerCommand::Entity { data: None, .. }));
        assert!(ServerFrame::parse("0:e:a.b.2").is_err());
    }

    #[test]
    fn an_unknown_change_version_has_two_forms() {
        assert_eq!(command("0:cv:?"), ServerCommand::UnknownCv);
        assert_eq!(command("0:c:?"), ServerCommand::UnknownCv);
        assert_eq!(command("0:c:[]"), ServerCommand::Changes(Vec::new()));
    }

    #[test]
    fn a_mark_that_is_neither_text_nor_number_is_none() {
        let mark = |text: &str| match command(&format!(r#"0:i:{{"index":[],"mark":{text}}}"#)) {
            ServerCommand::Index(page) => page.mark,
            other => panic!("{other:?}"),
        };
        assert_eq!(mark("\"0a\"").as_deref(), Some("0a"));
        assert_eq!(mark("17").as_deref(), Some("17"));
        assert_eq!(mark("null"), None);
        assert_eq!(mark("{}"), None);
    }
}
