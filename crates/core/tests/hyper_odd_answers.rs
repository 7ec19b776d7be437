//! Answers as broken, old and clever servers give them, byte for byte, through
//! the whole pipeline.

#![cfg(all(feature = "hyper", feature = "testing", feature = "gzip"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic"
)]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sync_core::policy::RetryPolicy;
use sync_core::testing::{Script, ScriptedServer};
use sync_core::transport::TransportErrorKind;
use sync_core::{CallOptions, Error, ErrorKind, Operation, Pipeline};

static GET: Operation = Operation::get("odd", "get", "/");

/// What a `GET` comes to that is answered with these bytes and the end of the
/// connection.
async fn answer(bytes: impl Into<Vec<u8>>) -> Result<String, Error> {
    let script = Script::new().read_request().send(bytes.into()).close();
    let server = ScriptedServer::always(script).await.unwrap();
    let options = CallOptions::new().retry(RetryPolicy::default().max_attempts(1));
    let client = Pipeline::builder(server.url("")).options(options);
    let call = client.build().unwrap().call(&GET);
    let body = call.await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn zip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn ok(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [
        format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes(),
        body.as_ref(),
    ]
    .concat()
}

fn zipped(coding: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let headers = format!("content-encoding: {coding}\r\ncontent-length: {length}\r\n");
    ok(&headers, body)
}

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

#[tokio::test]
async fn odd_answers_that_have_one_meaning_are_understood() {
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(50);
    let two = "content-length: 2\r\n";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "a 204 that says it has a body",
            "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello".into(),
            "",
        ),
        (
            "a 204 in chunks",
            "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                .into(),
            "",
        ),
        (
            "many informational answers",
            [hints.into_bytes(), ok(two, "ok")].concat(),
            "ok",
        ),
        ("the same length twice", ok(&two.repeat(2), "ok"), "ok"),
        (
            "a length beside chunks",
            ok(&format!("{two}{CHUNKED}"), "5\r\nhello\r\n0\r\n\r\n"),
            "hello",
        ),
        (
            "a chunk with an extension",
            ok(CHUNKED, "2;a=b\r\nok\r\n0\r\n\r\n"),
            "ok",
        ),
        (
            "trailers",
            ok(
                &format!("{CHUNKED}trailer: x-sum\r\n"),
                "2\r\nok\r\n0\r\nx-sum: 1\r\n\r\n",
            ),
            "ok",
        ),
        (
            "lines without a carriage return",
            "HTTP/1.1 200 OK\ncontent-length: 2\n\nok".into(),
            "ok",
        ),
        (
            "HTTP/1.0, to the end of the connection",
            "HTTP/1.0 200 OK\r\n\r\nok".into(),
            "ok",
        ),
        (
            "no reason",
            "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok".into(),
            "ok",
        ),
        (
            "a header that is no ASCII",
            [&b"HTTP/1.1 200 OK\r\nx-a: \xe9\r\ncontent-length: 2\r\n\r\nok"[..]].concat(),
            "ok",
        ),
        (
            "another answer behind it",
            [ok(two, "ok"), ok("content-length: 3\r\n", "bad")].concat(),
            "ok",
        ),
        ("the old name of gzip", zipped("x-gzip", &zip("ok")), "ok"),
        ("gzip in capitals", zipped("GZIP", &zip("ok")), "ok"),
        (
            "gzip of several members, one empty",
            zipped("gzip", &[zip("o"), zip(""), zip("k")].concat()),
            "ok",
        ),
        ("gzip of nothing at all", zipped("gzip", b""), ""),
        ("no coding, said", zipped("identity", b"ok"), "ok"),
    ];
    for (what, bytes, body) in cases {
        let text = answer(bytes).await;
        assert_eq!(
            text.unwrap_or_else(|error| panic!("{what}: {error}")),
            body,
            "{what}"
        );
    }
}

#[tokio::test]
async fn answers_that_could_mean_something_else_are_refused() {
    use ErrorKind::{Decode, Transport};
    use TransportErrorKind::{Body, Protocol, Reset};

    let two = "content-length: 2\r\n";
    let cut = |members: &[&str], by: usize| {
        let all: Vec<u8> = members.iter().flat_map(|text| zip(text)).collect();
        zipped("gzip", &all[..all.len() - by])
    };
    let status = |line: &str| format!("{line}\r\n{two}\r\nok").into_bytes();
    let cases: Vec<(&str, Vec<u8>, ErrorKind)> = vec![
        (
            "a header over two lines",
            ok(&format!("x-a: 1\r\n 2\r\n{two}"), "ok"),
            Transport(Protocol),
        ),
        (
            "a zero byte in a header",
            ok(&format!("x-a: 1\0\r\n{two}"), "ok"),
            Transport(Protocol),
        ),
        (
            "a space before a colon",
            ok(&format!("x-a : 1\r\n{two}"), "ok"),
            Transport(Protocol),
        ),
        (
            "a length below zero",
            ok("content-length: -1\r\n", "ok"),
            Transport(Protocol),
        ),
        (
            "a length with a sign",
            ok("content-length: +2\r\n", "ok"),
            Transport(Protocol),
        ),
        (
            "a length beyond all numbers",
            ok("content-length: 99999999999999999999999\r\n", "ok"),
            Transport(Protocol),
        ),
        (
            "a chunk beyond all numbers",
            ok(CHUNKED, "ffffffffffffffffff\r\nok"),
            Transport(Protocol),
        ),
        (
            "a coding of the transfer that nobody asked for",
            ok(
                "transfer-encoding: gzip, chunked\r\n",
                "2\r\nok\r\n0\r\n\r\n",
            ),
            Transport(Protocol),
        ),
        (
            "a status of two digits",
            status("HTTP/1.1 99 X"),
            Transport(Protocol),
        ),
        (
            "a status of four digits",
            status("HTTP/1.1 1000 X"),
            Transport(Protocol),
        ),
        (
            "a version that is not spoken",
            status("HTTP/2.0 200 OK"),
            Transport(Protocol),
        ),
        (
            "another protocol",
            status("ICY 200 OK"),
            Transport(Protocol),
        ),
        ("nothing", Vec::new(), Transport(Reset)),
        (
            "gzip within its data",
            cut(&["hello world"], 12),
            Transport(Body),
        ),
        (
            "gzip without its checksum",
            cut(&["hello"], 8),
            Transport(Body),
        ),
        (
            "gzip whose head alone came",
            zipped("gzip", &zip("x")[..10]),
            Transport(Body),
        ),
        (
            "gzip whose second member is cut",
            cut(&["hello", "world"], 3),
            Transport(Body),
        ),
        (
            "garbage behind gzip",
            zipped("gzip", &[zip("ok"), b"garbage".to_vec()].concat()),
            Transport(Body),
        ),
        ("gzip twice", zipped("gzip, gzip", &zip("ok")), Decode),
        (
            "whole gzip in a body that is cut",
            ok(
                &format!(
                    "content-encoding: gzip\r\ncontent-length: {}\r\n",
                    zip("ok").len() + 5
                ),
                zip("ok"),
            ),
            Transport(Reset),
        ),
    ];
    for (what, bytes, kind) in cases {
        match answer(bytes).await {
            Err(error) => assert_eq!(error.kind(), kind, "{what}: {error:?}"),
            Ok(body) => panic!("{what}: {body:?}"),
        }
    }
    // Nobody asked for another protocol.
    let switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let error = answer(switching).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Service, 101)
    );
}
