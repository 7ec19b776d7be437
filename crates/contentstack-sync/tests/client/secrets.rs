//! Nothing secret is seen in `Debug`, errors or tracing output.

use contentstack_sync::model::{Checkpoint, Token};
use contentstack_sync::{ContentstackErrorExt as _, Error, Stack};
use sync_core::testing::{LogCapture, Reply, ScriptedServer, SecretSearch};

use crate::support::eager;

const API_KEY: &str = "blt0s3cret0key";
const DELIVERY: &str = "cs0s3cret0delivery";
const PAGE: &str = "cs/s3cret+page";
const SYNC: &str = "cs&s3cret=sync";
const ALL: [&str; 4] = [API_KEY, DELIVERY, PAGE, SYNC];

fn stack(url: String) -> Stack {
    let builder = Stack::builder(API_KEY, DELIVERY, "production")
        .host(url)
        .retry(eager());
    let shown = format!("{builder:?} {builder:#?}");
    SecretSearch::new(ALL).assert_absent("the builder", &shown);
    builder.invalid_token_pauses([]).build().unwrap()
}

/// All that can be printed of an error.
fn all_of(error: &Error) -> String {
    format!(
        "{error} {error:?} {error:#?} {:?} {:?} {:?} {:?}",
        error.contentstack(),
        error.snippet(),
        error.api(),
        error.request()
    )
}

#[tokio::test]
async fn a_service_that_repeats_what_it_was_sent_is_not_quoted() {
    let logs = LogCapture::start();
    let search = SecretSearch::new(ALL);
    for (status, body) in [
        (
            422,
            r#"{"error_message":"KEY DELIVERY SENT","error_code":141,"errors":{"sync_token":["SENT"],"SENT":1}}"#,
        ),
        (
            401,
            r#"{"error_message":"KEY DELIVERY SENT","error_code":"SENT"}"#,
        ),
        (500, "KEY DELIVERY SENT"),
        (503, "<html>KEY DELIVERY SENT</html>"),
        (200, r#"{"sync_token":"SENT","items":[}"#),
        (200, "KEY DELIVERY SENT"),
    ] {
        let server = ScriptedServer::serve(move |request| {
            let sent = request.query().unwrap_or_default();
            let sent = sent.split('&').next().and_then(|pair| pair.split_once('='));
            let sent = percent_encoding::percent_decode_str(sent.unwrap().1).decode_utf8_lossy();
            let body = body
                .replace("KEY", API_KEY)
                .replace("DELIVERY", DELIVERY)
                .replace("SENT", &sent);
            Reply::new(status).body(body)
        })
        .await
        .unwrap();
        let stack = stack(server.url(""));
        for result in [
            stack.sync_init().await,
            stack.pagination(PAGE).await,
            stack.sync_token(SYNC).await,
        ] {
            let error = result.unwrap_err();
            search.assert_absent("an error", &all_of(&error));
            search.assert_absent_in_error(&error);
        }
    }
    logs.assert_no_secret(&ALL);
    assert!(
        logs.text().contains("sync.delta"),
        "something was logged at all"
    );
}

#[test]
fn credentials_in_a_host_are_refused_and_not_shown() {
    let search = SecretSearch::new(["s3cret-password"]);
    let builder = Stack::builder("blt", "cs", "e").host("https://user:s3cret-password@host");
    search.assert_absent("the builder", &format!("{builder:?}"));
    search.assert_absent("the error", &all_of(&builder.build().unwrap_err()));
}

#[tokio::test]
async fn a_lost_connection_says_nothing_either() {
    let logs = LogCapture::start();
    let stack = stack("http://127.0.0.1:1".to_owned());
    for sync in [stack.pagination(PAGE), stack.sync_token(SYNC)] {
        let shown = format!("{sync:?}");
        SecretSearch::new(ALL).assert_absent("a call", &shown);
        let error = sync.await.unwrap_err();
        SecretSearch::new(ALL).assert_absent("an error", &all_of(&error));
    }
    logs.assert_no_secret(&ALL);
}

#[tokio::test]
async fn values_do_not_show_their_tokens() {
    let body = format!(r#"{{"items":[],"sync_token":"{SYNC}"}}"#);
    let server = ScriptedServer::serve(move |_| Reply::ok().body(body.clone()))
        .await
        .unwrap();
    let stack = stack(server.url(""));
    let search = SecretSearch::new(ALL);
    let mut pages = stack.pagination(PAGE).pages();
    search.assert_absent("a stream", &format!("{pages:?}"));
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(page.sync_token().unwrap().as_str(), SYNC);
    let follow = stack
        .sync_token(SYNC)
        .follow(std::time::Duration::from_secs(1));
    let items = stack.sync_token(SYNC).items();
    let checkpoint: Checkpoint = pages.checkpoint();
    search.assert_absent(
        "values",
        &format!(
            "{page:#?} {stack:#?} {checkpoint:?} {pages:?} {follow:?} {items:?} {:?} {:?} {:?}",
            Token::Page(PAGE.into()),
            stack.fingerprint(),
            stack.content_types(),
        ),
    );
    assert!(
        serde_json::to_string(&checkpoint)
            .unwrap()
            .contains("s3cret"),
        "it is for storing"
    );
    assert!(
        !serde_json::to_string(&checkpoint)
            .unwrap()
            .contains(API_KEY)
    );
}
