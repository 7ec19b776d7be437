//! The Contentstack Sync API: every page, every token, and a local copy that
//! is right after any crash.
//!
//! # A first look
//!
//! Here against the `emulator` that comes with the crate; without `host` it is
//! the service.
//!
//! ```
//! # #[cfg(feature = "emulator")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use contentstack_sync::Stack;
//! use contentstack_sync::emulator::{Emulator, EntryDraft};
//! use contentstack_sync::model::Item;
//!
//! #[derive(serde::Deserialize)]
//! struct Article {
//!     title: String,
//! }
//!
//! let server = Emulator::builder().start().await?;
//! server.publish_entry(EntryDraft::new("article").title("Hello"));
//!
//! let stack = Stack::builder(server.api_key(), server.access_token(), server.environment())
//!     .host(server.url())
//!     .build()?;
//!
//! let mut items = stack.sync_init().items();
//! while let Some(item) = items.next().await.transpose()? {
//!     if let Item::EntryPublished(entry) = item {
//!         assert_eq!(entry.decode::<Article>()?.title, "Hello");
//!     }
//! }
//! let checkpoint = items.checkpoint();
//!
//! // Later, in another process: what has changed since.
//! server.publish_entry(EntryDraft::new("article").title("News"));
//! let changes = stack.resume(&checkpoint)?.await?;
//! assert_eq!(changes.items.len(), 1);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "emulator"))]
//! # fn main() {}
//! ```
//!
//! # How it behaves
//!
//! * **A sync** ([`SyncInit`], [`SyncCall`]) is one request when it is awaited, and
//!   a stream of [pages](SyncCall::pages), [items](SyncCall::items) or
//!   [everything from now on](SyncCall::follow) when it is asked to be.
//! * **Reading is lenient**: one bad item is an
//!   [`Unreadable`](model::Item::Unreadable) one, and its page is fine. Content
//!   is kept as the exact text that came.
//! * **Checkpoints** move only past what was handed out, and are refused where
//!   they do not belong.
//! * **Failures** that pass are repeated; tokens that the service says it does
//!   not know are sent again before they are given up; pages that run in a
//!   circle are found out. [`ContentstackError`] says what a refusal means.
//! * **Requests** are limited to 80 a second, or what [`RateLimit`] says.
//! * **Credentials and tokens** are never shown.
//!
//! # Where things are
//!
//! | what | where |
//! |---|---|
//! | a stack, and how to reach it | [`Stack`], [`StackBuilder`], [`Region`] |
//! | pages, items, tokens, checkpoints | [`model`] |
//! | the durable local copy | [`mirror`], [`store`] |
//! | questions to it | [`query`] |
//! | files of assets | `assets` (feature `assets`) |
//! | calls from the service | `webhook` (feature `webhooks`) |
//! | the service itself | `emulator` (feature `emulator`) |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tls` | yes | HTTPS |
//! | `http2` | yes | HTTP/2 |
//! | `sqlite` | no | a mirror in a SQLite file |
//! | `assets` | no | download of asset files |
//! | `webhooks` | no | verification of webhooks, and a small service for them |
//! | `emulator` | no | the Sync API, in memory, to run and to test against |
//! | `test-kit` | no | the tests that every store of a mirror must pass |

#[cfg(feature = "assets")]
pub mod assets;
mod client;
#[cfg(feature = "emulator")]
pub mod emulator;
mod error;
pub mod mirror;
pub mod model;
pub mod query;
pub mod store;
mod sync;
#[cfg(feature = "webhooks")]
pub mod webhook;
mod wire;

/// What all services share: transports, policies, errors.
pub use sync_core;
pub use sync_core::policy::{Backoff, RetryPolicy};
pub use sync_core::stream::Signal;
pub use sync_core::{CallOptions, Clock, Error, ErrorKind, Secret};

pub use crate::client::{
    ConfigError, ContentTypes, RateLimit, Region, Stack, StackBuilder, UnknownRegion,
};
pub use crate::error::{ContentstackError, ContentstackErrorExt};
pub use crate::sync::{SyncCall, SyncFollow, SyncInit, SyncItems, SyncPages};

/// The examples of the README, compiled.
#[cfg(all(doctest, feature = "emulator"))]
#[doc = include_str!("../README.md")]
struct Readme;
