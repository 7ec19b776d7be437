//! Credentials, and what else must not be seen.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue};
use sync_core::auth::{Authorize, Authorized, Generation};
use sync_core::{Body, Error, Secret};

const API_KEY: HeaderName = HeaderName::from_static("api_key");
const ACCESS_TOKEN: HeaderName = HeaderName::from_static("access_token");

/// The headers `api_key` and `access_token`.
pub(super) struct Credentials {
    api_key: HeaderValue,
    delivery_token: HeaderValue,
    secrets: [Secret<String>; 2],
    in_flight: InFlight,
}

impl Credentials {
    pub(super) fn new(
        api_key: &Secret<String>,
        delivery_token: &Secret<String>,
        in_flight: InFlight,
    ) -> Result<Self, Error> {
        Ok(Self {
            api_key: sensitive(api_key, "the API key")?,
            delivery_token: sensitive(delivery_token, "the delivery token")?,
            secrets: [api_key.clone(), delivery_token.clone()],
            in_flight,
        })
    }
}

fn sensitive(secret: &Secret<String>, what: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(secret.expose())
        .map_err(|_| Error::config(format!("{what} has characters that no header can carry")))?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Authorize for Credentials {
    fn authorize(&self, head: &mut http::request::Parts, _: &Body) -> Result<Authorized, Error> {
        head.headers.insert(API_KEY, self.api_key.clone());
        head.headers
            .insert(ACCESS_TOKEN, self.delivery_token.clone());
        Ok(Authorized::With(Generation(0)))
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let mut secrets = self.secrets.to_vec();
        secrets.extend(self.in_flight.secrets());
        secrets
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// Tokens of calls that are under way: an answer may repeat them, an error
/// must not.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<Vec<Kept>>>);

/// A secret, and the call that it is of.
type Kept = (u64, Secret<String>);

/// Keeps a secret known as such for as long as it lives.
pub(super) struct Held {
    all: InFlight,
    ticket: u64,
}

impl InFlight {
    pub(super) fn hold(&self, secret: &str) -> Held {
        static TICKETS: AtomicU64 = AtomicU64::new(0);
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((ticket, secret.into()));
        Held {
            all: self.clone(),
            ticket,
        }
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(_, secret)| secret.clone()).collect()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(ticket, _)| *ticket != self.ticket);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_call_is_known_until_it_ends() {
        let in_flight = InFlight::default();
        let first = in_flight.hold("cs_one");
        let second = in_flight.hold("cs_two");
        // The same token twice is two calls.
        let third = in_flight.hold("cs_two");
        assert_eq!(in_flight.secrets().len(), 3);
        drop(first);
        drop(second);
        assert_eq!(in_flight.secrets(), ["cs_two".into()]);
        drop(third);
        assert!(in_flight.secrets().is_empty());
    }
}
