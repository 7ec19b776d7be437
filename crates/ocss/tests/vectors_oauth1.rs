//! The OAuth 1.0a vectors: made by oauthlib, checked by a second
//! implementation, four of them published (OAuth Core 1.0, RFC 5849).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Uri};
use ocss::oauth1::{
    self, Credentials, Received, Request, Signed, Signer, base_string, base_uri,
    normalized_parameters, percent_encode, signing_key, verify,
};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use sync_core::Secret;

fn vectors() -> Value {
    serde_json::from_str(include_str!("fixtures/oauth1.json")).unwrap()
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// One vector, understood.
struct Case<'v> {
    vector: &'v Value,
    id: &'v str,
    method: Method,
    uri: Uri,
    content_type: Option<&'v str>,
    body: &'v str,
    is_form: bool,
}

impl<'v> Case<'v> {
    fn new(vector: &'v Value) -> Self {
        let content_type = vector
            .pointer("/request/content_type")
            .and_then(Value::as_str);
        let essence = content_type.and_then(|value| value.split(';').next());
        Self {
            vector,
            id: text(vector, "/id"),
            method: text(vector, "/request/method").parse().unwrap(),
            uri: text(vector, "/request/url").parse().unwrap(),
            content_type,
            body: text(vector, "/request/body"),
            is_form: essence == Some("application/x-www-form-urlencoded"),
        }
    }

    fn expected(&self, name: &str) -> &'v str {
        text(self.vector, &format!("/expect/{name}"))
    }

    fn request(&self) -> Request<'_> {
        let mut request = Request::new(&self.method, &self.uri);
        if self.is_form {
            request = request.form(self.body.as_bytes());
        }
        if let Some(hash) = self.vector["body_hash"].as_str() {
            assert_eq!(oauth1::body_hash(self.body.as_bytes()), hash, "{}", self.id);
            request = request.body_hash(hash);
        }
        request
    }

    fn secrets(&self) -> (Secret<String>, Secret<String>) {
        let secret = |name| Secret::from(text(self.vector, name));
        (
            secret("/credentials/consumer_secret"),
            secret("/credentials/token_secret"),
        )
    }

    fn signer(&self) -> Signer {
        let (consumer_secret, token_secret) = self.secrets();
        let consumer = text(self.vector, "/credentials/consumer_key");
        let credentials = match self.vector["credentials"]["token"].as_str() {
            Some(token) => Credentials::new(consumer, consumer_secret, token, token_secret),
            None => Credentials::consumer(consumer, consumer_secret),
        };
        let mut signer = Signer::new(credentials)
            .method(text(self.vector, "/signature_method").parse().unwrap())
            .version(self.vector["oauth_version"].is_string());
        if let Some(realm) = self.vector["realm"].as_str() {
            signer = signer.realm(realm);
        }
        for name in ["callback", "verifier"] {
            if let Some(value) = self.vector[name].as_str() {
                signer = signer.parameter(format!("oauth_{name}"), value);
            }
        }
        signer
    }

    fn nonce(&self) -> &'v str {
        text(self.vector, "/nonce")
    }

    fn timestamp(&self) -> u64 {
        text(self.vector, "/timestamp").parse().unwrap()
    }

    /// The protocol parameters that are signed.
    fn protocol(&self) -> Vec<(&'static str, &'v str)> {
        let mut all = vec![
            ("oauth_nonce", self.nonce()),
            ("oauth_timestamp", text(self.vector, "/timestamp")),
            (
                "oauth_signature_method",
                text(self.vector, "/signature_method"),
            ),
            (
                "oauth_consumer_key",
                text(self.vector, "/credentials/consumer_key"),
            ),
        ];
        for (name, value) in [
            ("oauth_token", &self.vector["credentials"]["token"]),
            ("oauth_version", &self.vector["oauth_version"]),
            ("oauth_callback", &self.vector["callback"]),
            ("oauth_verifier", &self.vector["verifier"]),
            ("oauth_body_hash", &self.vector["body_hash"]),
        ] {
            all.extend(value.as_str().map(|value| (name, value)));
        }
        all
    }
}

fn each(check: impl Fn(&Case<'_>)) {
    let vectors = vectors();
    let all = vectors["vectors"].as_array().unwrap();
    assert_eq!(all.len() as u64, vectors["count"].as_u64().unwrap());
    for vector in all {
        check(&Case::new(vector));
    }
}

fn with_signed(case: &Case<'_>, check: impl FnOnce(&Signed<'_>)) {
    let signer = case.signer();
    check(
        &signer
            .sign(&case.request(), case.nonce(), case.timestamp())
            .unwrap(),
    );
}

/// The parameters of a header, in no order; an empty realm does not count.
fn parsed(header: &str) -> Vec<&str> {
    let mut all: Vec<_> = header.strip_prefix("OAuth ").unwrap().split(", ").collect();
    all.retain(|parameter| *parameter != "realm=\"\"");
    all.sort_unstable();
    all
}

#[test]
fn percent_encoding() {
    let vectors = vectors();
    let pairs = vectors["percent_encoding"].as_array().unwrap();
    assert_eq!(pairs.len(), 14);
    for pair in pairs {
        assert_eq!(
            percent_encode(pair[0].as_str().unwrap()),
            pair[1].as_str().unwrap()
        );
    }
}

fn tag<M: KeyInit + Mac>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key).unwrap();
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

#[test]
fn hmac_primitives() {
    let vectors = vectors();
    let all = vectors["hmac_primitive"].as_array().unwrap();
    assert_eq!(all.len(), 4);
    for vector in all {
        let [consumer, token] =
            ["/consumer_secret", "/token_secret"].map(|name| Secret::from(text(vector, name)));
        let key = signing_key(&consumer, &token);
        let key = key.expose().as_bytes();
        let base_string = text(vector, "/base_string").as_bytes();
        let tag = match text(vector, "/method") {
            "HMAC-SHA1" => tag::<Hmac<Sha1>>(key, base_string),
            "HMAC-SHA256" => tag::<Hmac<Sha256>>(key, base_string),
            "HMAC-SHA512" => tag::<Hmac<Sha512>>(key, base_string),
            other => panic!("{other}"),
        };
        use base64::Engine as _;
        let signature = base64::engine::general_purpose::STANDARD.encode(tag);
        assert_eq!(signature, text(vector, "/signature"));
    }
}

#[test]
fn base_strings_and_keys() {
    each(|case| {
        assert_eq!(
            base_uri(&case.uri).unwrap(),
            case.expected("base_uri"),
            "{}",
            case.id
        );
        let normalized = normalized_parameters(&case.request(), case.protocol());
        assert_eq!(
            normalized,
            case.expected("normalized_parameters"),
            "{}",
            case.id
        );
        let base = base_string(&case.request(), &normalized).unwrap();
        assert_eq!(base, case.expected("base_string"), "{}", case.id);
        let (consumer, token) = case.secrets();
        assert_eq!(
            signing_key(&consumer, &token).expose(),
            case.expected("signing_key"),
            "{}",
            case.id
        );
    });
}

#[test]
fn signatures() {
    each(|case| {
        with_signed(case, |signed| {
            let signature = signed.signature().expose();
            assert_eq!(signature, case.expected("signature"), "{}", case.id);
            assert_eq!(
                percent_encode(signature),
                case.expected("signature_as_sent"),
                "{}",
                case.id
            );
        });
    });
}

#[test]
fn placements() {
    each(|case| {
        with_signed(case, |signed| match text(case.vector, "/placement") {
            "auth_header" => {
                let header = signed.authorization();
                assert_eq!(
                    parsed(header.expose()),
                    parsed(case.expected("authorization")),
                    "{}",
                    case.id
                );
            }
            "query" => {
                let uri = signed.query(&case.uri).unwrap();
                assert_eq!(uri.to_string(), case.expected("url"), "{}", case.id);
            }
            "body" => {
                let body = signed.form(case.body.as_bytes());
                assert_eq!(
                    body.expose(),
                    case.expected("body").as_bytes(),
                    "{}",
                    case.id
                );
            }
            other => panic!("{other}"),
        });
    });
}

#[test]
fn the_verifier_takes_what_oauthlib_signed_and_nothing_else() {
    each(|case| {
        let placement = text(case.vector, "/placement");
        let url = if placement == "query" {
            case.expected("url")
        } else {
            text(case.vector, "/request/url")
        };
        let uri: Uri = url.parse().unwrap();
        let target = uri.path_and_query().unwrap().as_str();
        let body = if placement == "body" {
            case.expected("body")
        } else {
            case.body
        };
        let header = (placement == "auth_header").then(|| case.expected("authorization"));
        let received = Received::new(
            case.method.as_str(),
            uri.scheme_str().unwrap(),
            uri.authority().unwrap().as_str(),
            target,
        )
        .authorization(header)
        .body(case.content_type, body.as_bytes());
        let verified = verify(&received, |claims| {
            assert_eq!(
                claims.consumer_key,
                text(case.vector, "/credentials/consumer_key")
            );
            assert_eq!(
                claims.token.as_deref(),
                case.vector["credentials"]["token"].as_str()
            );
            Ok(case.secrets())
        });
        let verified = verified
            .unwrap_or_else(|refusal| panic!("{}: {refusal}", case.id))
            .unwrap();
        assert_eq!(verified.nonce.as_deref(), Some(case.nonce()), "{}", case.id);
        assert_eq!(verified.timestamp, Some(case.timestamp()), "{}", case.id);
        let other = verify(&received, |_| Ok((case.secrets().0, "another".into())));
        assert_eq!(
            other.unwrap_err().problem(),
            "signature_invalid",
            "{}",
            case.id
        );
    });
}
