//! Taking and refusing what other devices offer.

use http::StatusCode;
use sync_core::Error;

use super::{
    Action, Change, EditError, Edited, Section, edit, edit_device, own_id, send_all, to_json,
};
use crate::model::cluster::FolderOffer;
use crate::model::config::{
    Device, Folder, FolderDevice, FolderType, ObservedDevice, ObservedFolder,
};
use crate::model::{DeviceId, FolderId};
use crate::{Client, endpoints};

/// Adds a device, from the daemon's template for devices and what is known of
/// it from its attempts to connect.
pub(super) async fn accept_device(
    client: &Client,
    id: DeviceId,
    change: impl FnOnce(&mut Device),
) -> Result<Edited, EditError> {
    if id.is_empty() {
        return Err(Error::config("a device needs an ID").into());
    }
    let existing = client
        .call(&endpoints::DEVICE)
        .path(id.to_string())
        .json::<Box<Device>>()
        .await;
    if !is_missing(&existing) {
        existing?;
        let message = "the device is there already; edit it instead of accepting it";
        return Err(Error::config(message).into());
    }
    let mut device = client
        .call(&endpoints::DEFAULTS_DEVICE)
        .json::<Box<Device>>()
        .await?;
    let mut pending = client.cluster().pending_devices().await?;
    device.device_id = id;
    device.name = pending
        .remove(&id)
        .map(|pending| pending.name)
        .unwrap_or_default();
    change(&mut device);
    device.device_id = id;
    let body = to_json(&device)?;
    send_all(
        client,
        vec![Change::new(
            Section::Device(id.to_string()),
            Action::Add,
            body,
        )],
    )
    .await
}

/// Takes a folder that `from` has offered: shares it, if it is here already,
/// or adds it, from the daemon's template for folders.
pub(super) async fn accept_folder(
    client: &Client,
    id: &FolderId,
    from: DeviceId,
    path: &str,
    folder_type: FolderType,
) -> Result<Edited, EditError> {
    if path.trim().is_empty() {
        return Err(Error::config("a folder needs a path").into());
    }
    let offer = offer(client, id, from).await?;
    if offer.receive_encrypted && folder_type != FolderType::ReceiveEncrypted {
        let message = "the device sends this folder encrypted: its type must be receiveencrypted";
        return Err(Error::config(message).into());
    }
    let folders = client.config().folders().await?;
    if folders.iter().any(|folder| folder.id == *id) {
        let message = "the folder is there already; share it with the device instead";
        return Err(Error::config(message).into());
    }
    let mut folder = client
        .call(&endpoints::DEFAULTS_FOLDER)
        .json::<Box<Folder>>()
        .await?;
    folder.id = id.clone();
    folder.label = offer.label;
    path.clone_into(&mut folder.path);
    folder.folder_type = folder_type;
    for device in [own_id(client).await?, from] {
        if !folder.is_shared_with(&device) {
            folder.devices.push(FolderDevice::new(device));
        }
    }
    let body = to_json(&folder)?;
    send_all(
        client,
        vec![Change::new(
            Section::Folder(id.to_string()),
            Action::Add,
            body,
        )],
    )
    .await
}

/// Has the daemon forget about a device's attempts to connect, for good.
pub(super) async fn ignore_device(client: &Client, id: DeviceId) -> Result<Edited, EditError> {
    let mut pending = client.cluster().pending_devices().await?;
    let seen = pending.remove(&id).unwrap_or_default();
    edit(client, |config| {
        if config.device(&id).is_some() {
            return Err(Error::config("the device is configured; remove it first"));
        }
        if config
            .ignored_devices
            .iter()
            .all(|ignored| ignored.device_id != id)
        {
            let ignored = ObservedDevice {
                device_id: id,
                time: seen.time,
                name: seen.name,
                address: seen.address,
                ..ObservedDevice::default()
            };
            config.ignored_devices.push(ignored);
        }
        Ok(())
    })
    .await
}

/// Has the daemon mention a device's attempts to connect again.
pub(super) async fn unignore_device(client: &Client, id: DeviceId) -> Result<Edited, EditError> {
    edit(client, |config| {
        config
            .ignored_devices
            .retain(|ignored| ignored.device_id != id);
        Ok(())
    })
    .await
}

/// Has the daemon forget about a device's offer of a folder, for good.
pub(super) async fn ignore_folder(
    client: &Client,
    id: &FolderId,
    from: DeviceId,
) -> Result<Edited, EditError> {
    let offer = offer(client, id, from).await?;
    edit_device(client, &from, |device| {
        if device
            .ignored_folders
            .iter()
            .all(|ignored| ignored.id != *id)
        {
            let ignored = ObservedFolder {
                id: id.clone(),
                time: offer.time,
                label: offer.label,
                ..ObservedFolder::default()
            };
            device.ignored_folders.push(ignored);
        }
        Ok(())
    })
    .await
}

/// Has the daemon mention a device's offer of a folder again.
pub(super) async fn unignore_folder(
    client: &Client,
    id: &FolderId,
    from: DeviceId,
) -> Result<Edited, EditError> {
    edit_device(client, &from, |device| {
        device.ignored_folders.retain(|ignored| ignored.id != *id);
        Ok(())
    })
    .await
}

async fn offer(client: &Client, id: &FolderId, from: DeviceId) -> Result<FolderOffer, Error> {
    let mut pending = client.cluster().pending_folders().await?;
    let offer = pending
        .remove(id.as_str())
        .and_then(|mut folder| folder.offered_by.remove(&from));
    offer.ok_or_else(|| {
        Error::config(format!(
            "device {} has not offered folder {id}",
            from.short()
        ))
    })
}

fn is_missing<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(error) if error.status() == Some(StatusCode::NOT_FOUND))
}
