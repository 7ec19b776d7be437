//! Gzip, while the answer is being made.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Pieces that come out are about this large: more is kept back.
const PIECE: usize = 32 << 10;

/// What the pieces of an answer go through.
pub(super) enum Coding {
    /// Nothing.
    Identity,
    /// A compressor, and what has come out of it.
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

impl Coding {
    /// Gzip of a level from 1, fast, to 9, small. The head names no file and no
    /// time, so that equal content is equal.
    pub(super) fn gzip(level: u8) -> Self {
        let level = Compression::new(u32::from(level.clamp(1, 9)));
        Self::Gzip(Box::new(GzEncoder::new(Vec::new(), level)))
    }

    /// Puts a piece in; what comes out, if it is enough to be sent. With
    /// `now`, all that went in comes out.
    ///
    /// # Errors
    ///
    /// Those of the compressor.
    pub(super) fn push(&mut self, piece: Vec<u8>, now: bool) -> io::Result<Option<Bytes>> {
        let encoder = match self {
            Self::Identity => return Ok((!piece.is_empty()).then(|| piece.into())),
            Self::Gzip(encoder) => encoder,
        };
        encoder.write_all(&piece)?;
        if now {
            encoder.flush()?;
        }
        let output = encoder.get_mut();
        let is_enough = output.len() >= PIECE || (now && !output.is_empty());
        Ok(is_enough.then(|| std::mem::take(output).into()))
    }

    /// Puts the last piece in; all that is left comes out.
    ///
    /// # Errors
    ///
    /// Those of the compressor.
    pub(super) fn finish(self, piece: Vec<u8>) -> io::Result<Bytes> {
        match self {
            Self::Identity => Ok(piece.into()),
            Self::Gzip(mut encoder) => {
                encoder.write_all(&piece)?;
                encoder.finish().map(Bytes::from)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn what_went_in_comes_out_at_once_when_asked() {
        let mut coding = Coding::gzip(1);
        let mut sent = Vec::new();
        assert_eq!(coding.push(b"[{\"a\"".to_vec(), false).unwrap(), None);
        sent.extend(coding.push(b": 1}".to_vec(), true).unwrap().unwrap());
        let mut start = Vec::new();
        let cut = GzDecoder::new(&*sent).read_to_end(&mut start);
        assert_eq!((&*start, cut.is_err()), (&b"[{\"a\": 1}"[..], true));
        sent.extend(coding.finish(b"]".to_vec()).unwrap());
        let mut whole = Vec::new();
        GzDecoder::new(&*sent).read_to_end(&mut whole).unwrap();
        assert_eq!(whole, b"[{\"a\": 1}]");
    }

    #[test]
    fn the_head_says_nothing_of_when_and_where() {
        let head = Coding::gzip(1).finish(b"[]".to_vec()).unwrap();
        assert_eq!(head[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn pieces_do_not_pile_up() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut coding = Coding::gzip(1);
        let mut sent = 0;
        for _ in 0..100 {
            let piece: Vec<u8> = (0..PIECE).map(|_| random.u8(..)).collect();
            if let Some(out) = coding.push(piece, false).unwrap() {
                assert!(out.len() < 3 * PIECE);
                sent += out.len();
            }
        }
        assert!(sent > 90 * PIECE);
    }

    #[test]
    fn nothing_is_no_piece() {
        assert_eq!(Coding::Identity.push(Vec::new(), true).unwrap(), None);
        assert_eq!(Coding::Identity.finish(Vec::new()).unwrap(), Bytes::new());
    }
}
