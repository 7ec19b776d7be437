use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use fastrand::Rng;
use sync_core::Body;

use super::super::visit::{self, Entry};
use super::*;
use crate::model::db::BrowseNode;

const LEVELS: u32 = 100;

fn collect(json: impl AsRef<[u8]>) -> Result<Vec<BrowseNode>, Error> {
    visit::collect(json.as_ref(), LEVELS)
}

/// What recursion makes of it.
fn by_serde(json: &[u8]) -> Option<Vec<BrowseNode>> {
    serde_json::from_slice::<crate::wire::Read<Vec<BrowseNode>>>(json)
        .ok()
        .map(|read| read.0.unwrap_or_default())
}

/// Feeds these pieces.
fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Entry> {
    let pieces: Vec<_> = pieces
        .into_iter()
        .map(|piece| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(piece)))
        .collect();
    let mut entries = Vec::new();
    let visit = visit::run(
        Body::from_stream(Pieces(pieces.into_iter())),
        String::new(),
        LEVELS,
        |entry| {
            entries.push(entry);
            ControlFlow::<()>::Continue(())
        },
    );
    let mut visit = Box::pin(visit);
    let mut context = Context::from_waker(Waker::noop());
    match visit.as_mut().poll(&mut context) {
        Poll::Ready(result) => assert!(result.unwrap().is_continue()),
        Poll::Pending => panic!("nothing is waited for"),
    }
    drop(visit);
    entries
}

struct Pieces<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Pieces<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

/// A random tree, with all that JSON allows between and in its values.
struct Writer {
    rng: Rng,
    json: String,
}

impl Writer {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            json: String::new(),
        }
    }

    fn tree(mut self) -> String {
        self.list(0);
        self.blank();
        self.json
    }

    fn token(&mut self, text: &str) {
        self.blank();
        self.json.push_str(text);
    }

    fn blank(&mut self) {
        while self.rng.u8(..4) == 0 {
            self.json
                .push(self.rng.choice([' ', '\n', '\t', '\r']).unwrap());
        }
    }

    fn list(&mut self, level: usize) {
        self.token("[");
        let count = self.rng.usize(..4);
        for at in 0..count {
            if at > 0 {
                self.token(",");
            }
            match self.rng.u8(..20) {
                0 => self.token("null"),
                _ => self.node(level),
            }
        }
        self.token("]");
    }

    fn node(&mut self, level: usize) {
        self.token("{");
        let mut members = vec!["name", "modTime", "size", "type", "owner", "flags"];
        members.truncate(self.rng.usize(1..=members.len()));
        if level < 5 && self.rng.bool() {
            members.push("children");
        }
        let (first, rest) = members.split_at_mut(1);
        debug_assert_eq!(first, ["name"]);
        self.rng.shuffle(rest);
        for (at, member) in members.into_iter().enumerate() {
            if at > 0 {
                self.token(",");
            }
            let escaped = format!(r"\u{:04x}{}", member.as_bytes()[0], &member[1..]);
            let key = if self.rng.u8(..8) == 0 {
                &escaped
            } else {
                member
            };
            self.token(&format!("\"{key}\""));
            self.token(":");
            match member {
                "children" if self.rng.u8(..8) == 0 => self.token("null"),
                "children" => self.list(level + 1),
                _ => {
                    let values: &[&str] = match member {
                        "name" => &[r#""a""#, r#""\"}]\\""#, r#""ü\u00fc\n""#, r#""{[""#],
                        "modTime" => &["null", r#""2026-11-21T06:21:41.097501274Z""#],
                        "size" => &["0", "-1", "128", "null"],
                        "type" => &[
                            r#""FILE_INFO_TYPE_FILE""#,
                            r#""FILE_INFO_TYPE_DIRECTORY""#,
                            r#""X""#,
                        ],
                        _ => &[
                            r#"{"uid":[1,{"a":"]}\""}],"b":[]}"#,
                            "[[\n[]]]",
                            "1.5e3",
                            "true",
                            r#""x""#,
                        ],
                    };
                    let value = self.rng.choice(values).unwrap();
                    self.token(value);
                }
            }
        }
        self.token("}");
    }
}

#[test]
fn trees_are_read_as_recursion_reads_them() {
    for seed in 0..2000 {
        let json = Writer::new(seed).tree();
        let tree = by_serde(json.as_bytes()).unwrap();
        assert_eq!(collect(&json).unwrap(), tree, "{seed}: {json}");
    }
}

#[test]
fn what_is_no_tree_to_recursion_is_none_here() {
    let mut rng = Rng::with_seed(1);
    let (mut good, mut bad) = (0, 0);
    for seed in 0..4000 {
        let mut json = Writer::new(seed).tree().into_bytes();
        for _ in 0..rng.usize(1..3) {
            let at = rng.usize(..json.len());
            match rng.u8(..3) {
                0 => drop(json.remove(at)),
                1 => json.insert(at, *rng.choice(b"{}[]\",:\\ n0\x01\xff").unwrap()),
                _ => json.truncate(at),
            }
            if json.is_empty() {
                break;
            }
        }
        let text = String::from_utf8_lossy(&json);
        let tree = by_serde(&json);
        match &tree {
            Some(_) => good += 1,
            None => bad += 1,
        }
        assert_eq!(collect(&json).ok(), tree, "{seed}: {text}");
    }
    assert!(good > 100 && bad > 1000, "{good} {bad}");
}

#[test]
fn it_does_not_matter_where_an_answer_is_cut_into_pieces() {
    for seed in 0..20 {
        let json = Writer::new(seed).tree();
        let json = json.as_bytes();
        let whole = in_pieces([json]);
        for at in 0..json.len() {
            let (a, b) = json.split_at(at);
            assert_eq!(in_pieces([a, b]), whole, "{seed} {at}");
        }
        assert_eq!(in_pieces(json.chunks(1)), whole, "{seed}");
    }
}

#[test]
fn a_problem_is_said_with_its_place_and_without_what_is_there() {
    for (json, place) in [
        ("x", "(line 1, column 1)"),
        ("[\n {\"name\": 7}]", "(line 2, column 12)"),
        ("[\n\n{\"secret\":[\n1],\"name\":}]", "(line 4, column 11)"),
        ("[{\"name\":\"secret\"}", "(line 1, column 19)"),
        (
            "[{\"name\":\"a\",\"children\":[],\"children\":[]}]",
            "(line 1, column 39)",
        ),
    ] {
        let message = collect(json).unwrap_err().to_string();
        assert!(message.contains(place), "{json}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn the_limit_of_levels_is_what_may_be_there() {
    let nested = |levels| {
        let (open, close) = (r#"[{"name":"a","children":"#, "}]");
        format!("{}[]{}", open.repeat(levels), close.repeat(levels))
    };
    let tree = collect(nested(LEVELS as usize)).unwrap();
    assert_eq!(tree[0].count(), LEVELS as usize);
    let error = collect(nested(LEVELS as usize + 1)).unwrap_err();
    assert!(error.to_string().contains("100 levels"), "{error}");
}

#[test]
fn what_has_no_name_here_may_be_nested_deeply() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let json = format!(r#"[{{"name":"a","x":{deep},"size":1}}]"#);
    let tree = collect(&json).unwrap();
    assert_eq!(tree[0].size, 1);
    let extra = tree[0].extra.as_deref().unwrap();
    assert_eq!(extra.iter().next().unwrap().1.get(), deep);
    assert_eq!(in_pieces([json.as_bytes()])[0].size, 1);
}
