//! Names of devices and folders.

use std::borrow::Borrow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::{Wire, via_serde};

/// RFC 4648 base 32.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Data characters of an ID: 32 bytes, 5 bits each.
const DATA: usize = 52;
/// Data characters before each check character.
const BLOCK: usize = 13;
/// All characters without the dashes.
const CHECKED: usize = DATA + DATA / BLOCK;

/// A device ID: the SHA-256 of the device's certificate.
///
/// Its text is 52 base-32 characters, a Luhn check character after each 13, in
/// groups of 7. Reading is as lenient as the daemon: dashes and spaces do not
/// matter, nor does case, `0`, `1` and `8` are read as `O`, `I` and `B`, and the
/// old form without check characters is taken.
///
/// ```
/// use syncthing_rest::model::DeviceId;
///
/// let id: DeviceId = "s534bxu qoxz34r vrroxim iygrno3 2umnl23 2zikxpw fgl2ao2 ndugha7".parse()?;
/// assert_eq!(
///     id.to_string(),
///     "S534BXU-QOXZ34R-VRROXIM-IYGRNO3-2UMNL23-2ZIKXPW-FGL2AO2-NDUGHA7",
/// );
/// assert_eq!(id.short().as_str(), "S534BXU");
/// # Ok::<(), syncthing_rest::model::DeviceIdError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId([u8; 32]);

impl DeviceId {
    /// The daemon's "no device", for example in the template for new devices.
    /// Its text is empty.
    pub const EMPTY: Self = Self([0; 32]);

    /// The ID whose certificate has this SHA-256.
    pub const fn from_sha256(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The ID of the device with this certificate: the DER of the daemon's
    /// `cert.pem`, not of its `https-cert.pem`.
    #[cfg(feature = "tls")]
    pub fn from_certificate_der(certificate: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }

    /// The SHA-256 of the certificate.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is [`EMPTY`](Self::EMPTY).
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// The first group, which the daemon uses where a collision does no harm.
    pub fn short(&self) -> ShortId {
        ShortId(self.to_string().chars().take(7).collect())
    }

    fn digits(&self) -> [u8; DATA] {
        let mut digits = [0; DATA];
        let (mut buffer, mut bits, mut at) = (0u16, 0, 0);
        for byte in self.0 {
            buffer = (buffer << 8) | u16::from(byte);
            bits += 8;
            while bits >= 5 {
                bits -= 5;
                digits[at] = ((buffer >> bits) & 31) as u8;
                at += 1;
            }
        }
        digits[at] = ((buffer << (5 - bits)) & 31) as u8;
        digits
    }

    fn from_digits(digits: &[u8]) -> Self {
        let mut bytes = [0; 32];
        let (mut buffer, mut bits, mut at) = (0u16, 0, 0);
        for digit in digits {
            buffer = (buffer << 5) | u16::from(*digit);
            bits += 5;
            if bits >= 8 && at < bytes.len() {
                bits -= 8;
                bytes[at] = (buffer >> bits) as u8;
                at += 1;
            }
        }
        Self(bytes)
    }
}

/// The check digit of a block: Luhn's algorithm over 32 digits.
fn check_digit(block: &[u8]) -> u8 {
    let sum: u32 = block
        .iter()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, factor)| {
            let product = u32::from(*digit) * factor;
            product / 32 + product % 32
        })
        .sum();
    ((32 - sum % 32) % 32) as u8
}

fn digit(character: char) -> Option<u8> {
    let character = match character.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    };
    let at = ALPHABET
        .iter()
        .position(|known| char::from(*known) == character)?;
    u8::try_from(at).ok()
}

impl FromStr for DeviceId {
    type Err = DeviceIdError;

    fn from_str(text: &str) -> Result<Self, DeviceIdError> {
        let mut digits = [0; CHECKED];
        let mut length = 0;
        for character in text
            .chars()
            .filter(|character| !matches!(character, '-' | ' '))
        {
            let value = digit(character).ok_or(DeviceIdError::Character(character))?;
            if let Some(place) = digits.get_mut(length) {
                *place = value;
            }
            length += 1;
        }
        let id = match length {
            0 => Self::EMPTY,
            DATA => Self::from_digits(&digits[..DATA]),
            CHECKED => {
                let mut data = [0; DATA];
                let blocks = digits
                    .chunks_exact(BLOCK + 1)
                    .zip(data.chunks_exact_mut(BLOCK));
                for (group, (checked, block)) in blocks.enumerate() {
                    block.copy_from_slice(&checked[..BLOCK]);
                    if check_digit(block) != checked[BLOCK] {
                        return Err(DeviceIdError::Check { part: group + 1 });
                    }
                }
                Self::from_digits(&data)
            }
            other => return Err(DeviceIdError::Length(other)),
        };
        if id.is_empty() {
            Err(DeviceIdError::Empty)
        } else {
            Ok(id)
        }
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.pad("");
        }
        let mut text = String::with_capacity(CHECKED + 7);
        let digits = self.digits();
        let checked = digits
            .chunks_exact(BLOCK)
            .flat_map(|block| block.iter().copied().chain([check_digit(block)]));
        for (at, digit) in checked.enumerate() {
            if at > 0 && at % 7 == 0 {
                text.push('-');
            }
            text.push(char::from(ALPHABET[usize::from(digit)]));
        }
        f.pad(&text)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl Serialize for DeviceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The empty text is [`DeviceId::EMPTY`] here, as the daemon writes it so.
impl<'de> Deserialize<'de> for DeviceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = DeviceId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a device ID")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<DeviceId, E> {
                match text.parse() {
                    Err(DeviceIdError::Empty) => Ok(DeviceId::EMPTY),
                    other => other.map_err(E::custom),
                }
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl Wire for DeviceId {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn means_none(&self) -> bool {
        self.is_empty()
    }
}

/// Why a text is no device ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceIdError {
    /// Nothing but dashes and spaces, or the ID that stands for no device.
    Empty,
    /// Neither 52 nor 56 characters without dashes and spaces, but this many.
    Length(usize),
    /// A character that no ID has.
    Character(char),
    /// The check character of this part, from 1 to 4, does not fit: a typing
    /// mistake in the 14 characters that it ends.
    Check {
        /// Which quarter of the ID.
        part: usize,
    },
}

impl fmt::Display for DeviceIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the device ID is empty"),
            Self::Length(length) => {
                write!(
                    f,
                    "a device ID has 56 characters without dashes, not {length}"
                )
            }
            Self::Character(character) => {
                write!(f, "a device ID has no character {character:?}")
            }
            Self::Check { part } => write!(f, "part {part} of 4 of the device ID is mistyped"),
        }
    }
}

impl Error for DeviceIdError {}

/// The first group of a device ID, as the daemon writes it for who changed a
/// file. The daemon's own full ID may be compared with [`ShortId::is_of`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShortId(Box<str>);

impl ShortId {
    /// The text: 7 characters, or none for no device.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the short form of this device's ID.
    pub fn is_of(&self, device: &DeviceId) -> bool {
        *self == device.short()
    }
}

impl fmt::Display for ShortId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Wire for ShortId {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn means_none(&self) -> bool {
        self.0.is_empty()
    }
}

/// A folder ID: any text that is not empty, equal on all devices that share the
/// folder. It is not the folder's label, nor its path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FolderId(String);

impl FolderId {
    /// An ID from its text.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the empty text, which names no folder.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for FolderId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<String> for FolderId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&FolderId> for FolderId {
    fn from(id: &FolderId) -> Self {
        id.clone()
    }
}

impl AsRef<str> for FolderId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for FolderId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for FolderId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for FolderId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

via_serde!(FolderId);

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "S534BXU-QOXZ34R-VRROXIM-IYGRNO3-2UMNL23-2ZIKXPW-FGL2AO2-NDUGHA7";

    /// Numbers that look random and are the same on every run.
    fn samples() -> impl Iterator<Item = DeviceId> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            let mut bytes = [0; 32];
            for chunk in bytes.chunks_exact_mut(8) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                chunk.copy_from_slice(&state.to_le_bytes());
            }
            DeviceId(bytes)
        })
        .take(500)
        .chain([DeviceId([0xff; 32])])
    }

    #[test]
    fn every_id_comes_back_from_its_text() {
        for id in samples() {
            let text = id.to_string();
            assert_eq!(text.len(), 63);
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(text.to_lowercase().replace('-', " ").parse(), Ok(id));
            let mistaken = text.replace('O', "0").replace('I', "1").replace('B', "8");
            assert_eq!(mistaken.parse(), Ok(id));
        }
    }

    #[test]
    fn the_old_form_has_no_check_characters() {
        for id in samples() {
            let text = id.to_string().replace('-', "");
            let old: String = text
                .chars()
                .enumerate()
                .filter(|(at, _)| at % 14 != 13)
                .map(|(_, character)| character)
                .collect();
            assert_eq!(old.len(), 52);
            assert_eq!(old.parse(), Ok(id));
        }
    }

    #[test]
    fn one_wrong_character_is_found() {
        for id in samples().take(40) {
            let text = id.to_string();
            for at in 0..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong[at] = match wrong[at] {
                    b'-' => continue,
                    b'A' => b'C',
                    _ => b'A',
                };
                let wrong = String::from_utf8(wrong).unwrap();
                let seen = wrong.parse::<DeviceId>();
                assert!(
                    matches!(seen, Err(DeviceIdError::Check { .. })),
                    "{wrong}: {seen:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_id_says_why() {
        assert_eq!("abc".parse::<DeviceId>(), Err(DeviceIdError::Length(3)));
        assert_eq!(
            "S534-9".parse::<DeviceId>(),
            Err(DeviceIdError::Character('9'))
        );
        assert_eq!(" - ".parse::<DeviceId>(), Err(DeviceIdError::Empty));
        assert_eq!(
            "A".repeat(56).parse::<DeviceId>(),
            Err(DeviceIdError::Empty)
        );
        assert_eq!(
            "A".repeat(1000).parse::<DeviceId>(),
            Err(DeviceIdError::Length(1000))
        );
    }

    #[test]
    fn the_empty_text_is_no_device_in_json() {
        let ids: Vec<DeviceId> = serde_json::from_str(&format!(r#"["", "{TEXT}"]"#)).unwrap();
        assert!(ids[0].is_empty() && !ids[1].is_empty());
        assert_eq!(
            serde_json::to_string(&ids).unwrap(),
            format!(r#"["","{TEXT}"]"#)
        );
    }

    #[test]
    fn a_short_id_belongs_to_its_device() {
        let id: DeviceId = TEXT.parse().unwrap();
        let short: ShortId = serde_json::from_str(r#""S534BXU""#).unwrap();
        assert!(short.is_of(&id));
        assert!(!ShortId::default().is_of(&id));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_id_is_the_digest_of_the_certificate() {
        // SHA-256 of the empty text, from FIPS 180-4.
        let id = DeviceId::from_certificate_der(b"");
        assert_eq!(id.as_bytes()[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }
}
