//! What there is to ask for.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::chain::{Place, Reply, Scope, TokenKind};
use super::engine::{Engine, State};
use super::log::Call;
use super::query::Query;
use super::time::Instant;
use super::world::{ASSETS, EventType, Filter};
use super::{file, world};

/// Content types on a page, unless fewer are asked for.
const TYPES_PER_PAGE: usize = 100;

/// The answer, and whether it is a page with more to come.
pub(super) fn run(
    engine: &Engine,
    state: &mut State,
    request: &Request<Bytes>,
    query: &Query,
    call: Call,
) -> (Answer, bool) {
    find(engine, state, request, query, call).unwrap_or_else(|refusal| (refusal, false))
}

fn find(
    engine: &Engine,
    state: &mut State,
    request: &Request<Bytes>,
    query: &Query,
    call: Call,
) -> Result<(Answer, bool), Answer> {
    let path = request.uri().path().trim_end_matches('/');
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let message = "The method is not allowed.";
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Err(Answer::error(status, 405, message, &json!({})));
    }
    if call == Call::File {
        // Whoever knows the address gets the file.
        let file = state.world.file(path).ok_or_else(Answer::not_found)?;
        return Ok((file::serve(file, request.headers()), false));
    }
    let branch = authorized(engine, request.headers())?;
    if path == "/v3/stacks/sync" {
        let place = match sync(engine, state, query, call, branch)? {
            Reply::Page(place) => place,
            Reply::Unchanged => {
                let token = query.get("sync_token").unwrap_or_default();
                return Ok((
                    Answer::value(&json!({"items": [], "sync_token": token})),
                    false,
                ));
            }
        };
        return Ok((Answer::json(page(&place)), !place.is_last()));
    }
    let answer = if call == Call::ContentTypes {
        content_types(&state.world, path, query)?
    } else if let Some(uid) = path.strip_prefix("/v3/assets/") {
        let data = state.world.asset(uid).ok_or_else(Answer::unknown_asset)?;
        Answer::json(format!("{{\"asset\":{data}}}"))
    } else {
        return Err(Answer::not_found());
    };
    Ok((answer, false))
}

/// Sees who is asking; the branch that is asked for.
fn authorized<'a>(engine: &Engine, headers: &'a HeaderMap) -> Result<Option<&'a str>, Answer> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("api_key") != Some(&engine.names.api_key) {
        return Err(Answer::unknown_stack());
    }
    if header("access_token") != Some(&engine.access_token) {
        return Err(Answer::bad_delivery_token());
    }
    match header("branch") {
        Some(branch) if !engine.branches.iter().any(|known| known == branch) => {
            Err(Answer::bad_parameter("branch"))
        }
        branch => Ok(branch),
    }
}

fn sync(
    engine: &Engine,
    state: &mut State,
    query: &Query,
    call: Call,
    branch: Option<&str>,
) -> Result<Reply, Answer> {
    if let Some(name) = query.get("environment") {
        if name != engine.environment {
            return Err(Answer::unknown_environment(name));
        }
    }
    let limit = query.number("limit");
    let State {
        world,
        tokens,
        options,
        ..
    } = state;
    let kind = match call {
        Call::Init => {
            let scope = Scope {
                filter: filter(world, query)?,
                branch: branch.map(str::to_owned),
            };
            return Ok(Reply::Page(tokens.begin(world, options, limit, scope)));
        }
        Call::Page => TokenKind::Pagination,
        Call::Delta => TokenKind::Sync,
        // Neither the beginning nor a token.
        _ => return Err(Answer::unknown_token("sync_token")),
    };
    let token = query.get(kind.as_str()).unwrap_or_default();
    tokens
        .follow(world, options, limit, kind, token, branch)
        .ok_or_else(|| Answer::unknown_token(kind.as_str()))
}

fn filter(world: &world::World, query: &Query) -> Result<Filter, Answer> {
    let content_type = query.get("content_type_uid").map(str::to_owned);
    if let Some(uid) = &content_type {
        if uid != ASSETS && !world.types().contains_key(uid) {
            return Err(Answer::unknown_content_type(uid));
        }
    }
    let start_from = match query.get("start_from") {
        Some(text) => {
            Some(Instant::parse(text).ok_or_else(|| Answer::bad_parameter("start_from"))?)
        }
        None => None,
    };
    let types = match query.get("type") {
        Some(list) => {
            let types: Result<BTreeSet<EventType>, ()> =
                list.split(',').map(|name| name.trim().parse()).collect();
            Some(types.map_err(|()| Answer::bad_parameter("type"))?)
        }
        None => None,
    };
    Ok(Filter {
        content_type,
        locale: query.get("locale").map(str::to_owned),
        start_from,
        types,
    })
}

fn page(place: &Place) -> String {
    let items = place.items();
    let length: usize = items.iter().map(|event| event.item.len() + 1).sum();
    let mut body = String::with_capacity(length + 160);
    body.push_str("{\"items\":[");
    for (index, event) in items.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(&event.item);
    }
    let (kind, token) = place.next();
    body.push_str(&format!(
        "],\"skip\":{},\"limit\":{},\"total_count\":{},\"{}\":\"{token}\"}}",
        place.skip(),
        place.limit(),
        place.total(),
        kind.as_str(),
    ));
    body
}

fn content_types(world: &world::World, path: &str, query: &Query) -> Outcome {
    let types = world.types();
    if let Some(uid) = path.strip_prefix("/v3/content_types/") {
        let schema = types.get(uid);
        let schema = schema.ok_or_else(|| Answer::unknown_content_type(uid))?;
        return Ok(Answer::value(&json!({"content_type": schema})));
    }
    let skip = query.number("skip").unwrap_or(0);
    let limit = query.number("limit").unwrap_or(TYPES_PER_PAGE);
    let some: Vec<&Value> = types
        .values()
        .skip(skip)
        .take(limit.min(TYPES_PER_PAGE))
        .collect();
    let mut body = json!({"content_types": some});
    if query.get("include_count") == Some("true") {
        if let Some(body) = body.as_object_mut() {
            body.insert("count".to_owned(), types.len().into());
        }
    }
    Ok(Answer::value(&body))
}
