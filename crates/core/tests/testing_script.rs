//! The scripted server does what the script says, and tells when it could not.

#![cfg(feature = "testing")]

use sync_core::testing::{Event, Gate, RefusedPort, Reply, Script, ScriptedServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

const GET: &[u8] = b"GET /a?b=%20 HTTP/1.1\r\nhost: h\r\n\r\n";

async fn connect(server: &ScriptedServer) -> std::io::Result<TcpStream> {
    TcpStream::connect(server.authority()).await
}

/// Sends `bytes` and reads until the server closes.
async fn exchange(server: &ScriptedServer, bytes: &[u8]) -> std::io::Result<String> {
    let mut stream = connect(server).await?;
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn connections_run_their_scripts_in_order() -> Result {
    let server = ScriptedServer::builder()
        .connection(
            Script::new()
                .read_request()
                .reply(Reply::ok().body("first")),
        )
        .connection(
            Script::new()
                .read_request()
                .reply(Reply::new(404).body("second")),
        )
        .otherwise(Script::new().serve(|_| Reply::new(410)))
        .start()
        .await?;
    assert!(
        exchange(&server, GET)
            .await?
            .ends_with("content-length: 5\r\n\r\nfirst")
    );
    assert!(
        exchange(&server, GET)
            .await?
            .starts_with("HTTP/1.1 404 Not Found\r\n")
    );
    for _ in 0..2 {
        assert!(
            exchange(&server, GET)
                .await?
                .starts_with("HTTP/1.1 410 Gone\r\n")
        );
    }
    assert_eq!((server.connections(), server.executions()), (4, 4));
    server.finish().await?;
    Ok(())
}

#[tokio::test]
async fn requests_are_kept_byte_for_byte() -> Result {
    let server = ScriptedServer::serve(|_| Reply::ok()).await?;
    let bytes = b"POST /%7e?x=%2B HTTP/1.1\r\nX-A: caf\xe9\r\nx-a: 2\r\n\
                  Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nx-t: 1\r\n\r\n\
                  PUT /next HTTP/1.1\r\ncontent-length: 2\r\n\r\nok";
    exchange(&server, bytes).await?;
    let requests = server.requests();
    assert_eq!(requests[0].target, "/%7e?x=%2B");
    assert_eq!(requests[0].query(), Some("x=%2B"));
    let values: Vec<_> = requests[0]
        .headers
        .get_all("x-a")
        .iter()
        .map(|v| v.as_bytes())
        .collect();
    assert_eq!(values, [&b"caf\xe9"[..], b"2"]);
    assert_eq!(requests[0].body, "hello!");
    assert!(requests[0].chunked);
    assert_eq!(
        (requests[1].path(), requests[1].text().as_str()),
        ("/next", "ok")
    );
    assert!(!requests[1].chunked);
    assert_eq!(requests[1].connection, 1);
    Ok(())
}

#[tokio::test]
async fn a_cut_request_is_no_execution() -> Result {
    let server = ScriptedServer::serve(|_| Reply::ok()).await?;
    let cut = b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nhello";
    assert_eq!(exchange(&server, cut).await?, "");
    server.peer_closed(1).await?;
    assert_eq!(server.executions(), 0);
    assert!(
        server
            .events()
            .iter()
            .any(|e| matches!(e, Event::BodyPart { so_far: 5, .. }))
    );
    server.finish().await?;
    Ok(())
}

#[tokio::test]
async fn a_gate_holds_back_what_follows() -> Result {
    let gate = Gate::new();
    let server = ScriptedServer::always(Script::new().send("a").wait(&gate).send("b")).await?;
    let mut stream = connect(&server).await?;
    assert_eq!(stream.read_u8().await?, b'a');
    gate.reached().await;
    assert_eq!(server.bytes_sent(), 1);
    gate.open();
    assert_eq!(stream.read_u8().await?, b'b');
    Ok(())
}

#[tokio::test]
async fn replies_can_be_wrong_in_every_way() -> Result {
    let server = ScriptedServer::serve(|request| match request.path() {
        "/length" => Reply::ok().content_length(9).body("x").then_close(),
        "/chunk" => Reply::ok().chunk("x").unfinished().then_close(),
        "/close" => Reply::ok().body("x").until_close(),
        _ => Reply::ok().chunk("x").trailer("t", "1"),
    })
    .await?;
    for (path, answer) in [
        ("/length", "content-length: 9\r\n\r\nx"),
        ("/chunk", "transfer-encoding: chunked\r\n\r\n1\r\nx\r\n"),
        ("/close", "HTTP/1.1 200 OK\r\n\r\nx"),
        (
            "/",
            "transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nt: 1\r\n\r\n",
        ),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\n\r\n");
        let came = exchange(&server, request.as_bytes()).await?;
        assert!(came.ends_with(answer), "{path}: {came:?}");
    }
    let head = exchange(&server, b"HEAD /length HTTP/1.1\r\n\r\n").await?;
    assert!(head.ends_with("content-length: 9\r\n\r\n"), "{head:?}");
    Ok(())
}

#[tokio::test]
async fn a_reset_is_a_reset() -> Result {
    let server = ScriptedServer::always(Script::new().read_request().reset()).await?;
    let mut stream = connect(&server).await?;
    stream.write_all(GET).await?;
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    Ok(())
}

#[tokio::test]
async fn a_half_closed_connection_still_reads() -> Result {
    let script = Script::new().send("bye").half_close().read_raw(5);
    let server = ScriptedServer::builder().connection(script).start().await?;
    let mut stream = connect(&server).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert_eq!(answer, "bye");
    stream.write_all(b"hello").await?;
    server.finish().await?;
    Ok(())
}

#[tokio::test]
async fn a_stalling_script_is_at_its_end() -> Result {
    let script = Script::new().read_request().stall();
    let server = ScriptedServer::builder().connection(script).start().await?;
    let mut stream = connect(&server).await?;
    stream.write_all(GET).await?;
    server.request(1).await?;
    server.finish().await?;
    Ok(())
}

#[tokio::test]
async fn a_handler_that_waits_is_dropped_with_its_peer() -> Result {
    let gate = Gate::new();
    let held = gate.clone();
    let server = ScriptedServer::serve_async(move |_| {
        let held = held.clone();
        async move {
            held.wait().await;
            Reply::ok()
        }
    })
    .await?;
    let mut stream = connect(&server).await?;
    stream.write_all(GET).await?;
    gate.reached().await;
    drop(stream);
    server.peer_closed(1).await?;
    server.finish().await?;
    Ok(())
}

#[tokio::test]
async fn an_unexpected_request_fails_the_script() -> Result {
    let script = Script::new().expect("POST", "/a").reply(Reply::ok());
    let server = ScriptedServer::builder().connection(script).start().await?;
    exchange(&server, GET).await?;
    let failure = server.finish().await.unwrap_err().to_string();
    assert!(
        failure.contains("connection 1: step 1 (expect POST /a): came GET /a?b=%20"),
        "{failure}"
    );
    Ok(())
}

#[tokio::test]
async fn a_failed_check_fails_the_script() -> Result {
    let script = Script::new().read_request().check(|request| {
        request
            .header("x-api-key")
            .map(drop)
            .ok_or_else(|| "no key".to_owned())
    });
    let server = ScriptedServer::builder().connection(script).start().await?;
    exchange(&server, GET).await?;
    let failure = server.finish().await.unwrap_err().to_string();
    assert!(
        failure.contains("step 2 (check the request): no key"),
        "{failure}"
    );
    Ok(())
}

#[tokio::test]
async fn a_panic_in_a_handler_is_a_failure() -> Result {
    let server = ScriptedServer::serve(|_| panic!("as planned")).await?;
    exchange(&server, GET).await?;
    let failure = server.finish().await.unwrap_err().to_string();
    assert!(
        failure.contains("connection 1: step 1 (serve): panicked"),
        "{failure}"
    );
    Ok(())
}

#[tokio::test]
async fn a_failure_wakes_who_waits_for_an_event() -> Result {
    let server = ScriptedServer::builder()
        .connection(Script::new().expect("PUT", "/"))
        .start()
        .await?;
    exchange(&server, GET).await?;
    server.request(2).await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn a_connection_without_a_script_is_a_failure() -> Result {
    let server = ScriptedServer::builder()
        .connection(Script::new())
        .start()
        .await?;
    for _ in 0..2 {
        exchange(&server, b"").await?;
    }
    let failure = server.finish().await.unwrap_err();
    assert_eq!(
        failure.reasons(),
        ["connection 2: there is no script for it"]
    );
    Ok(())
}

#[tokio::test]
async fn garbage_instead_of_a_request_is_a_failure() -> Result {
    let server = ScriptedServer::serve(|_| Reply::ok()).await?;
    exchange(&server, b"\x16\x03\x01 hello\r\n\r\n").await?;
    let failure = server.finish().await.unwrap_err().to_string();
    assert!(failure.contains("not an HTTP request"), "{failure}");
    Ok(())
}

#[tokio::test]
async fn a_dropped_server_closes_its_connections() -> Result {
    let server = ScriptedServer::always(Script::new().send("a").stall()).await?;
    let mut stream = connect(&server).await?;
    assert_eq!(stream.read_u8().await?, b'a');
    drop(server);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await?;
    assert!(rest.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_refused_port_refuses() -> Result {
    let port = RefusedPort::new()?;
    let error = TcpStream::connect(port.authority()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    Ok(())
}

#[tokio::test]
async fn an_acceptor_may_refuse() -> Result {
    let server = ScriptedServer::builder()
        .otherwise(Script::new().serve(|_| Reply::ok()))
        .tls(|mut io| async move {
            // A handshake of one byte.
            match io.read_u8().await? {
                b'!' => Ok(io),
                _ => Err(std::io::Error::other("no handshake")),
            }
        })
        .start()
        .await?;
    assert!(server.url("/").starts_with("https://127.0.0.1:"));
    assert_eq!(exchange(&server, b"?").await?, "");
    let refused = server
        .wait_for(|e| matches!(e, Event::HandshakeFailed { .. }))
        .await?;
    assert!(format!("{refused:?}").contains("no handshake"));
    let mut accepted = b"!".to_vec();
    accepted.extend_from_slice(GET);
    assert!(
        exchange(&server, &accepted)
            .await?
            .starts_with("HTTP/1.1 200 OK")
    );
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_served_and_removed() -> Result {
    let path = std::env::temp_dir().join(format!("sync-core-script-{}.sock", std::process::id()));
    let server = ScriptedServer::builder()
        .otherwise(Script::new().serve(|request| Reply::ok().body(request.target)))
        .unix(&path)
        .start()
        .await?;
    assert_eq!(server.unix_path(), Some(path.as_path()));
    let mut stream = tokio::net::UnixStream::connect(&path).await?;
    stream.write_all(GET).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert!(answer.ends_with("/a?b=%20"), "{answer}");
    server.finish().await?;
    // The listener goes with its task.
    while path.exists() {
        tokio::task::yield_now().await;
    }
    Ok(())
}
