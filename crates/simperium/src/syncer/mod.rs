//! Objects that are edited here, at once, and kept in step with every other
//! device.
//!
//! A [`Syncer`] keeps buckets in a [`Store`](crate::store::Store). Edits are
//! made there, whether the service can be reached or not; over one websocket they
//! reach it, and what other devices have edited comes back.
//!
//! ```
//! # #[cfg(feature = "emulator")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use serde::{Deserialize, Serialize};
//! use simperium::syncer::{Event, Syncer};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Note {
//!     text: String,
//! }
//!
//! # let server = simperium::emulator::Emulator::builder().start().await?;
//! # let token = server.create_user("my-app", "joe@example.com", "secret").token.clone();
//! let syncer = Syncer::builder("my-app", token)
//! #   .host(server.origin())
//!     .bucket("note")
//!     .start()
//!     .await?;
//! let notes = syncer.bucket_as::<Note>("note")?;
//! let mut events = notes.subscribe();
//!
//! // Kept when it returns, also without a connection.
//! notes.put("shopping", &Note { text: "milk".into() }).await?;
//! assert_eq!(notes.get("shopping").await?.unwrap().text, "milk");
//!
//! // At the service, too.
//! notes.wait_synced(Duration::from_secs(10)).await?;
//! while let Some(event) = events.next().await {
//!     if let Event::Acknowledged { key, version, .. } = event {
//!         assert_eq!((key.as_str(), version), ("shopping", Some(1)));
//!         break;
//!     }
//! }
//! syncer.stop().await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "emulator"))]
//! # fn main() {}
//! ```
//!
//! # What it promises
//!
//! * **Nothing is lost.** An edit that has returned is in the store. It is sent
//!   until the service has said what became of it, after restarts too, with the
//!   same id, so that it is made once.
//! * **Nothing is overwritten in silence.** Edits of the same object on two
//!   devices are merged, texts character by character. What cannot be kept is
//!   reported and stored: [`Event::Conflict`], [`SyncedBucket::conflicts`].
//! * **Nothing is waited for.** Slow subscribers hold up nobody and cost no more
//!   memory than they were given: [`Event::Lagged`].
//! * **It comes back.** A connection that is lost or silent is made anew, after
//!   pauses that grow to a minute. A token that the service refuses is renewed,
//!   and a service that has too much to do is asked less.
//!
//! # How it works
//!
//! One task owns the store and a [`machine`], which knows the protocol and does
//! no I/O. Frames and edits that have come are taken together, in one
//! transaction; what is to be sent leaves once that is kept. Stores may block:
//! they are called where that holds up nobody. The websocket is an upgraded
//! connection of the same transport that all calls go through, with its TLS,
//! proxies and limits.

mod bucket;
mod builder;
mod error;
mod event;
mod heartbeat;
mod job;
mod link;
pub mod machine;
mod owner;
mod resolver;
mod run;
mod socket;
mod status;
mod stop;
mod subscription;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::Secret;
use sync_core::auth::TokenSource;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub use self::bucket::SyncedBucket;
pub use self::builder::SyncerBuilder;
pub use self::error::SyncError;
pub use self::event::{Event, Patch};
pub use self::machine::{Conflict, DeletePolicy};
pub use self::resolver::{Dispute, Resolution, Resolver};
pub use self::status::{KeyStatus, Status, SyncState};
pub use self::stop::Stop;
pub use self::subscription::Events;

use self::job::{Call, Step};
use self::owner::Waiting;
use self::run::{Board, Command};
use crate::Api;
use crate::model::{BucketName, ClientId, NameError};
use crate::store::PendingState;

/// Keeps buckets in step with the service. Cheap to clone; it ends when
/// [`stop`](Self::stop)ped, or with its last clone and bucket.
///
/// What it has stored is complete at any time: to end the program without
/// further ado loses nothing.
#[derive(Clone)]
pub struct Syncer(Arc<Inner>);

struct Inner {
    commands: mpsc::UnboundedSender<Command>,
    board: Arc<Board>,
    names: Arc<[BucketName]>,
    api: Api,
    /// How many events a subscriber holds.
    events: usize,
}

impl Syncer {
    /// Buckets of a user of `app`: the one that the token belongs to.
    pub fn builder(app: impl Into<String>, token: impl Into<Secret<String>>) -> SyncerBuilder {
        SyncerBuilder::new(app.into(), Some(token.into()))
    }

    /// The same, with tokens from a source only, which is asked for the first
    /// one too.
    pub fn builder_with_source(app: impl Into<String>, source: impl TokenSource) -> SyncerBuilder {
        SyncerBuilder::new(app.into(), None).token_source(source)
    }

    fn new(
        commands: mpsc::UnboundedSender<Command>,
        board: Arc<Board>,
        names: Arc<[BucketName]>,
        api: Api,
        events: usize,
    ) -> Self {
        Self(Arc::new(Inner {
            commands,
            board,
            names,
            api,
            events,
        }))
    }

    /// A bucket of JSON objects of any form.
    ///
    /// # Errors
    ///
    /// [`SyncError::Name`], and [`SyncError::UnknownBucket`] when the builder was
    /// not given it.
    pub fn bucket<B>(&self, name: B) -> Result<SyncedBucket<Value>, SyncError>
    where
        B: TryInto<BucketName, Error: Into<NameError>>,
    {
        self.bucket_as(name)
    }

    /// A bucket of objects that are a `T`.
    ///
    /// # Errors
    ///
    /// As [`bucket`](Self::bucket).
    pub fn bucket_as<T>(
        &self,
        name: impl TryInto<BucketName, Error: Into<NameError>>,
    ) -> Result<SyncedBucket<T>, SyncError>
    where
        T: Serialize + DeserializeOwned,
    {
        let name = name.try_into().map_err(Into::into)?;
        let index = self.0.names.iter().position(|known| *known == name);
        match index {
            Some(index) => Ok(SyncedBucket::of(self.clone(), name, index)),
            None => Err(SyncError::UnknownBucket(name.as_str().to_owned())),
        }
    }

    /// How things stand with the connection.
    pub fn status(&self) -> Status {
        *self.0.board.status.borrow()
    }

    /// The id of this device, which its store keeps.
    pub fn client_id(&self) -> &ClientId {
        self.0.api.client_id()
    }

    /// Calls of the service itself, with the same token.
    pub fn api(&self) -> &Api {
        &self.0.api
    }

    /// Waits until the service has every edit, and everything that it had is
    /// here. What it has [rejected](SyncState::Rejected) is not waited for.
    ///
    /// # Errors
    ///
    /// [`SyncError::TimedOut`] when it takes longer than `limit`,
    /// [`SyncError::Stopped`].
    pub async fn wait_synced(&self, limit: Duration) -> Result<(), SyncError> {
        self.wait_for(None, limit).await
    }

    /// Does now what would be done later: connects without the pause that is
    /// left, sends what rests, and asks the service whether there is news. Does
    /// nothing while paused.
    ///
    /// # Errors
    ///
    /// [`SyncError::Stopped`].
    pub fn sync_now(&self) -> Result<(), SyncError> {
        self.command(Command::SyncNow)
    }

    /// Ends the connection, and makes no other until [`resume`](Self::resume).
    /// Edits are kept. Returns when the connection is closed.
    ///
    /// # Errors
    ///
    /// [`SyncError::Stopped`].
    pub async fn pause(&self) -> Result<(), SyncError> {
        let (done, paused) = oneshot::channel();
        self.command(Command::Pause(done))?;
        paused.await.map_err(|_| SyncError::Stopped)
    }

    /// Connects again after [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// [`SyncError::Stopped`].
    pub fn resume(&self) -> Result<(), SyncError> {
        self.command(Command::Resume)
    }

    /// Goes on with another token of the same user, over a new connection.
    ///
    /// # Errors
    ///
    /// [`SyncError::Stopped`].
    pub fn set_token(&self, token: impl Into<Secret<String>>) -> Result<(), SyncError> {
        self.command(Command::SetToken(token.into()))
    }

    /// Ends the syncer, and closes its store; other clones find it
    /// [stopped](SyncError::Stopped). Edits that were not sent are kept, unless
    /// the store is in memory: [`flush`](Stop::flush) waits for them first.
    pub fn stop(&self) -> Stop {
        Stop::new(self.clone())
    }

    fn subscribe(&self, bucket: usize) -> Events {
        let events = match self.0.board.subscribers.get(bucket) {
            Some(subscribers) => subscribers.add(self.0.events),
            None => Events::ended(),
        };
        if self.status() == Status::Stopped {
            return Events::ended();
        }
        events
    }

    fn command(&self, command: Command) -> Result<(), SyncError> {
        self.0
            .commands
            .send(command)
            .map_err(|_| SyncError::Stopped)
    }

    /// Runs `work` in the store, behind whatever was asked for before.
    async fn run<R, F>(&self, work: F) -> Result<R, SyncError>
    where
        R: Send + 'static,
        F: FnOnce(&mut Step<'_>) -> Result<R, SyncError> + Send + 'static,
    {
        let (caller, result) = oneshot::channel();
        self.command(Command::Job(Box::new(Call::new(work, caller))))?;
        result.await.map_err(|_| SyncError::Stopped)?
    }

    /// Waits until a bucket is synced, or all are.
    async fn wait_for(&self, bucket: Option<usize>, limit: Duration) -> Result<(), SyncError> {
        let (done, mut synced) = oneshot::channel();
        self.command(Command::Wait(Waiting { bucket, done }))?;
        match timeout(limit, &mut synced).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(SyncError::Stopped),
            Err(_) => {
                let pending = self.run(move |step| count(step, bucket)).await?;
                // By now it was looked at, however short the time was.
                match synced.try_recv() {
                    Ok(()) => Ok(()),
                    Err(_) => Err(SyncError::TimedOut {
                        pending,
                        status: self.status(),
                    }),
                }
            }
        }
    }
}

/// How many objects have edits that are on their way.
fn count(step: &mut Step<'_>, bucket: Option<usize>) -> Result<u64, SyncError> {
    let mut pending = 0;
    for (index, name) in step.names.iter().enumerate() {
        if bucket.is_none_or(|bucket| bucket == index) {
            for state in PendingState::ALL {
                if state != PendingState::Parked {
                    pending += step.tx.count_queue(name, state)?;
                }
            }
        }
    }
    Ok(pending)
}

impl fmt::Debug for Syncer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syncer")
            .field("app", self.0.api.app())
            .field("buckets", &self.0.names)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
