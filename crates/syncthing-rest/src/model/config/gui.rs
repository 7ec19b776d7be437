//! The web interface, of which the API is a part.

use sync_core::Secret;

use crate::wire::{model, text_enum};

model! {
    /// The web interface and this API: `/rest/config/gui`.
    ///
    /// Any change restarts the listener: running calls are cut after 0.1 s.
    /// Change it with `PATCH` only: a `PUT` resets what it leaves out, the API
    /// key included.
    pub struct Gui {
        /// Whether it listens at all. Default true.
        pub enabled: bool = true => "enabled",
        /// `host:port`, or the path of a unix socket. Default `127.0.0.1:8384`.
        pub address: String = String::from("127.0.0.1:8384") => "address",
        /// Permissions of the unix socket, octal.
        pub unix_socket_permissions: String => "unixSocketPermissions",
        /// The user's name; empty for no login.
        pub user: String => "user",
        /// The hash of the password. A plain password that is set here is
        /// hashed by the daemon.
        pub password: Secret<String> => "password",
        /// Where users are looked up.
        pub auth_mode: AuthMode => "authMode",
        /// Whether metrics can be read without login. Since 1.29.6.
        pub metrics_without_auth: Option<bool> => "metricsWithoutAuth",
        /// Whether HTTPS is required.
        pub use_tls: bool => "useTLS",
        /// The API key.
        pub api_key: Secret<String> => "apiKey",
        /// Whether the warning about a missing password is hidden.
        pub insecure_admin_access: bool => "insecureAdminAccess",
        /// The look. Default `default`.
        pub theme: String = String::from("default") => "theme",
        /// Whether `/rest/debug` answers. Until 1.30; later it always does.
        pub debugging: Option<bool> => "debugging",
        /// Whether any `Host` header is taken.
        pub insecure_skip_hostcheck: bool => "insecureSkipHostcheck",
        /// Whether other pages may frame it.
        pub insecure_allow_frame_loading: bool => "insecureAllowFrameLoading",
        /// Whether browsers are asked for Basic authentication. Since 1.26.0.
        pub send_basic_auth_prompt: Option<bool> => "sendBasicAuthPrompt",
        /// Seconds that a login lasts. Default 604800. Since 2.1.0.
        pub session_cookie_duration_s: Option<i64> => "sessionCookieDurationS",
        /// The path that the login is for. Default `/`. Since 2.1.0.
        pub session_cookie_path: Option<String> => "sessionCookiePath",
    }
}

text_enum! {
    /// Where the web interface's users are looked up.
    #[derive(Default)]
    pub enum AuthMode {
        /// In the configuration.
        #[default]
        Static = "static",
        /// In a directory: see [`Ldap`](super::Ldap).
        Ldap = "ldap",
    }
}
