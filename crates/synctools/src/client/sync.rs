//! One sync, as it is asked for.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use sync_core::Error;

use super::Client;
use super::hooks::{Incoming, Verdict};
use super::progress::Progress;
use super::report::SyncReport;
use super::run::Run;
use crate::schema::{DecodeOptions, UnknownPolicy};
use crate::store::{Clean, MissingFields, OnReferenced, SyncOptions};

/// Called with how far a sync is.
pub(super) type OnProgress = Arc<dyn Fn(&Progress<'_>) + Send + Sync>;
/// Called with every object.
pub(super) type Hook = Box<dyn FnMut(&mut Incoming<'_>) -> Verdict + Send>;

/// Where the objects are.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// Behind the endpoint.
    Path(String),
    /// Anywhere.
    Url(String),
}

/// Which images a sync downloads.
#[cfg(feature = "images")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Images {
    /// None.
    #[default]
    No,
    /// Those of the rows that came.
    Synced,
    /// Those of all rows of the tables that rows came for, as the original
    /// does it.
    Tables,
}

#[cfg(feature = "images")]
impl From<bool> for Images {
    /// `true` is [`Images::Synced`].
    fn from(images: bool) -> Self {
        if images { Self::Synced } else { Self::No }
    }
}

/// A sync: everything that a path of the server has, into the database, in one
/// transaction. It happens as a whole or not at all.
///
/// Nothing happens before it is awaited. Dropping the future stops it, and
/// takes back what it had written.
///
/// | setting | default |
/// |---|---|
/// | [`clean`](Self::clean) | [`Clean::No`]: rows that did not come stay |
/// | [`reset`](Self::reset) | yes: sequences are reset |
/// | `images` | none (feature `images`) |
/// | [`dry_run`](Self::dry_run) | no |
/// | [`missing_fields`](Self::missing_fields) | [`MissingFields::Keep`] |
/// | [`unknown_models`](Self::unknown_models), [`unknown_fields`](Self::unknown_fields) | the sync fails |
/// | [`lines`](Self::lines) | no: one array |
/// | [`compressed`](Self::compressed) | yes: gzip, if the server has it |
///
/// # Errors
///
/// Those of HTTP, and a [`SyncError`](crate::SyncError) where what came is not
/// what was agreed or the database does not take it: it says which object it
/// was, which model, key and field, and what can be done about it. The
/// database is then as it was.
#[must_use = "nothing is synced until it is awaited"]
pub struct SyncBuilder {
    pub(super) client: Client,
    pub(super) target: Target,
    pub(super) send_token: bool,
    pub(super) store: SyncOptions,
    pub(super) decode: DecodeOptions,
    pub(super) lines: bool,
    pub(super) compressed: bool,
    pub(super) not_a_number: bool,
    pub(super) conditional: bool,
    #[cfg(feature = "images")]
    pub(super) images: Images,
    pub(super) on_progress: Option<OnProgress>,
    pub(super) hook: Option<Hook>,
}

impl SyncBuilder {
    pub(super) fn new(client: Client, target: Target) -> Self {
        Self {
            client,
            target,
            send_token: false,
            store: SyncOptions::default(),
            decode: DecodeOptions::default(),
            lines: false,
            compressed: true,
            not_a_number: false,
            conditional: true,
            #[cfg(feature = "images")]
            images: Images::No,
            on_progress: None,
            hook: None,
        }
    }

    /// What happens to rows that did not come.
    pub fn clean(mut self, clean: Clean) -> Self {
        self.store.clean = clean;
        self
    }

    /// What happens to rows that did not come and refer to rows that are
    /// removed.
    pub fn on_referenced(mut self, on_referenced: OnReferenced) -> Self {
        self.store.on_referenced = on_referenced;
        self
    }

    /// The most of a table's rows that may be removed, from 0 to 1. More than
    /// that fails the sync: a server that lost its data should not take this
    /// side's along.
    pub fn max_delete_ratio(mut self, ratio: impl Into<Option<f64>>) -> Self {
        self.store.max_delete_ratio = ratio.into();
        self
    }

    /// Whether what the database counts keys with is reset.
    pub fn reset(mut self, reset: bool) -> Self {
        self.store.reset_sequences = reset;
        self
    }

    /// Downloads images when all is committed: those of the rows that came
    /// (`true`), or of their whole tables. Needs
    /// [`media`](super::ClientBuilder::media).
    #[cfg(feature = "images")]
    pub fn images(mut self, images: impl Into<Images>) -> Self {
        self.images = images.into();
        self
    }

    /// Does everything, and takes it back at the end. The report says what
    /// would have happened. No images are downloaded.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.store.dry_run = dry_run;
        self
    }

    /// What an object that does not have a field means to a row that is there.
    pub fn missing_fields(mut self, missing_fields: MissingFields) -> Self {
        self.store.missing_fields = missing_fields;
        self
    }

    /// What happens to objects of models that the schema does not have.
    pub fn unknown_models(mut self, policy: UnknownPolicy) -> Self {
        self.decode = self.decode.unknown_models(policy);
        self
    }

    /// What happens to fields that their model does not have. With
    /// [`UnknownPolicy::Collect`] they are warnings in the report.
    pub fn unknown_fields(mut self, policy: UnknownPolicy) -> Self {
        self.decode = self.decode.unknown_fields(policy);
        self
    }

    /// How values are read. Sets the policies for the unknown as well.
    pub fn decoding(mut self, options: DecodeOptions) -> Self {
        self.decode = options;
        self
    }

    /// Calls `call` now and then, at least once for every 100 ms of data. It
    /// must not block.
    pub fn on_progress(mut self, call: impl Fn(&Progress<'_>) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(call));
        self
    }

    /// Calls `hook` with every object before it is written, to change it or to
    /// leave it out. A sync whose body broke off begins anew, and then so do
    /// the calls.
    pub fn map(mut self, hook: impl FnMut(&mut Incoming<'_>) -> Verdict + Send + 'static) -> Self {
        self.hook = Some(Box::new(hook));
        self
    }

    /// Asks for one object per line instead of one array. A server of this
    /// crate sends that; others do not know it and send what they always do.
    pub fn lines(mut self, lines: bool) -> Self {
        self.lines = lines;
        self
    }

    /// Whether the answer may be compressed. To compress and to decompress costs
    /// more time than it saves where the network is faster than that.
    pub fn compressed(mut self, compressed: bool) -> Self {
        self.compressed = compressed;
        self
    }

    /// Takes the numbers `NaN`, `Infinity` and `-Infinity`, which JSON does not
    /// have and Python writes. Without this they fail the sync.
    pub fn not_a_number(mut self, taken: bool) -> Self {
        self.not_a_number = taken;
        self
    }

    /// Whether the client's [validators](super::ClientBuilder::validators) are
    /// used, if it has any. Without them the server is asked for everything.
    pub fn conditional(mut self, conditional: bool) -> Self {
        self.conditional = conditional;
        self
    }

    /// Sends the token to the origin of a whole URL, which is another than that
    /// of the endpoint. Never to where that redirects.
    pub fn send_token(mut self) -> Self {
        self.send_token = true;
        self
    }
}

impl IntoFuture for SyncBuilder {
    type Output = Result<SyncReport, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(Run::new(self).run())
    }
}

impl fmt::Debug for SyncBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncBuilder")
            .field("store", &self.store)
            .field("lines", &self.lines)
            .finish_non_exhaustive()
    }
}
