//! What callers have done in the store, by whoever owns it.

use tokio::sync::oneshot;

use super::SyncError;
use super::machine::{Edit, Effect, Machine, Turn};
use crate::model::{BucketName, Ccid, Key};
use crate::store::{Json, Millis, Record, StoreError, Transaction};

/// A transaction, and the machine beside it.
pub(super) struct Step<'a> {
    pub(super) tx: &'a mut dyn Transaction,
    pub(super) machine: &'a mut Machine,
    pub(super) names: &'a [BucketName],
    pub(super) now: Millis,
    pub(super) ccids: &'a mut dyn FnMut() -> Ccid,
    pub(super) effects: &'a mut Vec<Effect>,
}

impl Step<'_> {
    /// The name of a bucket.
    pub(super) fn name(&self, bucket: usize) -> &BucketName {
        &self.names[bucket]
    }

    /// An object as the user sees it.
    pub(super) fn object(&mut self, bucket: usize, key: &Key) -> Result<Option<Json>, SyncError> {
        let record = self.tx.record(&self.names[bucket], key)?;
        Ok(record.as_ref().and_then(Record::object).cloned())
    }

    /// An edit by the user.
    pub(super) fn edit(&mut self, bucket: usize, key: &Key, edit: Edit) -> Result<(), SyncError> {
        self.tell(|machine, turn| machine.edit(bucket, key, edit, turn))?;
        Ok(())
    }

    /// Tells the machine something.
    pub(super) fn tell(
        &mut self,
        what: impl FnOnce(&mut Machine, &mut Turn<'_>) -> Result<Vec<Effect>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut turn = Turn {
            now: self.now,
            store: &mut *self.tx,
            ccids: &mut *self.ccids,
        };
        let effects = what(self.machine, &mut turn)?;
        if self.effects.is_empty() {
            *self.effects = effects;
        } else {
            self.effects.extend(effects);
        }
        Ok(())
    }
}

/// The same error, for one more caller.
fn again(error: &StoreError) -> StoreError {
    StoreError::new(error.kind(), "").with_source(error.to_string())
}

/// Something to be done in the store, whose caller waits for it.
pub(super) trait Job: Send {
    /// Does it.
    ///
    /// # Errors
    ///
    /// Those that end the transaction.
    fn run(&mut self, step: &mut Step<'_>) -> Result<(), StoreError>;

    /// Tells the caller what came of it, once the transaction has ended.
    fn finish(self: Box<Self>, failed: Option<&StoreError>);
}

/// A job of a caller who waits for an `R`.
pub(super) struct Call<F, R> {
    work: Option<F>,
    result: Option<Result<R, SyncError>>,
    caller: oneshot::Sender<Result<R, SyncError>>,
}

impl<F, R> Call<F, R>
where
    F: FnOnce(&mut Step<'_>) -> Result<R, SyncError> + Send,
    R: Send,
{
    pub(super) fn new(work: F, caller: oneshot::Sender<Result<R, SyncError>>) -> Self {
        Self {
            work: Some(work),
            result: None,
            caller,
        }
    }
}

impl<F, R> Job for Call<F, R>
where
    F: FnOnce(&mut Step<'_>) -> Result<R, SyncError> + Send,
    R: Send,
{
    fn run(&mut self, step: &mut Step<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        match work(step) {
            // What has failed in the store ends the transaction for all.
            Err(SyncError::Store(error)) => Err(error),
            result => {
                self.result = Some(result);
                Ok(())
            }
        }
    }

    fn finish(self: Box<Self>, failed: Option<&StoreError>) {
        let result = match (failed, self.result) {
            (None, Some(result)) => result,
            (Some(error), _) => Err(SyncError::Store(again(error))),
            (None, None) => Err(SyncError::Stopped),
        };
        // A caller who has gone does not want to know.
        let _ = self.caller.send(result);
    }
}
