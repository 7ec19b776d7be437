//! Tokens that run out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use simperium::emulator::Emulator;
use simperium::syncer::{Event, Status, Syncer};
use simperium::{Error, Secret, TokenSource};

use super::support::*;

/// How often a user has logged in.
fn logins(emulator: &Emulator) -> usize {
    let requests = emulator.requests().into_iter();
    requests
        .filter(|request| request.target.ends_with("/authorize/"))
        .count()
}

/// The token that the service was last shown.
fn token_in_use(emulator: &Emulator) -> String {
    let init = sent(emulator, "init").pop().unwrap();
    let init: serde_json::Value = serde_json::from_str(&init).unwrap();
    init["token"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_for_all_buckets_and_calls() {
    let emulator = emulator();
    let builder = logged_in(&emulator).await.bucket("tag");
    let syncer = builder.start().await.unwrap();
    let notes = notes(&syncer);
    notes.put("a", &json!({"n": 1})).await.unwrap();
    syncer.wait_synced(LONG).await.unwrap();

    let first = token_in_use(&emulator);
    emulator.expire(&first);
    emulator.clear_log();
    notes.put("b", &json!({"n": 2})).await.unwrap();
    let tags = syncer.bucket("tag").unwrap();
    tags.put("c", &json!({"n": 3})).await.unwrap();
    syncer.wait_synced(LONG).await.unwrap();
    let api = syncer.api().bucket("note").unwrap();
    let read = api.get("b").await.unwrap();
    assert_eq!(read.unwrap().data, json!({"n": 2}));
    assert_eq!(logins(&emulator), 1);
    assert_ne!(token_in_use(&emulator), first);
    assert_eq!(emulator.sockets(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ran_out_while_the_device_was_offline_is_renewed() {
    let emulator = emulator();
    let syncer = logged_in(&emulator).await.start().await.unwrap();
    syncer.wait_synced(LONG).await.unwrap();
    for _ in 0..3 {
        emulator.expire(&token_in_use(&emulator));
        emulator.kick();
        let notes = notes(&syncer);
        notes.new(&json!({"n": 1})).await.unwrap();
        synced(&notes).await;
    }
    assert_eq!(logins(&emulator), 3);
}

#[tokio::test(start_paused = true)]
async fn a_source_alone_gives_the_first_token_too() {
    let emulator = emulator();
    let auth = auth(&emulator);
    auth.create("joe@example.com", "secret").await.unwrap();
    let source = auth.login("joe@example.com", "secret");
    let syncer = Syncer::builder_with_source("app", source)
        .host(emulator.origin())
        .transport(emulator.transport())
        .bucket("note")
        .start()
        .await
        .unwrap();
    notes(&syncer).put("n", &json!({"n": 1})).await.unwrap();
    syncer.wait_synced(LONG).await.unwrap();
    syncer.api().user().await.unwrap();
    assert_eq!((logins(&emulator), emulator.sockets()), (1, 1));
}

/// Has no token, and counts how often it was asked.
#[derive(Clone, Debug, Default)]
struct Dry(Arc<AtomicU32>);

#[async_trait]
impl TokenSource for Dry {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }
}

#[tokio::test(start_paused = true)]
async fn without_another_token_edits_are_kept_until_there_is_one() {
    let dry = Dry::default();
    for source in [None, Some(dry.clone())] {
        let emulator = emulator();
        let auth = auth(&emulator);
        let user = auth.create("joe@example.com", "secret").await.unwrap();
        let mut builder = with_token(&emulator, user.access_token.expose());
        if let Some(source) = source {
            builder = builder.token_source(source);
        }
        let notes = notes(&builder.start().await.unwrap());
        synced(&notes).await;
        let mut events = notes.subscribe();
        emulator.expire(user.access_token.expose());
        notes.put("n", &json!({"n": 1})).await.unwrap();
        until(&mut events, |event| {
            matches!(event, Event::Connection(Status::Unauthorized)).then_some(())
        })
        .await;
        assert_eq!(notes.syncer().status(), Status::Unauthorized);
        notes.put("m", &json!({"n": 2})).await.unwrap();
        assert_eq!(notes.pending().await.unwrap().len(), 2);
        assert_eq!(emulator.sockets(), 0);
        let waited = notes.wait_synced(Duration::from_secs(1)).await.unwrap_err();
        assert!(waited.to_string().contains("refuses the token"), "{waited}");
        assert!(!waited.is_retryable());

        // The service is not bothered until there is another.
        emulator.clear_log();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(emulator.requests().len(), 0);
        let user = auth.authorize("joe@example.com", "secret").await.unwrap();
        notes.syncer().set_token(user.access_token.clone()).unwrap();
        synced(&notes).await;
        assert_eq!(notes.syncer().status(), Status::Online);
        let there = emulator.objects("app", user.access_token.expose(), "note");
        assert_eq!(there.len(), 2);
    }
    assert_eq!(dry.0.load(Ordering::Relaxed), 1);
}

/// Has a token when it is asked for the second time.
#[derive(Debug)]
struct Late(simperium::Auth, AtomicU32);

#[async_trait]
impl TokenSource for Late {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        if self.1.fetch_add(1, Ordering::Relaxed) == 0 {
            return Ok(None);
        }
        let user = self.0.authorize("joe@example.com", "secret").await?;
        Ok(Some(user.access_token))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_had_nothing_is_asked_again_by_sync_now() {
    let emulator = emulator();
    let source = Late(auth(&emulator), AtomicU32::new(0));
    let builder = logged_in(&emulator).await.token_source(source);
    let notes = notes(&builder.start().await.unwrap());
    synced(&notes).await;
    let mut events = notes.subscribe();
    emulator.expire(&token_in_use(&emulator));
    notes.put("n", &json!({"n": 1})).await.unwrap();
    until(&mut events, |event| {
        matches!(event, Event::Connection(Status::Unauthorized)).then_some(())
    })
    .await;
    notes.syncer().sync_now().unwrap();
    synced(&notes).await;
    assert_eq!(notes.pending().await.unwrap(), []);
}

/// Gives tokens that are no good.
#[derive(Clone, Debug, Default)]
struct Bad(Arc<AtomicU32>);

#[async_trait]
impl TokenSource for Bad {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Some(format!("{number:032}").into()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_of_bad_tokens_is_asked_ever_more_slowly() {
    let emulator = emulator();
    let source = Bad::default();
    let builder = with_token(&emulator, &"0".repeat(32)).token_source(source.clone());
    let syncer = builder.start().await.unwrap();
    assert!(syncer.wait_synced(LONG).await.is_err());
    // In ten minutes, with pauses that grow to one.
    let asked = source.0.load(Ordering::Relaxed);
    assert!((5..60).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn the_objects_of_two_users_do_not_mix() {
    let emulator = emulator();
    let auth = auth(&emulator);
    let joe = auth.create("joe@example.com", "secret").await.unwrap();
    let ann = auth.create("ann@example.com", "secret").await.unwrap();
    let hers = |key: &str| {
        let objects = emulator.objects("app", ann.access_token.expose(), "note");
        objects.contains_key(key)
    };
    let his = with_token(&emulator, joe.access_token.expose());
    let notes = notes(&his.start().await.unwrap());
    notes.put("joes", &json!({"n": 1})).await.unwrap();
    synced(&notes).await;

    notes.syncer().pause().await.unwrap();
    notes.put("joes-too", &json!({"n": 2})).await.unwrap();
    let api = with_token(&emulator, ann.access_token.expose());
    let anns = super::support::notes(&api.start().await.unwrap());
    anns.put("anns", &json!({"n": 3})).await.unwrap();
    synced(&anns).await;
    let mut events = notes.subscribe();
    notes.syncer().set_token(ann.access_token.clone()).unwrap();
    notes.syncer().resume().unwrap();
    until(&mut events, |event| {
        matches!(event, Event::Connection(Status::OtherUser)).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(notes.syncer().status(), Status::OtherUser);
    assert!(!hers("joes") && !hers("joes-too") && hers("anns"));
    assert!(!objects(&notes).await.contains_key("anns"));

    // With a token of his own it goes on.
    notes.syncer().set_token(joe.access_token.clone()).unwrap();
    synced(&notes).await;
    let there = emulator.objects("app", joe.access_token.expose(), "note");
    assert_eq!(there.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_can_follow_a_user_who_has_another_name_now() {
    let emulator = emulator();
    let auth = auth(&emulator);
    let user = auth.create("joe@example.com", "secret").await.unwrap();
    for follows in [false, true] {
        let name = match follows {
            false => "joe@example.com",
            true => "joseph@example.com",
        };
        let mut builder = with_token(&emulator, user.access_token.expose());
        if follows {
            builder = builder.any_user();
        }
        let notes = notes(&builder.start().await.unwrap());
        synced(&notes).await;
        let renamed = format!("{name}.au");
        let update = auth.update(name, "secret").new_username(&renamed);
        update.await.unwrap();
        let mut events = notes.subscribe();
        emulator.kick();
        let status = until(&mut events, |event| match event {
            Event::Ready => Some(Status::Online),
            Event::Connection(Status::OtherUser) => Some(Status::OtherUser),
            _ => None,
        });
        let follows = if follows {
            Status::Online
        } else {
            Status::OtherUser
        };
        assert_eq!(status.await, follows);
        let back = auth.update(&renamed, "secret");
        back.new_username("joseph@example.com").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_runs_out_while_changes_are_sent_costs_none_of_them() {
    let emulator = emulator();
    let latency = Duration::from_millis(40);
    emulator.configure(|config| config.latency = latency..latency * 2);
    let syncer = logged_in(&emulator).await.start().await.unwrap();
    let notes = notes(&syncer);
    synced(&notes).await;
    let made = emulator.changes_made();
    let note = json!({"text": "one of many"});
    let many = (0..1000).map(|number| (format!("n{number}"), &note));
    notes.put_all(many).await.unwrap();
    for _ in 0..3 {
        tokio::time::sleep(latency * 5).await;
        emulator.expire(&token_in_use(&emulator));
    }
    synced(&notes).await;
    assert_eq!(notes.pending().await.unwrap(), []);
    assert_eq!(emulator.changes_made() - made, 1000);
    assert!(logins(&emulator) >= 1);
}
