//! Users: made, logged in, changed, removed.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sync_core::transport::Delivery;
use sync_core::{Error, Operation, Pipeline, Secret};

use super::credentials::{Keys, Passwords, check};
use super::login::Login;
use super::operations;
use super::settings::{Settings, common_settings};
use crate::error::{SimperiumError, SimperiumErrorExt as _};
use crate::model::User;
use crate::wire::answer;

const HOST: &str = "auth.simperium.com";

/// The users of an app. Cheap to clone.
///
/// ```
/// # #[cfg(feature = "emulator")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = simperium::emulator::Emulator::builder().start().await?;
/// let auth = simperium::Auth::builder("my-app", "api-key")
/// #   .host(server.origin())
///     .build()?;
/// auth.create("joe@example.com", "secret").await?;
/// let user = auth.authorize("joe@example.com", "secret").await?;
/// assert_eq!(user.username, "joe@example.com");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "emulator"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    pipeline: Pipeline,
    passwords: Passwords,
    provider: Option<String>,
}

/// Makes an [`Auth`].
#[derive(Debug)]
#[must_use]
pub struct AuthBuilder {
    settings: Settings,
    api_key: Secret<String>,
    provider: Option<String>,
}

impl AuthBuilder {
    common_settings!();

    /// The authentication provider, for apps that have one of their own.
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Checks everything. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config): the app id, the key
    /// or the host is none.
    pub fn build(self) -> Result<Auth, Error> {
        check(&self.api_key, "the API key")?;
        let passwords = Passwords::default();
        let keys = Keys::new(&self.api_key, passwords.clone())?;
        let (_, pipeline) = self.settings.pipeline(keys)?;
        Ok(Auth(Arc::new(Inner {
            pipeline,
            passwords,
            provider: self.provider,
        })))
    }
}

#[derive(Serialize)]
struct Credentials<'a> {
    username: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
}

#[derive(Serialize)]
struct Update<'a> {
    username: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_password: Option<&'a str>,
}

#[derive(Serialize)]
struct Reset<'a> {
    username: &'a str,
    new_password: &'a str,
}

#[derive(Serialize)]
struct Delete<'a> {
    username: &'a str,
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

impl Auth {
    /// The users of `app`, with its API key; that of an administrator for
    /// [`reset_password`](Self::reset_password) and [`delete`](Self::delete).
    pub fn builder(app: impl Into<String>, api_key: impl Into<Secret<String>>) -> AuthBuilder {
        AuthBuilder {
            settings: Settings::new(app.into(), HOST),
            api_key: api_key.into(),
            provider: None,
        }
    }

    /// A new user, who is logged in.
    ///
    /// # Errors
    ///
    /// [`UserExists`](crate::SimperiumError::UserExists),
    /// [`BadApiKey`](crate::SimperiumError::BadApiKey), or as any call. Not
    /// repeated once it may have arrived: whether there is a user now is then
    /// found out by [`authorize`](Self::authorize).
    pub async fn create(
        &self,
        username: &str,
        password: impl Into<Secret<String>>,
    ) -> Result<User, Error> {
        self.log_in(&operations::CREATE, username, &password.into())
            .await
    }

    /// Logs a user in. Every login gives another token.
    ///
    /// # Errors
    ///
    /// [`BadCredentials`](crate::SimperiumError::BadCredentials),
    /// [`CompromisedPassword`](crate::SimperiumError::CompromisedPassword),
    /// [`VerificationRequired`](crate::SimperiumError::VerificationRequired),
    /// [`Throttled`](crate::SimperiumError::Throttled), or as any call.
    pub async fn authorize(
        &self,
        username: &str,
        password: impl Into<Secret<String>>,
    ) -> Result<User, Error> {
        self.log_in(&operations::AUTHORIZE, username, &password.into())
            .await
    }

    async fn log_in(
        &self,
        operation: &'static Operation,
        username: &str,
        password: &Secret<String>,
    ) -> Result<User, Error> {
        let _held = self.0.passwords.hold(password);
        self.0
            .pipeline
            .call(operation)
            .json_body(&Credentials {
                username,
                password: password.expose(),
                provider: self.0.provider.as_deref(),
            })
            .decode_with(|head, body| answer::secret_json(head, &body))
            .await
    }

    /// Changes a user's name or password.
    pub fn update(&self, username: &str, password: impl Into<Secret<String>>) -> UpdateUser {
        UpdateUser {
            auth: self.clone(),
            username: username.to_owned(),
            password: password.into(),
            new_username: None,
            new_password: None,
        }
    }

    /// Gives a user another password. For administrators.
    ///
    /// # Errors
    ///
    /// [`BadApiKey`](crate::SimperiumError::BadApiKey),
    /// [`NotFound`](crate::SimperiumError::NotFound), or as any call.
    pub async fn reset_password(
        &self,
        username: &str,
        new_password: impl Into<Secret<String>>,
    ) -> Result<(), Error> {
        let new_password = new_password.into();
        let _held = self.0.passwords.hold(&new_password);
        let body = Reset {
            username,
            new_password: new_password.expose(),
        };
        self.done(&operations::RESET_PASSWORD, &body).await
    }

    /// Removes a user with all their buckets. For administrators.
    ///
    /// # Errors
    ///
    /// [`BadApiKey`](crate::SimperiumError::BadApiKey),
    /// [`NotFound`](crate::SimperiumError::NotFound), or as any call.
    pub async fn delete(&self, username: &str) -> Result<(), Error> {
        let deleted = self
            .done(&operations::DELETE_USER, &Delete { username })
            .await;
        match deleted {
            // An earlier attempt has done it.
            Err(error) if error.is_not_found() && was_delivered(&error) => Ok(()),
            other => other,
        }
    }

    async fn done(
        &self,
        operation: &'static Operation,
        body: &(impl Serialize + ?Sized),
    ) -> Result<(), Error> {
        let status: Status = self
            .0
            .pipeline
            .call(operation)
            .json_body(body)
            .decode_with(|head, body| answer::secret_json(head, &body))
            .await?;
        if status.status == "success" {
            return Ok(());
        }
        Err(
            Error::decode("the service says neither success nor failure")
                .with_detail(SimperiumError::Protocol)
                .with_operation(operation),
        )
    }

    /// A source of tokens that logs this user in whenever one is needed, for
    /// [`ApiBuilder::token_source`](crate::ApiBuilder::token_source).
    pub fn login(&self, username: &str, password: impl Into<Secret<String>>) -> Login {
        Login::new(self.clone(), username.to_owned(), password.into())
    }
}

/// Whether an earlier attempt of a call that failed may have arrived.
pub(crate) fn was_delivered(error: &Error) -> bool {
    error
        .repeated_after()
        .is_some_and(|delivery| delivery != Delivery::NotSent)
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("pipeline", &self.0.pipeline)
            .finish_non_exhaustive()
    }
}

/// A change of a user's name or password. Await it, or [`send`](Self::send) it.
#[derive(Debug)]
#[must_use = "nothing happens until it is awaited"]
pub struct UpdateUser {
    auth: Auth,
    username: String,
    password: Secret<String>,
    new_username: Option<String>,
    new_password: Option<Secret<String>>,
}

impl UpdateUser {
    /// The new name.
    pub fn new_username(mut self, username: impl Into<String>) -> Self {
        self.new_username = Some(username.into());
        self
    }

    /// The new password.
    pub fn new_password(mut self, password: impl Into<Secret<String>>) -> Self {
        self.new_password = Some(password.into());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`BadCredentials`](crate::SimperiumError::BadCredentials),
    /// [`UserExists`](crate::SimperiumError::UserExists), or as any call. Not
    /// repeated once it may have arrived: the old password may be no good then.
    pub async fn send(self) -> Result<(), Error> {
        let passwords = &self.auth.0.passwords;
        let _held = passwords.hold(&self.password);
        let _new = self.new_password.as_ref().map(|new| passwords.hold(new));
        let body = Update {
            username: &self.username,
            password: self.password.expose(),
            new_username: self.new_username.as_deref(),
            new_password: self.new_password.as_ref().map(|new| new.expose().as_str()),
        };
        self.auth.done(&operations::UPDATE, &body).await
    }
}

impl IntoFuture for UpdateUser {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
