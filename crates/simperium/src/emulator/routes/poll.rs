//! Changes: polled for, and sent in bulk.

use std::collections::BTreeMap;

use http::StatusCode;
use sync_core::json::RawJson;

use super::{Call, Flow};
use crate::emulator::account::Caller;
use crate::emulator::answer::Answer;
use crate::emulator::bucket::Logged;
use crate::emulator::changes::refusal;
use crate::emulator::state::State;
use crate::emulator::submit::Place;
use crate::protocol::{Change, ClientChange, ServerChange};
use crate::wire::answer;

/// How many changes `all` gives at once, unless asked for otherwise.
const BATCH: usize = 100;

/// A question that may have to wait for its answer.
#[derive(Debug)]
pub(in crate::emulator) struct Poll {
    wait: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The changes of one bucket after this number; all if there is none.
    Changes { place: Place, after: Option<u64> },
    /// Those of all users' buckets of a name.
    All(Box<All>),
}

#[derive(Debug)]
struct All {
    app: String,
    bucket: String,
    after: u64,
    skipped: Vec<String>,
    batch: usize,
    data: bool,
    username: bool,
    most_recent: bool,
}

impl Poll {
    /// The answer, if there is one yet.
    pub(in crate::emulator) fn look(&self, state: &mut State) -> Option<Answer> {
        let texts = match &self.what {
            What::Changes { place, after } => {
                let (app, ids) = state.app(&place.app);
                let bucket = app.bucket(&place.userid, &place.bucket, ids);
                let text = |logged: &Logged| logged.text.to_string();
                let texts: Vec<String> = match after {
                    None => bucket.kept_since(0).map(text).collect(),
                    Some(after) => match bucket.since(*after) {
                        None => return Some(Answer::not_found()),
                        Some(changes) => changes.map(text).collect(),
                    },
                };
                texts
            }
            What::All(all) => match all.look(state) {
                Ok(texts) => texts,
                Err(answer) => return Some(answer),
            },
        };
        if texts.is_empty() && self.wait {
            return None;
        }
        Some(Answer::json(format!("[{}]", texts.join(","))))
    }
}

pub(super) fn changes(
    state: &mut State,
    call: &Call<'_>,
    caller: &Caller,
    bucket: &str,
) -> Result<Flow, Answer> {
    let place = call.place(caller, bucket)?;
    let cv = call.query.get("cv").filter(|cv| !cv.is_empty());
    let refused = cv.is_some() && state.refuses_cv();
    let after = match cv {
        None => None,
        Some(cv) => {
            let number = state.ids.number(cv).filter(|_| !refused);
            Some(number.ok_or_else(Answer::not_found)?)
        }
    };
    Ok(Flow::Poll(Poll {
        wait: call.query.get("wait") != Some("0"),
        what: What::Changes { place, after },
    }))
}

pub(super) fn all(
    state: &mut State,
    call: &Call<'_>,
    caller: &Caller,
    bucket: &str,
) -> Result<Flow, Answer> {
    if *caller != Caller::Admin {
        return Err(Answer::forbidden());
    }
    let cv = call.query.get("cv").filter(|cv| !cv.is_empty());
    let after = match cv {
        None => 0,
        Some(cv) => state.ids.number(cv).ok_or_else(Answer::not_found)?,
    };
    let batch = call.query.get("batch").filter(|batch| !batch.is_empty());
    let batch = batch.map(str::parse).transpose();
    let batch = batch.map_err(|_| Answer::bad_request())?;
    let all = All {
        app: call.app.clone(),
        bucket: bucket.to_owned(),
        after,
        skipped: call.query.all("skip_clientid").map(str::to_owned).collect(),
        batch: batch.unwrap_or(BATCH).max(1),
        data: call.query.is_on("data"),
        username: call.query.is_on("username"),
        most_recent: call.query.is_on("most_recent"),
    };
    Ok(Flow::Poll(Poll {
        wait: call.query.get("wait") != Some("0"),
        what: What::All(Box::new(all)),
    }))
}

impl All {
    fn look(&self, state: &mut State) -> Result<Vec<String>, Answer> {
        let (app, _) = state.app(&self.app);
        let mut found: BTreeMap<u64, (&str, &Logged)> = BTreeMap::new();
        for (userid, bucket) in app.of_all_users(&self.bucket) {
            if self.after > 0 && !bucket.is_kept_since(self.after) {
                return Err(Answer::not_found());
            }
            let changes = bucket.kept_since(self.after);
            let wanted = changes.filter(|logged| !self.skipped.contains(&logged.change.clientid));
            found.extend(wanted.map(|logged| (logged.number, (userid, logged))));
        }
        if self.most_recent {
            let newest: BTreeMap<(&str, &str), u64> = found
                .values()
                .map(|(userid, logged)| ((*userid, logged.change.id.as_str()), logged.number))
                .collect();
            found.retain(|number, (userid, logged)| {
                newest.get(&(*userid, logged.change.id.as_str())) == Some(number)
            });
        }
        let page = found.into_values().take(self.batch);
        let texts = page.map(|(userid, logged)| {
            let change = logged.change.as_ref();
            let bucket = app.existing(userid, &self.bucket);
            let document = bucket.and_then(|bucket| bucket.current(&change.id));
            // What is deleted has none.
            let data = || document.map_or_else(RawJson::null, |document| document.raw().clone());
            let user = app.user(userid).filter(|_| self.username);
            serde_json::to_string(&Change {
                id: format!("{userid}/{}", change.id),
                d: self.data.then(data),
                username: user.map(|user| user.username.clone()),
                ..change.clone()
            })
        });
        texts
            .collect::<Result<_, _>>()
            .map_err(|_| Answer::status(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

pub(super) fn bulk(
    state: &mut State,
    call: &Call<'_>,
    caller: &Caller,
    bucket: &str,
) -> Result<Flow, Answer> {
    let place = call.place(caller, bucket)?;
    let clientid = call.id(state, "clientid", "http-")?;
    // What cannot be read concerns one change, not those beside it.
    let changes: Vec<RawJson> = answer::decoded(call.body).map_err(|_| Answer::bad_request())?;
    let admin = *caller == Caller::Admin;
    let answers: Vec<ServerChange> = changes
        .iter()
        .map(|change| match change.decode::<ClientChange>() {
            Ok(change) => state.apply(&place, &clientid, admin, &change),
            Err(_) => {
                let fields: serde_json::Value = change.decode().unwrap_or_default();
                let field = |name: &str| {
                    let field = fields.get(name).and_then(serde_json::Value::as_str);
                    field.unwrap_or_default()
                };
                refusal(field("id"), &clientid, 400.into(), field("ccid"))
            }
        })
        .collect();
    // Who does not wait reads of it in `changes`.
    Ok(Flow::Write(if call.query.is_on("wait") {
        Answer::value(&answers)
    } else {
        Answer::status(StatusCode::OK)
    }))
}
