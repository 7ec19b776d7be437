//! What needs no key.

use sync_core::Secret;

use crate::wire::model;

model! {
    /// Whether the daemon is up: `GET /rest/noauth/health`, since 1.22.1.
    pub struct Health {
        /// `OK`.
        pub status: String => "status",
    }
}

impl Health {
    /// Whether it says so.
    pub fn is_ok(&self) -> bool {
        self.status == "OK"
    }
}

model! {
    /// A login as the web interface does it: the body of
    /// `POST /rest/noauth/auth/password`, since 1.26.
    pub struct Login {
        /// The user's name.
        pub username: String => "username",
        /// The password.
        pub password: Secret<String> => "password",
        /// Whether the session outlasts the browser.
        pub stay_logged_in: bool => "stayLoggedIn",
    }
}
