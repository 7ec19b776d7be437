//! The versions of an entity.

use serde_json::json;
use simperium::syncer::machine::Effect;

use crate::lab::{Lab, key, text};

fn ask(lab: &mut Lab, id: &str) -> Vec<String> {
    lab.turn(|machine, turn| machine.revisions(0, &key(id), turn))
}

#[test]
fn only_so_many_versions_are_asked_for_at_once() {
    let mut lab = Lab::live(&[("a.b", 75, text("x"))]);
    let mut frames = ask(&mut lab, "a.b");
    assert_eq!(frames.len(), 16);
    let mut asked = Vec::new();
    while !frames.is_empty() {
        let frame = frames.remove(0);
        let version: u64 = frame.strip_prefix("0:e:a.b.").unwrap().parse().unwrap();
        asked.push(version);
        let more = match version {
            50 => lab.take(&format!("{frame}\n?")),
            _ => lab.take(&format!("{frame}\n{}", json!({"data": {"v": version}}))),
        };
        assert!(more.len() <= 1);
        frames.extend(more);
    }
    let wanted: Vec<u64> = (16..=75).rev().chain([11, 1]).collect();
    assert_eq!(asked, wanted);
    let Some(Effect::RevisionsEnd { .. }) = lab.effects.pop() else {
        panic!("{:?}", lab.effects);
    };
    let found = lab.effects.iter().filter(|effect| {
        matches!(
            effect,
            Effect::Revision {
                object: Some(_),
                ..
            }
        )
    });
    assert_eq!((lab.effects.len(), found.count()), (62, 61));
}

#[test]
fn versions_are_asked_for_again_on_the_next_connection() {
    let mut lab = Lab::live(&[("a", 2, text("x"))]);
    assert_eq!(ask(&mut lab, "a"), ["0:e:a.2", "0:e:a.1"]);
    lab.take("0:e:a.2\n{\"data\":{}}");
    assert_eq!(lab.reconnect(), ["0:e:a.1"]);
    lab.take("0:e:a.1\n?");
    assert_eq!(lab.effects.len(), 3);
}

#[test]
fn what_the_server_never_had_has_no_versions() {
    let mut lab = Lab::live(&[]);
    assert!(ask(&mut lab, "a").is_empty());
    assert!(matches!(lab.effects[..], [Effect::RevisionsEnd { .. }]));
}
