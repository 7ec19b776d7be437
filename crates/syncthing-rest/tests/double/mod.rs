//! A daemon in memory that keeps events as the real one does: numbered within
//! each set of types, in buffers that overrun, from 1 after each start. It works
//! with tokio's paused clock.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use sync_core::transport::{BoxError, Delivery, TransportErrorKind};
use sync_core::{Body, Transport, TransportError};
use syncthing_rest::model::DeviceId;
use syncthing_rest::{Client, ClientBuilder};
use tokio::sync::watch;
use tokio::time::Instant;

pub(crate) const KEY: &str = "first-key-of-the-daemon";
pub(crate) const OWN: &str = "S534BXU-QOXZ34R-VRROXIM-IYGRNO3-2UMNL23-2ZIKXPW-FGL2AO2-NDUGHA7";
pub(crate) const OTHER: &str = "3CA5NYZ-LPETZRL-GQJZQP6-ET27JAQ-M6KL5YE-VB6GZZK-3IGHPB2-4OO4BQF";
pub(crate) const START: &str = "2026-11-21T06:16:48Z";
pub(crate) const LATER: &str = "2026-11-21T07:00:00Z";

const DISK: [&str; 2] = ["LocalChangeDetected", "RemoteChangeDetected"];

pub(crate) fn own() -> DeviceId {
    OWN.parse().unwrap()
}

pub(crate) fn other() -> DeviceId {
    OTHER.parse().unwrap()
}

#[derive(Clone)]
pub(crate) struct Daemon(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

struct State {
    id: String,
    version: String,
    start_time: String,
    key: String,
    reachable: bool,
    /// Whether there is no more than a page that says so.
    migrating: bool,
    /// Grows when connections are cut.
    connections: u64,
    capacity: usize,
    global: u64,
    sets: BTreeMap<String, Kept>,
    answers: BTreeMap<String, (u16, Value)>,
    seen: Vec<Seen>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    events: VecDeque<Value>,
}

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

impl Daemon {
    pub(crate) fn new() -> Self {
        let mut state = State {
            id: OWN.to_owned(),
            version: "v1.29.5".to_owned(),
            start_time: START.to_owned(),
            key: KEY.to_owned(),
            reachable: true,
            migrating: false,
            connections: 0,
            capacity: 1000,
            global: 0,
            sets: BTreeMap::new(),
            answers: BTreeMap::new(),
            seen: Vec::new(),
        };
        state.forget();
        Self(Arc::new(Inner {
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        }))
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(Client::builder("http://127.0.0.1:8384").api_key(KEY))
    }

    pub(crate) fn client_with(&self, builder: ClientBuilder) -> Client {
        builder.transport(self.clone()).build().unwrap()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.changed.send_replace(());
    }

    /// Something happens.
    pub(crate) fn push(&self, kind: &str, data: Value) {
        self.change(|state| state.push(kind, &data));
    }

    pub(crate) fn push_many(&self, kind: &str, times: usize) {
        (0..times).for_each(|_| self.push(kind, json!({})));
    }

    /// Calls that are under way are cut.
    pub(crate) fn cut(&self) {
        self.change(|state| state.connections += 1);
    }

    pub(crate) fn stop(&self) {
        self.change(|state| {
            state.reachable = false;
            state.connections += 1;
        });
    }

    /// A new process.
    pub(crate) fn start(&self, start_time: &str) {
        self.change(|state| {
            state.reachable = true;
            start_time.clone_into(&mut state.start_time);
            state.forget();
        });
    }

    pub(crate) fn restart(&self, start_time: &str) {
        self.stop();
        self.start(start_time);
    }

    /// A new process, of which connections that are open tell nothing.
    pub(crate) fn restart_unnoticed(&self, start_time: &str) {
        self.start(start_time);
    }

    /// The database is brought up to date, as daemons of 2.x do it at a start.
    pub(crate) fn set_migrating(&self, migrating: bool) {
        self.change(|state| state.migrating = migrating);
    }

    /// An event takes a number and is dropped.
    pub(crate) fn drop_event(&self) {
        self.change(|state| state.sets.values_mut().for_each(|kept| kept.last += 1));
    }

    pub(crate) fn set_capacity(&self, events: usize) {
        self.change(|state| state.capacity = events);
    }

    pub(crate) fn set_key(&self, key: &str) {
        self.change(|state| key.clone_into(&mut state.key));
    }

    pub(crate) fn set_id(&self, id: &str) {
        self.change(|state| id.clone_into(&mut state.id));
    }

    pub(crate) fn set_version(&self, version: &str) {
        self.change(|state| version.clone_into(&mut state.version));
    }

    /// What is answered at a path, whatever the query. `METHOD path` is looked
    /// for first.
    pub(crate) fn answer(&self, path: &str, answer: Value) {
        self.answer_with(path, 200, answer);
    }

    /// A text is sent as it is, anything else as JSON.
    pub(crate) fn answer_with(&self, path: &str, status: u16, answer: Value) {
        self.change(|state| drop(state.answers.insert(path.to_owned(), (status, answer))));
    }

    /// Undoes [`answer`](Self::answer).
    pub(crate) fn answer_no_more(&self, path: &str) {
        self.change(|state| drop(state.answers.remove(path)));
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// `GET /rest/…?…` of all requests that have this in them.
    pub(crate) fn lines(&self, with: &str) -> Vec<String> {
        let lines = self.seen().iter().map(Seen::line).collect::<Vec<_>>();
        lines
            .into_iter()
            .filter(|line| line.contains(with))
            .collect()
    }

    /// Waits until so many requests were seen that have this in them.
    pub(crate) async fn asked(&self, with: &str, times: usize) {
        let mut changed = self.0.changed.subscribe();
        while self.lines(with).len() < times {
            changed.changed().await.unwrap();
        }
    }
}

impl State {
    fn forget(&mut self) {
        self.global = 0;
        self.sets.clear();
        self.sets.insert(String::new(), Kept::default());
        self.sets.insert("disk".to_owned(), Kept::default());
    }

    fn push(&mut self, kind: &str, data: &Value) {
        self.global += 1;
        let global = self.global;
        for (set, kept) in &mut self.sets {
            let wanted = match set.as_str() {
                "" => !DISK.contains(&kind),
                "disk" => DISK.contains(&kind),
                set => set.split(',').any(|name| name == kind),
            };
            if !wanted {
                continue;
            }
            kept.last += 1;
            kept.events.push_back(json!({
                "id": kept.last, "globalID": global, "time": LATER, "type": kind, "data": data,
            }));
            if kept.events.len() > self.capacity {
                kept.events.pop_front();
            }
        }
    }

    fn events(&mut self, set: &str, since: u64, limit: usize) -> Vec<Value> {
        let kept = self.sets.entry(set.to_owned()).or_default();
        let after = kept
            .events
            .iter()
            .filter(|event| event["id"].as_u64().unwrap() > since);
        let after: Vec<Value> = after.cloned().collect();
        after[after.len().saturating_sub(limit)..].to_vec()
    }

    fn respond(&self, status: u16, answer: &Value) -> Response<Body> {
        let body = match answer {
            Value::Null => Body::empty(),
            Value::String(text) => Body::from(text.clone()),
            json => Body::from(json.to_string()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        self.sign(&mut response);
        response
    }

    fn sign(&self, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        headers.insert("x-syncthing-id", self.id.parse().unwrap());
        headers.insert("x-syncthing-version", self.version.parse().unwrap());
    }
}

fn reset(message: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Reset, Delivery::MaybeSent).with_message(message)
}

#[async_trait::async_trait]
impl Transport for Daemon {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (head, body) = request.into_parts();
        let body = body.collect(u64::MAX).await?;
        let target = head.uri.path_and_query().unwrap().as_str().to_owned();
        if !self.state().reachable {
            return Err(TransportError::new(
                TransportErrorKind::Connect,
                Delivery::NotSent,
            ));
        }
        self.change(|state| {
            state.seen.push(Seen {
                method: head.method.clone(),
                target,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            });
        });
        let state = self.state();
        if state.migrating {
            let page =
                "*** Database migration in progress ***\n\n2026-11-21 06:16:48 INF syncthing\n";
            return Ok(Response::new(Body::from(page)));
        }
        let key = head
            .headers
            .get("x-api-key")
            .and_then(|key| key.to_str().ok());
        if key != Some(&state.key) {
            return Ok(state.respond(403, &json!("CSRF Error\n")));
        }
        let path = head.uri.path();
        let known = state.answers.get(&format!("{} {path}", head.method));
        if let Some((status, answer)) = known.or_else(|| state.answers.get(path)) {
            return Ok(state.respond(*status, answer));
        }
        match (&head.method, path) {
            (&Method::GET, "/rest/events" | "/rest/events/disk") => {
                drop(state);
                Ok(self.poll(path, head.uri.query().unwrap_or_default()))
            }
            (&Method::GET, "/rest/system/status") => {
                let status =
                    json!({"myID": state.id, "startTime": state.start_time, "uptime": 100});
                Ok(state.respond(200, &status))
            }
            (&Method::GET, _) => Ok(state.respond(404, &json!("404 page not found\n"))),
            _ => Ok(state.respond(200, &Value::Null)),
        }
    }
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Daemon")
    }
}

impl Daemon {
    /// The head at once, the body when there is something.
    fn poll(&self, path: &str, query: &str) -> Response<Body> {
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        let number = |name: &str| parameter(name).and_then(|text| text.parse::<u64>().ok());
        let since = number("since").unwrap_or(0);
        let limit = number("limit").map_or(usize::MAX, |limit| limit as usize);
        let wait = Duration::from_secs(number("timeout").unwrap_or(60));
        let set = match path {
            "/rest/events/disk" => "disk".to_owned(),
            _ => parameter("events").unwrap_or_default().replace("%2C", ","),
        };
        let until = Instant::now() + wait;
        let daemon = self.clone();
        let mut state = self.state();
        let connections = state.connections;
        let _ = state.events(&set, since, limit);
        let body = async move {
            let mut changed = daemon.0.changed.subscribe();
            loop {
                {
                    let mut state = daemon.state();
                    if state.connections != connections {
                        return Err(BoxError::from(reset("the body was cut").to_string()));
                    }
                    let events = state.events(&set, since, limit);
                    if !events.is_empty() || Instant::now() >= until {
                        return Ok(Bytes::from(Value::from(events).to_string()));
                    }
                }
                let _ = tokio::time::timeout_at(until, changed.changed()).await;
            }
        };
        let mut response = Response::new(Body::from_stream(Once(Some(Box::pin(body)))));
        state.sign(&mut response);
        response
    }
}

type Piece = Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send>>;

/// A stream of one piece.
struct Once(Option<Piece>);

impl Stream for Once {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(piece) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let Poll::Ready(result) = piece.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        self.0 = None;
        Poll::Ready(Some(result))
    }
}
