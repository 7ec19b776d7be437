//! Whatever breaks, the database is as it was before or as it is after.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sync_core::testing::{Gate, Received, Reply, Script, ScriptedServer};
use synctools::store::Clean;
use synctools::{ErrorKind, SyncErrorExt as _};

use crate::support::{Contents, Database, category, client, json_reply, serve, serve_with};

/// What is in the database before: something to update, something to remove.
const BEFORE: &[&str] = &[
    "INSERT INTO lab_category (id, slug) VALUES (1, 'old')",
    "INSERT INTO lab_category (id, slug) VALUES (9, 'local')",
    "INSERT INTO lab_blog (id, title, slug) VALUES (1, 't', 's')",
    "INSERT INTO lab_blog_categories (id, blog_id, category_id) VALUES (50, 1, 1)",
];

/// A small body that changes all of that.
fn body() -> String {
    json!([
        category(1, "new"),
        category(2, "more"),
        { "model": "lab.blog", "pk": 1, "fields": {
            "title": "T", "slug": "s", "owner": null,
            "categories": [2], "authors": [], "related": [], "follows": [],
        }},
    ])
    .to_string()
}

/// What a whole sync makes of it.
async fn after() -> Contents {
    let database = Database::with(BEFORE);
    let server = serve(json_reply(body())).await;
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    client.sync("x").clean(Clean::Stale).await.unwrap();
    database.contents()
}

/// How a body is framed.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Length,
    Chunked,
    UntilClose,
    Gzip,
}

impl Framing {
    const ALL: [Self; 4] = [Self::Length, Self::Chunked, Self::UntilClose, Self::Gzip];

    /// The answer as it goes over the wire.
    fn answer(self) -> Vec<u8> {
        let body = body();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        let mut answer = head.as_bytes().to_vec();
        match self {
            Self::Length => {
                write!(answer, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
            }
            Self::Chunked => {
                answer.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for piece in body.as_bytes().chunks(40) {
                    write!(answer, "{:x}\r\n", piece.len()).unwrap();
                    answer.extend(piece);
                    answer.extend(b"\r\n");
                }
                answer.extend(b"0\r\n\r\n");
            }
            Self::UntilClose => {
                write!(answer, "Connection: close\r\n\r\n{body}").unwrap();
            }
            Self::Gzip => {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
                gzip.write_all(body.as_bytes()).unwrap();
                let gzip = gzip.finish().unwrap();
                answer.extend(b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
                write!(answer, "{:x}\r\n", gzip.len()).unwrap();
                answer.extend(gzip);
                answer.extend(b"\r\n0\r\n\r\n");
            }
        }
        answer
    }
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_changes_nothing() {
    let whole = after().await;
    for framing in Framing::ALL {
        let answer = framing.answer();
        let database = Database::with(BEFORE);
        let before = database.contents();
        let mut server = ScriptedServer::builder();
        for cut in 0..answer.len() {
            let piece = answer[..cut].to_vec();
            server = server.connection(Script::new().read_request().send(piece).close());
        }
        let server = server
            .otherwise(Script::new().read_request().send(answer.clone()).close())
            .start()
            .await
            .unwrap();
        let client = client(server.url("/sync/"), &database)
            .await
            .retry(synctools::RetryPolicy::never())
            .attempts(1)
            .build()
            .unwrap();
        for cut in 0..answer.len() {
            let result = client.sync("x").clean(Clean::Stale).await;
            let error = result.expect_err(&format!("{framing:?} cut at {cut}"));
            assert_eq!(
                database.contents(),
                before,
                "{framing:?} cut at {cut}: {error}"
            );
        }
        client.sync("x").clean(Clean::Stale).await.unwrap();
        assert_eq!(database.contents(), whole, "{framing:?}");
        assert_eq!(server.executions(), answer.len() + 1);
    }
}

#[tokio::test]
async fn a_body_that_broke_off_is_asked_for_again_as_a_whole() {
    let answer = Framing::Length.answer();
    let half = answer[..answer.len() - 20].to_vec();
    let server = ScriptedServer::builder()
        .connection(Script::new().read_request().send(half.clone()).reset())
        .connection(Script::new().read_request().send(half).close())
        .otherwise(Script::new().read_request().send(answer).close())
        .start()
        .await
        .unwrap();
    let database = Database::with(BEFORE);
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let report = client.sync("x").clean(Clean::Stale).await.unwrap();
    assert_eq!((report.attempts, report.objects), (3, 3));
    assert_eq!(database.contents(), after().await);
}

#[tokio::test]
async fn a_server_that_never_gets_to_the_end_is_given_up() {
    let answer = Framing::Length.answer();
    let half = answer[..answer.len() - 20].to_vec();
    let server = ScriptedServer::builder()
        .otherwise(Script::new().read_request().send(half).close())
        .start()
        .await
        .unwrap();
    let database = Database::with(BEFORE);
    let before = database.contents();
    let client = client(server.url("/sync/"), &database)
        .await
        .attempts(3)
        .build()
        .unwrap();
    let error = client.sync("x").await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(server.executions(), 3);
    assert_eq!(database.contents(), before);
}

#[tokio::test]
async fn an_answer_that_is_wrong_is_not_asked_for_again() {
    let bodies = [
        "<html>hi</html>",
        "",
        "{}",
        "[1]",
        "[{}]",
        "[] []",
        "[\"\u{0}\"]",
        "\u{feff}[]",
        "[{\"model\": \"lab.category\", \"pk\": 1, \"fields\": {\"slug\": \"x\"}},]",
    ];
    for body in bodies {
        let server = serve(json_reply(body)).await;
        let database = Database::with(BEFORE);
        let before = database.contents();
        let client = client(server.url("/sync/"), &database)
            .await
            .build()
            .unwrap();
        let error = client.sync("x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert!(error.sync_error().is_some(), "{body}: {error}");
        assert_eq!(server.executions(), 1, "{body}");
        assert_eq!(database.contents(), before, "{body}");
    }
}

#[tokio::test]
async fn a_gzip_bomb_is_refused() {
    // 64 MiB of spaces within an array, in 64 KiB.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(b"[").unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..64 {
        gzip.write_all(&spaces).unwrap();
    }
    gzip.write_all(b"]").unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 80 << 10);
    let server = serve(json_reply(bomb).header("content-encoding", "gzip")).await;
    let database = Database::with(BEFORE);
    let before = database.contents();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let error = client.sync("x").clean(Clean::Before).await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
    assert_eq!(server.executions(), 1);
    assert_eq!(database.contents(), before);
}

#[tokio::test]
async fn bodies_and_objects_larger_than_allowed_are_refused() {
    let big = json!([category(1, &"x".repeat(5000))]).to_string();
    let server = serve(json_reply(big)).await;
    let database = Database::with(BEFORE);
    let before = database.contents();
    for builder in [
        client(server.url("/sync/"), &database).await.max_body(4000),
        client(server.url("/sync/"), &database)
            .await
            .max_object(4000),
    ] {
        let error = builder.build().unwrap().sync("x").await.unwrap_err();
        assert!(!error.is_retryable(), "{error}");
        assert_eq!(database.contents(), before);
    }
    assert_eq!(server.executions(), 2);
}

#[tokio::test]
async fn a_wrong_token_says_so_and_changes_nothing() {
    let server = serve(
        Reply::new(401)
            .header("www-authenticate", "Basic realm=\"Sync API\"")
            .body("HTTP Authentication failed\n"),
    )
    .await;
    let database = Database::with(BEFORE);
    let before = database.contents();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let error = client.sync("x").clean(Clean::Before).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(format!("{error}").contains("401"), "{error}");
    assert_eq!(server.executions(), 1);
    assert_eq!(database.contents(), before);
}

#[tokio::test]
async fn passing_failures_are_repeated_and_others_are_not() {
    for (status, calls) in [(404, 1), (400, 1), (503, 2), (429, 2), (500, 2)] {
        let count = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        let server = serve_with(move |_| match seen.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::new(status).body("<h1>no</h1>"),
            _ => json_reply(body()),
        })
        .await;
        let database = Database::with(BEFORE);
        let client = client(server.url("/sync/"), &database)
            .await
            .build()
            .unwrap();
        let result = client.sync("x").clean(Clean::Stale).await;
        assert_eq!(result.is_ok(), calls == 2, "{status}");
        assert_eq!(count.load(Ordering::SeqCst), calls, "{status}");
    }
}

#[tokio::test]
async fn a_sync_that_is_dropped_takes_back_what_it_wrote() {
    let gate = Gate::new();
    let stay = Gate::new();
    let body = body();
    let (first, rest) = body.split_at(200);
    let (first, rest) = (first.to_owned(), rest.to_owned());
    let reply = Reply::ok().chunk(first).wait(&stay).chunk(rest);
    let server = ScriptedServer::builder()
        .otherwise(Script::new().read_request().open(&gate).reply(reply))
        .start()
        .await
        .unwrap();
    let database = Database::with(BEFORE);
    let before = database.contents();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let sync = client.sync("x").clean(Clean::Before).map(move |_| {
        let _ = told.send(());
        synctools::client::Verdict::Keep
    });
    let task = tokio::spawn(sync.into_future());
    heard.recv().await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(database.contents(), before);
    // The next one is not in its way.
    stay.open();
    client.sync("x").clean(Clean::Stale).await.unwrap();
    assert_eq!(database.contents(), after().await);
}

#[tokio::test]
async fn redirects_stay_within_the_origin_unless_asked() {
    let other = serve(json_reply(body())).await;
    let elsewhere = other.url("/elsewhere/");
    let there = elsewhere.clone();
    let server = serve_with(move |request: Received| match request.path() {
        "/sync/away/" => Reply::new(302).header("location", &there),
        "/sync/home/" => Reply::new(302).header("location", "/sync/real/"),
        "/sync/circle/" => Reply::new(302).header("location", "/sync/circle/"),
        _ => json_reply(body()),
    })
    .await;
    let database = Database::with(BEFORE);
    let before = database.contents();
    let builder = || client(server.url("/sync/"), &database);
    let strict = builder().await.build().unwrap();
    for path in ["away", "circle"] {
        let error = strict.sync(path).await.unwrap_err();
        assert!(error.to_string().contains("redirect"), "{path}: {error}");
        let to = error.redirect().map(ToString::to_string);
        let there = match path {
            "away" => elsewhere.clone(),
            _ => server.url("/sync/circle/"),
        };
        assert_eq!(to, Some(there), "{path}");
        assert_eq!(database.contents(), before, "{path}");
    }
    assert!(other.requests().is_empty());

    let free = builder()
        .await
        .redirects(sync_core::policy::Redirects::Anywhere { max: 5 })
        .build()
        .unwrap();
    free.sync("away").await.unwrap();
    let request = &other.requests()[0];
    assert_eq!(request.target, "/elsewhere/");
    assert_eq!(request.header("authorization"), None);

    strict.sync("home").await.unwrap();
    let last = server.requests().pop().unwrap();
    assert_eq!(last.target, "/sync/real/");
    assert!(last.header("authorization").is_some());
}
