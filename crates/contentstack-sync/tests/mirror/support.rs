//! What these tests share.

#![allow(dead_code, reason = "not every feature has every test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contentstack_sync::mirror::Mirror;
use contentstack_sync::store::{Scan, Seq, Store};

use crate::server::Server;

/// What readers see: `kind|uid|locale` and `data`.
pub(crate) async fn rows(store: &dyn Store) -> BTreeMap<String, String> {
    let rows = store
        .scan(&Scan::all(), Seq::default(), usize::MAX)
        .await
        .unwrap();
    rows.into_iter()
        .map(|row| (row.key.to_string(), row.data.as_str().to_owned()))
        .collect()
}

pub(crate) async fn mirrored(mirror: &Mirror) -> BTreeMap<String, String> {
    rows(&**mirror.store()).await
}

/// A service with this many articles.
pub(crate) fn server(articles: usize) -> Server {
    let server = Server::new(7);
    server.edit(|content| {
        for n in 0..articles {
            content.publish("article", &format!("blt{n:016x}"), "en-us");
        }
    });
    server
}

/// Opens the mirror again that lies in `store`, as another process would.
pub(crate) async fn reopened(store: &Arc<dyn Store>, server: &Server) -> Mirror {
    Mirror::builder(server.stack())
        .open_shared(Arc::clone(store))
        .await
        .unwrap()
}

/// A folder of this test alone, gone with it.
pub(crate) struct Folder(PathBuf);

pub(crate) fn folder(name: &str) -> Folder {
    let parent = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = parent.join(format!("mirror-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    Folder(path)
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
