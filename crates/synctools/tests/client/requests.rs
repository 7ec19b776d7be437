//! What goes over the wire.

use std::time::Duration;

use serde_json::json;
use sync_core::testing::{Received, Reply};

use crate::support::{Database, category, client, json_reply, serve, serve_with};
use synctools::{Client, RetryPolicy};

fn body() -> String {
    json!([category(1, "a")]).to_string()
}

/// The head of a request of the Python client, from the vectors.
struct Recorded {
    line: String,
    headers: Vec<(String, String)>,
}

fn recorded(text: &str) -> Vec<Recorded> {
    text.replace("\r\n", "\n")
        .split("\n\n")
        .filter(|head| !head.trim().is_empty())
        .map(|head| {
            let mut lines = head.lines();
            let line = lines.next().unwrap().to_owned();
            let headers = lines
                .map(|line| line.split_once(": ").unwrap())
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            Recorded { line, headers }
        })
        .collect()
}

fn line(request: &Received) -> String {
    format!("{} {} HTTP/1.1", request.method, request.target)
}

#[tokio::test]
async fn a_request_says_what_the_python_client_says() {
    let python = &recorded(include_str!(
        "vectors/python-client/data-request/requests.http"
    ))[0];
    let server = serve(json_reply(body())).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    client.sync("blogs/x y").await.unwrap();

    let request = &server.requests()[0];
    // The recording has a `?` in its path, where the original cuts it.
    let cut = python.line.find('?').unwrap();
    assert_eq!(line(request), format!("{}/ HTTP/1.1", &python.line[..cut]));
    for (name, value) in &python.headers {
        match name.as_str() {
            // The server's own, this client's own, and the connection's.
            "host" => assert_eq!(request.header("host"), Some(&*server.authority())),
            "user-agent" => assert!(request.header(name).unwrap().starts_with("synctools-rust/")),
            "connection" => assert_ne!(request.header(name), Some("close")),
            // Without `deflate`, which no Django sends.
            "accept-encoding" => assert!(request.header(name).unwrap().contains("gzip")),
            _ => assert_eq!(request.header(name), Some(value.as_str()), "{name}"),
        }
    }
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn a_question_mark_in_a_path_stays_in_the_path() {
    let server = serve(json_reply(body())).await;
    let database = Database::new();
    let client = client(server.url("/sync"), &database)
        .await
        .build()
        .unwrap();
    client.sync("blogs/x y?é").await.unwrap();
    client.sync("/blogs/a#b/").await.unwrap();
    let targets: Vec<_> = server.requests().iter().map(|r| r.target.clone()).collect();
    assert_eq!(
        targets,
        ["/sync/blogs/x%20y%3F%C3%A9/", "/sync/blogs/a%23b/"]
    );
}

#[tokio::test]
async fn a_whole_url_is_asked_for_as_it_is() {
    let server = serve(json_reply(body())).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    client.sync_url(server.url("/news/sync?x=1")).await.unwrap();
    let request = &server.requests()[0];
    assert_eq!(line(request), "GET /news/sync?x=1 HTTP/1.1");
    assert_eq!(
        request.header("authorization"),
        Some("Basic c2VrcmV0LXRva2VuOg==")
    );
}

#[tokio::test]
async fn the_token_goes_to_another_origin_only_when_asked() {
    let home = serve(json_reply(body())).await;
    let other = serve(json_reply(body())).await;
    let database = Database::new();
    let client = client(home.url("/sync/"), &database).await.build().unwrap();
    client.sync_url(other.url("/sync/sites/")).await.unwrap();
    assert_eq!(other.requests()[0].header("authorization"), None);
    client
        .sync_url(other.url("/sync/sites/"))
        .send_token()
        .await
        .unwrap();
    assert!(other.requests()[1].header("authorization").is_some());
    assert!(home.requests().is_empty());
}

#[tokio::test]
async fn a_client_without_an_endpoint_is_made_for_its_urls() {
    let server = serve(json_reply(body())).await;
    let database = Database::new();
    let client = Client::builder()
        .token("é")
        .schema(crate::support::schema())
        .store(database.store().await)
        .build()
        .unwrap();
    client.sync_url(server.url("/news/sync/")).await.unwrap();
    // UTF-8, which the server reads, and not the latin-1 of python-requests.
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some("Basic w6k6")
    );
    let error = client.sync("sites").await.unwrap_err();
    assert!(error.to_string().contains("endpoint"), "{error}");
}

#[tokio::test]
async fn a_public_server_gets_no_token() {
    let server = serve(json_reply(body())).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .public()
        .build()
        .unwrap();
    client.sync("sites").await.unwrap();
    assert_eq!(server.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn lines_are_asked_for_and_an_array_is_taken_all_the_same() {
    let lines = [category(1, "a"), category(2, "b")].map(|object| format!("{object}\n"));
    let lines = lines.concat();
    let server = serve_with(move |request| {
        let wants_lines = request
            .header("accept")
            .is_some_and(|accept| accept.contains("application/x-ndjson"));
        if wants_lines && request.path().starts_with("/sync/ours") {
            sync_core::testing::Reply::ok()
                .header("content-type", "application/x-ndjson")
                .body(lines.clone())
        } else {
            json_reply(body())
        }
    })
    .await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let report = client.sync("ours").lines(true).await.unwrap();
    assert_eq!((report.objects, report.inserted()), (2, 2));
    let report = client.sync("django").lines(true).await.unwrap();
    assert_eq!((report.objects, report.unchanged()), (1, 1));
    let report = client.sync("ours").await.unwrap();
    assert_eq!(report.objects, 1);
}

#[tokio::test]
async fn an_answer_without_compression_can_be_asked_for() {
    let server = serve(json_reply(body())).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    client.sync("x").await.unwrap();
    client.sync("x").compressed(false).await.unwrap();
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("accept-encoding").unwrap().to_owned())
        .collect();
    assert!(asked[0].contains("gzip"));
    assert_eq!(asked[1], "identity");
}

#[tokio::test]
async fn a_limit_set_after_the_repetition_leaves_it_alone() {
    let server = serve(Reply::new(503)).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .retry(RetryPolicy::never())
        .timeout(Duration::from_secs(9))
        .with_options(|options| options.idle_timeout(Duration::from_secs(5)))
        .build()
        .unwrap();
    client.sync("blog").await.unwrap_err();
    assert_eq!(server.requests().len(), 1);
}
