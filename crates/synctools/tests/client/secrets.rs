//! The token is never seen.

use sync_core::testing::{LogCapture, Reply, SecretSearch};

use crate::support::{Database, TOKEN, client, json_reply, serve_with};

#[tokio::test]
async fn the_token_is_in_no_error_no_log_and_no_debug_output() {
    let logs = LogCapture::start();
    let search = SecretSearch::new([TOKEN]);
    let server = serve_with(|request| {
        // A server that repeats what it was sent.
        let said = request
            .header("authorization")
            .unwrap_or_default()
            .to_owned();
        match request.path() {
            "/sync/echo/" => Reply::new(400).body(format!("{said} {TOKEN}")),
            "/sync/fail/" => Reply::new(500).body(format!("token {TOKEN}: {said}")),
            "/sync/json/" => json_reply(format!("[\"{TOKEN}\"]")),
            "/sync/away/" => Reply::new(302).header("location", format!("http://x/?t={TOKEN}")),
            _ => Reply::new(401).body(TOKEN),
        }
    })
    .await;
    let database = Database::new();
    let builder = client(server.url("/sync/"), &database).await;
    search.assert_absent("the builder", &format!("{builder:?}"));
    let client = builder.build().unwrap();
    search.assert_absent("the client", &format!("{client:?}"));
    search.assert_absent("a sync", &format!("{:?}", client.sync("x")));
    for path in ["echo", "fail", "json", "away", "denied"] {
        let error = client.sync(path).await.unwrap_err();
        search.assert_absent_in_error(&error);
        search.assert_absent(path, &format!("{error} {error:?}"));
    }
    logs.assert_no_secret(&[TOKEN]);
    assert!(logs.text().contains("sync"));
}
