//! One entity by itself.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::Error;

use super::bucket::Bucket;
use super::delete::Delete;
use super::history::History;
use super::write::Write;
use crate::model::{Key, Versioned};

/// One entity: a [`Bucket`] and a key. Cheap to clone.
pub struct Item<T = Value> {
    bucket: Bucket<T>,
    key: Key,
}

impl<T> Item<T> {
    pub(crate) fn new(bucket: Bucket<T>, key: Key) -> Self {
        Self { bucket, key }
    }

    /// Its key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Its bucket.
    pub fn bucket(&self) -> &Bucket<T> {
        &self.bucket
    }
}

impl<T: Serialize + DeserializeOwned> Item<T> {
    /// The object; see [`Bucket::get`].
    ///
    /// # Errors
    ///
    /// As [`Bucket::get`].
    pub async fn get(&self) -> Result<Option<Versioned<T>>, Error> {
        self.bucket.get(&self.key).await
    }

    /// A version of it; see [`Bucket::get_version`].
    ///
    /// # Errors
    ///
    /// As [`Bucket::get_version`].
    pub async fn get_version(&self, version: u64) -> Result<Option<Versioned<T>>, Error> {
        self.bucket.get_version(&self.key, version).await
    }

    /// Its versions; see [`Bucket::versions`].
    pub fn versions(&self) -> History<T>
    where
        T: 'static,
    {
        self.bucket.versions(&self.key)
    }

    /// Sets keys of it; see [`Bucket::set`].
    pub fn set(&self, patch: &(impl Serialize + ?Sized)) -> Write<T> {
        self.bucket.set(&self.key, patch)
    }

    /// Replaces it; see [`Bucket::put`].
    pub fn put(&self, object: &T) -> Write<T> {
        self.bucket.put(&self.key, object)
    }

    /// Sends back what was read at `version`; see [`Bucket::set_at`].
    pub fn set_at(&self, version: u64, object: &T) -> Write<T> {
        self.bucket.set_at(&self.key, version, object)
    }

    /// Deletes it; see [`Bucket::delete`].
    pub fn delete(&self) -> Delete {
        self.bucket.delete(&self.key)
    }
}

impl<T> Clone for Item<T> {
    fn clone(&self) -> Self {
        Self::new(self.bucket.clone(), self.key.clone())
    }
}

impl<T> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("bucket", self.bucket.name())
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
