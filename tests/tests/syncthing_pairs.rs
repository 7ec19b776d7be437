//! Two daemons: what one has, the other gets, and when that is done.

// What `every_version!` calls may panic as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use serde_json::json;
use sync_tests::syncthing::{
    Lab, Pair, Size, eventually, file_count, soon, write_file, write_files,
};
use sync_tests::{Result, every_version};
use syncthing_rest::model::config::{FolderType, VersioningType};
use syncthing_rest::model::{RestoreVersions, Time};
use syncthing_rest::wait::{Obstacle, Snapshot, State, WaitError, WaitReason, decide};
use xtask::peers::syncthing::Version;

every_version![
    a_wait_ends_when_both_have_the_same,
    a_paused_device_is_never_in_sync,
    a_folder_paused_there_is_never_in_sync,
    pending_devices_and_folders_are_accepted,
    edits_of_both_become_a_conflict_on_both,
    local_changes_are_reverted_and_old_versions_restored,
];

const FOLDER: &str = "shared";

/// Waits at both until they are in sync.
async fn in_sync(pair: &Pair) -> Result<Snapshot> {
    let wait = |lab: &Lab| {
        let wait = lab.client.folder(FOLDER).wait_until_in_sync();
        // While the daemons get to know each other, the folder isn't shared there.
        wait.scan_first().keep_waiting()
    };
    let both = async { tokio::join!(wait(&pair.one), wait(&pair.two)) };
    let (one, two) = soon("both in sync", both).await?;
    one?;
    Ok(two?)
}

fn obstacle(result: Result<Snapshot, WaitError>) -> Result<Obstacle> {
    match result {
        Err(WaitError {
            reason: WaitReason::Stuck { obstacle, .. },
            ..
        }) => Ok(obstacle),
        Err(error) => Err(error.into()),
        Ok(snapshot) => Err(format!("taken as in sync: {snapshot:?}").into()),
    }
}

async fn a_wait_ends_when_both_have_the_same(version: Version) -> Result<()> {
    let Some(pair) = Pair::start(version).await? else {
        return Ok(());
    };
    pair.share(FOLDER).await?;
    write_files(&pair.one.path(FOLDER), 50, Size::Bytes(3000))?;
    write_file(&pair.one.path(FOLDER).join("large"), Size::Bytes(2 << 20))?;

    let snapshot = in_sync(&pair).await?;
    assert_eq!(file_count(&pair.two.path(FOLDER))?, 51);
    assert_eq!(decide(&snapshot), State::InSync);
    assert_eq!(
        (snapshot.items_left(), snapshot.bytes_done()),
        (0, snapshot.bytes_total())
    );
    let read = |lab: &Lab| fs::read(lab.path(FOLDER).join("large"));
    assert!(read(&pair.one)? == read(&pair.two)?);

    // The same seen from a device, and for a deletion.
    fs::remove_file(pair.two.path(FOLDER).join("large"))?;
    pair.two.client.folder(FOLDER).scan().await?;
    let wait = pair.two.client.device(pair.one.id()?).wait_until_in_sync();
    soon("the deletion", wait).await??;
    assert!(!pair.one.path(FOLDER).join("large").exists());
    Ok(())
}

async fn a_paused_device_is_never_in_sync(version: Version) -> Result<()> {
    let Some(pair) = Pair::start(version).await? else {
        return Ok(());
    };
    pair.share(FOLDER).await?;
    in_sync(&pair).await?;
    let two = pair.two.id()?;

    pair.one.client.device(two).pause().await?;
    write_file(&pair.one.path(FOLDER).join("late"), Size::Bytes(10))?;
    let wait = pair
        .one
        .client
        .folder(FOLDER)
        .wait_until_in_sync()
        .scan_first();
    assert_eq!(
        obstacle(soon("the obstacle", wait).await?)?,
        Obstacle::DevicePaused(two)
    );
    assert!(!pair.two.path(FOLDER).join("late").exists());

    pair.one.client.device(two).resume().await?;
    in_sync(&pair).await?;
    assert!(pair.two.path(FOLDER).join("late").exists());
    Ok(())
}

async fn a_folder_paused_there_is_never_in_sync(version: Version) -> Result<()> {
    let Some(pair) = Pair::start(version).await? else {
        return Ok(());
    };
    pair.share(FOLDER).await?;
    in_sync(&pair).await?;
    let two = pair.two.id()?;

    pair.two.client.folder(FOLDER).pause().await?;
    if version == Version::V1_19 {
        // Before 1.20 a daemon doesn't say whether a device takes part, and
        // nothing else tells.
        let completion = pair.one.client.folder(FOLDER).completion_of(two).await?;
        assert_eq!(completion.remote_state, None);
        return Ok(());
    }
    // The word gets there in its own time.
    let said = eventually("it was told", async || {
        let completion = pair.one.client.folder(FOLDER).completion_of(two).await?;
        Ok((!completion.is_complete()).then_some(completion))
    });
    assert_eq!(said.await?.completion, 100.0, "which means nothing");
    let wait = pair.one.client.folder(FOLDER).wait_until_in_sync();
    let expected = Obstacle::PausedThere(FOLDER.into(), two);
    assert_eq!(obstacle(soon("the obstacle", wait).await?)?, expected);
    Ok(())
}

async fn pending_devices_and_folders_are_accepted(version: Version) -> Result<()> {
    let (Some(one), Some(two)) = (Lab::start(version)?, Lab::start(version)?) else {
        return Ok(());
    };
    let (first, second) = (one.id()?, two.id()?);
    // One knows two, and two has never heard of one.
    let mut device = syncthing_rest::model::config::Device::new(second, "two");
    device.addresses = vec![two.daemon.listen_address()];
    one.client.config().add_device(&device).await?;
    let folder = one.new_folder(FOLDER, &[second])?;
    write_file(&one.path(FOLDER).join("gift"), Size::Bytes(100))?;
    one.client.config().add_folder(&folder).await?;
    one.client
        .folder(FOLDER)
        .patch(&json!({"label": "For two"}))
        .await?;

    let cluster = two.client.cluster();
    eventually("one knocks", async || {
        Ok(cluster.pending_devices().await?.get(&first).cloned())
    })
    .await?;
    let edited = cluster
        .accept_device(first, |device| {
            device.addresses = vec![one.daemon.listen_address()]
        })
        .await?;
    assert!(edited.is_changed());

    let offer = eventually("one offers its folder", async || {
        let pending = cluster.pending_folders_of(first).await?;
        Ok(pending
            .get(FOLDER)
            .and_then(|folder| folder.offered_by.get(&first).cloned()))
    });
    assert_eq!(offer.await?.label, "For two");
    let path = two.path(FOLDER);
    let path = path.to_str().ok_or("not UTF-8")?;
    cluster
        .accept_folder(FOLDER, first, path, FolderType::ReceiveOnly)
        .await?;
    let accepted = two.client.folder(FOLDER).config().await?;
    assert_eq!(
        (accepted.label.as_str(), accepted.folder_type),
        ("For two", FolderType::ReceiveOnly)
    );

    let pair = Pair { one, two };
    in_sync(&pair).await?;
    assert!(pair.two.path(FOLDER).join("gift").exists());
    assert!(
        pair.two
            .client
            .cluster()
            .pending_folders()
            .await?
            .is_empty()
    );
    Ok(())
}

fn conflicts(path: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.contains(".sync-conflict-") {
            names.push(name);
        }
    }
    Ok(names)
}

async fn edits_of_both_become_a_conflict_on_both(version: Version) -> Result<()> {
    let Some(pair) = Pair::start(version).await? else {
        return Ok(());
    };
    pair.share(FOLDER).await?;
    fs::write(pair.one.path(FOLDER).join("note.txt"), "first")?;
    in_sync(&pair).await?;

    let two = pair.one.client.device(pair.two.id()?);
    two.pause().await?;
    for (lab, text) in [
        (&pair.one, "one's words"),
        (&pair.two, "two's longer words"),
    ] {
        fs::write(lab.path(FOLDER).join("note.txt"), text)?;
        lab.client.folder(FOLDER).scan().await?;
    }
    two.resume().await?;
    in_sync(&pair).await?;

    let names = conflicts(&pair.one.path(FOLDER))?;
    assert_eq!(names, conflicts(&pair.two.path(FOLDER))?);
    let [name] = names.as_slice() else {
        return Err(format!("one conflict was expected: {names:?}").into());
    };
    let mut texts = ["note.txt", name]
        .map(|name| fs::read_to_string(pair.one.path(FOLDER).join(name)).unwrap_or_default());
    texts.sort();
    assert_eq!(
        texts,
        ["one's words", "two's longer words"],
        "neither is lost"
    );
    assert_eq!(
        pair.two.client.folder(FOLDER).file(name).await?.global.name,
        *name
    );
    Ok(())
}

async fn local_changes_are_reverted_and_old_versions_restored(version: Version) -> Result<()> {
    let Some(pair) = Pair::start(version).await? else {
        return Ok(());
    };
    pair.share(FOLDER).await?;
    let folder = pair.two.client.folder(FOLDER);
    folder
        .edit(|folder| {
            folder.folder_type = FolderType::ReceiveOnly;
            folder.versioning.versioning_type = VersioningType::Simple;
            folder
                .versioning
                .params
                .insert("keep".to_owned(), "5".to_owned());
        })
        .await?;
    fs::write(pair.one.path(FOLDER).join("note.txt"), "old")?;
    in_sync(&pair).await?;
    fs::write(pair.one.path(FOLDER).join("note.txt"), "newer")?;
    in_sync(&pair).await?;

    let versions = folder.versions().await?;
    let kept = versions.get("note.txt").and_then(|kept| kept.first());
    let time: Time = kept
        .and_then(|kept| kept.version_time)
        .ok_or("no version")?;
    let failures = folder
        .restore(&RestoreVersions::from([("note.txt".to_owned(), time)]))
        .await?;
    assert!(failures.is_empty(), "{failures:?}");
    assert_eq!(
        fs::read_to_string(pair.two.path(FOLDER).join("note.txt"))?,
        "old"
    );

    // Brought back by hand, it's a local change of a receive-only folder.
    folder.scan().await?;
    assert!(folder.status().await?.has_local_changes());
    let changed = folder.local_changed().page(1).await?;
    assert_eq!(
        changed
            .files
            .iter()
            .map(|file| file.name.as_str())
            .collect::<Vec<_>>(),
        ["note.txt"]
    );
    soon("the revert", folder.revert_and_wait()).await??;
    assert_eq!(
        fs::read_to_string(pair.two.path(FOLDER).join("note.txt"))?,
        "newer"
    );
    Ok(())
}
