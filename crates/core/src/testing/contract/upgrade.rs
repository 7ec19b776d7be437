//! Connections that stop speaking HTTP.

use http::Request;
use http::header::{CONNECTION, UPGRADE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::check::{Context, Outcome, Violation, ensure, text};
use super::contracts;
use crate::testing::{Reply, Script, ScriptedServer};
use crate::transport::{Body, OnUpgrade, Upgraded};

contracts![
    a_101_hands_out_the_connection needs Upgrades,
    bytes_right_after_the_101_are_not_lost needs Upgrades,
    a_refused_upgrade_is_an_ordinary_answer,
    an_upgraded_connection_closes_when_dropped needs Upgrades,
    an_upgrade_that_nobody_takes_is_closed needs Upgrades,
];

fn request(server: &ScriptedServer) -> Result<Request<Body>, http::Error> {
    Request::get(server.url("/"))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "echo")
        .body(Body::empty())
}

fn switching() -> Reply {
    Reply::new(101)
        .header("connection", "Upgrade")
        .header("upgrade", "echo")
}

async fn upgrade(context: &Context, server: &ScriptedServer) -> Result<Upgraded, Violation> {
    let mut answer = context.send(request(server)?).await?;
    ensure!(answer.status() == 101, "the status is {}", answer.status());
    let upgrade = OnUpgrade::take(&mut answer);
    let upgrade = upgrade.ok_or_else(|| Violation("there is no OnUpgrade".to_owned()))?;
    Ok(upgrade.await?)
}

async fn a_101_hands_out_the_connection(context: Context) -> Outcome {
    let server = context.serve(|_| switching().then_echo()).await?;
    let mut connection = upgrade(&context, &server).await?;
    for message in [&b"hello"[..], b"\x00\r\n\r\nHTTP/1.1"] {
        connection.write_all(message).await?;
        connection.flush().await?;
        let mut echo = vec![0; message.len()];
        connection.read_exact(&mut echo).await?;
        ensure!(echo == message, "the echo of {message:?} is {echo:?}");
    }
    let headers = server.request(1).await?.headers;
    ensure!(
        headers.get(UPGRADE).is_some_and(|value| value == "echo"),
        "Upgrade is lost"
    );
    Ok(())
}

async fn bytes_right_after_the_101_are_not_lost(context: Context) -> Outcome {
    let script = Script::new()
        .read_request()
        .send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhi")
        .echo();
    let server = context.always(script).await?;
    let mut connection = upgrade(&context, &server).await?;
    connection.write_all(b"you").await?;
    connection.flush().await?;
    let mut read = [0; 5];
    connection.read_exact(&mut read).await?;
    ensure!(&read == b"hiyou", "{read:?} came");
    Ok(())
}

async fn a_refused_upgrade_is_an_ordinary_answer(context: Context) -> Outcome {
    let server = context.serve(|_| Reply::new(403).body("no")).await?;
    for _ in 0..2 {
        let answer = context.send(request(&server)?).await?;
        ensure!(answer.status() == 403, "the status is {}", answer.status());
        let text = text(answer).await?;
        ensure!(text == "no", "the body is {text:?}");
    }
    Ok(())
}

async fn an_upgraded_connection_closes_when_dropped(context: Context) -> Outcome {
    let server = context.serve(|_| switching().then_echo()).await?;
    drop(upgrade(&context, &server).await?);
    server.peer_closed(1).await?;
    Ok(())
}

async fn an_upgrade_that_nobody_takes_is_closed(context: Context) -> Outcome {
    let server = context.serve(|_| switching().then_echo()).await?;
    drop(context.send(request(&server)?).await?);
    server.peer_closed(1).await?;
    Ok(())
}
