//! A process that syncs into a file is killed, again and again, and in the end
//! nothing is lost and nothing is there twice.
//!
//! The test starts itself as that process. `CRASH_KILLS` says how often it is
//! killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use contentstack_sync::mirror::Mirror;
use contentstack_sync::store::{Scan, Seq, SqliteStore, Store};
use contentstack_sync::{RateLimit, Stack};
use fastrand::Rng;

use crate::server::Server;
use crate::support::{folder, rows};

const FILE: &str = "CONTENTSTACK_CRASH_FILE";
const ADDRESS: &str = "CONTENTSTACK_CRASH_ADDRESS";

/// Not a test by itself: what is killed.
#[tokio::test]
async fn syncs_until_it_is_killed() {
    let (Ok(file), Ok(address)) = (std::env::var(FILE), std::env::var(ADDRESS)) else {
        return;
    };
    let stack = Stack::builder("blt0key", "cs0token", "production")
        .host(address)
        .rate_limit(RateLimit::unlimited())
        // What is forgotten here stays forgotten.
        .invalid_token_pauses([])
        .build()
        .unwrap();
    let mirror = Mirror::open_sqlite(&file, stack).await.unwrap();
    println!("open");
    let run = mirror
        .sync()
        .on_progress(|progress| println!("page {}", progress.pages_in_run));
    let report = run.await.unwrap();
    assert!(report.complete);
    println!("done");
    // To be killed here, too.
    std::future::pending::<()>().await;
}

/// Serves the model over loopback, a thread for each connection.
fn serve(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = server.clone();
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = server.clone();
            std::thread::spawn(move || talk(&server, stream));
        }
    });
    address
}

fn talk(server: &Server, stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut first = String::new();
        let mut header = String::new();
        reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
        while header != "\r\n" {
            header.clear();
            reader
                .read_line(&mut header)
                .ok()
                .filter(|read| *read > 0)?;
        }
        let (path, query) = first.split(' ').nth(1)?.split_once('?')?;
        let (status, body) = server.state().answer(path, query, None);
        let head = format!(
            "HTTP/1.1 {} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            status.as_u16(),
            body.len()
        );
        writer.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    }
}

/// Ended with the test, also when that fails.
struct Process(Child);

impl Process {
    fn start(file: &Path, address: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::syncs_until_it_is_killed", "--nocapture"])
            .env(FILE, file)
            .env(ADDRESS, address)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Kills it right after so many lines, or when it is done.
    fn kill_after(mut self, lines: usize) -> bool {
        let output = BufReader::new(self.0.stdout.take().unwrap());
        let own = output
            .lines()
            .map(Result::unwrap)
            .filter(|line| line.ends_with("open") || line.starts_with("page") || line == "done");
        own.take(lines).any(|line| line == "done")
        // Dropped here.
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // On Unix this is SIGKILL: nothing in the process hears of it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_point_loses_nothing_and_repeats_nothing() {
    let kills = std::env::var("CRASH_KILLS")
        .ok()
        .and_then(|text| text.parse().ok());
    let kills: usize = kills.unwrap_or(40);
    let folder = folder("crash");
    let file = folder.path().join("mirror.db");
    let server = Server::new(5);
    server.state().manner.page_size = 7;
    let mut rng = Rng::with_seed(11);
    server.edit(|content| {
        for n in 0..150 {
            content.publish("untouched", &format!("bltf{n:015x}"), "en-us");
        }
    });
    let untouched = server.state().content.truth();
    let address = serve(&server);
    let mut reader: (BTreeMap<String, String>, Seq) = Default::default();
    let (mut done, mut was_readable) = (0, false);
    for kill in 0..kills {
        match kill % 10 {
            // What comes now is a delta of some pages.
            1 | 4 | 7 => server.edit(|content| {
                for _ in 0..60 {
                    content.change_something(&mut rng);
                }
            }),
            // A full sync, beside what is there.
            8 if kill > 10 => server.forget_tokens(),
            _ => {}
        }
        done += usize::from(Process::start(&file, &address).kill_after(rng.usize(1..30)));
        let store = SqliteStore::open(&file).await.unwrap();
        was_readable |= store.load().await.unwrap().readable.is_some();
        let all = rows(&store).await;
        if was_readable {
            for (key, data) in &untouched {
                assert_eq!(all.get(key), Some(data), "kill {kill}: {key}");
            }
        } else {
            assert!(all.is_empty(), "kill {kill}: half a mirror");
        }
        let count = store.count(&Scan::all()).await.unwrap();
        assert_eq!(all.len() as u64, count, "kill {kill}: a row twice");
        // Somebody who keeps a copy by the changes.
        let changes = store.changes(reader.1, rng.usize(1..100)).await.unwrap();
        follow(&mut reader, changes);
        store.close().await;
    }
    assert!(
        was_readable && done > 0,
        "it never got anywhere: {done} of {kills}"
    );
    assert!(Process::start(&file, &address).kill_after(usize::MAX));
    let truth = server.state().content.truth();
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(rows(&store).await, truth);
    let changes = store.changes(reader.1, usize::MAX).await.unwrap();
    follow(&mut reader, changes);
    assert_eq!(reader.0, truth);
}

fn follow(
    reader: &mut (BTreeMap<String, String>, Seq),
    changes: contentstack_sync::store::Changes,
) {
    assert!(!changes.expired);
    for change in changes.rows {
        let key = change.key.to_string();
        match change.row {
            Some(row) => reader.0.insert(key, row.data.as_str().to_owned()),
            None => reader.0.remove(&key),
        };
    }
    reader.1 = changes.next;
}
