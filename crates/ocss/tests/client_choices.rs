//! Everything that was chosen can be chosen otherwise.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use ocss::atom::{Element, Entry};
use ocss::emulator::Fault;
use ocss::{
    Backoff, OcssErrorExt as _, Parameter, PathMap, Paths, RetryPolicy, Role, SyncServerApi,
    SyncServerApiBuilder,
};
use support::{Lab, store};
use sync_core::testing::mock::{self, ReplyTransport};

/// A client of a service that gives these answers.
fn served<const N: usize>(
    change: impl FnOnce(SyncServerApiBuilder) -> SyncServerApiBuilder,
    answers: [&'static str; N],
) -> (SyncServerApi, Arc<ReplyTransport>) {
    let answers = answers.map(|answer| Ok(mock::response(StatusCode::OK, answer)));
    let transport = Arc::new(ReplyTransport::queue(answers));
    let builder = SyncServerApi::builder()
        .auth(support::alice())
        .transport(Arc::clone(&transport));
    (change(builder).build().unwrap(), transport)
}

fn targets(transport: &ReplyTransport) -> Vec<String> {
    let requests = transport.requests();
    let targets = requests.iter().map(|request| request.uri().to_string());
    targets
        .map(|target| target.replace("https://api.obexcode.com/v2/", ""))
        .collect()
}

const STORE: &str = "<entry xmlns='http://www.w3.org/2005/Atom'><id>urn:uuid:s</id>\
    <link rel='contents' href='http://api.obexcode.com/v2/elsewhere/'/></entry>";
const EMPTY: &str = "<feed xmlns='http://www.w3.org/2005/Atom'/>";
const MODEL: &str = "<entry xmlns='http://www.w3.org/2005/Atom'><id>urn:uuid:m</id></entry>";

#[tokio::test]
async fn the_parameters_of_queries_can_have_other_names() {
    let map = PathMap::new()
        .parameter(Parameter::Since, "updated-min")
        .parameter(Parameter::Dataclass, "category")
        .parameter(Parameter::Number, "msisdn")
        .parameter(Parameter::Code, "ticket no");
    let change = |builder: SyncServerApiBuilder| builder.paths(Paths::Custom(map));
    let (api, transport) = served(change, [STORE, EMPTY, MODEL, MODEL]);
    let store = api.clients().datastore().get("s").await.unwrap();
    let filtered = store.contents().since("2009").dataclass("notes");
    assert!(filtered.list().await.unwrap().is_empty());
    let models = api.phones().models();
    models.detect_auto("+47").await.unwrap();
    models.detect_poll("c").await.unwrap();
    assert_eq!(
        targets(&transport)[1..],
        [
            "elsewhere/?category=notes&updated-min=2009",
            "phones/detect/auto?msisdn=%2B47",
            "phones/detect/poll?ticket%20no=c"
        ]
    );
}

#[tokio::test]
async fn paths_can_win_over_links() {
    for (follow, expected) in [
        (true, "elsewhere/"),
        (false, "services/datastore/s/content/"),
    ] {
        let change = |builder: SyncServerApiBuilder| builder.follow_links(follow);
        let (api, transport) = served(change, [STORE, EMPTY]);
        let store = api.clients().datastore().get("s").await.unwrap();
        assert!(store.contents().list().await.unwrap().is_empty());
        assert_eq!(targets(&transport)[1], expected);
    }
    // All of the interface works by paths alone where they are right.
    let lab = Lab::plain();
    let builder = lab.builder().auth(support::alice());
    let api = builder.follow_links(false).build().unwrap();
    let contents = store(&api).await.contents();
    let new = contents.new("x", "text/plain").await.unwrap();
    new.update_with(|change| change.title("t")).await.unwrap();
    new.refresh();
    assert_eq!(new.title().await.unwrap().as_deref(), Some("t"));
    new.delete().await.unwrap();
    assert_eq!(contents.list().await.unwrap().len(), 15);
    let phone = api.clients().syncml().get("some-client-id").await.unwrap();
    phone.send_setup("0123").await.unwrap();
    phone.sync().await.unwrap();
    assert!(phone.model().await.unwrap().is_some());
    let vendors = api.phones().vendors();
    let vendor = vendors.get("some-vendor-id").await.unwrap();
    assert_eq!(vendor.models().list().await.unwrap().len(), 26);
}

#[tokio::test]
async fn conditions_can_be_left_out() {
    let lab = Lab::plain();
    let builder = lab.builder().auth(support::alice());
    let api = builder
        .conditional_update(false)
        .revalidate(false)
        .build()
        .unwrap();
    let contents = store(&api).await.contents();
    let mine = contents.get("my-content-id").await.unwrap();
    let theirs = contents.get("my-content-id").await.unwrap();
    theirs
        .update_with(|change| change.title("theirs"))
        .await
        .unwrap();
    mine.update_with(|change| change.title("mine"))
        .await
        .unwrap();
    theirs.refresh();
    assert_eq!(theirs.title().await.unwrap().as_deref(), Some("mine"));
    for request in lab.requests() {
        for name in ["if-match", "if-none-match"] {
            assert!(!request.headers.contains_key(name), "{request:?}");
        }
    }
}

#[tokio::test]
async fn properties_can_be_sent_directly_in_the_entry() {
    let lab = Lab::plain();
    let builder = lab.builder().auth(support::alice());
    let api = builder.flat_entries(true).build().unwrap();
    lab.requests();
    let phone = api
        .clients()
        .syncml()
        .new("+4799988877", "some-model-id")
        .timezone("Europe/Oslo")
        .await
        .unwrap();
    assert_eq!(
        phone.timezone().await.unwrap().as_deref(),
        Some("Europe/Oslo")
    );
    let contents = store(&api).await.contents();
    let new = contents.new("x", "text/plain").dataclass("notes");
    assert_eq!(
        new.await.unwrap().dataclass().await.unwrap().unwrap(),
        "notes"
    );
    let sent: Vec<String> = lab
        .requests()
        .iter()
        .filter(|request| request.method == http::Method::POST)
        .map(|request| String::from_utf8(request.body.to_vec()).unwrap())
        .collect();
    assert!(
        sent[0].contains("<oc:timezone>Europe/Oslo</oc:timezone>"),
        "{sent:?}"
    );
    assert!(
        sent[1].contains("<oc:dataclass>notes</oc:dataclass>"),
        "{sent:?}"
    );
    assert!(
        sent.iter()
            .all(|body| !body.contains("<oc:cl") && !body.contains("<oc:co"))
    );
}

#[tokio::test]
async fn entries_of_ones_own_are_sent_as_they_are_and_seen_as_they_came() {
    let lab = Lab::plain();
    let api = lab.builder().auth(support::alice()).flat_entries(true);
    let api = api.build().unwrap();
    let mut entry = Entry::new();
    let client = Element::oc("client").with_child(Element::oc("name").with_text("mine"));
    entry.extensions.push(client);
    entry
        .extensions
        .push(Element::new("urn:x", "x:colour").with_text("red"));
    lab.requests();
    let made = api.clients().datastore().new_entry(entry).await.unwrap();
    let sent = String::from_utf8(lab.requests()[0].body.to_vec()).unwrap();
    assert!(
        sent.contains("<oc:client><oc:name>mine</oc:name></oc:client>"),
        "{sent}"
    );
    assert!(sent.contains(">red</x:colour>"), "{sent}");
    let seen = made.entry().await.unwrap();
    assert_eq!(seen.property("name"), Some("mine"));
    assert!(seen.link("self").is_some());

    lab.requests();
    let error = api
        .phones()
        .vendors()
        .new_entry(Entry::new())
        .await
        .unwrap_err();
    assert!(error.is_not_allowed() && error.is_local(), "{error:?}");
    assert!(lab.requests().is_empty());
}

#[tokio::test]
async fn a_page_that_breaks_off_is_asked_for_as_often_as_is_said() {
    let lab = Lab::socket().await;
    for (attempts, asked) in [(1, 1), (2, 2), (5, 5)] {
        let api = lab.builder().page_attempts(attempts).build().unwrap();
        lab.emulator.fault("GET", 100, Fault::truncate()).unwrap();
        lab.requests();
        let mut vendors = api.phones().vendors().stream();
        let error = loop {
            match vendors.next().await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(error.is_connection(), "{error:?}");
        assert_eq!(lab.requests().len(), asked);
        lab.emulator.clear_faults();
    }
}

#[tokio::test]
async fn the_name_of_the_client_can_be_another() {
    let change = |builder: SyncServerApiBuilder| builder.user_agent("mine/1");
    let (api, transport) = served(change, [MODEL]);
    api.phones().models().get("m").await.unwrap();
    assert_eq!(transport.requests()[0].headers()["user-agent"], "mine/1");
}

#[tokio::test]
async fn a_weak_entity_tag_is_no_condition_for_a_change() {
    for (etag, condition) in [("\"1\"", Some("\"1\"")), ("W/\"1\"", None)] {
        let entry = mock::response(StatusCode::OK, STORE);
        let transport = Arc::new(ReplyTransport::queue([
            Ok(mock::with_header(entry, "etag", etag)),
            Ok(mock::response(StatusCode::OK, STORE)),
        ]));
        let api = SyncServerApi::builder()
            .auth(support::alice())
            .transport(Arc::clone(&transport))
            .build()
            .unwrap();
        let store = api.clients().datastore().get("s").await.unwrap();
        store.update_with(|change| change.name("n")).await.unwrap();
        let sent = transport.requests()[1].headers().get("if-match").cloned();
        assert_eq!(
            sent.as_ref().map(|value| value.to_str().unwrap()),
            condition
        );
    }
}

#[tokio::test]
async fn the_encoding_that_the_answer_names_is_that_of_its_document() {
    let entry = |text: &'static [u8], kind: &'static str| {
        let answer = mock::response(StatusCode::OK, text.to_vec());
        mock::with_header(answer, "content-type", kind)
    };
    let latin1 =
        b"<entry xmlns='http://www.w3.org/2005/Atom'><id>m</id><title>\xe6</title></entry>";
    let feed = b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>m</id><title>\xe6</title></entry></feed>";
    let kind = "application/atom+xml; type=entry; charset=\"ISO-8859-1\"";
    let transport = ReplyTransport::queue([
        Ok(entry(latin1, kind)),
        Ok(entry(feed, "application/atom+xml;charset=latin1")),
        Ok(entry(feed, "application/atom+xml;charset=latin1")),
        Ok(entry(latin1, "application/atom+xml")),
    ]);
    let api = SyncServerApi::builder()
        .transport(transport)
        .build()
        .unwrap();
    let models = api.phones().models();
    assert_eq!(models.get("m").await.unwrap().name().await.unwrap(), "æ");
    let listed = models.list().await.unwrap().remove(0);
    assert_eq!(listed.name().await.unwrap(), "æ");
    let streamed = models.stream().try_next().await.unwrap().unwrap();
    assert_eq!(streamed.name().await.unwrap(), "æ");
    // Without a word about it, it is not UTF-8.
    assert!(models.get("m").await.unwrap_err().is_protocol());
}

/// The README lists where each choice is made; this keeps it complete as far
/// as a test can.
#[test]
fn the_readme_names_every_setting_and_every_role() {
    let readme = include_str!("../README.md");
    let builder = include_str!("../src/client/builder.rs");
    let settings = builder
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub fn "))
        .filter_map(|line| line.split('(').next())
        .filter(|name| !matches!(*name, "build" | "auth" | "transport"));
    let missing: Vec<_> = settings
        .filter(|name| !readme.contains(&format!("`{name}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let missing: Vec<_> = Role::ALL
        .iter()
        .map(|role| role.default_path())
        .filter(|path| !readme.contains(&format!("`{path}`")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn a_limit_set_after_the_repetition_leaves_it_alone() {
    let busy = || Ok(mock::response(StatusCode::BAD_GATEWAY, ""));
    let passing = RetryPolicy::default()
        .max_attempts(2)
        .backoff(Backoff::new(Duration::ZERO, Duration::ZERO));
    let transport = Arc::new(ReplyTransport::queue([busy(), busy(), busy()]));
    let api = SyncServerApi::builder()
        .retry(passing)
        .with_options(|options| options.idle_timeout(Duration::from_secs(5)))
        .transport(Arc::clone(&transport))
        .build()
        .unwrap();
    api.phones().models().get("m").await.unwrap_err();
    assert_eq!(transport.requests().len(), 2);
}
