//! Listings: their ends, their circles, and what is at other places.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use http::StatusCode;
use ocss::emulator::{Emulator, Fault};
use ocss::{OcssErrorExt as _, SyncServerApi};
use support::Lab;
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Body, TransportError};

#[tokio::test]
async fn pages_in_a_circle_end_in_an_error_and_so_does_the_stream() {
    let lab = Lab::plain();
    lab.emulator.set_page_size(3);
    let vendors = lab.anonymous().phones().vendors();
    lab.emulator
        .fault("GET", 1000, Fault::next_loops())
        .unwrap();
    let error = vendors.list().await.unwrap_err();
    assert!(error.is_server() && error.is_protocol(), "{error:?}");
    assert!(error.to_string().contains("circle"), "{error}");
    let results: Vec<_> = vendors.stream().collect().await;
    assert!(results.last().unwrap().is_err());
    assert_eq!(
        results.iter().filter(|result| result.is_err()).count(),
        1,
        "it ends after an error"
    );
}

#[tokio::test]
async fn a_circle_is_found_though_each_link_repeats_the_signature_it_was_asked_with() {
    let page = |nonce: usize| {
        let next = format!("?page=2&amp;oauth_nonce=n{nonce}&amp;oauth%5Ftimestamp={nonce}");
        let feed = format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><link rel='next' href='{next}'/></feed>"
        );
        Ok(http::Response::new(Body::from(feed)))
    };
    let api = || {
        let transport = ReplyTransport::queue((0..5).map(page));
        let builder = SyncServerApi::builder().auth(support::alice());
        builder.transport(transport).build().unwrap()
    };
    let error = api().phones().vendors().list().await.unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
    let error = api().phones().vendors().stream().try_next().await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_followed() {
    let stranger = Emulator::builder().start().await.unwrap();
    let lab = Lab::socket().await;
    lab.emulator.set_page_size(3);
    for url in [
        stranger.url(),
        "ftp://127.0.0.1/".to_owned(),
        "http://user@127.0.0.1/".to_owned(),
        "::".to_owned(),
    ] {
        let fault = Fault::next_leads_to(format!("{url}phones/vendors/?page=2"));
        lab.emulator.fault("GET", 1, fault).unwrap();
        let error = lab.alice().phones().vendors().list().await.unwrap_err();
        assert!(error.is_protocol(), "{url}: {error:?}");
    }
    assert!(
        stranger.requests().is_empty(),
        "nobody else saw a signature"
    );
    assert_eq!(
        lab.alice().phones().vendors().list().await.unwrap().len(),
        7
    );
}

#[tokio::test]
async fn a_listing_with_too_many_pages_is_an_error() {
    let lab = Lab::plain();
    lab.emulator.set_page_size(1);
    let api = lab.builder().page_limit(7).build().unwrap();
    assert_eq!(api.phones().vendors().list().await.unwrap().len(), 7);
    let api = lab.builder().page_limit(6).build().unwrap();
    let error = api.phones().vendors().list().await.unwrap_err();
    assert!(
        error.is_protocol() && error.to_string().contains("6 pages"),
        "{error}"
    );
}

#[tokio::test]
async fn a_stream_asks_for_a_page_only_when_it_needs_one() {
    let lab = Lab::plain();
    lab.emulator.set_page_size(3);
    let vendors = lab.anonymous().phones().vendors();
    let mut stream = vendors.stream();
    assert!(lab.requests().is_empty());
    for _ in 0..3 {
        stream.try_next().await.unwrap().unwrap();
    }
    assert_eq!(lab.requests().len(), 1);
    stream.try_next().await.unwrap().unwrap();
    assert_eq!(lab.requests().len(), 1);
}

#[tokio::test]
async fn a_stream_that_looks_ahead_asks_for_one_page_more() {
    let lab = Lab::plain();
    lab.emulator.set_page_size(3);
    let vendors = lab.anonymous().phones().vendors();
    let mut stream = vendors.stream().prefetch(1);
    assert!(lab.requests().is_empty());
    stream.try_next().await.unwrap().unwrap();
    let asked = |lab: &Lab| -> Vec<String> {
        let requests = lab.requests();
        requests
            .iter()
            .map(|request| request.target.clone())
            .collect()
    };
    assert_eq!(
        asked(&lab),
        ["/v2/phones/vendors/", "/v2/phones/vendors/?page=2"]
    );
    for _ in 1..3 {
        stream.try_next().await.unwrap().unwrap();
    }
    assert!(asked(&lab).is_empty(), "one page ahead, no more");
    stream.try_next().await.unwrap().unwrap();
    assert_eq!(asked(&lab), ["/v2/phones/vendors/?page=3"]);
    let mut left = 0;
    while stream.try_next().await.unwrap().is_some() {
        left += 1;
    }
    assert_eq!(left, 3);
    assert!(asked(&lab).is_empty());
}

#[tokio::test]
async fn a_look_ahead_that_fails_is_told_when_its_turn_comes() {
    let lab = Lab::plain();
    lab.emulator.set_page_size(3);
    let vendors = lab.anonymous().phones().vendors();
    lab.emulator
        .fault(
            "page=2",
            1,
            Fault::status(StatusCode::INTERNAL_SERVER_ERROR),
        )
        .unwrap();
    let mut stream = vendors.stream().prefetch(1);
    for _ in 0..3 {
        stream.try_next().await.unwrap().unwrap();
    }
    assert!(stream.try_next().await.unwrap_err().is_server());
    assert!(stream.try_next().await.unwrap().is_none());
}

/// A page that comes in pieces, each only when it is let through, and that can
/// break off.
fn in_pieces(pieces: Vec<Result<String, TransportError>>, polled: Arc<AtomicUsize>) -> Body {
    let pieces = futures_util::stream::iter(pieces).map(move |piece| {
        polled.fetch_add(1, Ordering::Relaxed);
        piece.map(bytes::Bytes::from)
    });
    Body::from_stream(pieces)
}

fn entries(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| format!("<entry><id>urn:uuid:{id}</id><title>t{id}</title></entry>"))
        .collect()
}

const FEED: &str = "<feed xmlns='http://www.w3.org/2005/Atom'>";

#[tokio::test]
async fn members_are_handed_out_while_their_page_is_on_its_way() {
    let polled = Arc::new(AtomicUsize::new(0));
    let mut pieces = vec![Ok(format!("{FEED}{}", entries(0..1)))];
    pieces.extend((1..50).map(|id| Ok(entries(id..id + 1))));
    pieces.push(Ok("</feed>".to_owned()));
    let page = http::Response::new(in_pieces(pieces, Arc::clone(&polled)));
    let transport = Arc::new(ReplyTransport::queue([Ok(page)]));
    let api = SyncServerApi::builder()
        .transport(transport)
        .build()
        .unwrap();
    let mut vendors = api.phones().vendors().stream();
    for id in 0..50 {
        let vendor = vendors.try_next().await.unwrap().unwrap();
        assert_eq!(*vendor.id(), id.to_string().as_str());
        let read = polled.load(Ordering::Relaxed);
        assert!(
            read <= id + 2,
            "{read} pieces were read for {} members",
            id + 1
        );
    }
    assert!(vendors.try_next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_breaks_off_is_asked_for_again_and_goes_on_where_it_was() {
    let cut = || {
        Err(TransportError::new(
            TransportErrorKind::Reset,
            Delivery::Answered,
        ))
    };
    let page = |pieces| Ok(http::Response::new(in_pieces(pieces, Arc::default())));
    let head = |ids| Ok(format!("{FEED}{}", entries(ids)));
    let whole = || page(vec![head(0..9), Ok("</feed>".to_owned())]);
    let ids = |results: Vec<Result<ocss::api::Vendor, ocss::Error>>| -> Vec<Option<String>> {
        let id = |result: Result<ocss::api::Vendor, _>| Some(result.ok()?.id().to_string());
        results.into_iter().map(id).collect()
    };
    let all: Vec<_> = (0..9).map(|id| Some(id.to_string())).collect();

    let pages = [
        page(vec![head(0..4), cut()]),
        page(vec![head(0..2), cut()]),
        whole(),
    ];
    let transport = Arc::new(ReplyTransport::queue(pages));
    let api = SyncServerApi::builder()
        .transport(Arc::clone(&transport))
        .build()
        .unwrap();
    let results = api.phones().vendors().stream().collect().await;
    assert_eq!(ids(results), all);
    assert_eq!(transport.requests().len(), 3);

    // Three times is enough.
    let pages = [(); 3].map(|()| page(vec![head(0..4), cut()]));
    let transport = Arc::new(ReplyTransport::queue(pages));
    let api = SyncServerApi::builder()
        .transport(Arc::clone(&transport))
        .build()
        .unwrap();
    let mut results: Vec<_> = api.phones().vendors().stream().collect().await;
    let error = results.pop().unwrap().unwrap_err();
    assert!(
        error.is_connection() && error.request().is_some(),
        "{error:?}"
    );
    assert_eq!(ids(results), all[..4]);
    assert_eq!(transport.requests().len(), 3);
}

#[tokio::test]
async fn a_page_that_is_no_feed_ends_the_stream_without_a_secret_in_its_error() {
    let lab = Lab::plain();
    let api = lab.alice();
    for body in [
        "<consumer-secret-alice/>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>x</title></entry></feed>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>a</id></feed>",
        "<!DOCTYPE feed><feed xmlns='http://www.w3.org/2005/Atom'/>",
        "",
    ] {
        let fault = Fault::body("application/atom+xml", body);
        lab.emulator.fault("GET", 1, fault).unwrap();
        let mut results: Vec<_> = api.clients().stream().collect().await;
        let error = results.pop().unwrap().unwrap_err();
        assert!(
            error.is_protocol() && results.is_empty(),
            "{body}: {error:?}"
        );
        let shown = format!("{error} {error:?} {error:#?}");
        assert!(!shown.contains("consumer-secret-alice"), "{shown}");
        assert!(
            shown.contains("clients.list") && shown.contains("/v2/services/"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_member_that_comes_twice_counts_once_and_a_later_change_wins() {
    let lab = Lab::plain();
    let entry = |title: &str, operation: &str| {
        format!(
            "<entry><id>urn:uuid:a</id><title>{title}</title><updated>2010-01-01T00:00:00Z</updated>\
             <oc:operation>{operation}</oc:operation></entry>"
        )
    };
    let feed = format!(
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:oc='http://schemas.obexcode.com/syncserver/2009' \
         xmlns:at='http://purl.org/atompub/tombstones/1.0'>{}{}\
         <at:deleted-entry ref='urn:uuid:b' when='2010-01-02T00:00:00Z'/></feed>",
        entry("one", "insert"),
        entry("two", "update")
    );
    let fault = || Fault::body("application/atom+xml", feed.clone());
    let store = support::store(&lab.alice()).await;

    lab.emulator.fault("GET", 1, fault()).unwrap();
    let listed = store.contents().list().await.unwrap();
    assert_eq!(listed.len(), 1, "what is deleted is no member");
    assert_eq!(listed[0].title().await.unwrap().as_deref(), Some("one"));

    lab.emulator.fault("GET", 1, fault()).unwrap();
    let mut stream = store.contents().dataclass("contacts").stream();
    let streamed = stream.try_next().await.unwrap().unwrap();
    assert_eq!(*streamed.id(), "a");
    assert!(stream.try_next().await.unwrap().is_none());

    lab.emulator.fault("GET", 1, fault()).unwrap();
    let changes = store
        .contents()
        .changes("2009-01-01T000000Z")
        .await
        .unwrap();
    let told: Vec<_> = changes
        .changes
        .iter()
        .map(|change| (change.id.as_str(), change.operation.as_str()))
        .collect();
    assert_eq!(told, [("a", "update"), ("b", "delete")]);
    let title = changes.changes[0]
        .content
        .as_ref()
        .unwrap()
        .title()
        .await
        .unwrap();
    assert_eq!(title.as_deref(), Some("two"));
    let mark = changes.next_mark().unwrap();
    assert_eq!(
        mark.as_str(),
        "2010-01-02T000000Z",
        "for want of a better time, the latest change"
    );

    lab.emulator.fault("GET", 1, fault()).unwrap();
    assert_eq!(
        store.contents().len().await.unwrap(),
        1,
        "counted, as the service does not say"
    );
}

#[tokio::test]
async fn those_who_ask_at_the_same_time_share_one_request() {
    let lab = Lab::socket().await;
    let api = lab.alice();
    let vendors = api.phones().vendors();
    lab.requests();
    let clone = vendors.clone();
    let (one, two, three) = tokio::join!(vendors.list(), clone.list(), vendors.list());
    assert!(one.unwrap().len() == 7 && two.unwrap().len() == 7 && three.unwrap().len() == 7);
    assert_eq!(lab.requests().len(), 1);

    let vendor = vendors.get("some-vendor-id").await.unwrap();
    vendor.refresh();
    lab.requests();
    let other = vendor.clone();
    let (one, two, three) = tokio::join!(vendor.name(), other.snapshot(), vendor.created());
    assert_eq!(one.unwrap(), two.unwrap().name);
    three.unwrap();
    let requests = lab.requests();
    assert_eq!(requests.len(), 1);
    assert!(
        requests[0].headers.contains_key("if-none-match"),
        "asks only whether it has changed"
    );
}

#[tokio::test]
async fn what_has_not_changed_is_taken_as_it_was() {
    let entry =
        "<entry xmlns='http://www.w3.org/2005/Atom'><id>urn:uuid:v</id><title>HTC</title></entry>";
    let unchanged = mock::response(StatusCode::NOT_MODIFIED, "");
    let transport = Arc::new(ReplyTransport::queue([
        Ok(mock::with_header(
            mock::response(StatusCode::OK, entry),
            "etag",
            "\"1\"",
        )),
        Ok(unchanged),
        Ok(mock::response(StatusCode::NOT_MODIFIED, "")),
    ]));
    let api = SyncServerApi::builder()
        .transport(Arc::clone(&transport))
        .build()
        .unwrap();
    let vendor = api.phones().vendors().get("v").await.unwrap();
    vendor.refresh();
    assert_eq!(vendor.name().await.unwrap(), "HTC");
    assert_eq!(transport.requests()[1].headers()["if-none-match"], "\"1\"");
    // To who has not asked for it, it is no answer.
    let error = api.phones().vendors().get("v").await.unwrap_err();
    assert!(error.is_protocol(), "{error:?}");
}

#[tokio::test]
async fn a_reader_that_gives_up_leaves_the_others_alone() {
    let lab = Lab::plain();
    let vendor = lab
        .anonymous()
        .phones()
        .vendors()
        .get("some-vendor-id")
        .await
        .unwrap();
    vendor.refresh();
    lab.requests();
    let slow = Fault::slow(std::time::Duration::from_secs(3600));
    lab.emulator.fault("GET", 1, slow).unwrap();
    let mut first = Box::pin(vendor.name());
    assert!(futures_util::poll!(&mut first).is_pending());
    let mut second = Box::pin(vendor.name());
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(first);
    assert_eq!(second.await.unwrap(), "HTC");
}

#[tokio::test]
async fn a_link_without_an_address_leads_nowhere() {
    let feed = "<feed xmlns='http://www.w3.org/2005/Atom'><link rel='next'/>\
                <entry><id>urn:uuid:1</id><link rel='edit'/>\
                <link rel='http://schemas.obexcode.com/syncserver/2009#contents'/></entry></feed>";
    let transport = Arc::new(ReplyTransport::new(move |request| {
        Ok(match *request.method() {
            http::Method::GET => mock::response(StatusCode::OK, feed),
            _ => mock::response(StatusCode::NO_CONTENT, ""),
        })
    }));
    let api = SyncServerApi::builder()
        .base_url("https://h/v2/")
        .auth(support::alice())
        .transport(Arc::clone(&transport))
        .build()
        .unwrap();
    let stores = api.clients().datastore().list().await.unwrap();
    stores[0].contents().list().await.unwrap();
    stores[0].delete().await.unwrap();
    let asked: Vec<_> = transport
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method(), request.uri().path()))
        .collect();
    assert_eq!(
        asked,
        [
            "GET /v2/services/datastore/",
            "GET /v2/services/datastore/1/content/",
            "DELETE /v2/services/datastore/1"
        ],
        "least of all to the whole collection"
    );
}

#[tokio::test]
async fn a_page_may_be_longer_than_an_answer_but_not_what_is_held_of_it() {
    let options = ocss::CallOptions::new().max_body(1 << 20);
    let endless = |unit: String, units: usize| {
        let transport = ReplyTransport::new(move |_| {
            let mut pieces = vec![Ok(FEED.to_owned())];
            pieces.extend(std::iter::repeat_n(unit.clone(), units).map(Ok));
            pieces.push(Ok("</feed>".to_owned()));
            Ok(http::Response::new(in_pieces(pieces, Arc::default())))
        });
        let builder = SyncServerApi::builder().transport(Arc::new(transport));
        builder.with_options(|_| options.clone()).build().unwrap()
    };
    let many = endless(entries(0..1) + &" ".repeat(100_000), 30);
    let vendors: Vec<_> = many.phones().vendors().stream().collect().await;
    assert!(vendors.len() == 1 && vendors[0].is_ok(), "{vendors:?}");

    for unit in ["<x/>", "<link href='x'/>", "<!-- -->"] {
        let api = endless(unit.repeat(10_000), 1_000);
        let mut vendors = api.phones().vendors().stream();
        let error = vendors.try_next().await.unwrap_err();
        assert!(error.is_protocol(), "{unit}: {error:?}");
        assert!(error.to_string().contains("1048576 bytes"), "{error}");
        assert!(vendors.try_next().await.unwrap().is_none());
    }
}
