//! Users: made, logged in, changed, removed.

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};
use sync_core::Secret;

use super::{Call, Flow};
use crate::emulator::account::{LoginRule, is_admin};
use crate::emulator::answer::Answer;
use crate::emulator::query::Query;
use crate::emulator::state::State;

const API_KEY: &str = "x-simperium-api-key";
const WRONG: &str = "invalid username or password";

pub(super) fn run(state: &mut State, call: &Call<'_>, verb: &str) -> Result<Flow, Answer> {
    let run = match verb {
        "create" => create,
        "authorize" => authorize,
        "update" => update,
        "reset_password" => reset_password,
        "delete" => delete,
        _ => return Err(Answer::not_found()),
    };
    if call.method != Method::POST {
        return Err(Answer::not_allowed());
    }
    let form = Form::read(call)?;
    let key = call.header(API_KEY).or_else(|| form.get("client_id"));
    let key = key
        .filter(|key| state.api_keys.is_empty() || is_admin(key) || state.api_keys.contains(*key));
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return Err(Answer::text(StatusCode::UNAUTHORIZED, "invalid api key"));
    };
    let asking = Asking {
        app: &call.app,
        is_admin: is_admin(key),
    };
    run(state, &asking, &form).map(Flow::Answer)
}

struct Asking<'a> {
    app: &'a str,
    is_admin: bool,
}

impl Asking<'_> {
    fn must_be_admin(&self) -> Result<(), Answer> {
        if self.is_admin {
            return Ok(());
        }
        Err(Answer::text(StatusCode::UNAUTHORIZED, "admin key required"))
    }
}

/// The fields of a request, however they were sent.
struct Form {
    form: Query,
    json: Map<String, Value>,
}

impl Form {
    /// One client of the service sends JSON without saying so, so that it's the
    /// form that has to be named.
    fn read(call: &Call<'_>) -> Result<Self, Answer> {
        let kind = call.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let (mut form, mut json) = (Query::default(), Map::new());
        if kind.starts_with("application/x-www-form-urlencoded") {
            let text = std::str::from_utf8(call.body).ok();
            form = text
                .and_then(Query::parse)
                .ok_or_else(Answer::bad_request)?;
        } else {
            json = serde_json::from_slice(call.body).map_err(|_| Answer::bad_request())?;
        }
        Ok(Self { form, json })
    }

    fn get(&self, name: &str) -> Option<&str> {
        let json = || self.json.get(name).and_then(Value::as_str);
        self.form.get(name).or_else(json)
    }

    fn must(&self, name: &str) -> Result<&str, Answer> {
        let field = self.get(name).filter(|value| !value.is_empty());
        field.ok_or_else(|| Answer::text(StatusCode::BAD_REQUEST, format!("{name} is missing")))
    }
}

fn create(state: &mut State, asking: &Asking<'_>, form: &Form) -> Result<Answer, Answer> {
    let username = form.must("username")?;
    let password = form.must("password")?;
    let (app, ids) = state.app(asking.app);
    if app.named(username).is_some() {
        return Err(Answer::text(StatusCode::CONFLICT, "user exists"));
    }
    let password = Secret::from(password);
    let userid = app.add_user(username.to_owned(), Some(password), ids);
    Ok(logged_in(state, asking, username, &userid))
}

fn logged_in(state: &mut State, asking: &Asking<'_>, username: &str, userid: &str) -> Answer {
    let (app, ids) = state.app(asking.app);
    let token = app.issue(userid, ids);
    Answer::value(&json!({"username": username, "access_token": token, "userid": userid}))
}

/// Sees that the password is right, and that the user may log in.
fn check(state: &mut State, asking: &Asking<'_>, form: &Form) -> Result<String, Answer> {
    let username = form.must("username")?;
    let password = Secret::from(form.must("password")?);
    let (app, _) = state.app(asking.app);
    let user = app.named(username);
    let user = user.filter(|user| user.password.as_ref() == Some(&password));
    let user = user.ok_or_else(|| Answer::text(StatusCode::UNAUTHORIZED, WRONG))?;
    match user.rule {
        LoginRule::Allowed => Ok(user.userid.clone()),
        LoginRule::Compromised => Err(Answer::text(
            StatusCode::UNAUTHORIZED,
            "compromised password",
        )),
        LoginRule::VerificationRequired => {
            Err(Answer::text(StatusCode::FORBIDDEN, "verification required"))
        }
        LoginRule::Throttled { retry_after } => {
            let mut answer = Answer::status(StatusCode::TOO_MANY_REQUESTS);
            if let Some(delay) = retry_after {
                answer
                    .headers
                    .insert(RETRY_AFTER, HeaderValue::from(delay.as_secs()));
            }
            Err(answer)
        }
    }
}

fn authorize(state: &mut State, asking: &Asking<'_>, form: &Form) -> Result<Answer, Answer> {
    let userid = check(state, asking, form)?;
    Ok(logged_in(state, asking, form.must("username")?, &userid))
}

fn success() -> Answer {
    Answer::value(&json!({"status": "success"}))
}

fn update(state: &mut State, asking: &Asking<'_>, form: &Form) -> Result<Answer, Answer> {
    let userid = check(state, asking, form)?;
    let (app, _) = state.app(asking.app);
    let new_name = form.get("new_username").filter(|name| !name.is_empty());
    let taken = new_name.and_then(|name| app.named(name));
    if taken.is_some_and(|user| user.userid != userid) {
        return Err(Answer::text(StatusCode::CONFLICT, "user exists"));
    }
    let new_password = form
        .get("new_password")
        .filter(|password| !password.is_empty());
    if let Some(user) = app.named(form.must("username")?) {
        if let Some(password) = new_password {
            user.password = Some(password.into());
        }
        if let Some(name) = new_name {
            user.username = name.to_owned();
        }
    }
    Ok(success())
}

fn reset_password(state: &mut State, asking: &Asking<'_>, form: &Form) -> Result<Answer, Answer> {
    asking.must_be_admin()?;
    let password = form.must("new_password")?;
    let (app, _) = state.app(asking.app);
    let user = app.named(form.must("username")?);
    let user = user.ok_or_else(Answer::not_found)?;
    user.password = Some(password.into());
    Ok(success())
}

fn delete(state: &mut State, asking: &Asking<'_>, form: &Form) -> Result<Answer, Answer> {
    asking.must_be_admin()?;
    let (app, _) = state.app(asking.app);
    let user = app.named(form.must("username")?);
    let userid = user.map(|user| user.userid.clone());
    app.remove_user(&userid.ok_or_else(Answer::not_found)?);
    Ok(success())
}
