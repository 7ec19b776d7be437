//! The client: everything that a server has, into a database.

pub(crate) mod address;
mod auth;
mod builder;
mod failure;
mod form;
mod hooks;
#[cfg(feature = "images")]
mod media;
mod notes;
mod operations;
#[cfg(feature = "images")]
mod pictures;
mod progress;
mod receive;
mod report;
mod run;
pub(crate) mod service;
mod sync;
mod validator;

use std::fmt;
use std::sync::Arc;

use http::Uri;
use sync_core::Pipeline;

pub use self::builder::ClientBuilder;
pub use self::hooks::{Incoming, Verdict};
#[cfg(feature = "images")]
pub use self::media::ImageSync;
pub use self::progress::{Phase, Progress};
pub use self::report::{SyncReport, Warning};
#[cfg(feature = "images")]
pub use self::sync::Images;
pub use self::sync::SyncBuilder;
pub use self::validator::{FileValidators, MemoryValidators, Validator, Validators};
use crate::schema::Schema;
use crate::store::Store;

/// A server, and the database that its data goes into. Cheap to clone; clones
/// share connections.
///
/// ```no_run
/// # #[cfg(feature = "sqlite")]
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use synctools::store::{Clean, SqliteStore};
/// use synctools::{Client, Schema};
///
/// let schema = Schema::from_django_json(&std::fs::read_to_string("models.json")?)?;
/// let client = Client::builder()
///     .api_url("https://example.org/sync/")
///     .token("sekret-token")
///     .schema(schema)
///     .store(SqliteStore::open("db.sqlite3").await?)
///     .build()?;
///
/// let report = client.sync("sites").clean(Clean::Stale).await?;
/// println!("{} new, {} changed", report.inserted(), report.updated());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Shared>);

struct Shared {
    schema: Schema,
    store: Arc<dyn Store>,
    /// The endpoint.
    api: Option<Uri>,
    /// The way to it.
    home: Option<Pipeline>,
    #[cfg(feature = "images")]
    media: Option<(crate::images::Media, Pipeline)>,
    ways: builder::Ways,
    validators: Option<Arc<dyn Validators>>,
    attempts: u32,
    max_body: u64,
    max_object: usize,
}

impl Client {
    /// Begins with the defaults.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// A sync of what the server has at `path`, behind the endpoint: `"sites"`
    /// is `https://example.org/sync/sites/`.
    ///
    /// The path is encoded where it has to be, so that a `?`, a `#` or a space
    /// in it reaches the server's route as it is.
    pub fn sync(&self, path: impl Into<String>) -> SyncBuilder {
        SyncBuilder::new(self.clone(), sync::Target::Path(path.into()))
    }

    /// A sync of what is at a whole URL, exactly as it is given: no slash is
    /// added.
    ///
    /// The token goes along to the origin of the endpoint, and elsewhere only
    /// with [`SyncBuilder::send_token`]. A client without an endpoint is made for the
    /// URL, and sends it.
    pub fn sync_url(&self, url: impl Into<String>) -> SyncBuilder {
        SyncBuilder::new(self.clone(), sync::Target::Url(url.into()))
    }

    /// A download of the files that a field of images names in the database of
    /// this side, for example `("blog.author", "photo")`. Needs
    /// [`media`](ClientBuilder::media).
    #[cfg(feature = "images")]
    pub fn images(&self, model: impl Into<String>, field: impl Into<String>) -> ImageSync {
        ImageSync::new(self.clone(), model.into(), field.into())
    }

    /// The models.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// The database.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("way", &self.0.home)
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}
