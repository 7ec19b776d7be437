//! What is sent, when, and how much of it.

use std::time::Duration;

use serde_json::json;
use simperium::store::PendingState;

use crate::lab::{Lab, change, changes, echo, refusal, text, v};

#[test]
fn so_many_changes_are_on_their_way_and_no_more() {
    let mut lab = Lab::new();
    for number in 0..250 {
        lab.put(&format!("k{number}"), text("x"));
    }
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(r#"0:i:{"current":"cv0","index":[]}"#);
    let sent = changes(&lab.take("0:c:[]"));
    assert_eq!(sent.len(), 200);
    // In the order in which they were written.
    assert_eq!(
        (&sent[0]["id"], &sent[199]["id"]),
        (&json!("k0"), &json!("k199"))
    );
    assert!(lab.later(20_000).is_empty());
    let next = lab.take(&echo(
        "k7",
        "c8",
        None,
        1,
        &v(&json!({}), &text("x")),
        "cv1",
    ));
    assert_eq!(change(&next)["id"], "k200");
    // One that the server could not take now is still on its way.
    assert!(changes(&lab.take(&refusal("k8", "c9", 500))).is_empty());
}

#[test]
fn one_change_of_a_key_is_on_its_way_and_no_more() {
    let mut lab = Lab::live(&[("a", 1, text("x"))]);
    assert_eq!(changes(&lab.put("a", text("xy"))).len(), 1);
    for number in 0..20 {
        assert!(lab.put("a", json!({ "n": number })).is_empty());
        assert!(lab.later(100).is_empty());
    }
    let next = change(&lab.take(&echo(
        "a",
        "c1",
        Some(1),
        2,
        &v(&text("x"), &text("xy")),
        "cv",
    )));
    assert_eq!(next["v"], v(&text("xy"), &json!({"n": 19})));
}

#[test]
fn a_change_without_an_answer_is_sent_again_as_it_was() {
    let mut lab = Lab::live(&[]);
    let sent = lab.put("a", text("x"));
    lab.put("a", text("xy"));
    assert!(lab.later(29_999).is_empty());
    assert_eq!(lab.later(2), sent);
    assert_eq!(lab.later(30_001), sent);
}

#[test]
fn edits_that_follow_each_other_are_sent_as_one() {
    let mut lab = Lab::with_settings(|settings| {
        settings.debounce = Duration::from_secs(2);
        settings.debounce_limit = Duration::from_secs(6);
    })
    .go_live(&[]);
    let mut typed = String::new();
    for letter in "hel".chars() {
        typed.push(letter);
        assert!(lab.put("a", text(&typed)).is_empty());
        assert_eq!(lab.object("a"), Some(text(&typed)), "it is here at once");
        assert!(lab.later(1_900).is_empty(), "{typed}");
    }
    let sent = change(&lab.later(101));
    assert_eq!(sent["v"], v(&json!({}), &text("hel")));
    // Someone who never stops is not waited for.
    lab.take(&echo("a", "c1", None, 1, &sent["v"], "cv1"));
    let mut sent = Vec::new();
    for _ in 0..6 {
        typed.push('!');
        sent.extend(lab.put("a", text(&typed)));
        sent.extend(lab.later(1_000));
    }
    assert_eq!(changes(&sent).len(), 1, "{sent:?}");
}

#[test]
fn a_refresh_ends_waits() {
    let mut lab =
        Lab::with_settings(|settings| settings.debounce = Duration::from_secs(9)).go_live(&[]);
    assert!(lab.put("a", text("x")).is_empty());
    lab.turn(simperium::syncer::machine::Machine::refresh);
    assert_eq!(changes(&lab.take("0:c:[]")).len(), 1);
}

#[test]
fn a_rate_from_the_beginning_is_kept() {
    let mut lab = Lab::with_settings(|settings| settings.rate = Some(10)).go_live(&[]);
    lab.now += 60_000;
    let mut sent = 0;
    for number in 0..50 {
        sent += changes(&lab.put(&format!("k{number}"), text("x"))).len();
    }
    assert_eq!(sent, 10);
    sent += changes(&lab.later(1_000)).len();
    assert!((18..=20).contains(&sent), "{sent}");
}

#[test]
fn what_was_refused_for_now_waits_across_restarts() {
    let mut lab = Lab::live(&[("a", 1, text("x"))]);
    lab.put("a", text("xy"));
    lab.take(&refusal("a", "c1", 500));
    assert_eq!(lab.state("a"), Some(PendingState::InFlight));
    lab.restart();
    assert_eq!(
        changes(&lab.reconnect()).len(),
        1,
        "a new connection is a new chance"
    );
}
