//! Runs the script of one connection.

use std::sync::Arc;

use super::action::{Action, Handler, Script};
use super::connection::{Connection, StepError};
use super::event::{Event, Log, Received};
#[cfg(feature = "http2")]
use super::http2;
use super::reply::{End, Framing, Piece, Reply};
use crate::testing::Gate;

/// Whether the script goes on.
enum Next {
    Step,
    /// The peer has gone, where it may.
    Done,
    /// Close in good order: an abrupt close could take back bytes that were sent.
    Close,
    /// Drop the connection at once.
    Drop,
    /// Stay open and silent.
    Stall,
}

pub(super) async fn run(script: Script, number: usize, mut connection: Connection, log: Arc<Log>) {
    let mut progress = Progress {
        log,
        number,
        step: String::new(),
        over: false,
    };
    let mut last = None;
    let mut ending = Next::Close;
    for (index, action) in script.steps.iter().enumerate() {
        progress.at(format!("step {} ({action})", index + 1));
        match step(action, &mut connection, &mut last).await {
            Ok(Next::Step) => {}
            Ok(next) => {
                ending = next;
                break;
            }
            Err(error) => {
                progress.fail(error.text());
                return;
            }
        }
    }
    progress.finish();
    match ending {
        Next::Close => {
            let _ = connection.half_close().await;
            connection.await_close().await;
        }
        Next::Stall => connection.await_close().await,
        Next::Step | Next::Done | Next::Drop => {}
    }
}

async fn step(
    action: &Action,
    connection: &mut Connection,
    last: &mut Option<Received>,
) -> Result<Next, StepError> {
    match action {
        Action::ReadRequest => {
            *last = Some(
                connection
                    .read_request()
                    .await?
                    .ok_or(StepError::PeerClosed)?,
            );
        }
        Action::Expect(method, target) => {
            let request = connection
                .read_request()
                .await?
                .ok_or(StepError::PeerClosed)?;
            if request.method.as_str() != method || request.target != *target {
                return Err(StepError::Other(format!(
                    "came {} {}",
                    request.method, request.target
                )));
            }
            *last = Some(request);
        }
        Action::Check(check) => {
            let Some(request) = &*last else {
                return Err(StepError::Other("no request was read before".to_owned()));
            };
            check(request).map_err(StepError::Other)?;
        }
        Action::ReadHead => {
            *last = Some(connection.read_head().await?.ok_or(StepError::PeerClosed)?);
        }
        Action::ReadBody(bytes) => {
            let body = connection.read_body(*bytes).await?;
            if let Some(request) = last {
                request.body = body;
            }
        }
        Action::ReadRaw(bytes) => {
            connection.read_raw(*bytes).await?;
        }
        Action::Send(bytes) => connection.write(bytes.clone()).await?,
        Action::Reply(reply) => {
            let head = last
                .as_ref()
                .is_some_and(|request| request.method == http::Method::HEAD);
            return send_reply(reply, head, connection, false).await;
        }
        Action::Wait(gate) => wait(gate, connection, false).await?,
        Action::Open(gate) => gate.open(),
        Action::HalfClose => connection.half_close().await?,
        Action::Reset => {
            connection.arm_reset()?;
            return Ok(Next::Drop);
        }
        Action::Close => return Ok(Next::Close),
        Action::AwaitClose => connection.await_close().await,
        Action::Stall => return Ok(Next::Stall),
        Action::Echo => connection.echo().await,
        Action::Serve(handler) => return serve(handler, connection).await,
    }
    Ok(Next::Step)
}

/// Answers requests until the peer goes or an answer ends the connection.
/// A peer that gives up in the middle is none of the script's business here.
async fn serve(handler: &Handler, connection: &mut Connection) -> Result<Next, StepError> {
    #[cfg(feature = "http2")]
    if connection.begins_with(http2::PREFACE).await {
        return match http2::serve(handler, connection).await {
            Some(End::Reset) => {
                connection.arm_reset()?;
                Ok(Next::Drop)
            }
            Some(_) => Ok(Next::Close),
            // HTTP/2 has said goodbye; the end of the connection may be still to come.
            None => Ok(Next::Stall),
        };
    }
    loop {
        let request = match connection.read_request().await {
            Ok(Some(request)) => request,
            Ok(None) | Err(StepError::PeerClosed) => return Ok(Next::Done),
            Err(error) => return Err(error),
        };
        let head = request.method == http::Method::HEAD;
        let close = request
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let answer = async {
            let reply = connection.watching(handler(request), true).await?;
            send_reply(&reply, head, connection, true).await
        };
        match answer.await {
            Ok(Next::Step) if !close => {}
            Ok(Next::Step) => return Ok(Next::Close),
            Ok(next) => return Ok(next),
            Err(StepError::PeerClosed) => return Ok(Next::Done),
            Err(error) => return Err(error),
        }
    }
}

async fn send_reply(
    reply: &Reply,
    to_head: bool,
    connection: &mut Connection,
    give_up: bool,
) -> Result<Next, StepError> {
    if let Some(gate) = &reply.hold {
        wait(gate, connection, give_up).await?;
    }
    let has_body = !to_head && reply.may_have_body() || reply.framing == Framing::Close;
    let mut first = reply.head();
    if has_body {
        for piece in &reply.pieces {
            match piece {
                Piece::Data(data) => {
                    connection.write(std::mem::take(&mut first)).await?;
                    connection.write(reply.frame(data)).await?;
                }
                Piece::Repeated(data, times) => {
                    connection.write(std::mem::take(&mut first)).await?;
                    let framed = reply.frame(data);
                    for _ in 0..*times {
                        connection.write(framed.clone()).await?;
                    }
                }
                Piece::Wait(gate) => {
                    connection.write(std::mem::take(&mut first)).await?;
                    wait(gate, connection, give_up).await?;
                }
            }
        }
    }
    connection.write(first).await?;
    if has_body {
        connection.write(reply.tail()).await?;
    }
    match reply.end {
        End::Keep => Ok(Next::Step),
        End::Close => Ok(Next::Close),
        End::Stall => Ok(Next::Stall),
        End::Reset => {
            connection.arm_reset()?;
            Ok(Next::Drop)
        }
        End::Echo => {
            connection.echo().await;
            Ok(Next::Done)
        }
    }
}

async fn wait(gate: &Gate, connection: &mut Connection, give_up: bool) -> Result<(), StepError> {
    connection.watching(gate.wait(), give_up).await
}

/// Reports where a script is, and a panic in one of its closures.
struct Progress {
    log: Arc<Log>,
    number: usize,
    step: String,
    over: bool,
}

impl Progress {
    fn at(&mut self, step: String) {
        self.log.step(self.number, step.clone());
        self.step = step;
    }

    fn finish(&mut self) {
        self.over = true;
        self.log.push(Event::Finished {
            connection: self.number,
        });
    }

    fn fail(&mut self, reason: &str) {
        self.over = true;
        let reason = format!("{}: {reason}", self.step);
        self.log.push(Event::Failed {
            connection: self.number,
            reason,
        });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !self.over && std::thread::panicking() {
            self.fail("panicked");
        }
    }
}
