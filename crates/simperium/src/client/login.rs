//! Tokens by logging in.

use async_trait::async_trait;
use sync_core::auth::TokenSource;
use sync_core::{Error, Secret};

use super::auth::Auth;

/// Logs a user in whenever a token is needed: the service has no other way to
/// renew one. Made by [`Auth::login`].
#[derive(Clone, Debug)]
pub struct Login {
    auth: Auth,
    username: String,
    password: Secret<String>,
}

impl Login {
    pub(super) fn new(auth: Auth, username: String, password: Secret<String>) -> Self {
        Self {
            auth,
            username,
            password,
        }
    }
}

#[async_trait]
impl TokenSource for Login {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        let user = self
            .auth
            .authorize(&self.username, self.password.clone())
            .await?;
        Ok(Some(user.access_token))
    }
}
