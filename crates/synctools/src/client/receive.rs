//! What comes, on its way into the store.

use std::time::Duration;

use http::response;
use sync_core::{Body, Error, ErrorKind};
use tokio::time::Instant;

use super::failure::Failure;
use super::form::Form;
use super::hooks::{Incoming, Verdict};
use super::notes::Notes;
#[cfg(feature = "images")]
use super::pictures::Pictures;
use super::progress::{Phase, Progress};
use super::run::Run;
use crate::row::Row;
use crate::schema::{Decoded, Decoder, Unknown};
use crate::store::{StoreReport, SyncTransaction};
use crate::wire::{Object, Reader, ReaderOptions};

/// A batch goes to the store when it has this many rows, or came from this
/// many bytes.
const BATCH_ROWS: usize = 512;
const BATCH_BYTES: u64 = 256 << 10;

/// How often the caller hears of the progress.
pub(super) const PROGRESS: Duration = Duration::from_millis(100);

/// What an attempt has seen.
pub(super) struct Seen {
    pub(super) bytes: u64,
    pub(super) objects: u64,
    pub(super) skipped: u64,
    pub(super) notes: Notes,
    pub(super) unknown: Unknown,
    #[cfg(feature = "images")]
    pub(super) pictures: Option<Pictures>,
    total: Option<u64>,
}

/// An attempt at its body.
struct Intake {
    form: Form,
    reader: Reader,
    decoder: Decoder,
    transaction: Box<dyn SyncTransaction>,
    batch: Vec<Row>,
    /// How many bytes the batch came from.
    batch_bytes: u64,
    seen: Seen,
}

impl Run {
    /// Writes what comes, and makes it last when all has come.
    pub(super) async fn receive(
        &mut self,
        head: &response::Parts,
        mut body: Body,
    ) -> Result<(StoreReport, Seen), Failure> {
        let max_body = self.sync.client.0.max_body;
        let mut intake = self.begin(Form::of(head)?).await?;
        while let Some(piece) = body.chunk().await {
            let piece = piece.map_err(Failure::cut)?;
            intake.seen.bytes += piece.len() as u64;
            if intake.seen.bytes > max_body {
                let text = format!("the body is larger than the {max_body} bytes that are allowed");
                return Err(Error::decode(text).into());
            }
            intake.reader.push(&piece);
            self.drain(&mut intake).await?;
            self.tell(Phase::Objects, &intake.seen, false);
        }
        intake.reader.end();
        self.drain(&mut intake).await?;
        if !intake.batch.is_empty() {
            intake.transaction.write(intake.batch).await?;
        }
        self.tell(Phase::Finishing, &intake.seen, true);
        let stored = intake.transaction.finish().await?;
        intake.seen.unknown = intake.decoder.unknown().clone();
        Ok((stored, intake.seen))
    }

    async fn begin(&mut self, form: Form) -> Result<Intake, Failure> {
        let shared = &*self.sync.client.0;
        let reader = ReaderOptions::new()
            .format(form.format)
            .max_object(shared.max_object)
            .not_a_number(self.sync.not_a_number);
        let seen = Seen {
            bytes: 0,
            objects: 0,
            skipped: 0,
            notes: Notes::new(&shared.schema),
            unknown: Unknown::default(),
            #[cfg(feature = "images")]
            pictures: Pictures::new(&self.sync.client, self.images())?,
            total: form.length,
        };
        let options = self.sync.store.clone();
        Ok(Intake {
            form,
            reader: Reader::new(reader),
            decoder: Decoder::new(&shared.schema, self.sync.decode),
            transaction: shared.store.begin(&shared.schema, options).await?,
            batch: Vec::new(),
            batch_bytes: 0,
            seen,
        })
    }

    /// Takes the objects that are there as a whole.
    async fn drain(&mut self, intake: &mut Intake) -> Result<(), Failure> {
        let Intake {
            form,
            reader,
            decoder,
            transaction,
            batch,
            batch_bytes,
            seen,
        } = intake;
        loop {
            let before = reader.bytes();
            let object = reader.next_object();
            let Some(object) = object.map_err(|error| form.failure(error))? else {
                return Ok(());
            };
            seen.objects += 1;
            batch.extend(self.take(&object, decoder, seen)?);
            *batch_bytes += reader.bytes() - before;
            if batch.len() >= BATCH_ROWS || *batch_bytes >= BATCH_BYTES {
                *batch_bytes = 0;
                let full = std::mem::replace(batch, Vec::with_capacity(BATCH_ROWS));
                transaction.write(full).await?;
            }
        }
    }

    /// Understands an object, and lets the caller see it. `None` for one that
    /// is left out.
    fn take(
        &mut self,
        object: &Object<'_>,
        decoder: &mut Decoder,
        seen: &mut Seen,
    ) -> Result<Option<Row>, Failure> {
        let Decoded::Row(mut row) = decoder.decode(object).map_err(Failure::decode)? else {
            seen.skipped += 1;
            return Ok(None);
        };
        seen.notes.row(&row);
        match self.hook(&mut row) {
            Verdict::Keep => {}
            Verdict::Skip => {
                seen.skipped += 1;
                return Ok(None);
            }
            Verdict::Stop(why) => {
                let text = format!("stopped at object {}: {why}", object.index());
                return Err(Error::new(ErrorKind::Canceled, text).into());
            }
        }
        #[cfg(feature = "images")]
        if let Some(pictures) = &mut seen.pictures {
            pictures.row(&self.sync.client.0.schema, &row)?;
        }
        Ok(Some(row))
    }

    fn hook(&mut self, row: &mut Row) -> Verdict {
        let schema = &self.sync.client.0.schema;
        match (&mut self.sync.hook, schema.get(row.model())) {
            (Some(hook), Some(model)) => hook(&mut Incoming { model, row }),
            _ => Verdict::Keep,
        }
    }

    pub(super) fn tell(&mut self, phase: Phase, seen: &Seen, always: bool) {
        let Some(call) = &self.sync.on_progress else {
            return;
        };
        let now = Instant::now();
        if !always
            && self
                .told
                .is_some_and(|told| now.duration_since(told) < PROGRESS)
        {
            return;
        }
        self.told = Some(now);
        call(&Progress {
            phase,
            bytes: seen.bytes,
            total_bytes: seen.total,
            objects: seen.objects,
            model: seen.notes.last(&self.sync.client.0.schema),
            images: 0,
            attempt: self.attempt,
        });
    }
}
