//! How things are.

use std::fmt::Display;

use syncthing_rest::Client;
use syncthing_rest::model::FolderId;
use syncthing_rest::model::config::Folder;

use crate::{Outcome, Result};
use sync_core::tool::say;

pub(crate) async fn status(client: &Client) -> Result {
    let version = client.system().version().await?;
    let status = client.system().status().await?;
    let config = client.config().get().await?;
    let connections = client.system().connections().await?.connections;
    say!(
        "Syncthing {} on {}/{}",
        version.version,
        version.os,
        version.arch
    );
    say!("device    {}", status.my_id);
    say!("up for    {}", duration(status.uptime));
    let errors = client.system().errors().await?.errors.len();
    if errors > 0 {
        say!("errors    {errors} (see st errors)");
    }

    let mut good = errors == 0;
    say!(
        "\n{:24} {:14} {:>12} {:>12} {:>8}",
        "FOLDER",
        "STATE",
        "SIZE",
        "MISSING",
        "ERRORS"
    );
    for folder in &config.folders {
        if folder.paused {
            say!("{:24} paused", name(folder));
            continue;
        }
        let status = client.folder(&folder.id).status().await?;
        good &= status.is_in_sync();
        say!(
            "{:24} {:14} {:>12} {:>12} {:>8}",
            name(folder),
            status.state,
            bytes(status.global_bytes),
            bytes(status.need_bytes),
            status.errors,
        );
    }
    say!(
        "\n{:24} {:14} {:>12} {:>12}",
        "DEVICE",
        "CONNECTION",
        "RECEIVED",
        "SENT"
    );
    for device in config
        .devices
        .iter()
        .filter(|device| device.device_id != status.my_id)
    {
        let connection = connections.get(&device.device_id);
        let state = match connection {
            _ if device.paused => "paused",
            Some(connection) if connection.connected => connection.connection_type.as_str(),
            _ => "none",
        };
        say!(
            "{:24} {:14} {:>12} {:>12}",
            or(&device.name, device.device_id.short()),
            state,
            bytes(connection.map_or(0, |connection| connection.in_bytes_total)),
            bytes(connection.map_or(0, |connection| connection.out_bytes_total)),
        );
    }
    Ok(if good { Outcome::Good } else { Outcome::Bad })
}

pub(crate) async fn folders(client: &Client) -> Result {
    let config = client.config().get().await?;
    for folder in &config.folders {
        say!("{}  {}", folder.id, name(folder));
        say!("    {} ({})", folder.path, folder.folder_type);
        for shared in &folder.devices {
            let device = config.device(&shared.device_id);
            let device = device.map_or("", |device| device.name.as_str());
            say!("    shared with {}", or(device, shared.device_id.short()));
        }
    }
    Ok(Outcome::Good)
}

pub(crate) async fn errors(client: &Client, wanted: Vec<FolderId>) -> Result {
    let mut count = 0;
    if wanted.is_empty() {
        for error in client.system().errors().await?.errors {
            count += 1;
            let when = error.when.map(|when| when.to_string()).unwrap_or_default();
            say!("{when} {} {}", error.level, error.message);
        }
    }
    let folders = client.config().folders().await?;
    for id in &wanted {
        match folders.iter().find(|folder| folder.id == *id) {
            None => return Err(format!("no folder has the ID {id}").into()),
            Some(folder) if folder.paused => {
                return Err(format!("{} is paused and tells nothing", name(folder)).into());
            }
            Some(_) => {}
        }
    }
    for folder in folders {
        if folder.paused || !(wanted.is_empty() || wanted.contains(&folder.id)) {
            continue;
        }
        let handle = client.folder(&folder.id);
        if let Some(error) = handle.status().await?.error_text() {
            count += 1;
            say!("{}: {error}", name(&folder));
        }
        let mut errors = handle.errors().items();
        while let Some(error) = errors.next().await.transpose()? {
            count += 1;
            say!("{}: {}: {}", name(&folder), error.path, error.error);
        }
    }
    if count == 0 {
        say!("no errors");
        return Ok(Outcome::Good);
    }
    Ok(Outcome::Bad)
}

pub(crate) async fn pending(client: &Client) -> Result {
    let devices = client.cluster().pending_devices().await?;
    let folders = client.cluster().pending_folders().await?;
    for (id, device) in &devices {
        say!(
            "device {id}\n    {} from {}",
            or(&device.name, "no name"),
            device.address
        );
    }
    for (id, folder) in &folders {
        say!("folder {id}");
        for (device, offer) in &folder.offered_by {
            let encrypted = if offer.receive_encrypted {
                ", encrypted"
            } else {
                ""
            };
            say!(
                "    offered by {} as {:?}{encrypted}",
                device.short(),
                offer.label
            );
        }
    }
    if devices.is_empty() && folders.is_empty() {
        say!("nothing is pending");
    }
    Ok(Outcome::Good)
}

pub(crate) fn name(folder: &Folder) -> String {
    or(&folder.label, &folder.id)
}

fn or(text: &str, other: impl Display) -> String {
    if text.is_empty() {
        other.to_string()
    } else {
        text.to_owned()
    }
}

pub(crate) fn bytes(count: i64) -> String {
    indicatif::BinaryBytes(u64::try_from(count).unwrap_or(0)).to_string()
}

fn duration(seconds: i64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match hours {
        0 => format!("{minutes} min {} s", seconds % 60),
        1..48 => format!("{hours} h {minutes} min"),
        _ => format!("{} days", hours / 24),
    }
}
