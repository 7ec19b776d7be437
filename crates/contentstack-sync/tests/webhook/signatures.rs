//! Who is believed.

use std::time::Duration;

use contentstack_sync::webhook::{Rejection, Verifier};
use http::HeaderMap;

use super::support::{ENTRY, TRIGGERED, at, headers, hmacs, rsa};

const HMAC: &str = "x-contentstack-hmac-signature";
const KEY: &str = "x-contentstack-request-signature";

#[test]
fn calls_signed_with_the_secret_are_believed() {
    for (vector, body) in hmacs() {
        let verifier = Verifier::hmac([&vector.secret]);
        for header in [&vector.header, &vector.header_during_rotation] {
            let headers = headers(&vector.header_name, header);
            assert_eq!(verifier.verify(&headers, body, at(vector.t)), Ok(()));
        }
    }
}

#[test]
fn any_of_several_secrets_does() {
    for (vector, body) in hmacs() {
        let headers = headers(HMAC, &vector.header);
        let verifier = Verifier::hmac(["the next one", &vector.secret]);
        assert_eq!(verifier.verify(&headers, body, at(vector.t)), Ok(()));
        let verifier = Verifier::hmac(["the next one"]);
        let refused = verifier.verify(&headers, body, at(vector.t));
        assert_eq!(refused, Err(Rejection::WrongSignature));
        let none = Verifier::hmac([""; 0]);
        let refused = none.verify(&headers, body, at(vector.t));
        assert_eq!(refused, Err(Rejection::WrongSignature));
    }
}

#[test]
fn an_empty_secret_is_none() {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"");
    let signed = [TRIGGERED.to_string().as_bytes(), b".", ENTRY].concat();
    let signature = ring::hmac::sign(&key, &signed);
    let hex: String = signature
        .as_ref()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let headers = headers(HMAC, &format!("t={TRIGGERED},v1={hex}"));
    let refused = Verifier::hmac([""]).verify(&headers, ENTRY, at(TRIGGERED));
    assert_eq!(refused, Err(Rejection::WrongSignature));
}

#[test]
fn a_changed_byte_anywhere_is_noticed() {
    for (vector, body) in hmacs() {
        let verifier = Verifier::hmac([&vector.secret]);
        let signed = headers(HMAC, &vector.header);
        for place in 0..body.len() {
            let mut changed = body.to_vec();
            changed[place] ^= 1;
            let refused = verifier.verify(&signed, &changed, at(vector.t));
            assert_eq!(refused, Err(Rejection::WrongSignature), "byte {place}");
        }
        // Another time was not signed.
        let other = vector.header.replace("t=1767607200", "t=1767607201");
        let refused = verifier.verify(&headers(HMAC, &other), body, at(vector.t));
        assert_eq!(refused, Err(Rejection::WrongSignature));
    }
}

#[test]
fn headers_that_are_broken_or_missing_are_refused() {
    let [(vector, body), _] = hmacs();
    let verifier = Verifier::hmac([&vector.secret]);
    let (time, signature) = vector.header.split_once(',').unwrap();
    let odd = format!("{time},{}", &signature[..signature.len() - 1]);
    for broken in [signature, time, odd.as_str(), "", "v1=,t="] {
        let refused = verifier.verify(&headers(HMAC, broken), body, at(vector.t));
        assert_eq!(refused, Err(Rejection::Malformed), "{broken}");
    }
    let refused = verifier.verify(&HeaderMap::new(), body, at(vector.t));
    assert_eq!(refused, Err(Rejection::MissingHeader(HMAC)));
}

#[test]
fn a_call_of_another_time_is_refused() {
    let [(vector, body), _] = hmacs();
    let signed = headers(HMAC, &vector.header);
    let verifier = Verifier::hmac([&vector.secret]).tolerance(Duration::from_secs(60));
    for (seconds, expected) in [
        (vector.t + 60, Ok(())),
        (vector.t - 60, Ok(())),
        (vector.t + 61, Err(Rejection::OutOfTime)),
        (vector.t - 61, Err(Rejection::OutOfTime)),
    ] {
        assert_eq!(
            verifier.verify(&signed, body, at(seconds)),
            expected,
            "{seconds}"
        );
    }
}

#[test]
fn calls_signed_with_the_services_key_are_believed() {
    let rsa = rsa();
    let verifier = Verifier::public_keys([&rsa.public_key]).unwrap();
    let verify = |header: &str| verifier.verify(&headers(KEY, header), ENTRY, at(TRIGGERED));
    assert_eq!(verify(&rsa.header), Ok(()));
    let both = format!("{},{}", rsa.other_header, rsa.header);
    assert_eq!(verify(&both), Ok(()));
    assert_eq!(verify(&rsa.other_header), Err(Rejection::WrongSignature));
    // The older padding is another signature.
    assert_eq!(
        verify(&rsa.pkcs1_v15_header),
        Err(Rejection::WrongSignature)
    );
    for broken in ["", "v1=", "v1=???", "v2=AAAA"] {
        assert_ne!(verify(broken), Ok(()), "{broken}");
    }
    let two = Verifier::public_keys([&rsa.other_public_key, &rsa.public_key]).unwrap();
    let headers = headers(KEY, &rsa.header);
    assert_eq!(two.verify(&headers, ENTRY, at(TRIGGERED)), Ok(()));
}

#[test]
fn a_body_signed_with_the_services_key_tells_its_own_time() {
    let rsa = rsa();
    let verifier = Verifier::public_keys([&rsa.public_key]).unwrap();
    let signed = headers(KEY, &rsa.header);
    let late = verifier.verify(&signed, ENTRY, at(TRIGGERED + 301));
    assert_eq!(late, Err(Rejection::OutOfTime));
    let mut changed = ENTRY.to_vec();
    changed[0] = b' ';
    let refused = verifier.verify(&signed, &changed, at(TRIGGERED));
    assert_eq!(refused, Err(Rejection::WrongSignature));
}

#[test]
fn keys_in_other_formats_are_refused_at_once() {
    for wrong in [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ] {
        let error = Verifier::public_keys([wrong]).unwrap_err();
        assert!(error.to_string().contains("PKCS#1"), "{error}");
    }
}

#[test]
fn names_passwords_and_headers_can_be_asked_for_besides() {
    let [(vector, body), _] = hmacs();
    let name = http::HeaderName::from_static("x-mine");
    let verifier = Verifier::hmac([&vector.secret])
        .and_basic_auth("user", "päss")
        .and_header(name.clone(), "token");
    let mut all = headers(HMAC, &vector.header);
    let verify = |headers: &HeaderMap| verifier.verify(headers, body, at(vector.t));
    assert_eq!(verify(&all), Err(Rejection::WrongCredentials));
    all.insert("authorization", "Basic dXNlcjpww6Rzcw==".parse().unwrap());
    assert_eq!(verify(&all), Err(Rejection::WrongCredentials));
    all.insert(name.clone(), "token".parse().unwrap());
    assert_eq!(verify(&all), Ok(()));
    all.insert(name.clone(), "toke".parse().unwrap());
    assert_eq!(verify(&all), Err(Rejection::WrongCredentials));
    let alone = Verifier::basic_auth("user", "päss");
    assert_eq!(alone.verify(&all, b"", at(0)), Ok(()));
    assert_eq!(
        Verifier::header(name, "toke").verify(&all, b"", at(0)),
        Ok(())
    );
}

#[test]
fn nothing_secret_is_shown() {
    let verifier = Verifier::hmac(["whsec-1"])
        .and_basic_auth("user", "secret")
        .and_header(http::HeaderName::from_static("x-mine"), "token");
    let shown = format!("{verifier:?}");
    assert!(shown.contains("x-contentstack-hmac-signature"), "{shown}");
    for secret in ["whsec-1", "user", "secret", "token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
