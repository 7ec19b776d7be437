//! Opening channels, and what is said first on them.

use serde_json::{Value, json};
use simperium::syncer::machine::{BucketEvent, Effect};

use crate::lab::{Lab, change, echo, foreign, refusal, text, v};

fn init(frame: &str) -> Value {
    serde_json::from_str(frame.strip_prefix("0:init:").unwrap()).unwrap()
}

#[test]
fn a_new_device_asks_for_the_index_with_init() {
    let mut lab = Lab::new();
    let frames = lab.connect();
    assert_eq!(frames.len(), 1);
    let init = init(&frames[0]);
    assert_eq!(init["cmd"], "i:1:::1000");
    assert_eq!(init["token"], "t0ken");
    assert_eq!(init["clientid"], "me");
    assert_eq!(init["name"], "note");
    assert_eq!(init["api"], "1.1");
}

#[test]
fn a_device_that_was_here_asks_for_what_is_new_with_init() {
    let mut lab = Lab::live(&[]);
    lab.disconnect();
    assert_eq!(init(&lab.connect()[0])["cmd"], "cv:cv0");
    lab.restart();
    assert_eq!(init(&lab.connect()[0])["cmd"], "cv:cv0");
}

#[test]
fn nothing_is_sent_before_the_channel_is_open() {
    let mut lab = Lab::new();
    lab.put("a", text("x"));
    assert_eq!(lab.connect().len(), 1);
    assert!(lab.put("b", text("y")).is_empty());
    assert!(lab.take("0:auth:me@example.com").is_empty());
    lab.take(r#"0:i:{"current":"cv0","index":[]}"#);
    assert_eq!(crate::lab::changes(&lab.take("0:c:[]")).len(), 2);
}

#[test]
fn a_refused_token_asks_for_another_connection_with_another_token() {
    for code in [400, 401] {
        let mut lab = Lab::live(&[]);
        assert!(lab.take("0:auth:expired").is_empty());
        lab.take(&format!(
            r#"0:auth:{{"msg":"Token invalid","code":{code}}}"#
        ));
        let [Effect::Reconnect { renew_token: true }] = &lab.effects[..] else {
            panic!("{:?}", lab.effects);
        };
        // Whatever still comes on the old one is of no interest.
        assert!(
            lab.take(&foreign("a", None, 1, &v(&json!({}), &text("x"))))
                .is_empty()
        );
        assert_eq!(lab.object("a"), None);
        assert!(lab.put("b", text("kept")).is_empty());
        assert_eq!(change(&lab.reconnect())["id"], "b");
    }
}

#[test]
fn a_bucket_that_the_server_refuses_waits_for_the_next_connection() {
    let mut lab = Lab::new();
    lab.connect();
    lab.take(r#"0:auth:{"msg":"Permission denied","code":500}"#);
    lab.take(r#"0:auth:{"msg":"Permission denied","code":500}"#);
    let [BucketEvent::Refused { code: 500, message }] = &lab.events[..] else {
        panic!("{:?}", lab.events);
    };
    assert_eq!(message, "Permission denied");
    assert!(lab.effects.is_empty());
    assert_eq!(lab.machine.next_wake(), None);
    assert_eq!(lab.connect().len(), 1);
}

#[test]
fn what_may_have_been_sent_is_sent_again_before_anything_new() {
    let mut lab = Lab::live(&[]);
    let first = lab.put("a", text("x"));
    lab.disconnect();
    lab.put("b", text("y"));
    lab.restart();
    lab.connect();
    let opened = lab.take("0:auth:me@example.com");
    // With what it was and the same id, to the letter.
    assert!(opened.contains(&first[0]), "{opened:?}");
    assert_eq!(change(&opened)["ccid"], "c1");
    // What is new is made from what is new at the server.
    assert_eq!(change(&lab.take("0:c:[]"))["id"], "b");
}

#[test]
fn the_place_moves_on_when_everything_up_to_it_is_here() {
    let mut lab = Lab::live(&[("a", 1, text("x")), ("b", 1, text("x"))]);
    lab.disconnect();
    lab.connect();
    lab.take("0:auth:me@example.com");
    // Told by itself, before the answer that has what was before it.
    lab.take(&foreign("b", Some(1), 2, &v(&text("x"), &text("xy"))));
    assert_eq!(lab.object("b"), Some(text("xy")));
    assert_eq!(
        lab.cv().as_deref(),
        Some("cv0"),
        "the answer is still to come"
    );
    lab.restart();
    lab.connect();
    let fence = lab.take("0:auth:me@example.com").remove(0);
    lab.take(&foreign("a", Some(1), 2, &v(&text("x"), &text("xz"))));
    lab.take(&foreign("b", Some(1), 2, &v(&text("x"), &text("xy"))));
    assert_eq!(lab.cv().as_deref(), Some("cv0"));
    lab.take(&format!("{fence}\n?"));
    assert_eq!(lab.cv().as_deref(), Some("cv-b-2"));
    assert!(lab.machine.is_ready(0));
    lab.take(&foreign("b", Some(2), 3, &v(&text("xy"), &text("xyz"))));
    assert_eq!(lab.cv().as_deref(), Some("cv-b-3"));
}

#[test]
fn a_server_that_does_not_answer_the_question_behind_is_not_waited_for_for_ever() {
    let mut lab = Lab::live(&[("a", 1, text("x"))]);
    lab.disconnect();
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.take(&foreign("a", Some(1), 2, &v(&text("x"), &text("xz"))));
    lab.later(29_000);
    assert!(!lab.machine.is_ready(0));
    lab.later(2_000);
    assert!(lab.machine.is_ready(0));
    assert_eq!(lab.cv().as_deref(), Some("cv-a-2"));
}

#[test]
fn refusals_move_no_place() {
    let mut lab = Lab::live(&[]);
    lab.put("a", text("x"));
    lab.take(&refusal("a", "c1", 400));
    assert_eq!(lab.cv().as_deref(), Some("cv0"));
}

#[test]
fn frames_that_are_not_understood_are_passed_over() {
    let mut lab = Lab::live(&[]);
    for frame in ["", "h:2", "log:2", "0:new:1", "7:c:[]", "7:c:nonsense", "x"] {
        assert!(lab.take(frame).is_empty(), "{frame}");
    }
    assert!(lab.machine.is_ready(0));
}

#[test]
fn a_namespace_is_no_part_of_a_key() {
    let mut lab = Lab::live(&[("a", 1, text("x"))]);
    lab.take(r#"0:o:{"namespace":"ns","expose_namespace":true}"#);
    let frame = foreign("ns/a", Some(1), 2, &v(&text("x"), &text("xy")));
    lab.take(&frame);
    assert_eq!(lab.object("a"), Some(text("xy")));
}

#[test]
fn a_server_that_asks_is_told_what_is_here() {
    let mut lab = Lab::live(&[("a", 3, text("x"))]);
    lab.put("b", text("y"));
    let frames = lab.take("0:index");
    let told: Value = serde_json::from_str(frames[0].strip_prefix("0:index:").unwrap()).unwrap();
    let pending = json!([{"id": "b", "ccid": "c1"}]);
    assert_eq!(
        told,
        json!({"current": "cv0", "index": [{"id": "a", "v": 3}], "pending": pending})
    );
}

#[test]
fn a_refresh_asks_and_tells_when_everything_is_here() {
    let mut lab = Lab::live(&[]);
    let frames = lab.turn(simperium::syncer::machine::Machine::refresh);
    assert_eq!(frames[0], "0:cv:cv0");
    assert!(!lab.machine.is_synced(0));
    lab.take(&echo("a", "x", None, 1, &v(&json!({}), &text("x")), "cv1"));
    lab.take(&format!("{}\n?", frames[1]));
    assert_eq!(lab.told(), ["Added", "Ready"]);
    assert_eq!(lab.cv().as_deref(), Some("cv1"));
}

#[test]
fn a_server_that_does_not_open_the_channel_is_left_for_another_connection() {
    let mut lab = Lab::new();
    lab.connect();
    assert!(lab.later(59_000).is_empty() && lab.effects.is_empty());
    lab.later(2_000);
    assert!(matches!(
        lab.effects[..],
        [Effect::Reconnect { renew_token: false }]
    ));
    lab.effects.clear();
    // Nor is a page waited for without end.
    lab.connect();
    lab.take("0:auth:me@example.com");
    lab.later(599_000);
    assert!(lab.effects.is_empty());
    lab.later(2_000);
    assert!(matches!(lab.effects[..], [Effect::Reconnect { .. }]));
    lab.effects.clear();
    // One that has all of it may be silent for as long as it likes.
    let mut lab = Lab::live(&[]);
    lab.later(3_600_000);
    assert!(lab.effects.is_empty());
}
