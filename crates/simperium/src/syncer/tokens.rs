//! The token that sockets and calls share.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sync_core::auth::TokenSource;
use sync_core::{Error, Secret};
use tokio::sync::Mutex;

/// A user's token, and where another comes from.
#[derive(Clone)]
pub(super) struct Tokens(Arc<Inner>);

struct Inner {
    source: Option<Arc<dyn TokenSource>>,
    /// Held while the source is asked, so that it is asked once.
    current: Mutex<Option<Secret<String>>>,
}

impl Tokens {
    pub(super) fn new(token: Option<Secret<String>>, source: Option<Arc<dyn TokenSource>>) -> Self {
        Self(Arc::new(Inner {
            source,
            current: Mutex::new(token),
        }))
    }

    /// The token, from the source if there was none yet.
    ///
    /// # Errors
    ///
    /// Those of the source; or there is none.
    pub(super) async fn get(&self) -> Result<Secret<String>, Error> {
        self.other_than(None).await?.ok_or_else(missing)
    }

    /// Another token than the one that was refused; `None` if there is none to
    /// be had.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub(super) async fn renew(
        &self,
        refused: &Secret<String>,
    ) -> Result<Option<Secret<String>>, Error> {
        self.other_than(Some(refused)).await
    }

    /// From now on, this one.
    pub(super) async fn set(&self, token: Secret<String>) {
        *self.0.current.lock().await = Some(token);
    }

    async fn other_than(
        &self,
        refused: Option<&Secret<String>>,
    ) -> Result<Option<Secret<String>>, Error> {
        let mut current = self.0.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| Some(*token) != refused) {
            // Someone else has renewed it meanwhile.
            return Ok(Some(token.clone()));
        }
        let Some(source) = &self.0.source else {
            return Ok(None);
        };
        let token = source.token().await?;
        let token = token.filter(|token| Some(token) != refused);
        if let Some(token) = &token {
            *current = Some(token.clone());
        }
        Ok(token)
    }

    /// The same tokens, for calls.
    pub(super) fn for_calls(&self) -> impl TokenSource {
        ForCalls {
            tokens: self.clone(),
            given: Mutex::new(None),
        }
    }
}

fn missing() -> Error {
    Error::auth("there is no token for the syncer")
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

/// Is asked for the first token, and whenever the last one was refused.
#[derive(Debug)]
struct ForCalls {
    tokens: Tokens,
    given: Mutex<Option<Secret<String>>>,
}

#[async_trait]
impl TokenSource for ForCalls {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        let mut given = self.given.lock().await;
        let token = self.tokens.other_than(given.as_ref()).await?;
        if token.is_some() {
            given.clone_from(&token);
        }
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts up.
    #[derive(Debug, Default)]
    struct Counter(AtomicU32);

    #[async_trait]
    impl TokenSource for Counter {
        async fn token(&self) -> Result<Option<Secret<String>>, Error> {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Some(Secret::new(format!("t{number}"))))
        }
    }

    #[tokio::test]
    async fn the_source_is_asked_once_for_each_refused_token() {
        let counter = Arc::new(Counter::default());
        let tokens = Tokens::new(Some("given".into()), Some(Arc::clone(&counter) as _));
        let first = tokens.get().await.unwrap();
        assert_eq!(first.expose(), "given");
        let calls = tokens.for_calls();
        assert_eq!(calls.token().await.unwrap(), Some("given".into()));
        // Refused to a socket and to a call at a time.
        let (socket, call) = tokio::join!(tokens.renew(&first), calls.token());
        assert_eq!(socket.unwrap(), Some("t0".into()));
        assert_eq!(call.unwrap(), Some("t0".into()));
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn without_a_source_a_refused_token_stays_refused() {
        let tokens = Tokens::new(Some("given".into()), None);
        let given = tokens.get().await.unwrap();
        assert_eq!(tokens.renew(&given).await.unwrap(), None);
        assert!(Tokens::new(None, None).get().await.is_err());
    }
}
