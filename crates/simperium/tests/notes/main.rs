//! The example tool as processes of its own, against the emulator.
#![cfg(all(feature = "emulator", feature = "sqlite", unix))]
#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

mod tool;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::json;
use sync_core::testing::gone_reader;
use tool::{APP, BUCKET, Place, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_listed_shown_added_edited_and_deleted() {
    let place = Place::start("basics").await;
    place.emulator.seed(APP, TOKEN, BUCKET, 3, 40);
    let key = place.says(&["add", "milk", "and", "bread"]);
    let key = key.trim();
    assert_eq!(key.len(), 32);
    assert_eq!(place.says(&["show", key]), "milk and bread\n");
    let list = place.says(&["list"]);
    assert_eq!(list.lines().count(), 4);
    assert!(
        list.contains(&format!("{key}   milk and bread\n")),
        "{list}"
    );

    // Whoever reads it may have seen enough and gone.
    let mut unread = place.tool(&["list"], &place.emulator.origin());
    unread.stdout(gone_reader().unwrap());
    let output = tokio::task::block_in_place(|| unread.output().unwrap());
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    place.says(&["edit", key, "milk, bread and butter"]);
    let objects = place.emulator.objects(APP, TOKEN, BUCKET);
    let edited = json!({"content": "milk, bread and butter"});
    assert_eq!(objects[key], (2, edited));
    let history = place.says(&["history", key]);
    assert_eq!(history.lines().count(), 2, "{history}");
    assert!(history.contains("butter") && history.contains("milk and bread"));

    place.says(&["delete", key]);
    assert!(!place.emulator.objects(APP, TOKEN, BUCKET).contains_key(key));
    for command in ["show", "delete", "edit"] {
        let output = place.run(&[command, key, "text"][..2 + usize::from(command == "edit")]);
        assert_eq!(output.status.code(), Some(1), "{command}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_without_a_connection_are_sent_with_the_next() {
    let place = Place::start("offline").await;
    place.emulator.seed(APP, TOKEN, BUCKET, 1, 40);
    assert!(place.says(&["list"]).starts_with("k0   "));
    let key = place.says(&["add", "--offline", "on the train"]);
    let list = place.says(&["list", "--offline"]);
    assert!(
        list.contains(&format!("{} * on the train", key.trim())),
        "{list}"
    );
    let status = place.says(&["status", "--offline"]);
    assert!(status.contains("connection: paused\n"), "{status}");
    assert!(status.contains("to be sent: 1\n"), "{status}");
    assert!(
        status.contains(&format!("{} waits to be sent\n", key.trim())),
        "{status}"
    );
    assert_eq!(place.emulator.objects(APP, TOKEN, BUCKET).len(), 1);
    let list = place.says(&["list"]);
    assert!(
        list.contains(&format!("{}   on the train", key.trim())),
        "{list}"
    );
    assert_eq!(place.emulator.objects(APP, TOKEN, BUCKET).len(), 2);
    assert!(place.says(&["status"]).contains("to be sent: 0"));
    // Whom nobody can reach: it says so, and shows what is here.
    let output = place
        .tool(&["list"], "http://127.0.0.1:9")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("on the train")
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("not in step"), "{said}");
    assert!(
        said.contains("(connecting)") || said.contains("(offline, "),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_devices_write_is_merged() {
    let place = Place::start("devices").await;
    let key = place.says(&["add", "milk bread butter"]);
    let key = key.trim();
    let other = ["--db", "other.db"];
    assert!(
        place
            .says(&[&["list"], &other[..]].concat())
            .contains("milk")
    );
    place.says(
        &[
            &["edit", "--offline", key, "milk bread butter jam"],
            &other[..],
        ]
        .concat(),
    );
    place.says(&["edit", key, "oat milk bread butter"]);
    let merged = "oat milk bread butter jam\n";
    assert_eq!(place.says(&[&["show", key], &other[..]].concat()), merged);
    assert_eq!(place.says(&["show", key]), merged);
    assert_eq!(place.says(&["conflicts"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_tells_what_other_devices_do() {
    let place = Place::start("watch").await;
    let key = place.says(&["add", "first"]);
    let key = key.trim();
    let mut watching = place.watch();
    let lines = BufReader::new(watching.0.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    place.said(&mut watching, "watching");
    let other = ["--db", "other.db"];
    place.says(&[&["edit", key, "second"], &other[..]].concat());
    assert_eq!(lines.next().unwrap(), format!("~ {key} second"));
    let new = place.says(&[&["add", "third"], &other[..]].concat());
    assert_eq!(lines.next().unwrap(), format!("+ {} third", new.trim()));
    place.says(&[&["delete", key], &other[..]].concat());
    assert_eq!(lines.next().unwrap(), format!("- {key} second"));
    // One program at a time.
    let output = place.run(&["list"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("another process"), "{said}");
}

/// Ctrl-C, as a terminal sends it.
fn interrupt(process: &tool::Process) {
    let id = process.0.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_ends_well_with_ctrl_c_and_leaves_the_notes_as_they_were() {
    let place = Place::start("ctrl-c").await;
    let key = place.says(&["add", "first"]);
    let mut watching = place.watch();
    place.said(&mut watching, "watching");
    let other = ["--db", "other.db"];
    place.says(&[&["edit", key.trim(), "second"], &other[..]].concat());
    let mut lines = BufReader::new(watching.0.stdout.take().unwrap()).lines();
    let changed = format!("~ {} second", key.trim());
    assert_eq!(lines.next().unwrap().unwrap(), changed);
    interrupt(&watching);
    let status = tokio::task::block_in_place(|| watching.0.wait().unwrap());
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(lines.next().is_none(), "it says no more");

    // The file is closed, with nothing beside it, and goes on where it was.
    assert!(!place.file("notes.db-wal").exists());
    let offline = |arguments: &[&str]| place.says(&[arguments, &["--offline"]].concat());
    assert_eq!(offline(&["show", key.trim()]), "second\n");
    assert_eq!(place.says(&["conflicts"]), "");
    place.says(&["edit", key.trim(), "third"]);
    assert_eq!(
        place.says(&[&["show", key.trim()], &other[..]].concat()),
        "third\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_while_the_service_is_waited_for_ends_watching() {
    let place = Place::start("ctrl-c-early").await;
    place.says(&["add", "first"]);
    place.emulator.silent(true);
    let mut watching = place.watch();
    place.said(&mut watching, "asking");
    interrupt(&watching);
    let status = tokio::task::block_in_place(|| watching.0.wait().unwrap());
    assert_eq!(status.code(), Some(0), "{status}");
    place.emulator.silent(false);
    assert!(place.says(&["list"]).contains("first"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_written_in_an_editor() {
    let place = Place::start("editor").await;
    let editor = place.file("editor.sh");
    std::fs::write(&editor, "#!/bin/sh\necho \"and more\" >> \"$1\"\n").unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).unwrap();
    let key = place.says(&["add", "some"]);
    let mut edit = place.tool(&["edit", key.trim()], &place.emulator.origin());
    let output = edit.env("EDITOR", &editor).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(place.says(&["show", key.trim()]), "someand more\n\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_logs_in() {
    let place = Place::start("login").await;
    place.emulator.create_user(APP, "joe@example.com", "secret");
    let command = |password: &str| {
        let options = ["--user", "joe@example.com", "add", "mine", "--wait", "1"];
        let mut command = place.tool(&options, &place.emulator.origin());
        command
            .env("SIMPERIUM_API_KEY", "key")
            .env("SIMPERIUM_PASSWORD", password);
        command.output().unwrap()
    };
    assert!(command("secret").status.success());
    let wrong = command("wrong password");
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("not in step"), "{said}");
    assert!(
        said.contains("(connecting)") || said.contains("(offline, "),
        "{said}"
    );
    assert!(!said.contains("wrong password"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_told_from_failure() {
    let place = Place::start("usage").await;
    for wrong in [
        &[][..],
        &["lost"],
        &["show"],
        &["list", "what"],
        &["list", "--settle", "1"],
        &["list", "--wait", "soon"],
    ] {
        let output = place.run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("--help"), "{said}");
    }
    let help = place.says(&["--help"]);
    for command in [
        "list",
        "show",
        "add",
        "edit",
        "delete",
        "watch",
        "conflicts",
    ] {
        assert!(help.contains(&format!("\n  {command}")), "{command}");
    }
    // In the way of the notes.
    std::fs::write(
        place.file("notes.db"),
        "something else, and not short at all",
    )
    .unwrap();
    assert_eq!(place.run(&["list"]).status.code(), Some(3));
}
