//! Mirrors with content, in each kind of store.

use std::sync::Arc;

use contentstack_sync::model::{
    ContentTypeUid, EventTime, Filter, Key, Locale, ObjectKind, Position, RawJson, SyncToken,
};
use contentstack_sync::query::references::{ReferenceKind, extract};
use contentstack_sync::query::{AssetQuery, EntryQuery, Query};
use contentstack_sync::store::{
    Advance, Batch, Begin, Chain, Change, Generation, Identity, Link, MemoryStore, Millis, Put,
    Store, StoredSchema,
};
use serde_json::{Value, json};

/// A store with content.
pub(crate) struct Mirror {
    pub(crate) store: Arc<dyn Store>,
    generation: Generation,
    time: u64,
    _folder: Option<Folder>,
}

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    #[cfg(feature = "sqlite")]
    pub(crate) fn new() -> Self {
        static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("contentstack-sync-query-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Every kind of store, empty.
pub(crate) async fn stores() -> Vec<Mirror> {
    let memory = Mirror::over(Arc::new(MemoryStore::new()), None).await;
    #[cfg(feature = "sqlite")]
    {
        let folder = Folder::new();
        let path = folder.0.join("mirror.db");
        let sqlite = contentstack_sync::store::SqliteStore::open(path)
            .await
            .unwrap();
        let sqlite = Mirror::over(Arc::new(sqlite), Some(folder)).await;
        vec![memory, sqlite]
    }
    #[cfg(not(feature = "sqlite"))]
    vec![memory]
}

impl Mirror {
    async fn over(store: Arc<dyn Store>, folder: Option<Folder>) -> Self {
        let chain = Chain::new("main", Filter::new());
        let begin = Begin {
            identity: Identity {
                stack: serde_json::from_value(json!("test")).unwrap(),
                filter: Filter::new(),
                content_types: Default::default(),
            },
            replaces: None,
            reason: "test".to_owned(),
            chains: vec![chain.clone()],
        };
        let generation = store.begin(begin).await.unwrap();
        let mut mirror = Self {
            store,
            generation,
            time: 0,
            _folder: folder,
        };
        let mut to = chain.clone();
        to.position = Position::Delta(SyncToken::from("csdelta"));
        mirror
            .apply(
                Vec::new(),
                Some(Advance {
                    from: Position::Start,
                    to,
                }),
            )
            .await;
        mirror
    }

    async fn apply(&mut self, changes: Vec<Change>, advance: Option<Advance>) {
        let mut batch = Batch::new(self.generation, Millis(1));
        batch.changes = changes;
        batch.advance = advance;
        self.store.apply(batch).await.unwrap();
    }

    pub(crate) async fn put(&mut self, kind: ObjectKind, content_type: Option<&str>, data: &str) {
        self.put_all([(kind, content_type, data.to_owned())]).await;
    }

    pub(crate) async fn put_all<'a>(
        &mut self,
        items: impl IntoIterator<Item = (ObjectKind, Option<&'a str>, String)>,
    ) {
        let mut changes = Vec::new();
        for (kind, content_type, data) in items {
            self.time += 1;
            let value: Value = serde_json::from_str(&data).unwrap();
            let raw: RawJson = serde_json::from_str(&data).unwrap();
            let link = |kind| match kind {
                ReferenceKind::Entry => Some(ObjectKind::Entry),
                ReferenceKind::Asset => Some(ObjectKind::Asset),
                ReferenceKind::Unknown => None,
            };
            let links = extract(&raw).into_iter().map(|reference| Link {
                kind: link(reference.kind),
                uid: reference.uid,
            });
            let locale = value["publish_details"]["locale"].as_str();
            let locale = locale.or(value["locale"].as_str()).unwrap_or_default();
            changes.push(Change::Put(Put {
                key: Key {
                    kind,
                    uid: value["uid"].as_str().unwrap().into(),
                    locale: Locale::from(locale),
                },
                content_type: content_type.map(ContentTypeUid::from),
                event_at: EventTime::from(format!("2026-01-01T00:00:00.{:03}Z", self.time)),
                url: value["url"].as_str().map(Into::into),
                links: links.collect(),
                data: raw,
            }));
        }
        self.apply(changes, None).await;
    }

    pub(crate) async fn entry(&mut self, content_type: &str, data: Value) {
        self.put(ObjectKind::Entry, Some(content_type), &data.to_string())
            .await;
    }

    pub(crate) async fn asset(&mut self, data: Value) {
        self.put(ObjectKind::Asset, None, &data.to_string()).await;
    }

    pub(crate) async fn schema(&mut self, uid: &str, schema: Value) {
        let schema = serde_json::from_str(&schema.to_string()).unwrap();
        let uid = uid.into();
        self.store
            .put_schemas(vec![StoredSchema { uid, schema }])
            .await
            .unwrap();
    }

    pub(crate) fn entries(&self, content_type: &str) -> EntryQuery {
        Query::entries(Arc::clone(&self.store), content_type)
    }

    pub(crate) fn assets(&self) -> AssetQuery {
        Query::assets(Arc::clone(&self.store))
    }
}

/// The uids of what a query finds, in order.
pub(crate) async fn uids<K>(query: Query<K>) -> Vec<String> {
    let rows = query.rows().await.unwrap();
    rows.iter().map(|row| row.key.uid.to_string()).collect()
}
