//! What is synced from: a file, or our route on a database. Each is a process of
//! its own that ends with its input.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

use synctools::Schema;
use synctools::route::{ModelOrder, Route};
use synctools::wire::Profile;

use super::Result;
use super::client::PATH;
use crate::bench::served::tell;
use crate::synctools::{Backend, TOKEN, store};

/// Answers every request with a file, which it has in memory.
pub(super) fn serve_file(path: &Path) -> Result<()> {
    let body = std::fs::read(path)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    tell(listener.local_addr()?.port())?;
    for stream in listener.incoming() {
        // Whoever goes away early has failed, and says so itself.
        let _ = answer(stream?, &body);
    }
    Ok(())
}

fn answer(mut stream: TcpStream, body: &[u8]) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    Ok(())
}

/// Serves the app with the many rows, as Django 2.2 writes them.
pub(super) fn serve_route(schema: &Path, database: &str) -> Result<()> {
    let schema = Schema::from_django_json(&std::fs::read_to_string(schema)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Route::builder(store(Backend::Sqlite, database).await?, schema)
            .token(TOKEN)
            .prefix("/sync/")
            .app(PATH, "big")
            .profile(Profile::Django2)
            .order(ModelOrder::Declared)
            .build()?
            .listen((Ipv4Addr::LOCALHOST, 0).into())
            .await?;
        tell(server.address().port())?;
        std::future::pending().await
    })
}
