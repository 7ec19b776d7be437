//! Open connections, as hyper wants them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::connect::ConnectorIo;
use super::pool::Place;

/// A byte stream below TLS. An enum, so that plain TCP costs no virtual call.
pub(crate) enum Raw {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    Other(Box<dyn ConnectorIo>),
}

macro_rules! each_raw {
    ($raw:expr, $io:ident => $result:expr) => {
        match $raw {
            Raw::Tcp($io) => $result,
            #[cfg(unix)]
            Raw::Unix($io) => $result,
            Raw::Other($io) => $result,
        }
    };
}

impl AsyncRead for Raw {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each_raw!(self.get_mut(), io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for Raw {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each_raw!(self.get_mut(), io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each_raw!(self.get_mut(), io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each_raw!(self, io => io.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each_raw!(self.get_mut(), io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each_raw!(self.get_mut(), io => Pin::new(io).poll_shutdown(cx))
    }
}

pub(crate) enum Stream {
    Plain(TokioIo<Raw>),
    #[cfg(feature = "rustls-no-provider")]
    Tls(Box<TokioIo<tokio_rustls::client::TlsStream<Raw>>>),
}

/// A connection in the pool. It holds its place among the open connections
/// until it is closed, also after an upgrade.
pub(crate) struct Io {
    pub(crate) stream: Stream,
    /// Requests name the whole URI, because a proxy reads them.
    pub(crate) is_proxied: bool,
    pub(crate) _place: Place,
}

macro_rules! each_stream {
    ($stream:expr, $io:ident => $result:expr) => {
        match $stream {
            Stream::Plain($io) => $result,
            #[cfg(feature = "rustls-no-provider")]
            Stream::Tls($io) => $result,
        }
    };
}

impl Io {
    /// Whether the server chose HTTP/2 in the TLS handshake.
    #[cfg(feature = "http2")]
    pub(crate) fn is_h2(&self) -> bool {
        match &self.stream {
            Stream::Plain(_) => false,
            #[cfg(feature = "rustls-no-provider")]
            Stream::Tls(io) => io.inner().get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        match self.stream {
            Stream::Plain(_) => false,
            #[cfg(feature = "rustls-no-provider")]
            Stream::Tls(_) => true,
        }
    }
}

impl Read for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        each_stream!(&mut self.get_mut().stream, io => Pin::new(io).poll_read(cx, buf))
    }
}

impl Write for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each_stream!(&mut self.get_mut().stream, io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each_stream!(&mut self.get_mut().stream, io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each_stream!(&self.stream, io => io.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each_stream!(&mut self.get_mut().stream, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each_stream!(&mut self.get_mut().stream, io => Pin::new(io).poll_shutdown(cx))
    }
}
