//! Clients that cannot be made, and those that need little.

use synctools::store::MemoryStore;
use synctools::{Client, ClientBuilder, ErrorKind};

use crate::support::schema;

fn builder() -> ClientBuilder {
    Client::builder()
        .api_url("http://127.0.0.1:1/sync/")
        .token("t")
        .schema(schema())
        .store(MemoryStore::default())
}

#[test]
fn what_is_missing_or_wrong_is_said_at_once() {
    let bare = || Client::builder().api_url("http://h/").token("t");
    let cases: [(ClientBuilder, &str); 9] = [
        (bare().store(MemoryStore::default()), "schema"),
        (bare().schema(schema()), "store"),
        (
            Client::builder()
                .api_url("http://h/")
                .schema(schema())
                .store(MemoryStore::default()),
            "SYNCTOOL_CLIENT_TOKEN",
        ),
        (builder().token(""), "SYNCTOOL_CLIENT_TOKEN"),
        (builder().token("a\nb\u{7f}"), ""),
        (builder().api_url("/sync/"), "absolute"),
        (builder().api_url("ftp://h/"), "http"),
        (builder().api_url("http://user:pw@h/"), "credentials"),
        (builder().api_url("http://h/?x=1"), "query"),
    ];
    for (number, (builder, word)) in cases.into_iter().enumerate() {
        match builder.build() {
            // Base64 hides every character of a token.
            Ok(_) => assert_eq!(word, "", "{number}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Config, "{number}");
                assert!(error.to_string().contains(word), "{number}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn bad_paths_and_urls_are_refused_before_anything_is_sent() {
    // Nobody listens there: an attempt to connect would be another error.
    let client = builder().build().unwrap();
    for path in ["..", "a/../b", "%2e%2e/b"] {
        let error = client.sync(path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{path}: {error}");
    }
    for url in ["", "/sync/", "http://u:p@h/", "file:///etc/passwd"] {
        let error = client.sync_url(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}");
    }
}

#[test]
fn a_client_may_do_without_a_token_or_an_endpoint() {
    assert!(builder().token("").public().build().is_ok());
    let client = Client::builder()
        .token("t")
        .schema(schema())
        .store(MemoryStore::default());
    assert!(client.build().is_ok());
}
