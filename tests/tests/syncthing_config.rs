//! Changing the configuration without losing any of it.

// What `every_version!` calls may panic as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_tests::syncthing::Lab;
use sync_tests::{Result, every_version};
use syncthing_rest::edit::{Action, Section};
use syncthing_rest::model::config::{Folder, Options, VersioningType};
use syncthing_rest::{ErrorKind, SyncthingError, SyncthingErrorExt};
use xtask::peers::syncthing::Version;

every_version![
    what_is_read_is_written_back_whole,
    an_edit_keeps_what_the_model_does_not_name,
    edits_at_the_same_time_keep_each_others_changes,
    an_edit_sends_only_what_it_changes,
    a_folder_without_a_path_is_not_sent,
    a_put_that_would_reset_something_is_not_sent,
];

/// The configuration as the daemon sends it, read past the client under test.
fn raw_config(lab: &Lab) -> Result<Value> {
    Ok(serde_json::from_str(
        &lab.daemon.request("GET", "/rest/config", "")?.body,
    )?)
}

async fn what_is_read_is_written_back_whole(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    lab.add_folder("docs", &[]).await?;
    let before = raw_config(&lab)?;

    let mut config = lab.client.config().get().await?;
    assert_eq!(serde_json::to_value(&config)?, before);
    config.folder_mut(&"docs".into()).ok_or("no folder")?.label = "Papers".to_owned();
    lab.client.config().replace(&config).await?;

    let mut expected = before;
    expected["folders"][0]["label"] = json!("Papers");
    assert_eq!(raw_config(&lab)?, expected);
    Ok(())
}

async fn an_edit_keeps_what_the_model_does_not_name(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let mut folder = lab.new_folder("docs", &[])?;
    folder.versioning.versioning_type = VersioningType::Simple;
    // The daemon keeps parameters that it has no use for.
    let params = [("keep", "3"), ("somebodyElses", "ünknown & kept")];
    folder.versioning.params = params
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    lab.client.config().add_folder(&folder).await?;
    let before = raw_config(&lab)?;

    let edited = lab
        .client
        .folder("docs")
        .edit(|folder| {
            folder.rescan_interval_s = 777;
            folder
                .versioning
                .params
                .insert("keep".to_owned(), "4".to_owned());
        })
        .await?;
    assert!(edited.is_changed());

    let mut expected = before;
    expected["folders"][0]["rescanIntervalS"] = json!(777);
    expected["folders"][0]["versioning"]["params"]["keep"] = json!("4");
    assert_eq!(raw_config(&lab)?, expected);
    Ok(())
}

async fn edits_at_the_same_time_keep_each_others_changes(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    for folder in ["one", "two"] {
        lab.add_folder(folder, &[]).await?;
    }
    let label = async |folder: &str| {
        let edit = |config: &mut syncthing_rest::model::Config| {
            if let Some(found) = config.folder_mut(&folder.into()) {
                found.label = format!("Folder {folder}");
            }
        };
        lab.client.config().edit(edit).await
    };
    let options = async || {
        let edit = |config: &mut syncthing_rest::model::Config| {
            config.options.max_recv_kbps = 4321;
        };
        lab.client.config().edit(edit).await
    };
    let (one, two, three) = tokio::join!(label("one"), label("two"), options());
    for edited in [one?, two?, three?] {
        assert_eq!(edited.changes.len(), 1, "{edited:?}");
    }
    let config = lab.client.config().get().await?;
    let labels: Vec<_> = config
        .folders
        .iter()
        .map(|folder| folder.label.as_str())
        .collect();
    assert_eq!(labels, ["Folder one", "Folder two"]);
    assert_eq!(config.options.max_recv_kbps, 4321);
    Ok(())
}

async fn an_edit_sends_only_what_it_changes(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    lab.add_folder("old", &[]).await?;
    lab.add_folder("kept", &[]).await?;
    let new = lab.new_folder("new", &[])?;
    let edited = lab
        .client
        .config()
        .edit(|config| {
            config.folders.retain(|folder| folder.id.as_str() != "old");
            if let Some(kept) = config.folder_mut(&"kept".into()) {
                kept.paused = true;
            }
            config.folders.push(new.clone());
            config.options.max_send_kbps = 99;
        })
        .await?;
    let done: BTreeMap<String, (Action, Vec<&str>)> = edited
        .changes
        .iter()
        .map(|change| {
            (
                change.section().to_string(),
                (change.action(), change.keys().collect()),
            )
        })
        .collect();
    assert_eq!(done["folder old"].0, Action::Remove);
    assert_eq!(done["folder kept"], (Action::Set, vec!["paused"]));
    assert_eq!(done["folder new"].0, Action::Add);
    assert_eq!(
        done[&Section::Options.to_string()],
        (Action::Set, vec!["maxSendKbps"])
    );
    assert_eq!(done.len(), 4, "{done:?}");
    assert_eq!(edited.restart_required, Some(false));

    let ids: Vec<_> = lab.client.config().folders().await?;
    let ids: Vec<_> = ids.iter().map(|folder| folder.id.as_str()).collect();
    assert_eq!(ids, ["kept", "new"]);
    Ok(())
}

async fn a_folder_without_a_path_is_not_sent(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let config = lab.client.config();
    let pathless = Folder::new("home", "");
    let pushed = config
        .edit(|config| config.folders.push(pathless.clone()))
        .await;
    for refused in [
        config.add_folder(&pathless).await.map(drop),
        lab.client.folder("home").replace(&pathless).await.map(drop),
        pushed.map(drop).map_err(syncthing_rest::Error::from),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains("path"), "{error}");
    }
    assert_eq!(raw_config(&lab)?["folders"], json!([]));
    Ok(())
}

async fn a_put_that_would_reset_something_is_not_sent(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let before = raw_config(&lab)?;
    let config = lab.client.config();

    // A program's own defaults, not what the daemon has.
    let mut text = serde_json::to_value(config.options().await?)?;
    let keys = text.as_object_mut().ok_or("no object")?;
    let taken = keys.remove("relaysEnabled");
    assert_eq!(taken, Some(json!(false)));
    let options: Options = serde_json::from_value(text)?;
    let mut sent = serde_json::to_value(&options)?;
    if sent.get("relaysEnabled").is_none() {
        let error = config.replace_options(&options).await.unwrap_err();
        let Some(SyncthingError::WouldReset { keys }) = error.syncthing() else {
            return Err(error.into());
        };
        assert_eq!(keys, &["relaysEnabled"]);
    } else {
        // The model fills it in, so that nothing is left out either.
        sent = before["options"].clone();
        assert!(sent.get("relaysEnabled").is_some());
    }

    let mut gui = config.gui().await?;
    gui.api_key = "".into();
    let error = config.replace_gui(&gui).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let error = config.patch_gui(&json!({"apiKey": ""})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(raw_config(&lab)?, before);
    Ok(())
}
