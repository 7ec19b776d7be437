//! The suite that every store must pass: both of ours do, and stores that are
//! broken on purpose do not.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use contentstack_sync::model::{ContentTypeUid, Key, ObjectKind, Position, Uid};
use contentstack_sync::store::{
    Applied, Batch, Begin, Change, Changes, Counts, DeadLetter, DeadLetterId, Download, Generation,
    Link, MemoryStore, Millis, Row, Scan, Seq, State, Store, StoreError, StoredSchema, kit,
};

#[tokio::test]
async fn memory_keeps_its_promises() {
    let stores = Mutex::new(HashMap::<_, MemoryStore>::new());
    let open = async |name| stores.lock().unwrap().entry(name).or_default().clone();
    kit::run(open).await.assert_kept();
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_keeps_its_promises() {
    use contentstack_sync::store::{Durability, SqliteOptions};

    let folder = crate::support::folder("kit");
    let report = kit::run(async |name| {
        let path = folder.path().join(format!("{name}.db"));
        let options = SqliteOptions::new().durability(Durability::Normal);
        options.open(path).await.unwrap()
    })
    .await;
    report.assert_kept();
    assert_eq!(report.kept().len(), kit::names().len());
}

/// What a broken store gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Defect {
    /// The last one that comes wins.
    LastComesWins,
    /// Nothing is remembered of what is gone.
    NoTombstones,
    /// Deletions of types are passed over.
    TypesStay,
    /// Whoever says that a chain stands somewhere is believed.
    AnyPosition,
    /// Items that cannot be applied are dropped.
    NoDeadLetters,
    /// Links are not kept.
    NoLinks,
    /// Nothing is ever pruned, and nobody told.
    NeverPrunes,
    /// Rows that have not changed come again after a full sync.
    Forgets,
    /// Every scan begins at the beginning.
    ScansFromTheStart,
    /// What was noted about a download is lost.
    NoDownloads,
}

impl Defect {
    const ALL: [Self; 10] = [
        Self::LastComesWins,
        Self::NoTombstones,
        Self::TypesStay,
        Self::AnyPosition,
        Self::NoDeadLetters,
        Self::NoLinks,
        Self::NeverPrunes,
        Self::Forgets,
        Self::ScansFromTheStart,
        Self::NoDownloads,
    ];

    /// A behaviour that must find it.
    fn found_by(self) -> &'static str {
        match self {
            Self::LastComesWins => "the_later_event_wins_in_either_order",
            Self::NoTombstones => "what_is_gone_stays_gone_for_older_news",
            Self::TypesStay => "a_deleted_type_takes_what_is_not_newer",
            Self::AnyPosition => "a_chain_that_stands_elsewhere_is_refused_as_a_whole",
            Self::NoDeadLetters => "dead_letters_are_kept_counted_and_revived",
            Self::NoLinks => "links_are_found_both_ways",
            Self::NeverPrunes => "pruned_tombstones_are_gone_and_readers_are_told",
            Self::Forgets => "the_old_one_is_seen_until_the_new_one_is_complete",
            Self::ScansFromTheStart => "scans_go_on_where_they_were",
            Self::NoDownloads => "what_no_row_has_any_more_is_stale",
        }
    }
}

#[derive(Debug)]
struct Broken {
    inner: MemoryStore,
    defect: Defect,
    second: Mutex<u32>,
}

impl Broken {
    fn spoil(&self, batch: &mut Batch) {
        match self.defect {
            Defect::LastComesWins => {
                for change in &mut batch.changes {
                    let mut second = self.second.lock().unwrap();
                    *second += 1;
                    let now = format!("2027-01-01T00:{:02}:{:02}Z", *second / 60, *second % 60);
                    match change {
                        Change::Put(put) => put.event_at = now.into(),
                        Change::Remove { event_at, .. } | Change::RemoveType { event_at, .. } => {
                            *event_at = now.into();
                        }
                    }
                }
            }
            Defect::NoTombstones => {
                for change in &mut batch.changes {
                    if let Change::Remove { event_at, .. } = change {
                        *event_at = "no time at all".into();
                    }
                }
            }
            Defect::TypesStay => {
                batch
                    .changes
                    .retain(|change| !matches!(change, Change::RemoveType { .. }));
            }
            Defect::NoDeadLetters => batch.dead.clear(),
            Defect::NoLinks => {
                for change in &mut batch.changes {
                    if let Change::Put(put) = change {
                        put.links.clear();
                    }
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Store for Broken {
    async fn load(&self) -> Result<State, StoreError> {
        self.inner.load().await
    }

    async fn begin(&self, begin: Begin) -> Result<Generation, StoreError> {
        if self.defect == Defect::Forgets {
            // A full sync that empties the mirror first.
            let state = self.inner.load().await?;
            if let (Some(generation), Some(chain)) = (state.readable, state.chains.first()) {
                let mut batch = Batch::new(generation, Millis(0));
                for row in self.inner.scan(&Scan::all(), Seq::default(), 1000).await? {
                    batch.changes.push(Change::Remove {
                        key: row.key,
                        content_type: None,
                        event_at: "2028-01-01T00:00:00Z".into(),
                    });
                }
                assert_ne!(chain.position, Position::Start);
                self.inner.apply(batch).await?;
            }
        }
        self.inner.begin(begin).await
    }

    async fn apply(&self, mut batch: Batch) -> Result<Applied, StoreError> {
        self.spoil(&mut batch);
        if let (Defect::AnyPosition, Some(advance)) = (self.defect, &mut batch.advance) {
            let state = self.inner.load().await?;
            if let Some(chain) = state
                .chains
                .iter()
                .find(|chain| chain.name == advance.to.name)
            {
                advance.from = chain.position.clone();
            }
        }
        self.inner.apply(batch).await
    }

    async fn prune(&self, before: Millis) -> Result<u64, StoreError> {
        match self.defect {
            Defect::NeverPrunes => Ok(0),
            _ => self.inner.prune(before).await,
        }
    }

    async fn get(&self, key: &Key) -> Result<Option<Row>, StoreError> {
        self.inner.get(key).await
    }

    async fn scan(&self, scan: &Scan, after: Seq, limit: usize) -> Result<Vec<Row>, StoreError> {
        let after = match self.defect {
            Defect::ScansFromTheStart => Seq::default(),
            _ => after,
        };
        self.inner.scan(scan, after, limit).await
    }

    async fn count(&self, scan: &Scan) -> Result<u64, StoreError> {
        self.inner.count(scan).await
    }

    async fn links(&self, key: &Key) -> Result<Vec<Link>, StoreError> {
        self.inner.links(key).await
    }

    async fn referrers(
        &self,
        kind: ObjectKind,
        uid: &Uid,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.referrers(kind, uid, after, limit).await
    }

    async fn changes(&self, since: Seq, limit: usize) -> Result<Changes, StoreError> {
        self.inner.changes(since, limit).await
    }

    async fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.inner.dead_letters(after, limit).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.inner.counts().await
    }

    async fn put_schemas(&self, schemas: Vec<StoredSchema>) -> Result<(), StoreError> {
        self.inner.put_schemas(schemas).await
    }

    async fn schemas(&self) -> Result<Vec<StoredSchema>, StoreError> {
        self.inner.schemas().await
    }

    async fn schema(&self, uid: &ContentTypeUid) -> Result<Option<StoredSchema>, StoreError> {
        self.inner.schema(uid).await
    }

    async fn wanted_downloads(
        &self,
        now: Millis,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<(Row, Option<Download>)>, StoreError> {
        self.inner.wanted_downloads(now, after, limit).await
    }

    async fn note_download(&self, download: Download) -> Result<(), StoreError> {
        match self.defect {
            Defect::NoDownloads => Ok(()),
            _ => self.inner.note_download(download).await,
        }
    }

    async fn stale_downloads(&self, limit: usize) -> Result<Vec<Download>, StoreError> {
        self.inner.stale_downloads(limit).await
    }

    async fn download(&self, url: &str) -> Result<Option<Download>, StoreError> {
        self.inner.download(url).await
    }

    async fn forget_download(&self, url: &str) -> Result<(), StoreError> {
        self.inner.forget_download(url).await
    }
}

#[tokio::test]
async fn each_broken_store_is_found_out() {
    for defect in Defect::ALL {
        let stores = Mutex::new(HashMap::<_, MemoryStore>::new());
        let report = kit::run(async |name| Broken {
            inner: stores.lock().unwrap().entry(name).or_default().clone(),
            defect,
            second: Mutex::new(0),
        })
        .await;
        let failed = report.failed_names();
        assert!(failed.contains(&defect.found_by()), "{defect:?}: {report}");
        assert!(
            failed.len() < kit::names().len() / 2,
            "{defect:?}: {report}"
        );
    }
}

#[tokio::test]
async fn a_store_that_loses_all_when_it_is_closed_is_found_out() {
    let report = kit::run(async |_| MemoryStore::new()).await;
    assert!(report.kept().is_empty(), "{report}");
}
