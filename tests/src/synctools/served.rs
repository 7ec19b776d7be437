//! Answers that are made before.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::Result;

/// How an answer says where its body ends.
#[derive(Clone, Copy, Debug)]
pub enum Framing {
    /// With the connection.
    Close,
    /// By its length.
    Length,
    /// By a last chunk.
    Chunked,
}

/// A server that gives everybody the same, and maybe less of it than it says.
#[derive(Debug)]
pub struct Served {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    /// All of it.
    ///
    /// # Errors
    ///
    /// When there is no port.
    pub async fn whole(body: Vec<u8>) -> Result<Self> {
        let all = body.len();
        Self::cut(body, Framing::Length, all).await
    }

    /// Sends so many bytes of the body, and closes the connection. A last chunk is
    /// never sent.
    ///
    /// # Errors
    ///
    /// When there is no port.
    pub async fn cut(body: Vec<u8>, framing: Framing, sent: usize) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let mut answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n".to_vec();
        let part = body.get(..sent).unwrap_or(&body);
        match framing {
            Framing::Close => {
                answer.extend_from_slice(b"Connection: close\r\n\r\n");
                answer.extend_from_slice(part);
            }
            Framing::Length => {
                answer.extend_from_slice(
                    format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(),
                );
                answer.extend_from_slice(part);
            }
            Framing::Chunked => {
                answer.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in part.chunks(1000) {
                    answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    answer.extend_from_slice(chunk);
                    answer.extend_from_slice(b"\r\n");
                }
            }
        }
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request).await;
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Ok(Self { port, task })
    }

    /// The base of its URLs, of which any will do.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/sync/", self.port)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}
