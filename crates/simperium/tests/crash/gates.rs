//! A store that stops at its steps, until it is told to go on.

use std::io::BufRead;

use simperium::model::{BucketName, Key};
use simperium::store::{
    BucketState, Local, PendingState, SqliteStore, Store, StoreError, Transaction, Work,
};

/// Says what each transaction did, inside it and after it: `> step 3 inside
/// edited`. When it is gated, it waits for a line then.
#[derive(Debug)]
pub(crate) struct Gates {
    store: SqliteStore,
    bucket: BucketName,
    gated: bool,
    steps: usize,
}

impl Gates {
    pub(crate) fn new(store: SqliteStore, bucket: BucketName, gated: bool) -> Self {
        Self {
            store,
            bucket,
            gated,
            steps: 0,
        }
    }
}

fn stop(gated: bool, steps: &mut usize, place: &str, what: &str) {
    *steps += 1;
    println!("> step {steps} {place} {what}");
    if gated {
        let mut line = String::new();
        // Without a parent there is nothing to wait for.
        let _ = std::io::stdin().lock().read_line(&mut line);
    }
}

impl Store for Gates {
    fn transaction(&mut self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let Self {
            store,
            bucket,
            gated,
            steps,
        } = self;
        let mut what = None;
        store.transaction(&mut |tx| {
            let before = Picture::of(tx, bucket)?;
            work(tx)?;
            let after = Picture::of(tx, bucket)?;
            what = before.until(&after);
            if let Some(what) = &what {
                stop(*gated, steps, "inside", what);
            }
            Ok(())
        })?;
        if let Some(what) = &what {
            stop(*gated, steps, "after", what);
        }
        Ok(())
    }
}

/// What a step is known by.
#[derive(PartialEq)]
struct Picture {
    state: BucketState,
    /// The objects that are not as the server has them.
    local: Vec<(Key, Local)>,
    in_flight: Vec<String>,
    records: String,
}

impl Picture {
    fn of(tx: &mut dyn Transaction, bucket: &BucketName) -> Result<Self, StoreError> {
        let in_flight = tx.queue(bucket, PendingState::InFlight, Default::default(), 999)?;
        let ids = in_flight
            .iter()
            .filter_map(|(_, _, row)| row.change.as_ref());
        let records = tx.records(bucket, None, 999)?;
        let queue = format!(
            "{:?}",
            tx.queue(bucket, PendingState::Dirty, Default::default(), 999)?
        );
        Ok(Self {
            state: tx.bucket(bucket)?,
            in_flight: ids.map(|change| change.ccid.to_string()).collect(),
            records: format!("{records:?} {queue}"),
            local: records
                .into_iter()
                .filter(|(_, record)| record.local != Local::Same)
                .map(|(key, record)| (key, record.local))
                .collect(),
        })
    }

    /// What has happened between the two, if anything has.
    fn until(&self, after: &Self) -> Option<String> {
        let missing = |of: &Self, from: &Self| {
            let mut ids = from.in_flight.iter();
            ids.any(|id| !of.in_flight.contains(id))
        };
        let mut what = Vec::new();
        let is_new = |row| !self.local.contains(row);
        if self.state.cv == after.state.cv && after.local.iter().any(is_new) {
            what.push("edited");
        }
        if missing(self, after) {
            what.push("made");
        }
        if missing(after, self) {
            what.push("acknowledged");
        }
        if self.state.cv != after.state.cv {
            what.push("received");
        }
        if what.is_empty() && self != after {
            what.push("other");
        }
        (!what.is_empty()).then(|| what.join("+"))
    }
}
