//! Whatever is asked: there is an answer, and it is nobody's fault but the
//! asker's.

use std::sync::OnceLock;

use ocss::emulator::Emulator;
use proptest::prelude::*;

use crate::support::Ask;

/// One for all requests, so that they meet what earlier ones have left.
fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(|| Emulator::builder().control(false).log_limit(0).build())
}

const PIECES: &[&str] = &[
    "v2",
    "phones",
    "vendors",
    "models",
    "detect",
    "auto",
    "manual",
    "poll",
    "services",
    "syncml",
    "datastore",
    "activesync",
    "google",
    "content",
    "setup",
    "sync",
    "datastores",
    "edit",
    "syncengine",
    "bindings",
    "some-vendor-id",
    "some-client-id",
    "my-datastore-client-id",
    "my-content-id",
    "another-client-id",
    "123",
    "18446744073709551615",
    "all.xml",
    "images",
    "",
    ".",
    "..",
    "%2F",
    "%FF",
    "%00",
    "%C3%A5",
    "_lab",
    "log",
    "fault",
];

fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![4 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => "[a-zA-Z0-9%.~+-]{0,12}"];
    let query = prop_oneof![
        3 => Just(String::new()),
        1 => "(page|since|dataclass|number|code|oauth_nonce|x)=[0-9a-zA-Z%+:-]{0,20}(&page=[0-9]{1,25})?",
    ];
    (prop::collection::vec(piece, 0..6), query).prop_map(|(pieces, query)| match query.as_str() {
        "" => format!("/v2/{}", pieces.join("/")),
        query => format!("/v2/{}?{query}", pieces.join("/")),
    })
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "\\PC{0,40}",
        "<(entry|oc:client|content|title|/entry)( xmlns='http://www.w3.org/2005/Atom')?>[a-z&;#0-9<>/]{0,30}(</entry>)?",
        "(<content type='[a-z/+;]{0,15}'>[a-zA-Z0-9=]{0,20}</content>)?(<oc:(source|target|username|pincode|name|dataclass)>[a-z0-9-]{0,10}</oc:(source|target|username|pincode|name|dataclass)>)?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_request_has_an_answer(
        method in prop::sample::select(&["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"][..]),
        path in path(),
        body in body(),
        content_type in prop::sample::select(&["application/atom+xml", "text/plain", "image/png", "application/xml", ""][..]),
        as_entry: bool,
        signed: bool,
        header in prop::option::of(("(if-match|if-none-match|accept-encoding|slug|authorization)", "[a-zA-Z0-9\"=,%;* -]{0,40}")),
    ) {
        if path.parse::<http::uri::PathAndQuery>().is_err() {
            return Ok(());
        }
        let mut ask = Ask::new(method, path);
        ask = if as_entry { ask.entry(&body) } else { ask.header("content-type", content_type).body(body) };
        if let Some((name, value)) = header {
            ask = ask.header(&name, &value);
        }
        if signed {
            ask = ask.alice();
        }
        let status = ask.of(emulator()).status();
        prop_assert!(status.is_success() || status.is_client_error() || status == 304, "{}", status);
    }

    #[test]
    fn every_authorization_has_an_answer(header in "OAuth [a-z_=\", %0-9A-Z]{0,80}|[ -~]{0,60}") {
        let answer = Ask::get("/v2/services/").header("authorization", &header).of(emulator());
        prop_assert!(matches!(answer.status().as_u16(), 400 | 401));
    }
}
