//! The suite that every store must pass: all of ours do, and stores that are
//! broken on purpose do not.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use synctools::schema::Introspection;
use synctools::store::{
    Clean, MemoryStore, MissingFields, OnReferenced, Query, Snapshot, Store, StoreError,
    StoreErrorKind, StoreReport, SyncOptions, SyncTransaction, kit,
};
use synctools::{Row, Schema, Value};

#[tokio::test]
async fn memory_keeps_its_promises() {
    kit::run(async |_| MemoryStore::new()).await.assert_kept();
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_keeps_its_promises() {
    use synctools::store::SqliteStore;

    use crate::support::Folder;

    let folder = Folder::new("kit");
    let report = kit::run(async |name| {
        let path = folder.path().join(format!("{name}.db"));
        let db = rusqlite::Connection::open(&path).unwrap();
        // So that a sync can be finished while somebody reads.
        let tables = kit::sqlite_tables();
        db.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; BEGIN; {tables}; COMMIT"
        ))
        .unwrap();
        SqliteStore::open(path).await.unwrap()
    })
    .await;
    report.assert_kept();
    assert_eq!(report.kept().len(), kit::names().len());
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgresql_keeps_its_promises() {
    use synctools::store::PostgresStore;

    let Some(database) = crate::server::Database::new("").await else {
        return;
    };
    let report = kit::run(async |name| {
        // A namespace for each: a database takes longer to make.
        let tables = kit::postgres_tables();
        let sql = format!("CREATE SCHEMA {name}; SET search_path = {name}; {tables}");
        database.execute(&sql).await;
        let url = format!("{} options='-csearch_path={name}'", database.url());
        PostgresStore::connect(url).await.unwrap()
    })
    .await;
    report.assert_kept();
    assert_eq!(report.kept().len(), kit::names().len());
}

/// What a broken store gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defect {
    /// Every batch is made to last at once.
    CommitsBatches,
    /// A dry run is none.
    DryRunsWrite,
    /// References are not checked.
    SwallowsErrors,
    /// Missing fields are always reset.
    AlwaysResets,
    /// Missing fields are never reset.
    NeverResets,
    /// Nothing is ever removed.
    NeverCleans,
    /// What refers to rows that go goes too, unasked.
    AlwaysCascades,
    /// Any number of rows is removed.
    NoGuard,
    /// Many-to-many lists are passed over.
    NoLists,
    /// Empty lists are passed over.
    ListsOnlyGrow,
    /// Of a key that comes twice the first row holds.
    FirstWins,
    /// Rows without a key are passed over.
    NoNewKeys,
    /// Rows that refer to others by natural keys are passed over.
    NoNaturalKeys,
    /// Microseconds are lost.
    CutsTimes,
    /// What has not changed counts as updated.
    CountsEverything,
    /// A snapshot sees what is written later.
    SnapshotMoves,
    /// Conditions are passed over.
    NoFilter,
    /// Orders are passed over.
    NoOrder,
    /// Limits are passed over.
    NoLimit,
    /// The version never changes.
    OneVersion,
}

impl Defect {
    const ALL: [Self; 20] = [
        Self::CommitsBatches,
        Self::DryRunsWrite,
        Self::SwallowsErrors,
        Self::AlwaysResets,
        Self::NeverResets,
        Self::NeverCleans,
        Self::AlwaysCascades,
        Self::NoGuard,
        Self::NoLists,
        Self::ListsOnlyGrow,
        Self::FirstWins,
        Self::NoNewKeys,
        Self::NoNaturalKeys,
        Self::CutsTimes,
        Self::CountsEverything,
        Self::SnapshotMoves,
        Self::NoFilter,
        Self::NoOrder,
        Self::NoLimit,
        Self::OneVersion,
    ];

    /// A behaviour that must find it.
    fn found_by(self) -> &'static str {
        match self {
            Self::CommitsBatches => "a_sync_is_not_seen_before_it_is_finished",
            Self::DryRunsWrite => "a_dry_run_reports_and_leaves_nothing",
            Self::SwallowsErrors => "an_error_leaves_nothing",
            Self::AlwaysResets => "only_fields_that_came_are_updated",
            Self::NeverResets => "missing_fields_get_their_defaults_if_that_is_asked_for",
            Self::NeverCleans => "stale_rows_of_models_that_came_go",
            Self::AlwaysCascades => "rows_that_others_need_are_not_removed",
            Self::NoGuard => "too_many_rows_are_not_removed",
            Self::NoLists => "a_list_replaces_the_one_before",
            Self::ListsOnlyGrow => "a_list_replaces_the_one_before",
            Self::FirstWins => "a_key_that_comes_twice_has_the_last_value_of_each_field",
            Self::NoNewKeys => "a_row_without_a_key_gets_one_that_nobody_has",
            Self::NoNaturalKeys => "a_natural_key_is_the_row_that_has_it",
            Self::CutsTimes => "every_kind_of_value_comes_back",
            Self::CountsEverything => "what_is_as_it_came_is_not_updated",
            Self::SnapshotMoves => "a_snapshot_stays_as_it_is",
            Self::NoFilter => "rows_are_chosen_by_conditions",
            Self::NoOrder => "rows_come_in_an_order",
            Self::NoLimit => "a_part_of_the_rows_comes_with_its_lists",
            Self::OneVersion => "a_change_changes_the_version",
        }
    }
}

#[derive(Debug)]
struct Broken {
    inner: MemoryStore,
    defect: Defect,
}

#[async_trait]
impl Store for Broken {
    async fn begin(
        &self,
        schema: &Schema,
        mut options: SyncOptions,
    ) -> Result<Box<dyn SyncTransaction>, StoreError> {
        match self.defect {
            Defect::DryRunsWrite => options.dry_run = false,
            Defect::AlwaysResets => options.missing_fields = MissingFields::DjangoDefaults,
            Defect::NeverResets => options.missing_fields = MissingFields::Keep,
            Defect::NeverCleans => options.clean = Clean::No,
            Defect::AlwaysCascades => options.on_referenced = OnReferenced::Cascade,
            Defect::NoGuard => options.max_delete_ratio = None,
            _ => {}
        }
        Ok(Box::new(BrokenSync {
            inner: Some(self.inner.begin(schema, options.clone()).await?),
            store: self.inner.clone(),
            defect: self.defect,
            schema: schema.clone(),
            options,
            seen: HashSet::new(),
        }))
    }

    async fn snapshot(&self, schema: &Schema) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(BrokenSnapshot {
            inner: self.inner.snapshot(schema).await?,
            store: Arc::new(Mutex::new(self.inner.clone())),
            schema: schema.clone(),
            defect: self.defect,
        }))
    }

    async fn introspect(&self) -> Result<Introspection, StoreError> {
        self.inner.introspect().await
    }
}

#[derive(Debug)]
struct BrokenSync {
    inner: Option<Box<dyn SyncTransaction>>,
    store: MemoryStore,
    defect: Defect,
    schema: Schema,
    options: SyncOptions,
    seen: HashSet<String>,
}

impl BrokenSync {
    fn spoil(&mut self, batch: &mut Vec<Row>) {
        match self.defect {
            Defect::NoLists | Defect::ListsOnlyGrow => {
                let all = self.defect == Defect::NoLists;
                for row in batch {
                    for list in row.many_to_many_mut() {
                        if all || list.as_ref().is_some_and(Vec::is_empty) {
                            *list = None;
                        }
                    }
                }
            }
            Defect::FirstWins => batch.retain(|row| {
                row.pk().is_none()
                    || self
                        .seen
                        .insert(format!("{:?} {:?}", row.model(), row.pk()))
            }),
            Defect::NoNewKeys => batch.retain(|row| row.pk().is_some()),
            Defect::NoNaturalKeys => batch.retain(|row| {
                let mut values = row.values().iter().flatten();
                values.all(|value| !matches!(value, Value::NaturalKey(_)))
            }),
            Defect::CutsTimes => {
                for value in batch.iter_mut().flat_map(|row| row.values_mut()) {
                    if let Some(Value::DateTime(time)) = value {
                        let cut = time.wall_micros() / 1000 * 1000;
                        let cut = synctools::value::DateTime::from_wall(cut, time.offset());
                        *time = cut.unwrap();
                    }
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl SyncTransaction for BrokenSync {
    async fn write(&mut self, mut batch: Vec<Row>) -> Result<(), StoreError> {
        self.spoil(&mut batch);
        let closed = || StoreError::new(StoreErrorKind::Closed, "");
        let mut sync = self.inner.take().ok_or_else(closed)?;
        sync.write(batch).await?;
        if self.defect == Defect::CommitsBatches {
            sync.finish().await?;
            sync = self.store.begin(&self.schema, self.options.clone()).await?;
        }
        self.inner = Some(sync);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<StoreReport, StoreError> {
        let closed = || StoreError::new(StoreErrorKind::Closed, "");
        let sync = self.inner.take().ok_or_else(closed)?;
        let mut report = match sync.finish().await {
            Err(error)
                if self.defect == Defect::SwallowsErrors
                    && error.kind() == StoreErrorKind::ForeignKey =>
            {
                StoreReport::default()
            }
            result => result?,
        };
        if self.defect == Defect::CountsEverything {
            for model in &mut report.models {
                model.updated += std::mem::take(&mut model.unchanged);
            }
        }
        Ok(report)
    }

    async fn rollback(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Debug)]
struct BrokenSnapshot {
    inner: Box<dyn Snapshot>,
    store: Arc<Mutex<MemoryStore>>,
    schema: Schema,
    defect: Defect,
}

#[async_trait]
impl Snapshot for BrokenSnapshot {
    async fn select(&mut self, mut query: Query) -> Result<(), StoreError> {
        match self.defect {
            Defect::SnapshotMoves => {
                let store = self.store.lock().unwrap().clone();
                self.inner = store.snapshot(&self.schema).await?;
            }
            Defect::NoFilter => query.filter.clear(),
            Defect::NoOrder => query.order.clear(),
            Defect::NoLimit => query.limit = None,
            _ => {}
        }
        self.inner.select(query).await
    }

    async fn next(&mut self) -> Result<Option<Vec<Row>>, StoreError> {
        self.inner.next().await
    }

    fn version(&self) -> Option<&str> {
        match self.defect {
            Defect::OneVersion => Some("1"),
            _ => self.inner.version(),
        }
    }
}

#[tokio::test]
async fn broken_stores_are_found_out() {
    for defect in Defect::ALL {
        let open = async |_| Broken {
            inner: MemoryStore::new(),
            defect,
        };
        let report = kit::run_some(|name| name == defect.found_by(), open).await;
        assert_eq!(report.failed_names(), [defect.found_by()], "{defect:?}");
    }
}
