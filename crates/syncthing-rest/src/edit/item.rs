//! Editing one folder or device.

use serde_json::Value;
use sync_core::Error;

use super::diff::{self, is_addressable};
use super::{Action, Change, EditError, Edited, Section, own_id, send_all, to_json};
use crate::model::config::{Device, Folder, FolderDevice};
use crate::model::{DeviceId, FolderId};
use crate::{Client, endpoints};

/// Reads one folder, lets `change` edit it, and sends the difference.
pub(super) async fn edit_folder(
    client: &Client,
    id: &FolderId,
    change: impl FnOnce(&mut Folder) -> Result<(), Error>,
) -> Result<Edited, EditError> {
    let mut folder = if is_addressable(id.as_str()) {
        let call = client.call(&endpoints::FOLDER).path(id.as_str());
        call.json::<Box<Folder>>().await?
    } else {
        let list = client.config().folders().await?;
        let found = list.into_iter().find(|folder| folder.id == *id);
        Box::new(found.ok_or_else(|| Error::config(format!("no folder has the ID {id}")))?)
    };
    let before = to_json(&folder)?;
    change(&mut folder)?;
    if folder.id != *id {
        return Err(Error::config("the ID of a folder cannot be edited").into());
    }
    if folder.path.trim().is_empty() {
        return Err(Error::config("a folder needs a path").into());
    }
    let own = own_id(client).await?;
    if !folder.is_shared_with(&own) {
        folder.devices.push(FolderDevice::new(own));
    }
    let after = to_json(&folder)?;
    let change = difference(&before, &after, Section::Folder(id.to_string()));
    if let Some((change, Value::Object(whole))) = change.as_ref().map(|of| (of, of.body())) {
        if change.action() == Action::Replace {
            let template = client.config().default_folder().await?;
            if let Value::Object(template) = to_json(&template)? {
                let checked = diff::check_template(&template, whole);
                checked.map_err(|refused| Error::config(refused.0))?;
            }
        }
    }
    send_all(client, Vec::from_iter(change)).await
}

/// Reads one device, lets `change` edit it, and sends the difference.
pub(super) async fn edit_device(
    client: &Client,
    id: &DeviceId,
    change: impl FnOnce(&mut Device) -> Result<(), Error>,
) -> Result<Edited, EditError> {
    let call = client.call(&endpoints::DEVICE).path(id.to_string());
    let mut device = call.json::<Box<Device>>().await?;
    let before = to_json(&device)?;
    change(&mut device)?;
    if device.device_id != *id {
        return Err(Error::config("the ID of a device cannot be edited").into());
    }
    let after = to_json(&device)?;
    let change = difference(&before, &after, Section::Device(id.to_string()));
    send_all(client, Vec::from_iter(change)).await
}

fn difference(before: &Value, after: &Value, section: Section) -> Option<Change> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => diff::plan_item(before, after, section),
        _ => None,
    }
}
