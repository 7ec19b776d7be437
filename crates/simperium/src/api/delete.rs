//! Deletions.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use http::StatusCode;
use sync_core::Error;
use sync_core::transport::Delivery;

use super::bucket::Bucket;
use crate::client::{operations, was_delivered};
use crate::error::{SimperiumError, SimperiumErrorExt as _};
use crate::model::{Ccid, DeleteOutcome, Deleted, Key, NameError};
use crate::wire::answer;

/// A deletion that is to be made. Await it, or [`send`](Self::send) it.
///
/// It has one id, however often it has to be sent.
#[must_use = "nothing happens until it is awaited"]
pub struct Delete {
    bucket: Bucket<()>,
    key: Result<Key, Error>,
    ccid: Option<Result<Ccid, Error>>,
    version: Option<u64>,
    timeout: Option<Option<Duration>>,
}

impl Delete {
    pub(super) fn new<T>(
        bucket: &Bucket<T>,
        key: Result<Key, Error>,
        version: Option<u64>,
    ) -> Self {
        Self {
            bucket: Bucket::of(bucket.api().clone(), bucket.name().clone()),
            key,
            ccid: None,
            version,
            timeout: None,
        }
    }

    /// The id of the change. Default: a new one.
    pub fn ccid<C>(mut self, ccid: C) -> Self
    where
        C: TryInto<Ccid, Error: Into<NameError>>,
    {
        self.ccid = Some(ccid.try_into().map_err(|error| Error::from(error.into())));
        self
    }

    /// Limits the call, with all its attempts. `None` for no limit.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(limit.into());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](SimperiumError::NotFound) when there is no such object, or
    /// never was such a version; [`Conflict`](SimperiumError::Conflict) when it
    /// has another version by now; or as any call.
    pub async fn send(self) -> Result<Deleted, Error> {
        let key = self.key?;
        let given = self.ccid.is_some();
        let ccid = self.ccid.unwrap_or_else(Ccid::random)?;
        let call = match self.version {
            None => self.bucket.call(&operations::DELETE).path(&key),
            Some(version) => self
                .bucket
                .call(&operations::DELETE_VERSION)
                .path(&key)
                .path(version.to_string()),
        };
        let mut call = call
            .query("clientid", self.bucket.api().client_id())
            .query("ccid", &ccid);
        if let Some(limit) = self.timeout {
            call = call.timeout(limit);
        }
        let sent = call
            .decode_with(|head, body| answer::written(head, &body))
            .await;
        let (version, outcome) = match sent {
            Ok(version) => (version, DeleteOutcome::Deleted),
            Err(error) => {
                let versioned = self.version.is_some();
                match is_done(&self.bucket, &key, &error, given, versioned).await {
                    Ok(true) => {}
                    Ok(false) => return Err(error),
                    // It is not known whose deletion it was.
                    Err(unknown) => {
                        return Err(unknown.with_delivery(Delivery::MaybeSent));
                    }
                }
                (None, DeleteOutcome::AlreadyApplied)
            }
        };
        Ok(Deleted {
            key,
            ccid,
            version,
            outcome,
        })
    }
}

/// Whether a refusal means that an earlier attempt has done it.
async fn is_done(
    bucket: &Bucket<()>,
    key: &Key,
    error: &Error,
    given: bool,
    versioned: bool,
) -> Result<bool, Error> {
    let repeated = was_delivered(error);
    match error.simperium() {
        Some(SimperiumError::NotFound) => Ok(repeated),
        // The id was seen.
        Some(SimperiumError::Conflict) if !versioned => Ok(true),
        // That, or the entity has another version: it is there then. An id
        // that was given may have been sent by an earlier call.
        Some(SimperiumError::Conflict) if repeated || given => is_gone(bucket, key).await,
        // It changes nothing.
        Some(SimperiumError::Other) if error.status() == Some(StatusCode::PRECONDITION_FAILED) => {
            is_gone(bucket, key).await
        }
        _ => Ok(false),
    }
}

async fn is_gone(bucket: &Bucket<()>, key: &Key) -> Result<bool, Error> {
    bucket
        .call(&operations::GET)
        .path(key)
        .accept_status(&[404])
        .decode_with(|head, body| {
            let gone = head.status == StatusCode::NOT_FOUND;
            answer::absent(head, &body).map(|()| gone)
        })
        .await
}

impl IntoFuture for Delete {
    type Output = Result<Deleted, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Delete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delete")
            .field("bucket", self.bucket.name())
            .field("key", &self.key)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
