//! UUIDs.

use std::fmt;
use std::str::FromStr;

/// A UUID, as `UUIDField` keeps it.
///
/// It is shown as the wire has it, in lower case with hyphens; see
/// [`Uuid::to_simple`] for what Django stores in SQLite.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl Uuid {
    /// The UUID with these bytes, the first digit first.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, the first digit first.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// What it says, if it is a UUID: 32 digits in any case, with hyphens at
    /// any place, in braces, or after `urn:uuid:`, as Python takes them.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("urn:").unwrap_or(text);
        let text = text.strip_prefix("uuid:").unwrap_or(text);
        let text = text.trim_matches(['{', '}']);
        let mut bytes = [0; 16];
        let mut count = 0;
        for byte in text.bytes() {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b'A'..=b'F' => byte - b'A' + 10,
                b'-' => continue,
                _ => return None,
            };
            let place: &mut u8 = bytes.get_mut(count / 2)?;
            *place = (*place << 4) | digit;
            count += 1;
        }
        (count == 32).then_some(Self(bytes))
    }

    /// The 32 digits in lower case, without hyphens, as Django has them in
    /// SQLite.
    pub fn to_simple(&self) -> String {
        let mut text = String::with_capacity(32);
        for byte in self.0 {
            push_hex(&mut text, byte);
        }
        text
    }

    /// The text of the wire, of 36 bytes.
    pub(crate) fn encode(&self) -> [u8; 36] {
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (i, byte) in self.0.into_iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        text
    }
}

fn push_hex(text: &mut String, byte: u8) {
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(36);
        for (i, byte) in self.0.into_iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            push_hex(&mut text, byte);
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uuid({self})")
    }
}

impl FromStr for Uuid {
    type Err = InvalidUuid;

    fn from_str(text: &str) -> Result<Self, InvalidUuid> {
        Self::parse(text).ok_or(InvalidUuid)
    }
}

/// A text that is not a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidUuid;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_python_takes_is_the_same_uuid() {
        let uuid: Uuid = "12345678-9abc-def0-1234-56789abcdef0".parse().unwrap();
        for form in [
            "123456789ABCDEF0123456789abcdef0",
            "{12345678-9abc-def0-1234-56789abcdef0}",
            "urn:uuid:12345678-9abc-def0-1234-56789abcdef0",
        ] {
            assert_eq!(Uuid::parse(form), Some(uuid));
        }
        assert_eq!(uuid.to_string(), "12345678-9abc-def0-1234-56789abcdef0");
        assert_eq!(uuid.to_string().as_bytes(), uuid.encode());
        assert_eq!(uuid.to_simple(), "123456789abcdef0123456789abcdef0");
    }

    #[test]
    fn what_is_not_a_uuid_is_refused() {
        for text in [
            "",
            "xyz",
            "1234",
            &"1".repeat(33),
            "g2345678-9abc-def0-1234-56789abcdef0",
        ] {
            assert_eq!(Uuid::parse(text), None, "{text}");
        }
    }
}
