//! Properties of signatures: what one side signs, the other verifies, and
//! nothing else.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

use http::{Method, Uri};
use ocss::oauth1::{
    Credentials, Received, Request, SignatureMethod, Signer, percent_encode, verify,
};
use proptest::prelude::*;
use sync_core::Secret;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Placement {
    Header,
    Query,
    Form,
}

/// A request as it stands on the wire.
#[derive(Clone, Debug)]
struct Sent {
    method: String,
    scheme: &'static str,
    host: String,
    target: String,
    authorization: Option<String>,
    form: Option<Vec<u8>>,
    is_plaintext: bool,
}

impl Sent {
    fn verify(&self, consumer: &str, token: &str) -> Option<&'static str> {
        let content_type = self
            .form
            .as_ref()
            .map(|_| "application/x-www-form-urlencoded");
        let received = Received::new(&self.method, self.scheme, &self.host, &self.target)
            .authorization(self.authorization.as_deref())
            .body(content_type, self.form.as_deref().unwrap_or_default());
        match verify(&received, |_| Ok((consumer.into(), token.into()))) {
            Ok(Some(_)) => None,
            Ok(None) => Some("unsigned"),
            Err(refusal) => Some(refusal.problem()),
        }
    }
}

/// A name or value, as people write them into URLs: encoded, half encoded, or
/// with bare marks and `+`.
fn component() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| percent_encode(&text).into_owned()),
        "[a-zA-Z0-9+!*'();:@,/?$|~._-]{0,12}",
        "(%[0-9a-fA-F]{2}|\\+|[a-z]|%2[05bB]|=){0,8}",
    ]
}

fn pairs() -> impl Strategy<Value = String> {
    let pair = prop_oneof![
        (component(), component()).prop_map(|(name, value)| format!("{name}={value}")),
        component(),
        Just(String::new()),
    ];
    proptest::collection::vec(pair, 0..6).prop_map(|pairs| pairs.join("&"))
}

fn url() -> impl Strategy<Value = (&'static str, String, String)> {
    let scheme = prop_oneof![Just("http"), Just("https")];
    let host = prop_oneof![
        "[a-zA-Z][a-zA-Z0-9.-]{0,10}",
        Just("127.0.0.1".into()),
        Just("[::1]".into())
    ];
    let port = prop_oneof![
        Just(String::new()),
        Just(":80".into()),
        Just(":443".into()),
        ":[1-9][0-9]{3}"
    ];
    let path = proptest::collection::vec("([a-zA-Z0-9!$'()*,;:@~._-]|%[0-9A-F]{2}){0,6}", 0..5);
    (scheme, host, port, path, proptest::option::of(pairs())).prop_map(
        |(scheme, host, port, path, query)| {
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            (
                scheme,
                format!("{host}{port}"),
                format!("/{}{query}", path.join("/")),
            )
        },
    )
}

fn sent() -> impl Strategy<Value = (Sent, String, String)> {
    let method = prop_oneof![
        Just(SignatureMethod::HmacSha1),
        Just(SignatureMethod::HmacSha256),
        Just(SignatureMethod::HmacSha512),
        Just(SignatureMethod::Plaintext),
    ];
    let placement = prop_oneof![
        Just(Placement::Header),
        Just(Placement::Query),
        Just(Placement::Form)
    ];
    let keys = (
        any::<String>(),
        any::<String>(),
        any::<String>(),
        any::<String>(),
    );
    let request = (
        url(),
        "GET|POST|PUT|DELETE|PATCH",
        proptest::option::of(pairs()),
    );
    let times = (any::<String>(), 1..=u64::MAX);
    (request, keys, method, placement, times, any::<bool>()).prop_map(
        |((url, verb, form), keys, method, placement, (nonce, timestamp), version)| {
            let (scheme, host, target) = url;
            let (consumer, consumer_secret, token, token_secret) = keys;
            let uri: Uri = format!("{scheme}://{host}{target}").parse().unwrap();
            let http_method: Method = verb.parse().unwrap();
            let form = (placement == Placement::Form || form.is_some())
                .then(|| form.unwrap_or_default().into_bytes());
            let credentials = Credentials::new(
                consumer,
                Secret::new(consumer_secret.clone()),
                token,
                Secret::new(token_secret.clone()),
            );
            let signer = Signer::new(credentials)
                .method(method)
                .version(version)
                .realm("a \"b\", c=d");
            let mut request = Request::new(&http_method, &uri);
            if let Some(form) = &form {
                request = request.form(form);
            }
            let signed = signer.sign(&request, &nonce, timestamp).unwrap();
            let mut sent = Sent {
                method: verb,
                scheme,
                host,
                target: uri.path_and_query().unwrap().to_string(),
                authorization: None,
                form: form.clone(),
                is_plaintext: method == SignatureMethod::Plaintext,
            };
            match placement {
                Placement::Header => {
                    sent.authorization = Some(signed.authorization().expose().clone())
                }
                Placement::Query => {
                    let uri = signed.query(&uri).unwrap();
                    sent.target = uri.path_and_query().unwrap().to_string();
                }
                Placement::Form => {
                    sent.form = form
                        .as_deref()
                        .map(|form| signed.form(form).expose().clone())
                }
            }
            (sent, consumer_secret, token_secret)
        },
    )
}

/// Failures are not written into the source tree.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn what_is_signed_is_verified((sent, consumer, token) in sent()) {
        prop_assert_eq!(sent.verify(&consumer, &token), None, "{:?}", sent);
    }

    #[test]
    fn another_request_or_secret_is_refused((sent, consumer, token) in sent()) {
        prop_assert_eq!(sent.verify(&format!("{consumer}x"), &token), Some("signature_invalid"));
        if sent.is_plaintext {
            // It covers nothing of the request.
            return Ok(());
        }
        let others = [
            Sent { method: format!("{}X", sent.method), ..sent.clone() },
            Sent { host: format!("x{}", sent.host), ..sent.clone() },
            Sent { target: format!("/x{}", sent.target), ..sent.clone() },
            Sent { target: format!("{}{}one=more", sent.target, if sent.target.contains('?') { '&' } else { '?' }), ..sent.clone() },
        ];
        for other in others {
            prop_assert_eq!(other.verify(&consumer, &token), Some("signature_invalid"), "{:?}", other);
        }
    }

    #[test]
    fn a_header_of_any_shape_does_no_harm(header in "(OAuth |oauth\t|Basic )?[ -~]{0,60}", target in "\\PC{0,40}") {
        let received = Received::new("GET", "http", "h", &target).authorization(Some(&header));
        // Whatever it is, it does not carry a valid signature for this secret.
        let verified = verify(&received, |_| Ok(("consumer".into(), "token".into())));
        prop_assert!(!matches!(verified, Ok(Some(_))));
    }
}
