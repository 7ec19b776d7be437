//! Webhooks: news that something was published, not what.
//!
//! A [`Verifier`] sees whether a call is from the service, an [`Event`] is what
//! it tells, and an [`Endpoint`] takes calls and answers them at once. What a
//! call says is a reason to run a delta and nothing more: payloads may be
//! concise, may arrive in another order than the changes were made, or not at
//! all.
//!
//! ```no_run
//! use std::time::Duration;
//! use contentstack_sync::mirror::{Mirror, Trigger};
//! use contentstack_sync::webhook::{Endpoint, Verifier};
//!
//! # async fn run(mirror: Mirror) -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::hmac(["the secret", "the one before it"]);
//! let trigger = Trigger::new();
//! let listener = Endpoint::triggering(verifier, &trigger)
//!     .listen("127.0.0.1:8787".parse()?)
//!     .await?;
//! println!("calls go to http://{}", listener.address());
//!
//! // Many calls, one delta.
//! let watch = mirror.watch(Duration::from_secs(600)).trigger(&trigger);
//! # let shutdown = async {};
//! watch.run_until(shutdown, |watched| println!("{watched:?}")).await?;
//! # Ok(())
//! # }
//! ```

mod endpoint;
mod event;
mod pem;
mod signature;
mod verifier;

pub use self::endpoint::{Endpoint, Listener};
pub use self::event::{Action, Event, Module, UnreadableEvent};
pub use self::pem::InvalidKey;
pub use self::verifier::{Rejection, Verifier};
