//! The calls of the service.
//!
//! Every write carries a change id, with which the service makes it once: all
//! of them may be repeated. Of the calls about users, a repetition could meet
//! what the first attempt has done.

use sync_core::Operation;

const NAME: &str = "simperium";
const ITEM: &str = "/{bucket}/i/{key}";
const VERSION: &str = "/{bucket}/i/{key}/v/{version}";
const CHANGES: &str = "/{bucket}/changes";
const ALL: &str = "/{bucket}/all";

pub(crate) static CREATE: Operation = Operation::post(NAME, "auth.create", "/create/");
pub(crate) static AUTHORIZE: Operation =
    Operation::post(NAME, "auth.authorize", "/authorize/").idempotent();
pub(crate) static UPDATE: Operation = Operation::post(NAME, "auth.update", "/update/");
pub(crate) static RESET_PASSWORD: Operation =
    Operation::post(NAME, "auth.reset_password", "/reset_password/").idempotent();
pub(crate) static DELETE_USER: Operation =
    Operation::post(NAME, "auth.delete", "/delete/").idempotent();

pub(crate) static USER: Operation = Operation::get(NAME, "user", "/user");
pub(crate) static BUCKETS: Operation = Operation::get(NAME, "buckets", "/buckets");
pub(crate) static INDEX: Operation = Operation::get(NAME, "index", "/{bucket}/index");
pub(crate) static INDEX_SINCE: Operation = Operation::get(NAME, "index.since", "/{bucket}/index");
pub(crate) static GET: Operation = Operation::get(NAME, "get", ITEM);
pub(crate) static GET_VERSION: Operation = Operation::get(NAME, "get_version", VERSION);
pub(crate) static POST: Operation = Operation::post(NAME, "post", ITEM).idempotent();
pub(crate) static POST_AT: Operation = Operation::post(NAME, "post_at", VERSION).idempotent();
pub(crate) static DELETE: Operation = Operation::delete(NAME, "delete", ITEM);
pub(crate) static DELETE_VERSION: Operation = Operation::delete(NAME, "delete_version", VERSION);
pub(crate) static POLL: Operation = Operation::get(NAME, "changes", CHANGES);
pub(crate) static POLL_SINCE: Operation = Operation::get(NAME, "changes.since", CHANGES);
pub(crate) static POLL_ALL: Operation = Operation::get(NAME, "all", ALL);
pub(crate) static POLL_ALL_SINCE: Operation = Operation::get(NAME, "all.since", ALL);
#[cfg(feature = "sync")]
pub(crate) static SOCKET: Operation = Operation::get(NAME, "socket", "/websocket");
pub(crate) static BULK: Operation = Operation::post(NAME, "bulk", CHANGES).idempotent();

/// What a refusal of a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A user's name and password.
    Login,
    /// The API key.
    Key,
    /// A change version, too.
    Since,
    /// Entities.
    Data,
}

pub(crate) fn kind(operation: &Operation) -> Kind {
    match operation.name() {
        "auth.authorize" | "auth.update" => Kind::Login,
        name if name.starts_with("auth.") => Kind::Key,
        name if name.ends_with(".since") => Kind::Since,
        _ => Kind::Data,
    }
}
