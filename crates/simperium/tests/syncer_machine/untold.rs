//! Changes that the server has made and not told, so that only versions tell
//! what they did.

use serde_json::{Value, json};
use simperium::store::{ConflictKind, PendingState};
use simperium::syncer::machine::{Conflict, Fetched};

use crate::lab::{Lab, change, echo, foreign, refusal, text, v};

fn version(version: u64, t: &str) -> String {
    format!("0:e:a.{version}\n{}", json!({"data": text(t)}))
}

/// What has become of the text in a conflict.
fn made(conflict: &Conflict) -> String {
    let result: Value = conflict.result.as_ref().unwrap().decode().unwrap();
    result["t"].as_str().unwrap().to_owned()
}

/// A device that has deleted all text to write another. The server has made
/// that, over others, and says so only when it is sent again; its newest
/// version is this one.
fn untold(newest: u64, t: &str) -> (Lab, Vec<String>) {
    let mut lab = Lab::live(&[("a", 1, text("one two three"))]);
    lab.put("a", text("X"));
    let frames = lab.take(&refusal("a", "c1", 409));
    assert!(lab.take(&format!("{}\n?", frames[1])).is_empty());
    let frames = lab.found("a", newest, &text(t));
    (lab, frames)
}

#[test]
fn text_that_an_untold_change_cut_off_is_told_and_kept() {
    let (mut lab, frames) = untold(4, "X Y");
    assert_eq!(frames, ["0:e:a.2"]);
    assert_eq!(lab.state("a"), Some(PendingState::Acknowledged));
    // Over this the change was put, and all of it went.
    assert_eq!(
        lab.take(&version(2, "one two MORE three")),
        ["0:e:a.3"],
        "which one it made is not known yet"
    );
    let [conflict] = &lab.conflicts()[..] else {
        panic!("nothing is told")
    };
    assert_eq!(conflict.kind, ConflictKind::LostText);
    // The server has put the change over it as this device does.
    let made = made(conflict);
    assert!(made.contains('X') && !made.contains("MORE"), "{made}");
    let [copy] = &lab.copies()[..] else {
        panic!("nothing is kept")
    };
    assert!(copy.remote.as_ref().unwrap().as_str().contains("MORE"));
    assert_eq!(lab.take(&version(3, &made)), ["0:e:a.4"]);
    assert_eq!((lab.state("a"), lab.reload("a")), (None, Some(4)));
    assert!(lab.take(&version(4, "X Y")).is_empty());
    assert_eq!(lab.ghost("a"), Some((4, text("X Y"))));
    assert_eq!(lab.object("a"), Some(text("X Y")));
    assert!(lab.machine.is_synced(0));
    assert_eq!(lab.copies().len(), 1, "it is told once");
}

#[test]
fn an_untold_change_that_cut_nothing_off_is_no_conflict() {
    let (mut lab, frames) = untold(3, "X Y");
    assert_eq!(frames, ["0:e:a.2"]);
    assert_eq!(lab.take(&version(2, "X")), ["0:e:a.3"]);
    assert!(lab.take(&version(3, "X Y")).is_empty());
    assert_eq!(lab.object("a"), Some(text("X Y")));
    assert!(lab.conflicts().is_empty() && lab.copies().is_empty());
    assert!(lab.machine.is_synced(0));
}

#[test]
fn the_version_right_after_is_what_an_untold_change_made() {
    let (mut lab, frames) = untold(2, "X");
    assert!(frames.is_empty());
    assert_eq!(lab.ghost("a"), Some((2, text("X"))));
    assert!(lab.copies().is_empty() && lab.machine.is_synced(0));
}

#[test]
fn versions_that_are_not_kept_are_passed() {
    let (mut lab, frames) = untold(4, "X Y");
    assert_eq!(frames, ["0:e:a.2"]);
    assert_eq!(lab.take("0:e:a.2\n?"), ["0:e:a.3"]);
    assert_eq!(lab.take("0:e:a.3\n?"), ["0:e:a.4"]);
    // They are not asked for again and again.
    assert!(lab.take(&version(4, "X Y")).is_empty());
    assert_eq!(lab.object("a"), Some(text("X Y")));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn only_versions_that_are_kept_are_asked_for() {
    let (_, frames) = untold(1000, "X");
    assert_eq!(frames, ["0:e:a.941"]);
}

#[test]
fn looking_for_an_untold_change_goes_on_after_a_restart() {
    let (mut lab, frames) = untold(4, "X Y");
    assert_eq!(frames, ["0:e:a.2"]);
    lab.take(&version(2, "one two MORE three"));
    let made = made(&lab.conflicts()[0]);
    lab.restart();
    assert_eq!(lab.reconnect(), ["0:e:a.4"]);
    assert_eq!(lab.take(&version(4, "X Y")), ["0:e:a.3"]);
    assert_eq!(lab.take(&version(3, &made)), ["0:e:a.4"]);
    assert!(lab.take(&version(4, "X Y")).is_empty());
    assert_eq!(lab.object("a"), Some(text("X Y")));
    assert!(lab.conflicts().is_empty());
    assert!(lab.machine.is_synced(0));
}

#[test]
fn an_answer_from_before_does_not_end_the_looking() {
    let (mut lab, _) = untold(4, "X Y");
    // It was asked for twice.
    assert!(lab.found("a", 4, &text("X Y")).is_empty());
    assert!(lab.fetched("a", Fetched::Gone).is_empty());
    assert_eq!(lab.ghost("a"), Some((1, text("one two three"))));
    assert_eq!(lab.take(&version(2, "X")), ["0:e:a.4"]);
    assert!(lab.take(&version(4, "X Y")).is_empty());
    assert!(lab.machine.is_synced(0));
}

#[test]
fn an_echo_that_comes_after_all_ends_the_looking() {
    let (mut lab, _) = untold(3, "X Y");
    let v = v(&text("one two three"), &text("X"));
    assert!(lab.take(&echo("a", "c1", Some(1), 2, &v, "cv1")).is_empty());
    assert_eq!(lab.reload("a"), Some(3));
    assert_eq!(lab.take(&version(2, "X")), ["0:e:a.3"]);
    assert!(lab.take(&version(3, "X Y")).is_empty());
    assert_eq!(lab.object("a"), Some(text("X Y")));
    assert!(lab.copies().is_empty() && lab.machine.is_synced(0));
}

#[test]
fn a_change_that_is_in_no_version_is_made_again() {
    let (mut lab, frames) = untold(3, "one two three four");
    assert_eq!(frames, ["0:e:a.2"]);
    assert_eq!(lab.take(&version(2, "one two three!")), ["0:e:a.3"]);
    let sent = change(&lab.take(&version(3, "one two three!!")));
    assert_eq!((&sent["ccid"], &sent["sv"]), (&json!("c2"), &json!(3)));
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
    let object = lab.object("a").unwrap();
    assert!(object["t"].as_str().unwrap().contains('X'), "{object}");
}

#[test]
fn words_that_an_untold_change_tore_apart_are_told_though_it_only_added() {
    let mut lab = Lab::live(&[("a", 1, text("ab"))]);
    lab.put("a", text("aXb"));
    let frames = lab.take(&refusal("a", "c1", 409));
    assert!(lab.take(&format!("{}\n?", frames[1])).is_empty());
    // The server has put it into a word that this device has never seen.
    assert_eq!(lab.found("a", 3, &text("ab liXsalo")), ["0:e:a.2"]);
    assert_eq!(lab.take(&version(2, "ab lisalo")), ["0:e:a.3"]);
    assert!(lab.take(&version(3, "ab liXsalo")).is_empty());
    let [conflict] = &lab.conflicts()[..] else {
        panic!("nothing is told")
    };
    assert_eq!(conflict.kind, ConflictKind::LostText);
    assert!(lab.machine.is_synced(0));
}

/// A device that has deleted the only word, and is told that this was made, or
/// this, when it sends it again. Others have put one before it, and then one
/// behind it; this is the version after those. Returns what was told at that.
fn misplaced(code: u16, made: &str) -> (Lab, Vec<Conflict>) {
    let mut lab = Lab::live(&[("a", 1, text("beloka"))]);
    lab.put("a", text(""));
    let more = v(&text("beloka"), &text("retoba beloka"));
    assert!(lab.take(&foreign("a", Some(1), 2, &more)).is_empty());
    lab.restart();
    lab.reconnect();
    let frames = lab.take(&refusal("a", "c1", code));
    assert!(lab.take(&format!("{}\n?", frames[1])).is_empty());
    assert_eq!(lab.found("a", 5, &text("binata")), ["0:e:a.3"]);
    assert_eq!(lab.take(&version(3, "retoba beloka kobanu")), ["0:e:a.4"]);
    // A new process goes on there.
    lab.restart();
    assert_eq!(lab.reconnect(), ["0:e:a.5"]);
    assert_eq!(lab.take(&version(5, "binata")), ["0:e:a.4"]);
    assert!(lab.conflicts().is_empty());
    assert_eq!(lab.take(&version(4, made)), ["0:e:a.5"]);
    let conflicts = lab.conflicts();
    (lab, conflicts)
}

#[test]
fn a_word_that_an_untold_deletion_took_in_place_of_its_own_is_told() {
    for code in [409, 405, 413] {
        let (mut lab, conflicts) = misplaced(code, " beloka kobanu");
        let [conflict] = &conflicts[..] else {
            panic!("{code}: nothing is told")
        };
        assert_eq!(conflict.kind, ConflictKind::LostText);
        let copies = lab.copies();
        let [copy] = &copies[..] else {
            panic!("{code}: nothing is kept")
        };
        let base: Value = copy.base.as_ref().unwrap().decode().unwrap();
        assert_eq!(base, text("retoba beloka kobanu"), "{code}");
        lab.take(&version(5, "binata"));
        assert_eq!(lab.ghost("a"), Some((5, text("binata"))));
    }
}

#[test]
fn a_word_that_a_refused_deletion_took_in_the_newest_version_is_told() {
    let mut lab = Lab::live(&[("a", 1, text("beloka"))]);
    lab.put("a", text(""));
    let more = v(&text("beloka"), &text("retoba beloka"));
    assert!(lab.take(&foreign("a", Some(1), 2, &more)).is_empty());
    lab.restart();
    lab.reconnect();
    let frames = lab.take(&refusal("a", "c1", 413));
    assert!(lab.take(&format!("{}\n?", frames[1])).is_empty());
    assert!(lab.conflicts().is_empty());
    lab.found("a", 3, &text(" beloka"));
    let conflicts = lab.conflicts();
    let [conflict] = &conflicts[..] else {
        panic!("nothing is told")
    };
    assert_eq!(conflict.kind, ConflictKind::LostText);
    let base: Value = conflict.base.as_ref().unwrap().decode().unwrap();
    assert_eq!(base, text("retoba beloka"));
}

#[test]
fn what_took_no_word_or_wrote_another_is_not_an_untold_deletion() {
    // What it was to do; what someone has written.
    for made in ["retoba  kobanu", "beloka kobanu tisute"] {
        let (mut lab, conflicts) = misplaced(409, made);
        assert!(conflicts.is_empty(), "{made}: {conflicts:?}");
        assert!(lab.take(&version(5, "binata")).is_empty());
        assert!(lab.machine.is_synced(0));
    }
}
