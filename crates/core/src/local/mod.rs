//! What a service of one's own process needs: a socket to listen at, a way
//! around the socket, and bad days made to order.
//!
//! The emulators of the service crates stand on this. Each is a
//! [`LocalService`]; [`LocalServer`] puts it behind a port of 127.0.0.1, and
//! [`LocalTransport`] makes a [`Transport`](crate::Transport) of it that needs
//! no port. Both do to an answer what its [`Disturbance`] says.
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use sync_core::Pipeline;
//! use sync_core::local::{LocalServer, LocalService, LocalTransport};
//!
//! struct Greeter;
//!
//! #[async_trait]
//! impl LocalService for Greeter {
//!     async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Response<Bytes> {
//!         Response::new(format!("you asked for {}", request.uri().path()).into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let service = Arc::new(Greeter);
//! let server = LocalServer::start(service.clone(), 0).await?;
//! println!("listening at http://{}", server.address());
//! let without_a_socket = LocalTransport::new(service);
//! # Ok(())
//! # }
//! ```

mod disturbance;
mod plan;
mod recent;
mod reply;
mod server;
mod transport;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};

pub use self::disturbance::{Disturbance, End};
pub use self::plan::{InvalidPattern, Plan};
pub use self::recent::Recent;
pub use self::server::{Connection, LocalListener, LocalServer};
pub use self::transport::LocalTransport;
use crate::transport::Upgraded;

/// Larger requests are refused.
const LARGEST_REQUEST: usize = 64 << 20;

/// What answers requests.
#[async_trait]
pub trait LocalService: Send + Sync + 'static {
    /// The answer to a request.
    ///
    /// In the request's extensions is the [`Connection`] it came over, if it
    /// came over one. In the answer's, a [`Disturbance`] spoils it on its way,
    /// and [`TakeOver`] goes on with the connection after a `101`.
    async fn answer(self: Arc<Self>, request: Request<Bytes>) -> Response<Bytes>;
}

type Served = Pin<Box<dyn Future<Output = ()> + Send>>;
type Serve = Box<dyn FnOnce(Upgraded) -> Served + Send>;

/// In the extensions of a `101`: who speaks on the connection from then on.
#[derive(Clone)]
pub struct TakeOver(Arc<Mutex<Option<Serve>>>);

impl TakeOver {
    /// The connection is handed to `serve`, in a task of its own.
    pub fn new<F, S>(serve: F) -> Self
    where
        F: FnOnce(Upgraded) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let serve: Serve = Box::new(|io| Box::pin(serve(io)));
        Self(Arc::new(Mutex::new(Some(serve))))
    }

    /// Begins to speak. Only the first call has a connection to speak on.
    fn begin(&self, io: Upgraded) -> Option<Served> {
        let serve = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        serve.map(|serve| serve(io))
    }
}

impl fmt::Debug for TakeOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TakeOver")
    }
}
