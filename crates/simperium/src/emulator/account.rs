//! Apps, their users, and who a token belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use sync_core::Secret;

use super::bucket::Bucket;
use super::document::Document;
use super::state::Ids;

/// Tokens that begin so belong to users of that name, without being created.
const LAB: &str = "lab-";
/// Tokens and API keys that begin so have administrator's rights.
const LAB_ADMIN: &str = "lab-admin";
/// The name of the bucket with the options of buckets.
pub(super) const OPTIONS_BUCKET: &str = "__options__";
/// Whose buckets belong to the app itself.
const NOBODY: &str = "";

/// A user as [`Emulator::create_user`](super::Emulator::create_user) makes them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The user's id.
    pub userid: String,
    /// The user's name, an e-mail address.
    pub username: String,
    /// An access token.
    pub token: Secret<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("userid", &self.userid)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What happens when a user logs in with the right password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginRule {
    /// They get a token.
    #[default]
    Allowed,
    /// 401 `compromised password`.
    Compromised,
    /// 403 `verification required`.
    VerificationRequired,
    /// 429 with an empty body, and how long to wait if that is told.
    Throttled {
        /// `Retry-After`, in whole seconds.
        retry_after: Option<Duration>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) userid: String,
    pub(super) username: String,
    /// None for users that only ever had a token.
    pub(super) password: Option<Secret<String>>,
    pub(super) rule: LoginRule,
}

/// Who a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    User(String),
    Admin,
}

#[derive(Debug, Default)]
pub(super) struct App {
    /// By id.
    users: BTreeMap<String, User>,
    tokens: BTreeMap<String, String>,
    expired: BTreeSet<String>,
    /// By user and name.
    buckets: BTreeMap<String, BTreeMap<String, Bucket>>,
}

impl App {
    /// Who a token belongs to, if it is good.
    pub(super) fn caller(&mut self, token: &str, ids: &mut Ids) -> Option<Caller> {
        if self.expired.contains(token) {
            return None;
        }
        if is_admin(token) {
            return Some(Caller::Admin);
        }
        if let Some(userid) = self.tokens.get(token) {
            return Some(Caller::User(userid.clone()));
        }
        if !token.starts_with(LAB) {
            return None;
        }
        let userid = self.add_user(format!("{token}@example.com"), None, ids);
        self.tokens.insert(token.to_owned(), userid.clone());
        Some(Caller::User(userid))
    }

    pub(super) fn expire(&mut self, token: &str) {
        self.expired.insert(token.to_owned());
    }

    /// A new user's id.
    pub(super) fn add_user(
        &mut self,
        username: String,
        password: Option<Secret<String>>,
        ids: &mut Ids,
    ) -> String {
        let userid = ids.hex();
        let user = User {
            userid: userid.clone(),
            username,
            password,
            rule: LoginRule::default(),
        };
        self.users.insert(userid.clone(), user);
        userid
    }

    /// A new token of a user.
    pub(super) fn issue(&mut self, userid: &str, ids: &mut Ids) -> String {
        let token = ids.hex();
        self.tokens.insert(token.clone(), userid.to_owned());
        token
    }

    pub(super) fn user(&self, userid: &str) -> Option<&User> {
        self.users.get(userid)
    }

    pub(super) fn named(&mut self, username: &str) -> Option<&mut User> {
        let mut users = self.users.values_mut();
        users.find(|user| user.username == username)
    }

    /// Everything of a user.
    pub(super) fn remove_user(&mut self, userid: &str) {
        self.users.remove(userid);
        self.tokens.retain(|_, of| of != userid);
        self.buckets.remove(userid);
    }

    /// A user's bucket, made when it is not there. The options of buckets are
    /// the app's.
    pub(super) fn bucket(&mut self, userid: &str, name: &str, ids: &mut Ids) -> &mut Bucket {
        let userid = if name == OPTIONS_BUCKET {
            NOBODY
        } else {
            userid
        };
        // An administrator may write for users that never logged in.
        let buckets = self.buckets.entry(userid.to_owned()).or_default();
        buckets
            .entry(name.to_owned())
            .or_insert_with(|| Bucket::new(ids.next_cv()))
    }

    /// A user's bucket, if it is there.
    pub(super) fn existing(&self, userid: &str, name: &str) -> Option<&Bucket> {
        let userid = if name == OPTIONS_BUCKET {
            NOBODY
        } else {
            userid
        };
        self.buckets.get(userid)?.get(name)
    }

    pub(super) fn bucket_names(&self, userid: &str) -> Vec<String> {
        let buckets = self.buckets.get(userid).into_iter();
        buckets.flat_map(BTreeMap::keys).cloned().collect()
    }

    /// The buckets of this name, with their users' ids.
    pub(super) fn of_all_users(&self, name: &str) -> impl Iterator<Item = (&str, &Bucket)> {
        let buckets = self.buckets.iter();
        buckets.filter_map(move |(userid, buckets)| Some((userid.as_str(), buckets.get(name)?)))
    }

    pub(super) fn all_buckets(&mut self) -> impl Iterator<Item = &mut Bucket> {
        self.buckets.values_mut().flat_map(BTreeMap::values_mut)
    }

    /// What the app's options say of a bucket.
    pub(super) fn options(&self, bucket: &str) -> Option<&serde_json::Value> {
        let options = self.existing(NOBODY, OPTIONS_BUCKET)?;
        options.current(bucket).map(Document::value)
    }

    /// One of them.
    pub(super) fn option(&self, bucket: &str, name: &str) -> Option<&serde_json::Value> {
        self.options(bucket)?.get(name)
    }
}

/// Whether a token or an API key has administrator's rights.
pub(super) fn is_admin(key: &str) -> bool {
    key.starts_with(LAB_ADMIN)
}

/// Whether a token could be one at all, as the streaming protocol tells apart.
pub(super) fn is_well_formed(token: &str) -> bool {
    token.starts_with(LAB)
        || (token.len() >= 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
