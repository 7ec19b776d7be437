//! The server that all clients are measured against.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::Result;
use super::rounds::on_core;
use crate::bench::served::{Served, tell};

/// An answer of 200 bytes, as a small status would be.
const JSON: &[u8] = &{
    let mut json = [b'x'; 200];
    let (start, end) = (b"{\"text\":\"", b"\"}");
    let mut i = 0;
    while i < start.len() {
        json[i] = start[i];
        i += 1;
    }
    let mut i = 0;
    while i < end.len() {
        json[200 - end.len() + i] = end[i];
        i += 1;
    }
    json
};

const CHUNK: usize = 64 << 10;
const CHUNKS: u32 = 1600;
/// The size of `/big`: 100 MiB.
pub(super) const BIG: u64 = CHUNK as u64 * CHUNKS as u64;

/// `/big`: chunk after chunk, of a length that isn't told beforehand.
struct Chunks {
    chunk: Bytes,
    left: u32,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.left.checked_sub(1).map(|left| {
            self.left = left;
            Ok(Frame::data(self.chunk.clone()))
        }))
    }
}

type AnyBody = Either<Full<Bytes>, Chunks>;

/// Serves until standard input ends, on a free port that is printed first.
pub(super) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        tell(listener.local_addr()?.port())?;
        let chunk = Bytes::from(vec![b' '; CHUNK]);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let chunk = chunk.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answer = answer(&request, &chunk);
                    async move { Ok::<_, Infallible>(answer) }
                });
                // A client that leaves is not an error here.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

fn answer(request: &Request<Incoming>, chunk: &Bytes) -> Response<AnyBody> {
    let body = if request.uri().path() == "/big" {
        Either::Right(Chunks {
            chunk: chunk.clone(),
            left: CHUNKS,
        })
    } else {
        Either::Left(Full::new(Bytes::from_static(JSON)))
    };
    let mut response = Response::new(body);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// The server as a process of its own.
pub(super) struct Server(Served);

impl Server {
    /// Starts `program serve` on the first core.
    pub(super) fn start(program: &Path) -> Result<Self> {
        Ok(Self(Served::start(on_core(program).arg("serve"))?))
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_answer_is_200_bytes_of_json() {
        assert_eq!(JSON.len(), 200);
        let value: serde_json::Value = serde_json::from_slice(JSON).unwrap();
        assert!(value["text"].is_string());
    }
}
