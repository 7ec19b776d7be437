//! How a route is put together.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sync_core::{Clock, Secret};
use tokio::sync::Semaphore;

use super::auth::Guard;
use super::pattern::{Args, Pattern};
use super::queryset::IntoAnswer;
use super::{Inner, Models, Route, View, fingerprint};
use crate::schema::Schema;
use crate::store::{Query, Store};
use crate::wire::Profile;

/// Where the token is, if it isn't given.
const TOKEN: &str = "SYNCTOOL_API_TOKEN";

/// In which order an app's models are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelOrder {
    /// Each after those that it refers to, so that every client can write it
    /// right away. In a cycle, references that may be null are let go first.
    ///
    /// The same holds for the rows of a model that refers to itself by integer
    /// or UUID keys: otherwise by key, children wait for their parents. As many
    /// as 4,096 wait at a time; what comes then is sent as it comes.
    #[default]
    ParentsFirst,
    /// As the models are declared, which is what Django does: a child may come
    /// before its parent. (Before Django 3.1, models with natural keys moved
    /// before those that refer to them.)
    Declared,
}

/// Why a route can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// There is no token, neither given nor in the environment, and the route
    /// isn't [public](RouteBuilder::public).
    #[error("no token: give one, set SYNCTOOL_API_TOKEN, or make the route public")]
    NoToken,
    /// The token is empty, which would let everybody in.
    #[error("the token is empty: use `public` if everybody may read")]
    EmptyToken,
    /// The variable of the environment holds something that isn't UTF-8.
    #[error("SYNCTOOL_API_TOKEN isn't UTF-8")]
    TokenNotText,
    /// A token was given, and the route was made public.
    #[error("a route with a token isn't public")]
    PublicWithToken,
    /// A path is no regular expression.
    #[error("the path {path:?} is no pattern: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The schema has no app, or no model, of this label.
    #[error("the schema has no app or model {0:?}")]
    UnknownLabel(String),
}

/// Puts a [`Route`] together.
#[must_use]
pub struct RouteBuilder {
    store: Arc<dyn Store>,
    schema: Schema,
    token: Option<Secret<String>>,
    is_public: bool,
    prefix: String,
    paths: Vec<(String, View)>,
    managers: Vec<(String, Manager)>,
    profile: Profile,
    order: ModelOrder,
    gzip: Option<u8>,
    etag: bool,
    answers: usize,
    wait: Duration,
    stall: Duration,
    clock: Clock,
}

/// What a model's default manager leaves of a query for all of it.
pub(super) type Manager = Arc<dyn Fn(Query) -> Query + Send + Sync>;

impl RouteBuilder {
    pub(super) fn new(store: Arc<dyn Store>, schema: Schema) -> Self {
        Self {
            store,
            schema,
            token: None,
            is_public: false,
            prefix: "/".to_owned(),
            paths: Vec::new(),
            managers: Vec::new(),
            profile: Profile::Django5,
            order: ModelOrder::default(),
            gzip: Some(1),
            etag: true,
            answers: 16,
            wait: Duration::from_secs(10),
            stall: Duration::from_secs(60),
            clock: Clock::system(),
        }
    }

    /// What clients have to say. Default: the variable `SYNCTOOL_API_TOKEN` of
    /// the environment.
    pub fn token(mut self, token: impl Into<Secret<String>>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Everybody may read everything. The environment is not asked.
    pub const fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// Below which path all others are: with `"/sync/"`, the path `blogs` is
    /// `/sync/blogs/`. Default: `"/"`, which is right for a router that takes
    /// its own part away.
    pub fn prefix(mut self, prefix: &str) -> Self {
        let within = prefix.trim_matches('/');
        self.prefix = if within.is_empty() {
            "/".to_owned()
        } else {
            format!("/{within}/")
        };
        self
    }

    /// Sends all models of an app, or the one of a label such as `blog.Post`, at
    /// a path: all rows by primary key, proxies not, parents before children
    /// ([`order`](Self::order)).
    pub fn app(self, path: impl Into<String>, label: impl Into<String>) -> Self {
        let label = label.into();
        let view = View::App(label);
        self.path(path, view)
    }

    /// Sends what a function says at a path: one [`Queryset`](super::Queryset)
    /// or [`Query`], several in a list, or a `Result` of these.
    ///
    /// The path is a regular expression, with or without a slash after it, whose
    /// named groups are the function's arguments: `blog/(?P<slug>[^/]+)`. The
    /// first path that matches answers. The function is called for each request
    /// and isn't to wait.
    pub fn queryset<F, A>(self, path: impl Into<String>, function: F) -> Self
    where
        F: Fn(&Args) -> A + Send + Sync + 'static,
        A: IntoAnswer,
    {
        let view = View::Function(Arc::new(move |args| function(args).into_answer()));
        self.path(path, view)
    }

    fn path(mut self, path: impl Into<String>, view: View) -> Self {
        self.paths.push((path.into(), view));
        self
    }

    /// What the default manager of a model does to the query for all of it: it
    /// may hide rows. It is asked when an [`app`](Self::app) is sent.
    pub fn manager<F>(mut self, label: impl Into<String>, manager: F) -> Self
    where
        F: Fn(Query) -> Query + Send + Sync + 'static,
    {
        self.managers.push((label.into(), Arc::new(manager)));
        self
    }

    /// Which Django's bytes are written. Default: [`Profile::Django5`].
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// In which order an app's models are sent. Default:
    /// [`ModelOrder::ParentsFirst`].
    pub const fn order(mut self, order: ModelOrder) -> Self {
        self.order = order;
        self
    }

    /// How much gzip does for clients that take it, from 1 to 9; `None` for not
    /// at all. Default: 1, as fast as the database reads.
    pub const fn gzip(mut self, level: Option<u8>) -> Self {
        self.gzip = level;
        self
    }

    /// Whether answers have an `ETag`, made of what the database says of its
    /// state. It is this route's own: what another one gave, or the same one
    /// before it was started anew, is not known to it. Default: yes.
    pub const fn etag(mut self, etag: bool) -> Self {
        self.etag = etag;
        self
    }

    /// How many answers are made at a time. Each holds a connection to the
    /// database while it is sent. Others wait for 10 seconds, and are then
    /// answered with 503. Default: 16.
    pub const fn answers(mut self, answers: usize) -> Self {
        self.answers = answers;
        self
    }

    /// How long a client may take nothing of an answer before it is given up,
    /// and the snapshot let go. Default: 60 seconds.
    pub const fn stall(mut self, stall: Duration) -> Self {
        self.stall = stall;
        self
    }

    /// What tells the time, which only
    /// [`last_modified`](super::Answer::last_modified) asks for. Default: the system's
    /// clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the route.
    ///
    /// # Errors
    ///
    /// When there is no token, or an empty one, and the route isn't public; when
    /// a path is no pattern, or the schema doesn't have what is to be sent.
    pub fn build(self) -> Result<Route, RouteError> {
        let guard = guard(self.token, self.is_public)?;
        let mut managers = HashMap::with_capacity(self.managers.len());
        for (label, manager) in self.managers {
            let model = self.schema.id(&label);
            managers.insert(model.ok_or(RouteError::UnknownLabel(label))?, manager);
        }
        let models = Models {
            fingerprint: fingerprint::schema(&self.schema),
            schema: self.schema,
            managers,
            order: self.order,
        };
        let mut paths = Vec::with_capacity(self.paths.len());
        for (path, view) in self.paths {
            if let View::App(label) = &view {
                if models.of(label).is_none() {
                    return Err(RouteError::UnknownLabel(label.clone()));
                }
            }
            let pattern = Pattern::new(&path);
            let pattern = pattern.map_err(|reason| RouteError::Path { path, reason })?;
            paths.push((pattern, view));
        }
        Ok(Route(Arc::new(Inner {
            store: self.store,
            models,
            guard,
            prefix: self.prefix,
            paths,
            profile: self.profile,
            gzip: self.gzip,
            nonce: self.etag.then(nonce).flatten(),
            permits: Arc::new(Semaphore::new(
                self.answers.clamp(1, Semaphore::MAX_PERMITS),
            )),
            wait: self.wait,
            stall: self.stall,
            clock: self.clock,
        })))
    }
}

/// What no other route has; `None` when the system has nothing random.
fn nonce() -> Option<String> {
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    Some(format!("{:?}", random.ok()?.expose()))
}

fn guard(token: Option<Secret<String>>, is_public: bool) -> Result<Guard, RouteError> {
    let token = match (token, is_public) {
        (Some(_), true) => return Err(RouteError::PublicWithToken),
        (None, true) => return Ok(Guard::Public),
        (Some(token), false) => token,
        (None, false) => match env::var(TOKEN) {
            Ok(token) => Secret::new(token),
            Err(env::VarError::NotPresent) => return Err(RouteError::NoToken),
            Err(env::VarError::NotUnicode(_)) => return Err(RouteError::TokenNotText),
        },
    };
    if token.expose().is_empty() {
        return Err(RouteError::EmptyToken);
    }
    Ok(Guard::Token(token))
}

impl fmt::Debug for RouteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.paths.iter().map(|(path, _)| path).collect();
        f.debug_struct("RouteBuilder")
            .field("is_public", &self.is_public)
            .field("prefix", &self.prefix)
            .field("paths", &paths)
            .finish_non_exhaustive()
    }
}
