//! How far a folder is, as it changes.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use sync_core::Error;
use sync_core::stream::BoxFuture;

use super::WAKING;
use crate::Client;
use crate::events::{EventItem, EventStream};
use crate::model::db::{Completion, FolderState, FolderStatus, RemoteState};
use crate::model::{DeviceId, EventKind, FolderId};

/// How far a folder is: enough for a progress bar.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What the folder does.
    pub state: FolderState,
    /// Why it has stopped.
    pub error: Option<String>,
    /// Bytes that are here, those of unfinished files included.
    pub bytes_done: u64,
    /// Bytes that there are to be.
    pub bytes_total: u64,
    /// Items that are here.
    pub items_done: u64,
    /// Items that there are to be. Deletions to be made count too.
    pub items_total: u64,
    /// Items that could not be pulled.
    pub errors: u64,
    /// How many files are being pulled.
    pub active: usize,
    /// Whether it rests, without errors, and needs nothing.
    pub in_sync: bool,
    /// How far other devices are, as far as it was said since the stream began.
    pub devices: BTreeMap<DeviceId, ProgressThere>,
}

/// How far another device is with a folder.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProgressThere {
    /// Bytes that it has.
    pub bytes_done: u64,
    /// Bytes that it is to have.
    pub bytes_total: u64,
    /// Items that it needs, deletions included.
    pub items_left: u64,
    /// Whether it takes part; `None` from daemons before 1.20.
    pub remote_state: Option<RemoteState>,
}

/// What adds up events. Pure.
#[derive(Debug, Default)]
struct Tracker {
    status: FolderStatus,
    /// Bytes of unfinished files, by path: what is there, and what is to be.
    unfinished: BTreeMap<String, u64>,
    devices: BTreeMap<DeviceId, ProgressThere>,
}

impl Tracker {
    /// Takes an event in. `false` if it changes nothing.
    fn take(&mut self, folder: &FolderId, event: EventKind) -> bool {
        if let EventKind::DownloadProgress(mut all) = event {
            let files = all.remove(folder.as_str()).unwrap_or_default();
            let unfinished = files
                .into_iter()
                .map(|(path, file)| (path, count(file.bytes_done)));
            let unfinished: BTreeMap<_, _> = unfinished.collect();
            let news = unfinished != self.unfinished;
            self.unfinished = unfinished;
            return news;
        }
        if event.folder() != Some(folder) {
            return false;
        }
        match event {
            EventKind::FolderSummary(data) => self.status = data.summary,
            EventKind::FolderCompletion(data) => {
                self.devices
                    .insert(data.device, there(&data.to_completion()));
            }
            EventKind::StateChanged(data) => {
                if data.to == FolderState::Idle {
                    self.unfinished.clear();
                }
                self.status.state = data.to;
                self.status.error = data.error;
            }
            EventKind::FolderErrors(data) => {
                self.status.errors = i64::try_from(data.errors.len()).unwrap_or(i64::MAX);
            }
            EventKind::FolderPaused(_) => *self = Self::default(),
            _ => return false,
        }
        true
    }

    fn progress(&self) -> Progress {
        let status = &self.status;
        let bytes_total = count(status.global_bytes);
        let missing = count(status.need_bytes);
        let unfinished: u64 = self.unfinished.values().sum();
        let items_total = count(
            status
                .global_total_items
                .saturating_add(status.need_deletes),
        );
        Progress {
            state: status.state.clone(),
            error: status.error_text().map(str::to_owned),
            bytes_done: bytes_total.saturating_sub(missing.saturating_sub(unfinished)),
            bytes_total,
            items_done: items_total.saturating_sub(count(status.need_total_items)),
            items_total,
            errors: count(status.errors),
            active: self.unfinished.len(),
            in_sync: status.is_in_sync(),
            devices: self.devices.clone(),
        }
    }
}

fn there(completion: &Completion) -> ProgressThere {
    let total = count(completion.global_bytes);
    ProgressThere {
        bytes_done: total.saturating_sub(count(completion.need_bytes)),
        bytes_total: total,
        items_left: count(
            completion
                .need_items
                .saturating_add(completion.need_deletes),
        ),
        remote_state: completion.remote_state.clone(),
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// How far a folder is, whenever that changes; made by
/// [`FolderHandle::progress`](crate::api::FolderHandle::progress).
///
/// It does not end with the folder in sync: stop when you have seen enough. It
/// survives restarts of the daemon as [`EventStream`] does, and an `Err` ends it.
pub struct ProgressStream {
    client: Client,
    folder: FolderId,
    events: EventStream,
    tracker: Tracker,
    /// Whether the folder must be asked for before events mean something.
    stale: bool,
    asking: Option<BoxFuture<'static, Result<FolderStatus, Error>>>,
    ended: bool,
}

impl ProgressStream {
    pub(super) fn new(client: Client, folder: FolderId) -> Self {
        Self {
            events: client.events().types(WAKING).stream(),
            client,
            folder,
            tracker: Tracker::default(),
            stale: false,
            asking: None,
            ended: false,
        }
    }

    /// How far it is now; waits until that has changed.
    pub async fn next(&mut self) -> Option<Result<Progress, Error>> {
        poll_fn(|cx| self.poll_progress(cx)).await
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Progress, Error>>> {
        while !self.ended {
            if let Some(asking) = &mut self.asking {
                let Poll::Ready(result) = asking.as_mut().poll(cx) else {
                    return Poll::Pending;
                };
                self.asking = None;
                match result {
                    Ok(status) => {
                        self.stale = false;
                        self.tracker.status = status;
                        return Poll::Ready(Some(Ok(self.tracker.progress())));
                    }
                    // The events notice it too, and say when it is over.
                    Err(error) if error.is_retryable() => {}
                    Err(error) => return Poll::Ready(self.end(error)),
                }
            }
            let item = match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(item))) => item,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.end(error)),
                Poll::Ready(None) => break,
            };
            match item {
                EventItem::Started { .. } | EventItem::Gap { .. } | EventItem::Restarted { .. } => {
                    self.tracker = Tracker::default();
                    self.stale = true;
                }
                EventItem::Event(event) => {
                    if matches!(&event.kind, EventKind::FolderResumed(data) if data.id == self.folder)
                    {
                        self.stale = true;
                    } else if self.tracker.take(&self.folder, event.kind) && !self.stale {
                        return Poll::Ready(Some(Ok(self.tracker.progress())));
                    }
                }
                EventItem::Interrupted { .. } => continue,
                _ => {}
            }
            if self.stale {
                let call = self.client.folder(&self.folder).status();
                self.asking = Some(Box::pin(call.send()));
            }
        }
        Poll::Ready(None)
    }

    fn end(&mut self, error: Error) -> Option<Result<Progress, Error>> {
        self.ended = true;
        Some(Err(error))
    }
}

impl Stream for ProgressStream {
    type Item = Result<Progress, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_progress(cx)
    }
}

impl fmt::Debug for ProgressStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressStream")
            .field("folder", &self.folder)
            .field("tracker", &self.tracker)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Event;

    fn take(tracker: &mut Tracker, kind: &str, data: &str) -> bool {
        let json = format!(r#"{{"id":1,"type":"{kind}","data":{data}}}"#);
        let event: Event = serde_json::from_str(&json).unwrap();
        tracker.take(&"lab".into(), event.kind)
    }

    const SUMMARY: &str = r#"{"folder":"lab","summary":{"state":"syncing","globalBytes":1000,
        "needBytes":600,"globalTotalItems":10,"needTotalItems":4,"needDeletes":1,"errors":0}}"#;

    #[test]
    fn unfinished_files_count_with_what_they_have() {
        let mut tracker = Tracker::default();
        assert!(take(&mut tracker, "FolderSummary", SUMMARY));
        let progress = tracker.progress();
        assert_eq!((progress.bytes_done, progress.bytes_total), (400, 1000));
        assert_eq!((progress.items_done, progress.items_total), (7, 11));
        let download =
            r#"{"lab":{"a":{"bytesDone":100,"bytesTotal":500}},"other":{"b":{"bytesDone":9}}}"#;
        assert!(take(&mut tracker, "DownloadProgress", download));
        assert!(
            !take(&mut tracker, "DownloadProgress", download),
            "the same is no news"
        );
        assert_eq!(
            (tracker.progress().bytes_done, tracker.progress().active),
            (500, 1)
        );
        assert!(take(&mut tracker, "DownloadProgress", "{}"));
        assert_eq!(tracker.progress().bytes_done, 400);
    }

    #[test]
    fn more_is_never_done_than_there_is() {
        let mut tracker = Tracker::default();
        take(&mut tracker, "FolderSummary", SUMMARY);
        take(
            &mut tracker,
            "DownloadProgress",
            r#"{"lab":{"a":{"bytesDone":5000}}}"#,
        );
        assert_eq!(tracker.progress().bytes_done, 1000);
    }

    #[test]
    fn other_folders_change_nothing() {
        let mut tracker = Tracker::default();
        assert!(!take(
            &mut tracker,
            "StateChanged",
            r#"{"folder":"other","to":"syncing"}"#
        ));
        assert!(!take(
            &mut tracker,
            "DownloadProgress",
            r#"{"other":{"b":{"bytesDone":9}}}"#
        ));
        assert_eq!(tracker.progress(), Progress::default());
    }

    #[test]
    fn a_folder_at_rest_pulls_nothing() {
        let mut tracker = Tracker::default();
        take(
            &mut tracker,
            "DownloadProgress",
            r#"{"lab":{"a":{"bytesDone":9}}}"#,
        );
        assert!(take(
            &mut tracker,
            "StateChanged",
            r#"{"folder":"lab","to":"idle"}"#
        ));
        assert_eq!(tracker.progress().active, 0);
        assert!(tracker.progress().in_sync);
        let error =
            r#"{"folder":"lab","from":"idle","to":"error","error":"folder marker missing"}"#;
        assert!(take(&mut tracker, "StateChanged", error));
        assert_eq!(
            tracker.progress().error.as_deref(),
            Some("folder marker missing")
        );
        assert!(!tracker.progress().in_sync);
    }

    #[test]
    fn other_devices_are_kept_apart() {
        let mut tracker = Tracker::default();
        let device = DeviceId::from_sha256([7; 32]);
        let data = format!(
            r#"{{"folder":"lab","device":"{device}","globalBytes":100,"needBytes":40,
                "needItems":1,"needDeletes":2,"remoteState":"valid"}}"#
        );
        assert!(take(&mut tracker, "FolderCompletion", &data));
        let there = &tracker.progress().devices[&device];
        assert_eq!(
            (there.bytes_done, there.bytes_total, there.items_left),
            (60, 100, 3)
        );
        assert_eq!(there.remote_state, Some(RemoteState::Valid));
        assert!(take(&mut tracker, "FolderPaused", r#"{"id":"lab"}"#));
        assert_eq!(tracker.progress(), Progress::default());
    }
}
