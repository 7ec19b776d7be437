//! Credentials that are a header.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::{Authorize, Authorized, Generation};
use crate::transport::Body;
use crate::{Error, Secret};

/// A header that never changes: an API key, a bearer token, a password.
#[derive(Clone)]
pub struct HeaderAuth {
    name: HeaderName,
    value: HeaderValue,
    secrets: Vec<Secret<String>>,
}

impl HeaderAuth {
    /// The header `name` with the secret as its value.
    ///
    /// # Errors
    ///
    /// When the secret has bytes that no header can carry.
    pub fn new(name: HeaderName, secret: Secret<String>) -> Result<Self, Error> {
        let value = sensitive(secret.expose())?;
        Ok(Self {
            name,
            value,
            secrets: vec![secret],
        })
    }

    /// `Authorization: Bearer …` (RFC 6750).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn bearer(token: Secret<String>) -> Result<Self, Error> {
        let value = Secret::new(format!("Bearer {}", token.expose()));
        Ok(Self {
            name: AUTHORIZATION,
            value: sensitive(value.expose())?,
            secrets: vec![token],
        })
    }

    /// `Authorization: Basic …` (RFC 7617).
    ///
    /// # Errors
    ///
    /// When the user name contains a colon.
    pub fn basic(user: &str, password: Secret<String>) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::config(
                "a user name for Basic authentication has no colon",
            ));
        }
        let pair = Secret::new(format!("{user}:{}", password.expose()));
        let value = Secret::new(format!("Basic {}", BASE64.encode(pair.expose())));
        Ok(Self {
            name: AUTHORIZATION,
            value: sensitive(value.expose())?,
            secrets: vec![password, pair],
        })
    }
}

pub(super) fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::config("the credential has characters that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Authorize for HeaderAuth {
    fn authorize(&self, head: &mut http::request::Parts, _: &Body) -> Result<Authorized, Error> {
        head.headers.insert(self.name.clone(), self.value.clone());
        Ok(Authorized::With(Generation(0)))
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        self.secrets.clone()
    }
}

impl fmt::Debug for HeaderAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderAuth({})", self.name)
    }
}
