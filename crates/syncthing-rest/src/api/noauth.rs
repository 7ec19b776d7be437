//! What needs no API key.

use http::header::{COOKIE, SET_COOKIE};
use sync_core::{Call, Error, Secret};

use crate::error::{SyncthingError, SyncthingErrorExt};
use crate::model::noauth::{Health, Login};
use crate::{Client, endpoints};

/// What needs no API key: [`Client::noauth`]. A key that the client has is sent
/// all the same.
#[derive(Clone, Debug)]
pub struct NoAuth {
    client: Client,
}

impl NoAuth {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Whether the daemon is up: `GET /rest/noauth/health`.
    ///
    /// Daemons before 1.22.1 have no such call; they are pinged instead, and
    /// their pong counts as `OK`. That takes the key.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from answering.
    pub async fn health(&self) -> Result<Health, Error> {
        match self.health_only().await {
            Err(error) if lacks_route(&error) => {
                self.client.system().ping().await?;
                let mut health = Health::default();
                health.status.push_str("OK");
                Ok(health)
            }
            answer => answer,
        }
    }

    /// The same without looking for another way in daemons before 1.22.1.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::Unsupported`] from older daemons, or, if the client has
    /// no valid key, [`SyncthingError::Unauthorized`].
    pub fn health_only(&self) -> Call<Health> {
        self.client.call(&endpoints::HEALTH).json()
    }

    /// Logs in with name and password, as the web interface does:
    /// `POST /rest/noauth/auth/password`, since 1.26.
    ///
    /// This client has no use for the session, as its key is enough; it serves
    /// to check a password, or to open the web interface for somebody.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::WrongPassword`], after a moment,
    /// [`SyncthingError::NoPassword`], and [`SyncthingError::Unsupported`] from
    /// older daemons.
    pub fn login(&self, login: &Login) -> Call<Session> {
        let call = self.client.call(&endpoints::LOGIN).json_body(login);
        call.decode_with(|head, _| {
            let cookies = head.headers.get_all(SET_COOKIE).iter();
            let session = cookies
                .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
                .find(|cookie| cookie.starts_with("sessionid"));
            match session {
                Some(cookie) => Ok(Session(cookie.into())),
                None => Err(Error::decode(
                    "the daemon took the password and gave no session",
                )),
            }
        })
    }

    /// Ends a session: `POST /rest/noauth/auth/logout`, since 1.26. The daemon
    /// says so for a session that it does not know, too.
    ///
    /// # Errors
    ///
    /// As [`login`](Self::login), but for the password.
    pub fn logout(&self, session: &Session) -> Call<()> {
        self.client
            .call(&endpoints::LOGOUT)
            .header(COOKIE, session.0.expose().as_str())
            .empty()
    }
}

/// Before 1.22.1 the path is unknown, and unknown paths need a key, too.
fn lacks_route(error: &Error) -> bool {
    matches!(
        error.syncthing(),
        Some(SyncthingError::Unsupported { .. } | SyncthingError::Unauthorized(_))
    )
}

/// A login of the web interface.
#[derive(Clone, Debug)]
pub struct Session(Secret<String>);

impl Session {
    /// The cookie, as `name=value`.
    pub fn cookie(&self) -> &Secret<String> {
        &self.0
    }
}
