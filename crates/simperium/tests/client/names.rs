//! Names: taken or refused here, and never another entity than the one meant.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use simperium::model::{BucketName, ClientId, Key, NameKind, NameProblem};
use simperium::{Api, SimperiumErrorExt as _};
use sync_core::testing::mock::ReplyTransport;

use super::support::{answered, ok};

#[tokio::test]
async fn nothing_is_sent_with_a_key_that_is_none() {
    let (todo, transport) = answered([]);
    for bad in ["", "a?b", "a#b", "a/b", "..", "å", "a b"] {
        let error = todo.set(bad, &json!({})).await.unwrap_err();
        let problem = error.name_error().unwrap();
        assert_eq!(problem.kind(), NameKind::Key, "{bad}");
        assert!(todo.get(bad).await.is_err());
        assert!(todo.get_version(bad, 1).await.is_err());
        assert!(todo.delete(bad).await.is_err());
        assert!(todo.item(bad).is_err());
    }
    let error = todo.set("k", &json!({})).ccid("").await.unwrap_err();
    assert_eq!(error.name_error().unwrap().problem(), NameProblem::Empty);
    assert!(todo.api().bucket("a/b").is_err());
    assert!(todo.api().bucket("b".repeat(65)).is_err());
    assert_eq!(transport.calls(), 0);
}

#[tokio::test]
async fn a_key_that_the_service_has_can_be_read_whatever_it_is() {
    let index = r#"{"current":"c","index":[{"id":"shared/x?y","v":1}]}"#;
    let (todo, transport) = answered([ok(index), ok("{}")]);
    let page = todo.index().await.unwrap();
    todo.get(&page.entries[0].key).await.unwrap();
    let request = &transport.requests()[1];
    assert_eq!(request.uri().path(), "/1/app/todo/i/shared%2Fx%3Fy");
}

#[test]
fn a_client_id_is_its_own_or_the_given_one() {
    let build = |id: Option<&str>| {
        let mut builder = Api::builder("app", "token");
        if let Some(id) = id {
            builder = builder.client_id(ClientId::new(id).unwrap());
        }
        builder.build().unwrap()
    };
    assert_eq!(*build(Some("phone-1")).client_id(), "phone-1");
    let api = build(None);
    assert!(api.client_id().as_str().starts_with("rs-"));
    assert_eq!(api.clone().client_id(), api.client_id());
    assert_ne!(build(None).client_id(), api.client_id());
}

fn decoded(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let (code, tail) = rest.split_at(2);
            bytes.push(u8::from_str_radix(std::str::from_utf8(code).unwrap(), 16).unwrap());
            rest = tail;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    /// One path segment for each name, and the same name when it is decoded.
    #[test]
    fn every_valid_name_arrives_as_it_is(
        bucket in "[A-Za-z0-9._%-]{1,64}",
        key in "[A-Za-z0-9._%@-]{1,256}",
    ) {
        prop_assume!(!matches!(&*bucket, "." | "..") && !matches!(&*key, "." | ".."));
        let transport = Arc::new(ReplyTransport::queue([ok("{}")]));
        let api = Api::builder("app", "token").transport(Arc::clone(&transport)).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let todo = api.bucket(&*bucket).unwrap();
        runtime.block_on(async { todo.get(&*key).await }).unwrap();
        let requests = transport.requests();
        let path: Vec<&str> = requests[0].uri().path().split('/').collect();
        prop_assert_eq!(path.len(), 6);
        prop_assert_eq!(&path[..3], &["", "1", "app"]);
        prop_assert_eq!(decoded(path[3]), bucket);
        prop_assert_eq!(path[4], "i");
        prop_assert_eq!(decoded(path[5]), key);
    }

    /// A name is taken exactly if the protocol allows it.
    #[test]
    fn names_are_checked_as_the_protocol_says(text in "\\PC{0,80}|[A-Za-z0-9._%@-]{0,300}") {
        let of = |allowed: &str, longest: usize| {
            (1..=longest).contains(&text.len())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || allowed.contains(c))
                && text != "." && text != ".."
        };
        prop_assert_eq!(BucketName::new(&text).is_ok(), of("._%-", 64));
        prop_assert_eq!(Key::new(&text).is_ok(), of("._%@-", 256));
    }

    #[test]
    fn names_survive_json(key in "[A-Za-z0-9._%@-]{3,256}") {
        let key = Key::new(key).unwrap();
        let text = serde_json::to_string(&key).unwrap();
        prop_assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), key);
    }
}
