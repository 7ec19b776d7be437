//! The two kinds of signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{hmac, signature};

use super::verifier::Rejection;

/// More signatures in one header are not looked at.
const MOST: usize = 16;

/// `t=<unix>,v1=<hex>[,v1=<hex>…]`: HMAC-SHA256 over `t.body`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hmac<'a> {
    /// As it was sent: what is signed is its text.
    time: &'a str,
    /// Seconds since 1970.
    pub(super) seconds: u64,
    signatures: Vec<Vec<u8>>,
}

impl<'a> Hmac<'a> {
    pub(super) fn parse(header: &'a str) -> Result<Self, Rejection> {
        let mut time = None;
        let mut signatures = Vec::new();
        for part in header.split(',').map(str::trim) {
            match part.split_once('=') {
                Some(("t", value)) if time.is_none() => time = Some(value),
                Some(("t", _)) => return Err(Rejection::Malformed),
                // One that cannot be read is not the right one.
                Some(("v1", value)) if signatures.len() < MOST => signatures.extend(hex(value)),
                _ => {}
            }
        }
        let time = time.ok_or(Rejection::Malformed)?;
        let is_number = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
        match time.parse() {
            Ok(seconds) if is_number && !signatures.is_empty() => Ok(Self {
                time,
                seconds,
                signatures,
            }),
            _ => Err(Rejection::Malformed),
        }
    }

    /// Whether one of the signatures was made with this key. The comparison
    /// takes the same time for right and for wrong ones.
    pub(super) fn is_by(&self, key: &hmac::Key, body: &[u8]) -> bool {
        let mut signed = Vec::with_capacity(self.time.len() + 1 + body.len());
        signed.extend_from_slice(self.time.as_bytes());
        signed.push(b'.');
        signed.extend_from_slice(body);
        let mut signatures = self.signatures.iter();
        signatures.any(|signature| hmac::verify(key, &signed, signature).is_ok())
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 != 0 || text.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

/// `v1=<base64>`: RSASSA-PSS with SHA-256 over the body. Several may be there,
/// as while a key is being replaced.
pub(super) fn is_pss_by(key: &[u8], header: &str, body: &[u8]) -> Result<bool, Rejection> {
    let signatures: Vec<Vec<u8>> = header
        .split(',')
        .take(MOST)
        .filter_map(|part| part.trim().strip_prefix("v1="))
        .filter_map(|text| STANDARD.decode(text).ok())
        .collect();
    if signatures.is_empty() {
        return Err(Rejection::Malformed);
    }
    // The salt is as long as the hash, as is usual.
    let key = signature::UnparsedPublicKey::new(&signature::RSA_PSS_2048_8192_SHA256, key);
    Ok(signatures
        .iter()
        .any(|signature| key.verify(body, signature).is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_cannot_be_read_are_refused() {
        for wrong in [
            "",
            "v1=00",
            "t=,v1=00",
            "t=+1,v1=00",
            "t=1",
            "t=1,v1=0",
            "t=1,v1=zz",
            "t=1,t=2,v1=00",
            "t=99999999999999999999,v1=00",
        ] {
            assert_eq!(Hmac::parse(wrong), Err(Rejection::Malformed), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_known_in_a_header_is_passed_over() {
        let read = Hmac::parse("t=12, v0=ff, v1=00FF, v1=0").unwrap();
        assert_eq!((read.seconds, read.signatures), (12, vec![vec![0, 255]]));
    }
}
