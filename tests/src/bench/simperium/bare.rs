//! What the client stands on: the same requests through hyper and nothing else.

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderName, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::calls::{TOKEN, headers};
use crate::Result;

const AUTHENTICATION: HeaderName = HeaderName::from_static("x-simperium-token");

/// One connection that is kept.
pub(super) struct Bare {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Bare {
    pub(super) async fn open(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: host.to_owned(),
        })
    }

    /// The length of the answer's body; its status has to be 200.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        target: &str,
        body: String,
    ) -> Result<usize> {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, &self.host)
            .header(AUTHENTICATION, TOKEN);
        for (name, value) in headers(!body.is_empty()) {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into()))?;
        let response = self.sender.send_request(request).await?;
        if response.status() != 200 {
            return Err(format!("the server answers {}", response.status()).into());
        }
        Ok(response.into_body().collect().await?.to_bytes().len())
    }
}
