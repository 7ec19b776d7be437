//! Content types, with their schemas.

use serde_json::{Value, json};

use crate::support::{answered, ok, queries, refused, serving};
use contentstack_sync::{ContentstackError, ContentstackErrorExt as _};

fn types(numbers: std::ops::Range<u64>, count: Value) -> Value {
    let list: Vec<Value> = numbers
        .map(|number| json!({"uid": format!("type_{number}"), "title": "T", "schema": [{"n": 1.10}]}))
        .collect();
    json!({"content_types": list, "count": count})
}

#[tokio::test]
async fn all_content_types_are_listed_page_by_page() {
    let (stack, transport) = answered([
        ok(&types(0..100, json!(130))),
        ok(&types(100..130, json!(130))),
    ]);
    let all = stack.content_types().collect().await.unwrap();
    assert_eq!(all.len(), 130);
    assert_eq!(
        (all[129].uid.as_str(), all[129].title.as_str()),
        ("type_129", "T")
    );
    assert!(all[0].raw.as_str().contains("schema"));
    let rest = "include_count=true&include_global_field_schema=true&limit=100";
    assert_eq!(
        queries(&transport),
        [
            format!("{rest}&skip=0&environment=production"),
            format!("{rest}&skip=100&environment=production"),
        ]
    );
    let request = &transport.requests()[0];
    assert_eq!(request.uri().path(), "/v3/content_types");
    assert_eq!(request.headers()["access_token"], crate::support::TOKEN);
}

#[tokio::test]
async fn a_list_without_count_ends_with_a_page_that_is_not_full() {
    let (stack, transport) = answered([
        ok(&types(0..100, Value::Null)),
        ok(&types(100..200, Value::Null)),
        ok(&types(0..0, Value::Null)),
    ]);
    assert_eq!(stack.content_types().collect().await.unwrap().len(), 200);
    assert_eq!(transport.left(), 0);
}

#[tokio::test]
async fn a_count_may_be_text() {
    let (stack, transport) = answered([
        ok(&types(0..100, json!("101"))),
        ok(&types(100..101, json!("101"))),
    ]);
    assert_eq!(stack.content_types().collect().await.unwrap().len(), 101);
    assert_eq!(transport.left(), 0);
}

#[tokio::test]
async fn a_count_that_is_too_high_does_not_go_on_for_ever() {
    let (stack, transport) =
        answered([ok(&types(0..100, json!(500))), ok(&types(0..0, json!(500)))]);
    let mut list = stack.content_types();
    let mut seen = 0;
    while let Some(one) = list.next().await {
        one.unwrap();
        seen += 1;
    }
    assert_eq!((seen, transport.left()), (100, 0));
}

#[tokio::test]
async fn a_refusal_is_typed_here_too() {
    let (stack, _) = serving(|_| refused(422, &json!({"error_code": 118, "errors": {"uid": []}})));
    let error = stack.content_types().next().await.unwrap().unwrap_err();
    assert_eq!(
        error.contentstack(),
        Some(&ContentstackError::UnknownContentType)
    );
}

#[tokio::test]
async fn one_content_type_is_asked_for_by_its_uid() {
    let body = json!({"content_type": {"uid": "a b", "title": "A", "schema": []}});
    let (stack, transport) = answered([ok(&body), ok(&json!({"content_type": {}}))]);
    let one = stack.content_type("a b").await.unwrap();
    assert_eq!((one.uid.as_str(), one.title.as_str()), ("a b", "A"));
    assert_eq!(
        transport.requests()[0].uri().path_and_query().unwrap(),
        "/v3/content_types/a%20b?include_global_field_schema=true&environment=production"
    );
    assert!(stack.content_type("a").await.is_err());
}
