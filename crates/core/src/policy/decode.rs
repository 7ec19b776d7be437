//! Content codings: gzip, and by feature brotli and zstd.
//!
//! A decoder takes some input and gives a little output at a time, so that a
//! few bytes that stand for a gigabyte never become one in memory.

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "zstd")]
mod zstd;

use std::io;

use bytes::{Buf, Bytes};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};

use super::Mode;
use crate::Error;
use crate::transport::{Delivery, TransportError, TransportErrorKind};

/// What requests offer to understand.
///
/// zstd is not offered for a body that is handed out as it arrives: the
/// decoder holds back a whole window (up to 8 MiB) until the frame ends.
pub(super) const fn accepted(mode: Mode) -> Option<HeaderValue> {
    let zstd = cfg!(feature = "zstd") && matches!(mode, Mode::Buffered);
    let names = match (cfg!(feature = "gzip"), cfg!(feature = "brotli"), zstd) {
        (true, true, true) => "gzip, br, zstd",
        (true, true, false) => "gzip, br",
        (true, false, true) => "gzip, zstd",
        (true, false, false) => "gzip",
        (false, true, true) => "br, zstd",
        (false, true, false) => "br",
        (false, false, true) => "zstd",
        (false, false, false) => return None,
    };
    Some(HeaderValue::from_static(names))
}

/// Below this size any ratio is harmless.
const GRACE: u64 = 1 << 20;

/// A decoder that is fed compressed pieces and gives plain ones.
pub(super) struct Decoder {
    coding: Box<dyn Coding>,
    pending: Bytes,
    taken: u64,
    given: u64,
    max_ratio: u32,
}

/// One content coding.
trait Coding: Send {
    /// Takes something off the front of `input` and adds a bounded amount to
    /// `plain`. Does neither when nothing can be done without more input.
    fn step(&mut self, input: &mut Bytes, plain: &mut Vec<u8>) -> io::Result<()>;

    /// After the last step: adds what is left, or says that the input was cut.
    fn finish(&mut self, plain: &mut Vec<u8>) -> io::Result<()>;
}

/// The decoder that an answer needs. The headers that speak of the coded form
/// are removed with it.
pub(super) fn for_answer(
    headers: &mut HeaderMap,
    max_ratio: u32,
) -> Result<Option<Box<Decoder>>, Error> {
    if !headers.contains_key(CONTENT_ENCODING) {
        return Ok(None);
    }
    let coding = coding(headers)?;
    headers.remove(CONTENT_ENCODING);
    let Some(coding) = coding else {
        return Ok(None);
    };
    headers.remove(CONTENT_LENGTH);
    Ok(Some(Box::new(Decoder {
        coding,
        pending: Bytes::new(),
        taken: 0,
        given: 0,
        max_ratio,
    })))
}

fn coding(headers: &HeaderMap) -> Result<Option<Box<dyn Coding>>, Error> {
    let mut found = None;
    for line in headers.get_all(CONTENT_ENCODING) {
        for name in line.to_str().unwrap_or("?").split(',') {
            let name = name.trim().to_ascii_lowercase();
            if matches!(name.as_str(), "" | "identity") {
                continue;
            }
            let Some(coding) = by_name(&name) else {
                return Err(Error::decode(
                    "the answer has a content coding that was not asked for",
                ));
            };
            if found.replace(coding).is_some() {
                return Err(Error::decode("the answer has more than one content coding"));
            }
        }
    }
    Ok(found)
}

fn by_name(name: &str) -> Option<Box<dyn Coding>> {
    match name {
        #[cfg(feature = "gzip")]
        "gzip" | "x-gzip" => Some(Box::new(gzip::Gzip::new())),
        #[cfg(feature = "brotli")]
        "br" => Some(Box::new(brotli::Brotli::new())),
        #[cfg(feature = "zstd")]
        "zstd" => Some(Box::new(zstd::Zstd::default())),
        _ => None,
    }
}

impl Decoder {
    /// Adds compressed data. Call [`next_piece`](Self::next_piece) until it
    /// has none, first.
    pub(super) fn feed(&mut self, compressed: Bytes) {
        self.pending = compressed;
    }

    /// Decodes some of what was fed.
    pub(super) fn next_piece(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            let before = self.pending.len();
            let mut plain = Vec::new();
            self.coding
                .step(&mut self.pending, &mut plain)
                .map_err(broken)?;
            let taken = before - self.pending.len();
            self.taken += taken as u64;
            if !plain.is_empty() {
                return self.give(plain).map(Some);
            }
            if taken == 0 || !self.pending.has_remaining() {
                return Ok(None);
            }
        }
    }

    /// Ends the body: an error if the coded form is not complete.
    pub(super) fn finish(&mut self) -> Result<Option<Bytes>, TransportError> {
        if self.taken == 0 {
            // Some servers label an empty body too.
            return Ok(None);
        }
        let mut plain = Vec::new();
        self.coding.finish(&mut plain).map_err(broken)?;
        if plain.is_empty() {
            return Ok(None);
        }
        self.give(plain).map(Some)
    }

    fn give(&mut self, plain: Vec<u8>) -> Result<Bytes, TransportError> {
        self.given += plain.len() as u64;
        let limit = self
            .taken
            .saturating_mul(u64::from(self.max_ratio))
            .max(GRACE);
        if self.given > limit {
            return Err(
                TransportError::new(TransportErrorKind::TooLarge, Delivery::Answered).with_message(
                    format!(
                        "it grows more than {} times when decompressed",
                        self.max_ratio
                    ),
                ),
            );
        }
        Ok(plain.into())
    }
}

fn broken(error: io::Error) -> TransportError {
    TransportError::new(TransportErrorKind::Body, Delivery::Answered)
        .with_message("its compressed form is broken or cut")
        .with_source(error)
}
