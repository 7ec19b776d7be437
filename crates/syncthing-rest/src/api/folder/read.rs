//! A streamed body for code that blocks.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use sync_core::{Body, TransportError};
use tokio::sync::mpsc;

/// How many pieces of a body wait for the reader. One is enough to keep it
/// busy, and a piece can have 400 kB.
const WAITING: usize = 1;

/// Hands the pieces of a body to a [`BodyReader`].
pub(super) struct Feeder {
    body: Body,
    pieces: mpsc::Sender<Bytes>,
}

/// Reads what a [`Feeder`] hands over. Blocks, so it needs a thread that may.
pub(super) struct BodyReader {
    pieces: mpsc::Receiver<Bytes>,
    current: Bytes,
}

/// Splits a body into an end that waits and an end that blocks.
///
/// When the feeder is dropped the reader is at its end, and when the reader is
/// dropped the feeder is done. Only the feeder knows whether the end is the
/// body's own.
pub(super) fn split(body: Body) -> (Feeder, BodyReader) {
    let (sender, pieces) = mpsc::channel(WAITING);
    let feeder = Feeder {
        body,
        pieces: sender,
    };
    let reader = BodyReader {
        pieces,
        current: Bytes::new(),
    };
    (feeder, reader)
}

impl Feeder {
    /// Hands over the whole body.
    pub(super) async fn run(mut self) -> Result<(), TransportError> {
        while let Some(piece) = self.body.chunk().await {
            if self.pieces.send(piece?).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.current.has_remaining() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.current.len());
        self.current.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_reader_reads_what_is_fed_and_then_its_end() {
        let (feeder, mut reader) = split(Body::from("abc"));
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            reader.read_to_string(&mut text).map(|_| text)
        });
        feeder.run().await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), "abc");
    }

    #[tokio::test]
    async fn a_dropped_feeder_ends_the_reader() {
        let (feeder, mut reader) = split(Body::from("abc"));
        let reading = tokio::task::spawn_blocking(move || reader.read(&mut [0; 8]));
        drop(feeder);
        assert_eq!(reading.await.unwrap().unwrap(), 0);
    }

    #[tokio::test]
    async fn a_dropped_reader_ends_the_feeder() {
        let (feeder, reader) = split(Body::from("abc"));
        drop(reader);
        feeder.run().await.unwrap();
    }
}
