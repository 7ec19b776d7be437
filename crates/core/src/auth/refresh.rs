//! Tokens that run out and are renewed, by one call at a time.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};

use super::header::sensitive;
use super::{Authorize, Authorized, Generation};
use crate::transport::Body;
use crate::{Error, Secret};

/// Where new tokens come from.
#[async_trait]
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// Obtains a token. `None` when there is nothing newer to be had.
    ///
    /// # Errors
    ///
    /// When it could not be obtained; the calls that wait for it fail with it.
    async fn token(&self) -> Result<Option<Secret<String>>, Error>;
}

/// A token in a header, renewed when the service refuses it.
///
/// However many calls are refused at the same moment, the source is asked once:
/// the others wait and then use what it gave, or fail as it failed.
pub struct RefreshingToken<S> {
    name: HeaderName,
    prefix: &'static str,
    source: S,
    current: RwLock<Current>,
    /// What came of the last time that the source was asked. Held while asking.
    turn: tokio::sync::Mutex<Option<Outcome>>,
    /// How many times the source has answered.
    answers: AtomicU64,
}

#[derive(Clone)]
enum Outcome {
    Renewed,
    NothingNewer,
    Failed(Arc<Error>),
}

impl Outcome {
    fn result(&self) -> Result<bool, Error> {
        match self {
            Self::Renewed => Ok(true),
            Self::NothingNewer => Ok(false),
            Self::Failed(error) => Err(Error::not_renewed(error)),
        }
    }
}

#[derive(Default)]
struct Current {
    token: Option<(Secret<String>, HeaderValue)>,
    /// Answers to calls that were made with it may still speak of it.
    previous: Option<Secret<String>>,
    generation: Generation,
}

impl<S: TokenSource> RefreshingToken<S> {
    /// `Authorization: Bearer …` from `source`.
    pub fn bearer(source: S) -> Self {
        Self::new(AUTHORIZATION, "Bearer ", source)
    }

    /// The header `name` with `prefix` and the token as its value.
    pub fn new(name: HeaderName, prefix: &'static str, source: S) -> Self {
        Self {
            name,
            prefix,
            source,
            current: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
            answers: AtomicU64::new(0),
        }
    }

    /// Begins with a token that is known already.
    ///
    /// # Errors
    ///
    /// When it has bytes that no header can carry.
    pub fn with_token(self, token: Secret<String>) -> Result<Self, Error> {
        self.set(token)?;
        Ok(self)
    }

    fn set(&self, token: Secret<String>) -> Result<(), Error> {
        let text = Secret::new(format!("{}{}", self.prefix, token.expose()));
        let value = sensitive(text.expose())?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.previous = current
            .token
            .replace((token, value))
            .map(|(token, _)| token);
        current.generation.0 += 1;
        Ok(())
    }

    fn generation(&self) -> Option<Generation> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.token.as_ref().map(|_| current.generation)
    }
}

#[async_trait]
impl<S: TokenSource> Authorize for RefreshingToken<S> {
    fn authorize(&self, head: &mut http::request::Parts, _: &Body) -> Result<Authorized, Error> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Ok(match &current.token {
            Some((_, value)) => {
                head.headers.insert(self.name.clone(), value.clone());
                Authorized::With(current.generation)
            }
            None => Authorized::NeedsRefresh,
        })
    }

    async fn refresh(&self, refused: Option<Generation>) -> Result<bool, Error> {
        let answers = self.answers.load(Ordering::Acquire);
        let mut last = self.turn.lock().await;
        if self.generation() > refused {
            return Ok(true);
        }
        // Someone else has asked while this call waited: again would not help.
        if self.answers.load(Ordering::Acquire) > answers {
            if let Some(outcome) = &*last {
                return outcome.result();
            }
        }
        let outcome = match self.source.token().await {
            Ok(Some(token)) => match self.set(token) {
                Ok(()) => Outcome::Renewed,
                Err(error) => Outcome::Failed(Arc::new(error)),
            },
            Ok(None) => Outcome::NothingNewer,
            Err(error) => Outcome::Failed(Arc::new(error)),
        };
        self.answers.fetch_add(1, Ordering::Release);
        let result = outcome.result();
        *last = Some(outcome);
        result
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let token = current.token.iter().map(|(token, _)| token);
        token.chain(&current.previous).cloned().collect()
    }
}

impl<S: fmt::Debug> fmt::Debug for RefreshingToken<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshingToken")
            .field("header", &self.name)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
