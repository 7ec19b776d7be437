//! The HMAC of the signature methods that have one (RFC 2104).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::digest::{Digest, Key};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroize as _;

use super::SignatureMethod;

/// A hash that has taken in its key. It is wiped on drop, as the key is.
#[derive(Clone)]
pub(super) enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl Keyed {
    /// `None` for PLAINTEXT.
    pub(super) fn new(method: SignatureMethod, key: &[u8]) -> Option<Self> {
        Some(match method {
            SignatureMethod::HmacSha1 => Self::Sha1(keyed::<_, Sha1>(key)),
            SignatureMethod::HmacSha256 => Self::Sha256(keyed::<_, Sha256>(key)),
            SignatureMethod::HmacSha512 => Self::Sha512(keyed::<_, Sha512>(key)),
            SignatureMethod::Plaintext => return None,
        })
    }

    /// The code of `text`, as Base64.
    pub(super) fn sign(&self, text: &[u8]) -> String {
        match self {
            Self::Sha1(mac) => code(mac.clone(), text),
            Self::Sha256(mac) => code(mac.clone(), text),
            Self::Sha512(mac) => code(mac.clone(), text),
        }
    }

    /// Whether `tag` is the code of `text`, in a time that does not depend on
    /// where it first differs.
    pub(super) fn fits(self, text: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha1(mac) => mac.chain_update(text).verify_slice(tag),
            Self::Sha256(mac) => mac.chain_update(text).verify_slice(tag),
            Self::Sha512(mac) => mac.chain_update(text).verify_slice(tag),
        }
        .is_ok()
    }
}

fn code(mac: impl Mac, text: &[u8]) -> String {
    BASE64.encode(mac.chain_update(text).finalize().into_bytes())
}

/// As `new_from_slice`, which never fails with HMAC but is typed as if it did:
/// the key as one block of the hash, and one that is longer hashed before.
fn keyed<M: KeyInit, D: Digest>(key: &[u8]) -> M {
    let mut block = Key::<M>::default();
    if key.len() > block.len() {
        let hash = D::digest(key);
        block[..hash.len()].copy_from_slice(&hash);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let keyed = M::new(&block);
    block.as_mut_slice().zeroize();
    keyed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_any_length_is_taken_as_the_library_takes_it() {
        fn theirs<M: KeyInit + Mac>(key: &[u8]) -> String {
            code(<M as KeyInit>::new_from_slice(key).unwrap(), b"text")
        }
        for length in 0..300 {
            let key: Vec<u8> = (1..=u8::MAX).cycle().take(length).collect();
            let ours = |method| Keyed::new(method, &key).unwrap().sign(b"text");
            let sha1 = ours(SignatureMethod::HmacSha1);
            assert_eq!(sha1, theirs::<Hmac<Sha1>>(&key), "{length}");
            let sha256 = ours(SignatureMethod::HmacSha256);
            assert_eq!(sha256, theirs::<Hmac<Sha256>>(&key), "{length}");
            let sha512 = ours(SignatureMethod::HmacSha512);
            assert_eq!(sha512, theirs::<Hmac<Sha512>>(&key), "{length}");
        }
    }

    #[test]
    fn only_the_whole_code_fits() {
        // RFC 2202 section 3, case 6.
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let keyed = Keyed::new(SignatureMethod::HmacSha1, &[0xaa; 80]).unwrap();
        let signed = keyed.sign(text);
        assert_eq!(signed, "qkrl4VJy0A6VcFY3zoo7Ve1AIRI=");
        let code = BASE64.decode(signed).unwrap();
        assert!(keyed.clone().fits(text, &code));
        assert!(!keyed.clone().fits(&text[1..], &code));
        let longer = [code.as_slice(), &[0]].concat();
        for wrong in [&code[..19], &code[1..], &longer, b""] {
            assert!(!keyed.clone().fits(text, wrong));
        }
        for bit in 0..160 {
            let mut wrong = code.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!keyed.clone().fits(text, &wrong), "{bit}");
        }
    }
}
