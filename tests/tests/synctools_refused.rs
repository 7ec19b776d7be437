//! Syncs that the database does not take, at their very end or for want of room:
//! it is as before, and the error says what it was.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sync_tests::Result;
use sync_tests::synctools::{Backend, Case, Database, Django, Ours, Project, Served, difference};
use synctools::SyncErrorExt;
use synctools::store::StoreErrorKind;

/// The body with one more object.
fn with_last(body: &[u8], object: &Value) -> Vec<u8> {
    let mut body = body.to_vec();
    body.pop();
    body.extend_from_slice(format!(", {object}]").as_bytes());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_row_that_breaks_a_constraint_changes_nothing() -> Result<()> {
    let item = |group: Option<u64>| {
        json!({"model": "big.bigitem", "pk": 9_999_999, "fields": {
            "group": group, "name": "the last", "body": "", "price": "1.00", "score": 0.5,
            "active": true, "created": "2020-01-02T03:04:05Z", "note": null,
        }})
    };
    for backend in Backend::ALL {
        let Some(mut case) = Case::new(backend).await? else {
            continue;
        };
        for (object, kind) in [
            (item(Some(4_000_000)), StoreErrorKind::ForeignKey),
            (item(None), StoreErrorKind::NotNull),
        ] {
            let served = Served::whole(with_last(&case.body, &object)).await?;
            let client = case.client(&served.url()).await?;
            let error = client.sync("all").await.err().ok_or("it was synced")?;
            let error = error.store_error().ok_or_else(|| error.to_string())?;
            assert_eq!(error.kind(), kind, "{backend:?}: {error}");
            let model = error.model().map(ToString::to_string);
            assert_eq!(
                model.as_deref(),
                Some("big.bigitem"),
                "{backend:?}: {error}"
            );
            assert_eq!(error.field(), Some("group"), "{backend:?}: {error}");
            assert!(
                error.to_string().contains("9999999"),
                "{backend:?}: {error}"
            );
            case.assert_unchanged(&format!("{kind:?}"))?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_row_whose_value_is_taken_changes_nothing() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    let apps = ["catalog"];
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V5_2, &source, &apps)?;
    let body = there.serialize(&apps, &source.folder())?;
    let track = json!({"model": "catalog.track", "pk": 5, "fields": {
        "album": 1, "position": 1, "title": "in the place of another",
    }});
    let served = Served::whole(with_last(&body, &track)).await?;
    for backend in Backend::ALL {
        let Some(database) = Database::new(backend)? else {
            continue;
        };
        let mut here = Project::new(Django::V5_2, &database)?;
        let before = here.contents()?;
        let ours = Ours::on(Django::V5_2, &database, &apps).await?;
        let failed = ours.client(&served.url())?.sync("all").await;
        let error = failed.err().ok_or("it was synced")?;
        let error = error.store_error().ok_or_else(|| error.to_string())?;
        assert_eq!(error.kind(), StoreErrorKind::Unique, "{backend:?}: {error}");
        let model = error.model().map(ToString::to_string);
        assert_eq!(
            model.as_deref(),
            Some("catalog.track"),
            "{backend:?}: {error}"
        );
        assert_eq!(difference(&here.contents()?, &before), None, "{backend:?}");
    }
    Ok(())
}

/// Runs a script of the shell that starts the client as `"$@"`; what it says, and
/// whether it ended well.
fn run_in_shell(script: &str, arguments: &[&str]) -> Result<(String, bool)> {
    let output = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_synctools-client")])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((said, output.status.success()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_may_not_grow_is_as_before() -> Result<()> {
    let Some(mut case) = Case::new(Backend::Sqlite).await? else {
        return Ok(());
    };
    let served = Served::whole(case.body.clone()).await?;
    let schema = case.schema_file()?;
    let size = fs::metadata(case.target.file())?.len();
    for more in [0, 8, 100, 400] {
        // In units of 512 bytes. The signal that comes with it is for others.
        let script = format!(
            "trap '' XFSZ; ulimit -f {}; exec \"$@\"",
            size.div_ceil(512) + more
        );
        let (url, place) = (format!("{}all/", served.url()), case.target.place());
        let schema = schema.clone();
        let ran =
            tokio::task::spawn_blocking(move || run_in_shell(&script, &[&url, &schema, &place]));
        let (said, is_well) = ran.await??;
        assert!(!is_well && said.contains("failed"), "{more}: {said}");
        case.assert_unchanged(&format!("{more} more"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_changes_nothing() -> Result<()> {
    let Some(mut case) = Case::new(Backend::Sqlite).await? else {
        return Ok(());
    };
    let schema = case.schema_file()?;
    let disk = case.target.folder().join("disk");
    fs::create_dir(&disk)?;
    let size = fs::metadata(case.target.file())?.len();
    if !can_mount(&disk)? {
        eprintln!("a disk of one's own can't be had here; a limit of the file's size is tried");
        return Ok(());
    }
    let served = Served::whole(case.body.clone()).await?;
    for more in [64 << 10, 256 << 10] {
        case.target.become_copy_of(&case.base)?;
        // What is left on the disk is brought out, with its journal.
        let script = format!(
            "mount -t tmpfs -o size={} tmpfs '{disk}' && cp '{file}' '{disk}/db.sqlite3' && \
             {{ \"$@\"; code=$?; cp '{disk}'/db.sqlite3* '{folder}/'; exit $code; }}",
            size + more,
            disk = disk.display(),
            file = case.target.file().display(),
            folder = case.target.folder().display(),
        );
        let (url, place) = (format!("{}all/", served.url()), disk.join("db.sqlite3"));
        let (schema, place) = (schema.clone(), place.display().to_string());
        let ran = tokio::task::spawn_blocking(move || {
            run_in_shell(&in_namespace(&script), &[&url, &schema, &place])
        });
        let (said, is_well) = ran.await??;
        assert!(!is_well && said.contains("no room left"), "{more}: {said}");
        case.assert_unchanged(&format!("{more} more"))?;
    }
    Ok(())
}

/// A script that runs another where it may mount.
fn in_namespace(script: &str) -> String {
    let quoted = script.replace('\'', "'\\''");
    format!("exec unshare --user --map-root-user --mount sh -c '{quoted}' sh \"$@\"")
}

fn can_mount(folder: &Path) -> Result<bool> {
    let script = format!("mount -t tmpfs -o size=64k tmpfs '{}'", folder.display());
    let tried = Command::new("sh")
        .args(["-c", &in_namespace(&script)])
        .stderr(Stdio::null())
        .status()?;
    Ok(tried.success())
}
