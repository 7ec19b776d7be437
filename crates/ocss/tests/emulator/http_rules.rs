//! Conditions, codings, and the faults that can be asked for.

use std::io::Read as _;

use http::StatusCode;
use ocss::emulator::{Disturbance, Emulator, Fault};

use crate::support::{Ask, text};

const VENDORS: &str = "/v2/phones/vendors/";
const VENDOR: &str = "/v2/phones/vendors/some-vendor-id";
const STORE: &str = "/v2/services/datastore/empty-store/content/";

#[test]
fn what_is_known_already_is_not_sent_again() {
    let emulator = Emulator::builder().build();
    let first = Ask::get(VENDOR).of(&emulator);
    let etag = first.headers()["etag"].to_str().unwrap();
    let second = Ask::get(VENDOR).header("if-none-match", etag).of(&emulator);
    assert_eq!((second.status().as_u16(), second.body().len()), (304, 0));
}

#[test]
fn a_change_that_is_only_wanted_if_nothing_is_there_is_not_made() {
    let emulator = Emulator::builder().build();
    let content = "/v2/services/datastore/my-datastore-client-id/content/my-content-id";
    let before = Ask::get(content).alice().of(&emulator);
    let put = Ask::new("PUT", content)
        .header("if-none-match", "*")
        .entry("<title>other</title>")
        .alice()
        .of(&emulator);
    assert_eq!(put.status(), 412);
    assert_eq!(emulator.executions(), 0);
    let after = Ask::get(content).alice().of(&emulator);
    assert_eq!(text(&after), text(&before));
}

#[test]
fn a_compressed_answer_is_the_same_answer() {
    let emulator = Emulator::builder().build();
    let plain = Ask::get(VENDORS).of(&emulator);
    let packed = Ask::get(VENDORS)
        .header("accept-encoding", "gzip")
        .of(&emulator);
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed.body()[..])
        .read_to_string(&mut unpacked)
        .unwrap();
    let entries = |body: &str| body.split_once("<entry>").unwrap().1.to_owned();
    assert_eq!(entries(&unpacked), entries(text(&plain)));
    assert!(packed.body().len() < plain.body().len());
}

#[test]
fn faults_before_the_effect_have_none_and_others_have_it() {
    let emulator = Emulator::builder().build();
    for (fault, stored) in [
        (Fault::status(StatusCode::SERVICE_UNAVAILABLE), 0),
        (
            Fault::redirect(StatusCode::TEMPORARY_REDIRECT, "/elsewhere"),
            0,
        ),
        (Fault::reset_before(), 0),
        (Fault::reset(), 1),
        (Fault::truncate(), 1),
        (Fault::malformed(), 1),
        (Fault::html(), 1),
        (Fault::xxe(), 1),
        (Fault::bare_created(), 1),
        (Fault::no_etag(), 1),
        (Fault::body("application/atom+xml", "<entry/>"), 1),
        (Fault::slow(std::time::Duration::from_secs(9)), 1),
    ] {
        emulator.reset();
        emulator
            .fault("^POST /v2/services", 1, fault.clone())
            .unwrap();
        let post = || {
            Ask::new("POST", STORE)
                .entry("<content type=\"text\">x</content>")
                .alice()
                .of(&emulator)
        };
        post();
        assert_eq!(emulator.executions(), stored, "{fault:?}");
        assert!(emulator.requests()[0].fault.is_some());
        assert_eq!(post().status(), 201, "a fault strikes once");
    }
}

#[test]
fn a_fault_shows_in_the_answer() {
    let emulator = Emulator::builder().page_size(3).build();
    let vendors = |fault: Fault| {
        emulator.fault("vendors", 1, fault).unwrap();
        Ask::get(VENDORS).of(&emulator)
    };
    let answer = vendors(Fault::reset());
    assert_eq!(answer.extensions().get(), Some(&Disturbance::RESET));
    let answer = vendors(Fault::next_loops());
    let url = "https://api.obexcode.com/v2/phones/vendors/";
    assert!(text(&answer).contains(&format!("<link rel=\"next\" href=\"{url}\"/>")));
    let answer = vendors(Fault::next_leads_to("http://elsewhere.invalid/"));
    assert!(text(&answer).contains("<link rel=\"next\" href=\"http://elsewhere.invalid/\"/>"));
    let answer = vendors(Fault::malformed());
    assert!(!text(&answer).ends_with("</feed>"));
    assert!(text(&vendors(Fault::xxe())).contains("<!DOCTYPE"));
    assert_eq!(
        vendors(Fault::html()).headers()["content-type"],
        "text/html"
    );
    let answer = vendors(Fault::redirect(StatusCode::FOUND, "/v2/there"));
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (302, &"/v2/there".parse().unwrap())
    );

    emulator.fault("POST", 1, Fault::bare_created()).unwrap();
    let answer = Ask::new("POST", STORE)
        .entry("<content>x</content>")
        .alice()
        .of(&emulator);
    assert_eq!((answer.status().as_u16(), answer.body().len()), (201, 0));
    assert!(
        answer.headers().contains_key("location")
            && !answer.headers().contains_key("content-location")
    );
    emulator.fault("GET", 1, Fault::no_etag()).unwrap();
    assert!(
        !Ask::get(VENDOR)
            .of(&emulator)
            .headers()
            .contains_key("etag")
    );
}

#[test]
fn heads_are_those_of_gets() {
    let emulator = Emulator::builder().build();
    let answer = Ask::new("HEAD", VENDOR).of(&emulator);
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["etag"]),
        (200, &Ask::get(VENDOR).of(&emulator).headers()["etag"])
    );
}
