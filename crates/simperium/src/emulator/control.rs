//! The control interface: `POST /_lab/…` with JSON, for tests in other
//! languages. Rust has the same as methods of [`Emulator`](super::Emulator).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::Answer;
use super::config::{Marks, PollEnd};
use super::fault::Fault;
use super::log::{LoggedFrame, LoggedRequest};
use super::state::State;

type Outcome = Result<Answer, Answer>;

pub(super) fn run(state: &mut State, verb: &str, request: &Request<Bytes>) -> Answer {
    if verb == "state" && request.method() == Method::GET {
        return summary(state);
    }
    if request.method() != Method::POST {
        return Answer::not_allowed();
    }
    let outcome = match verb {
        "config" => config(state, request.body()),
        "seed" => seed(state, request.body()),
        "state" => Ok(summary(state)),
        "log" => Ok(log(state)),
        "reset" => {
            state.reset();
            Ok(Answer::json("{}"))
        }
        _ => Err(Answer::not_found()),
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| bad(&error.to_string()))
}

fn bad(text: &str) -> Answer {
    Answer::text(StatusCode::BAD_REQUEST, text)
}

/// Seconds or milliseconds that are a time.
fn duration(seconds: f64) -> Result<Duration, Answer> {
    Duration::try_from_secs_f64(seconds).map_err(|_| bad("there is no such time"))
}

/// What can be set and done; everything else stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    latency_ms: Option<f64>,
    hold: Option<f64>,
    poll_end: Option<String>,
    max_doc_bytes: Option<usize>,
    version_max: Option<u64>,
    version10_max: Option<usize>,
    marks: Option<String>,
    fail: Option<Vec<Rule>>,
    drop_after_write: Option<u32>,
    change_errors: Option<Vec<u16>>,
    ws_kick: Option<u32>,
    forget: Option<usize>,
    unknown_cv: Option<u32>,
    repeat_changes: Option<u32>,
    silent: Option<bool>,
    expire: Option<String>,
    ask_index: Option<bool>,
    log_level: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(rename = "match")]
    pattern: String,
    times: Option<u32>,
    kind: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    seconds: Option<f64>,
    #[serde(default)]
    close: bool,
}

impl Rule {
    fn fault(&self) -> Result<Fault, Answer> {
        let kind =
            self.kind
                .as_deref()
                .unwrap_or(if self.close { "reset-before" } else { "status" });
        Ok(match kind {
            "status" => {
                let status = self.status.unwrap_or(500);
                let status =
                    StatusCode::from_u16(status).map_err(|_| bad("there is no such status"))?;
                let mut headers = HeaderMap::new();
                for (name, value) in &self.headers {
                    let name = HeaderName::try_from(name).map_err(|_| bad("a bad header"))?;
                    let value = HeaderValue::try_from(value).map_err(|_| bad("a bad header"))?;
                    headers.append(name, value);
                }
                Fault::status_with(status, headers, self.body.clone())
            }
            "reset-before" => Fault::reset_before(),
            "reset" => Fault::reset(),
            "truncate" => Fault::truncate(),
            "slow" => Fault::slow(duration(self.seconds.unwrap_or(1.0))?),
            "html" => Fault::html(),
            "body" => Fault::body(self.body.clone()),
            _ => return Err(bad("there is no such kind of fault")),
        })
    }
}

fn config(state: &mut State, body: &[u8]) -> Outcome {
    let wanted: Wanted = read(body)?;
    let latency = wanted
        .latency_ms
        .map(|millis| duration(millis / 1e3))
        .transpose()?;
    let hold = wanted.hold.map(duration).transpose()?;
    let poll_end = wanted.poll_end.as_deref().map(poll_end).transpose()?;
    let marks = wanted.marks.as_deref().map(marks).transpose()?;
    if let Some(rules) = &wanted.fail {
        let faults: Vec<Fault> = rules.iter().map(Rule::fault).collect::<Result<_, _>>()?;
        state.plan.clear();
        for (rule, fault) in rules.iter().zip(faults) {
            let times = rule.times.unwrap_or(1);
            let added = state.plan.add(&rule.pattern, times, fault);
            added.map_err(|error| bad(&error.to_string()))?;
        }
    }
    let config = &mut state.config;
    if let Some(latency) = latency {
        config.latency = latency..latency;
    }
    config.hold = hold.unwrap_or(config.hold);
    config.poll_end = poll_end.unwrap_or(config.poll_end);
    config.marks = marks.unwrap_or(config.marks);
    config.max_object_bytes = wanted.max_doc_bytes.unwrap_or(config.max_object_bytes);
    config.versions_kept = wanted.version_max.unwrap_or(config.versions_kept);
    config.tenths_kept = wanted.version10_max.unwrap_or(config.tenths_kept);
    state.dropped_writes = wanted.drop_after_write.unwrap_or(state.dropped_writes);
    state.refused_cvs = wanted.unknown_cv.unwrap_or(state.refused_cvs);
    state.repeated_changes = wanted.repeat_changes.unwrap_or(state.repeated_changes);
    state.silent = wanted.silent.unwrap_or(state.silent);
    if let Some(errors) = wanted.change_errors {
        state.change_errors = errors.into();
    }
    if let Some(kept) = wanted.forget {
        state.forget(kept);
    }
    if let Some(token) = wanted.expire {
        state.expire(&token);
    }
    if wanted.ws_kick.is_some_and(|kick| kick > 0) {
        state.kick();
    }
    if wanted.ask_index == Some(true) {
        state.ask_index();
    }
    if let Some(level) = wanted.log_level {
        state.tell_log_level(level);
    }
    let config = &state.config;
    Ok(Answer::value(&json!({
        "latency_ms": config.latency.start.as_secs_f64() * 1e3,
        "hold": config.hold.as_secs_f64(),
        "max_doc_bytes": config.max_object_bytes,
        "version_max": config.versions_kept,
        "version10_max": config.tenths_kept,
        "drop_after_write": state.dropped_writes,
        "change_errors": state.change_errors,
    })))
}

fn poll_end(name: &str) -> Result<PollEnd, Answer> {
    Ok(match name {
        "empty" => PollEnd::Empty,
        "list" => PollEnd::EmptyList,
        "close" => PollEnd::Close,
        status => PollEnd::Status(status.parse().map_err(|_| bad("there is no such end"))?),
    })
}

fn marks(name: &str) -> Result<Marks, Answer> {
    match name {
        "change" => Ok(Marks::Change),
        "offset" => Ok(Marks::Offset),
        _ => Err(bad("there are no such marks")),
    }
}

#[derive(Deserialize)]
struct Seed {
    app: String,
    token: String,
    bucket: String,
    count: usize,
    #[serde(default)]
    size: usize,
}

fn seed(state: &mut State, body: &[u8]) -> Outcome {
    let seed: Seed = read(body)?;
    let place = state.place(&seed.app, &seed.token, &seed.bucket);
    let place = place.ok_or_else(|| bad("the token is not good"))?;
    state.seed(&place, seed.count, seed.size);
    Ok(Answer::json("{}"))
}

fn summary(state: &mut State) -> Answer {
    let mut apps = serde_json::Map::new();
    for (name, app) in &mut state.apps {
        let (mut buckets, mut objects) = (0, 0);
        for bucket in app.all_buckets() {
            buckets += 1;
            objects += bucket.len();
        }
        apps.insert(
            name.clone(),
            json!({"buckets": buckets, "objects": objects}),
        );
    }
    Answer::value(&json!({
        "apps": apps,
        "sockets": state.connections.len(),
        "polls": state.waiting,
        "changes": state.made,
    }))
}

fn log(state: &State) -> Answer {
    let request = |request: &LoggedRequest| {
        let headers = request.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), Value::from(value))
        });
        let headers: serde_json::Map<String, Value> = headers.collect();
        json!({
            "method": request.method.as_str(),
            "target": request.target,
            "headers": headers,
            "body": String::from_utf8_lossy(&request.body),
            "status": request.status.map(|status| status.as_u16()),
            "fault": request.fault,
        })
    };
    let frame = |frame: &LoggedFrame| {
        json!({
            "socket": frame.socket,
            "from_client": frame.from_client,
            "text": frame.text,
        })
    };
    Answer::value(&json!({
        "requests": state.log.requests.iter().map(request).collect::<Vec<_>>(),
        "frames": state.log.frames.iter().map(frame).collect::<Vec<_>>(),
    }))
}
