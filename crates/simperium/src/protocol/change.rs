//! Change objects, as clients send them and as servers do.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sync_core::json::RawJson;

use super::code::ChangeErrorCode;
use super::lenient;

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `M`: creates or modifies an entity.
    Modify,
    /// `-`: deletes an entity.
    Delete,
    /// `EMPTY`: deletes all entities of the bucket; the id is the bucket's name.
    Empty,
    /// `DROP`: removes the bucket; for administrators.
    Drop,
    /// Any other.
    Other(String),
}

impl Operation {
    /// The operation's text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Modify => "M",
            Self::Delete => "-",
            Self::Empty => "EMPTY",
            Self::Drop => "DROP",
            Self::Other(other) => other,
        }
    }
}

impl From<String> for Operation {
    fn from(text: String) -> Self {
        match text.as_str() {
            "M" => Self::Modify,
            "-" => Self::Delete,
            "EMPTY" => Self::Empty,
            "DROP" => Self::Drop,
            _ => Self::Other(text),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// A change that a client asks for.
///
/// `v` and `d` are kept as the text they came in: what cannot be decoded as a
/// diff or an object concerns one change, not the frame it came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientChange {
    /// The key of the entity, or the bucket's name for [`Operation::Empty`].
    #[serde(deserialize_with = "lenient::text")]
    pub id: String,
    /// What is done.
    #[serde(rename = "o")]
    pub operation: Operation,
    /// The client's id of this change, the same at every repetition.
    #[serde(deserialize_with = "lenient::text")]
    pub ccid: String,
    /// The version that the change is based on; none for a new entity.
    #[serde(
        default,
        deserialize_with = "lenient::optional_number",
        skip_serializing_if = "Option::is_none"
    )]
    pub sv: Option<u64>,
    /// The diff from `sv`: a map of keys to operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub v: Option<RawJson>,
    /// The whole object, made from `sv`. The server then makes the diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub d: Option<RawJson>,
}

/// A change that a server has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Change {
    /// The key of the entity, or the bucket's name for [`Operation::Empty`].
    /// In answers of `all`, `{userid}/{key}`.
    pub id: String,
    /// What was done.
    #[serde(rename = "o")]
    pub operation: Operation,
    /// The diff from `sv`, which may be another than the client sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub v: Option<RawJson>,
    /// Who sent it.
    pub clientid: String,
    /// The client's ids of the changes that became this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ccids: Vec<String>,
    /// The version after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ev: Option<u64>,
    /// The version before it; none for new entities and deletions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sv: Option<u64>,
    /// The bucket's change version after the change.
    pub cv: String,
    /// The object after the change, in answers of `all` with `data=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub d: Option<RawJson>,
    /// The user, in answers of `all` with `username=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// A change that a server has not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// Who sent it.
    pub clientid: String,
    /// The key of the entity.
    pub id: String,
    /// Why.
    #[serde(rename = "error", serialize_with = "as_number")]
    pub code: ChangeErrorCode,
    /// The client's ids of the change.
    pub ccids: Vec<String>,
}

fn as_number<S: Serializer>(code: &ChangeErrorCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(code.code())
}

/// What a server says of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ServerChange {
    /// It was made.
    Made(Change),
    /// It was refused.
    Refused(Refusal),
}

/// Everything a server's change object may have.
#[derive(Deserialize)]
struct Parts {
    #[serde(default, deserialize_with = "lenient::optional_text")]
    id: Option<String>,
    o: Option<Operation>,
    v: Option<RawJson>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    clientid: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_texts")]
    ccids: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    ccid: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_number")]
    ev: Option<u64>,
    #[serde(default, deserialize_with = "lenient::optional_number")]
    sv: Option<u64>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    cv: Option<String>,
    d: Option<RawJson>,
    username: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional_number")]
    error: Option<u16>,
}

impl TryFrom<Parts> for Change {
    type Error = &'static str;

    fn try_from(parts: Parts) -> Result<Self, Self::Error> {
        Ok(Self {
            id: parts.id.ok_or("a change without an id")?,
            operation: parts.o.ok_or("a change without an operation")?,
            v: parts.v,
            clientid: parts.clientid.unwrap_or_default(),
            // One that was never batched has a single id with some servers.
            ccids: parts
                .ccids
                .unwrap_or_else(|| parts.ccid.into_iter().collect()),
            ev: parts.ev,
            sv: parts.sv,
            cv: parts.cv.ok_or("a change without a change version")?,
            d: parts.d,
            username: parts.username,
        })
    }
}

impl<'de> Deserialize<'de> for ServerChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Parts::deserialize(deserializer)?;
        let Some(code) = parts.error else {
            return parts.try_into().map(Self::Made).map_err(D::Error::custom);
        };
        Ok(Self::Refused(Refusal {
            clientid: parts.clientid.unwrap_or_default(),
            id: parts.id.unwrap_or_default(),
            code: code.into(),
            ccids: parts
                .ccids
                .unwrap_or_else(|| parts.ccid.into_iter().collect()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Change {
        match serde_json::from_str(text).unwrap() {
            ServerChange::Made(change) => change,
            ServerChange::Refused(refusal) => panic!("{refusal:?}"),
        }
    }

    #[test]
    fn a_change_is_read_in_the_forms_that_servers_send() {
        let change = made(
            r#"{"id":"n1","o":"M","v":{"a":{"o":"+","v":1.0}},"clientid":"c","ccid":"x","sv":"3","ev":4,"cv":51}"#,
        );
        assert_eq!(change.v.unwrap().as_str(), r#"{"a":{"o":"+","v":1.0}}"#);
        assert_eq!(
            (change.ccids, change.sv, change.ev),
            (vec!["x".into()], Some(3), Some(4))
        );
        assert_eq!(change.cv, "51");
        let text = r#"{"id":"n1","o":"M","clientid":null,"ccid":"x","cv":"5a"}"#;
        assert_eq!(serde_json::from_str::<Change>(text).unwrap(), made(text));
        let deletion = made(r#"{"id":"n1","o":"-","ccids":["x"],"ev":2,"cv":"5a"}"#);
        assert_eq!(deletion.operation, Operation::Delete);
        assert_eq!((deletion.v, deletion.sv), (None, None));
    }

    #[test]
    fn an_id_that_a_client_chose_may_be_a_number() {
        for (ccids, read) in [
            (r#"["x",12]"#, &["x".to_owned(), "12".to_owned()][..]),
            ("[]", &[]),
            ("null", &["y".to_owned()]),
        ] {
            let text = format!(r#"{{"id":7,"o":"-","ccids":{ccids},"ccid":"y","cv":"5a"}}"#);
            let change = made(&text);
            assert_eq!((change.id.as_str(), &change.ccids[..]), ("7", read));
        }
        for bad in ["[{}]", "[null]", "{}"] {
            let text = format!(r#"{{"id":"n","o":"-","ccids":{bad},"cv":"5a"}}"#);
            assert!(
                serde_json::from_str::<ServerChange>(&text).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_error_may_be_a_string() {
        for error in ["\"440\"", "440"] {
            let text = format!(r#"{{"id":"n","error":{error},"ccids":["x"],"clientid":"c"}}"#);
            let ServerChange::Refused(refusal) = serde_json::from_str(&text).unwrap() else {
                panic!("{text}");
            };
            assert_eq!(refusal.code, ChangeErrorCode::InvalidDiff);
        }
    }

    #[test]
    fn a_source_version_may_be_a_string() {
        let change: ClientChange =
            serde_json::from_str(r#"{"id":"n","o":"M","ccid":"x","sv":"12","v":{}}"#).unwrap();
        assert_eq!(change.sv, Some(12));
        for bad in ["-1", "1.5", "\"x\"", "\"+1\"", "{}", "1e3"] {
            let text = format!(r#"{{"id":"n","o":"M","ccid":"x","sv":{bad},"v":{{}}}}"#);
            assert!(
                serde_json::from_str::<ClientChange>(&text).is_err(),
                "{bad}"
            );
        }
    }
}
