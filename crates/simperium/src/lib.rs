//! A client of the Simperium service.
//!
//! Simperium keeps the JSON objects of an application in step between
//! devices: every object has versions, and what travels is the difference
//! between two of them.
//!
//! ```
//! # #[cfg(feature = "emulator")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use serde_json::json;
//! use simperium::emulator::Emulator;
//! use simperium::{Api, Auth};
//!
//! // Without `host`, it is the service itself.
//! let server = Emulator::builder().start().await?;
//! let auth = Auth::builder("my-app", "api-key").host(server.origin()).build()?;
//! let user = auth.create("joe@example.com", "secret").await?;
//! let api = Api::builder("my-app", user.access_token).host(server.origin()).build()?;
//!
//! let todo = api.bucket("todo")?;
//! let made = todo.new(&json!({"title": "Wash the car", "done": false})).await?;
//! let set = todo.set(&made.key, &json!({"done": true})).await?;
//! assert_eq!(set.version, Some(2));
//!
//! let page = todo.index().data(true).await?;
//! assert_eq!(page.entries[0].data, Some(json!({"title": "Wash the car", "done": true})));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "emulator"))]
//! # fn main() {}
//! ```
//!
//! # How it behaves
//!
//! * **Writes** have an id that stays the same however often they have to be
//!   sent: the service makes each once, so that they are repeated like reads.
//!   See [`api::Write`].
//! * **Errors** are the shared [`Error`]; [`SimperiumErrorExt`] says what they
//!   mean here.
//! * **Polls** that find nothing, however they end, are no errors. See
//!   [`api::Changes`].
//! * **Secrets** (keys, passwords, tokens) are never shown, even when the
//!   service repeats them.
//!
//! # Where things are
//!
//! | concern | module |
//! |---|---|
//! | buckets: entities, index, history, changes | [`api`] |
//! | names, versions, changes | [`model`] |
//! | differences between objects: made, applied, rebased, merged (pure) | [`jsondiff`] |
//! | frames of the websocket protocol (pure) | [`protocol`] |
//! | objects that are edited here and kept in step | `syncer`, `store` (feature `sync`) |
//! | the service itself | `emulator` (feature `emulator`) |
//!
//! # Features
//!
//! | feature | default | what it brings |
//! |---|---|---|
//! | `tls` | yes | HTTPS |
//! | `http2` | yes | HTTP/2 |
//! | `exact-numbers` | yes | `serde_json::Value` keeps the text of every number, in the whole program |
//! | `sync` | no | objects that are edited here and kept in step with every other device |
//! | `sqlite` | no | a store of the syncer in a SQLite file; implies `sync` |
//! | `test-kit` | no | the tests that every store of a syncer must pass; implies `sync` |
//! | `emulator` | no | the service, in memory, to run and to test against |
//!
//! With `exact-numbers`, a `Value` writes a number as it came, but for
//! exponents: `1E5` becomes `1e+5`. Without it, a `Value` holds what fits an
//! `i64`, `u64` or `f64`, and a number beyond them comes back as the nearest of
//! those. The feature is one of `serde_json`, for the whole program: with it,
//! fractions and large numbers cannot be read through `#[serde(flatten)]`,
//! `#[serde(untagged)]` or `#[serde(tag = "…")]` into an `f64`, and `json!(1.0)`
//! is not equal to a `1.00` that was read. Turn it off if other parts of your
//! program do that, and your objects hold no numbers beyond an `f64`.

pub mod api;
mod client;
#[cfg(feature = "emulator")]
pub mod emulator;
mod error;
pub mod jsondiff;
pub mod model;
pub mod protocol;
#[cfg(feature = "sync")]
pub mod store;
#[cfg(feature = "sync")]
pub mod syncer;
#[cfg(any(feature = "emulator", feature = "sync"))]
mod websocket;
mod wire;

/// What all services share: transports, policies, errors.
pub use sync_core;
pub use sync_core::auth::TokenSource;
pub use sync_core::json::RawJson;
pub use sync_core::policy::{Backoff, RetryPolicy};
pub use sync_core::stream::WatchOptions;
pub use sync_core::{CallOptions, Clock, Error, ErrorKind, Secret};

pub use crate::api::Bucket;
pub use crate::client::{
    Admin, AdminBuilder, Api, ApiBuilder, Auth, AuthBuilder, Login, TokenHeader, UpdateUser,
};
pub use crate::error::{SimperiumError, SimperiumErrorExt};

#[cfg(all(doctest, feature = "emulator", feature = "sync"))]
#[doc = include_str!("../README.md")]
struct Readme;
