//! The server: the emulator's answers, each made once and compressed, then
//! given out from memory.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use contentstack_sync::emulator::{Emulator, Fill};
use http::header::ACCEPT_ENCODING;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Result;
use super::distance::far;
use crate::bench::served::{Served, tell};
use crate::contentstack::Authority;

/// Where the number of requests is told, which is not counted itself.
const COUNT: &str = "/count";

struct Server {
    emulator: Emulator,
    distance: Distance,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Response<Bytes>>,
    requests: u64,
}

/// How far away the server is to be.
#[derive(Clone, Copy)]
pub(super) struct Distance {
    /// From a question to its answer, and for a connection or a TLS handshake
    /// once more each.
    pub(super) round_trip: Duration,
    /// How long it thinks about each answer.
    pub(super) service: Duration,
}

impl Distance {
    pub(super) const NONE: Self = Self {
        round_trip: Duration::ZERO,
        service: Duration::ZERO,
    };

    /// What a page takes on a connection that is there.
    pub(super) const fn page(self) -> Duration {
        self.round_trip.saturating_add(self.service)
    }
}

/// Serves a stack of so many items until standard input ends. The first line
/// printed is the port; the authority that vouches for it is in the folder.
pub(super) fn serve(folder: &Path, items: usize, distance: Distance) -> Result<()> {
    let authority = Authority::new()?;
    fs::write(folder.join("ca.pem"), authority.pem())?;
    let acceptor = authority.acceptor()?;
    let emulator = Emulator::builder().log_limit(0).build();
    emulator.fill(&Fill::new(items));
    let server = Arc::new(Server {
        emulator,
        distance,
        state: Mutex::default(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        tell(listener.local_addr()?.port())?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&server)));
        }
    })
}

/// How a connection ends is the client's affair.
async fn connection(stream: TcpStream, acceptor: TlsAcceptor, server: Arc<Server>) {
    let _ = stream.set_nodelay(true);
    let round_trip = server.distance.round_trip;
    if round_trip.is_zero() {
        serve_tls(stream, acceptor, server).await;
    } else {
        serve_tls(far(stream, round_trip), acceptor, server).await;
    }
}

async fn serve_tls<S>(stream: S, acceptor: TlsAcceptor, server: Arc<Server>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(|request| answer(request, &server));
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    server: &Server,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let request = request.map(|_| Bytes::new());
    if request.uri().path() == COUNT {
        let count = server.state().requests.to_string();
        return Ok(Response::new(Full::new(count.into())));
    }
    let answer = server.find(&request);
    let service = server.distance.service;
    if !service.is_zero() {
        tokio::time::sleep(service).await;
    }
    Ok(answer.map(Full::new))
}

impl Server {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let key = key(request);
        let mut state = self.state();
        state.requests += 1;
        if let Some(answer) = state.answers.get(&key) {
            return answer.clone();
        }
        let answer = self.emulator.handle(request);
        state.answers.insert(key, answer.clone());
        answer
    }
}

/// What is asked for, in whatever order and with whatever else it is asked.
fn key(request: &Request<Bytes>) -> String {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.starts_with("environment=") && !pair.starts_with("limit="))
        .collect();
    pairs.sort_unstable();
    let coding = request.headers().get(ACCEPT_ENCODING);
    let gzip =
        coding.is_some_and(|value| String::from_utf8_lossy(value.as_bytes()).contains("gzip"));
    format!("{}?{} {gzip}", request.uri().path(), pairs.join("&"))
}

/// The server as a process of its own.
pub(super) fn start(
    program: &Path,
    folder: &Path,
    items: usize,
    distance: Distance,
) -> Result<Served> {
    let millis = |time: Duration| time.as_millis().to_string();
    let mut command = Command::new(program);
    let command = command.arg("serve").arg(folder).arg(items.to_string());
    Served::start(command.args([millis(distance.round_trip), millis(distance.service)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_counts_and_not_how() {
        let request = |target: &str, coding: &str| {
            let request = Request::get(target).header(ACCEPT_ENCODING, coding);
            request.body(Bytes::new()).unwrap()
        };
        let ours = request("/v3/stacks/sync?init=true&environment=x", "gzip, br");
        let theirs = request("/v3/stacks/sync?environment=x&limit=100&init=true", "gzip");
        assert_eq!(key(&ours), key(&theirs));
        let other = request("/v3/stacks/sync?environment=x&init=true", "identity");
        assert_ne!(key(&ours), key(&other));
    }
}
