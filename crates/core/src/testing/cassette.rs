//! Recorded exchanges as a file.

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Recorded exchanges, in order: one JSON document.
///
/// ```json
/// { "interactions": [ {
///     "request": { "method": "GET", "path": "/rest/system/ping", "headers": {} },
///     "status": 200,
///     "headers": { "content-type": "application/json" },
///     "text": "{\"ping\":\"pong\"}"
/// } ] }
/// ```
///
/// `path` is path and query. A header that came more than once has a list of
/// values. A body is one of `text` (UTF-8, byte for byte), `base64`, and `body`
/// (a JSON value, for cassettes written by hand; a request's `body` that is a
/// JSON string stands for its text). `omitted` says why a body was not recorded.
#[derive(Clone, Debug, Default)]
pub struct Cassette {
    /// The exchanges.
    pub interactions: Vec<Interaction>,
    skipped: Vec<String>,
}

/// One recorded exchange.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// A name, where the recording has one.
    pub name: Option<String>,
    /// The method.
    pub method: Method,
    /// Path and query. `[redacted]` stands for any text.
    pub target: String,
    /// The request headers that were kept.
    pub request_headers: HeaderMap,
    /// The request's body.
    pub request_body: Recorded,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's headers that were kept.
    pub headers: HeaderMap,
    /// The answer's body.
    pub body: Recorded,
}

/// A recorded body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The bytes.
    Bytes(Bytes),
    /// Not recorded, for this reason.
    Omitted(String),
}

impl Recorded {
    /// The bytes, if they were recorded.
    pub fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Omitted(_) => None,
        }
    }
}

impl Cassette {
    /// Reads a cassette from JSON.
    ///
    /// # Errors
    ///
    /// When it is not one.
    pub fn from_json(json: &str) -> Result<Self, CassetteError> {
        let file: File = serde_json::from_str(json)?;
        let interactions = file.interactions.into_iter().map(|wire| wire.read(None));
        Ok(Self {
            interactions: interactions.collect::<Result<_, _>>()?,
            skipped: Vec::new(),
        })
    }

    /// Reads a cassette file.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not one.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, CassetteError> {
        Self::from_json(&std::fs::read_to_string(path)?)
    }

    /// Reads a folder of `*.json` files with one exchange each, in the order of
    /// their names, which become the names of the interactions. Files of
    /// another shape are left out and [listed](Self::skipped).
    ///
    /// # Errors
    ///
    /// When the folder cannot be read, a file is not JSON, or an exchange in it
    /// is malformed.
    pub fn from_recorded_calls(folder: impl AsRef<Path>) -> Result<Self, CassetteError> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                paths.push(path);
            }
        }
        paths.sort();
        let mut cassette = Self::default();
        for path in paths {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let json = std::fs::read_to_string(&path)?;
            let value: serde_json::Value =
                serde_json::from_str(&json).map_err(|error| malformed(&name, &error))?;
            if value.get("request").is_none() || value.get("status").is_none() {
                cassette.skipped.push(name);
                continue;
            }
            let wire: Wire =
                serde_json::from_str(&json).map_err(|error| malformed(&name, &error))?;
            cassette.interactions.push(wire.read(Some(name))?);
        }
        Ok(cassette)
    }

    /// The files that [`from_recorded_calls`](Self::from_recorded_calls) left out.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// The interaction of this name.
    pub fn named(&self, name: &str) -> Option<&Interaction> {
        let mut interactions = self.interactions.iter();
        interactions.find(|interaction| interaction.name.as_deref() == Some(name))
    }

    /// The document.
    pub fn to_json(&self) -> String {
        let interactions = self.interactions.iter().map(Wire::write).collect();
        // Strings and numbers only: writing them cannot fail.
        let mut json = serde_json::to_string_pretty(&File { interactions }).unwrap_or_default();
        json.push('\n');
        json
    }

    /// Writes the document to a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, self.to_json())
    }
}

/// Why a cassette could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum CassetteError {
    /// The file could not be read.
    Io(io::Error),
    /// It does not have the form of a cassette.
    Malformed(String),
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the cassette cannot be read"),
            Self::Malformed(reason) => write!(f, "not a cassette: {reason}"),
        }
    }
}

impl std::error::Error for CassetteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Malformed(_) => None,
        }
    }
}

impl From<io::Error> for CassetteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<serde_json::Error> for CassetteError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

fn malformed(name: &str, reason: &dyn fmt::Display) -> CassetteError {
    CassetteError::Malformed(format!("{name}: {reason}"))
}

#[derive(Serialize, Deserialize)]
struct File {
    interactions: Vec<Wire>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    request: WireRequest,
    status: u16,
    #[serde(default)]
    headers: WireHeaders,
    #[serde(default, deserialize_with = "present", skip_serializing)]
    body: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    omitted: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WireRequest {
    method: String,
    path: String,
    #[serde(default)]
    headers: WireHeaders,
    #[serde(default, deserialize_with = "present", skip_serializing)]
    body: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    omitted: Option<String>,
}

/// Keeps a `null` apart from an absent field.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

type WireHeaders = std::collections::BTreeMap<String, WireValues>;

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WireValues {
    One(String),
    Many(Vec<String>),
}

impl Wire {
    fn read(self, name: Option<String>) -> Result<Interaction, CassetteError> {
        let label = format!("{} {}", self.request.method, self.request.path);
        let fail = |reason: &dyn fmt::Display| malformed(&label, reason);
        let request_text = match &self.request.body {
            // A JSON string is the text that was sent.
            Some(raw) if raw.get().starts_with('"') => Some(serde_json::from_str(raw.get())?),
            _ => self.request.text,
        };
        let request_body = self.request.body.filter(|_| request_text.is_none());
        let WireRequest {
            base64, omitted, ..
        } = self.request;
        Ok(Interaction {
            name: name.or(self.name),
            method: Method::from_bytes(self.request.method.as_bytes()).map_err(|e| fail(&e))?,
            target: self.request.path,
            request_headers: read_headers(self.request.headers).map_err(|e| fail(&e))?,
            request_body: read_body(request_body, request_text, base64, omitted)
                .map_err(|e| fail(&e))?,
            status: StatusCode::from_u16(self.status).map_err(|e| fail(&e))?,
            headers: read_headers(self.headers).map_err(|e| fail(&e))?,
            body: read_body(self.body, self.text, self.base64, self.omitted)
                .map_err(|e| fail(&e))?,
        })
    }

    fn write(interaction: &Interaction) -> Self {
        let (text, base64, omitted) = write_body(&interaction.body);
        Self {
            name: interaction.name.clone(),
            request: {
                let (text, base64, omitted) = write_body(&interaction.request_body);
                WireRequest {
                    method: interaction.method.to_string(),
                    path: interaction.target.clone(),
                    headers: write_headers(&interaction.request_headers),
                    body: None,
                    text,
                    base64,
                    omitted,
                }
            },
            status: interaction.status.as_u16(),
            headers: write_headers(&interaction.headers),
            body: None,
            text,
            base64,
            omitted,
        }
    }
}

fn read_body(
    json: Option<Box<RawValue>>,
    text: Option<String>,
    base64: Option<String>,
    omitted: Option<String>,
) -> Result<Recorded, base64::DecodeError> {
    let bytes = match (json, text, base64, omitted) {
        (.., Some(reason)) => return Ok(Recorded::Omitted(reason)),
        (.., Some(base64), None) => BASE64.decode(base64)?,
        (_, Some(text), None, None) => text.into_bytes(),
        (Some(raw), None, None, None) => raw.get().as_bytes().to_vec(),
        (None, None, None, None) => Vec::new(),
    };
    Ok(Recorded::Bytes(bytes.into()))
}

/// The body as `text`, `base64` or `omitted`.
fn write_body(body: &Recorded) -> (Option<String>, Option<String>, Option<String>) {
    match body {
        Recorded::Omitted(reason) => (None, None, Some(reason.clone())),
        Recorded::Bytes(bytes) if bytes.is_empty() => (None, None, None),
        Recorded::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => (Some(text.to_owned()), None, None),
            Err(_) => (None, Some(BASE64.encode(bytes)), None),
        },
    }
}

fn read_headers(wire: WireHeaders) -> Result<HeaderMap, http::Error> {
    let mut headers = HeaderMap::new();
    for (name, values) in wire {
        let name = HeaderName::from_bytes(name.as_bytes())?;
        let values = match values {
            WireValues::One(value) => vec![value],
            WireValues::Many(values) => values,
        };
        for value in values {
            headers.append(&name, HeaderValue::from_bytes(value.as_bytes())?);
        }
    }
    Ok(headers)
}

fn write_headers(headers: &HeaderMap) -> WireHeaders {
    let names = headers.keys().map(|name| {
        let values = headers.get_all(name).iter();
        let mut values: Vec<String> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        let values = match values.pop() {
            Some(value) if values.is_empty() => WireValues::One(value),
            last => {
                values.extend(last);
                WireValues::Many(values)
            }
        };
        (name.to_string(), values)
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_keep_their_bytes() {
        let json = r#"{"interactions":[
            {"request":{"method":"GET","path":"/a"},"status":200,"body": {"n": 1.50 }},
            {"request":{"method":"GET","path":"/b"},"status":200,"body":null},
            {"request":{"method":"PUT","path":"/c","body":"{nope"},"status":400,"base64":"/w=="},
            {"request":{"method":"GET","path":"/d"},"status":200,"text":"é\n","headers":{"x":["1","2"]}},
            {"request":{"method":"GET","path":"/e"},"status":200,"omitted":"too secret"}
        ]}"#;
        let cassette = Cassette::from_json(json).unwrap();
        let again = Cassette::from_json(&cassette.to_json()).unwrap();
        for cassette in [cassette, again] {
            let bodies: Vec<_> = cassette
                .interactions
                .iter()
                .map(|i| i.body.bytes())
                .collect();
            let bytes: [&'static [u8]; 4] =
                [br#"{"n": 1.50 }"#, b"null", b"\xff", "é\n".as_bytes()];
            for (body, expected) in bodies.iter().zip(bytes) {
                assert_eq!(body.unwrap(), expected);
            }
            assert_eq!(bodies[4], None);
            assert_eq!(
                cassette.interactions[2].request_body.bytes().unwrap(),
                "{nope"
            );
            assert_eq!(
                cassette.interactions[3].headers.get_all("x").iter().count(),
                2
            );
        }
    }

    #[test]
    fn what_is_no_exchange_is_said_with_its_name() {
        let json = r#"{"interactions":[{"request":{"method":"G T","path":"/a"},"status":200}]}"#;
        let error = Cassette::from_json(json).unwrap_err();
        assert!(error.to_string().contains("G T /a"), "{error}");
    }
}
