//! Bodies arrive whole or fail, and stream both ways.

use std::io;
use std::time::Duration;

use bytes::Bytes;

use super::check::{
    Context, Outcome, body_error, by_hand, ensure, ensure_broken_body, meanwhile, post, single,
    text,
};
use super::contracts;
use crate::testing::{Event, Gate, Reply, Script};
use crate::transport::{Body, Delivery};

contracts![
    an_empty_body_is_empty,
    a_body_with_a_length_arrives_exactly,
    a_chunked_body_arrives_whole,
    trailers_do_not_disturb,
    a_body_may_end_with_the_connection over http1,
    a_cut_body_with_a_length_fails,
    a_cut_chunked_body_fails,
    a_broken_chunk_fails over http1,
    a_broken_body_takes_back_no_head needs Streams,
    a_request_body_in_memory_has_its_length,
    a_streamed_request_body_arrives_whole needs Streams,
    a_request_body_goes_out_as_it_is_produced needs Streams,
    an_answer_is_readable_before_its_end needs Streams,
    an_answer_may_come_before_the_request_ends needs Streams over http1,
    a_failing_request_body_fails_the_call,
    an_unread_body_is_not_buffered_without_bound needs Streams,
];

async fn an_empty_body_is_empty(context: Context) -> Outcome {
    let server = context
        .serve(|request| match request.path() {
            "/length" => Reply::ok(),
            _ => Reply::ok().chunk(""),
        })
        .await?;
    for path in ["/length", "/chunked"] {
        let text = context.text(&server.url(path)).await?;
        ensure!(text.is_empty(), "the body of {path} is {text:?}");
    }
    Ok(())
}

/// 200,000 bytes without a pattern that a lost or doubled piece could hide in.
fn noise() -> Bytes {
    (0..50_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect()
}

async fn a_body_with_a_length_arrives_exactly(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok().body(noise())).await?;
    let answer = context.get(&server.url("/")).await?;
    let body = answer.into_body().collect(u64::MAX).await?;
    ensure!(
        body == noise(),
        "{} bytes, and not those that were sent",
        body.len()
    );
    Ok(())
}

async fn a_chunked_body_arrives_whole(context: Context) -> Outcome {
    let server = context
        .serve(|_| {
            let mut rest = noise();
            let mut reply = Reply::ok();
            for size in (1..).step_by(97) {
                if rest.is_empty() {
                    break;
                }
                reply = reply.chunk(rest.split_to(size.min(rest.len())));
            }
            reply
        })
        .await?;
    let answer = context.get(&server.url("/")).await?;
    let body = answer.into_body().collect(u64::MAX).await?;
    ensure!(
        body == noise(),
        "{} bytes, and not those that were sent",
        body.len()
    );
    Ok(())
}

async fn trailers_do_not_disturb(context: Context) -> Outcome {
    let server = context
        .serve(|_| Reply::ok().chunk("hello").trailer("x-checksum", "1"))
        .await?;
    for _ in 0..2 {
        let text = context.text(&server.url("/")).await?;
        ensure!(text == "hello", "the body is {text:?}");
    }
    Ok(())
}

async fn a_body_may_end_with_the_connection(context: Context) -> Outcome {
    let server = context
        .serve(|_| Reply::ok().body("hello").until_close())
        .await?;
    for _ in 0..2 {
        let text = context.text(&server.url("/")).await?;
        ensure!(text == "hello", "the body is {text:?}");
    }
    Ok(())
}

async fn a_cut_body_with_a_length_fails(context: Context) -> Outcome {
    let server = context
        .serve(|_| Reply::ok().content_length(100).body("hello").then_close())
        .await?;
    ensure_broken_body(&context.broken(&server.url("/")).await?)
}

async fn a_cut_chunked_body_fails(context: Context) -> Outcome {
    let server = context
        .serve(|_| Reply::ok().chunk("hello").unfinished().then_close())
        .await?;
    ensure_broken_body(&context.broken(&server.url("/")).await?)
}

async fn a_broken_chunk_fails(context: Context) -> Outcome {
    let script = Script::new()
        .read_request()
        .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nno size\r\n");
    let server = context.always(script).await?;
    ensure_broken_body(&context.broken(&server.url("/")).await?)
}

async fn a_broken_body_takes_back_no_head(context: Context) -> Outcome {
    let server = context
        .serve(|_| Reply::new(404).content_length(100).body("why").then_close())
        .await?;
    let answer = context.get(&server.url("/")).await?;
    ensure!(answer.status() == 404, "the status is {}", answer.status());
    ensure_broken_body(&body_error(answer).await?)
}

async fn a_request_body_in_memory_has_its_length(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    context.send(post(&server.url("/"), noise())?).await?;
    let request = single(server.requests())?;
    ensure!(
        request.body == noise(),
        "{} bytes, and not those given",
        request.body.len()
    );
    let length = request.header("content-length");
    ensure!(length == Some("200000"), "content-length is {length:?}");
    Ok(())
}

async fn a_streamed_request_body_arrives_whole(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    let (pieces, body) = by_hand();
    let mut rest = noise();
    while !rest.is_empty() {
        let _ = pieces.send(Ok(rest.split_to(rest.len().min(3001))));
    }
    drop(pieces);
    context.send(post(&server.url("/"), body)?).await?;
    let request = single(server.requests())?;
    ensure!(request.chunked, "it was not sent in chunks");
    ensure!(
        request.body == noise(),
        "{} bytes, and not those given",
        request.body.len()
    );
    Ok(())
}

async fn a_request_body_goes_out_as_it_is_produced(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    let (pieces, body) = by_hand();
    let request = post(&server.url("/"), body)?;
    let mut call = tokio::spawn(async move { context.send(request).await });
    for so_far in [5, 10] {
        let _ = pieces.send(Ok(Bytes::from_static(b"hello")));
        let came = server
            .wait_for(|event| matches!(event, Event::BodyPart { so_far: n, .. } if *n == so_far));
        meanwhile(&mut call, came).await?;
    }
    ensure!(
        server.executions() == 0,
        "the request ended before its body"
    );
    drop(pieces);
    call.await??;
    ensure!(
        server.executions() == 1,
        "{} requests came",
        server.executions()
    );
    Ok(())
}

async fn an_answer_is_readable_before_its_end(context: Context) -> Outcome {
    let gate = Gate::new();
    let held = gate.clone();
    let server = context
        .serve(move |_| Reply::ok().chunk("first").wait(&held).chunk("second"))
        .await?;
    let mut body = context.get(&server.url("/")).await?.into_body();
    let first = body.chunk().await.transpose()?.unwrap_or_default();
    ensure!(first == "first", "the first piece is {first:?}");
    gate.open();
    let rest = body.collect(u64::MAX).await?;
    ensure!(rest == "second", "the rest is {rest:?}");
    Ok(())
}

async fn an_answer_may_come_before_the_request_ends(context: Context) -> Outcome {
    let script = Script::new()
        .read_head()
        .read_body(1)
        .reply(Reply::new(413).body("too much").then_close());
    let server = context.always(script).await?;
    // Never ended: the server has to answer first.
    let (pieces, body) = by_hand();
    let _ = pieces.send(Ok(Bytes::from_static(b"hello")));
    let answer = context.send(post(&server.url("/"), body)?).await?;
    ensure!(answer.status() == 413, "the status is {}", answer.status());
    let text = text(answer).await?;
    ensure!(text == "too much", "the body is {text:?}");
    Ok(())
}

async fn a_failing_request_body_fails_the_call(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    let (pieces, body) = by_hand();
    let _ = pieces.send(Ok(Bytes::from_static(b"hello")));
    let _ = pieces.send(Err(io::Error::other("the file is gone")));
    let error = context.error(post(&server.url("/"), body)?).await?;
    ensure!(
        error.delivery() != Delivery::Answered,
        "there was no answer, but delivery is {:?} ({error})",
        error.delivery()
    );
    ensure!(
        format!("{error:?}").contains("the file is gone"),
        "the cause is lost: {error:?}"
    );
    ensure!(
        server.executions() == 0,
        "a cut request went out as a whole one"
    );
    // The failure belongs to that call alone.
    let answer = context.send(post(&server.url("/"), Body::empty())?).await?;
    ensure!(
        answer.status() == 200,
        "the next status is {}",
        answer.status()
    );
    Ok(())
}

async fn an_unread_body_is_not_buffered_without_bound(context: Context) -> Outcome {
    const PIECE: &[u8] = &[0; 64 * 1024];
    const PIECES: usize = 1024;
    // What the system's socket buffers may hold at the most, and then some.
    const BOUND: u64 = 40 * 1024 * 1024;
    let server = context
        .serve(|_| Reply::ok().chunks(Bytes::from_static(PIECE), PIECES))
        .await?;
    let answer = context.get(&server.url("/")).await?;
    // Until the server cannot get rid of anything more. Too short a pause can
    // miss a failure, but never make one up.
    let mut sent = 0;
    while server.bytes_sent() != sent {
        sent = server.bytes_sent();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(
        sent < BOUND,
        "{sent} bytes were taken in before anyone read them"
    );
    let mut body = answer.into_body();
    let mut read = 0;
    while let Some(chunk) = body.chunk().await {
        read += chunk?.len();
    }
    ensure!(read == PIECES * PIECE.len(), "{read} bytes arrived");
    Ok(())
}
