//! Databases on a PostgreSQL server that is there for tests.

use tokio_postgres::{Client, Config, NoTls};

/// Where a server is told of: the connection string of a superuser.
const VARIABLE: &str = "SYNCTOOLS_POSTGRES_URL";

/// A database of its own, gone with it.
pub(crate) struct Database {
    name: String,
    server: String,
    client: Client,
}

impl Database {
    /// Makes a database with these tables; none if there is no server.
    pub(crate) async fn new(tables: &str) -> Option<Self> {
        use std::sync::atomic::{AtomicU32, Ordering};

        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(VARIABLE) else {
            eprintln!("skipped for PostgreSQL: {VARIABLE} names no server");
            return None;
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("synctools_{}_{number}", std::process::id());
        let admin = connect(server.parse().unwrap()).await;
        admin
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let load = connect(config(&server, &name)).await;
        load.batch_execute(tables).await.unwrap();
        Some(Self {
            client: connect(config(&server, &name)).await,
            name,
            server,
        })
    }

    /// Its connection string.
    pub(crate) fn url(&self) -> String {
        let config: Config = self.server.parse().unwrap();
        let host = match &config.get_hosts()[0] {
            tokio_postgres::config::Host::Tcp(host) => host.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(path) => path.to_str().unwrap().to_owned(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let user = config.get_user().unwrap_or("postgres");
        let mut url = format!(
            "host='{host}' port={port} user='{user}' dbname='{}'",
            self.name
        );
        if let Some(password) = config.get_password() {
            let password = std::str::from_utf8(password).unwrap();
            url.push_str(&format!(" password='{password}'"));
        }
        url
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    #[cfg(feature = "sqlite")]
    pub(crate) async fn show(&self, sql: &str) -> Vec<String> {
        let messages = self.client.simple_query(sql).await.unwrap();
        messages
            .into_iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    let columns = (0..row.len()).map(|at| row.get(at).unwrap_or("null"));
                    Some(columns.collect::<Vec<_>>().join(" "))
                }
                _ => None,
            })
            .collect()
    }

    /// The rows of a query, by name.
    #[cfg(feature = "sqlite")]
    pub(crate) async fn objects(&self, sql: &str) -> Vec<serde_json::Value> {
        let sql = format!("SELECT to_jsonb(t) FROM ({sql}) t");
        let rows = self.show(&sql).await;
        rows.iter()
            .map(|row| serde_json::from_str(row).unwrap())
            .collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let admin = connect(server.parse().unwrap()).await;
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                admin.batch_execute(&sql).await
            })
        });
        let _ = dropped.join();
    }
}

fn config(server: &str, name: &str) -> Config {
    let mut config: Config = server.parse().unwrap();
    config.dbname(name);
    config
}

async fn connect(config: Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
