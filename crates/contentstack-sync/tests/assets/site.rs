//! A service with assets, and a mirror of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use contentstack_sync::assets::{Download, DownloadReport};
use contentstack_sync::mirror::Mirror;
use contentstack_sync::{Clock, RateLimit, Stack};
use serde_json::{Value, json};
use sync_core::testing::{Received, Reply, ScriptedServer};

type Handler = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// The service, the mirror and the folder.
pub(crate) struct Site {
    pub(crate) server: ScriptedServer,
    pub(crate) mirror: Mirror,
    pub(crate) folder: Folder,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    events: Vec<Value>,
    files: HashMap<String, Handler>,
}

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("contentstack-sync-assets-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        let (server, state) = serve().await;
        let stack = stack(&server).build().unwrap();
        let mirror = Mirror::open_memory(stack).await.unwrap();
        Self::over(server, state, mirror, Folder::new())
    }

    fn over(
        server: ScriptedServer,
        state: Arc<Mutex<State>>,
        mirror: Mirror,
        folder: Folder,
    ) -> Self {
        Self {
            server,
            mirror,
            folder,
            state,
        }
    }

    /// What is served at `path` from now on.
    pub(crate) fn serve(
        &self,
        path: &str,
        handler: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) {
        let mut state = self.state.lock().unwrap();
        state.files.insert(path.to_owned(), Arc::new(handler));
    }

    /// Publishes an asset, with the address `path` on this server.
    pub(crate) fn publish(&self, uid: &str, path: &str, data: Value) {
        let mut asset = json!({"uid": uid, "locale": "en-us", "url": self.server.url(path)});
        for (key, value) in data.as_object().unwrap() {
            asset[key] = value.clone();
        }
        self.event("asset_published", asset);
    }

    pub(crate) fn unpublish(&self, uid: &str, locale: &str) {
        self.event("asset_unpublished", json!({"uid": uid, "locale": locale}));
    }

    fn event(&self, kind: &str, data: Value) {
        let events = &mut self.state.lock().unwrap().events;
        let at = format!("2026-01-01T00:00:00.{:03}Z", events.len());
        events.push(
            json!({"type": kind, "event_at": at, "content_type_uid": "sys_assets", "data": data}),
        );
    }

    /// A file of these bytes and its asset, at once.
    pub(crate) fn file(&self, uid: &str, path: &str, body: &str) {
        let text = body.to_owned();
        self.serve(path, move |_| {
            Reply::ok().header("etag", "\"1\"").body(text.clone())
        });
        let name = path.rsplit('/').next().unwrap();
        let size = body.len().to_string();
        self.publish(uid, path, json!({"filename": name, "file_size": size}));
    }

    pub(crate) fn download(&self) -> Download {
        self.mirror.assets().download(self.folder.path())
    }

    /// Brings the mirror up to date, and downloads.
    pub(crate) async fn run(&self) -> DownloadReport {
        self.mirror.sync().await.unwrap();
        self.download().run().await.unwrap()
    }

    /// All files with their contents, without what is not whole yet.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        list(self.folder.path(), self.folder.path(), &mut found);
        found.sort();
        found
    }

    pub(crate) fn contents(&self) -> Vec<String> {
        self.files().into_iter().map(|(_, text)| text).collect()
    }

    /// The requests for files.
    pub(crate) fn requests(&self) -> Vec<Received> {
        let mut requests = self.server.requests();
        requests.retain(|request| request.path() != "/v3/stacks/sync");
        requests
    }

    /// What is there of files that are not whole.
    pub(crate) fn partials(&self) -> Vec<u64> {
        let folder = self.folder.path().join(".partial");
        let entries = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.path().extension().is_none());
        files.map(|entry| entry.metadata().unwrap().len()).collect()
    }
}

/// A stack at a server, without pauses between attempts.
pub(crate) fn stack(server: &ScriptedServer) -> contentstack_sync::StackBuilder {
    Stack::builder("blt-secret-key", "cs-secret-token", "test")
        .host(server.url(""))
        .rate_limit(RateLimit::unlimited())
        .retry(sync_core::policy::RetryPolicy::default().max_attempts(1))
        .clock(Clock::system())
}

async fn serve() -> (ScriptedServer, Arc<Mutex<State>>) {
    let state = Arc::new(Mutex::new(State::default()));
    let shared = Arc::clone(&state);
    let server = ScriptedServer::serve(move |request| answer(&shared, &request))
        .await
        .unwrap();
    (server, state)
}

fn answer(state: &Mutex<State>, request: &Received) -> Reply {
    let state = state.lock().unwrap();
    if request.path() == "/v3/stacks/sync" {
        let query = request.query().unwrap_or_default();
        let since = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("sync_token=t"))
            .map_or(0, |number| number.parse().unwrap());
        let token = format!("t{}", state.events.len());
        return Reply::json(&json!({"items": state.events[since..], "sync_token": token}));
    }
    match state.files.get(request.path()).cloned() {
        Some(handler) => {
            drop(state);
            handler(request)
        }
        None => Reply::new(404),
    }
}

fn list(root: &Path, folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with(".partial") {
                list(root, &path, found);
            }
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}
