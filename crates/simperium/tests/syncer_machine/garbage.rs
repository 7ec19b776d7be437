//! Frames that make no sense, or not here.

use fastrand::Rng;
use serde_json::{Value, json};
use simperium::syncer::machine::{Fetched, Machine};

use crate::lab::{Lab, deletion, echo, foreign, refusal, text, v};

/// What a server may say, to be spoiled.
fn sayings() -> Vec<String> {
    let more = v(&text("one"), &text("one more"));
    vec![
        "0:auth:me@example.com".to_owned(),
        r#"0:auth:{"msg":"no","code":500}"#.to_owned(),
        r#"0:o:{"namespace":"x","expose_namespace":true}"#.to_owned(),
        format!(
            "0:i:{}",
            json!({"current": "cv1", "index": [{"id": "a", "v": 2, "d": text("one more")}], "mark": "m"})
        ),
        r#"0:i:{"current":"cv2","index":[{"id":"a","v":3}]}"#.to_owned(),
        format!("0:e:a.2\n{}", json!({"data": text("one more")})),
        "0:e:a.3\n?".to_owned(),
        "0:e:rs%fence%.1\n?".to_owned(),
        "0:c:[]".to_owned(),
        foreign("a", Some(1), 2, &more),
        foreign("b", None, 1, &v(&json!({}), &text("new"))),
        foreign("a", Some(2), 3, &json!({"t": {"o": "-"}})),
        echo("a", "c1", Some(1), 2, &more, "cv2"),
        echo("c", "c2", None, 1, &v(&json!({}), &text("x")), "cv3"),
        deletion("a", "theirs", 2),
        deletion("c", "c2", 2),
        refusal("a", "c1", 409),
        refusal("a", "c1", 440),
        refusal("c", "c2", 503),
        r#"0:c:[{"id":"note","o":"EMPTY","ccids":["e"],"cv":"cv9"}]"#.to_owned(),
        "0:cv:?".to_owned(),
        "0:index".to_owned(),
        "0:c:?".to_owned(),
        "h:1".to_owned(),
        "log:2".to_owned(),
    ]
}

/// Something in its place that nobody wants there.
fn nonsense(rng: &mut Rng) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(u64::MAX),
        json!(1.5),
        json!("x".repeat(300)),
        json!("\u{0}\n"),
        json!([]),
        json!({"o": "d", "v": "=99999999999999999999"}),
        json!({"o": "L", "v": {"-1": {"o": "-"}}}),
    ];
    values[rng.usize(..values.len())].clone()
}

fn spoil(value: &mut Value, rng: &mut Rng) {
    if rng.u8(..) < 40 {
        *value = nonsense(rng);
        return;
    }
    match value {
        Value::Array(list) => {
            for value in list.iter_mut() {
                spoil(value, rng);
            }
            if rng.u8(..) < 30 {
                list.extend(list.clone());
            }
        }
        Value::Object(map) => {
            for (_, value) in map.iter_mut() {
                spoil(value, rng);
            }
            if rng.u8(..) < 30 {
                let key = map.keys().next().cloned();
                key.and_then(|key| map.remove(&key));
            }
        }
        _ => {}
    }
}

fn spoiled(frame: &str, rng: &mut Rng) -> String {
    let begin = frame.find(['{', '[']);
    match begin {
        Some(at) if rng.bool() => {
            let (head, json) = frame.split_at(at);
            let mut value: Value = serde_json::from_str(json).unwrap();
            spoil(&mut value, rng);
            format!("{head}{value}")
        }
        _ => {
            let mut chars: Vec<char> = frame.chars().collect();
            for _ in 0..rng.usize(1..4) {
                let at = rng.usize(..chars.len());
                match rng.u8(..4) {
                    0 => chars.truncate(at),
                    1 => chars[at] = rng.char(..),
                    2 => chars.insert(at, rng.char(' '..='~')),
                    _ => {
                        chars.remove(at);
                    }
                }
                if chars.is_empty() {
                    break;
                }
            }
            chars.into_iter().collect()
        }
    }
}

/// Whatever comes, the store stays one that can be gone on from (which the lab
/// looks after at every step), and a connection to a server in its right mind
/// ends with what that has.
#[test]
fn no_frame_harms_what_is_here() {
    let sayings = sayings();
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let mut lab = Lab::live(&[("a", 1, text("one"))]);
        lab.put("a", text("one mine"));
        lab.put("c", text("here alone"));
        for _ in 0..rng.usize(1..40) {
            let saying = &sayings[rng.usize(..sayings.len())];
            match rng.u8(..10) {
                0 => {
                    lab.later(rng.u64(..40_000));
                }
                1 => {
                    lab.fetched("a", Fetched::Gone);
                }
                2 => {
                    lab.found("a", rng.u64(..5), &text("one read"));
                }
                3 => {
                    lab.disconnect();
                    lab.connect();
                    lab.take("0:auth:me@example.com");
                }
                4 => lab.restart(),
                5 => {
                    lab.turn(Machine::refresh);
                }
                6 => {
                    lab.take(saying);
                }
                _ => {
                    let frame = spoiled(saying, &mut rng);
                    lab.take(&frame);
                }
            }
        }
        lab.restart();
        lab.connect();
        lab.take("0:auth:me@example.com");
        lab.take("0:cv:?");
        let index = json!({"current": "cv7", "index": [{"id": "z", "v": 5, "d": text("true")}]});
        lab.take(&format!("0:i:{index}"));
        lab.take("0:c:[]");
        assert!(lab.machine.is_ready(0), "seed {seed}");
        assert_eq!(lab.ghost("z"), Some((5, text("true"))), "seed {seed}");
    }
}
