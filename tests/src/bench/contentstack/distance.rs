//! A connection as long as one across a continent.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// How much may be on its way, in pieces of at most `PIECE` bytes.
const PIECES: usize = 256;
const PIECE: usize = 16 << 10;

/// The far end of a connection: what is sent arrives half a round trip later,
/// and the first bytes a whole one later still, as if the system had needed it
/// to connect.
pub(super) fn far(stream: TcpStream, round_trip: Duration) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(PIECES * PIECE);
    let (from_client, to_client) = stream.into_split();
    let (from_server, to_server) = tokio::io::split(theirs);
    let one_way = round_trip / 2;
    tokio::spawn(carry(from_client, to_server, one_way, round_trip));
    tokio::spawn(carry(from_server, to_client, one_way, Duration::ZERO));
    ours
}

/// Carries bytes until either end closes.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    one_way: Duration,
    first: Duration,
) {
    let (sender, mut travelling) = mpsc::channel::<(Instant, Bytes)>(PIECES);
    let begun = Instant::now() + first;
    let reading = async move {
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            match from.read_buf(&mut piece).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let due = Instant::now().max(begun) + one_way;
            if sender.send((due, piece.freeze())).await.is_err() {
                return;
            }
        }
    };
    let writing = async {
        while let Some((due, piece)) = travelling.recv().await {
            sleep_until(due).await;
            to.write_all(&piece).await?;
        }
        to.shutdown().await
    };
    // An end of the reading lets the writing come to its own.
    let (_, _ended): ((), io::Result<()>) = tokio::join!(reading, writing);
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_answer_takes_a_round_trip_and_connecting_one_more() {
        let round_trip = Duration::from_millis(30);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let mut server = far(listener.accept().await.unwrap().0, round_trip);
        for round_trips in [2, 1] {
            let begun = Instant::now();
            client.write_all(b"ask").await.unwrap();
            let mut text = [0; 3];
            server.read_exact(&mut text).await.unwrap();
            server.write_all(&text).await.unwrap();
            client.read_exact(&mut text).await.unwrap();
            assert_eq!(&text, b"ask");
            assert!(begun.elapsed() >= round_trip * round_trips);
        }
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    }
}
