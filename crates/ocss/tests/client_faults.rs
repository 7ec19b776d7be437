//! Bad days of the service: the documented class, a usable client, nothing
//! done twice.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use http::header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use ocss::api::Content;
use ocss::emulator::Fault;
use ocss::{ErrorClass, OcssErrorExt as _, Reason, SyncServerApi};
use support::{Lab, store};
use sync_core::testing::SecretSearch;
use sync_core::transport::Delivery;

fn with_header(status: StatusCode, name: http::HeaderName, value: &'static str) -> Fault {
    let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
    Fault::status_with(status, headers, "words")
}

async fn content(api: &SyncServerApi) -> Content {
    let contents = store(api).await.contents();
    contents.get("my-content-id").await.unwrap()
}

#[tokio::test]
async fn a_status_gives_its_documented_class_and_is_asked_for_once() {
    let lab = Lab::socket().await;
    let api = lab.alice();
    for (status, class) in [
        (400, ErrorClass::Client),
        (401, ErrorClass::NotAllowed),
        (403, ErrorClass::NotAllowed),
        (404, ErrorClass::NotFound),
        (405, ErrorClass::NotAllowed),
        (406, ErrorClass::Client),
        (409, ErrorClass::Client),
        (410, ErrorClass::NotFound),
        (412, ErrorClass::Client),
        (415, ErrorClass::Client),
        (422, ErrorClass::Client),
        (429, ErrorClass::Client),
        (500, ErrorClass::Server),
        (501, ErrorClass::Server),
        (502, ErrorClass::Server),
        (503, ErrorClass::Server),
        (504, ErrorClass::Server),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        lab.emulator.fault(".*", 1, Fault::status(status)).unwrap();
        lab.requests();
        let error = api
            .phones()
            .models()
            .get("some-model-id")
            .await
            .unwrap_err();
        assert_eq!(
            (error.class(), error.status()),
            (class, Some(status)),
            "{error:?}"
        );
        assert_eq!(lab.requests().len(), 1, "{status}");
        assert!(
            api.phones().models().get("some-model-id").await.is_ok(),
            "usable after {status}"
        );
    }
}

#[tokio::test]
async fn every_fault_of_an_answer_gives_its_class_and_leaves_the_client_usable() {
    let lab = Lab::socket().await;
    let api = lab.alice();
    let broken: Vec<(Fault, u32, ErrorClass)> = vec![
        (Fault::reset(), 3, ErrorClass::Connection),
        (Fault::reset_before(), 3, ErrorClass::Connection),
        (Fault::truncate(), 3, ErrorClass::Connection),
        (Fault::malformed(), 1, ErrorClass::Server),
        (Fault::html(), 1, ErrorClass::Server),
        (Fault::xxe(), 1, ErrorClass::Server),
        (
            Fault::body("application/atom+xml", ""),
            1,
            ErrorClass::Server,
        ),
        (
            Fault::body("application/atom+xml", "<rss/>"),
            1,
            ErrorClass::Server,
        ),
        (
            Fault::body(
                "application/atom+xml",
                "<feed xmlns='http://www.w3.org/2005/Atom'/>",
            ),
            1,
            ErrorClass::Server,
        ),
        (
            Fault::body(
                "application/atom+xml",
                "<entry xmlns='http://www.w3.org/2005/Atom'/>",
            ),
            1,
            ErrorClass::Server,
        ),
        (
            Fault::redirect(StatusCode::FOUND, "http://evil.example/x"),
            1,
            ErrorClass::Server,
        ),
        (
            Fault::redirect(StatusCode::FOUND, "https://evil.example/x"),
            1,
            ErrorClass::Server,
        ),
    ];
    for (fault, times, class) in broken {
        let shown = format!("{fault:?}");
        lab.emulator.fault("GET", times, fault).unwrap();
        let error = api
            .phones()
            .vendors()
            .get("some-vendor-id")
            .await
            .unwrap_err();
        assert_eq!(error.class(), class, "{shown}: {error:?}");
        assert!(!format!("{error:?}").contains("hostname"), "{error:?}");
        let vendor = api.phones().vendors().get("some-vendor-id").await.unwrap();
        assert_eq!(vendor.name().await.unwrap(), "HTC", "usable after {shown}");
    }
}

#[tokio::test]
async fn what_takes_too_long_is_a_connection_error() {
    let lab = Lab::socket().await;
    let api = lab
        .builder()
        .auth(support::alice())
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    lab.emulator
        .fault("GET", 9, Fault::slow(Duration::from_secs(3600)))
        .unwrap();
    let error = api.clients().len().await.unwrap_err();
    assert!(
        error.is_connection() && error.is_timeout().is_some(),
        "{error:?}"
    );
    lab.emulator.clear_faults();
    assert_eq!(lab.alice().clients().len().await.unwrap(), 6);
}

#[tokio::test]
async fn a_post_that_may_have_arrived_is_not_repeated() {
    for fault in [Fault::reset(), Fault::truncate(), Fault::malformed()] {
        let lab = Lab::socket().await;
        let contents = store(&lab.alice()).await.contents();
        lab.emulator.fault("POST", 1, fault.clone()).unwrap();
        lab.requests();
        let error = contents.new("x", "text/plain").await.unwrap_err();
        assert!(error.is_connection() || error.is_server(), "{error:?}");
        assert_eq!(lab.methods(), ["POST"]);
        assert_eq!(
            contents.len().await.unwrap(),
            16,
            "it was stored once: {fault:?}"
        );
    }
    let lab = Lab::plain();
    let contents = store(&lab.alice()).await.contents();
    for status in [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        lab.emulator
            .fault("POST", 1, with_header(status, RETRY_AFTER, "1"))
            .unwrap();
        let error = contents.new("x", "text/plain").await.unwrap_err();
        assert_eq!(
            error.retry_after(),
            Some(Duration::from_secs(1)),
            "{error:?}"
        );
    }
    assert_eq!(contents.len().await.unwrap(), 15);
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_counts_as_done() {
    let lab = Lab::socket().await;
    let contents = store(&lab.alice()).await.contents();
    lab.emulator.fault("DELETE", 1, Fault::reset()).unwrap();
    lab.requests();
    contents.delete("my-content-id").await.unwrap();
    assert_eq!(lab.methods(), ["DELETE", "DELETE"]);
    assert!(
        contents
            .delete("my-content-id")
            .await
            .unwrap_err()
            .is_not_found(),
        "a first 404 is one"
    );
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_no_conflict_with_itself() {
    let lab = Lab::socket().await;
    let content = content(&lab.alice()).await;
    lab.emulator.fault("PUT", 1, Fault::reset()).unwrap();
    lab.requests();
    content.set_title("mine");
    content.update().await.unwrap();
    assert_eq!(lab.methods(), ["PUT", "PUT", "GET"]);
    assert_eq!(content.title().await.unwrap().as_deref(), Some("mine"));
}

#[tokio::test]
async fn a_change_by_someone_else_is_a_conflict_that_loses_nothing() {
    let lab = Lab::plain();
    let api = lab.alice();
    let mine = content(&api).await;
    let theirs = content(&api).await;
    theirs
        .update_with(|change| change.title("theirs"))
        .await
        .unwrap();
    mine.set_dataclass("notes");
    let error = mine.update().await.unwrap_err();
    assert!(error.is_conflict() && error.is_client(), "{error:?}");
    // Read again, with what was staged still there.
    assert_eq!(mine.title().await.unwrap().as_deref(), Some("theirs"));
    mine.update().await.unwrap();
    let now = mine.snapshot().await.unwrap();
    assert_eq!(
        (now.title.as_deref(), now.dataclass.unwrap().as_str()),
        (Some("theirs"), "notes")
    );
}

#[tokio::test]
async fn deletions_can_be_made_conditional() {
    let lab = Lab::plain();
    let api = lab
        .builder()
        .auth(support::alice())
        .conditional_delete(true)
        .build()
        .unwrap();
    let mine = content(&api).await;
    let theirs = content(&api).await;
    theirs
        .update_with(|change| change.title("theirs"))
        .await
        .unwrap();
    assert!(mine.delete().await.unwrap_err().is_conflict());
    theirs.delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_a_get_that_is_told_to_wait_is_asked_again() {
    let lab = Lab::plain();
    let api = lab.alice();
    let busy = |pause| with_header(StatusCode::SERVICE_UNAVAILABLE, RETRY_AFTER, pause);
    lab.emulator.fault("GET", 1, busy("2")).unwrap();
    assert_eq!(api.clients().len().await.unwrap(), 6);
    assert_eq!(lab.requests().len(), 2);
    lab.emulator.fault("GET", 1, busy("31")).unwrap();
    let error = api.clients().len().await.unwrap_err();
    assert!(error.is_server(), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(31)));
    lab.emulator.fault("DELETE", 1, busy("1")).unwrap();
    let contents = store(&api).await.contents();
    assert!(
        contents
            .delete("my-content-id")
            .await
            .unwrap_err()
            .is_server()
    );
    assert!(contents.contains("my-content-id").await.unwrap());
}

#[tokio::test]
async fn redirects_within_the_service_are_followed_and_signed_afresh() {
    for name in ["plain", "https"] {
        let lab = match name {
            "plain" => Lab::socket().await,
            _ => Lab::plain(),
        };
        let api = lab.alice();
        // Also when it says http or https and the client came by the other.
        let origin = match name {
            "plain" => lab.emulator.origin(),
            _ => "https://localhost".to_owned(),
        };
        let there = format!("{origin}/v2/phones/vendors/some-vendor-id");
        for status in [301, 302, 303, 307, 308] {
            let status = StatusCode::from_u16(status).unwrap();
            lab.emulator
                .fault("/elsewhere", 1, Fault::redirect(status, &there))
                .unwrap();
            let vendor = api.phones().vendors().get("elsewhere").await.unwrap();
            assert_eq!(*vendor.id(), "some-vendor-id");
        }
        assert!(support::all_verified(&lab.requests()));
    }
}

#[tokio::test]
async fn redirects_of_writes_are_followed_only_when_they_keep_the_method() {
    let lab = Lab::plain();
    let contents = store(&lab.alice()).await.contents();
    let there = format!(
        "{}services/datastore/empty-store/content/",
        lab.emulator.url()
    );
    lab.emulator
        .fault(
            "POST",
            1,
            Fault::redirect(StatusCode::TEMPORARY_REDIRECT, &there),
        )
        .unwrap();
    contents.new("x", "text/plain").await.unwrap();
    let other = lab
        .alice()
        .clients()
        .datastore()
        .get("empty-store")
        .await
        .unwrap();
    assert_eq!(other.contents().len().await.unwrap(), 1);
    lab.emulator
        .fault("POST", 1, Fault::redirect(StatusCode::FOUND, &there))
        .unwrap();
    let error = contents.new("x", "text/plain").await.unwrap_err();
    assert!(error.is_server() && error.is_protocol(), "{error:?}");
    assert_eq!(other.contents().len().await.unwrap(), 1);
}

#[tokio::test]
async fn redirects_without_end_are_an_error() {
    let lab = Lab::plain();
    let there = format!("{}phones/vendors/x", lab.emulator.url());
    lab.emulator
        .fault("GET", 100, Fault::redirect(StatusCode::FOUND, &there))
        .unwrap();
    let error = lab.alice().phones().vendors().get("x").await.unwrap_err();
    assert!(error.is_server() && error.is_protocol(), "{error:?}");
    assert_eq!(lab.requests().len(), 6);
}

#[tokio::test]
async fn the_word_of_a_refusal_is_told_in_header_and_body_and_for_400_too() {
    let lab = Lab::plain();
    let api = lab.alice();
    let in_header = with_header(
        StatusCode::BAD_REQUEST,
        WWW_AUTHENTICATE,
        "OAuth realm=\"\", oauth_problem=\"something_new\"",
    );
    lab.emulator.fault("GET", 1, in_header).unwrap();
    let error = api.clients().len().await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::Unauthenticated));
    assert_eq!(error.oauth_problem(), Some("something_new"));
    let in_body = Fault::status_with(
        StatusCode::UNAUTHORIZED,
        HeaderMap::new(),
        "oauth_problem=token_revoked",
    );
    lab.emulator.fault("GET", 1, in_body).unwrap();
    let error = api.clients().len().await.unwrap_err();
    assert_eq!(error.oauth_problem(), Some("token_revoked"));
    assert_eq!(lab.requests().len(), 2, "no other signature would help");
}

#[tokio::test]
async fn wrong_credentials_are_refused_even_where_none_are_needed() {
    let lab = Lab::plain();
    let auth =
        ocss::SyncServerAuth::new("consumer-key-alice", "wrong", "access-key-alice", "wrong");
    let api = lab.builder().auth(auth).build().unwrap();
    let error = api.phones().vendors().len().await.unwrap_err();
    assert!(error.is_not_allowed(), "{error:?}");
}

#[tokio::test]
async fn what_was_created_is_fetched_when_the_answer_only_says_where_it_is() {
    let lab = Lab::plain();
    let contents = store(&lab.alice()).await.contents();
    lab.emulator
        .fault("POST", 1, Fault::bare_created())
        .unwrap();
    lab.requests();
    let made = contents.new("x", "text/plain").await.unwrap();
    assert_eq!(made.data().await.unwrap(), "x");
    assert_eq!(lab.methods(), ["POST", "GET"]);
    lab.emulator
        .fault("POST", 1, Fault::body("application/atom+xml", ""))
        .unwrap();
    let error = contents.new("x", "text/plain").await.unwrap_err();
    assert!(error.is_protocol(), "{error:?}");
    let elsewhere = with_header(StatusCode::CREATED, LOCATION, "https://evil.example/x");
    lab.emulator.fault("POST", 1, elsewhere).unwrap();
    let error = contents.new("x", "text/plain").await.unwrap_err();
    assert!(error.is_protocol(), "{error:?}");
}

#[tokio::test]
async fn updates_work_without_an_entity_tag() {
    let lab = Lab::plain();
    let store = store(&lab.alice()).await;
    lab.emulator.fault("GET", 1, Fault::no_etag()).unwrap();
    let content = store.contents().get("my-content-id").await.unwrap();
    lab.requests();
    content
        .update_with(|change| change.title("t"))
        .await
        .unwrap();
    assert!(!lab.requests()[0].headers.contains_key("if-match"));
}

#[tokio::test]
async fn a_change_whose_answer_was_cut_is_made_once_and_read_back() {
    let lab = Lab::socket().await;
    let content = content(&lab.alice()).await;
    lab.emulator.fault("PUT", 1, Fault::truncate()).unwrap();
    lab.requests();
    content.set_title("done");
    let error = content.update().await.unwrap_err();
    assert!(error.is_connection(), "{error:?}");
    assert_eq!(error.delivery(), Delivery::Answered);
    assert!(error.operation().is_some() && error.request().is_some());
    assert_eq!(lab.methods(), ["PUT"]);
    // What was cached is of before, and the change is still staged: sending it
    // again meets no conflict.
    content.update().await.unwrap();
    assert_eq!(lab.methods(), ["GET", "PUT"]);
    let now = content.snapshot().await.unwrap();
    assert_eq!(now.title.as_deref(), Some("done"));
}

#[tokio::test]
async fn a_secret_that_is_repeated_as_markup_is_not_shown_either() {
    const PASSWORD: &str = "p<a&s>s\"w'ord";
    let spellings = [
        "p&lt;a&amp;s>s\"w'ord",
        "p&lt;a&amp;s&gt;s\"w'ord",
        "p&lt;a&amp;s&gt;s&quot;w&apos;ord",
        "p&lt;a&amp;s&gt;s&quot;w&#x27;ord",
        "p&lt;a&amp;s&gt;s&#34;w&#39;ord",
        "consumer&amp;secret%bob=",
    ];
    let search = SecretSearch::new(spellings);
    let lab = Lab::plain();
    let api = lab.bob();
    for around in ["sent: ", "<error>"] {
        let words = format!("{around}{}", spellings.join(" "));
        let refusal = Fault::status_with(StatusCode::BAD_REQUEST, HeaderMap::new(), words);
        lab.emulator.fault("POST", 1, refusal).unwrap();
        let error = api.clients().activesync().new("kari", PASSWORD).await;
        let error = error.unwrap_err();
        search.assert_absent_in_error(&error);
        search.assert_absent("the snippet", &format!("{:?}", error.snippet()));
    }
}
