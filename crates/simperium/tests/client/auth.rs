//! Users: made, logged in, changed, removed.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use simperium::emulator::{Emulator, Fault, LoginRule};
use simperium::{Auth, SimperiumError as E, SimperiumErrorExt as _};
use sync_core::testing::mock::{self, Answer, ReplyTransport};
use sync_core::transport::Delivery;

use super::support::{eager, emulator, kind, ok, status};

const JOE: &str = "joe@example.com";

fn auth(emulator: &Emulator, key: &str) -> Auth {
    Auth::builder("app", key)
        .host(emulator.origin())
        .transport(emulator.transport())
        .retry(eager())
        .build()
        .unwrap()
}

fn answered(answers: impl IntoIterator<Item = Answer>) -> (Auth, Arc<ReplyTransport>) {
    let transport = Arc::new(ReplyTransport::queue(answers));
    let auth = Auth::builder("app", "api-key")
        .transport(Arc::clone(&transport))
        .retry(eager())
        .build()
        .unwrap();
    (auth, transport)
}

#[tokio::test]
async fn a_user_is_made_logs_in_is_changed_and_removed() {
    let emulator = emulator();
    let auth = auth(&emulator, "lab-admin-key");
    let made = auth.create(JOE, "secret").await.unwrap();
    let user = auth.authorize(JOE, "secret").await.unwrap();
    assert_eq!((&user.username[..], &user.userid), (JOE, &made.userid));
    assert_ne!(user.access_token, made.access_token);

    let jim = "jim@example.com";
    auth.update(JOE, "secret")
        .new_username(jim)
        .new_password("better")
        .await
        .unwrap();
    let error = auth.authorize(JOE, "secret").await.unwrap_err();
    assert_eq!(kind(&error), E::BadCredentials);
    assert_eq!(
        auth.authorize(jim, "better").await.unwrap().userid,
        made.userid
    );

    auth.reset_password(jim, "best").await.unwrap();
    auth.authorize(jim, "best").await.unwrap();
    auth.delete(jim).await.unwrap();
    assert!(auth.authorize(jim, "best").await.is_err());
    assert!(auth.delete(jim).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn every_refusal_has_a_name() {
    let emulator = emulator();
    let auth = auth(&emulator, "key");
    auth.create(JOE, "secret").await.unwrap();
    assert_eq!(
        kind(&auth.create(JOE, "other").await.unwrap_err()),
        E::UserExists
    );
    assert_eq!(
        kind(&auth.authorize(JOE, "wrong").await.unwrap_err()),
        E::BadCredentials
    );
    assert_eq!(
        kind(&auth.reset_password(JOE, "new").await.unwrap_err()),
        E::BadApiKey
    );
    assert_eq!(kind(&auth.delete(JOE).await.unwrap_err()), E::BadApiKey);
    for (rule, expected) in [
        (LoginRule::Compromised, E::CompromisedPassword),
        (LoginRule::VerificationRequired, E::VerificationRequired),
    ] {
        assert!(emulator.login_rule("app", JOE, rule));
        assert_eq!(
            kind(&auth.authorize(JOE, "secret").await.unwrap_err()),
            expected
        );
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_logins_say_how_long_to_wait_if_the_service_does() {
    let emulator = emulator();
    let auth = auth(&emulator, "key");
    auth.create(JOE, "secret").await.unwrap();
    for delay in [Some(Duration::from_secs(3600)), None] {
        let rule = LoginRule::Throttled { retry_after: delay };
        emulator.login_rule("app", JOE, rule);
        let error = auth.authorize(JOE, "secret").await.unwrap_err();
        assert_eq!(kind(&error), E::Throttled);
        assert_eq!(error.retry_after(), delay);
    }
}

#[tokio::test]
async fn a_user_is_not_made_twice_because_an_answer_was_lost() {
    let emulator = emulator();
    let auth = auth(&emulator, "key");
    emulator.fault("/create/", 1, Fault::reset()).unwrap();
    let error = auth.create(JOE, "secret").await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::MaybeSent);
    assert_eq!(emulator.requests().len(), 1);
    // There is one, who can log in, through passing faults.
    emulator.fault("/authorize/", 1, Fault::reset()).unwrap();
    let busy = Fault::status(StatusCode::SERVICE_UNAVAILABLE);
    emulator.fault("/authorize/", 1, busy).unwrap();
    auth.authorize(JOE, "secret").await.unwrap();
}

#[tokio::test]
async fn a_user_who_was_removed_by_the_lost_attempt_is_removed() {
    let lost = Err(mock::reset(Delivery::MaybeSent));
    let (auth, _) = answered([lost, status(404, "")]);
    auth.delete(JOE).await.unwrap();
}

#[tokio::test]
async fn answers_that_are_none_are_typed() {
    let (auth, _) = answered([
        ok("<html>"),
        ok(r#"{"username":"#),
        ok(r#"{"username":"joe"}"#),
        ok(r#"{"status":"failure"}"#),
        status(401, "invalid API key"),
        status(401, ""),
        status(403, "<html>"),
    ]);
    for expected in [E::NotTheService, E::Incomplete, E::Protocol] {
        assert_eq!(
            kind(&auth.authorize(JOE, "secret").await.unwrap_err()),
            expected
        );
    }
    assert_eq!(kind(&auth.delete(JOE).await.unwrap_err()), E::Protocol);
    for expected in [E::BadApiKey, E::BadCredentials, E::NotTheService] {
        assert_eq!(
            kind(&auth.authorize(JOE, "secret").await.unwrap_err()),
            expected
        );
    }
}

#[test]
fn what_cannot_work_is_found_at_once() {
    assert!(Auth::builder("app", " ").build().is_err());
    assert!(Auth::builder("app", "a\nkey").build().is_err());
    assert!(
        Auth::builder("", "key")
            .build()
            .unwrap_err()
            .name_error()
            .is_some()
    );
    assert!(Auth::builder("a/b", "key").build().is_err());
    for host in ["ftp://x", "x#y"] {
        assert!(Auth::builder("app", "key").host(host).build().is_err());
    }
}
