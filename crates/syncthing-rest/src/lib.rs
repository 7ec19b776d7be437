//! The whole REST API of [Syncthing](https://syncthing.net), typed, with its
//! event stream, and with what is dangerous about it made safe.
//!
//! Made for daemons from 1.19 to 2.1, and says so when one lacks a call.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use syncthing_rest::events::EventItem;
//! use syncthing_rest::{Client, SyncthingError, SyncthingErrorExt};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // The daemon that this user runs: address, key and certificate are found.
//! # #[cfg(feature = "discover")]
//! let client = Client::from_default_home()?;
//! // Or any other.
//! let client = Client::builder("http://127.0.0.1:8384").api_key("…").build()?;
//!
//! // A call can be awaited as it is, or be given limits first.
//! let version = client.system().version().await?;
//! let status = client.folder("photos").status().timeout(Duration::from_secs(5)).await?;
//! println!("{}: {} files, {}", version.version, status.local_files, status.state);
//!
//! // Why a call failed.
//! match client.folder("photos").versions().await {
//!     Ok(versions) => println!("{} files have old versions", versions.len()),
//!     Err(error) if error.syncthing() == Some(&SyncthingError::NoVersioner) => {}
//!     Err(error) => return Err(error.into()),
//! }
//!
//! // Changes, in the smallest calls that make them.
//! client.folder("photos").edit(|folder| folder.rescan_interval_s = 600).await?;
//!
//! // Until all devices have the same.
//! client.folder("photos").scan().await?;
//! client.folder("photos").wait_until_in_sync().await?;
//!
//! // What happens from here on, over restarts of the daemon.
//! let mut events = client.events().stream();
//! while let Some(item) = events.next().await.transpose()? {
//!     if let EventItem::Event(event) = item {
//!         println!("{} {:?}", event.id, event.kind);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! | what | where |
//! |---|---|
//! | connecting: keys, sockets, certificates | [`ClientBuilder`], `discover` |
//! | every call, by what it is about | [`api`], from methods of [`Client`] such as [`folder`](Client::folder) |
//! | what the daemon says, typed | [`model`] |
//! | events as a stream | [`events`] |
//! | waiting until in sync, until up, progress | [`wait`] |
//! | editing the configuration, accepting devices and folders | [`edit`] |
//! | which daemon has which call | [`Endpoint`] |
//! | what a refusal means | [`SyncthingError`] |
//! | limits, repetition, and what an [`Error`] tells | [`Call`], [`sync_core::policy`] |
//! | what this crate has no name for | [`Client::raw`] |
//!
//! # What an answer means
//!
//! The daemon's 200 often means less than it seems. Each method says what; the
//! most important: [`restart`](api::System::restart) and
//! [`shutdown`](api::System::shutdown) have not happened yet,
//! [`override_changes`](api::FolderHandle::override_changes) and
//! [`revert_changes`](api::FolderHandle::revert_changes) have only begun if the
//! folder exists at all, and a [`completion`](model::db::Completion) of 100 per
//! cent does not mean in sync. The functions of [`wait`] know better.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tls` | yes | HTTPS, with the daemon's own certificate or the system's roots |
//! | `http2` | yes | HTTP/2, which daemons speak over TLS from 2.0 on |
//! | `discover` | yes | finding the daemon by its `config.xml` |

pub mod api;
mod client;
#[cfg(feature = "discover")]
pub mod discover;
pub mod edit;
mod endpoints;
mod error;
pub mod events;
pub mod model;
mod seed;
pub mod wait;
mod wire;

/// What all services share: transports, TLS, policies, errors.
pub use sync_core;
pub use sync_core::policy::{Backoff, RetryPolicy};
pub use sync_core::{Call, CallOptions, Error, ErrorKind, Secret};

pub use crate::client::{Client, ClientBuilder, Daemon};
pub use crate::endpoints::Endpoint;
pub use crate::error::{SyncthingError, SyncthingErrorExt, Unauthorized};

/// The examples of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
