//! The floor: requests as text over a socket that is kept open.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::calls::headers;
use crate::Result;

/// A connection that speaks as much HTTP as is needed here.
pub(super) struct Socket {
    stream: TcpStream,
    host: String,
    token: String,
    buffer: Vec<u8>,
}

impl Socket {
    pub(super) fn open(host: &str, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            host: host.to_owned(),
            token: token.to_owned(),
            buffer: vec![0; 1 << 20],
        })
    }

    /// The answer's body as text; its status has to be 200.
    pub(super) fn text(&mut self, method: &str, target: &str, body: &str) -> Result<String> {
        let (begin, length) = self.exchange(method, target, body)?;
        let body = &self.buffer[begin..begin + length];
        Ok(String::from_utf8(body.to_vec())?)
    }

    /// The length of the answer's body; its status has to be 200.
    pub(super) fn ask(&mut self, method: &str, target: &str, body: &str) -> Result<usize> {
        Ok(self.exchange(method, target, body)?.1)
    }

    /// Where the answer's body begins in the buffer, and its length.
    fn exchange(&mut self, method: &str, target: &str, body: &str) -> Result<(usize, usize)> {
        let Self { host, token, .. } = self;
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nx-simperium-token: {token}\r\n");
        for (name, value) in headers(!body.is_empty()) {
            write!(request, "{name}: {value}\r\n")?;
        }
        if !body.is_empty() {
            write!(request, "content-length: {}\r\n", body.len())?;
        }
        write!(request, "\r\n{body}")?;
        self.stream.write_all(request.as_bytes())?;
        let mut filled = 0;
        loop {
            if filled == self.buffer.len() {
                self.buffer.resize(2 * filled, 0);
            }
            let read = self.stream.read(&mut self.buffer[filled..])?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            filled += read;
            if let Some((head, length)) = head(&self.buffer[..filled])? {
                let whole = head + length;
                while filled < whole {
                    if self.buffer.len() < whole {
                        self.buffer.resize(whole, 0);
                    }
                    self.stream.read_exact(&mut self.buffer[filled..whole])?;
                    filled = whole;
                }
                return Ok((head, length));
            }
        }
    }
}

/// The lengths of head and body, once the head is there.
fn head(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..end])?;
    if !text.starts_with("HTTP/1.1 200 ") {
        return Err(format!("the server answers {:?}", text.lines().next()).into());
    }
    let mut lines = text.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let length = length.ok_or("an answer without its length")?.parse()?;
    Ok(Some((end + 4, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_head_and_a_length() {
        let text = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
        assert_eq!(head(text).unwrap(), Some((text.len() - 2, 2)));
        assert_eq!(head(&text[..20]).unwrap(), None);
        assert!(head(b"HTTP/1.1 404 Not Found\r\n\r\n").is_err());
    }
}
