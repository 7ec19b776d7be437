//! A daemon that keeps what it is asked and answers what it is told.

#![allow(dead_code, reason = "each test uses its part")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use syncthing_rest::{Client, ClientBuilder};

pub(crate) const KEY: &str = "k3y-for-the-tests";
pub(crate) const DEVICE: &str = "S534BXU-QOXZ34R-VRROXIM-IYGRNO3-2UMNL23-2ZIKXPW-FGL2AO2-NDUGHA7";
pub(crate) const OTHER_DEVICE: &str =
    "MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD";

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    /// By name; a header that came twice is joined by a comma.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

pub(crate) struct Daemon {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    answers: VecDeque<Answer>,
}

impl Daemon {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start_async().await;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        server
            .mock_async(move |when, then| {
                when.any_request();
                then.respond_with(move |request: &HttpMockRequest| {
                    let mut state = shared.lock().unwrap();
                    state.seen.push(Seen::from(request));
                    let answer = state.answers.pop_front();
                    let answer = answer.unwrap_or_else(|| Answer::new(599, "no answer is left"));
                    HttpMockResponse::builder()
                        .status(answer.status)
                        .headers(answer.headers)
                        .body(answer.body)
                        .build()
                });
            })
            .await;
        Self { server, state }
    }

    pub(crate) fn url(&self) -> String {
        self.server.base_url()
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        self.server.address().to_string()
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        Client::builder(self.url())
    }

    /// A client with the key.
    pub(crate) fn client(&self) -> Client {
        self.builder().api_key(KEY).build().unwrap()
    }

    /// What the next request is answered, after those that were said before.
    pub(crate) fn answer(&self, answer: Answer) {
        self.state.lock().unwrap().answers.push_back(answer);
    }

    /// What has arrived since this was last asked.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let mut state = self.state.lock().unwrap();
        assert!(
            state.answers.is_empty(),
            "not asked for: {:?}",
            state.answers
        );
        std::mem::take(&mut state.seen)
    }

    /// The only request since this was last asked.
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

impl From<&HttpMockRequest> for Seen {
    fn from(request: &HttpMockRequest) -> Self {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in request.headers_vec() {
            headers
                .entry(name.to_ascii_lowercase())
                .and_modify(|all| *all = format!("{all}, {value}"))
                .or_insert_with(|| value.clone());
        }
        let uri = request.uri();
        Self {
            method: request.method_str().to_owned(),
            target: uri.path_and_query().unwrap().as_str().to_owned(),
            headers,
            body: request.body_string(),
        }
    }
}
