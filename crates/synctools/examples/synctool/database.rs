//! The database and its models.

use std::sync::Arc;

use synctools::Schema;
use synctools::store::{SqliteStore, Store};

use crate::Result;
use crate::args::Place;

/// Opens the database.
pub(crate) async fn open(place: &Place) -> Result<Arc<dyn Store>> {
    match (&place.db, &place.postgres) {
        (Some(_), Some(_)) => Err("--db or --postgres, and not both".into()),
        (Some(path), None) => Ok(Arc::new(SqliteStore::open(path).await?)),
        (None, Some(url)) => postgres(url).await,
        (None, None) => Err("name a database: --db FILE or --postgres URL".into()),
    }
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(
        synctools::store::PostgresStore::connect(url).await?,
    ))
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str) -> Result<Arc<dyn Store>> {
    Err("--postgres needs the feature postgres".into())
}

/// Reads the models.
pub(crate) fn schema(place: &Place) -> Result<Schema> {
    let Some(path) = &place.schema else {
        return Err("name the models: --schema FILE, from scripts/export_schema.py".into());
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Schema::from_django_json(&text)?)
}
