//! Entities that are read anew, one by one.

use serde_json::json;
use simperium::store::PendingState;
use simperium::syncer::machine::{Effect, Fetched};

use crate::lab::{Lab, change, changes, deletion, echo, foreign, text, v};

fn gap() -> Lab {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    let frames = lab.take(&foreign("a", Some(3), 4, &v(&text("x"), &text("xy"))));
    assert_eq!(frames, ["0:e:a.4"]);
    lab
}

fn answer(version: u64, t: &str) -> String {
    format!("0:e:a.{version}\n{}", json!({"data": text(t)}))
}

#[test]
fn a_gap_reads_the_entity_and_not_the_bucket() {
    let mut lab = gap();
    // It is noted before the place moves on.
    assert_eq!(
        (lab.reload("a"), lab.cv().as_deref()),
        (Some(4), Some("cv-a-4"))
    );
    assert_eq!(lab.object("a"), Some(text("one")));
    lab.take(&answer(4, "zero one"));
    assert_eq!(lab.ghost("a"), Some((4, text("zero one"))));
    assert_eq!(lab.reload("a"), None);
    assert_eq!(lab.told(), ["Changed"]);
}

#[test]
fn what_is_to_be_read_is_asked_for_after_a_restart() {
    let mut lab = gap();
    lab.restart();
    lab.connect();
    assert!(
        lab.take("0:auth:me@example.com")
            .contains(&"0:e:a.4".to_owned())
    );
    lab.disconnect();
    lab.connect();
    assert!(
        lab.take("0:auth:me@example.com")
            .contains(&"0:e:a.4".to_owned())
    );
}

#[test]
fn an_answer_that_does_not_come_is_asked_for_again() {
    let mut lab = gap();
    assert_eq!(lab.later(31_000), ["0:e:a.4"]);
}

#[test]
fn a_change_that_cannot_be_applied_reads_the_entity() {
    for v in [
        json!({"t": {"o": "d", "v": "=99\t+x"}}),
        json!({"t": {"o": "O", "v": {}}}),
        json!({"gone": {"o": "-"}}),
        json!({"t": {"o": "?", "v": 1}}),
        json!("nonsense"),
    ] {
        let mut lab = Lab::live(&[("a", 1, text("one"))]);
        assert_eq!(lab.take(&foreign("a", Some(1), 2, &v)), ["0:e:a.2"], "{v}");
        assert_eq!(lab.object("a"), Some(text("one")));
    }
}

#[test]
fn an_operation_that_is_not_known_reads_the_entity() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    let frame = foreign("a", Some(1), 2, &json!({})).replace(r#""o":"M""#, r#""o":"new""#);
    assert_eq!(lab.take(&frame), ["0:e:a.2"]);
}

#[test]
fn local_edits_are_merged_with_what_is_read() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.disconnect();
    lab.put("a", text("one two"));
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(&foreign("a", Some(3), 4, &v(&text("x"), &text("xy"))));
    // Not before it is known what it is an edit of.
    assert!(changes(&lab.take("0:c:[]")).is_empty());
    let next = change(&lab.take(&answer(4, "zero one")));
    assert_eq!(next["sv"], 4);
    assert_eq!(lab.object("a"), Some(text("zero one two")));
}

#[test]
fn newer_changes_during_the_reading_are_read_too() {
    let mut lab = gap();
    assert!(
        lab.take(&foreign(
            "a",
            Some(4),
            5,
            &v(&text("zero one"), &text("zero"))
        ))
        .is_empty()
    );
    assert_eq!(lab.take(&answer(4, "zero one")), ["0:e:a.5"]);
    lab.take(&answer(5, "zero"));
    assert_eq!(lab.ghost("a"), Some((5, text("zero"))));
    // And from there on, they fit.
    lab.take(&foreign("a", Some(5), 6, &v(&text("zero"), &text("zero!"))));
    assert_eq!(lab.ghost("a"), Some((6, text("zero!"))));
}

#[test]
fn a_version_that_is_not_kept_is_read_as_the_newest() {
    let mut lab = gap();
    lab.take("0:e:a.4\n?");
    assert!(matches!(&lab.effects[..], [Effect::Fetch { .. }]));
    lab.effects.clear();
    lab.fetched("a", Fetched::Failed);
    assert!(lab.effects.is_empty());
    lab.later(31_000);
    assert!(matches!(&lab.effects[..], [Effect::Fetch { .. }]));
    lab.found("a", 7, &text("seven"));
    assert_eq!(lab.ghost("a"), Some((7, text("seven"))));
    assert!(lab.machine.is_synced(0));
}

#[test]
fn an_answer_older_than_what_is_known_is_none() {
    let mut lab = gap();
    lab.take("0:e:a.4\n?");
    lab.effects.clear();
    // It was gone when it was read, and is there again.
    lab.take(&foreign("a", None, 9, &v(&json!({}), &text("back"))));
    assert_eq!(lab.fetched("a", Fetched::Gone), ["0:e:a.9"]);
    lab.take(&answer(9, "back"));
    assert_eq!(lab.object("a"), Some(text("back")));
}

#[test]
fn an_entity_that_is_deleted_meanwhile_is_not_read() {
    let mut lab = gap();
    lab.take(&deletion("a", "theirs", 5));
    assert_eq!((lab.record("a"), lab.reload("a")), (None, None));
    assert!(lab.take(&answer(4, "zero one")).is_empty());
    assert_eq!(lab.object("a"), None);
    assert!(lab.machine.is_synced(0));
}

#[test]
fn an_own_change_that_does_not_fit_is_looked_at_on_both_sides() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.put("a", text("one two"));
    let made = v(&text("zero one"), &text("zero one two"));
    let frames = lab.take(&echo("a", "c1", Some(3), 4, &made, "cv4"));
    assert_eq!(frames, ["0:e:a.3"]);
    assert_eq!(lab.state("a"), Some(PendingState::Acknowledged));
    // Also after a restart.
    lab.restart();
    lab.connect();
    assert!(
        lab.take("0:auth:me@example.com")
            .contains(&"0:e:a.3".to_owned())
    );
    assert_eq!(lab.take(&answer(3, "zero one")), ["0:e:a.4"]);
    lab.take(&answer(4, "zero one two"));
    assert_eq!(lab.ghost("a"), Some((4, text("zero one two"))));
    assert_eq!(lab.state("a"), None);
    assert!(lab.conflicts().is_empty());
}

#[test]
fn what_an_own_change_took_with_it_unseen_is_told() {
    let mut lab = Lab::live(&[("a", 1, text("one two three"))]);
    lab.put("a", text("one"));
    // Someone has written into what this device has cut out.
    let made = v(&text("one two and more three"), &text("one"));
    lab.take(&echo("a", "c1", Some(3), 4, &made, "cv4"));
    lab.take(&answer(3, "one two and more three"));
    lab.take(&answer(4, "one"));
    assert_eq!(lab.object("a"), Some(text("one")));
    let kept: Vec<_> = lab
        .copies()
        .into_iter()
        .filter_map(|copy| copy.remote)
        .collect();
    assert!(
        kept.iter().any(|json| json.as_str().contains("and more")),
        "{kept:?}"
    );
}

#[test]
fn edits_are_not_sent_while_the_entity_is_read() {
    let mut lab = gap();
    assert!(lab.put("a", text("one two")).is_empty());
    assert!(!lab.machine.is_synced(0));
    assert!(changes(&lab.later(10_000)).is_empty());
    assert_eq!(change(&lab.take(&answer(4, "one")))["sv"], 4);
}
