//! What the official JavaScript client does wrong, section 5.3 of what is known
//! of it: each loses or doubles something that this one must not.

use serde_json::json;
use simperium::store::PendingState;

use crate::lab::{Lab, change, changes, echo, foreign, refusal, text, v};

fn offline_edit(
    base: serde_json::Value,
    ours: serde_json::Value,
    theirs: &serde_json::Value,
) -> Lab {
    let mut lab = Lab::live(&[("a", 1, base.clone())]);
    lab.disconnect();
    lab.put("a", ours);
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(&foreign("a", Some(1), 2, &v(&base, theirs)));
    lab
}

#[test]
fn bug_1_edits_of_different_keys_are_both_kept() {
    let mut lab = offline_edit(
        json!({"x": 1, "y": 1, "o": {"p": 1, "q": 1}}),
        json!({"x": 2, "y": 1, "o": {"p": 2, "q": 1}}),
        &json!({"x": 1, "y": 2, "o": {"p": 1, "q": 2}}),
    );
    assert_eq!(
        lab.object("a"),
        Some(json!({"x": 2, "y": 2, "o": {"p": 2, "q": 2}}))
    );
    let sent = change(&lab.take("0:c:[]"));
    let inner = json!({"p": {"o": "r", "v": 2}});
    assert_eq!(
        sent["v"],
        json!({"x": {"o": "r", "v": 2}, "o": {"o": "O", "v": inner}})
    );
}

#[test]
fn bug_2_null_stays_null() {
    let base = json!({"n": null, "list": [null, 1]});
    let mut lab = Lab::live(&[("a", 1, base.clone())]);
    let theirs = json!({"n": null, "list": [null, 1], "more": true});
    lab.take(&foreign("a", Some(1), 2, &v(&base, &theirs)));
    assert_eq!(lab.object("a"), Some(theirs.clone()));
    assert_eq!(lab.ghost("a"), Some((2, theirs)));
}

#[test]
fn bug_3_characters_with_the_same_half_are_different() {
    let mut lab = Lab::live(&[("a", 1, text("a\u{1f234}b"))]);
    let sent = change(&lab.put("a", text("a\u{1f634}b")));
    assert_eq!(sent["v"]["t"]["v"], "=1\t-2\t+%F0%9F%98%B4\t=1");
    lab.take(&echo("a", "c1", Some(1), 2, &sent["v"], "cv1"));
    assert_eq!(lab.object("a"), Some(text("a\u{1f634}b")));
}

#[test]
fn bug_4_a_whole_object_is_the_object_again_and_again() {
    let mut lab = Lab::live(&[("a", 1, text("x")), ("b", 1, text("x"))]);
    for (key, first, second) in [("a", "c1", "c2"), ("b", "c3", "c4")] {
        lab.put(key, text("xy"));
        let whole = change(&lab.take(&refusal(key, first, 440)));
        assert_eq!((&whole["d"], &whole["id"]), (&text("xy"), &json!(key)));
        assert_eq!(whole["ccid"], second);
        lab.take(&echo(
            key,
            second,
            Some(1),
            2,
            &v(&text("x"), &text("xy")),
            "cv",
        ));
        assert_eq!(lab.ghost(key), Some((2, text("xy"))));
        assert_eq!(lab.state(key), None);
    }
}

#[test]
fn bug_5_a_refused_change_holds_up_no_later_one() {
    for code in [400, 404, 413, 500, 503] {
        let mut lab = Lab::live(&[("a", 1, text("x"))]);
        lab.put("a", text("xy"));
        let mut sent = lab.take(&refusal("a", "c1", code));
        sent.extend(lab.put("a", text("xyz")));
        sent.extend(lab.later(5_000));
        if lab.reload("a").is_some() {
            sent.extend(lab.found("a", 1, &text("x")));
        }
        assert_eq!(changes(&sent).len(), 1, "{code}");
    }
}

#[test]
fn bug_6_what_was_deleted_while_the_place_was_unknown_is_gone() {
    let mut lab = Lab::live(&[("a", 1, text("x")), ("b", 1, text("x"))]);
    lab.disconnect();
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take("0:cv:?");
    lab.take(r#"0:i:{"current":"cv9","index":[{"id":"b","v":1,"d":{"t":"x"}}]}"#);
    lab.take("0:c:[]");
    assert_eq!((lab.object("a"), lab.object("b")), (None, Some(text("x"))));
}

#[test]
fn bug_7_keys_may_hold_dots() {
    let mut lab = Lab::live(&[("a.b.1", 1, text("x"))]);
    let frames = lab.take(&foreign("a.b.1", Some(2), 3, &v(&text("x"), &text("xy"))));
    assert_eq!(frames, ["0:e:a.b.1.3"]);
    lab.take("0:e:a.b.1.3\n{\"data\":{\"t\":\"y\"}}");
    assert_eq!(lab.ghost("a.b.1"), Some((3, text("y"))));
}

#[test]
fn bug_8_the_queue_survives_and_pages_are_large() {
    let mut lab = Lab::live(&[("a", 1, text("x"))]);
    let sent = lab.put("a", text("xy"));
    lab.put("a", text("xyz"));
    lab.put("b", text("new"));
    lab.restart();
    assert_eq!(lab.object("a"), Some(text("xyz")));
    let again = changes(&lab.reconnect());
    assert_eq!(again.len(), 2);
    assert!(sent[0].ends_with(&again[0].to_string()) || again[0]["ccid"] == "c1");
    let next = change(&lab.take(&echo(
        "a",
        "c1",
        Some(1),
        2,
        &v(&text("x"), &text("xy")),
        "cv",
    )));
    assert_eq!(next["v"], v(&text("xy"), &text("xyz")));
    assert_eq!(lab.state("b"), Some(PendingState::InFlight));
    assert!(Lab::new().connect()[0].contains("i:1:::1000"));
}
