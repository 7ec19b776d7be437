//! One accepted connection: reading requests and writing bytes.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};

use super::event::{Event, Log, Received};
use crate::transport::UpgradeIo;

const MAX_HEAD: usize = 1024 * 1024;
const MAX_HEADERS: usize = 512;
/// How far to read ahead while watching for the peer's end.
const READ_AHEAD: usize = 64 * 1024;
const WRITE_SIZE: usize = 64 * 1024;

/// Why a step did not work.
#[derive(Debug)]
pub(super) enum StepError {
    /// The peer closed or reset the connection.
    PeerClosed,
    Other(String),
}

impl StepError {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::PeerClosed => "the peer closed the connection",
            Self::Other(text) => text,
        }
    }
}

type Step<T> = Result<T, StepError>;

fn broken<T>(text: impl Into<String>) -> Step<T> {
    Err(StepError::Other(text.into()))
}

/// What is left of the body that is being read.
#[derive(Clone, Copy)]
enum Left {
    Length(u64),
    ChunkSize,
    Chunk(u64),
}

pub(super) struct Connection {
    number: usize,
    io: Box<dyn UpgradeIo>,
    /// The TCP socket below, for a reset.
    socket: Option<std::net::TcpStream>,
    log: Arc<Log>,
    input: BytesMut,
    left: Left,
    /// Bytes of the present body that were read.
    so_far: u64,
    body: BytesMut,
    peer_closed: bool,
}

impl Connection {
    pub(super) fn new(
        number: usize,
        io: Box<dyn UpgradeIo>,
        socket: Option<std::net::TcpStream>,
        log: Arc<Log>,
    ) -> Self {
        Self {
            number,
            io,
            socket,
            log,
            input: BytesMut::new(),
            left: Left::Length(0),
            so_far: 0,
            body: BytesMut::new(),
            peer_closed: false,
        }
    }

    #[cfg(feature = "http2")]
    pub(super) fn number(&self) -> usize {
        self.number
    }

    #[cfg(feature = "http2")]
    pub(super) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    #[cfg(feature = "http2")]
    pub(super) fn io(&mut self) -> &mut Box<dyn UpgradeIo> {
        &mut self.io
    }

    /// Hands out what was read ahead; `false` if nothing was.
    #[cfg(feature = "http2")]
    pub(super) fn drain(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let length = self.input.len().min(buffer.remaining());
        buffer.put_slice(&self.input.split_to(length));
        length > 0
    }

    /// Whether the peer begins with these bytes, which stay unread.
    #[cfg(feature = "http2")]
    pub(super) async fn begins_with(&mut self, bytes: &[u8]) -> bool {
        while self.input.len() < bytes.len() && bytes.starts_with(&self.input) {
            if self.fill().await.is_err() {
                return false;
            }
        }
        self.input.starts_with(bytes)
    }

    /// Reads a whole request; `None` when the peer closed before its first byte.
    pub(super) async fn read_request(&mut self) -> Step<Option<Received>> {
        let Some(mut request) = self.read_head().await? else {
            return Ok(None);
        };
        self.read_body(u64::MAX).await?;
        request.body = self.body.split().freeze();
        self.log.push(Event::Request(request.clone()));
        Ok(Some(request))
    }

    /// Reads a head; `None` when the peer closed before its first byte.
    pub(super) async fn read_head(&mut self) -> Step<Option<Received>> {
        loop {
            if let Some(request) = self.parse_head()? {
                self.log.push(Event::Head(request.clone()));
                return Ok(Some(request));
            }
            if self.input.len() > MAX_HEAD {
                return broken("the head of the request is too large");
            }
            match self.fill().await {
                Err(StepError::PeerClosed) if self.input.is_empty() => return Ok(None),
                other => other?,
            }
        }
    }

    fn parse_head(&mut self) -> Step<Option<Received>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let length = match parsed.parse(&self.input) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return broken(format!("not an HTTP request: {error}")),
        };
        let method = parsed.method.unwrap_or_default();
        let Ok(method) = Method::from_bytes(method.as_bytes()) else {
            return broken("not an HTTP method");
        };
        let target = parsed.path.unwrap_or_default().to_owned();
        let mut map = HeaderMap::new();
        for header in parsed.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_bytes(header.value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return broken(format!("not a header: {}", header.name));
            };
            map.append(name, value);
        }
        self.input.advance(length);

        let chunked = map
            .get_all(http::header::TRANSFER_ENCODING)
            .iter()
            .any(|value| value.as_bytes().to_ascii_lowercase().ends_with(b"chunked"));
        self.left = if chunked {
            Left::ChunkSize
        } else if let Some(length) = map.get(http::header::CONTENT_LENGTH) {
            match length.to_str().ok().and_then(|text| text.parse().ok()) {
                Some(length) => Left::Length(length),
                None => return broken("not a content-length"),
            }
        } else {
            Left::Length(0)
        };
        self.so_far = 0;
        self.body.clear();
        Ok(Some(Received {
            connection: self.number,
            method,
            target,
            headers: map,
            body: Bytes::new(),
            chunked,
        }))
    }

    /// Reads until `wanted` bytes of the body have come, or its end. Returns
    /// what has come of it.
    pub(super) async fn read_body(&mut self, wanted: u64) -> Step<Bytes> {
        while self.so_far < wanted {
            let Some(part) = self.next_part().await? else {
                break;
            };
            self.so_far += part.len() as u64;
            self.body.extend_from_slice(&part);
            self.log.push(Event::BodyPart {
                connection: self.number,
                so_far: self.so_far,
            });
        }
        Ok(Bytes::copy_from_slice(&self.body))
    }

    /// The next decoded piece of the body; `None` at its end.
    async fn next_part(&mut self) -> Step<Option<Bytes>> {
        loop {
            match self.left {
                Left::Length(0) => return Ok(None),
                Left::Length(left) => {
                    let part = self.take(left).await?;
                    self.left = Left::Length(left - part.len() as u64);
                    return Ok(Some(part));
                }
                Left::ChunkSize => match httparse::parse_chunk_size(&self.input) {
                    Ok(httparse::Status::Complete((length, 0))) => {
                        self.input.advance(length);
                        self.skip_trailers().await?;
                        self.left = Left::Length(0);
                    }
                    Ok(httparse::Status::Complete((length, size))) => {
                        self.input.advance(length);
                        self.left = Left::Chunk(size);
                    }
                    Ok(httparse::Status::Partial) => self.fill().await?,
                    Err(_) => return broken("not a chunk size"),
                },
                Left::Chunk(0) => {
                    if self.read_raw(2).await? != b"\r\n"[..] {
                        return broken("a chunk does not end where it should");
                    }
                    self.left = Left::ChunkSize;
                }
                Left::Chunk(left) => {
                    let part = self.take(left).await?;
                    self.left = Left::Chunk(left - part.len() as u64);
                    return Ok(Some(part));
                }
            }
        }
    }

    async fn skip_trailers(&mut self) -> Step<()> {
        loop {
            let line = self.input.iter().position(|&byte| byte == b'\n');
            match line {
                Some(end) => {
                    let line = self.input.split_to(end + 1);
                    if line.trim_ascii().is_empty() {
                        return Ok(());
                    }
                }
                None => self.fill().await?,
            }
        }
    }

    /// At least one and at most `limit` bytes.
    async fn take(&mut self, limit: u64) -> Step<Bytes> {
        if self.input.is_empty() {
            self.fill().await?;
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let length = self.input.len().min(limit);
        Ok(self.input.split_to(length).freeze())
    }

    /// Exactly `length` raw bytes.
    pub(super) async fn read_raw(&mut self, length: usize) -> Step<Bytes> {
        while self.input.len() < length {
            self.fill().await?;
        }
        Ok(self.input.split_to(length).freeze())
    }

    /// Reads something, at least one byte.
    async fn fill(&mut self) -> Step<()> {
        match self.io.read_buf(&mut self.input).await {
            Ok(1..) => Ok(()),
            Ok(0) | Err(_) => Err(self.saw_close()),
        }
    }

    pub(super) fn saw_close(&mut self) -> StepError {
        if !self.peer_closed {
            self.peer_closed = true;
            self.log.push(Event::PeerClosed {
                connection: self.number,
            });
        }
        StepError::PeerClosed
    }

    /// Writes and flushes.
    pub(super) async fn write(&mut self, mut bytes: Bytes) -> Step<()> {
        while !bytes.is_empty() {
            let part = bytes.split_to(bytes.len().min(WRITE_SIZE));
            if self.io.write_all(&part).await.is_err() {
                return Err(self.saw_close());
            }
            self.log.add_sent(part.len());
        }
        match self.io.flush().await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.saw_close()),
        }
    }

    /// Runs `work` and watches the peer meanwhile: its end is logged, and with
    /// `give_up` it ends the work.
    pub(super) async fn watching<F: Future>(&mut self, work: F, give_up: bool) -> Step<F::Output> {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| {
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            while !self.peer_closed && self.input.len() < READ_AHEAD {
                let mut space = [0; 4096];
                let mut space = ReadBuf::new(&mut space);
                match Pin::new(&mut *self.io).poll_read(cx, &mut space) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) if !space.filled().is_empty() => {
                        self.input.extend_from_slice(space.filled());
                    }
                    Poll::Ready(_) => {
                        let _ = self.saw_close();
                    }
                }
            }
            if self.peer_closed && give_up {
                return Poll::Ready(Err(StepError::PeerClosed));
            }
            Poll::Pending
        })
        .await
    }

    /// Reads and discards until the peer closes.
    pub(super) async fn await_close(&mut self) {
        loop {
            self.input.clear();
            if self.peer_closed || self.fill().await.is_err() {
                return;
            }
        }
    }

    /// Sends back what comes in, until the peer closes.
    pub(super) async fn echo(&mut self) {
        loop {
            let bytes = self.input.split().freeze();
            if self.write(bytes).await.is_err() || self.fill().await.is_err() {
                return;
            }
        }
    }

    pub(super) async fn half_close(&mut self) -> Step<()> {
        match self.io.shutdown().await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.saw_close()),
        }
    }

    /// Makes the coming close a reset.
    pub(super) fn arm_reset(&self) -> Step<()> {
        let Some(socket) = &self.socket else {
            return broken("only a TCP connection can be reset");
        };
        let linger = Some(std::time::Duration::ZERO);
        match socket2::SockRef::from(socket).set_linger(linger) {
            Ok(()) => Ok(()),
            Err(error) => broken(format!("SO_LINGER: {error}")),
        }
    }
}
