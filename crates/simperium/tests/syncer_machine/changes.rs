//! Changes that the server tells of.

use serde_json::{Value, json};
use simperium::store::{ConflictKind, PendingState};

use crate::lab::{Lab, change, deletion, echo, foreign, refusal, text, v};

fn base() -> Lab {
    Lab::live(&[("a", 1, text("one two"))])
}

#[test]
fn what_others_do_is_here_at_once() {
    let mut lab = base();
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one two"), &text("one two three")),
    ));
    assert_eq!(lab.object("a"), Some(text("one two three")));
    lab.take(&foreign("b", None, 1, &v(&json!({}), &text("new"))));
    assert_eq!(lab.object("b"), Some(text("new")));
    lab.take(&deletion("a", "theirs", 3));
    assert_eq!(lab.object("a"), None);
    assert_eq!(lab.told(), ["Changed", "Added", "Removed"]);
    assert_eq!(lab.cv().as_deref(), Some("cv-a-3"));
}

#[test]
fn a_change_that_is_told_twice_is_made_once_and_passed() {
    let mut lab = base();
    let frame = foreign("a", Some(1), 2, &v(&text("one two"), &text("one two two")));
    lab.take(&frame);
    let again = frame.replace("cv-a-2", "cv-again");
    assert!(lab.take(&again).is_empty());
    assert_eq!(lab.ghost("a"), Some((2, text("one two two"))));
    assert_eq!(lab.cv().as_deref(), Some("cv-again"));
    lab.take(&deletion("a", "theirs", 3));
    lab.take(&deletion("a", "theirs", 3));
    lab.take(&deletion("unknown", "theirs", 9));
    assert_eq!(lab.cv().as_deref(), Some("cv-unknown-9"));
}

#[test]
fn changes_that_cannot_be_read_are_looked_for_in_the_index() {
    let mut lab = base();
    let good = json!({"id": "b", "o": "-", "ccids": ["x"], "ev": 2, "cv": "cv7"});
    for bad in [
        format!(r#"0:c:[{{"id":"a","o":"M","cv":"cv6","ev":"soon"}},{good}]"#),
        format!("0:c:[5,{good}]"),
        "0:c:nonsense".to_owned(),
    ] {
        assert_eq!(lab.take(&bad), ["0:i:1:::1000"], "{bad}");
        // It is being read already.
        assert!(lab.take(&bad).is_empty());
        let entry = json!({"id": "a", "v": 2, "d": text("two")});
        lab.take(&format!(
            "0:i:{}",
            json!({"current": "cv8", "index": [entry]})
        ));
        lab.take("0:c:[]");
        assert_eq!(lab.ghost("a"), Some((2, text("two"))));
        assert!(lab.machine.is_synced(0));
    }
    // Not for ever on one connection.
    assert!(lab.take("0:c:[5]").is_empty());
    assert!(!lab.machine.is_ready(0));
}

#[test]
fn an_acknowledged_change_is_done() {
    let mut lab = base();
    let sent = change(&lab.put("a", text("one two!")));
    assert_eq!(sent["sv"], 1);
    lab.take(&echo("a", "c1", Some(1), 2, &sent["v"], "cv1"));
    assert_eq!(lab.ghost("a"), Some((2, text("one two!"))));
    assert_eq!(lab.state("a"), None);
    assert_eq!(lab.told(), ["Acknowledged"]);
    assert!(lab.machine.is_synced(0));
}

#[test]
fn what_the_server_made_of_a_change_counts_and_not_what_was_sent() {
    let mut lab = Lab::live(&[("a", 1, text("AC"))]);
    let sent = change(&lab.put("a", text("ACD")));
    assert_eq!(sent["v"]["t"]["v"], "=2\t+D");
    // Crossed on the way.
    lab.take(&foreign("a", Some(1), 2, &v(&text("AC"), &text("ABC"))));
    assert_eq!(lab.object("a"), Some(text("ABCD")));
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
    let v = json!({"t": {"o": "d", "v": "=3\t+D"}});
    lab.take(&echo("a", "c1", Some(2), 3, &v, "cv2"));
    assert_eq!(lab.ghost("a"), Some((3, text("ABCD"))));
    assert_eq!(lab.state("a"), None);
    assert!(lab.conflicts().is_empty());
}

#[test]
fn a_change_in_flight_is_not_touched_by_others() {
    let mut lab = base();
    let sent = lab.put("a", text("one two!"));
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one two"), &text("zero one two")),
    ));
    let payload = lab.pending("a").unwrap().change.unwrap().payload;
    assert_eq!(format!("0:c:{}", payload.as_str()), sent[0]);
    lab.restart();
    assert_eq!(lab.reconnect()[0], sent[0]);
}

#[test]
fn echoes_are_known_by_their_id_and_not_by_the_client() {
    let mut lab = base();
    lab.put("a", text("one two!"));
    // Another device with the same client id.
    let other = v(&text("one two"), &text("zero one two"));
    let frame = echo("a", "not-mine", Some(1), 2, &other, "cv1").replace("someone", "me");
    lab.take(&frame);
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
    assert_eq!(lab.object("a"), Some(text("zero one two!")));
    // And this device under another name.
    let own = v(&text("zero one two"), &text("zero one two!"));
    lab.take(&echo("a", "c1", Some(2), 3, &own, "cv2"));
    assert_eq!(lab.state("a"), None);
}

#[test]
fn an_id_of_another_entity_acknowledges_nothing() {
    let mut lab = base();
    lab.put("a", text("one two!"));
    lab.take(&echo("b", "c1", None, 1, &v(&json!({}), &text("x")), "cv1"));
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
    assert_eq!(lab.object("b"), Some(text("x")));
}

#[test]
fn edits_during_the_flight_follow_it() {
    let mut lab = base();
    let sent = change(&lab.put("a", text("one two!")));
    assert!(lab.put("a", text("one two!?")).is_empty());
    assert!(lab.pending("a").unwrap().edited);
    let next = change(&lab.take(&echo("a", "c1", Some(1), 2, &sent["v"], "cv1")));
    assert_eq!(next["sv"], 2);
    assert_eq!(next["ccid"], "c2");
    assert_eq!(next["v"], v(&text("one two!"), &text("one two!?")));
}

#[test]
fn edits_during_the_flight_are_carried_over_what_others_do() {
    let mut lab = base();
    lab.put("a", text("one two!"));
    lab.put("a", text("one two!?"));
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one two"), &text("zero one two")),
    ));
    assert_eq!(lab.object("a"), Some(text("zero one two!?")));
    let own = v(&text("zero one two"), &text("zero one two!"));
    let next = change(&lab.take(&echo("a", "c1", Some(2), 3, &own, "cv2")));
    assert_eq!(
        next["v"],
        v(&text("zero one two!"), &text("zero one two!?"))
    );
    assert_eq!(lab.object("a"), Some(text("zero one two!?")));
}

#[test]
fn an_edit_that_is_taken_back_during_the_flight_is_taken_back() {
    let mut lab = base();
    let sent = change(&lab.put("a", text("one two!")));
    lab.put("a", text("one two"));
    let next = change(&lab.take(&echo("a", "c1", Some(1), 2, &sent["v"], "cv1")));
    assert_eq!(next["v"], v(&text("one two!"), &text("one two")));
    assert_eq!(lab.object("a"), Some(text("one two")));
}

#[test]
fn what_both_sides_write_the_same_is_there_once() {
    let mut lab = Lab::live(&[("a", 1, text("ab"))]);
    lab.disconnect();
    lab.put("a", text("aXb"));
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(&foreign("a", Some(1), 2, &v(&text("ab"), &text("aXb"))));
    assert!(lab.take("0:c:[]").is_empty());
    assert_eq!(lab.object("a"), Some(text("aXb")));
    assert_eq!(lab.state("a"), None);
}

#[test]
fn a_deletion_is_made_of_the_version_that_was_seen() {
    let mut lab = base();
    let sent = change(&lab.delete("a"));
    assert_eq!(sent, json!({"id": "a", "o": "-", "ccid": "c1", "sv": 1}));
    assert_eq!(lab.object("a"), None);
    lab.take(&deletion("a", "c1", 2));
    assert_eq!(lab.record("a"), None);
    assert!(lab.machine.is_synced(0));
    assert_eq!(lab.told(), ["Acknowledged"]);
}

#[test]
fn what_takes_the_place_of_a_deleted_object_is_a_new_one() {
    let mut lab = base();
    lab.delete("a");
    assert!(lab.put("a", text("again")).is_empty());
    let next = change(&lab.take(&deletion("a", "c1", 2)));
    assert_eq!(next.get("sv"), None);
    assert_eq!(next["v"], v(&json!({}), &text("again")));
}

#[test]
fn a_new_object_that_is_deleted_during_its_flight_is_deleted_there_too() {
    let mut lab = Lab::live(&[]);
    let sent = change(&lab.put("a", text("x")));
    assert!(lab.delete("a").is_empty());
    assert_eq!(lab.object("a"), None);
    let next = change(&lab.take(&echo("a", "c1", None, 1, &sent["v"], "cv1")));
    assert_eq!((&next["o"], &next["sv"]), (&json!("-"), &json!(1)));
    assert_eq!(lab.object("a"), None);
}

#[test]
fn an_object_that_is_deleted_before_it_was_sent_never_was() {
    let mut lab = Lab::new();
    lab.put("a", text("x"));
    lab.delete("a");
    assert_eq!((lab.record("a"), lab.state("a")), (None, None));
    assert!(lab.go_live(&[]).machine.is_synced(0));
}

#[test]
fn an_emptied_bucket_is_emptied_but_for_what_was_edited() {
    let mut lab = Lab::live(&[
        ("a", 1, text("x")),
        ("b", 1, text("x")),
        ("c", 1, text("x")),
    ]);
    lab.put("c", text("flying"));
    lab.disconnect();
    lab.put("b", text("mine"));
    lab.connect();
    lab.take("0:auth:me@example.com");
    let empty = json!({"id": "note", "o": "EMPTY", "clientid": "x", "ccids": ["e"], "cv": "cv9"});
    lab.take(&format!("0:c:[{empty}]"));
    lab.take("0:c:[]");
    assert_eq!(
        (lab.object("a"), lab.object("b")),
        (None, Some(text("mine")))
    );
    assert_eq!(lab.cv().as_deref(), Some("cv9"));
    // What was on its way, the server refuses, and it is made anew.
    let next = change(&lab.take(&refusal("c", "c1", 404)));
    assert_eq!((next.get("sv"), &next["d"]), (None, &text("flying")));
}

#[test]
fn several_ids_in_one_change_are_all_looked_at() {
    let mut lab = base();
    let sent = change(&lab.put("a", text("one two!")));
    let frame = echo("a", "c1", Some(1), 3, &sent["v"], "cv1");
    lab.take(&frame.replace(r#"["c1"]"#, r#"["other","c1"]"#));
    assert_eq!(lab.ghost("a"), Some((3, text("one two!"))));
    assert_eq!(lab.state("a"), None);
}

#[test]
fn merging_a_patch_leaves_the_other_keys() {
    use simperium::store::Json;
    use simperium::syncer::machine::Edit;

    let mut lab = Lab::live(&[("a", 1, json!({"x": 1, "y": {"z": 1}}))]);
    let patch = Json::of(&json!({"y": 2})).unwrap();
    let sent = change(&lab.edit("a", Edit::Merge(patch)));
    assert_eq!(sent["v"], json!({"y": {"o": "r", "v": 2}}));
    assert_eq!(lab.object("a"), Some(json!({"x": 1, "y": 2})));
}

#[test]
fn what_changes_nothing_sends_nothing() {
    let mut lab = Lab::live(&[("a", 1, json!({"n": 1.0}))]);
    assert!(lab.put("a", json!({"n": 1})).is_empty());
    assert!(lab.delete("b").is_empty());
    assert!(lab.machine.is_synced(0));
}

#[test]
fn a_remote_deletion_of_a_change_in_flight_leaves_it_to_the_server() {
    let mut lab = base();
    lab.put("a", text("one two!"));
    lab.take(&deletion("a", "theirs", 2));
    assert_eq!(lab.object("a"), Some(text("one two!")));
    let next = change(&lab.take(&refusal("a", "c1", 404)));
    assert_eq!(next["d"], text("one two!"));
    assert_eq!(lab.conflicts()[0].kind, ConflictKind::DeletedRemotely);
    let v = v(&json!({}), &text("one two!"));
    lab.take(&echo("a", "c2", None, 3, &v, "cv9"));
    assert!(lab.machine.is_synced(0));
    assert_eq!(lab.object("a"), Some::<Value>(text("one two!")));
}
