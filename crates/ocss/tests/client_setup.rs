//! How a client can be set up: signatures, paths, clocks, entries.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::{Duration, SystemTime};

use http::StatusCode;
use ocss::emulator::{Emulator, Fault, Verdict};
use ocss::oauth1::{Placement, SignatureMethod};
use ocss::{Clock, OcssErrorExt as _, PathMap, Paths, RebaseRule, Role, SyncServerApi};
use support::Lab;

#[tokio::test]
async fn every_method_and_placement_is_verified() {
    let lab = Lab::socket().await;
    for method in [
        SignatureMethod::HmacSha1,
        SignatureMethod::HmacSha256,
        SignatureMethod::HmacSha512,
        SignatureMethod::Plaintext,
    ] {
        for placement in [Placement::Header, Placement::Query] {
            let builder = lab
                .builder()
                .auth(support::bob())
                .signature(method)
                .placement(placement);
            let api = builder.realm("SyncServer").build().unwrap();
            let store = api.clients().datastore().get("bobs-store").await.unwrap();
            store
                .contents()
                .dataclass("a b+c")
                .since("2009-11-01T12:30:00+01:00")
                .list()
                .await
                .unwrap();
            let made = store.contents().new("ø", "text/plain").await.unwrap();
            made.update_with(|change| change.title("t")).await.unwrap();
            made.delete().await.unwrap();
            let requests = lab.requests();
            assert!(support::all_verified(&requests), "{method} {placement:?}");
            for request in requests {
                let Verdict::Verified {
                    method: used,
                    in_header,
                    ..
                } = request.oauth
                else {
                    panic!()
                };
                assert_eq!(
                    (used, in_header),
                    (method.as_str(), placement == Placement::Header)
                );
            }
        }
    }
}

#[test]
fn plaintext_needs_privacy_or_consent() {
    let build = |url: &str, consent| {
        SyncServerApi::builder()
            .base_url(url)
            .auth(support::alice())
            .signature(SignatureMethod::Plaintext)
            .allow_plaintext_in_the_clear(consent)
            .build()
    };
    for url in [
        "https://h/v2/",
        "http://127.0.0.1:1/",
        "http://[::1]:1/",
        "http://localhost/",
    ] {
        assert!(build(url, false).is_ok(), "{url}");
    }
    for url in ["http://h/v2/", "http://10.0.0.1/"] {
        let error = build(url, false).unwrap_err();
        assert!(error.is_client() && error.is_local(), "{error:?}");
        assert!(build(url, true).is_ok());
    }
}

#[test]
fn addresses_that_are_none_are_refused() {
    for url in [
        "",
        "h/v2",
        "ftp://h/",
        "http:///v2/",
        "http://user:pw@h/",
        "http://h/?x=1",
    ] {
        let error = SyncServerApi::builder().base_url(url).build().unwrap_err();
        assert!(error.is_client() && error.is_local(), "{url}: {error:?}");
    }
    let api = SyncServerApi::builder()
        .base_url("http://h/v2")
        .build()
        .unwrap();
    assert_eq!(api.base_url(), "http://h/v2/");
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_once_and_remembered() {
    for ahead in [-86_400, 86_400] {
        let lab = Lab::socket().await;
        lab.emulator.set_clock_offset(ahead);
        let api = lab.alice();
        assert_eq!(api.clients().len().await.unwrap(), 6);
        assert_eq!(
            lab.requests().len(),
            2,
            "refused, and again with the server's time"
        );
        let store = api.clients().datastore().get("empty-store").await.unwrap();
        store.contents().new("x", "text/plain").await.unwrap();
        assert!(support::all_verified(&lab.requests()));

        let stubborn = lab
            .builder()
            .auth(support::alice())
            .follow_server_clock(false)
            .build()
            .unwrap();
        let error = stubborn.clients().len().await.unwrap_err();
        assert_eq!(error.oauth_problem(), Some("timestamp_refused"));
        assert_eq!(lab.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_post_refused_for_its_time_is_made_once() {
    let lab = Lab::plain();
    let api = lab.alice();
    let store = api.clients().datastore().get("empty-store").await.unwrap();
    lab.emulator.set_clock_offset(4_000);
    store.contents().new("x", "text/plain").await.unwrap();
    assert_eq!(store.contents().len().await.unwrap(), 1);
}

#[tokio::test]
async fn the_time_of_signatures_is_the_callers() {
    let lab = Lab::plain();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let api = lab
        .builder()
        .auth(support::alice())
        .clock(Clock::fixed(at))
        .follow_server_clock(false);
    let error = api.build().unwrap().clients().len().await.unwrap_err();
    assert_eq!(error.oauth_problem(), Some("timestamp_refused"));
}

#[tokio::test]
async fn paths_of_ones_own_are_used_and_the_service_is_not_asked_for_them() {
    let emulator = Emulator::builder().build();
    let map = PathMap::new()
        .collection(Role::Vendors, "phones/vendors/all.xml")
        .item(Role::Vendors, "phones/vendors/{id}");
    let api = SyncServerApi::builder()
        .base_url(emulator.url())
        .transport(emulator.transport())
        .paths(Paths::Custom(map))
        .build()
        .unwrap();
    assert_eq!(api.phones().vendors().list().await.unwrap().len(), 7);
    api.phones().vendors().get("some-vendor-id").await.unwrap();
    let targets: Vec<_> = emulator
        .requests()
        .iter()
        .map(|request| request.target.clone())
        .collect();
    assert_eq!(
        targets,
        [
            "/v2/phones/vendors/all.xml",
            "/v2/phones/vendors/some-vendor-id"
        ]
    );
}

#[tokio::test]
async fn a_service_is_asked_once_where_things_are() {
    let emulator = Emulator::builder()
        .layout(ocss::emulator::Layout::Moved)
        .build();
    let builder = || {
        SyncServerApi::builder()
            .base_url(emulator.url())
            .transport(emulator.transport())
    };
    let lost = builder().build().unwrap();
    assert!(
        lost.phones()
            .vendors()
            .len()
            .await
            .unwrap_err()
            .is_not_found(),
        "all paths have moved"
    );
    emulator.clear_log();
    let api = builder()
        .paths(Paths::Discover)
        .auth(support::alice())
        .build()
        .unwrap();
    assert_eq!(api.phones().vendors().len().await.unwrap(), 7);
    assert_eq!(api.clients().syncml().len().await.unwrap(), 2);
    let asked = emulator
        .requests()
        .iter()
        .filter(|request| request.path() == "/v2/")
        .count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn without_a_service_document_the_default_paths_hold() {
    let lab = Lab::plain();
    let builder = || lab.builder().paths(Paths::Discover);
    for fault in [
        Fault::status(StatusCode::NOT_FOUND),
        Fault::status(StatusCode::NOT_ACCEPTABLE),
        Fault::status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Fault::html(),
    ] {
        lab.emulator.fault("/v2/$", 1, fault).unwrap();
        assert_eq!(
            builder()
                .build()
                .unwrap()
                .phones()
                .vendors()
                .len()
                .await
                .unwrap(),
            7
        );
    }
    for fault in [Fault::status(StatusCode::BAD_GATEWAY), Fault::malformed()] {
        lab.emulator.fault("/v2/$", 1, fault).unwrap();
        let api = builder().build().unwrap();
        assert!(api.phones().vendors().len().await.unwrap_err().is_server());
        assert_eq!(
            api.phones().vendors().len().await.unwrap(),
            7,
            "asked again, after a failure"
        );
    }
}

#[tokio::test]
async fn a_collection_that_takes_nothing_is_not_sent_anything() {
    let lab = Lab::plain();
    let document = format!(
        "<service xmlns='http://www.w3.org/2007/app' xmlns:a='http://www.w3.org/2005/Atom'><workspace>\
         <collection href='{}services/google/'><a:title>gdata</a:title><accept/></collection>\
         </workspace></service>",
        lab.emulator.url()
    );
    lab.emulator
        .fault("/v2/$", 1, Fault::body("application/atomsvc+xml", document))
        .unwrap();
    let api = lab
        .builder()
        .auth(support::alice())
        .paths(Paths::Discover)
        .build()
        .unwrap();
    let error = api
        .clients()
        .gdata()
        .new("x@example.com")
        .await
        .unwrap_err();
    assert!(error.is_not_allowed() && error.is_local(), "{error:?}");
    assert!(lab.requests().is_empty());
    assert_eq!(api.clients().gdata().len().await.unwrap(), 1);
}

#[tokio::test]
async fn the_strict_rule_refuses_links_with_another_scheme() {
    let emulator = Emulator::builder().https_links(true).build();
    emulator.set_page_size(3);
    let api = |rule| {
        let builder = SyncServerApi::builder()
            .base_url(emulator.url())
            .transport(emulator.transport());
        builder.rebase(rule).build().unwrap()
    };
    assert_eq!(
        api(RebaseRule::SameHost)
            .phones()
            .vendors()
            .list()
            .await
            .unwrap()
            .len(),
        7
    );
    let error = api(RebaseRule::SameOrigin)
        .phones()
        .vendors()
        .list()
        .await
        .unwrap_err();
    assert!(error.is_protocol(), "{error:?}");
}

#[tokio::test]
async fn strict_entries_have_what_atom_wants() {
    let lab = Lab::plain();
    for (strict, expected) in [(false, false), (true, true)] {
        let api = lab
            .builder()
            .auth(support::alice())
            .strict_atom_entries(strict)
            .build()
            .unwrap();
        lab.requests();
        api.clients()
            .bind("another-client-id", "empty-store")
            .await
            .unwrap();
        let sent = String::from_utf8(lab.requests()[0].body.to_vec()).unwrap();
        for element in ["<id>urn:uuid:", "<updated>", "<author>", "<title"] {
            assert_eq!(sent.contains(element), expected, "{sent}");
        }
    }
}

#[tokio::test]
async fn requests_look_as_the_documentation_has_them() {
    let lab = Lab::plain();
    let api = lab.alice();
    api.clients()
        .bind("another-client-id", "empty-store")
        .await
        .unwrap();
    let request = lab.requests().remove(0);
    assert_eq!(request.headers["accept"], "application/atom+xml");
    assert_eq!(request.headers["content-type"], "application/atom+xml");
    let agent = request.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("ocss-rust/"), "{agent}");
    let authorization = request.headers["authorization"].to_str().unwrap();
    assert!(
        !authorization.contains("realm") && !authorization.contains("oauth_body_hash"),
        "{authorization}"
    );
}
