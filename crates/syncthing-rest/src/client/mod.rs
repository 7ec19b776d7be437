//! What a user holds.

mod auth;
mod builder;
mod daemon;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use sync_core::{Call, Operation, Pipeline};

pub use self::builder::ClientBuilder;
pub use self::daemon::Daemon;
use self::daemon::SyncthingService;
use crate::Endpoint;

/// A client of one daemon. Cheap to clone; clones share connections, the API
/// key and the budget for repeated attempts.
///
/// ```no_run
/// # async fn run() -> Result<(), sync_core::Error> {
/// use syncthing_rest::Client;
///
/// let client = Client::builder("http://127.0.0.1:8384").api_key("…").build()?;
/// let status = client.folder("default").status().await?;
/// println!("{}: {} items to fetch", status.state, status.need_total_items);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pipeline: Pipeline,
    service: Arc<SyncthingService>,
}

impl Client {
    /// A client of the daemon at `url`, such as `http://127.0.0.1:8384`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// A client of the daemon that this user runs, found by its own
    /// configuration; see [`discover`](crate::discover).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config): none was found, or
    /// its configuration does not say how to reach it.
    #[cfg(feature = "discover")]
    pub fn from_default_home() -> Result<Self, sync_core::Error> {
        ClientBuilder::from_home(&crate::discover::Home::find()?)?.build()
    }

    /// A client of the daemon whose `config.xml` lies in `directory`.
    ///
    /// # Errors
    ///
    /// As [`from_default_home`](Self::from_default_home).
    #[cfg(feature = "discover")]
    pub fn from_home(directory: impl Into<std::path::PathBuf>) -> Result<Self, sync_core::Error> {
        ClientBuilder::from_home(&crate::discover::Home::read(directory)?)?.build()
    }

    /// Which daemon answered last; `None` before the first answer.
    pub fn daemon(&self) -> Option<Daemon> {
        self.service.daemon()
    }

    /// Any call, by method, path and query, for what this crate has no name
    /// for. The path must begin with `/`; the query is encoded here.
    ///
    /// Only `GET`, `HEAD` and `OPTIONS` are repeated after a failure in which
    /// the daemon may have acted.
    pub fn raw(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Call<Bytes> {
        static OTHER: Operation = Operation::new("syncthing", "raw", Method::OPTIONS, "");
        static GET: Operation = Operation::get("syncthing", "raw", "");
        static HEAD: Operation = Operation::new("syncthing", "raw", Method::HEAD, "");
        static POST: Operation = Operation::post("syncthing", "raw", "");
        static PUT: Operation = Operation::put("syncthing", "raw", "").not_idempotent();
        static PATCH: Operation = Operation::patch("syncthing", "raw", "");
        static DELETE: Operation = Operation::delete("syncthing", "raw", "").not_idempotent();
        let known = [&GET, &HEAD, &POST, &PUT, &PATCH, &DELETE, &OTHER];
        let operation = known
            .into_iter()
            .find(|operation| *operation.method() == method);
        let unknown = operation.is_none();
        let mut call = self
            .pipeline
            .call(operation.unwrap_or(&OTHER))
            .raw_path(path);
        for (key, value) in query {
            call = call.query(key, value);
        }
        call.or_error(unknown.then(|| sync_core::Error::encode("the daemon knows no such method")))
    }

    /// Begins a call of an endpoint.
    pub(crate) fn call(&self, endpoint: &'static Endpoint) -> Call<Bytes> {
        self.pipeline.call(endpoint.operation())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("pipeline", &self.pipeline)
            .finish_non_exhaustive()
    }
}
