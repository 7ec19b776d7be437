//! A bucket, and what is read of one entity.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use http::response::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::{Call, Error, Operation};

use super::all::All;
use super::bulk::Bulk;
use super::changes::Changes;
use super::delete::Delete;
use super::history::History;
use super::index::Index;
use super::item::Item;
use super::write::Write;
use crate::client::{Api, operations};
use crate::model::{BucketName, BulkChange, Cv, Key, NameError, Versioned};
use crate::wire::{answer, object};

/// A bucket of a user: entities by their keys, each a JSON object that is a
/// `T`. Cheap to clone; nothing of it is kept here.
///
/// Keys are taken as text or as [`Key`]s. One that is none is an error with a
/// [`NameError`], and nothing is sent.
///
/// Half of a character beyond U+FFFF, which a client in JavaScript may have
/// written, is read as U+FFFD; a [`RawJson`](crate::RawJson) has it as it is.
pub struct Bucket<T = Value> {
    api: Api,
    name: BucketName,
    /// A bucket holds no `T`; it is as `Send` and `Sync` as a function is.
    objects: PhantomData<fn() -> T>,
}

impl<T> Bucket<T> {
    /// Its name.
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    /// The client that it belongs to.
    pub fn api(&self) -> &Api {
        &self.api
    }

    pub(crate) fn of(api: Api, name: BucketName) -> Self {
        Self {
            api,
            name,
            objects: PhantomData,
        }
    }

    /// A call about this bucket.
    pub(super) fn call(&self, operation: &'static Operation) -> Call<Bytes> {
        self.api.call(operation).path(&self.name)
    }
}

impl<T: Serialize + DeserializeOwned> Bucket<T> {
    /// Puts a new object into the bucket, under a random key.
    ///
    /// The key stays the same however often it has to be sent, so that a lost
    /// answer does not make two objects.
    #[allow(clippy::new_ret_no_self, reason = "the service's own word")]
    pub fn new(&self, object: &T) -> Write<T> {
        Write::new(self, Key::random(), object::text(object))
    }

    /// Sets keys of an object, and leaves its other keys as they are. What is
    /// below a key is replaced as a whole. Makes the object if it is not there.
    pub fn set<K>(&self, key: K, patch: &(impl Serialize + ?Sized)) -> Write<T>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        Write::new(self, checked(key), object::text(patch))
    }

    /// Makes this the object, in place of whatever is there.
    pub fn put<K>(&self, key: K, object: &T) -> Write<T>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        Write::new(self, checked(key), object::text(object)).replace()
    }

    /// Sends back an object that was read at `version`, changed. The service
    /// takes the difference to that version, and rebases it onto what others
    /// have changed since. Keys that the object does not have any more stay,
    /// unless it is to [replace](Write::replace) the one that was read.
    ///
    /// ```
    /// # #[cfg(feature = "emulator")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = simperium::emulator::Emulator::builder().start().await?;
    /// # let token = "lab-ann-0123456789abcdef0123456789abcdef";
    /// # let api = simperium::Api::builder("my-app", token).host(server.origin()).build()?;
    /// # let todo = api.bucket("todo")?;
    /// # todo.put("car", &serde_json::json!({"title": "Wash the car"})).await?;
    /// let mut task = todo.get("car").await?.ok_or("it is not there")?;
    /// let version = task.version.ok_or("the service did not say its version")?;
    /// task.data["done"] = true.into();
    /// todo.set_at("car", version, &task.data).replace().await?;
    /// # assert_eq!(todo.get("car").await?.map(|task| task.data), Some(task.data));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "emulator"))]
    /// # fn main() {}
    /// ```
    ///
    /// [`NotFound`](crate::SimperiumError::NotFound) when the object was
    /// deleted, or the version is too old to be kept.
    pub fn set_at<K>(&self, key: K, version: u64, object: &T) -> Write<T>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        Write::new(self, checked(key), object::text(object)).at(version)
    }

    /// The object of a key; `None` when there is none.
    ///
    /// # Errors
    ///
    /// As any call, or when it is no `T`.
    pub async fn get<K>(&self, key: K) -> Result<Option<Versioned<T>>, Error>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        self.read(self.call(&operations::GET).path(&key)).await
    }

    /// A version of an object; `None` when there is none, or not any more: the
    /// service keeps the last 60, and of those before every tenth.
    ///
    /// # Errors
    ///
    /// As any call, or when it is no `T`.
    pub async fn get_version<K>(&self, key: K, version: u64) -> Result<Option<Versioned<T>>, Error>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = checked(key)?;
        let call = self.call(&operations::GET_VERSION).path(&key);
        self.read(call.path(version.to_string())).await
    }

    async fn read(&self, call: Call<Bytes>) -> Result<Option<Versioned<T>>, Error> {
        call.accept_status(&[404])
            .decode_with(|head, body| versioned(head, &body))
            .send()
            .await
    }

    /// The versions of an object that the service keeps, newest first.
    pub fn versions<K>(&self, key: K) -> History<T>
    where
        T: 'static,
        K: TryInto<Key, Error: Into<NameError>>,
    {
        History::new(self.clone(), checked(key))
    }

    /// Deletes an object.
    pub fn delete<K>(&self, key: K) -> Delete
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        Delete::new(self, checked(key), None)
    }

    /// Deletes an object if it still has this version; if not,
    /// [`Conflict`](crate::SimperiumError::Conflict).
    pub fn delete_version<K>(&self, key: K, version: u64) -> Delete
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        Delete::new(self, checked(key), Some(version))
    }

    /// What is in the bucket, newest change first: a page, or all as a stream.
    pub fn index(&self) -> Index<T> {
        Index::new(self)
    }

    /// What changes in the bucket after `cv`: one poll, or a stream that goes
    /// on. Without a `cv`, all changes that the service still knows.
    pub fn changes(&self, cv: impl Into<Option<Cv>>) -> Changes {
        Changes::new(self, cv.into())
    }

    /// What changes in the buckets of this name, whoever's they are. For
    /// administrators.
    pub fn all(&self, cv: impl Into<Option<Cv>>) -> All {
        All::new(self, cv.into())
    }

    /// Sends many changes at once.
    pub fn bulk(&self, changes: impl IntoIterator<Item = BulkChange>) -> Bulk {
        Bulk::new(self, changes.into_iter().collect())
    }

    /// One entity of the bucket, by itself.
    ///
    /// # Errors
    ///
    /// When the key is none.
    pub fn item<K>(&self, key: K) -> Result<Item<T>, NameError>
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        let key = key.try_into().map_err(Into::into)?;
        Ok(Item::new(self.clone(), key))
    }
}

fn checked<K>(key: K) -> Result<Key, Error>
where
    K: TryInto<Key, Error: Into<NameError>>,
{
    key.try_into().map_err(|error| Error::from(error.into()))
}

fn versioned<T: DeserializeOwned>(
    head: &Parts,
    body: &Bytes,
) -> Result<Option<Versioned<T>>, Error> {
    if head.status == http::StatusCode::NOT_FOUND {
        return answer::absent(head, body).map(|()| None);
    }
    Ok(Some(Versioned {
        version: answer::version(head),
        data: answer::object(head, body)?,
    }))
}

impl<T> Clone for Bucket<T> {
    fn clone(&self) -> Self {
        Self::of(self.api.clone(), self.name.clone())
    }
}

impl<T> fmt::Debug for Bucket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("app", self.api.app())
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
