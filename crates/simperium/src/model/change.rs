//! Changes: received, and sent in bulk.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_core::Error;
use sync_core::json::RawJson;

use super::cv::Cv;
use super::name::{Ccid, Key, NameError};
use crate::jsondiff::Diff;
use crate::protocol::{Change, ChangeErrorCode, ClientChange, Operation};
use crate::wire::{answer, object};

impl Change {
    /// The place of this change: go on from here.
    pub fn position(&self) -> Cv {
        Cv::new(self.cv.clone())
    }

    /// The difference to the version before; none for a deletion.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](sync_core::ErrorKind::Decode) when it has an
    /// operation that is not known. Read the entity then.
    pub fn diff(&self) -> Result<Option<Diff>, Error> {
        self.v
            .as_ref()
            .map(|raw| answer::diff(raw.as_str().as_bytes()))
            .transpose()
    }

    /// The whole object, where it was asked for: changes of `all` with `data`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](sync_core::ErrorKind::Decode) when it is no `T`.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        match &self.d {
            Some(raw) if raw.as_str() != "null" => {
                answer::decoded(raw.as_str().as_bytes()).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The user and the key, in a change of `all`, whose id has both.
    pub fn user_and_key(&self) -> Option<(&str, &str)> {
        self.id.split_once('/')
    }

    /// Whether it came of the change that was sent with this id.
    pub fn is_of(&self, ccid: &Ccid) -> bool {
        self.ccids.iter().any(|known| ccid == known.as_str())
    }
}

/// One change of many that are sent at once.
///
/// It has its [`Ccid`] from the beginning, so that sending the same ones again
/// does nothing twice. Arguments are checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkChange(pub(crate) ClientChange);

impl BulkChange {
    fn new(
        key: Result<Key, NameError>,
        operation: Operation,
        sv: Option<u64>,
    ) -> Result<Self, Error> {
        Ok(Self(ClientChange {
            id: key?.into(),
            operation,
            ccid: Ccid::random()?.into(),
            sv,
            v: None,
            d: None,
        }))
    }

    /// A new entity. Refused when there is one already.
    ///
    /// # Errors
    ///
    /// When the key is none, or `object` is no JSON object.
    pub fn create<K>(key: K, object: &(impl Serialize + ?Sized)) -> Result<Self, Error>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let mut change = Self::new(key.try_into().map_err(Into::into), Operation::Modify, None)?;
        change.0.v = Some(additions(object)?);
        Ok(change)
    }

    /// A difference to the version `sv` of an entity.
    ///
    /// # Errors
    ///
    /// When the key is none.
    pub fn modify<K>(key: K, sv: u64, diff: &Diff) -> Result<Self, Error>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = key.try_into().map_err(Into::into);
        let mut change = Self::new(key, Operation::Modify, Some(sv))?;
        change.0.v = Some(object::raw(diff)?);
        Ok(change)
    }

    /// A whole object, made out of the version `sv` of an entity. The service
    /// makes the difference, and rebases it onto what came since.
    ///
    /// # Errors
    ///
    /// When the key is none, or `object` is no JSON object.
    pub fn replace<K>(key: K, sv: u64, object: &(impl Serialize + ?Sized)) -> Result<Self, Error>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = key.try_into().map_err(Into::into);
        let mut change = Self::new(key, Operation::Modify, Some(sv))?;
        change.0.d = Some(object::raw(object)?);
        Ok(change)
    }

    /// A deletion.
    ///
    /// # Errors
    ///
    /// When the key is none.
    pub fn delete<K>(key: K) -> Result<Self, Error>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        Self::new(key.try_into().map_err(Into::into), Operation::Delete, None)
    }

    /// The same change with another id.
    #[must_use]
    pub fn with_ccid(mut self, ccid: &Ccid) -> Self {
        self.0.ccid = ccid.as_str().to_owned();
        self
    }

    /// The key of its entity.
    pub fn key(&self) -> Key {
        Key::received(&self.0.id)
    }

    /// Its id.
    pub fn ccid(&self) -> &str {
        &self.0.ccid
    }
}

/// The difference from nothing to an object: all its keys are added.
fn additions(value: &(impl Serialize + ?Sized)) -> Result<RawJson, Error> {
    #[derive(Serialize)]
    struct Add {
        o: &'static str,
        v: RawJson,
    }

    let keys = object::keys(value)?;
    let added: std::collections::BTreeMap<String, Add> = keys
        .into_iter()
        .map(|(key, v)| (key, Add { o: "+", v }))
        .collect();
    object::raw(&added)
}

/// What became of one change of many.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkOutcome {
    /// It was made; as the service made it.
    Applied(Box<Change>),
    /// It was made before (409).
    AlreadyApplied,
    /// It changes nothing (412).
    Unchanged,
    /// It was refused.
    Refused(ChangeErrorCode),
    /// The answer does not speak of it. Send it again, or look.
    Unanswered,
}

impl BulkOutcome {
    /// Whether the entity is now as the change wants it.
    pub const fn is_done(&self) -> bool {
        matches!(
            self,
            Self::Applied(_) | Self::AlreadyApplied | Self::Unchanged
        )
    }
}

/// One change of many, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkResult {
    /// The entity.
    pub key: Key,
    /// The id that the change was sent with.
    pub ccid: String,
    /// What became of it.
    pub outcome: BulkOutcome,
}
