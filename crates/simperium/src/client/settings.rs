//! How to reach a half of the service.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use http::header::USER_AGENT;
use sync_core::auth::Authorize;
#[cfg(feature = "sync")]
use sync_core::auth::NoAuth;
use sync_core::{CallOptions, Clock, Error, Pipeline, Transport};

use super::service::Simperium;
use crate::model::AppId;

const AGENT: &str = concat!("simperium-rust/", env!("CARGO_PKG_VERSION"));

/// What the builders have in common.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) app: String,
    pub(crate) host: String,
    pub(crate) options: CallOptions,
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) clock: Clock,
}

impl Settings {
    pub(crate) fn new(app: String, host: &str) -> Self {
        Self {
            app,
            host: host.to_owned(),
            options: CallOptions::default(),
            transport: None,
            clock: Clock::system(),
        }
    }

    /// The app's pipeline.
    pub(super) fn pipeline(self, auth: impl Authorize) -> Result<(AppId, Pipeline), Error> {
        let app = AppId::new(&self.app)?;
        let base = format!("{}/1/{app}", base(&self.host)?);
        Ok((app, self.build(base, auth)?))
    }

    /// The pipeline that the app's sockets are opened through. What is sent over
    /// them says itself who sends it.
    #[cfg(feature = "sync")]
    pub(crate) fn socket_pipeline(self) -> Result<(AppId, Pipeline), Error> {
        let app = AppId::new(&self.app)?;
        let base = format!("{}/sock/1/{app}", base(&self.host)?);
        Ok((app, self.build(base, NoAuth)?))
    }

    fn build(self, base: String, auth: impl Authorize) -> Result<Pipeline, Error> {
        let mut pipeline = Pipeline::builder(base)
            .service(Simperium)
            .auth(auth)
            .options(self.options)
            .clock(self.clock)
            .header(USER_AGENT, AGENT);
        if let Some(transport) = self.transport {
            pipeline = pipeline.transport(transport);
        }
        pipeline.build()
    }
}

/// A host, with or without its scheme, as the start of a URI.
fn base(host: &str) -> Result<String, Error> {
    let host = host.trim();
    let base = if host.contains("://") {
        host.to_owned()
    } else {
        format!("https://{host}")
    };
    // Looked at more closely by the pipeline, which has no word for what this is.
    // What follows a `#`, with the path that is put there, would be left out.
    match base.parse::<Uri>() {
        _ if base.contains('#') => Err(no_host()),
        Ok(uri)
            if uri.host().is_some_and(|host| !host.is_empty())
                && matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.query().is_none() =>
        {
            Ok(base.trim_end_matches('/').to_owned())
        }
        _ => Err(no_host()),
    }
}

fn no_host() -> Error {
    Error::config("the host is neither a host nor a URL with http or https")
}

/// Not the host: whoever put credentials into it is told so by `build`, and
/// nobody else.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("app", &self.app)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The settings that all builders have.
macro_rules! common_settings {
    () => {
        /// Another host: `host`, `host:port`, or a URL such as
        /// `http://127.0.0.1:8080`. Without a scheme it is `https`.
        pub fn host(mut self, host: impl Into<String>) -> Self {
            self.settings.host = host.into();
            self
        }

        /// How often failed calls are repeated. What is repeated does nothing
        /// twice; see the crate's documentation.
        pub fn retry(mut self, policy: sync_core::policy::RetryPolicy) -> Self {
            self.settings.options = self.settings.options.retry(policy);
            self
        }

        /// Changes the limits of time and size, and the repetition, of all
        /// calls. What `change` leaves alone stays as it was; whatever is set
        /// last counts.
        pub fn with_options(
            mut self,
            change: impl FnOnce(sync_core::CallOptions) -> sync_core::CallOptions,
        ) -> Self {
            self.settings.options = change(self.settings.options);
            self
        }

        /// Limits each call, with all its attempts; polls have a limit of
        /// their own. `None` for no limit. Default: 60 s.
        pub fn timeout(mut self, limit: impl Into<Option<std::time::Duration>>) -> Self {
            self.settings.options = self.settings.options.total_timeout(limit);
            self
        }

        /// Another way for the bytes to travel: through a proxy, with other
        /// certificates, or a double in a test.
        pub fn transport(mut self, transport: impl sync_core::Transport) -> Self {
            self.settings.transport = Some(std::sync::Arc::new(transport));
            self
        }

        /// Where the time comes from.
        pub fn clock(mut self, clock: sync_core::Clock) -> Self {
            self.settings.clock = clock;
            self
        }
    };
}

pub(crate) use common_settings;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_have_a_scheme_and_a_port() {
        assert_eq!(base("api.example.com").unwrap(), "https://api.example.com");
        assert_eq!(base("127.0.0.1:80/").unwrap(), "https://127.0.0.1:80");
        assert_eq!(base("http://h:1").unwrap(), "http://h:1");
        for bad in ["", "ftp://h", "http://", "h?x", "h#x", "http://h/#"] {
            assert!(base(bad).is_err(), "{bad}");
        }
    }
}
