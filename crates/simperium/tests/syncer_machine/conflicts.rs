//! What cannot be kept on its own: told, kept, decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use simperium::jsondiff::{LostKind, Side};
use simperium::store::ConflictKind;
use simperium::syncer::machine::DeletePolicy;
use simperium::syncer::{Dispute, Resolution};

use crate::lab::{Lab, change, deletion, echo, foreign, refusal, text, v};

/// Edited here without a connection, and then there.
fn both(
    lab: Lab,
    base: &serde_json::Value,
    ours: serde_json::Value,
    theirs: &serde_json::Value,
) -> Lab {
    let mut lab = lab.go_live(&[("a", 1, base.clone())]);
    lab.disconnect();
    lab.put("a", ours);
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(&foreign("a", Some(1), 2, &v(base, theirs)));
    lab
}

#[test]
fn text_that_finds_no_place_is_told_and_kept() {
    let mut lab = both(Lab::new(), &text("hello"), text("hello world"), &text(""));
    let [conflict] = &lab.conflicts()[..] else {
        panic!()
    };
    assert_eq!(conflict.kind, ConflictKind::LostText);
    assert_eq!(conflict.lost[0].side, Side::Local);
    assert!(
        matches!(&conflict.lost[0].kind, LostKind::Text { inserted, .. } if inserted == " world")
    );
    let [copy] = &lab.copies()[..] else { panic!() };
    assert_eq!(
        copy.local.as_ref().unwrap().as_str(),
        text("hello world").to_string()
    );
    assert_eq!(
        copy.base.as_ref().unwrap().as_str(),
        text("hello").to_string()
    );
    assert_eq!(copy.remote.as_ref().unwrap().as_str(), text("").to_string());
    assert!(conflict.copy.is_some());
}

#[test]
fn text_of_others_that_goes_with_ours_is_told_and_kept() {
    let mut lab = both(
        Lab::new(),
        &json!({"t": 1}),
        json!({"t": "mine"}),
        &json!({"t": "theirs"}),
    );
    assert_eq!(lab.object("a"), Some(json!({"t": "mine"})));
    let [conflict] = &lab.conflicts()[..] else {
        panic!()
    };
    assert_eq!(conflict.kind, ConflictKind::Overwritten);
    assert_eq!(lab.copies().len(), 1);
}

#[test]
fn numbers_that_both_set_are_told_and_not_kept() {
    let mut lab = both(
        Lab::new(),
        &json!({"n": 1}),
        json!({"n": 2}),
        &json!({"n": 3}),
    );
    assert_eq!(lab.object("a"), Some(json!({"n": 2})));
    let [conflict] = &lab.conflicts()[..] else {
        panic!()
    };
    assert_eq!(
        (conflict.kind, conflict.copy),
        (ConflictKind::Overwritten, None)
    );
    assert!(lab.copies().is_empty());
}

#[test]
fn what_goes_together_is_no_conflict() {
    let base = json!({"t": "milk", "n": 1});
    let ours = json!({"t": "milk, eggs", "n": 1});
    let mut lab = both(Lab::new(), &base, ours, &json!({"t": "oat milk", "n": 2}));
    assert!(lab.conflicts().is_empty());
    assert_eq!(
        lab.object("a"),
        Some(json!({"t": "oat milk, eggs", "n": 2}))
    );
}

#[test]
fn an_edit_survives_a_deletion_unless_it_shall_not() {
    for policy in [DeletePolicy::EditWins, DeletePolicy::DeleteWins] {
        let lab = Lab::with_settings(|settings| settings.deletes = policy);
        let mut lab = lab.go_live(&[("a", 1, text("one"))]);
        lab.disconnect();
        lab.put("a", text("one two"));
        lab.connect();
        lab.take("0:auth:me@example.com");
        lab.take(&deletion("a", "theirs", 2));
        let sent = lab.take("0:c:[]");
        let [conflict] = &lab.conflicts()[..] else {
            panic!()
        };
        assert_eq!(conflict.kind, ConflictKind::DeletedRemotely);
        match policy {
            DeletePolicy::EditWins => {
                assert_eq!(change(&sent).get("sv"), None);
                assert_eq!(lab.object("a"), Some(text("one two")));
                assert!(lab.copies().is_empty());
            }
            _ => {
                assert!(sent.is_empty());
                assert_eq!(lab.record("a"), None);
                let [copy] = &lab.copies()[..] else { panic!() };
                assert_eq!(
                    copy.local.as_ref().unwrap().as_str(),
                    text("one two").to_string()
                );
            }
        }
    }
}

#[test]
fn a_deletion_spares_what_others_edit_unless_it_shall_not() {
    for policy in [DeletePolicy::EditWins, DeletePolicy::DeleteWins] {
        let lab = Lab::with_settings(|settings| settings.deletes = policy);
        let mut lab = lab.go_live(&[("a", 1, text("one"))]);
        lab.disconnect();
        lab.delete("a");
        lab.connect();
        lab.take("0:auth:me@example.com");
        lab.take(&foreign(
            "a",
            Some(1),
            2,
            &v(&text("one"), &text("one two")),
        ));
        let sent = lab.take("0:c:[]");
        assert_eq!(lab.conflicts()[0].kind, ConflictKind::DeletedLocally);
        if policy == DeletePolicy::EditWins {
            assert!(sent.is_empty());
            assert_eq!(lab.object("a"), Some(text("one two")));
        } else {
            assert_eq!(change(&sent)["sv"], 2);
            assert_eq!(lab.object("a"), None);
            assert_eq!(lab.copies().len(), 1);
        }
    }
}

#[test]
fn a_deletion_on_both_sides_is_no_conflict() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.disconnect();
    lab.delete("a");
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(&deletion("a", "theirs", 2));
    assert!(lab.take("0:c:[]").is_empty());
    assert!(lab.conflicts().is_empty());
    assert!(lab.machine.is_synced(0));
}

#[test]
fn a_resolver_has_the_last_word() {
    type Answer = (fn() -> Resolution, serde_json::Value);
    let answers: [Answer; 4] = [
        (|| Resolution::Merged, text("")),
        (|| Resolution::Local, text("hello world")),
        (|| Resolution::Remote, text("")),
        (|| Resolution::Object(text("hello?")), text("hello?")),
    ];
    for (resolution, wanted) in answers {
        let asked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked);
        let resolver = move |dispute: &Dispute<'_>| {
            assert_eq!(
                (dispute.bucket.as_str(), dispute.key.as_str()),
                ("note", "a")
            );
            assert_eq!(dispute.base, Some(&text("hello")));
            assert_eq!(dispute.local, Some(&text("hello world")));
            assert_eq!(
                (dispute.remote, dispute.merged),
                (Some(&text("")), Some(&text("")))
            );
            assert!(!dispute.lost.is_empty());
            seen.store(true, Ordering::Relaxed);
            resolution()
        };
        let lab = Lab::new().with_resolver(resolver);
        let mut lab = both(lab, &text("hello"), text("hello world"), &text(""));
        assert!(asked.load(Ordering::Relaxed), "it was asked something else");
        assert_eq!(lab.object("a"), Some(wanted.clone()));
        // The server is told, if it has something else.
        assert_eq!(lab.take("0:c:[]").is_empty(), wanted == text(""));
    }
}

#[test]
fn a_resolver_decides_about_a_change_in_flight_too() {
    let lab = Lab::new().with_resolver(|_: &Dispute<'_>| Resolution::Object(text("decided")));
    let mut lab = lab.go_live(&[("a", 1, text("hello"))]);
    lab.put("a", text("hello world"));
    lab.take(&foreign("a", Some(1), 2, &v(&text("hello"), &text(""))));
    assert_eq!(lab.object("a"), Some(text("decided")));
    // What was on its way came to nothing, and what was decided follows.
    let next = change(&lab.take(&refusal("a", "c1", 412)));
    assert_eq!(
        (&next["sv"], &next["v"]),
        (&json!(2), &v(&text(""), &text("decided")))
    );
}

#[test]
fn text_that_the_server_leaves_out_is_noticed() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.put("a", text("one two"));
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one"), &text("one more")),
    ));
    assert!(lab.conflicts().is_empty());
    // It puts nothing of it where this device would.
    let made = v(&text("one more"), &text("one more!"));
    lab.take(&echo("a", "c1", Some(2), 3, &made, "cv2"));
    assert_eq!(lab.object("a"), Some(text("one more!")));
    let [conflict] = &lab.conflicts()[..] else {
        panic!()
    };
    assert_eq!(conflict.kind, ConflictKind::LostText);
    assert_eq!(lab.copies().len(), 1);
}

#[test]
fn text_that_nobody_deleted_and_that_goes_is_noticed() {
    let mut lab = Lab::live(&[("a", 1, text("one two three four"))]);
    lab.put("a", text("one four"));
    lab.take(&foreign(
        "a",
        Some(1),
        2,
        &v(&text("one two three four"), &text("one two four")),
    ));
    lab.conflicts();
    // The server cuts out more than anyone wanted.
    let made = v(&text("one two four"), &text("four"));
    lab.take(&echo("a", "c1", Some(2), 3, &made, "cv2"));
    assert_eq!(lab.conflicts().len(), 1);
}

#[test]
fn a_resolver_that_panics_or_talks_nonsense_has_said_nothing() {
    for resolver in [
        |_: &Dispute<'_>| panic!("as a resolver may"),
        |_: &Dispute<'_>| Resolution::Object(json!("no object")),
        |_: &Dispute<'_>| Resolution::Object(json!(null)),
    ] {
        let lab = Lab::new().with_resolver(resolver);
        let mut lab = both(lab, &text("hello"), text("hello world"), &text(""));
        assert_eq!(lab.object("a"), Some(text("")));
        let conflicts = lab.conflicts();
        let [conflict] = &conflicts[..] else { panic!() };
        assert_eq!(conflict.kind, ConflictKind::LostText);
        // What was at stake is kept, and everything goes on.
        let copies = lab.copies();
        assert!(copies[0].local.as_ref().unwrap().as_str().contains("world"));
        lab.take("0:c:[]");
        assert!(lab.machine.is_synced(0));
    }
}

#[test]
fn words_that_come_out_mixed_are_told_and_kept() {
    // Both have put another word in the place of this one.
    let mut lab = both(
        Lab::new(),
        &text("one kiro two"),
        text("one kima two"),
        &text("one nero two"),
    );
    let conflicts = lab.conflicts();
    let [conflict] = &conflicts[..] else {
        panic!("{:?}", lab.object("a"))
    };
    assert_eq!(conflict.kind, ConflictKind::LostText);
    let lost = |side| {
        let mut lost = conflict.lost.iter().filter(|lost| lost.side == side);
        lost.next().map(|lost| lost.kind.clone())
    };
    let torn = |word: &str| {
        Some(LostKind::Text {
            inserted: word.to_owned(),
            deleted: String::new(),
        })
    };
    assert_eq!(lost(Side::Local), torn("kima"));
    assert_eq!(lost(Side::Remote), torn("nero"));
    assert_eq!(lab.copies().len(), 1);
    // Words that only meet are none.
    for (ours, theirs) in [("one a two", "one b two"), ("one two!", "zero one two")] {
        let mut lab = both(Lab::new(), &text("one two"), text(ours), &text(theirs));
        assert!(lab.conflicts().is_empty(), "{:?}", lab.object("a"));
    }
}

#[test]
fn words_that_the_server_mixes_are_told_and_kept() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.put("a", text("one word"));
    lab.take(&foreign("a", Some(1), 2, &v(&text("one"), &text("one!"))));
    assert!(lab.conflicts().is_empty());
    // All letters are there.
    let made = v(&text("one!"), &text("one! drow"));
    lab.take(&echo("a", "c1", Some(2), 3, &made, "cv2"));
    assert_eq!(lab.object("a"), Some(text("one! drow")));
    let conflicts = lab.conflicts();
    let [conflict] = &conflicts[..] else { panic!() };
    assert_eq!(conflict.kind, ConflictKind::LostText);
    assert!(
        lab.copies()[0]
            .local
            .as_ref()
            .unwrap()
            .as_str()
            .contains("word")
    );
}
