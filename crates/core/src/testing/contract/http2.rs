//! What HTTP/2 alone can do wrong: many calls on one connection, which can give
//! up one of them, all of them, or no sign of life.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::{Reason, RecvStream, server};
use http::{Method, Response, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::check::{
    Context, Outcome, Violation, body_error, ensure, ensure_cut, get, meanwhile, post, text,
};
use super::contracts;
use crate::testing::{Event, Gate, Reply};
use crate::transport::{Attempt, Body, Delivery, Operation, TransportErrorKind, Upgraded};

contracts![
    calls_share_one_connection,
    more_calls_than_streams_are_answered_too,
    a_call_on_a_cut_shared_connection_is_not_repeated,
    a_refused_stream_was_not_sent,
    any_other_reset_of_a_stream_may_have_been_sent,
    streams_that_a_goodbye_leaves_out_were_not_sent,
    after_a_goodbye_calls_take_a_new_connection,
    a_shared_connection_that_died_while_idle_doubles_nothing,
    a_silent_connection_is_not_used_again_after_a_timeout,
    a_dropped_call_gives_up_its_stream_alone,
    a_stalled_window_holds_up_its_own_call_alone,
    a_reset_of_a_stream_fails_only_the_body,
    a_body_of_another_length_than_said_fails,
];

static OPERATION: Operation = Operation::get("contract", "http2", "/");

/// A server whose connections are written frame by frame.
struct Server {
    url: String,
    accepted: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Server {
    /// Serves each connection, from 1, with `serve`.
    async fn start<F>(
        context: &Context,
        serve: impl Fn(usize, Upgraded) -> F + Send + Sync + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("{}://{}/", context.scheme(), listener.local_addr()?);
        let accept = context.accept.clone();
        let serve = Arc::new(serve);
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((io, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let (accept, serve) = (accept.clone(), Arc::clone(&serve));
                connections.spawn(async move {
                    let io = Upgraded::new(io);
                    match accept {
                        None => serve(number, io).await,
                        Some(accept) => {
                            // A client that does without the handshake says why.
                            if let Ok(io) = accept(io).await {
                                serve(number, Upgraded::new(io)).await;
                            }
                        }
                    }
                });
            }
        });
        Ok(Self {
            url,
            accepted,
            task: task.abort_handle(),
        })
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Respond = server::SendResponse<Bytes>;

/// Hands every request of a connection to `answer`, and keeps what it returns.
async fn serve<T>(io: Upgraded, mut answer: impl FnMut(http::Request<RecvStream>, Respond) -> T) {
    let Ok(mut connection) = server::handshake(io).await else {
        return;
    };
    let mut kept = Vec::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        kept.push(answer(request, respond));
    }
}

/// Answers with this text.
fn say(mut respond: Respond, text: &'static str) {
    // A client that has gone needs no answer.
    if let Ok(mut body) = respond.send_response(Response::new(()), false) {
        let _ = body.send_data(Bytes::from_static(text.as_bytes()), true);
    }
}

async fn calls_share_one_connection(context: Context) -> Outcome {
    let server = context
        .serve(|request| Reply::ok().body(request.target))
        .await?;
    let first = context.get(&server.url("/first")).await?;
    ensure!(
        first.version() == Version::HTTP_2,
        "the answer came over {:?}",
        first.version()
    );
    ensure!(text(first).await? == "/first", "another call's answer");
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let transport = Arc::clone(&context.transport);
        let url = server.url(&format!("/{number}"));
        calls.spawn(async move {
            let answer = transport.send(get(&url)?).await?;
            Ok::<_, Violation>((number, text(answer).await?))
        });
    }
    while let Some(call) = calls.join_next().await {
        let (number, answer) = call??;
        ensure!(answer == format!("/{number}"), "{answer} for /{number}");
    }
    ensure!(
        server.connections() == 1,
        "{} connections",
        server.connections()
    );
    Ok(())
}

async fn more_calls_than_streams_are_answered_too(context: Context) -> Outcome {
    let server = Server::start(&context, |_, io| async move {
        let handshake = server::Builder::new()
            .max_concurrent_streams(2)
            .handshake(io);
        let Ok(mut connection) = handshake.await else {
            return;
        };
        while let Some(Ok((_, respond))) = connection.accept().await {
            say(respond, "hello");
        }
    })
    .await?;
    // Before it, a client cannot know of the limit.
    text(context.get(&server.url).await?).await?;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let (transport, url) = (Arc::clone(&context.transport), server.url.clone());
        calls.spawn(async move { text(transport.send(get(&url)?).await?).await });
    }
    while let Some(call) = calls.join_next().await {
        let answer = call??;
        ensure!(answer == "hello", "{answer}");
    }
    Ok(())
}

async fn a_call_on_a_cut_shared_connection_is_not_repeated(context: Context) -> Outcome {
    for method in [Method::GET, Method::POST] {
        let server = Server::start(&context, |_, mut io| async move {
            let _ = until_headers(&mut io).await;
        })
        .await?;
        let request = http::Request::builder().method(&method).uri(&server.url);
        let error = context.error(request.body(Body::from("x"))?).await?;
        ensure_cut(&error)?;
        ensure!(
            server.accepted() == 1,
            "a {method} was sent on {} connections",
            server.accepted()
        );
    }
    Ok(())
}

/// A `POST` to a server that resets its stream before it answers.
async fn reset_before_answering(context: &Context, reason: Reason, delivery: Delivery) -> Outcome {
    let executed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&executed);
    let server = Server::start(context, move |_, io| {
        let count = Arc::clone(&count);
        serve(io, move |_, mut respond| {
            count.fetch_add(1, Ordering::SeqCst);
            respond.send_reset(reason);
        })
    })
    .await?;
    let error = context.error(post(&server.url, "x")?).await?;
    if delivery == Delivery::MaybeSent {
        let times = executed.load(Ordering::SeqCst);
        ensure!(times == 1, "the call was executed {times} times");
    }
    ensure!(
        error.delivery() == delivery,
        "after {reason:?} delivery is {:?} ({error})",
        error.delivery()
    );
    ensure!(
        error.kind() == TransportErrorKind::Reset,
        "the kind is {:?} ({error})",
        error.kind()
    );
    Ok(())
}

async fn a_refused_stream_was_not_sent(context: Context) -> Outcome {
    reset_before_answering(&context, Reason::REFUSED_STREAM, Delivery::NotSent).await
}

async fn any_other_reset_of_a_stream_may_have_been_sent(context: Context) -> Outcome {
    for reason in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::NO_ERROR] {
        reset_before_answering(&context, reason, Delivery::MaybeSent).await?;
    }
    Ok(())
}

async fn streams_that_a_goodbye_leaves_out_were_not_sent(context: Context) -> Outcome {
    // The last stream that was looked at is none, or the first.
    for (last, delivery) in [(0, Delivery::NotSent), (1, Delivery::MaybeSent)] {
        let server = Server::start(&context, move |_, mut io| async move {
            // With REFUSED_STREAM as its reason, which says nothing of streams.
            let goodbye = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 7];
            if until_headers(&mut io).await.is_ok() && io.write_all(&goodbye).await.is_ok() {
                let _ = io.shutdown().await;
                // Closed before all is read, a connection can take back what was sent.
                let _ = tokio::io::copy(&mut io, &mut tokio::io::sink()).await;
            }
        })
        .await?;
        let error = context.error(post(&server.url, "x")?).await?;
        ensure!(
            error.delivery() == delivery,
            "with {last} as the last stream delivery is {:?} ({error:?})",
            error.delivery()
        );
        ensure!(
            last == 0 || server.accepted() == 1,
            "the call was sent on {} connections",
            server.accepted()
        );
    }
    Ok(())
}

/// Greets, and reads the first request's HEADERS frame.
async fn until_headers(io: &mut Upgraded) -> io::Result<()> {
    let mut preface = [0; 24];
    io.read_exact(&mut preface).await?;
    // Empty SETTINGS.
    io.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
    loop {
        let mut head = [0; 9];
        io.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        io.read_exact(&mut vec![0; length]).await?;
        if head[3] == 1 {
            return Ok(());
        }
    }
}

async fn after_a_goodbye_calls_take_a_new_connection(context: Context) -> Outcome {
    let server = Server::start(&context, |_, io| async move {
        let Ok(mut connection) = server::handshake(io).await else {
            return;
        };
        while let Some(Ok((_, respond))) = connection.accept().await {
            say(respond, "hello");
            connection.graceful_shutdown();
        }
    })
    .await?;
    for _ in 0..3 {
        // One that meets the goodbye halfway says that it was not sent.
        loop {
            match context.send(get(&server.url)?).await {
                Ok(answer) => {
                    let answer = text(answer).await?;
                    ensure!(answer == "hello", "{answer}");
                    break;
                }
                Err(error) => ensure!(
                    error.delivery() == Delivery::NotSent,
                    "delivery is {:?} ({error:?})",
                    error.delivery()
                ),
            }
        }
    }
    ensure!(
        server.accepted() == 3,
        "{} connections for three calls",
        server.accepted()
    );
    Ok(())
}

async fn a_shared_connection_that_died_while_idle_doubles_nothing(context: Context) -> Outcome {
    let (executed, die) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (count, dying) = (Arc::clone(&executed), Arc::clone(&die));
    let server = Server::start(&context, move |number, io| {
        let (count, dying) = (Arc::clone(&count), Arc::clone(&dying));
        async move {
            let serving = serve(io, |_, respond| {
                count.fetch_add(1, Ordering::SeqCst);
                say(respond, "hello");
            });
            tokio::select! {
                () = serving => {}
                () = dying.notified(), if number == 1 => {}
            }
        }
    })
    .await?;
    text(context.send(post(&server.url, "1")?).await?).await?;
    die.notify_one();
    match context.send(post(&server.url, "2")?).await {
        Ok(answer) => {
            text(answer).await?;
            let times = executed.load(Ordering::SeqCst);
            ensure!(times == 2, "two calls were executed {times} times");
        }
        Err(error) => {
            let times = executed.load(Ordering::SeqCst);
            ensure!(times == 1, "a failed call was executed");
            ensure!(
                error.delivery() != Delivery::Answered,
                "there was no answer ({error:?})"
            );
        }
    }
    Ok(())
}

async fn a_silent_connection_is_not_used_again_after_a_timeout(context: Context) -> Outcome {
    let swallowed = Arc::new(Notify::new());
    let signal = Arc::clone(&swallowed);
    let server = Server::start(&context, move |number, io| {
        let signal = Arc::clone(&signal);
        serve(io, move |_, respond| {
            if number > 1 {
                say(respond, "alive");
                return None;
            }
            signal.notify_one();
            Some(respond)
        })
    })
    .await?;
    let mut request = get(&server.url)?;
    let attempt = Arc::new(Attempt::new(&OPERATION, 1));
    request.extensions_mut().insert(Arc::clone(&attempt));
    let mut call = Box::pin(context.send(request));
    tokio::select! {
        answer = &mut call => {
            return Err(Violation(format!("the call ended too early: {answer:?}")));
        }
        () = swallowed.notified() => {}
    }
    attempt.mark_timed_out();
    drop(call);
    let answer = context.text(&server.url).await?;
    ensure!(answer == "alive", "{answer}");
    ensure!(server.accepted() == 2, "{} connections", server.accepted());
    Ok(())
}

async fn a_dropped_call_gives_up_its_stream_alone(context: Context) -> Outcome {
    let never = Gate::new();
    let held = never.clone();
    let server = context
        .serve(move |request| match request.path() {
            "/held" => Reply::ok().hold(&held),
            _ => Reply::ok().body("alive"),
        })
        .await?;
    let transport = Arc::clone(&context.transport);
    let request = get(&server.url("/held"))?;
    let mut call = tokio::spawn(async move { transport.send(request).await });
    meanwhile(&mut call, server.request(1)).await?;
    call.abort();
    server
        .wait_for(|event| matches!(event, Event::StreamReset { .. }))
        .await?;
    let answer = context.text(&server.url("/")).await?;
    ensure!(answer == "alive", "{answer}");
    ensure!(
        server.connections() == 1,
        "{} connections",
        server.connections()
    );
    Ok(())
}

async fn a_stalled_window_holds_up_its_own_call_alone(context: Context) -> Outcome {
    const LENGTH: usize = 1 << 20;

    let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrival, going) = (Arc::clone(&arrived), Arc::clone(&go_on));
    let server = Server::start(&context, move |_, io| {
        let (arrival, going) = (Arc::clone(&arrival), Arc::clone(&going));
        serve(io, move |request, mut respond| {
            if request.method() == http::Method::GET {
                say(respond, "alive");
                return;
            }
            let (arrival, going) = (Arc::clone(&arrival), Arc::clone(&going));
            tokio::spawn(async move {
                let mut body = request.into_body();
                // As much as the window lets through.
                let mut length = body.data().await?.ok()?.len();
                arrival.notify_one();
                going.notified().await;
                body.flow_control().release_capacity(length).ok()?;
                while let Some(Ok(part)) = body.data().await {
                    length += part.len();
                    body.flow_control().release_capacity(part.len()).ok()?;
                }
                let mut answer = respond.send_response(Response::new(()), false).ok()?;
                answer.send_data(length.to_string().into(), true).ok()
            });
        })
    })
    .await?;
    let transport = Arc::clone(&context.transport);
    let request = post(&server.url, vec![b'x'; LENGTH])?;
    let mut call = tokio::spawn(async move { transport.send(request).await });
    meanwhile(&mut call, async {
        arrived.notified().await;
        Ok(())
    })
    .await?;
    for _ in 0..5 {
        let answer = context.text(&server.url).await?;
        ensure!(answer == "alive", "{answer}");
    }
    go_on.notify_one();
    let received = text(call.await??).await?;
    ensure!(
        received == LENGTH.to_string(),
        "{received} of {LENGTH} bytes arrived"
    );
    Ok(())
}

async fn a_reset_of_a_stream_fails_only_the_body(context: Context) -> Outcome {
    let read = Arc::new(Notify::new());
    let was_read = Arc::clone(&read);
    let server = Server::start(&context, move |_, io| {
        let was_read = Arc::clone(&was_read);
        serve(io, move |_, mut respond| {
            let was_read = Arc::clone(&was_read);
            tokio::spawn(async move {
                let mut body = respond.send_response(Response::new(()), false).ok()?;
                body.send_data(Bytes::from_static(b"half"), false).ok()?;
                was_read.notified().await;
                body.send_reset(Reason::INTERNAL_ERROR);
                // Until the client has gone, too.
                poll_fn(|cx| body.poll_reset(cx)).await.ok()
            });
        })
    })
    .await?;
    let answer = context.get(&server.url).await?;
    ensure!(answer.status() == 200, "{}", answer.status());
    read.notify_one();
    let error = body_error(answer).await?;
    ensure!(
        error.delivery() != Delivery::NotSent,
        "an answer came, but delivery is NotSent ({error})"
    );
    Ok(())
}

async fn a_body_of_another_length_than_said_fails(context: Context) -> Outcome {
    for (said, sent) in [(100, "too short"), (3, "too long")] {
        let server = context
            .serve(move |_| Reply::ok().content_length(said).body(sent))
            .await?;
        context.broken(&server.url("/")).await?;
    }
    Ok(())
}
