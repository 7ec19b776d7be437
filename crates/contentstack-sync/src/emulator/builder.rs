//! How an emulator is to be.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};

use sync_core::local::LocalListener;

use super::engine::{Engine, State};
use super::options::Options;
use super::world::Names;
use super::{ACCESS_TOKEN, API_KEY, ENVIRONMENT, Emulator};

/// Requests that are remembered, unless told otherwise.
const LOG_LIMIT: usize = 10_000;

/// How an [`Emulator`] is to be.
#[derive(Clone)]
pub struct Builder {
    api_key: String,
    access_token: String,
    environment: String,
    branches: Vec<String>,
    asset_origin: Option<String>,
    seed: u64,
    control: bool,
    log_limit: usize,
    port: u16,
    options: Options,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            api_key: API_KEY.to_owned(),
            access_token: ACCESS_TOKEN.to_owned(),
            environment: ENVIRONMENT.to_owned(),
            branches: vec!["main".to_owned()],
            asset_origin: None,
            seed: 0,
            control: true,
            log_limit: LOG_LIMIT,
            port: 0,
            options: Options::default(),
        }
    }
}

impl Builder {
    /// The stack's API key. Default: [`API_KEY`].
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    /// The delivery token. Default: [`ACCESS_TOKEN`].
    #[must_use]
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = token.into();
        self
    }

    /// The environment. Default: [`ENVIRONMENT`].
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = name.into();
        self
    }

    /// One more branch that may be named besides `main`. All show the same
    /// content, but a token is of the branch it was asked with.
    #[must_use]
    pub fn branch(mut self, name: impl Into<String>) -> Self {
        self.branches.push(name.into());
        self
    }

    /// Scheme and host of the assets' addresses, where they are not to be the
    /// emulator's own.
    #[must_use]
    pub fn asset_origin(mut self, origin: impl Into<String>) -> Self {
        self.asset_origin = Some(origin.into());
        self
    }

    /// What uids, times, tokens and random changes follow from. Default: 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether `/emulator/…` is there. Default: yes.
    #[must_use]
    pub const fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// How many requests are remembered; the oldest are forgotten. Default: 10,000.
    #[must_use]
    pub const fn log_limit(mut self, limit: usize) -> Self {
        self.log_limit = limit;
        self
    }

    /// The port to listen at. Default: 0, one that is free.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Items on a page, 1 at least. Default: 100.
    #[must_use]
    pub fn page_size(self, size: usize) -> Self {
        self.configure(|options| options.page_size = size)
    }

    /// Changes the options.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// A service without a socket.
    pub fn build(self) -> Emulator {
        Emulator {
            engine: self.engine("http://localhost"),
            server: None,
        }
    }

    /// A service that listens on 127.0.0.1, within the present tokio runtime.
    ///
    /// # Errors
    ///
    /// When the system gives no socket, or the port is taken.
    pub async fn start(self) -> io::Result<Emulator> {
        let listener = LocalListener::bind(self.port).await?;
        let engine = self.engine(&format!("http://{}", listener.address()));
        let server = listener.serve(Arc::clone(&engine));
        Ok(Emulator {
            engine,
            server: Some(Arc::new(server)),
        })
    }

    fn engine(self, origin: &str) -> Arc<Engine> {
        let names = Names {
            api_key: self.api_key,
            asset_origin: self.asset_origin.unwrap_or_else(|| origin.to_owned()),
        };
        let state = State::new(names.clone(), self.seed, self.options, self.log_limit);
        Arc::new(Engine {
            access_token: self.access_token,
            environment: self.environment,
            branches: self.branches,
            names,
            seed: self.seed,
            control: self.control,
            state: Mutex::new(state),
        })
    }
}

/// Without keys and tokens.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("environment", &self.environment)
            .field("seed", &self.seed)
            .field("port", &self.port)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
