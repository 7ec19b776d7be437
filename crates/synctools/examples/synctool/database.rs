//! The database and its models.

use std::path::Path;
use std::sync::Arc;

use synctools::Schema;
#[cfg(feature = "postgres")]
use synctools::store::PostgresOptions;
use synctools::store::{SqliteStore, Store};

use crate::Result;
use crate::args::Place;

/// Opens the database.
pub(crate) async fn open(place: &Place) -> Result<Arc<dyn Store>> {
    match (&place.db, &place.postgres) {
        (Some(_), Some(_)) => Err("--db or --postgres, and not both".into()),
        (Some(path), None) => Ok(Arc::new(SqliteStore::open(path).await?)),
        (None, Some(url)) => postgres(url, place.postgres_roots.as_deref()).await,
        (None, None) => Err("name a database: --db FILE or --postgres URL".into()),
    }
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str, roots: Option<&Path>) -> Result<Arc<dyn Store>> {
    let options = PostgresOptions::new(url);
    let options = match roots {
        None => options,
        Some(roots) => trust(options, roots)?,
    };
    Ok(Arc::new(options.connect().await?))
}

#[cfg(feature = "postgres-tls")]
fn trust(options: PostgresOptions, roots: &Path) -> Result<PostgresOptions> {
    let pem = std::fs::read(roots).map_err(|error| format!("{}: {error}", roots.display()))?;
    let tls = synctools::TlsConfig::builder().add_root_pem(pem);
    Ok(options.tls(tls.only_added_roots().build()?))
}

#[cfg(all(feature = "postgres", not(feature = "postgres-tls")))]
fn trust(_: PostgresOptions, _: &Path) -> Result<PostgresOptions> {
    Err("--postgres-roots needs the feature postgres-tls".into())
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str, _: Option<&Path>) -> Result<Arc<dyn Store>> {
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
