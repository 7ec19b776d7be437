//! Many changes at once.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use sync_core::{Call, Error};

use super::bucket::Bucket;
use crate::client::operations;
use crate::model::{BulkChange, BulkOutcome, BulkResult, ChangeErrorCode};
use crate::protocol::{ClientChange, ServerChange};
use crate::wire::answer;

/// Changes that are to be sent together. Await it for what became of each, or
/// [`post`](Self::post) it and read of them in the bucket's changes.
///
/// What can be sent again after a failure are the same [`BulkChange`]s, as often
/// as is needed: those that were made say so.
///
/// ```
/// # #[cfg(feature = "emulator")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use serde_json::json;
/// use simperium::model::{BulkChange, Key};
///
/// # let server = simperium::emulator::Emulator::builder().start().await?;
/// # let token = "lab-ann-0123456789abcdef0123456789abcdef";
/// # let api = simperium::Api::builder("my-app", token).host(server.origin()).build()?;
/// let mut changes = Vec::new();
/// for title in ["Wash the car", "Buy milk"] {
///     changes.push(BulkChange::create(Key::random()?, &json!({"title": title}))?);
/// }
/// for result in api.bucket("todo")?.bulk(changes).await? {
///     assert!(result.outcome.is_done(), "{}: {:?}", result.key, result.outcome);
/// }
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "emulator"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is awaited"]
pub struct Bulk {
    bucket: Bucket<()>,
    changes: Vec<BulkChange>,
    timeout: Option<Option<Duration>>,
}

impl Bulk {
    pub(super) fn new<T>(bucket: &Bucket<T>, changes: Vec<BulkChange>) -> Self {
        Self {
            bucket: Bucket::of(bucket.api().clone(), bucket.name().clone()),
            changes,
            timeout: None,
        }
    }

    /// Limits the call, with all its attempts. `None` for no limit.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.timeout = Some(limit.into());
        self
    }

    /// Sends the changes and waits until all were tried: what became of each,
    /// in the order in which they were given.
    ///
    /// # Errors
    ///
    /// As any call. That a change was refused is no error of the call.
    pub async fn send(self) -> Result<Vec<BulkResult>, Error> {
        if self.changes.is_empty() {
            return Ok(Vec::new());
        }
        let answers: Vec<ServerChange> = self
            .call(true)
            .decode_with(|head, body| answer::json(head, &body))
            .await?;
        let mut outcomes = Outcomes::new(answers);
        let result = |change: BulkChange| BulkResult {
            key: change.key(),
            outcome: outcomes
                .take(change.ccid(), &change.0.id)
                .unwrap_or(BulkOutcome::Unanswered),
            ccid: change.0.ccid,
        };
        Ok(self.changes.into_iter().map(result).collect())
    }

    /// Sends the changes and does not wait for what becomes of them.
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn post(self) -> Result<(), Error> {
        if self.changes.is_empty() {
            return Ok(());
        }
        self.call(false)
            .decode_with(|head, body| answer::absent(head, &body))
            .await
    }

    fn call(&self, wait: bool) -> Call<Bytes> {
        let changes: Vec<&ClientChange> = self.changes.iter().map(|change| &change.0).collect();
        let call = self
            .bucket
            .call(&operations::BULK)
            .query("clientid", self.bucket.api().client_id())
            .query_opt("wait", wait.then_some("1"))
            .json_body(&changes);
        match self.timeout {
            Some(limit) => call.timeout(limit),
            None => call,
        }
    }
}

/// What an answer says, by the ids of changes, each with the entities.
struct Outcomes(HashMap<String, Vec<(String, BulkOutcome)>>);

impl Outcomes {
    fn new(answers: Vec<ServerChange>) -> Self {
        let mut outcomes: HashMap<String, Vec<_>> = HashMap::new();
        for answer in answers {
            let (id, ccids, outcome) = match answer {
                ServerChange::Made(change) => (
                    change.id.clone(),
                    change.ccids.clone(),
                    BulkOutcome::Applied(Box::new(change)),
                ),
                ServerChange::Refused(refusal) => {
                    (refusal.id, refusal.ccids, refused(refusal.code))
                }
            };
            for ccid in ccids {
                let of = outcomes.entry(ccid).or_default();
                of.push((id.clone(), outcome.clone()));
            }
        }
        Self(outcomes)
    }

    /// The first that is left of a change of this entity: several may have been
    /// given one id.
    fn take(&mut self, ccid: &str, key: &str) -> Option<BulkOutcome> {
        let left = self.0.get_mut(ccid)?;
        let at = left.iter().position(|(id, _)| is_of(id, key))?;
        Some(left.remove(at).1)
    }
}

/// Whether an answer's id names this entity, which may have a namespace or a
/// user before it.
fn is_of(id: &str, key: &str) -> bool {
    let before = id.strip_suffix(key);
    id.is_empty() || before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

fn refused(code: ChangeErrorCode) -> BulkOutcome {
    match code {
        ChangeErrorCode::Duplicate => BulkOutcome::AlreadyApplied,
        ChangeErrorCode::Unchanged => BulkOutcome::Unchanged,
        code => BulkOutcome::Refused(code),
    }
}

impl IntoFuture for Bulk {
    type Output = Result<Vec<BulkResult>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
