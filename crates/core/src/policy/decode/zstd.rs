//! zstd (RFC 8878), block by block.

use std::io;

use bytes::Bytes;
use ruzstd::decoding::FrameDecoder;

use super::Coding;

/// The largest window that may be used as a content coding (RFC 9659).
const MAX_WINDOW: u64 = 8 << 20;
/// The largest block (RFC 8878 section 3.1.1.2.4).
const MAX_BLOCK: usize = 128 << 10;
/// How much is handed out at a time.
const PIECE: usize = 32 << 10;

/// ruzstd decodes all that it is given at once. It is given one block at a
/// time, which becomes 128 KiB at the most.
#[derive(Default)]
pub(super) struct Zstd {
    frame: FrameDecoder,
    part: Part,
    /// What has come of the next part.
    input: Vec<u8>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Header,
    Block,
    Checksum,
}

impl Coding for Zstd {
    fn step(&mut self, input: &mut Bytes, plain: &mut Vec<u8>) -> io::Result<()> {
        loop {
            if self.frame.can_collect() > 0 {
                plain.resize(PIECE, 0);
                let made = io::Read::read(&mut self.frame, plain)?;
                plain.truncate(made);
                return Ok(());
            }
            let missing = self.needed()?.saturating_sub(self.input.len());
            if missing == 0 {
                self.advance()?;
            } else if input.is_empty() {
                return Ok(());
            } else {
                let more = input.split_to(missing.min(input.len()));
                self.input.extend_from_slice(&more);
            }
        }
    }

    fn finish(&mut self, _: &mut Vec<u8>) -> io::Result<()> {
        if self.part == Part::Header && self.input.is_empty() {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

impl Zstd {
    /// How long the next part is, as far as that is known by now.
    fn needed(&self) -> io::Result<usize> {
        match self.part {
            Part::Header => Ok(self.input.get(4).map_or(5, |byte| header_length(*byte))),
            Part::Checksum => Ok(4),
            Part::Block => {
                let Some(block) = self.block() else {
                    return Ok(3);
                };
                if block.size > MAX_BLOCK {
                    return Err(invalid("a block is too large"));
                }
                Ok(3 + if block.repeated { 1 } else { block.size })
            }
        }
    }

    fn block(&self) -> Option<Block> {
        let [a, b, c] = *self.input.first_chunk()?;
        let bits = u32::from_le_bytes([a, b, c, 0]);
        Some(Block {
            last: bits & 1 == 1,
            repeated: (bits >> 1) & 3 == 1,
            size: (bits >> 3) as usize,
        })
    }

    /// Decodes the part that is complete.
    fn advance(&mut self) -> io::Result<()> {
        if self.part == Part::Header {
            if window(&self.input).is_none_or(|size| size > MAX_WINDOW) {
                return Err(invalid("the window is too large"));
            }
            self.frame
                .reset(self.input.as_slice())
                .map_err(io::Error::other)?;
            self.part = Part::Block;
        } else {
            let ended = self.part == Part::Checksum || self.block().is_some_and(|block| block.last);
            self.frame
                .decode_from_to(&self.input, &mut [])
                .map_err(io::Error::other)?;
            if ended {
                self.part = match self.frame.is_finished() {
                    true => Part::Header,
                    false => Part::Checksum,
                };
            }
        }
        self.input.clear();
        Ok(())
    }
}

struct Block {
    last: bool,
    /// One byte that stands for `size` of them.
    repeated: bool,
    size: usize,
}

/// The length of a frame header, magic number included, by its descriptor.
fn header_length(descriptor: u8) -> usize {
    let single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = match descriptor >> 6 {
        0 => usize::from(single),
        n => 1 << n,
    };
    5 + usize::from(!single) + dictionary + size
}

/// How much memory a frame asks for, by its complete header.
fn window(header: &[u8]) -> Option<u64> {
    let descriptor = *header.get(4)?;
    if descriptor & 0x20 == 0 {
        let byte = *header.get(5)?;
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    // A frame of a single segment is decoded into one window of its own size.
    let length = match descriptor >> 6 {
        0 => 1,
        n => 1 << n,
    };
    let field = header.get(header.len().checked_sub(length)?..)?;
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(field);
    let size = u64::from_le_bytes(bytes);
    Some(if length == 2 { size + 256 } else { size })
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
