//! Requests and sockets to an emulator without a listening socket.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Request, Response};
use serde_json::Value;
use simperium::emulator::Emulator;
use sync_core::transport::{OnUpgrade, Upgraded};
use sync_core::{Body, Transport as _};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

pub(crate) const TOKEN: &str = "lab-ann-0123456789abcdef0123456789abcdef";
pub(crate) const ADMIN: &str = "lab-admin-0123456789abcdef0123456789ab";

/// A request in the making, with the token of a user.
pub(crate) struct Ask {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Ask {
    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// A path below `/1/app/`.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", format!("/1/app/{path}")).header("x-simperium-token", TOKEN)
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self::new("POST", format!("/1/app/{path}"))
            .header("x-simperium-token", TOKEN)
            .body(body.to_string())
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self::new("DELETE", format!("/1/app/{path}")).header("x-simperium-token", TOKEN)
    }

    /// To the auth half, with an API key.
    pub(crate) fn auth(verb: &str, body: &Value) -> Self {
        Self::new("POST", format!("/1/app/{verb}/"))
            .header("x-simperium-api-key", "key")
            .body(body.to_string())
    }

    /// Sets a header, in place of the one of that name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn request(self) -> Request<Bytes> {
        let mut request = Request::builder().method(&*self.method).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body).unwrap()
    }

    pub(crate) async fn of(self, emulator: &Emulator) -> Response<Bytes> {
        emulator.handle(&self.request()).await
    }

    pub(crate) async fn status(self, emulator: &Emulator) -> u16 {
        self.of(emulator).await.status().as_u16()
    }

    /// The answer's JSON; the status has to be 200.
    pub(crate) async fn json(self, emulator: &Emulator) -> Value {
        let answer = self.of(emulator).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        serde_json::from_slice(answer.body()).unwrap()
    }
}

pub(crate) fn text(answer: &Response<Bytes>) -> &str {
    std::str::from_utf8(answer.body()).unwrap()
}

/// `X-Simperium-Version`.
pub(crate) fn version(answer: &Response<Bytes>) -> Option<u64> {
    let version = answer.headers().get("x-simperium-version")?;
    version.to_str().unwrap().parse().ok()
}

/// A client's end of a socket, framed by the library alone.
pub(crate) struct Socket(WebSocketStream<Upgraded>);

pub(crate) fn opening() -> Ask {
    Ask::new("GET", "/sock/1/app/websocket")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
}

impl Socket {
    pub(crate) async fn open(emulator: &Emulator) -> Self {
        let request = opening().request().map(Body::from);
        let mut answer = emulator.transport().send(request).await.unwrap();
        assert_eq!(answer.status(), 101);
        let accept = answer.headers().get("sec-websocket-accept").unwrap();
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let io = OnUpgrade::take(&mut answer).unwrap().await.unwrap();
        Self(WebSocketStream::from_raw_socket(io, Role::Client, None).await)
    }

    /// A socket with channel 0 open, as `client`.
    pub(crate) async fn channel(emulator: &Emulator, client: &str) -> Self {
        let mut socket = Self::open(emulator).await;
        socket.send(&init(0, "note", client, TOKEN)).await;
        assert_eq!(socket.next().await, format!("0:auth:{TOKEN}@example.com"));
        socket
    }

    pub(crate) async fn send(&mut self, frame: &str) {
        self.0.send(Message::text(frame)).await.unwrap();
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> String {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
            other => panic!("{other:?} instead of a frame"),
        }
    }

    /// Sends a frame and reads one.
    pub(crate) async fn ask(&mut self, frame: &str) -> String {
        self.send(frame).await;
        self.next().await
    }

    /// Sends a change and reads what is said of it, as the first of the list.
    pub(crate) async fn change(&mut self, change: &Value) -> Value {
        let answer = self.ask(&format!("0:c:{change}")).await;
        let list = answer.strip_prefix("0:c:").unwrap();
        serde_json::from_str::<Value>(list).unwrap()[0].clone()
    }

    /// The next frame, which has to be a list of changes on this channel.
    pub(crate) async fn changes(&mut self, channel: u32) -> Value {
        let frame = self.next().await;
        let list = frame.strip_prefix(&format!("{channel}:c:"));
        serde_json::from_str(list.unwrap_or_else(|| panic!("{frame}"))).unwrap()
    }

    /// The frames that are there once everything has come to rest. Needs
    /// paused time.
    pub(crate) async fn settled(&mut self) -> Vec<String> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut frames = Vec::new();
        while let Ok(Some(Ok(message))) = timeout(Duration::ZERO, self.0.next()).await {
            if let Message::Text(text) = message {
                frames.push(text.as_str().to_owned());
            }
        }
        frames
    }

    /// Whether the other end has gone without a word.
    pub(crate) async fn is_cut(&mut self) -> bool {
        !matches!(self.0.next().await, Some(Ok(_)))
    }
}

pub(crate) fn init(channel: u32, bucket: &str, client: &str, token: &str) -> String {
    format!(
        r#"{channel}:init:{{"clientid":"{client}","api":"1.1","token":"{token}","app_id":"app","name":"{bucket}","library":"test","version":"1"}}"#
    )
}

pub(crate) fn emulator() -> Emulator {
    Emulator::builder().seed(1).build()
}
