//! The calls of a program that no one here wrote (`Simperium3` 0.1.5), made by
//! this client: the same requests, and sense made of the same answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use simperium::model::{BulkChange, Ccid, ClientId, Cv, DeleteOutcome, Outcome};
use simperium::{Api, Auth, Error, RetryPolicy, SimperiumError as E, SimperiumErrorExt as _};
use sync_core::Body;
use sync_core::testing::mock::ReplyTransport;

use super::support::kind;

#[derive(Clone, Deserialize)]
struct Exchange {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    status: u16,
    resp_headers: BTreeMap<String, String>,
    #[serde(default)]
    resp_body: String,
}

impl Exchange {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn answer(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.resp_body.clone()));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        for (name, value) in &self.resp_headers {
            if !matches!(name.as_str(), "Connection" | "Content-Length") {
                let name: HeaderName = name.parse().unwrap();
                response
                    .headers_mut()
                    .insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        response
    }

    /// The value of a query parameter.
    fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Whether `request` is this one: the recorded program has another client
    /// id for every call.
    fn check(&self, request: &Request<Bytes>) {
        assert_eq!(*request.method(), *self.method, "{}", self.target);
        let target = request.uri().path_and_query().unwrap().as_str();
        let mut expected = self.target.replace("c+x", "c-x");
        if let Some(id) = self.query("clientid") {
            expected = expected.replace(id, "rs-1");
        }
        assert_eq!(target, expected);
        for name in [
            "x-simperium-api-key",
            "x-simperium-token",
            "x-simperium-user",
            "content-type",
        ] {
            let sent = request.headers().get(name);
            let sent = sent.map(|value| value.to_str().unwrap());
            assert_eq!(sent, self.header(name), "{name} of {}", self.target);
        }
        let json = |text: &[u8]| serde_json::from_slice::<Value>(text).ok();
        assert_eq!(json(request.body()), json(self.body.as_bytes()), "{target}");
    }
}

/// The recording, one exchange after the other, as the service of clients.
#[derive(Clone)]
struct Recording {
    left: Arc<Mutex<VecDeque<Exchange>>>,
    transport: Arc<ReplyTransport>,
}

impl Recording {
    fn open() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/captures/http_simperium3_0.1.5_vs_emulator.jsonl"
        );
        let text = std::fs::read_to_string(path).unwrap();
        let exchanges = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let left = Arc::new(Mutex::new(exchanges.collect::<VecDeque<Exchange>>()));
        let next = Arc::clone(&left);
        let transport = ReplyTransport::new(move |request| {
            let exchange = next.lock().unwrap().pop_front().unwrap();
            exchange.check(request);
            Ok(exchange.answer())
        });
        Self {
            left,
            transport: Arc::new(transport),
        }
    }

    /// The next exchange, which this client is about to make.
    fn next(&self) -> Exchange {
        self.left.lock().unwrap()[0].clone()
    }

    /// The change id of the next exchange.
    fn ccid(&self) -> Ccid {
        Ccid::new(self.next().query("ccid").unwrap()).unwrap()
    }

    /// The key of the next exchange.
    fn key(&self) -> String {
        let target = self.next().target;
        let key = target.split(['/', '?']).nth(5).unwrap();
        key.to_owned()
    }

    /// Passes over what this client refuses to send.
    fn skip(&self) {
        self.left.lock().unwrap().pop_front();
    }

    fn api(&self, token: &str) -> Api {
        Api::builder("chalk-app-1", token)
            .transport(Arc::clone(&self.transport))
            .client_id(ClientId::new("rs-1").unwrap())
            .retry(RetryPolicy::never())
            .build()
            .unwrap()
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> E {
    kind(&result.unwrap_err())
}

#[tokio::test]
async fn every_recorded_call_is_made_and_understood() {
    let recording = Recording::open();
    let auth = Auth::builder("chalk-app-1", "key-1")
        .transport(Arc::clone(&recording.transport))
        .build()
        .unwrap();
    let joe = "joe@example.com";
    auth.create(joe, "secret").await.unwrap();
    assert_eq!(refused(auth.create(joe, "secret").await), E::UserExists);
    let user = auth.authorize(joe, "secret").await.unwrap();
    assert_eq!(
        refused(auth.authorize(joe, "wrong").await),
        E::BadCredentials
    );

    let api = recording.api(user.access_token.expose());
    let todo = api.bucket("todo").unwrap();
    items(&recording, &todo).await;
    bulk(&recording, &todo).await;
    let page = api.bucket("page").unwrap();
    index_and_changes(&recording, &page).await;
    deletions(&recording, &todo).await;

    let spuser = api.spuser();
    spuser
        .set(&json!({"x": 1}))
        .ccid(recording.ccid())
        .await
        .unwrap();
    assert_eq!(spuser.get().await.unwrap().unwrap().data, json!({"x": 1}));
    let admin = simperium::Admin::new(recording.api("lab-admin-1"));
    let all = admin
        .bucket("page")
        .unwrap()
        .all(Cv::new("000000000000000000000000"))
        .skip_client(ClientId::new("c-x").unwrap())
        .skip_client(ClientId::new("y").unwrap())
        .batch(3)
        .username(true)
        .data(true)
        .most_recent(true)
        .await
        .unwrap();
    assert_eq!(all[0].user_and_key().unwrap(), (&*user.userid, "p0"));
    assert_eq!(all[0].data().unwrap(), Some(json!({"k": 0})));
    let theirs = admin.as_user(&user.userid).unwrap();
    theirs
        .bucket("page")
        .unwrap()
        .index()
        .limit(1)
        .await
        .unwrap();

    // A key with a slash was sent, and refused there. Here it is refused first.
    assert!(todo.set("bad/key", &json!({"a": 1})).await.is_err());
    recording.skip();
    let nobody = recording.api("nope").bucket("todo").unwrap();
    assert_eq!(refused(nobody.index().await), E::Unauthorized);
    assert!(recording.left.lock().unwrap().is_empty());
}

async fn items(recording: &Recording, todo: &simperium::Bucket) {
    let key = recording.key();
    let object = json!({"title": "Create a startup to kill email", "done": false});
    let made = todo
        .new(&object)
        .key(&key)
        .ccid(recording.ccid())
        .await
        .unwrap();
    assert_eq!((made.version, made.outcome), (Some(1), Outcome::Created));
    let patch = json!({"done": true});
    let set = todo.set(&key, &patch).ccid(recording.ccid()).await.unwrap();
    assert_eq!((set.version, set.outcome), (Some(2), Outcome::Merged));
    assert_eq!(todo.get(&key).await.unwrap().unwrap().version, Some(2));
    assert_eq!(
        todo.get_version(&key, 1).await.unwrap().unwrap().data,
        object
    );
    for _ in 0..2 {
        assert!(todo.get("nope").await.unwrap().is_none());
    }
    let set = todo.set(&key, &json!({"n": 1})).ccid(recording.ccid());
    assert_eq!(set.with_object().await.unwrap().object.unwrap()["n"], 1);
    let put = todo.put(&key, &json!({"only": 1})).ccid(recording.ccid());
    assert_eq!(put.with_object().await.unwrap().outcome, Outcome::Replaced);
    let set = todo
        .set_at(&key, 2, &json!({"extra": 2}))
        .ccid(recording.ccid());
    let set = set.with_object().await.unwrap();
    assert_eq!(set.object.unwrap(), json!({"only": 1, "extra": 2}));
    let same = todo.set(&key, &json!({"only": 1})).ccid(recording.ccid());
    let same = same.await.unwrap();
    assert_eq!((same.version, same.outcome), (Some(5), Outcome::Unchanged));
    for (patch, outcome) in [(1, Outcome::Merged), (2, Outcome::AlreadyApplied)] {
        let set = todo.set(&key, &json!({"z": patch})).ccid("c1");
        assert_eq!(set.await.unwrap().outcome, outcome);
    }
}

async fn bulk(recording: &Recording, todo: &simperium::Bucket) {
    for _ in 0..2 {
        let body: Vec<Value> = serde_json::from_str(&recording.next().body).unwrap();
        let changes = body.iter().map(|change| {
            let ccid = Ccid::new(change["ccid"].as_str().unwrap()).unwrap();
            let added = change["v"].as_object().unwrap().iter();
            let object: serde_json::Map<_, _> = added
                .map(|(key, op)| (key.clone(), op["v"].clone()))
                .collect();
            let created = BulkChange::create(change["id"].as_str().unwrap(), &object);
            created.unwrap().with_ccid(&ccid)
        });
        let changes: Vec<BulkChange> = changes.collect();
        let results = todo.bulk(changes).await.unwrap();
        assert_eq!(results.len(), body.len());
        assert!(results.iter().all(|result| result.outcome.is_done()));
    }
}

async fn index_and_changes(recording: &Recording, page: &simperium::Bucket) {
    for n in 0..5 {
        let set = page.set(format!("p{n}"), &json!({"k": n}));
        set.ccid(recording.ccid()).await.unwrap();
    }
    let first = page.index().limit(2).await.unwrap();
    let current = first.current.unwrap();
    let mut mark = first.mark;
    let mut keys: Vec<String> = first
        .entries
        .iter()
        .map(|entry| entry.key.to_string())
        .collect();
    while let Some(next) = mark {
        let more = page.index().mark(next).limit(2).data(true).await.unwrap();
        keys.extend(more.entries.iter().map(|entry| entry.key.to_string()));
        mark = more.mark;
    }
    assert_eq!(keys, ["p4", "p3", "p2", "p1", "p0"]);
    assert!(
        page.index()
            .since(&current)
            .await
            .unwrap()
            .entries
            .is_empty()
    );
    let late = page
        .set("p9", &json!({"late": true}))
        .ccid(recording.ccid());
    let late = late.await.unwrap();
    let changes = page.changes(current).await.unwrap();
    assert!(changes.len() == 1 && changes[0].is_of(&late.ccid));
    let current = page.index().limit(1).await.unwrap().current;
    for _ in 0..2 {
        assert!(page.changes(current.clone()).await.unwrap().is_empty());
    }
    let error = page.changes(Cv::new("zzz")).await.unwrap_err();
    assert!(error.needs_index());
}

async fn deletions(recording: &Recording, todo: &simperium::Bucket) {
    let key = recording.key();
    let gone = todo.delete(&key).ccid(recording.ccid()).await.unwrap();
    assert_eq!(
        (gone.version, gone.outcome),
        (Some(7), DeleteOutcome::Deleted)
    );
    assert!(todo.get(&key).await.unwrap().is_none());
    let again = todo.delete(&key).ccid(recording.ccid()).await;
    assert_eq!(refused(again), E::NotFound);
}
