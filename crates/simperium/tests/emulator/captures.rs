//! What real clients sent once, sent again; what they were answered then, with
//! what we answer.
//!
//! The recorded answers are another emulator's. Ids, tokens and change versions
//! are ours, so they are matched, and put into what is sent afterwards.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde_json::Value;
use simperium::emulator::{Disturbance, Emulator, PollEnd};

use super::support::Socket;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    conn: u64,
    #[serde(default)]
    dir: String,
    #[serde(default)]
    frame: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    status: Option<u16>,
    #[serde(default)]
    resp_headers: BTreeMap<String, String>,
    #[serde(default)]
    resp_body: String,
}

fn recorded(name: &str) -> Vec<Line> {
    let path = format!("{}/tests/captures/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What the recorded service called what, and what ours does.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    /// A recorded text with our names.
    fn ours(&self, recorded: &str) -> String {
        let mut text = String::new();
        let mut rest = recorded;
        // All at once: one of ours may be what another of theirs was.
        while let Some(first) = rest.chars().next() {
            let known = self.0.iter().find(|(theirs, _)| rest.starts_with(*theirs));
            match known {
                Some((theirs, ours)) => {
                    text.push_str(ours);
                    rest = &rest[theirs.len()..];
                }
                None => {
                    text.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        text
    }

    /// Compares, and learns names where they may differ.
    fn compare(&mut self, path: &str, recorded: &Value, actual: &Value) {
        match (recorded, actual) {
            (Value::Object(recorded), Value::Object(actual)) => {
                let keys: Vec<_> = recorded.keys().collect();
                assert_eq!(keys, actual.keys().collect::<Vec<_>>(), "{path}");
                for (key, recorded) in recorded {
                    self.compare(&format!("{path}.{key}"), recorded, &actual[key]);
                }
            }
            (Value::Array(recorded), Value::Array(actual)) => {
                assert_eq!(recorded.len(), actual.len(), "{path}: {actual:?}");
                for (index, (recorded, actual)) in recorded.iter().zip(actual).enumerate() {
                    self.compare(&format!("{path}[{index}]"), recorded, actual);
                }
            }
            (Value::String(recorded), Value::String(actual)) => {
                let field = path.rsplit('.').next().unwrap_or_default();
                let ours = self.ours(recorded);
                let chosen = matches!(field, "cv" | "current" | "mark" | "access_token" | "userid")
                    // Requests without these get them from the service.
                    || recorded.starts_with("http-")
                    || (field == "ccids[0]" && ours.len() == 32);
                if chosen && ours == *recorded && ours != *actual {
                    assert_eq!(recorded.len(), actual.len(), "{path}");
                    self.0.insert(recorded.clone(), actual.clone());
                } else {
                    assert_eq!(ours, *actual, "{path}");
                }
            }
            _ => assert_eq!(recorded, actual, "{path}"),
        }
    }

    /// Compares texts: what is before the first bracket, and JSON after it.
    fn compare_text(&mut self, path: &str, recorded: &str, actual: &str) {
        let split = |text: &str| text.find(['{', '[']).unwrap_or(text.len());
        let (recorded_head, recorded_json) = recorded.split_at(split(recorded));
        let (actual_head, actual_json) = actual.split_at(split(actual));
        assert_eq!(self.ours(recorded_head), actual_head, "{path}: {actual}");
        if recorded_json.is_empty() {
            assert_eq!(actual_json, "", "{path}");
            return;
        }
        let recorded = serde_json::from_str(recorded_json).unwrap();
        let actual = serde_json::from_str(actual_json).unwrap();
        self.compare(path, &recorded, &actual);
    }
}

struct Replay {
    emulator: Emulator,
    names: Names,
    sockets: BTreeMap<u64, Socket>,
    /// What each socket is still to get.
    expected: BTreeMap<u64, std::collections::VecDeque<String>>,
    compared: usize,
}

impl Replay {
    async fn run(name: &str) -> usize {
        let lines = recorded(name);
        let emulator = Emulator::builder()
            .configure(|config| config.poll_end = PollEnd::Status(504))
            .build();
        let mut expected: BTreeMap<u64, std::collections::VecDeque<String>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.dir == "s->c") {
            let frames = expected.entry(line.conn).or_default();
            frames.push_back(line.frame.clone());
        }
        let mut replay = Self {
            emulator,
            names: Names::default(),
            sockets: BTreeMap::new(),
            expected,
            compared: 0,
        };
        for (number, line) in lines.iter().enumerate() {
            let place = format!("{name}:{}", number + 1);
            replay.step(&place, line).await;
        }
        for (conn, left) in &replay.expected {
            assert!(left.is_empty(), "{name}: socket {conn} never got {left:?}");
        }
        replay.compared
    }

    async fn step(&mut self, place: &str, line: &Line) {
        match (line.kind.as_str(), line.dir.as_str()) {
            ("http", _) => self.request(place, line).await,
            (_, "open") => {
                let socket = Socket::open(&self.emulator).await;
                self.sockets.insert(line.conn, socket);
            }
            (_, "close") => {
                self.sockets.remove(&line.conn);
            }
            (_, "c->s") => {
                let frame = self.names.ours(&line.frame);
                self.sockets.get_mut(&line.conn).unwrap().send(&frame).await;
            }
            _ => return,
        }
        self.receive(place).await;
    }

    async fn receive(&mut self, place: &str) {
        for (conn, socket) in &mut self.sockets {
            for actual in socket.settled().await {
                let expected = self.expected.get_mut(conn).and_then(|e| e.pop_front());
                let expected =
                    expected.unwrap_or_else(|| panic!("{place}: nobody wanted {actual}"));
                let path = format!("{place}, socket {conn}");
                self.names.compare_text(&path, &expected, &actual);
                self.compared += 1;
            }
        }
    }

    async fn request(&mut self, place: &str, line: &Line) {
        let mut request = Request::builder()
            .method(line.method.as_str())
            .uri(self.names.ours(&line.target));
        for (name, value) in &line.headers {
            request = request.header(name, self.names.ours(value));
        }
        let body = Bytes::from(self.names.ours(&line.body));
        let answer = self.emulator.handle(&request.body(body).unwrap()).await;
        let Some(status) = line.status else {
            let cut = answer.extensions().get::<Disturbance>();
            assert_eq!(cut, Some(&Disturbance::RESET), "{place}");
            self.compared += 1;
            return;
        };
        assert_eq!(answer.status().as_u16(), status, "{place}: {}", line.target);
        if line.target.starts_with("/_lab/") {
            return;
        }
        for name in ["X-Simperium-Version", "Content-Type"] {
            let actual = answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap());
            let recorded = line.resp_headers.get(name).map(String::as_str);
            assert_eq!(actual, recorded, "{place}: {name}");
        }
        let actual = std::str::from_utf8(answer.body()).unwrap();
        self.names.compare_text(place, &line.resp_body, actual);
        self.compared += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn simperium3_is_answered_as_it_was() {
    assert_eq!(Replay::run("http_simperium3_0.1.5_vs_emulator").await, 42);
}

#[tokio::test(start_paused = true)]
async fn the_old_python_client_is_answered_as_it_was() {
    assert_eq!(
        Replay::run("http_simperium-python_py27_vs_emulator").await,
        21
    );
}

#[tokio::test(start_paused = true)]
async fn retries_and_odd_keys_are_answered_as_they_were() {
    assert!(Replay::run("http_retry_faults").await > 20);
}

#[tokio::test(start_paused = true)]
async fn the_protocol_samples_are_answered_as_they_were() {
    assert!(Replay::run("ws_protocol_samples_emulator").await > 35);
}

#[tokio::test(start_paused = true)]
async fn the_npm_client_and_all_error_codes_are_answered_as_they_were() {
    assert!(Replay::run("ws_npm-simperium-1.1.4_error_codes").await > 60);
}

#[tokio::test(start_paused = true)]
async fn the_npm_clients_in_concert_are_answered_as_they_were() {
    assert!(Replay::run("ws_npm-simperium-1.1.4_vs_emulator").await > 40);
}
