//! Who gets in.

use ocss::emulator::{Account, Emulator, Verdict};
use ocss::oauth1::{self, Credentials, SignatureMethod, Signer};

use crate::support::{Ask, HOST, credentials, now, text};

const CLIENTS: &str = "/v2/services/";

fn signer(account: &Account) -> Signer {
    Signer::new(credentials(account))
}

/// What the server says is wrong.
fn problem(ask: Ask, emulator: &Emulator) -> (u16, String) {
    let answer = ask.of(emulator);
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    let report = oauth1::ProblemReport::find(challenge).unwrap();
    assert_eq!(oauth1::ProblemReport::find(text(&answer)).unwrap(), report);
    (answer.status().as_u16(), report.problem)
}

#[test]
fn every_account_gets_in_with_every_method_and_sees_its_own() {
    let emulator = Emulator::builder().build();
    for (account, count) in [
        (Account::alice(), 6),
        (Account::bob(), 1),
        (Account::utf8(), 0),
    ] {
        for method in [
            SignatureMethod::HmacSha1,
            SignatureMethod::HmacSha256,
            SignatureMethod::HmacSha512,
            SignatureMethod::Plaintext,
        ] {
            let answer = Ask::get(CLIENTS)
                .signed_with(signer(&account).method(method))
                .of(&emulator);
            assert_eq!(answer.status(), 200, "{account:?} {method}");
            let total = format!("<os:totalResults>{count}</os:totalResults>");
            assert!(text(&answer).contains(&total), "{account:?}");
        }
    }
    let foreign = Ask::get("/v2/services/bobs-store").alice().of(&emulator);
    assert_eq!(foreign.status(), 404);
}

#[test]
fn a_signature_may_be_in_the_query() {
    let emulator = Emulator::builder().build();
    let uri: http::Uri = format!("{HOST}{CLIENTS}?page=1").parse().unwrap();
    let method = http::Method::GET;
    let signer = signer(&Account::bob());
    let signed = signer
        .sign(&oauth1::Request::new(&method, &uri), "n", now())
        .unwrap();
    let uri = signed.query(&uri).unwrap();
    let answer = Ask::get(uri.path_and_query().unwrap().as_str()).of(&emulator);
    assert_eq!(answer.status(), 200, "{}", text(&answer));
    assert!(
        !text(&answer).contains("oauth_"),
        "links repeat the signature"
    );
    let log = emulator.requests();
    let Verdict::Verified {
        account,
        in_header,
        nonce,
        ..
    } = &log[0].oauth
    else {
        panic!("{:?}", log[0].oauth)
    };
    assert_eq!(
        (account.as_str(), in_header, nonce.as_deref()),
        ("bob", &false, Some("n"))
    );
}

#[test]
fn a_request_is_taken_once() {
    let emulator = Emulator::builder().build();
    let request = Ask::get(CLIENTS).alice().request();
    assert_eq!(emulator.handle(&request).status(), 200);
    let again = emulator.handle(&request);
    assert_eq!(again.status(), 401);
    assert!(text(&again).contains("nonce_used"));
    assert_eq!(emulator.requests()[1].oauth, Verdict::Refused("nonce_used"));
}

#[test]
fn a_timestamp_is_five_minutes_off_at_most() {
    let emulator = Emulator::builder().build();
    for (offset, refused) in [(-290, false), (290, false), (-310, true), (310, true)] {
        emulator.set_clock_offset(offset);
        let answer = Ask::get(CLIENTS).alice().of(&emulator);
        assert_eq!(
            answer.status() == 401,
            refused,
            "{offset}: {}",
            text(&answer)
        );
        if refused {
            let report = oauth1::ProblemReport::find(text(&answer)).unwrap();
            assert_eq!(report.problem, "timestamp_refused");
            let (low, high) = report.acceptable_timestamps.unwrap();
            assert_eq!(high - low, 600);
            let date = answer.headers()["date"].to_str().unwrap();
            let date = httpdate::parse_http_date(date).unwrap();
            let date = date
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_secs();
            assert!(
                (low..=high).contains(&date),
                "the answer's own date is by the same clock"
            );
        }
    }
}

#[test]
fn every_refusal_says_why() {
    let emulator = Emulator::builder().build();
    let alice = Account::alice();
    let with = |consumer: &str, token: &str, secret: &str| {
        Signer::new(Credentials::new(
            consumer,
            alice.consumer_secret().clone(),
            token,
            secret.into(),
        ))
    };
    let secret = alice.access_secret().expose();
    for (signer, status, word) in [
        (
            with("nobody", alice.access_key(), secret),
            401,
            "consumer_key_unknown",
        ),
        (
            with(alice.consumer_key(), "access-key-bob", secret),
            401,
            "token_rejected",
        ),
        (
            with(alice.consumer_key(), alice.access_key(), "wrong"),
            401,
            "signature_invalid",
        ),
    ] {
        let answer = problem(Ask::get(CLIENTS).signed_with(signer.clone()), &emulator);
        assert_eq!(answer, (status, word.to_owned()));
        // A wrong signature is refused even where none is needed.
        let answer = problem(
            Ask::get("/v2/phones/vendors/").signed_with(signer),
            &emulator,
        );
        assert_eq!(answer.1, word);
    }
    for (header, status, word) in [
        (
            "OAuth oauth_consumer_key=\"consumer-key-alice\"",
            400,
            "parameter_absent",
        ),
        (
            "OAuth oauth_consumer_key=\"a\", oauth_consumer_key=\"a\"",
            400,
            "parameter_rejected",
        ),
        (
            "OAuth oauth_signature_method=\"RSA-SHA1\", oauth_consumer_key=\"a\"",
            400,
            "signature_method_rejected",
        ),
        ("Basic YTpi", 401, "parameter_absent"),
    ] {
        let ask = Ask::get(CLIENTS).header("authorization", header);
        assert_eq!(
            problem(ask, &emulator),
            (status, word.to_owned()),
            "{header}"
        );
    }
}

#[test]
fn a_signature_is_bound_to_the_request() {
    let emulator = Emulator::builder().build();
    let signed = Ask::get("/v2/services/?page=1").alice().request();
    for (path, method) in [
        ("/v2/services/?page=2", "GET"),
        ("/v2/services/syncml/?page=1", "GET"),
        ("/v2/services/?page=1", "HEAD"),
    ] {
        let mut other = Ask::new(method, path).request();
        *other.headers_mut() = signed.headers().clone();
        assert!(
            text(&emulator.handle(&other)).contains("signature_invalid"),
            "{method} {path}"
        );
    }
    assert_eq!(emulator.handle(&signed).status(), 200);
}

#[test]
fn phones_are_open_to_all_and_nothing_else_is() {
    let emulator = Emulator::builder().build();
    for path in [
        "",
        "phones/vendors/",
        "phones/vendors/all.xml",
        "phones/models/some-model-id",
        "phones/images/some-model-id.png",
    ] {
        assert_eq!(
            Ask::get(format!("/v2/{path}")).of(&emulator).status(),
            200,
            "{path}"
        );
    }
    for path in [
        "services/",
        "syncengine/bindings/",
        "services/syncml/some-client-id",
        "phones/detect/poll?code=x",
        "nowhere",
    ] {
        assert_eq!(
            Ask::get(format!("/v2/{path}")).of(&emulator).status(),
            401,
            "{path}"
        );
    }
}

#[test]
fn no_secret_is_in_what_debug_prints() {
    let emulator = Emulator::builder().build();
    let alice = Account::alice();
    let signer = signer(&alice).method(SignatureMethod::Plaintext);
    Ask::get(CLIENTS).signed_with(signer).of(&emulator);
    let pincode = "<oc:pincode>0815-4711</oc:pincode>";
    Ask::new("POST", "/v2/services/syncml/some-client-id/setup/")
        .entry(pincode)
        .alice()
        .of(&emulator);
    let search = sync_core::testing::SecretSearch::new([
        "consumer-secret-alice",
        "access-secret-alice",
        "0815-4711",
        "old-secret",
    ]);
    let shown = format!(
        "{emulator:?} {alice:?} {:?} {:?}",
        emulator.requests(),
        emulator.messages()
    );
    search.assert_absent("Debug", &shown);
}
