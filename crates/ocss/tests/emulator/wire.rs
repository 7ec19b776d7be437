//! The recorded requests of every operation, asked again in their order: the
//! answers are the recorded ones, but for times and new ids.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use http::StatusCode;
use ocss::emulator::{Account, Emulator, Fault};
use ocss::oauth1::{Credentials, Signer};
use serde_json::Value;

use crate::support::{Ask, text};

/// What the recording has, and what the same thing is called here.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Names {
    fn learn(&mut self, recorded: &str, here: &str) {
        if recorded != here {
            self.0.push((recorded.to_owned(), here.to_owned()));
        }
    }

    /// The last part of both URLs, which is an id.
    fn learn_ids(&mut self, recorded: &str, here: &str) {
        let id = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        self.learn(&id(recorded), &id(here));
    }

    fn translate(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// Times of the day of the recording and of today become `NOW`.
fn without_times(text: &str) -> String {
    let text = text.replace("<?xml version='1.0' encoding='utf-8'?>\n", "");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest
        .find("<updated>")
        .into_iter()
        .chain(rest.find("<published>"))
        .min()
    {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let (tag, value) = after.split_once('>').unwrap();
        out.push_str(tag);
        out.push('>');
        let (value, after) = value.split_once('<').unwrap();
        out.push_str(if value.starts_with("2009-") {
            value
        } else {
            "NOW"
        });
        out.push('<');
        rest = after;
    }
    out.push_str(rest);
    out
}

fn wrong_signer() -> Signer {
    let alice = Account::alice();
    Signer::new(Credentials::new(
        alice.consumer_key(),
        alice.consumer_secret().clone(),
        alice.access_key(),
        "not-the-secret".into(),
    ))
}

fn etag(headers: &http::HeaderMap) -> Option<&str> {
    headers.get("etag")?.to_str().ok()
}

#[test]
fn every_recorded_request_is_answered_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let vectors: BTreeMap<String, Value> = files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (
                name,
                serde_json::from_slice(&fs::read(path).unwrap()).unwrap(),
            )
        })
        .collect();
    assert_eq!(vectors.len(), 48);

    let emulator = Emulator::builder().build();
    let mut names = Names::default();
    for (name, vector) in &vectors {
        let (asked, answered) = (&vector["request"], &vector["response"]);
        let number: u32 = name[..2].parse().unwrap();
        // The first listings were recorded in small pages.
        emulator.set_page_size(if number <= 17 { 3 } else { 100 });
        let code = names.translate("29a03810dd");
        match name.as_str() {
            "15-detect-poll-unidentified" => assert!(emulator.visit(&code, None)),
            "16-detect-poll-identified" => assert!(emulator.visit(&code, Some("some-model-id"))),
            "48-server-error" => {
                let headers = http::HeaderMap::from_iter([
                    (
                        "content-type".parse().unwrap(),
                        "text/plain; charset=utf-8".parse().unwrap(),
                    ),
                    ("retry-after".parse().unwrap(), "2".parse().unwrap()),
                ]);
                let fault =
                    Fault::status_with(StatusCode::SERVICE_UNAVAILABLE, headers, "maintenance");
                emulator.fault("syncengine", 1, fault).unwrap();
            }
            _ => {}
        }

        let method = asked["method"].as_str().unwrap();
        let path = names.translate(asked["path"].as_str().unwrap());
        let mut ask = Ask::new(method, path);
        for (header, value) in asked["headers"].as_object().unwrap() {
            ask = ask.header(header, &names.translate(value.as_str().unwrap()));
        }
        if let Some(body) = asked["body"].as_str() {
            ask = ask.body(names.translate(body));
        }
        ask = match name.as_str() {
            "12-detect-auto-forbidden" => ask.signed(&Account::bob()),
            "47-bad-signature" => ask.signed_with(wrong_signer()),
            _ if asked["signed"] == true => ask.alice(),
            _ => ask,
        };
        let answer = ask.of(&emulator);
        let body = text(&answer);

        assert_eq!(
            answer.status().as_u16(),
            answered["status"],
            "{name}: {body}"
        );
        let recorded_body = answered["body"].as_str().unwrap();
        let here = |header: &str| {
            answer
                .headers()
                .get(header)
                .map(|value| value.to_str().unwrap())
        };
        if let (Some(recorded), Some(here)) =
            (answered["headers"]["Location"].as_str(), here("location"))
        {
            names.learn_ids(recorded, here);
        }
        if let (Some(recorded), Some(here)) = (answered["headers"]["ETag"].as_str(), here("etag")) {
            names.learn(recorded, here);
        }
        for (header, value) in answered["headers"].as_object().unwrap() {
            let recorded = names.translate(value.as_str().unwrap());
            assert_eq!(here(header), Some(recorded.as_str()), "{name}: {header}");
        }
        assert_eq!(
            etag(answer.headers()).is_some(),
            answered["headers"].get("ETag").is_some(),
            "{name}"
        );
        if name == "13-detect-manual" {
            let here = body
                .split_once("<oc:code>")
                .unwrap()
                .1
                .split_once('<')
                .unwrap()
                .0;
            names.learn("29a03810dd", here);
        }
        // The changes since the time of the recording are not asked for
        // again, but those since then.
        assert_eq!(
            without_times(body),
            without_times(&names.translate(recorded_body)),
            "{name}"
        );
    }
}
