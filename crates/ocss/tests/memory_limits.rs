//! What is small in a document must not be large in memory.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use futures_util::StreamExt as _;
use ocss::atom::{Element, Limits, ReadOptions, XmlError};
use ocss::atompub::ServiceDocument;
use ocss::{OcssErrorExt as _, SyncServerApi};
use support::Lab;
use sync_core::Body;
use sync_core::testing::mock::ReplyTransport;

const ATOM: &str = "xmlns='http://www.w3.org/2005/Atom'";
const LIMIT: u64 = 1 << 20;

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.memory = LIMIT;
    limits
}

fn options() -> ReadOptions {
    ReadOptions::new("http://h/").limits(limits())
}

/// So many of `part` that they have 100,000 bytes together.
fn many(part: &str) -> String {
    part.repeat(100_000 / part.len())
}

/// Reads items as they arrive, and says how many there were.
fn streamed(document: &str) -> Result<usize, XmlError> {
    let mut reader = options().reader();
    let mut found = 0;
    for chunk in document.as_bytes().chunks(1000) {
        reader.push(chunk)?;
        while reader.next_item()?.is_some() {
            found += 1;
        }
    }
    reader.finish()?;
    Ok(found)
}

const TOO_MUCH: XmlError = XmlError::TooMuchMemory { limit: LIMIT };

#[test]
fn a_great_many_small_things_in_one_entry_are_refused() {
    for part in [
        "<a/>",
        "<a>b</a>",
        "<a><b/></a>",
        "<x><a/>b<a/>b</x>",
        "<a b='' c=''/>",
        "<link/>",
        "<link a=''/>",
        "<category/>",
        "<category a=''/>",
        "<author/>",
        "<contributor><a/></contributor>",
        "<content type='xhtml'><a/></content>",
    ] {
        // Some cost less than others.
        let entry = format!("<entry {ATOM}>{}</entry>", many(part).repeat(4));
        let refused = options().entry(entry.as_bytes());
        assert_eq!(refused.unwrap_err(), TOO_MUCH, "{part}");
        let whole = ReadOptions::new("http://h/").entry(entry.as_bytes());
        assert!(whole.is_ok(), "{part} by the default limit");
        let feed = format!("<feed {ATOM}>{entry}</feed>");
        assert_eq!(streamed(&feed), Err(TOO_MUCH), "{part}");
    }
    let tree = format!("<a>{}</a>", many("<b/>"));
    let entry = format!("<entry {ATOM}>{tree}</entry>");
    assert_eq!(options().entry(entry.as_bytes()), Err(TOO_MUCH));
}

#[test]
fn a_great_many_small_entries_are_refused_together_but_not_one_by_one() {
    let tombstone =
        "<t:deleted-entry xmlns:t='http://purl.org/atompub/tombstones/1.0' ref='urn:x:1'/>";
    for part in [
        "<entry/>",
        "<entry><id>1</id></entry>",
        "<entry a=''/>",
        tombstone,
    ] {
        let feed = format!("<feed {ATOM}>{}</feed>", many(part).repeat(4));
        assert_eq!(options().feed(feed.as_bytes()), Err(TOO_MUCH), "{part}");
        assert_eq!(streamed(&feed), Ok(100_000 / part.len() * 4), "{part}");
    }
    // Each with a copy of the base.
    let base = "a".repeat(1900);
    let feed = format!(
        "<feed {ATOM} xml:base='http://h/{base}'>{}</feed>",
        "<entry/>".repeat(600)
    );
    assert_eq!(options().feed(feed.as_bytes()), Err(TOO_MUCH));
}

#[test]
fn what_a_feed_says_of_itself_between_its_entries_does_not_pile_up() {
    for part in ["<a/><entry/>", "<link href='x'/><entry/>"] {
        let feed = format!("<feed {ATOM}>{}</feed>", many(part).repeat(4));
        assert_eq!(streamed(&feed), Err(TOO_MUCH), "{part}");
    }
    let text = "t".repeat(10_000);
    let feed = format!(
        "<feed {ATOM}>{}</feed>",
        format!("<a>{text}</a><entry/>").repeat(200)
    );
    assert_eq!(streamed(&feed), Err(TOO_MUCH));
}

#[test]
fn other_documents_have_the_same_limit() {
    let service = format!(
        "<service xmlns='http://www.w3.org/2007/app'><workspace>{}</workspace></service>",
        many("<collection/>")
    );
    let refused = ServiceDocument::parse("http://h/", service.as_bytes(), limits());
    assert_eq!(refused, Err(TOO_MUCH));
}

#[test]
fn an_element_with_thousands_of_attributes_is_refused() {
    let attributes = |many: usize| -> String { (0..many).map(|i| format!(" a{i}=''")).collect() };
    let element = |many| Element::parse(format!("<a{}/>", attributes(many)).as_bytes());
    assert_eq!(element(4096).unwrap().attributes().len(), 4096);
    assert!(matches!(element(4097), Err(XmlError::NotWellFormed { .. })));
}

fn page(ids: std::ops::Range<u32>, next: &str) -> http::Response<Body> {
    let entries: String = ids
        .map(|id| format!("<entry><id>{id}</id></entry>"))
        .collect();
    let page = format!("<feed {ATOM}>{next}{entries}</feed>");
    http::Response::new(Body::from(page))
}

fn client(pages: impl IntoIterator<Item = http::Response<Body>>) -> SyncServerApi {
    let transport = ReplyTransport::queue(pages.into_iter().map(Ok));
    let builder = SyncServerApi::builder().memory_limit(LIMIT);
    builder.transport(transport).build().unwrap()
}

#[tokio::test]
async fn a_listing_that_takes_too_much_memory_is_an_error_and_a_stream_is_not() {
    let next = "<link rel='next' href='?page=2'/>";
    let two = || [page(0..600, next), page(600..1200, "")];
    for pages in [vec![page(0..1200, "")], two().into()] {
        let api = client(pages);
        let error = api.phones().vendors().list().await.unwrap_err();
        assert!(error.is_server() && error.is_protocol(), "{error:?}");
        let says = format!("more than {LIMIT} bytes of memory");
        assert!(error.to_string().contains(&says), "{error}");
    }
    let vendors = client([page(0..600, "")]).phones().vendors();
    assert_eq!(vendors.list().await.unwrap().len(), 600);
    let members = client(two()).phones().vendors().stream();
    assert_eq!(
        members
            .filter(|one| std::future::ready(one.is_ok()))
            .count()
            .await,
        1200
    );
}

#[tokio::test]
async fn the_largest_listing_of_the_documentation_is_far_below_the_limit() {
    let lab = Lab::plain();
    let api = lab.builder().memory_limit(4 * LIMIT).build().unwrap();
    assert_eq!(api.phones().models().list().await.unwrap().len(), 361);
}
