//! gzip (RFC 1952), also of several members.

use std::io::{self, Write as _};

use bytes::{Buf as _, Bytes};
use flate2::write::MultiGzDecoder;

use super::Coding;

pub(super) struct Gzip(MultiGzDecoder<Vec<u8>>);

impl Gzip {
    pub(super) fn new() -> Self {
        Self(MultiGzDecoder::new(Vec::new()))
    }
}

impl Coding for Gzip {
    fn step(&mut self, input: &mut Bytes, plain: &mut Vec<u8>) -> io::Result<()> {
        if input.is_empty() {
            return Ok(());
        }
        // One `write` gives 32 KiB at the most, whatever it is given.
        let taken = self.0.write(input)?;
        if taken == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        input.advance(taken);
        if input.is_empty() {
            // What was decoded is not to wait for the next piece of the body.
            self.0.flush()?;
        }
        plain.append(self.0.get_mut());
        Ok(())
    }

    fn finish(&mut self, plain: &mut Vec<u8>) -> io::Result<()> {
        self.0.try_finish()?;
        plain.append(self.0.get_mut());
        Ok(())
    }
}
