//! The token.

use std::fmt;

use async_trait::async_trait;
use sync_core::auth::{Authorize, Authorized, HeaderAuth};
use sync_core::{Body, Error, Secret};

/// HTTP Basic with the token as user name and an empty password, as UTF-8.
///
/// A token with a colon cannot be a user name: it goes as the password, with
/// no user name, which servers take as well.
pub(crate) struct TokenAuth {
    header: HeaderAuth,
    token: Secret<String>,
}

impl TokenAuth {
    pub(crate) fn new(token: &Secret<String>) -> Result<Self, Error> {
        let text = token.expose();
        let header = if text.contains(':') {
            HeaderAuth::basic("", token.clone())?
        } else {
            HeaderAuth::basic(text, String::new().into())?
        };
        Ok(Self {
            header,
            token: token.clone(),
        })
    }
}

#[async_trait]
impl Authorize for TokenAuth {
    fn authorize(&self, head: &mut http::request::Parts, body: &Body) -> Result<Authorized, Error> {
        self.header.authorize(head, body)
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let mut secrets = self.header.secrets();
        // An empty password would be found everywhere.
        secrets.retain(|secret| !secret.expose().is_empty());
        secrets.push(self.token.clone());
        secrets
    }
}

impl fmt::Debug for TokenAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenAuth([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(token: &str) -> String {
        let auth = TokenAuth::new(&token.into()).unwrap();
        let (mut head, ()) = http::Request::new(()).into_parts();
        auth.authorize(&mut head, &Body::empty()).unwrap();
        let value = &head.headers["authorization"];
        assert!(value.is_sensitive());
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_token_is_the_user_name_with_an_empty_password() {
        assert_eq!(header("sekret-token"), "Basic c2VrcmV0LXRva2VuOg==");
        // UTF-8, where python-requests has latin-1 and is refused.
        assert_eq!(header("té"), "Basic dMOpOg==");
        // `:a:b`
        assert_eq!(header("a:b"), "Basic OmE6Yg==");
    }

    #[test]
    fn the_token_is_a_secret_in_all_its_forms() {
        let auth = TokenAuth::new(&"sekret-token".into()).unwrap();
        let secrets = auth.secrets();
        assert!(
            secrets
                .iter()
                .any(|secret| secret.expose() == "sekret-token")
        );
        assert!(secrets.iter().all(|secret| !secret.expose().is_empty()));
        assert!(!format!("{auth:?}").contains("sekret"));
    }
}
