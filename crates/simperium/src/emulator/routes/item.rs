//! One entity: read, written, deleted.

use http::{Method, StatusCode};

use super::{Call, Flow};
use crate::emulator::account::{Caller, OPTIONS_BUCKET};
use crate::emulator::answer::Answer;
use crate::emulator::document::Object;
use crate::emulator::query::is_key;
use crate::emulator::state::State;
use crate::emulator::submit::{Edit, Place, Refused, Sender, Source};
use crate::protocol::ChangeErrorCode;
use crate::wire::answer;

/// An entity, as a path names it.
struct Item<'a> {
    place: Place,
    key: &'a str,
    version: Option<u64>,
}

pub(super) fn run(
    state: &mut State,
    call: &Call<'_>,
    caller: &Caller,
    bucket: &str,
    path: &[&str],
) -> Result<Flow, Answer> {
    let item = named(call, caller, bucket, path)?;
    match *call.method {
        Method::GET => get(state, call, &item).map(Flow::Answer),
        Method::POST => post(state, call, &item).map(Flow::Write),
        Method::DELETE => delete(state, call, &item).map(Flow::Write),
        _ => Err(Answer::not_allowed()),
    }
}

/// `{key}`, `{key}/v/{n}`; for administrators also `{userid}/{key}` and that
/// with a version.
fn named<'a>(
    call: &Call<'_>,
    caller: &Caller,
    bucket: &str,
    path: &[&'a str],
) -> Result<Item<'a>, Answer> {
    let whole =
        *caller == Caller::Admin && bucket != OPTIONS_BUCKET && call.header(super::USER).is_none();
    let (owner, path) = match path {
        [owner, rest @ ..] if whole => (Some(*owner), rest),
        rest => (None, rest),
    };
    let (key, version) = match path {
        [key] => (*key, None),
        [key, "v", version] => {
            let version = version.parse().map_err(|_| Answer::bad_request())?;
            (*key, Some(version))
        }
        _ => return Err(Answer::bad_request()),
    };
    if !is_key(key) {
        return Err(Answer::bad_request());
    }
    let place = match owner {
        Some(owner) => Place {
            app: call.app.clone(),
            userid: owner.to_owned(),
            bucket: bucket.to_owned(),
        },
        None => call.place(caller, bucket)?,
    };
    Ok(Item {
        place,
        key,
        version,
    })
}

fn get(state: &mut State, call: &Call<'_>, item: &Item<'_>) -> Result<Answer, Answer> {
    let (app, _) = state.app(&call.app);
    let bucket = app.existing(&item.place.userid, &item.place.bucket);
    let bucket = bucket.ok_or_else(Answer::not_found)?;
    let found = match item.version {
        None => bucket.versioned(item.key),
        Some(version) => bucket
            .version(item.key, version)
            .map(|document| (version, document)),
    };
    let (version, document) = found.ok_or_else(Answer::not_found)?;
    Ok(Answer::json(document.text().to_owned()).with_version(version))
}

fn post(state: &mut State, call: &Call<'_>, item: &Item<'_>) -> Result<Answer, Answer> {
    let object: Object = answer::decoded(call.body).map_err(|_| Answer::bad_request())?;
    let clientid = call.id(state, "clientid", "http-")?;
    let ccid = call.id(state, "ccid", "")?;
    let edit = if call.query.is_on("replace") {
        Edit::Replace(object)
    } else {
        Edit::Merge(object)
    };
    let source = item.version.map_or(Source::Newest, Source::Version);
    let sender = Sender {
        clientid: &clientid,
        ccid: &ccid,
    };
    let written = state.modify(&item.place, item.key, sender, source, edit);
    let written = written.map_err(|refused| status(refused, StatusCode::NOT_FOUND))?;
    let answer = if call.query.is_on("response") {
        let (app, _) = state.app(&call.app);
        let bucket = app.existing(&item.place.userid, &item.place.bucket);
        let document = bucket.and_then(|bucket| bucket.current(item.key));
        Answer::json(document.map_or("{}", |document| document.text()).to_owned())
    } else {
        Answer::status(StatusCode::OK)
    };
    Ok(answer.with_version(written.version))
}

fn delete(state: &mut State, call: &Call<'_>, item: &Item<'_>) -> Result<Answer, Answer> {
    let clientid = call.id(state, "clientid", "http-")?;
    let ccid = call.id(state, "ccid", "")?;
    let sender = Sender {
        clientid: &clientid,
        ccid: &ccid,
    };
    let deleted = state.delete(&item.place, item.key, sender, item.version);
    // A version that was is a conflict; one that never was is not found.
    let newest = |refused: Refused| match (refused.version, item.version) {
        (Some(newest), Some(asked)) if asked < newest => StatusCode::CONFLICT,
        _ => StatusCode::NOT_FOUND,
    };
    let deleted = deleted.map_err(|refused| status(refused, newest(refused)))?;
    Ok(Answer::status(StatusCode::OK).with_version(deleted.version))
}

/// The status of a refusal. That of a version that is not there depends.
fn status(refused: Refused, bad_version: StatusCode) -> Answer {
    let status = match refused.code {
        ChangeErrorCode::BadVersion => bad_version,
        // What cannot be applied was a bad request all the same.
        ChangeErrorCode::InvalidDiff => StatusCode::BAD_REQUEST,
        code => StatusCode::from_u16(code.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    let answer = Answer::status(status);
    match refused.version {
        Some(version) => answer.with_version(version),
        None => answer,
    }
}
