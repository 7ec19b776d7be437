//! Reading the index, and what it means for what is here.

use serde_json::{Value, json};
use simperium::store::{ConflictKind, PendingState};
use simperium::syncer::machine::{BucketEvent, Machine};

use crate::lab::{Lab, changes, deletion, echo, foreign, refusal, text, v};

fn page(current: &str, entries: &[(&str, u64, Value)], mark: Option<&str>) -> String {
    let entries: Vec<Value> = entries
        .iter()
        .map(|(key, version, object)| json!({"id": key, "v": version, "d": object}))
        .collect();
    let mut page = json!({"current": current, "index": entries});
    if let Some(mark) = mark {
        page["mark"] = mark.into();
    }
    format!("0:i:{page}")
}

fn opened() -> Lab {
    let mut lab = Lab::new();
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab
}

/// One whose place the server has forgotten.
fn forgotten(mut lab: Lab) -> Lab {
    lab.disconnect();
    lab.connect();
    lab.take("0:auth:me@example.com");
    assert_eq!(lab.take("0:cv:?"), ["0:i:1:::1000"]);
    lab
}

#[test]
fn pages_follow_each_other_and_the_first_says_where_to_go_on() {
    let mut lab = opened();
    assert_eq!(
        lab.take(&page("first", &[("a", 1, text("x"))], Some("m:1"))),
        ["0:i:1:m:1::1000"]
    );
    assert_eq!(lab.cv(), None);
    let frames = lab.take(&page("second", &[("b", 2, text("y"))], None));
    assert_eq!(frames[0], "0:cv:first");
    lab.take("0:c:[]");
    assert_eq!(
        lab.told(),
        ["Added", "Indexing", "Added", "Indexing", "Ready"]
    );
    assert_eq!(lab.ghost("b"), Some((2, text("y"))));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn a_run_goes_on_where_it_was_after_a_restart() {
    let mut lab = opened();
    lab.take(&page("first", &[("a", 1, text("x"))], Some("m1")));
    lab.restart();
    assert!(lab.connect()[0].contains(r#""cmd":"i:1:m1::1000""#));
    lab.take("0:auth:me@example.com");
    let frames = lab.take(&page("later", &[("b", 1, text("y"))], None));
    assert_eq!(frames[0], "0:cv:first");
    // The gap is still open when the process ends: it is closed by the next.
    lab.restart();
    assert!(lab.connect()[0].contains(r#""cmd":"cv:first""#));
    lab.take("0:auth:me@example.com");
    lab.take("0:c:[]");
    assert_eq!(lab.object("a"), Some(text("x")));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn a_mark_that_repeats_ends_the_run() {
    let mut lab = opened();
    assert_eq!(
        lab.take(&page("f", &[("a", 1, text("x"))], Some("m")))
            .len(),
        1
    );
    let frames = lab.take(&page("f", &[("a", 1, text("x"))], Some("m")));
    assert_eq!(frames[0], "0:cv:f");
}

#[test]
fn an_empty_page_is_not_the_last_while_it_has_a_mark() {
    let mut lab = Lab::live(&[("a", 1, text("x"))]);
    lab.take("0:cv:?");
    assert_eq!(lab.take(&page("f", &[], Some("m"))), ["0:i:1:m::1000"]);
    assert_eq!(lab.object("a"), Some(text("x")));
    lab.take(&page("f", &[("a", 1, text("x"))], None));
    lab.take("0:c:[]");
    assert_eq!(lab.object("a"), Some(text("x")));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn nothing_is_deleted_for_an_index_whose_marks_go_round_in_circles() {
    let mut lab = Lab::live(&[("a", 1, text("x")), ("b", 1, text("y"))]);
    let mut frames = lab.take("0:cv:?");
    let mut runs = 0;
    while frames == ["0:i:1:::1000"] {
        runs += 1;
        let a = [("a", 1, text("x"))];
        assert_eq!(lab.take(&page("f", &a, Some("m"))), ["0:i:1:m::1000"]);
        assert_eq!(lab.take(&page("f", &a, Some("n"))), ["0:i:1:n::1000"]);
        assert_eq!(lab.take(&page("f", &a, Some("m")))[0], "0:cv:f");
        // Another process does not take it for the end either.
        assert_eq!(lab.cv(), None);
        frames = lab.take("0:c:[]");
    }
    assert_eq!((runs, frames.len()), (4, 0));
    assert_eq!(lab.object("b"), Some(text("y")));
    assert_eq!(lab.cv().as_deref(), Some("f"));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn an_entry_that_cannot_be_read_keeps_nothing_else_from_being_here() {
    let mut lab = Lab::live(&[("a", 1, text("x")), ("b", 1, text("y"))]);
    lab.take("0:cv:?");
    let b = json!({"id": "b", "v": "soon", "d": {}});
    let c = json!({"id": "c", "v": 1, "d": text("z")});
    let torn = format!(
        "0:i:{}",
        json!({"current": "f", "index": [b, c, 5], "mark": "m"})
    );
    assert_eq!(lab.take(&torn), ["0:i:1:m::1000"]);
    lab.restart();
    assert!(lab.connect()[0].contains(r#""cmd":"i:1:::1000""#));
    lab.take("0:auth:me@example.com");
    assert_eq!(lab.take(&torn), ["0:i:1:m::1000"]);
    let last = json!({"current": "g", "index": [b]});
    assert_eq!(lab.take(&format!("0:i:{last}"))[0], "0:cv:f");
    // Another process does not take it for all there is.
    assert_eq!(lab.cv(), None);
    lab.take("0:c:[]");
    assert!(lab.machine.is_synced(0));
    assert_eq!(lab.object("c"), Some(text("z")));
    // It may be the one that could not be read.
    assert_eq!(lab.object("b"), Some(text("y")));
    assert_eq!(lab.cv().as_deref(), Some("f"));
}

#[test]
fn changes_during_the_run_are_newer_than_its_pages() {
    let mut lab = opened();
    lab.take(&page("f", &[("a", 1, text("x"))], Some("m")));
    lab.take(&foreign("a", Some(1), 2, &v(&text("x"), &text("xy"))));
    // One that no page has brought yet is not looked for.
    assert!(
        lab.take(&foreign("b", Some(4), 5, &v(&text("x"), &text("xy"))))
            .is_empty()
    );
    assert_eq!(lab.cv(), None);
    lab.take(&page("g", &[("a", 1, text("x"))], None));
    assert_eq!(lab.object("a"), Some(text("xy")));
    let gap = [
        foreign("a", Some(1), 2, &v(&text("x"), &text("xy"))),
        foreign("b", Some(4), 5, &v(&text("x"), &text("xy"))),
    ];
    assert!(lab.take(&gap[0]).is_empty());
    assert_eq!(lab.take(&gap[1]), ["0:e:b.5"]);
    lab.take("0:e:b.5\n{\"data\":{\"t\":\"xy\"}}");
    assert_eq!(lab.ghost("b"), Some((5, text("xy"))));
}

#[test]
fn a_run_in_which_something_is_deleted_is_made_again() {
    let mut lab = opened();
    lab.take(&page("f", &[("a", 1, text("x"))], Some("m")));
    lab.take(&deletion("a", "theirs", 2));
    let frames = lab.take(&page("g", &[("b", 1, text("y"))], None));
    assert_eq!(frames[0], "0:cv:f");
    // Whatever slipped from one page to the one before it is on the next run's.
    assert_eq!(lab.take("0:c:[]"), ["0:i:1:::1000"]);
    let frames = lab.take(&page(
        "h",
        &[("b", 1, text("y")), ("c", 1, text("z"))],
        None,
    ));
    assert_eq!(frames[0], "0:cv:h");
    lab.take("0:c:[]");
    assert!(lab.machine.is_synced(0));
    assert_eq!((lab.object("a"), lab.object("c")), (None, Some(text("z"))));
}

#[test]
fn an_unknown_place_brings_what_is_here_and_there_together() {
    let mut lab = Lab::live(&[
        ("same", 1, text("x")),
        ("newer", 1, text("x")),
        ("edited", 1, text("one two")),
        ("gone", 1, text("x")),
        ("gone-edited", 1, text("x")),
    ]);
    lab.disconnect();
    lab.put("edited", text("one two three"));
    lab.put("gone-edited", text("xy"));
    lab.put("only-here", text("mine"));
    let mut lab = forgotten(lab);
    lab.events.clear();
    lab.take(&page(
        "cv9",
        &[
            ("same", 1, text("x")),
            ("newer", 3, text("xyz")),
            ("edited", 4, text("zero one two")),
        ],
        None,
    ));
    // Nothing is gone before it is known that nothing came meanwhile.
    assert_eq!(lab.object("gone"), Some(text("x")));
    let sent = changes(&lab.take("0:c:[]"));
    assert_eq!(lab.object("gone"), None);
    assert_eq!(lab.object("newer"), Some(text("xyz")));
    assert_eq!(lab.object("edited"), Some(text("zero one two three")));
    let ids: Vec<_> = sent
        .iter()
        .map(|change| change["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["edited", "gone-edited", "only-here"]);
    assert_eq!(sent[0]["sv"], 4);
    // Made anew, with all there is of it.
    assert_eq!((sent[1].get("sv"), &sent[1]["d"]), (None, &text("xy")));
    assert_eq!(lab.conflicts()[0].kind, ConflictKind::DeletedRemotely);
}

#[test]
fn a_change_in_flight_waits_for_its_fate_before_the_index_counts() {
    let mut lab = Lab::live(&[("a", 1, text("ab"))]);
    lab.put("a", text("aXb"));
    let mut lab = forgotten(lab);
    // It has been made, and someone has edited since: it is not to be put in
    // twice.
    lab.take(&page("cv9", &[("a", 3, text("aXbY"))], None));
    assert_eq!(lab.ghost("a"), Some((1, text("ab"))));
    lab.take("0:c:[]");
    let frames = lab.take(&refusal("a", "c1", 409));
    assert!(frames.contains(&"0:e:a.3".to_owned()), "{frames:?}");
    let third = "0:e:a.3\n{\"data\":{\"t\":\"aXbY\"}}";
    // What it was put over is not known: the versions between are looked at.
    assert_eq!(lab.take(third), ["0:e:a.2"]);
    let frames = lab.take("0:e:a.2\n{\"data\":{\"t\":\"aXb\"}}");
    assert_eq!(frames, ["0:e:a.3"]);
    lab.take(third);
    assert_eq!(lab.object("a"), Some(text("aXbY")));
    assert_eq!(lab.state("a"), None);
}

#[test]
fn a_change_in_flight_that_the_index_does_not_have_is_made_over_it() {
    let mut lab = Lab::live(&[("a", 1, text("ab"))]);
    lab.put("a", text("aXb"));
    let mut lab = forgotten(lab);
    lab.take(&page("cv9", &[("a", 3, text("abY"))], None));
    lab.take("0:c:[]");
    // The server puts it over version 3, which is read to see what it made.
    let frames = lab.take(&echo(
        "a",
        "c1",
        Some(3),
        4,
        &v(&text("abY"), &text("aXbY")),
        "cv10",
    ));
    assert_eq!(frames, ["0:e:a.3"]);
    assert_eq!(lab.take("0:e:a.3\n{\"data\":{\"t\":\"abY\"}}"), ["0:e:a.4"]);
    lab.take("0:e:a.4\n{\"data\":{\"t\":\"aXbY\"}}");
    assert_eq!(lab.ghost("a"), Some((4, text("aXbY"))));
    assert_eq!(lab.object("a"), Some(text("aXbY")));
    assert_eq!(lab.state("a"), None);
    assert!(lab.conflicts().is_empty());
}

#[test]
fn a_server_that_began_anew_is_taken_as_it_is() {
    let lab = Lab::live(&[("a", 9, text("old"))]);
    let mut lab = forgotten(lab);
    lab.take(&page("n", &[("a", 2, text("restored"))], None));
    lab.take("0:c:[]");
    assert_eq!(lab.ghost("a"), Some((2, text("restored"))));
    lab.take(&foreign(
        "a",
        Some(2),
        3,
        &v(&text("restored"), &text("restored!")),
    ));
    assert_eq!(lab.object("a"), Some(text("restored!")));
}

#[test]
fn an_entry_without_an_object_is_read_by_itself() {
    let mut lab = opened();
    let frames = lab.take(r#"0:i:{"current":"f","index":[{"id":"a.b","v":7}]}"#);
    assert!(frames.contains(&"0:e:a.b.7".to_owned()), "{frames:?}");
    lab.take("0:e:a.b.7\n{\"data\":{\"t\":\"x\"}}");
    assert_eq!(lab.ghost("a.b"), Some((7, text("x"))));
}

#[test]
fn what_was_told_before_the_first_page_may_be_gone_again() {
    let mut lab = forgotten(Lab::live(&[("a", 1, text("x"))]));
    lab.take(&foreign("a", Some(1), 2, &v(&text("x"), &text("xy"))));
    lab.disconnect();
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(&page("f", &[], None));
    lab.take("0:c:[]");
    assert_eq!(lab.object("a"), None);
}

#[test]
fn a_place_that_is_never_known_is_asked_for_on_another_connection() {
    let mut lab = Lab::live(&[]);
    lab.take("0:c:?");
    for _ in 0..3 {
        lab.take(&page("f", &[], None));
        lab.take("0:cv:?");
    }
    assert_eq!(lab.effects.len(), 1, "{:?}", lab.effects);
    assert_eq!(lab.state("a"), None::<PendingState>);
}

#[test]
fn how_many_there_are_is_known_with_the_last_page() {
    let mut lab = opened();
    lab.take(&page("first", &[("a", 1, text("x"))], Some("m:1")));
    lab.take(&page("second", &[("b", 2, text("y"))], None));
    let read: Vec<(u64, bool)> = lab
        .events
        .iter()
        .filter_map(|event| match event {
            BucketEvent::Indexing {
                received, is_all, ..
            } => Some((*received, *is_all)),
            _ => None,
        })
        .collect();
    assert_eq!(read, [(1, false), (2, true)]);
}

#[test]
fn pages_that_are_too_large_are_asked_for_in_smaller_ones() {
    let mut lab = opened();
    lab.take(&page("first", &[("a", 1, text("x"))], Some("m:1")));
    for wanted in [250, 62, 15, 3, 1, 1] {
        lab.turn(Machine::overwhelmed);
        assert!(!lab.machine.is_ready(0));
        let init = lab.connect().remove(0);
        assert!(init.contains(&format!("i:1:m:1::{wanted}")), "{init}");
        lab.take("0:auth:me@example.com");
    }
}

#[test]
fn a_list_of_changes_that_is_too_large_is_read_as_the_index() {
    let mut lab = Lab::live(&[("a", 1, text("x"))]);
    lab.put("a", text("x and mine"));
    lab.turn(Machine::overwhelmed);
    // A change that came by itself may have been too large; then all of them.
    assert!(lab.connect().remove(0).contains("cv:cv0"));
    lab.take("0:auth:me@example.com");
    lab.turn(Machine::overwhelmed);
    assert!(lab.connect().remove(0).contains("i:1:::1000"));
    lab.take("0:auth:me@example.com");
    let index = page("cv5", &[("a", 1, text("x")), ("b", 1, text("y"))], None);
    let frames = lab.take(&index);
    assert!(
        frames.iter().any(|frame| frame.contains("c1")),
        "{frames:?}"
    );
    lab.take("0:c:[]");
    assert!(lab.machine.is_ready(0));
    assert_eq!(lab.object("a"), Some(text("x and mine")));
    assert_eq!(lab.object("b"), Some(text("y")));
}

#[test]
fn a_version_that_is_read_of_a_deleted_object_does_not_bring_it_back() {
    let mut lab = Lab::live(&[("a", 1, text("one")), ("b", 1, text("b"))]);
    // A change that does not fit, and is to be read in its version.
    let more = v(&text("one two"), &text("one two three"));
    assert_eq!(lab.take(&foreign("a", Some(2), 3, &more)), ["0:e:a.3"]);
    // It is deleted before that is answered, and the server forgets it all.
    lab.disconnect();
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take("0:cv:?");
    let page = json!({"current": "cv9", "index": [{"id": "b", "v": 1, "d": text("b")}]});
    lab.take(&format!("0:i:{page}"));
    // Old versions are kept all the same.
    lab.take(&format!(
        "0:e:a.3\n{}",
        json!({"data": text("one two three")})
    ));
    lab.take("0:c:[]");
    assert_eq!(lab.object("a"), None);
    assert_eq!(lab.object("b"), Some(text("b")));
    assert!(lab.machine.is_synced(0));
}
