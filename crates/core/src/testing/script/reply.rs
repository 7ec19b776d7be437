//! One answer of a scripted server.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use http::StatusCode;
use serde::Serialize;

use crate::testing::Gate;

/// An answer, correct by default and wrong on demand.
///
/// ```
/// use sync_core::testing::Reply;
///
/// let plain = Reply::ok().header("etag", "\"1\"").body("hello");
/// let broken = Reply::ok().content_length(100).body("too short").then_close();
/// # let _ = (plain, broken);
/// ```
#[derive(Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(Bytes, Bytes)>,
    pub(super) framing: Framing,
    pub(super) pieces: Vec<Piece>,
    pub(super) trailers: Vec<(Bytes, Bytes)>,
    pub(super) hold: Option<Gate>,
    pub(super) unfinished: bool,
    pub(super) end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// The length of what is there.
    Length,
    /// A length that the test chose.
    Claimed(u64),
    Chunked,
    /// No framing header: the connection's end is the body's end.
    Close,
}

#[derive(Clone)]
pub(super) enum Piece {
    Data(Bytes),
    Repeated(Bytes, usize),
    Wait(Gate),
}

/// What happens to the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Keep,
    Close,
    Reset,
    Stall,
    Echo,
}

impl Reply {
    /// An answer with this status and no body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            framing: Framing::Length,
            pieces: Vec::new(),
            trailers: Vec::new(),
            hold: None,
            unfinished: false,
            end: End::Keep,
        }
    }

    /// `200 OK` without a body.
    pub fn ok() -> Self {
        Self::new(200)
    }

    /// `200 OK` with a JSON body. A value that cannot be written as JSON
    /// becomes a `500` that says so.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::ok()
                .header("content-type", "application/json")
                .body(body),
            Err(error) => Self::new(500).body(format!("the reply is not JSON: {error}")),
        }
    }

    /// Adds a header. The value may be any bytes; nothing is checked.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(pair(name.as_ref(), value.as_ref()));
        self
    }

    /// Adds to the body. Its length goes out as `Content-Length`, unless the
    /// body is chunked or ends with the connection.
    #[must_use]
    pub fn body(mut self, data: impl Into<Bytes>) -> Self {
        self.pieces.push(Piece::Data(data.into()));
        self
    }

    /// Makes the body chunked, and adds one chunk.
    #[must_use]
    pub fn chunk(mut self, data: impl Into<Bytes>) -> Self {
        self.framing = Framing::Chunked;
        self.body(data)
    }

    /// Makes the body chunked, and adds the same chunk `times` times.
    #[must_use]
    pub fn chunks(mut self, data: impl Into<Bytes>, times: usize) -> Self {
        self.framing = Framing::Chunked;
        self.pieces.push(Piece::Repeated(data.into(), times));
        self
    }

    /// Claims this length, whatever the body has.
    #[must_use]
    pub fn content_length(mut self, length: u64) -> Self {
        self.framing = Framing::Claimed(length);
        self
    }

    /// Sends no framing header: the body ends with the connection.
    #[must_use]
    pub fn until_close(mut self) -> Self {
        self.framing = Framing::Close;
        self.then_close()
    }

    /// Adds a trailer to a chunked body.
    #[must_use]
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.framing = Framing::Chunked;
        self.trailers.push(pair(name.as_ref(), value.as_ref()));
        self
    }

    /// Holds back the rest of the body until the gate is open.
    #[must_use]
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.pieces.push(Piece::Wait(gate.clone()));
        self
    }

    /// Holds back the whole answer until the gate is open.
    #[must_use]
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.hold = Some(gate.clone());
        self
    }

    /// Leaves out the last, empty chunk that ends a chunked body.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.unfinished = true;
        self
    }

    /// Closes the connection afterwards, without announcing it.
    #[must_use]
    pub fn then_close(mut self) -> Self {
        self.end = End::Close;
        self
    }

    /// Resets the connection afterwards (TCP RST).
    #[must_use]
    pub fn then_reset(mut self) -> Self {
        self.end = End::Reset;
        self
    }

    /// Keeps the connection open afterwards, and silent.
    #[must_use]
    pub fn then_stall(mut self) -> Self {
        self.end = End::Stall;
        self
    }

    /// Sends back every byte that comes afterwards, as after a `101`.
    #[must_use]
    pub fn then_echo(mut self) -> Self {
        self.end = End::Echo;
        self
    }

    /// Whether an answer with this status can have a body at all.
    pub(super) fn may_have_body(&self) -> bool {
        !matches!(self.status, 100..=199 | 204 | 304)
    }

    /// The status line and the headers.
    pub(super) fn head(&self) -> Bytes {
        let reason = StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("");
        let mut head = BytesMut::with_capacity(256);
        head.put_slice(format!("HTTP/1.1 {} {reason}\r\n", self.status).as_bytes());
        for (name, value) in &self.headers {
            put_line(&mut head, name, value);
        }
        match self.framing {
            Framing::Length if self.may_have_body() => {
                let length: usize = self.pieces.iter().map(Piece::len).sum();
                put_line(&mut head, b"content-length", length.to_string().as_bytes());
            }
            Framing::Claimed(length) => {
                put_line(&mut head, b"content-length", length.to_string().as_bytes());
            }
            Framing::Chunked => put_line(&mut head, b"transfer-encoding", b"chunked"),
            Framing::Length | Framing::Close => {}
        }
        head.put_slice(b"\r\n");
        head.freeze()
    }

    /// A piece of the body with its framing.
    pub(super) fn frame(&self, data: &Bytes) -> Bytes {
        // An empty chunk would end the body.
        if self.framing != Framing::Chunked || data.is_empty() {
            return data.clone();
        }
        let mut framed = BytesMut::with_capacity(data.len() + 16);
        framed.put_slice(format!("{:x}\r\n", data.len()).as_bytes());
        framed.put_slice(data);
        framed.put_slice(b"\r\n");
        framed.freeze()
    }

    /// What comes after the last piece of the body.
    pub(super) fn tail(&self) -> Bytes {
        if self.framing != Framing::Chunked || self.unfinished {
            return Bytes::new();
        }
        let mut tail = BytesMut::from(&b"0\r\n"[..]);
        for (name, value) in &self.trailers {
            put_line(&mut tail, name, value);
        }
        tail.put_slice(b"\r\n");
        tail.freeze()
    }
}

impl Piece {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Repeated(data, times) => data.len() * times,
            Self::Wait(_) => 0,
        }
    }
}

fn pair(name: &[u8], value: &[u8]) -> (Bytes, Bytes) {
    (Bytes::copy_from_slice(name), Bytes::copy_from_slice(value))
}

fn put_line(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.put_slice(name);
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("framing", &self.framing)
            .field("pieces", &self.pieces.len())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
