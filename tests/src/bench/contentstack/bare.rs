//! What a programmer would write without us, with the same parts: hyper, rustls,
//! flate2, serde_json and SQLite.

use std::io::Read as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use bytes::Bytes;
use contentstack_sync::emulator::{ACCESS_TOKEN, API_KEY, ENVIRONMENT};
use flate2::read::GzDecoder;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, params};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::client::Place;
use super::{Result, Run};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    pagination_token: Option<&'a str>,
    sync_token: Option<&'a str>,
}

/// The parts of an item that a row is made of.
#[derive(Deserialize)]
struct Item<'a> {
    r#type: &'a str,
    event_at: &'a str,
    content_type_uid: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Data<'a> {
    uid: &'a str,
    #[serde(borrow)]
    publish_details: Details<'a>,
}

#[derive(Deserialize)]
struct Details<'a> {
    locale: &'a str,
}

struct Client {
    sender: SendRequest<Empty<Bytes>>,
    host: String,
}

impl Client {
    async fn connect(place: &Place<'_>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(place.authority.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, place.port)).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1")?;
        let tls = TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await?;
        let (sender, connection) = http1::handshake(TokioIo::new(tls)).await?;
        // It ends with the process.
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: format!("127.0.0.1:{}", place.port),
        })
    }

    /// One page as text, into `text`, which held another.
    async fn page(&mut self, query: &str, text: &mut Vec<u8>) -> Result<()> {
        let target = format!("/v3/stacks/sync?environment={ENVIRONMENT}&{query}");
        let request = Request::get(target)
            .header("host", &self.host)
            .header("accept-encoding", "gzip")
            .header("api_key", API_KEY)
            .header("access_token", ACCESS_TOKEN)
            .body(Empty::new())?;
        let answer = self.sender.send_request(request).await?;
        if answer.status() != 200 {
            return Err(format!("the server answers {}", answer.status()).into());
        }
        let body = answer.into_body().collect().await?.to_bytes();
        text.clear();
        GzDecoder::new(&body[..]).read_to_end(text)?;
        Ok(())
    }
}

/// All pages, each item as its JSON.
pub(super) async fn stream(place: &Place<'_>) -> Result<Run> {
    let begun = Instant::now();
    let mut client = Client::connect(place).await?;
    let mut text = Vec::new();
    let mut query = "init=true".to_owned();
    let (mut items, mut bytes) = (0, 0);
    loop {
        client.page(&query, &mut text).await?;
        let page: Page<'_> = serde_json::from_slice(&text)?;
        for item in &page.items {
            items += 1;
            bytes += item.get().len();
        }
        query = match (page.pagination_token, page.sync_token) {
            (Some(token), _) => format!("pagination_token={token}"),
            (None, Some(_)) => break,
            (None, None) => return Err("a page without a token".into()),
        };
    }
    std::hint::black_box(bytes);
    Run::until_now(begun.elapsed().as_secs_f64(), items)
}

/// The rows that a mirror has, written page by page with the token after each,
/// as durably as a mirror does. What they are made of is fetched and taken
/// apart outside of the measured time.
pub(super) async fn write(place: &Place<'_>) -> Result<Run> {
    let mut client = Client::connect(place).await?;
    let file = place.folder.join("bare.db");
    let mut connection = Connection::open(&file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE items (kind TEXT, uid TEXT, locale TEXT, content_type TEXT, at TEXT, data TEXT);
         CREATE UNIQUE INDEX items_key ON items (kind, uid, locale);
         CREATE TABLE position (token TEXT);
         INSERT INTO position VALUES ('');",
    )?;
    let mut text = Vec::new();
    let mut query = "init=true".to_owned();
    let (mut items, mut seconds) = (0, 0.0);
    loop {
        client.page(&query, &mut text).await?;
        let page: Page<'_> = serde_json::from_slice(&text)?;
        let mut rows = Vec::with_capacity(page.items.len());
        for item in &page.items {
            let item: Item<'_> = serde_json::from_str(item.get())?;
            let data: Data<'_> = serde_json::from_str(item.data.get())?;
            rows.push((item, data));
        }
        let token = page.pagination_token.or(page.sync_token);
        let begun = Instant::now();
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO items VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
            for (item, data) in &rows {
                insert.execute(params![
                    item.r#type,
                    data.uid,
                    data.publish_details.locale,
                    item.content_type_uid,
                    item.event_at,
                    item.data.get(),
                ])?;
            }
            transaction
                .prepare_cached("UPDATE position SET token = ?1")?
                .execute(params![token])?;
        }
        transaction.commit()?;
        seconds += begun.elapsed().as_secs_f64();
        items += rows.len() as u64;
        match page.pagination_token {
            Some(token) => query = format!("pagination_token={token}"),
            None => break,
        }
    }
    drop(connection);
    super::ours::remove_database(&file);
    Run::until_now(seconds, items)
}
