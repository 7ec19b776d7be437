//! Taking a whole answer, with a clock in hand.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

use super::Result;
use crate::synctools::TOKEN;

/// What was seen of an answer, in seconds from the request on.
pub(super) struct Seen {
    /// To the first byte of the body.
    pub(super) first_byte: f64,
    /// To the last one.
    pub(super) last_byte: f64,
    /// The body, or nothing where it was only to be read.
    pub(super) body: Vec<u8>,
}

/// Asks over HTTP/1.0, so that the body is what comes until the end.
pub(super) fn fetch(port: u16, target: &str, keep: bool) -> Result<Seen> {
    let token = STANDARD.encode(format!("{TOKEN}:"));
    let mut buffer = vec![0; 1 << 18];
    let begun = Instant::now();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    write!(
        stream,
        "GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Basic {token}\r\n\r\n"
    )?;
    let mut start = Vec::new();
    let mut body = loop {
        let read = stream.read(&mut buffer)?;
        start.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let head = start.windows(4).position(|window| window == b"\r\n\r\n");
        match head.map(|end| end + 4) {
            Some(end) if end < start.len() => break start.split_off(end),
            _ if read == 0 => return Err("an answer without a body".into()),
            _ => {}
        }
    };
    let first_byte = begun.elapsed().as_secs_f64();
    if !start.get(8..).unwrap_or_default().starts_with(b" 200") {
        return Err(String::from_utf8_lossy(&start).into_owned().into());
    }
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            read if keep => body.extend_from_slice(buffer.get(..read).unwrap_or_default()),
            _ => {}
        }
    }
    Ok(Seen {
        first_byte,
        last_byte: begun.elapsed().as_secs_f64(),
        body,
    })
}
