//! A server with authors and their photos, and a folder for these.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use sync_core::testing::{Received, Reply, ScriptedServer};
use synctools::Client;
use synctools::images::Media;

use crate::support::{Database, Folder, client, json_reply, serve_with};

type Handler = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// The server, the database and the folder of this side.
pub(crate) struct Site {
    pub(crate) server: ScriptedServer,
    pub(crate) database: Database,
    pub(crate) folder: Folder,
}

/// Files of the media host, by target.
#[derive(Clone, Default)]
pub(crate) struct Files(HashMap<String, Handler>);

impl Files {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A file as Django serves it.
    pub(crate) fn file(self, target: &str, bytes: &'static [u8]) -> Self {
        self.answer(target, move |_| image(bytes))
    }

    pub(crate) fn answer(
        mut self,
        target: &str,
        handler: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.0.insert(format!("/media/{target}"), Arc::new(handler));
        self
    }
}

pub(crate) fn image(bytes: &'static [u8]) -> Reply {
    Reply::ok().header("content-type", "image/png").body(bytes)
}

/// An author whose photo has this name.
pub(crate) fn author(number: u32, photo: &str) -> Value {
    let pk = format!("00000000-0000-0000-0000-{number:012}");
    let fields = json!({ "name": "n", "bio": null, "photo": photo, "cv": "cv/never.pdf" });
    json!({ "model": "lab.author", "pk": pk, "fields": fields })
}

impl Site {
    /// A server that has authors with these photos, and these files.
    pub(crate) async fn new(photos: &[&str], files: Files) -> Self {
        let authors: Vec<Value> = (1..)
            .zip(photos)
            .map(|(number, photo)| author(number, photo))
            .collect();
        let body = Value::from(authors).to_string();
        let server = serve_with(move |request| match files.0.get(&request.target) {
            Some(handler) => handler(&request),
            None if request.path().starts_with("/sync/") => json_reply(body.clone()),
            None => Reply::new(404).body("<h1>Not Found</h1>"),
        })
        .await;
        Self {
            server,
            database: Database::new(),
            folder: Folder::new(),
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("media")
    }

    pub(crate) fn media(&self) -> Media {
        Media::new(self.server.url("/media"), self.root())
    }

    pub(crate) async fn client(&self, media: Media) -> Client {
        client(self.server.url("/sync/"), &self.database)
            .await
            .media(media)
            .build()
            .unwrap()
    }

    /// The requests for files.
    pub(crate) fn asked(&self) -> Vec<Received> {
        let requests = self.server.requests().into_iter();
        requests
            .filter(|request| request.path().starts_with("/media/"))
            .collect()
    }

    /// What is in the folder: paths with contents.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        let mut open = vec![self.root()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(self.root()).unwrap();
                    let name = name.to_str().unwrap().to_owned();
                    found.push((name, std::fs::read(path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }

    /// The names of the files in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_iter().map(|(name, _)| name).collect()
    }

    /// Puts a file there.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
