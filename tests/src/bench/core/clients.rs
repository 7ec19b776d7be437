//! The clients that are compared, each doing the same work in its own way.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, Request, Response, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sync_core::auth::HeaderAuth;
use sync_core::hyper::HyperTransport;
use sync_core::{Body, Operation, Pipeline, Secret, Transport, TransportError};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Result;
use crate::cost::Cost;

/// A client that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Raw,
    Legacy,
    LegacyHeaders,
    Transport,
    Pipeline,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [
        Self::Raw,
        Self::Legacy,
        Self::LegacyHeaders,
        Self::Transport,
        Self::Pipeline,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Legacy => "legacy",
            Self::LegacyHeaders => "legacyh",
            Self::Transport => "transport",
            Self::Pipeline => "pipeline",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| format!("there is no client `{name}`"))
    }
}

/// Sends `count` requests, one after the other, and reads every answer whole.
pub(super) fn requests(kind: Kind, url: Uri, count: u32) -> Result<Cost> {
    with(kind, url, Work::Requests(count))
}

/// Reads `count` large answers piece by piece, keeping nothing.
pub(super) fn stream(kind: Kind, url: Uri, count: u32) -> Result<Cost> {
    with(kind, url, Work::Stream(count))
}

#[derive(Clone, Copy)]
enum Work {
    Requests(u32),
    Stream(u32),
}

fn with(kind: Kind, url: Uri, work: Work) -> Result<Cost> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match kind {
            Kind::Raw => drive(Raw::connect(&url).await?, work).await,
            Kind::Legacy => drive(Legacy::new(Draft::new(&url, &HeaderMap::new())?), work).await,
            Kind::LegacyHeaders => drive(Legacy::new(with_headers(&url).await?), work).await,
            Kind::Transport => drive(Erased::new(with_headers(&url).await?)?, work).await,
            Kind::Pipeline => drive(Piped::new(&url)?, work).await,
        }
    })
}

/// One way to get an answer.
trait Get {
    /// The whole answer in memory.
    async fn get(&mut self) -> Result<Bytes>;
    /// The size of an answer that is read and thrown away as it arrives.
    async fn stream(&mut self) -> Result<u64>;
}

async fn drive(mut client: impl Get, work: Work) -> Result<Cost> {
    let begun = Instant::now();
    let mut bytes = 0;
    match work {
        Work::Requests(count) => {
            for _ in 0..count {
                bytes += client.get().await?.len() as u64;
            }
        }
        Work::Stream(count) => {
            for _ in 0..count {
                bytes += client.stream().await?;
            }
        }
    }
    Cost::until_now(begun.elapsed().as_secs_f64(), bytes)
}

async fn count(mut body: Incoming) -> Result<u64> {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(bytes)
}

/// What a program knows before it makes a request: text.
struct Draft {
    url: String,
    headers: Vec<(String, String)>,
}

impl Draft {
    fn new(url: &Uri, headers: &HeaderMap) -> Result<Self> {
        let text = |(name, value): (&HeaderName, &http::HeaderValue)| {
            Ok((name.as_str().to_owned(), value.to_str()?.to_owned()))
        };
        Ok(Self {
            url: url.to_string(),
            headers: headers.iter().map(text).collect::<Result<_>>()?,
        })
    }

    /// The request, made anew as the pipeline makes its own.
    fn request<B>(&self, body: B) -> Result<Request<B>> {
        let mut request = Request::get(self.url.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(body)?)
    }
}

struct Raw {
    connection: SendRequest<Empty<Bytes>>,
    draft: Draft,
}

impl Raw {
    async fn connect(url: &Uri) -> Result<Self> {
        let authority = url.authority().ok_or("the URL has no host")?;
        let stream = TcpStream::connect(authority.as_str()).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let headers = HeaderMap::from_iter([(HOST, authority.as_str().parse()?)]);
        Ok(Self {
            connection,
            draft: Draft::new(&url.path().parse()?, &headers)?,
        })
    }

    async fn send(&mut self) -> Result<Incoming> {
        let request = self.draft.request(Empty::new())?;
        self.connection.ready().await?;
        Ok(self.connection.send_request(request).await?.into_body())
    }
}

impl Get for Raw {
    async fn get(&mut self) -> Result<Bytes> {
        Ok(self.send().await?.collect().await?.to_bytes())
    }

    async fn stream(&mut self) -> Result<u64> {
        count(self.send().await?).await
    }
}

struct Legacy {
    client: Client<HttpConnector, Full<Bytes>>,
    draft: Draft,
}

impl Legacy {
    fn new(draft: Draft) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            draft,
        }
    }

    async fn send(&self) -> Result<Incoming> {
        let request = self.draft.request(Full::default())?;
        Ok(self.client.request(request).await?.into_body())
    }
}

impl Get for Legacy {
    async fn get(&mut self) -> Result<Bytes> {
        Ok(self.send().await?.collect().await?.to_bytes())
    }

    async fn stream(&mut self) -> Result<u64> {
        count(self.send().await?).await
    }
}

/// The transport as the pipeline holds it.
struct Erased {
    transport: Arc<dyn Transport>,
    draft: Draft,
}

impl Erased {
    fn new(draft: Draft) -> Result<Self> {
        Ok(Self {
            transport: Arc::new(HyperTransport::builder().build()?),
            draft,
        })
    }

    async fn send(&self) -> Result<Body> {
        let request = self.draft.request(Body::empty())?;
        // Of the trait object itself: that of `Arc` would box the future twice.
        Ok(self.transport.as_ref().send(request).await?.into_body())
    }
}

impl Get for Erased {
    async fn get(&mut self) -> Result<Bytes> {
        Ok(self.send().await?.collect(u64::MAX).await?)
    }

    async fn stream(&mut self) -> Result<u64> {
        count_ours(self.send().await?).await
    }
}

async fn count_ours(mut body: Body) -> Result<u64> {
    let mut bytes = 0;
    while let Some(chunk) = body.chunk().await {
        bytes += chunk?.len() as u64;
    }
    Ok(bytes)
}

static JSON: Operation = Operation::get("bench", "json", "/json");
static BIG: Operation = Operation::get("bench", "big", "/big");

struct Piped {
    pipeline: Pipeline,
}

impl Piped {
    fn new(url: &Uri) -> Result<Self> {
        Ok(Self {
            pipeline: pipeline(url)?.build()?,
        })
    }
}

fn pipeline(url: &Uri) -> Result<sync_core::PipelineBuilder> {
    let authority = url.authority().ok_or("the URL has no host")?;
    // Of the length that a real one has.
    let key = Secret::from("0123456789abcdefghijklmnopqrstuv");
    let auth = HeaderAuth::new(HeaderName::from_static("x-api-key"), key)?;
    Ok(Pipeline::builder(format!("http://{authority}")).auth(auth))
}

impl Get for Piped {
    async fn get(&mut self) -> Result<Bytes> {
        Ok(self.pipeline.call(&JSON).send().await?)
    }

    async fn stream(&mut self) -> Result<u64> {
        count_ours(self.pipeline.call(&BIG).stream().await?.into_body()).await
    }
}

async fn with_headers(url: &Uri) -> Result<Draft> {
    Draft::new(url, &sent_headers().await?)
}

/// The headers that the pipeline puts on a request, but for `Host`: that one
/// hyper-util adds by itself, so that in the end all send the same.
async fn sent_headers() -> Result<HeaderMap> {
    let seen = Seen::default();
    let url = Uri::from_static("http://127.0.0.1:1");
    let pipeline = pipeline(&url)?.transport(seen.clone()).build()?;
    pipeline.call(&JSON).send().await?;
    let mut headers = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
    headers.remove(HOST);
    Ok(std::mem::take(&mut headers))
}

/// A transport that answers at once, and keeps the headers it was given.
#[derive(Debug, Default, Clone)]
struct Seen(Arc<Mutex<HeaderMap>>);

#[async_trait]
impl Transport for Seen {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let mut headers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *headers = request.into_parts().0.headers;
        Ok(Response::new(Body::empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_compared_headers_are_those_that_the_pipeline_sends() {
        let headers = sent_headers().await.unwrap();
        for name in ["user-agent", "x-api-key", "accept-encoding"] {
            assert!(headers.contains_key(name), "{name} in {headers:?}");
        }
        assert_eq!(headers.len(), 3, "{headers:?}");
    }
}
