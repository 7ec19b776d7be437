//! Every code with which the server refuses changes.

use serde_json::json;
use simperium::model::ChangeErrorCode;
use simperium::store::{ConflictKind, PendingState};
use simperium::syncer::machine::{BucketEvent, Effect, Fetched};

use crate::lab::{Lab, change, changes, deletion, echo, foreign, refusal, text, v};

fn edited() -> Lab {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.put("a", text("one two"));
    lab
}

fn is_fetched(lab: &mut Lab) -> bool {
    let effects = std::mem::take(&mut lab.effects);
    matches!(&effects[..], [Effect::Fetch { bucket: 0, key }] if key == "a")
}

fn is_rejected(lab: &mut Lab, wanted: u16) {
    let [BucketEvent::Rejected { code, object, .. }] = &lab.events[..] else {
        panic!("{:?}", lab.events);
    };
    assert_eq!(code.code(), wanted);
    assert!(object.is_some());
    lab.events.clear();
    assert_eq!(lab.state("a"), Some(PendingState::Parked));
    assert_eq!(lab.object("a"), Some(text("one two")));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn code_400_413_and_unknown_ones_wait_until_the_object_is_another() {
    for code in [400, 413, 402, 499, 777] {
        let mut lab = edited();
        assert!(lab.take(&refusal("a", "c1", code)).is_empty());
        is_rejected(&mut lab, code);
        // Never as it was.
        assert!(lab.later(3_600_000).is_empty());
        assert!(lab.reconnect().is_empty());
        lab.restart();
        assert!(lab.reconnect().is_empty());
        // What others do is still taken in.
        lab.take(&foreign(
            "a",
            Some(1),
            2,
            &v(&text("one"), &text("zero one")),
        ));
        assert_eq!(lab.object("a"), Some(text("zero one two")));
    }
}

#[test]
fn an_object_that_is_put_right_is_sent() {
    let mut lab = edited();
    lab.take(&refusal("a", "c1", 413));
    let next = change(&lab.put("a", text("one 2")));
    assert_eq!((&next["ccid"], &next["sv"]), (&json!("c2"), &json!(1)));
    assert_eq!(next["v"], v(&text("one"), &text("one 2")));
    lab.take(&refusal("a", "c2", 413));
    let again = lab.turn(|machine, turn| machine.retry(0, &crate::lab::key("a"), turn));
    assert_eq!(change(&again)["ccid"], "c3");
    lab.take(&refusal("a", "c3", 400));
    assert!(lab.put("a", text("one")).is_empty(), "it is as it was");
    assert_eq!(lab.state("a"), None);
}

#[test]
fn an_object_that_was_edited_since_it_was_refused_is_sent_as_it_is() {
    let mut lab = edited();
    lab.put("a", text("one 2"));
    let next = change(&lab.take(&refusal("a", "c1", 413)));
    assert_eq!(next["v"], v(&text("one"), &text("one 2")));
}

#[test]
fn code_401_takes_another_token_once_and_the_same_change() {
    let mut lab = edited();
    let payload = lab.pending("a").unwrap().change.unwrap().payload;
    lab.take(&refusal("a", "c1", 401));
    assert!(matches!(
        lab.effects[..],
        [Effect::Reconnect { renew_token: true }]
    ));
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
    let again = lab.reconnect();
    assert_eq!(again, [format!("0:c:{}", payload.as_str())]);
    lab.events.clear();
    lab.take(&refusal("a", "c1", 401));
    is_rejected(&mut lab, 401);
}

#[test]
fn code_404_makes_the_entity_anew() {
    let mut lab = edited();
    lab.take(&deletion("a", "theirs", 2));
    let next = change(&lab.take(&refusal("a", "c1", 404)));
    assert_eq!(
        next,
        json!({"id": "a", "o": "M", "ccid": "c2", "d": text("one two")})
    );
    let [conflict] = &lab.conflicts()[..] else {
        panic!()
    };
    assert_eq!(conflict.kind, ConflictKind::DeletedRemotely);
    assert_eq!(conflict.copy, None, "nothing is lost");
}

#[test]
fn code_404_for_what_is_there_looks_first() {
    let mut lab = edited();
    assert!(lab.take(&refusal("a", "c1", 404)).is_empty());
    assert!(is_fetched(&mut lab));
    // It is there: the version was what was missing.
    let next = change(&lab.found("a", 70, &text("zero one")));
    assert_eq!((&next["sv"], &next["ccid"]), (&json!(70), &json!("c2")));
    assert_eq!(next["d"], text("zero one two"));
    let mut lab = edited();
    lab.take(&refusal("a", "c1", 404));
    // It is not.
    let next = change(&lab.fetched("a", Fetched::Gone));
    assert_eq!((next.get("sv"), &next["d"]), (None, &text("one two")));
    assert_eq!(lab.conflicts()[0].kind, ConflictKind::DeletedRemotely);
}

#[test]
fn code_404_to_a_deletion_is_what_was_wanted() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.delete("a");
    lab.take(&deletion("a", "theirs", 2));
    lab.take(&refusal("a", "c1", 404));
    assert!(lab.machine.is_synced(0));
    assert_eq!(lab.record("a"), None);
    assert!(lab.conflicts().is_empty());
    // Without a word of who has deleted it, it is looked for.
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.delete("a");
    lab.take(&refusal("a", "c1", 404));
    lab.take("0:c:[]");
    assert!(is_fetched(&mut lab));
    lab.fetched("a", Fetched::Gone);
    assert!(lab.machine.is_synced(0));
    assert_eq!(lab.record("a"), None);
}

#[test]
fn code_405_reads_the_entity_and_makes_another_change() {
    let mut lab = edited();
    assert!(lab.take(&refusal("a", "c1", 405)).is_empty());
    assert!(is_fetched(&mut lab));
    assert!(lab.later(10_000).is_empty());
    let next = change(&lab.found("a", 9, &text("zero one")));
    assert_eq!((&next["sv"], &next["ccid"]), (&json!(9), &json!("c2")));
    assert_eq!(next["v"], v(&text("zero one"), &text("zero one two")));
}

#[test]
fn code_405_needs_nothing_read_where_the_newest_is_here() {
    let mut lab = edited();
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one"), &text("zero one")),
    ));
    let next = change(&lab.take(&refusal("a", "c1", 405)));
    assert_eq!((&next["sv"], &next["ccid"]), (&json!(2), &json!("c2")));
    assert_eq!(next["v"], v(&text("zero one"), &text("zero one two")));
    assert!(lab.effects.is_empty());
}

#[test]
fn code_405_to_a_new_entity_means_that_there_is_one() {
    let mut lab = Lab::live(&[]);
    lab.put("a", json!({"mine": 1}));
    lab.take(&refusal("a", "c1", 405));
    assert!(is_fetched(&mut lab));
    let next = change(&lab.found("a", 4, &json!({"theirs": 2})));
    assert_eq!(next["sv"], 4);
    assert_eq!(next["v"], json!({"mine": {"o": "+", "v": 1}}));
    assert_eq!(lab.object("a"), Some(json!({"mine": 1, "theirs": 2})));
}

#[test]
fn code_405_to_a_deletion_brings_back_what_was_edited_elsewhere() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.delete("a");
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one"), &text("one more")),
    ));
    assert_eq!(lab.object("a"), None);
    assert!(lab.take(&refusal("a", "c1", 405)).is_empty());
    assert_eq!(lab.object("a"), Some(text("one more")));
    assert_eq!(lab.conflicts()[0].kind, ConflictKind::DeletedLocally);
    assert!(lab.machine.is_synced(0));
}

#[test]
fn code_409_stops_the_sending_and_the_echo_may_come_late() {
    let mut lab = edited();
    let frames = lab.take(&refusal("a", "c1", 409));
    assert_eq!(frames[0], "0:cv:cv0");
    assert!(lab.effects.is_empty(), "what is on its way comes first");
    assert_eq!(lab.state("a"), Some(PendingState::Acknowledged));
    lab.take(&echo(
        "a",
        "c1",
        Some(1),
        2,
        &v(&text("one"), &text("one two")),
        "cv1",
    ));
    assert_eq!((lab.state("a"), lab.reload("a")), (None, None));
    assert_eq!(lab.ghost("a"), Some((2, text("one two"))));
    lab.take(&format!("{}\n?", frames[1]));
    assert!(lab.machine.is_synced(0));
    assert!(lab.effects.is_empty());
}

#[test]
fn code_409_without_an_echo_reads_the_entity() {
    let mut lab = edited();
    let frames = lab.take(&refusal("a", "c1", 409));
    lab.take(&format!("{}\n?", frames[1]));
    assert!(is_fetched(&mut lab));
    // One version of those that were missed is what it made.
    assert_eq!(lab.found("a", 3, &text("one two three")), ["0:e:a.2"]);
    let frames = lab.take("0:e:a.2\n{\"data\":{\"t\":\"one two\"}}");
    assert_eq!(frames, ["0:e:a.3"]);
    lab.take("0:e:a.3\n{\"data\":{\"t\":\"one two three\"}}");
    assert_eq!(lab.object("a"), Some(text("one two three")));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn code_409_drops_no_other_change_of_the_entity() {
    let mut lab = edited();
    lab.put("a", text("one two more"));
    let frames = lab.take(&refusal("a", "c1", 409));
    lab.take(&format!("{}\n?", frames[1]));
    let next = change(&lab.found("a", 2, &text("one two")));
    assert_eq!(next["v"], v(&text("one two"), &text("one two more")));
    // One that is not in flight any more is of no interest.
    assert!(lab.take(&refusal("a", "c1", 409)).is_empty());
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
}

#[test]
fn code_409_for_a_change_that_the_server_does_not_have_loses_nothing() {
    let mut lab = edited();
    let frames = lab.take(&refusal("a", "c1", 409));
    lab.take(&format!("{}\n?", frames[1]));
    let next = change(&lab.found("a", 1, &text("one")));
    assert_eq!((&next["ccid"], &next["sv"]), (&json!("c2"), &json!(1)));
    assert_eq!(lab.object("a"), Some(text("one two")));
}

#[test]
fn code_412_is_done() {
    let mut lab = edited();
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one"), &text("one two")),
    ));
    lab.take(&refusal("a", "c1", 412));
    assert_eq!(lab.ghost("a"), Some((2, text("one two"))));
    assert!(lab.machine.is_synced(0));
    assert!(lab.conflicts().is_empty());
}

#[test]
fn code_412_for_what_is_not_there_is_reported_and_not_sent_for_ever() {
    let mut lab = edited();
    assert!(lab.take(&refusal("a", "c1", 412)).is_empty());
    assert_eq!(lab.object("a"), Some(text("one")));
    let [copy] = &lab.copies()[..] else { panic!() };
    assert_eq!(
        copy.local.as_ref().unwrap().as_str(),
        text("one two").to_string()
    );
    assert!(lab.machine.is_synced(0));
}

#[test]
fn code_412_keeps_what_was_edited_since() {
    let mut lab = edited();
    lab.put("a", text("one two three"));
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one"), &text("one two")),
    ));
    let next = change(&lab.take(&refusal("a", "c1", 412)));
    assert_eq!(next["v"], v(&text("one two"), &text("one two three")));
}

#[test]
fn code_417_is_tried_later_with_the_whole_object() {
    let mut lab = edited();
    assert!(lab.take(&refusal("a", "c1", 417)).is_empty());
    assert!(lab.later(29_000).is_empty());
    lab.restart();
    lab.reconnect();
    let next = change(&lab.later(2_000));
    assert_eq!((&next["d"], &next["sv"]), (&text("one two"), &json!(1)));
    assert_eq!(next["ccid"], "c2");
    lab.take(&refusal("a", "c2", 417));
    assert!(lab.later(59_000).is_empty());
    assert_eq!(change(&lab.later(2_000))["ccid"], "c3");
}

#[test]
fn code_440_is_tried_once_with_the_whole_object_and_then_anew() {
    let mut lab = edited();
    let whole = change(&lab.take(&refusal("a", "c1", 440)));
    // The user's object and not the record of the ghost.
    let wanted = json!({"id": "a", "o": "M", "ccid": "c2", "sv": 1, "d": text("one two")});
    assert_eq!(whole, wanted);
    assert!(lab.take(&refusal("a", "c2", 440)).is_empty());
    assert!(is_fetched(&mut lab));
    let next = change(&lab.found("a", 2, &text("zero one")));
    assert_eq!(next["v"], v(&text("zero one"), &text("zero one two")));
    lab.take(&refusal("a", "c3", 440));
    // It is given up at last.
    assert!(lab.take(&refusal("a", "c4", 440)).is_empty());
    assert_eq!(lab.state("a"), Some(PendingState::Parked));
    assert!(lab.later(3_600_000).is_empty());
}

#[test]
fn other_entities_go_on_after_a_440() {
    let mut lab = edited();
    lab.take(&refusal("a", "c1", 440));
    let other = change(&lab.put("b", text("x")));
    assert_eq!(other["id"], "b");
    let whole = change(&lab.take(&refusal("b", "c3", 440)));
    assert_eq!((&whole["id"], &whole["d"]), (&json!("b"), &text("x")));
}

#[test]
fn codes_that_take_turns_end_at_last() {
    let mut lab = edited();
    for (turn, code) in [405, 440, 405, 440].into_iter().enumerate() {
        lab.take(&refusal("a", &format!("c{}", turn + 1), code));
        if lab.reload("a").is_some() {
            lab.found("a", 1, &text("one"));
        }
    }
    assert_eq!(lab.state("a"), Some(PendingState::Parked));
}

#[test]
fn codes_of_the_server_send_the_same_again_later() {
    for code in [500, 502, 503, 599] {
        let mut lab = edited();
        let sent = lab.pending("a").unwrap().change.unwrap().payload;
        assert!(lab.take(&refusal("a", "c1", code)).is_empty());
        assert!(lab.later(900).is_empty());
        let again = lab.later(400);
        assert_eq!(again, [format!("0:c:{}", sent.as_str())], "{code}");
        lab.take(&refusal("a", "c1", code));
        assert!(lab.later(1_900).is_empty());
        assert_eq!(lab.later(600), again);
        assert_eq!(lab.pending("a").unwrap().attempts, 2);
        lab.take(&echo(
            "a",
            "c1",
            Some(1),
            2,
            &v(&text("one"), &text("one two")),
            "cv1",
        ));
        assert!(lab.machine.is_synced(0));
    }
}

#[test]
fn code_503_slows_everything_down() {
    let mut lab = Lab::live(&[]);
    lab.put("first", text("x"));
    lab.take(&refusal("first", "c1", 503));
    for number in 0..300 {
        assert!(lab.put(&format!("k{number}"), text("x")).is_empty());
    }
    assert!(changes(&lab.later(999)).is_empty());
    let sent = changes(&lab.later(501));
    // At most 200 in a second from here on.
    assert!((80..=110).contains(&sent.len()), "{}", sent.len());
}

#[test]
fn codes_may_come_as_text_and_are_known_by_their_id() {
    let mut lab = edited();
    assert!(lab.take(&refusal("a", "unknown", 400)).is_empty());
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
    lab.take(r#"0:c:[{"id":"a","clientid":"me","error":"400","ccids":["c1"]}]"#);
    assert_eq!(lab.state("a"), Some(PendingState::Parked));
    let last = lab.pending("a").unwrap().last_error;
    assert_eq!(last, Some(ChangeErrorCode::Invalid));
}

#[test]
fn a_clock_that_was_put_back_makes_nothing_wait_for_as_long() {
    let mut lab = edited();
    lab.take(&refusal("a", "c1", 417));
    // The wait was noted with a clock that was a year ahead.
    lab.restart();
    lab.now = 1;
    lab.reconnect();
    assert!(lab.later(599_000).is_empty());
    assert_eq!(change(&lab.later(2_000))["ccid"], "c2");
}
