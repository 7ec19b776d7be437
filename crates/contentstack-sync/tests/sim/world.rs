//! One simulated life of a mirror.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use contentstack_sync::mirror::{Mirror, MirrorError, Report, Shards};
use contentstack_sync::model::{ObjectKind, Uid};
use contentstack_sync::store::{MemoryStore, Scan, Seq, Store, StoreErrorKind};
use fastrand::Rng;

use crate::reader::Reader;
use crate::server::{Fault, Manner, Order, Server};

/// What the mirror lies on.
pub(crate) enum Medium {
    Memory,
    #[cfg(feature = "sqlite")]
    File(std::path::PathBuf),
}

/// Into how many chains it is divided.
#[derive(Clone, Copy)]
pub(crate) enum Division {
    None,
    Any,
}

pub(crate) struct World<'a> {
    rng: Rng,
    server: Server,
    medium: &'a Medium,
    shards: Shards,
    mirror: Mirror,
    /// Content that nobody touches: a reader must see it at all times.
    untouched: BTreeMap<String, String>,
    readers: [Reader; 2],
    was_ready: bool,
}

impl<'a> World<'a> {
    pub(crate) async fn new(seed: u64, medium: &'a Medium, division: Division) -> Self {
        let mut rng = Rng::with_seed(seed);
        let server = Server::new(rng.u64(..));
        for n in 0..rng.usize(1..6) {
            server.edit(|content| content.publish("untouched", &format!("bltf{n:015x}"), "en-us"));
        }
        let untouched = server.state().content.truth();
        {
            let mut state = server.state();
            state.manner = Manner {
                page_size: rng.usize(1..12),
                order: [Order::NewestFirst, Order::OldestFirst, Order::Shuffled][rng.usize(..3)],
                compact: rng.bool(),
                live_pages: rng.bool(),
                overlap: if rng.bool() { rng.usize(..6) } else { 0 },
                odd: rng.bool(),
            };
            state.unrest = if rng.bool() { rng.u32(..400) } else { 0 };
            for fault in Fault::ALL {
                // Most days most things work.
                if rng.u32(..3) == 0 {
                    state.faults.often(fault, rng.u32(1..120));
                }
            }
            for _ in 0..rng.usize(..60) {
                state.content.change_something(&mut rng);
            }
        }
        let shards = match division {
            Division::None => Shards::none(),
            Division::Any => {
                let shards = match rng.bool() {
                    true => Shards::by_kind(),
                    false => Shards::by_content_type(),
                };
                let shards = shards.max_chains(rng.usize(1..5));
                match rng.u32(..3) {
                    0 => shards.locales(["en-us", "en-gb", "fr-fr"]),
                    _ => shards,
                }
            }
        };
        let store: Arc<dyn Store> = match medium {
            Medium::Memory => Arc::new(MemoryStore::new()),
            #[cfg(feature = "sqlite")]
            Medium::File(path) => open_file(path).await,
        };
        let mirror = open(&server, store, &shards).await;
        Self {
            rng,
            server,
            medium,
            shards,
            mirror,
            untouched,
            readers: Default::default(),
            was_ready: false,
        }
    }

    /// Lives, and checks the end.
    pub(crate) async fn live(mut self) {
        for _ in 0..self.rng.usize(3..15) {
            match self.rng.u32(..100) {
                0..35 => {
                    let _ = self.mirror.sync().await.map(|report| self.note(&report));
                }
                35..55 => self.killed().await,
                55..80 => {
                    for _ in 0..self.rng.usize(1..20) {
                        let rng = &mut self.rng;
                        self.server.edit(|content| content.change_something(rng));
                    }
                }
                80..85 => self.server.forget_tokens(),
                85..88 => {
                    let _ = self.mirror.resync().await;
                }
                _ => {
                    let limit = self.rng.usize(1..20);
                    let reader = &mut self.readers[0];
                    reader.read(&**self.mirror.store(), limit).await;
                }
            }
            self.check().await;
        }
        self.settle().await;
        self.check_end().await;
    }

    fn note(&mut self, report: &Report) {
        if report.complete {
            self.was_ready = true;
        }
    }

    /// A run that is cut off at any point, and the next process.
    async fn killed(&mut self) {
        let mut polls = self.rng.usize(..60);
        {
            let mut run = pin!(self.mirror.sync().into_future());
            poll_fn(|cx| {
                if polls == 0 {
                    return Poll::Ready(());
                }
                polls -= 1;
                run.as_mut().poll(cx).map(|_| ())
            })
            .await;
        }
        let store = match self.medium {
            Medium::Memory => Arc::clone(self.mirror.store()),
            #[cfg(feature = "sqlite")]
            Medium::File(path) => open_file(path).await,
        };
        self.mirror = open(&self.server, store, &self.shards).await;
    }

    /// What holds at all times.
    async fn check(&mut self) {
        let rows = self.rows().await;
        let state = self.mirror.state().await.unwrap();
        assert_eq!(rows.is_empty(), state.readable.is_none(), "half a mirror");
        self.was_ready |= state.readable.is_some();
        if self.was_ready {
            for (key, data) in &self.untouched {
                assert_eq!(rows.get(key), Some(data), "{key} is gone for a while");
            }
        }
    }

    async fn rows(&self) -> BTreeMap<String, String> {
        let store = self.mirror.store();
        let rows = store
            .scan(&Scan::all(), Seq::default(), usize::MAX)
            .await
            .unwrap();
        let count = rows.len();
        let rows: BTreeMap<_, _> = rows
            .into_iter()
            .map(|row| (row.key.to_string(), row.data.as_str().to_owned()))
            .collect();
        assert_eq!(rows.len(), count, "a row twice");
        rows
    }

    /// Good weather, until there is no more news.
    async fn settle(&mut self) {
        {
            let mut state = self.server.state();
            state.faults.stop();
            state.unrest = 0;
        }
        for _ in 0..10 {
            let report = match self.mirror.sync().await {
                Ok(report) => report,
                // A process that is killed stores nothing more. Those of the
                // simulation may still be at it.
                Err(error) if error.store() == Some(StoreErrorKind::Conflict) => continue,
                Err(MirrorError::Store(error)) => panic!("{error:?}"),
                Err(error) => panic!("in good weather: {error:?}"),
            };
            assert!(report.complete);
            if report.is_empty() {
                return;
            }
        }
        panic!("the news do not end");
    }

    async fn check_end(&mut self) {
        let truth = self.server.state().content.truth();
        let rows = self.rows().await;
        assert_same("the mirror", &rows, &truth);
        let store = Arc::clone(self.mirror.store());
        for reader in &mut self.readers {
            while reader.read(&*store, 7).await {}
            assert_same("the reader", &reader.rows, &truth);
        }
        self.check_links().await;
        if self.rng.u32(..8) == 0 {
            let drift = self.mirror.verify().await.unwrap();
            assert!(drift.is_none(), "{drift:?}");
            assert_eq!(drift.compared, truth.len() as u64);
        }
    }

    /// Who refers to whom, both ways.
    async fn check_links(&self) {
        let mut expected: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
        for (place, object) in &self.server.state().content.objects {
            if let Some((kind, uid)) = &object.refers_to {
                let from = format!("{}|{}|{}", place.0, place.1, place.2);
                expected.entry((kind, uid.clone())).or_default().push(from);
            }
        }
        for ((kind, uid), from) in expected {
            let kind = match kind {
                "entry" => ObjectKind::Entry,
                _ => ObjectKind::Asset,
            };
            let store = self.mirror.store();
            let uid = Uid::from(uid);
            let rows = store
                .referrers(kind, &uid, Seq::default(), 1000)
                .await
                .unwrap();
            let found: Vec<String> = rows.iter().map(|row| row.key.to_string()).collect();
            for from in from {
                assert!(found.contains(&from), "{from} refers to {uid}: {found:?}");
            }
            for row in rows {
                let links = store.links(&row.key).await.unwrap();
                assert!(links.iter().any(|link| link.uid == uid));
            }
        }
    }
}

fn assert_same(what: &str, mine: &BTreeMap<String, String>, truth: &BTreeMap<String, String>) {
    for (key, data) in truth {
        assert_eq!(mine.get(key), Some(data), "{what}: {key}");
    }
    for key in mine.keys() {
        assert!(truth.contains_key(key), "{what}: {key} should be gone");
    }
}

async fn open(server: &Server, store: Arc<dyn Store>, shards: &Shards) -> Mirror {
    Mirror::builder(server.stack())
        .shards(shards.clone())
        .open_shared(store)
        .await
        .unwrap()
}

#[cfg(feature = "sqlite")]
async fn open_file(path: &std::path::Path) -> Arc<dyn Store> {
    use contentstack_sync::store::{Durability, SqliteOptions};

    let options = SqliteOptions::new().durability(Durability::Normal);
    Arc::new(options.open(path).await.unwrap())
}
