//! The ObexCode SyncServer interface, with a local server.
//!
//! The service kept the contacts, calendars and notes of phones in step. It
//! is gone; its documentation is not, and every sentence of that works here,
//! against the `emulator` that comes with the crate or any server that
//! speaks the same.
//!
//! # A first look
//!
//! What needs no credentials:
//!
//! ```no_run
//! # async fn run() -> Result<(), ocss::Error> {
//! let api = ocss::SyncServerApi::new()?;
//! let mut vendors = api.phones().vendors().stream();
//! while let Some(vendor) = vendors.try_next().await? {
//!     println!("{} {}", vendor.name().await?, vendor.models().len().await?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What needs some, here against the emulator:
//!
//! ```
//! # #[cfg(feature = "emulator")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ocss::emulator::Emulator;
//! use ocss::model::Dataclass;
//! use ocss::{OcssErrorExt as _, SyncServerApi, SyncServerAuth};
//!
//! let server = Emulator::builder().start().await?;
//! let auth = SyncServerAuth::new(
//!     "consumer-key-alice",
//!     "consumer-secret-alice",
//!     "access-key-alice",
//!     "access-secret-alice",
//! );
//! let api = SyncServerApi::builder().base_url(server.url()).auth(auth).build()?;
//!
//! let store = api.clients().datastore().get("my-datastore-client-id").await?;
//! assert_eq!(store.contents().len().await?, 15);
//! assert_eq!(store.contents().dataclass(Dataclass::CONTACTS).len().await?, 8);
//!
//! let card = store.contents().new("BEGIN:VCARD\r\nEND:VCARD\r\n", "text/x-vcard").await?;
//! card.set_title("Kari");
//! card.update().await?;
//! store.contents().delete(&card).await?;
//!
//! let error = store.contents().get("invalid-id").await.unwrap_err();
//! assert!(error.is_not_found());
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "emulator"))]
//! # fn main() {}
//! ```
//!
//! # How it behaves
//!
//! * **Collections** are lazy handles: making one asks nothing. `get` is one
//!   request, `stream` fetches pages as they are needed, `list` keeps what it
//!   found until `refresh`.
//! * **Resources** are cheap handles that load once, however many ask.
//!   Changes are staged by `set_…` and sent by `update`, in one request that
//!   fails rather than overwrite someone else's change.
//! * **Errors** are the shared [`Error`]; [`OcssErrorExt`] sorts them into the
//!   documented classes.
//! * **Repeats**: lost connections are made again as far as that is safe. A
//!   POST is never repeated once it may have arrived.
//! * **Credentials** go to the service and nowhere else, each request signed
//!   afresh, and are never shown.
//!
//! # Where things are
//!
//! | concern | module |
//! |---|---|
//! | collections and resources | [`api`] |
//! | values, snapshots, arguments | [`model`] |
//! | signatures (pure) | [`oauth1`] |
//! | Atom documents, service documents (pure) | [`atom`], [`atompub`] |
//! | points in time | [`time`] |
//! | the service itself | `emulator` (feature `emulator`) |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tls` | yes | HTTPS |
//! | `http2` | yes | HTTP/2 |
//! | `emulator` | no | the service, in memory, to run and to test against |

pub mod api;
pub mod atom;
pub mod atompub;
mod client;
#[cfg(feature = "emulator")]
pub mod emulator;
mod error;
pub mod model;
pub mod oauth1;
pub mod time;
mod wire;

/// What all services share: transports, policies, errors.
pub use sync_core;
pub use sync_core::policy::{Backoff, RetryAnswers, RetryPolicy};
pub use sync_core::{CallOptions, Clock, Error, ErrorKind, Secret};

pub use crate::client::{
    Parameter, PathMap, Paths, RebaseRule, ResourceStream, Role, SyncServerApi,
    SyncServerApiBuilder, SyncServerAuth,
};
pub use crate::error::{ErrorClass, OcssError, OcssErrorExt, Reason};

#[cfg(all(doctest, feature = "emulator"))]
#[doc = include_str!("../README.md")]
struct Readme;
