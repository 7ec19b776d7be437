//! Content codings: gzip, and by feature brotli and zstd.

use std::io::{self, Write};

use bytes::{Buf, Bytes};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};

use crate::transport::{Delivery, TransportError, TransportErrorKind};

/// What requests offer to understand.
pub(super) const ACCEPTED: Option<HeaderValue> = if cfg!(feature = "gzip") {
    Some(HeaderValue::from_static(if cfg!(all(feature = "brotli", feature = "zstd")) {
        "gzip, br, zstd"
    } else if cfg!(feature = "brotli") {
        "gzip, br"
    } else if cfg!(feature = "zstd") {
        "gzip, zstd"
    } else {
        "gzip"
    }))
} else if cfg!(all(feature = "brotli", feature = "zstd")) {
    Some(HeaderValue::from_static("br, zstd"))
} else if cfg!(feature = "brotli") {
    Some(HeaderValue::from_static("br"))
} else if cfg!(feature = "zstd") {
    Some(HeaderValue::from_static("zstd"))
} else {
    None
};

/// How much compressed data is decoded at a time, so that one step cannot
/// produce more than about 4 MiB.
const STEP: usize = 4 << 10;
/// Below this size any ratio is harmless.
const GRACE: u64 = 1 << 20;

/// A decoder that is fed compressed pieces and gives plain ones.
pub(super) struct Decoder {
    coding: Coding,
    pending: Bytes,
    taken: u64,
    given: u64,
    max_ratio: u32,
}

enum Coding {
    #[cfg(feature = "gzip")]
    Gzip(Box<flate2::write::MultiGzDecoder<Vec<u8>>>),
    #[cfg(feature = "brotli")]
    Brotli(Box<brotli_decompressor::DecompressorWriter<Vec<u8>>>),
    #[cfg(feature = "zstd")]
    Zstd(Box<zstd::Decoder>),
}

/// The decoder that an answer needs. The headers that speak of the coded form
/// are removed with it.
pub(super) fn for_answer(
    headers: &mut HeaderMap,
    max_ratio: u32,
) -> Result<Option<Box<Decoder>>, TransportError> {
    let Some(name) = headers.get(CONTENT_ENCODING) else {
        return Ok(None);
    };
    let name = name.to_str().unwrap_or("?").trim().to_ascii_lowercase();
    let coding = match name.as_str() {
        "" | "identity" => return Ok(None),
        #[cfg(feature = "gzip")]
        "gzip" | "x-gzip" => Coding::Gzip(Box::new(flate2::write::MultiGzDecoder::new(Vec::new()))),
        #[cfg(feature = "brotli")]
        "br" => Coding::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(
            Vec::new(),
            STEP,
        ))),
        #[cfg(feature = "zstd")]
        "zstd" => Coding::Zstd(Box::default()),
        _ => {
            return Err(TransportError::new(TransportErrorKind::Body, Delivery::Answered)
                .with_message("the answer has a content coding that was not asked for"));
        }
    };
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    Ok(Some(Box::new(Decoder {
        coding,
        pending: Bytes::new(),
        taken: 0,
        given: 0,
        max_ratio,
    })))
}

impl Decoder {
    /// Adds compressed data. Call [`next_piece`](Self::next_piece) until it
    /// has none, first.
    pub(super) fn feed(&mut self, compressed: Bytes) {
        self.pending = compressed;
    }

    /// Decodes some of what was fed.
    pub(super) fn next_piece(&mut self) -> Result<Option<Bytes>, TransportError> {
        while self.pending.has_remaining() {
            let step = self.pending.split_to(self.pending.len().min(STEP));
            self.taken += step.len() as u64;
            self.coding.write(&step).map_err(broken)?;
            let plain = self.coding.take();
            if !plain.is_empty() {
                return self.give(plain).map(Some);
            }
        }
        Ok(None)
    }

    /// Ends the body: an error if the coded form is not complete.
    pub(super) fn finish(&mut self) -> Result<Option<Bytes>, TransportError> {
        if self.taken == 0 {
            // Some servers label an empty body too.
            return Ok(None);
        }
        self.coding.finish().map_err(broken)?;
        let plain = self.coding.take();
        if plain.is_empty() {
            return Ok(None);
        }
        self.give(plain).map(Some)
    }

    fn give(&mut self, plain: Vec<u8>) -> Result<Bytes, TransportError> {
        self.given += plain.len() as u64;
        let limit = self.taken.saturating_mul(u64::from(self.max_ratio)).max(GRACE);
        if self.given > limit {
            return Err(
                TransportError::new(TransportErrorKind::TooLarge, Delivery::Answered).with_message(
                    format!("it grows more than {} times when decompressed", self.max_ratio),
                ),
            );
        }
        Ok(plain.into())
    }
}

impl Coding {
    fn write(&mut self, step: &[u8]) -> io::Result<()> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip(decoder) => decoder.write_all(step),
            #[cfg(feature = "brotli")]
            Self::Brotli(decoder) => decoder.write_all(step),
            #[cfg(feature = "zstd")]
            Self::Zstd(decoder) => decoder.write(step),
            #[cfg(not(any(feature = "gzip", feature = "brotli", feature = "zstd")))]
            _ => Ok(drop(step)),
        }
    }

    fn take(&mut self) -> Vec<u8> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip(decoder) => std::mem::take(decoder.get_mut()),
            #[cfg(feature = "brotli")]
            Self::Brotli(decoder) => std::mem::take(decoder.get_mut()),
            #[cfg(feature = "zstd")]
            Self::Zstd(decoder) => decoder.take(),
            #[cfg(not(any(feature = "gzip", feature = "brotli", feature = "zstd")))]
            _ => Vec::new(),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip(decoder) => decoder.try_finish(),
            #[cfg(feature = "brotli")]
            Self::Brotli(decoder) => decoder.close(),
            #[cfg(feature = "zstd")]
            Self::Zstd(decoder) => decoder.finish(),
            #[cfg(not(any(feature = "gzip", feature = "brotli", feature = "zstd")))]
            _ => Ok(()),
        }
    }
}

fn broken(error: io::Error) -> TransportError {
    TransportError::new(TransportErrorKind::Body, Delivery::Answered)
        .with_message("its compressed form is broken or cut")
        .with_source(error)
}

#[cfg(feature = "zstd")]
mod zstd {
    //! ruzstd decodes from a reader; this turns it into a decoder that is fed.

    use std::io;

    use ruzstd::decoding::FrameDecoder;

    /// A whole frame is collected in its compressed form and decoded block by block.
    #[derive(Default)]
    pub(super) struct Decoder {
        frame: FrameDecoder,
        begun: bool,
        input: Vec<u8>,
        output: Vec<u8>,
    }

    impl Decoder {
        pub(super) fn write(&mut self, step: &[u8]) -> io::Result<()> {
            self.input.extend_from_slice(step);
            self.decode(false)
        }

        fn decode(&mut self, last: bool) -> io::Result<()> {
            loop {
                if !self.begun || self.frame.is_finished() && !self.input.is_empty() {
                    // A header is 18 bytes at the most (RFC 8878 section 3.1.1).
                    if self.input.is_empty() || (self.input.len() < 18 && !last) {
                        return Ok(());
                    }
                    let mut input = self.input.as_slice();
                    self.frame.reset(&mut input).map_err(io::Error::other)?;
                    let used = self.input.len() - input.len();
                    self.input.drain(..used);
                    self.begun = true;
                }
                let mut piece = [0; 8 << 10];
                let (used, made) = self
                    .frame
                    .decode_from_to(&self.input, &mut piece)
                    .map_err(io::Error::other)?;
                self.input.drain(..used);
                self.output.extend_from_slice(&piece[..made]);
                if used == 0 && made == 0 {
                    return Ok(());
                }
            }
        }

        pub(super) fn take(&mut self) -> Vec<u8> {
            std::mem::take(&mut self.output)
        }

        pub(super) fn finish(&mut self) -> io::Result<()> {
            self.decode(true)?;
            if self.begun && self.frame.is_finished() && self.input.is_empty() {
                Ok(())
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
    }
}

#[cfg(all(test, feature = "gzip"))]
mod tests {}
