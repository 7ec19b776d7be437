//! Changes: taken, rebased, refused.

use crate::jsondiff::{Diff, DiffError};
use crate::protocol::{Change, ChangeErrorCode, Operation};

use super::bucket::{self, Logged};
use super::document::{Document, Object};
use super::rebase;
use super::state::State;

/// Who makes the changes that nobody asked for.
const SERVER: &str = "server";

/// A bucket of a user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// In lower case.
    pub(super) app: String,
    pub(super) userid: String,
    pub(super) bucket: String,
}

/// Who sends a change, and which.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender<'a> {
    pub(super) clientid: &'a str,
    pub(super) ccid: &'a str,
}

/// What an edit is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Nothing: there is no such entity.
    New,
    /// This version.
    Version(u64),
    /// The newest version, or nothing.
    Newest,
}

/// What is done to an object.
#[derive(Debug)]
pub(super) enum Edit {
    Diff(Diff),
    /// It becomes this one.
    Replace(Object),
    /// Its top-level keys are set to these values.
    Merge(Object),
}

/// What came of an edit.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) version: u64,
    pub(super) logged: Logged,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: ChangeErrorCode,
    /// The entity's version, where it says something.
    pub(super) version: Option<u64>,
}

impl From<ChangeErrorCode> for Refused {
    fn from(code: ChangeErrorCode) -> Self {
        Self {
            code,
            version: None,
        }
    }
}

impl From<DiffError> for Refused {
    fn from(_: DiffError) -> Self {
        ChangeErrorCode::InvalidDiff.into()
    }
}

impl State {
    /// Creates or modifies an entity.
    pub(super) fn modify(
        &mut self,
        place: &Place,
        key: &str,
        sender: Sender<'_>,
        source: Source,
        edit: Edit,
    ) -> Result<Written, Refused> {
        let rules = self.rules_of(place);
        let differ = rules.differ();
        let (app, ids) = self.app(&place.app);
        let bucket = app.bucket(&place.userid, &place.bucket, ids);
        if bucket.has_seen(key, sender.ccid) {
            return Err(ChangeErrorCode::Duplicate.into());
        }
        let current = bucket.versioned(key);
        let nothing = || Document::empty().ok_or(ChangeErrorCode::Server(500));
        let (base, current) = match (source, current) {
            (Source::New | Source::Newest, None) => (nothing()?, None),
            (Source::New, Some(_)) => return Err(ChangeErrorCode::BadVersion.into()),
            (Source::Newest, Some((version, document))) => {
                (document.clone(), Some((version, document.clone())))
            }
            (Source::Version(_), None) => return Err(ChangeErrorCode::NotFound.into()),
            (Source::Version(wanted), Some((version, document))) => {
                let base = bucket.version(key, wanted);
                let base = base.ok_or(ChangeErrorCode::BadVersion)?;
                (base.clone(), Some((version, document.clone())))
            }
        };
        let newest = current.as_ref().map_or(&base, |(_, document)| document);
        let is_newest = match source {
            Source::Version(wanted) => current
                .as_ref()
                .is_some_and(|(version, _)| *version == wanted),
            Source::New | Source::Newest => true,
        };
        let rebased = if is_newest {
            rebase::onto(edit, newest, &differ)?
        } else {
            rebase::over(edit, &base, newest, &differ)?
        };
        let version = current.as_ref().map(|(version, _)| *version);
        // An empty difference: numbers may be written otherwise.
        let is_same = rebased.diff.is_empty() || rebased.object == *newest.value();
        if version.is_some() && is_same {
            return Err(Refused {
                code: ChangeErrorCode::Unchanged,
                version,
            });
        }
        if !rules.accepts(&rebased.object) {
            return Err(ChangeErrorCode::Invalid.into());
        }
        let document = Document::new(rebased.object).ok_or(ChangeErrorCode::Server(500))?;
        if document.text().len() > rules.config.max_object_bytes {
            return Err(ChangeErrorCode::TooLarge.into());
        }
        let number = ids.next_cv();
        let ev = bucket.next_version(key);
        let change = Change {
            id: key.to_owned(),
            operation: Operation::Modify,
            v: rebase::to_json(&rebased.diff),
            clientid: sender.clientid.to_owned(),
            ccids: vec![sender.ccid.to_owned()],
            ev: Some(ev),
            sv: version,
            cv: ids.cv(number),
            d: None,
            username: None,
        };
        let logged = bucket.write(number, change, document, &rules.config);
        self.announce(place, &logged);
        if let (None, Some(capacity)) = (version, rules.capacity) {
            self.make_room(place, capacity.max(1));
        }
        Ok(Written {
            version: ev,
            logged,
        })
    }

    /// Deletes what was not changed for the longest time, until there are not
    /// more entities than this.
    fn make_room(&mut self, place: &Place, capacity: usize) {
        loop {
            let (app, ids) = self.app(&place.app);
            let bucket = app.bucket(&place.userid, &place.bucket, ids);
            let oldest = bucket.oldest().filter(|_| bucket.len() > capacity);
            let Some(key) = oldest.map(str::to_owned) else {
                return;
            };
            let ccid = ids.hex();
            let sender = Sender {
                clientid: SERVER,
                ccid: &ccid,
            };
            self.remove(place, &key, sender);
        }
    }

    /// Deletes an entity; of this version, if one is given.
    pub(super) fn delete(
        &mut self,
        place: &Place,
        key: &str,
        sender: Sender<'_>,
        version: Option<u64>,
    ) -> Result<Written, Refused> {
        let rules = self.rules_of(place);
        let (app, ids) = self.app(&place.app);
        let bucket = app.bucket(&place.userid, &place.bucket, ids);
        if bucket.has_seen(key, sender.ccid) {
            return Err(ChangeErrorCode::Duplicate.into());
        }
        let (current, document) = bucket.versioned(key).ok_or(ChangeErrorCode::NotFound)?;
        if version.is_some_and(|version| version != current) {
            return Err(Refused {
                code: ChangeErrorCode::BadVersion,
                version: Some(current),
            });
        }
        if !rules.lets_go(document.value()) {
            return Err(ChangeErrorCode::Invalid.into());
        }
        Ok(self.remove(place, key, sender))
    }

    /// Deletes an entity that is there.
    fn remove(&mut self, place: &Place, key: &str, sender: Sender<'_>) -> Written {
        let (app, ids) = self.app(&place.app);
        let bucket = app.bucket(&place.userid, &place.bucket, ids);
        let number = ids.next_cv();
        let version = bucket.next_version(key);
        let change = bucket::deletion(key, sender.clientid, sender.ccid, version, ids.cv(number));
        let logged = bucket.delete(number, change);
        self.announce(place, &logged);
        Written { version, logged }
    }

    /// Deletes all entities of a bucket.
    pub(super) fn empty(
        &mut self,
        place: &Place,
        operation: Operation,
        sender: Sender<'_>,
    ) -> Result<Logged, Refused> {
        let (app, ids) = self.app(&place.app);
        let bucket = app.bucket(&place.userid, &place.bucket, ids);
        if bucket.has_seen(&place.bucket, sender.ccid) {
            return Err(ChangeErrorCode::Duplicate.into());
        }
        if bucket.is_empty() {
            return Err(ChangeErrorCode::Unchanged.into());
        }
        let number = ids.next_cv();
        let change = Change {
            operation,
            ev: None,
            ..bucket::deletion(
                &place.bucket,
                sender.clientid,
                sender.ccid,
                0,
                ids.cv(number),
            )
        };
        let logged = bucket.empty(number, change);
        self.announce(place, &logged);
        Ok(logged)
    }

    fn announce(&mut self, place: &Place, logged: &Logged) {
        self.made += 1;
        let times = 1 + usize::from(self.repeated_changes > 0);
        self.repeated_changes = self.repeated_changes.saturating_sub(1);
        for _ in 0..times {
            self.broadcast(place, logged);
        }
        self.changed.send_modify(|count| *count += 1);
    }
}
