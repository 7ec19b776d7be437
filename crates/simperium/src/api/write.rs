//! Objects on their way into a bucket.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderValue;
use http::response::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::{Call, Error, Operation};

use super::bucket::Bucket;
use crate::client::operations;
use crate::model::{Ccid, Key, NameError, Outcome, Written};
use crate::wire::answer;

/// An object that is to be written. Await it, or [`send`](Self::send) it.
///
/// The write has one id, however often it has to be sent: the service makes it
/// once. That the object was like this already, and that an earlier attempt
/// came through, are [outcomes](Outcome) and no errors.
#[must_use = "nothing happens until it is awaited"]
pub struct Write<T = Value> {
    bucket: Bucket<T>,
    key: Result<Key, Error>,
    body: Result<Bytes, Error>,
    ccid: Option<Result<Ccid, Error>>,
    version: Option<u64>,
    replace: bool,
    with_object: bool,
    timeout: Option<Option<Duration>>,
}

impl<T> Write<T> {
    pub(super) fn new(
        bucket: &Bucket<T>,
        key: Result<Key, Error>,
        body: Result<Bytes, Error>,
    ) -> Self {
        Self {
            bucket: bucket.clone(),
            key,
            body,
            ccid: None,
            version: None,
            replace: false,
            with_object: false,
            timeout: None,
        }
    }

    /// Makes this the whole object: keys that it does not have are removed.
    /// [`Bucket::put`] does so already.
    pub fn replace(mut self) -> Self {
        self.replace = true;
        self
    }

    pub(super) fn at(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// The key of the entity: of a new one, too. For sending a write again
    /// that failed, with the [`ccid`](Self::ccid) that it had.
    pub fn key<K>(mut self, key: K) -> Self
    where
        K: TryInto<Key, Error: Into<NameError>>,
    {
        self.key = key.try_into().map_err(|error| Error::from(error.into()));
        self
    }

    /// The id of the change. Default: a new one.
    pub fn ccid<C>(mut self, ccid: C) -> Self
    where
        C: TryInto<Ccid, Error: Into<NameError>>,
    {
        self.ccid = Some(ccid.try_into().map_err(|error| Error::from(error.into())));
        self
    }

    /// Asks for the whole object as it then is. That it cannot be had is no
    /// error of the write; see [`Written::object_error`].
    pub fn with_object(mut self) -> Self {
        self.with_object = true;
        self
    }

    /// Limits the call, with all its attempts. `None` for no limit.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(limit.into());
        self
    }
}

impl<T: Serialize + DeserializeOwned> Write<T> {
    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::SimperiumError::NotFound) with a version that is not
    /// there any more, [`TooLarge`](crate::SimperiumError::TooLarge),
    /// [`Invalid`](crate::SimperiumError::Invalid), or as any call. After an
    /// error whose [`delivery`](Error::delivery) is not certain, the same write
    /// may be sent again with the same [`key`](Self::key) and
    /// [`ccid`](Self::ccid).
    pub async fn send(self) -> Result<Written<T>, Error> {
        if self.with_object {
            return Box::pin(self.send_for_object()).await;
        }
        self.call()?.send().await
    }

    /// The write as a call, once all that it says is good.
    fn call(self) -> Result<Call<Written<T>>, Error> {
        let (key, body) = (self.key?, self.body?);
        let ccid = self.ccid.unwrap_or_else(Ccid::random)?;
        let operation = operation(self.version);
        let mut call = self.bucket.call(operation).path(&key);
        if let Some(version) = self.version {
            call = call.path(version.to_string());
        }
        let mut call = call
            .query("clientid", self.bucket.api().client_id())
            .query("ccid", &ccid)
            .query_opt("response", self.with_object.then_some("1"))
            .query_opt("replace", self.replace.then_some("1"))
            .body(body)
            .content_type(HeaderValue::from_static("application/json"))
            .accept_status(&[409, 412]);
        if let Some(limit) = self.timeout {
            call = call.timeout(limit);
        }
        let (replace, with_object) = (self.replace, self.with_object);
        Ok(call.decode_with(move |head, body| {
            let done = read(head, &body, replace, with_object)?;
            let error = done.object_error;
            Ok(Written {
                key,
                ccid,
                version: done.version,
                outcome: done.outcome,
                object: done.object,
                object_error: error.map(|error| Arc::new(error.with_operation(operation))),
            })
        }))
    }

    async fn send_for_object(self) -> Result<Written<T>, Error> {
        let bucket = self.bucket.clone();
        let mut written = self.call()?.send().await?;
        let is_told = matches!(
            written.outcome,
            Outcome::Unchanged | Outcome::AlreadyApplied
        );
        // Such an answer has no object, whatever was asked for.
        if is_told && written.object.is_none() {
            match bucket.get(&written.key).await {
                Ok(Some(now)) => {
                    written.version = now.version.or(written.version);
                    written.object = Some(now.data);
                }
                Ok(None) => {}
                // The write was answered, whatever becomes of this.
                Err(error) => written.object_error = Some(Arc::new(error)),
            }
        }
        Ok(written)
    }
}

fn operation(version: Option<u64>) -> &'static Operation {
    match version {
        None => &operations::POST,
        Some(_) => &operations::POST_AT,
    }
}

struct Done<T> {
    version: Option<u64>,
    outcome: Outcome,
    object: Option<T>,
    object_error: Option<Error>,
}

fn read<T: DeserializeOwned>(
    head: &Parts,
    body: &Bytes,
    replace: bool,
    with_object: bool,
) -> Result<Done<T>, Error> {
    let told = match head.status.as_u16() {
        409 => Some(Outcome::AlreadyApplied),
        412 => Some(Outcome::Unchanged),
        _ => None,
    };
    if let Some(outcome) = told {
        answer::absent(head, body)?;
        return Ok(Done {
            version: answer::version(head),
            outcome,
            object: None,
            object_error: None,
        });
    }
    let (version, object) = if with_object {
        match (
            answer::written_version(head, body),
            answer::object(head, body),
        ) {
            (version, Ok(object)) => (version, Some(Ok(object))),
            // The service says that the write was made, whatever else it says.
            (Some(version), Err(error)) if !answer::is_page(&head.headers, body) => {
                (Some(version), Some(Err(error)))
            }
            (_, Err(error)) => return Err(error),
        }
    } else {
        (answer::written(head, body)?, None)
    };
    let (object, object_error) = match object.transpose() {
        Ok(object) => (object, None),
        Err(error) => (None, Some(error)),
    };
    let outcome = match version {
        Some(1) => Outcome::Created,
        _ if replace => Outcome::Replaced,
        _ => Outcome::Merged,
    };
    Ok(Done {
        version,
        outcome,
        object,
        object_error,
    })
}

impl<T: Serialize + DeserializeOwned + Send + 'static> IntoFuture for Write<T> {
    type Output = Result<Written<T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        if self.with_object {
            return Box::pin(self.send_for_object());
        }
        match self.call() {
            Ok(call) => call.into_future(),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

impl<T> fmt::Debug for Write<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("bucket", self.bucket.name())
            .field("key", &self.key)
            .field("version", &self.version)
            .field("replace", &self.replace)
            .finish_non_exhaustive()
    }
}
