//! A model of the service, written from its description and not from the
//! client: content, events, tokens and bad days, as a transport.

#![allow(dead_code, unreachable_pub, reason = "not every test needs everything")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests do"
)]

mod answer;
mod content;
mod faults;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use contentstack_sync::Stack;
use http::{Request, Response, StatusCode};
use sync_core::testing::mock::{reset, response, with_header};
use sync_core::transport::Delivery;
use sync_core::{Body, Transport, TransportError};

pub use self::content::Content;
pub use self::faults::{Fault, Faults};

/// In which order a delta lists its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
    Shuffled,
}

/// How the service behaves where nobody knows.
#[derive(Clone, Debug)]
pub struct Manner {
    pub page_size: usize,
    pub order: Order,
    /// One event for each row in a delta, the last one.
    pub compact: bool,
    /// Pages of a full sync show what is there when they are asked for.
    pub live_pages: bool,
    /// Events before the token that a delta brings again.
    pub overlap: usize,
    /// Items look as odd as they may, and what a page says of itself is wrong.
    pub odd: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            page_size: 100,
            order: Order::NewestFirst,
            compact: false,
            live_pages: false,
            overlap: 0,
            odd: false,
        }
    }
}

/// What a token stands for.
#[derive(Clone, Debug)]
enum Cursor {
    Page {
        items: Arc<Vec<answer::Listed>>,
        offset: usize,
        /// Where the sync token at the end will stand.
        end: usize,
        filter: answer::Query,
    },
    Sync {
        at: usize,
        filter: answer::Query,
    },
}

pub struct State {
    pub content: Content,
    pub manner: Manner,
    pub faults: Faults,
    tokens: HashMap<String, Cursor>,
    next_token: u64,
    /// What a cache in between remembers.
    cache: HashMap<String, Bytes>,
    /// The query of each request, in order.
    pub requests: Vec<String>,
    /// Out of 1000 requests, how many are answered after something changed.
    pub unrest: u32,
    /// What happens before the answer with this number, from now on.
    later: Option<(usize, Edit)>,
    busy: usize,
    /// The most requests that were answered at a time.
    most: Arc<AtomicUsize>,
}

type Edit = Box<dyn FnOnce(&mut Content) + Send>;

impl State {
    /// Changes the content before a later answer, after so many others.
    pub fn edit_after(&mut self, answers: usize, edit: impl FnOnce(&mut Content) + Send + 'static) {
        self.later = Some((answers, Box::new(edit)));
    }

    /// The most requests that are answered at a time, from now on.
    pub fn count_concurrency(&mut self) -> Arc<AtomicUsize> {
        self.most = Arc::default();
        Arc::clone(&self.most)
    }

    fn edit_now(&mut self) {
        match self.later.take() {
            Some((0, edit)) => edit(&mut self.content),
            later => self.later = later.map(|(left, edit)| (left - 1, edit)),
        }
    }
}

/// The service. Clones share it.
#[derive(Clone)]
pub struct Server(Arc<Mutex<State>>);

impl Server {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            content: Content::default(),
            manner: Manner::default(),
            faults: Faults::none(seed),
            tokens: HashMap::new(),
            next_token: 0,
            cache: HashMap::new(),
            requests: Vec::new(),
            unrest: 0,
            later: None,
            busy: 0,
            most: Arc::default(),
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the content.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Content) -> T) -> T {
        change(&mut self.state().content)
    }

    /// The service no longer knows any token.
    pub fn forget_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Whether anything that begins so was asked for since the last call.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    pub fn stack(&self) -> Stack {
        self.stack_of("production")
    }

    pub fn stack_of(&self, environment: &str) -> Stack {
        Stack::builder("blt0key", "cs0token", environment)
            .host("http://service.test")
            .rate_limit(contentstack_sync::RateLimit::unlimited())
            .transport(self.clone())
            .build()
            .unwrap()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

/// A request that is being answered.
struct Busy(Server);

impl Busy {
    fn new(server: &Server) -> Self {
        let mut state = server.state();
        state.busy += 1;
        state.most.fetch_max(state.busy, Ordering::SeqCst);
        drop(state);
        Self(server.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.state().busy -= 1;
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let _busy = Busy::new(self);
        // As a real exchange would: a caller may be gone when it goes on.
        tokio::task::yield_now().await;
        let fault = {
            let mut state = self.state();
            state.requests.push(query.clone());
            state.edit_now();
            let State {
                content,
                faults,
                unrest,
                ..
            } = &mut *state;
            if faults.rng.u32(..1000) < *unrest {
                content.change_something(&mut faults.rng);
            }
            state.faults.draw(&query)
        };
        match fault {
            Some(Fault::TooMany) => {
                let body = r#"{"error_code":429,"error_message":"slow down"}"#;
                let answer = response(StatusCode::TOO_MANY_REQUESTS, body.as_bytes().to_vec());
                return Ok(with_header(answer, "retry-after", "1"));
            }
            Some(Fault::Broken) => {
                let body = b"<html>oops</html>".to_vec();
                return Ok(response(StatusCode::SERVICE_UNAVAILABLE, body));
            }
            Some(Fault::Reset) => return Err(reset(Delivery::MaybeSent)),
            Some(Fault::Silence) => std::future::pending().await,
            _ => {}
        }
        let (status, body) = self.state().answer(&path, &query, fault);
        tokio::task::yield_now().await;
        if fault == Some(Fault::Cut) {
            let half = body.slice(..body.len() / 2);
            let broken = reset(Delivery::MaybeSent);
            let pieces = futures_util::stream::iter([Ok(half), Err(broken)]);
            return Ok(response(status, Body::from_stream(pieces)));
        }
        Ok(response(status, body))
    }
}
