//! Administrators.

use serde_json::Value;
use sync_core::{Error, Secret};

use super::data::{Api, ApiBuilder};
use crate::api::{Bucket, Item};
use crate::model::{BucketName, BucketSettings, Key, NameError};

/// What an API key with administrator's rights can do. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Admin(Api);

impl Admin {
    /// The app as its administrators see it, with one of their API keys.
    pub fn builder(app: impl Into<String>, key: impl Into<Secret<String>>) -> AdminBuilder {
        AdminBuilder(Api::builder(app, key))
    }

    /// An administrator by the admin key that `api` was made with.
    pub fn new(api: Api) -> Self {
        Self(api)
    }

    /// The buckets of this user, by their id.
    ///
    /// # Errors
    ///
    /// When the id is empty, or no header can carry it.
    pub fn as_user(&self, userid: &str) -> Result<Api, Error> {
        self.0.with_user(userid)
    }

    /// A bucket of all users: for [`Bucket::all`].
    ///
    /// # Errors
    ///
    /// When this is no name of a bucket.
    pub fn bucket<B>(&self, name: B) -> Result<Bucket<Value>, NameError>
    where
        B: TryInto<BucketName, Error: Into<NameError>>,
    {
        self.0.bucket(name)
    }

    /// The options of a bucket, for all users.
    ///
    /// # Errors
    ///
    /// When this is no name of a bucket.
    pub fn options<B>(&self, name: B) -> Result<Item<BucketSettings>, NameError>
    where
        B: TryInto<BucketName, Error: Into<NameError>>,
    {
        let name = name.try_into().map_err(Into::into)?;
        Ok(self.0.item("__options__", Key::new(name.as_str())?))
    }
}

/// Makes an [`Admin`].
#[derive(Debug)]
#[must_use]
pub struct AdminBuilder(ApiBuilder);

impl AdminBuilder {
    /// Another host; see [`ApiBuilder::host`].
    pub fn host(self, host: impl Into<String>) -> Self {
        self.with(|builder| builder.host(host))
    }

    /// Changes any of the settings that an [`Api`] has.
    pub fn with(self, change: impl FnOnce(ApiBuilder) -> ApiBuilder) -> Self {
        Self(change(self.0))
    }

    /// Checks everything. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// As [`ApiBuilder::build`].
    pub fn build(self) -> Result<Admin, Error> {
        self.0.build().map(Admin)
    }
}
