//! Connections are kept, given up and never mixed up.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;

use super::check::{Context, Outcome, Violation, ensure, get, meanwhile, text};
use super::contracts;
use crate::testing::{Event, Gate, Reply, Script, ScriptedServer};
use crate::transport::{Attempt, Body, Operation};

contracts![
    a_connection_is_used_again needs KeepsAlive,
    a_connection_is_used_again_after_an_error_answer needs KeepsAlive,
    a_connection_that_the_server_closes_is_not_used_again over http1,
    a_dropped_call_is_canceled over http1,
    a_dropped_call_does_not_answer_the_next,
    a_dropped_body_does_not_disturb_the_next_call,
    a_dropped_unfinished_body_does_not_disturb_the_next_call needs Streams,
    a_dropped_endless_body_ends_the_transfer needs Streams,
    a_connection_is_not_used_again_after_a_timeout over http1,
    a_connection_is_not_used_again_after_a_timeout_in_the_body needs Streams over http1,
    a_waiting_call_does_not_hold_up_others,
    a_hundred_calls_get_their_own_answers,
    a_dropped_transport_closes_its_idle_connections needs ClosesOnDrop,
];

static OPERATION: Operation = Operation::get("contract", "any", "/");

async fn ensure_used_again(context: Context, status: u16) -> Outcome {
    let server = context
        .serve(move |_| Reply::new(status).body("hello"))
        .await?;
    for _ in 0..20 {
        text(context.get(&server.url("/")).await?).await?;
    }
    // A pool may take a connection back a moment after the answer was read, so
    // that a call made at once opens another; not every time.
    ensure!(
        server.connections() <= 5,
        "{} connections for 20 calls",
        server.connections()
    );
    Ok(())
}

async fn a_connection_is_used_again(context: Context) -> Outcome {
    ensure_used_again(context, 200).await
}

async fn a_connection_is_used_again_after_an_error_answer(context: Context) -> Outcome {
    ensure_used_again(context, 500).await
}

async fn a_connection_that_the_server_closes_is_not_used_again(context: Context) -> Outcome {
    // It says so, and then does not close: nothing may come after.
    let server = context
        .serve(|_| Reply::ok().header("connection", "close").body("hello"))
        .await?;
    for _ in 0..3 {
        text(context.get(&server.url("/")).await?).await?;
    }
    ensure!(
        server.connections() == 3,
        "{} connections for 3 calls",
        server.connections()
    );
    Ok(())
}

/// Sends a request, waits until the server has read it, and drops the call.
async fn drop_call(
    context: &Context,
    server: &ScriptedServer,
    request: Request<Body>,
    before_drop: impl FnOnce(),
) -> Outcome {
    let transport = Arc::clone(&context.transport);
    let mut call = tokio::spawn(async move { transport.send(request).await });
    meanwhile(&mut call, server.request(1)).await?;
    before_drop();
    call.abort();
    match call.await {
        Err(error) if error.is_cancelled() => Ok(()),
        _ => Err(Violation(
            "the call ended although no answer came".to_owned(),
        )),
    }
}

async fn a_dropped_call_is_canceled(context: Context) -> Outcome {
    let server = context
        .server()
        .connection(Script::new().read_request().await_close())
        .otherwise(Script::new().serve(|_| Reply::ok().body("next")))
        .start()
        .await?;
    drop_call(&context, &server, get(&server.url("/"))?, || {}).await?;
    server.peer_closed(1).await?;
    let next = context.text(&server.url("/")).await?;
    ensure!(next == "next", "the next answer is {next:?}");
    server.finish().await?;
    Ok(())
}

async fn a_dropped_call_does_not_answer_the_next(context: Context) -> Outcome {
    let gate = Gate::new();
    let held = gate.clone();
    let server = context
        .serve(move |request| match request.path() {
            "/1" => Reply::ok().hold(&held).body("first"),
            _ => Reply::ok().body("second"),
        })
        .await?;
    drop_call(&context, &server, get(&server.url("/1"))?, || {}).await?;
    gate.open();
    let next = context.text(&server.url("/2")).await?;
    ensure!(
        next == "second",
        "the answer to the second call is {next:?}"
    );
    Ok(())
}

async fn ensure_undisturbed(context: Context, reply: Reply) -> Outcome {
    let server = context
        .serve(move |request| match request.path() {
            "/dropped" => reply.clone(),
            _ => Reply::ok().body("next"),
        })
        .await?;
    for _ in 0..3 {
        drop(context.get(&server.url("/dropped")).await?);
        let next = context.text(&server.url("/")).await?;
        ensure!(next == "next", "the next answer is {next:?}");
    }
    Ok(())
}

async fn a_dropped_body_does_not_disturb_the_next_call(context: Context) -> Outcome {
    ensure_undisturbed(context, Reply::ok().body("unread")).await
}

async fn a_dropped_unfinished_body_does_not_disturb_the_next_call(context: Context) -> Outcome {
    let length = Reply::ok().content_length(1000).body("unread").then_stall();
    ensure_undisturbed(context.clone(), length).await?;
    ensure_undisturbed(
        context,
        Reply::ok().chunk("unread").unfinished().then_stall(),
    )
    .await
}

async fn a_dropped_endless_body_ends_the_transfer(context: Context) -> Outcome {
    let piece = Bytes::from_static(&[0; 64 * 1024]);
    let server = context
        .serve(move |_| Reply::ok().chunks(piece.clone(), usize::MAX >> 17))
        .await?;
    drop(context.get(&server.url("/")).await?);
    server
        .wait_for(|event| matches!(event, Event::PeerClosed { .. } | Event::StreamReset { .. }))
        .await?;
    Ok(())
}

async fn a_connection_is_not_used_again_after_a_timeout(context: Context) -> Outcome {
    let server = context
        .server()
        .connection(Script::new().read_request().stall())
        .otherwise(Script::new().serve(|_| Reply::ok().body("next")))
        .start()
        .await?;
    let attempt = Arc::new(Attempt::new(&OPERATION, 1));
    let mut request = get(&server.url("/"))?;
    request.extensions_mut().insert(Arc::clone(&attempt));
    drop_call(&context, &server, request, || attempt.mark_timed_out()).await?;
    let next = context.text(&server.url("/")).await?;
    ensure!(next == "next", "the next answer is {next:?}");
    ensure!(
        server.connections() == 2,
        "{} connections",
        server.connections()
    );
    Ok(())
}

async fn a_connection_is_not_used_again_after_a_timeout_in_the_body(context: Context) -> Outcome {
    let (rest, second) = (Gate::new(), Gate::new());
    let (held, waiting) = (rest.clone(), second.clone());
    let server = context
        .serve(move |request| match request.path() {
            "/slow" => Reply::ok()
                .content_length(10)
                .body("hello")
                .wait(&held)
                .body("world"),
            "/second" => Reply::ok().hold(&waiting).body("second"),
            _ => Reply::ok().body("quick"),
        })
        .await?;
    let attempt = Arc::new(Attempt::new(&OPERATION, 1));
    let mut request = get(&server.url("/slow"))?;
    request.extensions_mut().insert(Arc::clone(&attempt));
    let answer = context.send(request).await?;
    attempt.mark_timed_out();
    drop(answer);
    // The rest of that body stays away until the next call is done, so that the
    // transport has surely noticed the drop.
    let next = context.text(&server.url("/")).await?;
    ensure!(next == "quick", "the next answer is {next:?}");
    rest.open();
    // Now the connection could be read to the end of the body, and kept: give a
    // transport that does so the time.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    // Two calls at a time: one on the connection of the last call, one on a new
    // one, unless the first of all was kept.
    let (second_url, quick_url) = (server.url("/second"), server.url("/"));
    let quick = async {
        server.request(3).await?;
        let answer = context.text(&quick_url).await;
        second.open();
        answer
    };
    let (second, quick) = tokio::join!(context.text(&second_url), quick);
    ensure!(second? == "second" && quick? == "quick", "other answers");
    ensure!(
        server.connections() >= 3,
        "{} connections",
        server.connections()
    );
    Ok(())
}

async fn a_waiting_call_does_not_hold_up_others(context: Context) -> Outcome {
    let gate = Gate::new();
    let held = gate.clone();
    let server = context
        .serve(move |request| match request.path() {
            "/slow" => Reply::ok().hold(&held).body("slow"),
            _ => Reply::ok().body("quick"),
        })
        .await?;
    let transport = Arc::clone(&context.transport);
    let request = get(&server.url("/slow"))?;
    let mut slow = tokio::spawn(async move { transport.send(request).await });
    meanwhile(&mut slow, server.request(1)).await?;
    let quick = context.text(&server.url("/quick")).await?;
    ensure!(quick == "quick", "the quick answer is {quick:?}");
    gate.open();
    let slow = text(slow.await??).await?;
    ensure!(slow == "slow", "the slow answer is {slow:?}");
    Ok(())
}

async fn a_hundred_calls_get_their_own_answers(context: Context) -> Outcome {
    let server = context
        .serve(|request| Reply::ok().body(request.target.clone()))
        .await?;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let transport = Arc::clone(&context.transport);
        let target = format!("/?number={number}");
        let request = get(&server.url(&target))?;
        calls.spawn(async move {
            let answer = text(transport.send(request).await?).await?;
            ensure!(answer == target, "{target} was answered with {answer}");
            Ok(())
        });
    }
    while let Some(call) = calls.join_next().await {
        call??;
    }
    ensure!(
        server.executions() == 100,
        "{} requests came",
        server.executions()
    );
    Ok(())
}

async fn a_dropped_transport_closes_its_idle_connections(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok().body("hello")).await?;
    text(context.get(&server.url("/")).await?).await?;
    drop(context);
    server.peer_closed(1).await?;
    Ok(())
}
