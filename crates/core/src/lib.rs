//! The one way a call travels.
//!
//! ```text
//! typed request → options → auth → policy loop → Transport → decode → typed result or Error
//! ```
//!
//! The service crates of this workspace stand on this one. It knows none of
//! them. A service describes its calls as [`Operation`]s, hands them to a
//! [`Pipeline`], and gets back a [`Call`] that becomes a typed result:
//!
//! ```
//! use serde::Deserialize;
//! use sync_core::auth::HeaderAuth;
//! use sync_core::{Error, Operation, Pipeline};
//!
//! #[derive(Deserialize)]
//! struct Ping {
//!     ping: String,
//! }
//!
//! static PING: Operation = Operation::get("demo", "ping", "/rest/{area}/ping");
//!
//! async fn ping(pipeline: &Pipeline) -> Result<String, Error> {
//!     let answer: Ping = pipeline.call(&PING).path("system").json().await?;
//!     Ok(answer.ping)
//! }
//! # #[cfg(feature = "testing")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! # use sync_core::testing::mock::{json, ReplyTransport};
//! # let transport = ReplyTransport::queue([Ok(json(http::StatusCode::OK, &serde_json::json!({"ping": "pong"})))]);
//!
//! let key = HeaderAuth::new(http::HeaderName::from_static("x-api-key"), "s3cret".into())?;
//! let pipeline = Pipeline::builder("http://127.0.0.1:8384").auth(key)
//! #   .transport(transport)
//!     .build()?;
//! assert_eq!(ping(&pipeline).await?, "pong");
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "testing"))]
//! # fn main() {}
//! ```
//!
//! # Where things are
//!
//! | concern | module |
//! |---|---|
//! | the seam: one attempt, one exchange | [`transport`] |
//! | connections, TLS, pool, proxy | [`hyper`] (feature `hyper`) |
//! | a call and its options | [`call`] |
//! | retries, deadlines, redirects, decoding, limits | [`policy`] |
//! | credentials | [`auth`] |
//! | what went wrong | [`error`] |
//! | paging and watching, resumable | [`stream`] |
//! | what may be shown | [`redact`], [`Secret`] |
//! | files for their owner only | [`private_file`] |
//! | the only wall clock | [`clock`] |
//! | ids and nonces | `random` (feature `random`) |
//! | what the stores of the service crates share | `store` (feature `store`) |
//! | suites of named behaviours | `kit` (feature `kit`) |
//! | a service of one's own process, with faults | `local` (feature `local`) |
//! | how the example tools start, print and end | `tool` (feature `tool`) |
//! | doubles, scripted servers, the transport contract | `testing` (feature `testing`) |
//!
//! # What it promises
//!
//! * A request is repeated only when that is safe: see the table in [`policy`].
//! * Credentials stay at their origin and never reach a log, an error or `Debug`.
//! * Every wait has a limit and an owner: see [`CallOptions`].
//! * Bodies stream; what is held in memory is bounded.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `hyper` | yes | the transport over hyper, with a pool of its own |
//! | `http2` | yes | HTTP/2 |
//! | `rustls-ring`, `rustls-aws-lc-rs`, `rustls-no-provider` | ring | TLS with this provider, or with the caller's own |
//! | `platform-verifier`, `webpki-roots` | platform | where roots come from |
//! | `gzip`, `brotli`, `zstd` | gzip | content codings |
//! | `proxy` | no | HTTP and SOCKS proxies |
//! | `exact-numbers` | no | `serde_json::Value` keeps the text of every number, in the whole program |
//! | `random` | no | random numbers of the system |
//! | `local` | no | what emulators stand on |
//! | `store`, `sqlite` | no | the error that stores share, and what those in SQLite files do |
//! | `kit` | no | the report of a suite of named behaviours |
//! | `tool` | no | what the example tools share |
//! | `testing` | no | test tools |

pub mod auth;
pub mod call;
pub mod clock;
pub mod error;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod json;
#[cfg(feature = "kit")]
pub mod kit;
#[cfg(feature = "local")]
pub mod local;
mod pipeline;
pub mod policy;
pub mod private_file;
#[cfg(feature = "random")]
pub mod random;
pub mod redact;
mod secret;
#[cfg(feature = "store")]
pub mod store;
pub mod stream;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tool")]
pub mod tool;
pub mod transport;

// What a transport of one's own is written with.
pub use async_trait::async_trait;
pub use {bytes, http};

pub use crate::call::{Call, CallOptions};
pub use crate::clock::Clock;
pub use crate::error::{ApiError, Error, ErrorKind, StopReason};
pub use crate::pipeline::{Pipeline, PipelineBuilder, PlainService, Service};
pub use crate::secret::Secret;
pub use crate::transport::{Body, Operation, Transport, TransportError};
