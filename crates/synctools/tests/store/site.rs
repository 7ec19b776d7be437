//! Databases with the tables of the project that the vectors were taken from.

use std::path::PathBuf;
use std::sync::Arc;

use synctools::Schema;
use synctools::store::{SqliteStore, Store, StoreError, StoreReport, SyncOptions};

use crate::support::{Folder, lab, sync, vector};

/// A database and a store on it.
pub(crate) struct Site {
    pub(crate) schema: Schema,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) db: Database,
}

pub(crate) enum Database {
    Sqlite(Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(crate::server::Database),
}

impl Database {
    pub(crate) fn sqlite(&self) -> &Sqlite {
        match self {
            Self::Sqlite(db) => db,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => panic!("not in SQLite"),
        }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn postgres(&self) -> &crate::server::Database {
        match self {
            Self::Sqlite(_) => panic!("not in PostgreSQL"),
            Self::Postgres(db) => db,
        }
    }
}

pub(crate) struct Sqlite {
    _folder: Folder,
    pub(crate) path: PathBuf,
}

impl Site {
    /// One database of each kind that is there, with these rows.
    pub(crate) async fn all(rows: &[&str]) -> Vec<Self> {
        let mut sites = vec![Self::sqlite(rows).await];
        sites.extend(Self::postgres(rows).await);
        sites
    }

    pub(crate) async fn sqlite(rows: &[&str]) -> Self {
        let folder = Folder::new("sqlite");
        let path = folder.path().join("site.db");
        let db = rusqlite::Connection::open(&path).unwrap();
        let tables = vector("schema/sqlite-py311-dj5.2.1.sql");
        // SQLite makes its own table by itself.
        let tables = tables.replace("CREATE TABLE sqlite_sequence(name,seq);", "");
        db.execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN; {tables}; COMMIT"
        ))
        .unwrap();
        drop(db);
        let store = SqliteStore::open(&path).await.unwrap();
        let db = Sqlite {
            _folder: folder,
            path,
        };
        Self::with(Arc::new(store), Database::Sqlite(db), rows).await
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn postgres(rows: &[&str]) -> Option<Self> {
        let dump = vector("schema/postgres-py311-dj5.2.1.sql");
        // What begins with a backslash is for `psql`.
        let lines = dump.lines().filter(|line| !line.starts_with('\\'));
        let tables: String = lines.flat_map(|line| [line, "\n"]).collect();
        let db = crate::server::Database::new(&tables).await?;
        let store = synctools::store::PostgresStore::connect(db.url())
            .await
            .unwrap();
        Some(Self::with(Arc::new(store), Database::Postgres(db), rows).await)
    }

    #[cfg(not(feature = "postgres"))]
    pub(crate) async fn postgres(_: &[&str]) -> Option<Self> {
        None
    }

    async fn with(store: Arc<dyn Store>, db: Database, rows: &[&str]) -> Self {
        let site = Self {
            schema: lab(),
            store,
            db,
        };
        for id in 1..=10 {
            site.execute(&format!(
                "INSERT INTO django_content_type VALUES ({id}, 'app', 'model{id}')"
            ))
            .await;
        }
        for row in rows {
            site.execute(row).await;
        }
        site
    }

    pub(crate) async fn execute(&self, sql: &str) {
        match &self.db {
            Database::Sqlite(db) => db.open().execute_batch(sql).unwrap(),
            #[cfg(feature = "postgres")]
            Database::Postgres(db) => db.execute(sql).await,
        }
    }

    /// The rows of a query, each with spaces between its columns.
    pub(crate) async fn show(&self, sql: &str) -> Vec<String> {
        match &self.db {
            Database::Sqlite(db) => db.show(sql),
            #[cfg(feature = "postgres")]
            Database::Postgres(db) => db.show(sql).await,
        }
    }

    /// Everything that is in the tables.
    pub(crate) async fn contents(&self) -> Vec<String> {
        let names = match &self.db {
            Database::Sqlite(_) => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
            #[cfg(feature = "postgres")]
            Database::Postgres(_) => {
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            }
        };
        let mut contents = Vec::new();
        for name in self.show(names).await {
            for row in self
                .show(&format!("SELECT * FROM \"{name}\" ORDER BY 1"))
                .await
            {
                contents.push(format!("{name}: {row}"));
            }
        }
        contents
    }

    pub(crate) async fn sync(
        &self,
        body: &str,
        options: SyncOptions,
    ) -> Result<StoreReport, StoreError> {
        sync(&*self.store, &self.schema, body, options).await
    }
}

impl Sqlite {
    pub(crate) fn open(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(&self.path).unwrap();
        db.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF")
            .unwrap();
        db
    }

    fn show(&self, sql: &str) -> Vec<String> {
        use rusqlite::types::ValueRef;

        let db = self.open();
        let mut statement = db.prepare(sql).unwrap();
        let count = statement.column_count();
        let mut found = statement.query([]).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = found.next().unwrap() {
            let columns: Vec<String> = (0..count)
                .map(|at| match row.get_ref(at).unwrap() {
                    ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Null => "null".into(),
                    other => format!("{other:?}"),
                })
                .collect();
            rows.push(columns.join(" "));
        }
        rows
    }
}
