//! Answers over HTTP/2, on a connection whose client begins with its preface.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::action::Handler;
use super::connection::Connection;
use super::event::{Event, Log, Received};
use super::reply::{End, Framing, Piece, Reply};
use crate::testing::Gate;

/// What every client begins with.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Answers every request of a connection until the peer goes, or until an
/// answer ends the connection; says how then.
pub(super) async fn serve(handler: &Handler, connection: &mut Connection) -> Option<End> {
    let (number, log) = (connection.number(), Arc::clone(connection.log()));
    let mut streams = JoinSet::new();
    let (ending, mut ended) = mpsc::unbounded_channel();
    let mut http2 = h2::server::handshake(connection).await.ok()?;
    loop {
        let accepted = tokio::select! {
            accepted = http2.accept() => accepted,
            Some(end) = ended.recv() => {
                // What was answered goes out first.
                poll_fn(|cx| {
                    let _ = http2.poll_accept(cx);
                    Poll::Ready(())
                })
                .await;
                return Some(end);
            }
        };
        let (request, respond) = accepted?.ok()?;
        let (handler, ending) = (Arc::clone(handler), ending.clone());
        let log = Arc::clone(&log);
        streams.spawn(async move {
            let mut stream = Stream {
                number,
                log,
                respond,
            };
            match stream.answer(&handler, request).await {
                Ok(End::Keep | End::Stall | End::Echo) => {}
                Ok(end) => drop(ending.send(end)),
                // The client gave this stream up, or the connection is lost.
                Err(_) => stream.log.push(Event::StreamReset { connection: number }),
            }
        });
    }
}

struct Stream {
    number: usize,
    log: Arc<Log>,
    respond: SendResponse<Bytes>,
}

impl Stream {
    async fn answer(
        &mut self,
        handler: &Handler,
        request: Request<RecvStream>,
    ) -> Result<End, h2::Error> {
        let request = self.read(request).await?;
        let to_head = request.method == http::Method::HEAD;
        let reply = self.unless_reset(handler(request)).await?;
        if let Some(gate) = &reply.hold {
            self.unless_reset(gate.wait()).await?;
        }
        let has_body = !to_head && reply.may_have_body() && !reply.pieces.is_empty();
        let ends = !has_body && reply.trailers.is_empty() && !reply.unfinished;
        let mut body = self.respond.send_response(head(&reply), ends)?;
        if !ends {
            self.send_body(&mut body, &reply, has_body).await?;
        }
        Ok(reply.end)
    }

    /// Reads a whole request, as if it had come over HTTP/1.1.
    async fn read(&self, request: Request<RecvStream>) -> Result<Received, h2::Error> {
        let (head, mut body) = request.into_parts();
        let mut headers = head.headers;
        if let Some(authority) = head.uri.authority() {
            if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
                headers.entry(header::HOST).or_insert(host);
            }
        }
        let target = head.uri.path_and_query().map(ToString::to_string);
        let mut request = Received {
            connection: self.number,
            method: head.method,
            target: target.unwrap_or_default(),
            chunked: !body.is_end_stream() && !headers.contains_key(header::CONTENT_LENGTH),
            headers,
            body: Bytes::new(),
        };
        self.log.push(Event::Head(request.clone()));
        let mut whole = BytesMut::new();
        while let Some(part) = body.data().await {
            let part = part?;
            body.flow_control().release_capacity(part.len())?;
            whole.extend_from_slice(&part);
            self.log.push(Event::BodyPart {
                connection: self.number,
                so_far: whole.len() as u64,
            });
        }
        request.body = whole.freeze();
        self.log.push(Event::Request(request.clone()));
        Ok(request)
    }

    async fn send_body(
        &mut self,
        body: &mut SendStream<Bytes>,
        reply: &Reply,
        has_body: bool,
    ) -> Result<(), h2::Error> {
        for piece in reply.pieces.iter().filter(|_| has_body) {
            match piece {
                Piece::Data(data) => send(body, data.clone()).await?,
                Piece::Repeated(data, times) => {
                    for _ in 0..*times {
                        send(body, data.clone()).await?;
                    }
                }
                Piece::Wait(gate) => wait(body, gate).await?,
            }
        }
        let cut = matches!(reply.framing, Framing::Claimed(_)) && reply.end != End::Keep;
        if !reply.trailers.is_empty() {
            let pairs = reply.trailers.iter();
            body.send_trailers(
                pairs
                    .filter_map(|(name, value)| field(name, value))
                    .collect(),
            )?;
        } else if !reply.unfinished && !cut {
            body.send_data(Bytes::new(), true)?;
        } else if reply.end == End::Keep || reply.end == End::Stall {
            // Dropped, it would be reset.
            poll_fn(|cx| body.poll_reset(cx)).await?;
        }
        Ok(())
    }

    /// What comes of `work`, unless the client gives up before.
    async fn unless_reset<T>(&mut self, work: impl Future<Output = T>) -> Result<T, h2::Error> {
        let respond = &mut self.respond;
        tokio::select! {
            done = work => Ok(done),
            reset = poll_fn(|cx| respond.poll_reset(cx)) => Err(reset?.into()),
        }
    }
}

async fn wait(body: &mut SendStream<Bytes>, gate: &Gate) -> Result<(), h2::Error> {
    tokio::select! {
        () = gate.wait() => Ok(()),
        reset = poll_fn(|cx| body.poll_reset(cx)) => Err(reset?.into()),
    }
}

/// Sends as the client's windows allow.
async fn send(body: &mut SendStream<Bytes>, mut data: Bytes) -> Result<(), h2::Error> {
    while !data.is_empty() {
        body.reserve_capacity(data.len());
        let capacity = match poll_fn(|cx| body.poll_capacity(cx)).await {
            Some(capacity) => capacity?,
            None => return Err(h2::Reason::CANCEL.into()),
        };
        body.send_data(data.split_to(capacity.min(data.len())), false)?;
    }
    Ok(())
}

fn head(reply: &Reply) -> Response<()> {
    let mut response = Response::new(());
    if let Ok(status) = StatusCode::from_u16(reply.status) {
        *response.status_mut() = status;
    }
    let pairs = reply.headers.iter();
    let mut headers: HeaderMap = HeaderMap::new();
    for (name, value) in pairs.filter_map(|(name, value)| field(name, value)) {
        // It speaks of the connection, which is not this stream's own.
        if name != header::CONNECTION {
            headers.append(name, value);
        }
    }
    let length = match reply.framing {
        Framing::Length if reply.may_have_body() => {
            Some(reply.pieces.iter().map(|piece| piece.len() as u64).sum())
        }
        Framing::Claimed(length) => Some(length),
        _ => None,
    };
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    *response.headers_mut() = headers;
    response
}

fn field(name: &[u8], value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    Some((
        HeaderName::from_bytes(name).ok()?,
        HeaderValue::from_bytes(value).ok()?,
    ))
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.drain(buffer) {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let read = ready!(Pin::new(self.io()).poll_read(cx, buffer));
        if read.is_err() || buffer.filled().len() == before {
            let _ = self.saw_close();
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(self.io()).poll_write(cx, bytes))?;
        self.log().add_sent(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.io()).poll_shutdown(cx)
    }
}
