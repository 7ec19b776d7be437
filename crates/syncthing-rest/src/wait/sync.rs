//! Waiting until folders are in sync.

use std::collections::BTreeSet;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use sync_core::Error;
use tokio::time::Instant;

use super::look::{Devices, Scope, look};
use super::{Missing, Obstacle, Snapshot, State, WAKING, WaitError, WaitReason, decide};
use crate::Client;
use crate::events::{EventItem, EventStream};
use crate::model::config::FolderType;
use crate::model::{DeviceId, FileError, FolderId};

/// The longest time between two looks.
const LONGEST: Duration = Duration::from_secs(5);
/// The shortest, however many events there are: looking is work for the daemon.
const SHORTEST: Duration = Duration::from_millis(250);
/// How long a state must hold by default.
const SETTLE: Duration = Duration::from_secs(1);
/// How many files that could not be pulled an error carries.
const FILES: u32 = 10;

/// What is done before the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum First {
    Nothing,
    Scan,
    Override,
    Revert,
}

type OnProgress<'a> = Box<dyn FnMut(&Snapshot) + Send + 'a>;

/// A wait until folders are in sync. Await it.
///
/// In sync means: the folder rests without errors and needs nothing, and each
/// device is connected, takes part and needs nothing; and all of that still
/// holds a second later, with the same indexes. 100 per cent alone mean nothing.
///
/// What a device has not told of yet cannot be waited for: changes on its disk
/// that it has not scanned, for example.
///
/// ```no_run
/// # async fn run(client: syncthing_rest::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// let snapshot = client
///     .folder("photos")
///     .wait_until_in_sync()
///     .scan_first()
///     .deadline(Duration::from_secs(600))
///     .on_progress(|now| println!("{} of {} bytes", now.bytes_done(), now.bytes_total()))
///     .await?;
/// println!("{} bytes are everywhere", snapshot.bytes_total());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// A [`WaitError`] with the last snapshot.
#[must_use = "nothing is waited for until it is awaited"]
pub struct SyncWait<'a> {
    goal: Goal,
    deadline: Option<Duration>,
    settle: Duration,
    keep_waiting: bool,
    on_progress: Option<OnProgress<'a>>,
}

/// What is waited for.
struct Goal {
    client: Client,
    scope: Scope,
    devices: Devices,
    first: First,
}

impl<'a> SyncWait<'a> {
    pub(super) fn new(client: Client, scope: Scope, devices: Devices, first: First) -> Self {
        Self {
            goal: Goal {
                client,
                scope,
                devices,
                first,
            },
            deadline: None,
            settle: SETTLE,
            keep_waiting: false,
            on_progress: None,
        }
    }

    /// Waits for these devices, besides this one. For a folder, the default is
    /// all devices that it is shared with.
    pub fn with_devices(mut self, devices: impl IntoIterator<Item = DeviceId>) -> Self {
        self.goal.devices = Devices::These(devices.into_iter().collect());
        self
    }

    /// Waits for all devices that a folder is shared with.
    pub fn with_all_devices(mut self) -> Self {
        self.goal.devices = Devices::All;
        self
    }

    /// Waits for this device only: until it has all that it knows of.
    pub fn only_here(mut self) -> Self {
        self.goal.devices = Devices::These(BTreeSet::new());
        self
    }

    /// Scans first, so that changes on this disk are known.
    pub fn scan_first(mut self) -> Self {
        self.goal.first = First::Scan;
        self
    }

    /// Gives up after this time. By default it waits for ever.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// How long the state must hold. Default 1 s.
    pub fn settle(mut self, time: Duration) -> Self {
        self.settle = time;
        self
    }

    /// Waits on where nothing is gained by waiting, in the hope that somebody
    /// does something: accepts the folder, resumes the device, frees the disk.
    /// By default such an [`Obstacle`] ends the wait when it has held as long
    /// as [`settle`](Self::settle) says.
    pub fn keep_waiting(mut self) -> Self {
        self.keep_waiting = true;
        self
    }

    /// Called with each snapshot: at least every 5 s, at most four times a second.
    pub fn on_progress(mut self, report: impl FnMut(&Snapshot) + Send + 'a) -> Self {
        self.on_progress = Some(Box::new(report));
        self
    }

    async fn run(mut self) -> Result<Snapshot, WaitError> {
        let mut last = None;
        let result = match self.deadline {
            None => self.until_in_sync(&mut last).await,
            Some(limit) => match tokio::time::timeout(limit, self.until_in_sync(&mut last)).await {
                Ok(result) => result,
                Err(_) => Err(WaitReason::Deadline(
                    last.as_ref().map(|last| self.goal.state(last)),
                )),
            },
        };
        match result {
            Ok(()) => Ok(last.unwrap_or_default()),
            Err(reason) => Err(WaitError::new(reason, last)),
        }
    }

    /// Ends when `last` is in sync.
    async fn until_in_sync(&mut self, last: &mut Option<Snapshot>) -> Result<(), WaitReason> {
        let mut events = self.goal.client.events().types(WAKING).stream();
        self.goal.begin().await.map_err(WaitReason::Failed)?;
        loop {
            let looked_at = Instant::now();
            match self.goal.look().await {
                Ok(now) => {
                    if let Some(report) = &mut self.on_progress {
                        report(&now);
                    }
                    let state = self.goal.state(&now);
                    let before = last.take();
                    let now = last.insert(now);
                    if self.may_end(&state) {
                        let holds = before.is_some_and(|before| {
                            let stuck = matches!(state, State::Stuck(_));
                            self.goal.state(&before) == state
                                && (stuck || now.same_indexes(&before))
                        });
                        match (holds, state) {
                            (true, State::Stuck(obstacle)) => {
                                return Err(self.goal.stuck(obstacle).await);
                            }
                            (true, _) => return Ok(()),
                            (false, _) => {
                                tokio::time::sleep(self.settle).await;
                                continue;
                            }
                        }
                    }
                }
                Err(error) if error.is_retryable() => {}
                Err(error) => return Err(WaitReason::Failed(error)),
            }
            let woken = wake(&mut events, &self.goal.scope, &self.goal.devices);
            if let Ok(result) = tokio::time::timeout(LONGEST, woken).await {
                result.map_err(WaitReason::Failed)?;
            }
            tokio::time::sleep_until(looked_at + SHORTEST).await;
        }
    }

    /// Whether the wait ends if this state holds.
    fn may_end(&self, state: &State) -> bool {
        match state {
            State::InSync => true,
            State::Stuck(_) => !self.keep_waiting,
            State::Waiting(_) => false,
        }
    }
}

impl Goal {
    async fn look(&self) -> Result<Snapshot, Error> {
        look(&self.client, &self.scope, &self.devices).await
    }

    fn state(&self, snapshot: &Snapshot) -> State {
        match decide(snapshot) {
            State::InSync if self.first == First::Revert => {
                let changed =
                    |(_, folder): &(_, &super::FolderSnapshot)| folder.status.has_local_changes();
                match snapshot.folders.iter().find(changed) {
                    Some((id, _)) => State::Waiting(Missing::LocalChanges(id.clone())),
                    None => State::InSync,
                }
            }
            state => state,
        }
    }

    /// Does what is to be done first.
    async fn begin(&self) -> Result<(), Error> {
        let Scope::Folder(id) = &self.scope else {
            return match self.first {
                First::Nothing => Ok(()),
                _ => self.client.db().scan().await,
            };
        };
        let folder = self.client.folder(id);
        match self.first {
            First::Nothing => Ok(()),
            First::Scan => folder.scan().await,
            First::Override => {
                self.check_type(id, &[FolderType::SendOnly]).await?;
                folder.override_changes().await
            }
            First::Revert => {
                let types = [FolderType::ReceiveOnly, FolderType::ReceiveEncrypted];
                self.check_type(id, &types).await?;
                folder.revert_changes().await
            }
        }
    }

    /// The daemon answers 200 for folders of any type and does nothing.
    async fn check_type(&self, id: &FolderId, types: &[FolderType]) -> Result<(), Error> {
        let folders = self.client.config().folders().await?;
        let Some(folder) = folders.into_iter().find(|folder| folder.id == *id) else {
            return Err(Error::config(format!("no folder has the ID {id}")));
        };
        if types.contains(&folder.folder_type) {
            return Ok(());
        }
        Err(Error::config(format!(
            "this cannot be done to a folder of type {}",
            folder.folder_type
        )))
    }

    async fn stuck(&self, obstacle: Obstacle) -> WaitReason {
        let files: Vec<FileError> = match &obstacle {
            Obstacle::PullErrors(folder, _) => {
                let page = self
                    .client
                    .folder(folder)
                    .errors()
                    .per_page(FILES)
                    .page(1)
                    .await;
                page.map(|page| page.errors).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        WaitReason::Stuck { obstacle, files }
    }
}

/// Returns when something happened that a new look is worth.
async fn wake(events: &mut EventStream, scope: &Scope, devices: &Devices) -> Result<(), Error> {
    while let Some(item) = events.next().await {
        let event = match item? {
            EventItem::Event(event) => event,
            EventItem::Gap { .. } | EventItem::Restarted { .. } | EventItem::Started { .. } => {
                return Ok(());
            }
            _ => continue,
        };
        let folder = match (scope, event.kind.folder()) {
            (Scope::Folder(wanted), Some(folder)) => wanted == folder,
            _ => true,
        };
        let device = match (devices, event.kind.device()) {
            (Devices::These(wanted), Some(device)) => wanted.contains(device),
            _ => true,
        };
        if folder && device {
            return Ok(());
        }
    }
    Ok(())
}

impl<'a> IntoFuture for SyncWait<'a> {
    type Output = Result<Snapshot, WaitError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for SyncWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncWait")
            .field("scope", &self.goal.scope)
            .field("devices", &self.goal.devices)
            .field("first", &self.goal.first)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
