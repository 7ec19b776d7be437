//! Answers are sent while they are made, and no faster than they are taken.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::GzDecoder;
use http::{Request, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use synctools::route::{Body, Limits, Route, RouteBuilder, Server};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::support::http::{Answer, get, read_on, read_until, request};
use crate::support::route::all;
use crate::support::scripted::{MODEL, Scripted, Step, schema};

fn builder(store: &Scripted) -> RouteBuilder {
    Route::builder(store.clone(), schema())
        .public()
        .queryset("items", |_| all(MODEL))
}

async fn serve(store: &Scripted) -> Server {
    let route = builder(store).build().unwrap();
    route.listen(([127, 0, 0, 1], 0).into()).await.unwrap()
}

async fn connect(server: &Server, headers: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket
        .write_all(&request("/items/", headers))
        .await
        .unwrap();
    socket
}

async fn take(route: &Route) -> Body {
    let request = Request::get("/items/").body(()).unwrap();
    let response = route.answer(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body()
}

async fn frame(body: &mut Body) -> Option<Result<Vec<u8>, synctools::route::BodyError>> {
    let frame = body.frame().await?;
    Some(frame.map(|frame| frame.into_data().unwrap().to_vec()))
}

#[tokio::test]
async fn the_head_is_sent_before_there_is_an_object() {
    let gate = Arc::new(Semaphore::new(0));
    let store = Scripted::new([Step::Wait(Arc::clone(&gate)), Step::Rows(1)]);
    let server = serve(&store).await;
    let mut socket = connect(&server, "").await;
    let mut received = read_until(&mut socket, b"\r\n\r\n").await;
    gate.add_permits(1);
    received.extend(read_on(&mut socket).await);
    let answer = Answer::parse(&received, false);
    assert!(answer.complete);
    assert!(
        answer
            .text()
            .starts_with("[{\"model\": \"big.item\", \"pk\": 0, ")
    );
    assert!(answer.text().ends_with("\"}}]"));
}

#[tokio::test]
async fn objects_are_sent_while_others_are_still_to_come() {
    let gate = Arc::new(Semaphore::new(0));
    let steps = [Step::Rows(1), Step::Wait(Arc::clone(&gate)), Step::Rows(1)];
    let store = Scripted::new(steps);
    let server = serve(&store).await;
    let mut socket = connect(&server, "").await;
    let mut received = read_until(&mut socket, b"xxx\"}}").await;
    gate.add_permits(1);
    received.extend(read_on(&mut socket).await);
    let answer = Answer::parse(&received, false);
    assert!(answer.complete);
    assert!(
        answer
            .text()
            .contains("xxx\"}}, {\"model\": \"big.item\", \"pk\": 1, ")
    );
}

#[tokio::test]
async fn objects_in_gzip_do_not_wait_for_others_either() {
    let gate = Arc::new(Semaphore::new(0));
    let steps = [Step::Rows(1), Step::Wait(Arc::clone(&gate)), Step::Rows(1)];
    let store = Scripted::new(steps);
    let server = serve(&store).await;
    let mut socket = connect(&server, "Accept-Encoding: gzip\r\n").await;
    // The mark of a flush.
    let mut received = read_until(&mut socket, b"\x00\x00\xff\xff").await;
    let mut start = Vec::new();
    let partial = Answer::parse(&received, false);
    let cut = GzDecoder::new(&*partial.body).read_to_end(&mut start);
    assert!(cut.is_err());
    assert!(
        start.ends_with(b"xxx\"}}"),
        "{}",
        String::from_utf8_lossy(&start)
    );
    gate.add_permits(1);
    received.extend(read_on(&mut socket).await);
    let answer = Answer::parse(&received, false);
    let mut whole = String::new();
    let mut decoder = GzDecoder::new(&*answer.body);
    decoder.read_to_string(&mut whole).unwrap();
    assert!(whole.ends_with("xxx\"}}]"));
}

#[tokio::test]
async fn a_failure_in_the_middle_is_seen_as_a_cut() {
    for headers in [
        "",
        "Accept-Encoding: gzip\r\n",
        "Accept: application/x-ndjson\r\n",
    ] {
        let gate = Arc::new(Semaphore::new(0));
        let store = Scripted::new([Step::Rows(9), Step::Wait(Arc::clone(&gate)), Step::Fail]);
        let server = serve(&store).await;
        let mut socket = connect(&server, headers).await;
        let mut received = read_until(&mut socket, b"\r\n\r\n").await;
        gate.add_permits(1);
        received.extend(read_on(&mut socket).await);
        let answer = Answer::parse(&received, false);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
        assert!(!answer.complete);
        assert!(!answer.body.is_empty());
        store.until_open(0).await;
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_answered_is_an_error_of_the_server() {
    let mut store = Scripted::new([Step::Rows(1)]);
    store.refuses = true;
    let server = serve(&store).await;
    let answer = get(server.address(), "/items/", "").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("no such table"));
    store.until_open(0).await;
}

#[tokio::test]
async fn a_small_answer_says_how_long_it_is() {
    let store = Scripted::new([Step::Rows(3)]);
    let route = builder(&store).build().unwrap();
    let body = take(&route).await;
    let hint = body.size_hint().exact();
    let collected = body.collect().await.unwrap().to_bytes();
    assert_eq!(hint, Some(collected.len() as u64));
}

#[tokio::test]
async fn what_is_not_taken_is_not_read() {
    let store = Scripted::new([Step::Endless]);
    let route = builder(&store).build().unwrap();
    let mut body = take(&route).await;
    let mut before = 0;
    for _ in 0..20 {
        assert!(frame(&mut body).await.unwrap().unwrap().len() < 200_000);
        // Whatever could go on without us has gone on by then.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        let given = store.given();
        assert!(given - before < 1000, "{given} rows, {before} before");
        before = given;
    }
    assert!(before > 1000);
    drop(body);
    store.until_open(0).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_lets_the_snapshot_go() {
    for steps in [
        vec![Step::Endless],
        vec![Step::Rows(1), Step::Wait(Arc::new(Semaphore::new(0)))],
        vec![Step::Wait(Arc::new(Semaphore::new(0)))],
    ] {
        let store = Scripted::new(steps);
        let server = serve(&store).await;
        let mut socket = connect(&server, "").await;
        read_until(&mut socket, b"\r\n\r\n").await;
        store.until_open(1).await;
        drop(socket);
        store.until_open(0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_given_up() {
    let store = Scripted::new([Step::Endless]);
    let stall = Duration::from_secs(60);
    let route = builder(&store).stall(stall).build().unwrap();
    let mut body = take(&route).await;
    for _ in 0..5 {
        frame(&mut body).await.unwrap().unwrap();
        // Slow is not nothing.
        tokio::time::sleep(stall - Duration::from_secs(1)).await;
    }
    store.until_open(1).await;
    store.until_open(0).await;
    let error = loop {
        match frame(&mut body).await.expect("no clean end") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "the answer was cut short");
    assert!(frame(&mut body).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_is_not_read_from_is_closed() {
    let store = Scripted::new([Step::Endless]);
    let server = serve(&store).await;
    let mut socket = connect(&server, "").await;
    store.until_open(1).await;
    store.until_open(0).await;
    let answer = Answer::parse(&read_on(&mut socket).await, false);
    assert!(!answer.complete);
}

#[tokio::test(start_paused = true)]
async fn answers_wait_for_their_turn_and_not_for_ever() {
    let store = Scripted::new([Step::Endless]);
    let route = builder(&store).answers(1).build().unwrap();
    let first = take(&route).await;
    let request = || Request::get("/items/").body(()).unwrap();
    let refused = route.answer(request()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "5");
    let waiting = route.answer(request());
    let (answered, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(first);
    });
    assert_eq!(answered.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn shutting_down_lets_answers_end() {
    let gate = Arc::new(Semaphore::new(0));
    let steps = [Step::Rows(1), Step::Wait(Arc::clone(&gate)), Step::Rows(1)];
    let store = Scripted::new(steps);
    let server = serve(&store).await;
    let address = server.address();
    let mut socket = connect(&server, "").await;
    let mut received = read_until(&mut socket, b"xxx\"}}").await;
    let shutdown = tokio::spawn(server.shutdown());
    // Nobody new is let in; until that is so, somebody may be.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!shutdown.is_finished());
    gate.add_permits(1);
    received.extend(read_on(&mut socket).await);
    assert!(Answer::parse(&received, false).complete);
    shutdown.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_dropped_ends_at_once() {
    let store = Scripted::new([Step::Endless]);
    let server = serve(&store).await;
    let mut socket = connect(&server, "").await;
    read_until(&mut socket, b"\r\n\r\n").await;
    drop(server);
    store.until_open(0).await;
    assert!(!read_on(&mut socket).await.is_empty());
}

#[tokio::test]
async fn heads_that_are_too_long_are_refused() {
    let server = serve(&Scripted::new([Step::Rows(1)])).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(20 << 10));
    let answer = get(server.address(), "/items/", &long).await;
    assert_eq!(answer.status, 431);
    let target = format!("/items/?{}", "x".repeat(20 << 10));
    let answer = get(server.address(), &target, "").await;
    assert!([414, 431].contains(&answer.status));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let route = builder(&Scripted::new([])).build().unwrap();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = route.serve(listener, Limits::default()).unwrap();
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    socket
        .write_all(b"GET /items/ HTTP/1.1\r\nHos")
        .await
        .unwrap();
    let received = read_on(&mut socket).await;
    assert!(received.is_empty() || received.starts_with(b"HTTP/1.1 408"));
}
