//! Failed exchanges say what the server may have done, and are not repeated.

use http::Request;

use super::check::{
    Context, Outcome, body_error, ensure, ensure_broken_body, ensure_cut, ensure_never_sent, get,
    post,
};
use super::contracts;
use crate::testing::{Gate, RefusedPort, Reply, Script, ScriptedServer};
use crate::transport::{Body, Delivery, TransportErrorKind};

contracts![
    a_refused_port_was_not_sent,
    a_uri_without_a_host_was_not_sent,
    an_unknown_scheme_was_not_sent,
    a_post_on_a_cut_connection_is_not_repeated over http1,
    a_get_on_a_cut_connection_is_not_repeated over http1,
    a_reset_before_the_answer_may_have_been_sent over http1,
    a_cut_head_is_no_answer over http1,
    garbage_is_a_protocol_error over http1,
    two_lengths_are_no_answer over http1,
    a_reset_fails_only_the_body needs Streams over http1,
    a_connection_that_closed_while_idle_doubles_nothing over http1,
    a_one_shot_body_is_sent_once over http1,
];

async fn a_refused_port_was_not_sent(context: Context) -> Outcome {
    let port = RefusedPort::new()?;
    let url = format!("{}://{}/", context.scheme(), port.authority());
    let error = context.error(post(&url, "data")?).await?;
    ensure_never_sent(&error, TransportErrorKind::Connect)
}

async fn a_uri_without_a_host_was_not_sent(context: Context) -> Outcome {
    let error = context.error(get("/only/a/path")?).await?;
    ensure_never_sent(&error, TransportErrorKind::Request)
}

async fn an_unknown_scheme_was_not_sent(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::ok()).await?;
    let url = format!("gopher://{}/", server.authority());
    let error = context.error(get(&url)?).await?;
    ensure_never_sent(&error, TransportErrorKind::Request)?;
    ensure!(server.executions() == 0, "it was sent nevertheless");
    Ok(())
}

/// A server whose first connection ends as `script` says and whose others answer.
async fn failing_once(context: &Context, script: Script) -> std::io::Result<ScriptedServer> {
    context
        .server()
        .connection(script)
        .otherwise(Script::new().serve(|_| Reply::ok()))
        .start()
        .await
}

async fn ensure_cut_once(context: Context, request: &str, script: Script) -> Outcome {
    let server = failing_once(&context, script).await?;
    let request = Request::builder().method(request).uri(server.url("/"));
    let error = context.error(request.body(Body::from("data"))?).await?;
    ensure!(
        server.executions() == 1,
        "executed {} times",
        server.executions()
    );
    ensure_cut(&error)?;
    server.finish().await?;
    Ok(())
}

async fn a_post_on_a_cut_connection_is_not_repeated(context: Context) -> Outcome {
    ensure_cut_once(context, "POST", Script::new().read_request().close()).await
}

async fn a_get_on_a_cut_connection_is_not_repeated(context: Context) -> Outcome {
    ensure_cut_once(context, "GET", Script::new().read_request().close()).await
}

async fn a_reset_before_the_answer_may_have_been_sent(context: Context) -> Outcome {
    ensure_cut_once(context, "POST", Script::new().read_request().reset()).await
}

async fn a_cut_head_is_no_answer(context: Context) -> Outcome {
    let script = Script::new()
        .read_request()
        .send("HTTP/1.1 200 OK\r\nconte")
        .close();
    ensure_cut_once(context, "POST", script).await
}

async fn garbage_is_a_protocol_error(context: Context) -> Outcome {
    let script = Script::new()
        .read_request()
        .send("220 mail.example ESMTP\r\n\r\n")
        .close();
    let server = failing_once(&context, script).await?;
    let error = context.error(post(&server.url("/"), "data")?).await?;
    ensure!(
        server.executions() == 1,
        "executed {} times",
        server.executions()
    );
    ensure!(
        error.kind() == TransportErrorKind::Protocol,
        "the kind is {:?} ({error})",
        error.kind()
    );
    ensure_cut(&error)
}

async fn two_lengths_are_no_answer(context: Context) -> Outcome {
    let script = Script::new()
        .read_request()
        .send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 2\r\n\r\nhello")
        .close();
    let server = failing_once(&context, script).await?;
    let error = context.error(post(&server.url("/"), "data")?).await?;
    ensure!(
        error.delivery() != Delivery::NotSent,
        "delivery is NotSent ({error})"
    );
    ensure!(
        server.executions() == 1,
        "executed {} times",
        server.executions()
    );
    Ok(())
}

async fn a_reset_fails_only_the_body(context: Context) -> Outcome {
    let gate = Gate::new();
    let reply = Reply::ok()
        .content_length(100)
        .body("hello")
        .wait(&gate)
        .then_reset();
    let server = failing_once(&context, Script::new().read_request().reply(reply)).await?;
    let answer = context.send(post(&server.url("/"), "data")?).await?;
    ensure!(answer.status() == 200, "the status is {}", answer.status());
    gate.open();
    ensure_broken_body(&body_error(answer).await?)?;
    ensure!(
        server.executions() == 1,
        "executed {} times",
        server.executions()
    );
    // The next call is not affected.
    let next = context.get(&server.url("/")).await?;
    ensure!(next.status() == 200, "the next status is {}", next.status());
    Ok(())
}

async fn a_connection_that_closed_while_idle_doubles_nothing(context: Context) -> Outcome {
    let script = Script::new()
        .read_request()
        .reply(Reply::ok().body("first"))
        .close();
    let server = failing_once(&context, script).await?;
    context
        .send(post(&server.url("/1"), "data")?)
        .await?
        .into_body()
        .collect(100)
        .await?;
    // Whether the close is noticed first is a matter of luck. Either way:
    match context.send(post(&server.url("/2"), "data")?).await {
        Ok(_) => ensure!(
            server.executions() == 2,
            "executed {} times",
            server.executions()
        ),
        Err(error) => {
            ensure!(
                server.executions() == 1,
                "executed, and an error besides: {error}"
            );
            ensure!(
                error.delivery() != Delivery::Answered,
                "delivery is Answered ({error})"
            );
        }
    }
    Ok(())
}

async fn a_one_shot_body_is_sent_once(context: Context) -> Outcome {
    let server = failing_once(&context, Script::new().read_request().close()).await?;
    let (pieces, body) = super::check::by_hand();
    let _ = pieces.send(Ok(bytes::Bytes::from_static(b"data")));
    drop(pieces);
    let error = context
        .error(Request::put(server.url("/")).body(body)?)
        .await?;
    ensure_cut(&error)?;
    for request in server.requests() {
        ensure!(
            request.body == "data",
            "it was replayed as {:?}",
            request.body
        );
    }
    ensure!(
        server.executions() == 1,
        "executed {} times",
        server.executions()
    );
    Ok(())
}
