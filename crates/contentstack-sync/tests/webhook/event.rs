//! What is told.

use contentstack_sync::webhook::{Action, Event, Module};
use serde_json::json;

use super::support::{ENTRY, TYPE};

#[test]
fn a_published_entry_is_told_with_all_its_names() {
    let event = Event::parse(ENTRY).unwrap();
    assert_eq!(
        (&event.module, &event.action),
        (&Module::Entry, &Action::Publish)
    );
    assert_eq!(event.api_key.as_deref(), Some("blt00000000000000aa"));
    assert_eq!(
        event.triggered_at.as_ref().unwrap().as_str(),
        "2026-01-05T10:00:00.000Z"
    );
    assert_eq!(event.uid(), Some("blte000000000000004"));
    assert_eq!(event.content_type(), Some("article"));
    assert_eq!(
        (event.locale(), event.environment()),
        (Some("en-us"), Some("production"))
    );
    assert_eq!(event.branch(), Some("main"));
    assert!(event.may_change_content());
    let shown = format!("{event:?}");
    assert!(!shown.contains("blt00000000000000aa"), "{shown}");
    assert!(shown.contains("blte000000000000004"), "{shown}");
}

#[test]
fn a_deleted_content_type_has_its_uid_elsewhere() {
    let event = Event::parse(TYPE).unwrap();
    assert_eq!(
        (&event.module, &event.action),
        (&Module::ContentType, &Action::Delete)
    );
    assert_eq!(
        (event.uid(), event.content_type()),
        (Some("landing_page"), Some("landing_page"))
    );
    assert_eq!(event.environment(), None);
}

#[test]
fn concise_and_unknown_calls_are_news_too() {
    for (text, may_change) in [
        (r#"{"module":"entry","event":"publish.success"}"#, true),
        (
            r#"{"module":"asset","event":"unpublish","data":{"uid":"blt1"}}"#,
            true,
        ),
        (r#"{"module":"release","event":"deploy","data":null}"#, true),
        (r#"{"module":"taxonomy","event":"new","data":[1]}"#, true),
        (r#"{"module":"entry","event":"update"}"#, false),
        (r#"{"module":"entry","event":"create"}"#, false),
    ] {
        let event = Event::parse(text.as_bytes()).unwrap();
        assert_eq!(event.may_change_content(), may_change, "{text}");
    }
    let asset = Event::parse(br#"{"module":"asset","event":"x","data":{"uid":"blt1"}}"#).unwrap();
    assert_eq!(asset.uid(), Some("blt1"));
    assert_eq!(asset.action, Action::Other("x".into()));
}

#[test]
fn keys_with_a_dollar_are_as_they_were() {
    let text = br#"{"module":"entry","event":"publish",
        "data":{"entry":{"a":[{"cs$each":1,"b":2}],"cs$set":{"cs$x":null}}}}"#;
    let event = Event::parse(text).unwrap();
    let expected = json!({"a": [{"$each": 1, "b": 2}], "$set": {"$x": null}});
    assert_eq!(event.data()["entry"], expected);
}

#[test]
fn what_is_no_webhook_is_not_read() {
    for text in [
        "",
        "[]",
        "{}",
        r#"{"module":"entry"}"#,
        r#"{"module":1,"event":"x"}"#,
    ] {
        assert!(Event::parse(text.as_bytes()).is_err(), "{text}");
    }
}
