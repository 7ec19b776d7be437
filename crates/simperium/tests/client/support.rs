//! What these tests share: clients of an emulator, and of made-up answers.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use simperium::emulator::Emulator;
use simperium::{Api, ApiBuilder, Backoff, Bucket, Error, RetryPolicy, SimperiumErrorExt as _};
use sync_core::testing::mock::{self, Answer, ReplyTransport};

pub(crate) const TOKEN: &str = "lab-ann-0123456789abcdef0123456789abcdef";
pub(crate) const ADMIN: &str = "lab-admin-0123456789abcdef0123456789ab";

/// Repeats at once.
pub(crate) fn eager() -> RetryPolicy {
    RetryPolicy::default()
        .max_attempts(5)
        .backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

pub(crate) fn emulator() -> Emulator {
    Emulator::builder().seed(1).build()
}

pub(crate) fn builder(emulator: &Emulator, token: &str) -> ApiBuilder {
    Api::builder("app", token)
        .host(emulator.origin())
        .transport(emulator.transport())
        .retry(eager())
}

pub(crate) fn api(emulator: &Emulator) -> Api {
    builder(emulator, TOKEN).build().unwrap()
}

pub(crate) fn todo(emulator: &Emulator) -> Bucket<Value> {
    api(emulator).bucket("todo").unwrap()
}

/// A bucket whose answers are made up, one after the other.
pub(crate) fn answered(
    answers: impl IntoIterator<Item = Answer>,
) -> (Bucket<Value>, Arc<ReplyTransport>) {
    let transport = Arc::new(ReplyTransport::queue(answers));
    let api = Api::builder("app", "a-token-of-somebody")
        .transport(Arc::clone(&transport))
        .retry(eager())
        .build()
        .unwrap();
    (api.bucket("todo").unwrap(), transport)
}

pub(crate) fn ok(body: &'static str) -> Answer {
    status(200, body)
}

pub(crate) fn status(status: u16, body: &'static str) -> Answer {
    Ok(mock::response(StatusCode::from_u16(status).unwrap(), body))
}

pub(crate) fn with(answer: Answer, name: &'static str, value: &'static str) -> Answer {
    answer.map(|answer| mock::with_header(answer, name, value))
}

pub(crate) fn versioned(answer: Answer, version: &'static str) -> Answer {
    with(answer, "x-simperium-version", version)
}

/// What the error is in the service's terms.
pub(crate) fn kind(error: &Error) -> simperium::SimperiumError {
    let kind = error.simperium().cloned();
    kind.unwrap_or_else(|| panic!("{error:?}"))
}

/// The objects of `todo`, by what the service says itself.
pub(crate) fn objects(emulator: &Emulator) -> Vec<(String, u64, Value)> {
    let objects = emulator.objects("app", TOKEN, "todo").into_iter();
    objects
        .map(|(key, (version, data))| (key, version, data))
        .collect()
}
