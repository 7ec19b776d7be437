//! Which request does what.

mod auth;
mod index;
mod item;
mod poll;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, Method, Request};
use serde_json::json;

pub(super) use self::poll::Poll;
use self::poll::changes;
use super::account::{Caller, OPTIONS_BUCKET};
use super::answer::Answer;
use super::query::{Query, decoded, is_bucket_name, is_id};
use super::socket::handshake;
use super::state::State;
use super::submit::Place;

const TOKEN: &str = "x-simperium-token";
const USER: &str = "x-simperium-user";

/// What a request comes to. Refusals travel as errors.
#[derive(Debug)]
pub(super) enum Flow {
    Answer(Answer),
    /// The answer to something that writes.
    Write(Answer),
    /// The answer that opens a socket.
    Socket(Answer),
    Poll(Poll),
}

/// A request on its way.
struct Call<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
    body: &'a [u8],
    query: Query,
    app: String,
}

pub(super) fn run(state: &mut State, request: &Request<Bytes>) -> Result<Flow, Answer> {
    let path = request.uri().path();
    let segments: Option<Vec<String>> = path.split('/').skip(1).map(decoded).collect();
    let segments = segments.ok_or_else(Answer::bad_request)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let query = Query::parse(request.uri().query().unwrap_or_default());
    let half = Half::of(request);
    let call = |app: &str| -> Result<Call<'_>, Answer> {
        Ok(Call {
            method: request.method(),
            headers: request.headers(),
            body: request.body(),
            query: query.clone().ok_or_else(Answer::bad_request)?,
            app: app.to_ascii_lowercase(),
        })
    };
    match segments.as_slice() {
        ["sock", "websocket"] | ["sock", "1", _, "websocket"] if half.has_data() => {
            if request.method() != Method::GET {
                return Err(Answer::not_allowed());
            }
            handshake(request.headers()).map(Flow::Socket)
        }
        // Without the slash at the end, there is no such thing.
        ["1", app, verb, ""] if !app.is_empty() && half.has_auth() => {
            auth::run(state, &call(app)?, verb)
        }
        ["1", app, rest @ ..] if !app.is_empty() && half.has_data() => {
            data(state, &call(app)?, rest)
        }
        _ => Err(Answer::not_found()),
    }
}

fn data(state: &mut State, call: &Call<'_>, path: &[&str]) -> Result<Flow, Answer> {
    // What needs no token is not there either.
    if !matches!(
        path,
        ["user" | "buckets"] | [_, "index" | "changes" | "all"] | [_, "i", _, ..]
    ) {
        return Err(Answer::not_found());
    }
    let caller = call.caller(state)?;
    match path {
        ["user"] => call.get(|| user(state, call, &caller)),
        ["buckets"] => call.get(|| buckets(state, call, &caller)),
        [bucket, rest @ ..] => {
            if !is_bucket_name(bucket) {
                return Err(Answer::bad_request());
            }
            if *bucket == OPTIONS_BUCKET && caller != Caller::Admin {
                return Err(Answer::forbidden());
            }
            match rest {
                ["index"] => call.get(|| index::run(state, call, &caller, bucket)),
                ["changes"] if call.method == Method::POST => {
                    poll::bulk(state, call, &caller, bucket)
                }
                ["changes"] => call.get(|| changes(state, call, &caller, bucket)),
                ["all"] => call.get(|| poll::all(state, call, &caller, bucket)),
                ["i", item @ ..] => item::run(state, call, &caller, bucket, item),
                _ => Err(Answer::not_found()),
            }
        }
        [] => Err(Answer::not_found()),
    }
}

fn user(state: &mut State, call: &Call<'_>, caller: &Caller) -> Result<Flow, Answer> {
    let userid = call.userid(caller)?;
    let (app, _) = state.app(&call.app);
    let username = app.user(&userid).map(|user| user.username.clone());
    let answer = json!({"userid": userid, "username": username});
    Ok(Flow::Answer(Answer::value(&answer)))
}

fn buckets(state: &mut State, call: &Call<'_>, caller: &Caller) -> Result<Flow, Answer> {
    let userid = call.userid(caller)?;
    let (app, _) = state.app(&call.app);
    let names = app.bucket_names(&userid).into_iter();
    let names: Vec<_> = names.map(|name| json!({"name": name})).collect();
    Ok(Flow::Answer(Answer::value(&json!({"buckets": names}))))
}

impl Call<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Does it, if this is a `GET`.
    fn get(&self, run: impl FnOnce() -> Result<Flow, Answer>) -> Result<Flow, Answer> {
        if self.method != Method::GET {
            return Err(Answer::not_allowed());
        }
        run()
    }

    /// Who asks, by either form of the token.
    fn caller(&self, state: &mut State) -> Result<Caller, Answer> {
        let bearer = || {
            let (scheme, token) = self.header(AUTHORIZATION.as_str())?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        };
        let token = self.header(TOKEN).or_else(bearer);
        let token = token.ok_or_else(Answer::unauthorized)?;
        let (app, ids) = state.app(&self.app);
        let caller = app.caller(token, ids).ok_or_else(Answer::unauthorized)?;
        if self.header(USER).is_some() && caller != Caller::Admin {
            return Err(Answer::forbidden());
        }
        Ok(caller)
    }

    /// Whose buckets are meant.
    fn userid(&self, caller: &Caller) -> Result<String, Answer> {
        match caller {
            Caller::User(userid) => Ok(userid.clone()),
            Caller::Admin => self
                .header(USER)
                .map(str::to_owned)
                .ok_or_else(Answer::bad_request),
        }
    }

    fn place(&self, caller: &Caller, bucket: &str) -> Result<Place, Answer> {
        // The options of buckets are the app's: whoever may ask means the same.
        let userid = if bucket == OPTIONS_BUCKET {
            String::new()
        } else {
            self.userid(caller)?
        };
        Ok(Place {
            app: self.app.clone(),
            userid,
            bucket: bucket.to_owned(),
        })
    }

    /// The id in a parameter, or a new one.
    fn id(&self, state: &mut State, name: &str, prefix: &str) -> Result<String, Answer> {
        match self.query.get(name) {
            Some(id) if is_id(id) => Ok(id.to_owned()),
            Some(_) => Err(Answer::bad_request()),
            None => Ok(format!("{prefix}{}", state.ids.hex())),
        }
    }
}

/// Which half of the service a host name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Auth,
    Data,
    Both,
}

impl Half {
    fn of(request: &Request<Bytes>) -> Self {
        let host = request.uri().host().or_else(|| {
            let host = request.headers().get(HOST)?;
            host.to_str().ok()
        });
        match host.unwrap_or_default() {
            host if host.starts_with("auth.") => Self::Auth,
            host if host.starts_with("api.") => Self::Data,
            _ => Self::Both,
        }
    }

    fn has_auth(self) -> bool {
        self != Self::Data
    }

    fn has_data(self) -> bool {
        self != Self::Auth
    }
}
