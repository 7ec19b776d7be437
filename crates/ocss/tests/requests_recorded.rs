//! Every recorded exchange: the client sends that request, and makes of that
//! answer what it should.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;

use http::header::AUTHORIZATION;
use httpmock::{HttpMockRequest, Mock, MockServer};
use ocss::atom::{Element, Entry, ReadOptions};
use ocss::model::{AddDatastore, ContentOperation, Detection, GdataClass};
use ocss::{
    ErrorClass, OcssErrorExt as _, Paths, SyncServerApi, SyncServerApiBuilder, SyncServerAuth,
};
use serde_json::Value;

/// Refusals of what this client refuses itself, before anything is sent.
const NEVER_SENT: [&str; 5] = [
    "06-vendor-update-refused",
    "11-detect-auto-unsigned",
    "20-clients-unsigned",
    "21-clients-post-refused",
    "30-syncml-update-refused",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire")
}

/// A server that knows some recordings.
struct Recorded(MockServer);

impl Recorded {
    async fn start() -> Self {
        Self(MockServer::start_async().await)
    }

    fn anonymous(&self) -> SyncServerApiBuilder {
        SyncServerApi::builder().base_url(self.0.url("/v2/"))
    }

    fn signed(&self) -> SyncServerApi {
        let auth = SyncServerAuth::new("ck", "cs", "ak", "as");
        self.anonymous().auth(auth).build().unwrap()
    }

    async fn serve(&self, name: &str) -> Mock<'_> {
        self.serve_changed(name, |body| body).await
    }

    /// Answers a request like the recorded one, and no other, as recorded.
    async fn serve_changed(&self, name: &str, change: impl FnOnce(String) -> String) -> Mock<'_> {
        let recording = fs::read(folder().join(format!("{name}.json"))).unwrap();
        let recording: Value = serde_json::from_slice(&recording).unwrap();
        let (request, response) = (recording["request"].clone(), recording["response"].clone());
        let host = self.0.base_url();
        let local = |text: &str| text.replace("https://api.obexcode.com", &host);
        let body = change(local(response["body"].as_str().unwrap_or_default()));
        let headers = response["headers"].as_object().unwrap().clone();
        self.0
            .mock_async(move |when, then| {
                when.is_true(move |sent| is_like(sent, &request));
                let mut then = then.status(response["status"].as_u64().unwrap() as u16);
                for (name, value) in headers {
                    then = then.header(name, local(value.as_str().unwrap()));
                }
                then.body(body);
            })
            .await
    }
}

fn is_like(sent: &HttpMockRequest, recorded: &Value) -> bool {
    let headers = sent.headers();
    let uri = sent.uri();
    let target = uri.path_and_query().unwrap().as_str();
    let recorded_headers = recorded["headers"].as_object().unwrap();
    sent.method() == recorded["method"].as_str().unwrap()
        && target == recorded["path"].as_str().unwrap()
        && headers.contains_key(AUTHORIZATION) == recorded["signed"].as_bool().unwrap()
        && recorded_headers.iter().all(|(name, value)| {
            headers
                .get(name.as_str())
                .is_some_and(|sent| sent.to_str().ok() == value.as_str())
        })
        && match recorded["body"].as_str() {
            None => sent.body_ref().is_empty() && !headers.contains_key("content-type"),
            Some(recorded) => {
                let (recorded, sent) = (entry(recorded.as_bytes()), entry(sent.body_ref()));
                // An update keeps what else was in the entry.
                let update = headers.contains_key("if-match");
                holds(&sent, &recorded) && (update || holds(&recorded, &sent))
            }
        }
}

fn entry(document: &[u8]) -> Entry {
    ReadOptions::new("http://h/").entry(document).unwrap()
}

/// Whether all that `part` says stands in `whole` too.
fn holds(whole: &Entry, part: &Entry) -> bool {
    let title = |entry: &Entry| entry.title.as_ref().map(|title| title.value().into_owned());
    let same_or_none =
        |part: Option<String>, whole: Option<String>| part.is_none() || part == whole;
    let content = |entry: &Entry| {
        let content = entry.content.as_ref()?;
        Some(format!(
            "{} {:?}",
            content.declared_type(),
            content.data().unwrap()
        ))
    };
    same_or_none(title(part), title(whole))
        && same_or_none(content(part), content(whole))
        && part.extensions.iter().all(|element| {
            let same = whole
                .extensions
                .iter()
                .filter(|other| other.local_name() == element.local_name());
            same.into_iter().any(|other| element_holds(other, element))
        })
}

fn element_holds(whole: &Element, part: &Element) -> bool {
    whole.namespace() == part.namespace()
        && whole.local_name() == part.local_name()
        && whole.text().trim() == part.text().trim()
        && part.children().iter().all(|child| {
            whole
                .children()
                .iter()
                .any(|other| element_holds(other, child))
        })
}

#[tokio::test]
async fn the_service_document_and_listings() {
    let server = Recorded::start().await;
    let document = server.serve("01-service-document").await;
    // The recording has the first and the last of three pages.
    server
        .serve_changed("02-vendors-page-1", |body| body.replace("page=2", "page=3"))
        .await;
    server.serve("03-vendors-last-page").await;
    let api = server.anonymous().paths(Paths::Discover).build().unwrap();
    assert_eq!(api.phones().vendors().len().await.unwrap(), 7);
    let listed = api.phones().vendors().list().await.unwrap();
    assert_eq!(listed.last().unwrap().name().await.unwrap(), "Ærø & <Sønn>");
    assert_eq!(listed.len(), 4);
    document.assert_async().await;
}

#[tokio::test]
async fn vendors_and_models() {
    let server = Recorded::start().await;
    for name in [
        "04-vendor",
        "05-vendor-missing",
        "07-vendor-models",
        "08-model",
    ] {
        server.serve(name).await;
    }
    let phones = server.anonymous().build().unwrap().phones();
    let vendor = phones.vendors().get("some-vendor-id").await.unwrap();
    assert_eq!(vendor.models().len().await.unwrap(), 26);
    let error = phones.vendors().get("invalid-vendor-id").await.unwrap_err();
    assert_eq!(
        error.ocss().unwrap().to_string(),
        "No Vendor with ID 'invalid-vendor-id'"
    );
    let model = phones.models().get("some-model-id").await.unwrap();
    assert_eq!(model.vendor().await.unwrap(), vendor);
}

#[tokio::test]
async fn detection() {
    let number = "+4799988877";
    let server = Recorded::start().await;
    let models = server.signed().phones().models();
    let auto = server.serve("09-detect-auto").await;
    assert_eq!(
        models
            .detect_auto(number)
            .await
            .unwrap()
            .unwrap()
            .name()
            .await
            .unwrap(),
        "HTC 1"
    );
    auto.delete_async().await;
    server.serve("10-detect-auto-none").await;
    assert_eq!(models.detect_auto("+4799988870").await.unwrap(), None);
    server.serve("12-detect-auto-forbidden").await;
    assert_eq!(
        models.detect_auto(number).await.unwrap_err().class(),
        ErrorClass::NotAllowed
    );
    server.serve("13-detect-manual").await;
    let code = models.detect_manual(number).await.unwrap();
    assert_eq!(code.as_str(), "29a03810dd");
    for (name, expected) in [
        ("14-detect-poll-pending", "Pending"),
        ("15-detect-poll-unidentified", "Unidentified"),
        (
            "16-detect-poll-identified",
            "Identified(<Model id='some-model-id'>)",
        ),
    ] {
        let poll = server.serve(name).await;
        let detection: Detection = models.detect_poll(&code).await.unwrap();
        assert_eq!(format!("{detection:?}"), expected);
        poll.delete_async().await;
    }
    server.serve("17-detect-poll-bad-code").await;
    assert_eq!(
        models.detect_poll("nonsense").await.unwrap_err().class(),
        ErrorClass::Client
    );
}

#[tokio::test]
async fn clients_and_bindings() {
    let server = Recorded::start().await;
    for name in [
        "18-clients",
        "19-client-generic",
        "22-bindings",
        "23-binding",
        "24-binding-new",
        "25-binding-delete",
    ] {
        server.serve(name).await;
    }
    let clients = server.signed().clients();
    assert_eq!(clients.list().await.unwrap().len(), 6);
    let exchange = clients.get("another-client-id").await.unwrap();
    assert_eq!(
        clients.bindings().list().await.unwrap(),
        [clients.bindings().get(123u64).await.unwrap()]
    );
    let made = clients.bind(&exchange, "empty-store").await.unwrap();
    assert_eq!(format!("{made}"), "<Binding id=124>");
    made.delete().await.unwrap();
}

#[tokio::test]
async fn syncml_and_activesync() {
    let server = Recorded::start().await;
    for name in [
        "26-syncml",
        "27-syncml-new",
        "28-syncml-setup",
        "29-syncml-sync",
        "31-activesync",
        "32-activesync-password",
    ] {
        server.serve(name).await;
    }
    let clients = server.signed().clients();
    let phone = clients.syncml().get("some-client-id").await.unwrap();
    let made = clients
        .syncml()
        .new("+4712345678", "some-model-id")
        .timezone("Europe/Oslo")
        .await
        .unwrap();
    assert_eq!(made.imei().await.unwrap(), None);
    phone.send_setup("1234").await.unwrap();
    phone.sync().await.unwrap();
    let exchange = clients.activesync().get("another-client-id").await.unwrap();
    exchange
        .update_with(|change| change.password("old-secret", "new-secret"))
        .await
        .unwrap();
    assert_eq!(exchange.username().await.unwrap().as_deref(), Some("kari"));
}

#[tokio::test]
async fn contents() {
    let server = Recorded::start().await;
    for name in [
        "33-datastore",
        "34-contents-filtered",
        "35-content",
        "36-content-new",
        "37-content-new-base64",
        "40-content-delete",
        "41-content-delta-delete",
        "42-content-deleted",
        "43-contents-bad-since",
    ] {
        server.serve(name).await;
    }
    let store = server
        .signed()
        .clients()
        .datastore()
        .get("my-datastore-client-id")
        .await
        .unwrap();
    let contents = store.contents();
    assert_eq!(
        contents
            .dataclass("contacts")
            .since("2009-11-01T123000Z")
            .list()
            .await
            .unwrap()
            .len(),
        5
    );
    assert!(
        contents
            .get("my-content-id")
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("Zoë\r\n")
    );
    let card = "BEGIN:VCARD\r\nN:Ny;Åse\r\nEND:VCARD\r\n";
    let made = contents
        .new(card, "text/x-vcard")
        .dataclass("contacts")
        .title("Ny")
        .await
        .unwrap();
    let image = contents
        .new(b"\x89PNG\r\n\x1a\n".as_slice(), "image/png")
        .await
        .unwrap();
    assert_eq!(image.dataclass().await.unwrap().unwrap(), "Misc");

    let update = server.serve("38-content-update").await;
    made.set_title("Nyere");
    made.set_data("BEGIN:VCARD\r\nEND:VCARD\r\n", "text/x-vcard");
    made.update().await.unwrap();
    update.delete_async().await;
    // With the entity tag of before.
    let stale = contents
        .new(card, "text/x-vcard")
        .dataclass("contacts")
        .title("Ny")
        .await
        .unwrap();
    server.serve("39-content-update-stale").await;
    let error = stale
        .update_with(|change| change.title("x"))
        .await
        .unwrap_err();
    assert!(error.is_conflict(), "{error:?}");

    made.delete().await.unwrap();
    let changes = contents.changes("2026-11-21T055003Z").await.unwrap();
    let gone = changes
        .changes
        .iter()
        .find(|change| change.id == *made.id())
        .unwrap();
    assert_eq!(gone.operation, ContentOperation::Delete);
    assert!(contents.get(made.id()).await.unwrap_err().is_not_found());
    assert_eq!(
        contents.since("yesterday").len().await.unwrap_err().class(),
        ErrorClass::Client
    );
}

#[tokio::test]
async fn gdata_and_refusals() {
    let server = Recorded::start().await;
    for name in [
        "44-gdata-new",
        "45-gdata-add-datastore",
        "46-gdata",
        "47-bad-signature",
        "48-server-error",
    ] {
        server.serve(name).await;
    }
    let clients = server.signed().clients();
    let client = clients.gdata().new("new@example.com").await.unwrap();
    let datastore = AddDatastore::new(
        GdataClass::Contacts,
        "https://www.google.com/m8/feeds/contacts/default/full",
        "tok",
        "sec",
        ["https://www.google.com/m8/feeds/"],
    );
    client.add_datastore(datastore.name("Mine")).await.unwrap();
    let again = clients.gdata().get(client.id()).await.unwrap();
    assert_eq!(
        again.datastores().await.unwrap(),
        client.datastores().await.unwrap()
    );
    assert_eq!(again.datastores().await.unwrap()[0].name, "Mine");

    let error = clients.list().await.unwrap_err();
    assert_eq!(
        (error.class(), error.oauth_problem()),
        (ErrorClass::NotAllowed, Some("signature_invalid"))
    );
    // Without a wait: the pause that is asked for is not waited out.
    let auth = SyncServerAuth::new("ck", "cs", "ak", "as");
    let impatient = server
        .anonymous()
        .auth(auth)
        .retry(sync_core::policy::RetryPolicy::never());
    let error = impatient
        .build()
        .unwrap()
        .clients()
        .bindings()
        .len()
        .await
        .unwrap_err();
    assert_eq!(error.class(), ErrorClass::Server);
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(2)));
}

#[tokio::test]
async fn what_is_refused_here_is_never_sent() {
    let server = Recorded::start().await;
    server.serve("04-vendor").await;
    server.serve("26-syncml").await;
    let anonymous = server.anonymous().build().unwrap();
    let vendor = anonymous
        .phones()
        .vendors()
        .get("some-vendor-id")
        .await
        .unwrap();
    let phone = server
        .signed()
        .clients()
        .syncml()
        .get("some-client-id")
        .await
        .unwrap();
    let mut unexpected = Vec::new();
    for name in NEVER_SENT {
        unexpected.push(server.serve(name).await);
    }
    for error in [
        vendor.update().await.unwrap_err(),
        anonymous
            .phones()
            .models()
            .detect_auto("+4799988877")
            .await
            .unwrap_err(),
        anonymous.clients().list().await.unwrap_err(),
        server.signed().clients().new().await.unwrap_err(),
        phone.update().await.unwrap_err(),
    ] {
        assert!(error.is_not_allowed() && error.is_local(), "{error:?}");
    }
    for mock in unexpected {
        mock.assert_calls_async(0).await;
    }
}

#[test]
fn no_recording_is_forgotten() {
    let source = include_str!("requests_recorded.rs");
    for file in fs::read_dir(folder()).unwrap() {
        let name = file
            .unwrap()
            .path()
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
    }
}
