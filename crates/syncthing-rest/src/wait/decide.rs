//! Whether a snapshot is what is waited for. Pure.

use std::fmt;

use super::{DeviceSnapshot, FolderSnapshot, Snapshot};
use crate::model::db::{FolderState, RemoteState};
use crate::model::{DeviceId, FolderId};

/// What a [`Snapshot`] means to who waits for its folders to be in sync.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Every folder rests without errors and needs nothing, and neither does
    /// any device: each is connected, takes part and needs nothing.
    InSync,
    /// Not yet, for this reason among others.
    Waiting(Missing),
    /// Not unless somebody does something.
    Stuck(Obstacle),
}

/// What is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missing {
    /// The folder has not started.
    NotStarted(FolderId),
    /// The folder is busy.
    Busy(FolderId, FolderState),
    /// This device needs items of the folder.
    Items {
        /// The folder.
        folder: FolderId,
        /// How many items.
        items: i64,
        /// How many bytes they have.
        bytes: i64,
    },
    /// There still are local changes to revert.
    LocalChanges(FolderId),
    /// The device is not connected.
    Disconnected(DeviceId),
    /// The device has not said yet whether it takes part in the folder.
    Unheard(FolderId, DeviceId),
    /// The device needs items of the folder.
    ItemsThere {
        /// The folder.
        folder: FolderId,
        /// The device.
        device: DeviceId,
        /// How many items, deletions included.
        items: i64,
        /// How many bytes they have.
        bytes: i64,
    },
}

/// What does not go away by waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// The folder is paused here.
    FolderPaused(FolderId),
    /// The folder has stopped with this error.
    FolderFailed(FolderId, String),
    /// Items of the folder could not be pulled: so many.
    PullErrors(FolderId, i64),
    /// The folder is not shared with the device.
    NotShared(FolderId, DeviceId),
    /// The device is paused here.
    DevicePaused(DeviceId),
    /// The device has paused the folder.
    PausedThere(FolderId, DeviceId),
    /// The device does not share the folder: it has not accepted it, or ended it.
    NotSharedThere(FolderId, DeviceId),
}

/// What `snapshot` means. An obstacle anywhere comes before all else.
///
/// A percentage plays no part: the daemon says 100 for a device that is paused
/// or does not take part at all.
pub fn decide(snapshot: &Snapshot) -> State {
    let mut missing = None;
    for (id, folder) in &snapshot.folders {
        let of_devices = folder
            .devices
            .iter()
            .map(|(device, there)| decide_there(id, *device, there));
        for state in [decide_here(id, folder)].into_iter().chain(of_devices) {
            match state {
                State::InSync => {}
                State::Waiting(what) => drop(missing.get_or_insert(what)),
                State::Stuck(_) => return state,
            }
        }
    }
    missing.map_or(State::InSync, State::Waiting)
}

fn decide_here(id: &FolderId, folder: &FolderSnapshot) -> State {
    let status = &folder.status;
    if folder.paused {
        return State::Stuck(Obstacle::FolderPaused(id.clone()));
    }
    if let Some(error) = status.error_text() {
        return State::Stuck(Obstacle::FolderFailed(id.clone(), error.to_owned()));
    }
    match &status.state {
        FolderState::Error => State::Stuck(Obstacle::FolderFailed(
            id.clone(),
            String::from("unknown error"),
        )),
        FolderState::NotRunning | FolderState::Starting => {
            State::Waiting(Missing::NotStarted(id.clone()))
        }
        // While it is busy, its errors are those of the round before.
        FolderState::Idle if status.errors > 0 => {
            State::Stuck(Obstacle::PullErrors(id.clone(), status.errors))
        }
        FolderState::Idle if status.need_total_items == 0 => State::InSync,
        FolderState::Idle => State::Waiting(Missing::Items {
            folder: id.clone(),
            items: status.need_total_items,
            bytes: status.need_bytes,
        }),
        busy => State::Waiting(Missing::Busy(id.clone(), busy.clone())),
    }
}

fn decide_there(folder: &FolderId, device: DeviceId, there: &DeviceSnapshot) -> State {
    if !there.shared {
        return State::Stuck(Obstacle::NotShared(folder.clone(), device));
    }
    if there.paused {
        return State::Stuck(Obstacle::DevicePaused(device));
    }
    if !there.connected {
        return State::Waiting(Missing::Disconnected(device));
    }
    let unheard = State::Waiting(Missing::Unheard(folder.clone(), device));
    let Some(completion) = &there.completion else {
        return unheard;
    };
    match &completion.remote_state {
        // Daemons before 1.20 do not say it.
        None | Some(RemoteState::Valid) => {}
        Some(RemoteState::Paused) => {
            return State::Stuck(Obstacle::PausedThere(folder.clone(), device));
        }
        Some(RemoteState::NotSharing) => {
            return State::Stuck(Obstacle::NotSharedThere(folder.clone(), device));
        }
        Some(_) => return unheard,
    }
    if completion.needs_nothing() {
        return State::InSync;
    }
    State::Waiting(Missing::ItemsThere {
        folder: folder.clone(),
        device,
        items: completion
            .need_items
            .saturating_add(completion.need_deletes),
        bytes: completion.need_bytes,
    })
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InSync => f.write_str("in sync"),
            Self::Waiting(missing) => missing.fmt(f),
            Self::Stuck(obstacle) => obstacle.fmt(f),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(folder) => write!(f, "folder {folder} has not started"),
            Self::Busy(folder, state) => write!(f, "folder {folder} is {state}"),
            Self::Items {
                folder,
                items,
                bytes,
            } => {
                write!(f, "folder {folder} needs {items} items ({bytes} bytes)")
            }
            Self::LocalChanges(folder) => write!(f, "folder {folder} still has local changes"),
            Self::Disconnected(device) => write!(f, "device {} is not connected", device.short()),
            Self::Unheard(folder, device) => {
                write!(
                    f,
                    "device {} has told nothing of folder {folder}",
                    device.short()
                )
            }
            Self::ItemsThere {
                folder,
                device,
                items,
                bytes,
            } => {
                let device = device.short();
                write!(
                    f,
                    "device {device} needs {items} items ({bytes} bytes) of folder {folder}"
                )
            }
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FolderPaused(folder) => write!(f, "folder {folder} is paused"),
            Self::FolderFailed(folder, error) => write!(f, "folder {folder} has stopped: {error}"),
            Self::PullErrors(folder, count) => {
                write!(f, "{count} items of folder {folder} could not be pulled")
            }
            Self::NotShared(folder, device) => {
                write!(
                    f,
                    "folder {folder} is not shared with device {}",
                    device.short()
                )
            }
            Self::DevicePaused(device) => write!(f, "device {} is paused", device.short()),
            Self::PausedThere(folder, device) => {
                write!(f, "device {} has paused folder {folder}", device.short())
            }
            Self::NotSharedThere(folder, device) => {
                write!(
                    f,
                    "device {} does not share folder {folder}",
                    device.short()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::db::{Completion, FolderStatus};

    const DEVICE: DeviceId = DeviceId::from_sha256([7; 32]);

    fn id() -> FolderId {
        FolderId::from("lab")
    }

    fn status(json: &str) -> FolderStatus {
        serde_json::from_str(json).unwrap()
    }

    fn completion(json: &str) -> Option<Completion> {
        Some(serde_json::from_str(json).unwrap())
    }

    fn good_device() -> DeviceSnapshot {
        DeviceSnapshot {
            shared: true,
            connected: true,
            paused: false,
            completion: completion(r#"{"completion":100,"remoteState":"valid","sequence":4}"#),
        }
    }

    fn snapshot(local: &str, device: Option<DeviceSnapshot>) -> Snapshot {
        let folder = FolderSnapshot {
            paused: false,
            status: status(local),
            devices: device.map(|there| (DEVICE, there)).into_iter().collect(),
        };
        Snapshot {
            folders: [(id(), folder)].into(),
        }
    }

    const IDLE: &str = r#"{"state":"idle","sequence":9}"#;

    fn with_device(change: impl FnOnce(&mut DeviceSnapshot)) -> State {
        let mut device = good_device();
        change(&mut device);
        decide(&snapshot(IDLE, Some(device)))
    }

    #[test]
    fn a_resting_folder_that_needs_nothing_is_in_sync() {
        assert_eq!(decide(&snapshot(IDLE, None)), State::InSync);
        assert_eq!(decide(&snapshot(IDLE, Some(good_device()))), State::InSync);
        assert_eq!(decide(&Snapshot::default()), State::InSync);
    }

    #[test]
    fn every_state_but_idle_is_waited_out() {
        let busy = [
            "scanning",
            "scan-waiting",
            "sync-waiting",
            "sync-preparing",
            "syncing",
            "cleaning",
            "clean-waiting",
            "unknown",
            "dancing",
        ];
        for state in busy {
            let local = format!(r#"{{"state":"{state}","errors":3}}"#);
            let busy = Missing::Busy(id(), FolderState::from(state));
            assert_eq!(
                decide(&snapshot(&local, None)),
                State::Waiting(busy),
                "{state}"
            );
        }
        for state in ["", "starting"] {
            let local = format!(r#"{{"state":"{state}"}}"#);
            let waiting = State::Waiting(Missing::NotStarted(id()));
            assert_eq!(decide(&snapshot(&local, None)), waiting, "{state:?}");
        }
    }

    #[test]
    fn what_is_needed_here_is_waited_for() {
        let local = r#"{"state":"idle","needTotalItems":2,"needBytes":70}"#;
        let missing = Missing::Items {
            folder: id(),
            items: 2,
            bytes: 70,
        };
        assert_eq!(decide(&snapshot(local, None)), State::Waiting(missing));
    }

    #[test]
    fn local_obstacles_do_not_go_away_by_waiting() {
        let stuck = |local: &str| match decide(&snapshot(local, None)) {
            State::Stuck(obstacle) => obstacle,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            stuck(r#"{"state":"idle","errors":3}"#),
            Obstacle::PullErrors(id(), 3)
        );
        let failed = Obstacle::FolderFailed(id(), "folder marker missing".to_owned());
        assert_eq!(
            stuck(r#"{"state":"error","error":"folder marker missing"}"#),
            failed
        );
        assert_eq!(
            stuck(r#"{"state":"idle","error":"folder marker missing"}"#),
            failed
        );
        assert!(matches!(
            stuck(r#"{"state":"error","error":null}"#),
            Obstacle::FolderFailed(..)
        ));
        let mut paused = snapshot(r#"{"state":""}"#, None);
        paused.folders.get_mut("lab").unwrap().paused = true;
        assert_eq!(decide(&paused), State::Stuck(Obstacle::FolderPaused(id())));
    }

    #[test]
    fn a_hundred_per_cent_do_not_count() {
        for (state, expected) in [
            ("paused", State::Stuck(Obstacle::PausedThere(id(), DEVICE))),
            (
                "notSharing",
                State::Stuck(Obstacle::NotSharedThere(id(), DEVICE)),
            ),
            ("unknown", State::Waiting(Missing::Unheard(id(), DEVICE))),
            (
                "something new",
                State::Waiting(Missing::Unheard(id(), DEVICE)),
            ),
        ] {
            let json = format!(r#"{{"completion":100,"remoteState":"{state}"}}"#);
            assert_eq!(
                with_device(|there| there.completion = completion(&json)),
                expected
            );
        }
    }

    #[test]
    fn deletions_and_bytes_count_as_needed() {
        for (need, items, bytes) in [
            ("needItems", 1, 0),
            ("needDeletes", 1, 0),
            ("needBytes", 0, 1),
        ] {
            let json = format!(r#"{{"completion":100,"remoteState":"valid","{need}":1}}"#);
            let state = with_device(|there| there.completion = completion(&json));
            let missing = Missing::ItemsThere {
                folder: id(),
                device: DEVICE,
                items,
                bytes,
            };
            assert_eq!(state, State::Waiting(missing));
        }
    }

    #[test]
    fn an_old_daemon_does_not_say_whether_a_device_takes_part() {
        let state = with_device(|there| there.completion = completion(r#"{"completion":100}"#));
        assert_eq!(state, State::InSync);
    }

    #[test]
    fn a_device_must_be_there() {
        let disconnected = State::Waiting(Missing::Disconnected(DEVICE));
        assert_eq!(with_device(|there| there.connected = false), disconnected);
        let paused = State::Stuck(Obstacle::DevicePaused(DEVICE));
        assert_eq!(with_device(|there| there.paused = true), paused);
        let not_shared = State::Stuck(Obstacle::NotShared(id(), DEVICE));
        assert_eq!(with_device(|there| there.shared = false), not_shared);
        let unheard = State::Waiting(Missing::Unheard(id(), DEVICE));
        assert_eq!(with_device(|there| there.completion = None), unheard);
    }

    #[test]
    fn an_obstacle_comes_before_what_is_missing() {
        let mut device = good_device();
        device.paused = true;
        let state = decide(&snapshot(r#"{"state":"scanning"}"#, Some(device)));
        assert_eq!(state, State::Stuck(Obstacle::DevicePaused(DEVICE)));
    }

    #[test]
    fn one_folder_of_several_is_enough_to_wait() {
        let mut both = snapshot(IDLE, None);
        let other = FolderSnapshot {
            status: status(r#"{"state":"syncing"}"#),
            ..FolderSnapshot::default()
        };
        both.folders.insert("other".into(), other);
        assert!(matches!(decide(&both), State::Waiting(Missing::Busy(..))));
    }

    #[test]
    fn an_index_that_grew_is_another_one() {
        let before = snapshot(IDLE, Some(good_device()));
        assert!(before.same_indexes(&before.clone()));
        let here = snapshot(r#"{"state":"idle","sequence":10}"#, Some(good_device()));
        assert!(!here.same_indexes(&before));
        let mut device = good_device();
        device.completion = completion(r#"{"completion":100,"remoteState":"valid","sequence":5}"#);
        assert!(!snapshot(IDLE, Some(device)).same_indexes(&before));
        let told = |sequence: i64| {
            let local = format!(
                r#"{{"state":"idle","sequence":9,"remoteSequence":{{"{DEVICE}":{sequence}}}}}"#
            );
            snapshot(&local, Some(good_device()))
        };
        assert!(!told(5).same_indexes(&told(4)) && told(4).same_indexes(&told(4)));
        assert!(!Snapshot::default().same_indexes(&before));
    }

    #[test]
    fn a_snapshot_counts_here_and_there() {
        let mut device = good_device();
        device.completion =
            completion(r#"{"globalBytes":100,"needBytes":30,"needItems":1,"needDeletes":2}"#);
        let local = r#"{"state":"syncing","globalBytes":100,"needBytes":50,"needTotalItems":4}"#;
        let both = snapshot(local, Some(device));
        assert_eq!(
            (both.bytes_done(), both.bytes_total(), both.items_left()),
            (120, 200, 7)
        );
    }
}
