//! What the service's refusals mean.

use std::time::Duration;

use contentstack_sync::{ContentstackError, ContentstackErrorExt as _, Error, ErrorKind, Stack};
use http::StatusCode;
use serde_json::{Value, json};
use sync_core::testing::mock::{self, Answer};

use crate::support::{invalid, refused, serving, vector, vectors};

/// A stack that is refused always, and asks no more often than it must.
fn refusing(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Stack {
    serving(move |_| answer()).0
}

fn fixture(name: &str) -> (u16, Answer) {
    let vector: Value = serde_json::from_str(&vector(&format!("errors/{name}"))).unwrap();
    let status = vector["status"].as_u64().unwrap() as u16;
    let body = match &vector["body"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let mut answer = mock::response(StatusCode::from_u16(status).unwrap(), body);
    for (name, value) in vector["headers"].as_object().unwrap() {
        let name: http::HeaderName = name.parse().unwrap();
        answer
            .headers_mut()
            .insert(name, value.as_str().unwrap().parse().unwrap());
    }
    (status, Ok(answer))
}

async fn refusal(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Error {
    refusing(answer).sync_init().await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn every_fixture_has_its_meaning() {
    use ContentstackError as E;

    let expected = [
        ("401_access_token.json", Some(E::BadDeliveryToken), false),
        ("404_asset.json", Some(E::AssetNotFound), false),
        ("412_api_key.json", Some(E::BadApiKey), false),
        ("414_uri_too_long.json", Some(E::UriTooLong), false),
        ("422_content_type.json", Some(E::UnknownContentType), false),
        ("422_environment.json", Some(E::UnknownEnvironment), false),
        (
            "422_invalid_pagination_token.json",
            Some(E::InvalidPaginationToken),
            false,
        ),
        (
            "422_invalid_sync_token.json",
            Some(E::InvalidSyncToken),
            false,
        ),
        ("429_rate_limit.json", Some(E::RateLimited), true),
        ("500_no_body.json", None, true),
        ("503_html.json", None, true),
    ];
    assert_eq!(vectors("errors"), expected.clone().map(|(name, ..)| name));
    for (name, meaning, passing) in expected {
        let (status, _) = fixture(name);
        let error = refusal(move || fixture(name).1).await;
        assert_eq!(error.status().unwrap().as_u16(), status, "{name}");
        match meaning {
            Some(meaning) => assert_eq!(error.contentstack(), Some(&meaning), "{name}"),
            None => assert!(
                matches!(error.contentstack(), Some(E::Other { code: None, fields }) if fields.is_empty()),
                "{name}: {error:?}"
            ),
        }
        assert_eq!(error.is_retryable(), passing, "{name}");
        // Retried as far as it makes sense, and said so.
        assert_eq!(error.attempts(), if passing { 5 } else { 1 }, "{name}");
        assert!(!error.to_string().contains('<'), "{error}");
    }
}

#[tokio::test]
async fn the_words_of_the_service_are_in_the_error() {
    let error = refusal(|| fixture("422_environment.json").1).await;
    assert!(
        error
            .to_string()
            .contains("The Environment 'staging' was not found"),
        "{error}"
    );
    assert!(error.to_string().contains("141"), "{error}");
    assert_eq!(error.api().unwrap().code.as_deref(), Some("141"));
    assert!(
        error.to_string().contains("/v3/stacks/sync?init=true"),
        "{error}"
    );
}

#[tokio::test]
async fn refused_credentials_are_of_a_kind_of_their_own() {
    for name in ["401_access_token.json", "412_api_key.json"] {
        let error = refusal(move || fixture(name).1).await;
        assert_eq!(error.kind(), ErrorKind::Auth, "{name}");
    }
}

/// The status of the refusal, its body, and what it means to a call with each token.
#[tokio::test(start_paused = true)]
async fn refusals_are_read_whatever_their_form() {
    use ContentstackError as E;

    let same = |meaning: E| [meaning.clone(), meaning];
    let invalid = || [E::InvalidSyncToken, E::InvalidPaginationToken];
    let other = |code| {
        same(E::Other {
            code,
            fields: vec![],
        })
    };
    let cases: Vec<(u16, Value, [E; 2])> = vec![
        (
            422,
            json!({"error_code": "141", "errors": {"sync_token": "is not valid."}}),
            same(E::InvalidSyncToken),
        ),
        (
            422,
            json!({"error_code": 141, "errors": ["sync_token is not valid."]}),
            same(E::InvalidSyncToken),
        ),
        (
            422,
            json!({"error_code": 141, "errors": [{"pagination_token": []}]}),
            same(E::InvalidPaginationToken),
        ),
        (
            400,
            json!({"errors": {"pagination_token": ["is not valid."]}}),
            same(E::InvalidPaginationToken),
        ),
        (
            422,
            json!({"error_code": 141, "error_message": "The requested object doesn't exist."}),
            invalid(),
        ),
        (422, json!({"error_code": 141, "errors": {}}), invalid()),
        (
            422,
            json!({"error_code": 141, "errors": {"locale": ["is not valid."]}}),
            same(E::Other {
                code: Some(141),
                fields: vec!["locale"],
            }),
        ),
        (
            422,
            json!({"error_code": 141, "errors": {"environment": null}}),
            same(E::UnknownEnvironment),
        ),
        (422, json!({"error_code": 999}), other(Some(999))),
        (422, json!({"error_code": -1, "errors": 5}), other(None)),
        (422, json!([]), other(None)),
        (422, json!(null), other(None)),
        (401, json!({"error_code": 105}), same(E::BadDeliveryToken)),
        (401, json!(null), same(E::BadDeliveryToken)),
        (412, json!("no"), same(E::BadApiKey)),
        (422, json!({"error_code": 109}), same(E::BadApiKey)),
        (403, json!({"error_code": 105}), same(E::BadDeliveryToken)),
        // The code and the field count for more than the status.
        (412, json!({"error_code": 105}), same(E::BadDeliveryToken)),
        (
            412,
            json!({"errors": {"access_token": ["is not valid."]}}),
            same(E::BadDeliveryToken),
        ),
        (401, json!({"error_code": "109"}), same(E::BadApiKey)),
        (
            401,
            json!({"errors": {"api_key": ["is not valid."]}}),
            same(E::BadApiKey),
        ),
        (
            422,
            json!({"errors": {"environment": ["is not valid."]}}),
            same(E::UnknownEnvironment),
        ),
        (404, json!({}), other(None)),
        (414, json!(null), same(E::UriTooLong)),
        // A service in trouble says nothing about tokens.
        (
            503,
            json!({"error_code": 141, "errors": {"sync_token": []}}),
            same(E::Other {
                code: Some(141),
                fields: vec!["sync_token"],
            }),
        ),
    ];
    for (status, body, [delta, page]) in cases {
        let answer = body.clone();
        let stack = refusing(move || refused(status, &answer));
        let error = stack.sync_token("cs_token").await.unwrap_err();
        assert_eq!(error.contentstack(), Some(&delta), "{status} {body}");
        let error = stack.pagination("cs_token").await.unwrap_err();
        assert_eq!(error.contentstack(), Some(&page), "{status} {body}");
    }
}

#[tokio::test]
async fn a_refusal_of_a_call_without_token_is_not_about_tokens() {
    let error = refusal(|| refused(422, &json!({"error_code": 141}))).await;
    assert_eq!(
        error.contentstack(),
        Some(&ContentstackError::Other {
            code: Some(141),
            fields: vec![]
        })
    );
}

#[tokio::test]
async fn fields_with_other_names_are_not_taken_over() {
    let body = json!({"error_code": 1, "errors": {"cs_secret_token": 1, "uid": 1}});
    let error = refusal(move || refused(422, &body)).await;
    assert_eq!(
        error.contentstack(),
        Some(&ContentstackError::Other {
            code: Some(1),
            fields: vec!["uid"]
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_longer_pause_than_allowed_ends_the_call_with_what_was_asked_for() {
    let error =
        refusal(|| crate::support::header(refused(429, &json!({})), "retry-after", "3600")).await;
    assert_eq!(error.contentstack(), Some(&ContentstackError::RateLimited));
    assert_eq!(
        error.api().unwrap().retry_after,
        Some(Duration::from_secs(3600))
    );
    assert_eq!(error.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_token_is_said_to_be_one() {
    let stack = refusing(|| refused(422, &invalid("sync_token")));
    let error = stack.sync_token("cs_token").await.unwrap_err();
    assert!(error.is_invalid_token());
    assert!(
        !refusal(|| refused(422, &json!({})))
            .await
            .is_invalid_token()
    );
}
