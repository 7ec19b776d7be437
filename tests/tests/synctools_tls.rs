//! Encrypted connections to a PostgreSQL server, which says itself what they are.

use std::sync::Arc;
use std::time::Duration;

use sync_tests::Result;
use sync_tests::contentstack::Authority;
use synctools::route::Route;
use synctools::schema::{FieldBuilder, FieldKind, ModelBuilder};
use synctools::store::{
    MemoryStore, PostgresOptions, PostgresStore, Store, StoreError, StoreErrorKind, SyncOptions,
};
use synctools::{Client, Row, Schema, Secret, TlsConfig, Value};
use xtask::peers::postgresql::{Cluster, Durability, Tls, USER, execute, present_or_skip};

const PASSWORD: &str = "hunter2";
/// The only name that the server's certificate has, beside its address.
const HOST: &str = "db.test";

struct Server {
    cluster: Cluster,
    authority: Authority,
}

impl Server {
    /// Starts one; none where a test is to be skipped.
    fn start() -> Result<Option<Self>> {
        if !present_or_skip()? {
            return Ok(None);
        }
        let authority = Authority::new()?;
        let (certificate, key) = authority.issue(&[HOST, "127.0.0.1"])?;
        let tls = Tls {
            certificate: &certificate.pem(),
            key: &key.serialize_pem(),
            password: PASSWORD,
        };
        let cluster = Cluster::start_with_tls(Durability::Process, tls)?;
        Ok(Some(Self { cluster, authority }))
    }

    fn execute(&self, sql: &str) -> Result<String> {
        Ok(execute(&self.cluster.url(USER), sql)?)
    }

    /// How it is connected to as `host`.
    fn place(&self, host: &str, more: &str) -> PostgresOptions {
        let port = self.cluster.port().unwrap_or_default();
        PostgresOptions::new(format!(
            "host={host} hostaddr=127.0.0.1 port={port} user={USER} password={PASSWORD} \
             dbname={USER} {more}"
        ))
    }

    /// What tells whom to trust: this server.
    fn trust(&self) -> Result<TlsConfig> {
        trust(self.authority.pem())
    }

    /// What the server says of every connection of a store.
    fn sessions(&self) -> Result<Vec<String>> {
        let lines = self.execute(
            "SELECT a.pid, s.ssl, s.version FROM pg_stat_ssl s JOIN pg_stat_activity a \
             USING (pid) WHERE a.application_name = 'synctools'",
        )?;
        Ok(lines.lines().map(str::to_owned).collect())
    }

    fn are_encrypted(&self) -> Result<bool> {
        let sessions = self.sessions()?;
        let is_encrypted = |line: &String| line.contains("|t|TLSv1.");
        Ok(!sessions.is_empty() && sessions.iter().all(is_encrypted))
    }

    fn are_in_the_clear(&self) -> Result<bool> {
        let sessions = self.sessions()?;
        Ok(!sessions.is_empty() && sessions.iter().all(|line| line.ends_with("|f|")))
    }

    /// Ends every connection of a store.
    fn hang_up(&self) -> Result<()> {
        let ended = self.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
             WHERE application_name = 'synctools'",
        )?;
        assert_eq!(ended, "t\n");
        Ok(())
    }

    async fn set(&self, name: &str, value: &str) -> Result<()> {
        self.execute(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        self.execute("SELECT pg_reload_conf()")?;
        while self.execute(&format!("SHOW {name}"))?.trim() != value {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn turn_tls_off(&self) -> Result<()> {
        self.set("ssl", "off").await
    }

    /// Has it look at the certificates of its clients.
    async fn ask_clients(&self) -> Result<()> {
        let data = self.execute("SHOW data_directory")?;
        let file = format!("{}/clients.pem", data.trim());
        self.execute(&format!(
            "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO '{file}'",
            self.authority.pem().trim()
        ))?;
        self.set("ssl_ca_file", &file).await
    }
}

fn trust(root: &str) -> Result<TlsConfig> {
    let tls = TlsConfig::builder().add_root_pem(root);
    Ok(tls.only_added_roots().build()?)
}

/// Why nobody gets in; the password is not told.
async fn refusal(options: PostgresOptions) -> Result<StoreError> {
    let Err(error) = options.connect().await else {
        return Err("connected".into());
    };
    let mut told = format!("{error} {error:?}");
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = next {
        told.push_str(&cause.to_string());
        next = cause.source();
    }
    assert!(!told.contains(PASSWORD), "{told}");
    Ok(error)
}

fn schema() -> Result<Schema> {
    Ok(Schema::builder()
        .model(ModelBuilder::new("blog.author").field("name", FieldKind::Text))
        .model(
            ModelBuilder::new("blog.post")
                .field("title", FieldKind::Text)
                .with(FieldBuilder::foreign_key("author", "blog.author")),
        )
        .build()?)
}

/// Makes the tables, and syncs both into them.
async fn sync(server: &Server, store: PostgresStore) -> Result<()> {
    server.execute(
        "CREATE TABLE blog_author (id serial PRIMARY KEY, name text NOT NULL); \
         CREATE TABLE blog_post (id serial PRIMARY KEY, title text NOT NULL, author_id integer \
         NOT NULL REFERENCES blog_author (id))",
    )?;
    let schema = schema()?;
    let source = MemoryStore::new();
    let mut filling = source.begin(&schema, SyncOptions::new()).await?;
    for (label, values) in [
        ("blog.author", vec![Value::Int(1), Value::text("Ada")]),
        (
            "blog.post",
            vec![Value::Int(7), Value::text("Notes"), Value::Int(1)],
        ),
    ] {
        let model = schema.model(label).ok_or(label)?;
        let mut row = Row::new(model);
        for (field, value) in model.fields().iter().zip(values) {
            row.set(field.index(), value);
        }
        filling.write(vec![row]).await?;
    }
    filling.finish().await?;
    let route = Route::builder(Arc::new(source), schema.clone())
        .token("sekret-token")
        .prefix("/sync/")
        .app("blog", "blog")
        .build()?
        .listen(([127, 0, 0, 1], 0).into())
        .await?;
    let client = Client::builder()
        .api_url(format!("http://{}/sync/", route.address()))
        .token("sekret-token")
        .schema(schema)
        .store(store)
        .build()?;
    let report = client.sync("blog").await?;
    assert_eq!(report.inserted(), 2);
    let rows = server.execute(
        "SELECT p.id, title, a.name FROM blog_post p JOIN blog_author a ON a.id = author_id",
    )?;
    assert_eq!(rows, "7|Notes|Ada\n");
    assert!(server.are_encrypted()?, "{:?}", server.sessions()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_synced_over_tls_and_the_password_is_bound_to_it() -> Result<()> {
    let Some(server) = Server::start()? else {
        return Ok(());
    };
    // The server lets in who proves to see its own certificate, and the client
    // insists on that.
    let options = server.place(HOST, "sslmode=verify-full channel_binding=require");
    let store = options.tls(server.trust()?).connect().await?;
    sync(&server, store).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_encrypted_stays_so_after_a_connection_is_lost() -> Result<()> {
    let Some(server) = Server::start()? else {
        return Ok(());
    };
    // No `sslmode` at all: whom to trust is said.
    let options = server.place(HOST, "").tls(server.trust()?);
    let store = options.connect().await?;
    let before = server.sessions()?;
    assert!(server.are_encrypted()?, "{before:?}");
    server.hang_up()?;
    // It may be noticed only now.
    let _ = store.introspect().await;
    store.introspect().await?;
    assert!(server.are_encrypted()?, "{:?}", server.sessions()?);
    assert_ne!(server.sessions()?, before);
    // And is refused when the server has no TLS any more.
    server.turn_tls_off().await?;
    server.hang_up()?;
    let _ = store.introspect().await;
    let Err(error) = store.introspect().await else {
        panic!("in the clear: {:?}", server.sessions()?);
    };
    assert_eq!(error.kind(), StoreErrorKind::Tls, "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_verified_as_a_name_is() -> Result<()> {
    let Some(server) = Server::start()? else {
        return Ok(());
    };
    let port = server.cluster.port().unwrap_or_default();
    for place in [
        format!(
            "postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/{USER}?sslmode=verify-ca&\
             application_name=synctools"
        ),
        format!("hostaddr=127.0.0.1 port={port} user={USER} password={PASSWORD} sslmode=prefer"),
    ] {
        let options = PostgresOptions::new(place).tls(server.trust()?);
        let store = options.connect().await?;
        assert!(server.are_encrypted()?, "{:?}", server.sessions()?);
        drop(store);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_trusted_is_not_spoken_to() -> Result<()> {
    let Some(server) = Server::start()? else {
        return Ok(());
    };
    let other = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    let other = trust(&other.cert.pem())?;
    for more in ["sslmode=require", "sslmode=verify-full", ""] {
        let error = refusal(server.place(HOST, more).tls(other.clone())).await?;
        assert_eq!(error.kind(), StoreErrorKind::Tls, "{error:?}");
        let said = error.to_string();
        assert!(
            said.contains("UnknownIssuer") && said.contains("add the root"),
            "{said}"
        );
        assert!(said.contains("`PostgresOptions::tls`"), "{said}");

        let error = refusal(server.place("other.test", more).tls(server.trust()?)).await?;
        assert_eq!(error.kind(), StoreErrorKind::Tls, "{error:?}");
        let said = error.to_string();
        assert!(said.contains("other.test") && said.contains(HOST), "{said}");

        // The roots of the system, and none in the clear instead.
        let error = refusal(server.place(HOST, more)).await?;
        assert_eq!(error.kind(), StoreErrorKind::Tls, "{error:?}");
    }
    // One that has the name of the right one.
    let namesake = trust(Authority::new()?.pem())?;
    let error = refusal(server.place(HOST, "").tls(namesake)).await?;
    assert_eq!(error.kind(), StoreErrorKind::Tls, "{error:?}");

    let error = refusal(server.place("no_name..test", "").tls(server.trust()?)).await?;
    assert_eq!(error.kind(), StoreErrorKind::Tls, "{error:?}");
    assert_eq!(server.sessions()?, [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_shown_who_we_are() -> Result<()> {
    let Some(server) = Server::start()? else {
        return Ok(());
    };
    server.ask_clients().await?;
    let shown = |authority: &Authority| -> Result<PostgresOptions> {
        let (certificate, key) = authority.issue(&["client.test"])?;
        let key = Secret::new(key.serialize_pem());
        let tls = TlsConfig::builder()
            .add_root_pem(server.authority.pem())
            .only_added_roots()
            .client_certificate_pem(certificate.pem(), &key);
        Ok(server.place(HOST, "").tls(tls.build()?))
    };
    let store = shown(&server.authority)?.connect().await?;
    let seen = server.execute("SELECT client_dn FROM pg_stat_ssl WHERE client_dn IS NOT NULL")?;
    assert!(seen.contains("a server for tests"), "{seen}");
    drop(store);
    // The server hangs up at once: sometimes before why was read.
    let error = refusal(shown(&Authority::new()?)?).await?;
    let kinds = [StoreErrorKind::Tls, StoreErrorKind::Io];
    assert!(kinds.contains(&error.kind()), "{error:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_only_where_it_is_demanded() -> Result<()> {
    let Some(server) = Server::start()? else {
        return Ok(());
    };
    server.turn_tls_off().await?;
    for options in [
        server.place(HOST, "sslmode=require"),
        server
            .place(HOST, "sslmode=verify-full")
            .tls(server.trust()?),
        server.place(HOST, "").tls(server.trust()?),
    ] {
        let error = refusal(options).await?;
        assert_eq!(error.kind(), StoreErrorKind::Tls, "{error:?}");
        let said = error.to_string();
        assert!(said.contains("the server has no TLS"), "{said}");
    }
    let store = server.place(HOST, "sslmode=prefer").connect().await?;
    assert!(server.are_in_the_clear()?, "{:?}", server.sessions()?);
    drop(store);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_can_be_turned_off() -> Result<()> {
    let Some(server) = Server::start()? else {
        return Ok(());
    };
    for options in [
        server.place("other.test", "sslmode=disable"),
        server.place(HOST, "sslmode=disable").tls(server.trust()?),
        // A socket of this machine has no TLS.
        PostgresOptions::new(format!("{}?sslmode=require", server.cluster.url(USER))),
    ] {
        let store = options.connect().await?;
        assert!(server.are_in_the_clear()?, "{:?}", server.sessions()?);
        drop(store);
    }
    Ok(())
}
