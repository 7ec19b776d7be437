//! brotli (RFC 7932).

use std::io;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::{Buf as _, Bytes};

use super::Coding;

/// How much is decoded at a time.
const PIECE: usize = 32 << 10;

pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    total: usize,
    /// There is more to be had from what was taken.
    full: bool,
    ended: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            // Strict: no windows beyond the 16 MiB of the RFC.
            state: BrotliState::new_strict(alloc(), alloc(), alloc()),
            total: 0,
            full: false,
            ended: false,
        }
    }
}

impl Coding for Brotli {
    fn step(&mut self, input: &mut Bytes, plain: &mut Vec<u8>) -> io::Result<()> {
        if self.ended {
            return if input.is_empty() {
                Ok(())
            } else {
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "data after the end",
                ))
            };
        }
        if input.is_empty() && !self.full {
            return Ok(());
        }
        plain.resize(PIECE, 0);
        let (mut available_in, mut taken) = (input.len(), 0);
        let (mut available_out, mut made) = (PIECE, 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut taken,
            input,
            &mut available_out,
            &mut made,
            plain,
            &mut self.total,
            &mut self.state,
        );
        input.advance(taken);
        plain.truncate(made);
        self.full = matches!(result, BrotliResult::NeedsMoreOutput);
        match result {
            BrotliResult::ResultSuccess => self.ended = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "not brotli"));
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        if self.ended {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}
