//! Administrators: all users' changes, other users' buckets, options.

use serde_json::json;
use simperium::emulator::Emulator;
use simperium::model::{BucketSettings, Cv};
use simperium::{Admin, SimperiumError as E};

use super::support::{ADMIN, TOKEN, answered, api, builder, emulator, kind, status, todo};

fn admin(emulator: &Emulator) -> Admin {
    Admin::new(builder(emulator, ADMIN).build().unwrap())
}

#[tokio::test]
async fn an_administrator_sees_the_changes_of_all_users() {
    let emulator = emulator();
    todo(&emulator).put("k", &json!({"n": 1})).await.unwrap();
    todo(&emulator).put("k", &json!({"n": 2})).await.unwrap();
    let other = builder(&emulator, "lab-bob").build().unwrap();
    other
        .bucket("todo")
        .unwrap()
        .put("k", &json!({"b": 1}))
        .await
        .unwrap();

    let all = || admin(&emulator).bucket("todo").unwrap().all(None);
    let changes = all().data(true).username(true).await.unwrap();
    assert_eq!(changes.len(), 3);
    let (user, key) = changes[0].user_and_key().unwrap();
    assert_eq!(key, "k");
    assert!(!user.is_empty());
    assert_eq!(
        changes[0].data::<serde_json::Value>().unwrap(),
        Some(json!({"n": 2}))
    );
    assert!(changes[2].username.as_deref().unwrap().contains("bob"));
    assert_eq!(all().most_recent(true).await.unwrap().len(), 2);
    let skipped = all().skip_client(other.client_id().clone()).batch(1);
    assert_eq!(skipped.await.unwrap().len(), 1);

    // What comes after those, as a stream.
    let last = changes[2].position();
    let mut stream = admin(&emulator).bucket("todo").unwrap().all(last).stream();
    todo(&emulator).delete("k").await.unwrap();
    let event = stream.next().await.unwrap().unwrap();
    assert!(
        matches!(event, simperium::api::ChangeEvent::Change(_)),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_user_cannot_see_them() {
    let emulator = emulator();
    let error = todo(&emulator).all(None).await.unwrap_err();
    assert_eq!(kind(&error), E::Forbidden);
    let (todo, _) = answered([status(404, "")]);
    let error = todo.all(Cv::new("zzz")).await.unwrap_err();
    assert_eq!(kind(&error), E::UnknownCv);
}

#[tokio::test]
async fn an_administrator_acts_for_a_user() {
    let emulator = emulator();
    let user = api(&emulator).user().await.unwrap();
    let theirs = admin(&emulator).as_user(&user.userid).unwrap();
    theirs
        .bucket("todo")
        .unwrap()
        .put("k", &json!({"n": 1}))
        .await
        .unwrap();
    let read = todo(&emulator).get("k").await.unwrap().unwrap();
    assert_eq!(read.data, json!({"n": 1}));
    assert_eq!(theirs.user().await.unwrap().userid, user.userid);
    assert!(admin(&emulator).as_user(" ").is_err());
}

#[tokio::test]
async fn options_of_a_bucket_are_kept() {
    let emulator = emulator();
    let options = admin(&emulator).options("todo").unwrap();
    assert!(options.get().await.unwrap().is_none());
    let mut wanted = BucketSettings::default();
    wanted.version_max = Some(2);
    options.put(&wanted).await.unwrap();
    assert_eq!(options.get().await.unwrap().unwrap().data, wanted);
    let todo = todo(&emulator);
    for n in 1..=5 {
        todo.put("k", &json!({"n": n})).await.unwrap();
    }
    assert!(todo.get_version("k", 3).await.unwrap().is_none());
}

#[tokio::test]
async fn who_the_user_is_and_what_they_have() {
    let emulator = emulator();
    let api = api(&emulator);
    todo(&emulator).put("k", &json!({})).await.unwrap();
    api.spuser().set(&json!({"theme": "dark"})).await.unwrap();
    assert_eq!(
        api.spuser().get().await.unwrap().unwrap().data,
        json!({"theme": "dark"})
    );
    let buckets = api.buckets().await.unwrap();
    let mut names: Vec<&str> = buckets.iter().map(|bucket| bucket.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["spuser", "todo"]);
    let user = api.user().await.unwrap();
    assert_eq!(
        user.username.as_deref(),
        Some(format!("{TOKEN}@example.com").as_str())
    );
}
