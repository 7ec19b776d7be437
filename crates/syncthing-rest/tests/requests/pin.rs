//! One pinned request.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, IntoFuture};

use syncthing_rest::{Client, Endpoint, Error};

use crate::common::{Answer, Daemon, KEY};

/// A daemon, a client of it, and the endpoints that were pinned.
pub(crate) struct Pins {
    pub(crate) daemon: Daemon,
    pub(crate) client: Client,
    covered: BTreeSet<&'static str>,
}

/// What must arrive, and what is answered.
pub(crate) struct Expected {
    method: &'static str,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
    answer: Answer,
}

fn request(method: &'static str, target: impl Into<String>) -> Expected {
    Expected {
        method,
        target: target.into(),
        headers: BTreeMap::new(),
        body: String::new(),
        answer: Answer::new(200, ""),
    }
}

/// A request for JSON.
pub(crate) fn get(target: impl Into<String>, answer: &str) -> Expected {
    request("GET", target).json(answer)
}

/// A request for something else.
pub(crate) fn get_plain(target: impl Into<String>, answer: &str) -> Expected {
    request("GET", target).answer(200, answer)
}

pub(crate) fn post(target: impl Into<String>) -> Expected {
    request("POST", target)
}

pub(crate) fn put(target: impl Into<String>) -> Expected {
    request("PUT", target)
}

pub(crate) fn patch(target: impl Into<String>) -> Expected {
    request("PATCH", target)
}

pub(crate) fn delete(target: impl Into<String>) -> Expected {
    request("DELETE", target)
}

impl Expected {
    /// Answered with JSON, which was asked for.
    pub(crate) fn json(self, answer: &str) -> Self {
        self.header("accept", "application/json")
            .answer(200, answer)
    }

    pub(crate) fn answer(mut self, status: u16, body: &str) -> Self {
        self.answer.status = status;
        self.answer.body = body.to_owned();
        self
    }

    pub(crate) fn answer_header(mut self, name: &str, value: &str) -> Self {
        self.answer = self.answer.header(name, value);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    pub(crate) fn json_body(self, body: impl Into<String>) -> Self {
        self.body("application/json", body)
    }
}

impl Pins {
    pub(crate) async fn start() -> Self {
        let daemon = Daemon::start().await;
        let client = daemon.client();
        Self {
            daemon,
            client,
            covered: BTreeSet::new(),
        }
    }

    /// Makes the call and compares everything that arrived.
    pub(crate) async fn check<T>(
        &mut self,
        call: impl IntoFuture<Output = Result<T, Error>>,
        expected: Expected,
    ) -> T {
        self.check_all(call.into_future(), [expected]).await
    }

    /// The same for a call of several requests.
    pub(crate) async fn check_all<T>(
        &mut self,
        call: impl Future<Output = Result<T, Error>>,
        expected: impl IntoIterator<Item = Expected>,
    ) -> T {
        let expected: Vec<_> = expected.into_iter().collect();
        for expected in &expected {
            self.daemon.answer(expected.answer.clone());
        }
        let line = format!("{} {}", expected[0].method, expected[0].target);
        let result = Box::pin(call)
            .await
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        let seen = self.daemon.seen();
        assert_eq!(seen.len(), expected.len(), "{line}");
        for (mut seen, expected) in seen.into_iter().zip(expected) {
            assert_eq!(
                (&*seen.method, &seen.target),
                (expected.method, &expected.target)
            );
            assert_eq!(seen.body, expected.body, "{line}");
            let mut headers = expected.headers;
            headers.insert(String::from("host"), self.daemon.address());
            headers.insert(String::from("x-api-key"), KEY.to_owned());
            let agent = concat!("syncthing-rest/", env!("CARGO_PKG_VERSION"));
            headers.insert(String::from("user-agent"), agent.to_owned());
            // Offered where another crate of the build has asked core for it.
            if let Some(codings) = seen.headers.remove("accept-encoding") {
                for coding in codings.split(", ") {
                    assert!(["gzip", "br", "zstd"].contains(&coding), "{line}: {coding}");
                }
            }
            if let Some(length) = seen.headers.remove("content-length") {
                assert_eq!(length, seen.body.len().to_string(), "{line}");
            }
            assert_eq!(seen.headers, headers, "{line}");
            self.covered.insert(endpoint(&seen.method, &seen.target));
        }
        result
    }

    /// The names of the endpoints that were called.
    pub(crate) fn covered(&self) -> &BTreeSet<&'static str> {
        &self.covered
    }
}

/// The endpoint that has this method and path.
fn endpoint(method: &str, target: &str) -> &'static str {
    let path = target.split('?').next().unwrap();
    let fits = |template: &str| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template
                .zip(path)
                .all(|(place, part)| place.starts_with('{') || place == part)
    };
    let mut found = Endpoint::all()
        .iter()
        .map(|endpoint| endpoint.operation())
        .filter(|operation| operation.method().as_str() == method && fits(operation.template()));
    let operation = found
        .next()
        .unwrap_or_else(|| panic!("no endpoint is {method} {path}"));
    assert!(
        found.next().is_none(),
        "{method} {path} is of two endpoints"
    );
    operation.name()
}
