//! The task that everything of a syncer goes through.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use sync_core::{Clock, Error, Pipeline};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::builder::Tuning;
use super::job::Job;
use super::link::{Happened, Link};
use super::machine::{BucketEvent, Effect, Fetched, Settings};
use super::owner::{Input, Owner, Turned, Waiting};
use super::subscription::Subscribers;
use super::tokens::Tokens;
use super::{Event, Resolver, Status, SyncError, Syncer};
use crate::api::Bucket;
use crate::model::{AppId, BucketName, ClientId, Key};
use crate::store::{Identity, Millis, Store, StoreError, StoreErrorKind, StoreExt as _};
use crate::{Api, RawJson, Secret};

/// Inputs that are taken together at most.
const BATCH: usize = 256;
/// Bytes of frames that are taken together, about.
const BATCH_BYTES: usize = 4 << 20;
/// Entities that are read over HTTP at a time.
const FETCHES: usize = 4;

/// What a syncer begins with.
pub(super) struct Begin {
    pub(super) app: AppId,
    pub(super) buckets: Vec<BucketName>,
    pub(super) client_id: ClientId,
    pub(super) store: Box<dyn Store>,
    /// Whether its calls do not block.
    pub(super) in_memory: bool,
    pub(super) resolver: Option<Arc<dyn Resolver>>,
    pub(super) tuning: Tuning,
    pub(super) tokens: Tokens,
    pub(super) pipeline: Pipeline,
    pub(super) clock: Clock,
}

/// What callers ask of the task.
pub(super) enum Command {
    Job(Box<dyn Job>),
    Wait(Waiting),
    SyncNow,
    Pause(oneshot::Sender<()>),
    Resume,
    SetToken(Secret<String>),
    Stop(oneshot::Sender<()>),
}

/// What callers see of the task.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) subscribers: Vec<Subscribers>,
    pub(super) status: watch::Sender<Status>,
}

impl Board {
    fn set_status(&self, status: Status) {
        let changed = self.status.send_if_modified(|known| {
            let changed = *known != status;
            *known = status;
            changed
        });
        if changed {
            for subscribers in &self.subscribers {
                subscribers.tell(|| Event::Connection(status));
            }
        }
    }
}

/// Says that the task has ended, however it does.
struct Ending(Arc<Board>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.set_status(Status::Stopped);
        for subscribers in &self.0.subscribers {
            subscribers.end();
        }
    }
}

/// Opens the store and begins.
pub(super) async fn start(
    begin: Begin,
    api: impl FnOnce(ClientId) -> Result<Api, Error>,
) -> Result<Syncer, SyncError> {
    let Begin {
        app,
        buckets,
        client_id,
        mut store,
        in_memory,
        resolver,
        tuning,
        tokens,
        pipeline,
        clock,
    } = begin;
    let names: Arc<[BucketName]> = buckets.into();
    let all = Arc::clone(&names);
    let page = tuning.page;
    let quiet = tuning.quiet;
    let rate = tuning.rate.flatten();
    let deletes = tuning.deletes;
    let any_user = tuning.any_user;
    let open = move || -> Result<(Owner, ClientId), SyncError> {
        let client = identify(&mut *store, &app, client_id)?;
        let mut settings = Settings::new(app, client.clone());
        settings.page = page;
        settings.debounce = quiet;
        settings.rate = rate;
        settings.deletes = deletes;
        let owner = Owner::new(store, all, settings, resolver, any_user)?;
        Ok((owner, client))
    };
    let (owner, client) = match in_memory {
        true => open()?,
        false => tokio::task::spawn_blocking(open)
            .await
            .map_err(|_| SyncError::Stopped)??,
    };
    let api = api(client)?;
    let board = Arc::new(Board {
        subscribers: names.iter().map(|_| Subscribers::default()).collect(),
        status: watch::Sender::new(Status::Paused),
    });
    let (sender, commands) = mpsc::unbounded_channel();
    let time = Time::new(clock);
    let events = tuning.events;
    let paused = tuning.paused;
    let run = Run {
        owner: Some(Box::new(owner)),
        in_memory,
        commands,
        link: Link::new(tokens.clone(), pipeline, tuning),
        tokens,
        time,
        wake: None,
        fetching: JoinSet::new(),
        to_fetch: VecDeque::new(),
        api: api.clone(),
        names: Arc::clone(&names),
        ending: Ending(Arc::clone(&board)),
    };
    tokio::spawn(run.drive(paused));
    Ok(Syncer::new(sender, board, names, api, events))
}

/// Whose store it is: this app's, or nobody's. Returns the device that it
/// stands for.
fn identify(store: &mut dyn Store, app: &AppId, client: ClientId) -> Result<ClientId, StoreError> {
    store.run(|tx| match tx.identity()? {
        Some(known) if known.app.as_str().eq_ignore_ascii_case(app.as_str()) => Ok(known.client),
        Some(_) => Err(StoreError::new(StoreErrorKind::Mismatch, "of another app")),
        None => {
            tx.set_identity(&Identity {
                app: app.clone(),
                user: None,
                client: client.clone(),
            })?;
            Ok(client)
        }
    })
}

/// The time as the machine has it: that of the wall, and going on as tokio's
/// does, so that it never goes back, and stands still where a test says so.
struct Time {
    clock: Clock,
    wall: Millis,
    at: Instant,
}

impl Time {
    fn new(clock: Clock) -> Self {
        Self {
            wall: clock.now().into(),
            at: Instant::now(),
            clock,
        }
    }

    fn now(&self) -> Millis {
        self.wall.after(self.at.elapsed())
    }

    /// Catches up with the clock on the wall, after a sleep of the machine.
    fn adjust(&mut self) {
        let wall = Millis::from(self.clock.now()).max(self.now());
        self.wall = wall;
        self.at = Instant::now();
    }

    fn instant(&self, at: Millis) -> Option<Instant> {
        let millis = at.0.saturating_sub(self.wall.0);
        self.at.checked_add(Duration::from_millis(millis))
    }
}

struct Run {
    /// Not here while it is at work.
    owner: Option<Box<Owner>>,
    in_memory: bool,
    commands: mpsc::UnboundedReceiver<Command>,
    link: Link,
    tokens: Tokens,
    time: Time,
    wake: Option<Instant>,
    fetching: JoinSet<(usize, Key, Fetched)>,
    to_fetch: VecDeque<(usize, Key)>,
    api: Api,
    names: Arc<[BucketName]>,
    ending: Ending,
}

/// The task has to end; whoever asked for it is told when it has.
struct Stop(Option<oneshot::Sender<()>>);

impl Run {
    async fn drive(mut self, paused: bool) {
        if !paused {
            self.link.connect_now();
        }
        self.show_status();
        let Stop(done) = self.run().await;
        self.link.pause().await;
        // The store is closed before anyone is told.
        self.owner = None;
        drop(self);
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    async fn run(&mut self) -> Stop {
        loop {
            let mut inputs = Vec::new();
            tokio::select! {
                command = self.commands.recv() => {
                    let Some(command) = command else { return Stop(None) };
                    if let Some(stop) = self.command(command, &mut inputs).await {
                        return stop;
                    }
                }
                happened = self.link.next() => self.happened(happened, &mut inputs),
                Some(done) = self.fetching.join_next() => {
                    if let Ok((bucket, key, fetched)) = done {
                        inputs.push(Input::Fetched { bucket, key, fetched });
                    }
                    self.fetch();
                }
                () = until(self.wake) => {
                    self.wake = None;
                    inputs.push(Input::Wake);
                }
            }
            if let Some(stop) = self.gather(&mut inputs).await {
                return stop;
            }
            if !inputs.is_empty() && self.turn(inputs).await.is_err() {
                return Stop(None);
            }
            self.show_status();
        }
    }

    /// Takes what else is here already.
    async fn gather(&mut self, inputs: &mut Vec<Input>) -> Option<Stop> {
        while inputs.len() < BATCH {
            let Ok(command) = self.commands.try_recv() else {
                break;
            };
            if let Some(stop) = self.command(command, inputs).await {
                // What was asked for before is done first.
                let inputs = std::mem::take(inputs);
                let _ = self.turn(inputs).await;
                return Some(stop);
            }
        }
        let mut bytes = 0;
        while inputs.len() < BATCH && bytes < BATCH_BYTES {
            let Some(frame) = self.link.try_frame() else {
                break;
            };
            bytes += frame.len();
            inputs.push(Input::Frame(frame));
        }
        None
    }

    async fn command(&mut self, command: Command, inputs: &mut Vec<Input>) -> Option<Stop> {
        match command {
            Command::Job(job) => inputs.push(Input::Job(job)),
            Command::Wait(waiting) => inputs.push(Input::Wait(waiting)),
            Command::SyncNow if self.link.is_paused() => {}
            Command::SyncNow if self.link.is_open() => inputs.push(Input::Refresh),
            Command::SyncNow => self.link.connect_now(),
            Command::Pause(done) => {
                if self.link.is_open() {
                    inputs.push(Input::Disconnected);
                }
                self.link.pause().await;
                self.show_status();
                let _ = done.send(());
            }
            Command::Resume => {
                if self.link.is_paused() {
                    self.link.connect_now();
                }
            }
            Command::SetToken(token) => {
                self.tokens.set(token).await;
                if self.link.is_open() {
                    inputs.push(Input::Disconnected);
                }
                self.link.token_given();
            }
            Command::Stop(done) => return Some(Stop(Some(done))),
        }
        None
    }

    fn happened(&mut self, happened: Happened, inputs: &mut Vec<Input>) {
        match happened {
            Happened::Open(token) => {
                self.time.adjust();
                inputs.push(Input::Connected(token));
            }
            Happened::Frame(frame) => inputs.push(Input::Frame(frame)),
            Happened::Lost => inputs.push(Input::Disconnected),
            Happened::Overwhelmed => inputs.push(Input::Overwhelmed),
            Happened::Nothing => {}
        }
    }

    /// Has inputs taken, and does what comes of them. An error if that is not
    /// possible any more.
    async fn turn(&mut self, inputs: Vec<Input>) -> Result<(), ()> {
        let mut owner = self.owner.take().ok_or(())?;
        let now = self.time.now();
        let turned = if self.in_memory {
            let turned = owner.turn(inputs, now);
            self.owner = Some(owner);
            turned
        } else {
            let work = tokio::task::spawn_blocking(move || {
                let turned = owner.turn(inputs, now);
                (owner, turned)
            });
            // An error when it has panicked, or the runtime is ending.
            let (owner, turned) = work.await.map_err(|_| ())?;
            self.owner = Some(owner);
            turned
        };
        self.take(turned);
        Ok(())
    }

    fn take(&mut self, turned: Turned) {
        let Turned {
            effects,
            jobs,
            wake,
            other_user,
            failed,
        } = turned;
        if other_user {
            self.link.other_user();
        }
        if let Some(error) = &failed {
            tracing::warn!(%error, "the store has failed");
            // The machine has no connection any more.
            if self.link.is_open() {
                self.link.reconnect(false);
            }
        }
        for job in jobs {
            job.finish(failed.as_ref());
        }
        for effect in effects {
            self.effect(effect);
        }
        self.wake = wake.and_then(|at| self.time.instant(at));
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Send(frame) => self.link.send(frame),
            Effect::SendSecret(frame) => self.link.send_secret(&frame),
            Effect::Reconnect { renew_token } => self.link.reconnect(renew_token),
            Effect::Fetch { bucket, key } => {
                self.to_fetch.push_back((bucket, key));
                self.fetch();
            }
            Effect::Event { bucket, event } => {
                if !matches!(event, BucketEvent::Refused { .. }) {
                    self.link.proved();
                }
                if let Some(subscribers) = self.ending.0.subscribers.get(bucket) {
                    subscribers.tell(|| event.into());
                }
            }
            // Revisions are read over HTTP.
            Effect::Revision { .. } | Effect::RevisionsEnd { .. } => {}
        }
    }

    /// Begins to read entities, as many at a time as may be.
    fn fetch(&mut self) {
        while self.fetching.len() < FETCHES {
            let Some((bucket, key)) = self.to_fetch.pop_front() else {
                return;
            };
            let Some(name) = self.names.get(bucket) else {
                continue;
            };
            let source = Bucket::<RawJson>::of(self.api.clone(), name.clone());
            self.fetching.spawn(async move {
                let fetched = fetch(&source, &key).await;
                (bucket, key, fetched)
            });
        }
    }

    fn show_status(&self) {
        self.ending.0.set_status(self.link.status());
    }
}

/// The newest version of an entity.
async fn fetch(bucket: &Bucket<RawJson>, key: &Key) -> Fetched {
    match bucket.get(key).await {
        Ok(None) => Fetched::Gone,
        Ok(Some(read)) => match read.version {
            Some(version) => Fetched::Found {
                version,
                object: read.data.into(),
            },
            None => Fetched::Failed,
        },
        Err(error) => {
            tracing::debug!(%error, "an entity could not be read");
            Fetched::Failed
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
