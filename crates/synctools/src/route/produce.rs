//! Makes the body of an answer, piece by piece.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Sender;

use super::BoxError;
use super::body::Piece;
use super::compress::Coding;
use super::edit;
use super::queryset::{Objects, Queryset, Source};
use crate::row::Row;
use crate::schema::Schema;
use crate::store::Snapshot;
use crate::wire::{Format, Profile, Writer};

/// Pieces are sent when they are about this large.
const PIECE: usize = 64 << 10;

/// What waits to be sent waits no longer for more than this. Nor does the head
/// of the answer wait longer for the first object.
const GRACE: Duration = Duration::from_millis(10);

/// Objects that are read from elsewhere are taken together up to this many.
const BATCH: usize = 64;

/// Why there is no end.
enum Stop {
    /// Something failed.
    Failed(BoxError),
    /// Nobody takes it.
    Unwanted,
}

impl<E: Into<BoxError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What makes a body.
pub(super) struct Production {
    pub(super) snapshot: Box<dyn Snapshot>,
    pub(super) schema: Schema,
    pub(super) querysets: VecDeque<Queryset>,
    pub(super) profile: Profile,
    pub(super) format: Format,
    pub(super) coding: Coding,
    pub(super) stall: Duration,
    /// Given back when the body is made, or given up.
    pub(super) permit: OwnedSemaphorePermit,
    /// Of the request, for the log.
    pub(super) path: String,
}

impl Production {
    /// Makes the body, and hands its pieces over as they are taken.
    pub(super) async fn run(self, sender: Sender<Piece>) {
        let Self {
            snapshot,
            schema,
            querysets,
            profile,
            format,
            coding,
            stall,
            permit,
            path,
        } = self;
        let mut output = Output {
            written: Vec::with_capacity(PIECE + PIECE / 4),
            coding,
            sender: sender.clone(),
            stall,
            begun: false,
            unsent: true,
        };
        let mut writer = Writer::new(&schema, profile).format(format);
        let objects = objects(snapshot, &schema, querysets, &mut writer, &mut output);
        let made = match objects.await {
            Ok(()) => output.finish(writer),
            Err(stop) => Err(stop),
        };
        // The snapshot is gone by now, whether the client takes the rest or not.
        drop(permit);
        let last = match made {
            Ok(bytes) => Piece::Last(bytes),
            Err(Stop::Failed(error)) => {
                tracing::error!(path, %error, "an answer was cut short");
                Piece::Failed(error)
            }
            Err(Stop::Unwanted) => {
                tracing::debug!(path, "nobody took the rest of an answer");
                return;
            }
        };
        // If nobody takes it, nobody misses it.
        let _ = tokio::time::timeout(stall, sender.send(last)).await;
    }
}

async fn objects(
    mut snapshot: Box<dyn Snapshot>,
    schema: &Schema,
    querysets: VecDeque<Queryset>,
    writer: &mut Writer,
    output: &mut Output,
) -> Result<(), Stop> {
    for queryset in querysets {
        let mut edits = queryset.edits;
        let mut family = queryset.family;
        let mut rows = match queryset.source {
            Source::Query(query) => {
                // Nothing is sent before it is known that the query can be
                // answered at all.
                output.unless_unwanted(snapshot.select(query)).await??;
                Rows::Snapshot(&mut *snapshot)
            }
            Source::Objects(objects) => Rows::Objects(objects),
        };
        loop {
            let batch = output.while_waiting(rows.next()).await??;
            let is_last = batch.is_none();
            let batch = match (&mut family, batch) {
                (Some(family), Some(batch)) => family.sort(batch),
                (Some(family), None) => family.rest(),
                (None, batch) => batch.unwrap_or_default(),
            };
            for mut row in batch {
                if !edit::apply(&mut edits, schema, &mut row)? {
                    continue;
                }
                writer.write(&row, &mut output.written)?;
                if output.written.len() >= PIECE {
                    output.send(false).await?;
                }
            }
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

/// Rows, some at a time.
enum Rows<'a> {
    Snapshot(&'a mut dyn Snapshot),
    Objects(Objects),
}

impl Rows<'_> {
    async fn next(&mut self) -> Result<Option<Vec<Row>>, BoxError> {
        let objects = match self {
            Self::Snapshot(snapshot) => return Ok(snapshot.next().await?),
            Self::Objects(objects) => objects,
        };
        // As many as are there, and at least one.
        let mut batch = Vec::new();
        poll_fn(|context| {
            while batch.len() < BATCH {
                match objects.as_mut().poll_next(context) {
                    Poll::Ready(Some(row)) => batch.push(row),
                    Poll::Ready(None) => break,
                    Poll::Pending if batch.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(())
        })
        .await;
        let rows: Result<Vec<Row>, BoxError> = batch.into_iter().collect();
        rows.map(|rows| (!rows.is_empty()).then_some(rows))
    }
}

/// Where the bytes go.
struct Output {
    written: Vec<u8>,
    coding: Coding,
    sender: Sender<Piece>,
    stall: Duration,
    /// Whether anything was sent.
    begun: bool,
    /// Whether something may still be in the coding that was not sent.
    unsent: bool,
}

impl Output {
    /// Waits, and sends what there is if it takes long.
    async fn while_waiting<F: Future>(&mut self, future: F) -> Result<F::Output, Stop> {
        let mut future = pin!(future);
        if self.unsent || !self.written.is_empty() {
            tokio::select! {
                biased;
                output = future.as_mut() => return Ok(output),
                () = tokio::time::sleep(GRACE) => self.send(true).await?,
            }
        }
        self.unless_unwanted(future).await
    }

    /// Waits as long as somebody waits for it.
    async fn unless_unwanted<F: Future>(&self, future: F) -> Result<F::Output, Stop> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = self.sender.closed() => Err(Stop::Unwanted),
        }
    }

    /// Sends what is written; all of it, also what the coding keeps back, if it
    /// is to be sent `now`.
    async fn send(&mut self, now: bool) -> Result<(), Stop> {
        let next = Vec::with_capacity(self.written.capacity());
        let piece = std::mem::replace(&mut self.written, next);
        self.unsent = !now;
        let bytes = match self.coding.push(piece, now)? {
            Some(bytes) => bytes,
            // The head, at least.
            None if now && !self.begun => Bytes::new(),
            None => return Ok(()),
        };
        self.begun = true;
        let sent = self.sender.send(Piece::More(bytes));
        match tokio::time::timeout(self.stall, sent).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Stop::Unwanted),
        }
    }

    fn finish(mut self, writer: Writer) -> Result<Bytes, Stop> {
        writer.finish(&mut self.written);
        Ok(self.coding.finish(self.written)?)
    }
}
