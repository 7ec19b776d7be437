//! Nothing secret is seen in `Debug`, errors or tracing output.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use http::{HeaderMap, StatusCode};
use ocss::emulator::{Account, Emulator, Fault};
use ocss::model::{AddDatastore, GdataClass};
use ocss::oauth1::{Placement, SignatureMethod};
use ocss::{Error, SyncServerApi, SyncServerAuth};
use sync_core::testing::{LogCapture, SecretSearch};

const CONSUMER: &str = "consumer&s3cret";
const ACCESS: &str = "access/s3cret";
const OLD: &str = "old-pass-s3cret";
const NEW: &str = "new-pass-s3cret";
const PIN: &str = "pin-s3cret-0123";
const TOKEN: &str = "token-key-s3cret";
const TOKEN_SECRET: &str = "token-secret-s3cret";

/// Everything that sends a secret, against a service that repeats in its
/// refusal what it was sent. The errors.
async fn refused(api: &SyncServerApi, emulator: &Emulator, status: StatusCode) -> Vec<Error> {
    let clients = api.clients();
    let phone = clients
        .syncml()
        .new("+4799988877", "some-model-id")
        .await
        .unwrap();
    let exchange = clients.activesync().new("kari", OLD).await.unwrap();
    let gdata = clients.gdata().new("kari@example.com").await.unwrap();
    let echo = |sent: &[&str]| {
        let words = format!(
            "you sent {} {CONSUMER} {ACCESS} oauth_problem={}",
            sent.join(" "),
            sent[0]
        );
        emulator
            .fault(
                "(POST|PUT)",
                1,
                Fault::status_with(status, HeaderMap::new(), words),
            )
            .unwrap();
    };
    let mut errors = Vec::new();
    echo(&[PIN]);
    errors.push(phone.send_setup(PIN).await.unwrap_err());
    echo(&[OLD, NEW]);
    errors.push(
        exchange
            .update_with(|change| change.password(OLD, NEW))
            .await
            .unwrap_err(),
    );
    echo(&[NEW]);
    errors.push(clients.activesync().new("ola", NEW).await.unwrap_err());
    echo(&[TOKEN_SECRET, TOKEN]);
    let datastore = AddDatastore::new(
        GdataClass::Contacts,
        "https://h/",
        TOKEN,
        TOKEN_SECRET,
        ["https://h/"],
    );
    errors.push(gdata.add_datastore(datastore).await.unwrap_err());
    emulator.clear_faults();
    errors
}

#[tokio::test]
async fn a_short_secret_is_not_shown_where_it_stands_for_itself() {
    for (consumer, access, key) in [("q", "z", "q&z"), ("q", "", "q&"), ("", "zq", "&zq")] {
        let account = Account::new("x", "ck", consumer, "ak", access);
        let emulator = Emulator::builder().account(account).start().await.unwrap();
        let api = SyncServerApi::builder()
            .base_url(emulator.url())
            .auth(SyncServerAuth::new("ck", consumer, "ak", access))
            .signature(SignatureMethod::Plaintext)
            .build()
            .unwrap();
        let phones = api.clients().syncml();
        let phone = phones.new("+4799988877", "some-model-id").await.unwrap();
        let escaped = key.replace('&', "%26");
        for (pincode, repeated) in [
            ("7q", format!("oauth_signature=\"{escaped}\"")),
            ("7q", format!("oauth_signature={escaped}, realm")),
            ("7q", format!("oauth_signature=\"{key}\"")),
            ("7q", format!("a=b&oauth_signature={key}&c=d")),
            ("7q", "<oc:pincode>7q</oc:pincode>".to_owned()),
            ("<q", "<oc:pincode>&lt;q</oc:pincode>".to_owned()),
        ] {
            let words = format!("you sent {repeated}");
            let fault = Fault::status_with(StatusCode::BAD_REQUEST, HeaderMap::new(), words);
            emulator.fault("POST", 1, fault).unwrap();
            let error = phone.send_setup(pincode).await.unwrap_err();
            let shown = format!("{error} {error:?} {:?}", error.snippet());
            assert!(shown.contains("you sent"), "{shown}");
            for secret in [key, &escaped, "7q", "lt;q"] {
                assert!(!shown.contains(secret), "{secret}: {shown}");
            }
        }
    }
}

/// A service whose user has one client of each kind.
async fn service() -> Emulator {
    let account = Account::new("x", "ck", CONSUMER, "ak", ACCESS);
    Emulator::builder().account(account).start().await.unwrap()
}

#[tokio::test]
async fn no_secret_is_shown_whatever_the_service_says() {
    let logs = LogCapture::start();
    let search = SecretSearch::new([CONSUMER, ACCESS, OLD, NEW, PIN, TOKEN, TOKEN_SECRET]);
    for (method, placement) in [
        (SignatureMethod::HmacSha1, Placement::Header),
        (SignatureMethod::Plaintext, Placement::Header),
        (SignatureMethod::Plaintext, Placement::Query),
    ] {
        let emulator = service().await;
        let builder = SyncServerApi::builder()
            .base_url(emulator.url())
            .auth(SyncServerAuth::new("ck", CONSUMER, "ak", ACCESS))
            .signature(method)
            .placement(placement);
        search.assert_absent("the builder", &format!("{builder:?}"));
        let api = builder.build().unwrap();
        search.assert_absent("the client", &format!("{api:?} {:#?}", api.clients()));
        for status in [
            StatusCode::BAD_REQUEST,
            StatusCode::UNAUTHORIZED,
            StatusCode::INTERNAL_SERVER_ERROR,
        ] {
            for error in refused(&api, &emulator, status).await {
                search.assert_absent_in_error(&error);
                let more = format!(
                    "{:?} {:?}",
                    ocss::OcssErrorExt::ocss(&error),
                    error.snippet()
                );
                search.assert_absent("the detail", &more);
            }
        }
        // Lost connections and unreadable answers say nothing either.
        let phone = api.clients().syncml().list().await.unwrap().remove(0);
        for fault in [Fault::reset(), Fault::malformed(), Fault::html()] {
            emulator.fault("(PUT|POST|GET)", 3, fault).unwrap();
            if let Err(error) = phone.send_setup(PIN).await {
                search.assert_absent_in_error(&error);
            }
            emulator.clear_faults();
            phone.refresh();
        }
    }
    logs.assert_no_secret(&[CONSUMER, ACCESS, OLD, NEW, PIN, TOKEN, TOKEN_SECRET]);
    assert!(logs.text().contains("call"), "something was logged at all");
}
