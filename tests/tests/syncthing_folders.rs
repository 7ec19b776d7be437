//! Folders of one daemon: names of every kind, ignore patterns, pauses.

// What `every_version!` calls may panic as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sync_tests::syncthing::{Lab, Size, eventually, write_file};
use sync_tests::{Result, every_version};
use syncthing_rest::model::db::FolderState;
use syncthing_rest::{SyncthingError, SyncthingErrorExt};
use xtask::peers::syncthing::Version;

every_version![
    paths_of_every_kind_arrive_as_they_are,
    a_tree_of_two_hundred_levels_is_browsed_whole,
    ignore_patterns_are_obeyed_and_bad_ones_stop_the_folder,
    a_paused_folder_says_so_in_every_call,
    a_folder_that_is_not_there_is_said_to_be_missing,
];

const NAMES: &[&str] = &[
    "two words",
    "grün/straße ♥.txt",
    "100%/a%20b%2Fc",
    "a+b&c=d",
    "what?/#1;v=2",
    "'quoted' \"twice\"",
    "日本/語",
    "[x]{y}~",
];

async fn paths_of_every_kind_arrive_as_they_are(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    // The ID goes through queries and paths too.
    let id = "märchen & 100%+";
    let folder = lab.client.folder(id);
    let path = lab.add_folder(id, &[]).await?;
    for (size, name) in (1..).zip(NAMES) {
        write_file(&path.join(name), Size::Bytes(size))?;
    }
    folder.scan().await?;

    let mut found = BTreeMap::new();
    let visit = folder.browse().visit(|entry| {
        if entry.file_type != syncthing_rest::model::db::FileType::Directory {
            found.insert(entry.path, entry.size);
        }
        ControlFlow::<()>::Continue(())
    });
    let _ = visit.await?;
    let written = NAMES.iter().map(|&name| name.to_owned()).zip(1..);
    assert_eq!(found, written.collect());

    for (size, name) in (1..).zip(NAMES) {
        assert_eq!(folder.file(name).await?.local.size, size, "{name}");
        folder.scan().sub(*name).await?;
    }
    let below = folder.browse().prefix("grün").levels(0).await?;
    let names: Vec<_> = below.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["straße ♥.txt"]);
    assert_eq!(folder.config().await?.id.as_str(), id);
    Ok(())
}

async fn a_tree_of_two_hundred_levels_is_browsed_whole(version: Version) -> Result<()> {
    // Daemons deliver 2,000 levels as well, but scan them for minutes.
    const LEVELS: usize = 200;

    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let folder = lab.client.folder("deep");
    let path = lab.add_folder("deep", &[]).await?;
    let deepest = vec!["d"; LEVELS - 1].join("/");
    write_file(&path.join(&deepest).join("f"), Size::Bytes(7))?;
    folder.scan().await?;

    let (mut shown, mut last) = (0, None);
    let visit = folder.browse().visit(|entry| {
        shown += 1;
        last = Some(entry);
        ControlFlow::<()>::Continue(())
    });
    let _ = visit.await?;
    let last = last.unwrap();
    assert_eq!((shown, last.size), (LEVELS, 7));
    assert_eq!(last.path, format!("{deepest}/f"));

    let tree = folder.browse().await?;
    assert_eq!(tree[0].count(), LEVELS);
    assert_eq!(tree[0].descendants().last().unwrap().size, 7);
    let error = folder.browse().max_levels(100).await.unwrap_err();
    assert!(error.to_string().contains("100 levels"), "{error}");
    Ok(())
}

async fn ignore_patterns_are_obeyed_and_bad_ones_stop_the_folder(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let folder = lab.client.folder("docs");
    let path = lab.add_folder("docs", &[]).await?;
    for name in ["kept.txt", "thrown.tmp", "cache/x"] {
        write_file(&path.join(name), Size::Bytes(1))?;
    }
    assert!(folder.ignores().await?.ignore.is_empty());
    let lines = ["// a comment", "*.tmp", "/cache"];
    assert_eq!(folder.set_ignores(lines).await?.ignore, lines);
    folder.scan().await?;
    let tree = folder.browse().await?;
    let names: Vec<_> = tree.iter().map(|node| &*node.name).collect();
    assert_eq!(names, ["kept.txt"]);

    let error = folder.set_ignores(["[unclosed"]).await.unwrap_err();
    assert_eq!(
        error.syncthing(),
        Some(&SyncthingError::BadPattern),
        "{error}"
    );
    let ignores = folder.ignores().await?;
    assert_eq!(ignores.ignore, ["[unclosed"], "saved all the same");
    assert!(ignores.error.is_some());
    let error = folder.scan().await.unwrap_err();
    assert!(error.to_string().contains("[unclosed"), "{error}");
    // Each change of the patterns makes the daemon scan as well, when it gets to it.
    eventually("the folder has stopped", async || {
        let status = folder.status().await?;
        Ok((status.state == FolderState::Error).then_some(()))
    })
    .await?;

    folder.set_ignores(Vec::<String>::new()).await?;
    folder.scan().await?;
    eventually("all three files are there", async || {
        let status = folder.status().await?;
        let settled = (status.state, status.local_files) == (FolderState::Idle, 3);
        Ok(settled.then_some(()))
    })
    .await
}

async fn a_paused_folder_says_so_in_every_call(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let path = lab.add_folder("docs", &[]).await?;
    write_file(&path.join("a"), Size::Bytes(1))?;
    let folder = lab.client.folder("docs");
    folder.scan().await?;
    folder.pause().await?;

    let status = folder.status().await?;
    assert_eq!(
        (status.state, status.global_files),
        (FolderState::NotRunning, 0)
    );
    let paused = Some(&SyncthingError::FolderPaused);
    assert_eq!(folder.scan().await.unwrap_err().syncthing(), paused);
    assert_eq!(folder.completion().await.unwrap_err().syncthing(), paused);
    assert_eq!(
        folder.errors().page(1).await.unwrap_err().syncthing(),
        paused
    );
    let missing = Some(&SyncthingError::NoSuchFolder);
    assert_eq!(folder.browse().await.unwrap_err().syncthing(), missing);

    folder.resume().await?;
    eventually("the folder runs again", async || {
        Ok((folder.status().await?.local_files == 1).then_some(()))
    })
    .await
}

async fn a_folder_that_is_not_there_is_said_to_be_missing(version: Version) -> Result<()> {
    let Some(lab) = Lab::start(version)? else {
        return Ok(());
    };
    let folder = lab.client.folder("nowhere");
    for error in [
        folder.status().await.map(drop).unwrap_err(),
        folder.completion().await.map(drop).unwrap_err(),
        folder.browse().await.map(drop).unwrap_err(),
        folder.ignores().await.map(drop).unwrap_err(),
        folder.need().page(1).await.map(drop).unwrap_err(),
        folder.scan().await.map(drop).unwrap_err(),
    ] {
        assert_eq!(
            error.syncthing(),
            Some(&SyncthingError::NoSuchFolder),
            "{error}"
        );
    }
    let error = folder.config().await.unwrap_err();
    assert_eq!(
        error.status().map(|status| status.as_u16()),
        Some(404),
        "{error}"
    );
    Ok(())
}
