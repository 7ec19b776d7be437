//! The objects of a bucket, as this device has them.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::job::Step;
use super::machine::Edit;
use super::{Events, KeyStatus, SyncError, SyncState, Syncer};
use crate::api::{Bucket, History};
use crate::jsondiff::{Lost, merge};
use crate::model::{BucketName, Key, NameError};
use crate::store::{ConflictCopy, ConflictId, Json, PendingState, Place, Record};

/// How many rows are read from the store at a time.
const PAGE: usize = 1000;

/// A bucket whose objects are here, each a `T`. Cheap to clone.
///
/// Reading and editing is done in the store, whether the service can be reached
/// or not: an edit that returned is kept, and reaches the service when it can.
/// Keys are taken as text or as [`Key`]s.
pub struct SyncedBucket<T = Value> {
    syncer: Syncer,
    name: BucketName,
    index: usize,
    objects: PhantomData<fn() -> T>,
}

impl<T> SyncedBucket<T> {
    pub(super) fn of(syncer: Syncer, name: BucketName, index: usize) -> Self {
        Self {
            syncer,
            name,
            index,
            objects: PhantomData,
        }
    }

    /// Its name.
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    /// The syncer that it belongs to.
    pub fn syncer(&self) -> &Syncer {
        &self.syncer
    }

    /// What happens in it from now on.
    pub fn subscribe(&self) -> Events {
        self.syncer.subscribe(self.index)
    }

    /// Runs `work` in the store, behind whatever was asked for before.
    async fn run<R, F>(&self, work: F) -> Result<R, SyncError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Step<'_>, usize) -> Result<R, SyncError> + Send + 'static,
    {
        let index = self.index;
        self.syncer.run(move |step| work(step, index)).await
    }

    /// Deletes an object; says whether there was one.
    ///
    /// # Errors
    ///
    /// [`SyncError::Name`], [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn delete<K>(&self, key: K) -> Result<bool, SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        self.run(move |step, bucket| {
            let there = step.object(bucket, &key)?.is_some();
            if there {
                step.edit(bucket, &key, Edit::Delete)?;
            }
            Ok(there)
        })
        .await
    }

    /// Sends what the service has [rejected](SyncState::Rejected) once more.
    ///
    /// # Errors
    ///
    /// [`SyncError::Name`], [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn retry<K>(&self, key: K) -> Result<(), SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        self.run(move |step, bucket| {
            Ok(step.tell(|machine, turn| machine.retry(bucket, &key, turn))?)
        })
        .await
    }

    /// How things stand with an object.
    ///
    /// # Errors
    ///
    /// [`SyncError::Name`], [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn status<K>(&self, key: K) -> Result<KeyStatus, SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        self.run(move |step, bucket| {
            let name = step.name(bucket).clone();
            let record = step.tx.record(&name, &key)?;
            let pending = step.tx.pending(&name, &key)?;
            Ok(KeyStatus::of(record.as_ref(), pending.as_ref()))
        })
        .await
    }

    /// The objects with edits that the service has not acknowledged, oldest
    /// first, those that it has rejected last.
    ///
    /// # Errors
    ///
    /// [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn pending(&self) -> Result<Vec<(Key, SyncState)>, SyncError> {
        self.run(|step, bucket| {
            let name = step.name(bucket).clone();
            let mut unsent = queue(step, &name, PendingState::InFlight)?;
            unsent.extend(queue(step, &name, PendingState::Acknowledged)?);
            unsent.extend(queue(step, &name, PendingState::Dirty)?);
            unsent.sort_by_key(|(place, _, _)| *place);
            unsent.extend(queue(step, &name, PendingState::Parked)?);
            let pending = unsent.into_iter();
            Ok(pending.map(|(_, key, state)| (key, state)).collect())
        })
        .await
    }

    /// Waits until the service has every edit of this bucket, and everything
    /// that it had is here. What it has [rejected](SyncState::Rejected) is not
    /// waited for.
    ///
    /// # Errors
    ///
    /// [`SyncError::TimedOut`] when it takes longer than `limit`,
    /// [`SyncError::Stopped`].
    pub async fn wait_synced(&self, limit: Duration) -> Result<(), SyncError> {
        self.syncer.wait_for(Some(self.index), limit).await
    }

    /// What conflicts were about that nobody has [settled](Self::settle) yet,
    /// oldest first.
    ///
    /// # Errors
    ///
    /// [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn conflicts(&self) -> Result<Vec<(ConflictId, ConflictCopy)>, SyncError> {
        self.run(|step, bucket| {
            let name = step.name(bucket).clone();
            let (mut all, mut after) = (Vec::new(), ConflictId::default());
            loop {
                let page = step.tx.conflicts(&name, after, PAGE)?;
                let more = page.len() == PAGE;
                after = page.last().map_or(after, |(id, _)| *id);
                all.extend(page);
                if !more {
                    return Ok(all);
                }
            }
        })
        .await
    }

    /// Forgets what a conflict was about: the user has seen to it.
    ///
    /// # Errors
    ///
    /// [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn settle(&self, conflict: ConflictId) -> Result<(), SyncError> {
        self.run(move |step, bucket| {
            let name = step.name(bucket).clone();
            Ok(step.tx.remove_conflict(&name, conflict)?)
        })
        .await
    }
}

impl<T: Serialize + DeserializeOwned> SyncedBucket<T> {
    /// Puts a new object into the bucket, under a random key.
    ///
    /// # Errors
    ///
    /// [`SyncError::Service`] when this is no JSON object,
    /// [`SyncError::Store`], [`SyncError::Stopped`].
    #[allow(clippy::new_ret_no_self, reason = "the service's own word")]
    pub async fn new(&self, object: &T) -> Result<Key, SyncError> {
        let key = Key::random()?;
        self.put(&key, object).await?;
        Ok(key)
    }

    /// Makes an object this one.
    ///
    /// What else came for it since it was read is undone: where a user edits
    /// for a while what was read, use [`edit`](Self::edit).
    ///
    /// # Errors
    ///
    /// [`SyncError::Name`], [`SyncError::Service`] when this is no JSON object,
    /// [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn put<K>(&self, key: K, object: &T) -> Result<(), SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        let object = Json::of(object)?;
        self.run(move |step, bucket| step.edit(bucket, &key, Edit::Put(object)))
            .await
    }

    /// Puts many objects, all or none of them.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn put_all<'a, K>(
        &self,
        objects: impl IntoIterator<Item = (K, &'a T)>,
    ) -> Result<(), SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
        T: 'a,
    {
        let objects = objects
            .into_iter()
            .map(|(key, object)| Ok((checked(key)?, Json::of(object)?)))
            .collect::<Result<Vec<_>, SyncError>>()?;
        self.run(move |step, bucket| {
            for (key, object) in objects {
                step.edit(bucket, &key, Edit::Put(object))?;
            }
            Ok(())
        })
        .await
    }

    /// Sets keys of an object, and leaves its other keys as they are. What is
    /// below a key is replaced as a whole.
    ///
    /// # Errors
    ///
    /// [`SyncError::NotFound`] when there is no such object, and otherwise as
    /// [`put`](Self::put).
    pub async fn patch<K>(&self, key: K, patch: &(impl Serialize + ?Sized)) -> Result<(), SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        let patch = Json::of(patch)?;
        self.run(move |step, bucket| {
            step.object(bucket, &key)?.ok_or(SyncError::NotFound)?;
            step.edit(bucket, &key, Edit::Merge(patch))
        })
        .await
    }

    /// Does to an object what made `after` of `before`, and returns what could
    /// not be done because the object has changed meanwhile. It is made anew if
    /// it is gone.
    ///
    /// This is for objects that a user edits for a while: `before` is what was
    /// read, and what has come from other devices since then stays.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub async fn edit<K>(&self, key: K, before: &T, after: &T) -> Result<Vec<Lost>, SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        let before: Value = Json::of(before)?.decode()?;
        let after = Json::of(after)?;
        self.run(move |step, bucket| {
            let Some(now) = step.object(bucket, &key)? else {
                step.edit(bucket, &key, Edit::Put(after))?;
                return Ok(Vec::new());
            };
            let merged = merge(&before, &after.decode()?, &now.decode()?);
            // Objects that are nested too deeply to be compared.
            let merged = merged.map_err(|error| {
                sync_core::Error::encode("the edit cannot be expressed").with_source(error)
            })?;
            step.edit(bucket, &key, Edit::Put(Json::of(&merged.value)?))?;
            Ok(merged.lost)
        })
        .await
    }

    /// An object; `None` if there is none, or it was deleted here.
    ///
    /// # Errors
    ///
    /// [`SyncError::Name`], [`SyncError::Service`] when it is no `T`,
    /// [`SyncError::Store`], [`SyncError::Stopped`].
    pub async fn get<K>(&self, key: K) -> Result<Option<T>, SyncError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        let object = self
            .run(move |step, bucket| step.object(bucket, &key))
            .await?;
        Ok(object.map(|object| object.decode()).transpose()?)
    }

    /// The objects in the order of their keys, after `after`, at most `limit`;
    /// fewer than that only at the end.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn page(&self, after: Option<Key>, limit: usize) -> Result<Vec<(Key, T)>, SyncError> {
        let objects = self
            .run(move |step, bucket| objects(step, bucket, after, limit))
            .await?;
        objects
            .into_iter()
            .map(|(key, object)| Ok((key, object.decode()?)))
            .collect()
    }

    /// All objects, in the order of their keys.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn all(&self) -> Result<Vec<(Key, T)>, SyncError> {
        self.page(None, usize::MAX).await
    }
}

impl<T: Serialize + DeserializeOwned + 'static> SyncedBucket<T> {
    /// The versions of an object that the service keeps, newest first. They are
    /// asked of the service, not of the store.
    pub fn revisions<K>(&self, key: K) -> History<T>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        Bucket::of(self.syncer.api().clone(), self.name.clone()).versions(key)
    }
}

fn checked<K: TryInto<Key, Error: Into<NameError>>>(key: K) -> Result<Key, SyncError> {
    key.try_into()
        .map_err(|error| SyncError::Name(error.into()))
}

/// All of the queue in this state.
fn queue(
    step: &mut Step<'_>,
    bucket: &BucketName,
    state: PendingState,
) -> Result<Vec<(Place, Key, SyncState)>, SyncError> {
    let (mut all, mut after) = (Vec::new(), Place::default());
    loop {
        let page = step.tx.queue(bucket, state, after, PAGE)?;
        let more = page.len() == PAGE;
        after = page.last().map_or(after, |(place, _, _)| *place);
        let page = page.into_iter();
        all.extend(page.map(|(place, key, pending)| (place, key, SyncState::of(&pending))));
        if !more {
            return Ok(all);
        }
    }
}

/// So many objects, passing over those that were deleted here.
fn objects(
    step: &mut Step<'_>,
    bucket: usize,
    mut after: Option<Key>,
    limit: usize,
) -> Result<Vec<(Key, Json)>, SyncError> {
    let name = step.name(bucket).clone();
    let mut all = Vec::new();
    while all.len() < limit {
        let wanted = PAGE.min(limit - all.len());
        let page = step.tx.records(&name, after.as_ref(), wanted)?;
        let more = page.len() == wanted;
        after = page.last().map(|(key, _)| key.clone()).or(after);
        let page = page.into_iter();
        all.extend(page.filter_map(|(key, record)| {
            let object = Record::object(&record).cloned()?;
            Some((key, object))
        }));
        if !more {
            break;
        }
    }
    Ok(all)
}

impl<T> Clone for SyncedBucket<T> {
    fn clone(&self) -> Self {
        Self::of(self.syncer.clone(), self.name.clone(), self.index)
    }
}

impl<T> fmt::Debug for SyncedBucket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncedBucket")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
