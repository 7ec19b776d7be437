//! Public keys as the service hands them out.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN RSA PUBLIC KEY-----";
const END: &str = "-----END RSA PUBLIC KEY-----";

/// A text that is no RSA public key in PKCS#1 PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidKey(&'static str);

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no RSA public key in PKCS#1 PEM: {}", self.0)
    }
}

impl std::error::Error for InvalidKey {}

/// The DER of a PKCS#1 public key.
pub(super) fn public_key(pem: &str) -> Result<Vec<u8>, InvalidKey> {
    let begin = pem.find(BEGIN).ok_or(InvalidKey("it has no beginning"))?;
    let text = pem.get(begin + BEGIN.len()..).unwrap_or_default();
    let end = text.find(END).ok_or(InvalidKey("it has no end"))?;
    let digits: String = text
        .chars()
        .take(end)
        .filter(|c| !c.is_whitespace())
        .collect();
    let der = STANDARD
        .decode(digits)
        .map_err(|_| InvalidKey("it is not base64"))?;
    // A sequence; whether there is a key in it is seen when it is used.
    match der.first() {
        Some(0x30) => Ok(der),
        _ => Err(InvalidKey("it is not DER")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pkcs1_pem_is_a_key() {
        let pem = format!("{BEGIN}\nMAMC\nAQM=\n{END}\n");
        assert_eq!(public_key(&pem), Ok(vec![0x30, 3, 2, 1, 3]));
        for wrong in [
            "",
            "MAMCAQM=",
            &format!("{BEGIN}MAMCAQM="),
            &format!("{BEGIN}???{END}"),
            &format!("{BEGIN}AAAA{END}"),
            "-----BEGIN PUBLIC KEY-----\nMAMCAQM=\n-----END PUBLIC KEY-----",
        ] {
            assert!(public_key(wrong).is_err(), "{wrong}");
        }
    }
}
