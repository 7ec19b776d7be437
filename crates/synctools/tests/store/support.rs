//! What the tests of stores share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use synctools::schema::{DecodeOptions, Decoded, Decoder};
use synctools::store::{Store, StoreError, StoreReport, SyncOptions};
use synctools::wire::{Reader, ReaderOptions};
use synctools::{Row, Schema};

/// A folder of its own, gone with it.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("synctools-{name}-{}-{number}", std::process::id());
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

/// A file of the vectors.
pub(crate) fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The models of the project that the vectors were taken from.
pub(crate) fn lab() -> Schema {
    Schema::from_django_json(&vector("schema/django-models-sqlite-dj5.2.1.json")).unwrap()
}

/// The rows of a body.
pub(crate) fn rows(schema: &Schema, body: &str) -> Vec<Row> {
    let mut reader = Reader::new(ReaderOptions::new().not_a_number(true));
    let mut decoder = Decoder::new(schema, DecodeOptions::new());
    let mut rows = Vec::new();
    reader.push(body.as_bytes());
    reader.end();
    while let Some(object) = reader.next_object().unwrap() {
        match decoder.decode(&object).unwrap() {
            Decoded::Row(row) => rows.push(row),
            other => panic!("{other:?}"),
        }
    }
    rows
}

/// Writes the rows of a body as one sync, in small batches.
pub(crate) async fn sync(
    store: &dyn Store,
    schema: &Schema,
    body: &str,
    options: SyncOptions,
) -> Result<StoreReport, StoreError> {
    let mut transaction = store.begin(schema, options).await?;
    let mut rows = rows(schema, body).into_iter().peekable();
    while rows.peek().is_some() {
        transaction.write(rows.by_ref().take(3).collect()).await?;
    }
    transaction.finish().await
}

/// `inserted updated unchanged deleted` of a model.
pub(crate) fn counts(report: &StoreReport, model: &str) -> (u64, u64, u64, u64) {
    let report = report.model(&model.parse().unwrap()).unwrap();
    (
        report.inserted,
        report.updated,
        report.unchanged,
        report.deleted,
    )
}
