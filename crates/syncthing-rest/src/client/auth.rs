//! The API key, read again from the daemon's configuration when it is refused.

use std::fmt;
#[cfg(feature = "discover")]
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, request};
use sync_core::auth::{Authorize, Authorized, Generation};
use sync_core::{Body, Error, Secret};

#[cfg(feature = "discover")]
use crate::discover::Home;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// How the key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// `X-API-Key`, which every daemon takes.
    ApiKey,
    /// `Authorization: Bearer`, from 1.23.7 on.
    Bearer,
}

pub(super) struct Key {
    scheme: Scheme,
    current: RwLock<Current>,
    /// The home directory to look for a newer key in.
    #[cfg(feature = "discover")]
    home: Option<PathBuf>,
}

struct Current {
    key: Secret<String>,
    value: HeaderValue,
    generation: u64,
}

impl Key {
    pub(super) fn new(scheme: Scheme, key: Secret<String>) -> Result<Self, Error> {
        let value = header(scheme, &key)?;
        Ok(Self {
            scheme,
            current: RwLock::new(Current {
                key,
                value,
                generation: 0,
            }),
            #[cfg(feature = "discover")]
            home: None,
        })
    }

    /// Looks for a newer key in this daemon's `config.xml` when this one is refused.
    #[cfg(feature = "discover")]
    pub(super) fn renewed_from(mut self, home: Option<PathBuf>) -> Self {
        self.home = home;
        self
    }

    #[cfg(feature = "discover")]
    fn renew(&self, key: Secret<String>) -> Result<bool, Error> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.key == key {
            return Ok(false);
        }
        current.value = header(self.scheme, &key)?;
        current.key = key;
        current.generation += 1;
        Ok(true)
    }
}

fn header(scheme: Scheme, key: &Secret<String>) -> Result<HeaderValue, Error> {
    let text = match scheme {
        Scheme::ApiKey => key.clone(),
        Scheme::Bearer => Secret::new(format!("Bearer {}", key.expose())),
    };
    let mut value = HeaderValue::from_str(text.expose())
        .map_err(|_| Error::config("the API key has characters that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[async_trait]
impl Authorize for Key {
    fn authorize(&self, head: &mut request::Parts, _: &Body) -> Result<Authorized, Error> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let name = match self.scheme {
            Scheme::ApiKey => API_KEY,
            Scheme::Bearer => AUTHORIZATION,
        };
        head.headers.insert(name, current.value.clone());
        Ok(Authorized::With(Generation(current.generation)))
    }

    async fn refresh(&self, refused: Option<Generation>) -> Result<bool, Error> {
        let now = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            Some(Generation(current.generation))
        };
        if now > refused {
            return Ok(true);
        }
        #[cfg(feature = "discover")]
        if let Some(directory) = &self.home {
            // The file is small, and the daemon writes it in one step.
            return self.renew(Home::read(directory)?.api_key().clone());
        }
        Ok(false)
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        vec![current.key.clone()]
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.scheme)
    }
}
