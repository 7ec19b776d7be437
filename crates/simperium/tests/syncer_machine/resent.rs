//! Changes that were sent twice, as nothing was known of the first time, and
//! are refused then: the server may have made them before.

use serde_json::json;
use simperium::store::{ConflictKind, PendingState};
use simperium::syncer::machine::{BucketEvent, Effect, Fetched};

use crate::lab::{Lab, change, changes, deletion, echo, foreign, refusal, text, v};

/// All codes that are no word for a change the server has, nor for a wait.
const CODES: [u16; 9] = [400, 401, 402, 404, 405, 413, 417, 440, 777];

fn version(version: u64, t: &str) -> String {
    format!("0:e:a.{version}\n{}", json!({"data": text(t)}))
}

/// A device that has made `new` of `old`, has sent that, was cut off, has sent
/// it again, and is told this.
fn refused(old: &str, new: &str, code: u16) -> Lab {
    let mut lab = Lab::live(&[("a", 1, text(old))]);
    lab.put("a", text(new));
    resend(&mut lab, code);
    lab
}

fn resend(lab: &mut Lab, code: u16) {
    let payload = lab.pending("a").unwrap().change.unwrap().payload;
    // A new process knows no more of it than an old one.
    lab.restart();
    assert_eq!(lab.reconnect(), [format!("0:c:{}", payload.as_str())]);
    if code == 401 {
        // The first time, another token is tried.
        lab.take(&refusal("a", "c1", 401));
        assert_eq!(lab.reconnect(), [format!("0:c:{}", payload.as_str())]);
    }
    lab.events.clear();
    lab.effects.clear();
    let frames = lab.take(&refusal("a", "c1", code));
    assert!(changes(&frames).is_empty(), "{code}: {frames:?}");
    assert_eq!(lab.state("a"), Some(PendingState::Acknowledged), "{code}");
    // What is on its way comes first, and then the entity is read.
    let [cv, fence] = &frames[..] else {
        panic!("{code}: {frames:?}")
    };
    assert!(cv.starts_with("0:cv:"));
    assert!(lab.effects.is_empty());
    lab.take(&format!("{fence}\n?"));
    lab.events
        .retain(|event| !matches!(event, BucketEvent::Ready));
    let effects = std::mem::take(&mut lab.effects);
    assert!(matches!(&effects[..], [Effect::Fetch { .. }]), "{code}");
}

#[test]
fn a_change_that_was_made_is_not_made_again_whatever_is_said_to_it() {
    for code in CODES {
        for (old, new) in [
            ("one two three", "one three"),
            ("one two", "one two X"),
            ("one two three", "one X three"),
        ] {
            let mut lab = refused(old, new, code);
            assert!(lab.found("a", 2, &text(new)).is_empty(), "{code}");
            assert_eq!(lab.ghost("a"), Some((2, text(new))));
            assert_eq!((lab.state("a"), lab.reload("a")), (None, None));
            assert_eq!(lab.told(), ["Acknowledged"], "{code}");
            assert!(lab.copies().is_empty() && lab.machine.is_synced(0));
        }
    }
}

#[test]
fn text_that_it_cut_off_is_told_whatever_is_said_to_it() {
    for code in CODES {
        let mut lab = refused("one two three", "X", code);
        assert_eq!(lab.found("a", 4, &text("X Y")), ["0:e:a.2"], "{code}");
        assert_eq!(lab.take(&version(2, "one two MORE three")), ["0:e:a.3"]);
        let conflicts = lab.conflicts();
        let [conflict] = &conflicts[..] else {
            panic!("{code}: nothing is told")
        };
        assert_eq!(conflict.kind, ConflictKind::LostText);
        let made = conflict.result.as_ref().unwrap().as_str().to_owned();
        assert_eq!(
            lab.take(&format!("0:e:a.3\n{{\"data\":{made}}}")),
            ["0:e:a.4"]
        );
        assert!(lab.take(&version(4, "X Y")).is_empty());
        assert_eq!(lab.object("a"), Some(text("X Y")));
        assert!(lab.machine.is_synced(0));
        let copies = lab.copies();
        let [copy] = &copies[..] else { panic!() };
        assert!(copy.remote.as_ref().unwrap().as_str().contains("MORE"));
    }
}

#[test]
fn a_deletion_of_text_that_others_have_written_after_is_found() {
    for code in CODES {
        let mut lab = refused("one two three", "one three", code);
        assert_eq!(lab.found("a", 3, &text("one three!")), ["0:e:a.2"]);
        assert_eq!(lab.take(&version(2, "one three")), ["0:e:a.3"]);
        assert!(lab.take(&version(3, "one three!")).is_empty(), "{code}");
        assert_eq!(lab.object("a"), Some(text("one three!")));
        assert!(lab.machine.is_synced(0));
    }
}

#[test]
fn a_change_that_was_not_made_is_made_once_more_or_waits() {
    for code in CODES {
        for new in ["one three", "one two three X"] {
            let mut lab = refused("one two three", new, code);
            let frames = lab.found("a", 2, &text("zero one two three"));
            let wanted = text(&format!("zero {new}"));
            assert_eq!(lab.object("a"), Some(wanted.clone()));
            let old = text("zero one two three");
            match code {
                // The server will not have it, whenever it is sent.
                400 | 401 | 402 | 413 | 777 => {
                    assert!(frames.is_empty(), "{code}: {frames:?}");
                    assert_eq!(lab.state("a"), Some(PendingState::Parked));
                    let rejected = lab.events.iter().find_map(|event| match event {
                        BucketEvent::Rejected { code, object, .. } => {
                            Some((code.code(), object.clone().unwrap()))
                        }
                        _ => None,
                    });
                    let (said, object) = rejected.unwrap();
                    assert_eq!((said, object.as_str()), (code, &*text(new).to_string()));
                    assert!(lab.later(3_600_000).is_empty());
                    continue;
                }
                405 => assert_eq!(change(&frames)["v"], v(&old, &wanted)),
                // What it refers to may have to come first.
                417 => {
                    assert!(lab.later(29_000).is_empty());
                    assert_eq!(change(&lab.later(2_000))["d"], wanted);
                }
                _ => assert_eq!(change(&frames)["d"], wanted),
            }
            // That is another change, sent for the first time.
            let sent = lab.pending("a").unwrap().change.unwrap();
            assert_eq!((sent.ccid.as_str(), sent.sv), ("c2", Some(2)));
            lab.take(&echo("a", "c2", Some(2), 3, &v(&old, &wanted), "cv3"));
            assert!(lab.machine.is_synced(0));
            assert_eq!(lab.pending("a"), None);
        }
    }
}

#[test]
fn an_object_that_is_gone_then_is_made_anew_and_told() {
    for code in CODES {
        let mut lab = refused("one", "one two", code);
        let next = change(&lab.fetched("a", Fetched::Gone));
        assert_eq!((next.get("sv"), &next["d"]), (None, &text("one two")));
        let conflicts = lab.conflicts();
        assert_eq!(conflicts.len(), 1, "{code}");
        assert_eq!(conflicts[0].kind, ConflictKind::DeletedRemotely);
    }
}

#[test]
fn a_new_object_that_was_made_is_not_made_twice() {
    for code in CODES {
        let mut lab = Lab::live(&[]);
        lab.put("a", text("new"));
        resend(&mut lab, code);
        assert!(lab.found("a", 1, &text("new")).is_empty(), "{code}");
        assert_eq!(lab.ghost("a"), Some((1, text("new"))));
        assert!(lab.machine.is_synced(0));
    }
}

#[test]
fn a_deletion_that_was_made_is_done_whatever_is_said_to_it() {
    for code in CODES {
        let mut lab = Lab::live(&[("a", 1, text("one"))]);
        lab.delete("a");
        resend(&mut lab, code);
        assert!(lab.fetched("a", Fetched::Gone).is_empty());
        assert_eq!((lab.record("a"), lab.pending("a")), (None, None), "{code}");
        assert!(lab.machine.is_synced(0));
    }
}

#[test]
fn what_others_have_written_is_not_deleted_with_a_refused_deletion() {
    for code in CODES {
        // It came while the deletion was on its way,
        let mut lab = Lab::live(&[("a", 1, text("one"))]);
        lab.delete("a");
        if code == 401 {
            lab.take(&refusal("a", "c1", 401));
            lab.reconnect();
        }
        let more = v(&text("one"), &text("one more"));
        lab.take(&foreign("a", Some(1), 2, &more));
        assert!(lab.take(&refusal("a", "c1", code)).is_empty(), "{code}");
        assert_eq!(lab.object("a"), Some(text("one more")), "{code}");
        let conflicts = lab.conflicts();
        assert_eq!(conflicts[0].kind, ConflictKind::DeletedLocally);
        assert!(lab.machine.is_synced(0));
        // or is found when the entity is read.
        let mut lab = Lab::live(&[("a", 1, text("one"))]);
        lab.delete("a");
        resend(&mut lab, code);
        assert!(lab.found("a", 2, &text("one more")).is_empty(), "{code}");
        assert_eq!(lab.object("a"), Some(text("one more")), "{code}");
        let conflicts = lab.conflicts();
        assert_eq!(conflicts[0].kind, ConflictKind::DeletedLocally);
        assert!(lab.machine.is_synced(0));
    }
}

#[test]
fn a_deletion_that_was_not_made_is_made_once_more_or_waits() {
    for code in CODES {
        let mut lab = Lab::live(&[("a", 1, text("one"))]);
        lab.delete("a");
        resend(&mut lab, code);
        let mut frames = lab.found("a", 1, &text("one"));
        if matches!(code, 400 | 401 | 402 | 413 | 777) {
            assert!(frames.is_empty(), "{code}: {frames:?}");
            assert_eq!(lab.state("a"), Some(PendingState::Parked));
            assert_eq!(lab.told(), ["Rejected"]);
            continue;
        }
        if code == 417 {
            frames = lab.later(31_000);
        }
        let next = change(&frames);
        assert_eq!((&next["o"], &next["ccid"]), (&json!("-"), &json!("c2")));
        lab.take(&deletion("a", "c2", 2));
        assert_eq!(lab.record("a"), None);
        assert!(lab.machine.is_synced(0));
    }
}

#[test]
fn the_echo_of_a_refused_change_may_come_late() {
    for code in CODES {
        let mut lab = Lab::live(&[("a", 1, text("one two three"))]);
        lab.put("a", text("one three"));
        let payload = lab.pending("a").unwrap().change.unwrap().payload;
        // No answer came in time.
        assert_eq!(lab.later(31_000), [format!("0:c:{}", payload.as_str())]);
        if code == 401 {
            lab.take(&refusal("a", "c1", 401));
            lab.reconnect();
        }
        assert_eq!(lab.take(&refusal("a", "c1", code)).len(), 2);
        let made = v(&text("one two three"), &text("one three"));
        lab.take(&echo("a", "c1", Some(1), 2, &made, "cv1"));
        assert_eq!((lab.state("a"), lab.reload("a")), (None, None));
        assert_eq!(lab.ghost("a"), Some((2, text("one three"))));
        assert!(lab.copies().is_empty());
    }
}

#[test]
fn a_change_that_was_put_off_was_surely_not_made() {
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.put("a", text("one two"));
    lab.take(&refusal("a", "c1", 503));
    assert_eq!(lab.later(1_100).len(), 1);
    assert!(lab.take(&refusal("a", "c1", 413)).is_empty());
    assert_eq!(lab.state("a"), Some(PendingState::Parked));
    // After an error of the server, nothing is sure.
    let mut lab = Lab::live(&[("a", 1, text("one"))]);
    lab.put("a", text("one two"));
    lab.take(&refusal("a", "c1", 500));
    assert_eq!(lab.later(1_100).len(), 1);
    assert_eq!(lab.take(&refusal("a", "c1", 413)).len(), 2);
    assert_eq!(lab.state("a"), Some(PendingState::Acknowledged));
}
