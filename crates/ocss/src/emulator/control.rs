//! The control interface: `POST /_lab/…` with JSON, for tests in other
//! languages. Rust has the same as methods of [`Emulator`](super::Emulator).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::engine::{Engine, State};
use super::fault::Fault;
use super::log::{LoggedRequest, Message, Verdict};
use super::world;

pub(super) fn run(
    engine: &Engine,
    state: &mut State,
    verb: &str,
    request: &Request<Bytes>,
) -> Answer {
    if request.method() != Method::POST {
        return Answer::not_allowed("POST");
    }
    dispatch(engine, state, verb, request.body()).unwrap_or_else(|refusal| refusal)
}

fn dispatch(engine: &Engine, state: &mut State, verb: &str, body: &[u8]) -> Outcome {
    match verb {
        "reset" => {
            state.reset();
            Ok(reply(&json!({})))
        }
        "log" => {
            #[derive(Deserialize)]
            struct Wanted {
                last: Option<usize>,
            }
            let wanted: Wanted = read(body)?;
            let last = state.log.last(wanted.last.unwrap_or(usize::MAX));
            Ok(reply(&Value::Array(last.map(shown).collect())))
        }
        "sms" => Ok(reply(&Value::Array(
            state.world.messages.iter().map(message).collect(),
        ))),
        "visit" => {
            #[derive(Deserialize)]
            struct Visit {
                code: String,
                model: Option<String>,
            }
            let visit: Visit = read(body)?;
            if visit_page(state, &visit.code, visit.model.as_deref()) {
                Ok(reply(&json!({})))
            } else {
                Err(Answer::bad_request("there is no such code or model"))
            }
        }
        "clock" => {
            #[derive(Deserialize)]
            struct Offset {
                offset: i64,
            }
            state.offset = read::<Offset>(body)?.offset;
            let now = crate::time::Timestamp::from(engine.now(state.offset));
            Ok(reply(&json!({"now": now.to_string()})))
        }
        "page-size" => {
            #[derive(Deserialize)]
            struct Size {
                size: usize,
            }
            state.page_size = read::<Size>(body)?.size.max(1);
            Ok(reply(&json!({})))
        }
        "fault" => {
            let wanted: Wanted = read(body)?;
            let fault = wanted.fault()?;
            let planned = state
                .plan
                .add(&wanted.pattern, wanted.times.unwrap_or(1), fault);
            planned.map_err(|error| Answer::bad_request(error.to_string()))?;
            Ok(reply(&json!({})))
        }
        "faults-clear" => {
            state.plan.clear();
            Ok(reply(&json!({})))
        }
        _ => Err(Answer::text(
            StatusCode::NOT_FOUND,
            "there is no such control",
        )),
    }
}

/// Lets the owner of a phone open the detection page.
pub(super) fn visit_page(state: &mut State, code: &str, model: Option<&str>) -> bool {
    let outcome = match model {
        None => world::Outcome::Unidentified,
        Some(id) if state.world.model(id).is_some() => world::Outcome::Identified(id.to_owned()),
        Some(_) => return false,
    };
    match state.world.detections.get_mut(code) {
        Some(detection) => {
            detection.outcome = outcome;
            true
        }
        None => false,
    }
}

/// A fault, as it is asked for.
#[derive(Deserialize)]
struct Wanted {
    #[serde(rename = "match")]
    pattern: String,
    times: Option<u32>,
    kind: String,
    status: Option<u16>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    body: Option<String>,
    seconds: Option<f64>,
    location: Option<String>,
}

impl Wanted {
    fn fault(&self) -> Result<Fault, Answer> {
        let bad = |text: &str| Answer::bad_request(text.to_owned());
        let status = |default: StatusCode| match self.status {
            None => Ok(default),
            Some(status) => {
                StatusCode::from_u16(status).map_err(|_| bad("there is no such status"))
            }
        };
        let location = || {
            self.location
                .clone()
                .ok_or_else(|| bad("location is missing"))
        };
        let body = self.body.clone().unwrap_or_default();
        Ok(match self.kind.as_str() {
            "status" => {
                let mut headers = HeaderMap::new();
                for (name, value) in &self.headers {
                    let name = HeaderName::try_from(name).map_err(|_| bad("a bad header"))?;
                    let value = HeaderValue::try_from(value).map_err(|_| bad("a bad header"))?;
                    headers.append(name, value);
                }
                Fault::status_with(status(StatusCode::INTERNAL_SERVER_ERROR)?, headers, body)
            }
            "redirect" => Fault::redirect(status(StatusCode::FOUND)?, &location()?),
            "reset-before" => Fault::reset_before(),
            "reset" => Fault::reset(),
            "truncate" => Fault::truncate(),
            "slow" => {
                let seconds = self.seconds.unwrap_or(1.0);
                let delay = Duration::try_from_secs_f64(seconds);
                Fault::slow(delay.map_err(|_| bad("there is no such delay"))?)
            }
            "malformed" => Fault::malformed(),
            "html" => Fault::html(),
            "xxe" => Fault::xxe(),
            "body" => Fault::body(super::answer::ENTRY, body),
            "loop" => Fault::next_loops(),
            "foreign-next" => Fault::next_leads_to(location()?),
            "bare-created" => Fault::bare_created(),
            "no-etag" => Fault::no_etag(),
            _ => return Err(bad("there is no such kind of fault")),
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Answer::bad_request(error.to_string()))
}

fn reply(value: &Value) -> Answer {
    Answer::document("application/json", value.to_string())
}

fn shown(request: &LoggedRequest) -> Value {
    let headers = request.headers.iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            Value::from(String::from_utf8_lossy(value.as_bytes())),
        )
    });
    let headers: serde_json::Map<String, Value> = headers.collect();
    let oauth = match &request.oauth {
        Verdict::Unsigned => json!({"ok": false, "signed": false}),
        Verdict::Refused(problem) => json!({"ok": false, "signed": true, "problem": problem}),
        Verdict::Verified {
            account,
            method,
            nonce,
            timestamp,
            in_header,
        } => json!({
            "ok": true,
            "signed": true,
            "account": account,
            "method": method,
            "in_header": in_header,
            "nonce": nonce,
            "timestamp": timestamp,
        }),
    };
    json!({
        "method": request.method.as_str(),
        "path": request.target,
        "headers": headers,
        "body": String::from_utf8_lossy(&request.body),
        "oauth": oauth,
        "status": request.status.as_u16(),
        "executed": request.executed,
        "fault": request.fault,
    })
}

fn message(message: &Message) -> Value {
    match message {
        Message::Invitation { number, code } => {
            json!({"kind": "detection", "number": number, "code": code})
        }
        Message::Setup { number, pincode } => {
            json!({"kind": "setup", "number": number, "pincode": pincode.expose()})
        }
    }
}
