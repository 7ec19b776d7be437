//! Nothing secret is seen in `Debug`, errors or tracing output.

use std::sync::Arc;

use serde_json::json;
use simperium::{Admin, Api, Auth, Error, SimperiumErrorExt as _, TokenHeader};
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::testing::{LogCapture, SecretSearch};

use super::support::eager;

const KEY: &str = "k3y-of-the-app";
const PASSWORD: &str = "pa55w0rd-of-joe";
const NEW: &str = "n3w-pa55w0rd";
const TOKEN: &str = "t0ken-0123456789abcdef";
const ALL: [&str; 4] = [KEY, PASSWORD, NEW, TOKEN];

/// All that can be printed of an error.
fn all_of(error: &Error) -> String {
    format!(
        "{error} {error:?} {error:#?} {:?} {:?} {:?} {:?}",
        error.simperium(),
        error.snippet(),
        error.api(),
        error.request()
    )
}

/// Answers that repeat whatever could have been sent.
fn echo(status: u16, body: &str) -> Arc<ReplyTransport> {
    let body = body
        .replace("KEY", KEY)
        .replace("PASSWORD", PASSWORD)
        .replace("NEW", NEW)
        .replace("TOKEN", TOKEN);
    Arc::new(ReplyTransport::new(move |_| {
        let status = http::StatusCode::from_u16(status).unwrap();
        Ok(mock::response(status, body.clone()))
    }))
}

const BODIES: [(u16, &str); 6] = [
    (401, "KEY PASSWORD NEW TOKEN are wrong"),
    (400, r#"{"error":"KEY PASSWORD NEW TOKEN"}"#),
    (500, "<html>KEY PASSWORD NEW TOKEN</html>"),
    (200, "KEY PASSWORD NEW TOKEN"),
    (200, r#"{"status":"PASSWORD NEW","username":"KEY"}"#),
    (200, r#"{"access_token":"TOKEN","userid":1}"#),
];

#[tokio::test]
async fn calls_about_users_show_neither_key_nor_password() {
    let logs = LogCapture::start();
    let search = SecretSearch::new(ALL);
    for (status, body) in BODIES {
        let builder = Auth::builder("app", KEY)
            .transport(echo(status, body))
            .retry(eager());
        search.assert_absent("the builder", &format!("{builder:?}"));
        let auth = builder.build().unwrap();
        search.assert_absent("the client", &format!("{auth:?} {auth:#?}"));
        let update = auth.update("joe", PASSWORD).new_password(NEW);
        search.assert_absent("an update", &format!("{update:?}"));
        let login = auth.login("joe", PASSWORD);
        search.assert_absent("a login", &format!("{login:?}"));
        for error in [
            auth.create("joe", PASSWORD).await.unwrap_err(),
            auth.authorize("joe", PASSWORD).await.unwrap_err(),
            update.await.unwrap_err(),
            auth.reset_password("joe", NEW).await.unwrap_err(),
        ] {
            // A service repeats what it was sent, and not what it was not.
            let sent = match error.operation().unwrap().name() {
                "auth.update" => SecretSearch::new([KEY, PASSWORD, NEW]),
                "auth.reset_password" => SecretSearch::new([KEY, NEW]),
                _ => SecretSearch::new([KEY, PASSWORD]),
            };
            sent.assert_absent("an error", &all_of(&error));
            sent.assert_absent_in_error(&error);
        }
    }
    logs.assert_no_secret(&ALL);
    assert!(
        logs.text().contains("auth.create"),
        "something was logged at all"
    );
}

#[tokio::test]
async fn a_token_in_a_broken_answer_is_not_shown() {
    for body in [
        r#"{"access_token":"TOKEN","userid":1}"#,
        r#"{"access_token":"TOKEN""#,
        r#"{"access_token":"TOKEN"}<html>"#,
    ] {
        let auth = Auth::builder("app", KEY)
            .transport(echo(200, body))
            .build()
            .unwrap();
        let error = auth.authorize("joe", PASSWORD).await.unwrap_err();
        SecretSearch::new(ALL).assert_absent("an error", &all_of(&error));
    }
    let user: simperium::model::User =
        serde_json::from_value(json!({"username": "j", "userid": "1", "access_token": TOKEN}))
            .unwrap();
    SecretSearch::new(ALL).assert_absent("a user", &format!("{user:?}"));
}

#[tokio::test]
async fn calls_about_data_do_not_show_the_token() {
    let logs = LogCapture::start();
    let search = SecretSearch::new([TOKEN]);
    for header in [TokenHeader::Simperium, TokenHeader::Authorization] {
        for (status, body) in BODIES {
            let builder = Api::builder("app", TOKEN)
                .transport(echo(status, body))
                .token_header(header)
                .retry(eager());
            search.assert_absent("the builder", &format!("{builder:?}"));
            let api = builder.build().unwrap();
            let admin = Admin::new(api.clone());
            let todo = api.bucket("todo").unwrap();
            let write = todo.put("k", &json!({}));
            search.assert_absent("clients", &format!("{api:#?} {admin:?} {todo:?} {write:?}"));
            for error in [
                todo.index().await.unwrap_err(),
                todo.bulk([simperium::model::BulkChange::delete("k").unwrap()])
                    .await
                    .unwrap_err(),
                api.buckets().await.unwrap_err(),
            ] {
                search.assert_absent("an error", &all_of(&error));
                search.assert_absent_in_error(&error);
            }
            if let Err(error) = write.await {
                search.assert_absent("an error", &all_of(&error));
            }
        }
    }
    logs.assert_no_secret(&[TOKEN]);
}
