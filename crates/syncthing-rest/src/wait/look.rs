//! Taking a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::Error;

use super::{DeviceSnapshot, FolderSnapshot, Snapshot};
use crate::Client;
use crate::edit::own_id;
use crate::error::{SyncthingError, SyncthingErrorExt};
use crate::model::config::Folder;
use crate::model::db::FolderState;
use crate::model::system::Connections;
use crate::model::{DeviceId, FolderId};

/// Which folders are looked at.
#[derive(Clone, Debug)]
pub(super) enum Scope {
    /// This one.
    Folder(FolderId),
    /// All that run here and are shared with this device.
    SharedWith(DeviceId),
}

/// Which devices are looked at.
#[derive(Clone, Debug)]
pub(super) enum Devices {
    /// All that a folder is shared with.
    All,
    /// These.
    These(BTreeSet<DeviceId>),
}

/// How everything is now.
pub(super) async fn look(
    client: &Client,
    scope: &Scope,
    devices: &Devices,
) -> Result<Snapshot, Error> {
    let folders = folders(client, scope).await?;
    let own = own_id(client).await?;
    let nobody = matches!(devices, Devices::These(devices) if devices.is_empty());
    let connections = match nobody {
        true => Connections::default(),
        false => client.system().connections().await?,
    };
    let mut snapshot = Snapshot::default();
    for folder in folders {
        let wanted: BTreeSet<DeviceId> = match devices {
            Devices::All => folder
                .devices
                .iter()
                .map(|shared| shared.device_id)
                .collect(),
            Devices::These(devices) => devices.clone(),
        };
        let mut seen = FolderSnapshot {
            paused: folder.paused,
            status: client.folder(&folder.id).status().await?,
            devices: BTreeMap::new(),
        };
        for device in wanted.into_iter().filter(|device| *device != own) {
            let there = look_there(client, &folder, &seen, device, &connections).await?;
            seen.devices.insert(device, there);
        }
        snapshot.folders.insert(folder.id, seen);
    }
    Ok(snapshot)
}

async fn look_there(
    client: &Client,
    folder: &Folder,
    here: &FolderSnapshot,
    device: DeviceId,
    connections: &Connections,
) -> Result<DeviceSnapshot, Error> {
    let connection = connections.connections.get(&device);
    let mut there = DeviceSnapshot {
        shared: folder.is_shared_with(&device),
        connected: connection.is_some_and(|connection| connection.connected),
        paused: connection.is_some_and(|connection| connection.paused),
        completion: None,
    };
    // Counting is hard work for the daemon: only where the answer matters.
    let runs = !here.paused && here.status.state != FolderState::NotRunning;
    if runs && there.shared && there.connected && !there.paused {
        there.completion = match client.folder(&folder.id).completion_of(device).await {
            Ok(completion) => Some(completion),
            Err(error) if matches!(error.syncthing(), Some(SyncthingError::FolderPaused)) => None,
            Err(error) => return Err(error),
        };
    }
    Ok(there)
}

/// The configuration of the folders in question.
async fn folders(client: &Client, scope: &Scope) -> Result<Vec<Folder>, Error> {
    let mut folders = match scope {
        Scope::Folder(id) if crate::edit::is_addressable(id.as_str()) => {
            return Ok(vec![client.folder(id).config().await?]);
        }
        _ => client.config().folders().await?,
    };
    match scope {
        Scope::Folder(id) => {
            folders.retain(|folder| folder.id == *id);
            if folders.is_empty() {
                return Err(Error::config(format!("no folder has the ID {id}")));
            }
        }
        Scope::SharedWith(device) => {
            folders.retain(|folder| !folder.paused && folder.is_shared_with(device));
        }
    }
    Ok(folders)
}
