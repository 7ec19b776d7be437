//! Our client and our routes on the project's databases.

use std::path::Path;
use std::sync::Arc;

use synctools::images::Media;
use synctools::route::{ModelOrder, Route, RouteBuilder, Server};
use synctools::store::{PostgresStore, SqliteStore, Store};
use synctools::wire::Profile;
use synctools::{Client, Schema};

use super::{Backend, Database, Django, TOKEN};
use crate::Result;

/// The apps whose models are in every database.
pub const APPS: [&str; 2] = ["catalog", "knots"];

/// The store of a database.
///
/// # Errors
///
/// When there is no database.
pub async fn store(backend: Backend, place: &str) -> Result<Arc<dyn Store>> {
    Ok(match backend {
        Backend::Sqlite => Arc::new(SqliteStore::open(place).await?),
        Backend::Postgres => Arc::new(PostgresStore::connect(place).await?),
    })
}

/// What a database that Django has made looks like.
#[derive(Debug)]
pub struct Ours {
    /// The models, as the project says them itself.
    pub schema: Schema,
    /// The database.
    pub store: Arc<dyn Store>,
    /// Where files of images are put.
    media: std::path::PathBuf,
}

impl Ours {
    /// Our side of a database.
    ///
    /// # Errors
    ///
    /// When the project does not say what its models are, or there is no
    /// database.
    pub async fn on(django: Django, database: &Database, apps: &[&str]) -> Result<Self> {
        let schema = django.exported_schema(database, apps)?;
        Ok(Self {
            schema: Schema::from_django_json(&schema)?,
            store: store(database.backend(), &database.place()).await?,
            media: database.media(),
        })
    }

    /// A client that writes into it.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn client(&self, api_url: &str) -> Result<Client> {
        Ok(Client::builder()
            .api_url(api_url)
            .token(TOKEN)
            .schema(self.schema.clone())
            .store(Arc::clone(&self.store))
            .build()?)
    }

    /// One that also fetches images.
    ///
    /// # Errors
    ///
    /// When a URL is none.
    pub fn client_with_media(&self, api_url: &str, media_url: &str) -> Result<Client> {
        let media: &Path = &self.media;
        Ok(Client::builder()
            .api_url(api_url)
            .token(TOKEN)
            .schema(self.schema.clone())
            .store(Arc::clone(&self.store))
            .media(Media::new(media_url, media))
            .build()?)
    }

    /// A route that serves every app of the schema at `app/` and its label.
    pub fn route(&self) -> RouteBuilder {
        let mut route = Route::builder(Arc::clone(&self.store), self.schema.clone())
            .token(TOKEN)
            .prefix("/sync/");
        let mut apps: Vec<&str> = self.schema.models().iter().map(|m| m.app_label()).collect();
        apps.dedup();
        for app in apps {
            route = route.app(format!("app/{app}"), app);
        }
        route
    }

    /// A route that answers with Django's own bytes.
    pub fn route_like(&self, django: Django) -> RouteBuilder {
        let profile = match django {
            Django::V2_2 => Profile::Django2,
            Django::V5_2 => Profile::Django5,
        };
        self.route().profile(profile).order(ModelOrder::Declared)
    }
}

/// Serves a route on a port of the system's choosing: the server, and the URL of
/// its paths.
///
/// # Errors
///
/// When the route cannot be, or there is no port.
pub async fn listen(route: RouteBuilder) -> Result<(Server, String)> {
    let server = route.build()?.listen(([127, 0, 0, 1], 0).into()).await?;
    let url = format!("http://{}/sync/", server.address());
    Ok((server, url))
}

/// Fetches a body with curl's simplicity: the bytes of an answer with 200.
///
/// # Errors
///
/// When there is no such answer.
pub async fn fetch(url: &str) -> Result<Vec<u8>> {
    use base64::Engine as _;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let rest = url.strip_prefix("http://").ok_or("no HTTP")?;
    let (host, path) = rest.split_once('/').ok_or("no path")?;
    let mut stream = tokio::net::TcpStream::connect(host).await?;
    let token = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:"));
    let request =
        format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Basic {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let head = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or("no head")?;
    let body = answer.split_off(head + 4);
    if !answer.starts_with(b"HTTP/1.0 200") && !answer.starts_with(b"HTTP/1.1 200") {
        return Err(String::from_utf8_lossy(&answer).into_owned().into());
    }
    Ok(body)
}
