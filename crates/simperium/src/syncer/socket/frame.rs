//! A text frame as a client writes it (RFC 6455 section 5.2).

const FINAL_TEXT: u8 = 0x81;
const MASKED: u8 = 0x80;

/// The bytes of a frame with this text, masked with a random number. The mask is
/// sent along: it hides nothing.
pub(super) fn masked_text(text: &str) -> Vec<u8> {
    encode(text, fastrand::u32(..).to_ne_bytes())
}

fn encode(text: &str, mask: [u8; 4]) -> Vec<u8> {
    let payload = text.as_bytes();
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    bytes.push(FINAL_TEXT);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..=125), _) => bytes.push(MASKED | length),
        (_, Ok(length)) => {
            bytes.push(MASKED | 126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(MASKED | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masked_frame_of_the_standard_is_written_as_there() {
        // Section 5.7.
        let frame = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(encode("Hello", [0x37, 0xfa, 0x21, 0x3d]), frame);
    }

    #[test]
    fn the_length_has_as_many_bytes_as_it_needs() {
        let header = |length: usize| encode(&"x".repeat(length), [0; 4]).len() - length;
        assert_eq!((header(0), header(125)), (6, 6));
        assert_eq!((header(126), header(65_535)), (8, 8));
        assert_eq!(header(65_536), 14);
    }
}
