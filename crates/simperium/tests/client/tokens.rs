//! Tokens: both headers, and new ones for those that ran out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::json;
use simperium::{Api, Auth, Error, Secret, SimperiumError as E, TokenHeader, TokenSource};

use super::support::{TOKEN, builder, eager, emulator, kind};

#[tokio::test]
async fn a_token_goes_in_either_header() {
    let emulator = emulator();
    for (header, name, value) in [
        (
            TokenHeader::Simperium,
            "x-simperium-token",
            TOKEN.to_owned(),
        ),
        (
            TokenHeader::Authorization,
            "authorization",
            format!("BEARER {TOKEN}"),
        ),
    ] {
        let api = builder(&emulator, TOKEN)
            .token_header(header)
            .build()
            .unwrap();
        api.user().await.unwrap();
        let sent = emulator.requests().pop().unwrap().headers;
        assert_eq!(sent.get(name).unwrap(), value.as_str());
        let both = sent.contains_key("x-simperium-token") && sent.contains_key("authorization");
        assert!(!both);
    }
}

#[tokio::test]
async fn a_user_is_logged_in_again_when_the_token_has_expired() {
    let emulator = emulator();
    let account = emulator.create_user("app", "joe@example.com", "secret");
    let auth = Auth::builder("app", "key")
        .host(emulator.origin())
        .transport(emulator.transport())
        .build()
        .unwrap();
    let api = Api::builder("app", account.token.clone())
        .host(emulator.origin())
        .transport(emulator.transport())
        .token_source(auth.login("joe@example.com", "secret"))
        .retry(eager())
        .build()
        .unwrap();
    let todo = api.bucket("todo").unwrap();
    todo.put("k", &json!({"n": 1})).await.unwrap();
    emulator.expire(account.token.expose());
    // All at once, and one login.
    let (one, two, three) = tokio::join!(todo.get("k"), todo.get("k"), api.user());
    assert!(one.unwrap().is_some() && two.unwrap().is_some());
    assert_eq!(three.unwrap().userid, account.userid);
    let logins = emulator.requests().into_iter();
    assert_eq!(
        logins
            .filter(|request| request.target.ends_with("/authorize/"))
            .count(),
        1
    );
}

#[derive(Debug)]
struct Counted {
    token: Option<&'static str>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenSource for Counted {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.token.map(Secret::from))
    }
}

#[tokio::test]
async fn a_source_gives_the_first_token_and_is_not_asked_for_ever() {
    let emulator = emulator();
    for (token, works) in [
        (Some(TOKEN), true),
        (Some("nonsense"), false),
        (None, false),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let source = Counted {
            token,
            asked: Arc::clone(&asked),
        };
        let api = Api::builder_with_source("app", source)
            .host(emulator.origin())
            .transport(emulator.transport())
            .retry(eager())
            .build()
            .unwrap();
        assert_eq!(api.user().await.is_ok(), works, "{token:?}");
        assert_eq!(asked.load(Ordering::Relaxed), 1, "{token:?}");
    }
}

#[tokio::test]
async fn a_refused_token_is_said_to_be_so() {
    let emulator = emulator();
    let api = builder(&emulator, "nonsense").build().unwrap();
    let error = api.user().await.unwrap_err();
    assert_eq!(kind(&error), E::Unauthorized);
    assert_eq!(emulator.requests().len(), 1, "nothing else to try");
    assert!(builder(&emulator, "").build().is_err());
    assert!(builder(&emulator, "a\nb").build().is_err());
}
