//! Nonces that were used, for a server.

use std::collections::{BTreeMap, HashSet};

use super::problem::word;
use super::verify::{Refusal, Verified};

/// Refuses timestamps too far from now, and nonces seen before.
///
/// Remembers a nonce for as long as its timestamp would be taken.
#[derive(Debug)]
pub struct ReplayGuard {
    window: u64,
    /// Who with which nonce, by timestamp: a set of few, and forgotten as one.
    seen: BTreeMap<u64, HashSet<Box<[u8]>>>,
}

impl ReplayGuard {
    /// Takes timestamps at most `window` seconds from now, either way.
    pub fn new(window: u64) -> Self {
        Self {
            window,
            seen: BTreeMap::new(),
        }
    }

    /// Takes note of a verified request, or refuses it. `now` is in seconds
    /// since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// `timestamp_refused` with the timestamps that would do, or `nonce_used`.
    /// PLAINTEXT requests without timestamp and nonce pass.
    pub fn check(&mut self, verified: &Verified, now: u64) -> Result<(), Refusal> {
        let (Some(timestamp), Some(nonce)) = (verified.timestamp, &verified.nonce) else {
            return Ok(());
        };
        if timestamp.abs_diff(now) > self.window {
            let low = now.saturating_sub(self.window);
            let refusal = Refusal::new(word::TIMESTAMP_REFUSED);
            return Err(refusal.acceptable(low, now.saturating_add(self.window)));
        }
        let oldest = now.saturating_sub(self.window);
        while let Some(first) = self
            .seen
            .first_entry()
            .filter(|first| *first.key() < oldest)
        {
            first.remove();
        }
        let token = verified.token.as_deref().unwrap_or_default();
        let parts = [verified.consumer_key.as_str(), token, nonce];
        let length = parts.iter().map(|part| size_of::<usize>() + part.len());
        let mut key = Vec::with_capacity(length.sum());
        for part in parts {
            // With its length, so that no other parts make the same key.
            key.extend_from_slice(&part.len().to_le_bytes());
            key.extend_from_slice(part.as_bytes());
        }
        match self.seen.entry(timestamp).or_default().insert(key.into()) {
            true => Ok(()),
            false => Err(Refusal::new(word::NONCE_USED)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth1::SignatureMethod;

    fn request(timestamp: u64, nonce: &str) -> Verified {
        Verified {
            consumer_key: String::from("ck"),
            token: Some(String::from("tk")),
            method: SignatureMethod::HmacSha1,
            timestamp: Some(timestamp),
            nonce: Some(nonce.to_owned()),
        }
    }

    #[test]
    fn a_nonce_is_taken_once() {
        let mut guard = ReplayGuard::new(300);
        assert!(guard.check(&request(1000, "n"), 1000).is_ok());
        let refusal = guard.check(&request(1000, "n"), 1001).unwrap_err();
        assert_eq!(refusal.problem(), "nonce_used");
        assert!(guard.check(&request(1001, "n"), 1001).is_ok());
        let mut other = request(1000, "n");
        other.consumer_key.push('2');
        assert!(guard.check(&other, 1001).is_ok());
    }

    #[test]
    fn a_timestamp_out_of_the_window_is_refused_with_the_window() {
        let mut guard = ReplayGuard::new(300);
        let refusal = guard.check(&request(699, "n"), 1000).unwrap_err();
        assert_eq!(refusal.problem(), "timestamp_refused");
        assert_eq!(refusal.acceptable_timestamps(), Some((700, 1300)));
        assert!(guard.check(&request(1301, "n"), 1000).is_err());
        assert!(guard.check(&request(1300, "n"), 1000).is_ok());
    }

    #[test]
    fn old_nonces_are_forgotten() {
        let mut guard = ReplayGuard::new(10);
        for now in 1000..2000 {
            guard.check(&request(now, "n"), now).unwrap();
        }
        assert_eq!(guard.seen.len(), 11);
    }
}
