//! HTTP by hand: what goes over the socket is what a test says.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// `Authorization` of the token that the recordings have.
pub(crate) const TOKEN: &str = "sekret-token";
pub(crate) const AUTHORIZATION: &str = "Authorization: Basic c2VrcmV0LXRva2VuOg==\r\n";

/// An answer as it came, and its body without the framing.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its framing says that it must.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        let (_, value) = all.find(|(header, _)| header.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// Takes apart what was received until the connection ended.
    pub(crate) fn parse(bytes: &[u8], to_head: bool) -> Self {
        let end = find(bytes, b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let rest = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut answer = Self {
            status: status.parse().unwrap(),
            headers,
            body: Vec::new(),
            complete: true,
        };
        if to_head {
            answer.body = rest.to_vec();
        } else if answer.header("transfer-encoding") == Some("chunked") {
            (answer.body, answer.complete) = dechunk(rest);
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            assert!(rest.len() <= length, "more than was announced");
            answer.complete = rest.len() == length;
            answer.body = rest.to_vec();
        } else {
            answer.body = rest.to_vec();
        }
        answer
    }
}

fn dechunk(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(bytes, b"\r\n") else {
            return (body, false);
        };
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        bytes = &bytes[end + 2..];
        if size == 0 {
            return (body, bytes == b"\r\n");
        }
        let there = size.min(bytes.len());
        body.extend_from_slice(&bytes[..there]);
        match bytes.get(size + 2..) {
            Some(rest) => bytes = rest,
            None => return (body, false),
        }
    }
}

pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Sends bytes as they are, and takes what comes until the end.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let to_head = request.starts_with(b"HEAD ");
    Answer::parse(&raw(address, request).await, to_head)
}

/// Sends bytes as they are; what came until the end, or the failure.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request).await.unwrap();
    read_on(&mut socket).await
}

/// What comes until the end, or the failure.
pub(crate) async fn read_on(socket: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    match socket.read_to_end(&mut received).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    received
}

/// What comes until `wanted` is in it.
pub(crate) async fn read_until(socket: &mut TcpStream, wanted: &[u8]) -> Vec<u8> {
    let mut received = Vec::new();
    while find(&received, wanted).is_none() {
        let count = socket.read_buf(&mut received).await.unwrap();
        assert!(
            count > 0,
            "it ended: {}",
            String::from_utf8_lossy(&received)
        );
    }
    received
}

/// A request with the token, and these header lines.
pub(crate) fn request(target: &str, headers: &str) -> Vec<u8> {
    let text = format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{AUTHORIZATION}{headers}\r\n"
    );
    text.into_bytes()
}

/// Gets a path with the token, and these header lines.
pub(crate) async fn get(address: SocketAddr, target: &str, headers: &str) -> Answer {
    exchange(address, &request(target, headers)).await
}
