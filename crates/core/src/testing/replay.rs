//! Answers from a cassette.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, Method, Request, Response};

use super::cassette::{Cassette, Interaction};
use super::mock::lock;
use super::script::{Received, Reply};
use crate::redact;
use crate::transport::{Body, Delivery, Transport, TransportError, TransportErrorKind};

/// In which order the interactions of a cassette are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As recorded: each request must be the next one.
    #[default]
    Strict,
    /// Any: each request takes the first unused interaction that matches it.
    Any,
    /// Any, and the last interaction that matches is given again and again.
    Repeat,
}

/// How a request's body is compared with the recorded one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyMatch {
    /// As JSON values if both are JSON, byte for byte otherwise.
    #[default]
    Equal,
    /// Not at all.
    Ignore,
}

/// A transport, or the handler of a scripted server, that answers from a
/// [`Cassette`].
///
/// A request matches when method, path and query (in any order) are those
/// recorded, and so is the body, as [`BodyMatch`] says. `[redacted]` in the
/// recording matches anything.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use sync_core::testing::{Cassette, Replayer};
/// use sync_core::{Body, Transport};
///
/// let cassette = Cassette::from_json(r#"{"interactions":[
///     {"request":{"method":"GET","path":"/ping"},"status":200,"body":{"ping":"pong"}}
/// ]}"#).unwrap();
/// let replayer = Replayer::new(cassette);
/// let call = |path: &str| {
///     replayer.send(http::Request::get(format!("http://host{path}")).body(Body::empty()).unwrap())
/// };
/// assert_eq!(call("/ping").await.unwrap().status(), 200);
/// assert!(call("/ping").await.is_err());
/// assert!(replayer.unused().is_empty());
/// # }
/// ```
#[derive(Clone)]
pub struct Replayer {
    shared: Arc<Shared>,
    order: Order,
    body: BodyMatch,
    ignored_query: Vec<String>,
    headers: Vec<HeaderName>,
}

struct Shared {
    interactions: Vec<Interaction>,
    used: Mutex<Vec<bool>>,
}

/// What a request is compared by.
struct Asked<'a> {
    method: &'a Method,
    target: &'a str,
    headers: &'a http::HeaderMap,
    body: &'a [u8],
}

impl Replayer {
    /// Answers from `cassette`, in strict order.
    pub fn new(cassette: Cassette) -> Self {
        let used = Mutex::new(vec![false; cassette.interactions.len()]);
        Self {
            shared: Arc::new(Shared {
                interactions: cassette.interactions,
                used,
            }),
            order: Order::default(),
            body: BodyMatch::default(),
            ignored_query: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// In which order to answer.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// How to compare bodies.
    #[must_use]
    pub fn match_body(mut self, body: BodyMatch) -> Self {
        self.body = body;
        self
    }

    /// Leaves these query keys out of the comparison.
    #[must_use]
    pub fn ignore_query<S: Into<String>>(mut self, keys: impl IntoIterator<Item = S>) -> Self {
        self.ignored_query.extend(keys.into_iter().map(Into::into));
        self
    }

    /// Compares this request header too, when it was recorded.
    #[must_use]
    pub fn match_header(mut self, name: HeaderName) -> Self {
        self.headers.push(name);
        self
    }

    /// The interactions that no request has asked for, as `METHOD target`.
    pub fn unused(&self) -> Vec<String> {
        let used = lock(&self.shared.used);
        let unused = self
            .shared
            .interactions
            .iter()
            .zip(used.iter())
            .filter(|(_, used)| !**used);
        unused.map(|(interaction, _)| label(interaction)).collect()
    }

    /// A handler for [`ScriptedServer::serve`](super::ScriptedServer::serve):
    /// the cassette behind a real socket. What it cannot answer gets a `501`
    /// that says so.
    pub fn handler(&self) -> impl Fn(Received) -> Reply + Send + Sync + 'static {
        let replayer = self.clone();
        move |request| {
            let asked = Asked {
                method: &request.method,
                target: &request.target,
                headers: &request.headers,
                body: &request.body,
            };
            match replayer.answer(&asked) {
                Ok(interaction) => {
                    let mut reply = Reply::new(interaction.status.as_u16());
                    for (name, value) in kept_headers(interaction) {
                        reply = reply.header(name, value);
                    }
                    reply.body(interaction.body.bytes().cloned().unwrap_or_default())
                }
                Err(message) => Reply::new(501).body(message),
            }
        }
    }

    fn answer(&self, asked: &Asked<'_>) -> Result<&Interaction, String> {
        let interactions = &self.shared.interactions;
        let mut used = lock(&self.shared.used);
        let found = match self.order {
            Order::Strict => {
                let next = used.iter().position(|used| !used);
                next.filter(|&next| self.matches(&interactions[next], asked))
            }
            Order::Any | Order::Repeat => {
                let mut matching = (0..interactions.len())
                    .filter(|&index| self.matches(&interactions[index], asked));
                let unused = matching.clone().find(|&index| !used[index]);
                let repeat = self.order == Order::Repeat;
                unused.or_else(|| matching.next_back().filter(|_| repeat))
            }
        };
        let Some(found) = found else {
            return Err(refusal(asked, interactions, &used, self.order));
        };
        used[found] = true;
        let interaction = &interactions[found];
        match &interaction.body {
            super::Recorded::Bytes(_) => Ok(interaction),
            super::Recorded::Omitted(reason) => Err(format!(
                "the answer to {} was not recorded: {reason}",
                label(interaction)
            )),
        }
    }

    fn matches(&self, recorded: &Interaction, asked: &Asked<'_>) -> bool {
        let (path, query) = split(&recorded.target);
        let (asked_path, asked_query) = split(asked.target);
        recorded.method == *asked.method
            && glob(path, asked_path)
            && self.query_matches(query, asked_query)
            && self.headers.iter().all(|name| {
                let mut values = recorded.request_headers.get_all(name).iter();
                let mut asked = asked.headers.get_all(name).iter();
                recorded.request_headers.get(name).is_none()
                    || values.all(|value| asked.next() == Some(value)) && asked.next().is_none()
            })
            && match (self.body, recorded.request_body.bytes()) {
                (BodyMatch::Ignore, _) | (_, None) => true,
                (BodyMatch::Equal, Some(body)) => body_matches(body, asked.body),
            }
    }

    fn query_matches(&self, recorded: &str, asked: &str) -> bool {
        let pairs = |query: &str| -> Vec<String> {
            let pairs = query.split('&').filter(|pair| !pair.is_empty());
            let compared = pairs.filter(|pair| {
                let key = pair.split_once('=').map_or(*pair, |(key, _)| key);
                !self.ignored_query.iter().any(|ignored| ignored == key)
            });
            compared.map(str::to_owned).collect()
        };
        let mut left = pairs(asked);
        for pattern in pairs(recorded) {
            let Some(index) = left.iter().position(|pair| glob(&pattern, pair)) else {
                return false;
            };
            left.remove(index);
        }
        left.is_empty()
    }
}

#[async_trait]
impl Transport for Replayer {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (parts, body) = request.into_parts();
        let body = body.collect(u64::MAX).await?;
        let asked = Asked {
            method: &parts.method,
            target: parts
                .uri
                .path_and_query()
                .map_or("/", |target| target.as_str()),
            headers: &parts.headers,
            body: &body,
        };
        let interaction = self.answer(&asked).map_err(|message| {
            TransportError::new(TransportErrorKind::Request, Delivery::NotSent)
                .with_message(message)
        })?;
        let body = interaction.body.bytes().cloned().unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = interaction.status;
        for (name, value) in kept_headers(interaction) {
            response.headers_mut().append(name, value.clone());
        }
        Ok(response)
    }
}

impl fmt::Debug for Replayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayer")
            .field("interactions", &self.shared.interactions.len())
            .field("unused", &self.unused().len())
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}

/// The recorded headers but the framing, which belongs to the recorded connection.
fn kept_headers(
    interaction: &Interaction,
) -> impl Iterator<Item = (&HeaderName, &http::HeaderValue)> {
    let headers = interaction.headers.iter();
    headers.filter(|(name, _)| ![CONTENT_LENGTH, TRANSFER_ENCODING].contains(name))
}

fn label(interaction: &Interaction) -> String {
    format!("{} {}", interaction.method, interaction.target)
}

/// Says what was asked, without its query values, and what there was instead.
fn refusal(asked: &Asked<'_>, interactions: &[Interaction], used: &[bool], order: Order) -> String {
    let target = match asked.target.parse() {
        Ok(uri) => redact::uri(&uri, &[]),
        Err(_) => split(asked.target).0.to_owned(),
    };
    let next = used
        .iter()
        .position(|used| !used)
        .and_then(|next| interactions.get(next));
    let instead = match (order, next) {
        (Order::Strict, Some(next)) => format!("the next one is {}", label(next)),
        (Order::Strict, None) => "all interactions are used up".to_owned(),
        _ => format!("{} are unused", used.iter().filter(|used| !**used).count()),
    };
    format!(
        "the cassette has no such answer for {} {target}: {instead}",
        asked.method
    )
}

fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

fn body_matches(recorded: &[u8], asked: &[u8]) -> bool {
    match (
        serde_json::from_slice(recorded),
        serde_json::from_slice(asked),
    ) {
        (Ok(recorded), Ok(asked)) => json_matches(&recorded, &asked),
        _ => match (std::str::from_utf8(recorded), std::str::from_utf8(asked)) {
            (Ok(recorded), Ok(asked)) => glob(recorded, asked),
            _ => recorded == asked,
        },
    }
}

fn json_matches(recorded: &serde_json::Value, asked: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object, String};
    match (recorded, asked) {
        (String(recorded), String(asked)) => glob(recorded, asked),
        (Array(recorded), Array(asked)) => {
            recorded.len() == asked.len()
                && recorded
                    .iter()
                    .zip(asked)
                    .all(|(recorded, asked)| json_matches(recorded, asked))
        }
        (Object(recorded), Object(asked)) => {
            recorded.len() == asked.len()
                && recorded.iter().all(|(key, value)| {
                    asked
                        .get(key)
                        .is_some_and(|asked| json_matches(value, asked))
                })
        }
        _ => recorded == asked,
    }
}

/// Whether `text` is `pattern`, in which `[redacted]` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split("[redacted]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacted_matches_anything_and_the_rest_itself() {
        for (pattern, text) in [
            ("a", "a"),
            ("a[redacted]", "abc"),
            ("[redacted]c", "abc"),
            ("a[redacted]c[redacted]e", "abcde"),
            ("[redacted]", ""),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("a[redacted]c", "ab"),
            ("a[redacted]c[redacted]e", "ae"),
            ("b[redacted]", "ab"),
        ] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn json_bodies_match_by_value() {
        assert!(body_matches(
            br#"{"a":1,"b":"x"}"#,
            br#"{ "b": "x", "a": 1 }"#
        ));
        assert!(body_matches(
            br#"{"key":"[redacted]"}"#,
            br#"{"key":"s3cret"}"#
        ));
        assert!(!body_matches(br#"{"a":1}"#, br#"{"a":1,"b":2}"#));
        assert!(!body_matches(b"plain", b"other"));
    }
}
