//! Serves models to whoever has the token: the server side of the synctool.
//!
//! A [`Route`] answers as the Django application does, byte for byte, and is a
//! [`tower_service::Service`] that any router of Rust can mount, or a [`Server`]
//! by itself.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use synctools::store::{Condition, Query, Store};
//! # use synctools::{Schema, route::Route};
//! # async fn example(
//! #     store: Arc<dyn Store>,
//! #     schema: Schema,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! let route = Route::builder(store, schema)
//!     .token("secret")
//!     .prefix("/sync/")
//!     .app("blog", "blog")
//!     .queryset("posts/(?P<slug>[^/]+)", |args| {
//!         let slug = args.get("slug").unwrap_or_default();
//!         let post = Query::model("blog.post".parse()?);
//!         Ok::<_, synctools::route::BoxError>(post.filter(Condition::equals("slug", slug)))
//!     })
//!     .build()?;
//! let server = route.listen(([127, 0, 0, 1], 8000).into()).await?;
//! println!("http://{}/sync/blog/", server.address());
//! # Ok(())
//! # }
//! ```
//!
//! All objects of an answer are from one state of the database. They are sent
//! as they are read: the first bytes at once, the rest as fast as the client
//! takes it, and never more than a few hundred kilobytes in memory. When
//! something fails in the middle the connection is cut, so that the client knows
//! that something is missing. (NDJSON, whose end a cut looks like over HTTP/1.0,
//! isn't sent there.)
//!
//! A snapshot is open as long as an answer is sent. To SQLite that matters: in
//! its usual journal mode, whoever writes waits until the answer is sent, which a
//! slow client can draw out. Serve a file that is written to in `journal_mode =
//! WAL`, where readers and writers don't wait for each other.
//!
//! # What is different from Django
//!
//! * A route doesn't start with an empty token, nor without any, unless it is
//!   [public](RouteBuilder::public). Django serves everybody if the setting is
//!   `None`.
//! * The scheme `Basic` may be written in any case; a password may have colons,
//!   and so may the token, which no client could use there; tokens are compared
//!   in constant time; two `Authorization` headers are one too many.
//! * Methods other than `GET` and `HEAD` are answered with 405. Django runs the
//!   view for every method.
//! * A newline at the end of a path doesn't match, and an alternative (`a|b`) is
//!   one within the whole path. `\d`, `\w` and `\s` mean ASCII.
//! * Parents come before their children in an app, models as well as rows of a
//!   model that refers to itself. [`ModelOrder::Declared`] has Django's order.
//! * An app or model that the schema doesn't have is an error of
//!   [`build`](RouteBuilder::build); [`Answer::app`] answers 500 as Django does.
//! * Clients that take gzip get it, with a `Vary` that says so. Those that ask
//!   with `?format=ndjson`, or an `Accept` of `application/x-ndjson`, get one
//!   object per line instead of an array.
//! * Answers have a weak `ETag` where all that they depend on is known: the
//!   state of the database, the query, the schema. It is asked of the same
//!   snapshot that is sent, so that 304 is never said of something that has
//!   changed; what the database can't tell apart is sent again. For the same
//!   reason `If-None-Match: *` is passed over.
//! * Too many answers at a time are answered with 503.

mod auth;
mod body;
mod builder;
mod compress;
mod edit;
mod family;
mod fingerprint;
mod models;
mod negotiate;
mod page;
mod patience;
mod pattern;
mod produce;
mod queryset;
mod server;
mod validator;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, LAST_MODIFIED, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use sync_core::Clock;
use tokio::sync::{Semaphore, mpsc};

use self::auth::Guard;
pub use self::body::{Body, BodyError};
use self::body::{Piece, Producer};
pub use self::builder::{ModelOrder, RouteBuilder, RouteError};
use self::compress::Coding;
pub use self::edit::{NoSuchField, Object};
use self::models::Models;
pub use self::pattern::Args;
use self::pattern::Pattern;
use self::produce::Production;
pub use self::queryset::{Answer, IntoAnswer, Queryset};
use self::queryset::{Part, Source};
pub use self::server::{Limits, Server};
use self::validator::Tag;
use crate::schema::Schema;
use crate::store::Store;
use crate::wire::{Format, Profile};

/// Any error, of functions that are the caller's.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How many pieces may wait to be sent.
const AHEAD: usize = 2;

/// Models behind paths. Cheap to clone.
#[derive(Clone)]
pub struct Route(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    models: Models,
    guard: Guard,
    prefix: String,
    paths: Vec<(Pattern, View)>,
    profile: Profile,
    gzip: Option<u8>,
    /// Goes into every entity tag, for what a store says of its state holds for
    /// as long as it is open; without it there are none.
    nonce: Option<String>,
    permits: Arc<Semaphore>,
    wait: Duration,
    stall: Duration,
    clock: Clock,
}

/// What answers at a path.
#[derive(Clone)]
enum View {
    App(String),
    Function(Function),
}

/// What says what is to be sent.
type Function = Arc<dyn Fn(&Args) -> Result<Answer, BoxError> + Send + Sync>;

/// Why a request isn't answered.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    NotFound,
    Unauthorized,
    NotAllowed,
}

impl Route {
    /// Begins a route that serves the rows of a store.
    pub fn builder(store: impl Store, schema: Schema) -> RouteBuilder {
        RouteBuilder::new(Arc::new(store), schema)
    }

    /// Answers a request. The body of the request isn't read.
    ///
    /// It has to be called within a tokio runtime.
    pub fn answer<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<B> {
        let (parts, _) = request.into_parts();
        let inner = Arc::clone(&self.0);
        async move { Ok(inner.answer(parts).await) }
    }

    /// Listens at an address, within the present tokio runtime, over HTTP/1.1
    /// without TLS. For the internet, put something that ends TLS before it.
    ///
    /// # Errors
    ///
    /// When the address can't be had.
    pub async fn listen(&self, address: SocketAddr) -> io::Result<Server> {
        let listener = tokio::net::TcpListener::bind(address).await?.into_std()?;
        self.serve(listener, Limits::default())
    }

    /// Answers the connections of a listener, within the present tokio runtime,
    /// over HTTP/1.1 without TLS.
    ///
    /// # Errors
    ///
    /// Those of the system, about the listener.
    pub fn serve(&self, listener: TcpListener, limits: Limits) -> io::Result<Server> {
        Server::start(self.clone(), listener, limits)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.0.paths.iter().map(|(pattern, _)| pattern.as_str());
        f.debug_struct("Route")
            .field("guard", &self.0.guard)
            .field("prefix", &self.0.prefix)
            .field("paths", &paths.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl<B> tower_service::Service<Request<B>> for Route {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, _) = request.into_parts();
        let inner = Arc::clone(&self.0);
        Box::pin(async move { Ok(inner.answer(parts).await) })
    }
}

/// What was found out before anything is sent.
struct Ready {
    querysets: VecDeque<Queryset>,
    modified: Option<SystemTime>,
}

impl Inner {
    async fn answer(&self, parts: Parts) -> Response<Body> {
        let is_head = parts.method == Method::HEAD;
        let response = match self.find(&parts) {
            Ok((view, args)) => match self.respond(&parts, view, &args).await {
                Ok(response) => return response,
                Err(error) => {
                    let path = parts.uri.path();
                    tracing::error!(path, %error, "a request could not be answered");
                    page::server_error(self.profile)
                }
            },
            Err(Refusal::NotFound) => page::not_found(self.profile),
            Err(Refusal::Unauthorized) => page::unauthorized(),
            Err(Refusal::NotAllowed) => page::not_allowed(),
        };
        response.map(|bytes| {
            if is_head {
                Body::empty()
            } else {
                Body::whole(bytes)
            }
        })
    }

    /// Which view answers, if the request may be answered.
    fn find(&self, parts: &Parts) -> Result<(&View, Args), Refusal> {
        let path = pattern::below(&self.prefix, parts.uri.path());
        let found = path.and_then(|path| {
            let mut paths = self.paths.iter();
            paths.find_map(|(pattern, view)| Some((view, pattern.matches(&path)?)))
        });
        let found = found.ok_or(Refusal::NotFound)?;
        if !self.guard.admits(&parts.headers) {
            return Err(Refusal::Unauthorized);
        }
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Err(Refusal::NotAllowed);
        }
        Ok(found)
    }

    async fn respond(
        &self,
        parts: &Parts,
        view: &View,
        args: &Args,
    ) -> Result<Response<Body>, BoxError> {
        let Ready {
            querysets,
            modified,
        } = self.ready(view, args)?;
        let permit = Arc::clone(&self.permits).acquire_owned();
        let Ok(permit) = tokio::time::timeout(self.wait, permit).await else {
            return Ok(page::busy().map(Body::whole));
        };
        let permit = permit?;
        let snapshot = self.store.snapshot(&self.models.schema).await?;

        let format = if parts.version <= Version::HTTP_10 {
            Format::Array
        } else {
            negotiate::format(&parts.uri, &parts.headers)
        };
        let tag = snapshot
            .version()
            .and_then(|version| self.tag(version, format, &querysets));
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
        if let Some(tag) = &tag {
            headers.insert(ETAG, HeaderValue::try_from(tag)?);
        }
        if let Some(modified) = modified {
            let modified = httpdate::fmt_http_date(modified);
            headers.insert(LAST_MODIFIED, HeaderValue::try_from(modified)?);
        }
        if validator::is_known(&parts.headers, tag.as_deref(), modified) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(negotiate::media_type(format)),
        );
        let gzip = self.gzip.filter(|_| negotiate::takes_gzip(&parts.headers));
        if gzip.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if parts.method == Method::HEAD {
            return Ok(response);
        }
        let production = Production {
            snapshot,
            schema: self.models.schema.clone(),
            querysets,
            profile: self.profile,
            format,
            coding: gzip.map_or(Coding::Identity, Coding::gzip),
            stall: self.stall,
            permit,
            path: parts.uri.path().to_owned(),
        };
        *response.body_mut() = start(production).await?;
        Ok(response)
    }

    /// Asks the function, and checks what it says.
    fn ready(&self, view: &View, args: &Args) -> Result<Ready, BoxError> {
        let Answer { parts, modified } = match view {
            View::App(label) => Answer::app(label),
            View::Function(function) => function(args)?,
        };
        let mut querysets = VecDeque::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Queryset(queryset) => querysets.push_back(*queryset),
                Part::App(label) => {
                    let found = self.models.of(&label);
                    let unknown = || RouteError::UnknownLabel(label);
                    querysets.extend(found.ok_or_else(unknown)?);
                }
            }
        }
        for queryset in &querysets {
            if let Source::Query(query) = &queryset.source {
                let model = self.models.schema.model(query.model.as_str());
                let unknown = || RouteError::UnknownLabel(query.model.to_string());
                let model = model.ok_or_else(unknown)?;
                queryset
                    .edits
                    .iter()
                    .try_for_each(|edit| edit.check(model))?;
            }
        }
        let modified = modified.and_then(|time| validator::told(time, self.clock.now()));
        Ok(Ready {
            querysets,
            modified,
        })
    }

    /// The tag of all that the answer depends on, if that is known.
    fn tag(&self, version: &str, format: Format, querysets: &VecDeque<Queryset>) -> Option<String> {
        let mut tag = Tag::new();
        tag.add(self.nonce.as_deref()?);
        tag.add(&self.models.fingerprint);
        tag.add(&format!("{:?} {:?}", self.profile, self.models.order));
        tag.add(negotiate::media_type(format));
        tag.add(version);
        let mut all = querysets.iter();
        let is_known = all.all(|one| fingerprint::queryset(&mut tag, one));
        is_known.then(|| tag.finish())
    }
}

/// Makes the first piece, which is the whole of a small answer; the rest is
/// made while it is sent.
async fn start(production: Production) -> Result<Body, BoxError> {
    let (sender, mut pieces) = mpsc::channel(AHEAD);
    let producer = Producer(tokio::spawn(production.run(sender)));
    match pieces.recv().await {
        Some(Piece::More(first)) => Ok(Body::streamed(first, pieces, producer)),
        Some(Piece::Last(whole)) => Ok(Body::whole(whole)),
        Some(Piece::Failed(error)) => Err(error),
        None => Err("the answer was given up".into()),
    }
}
