//! Readers of a feed, each in a process of its own.

use std::fs::{self, File};
use std::hint::black_box;
use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use hyper::body::Frame;
use ocss::SyncServerApi;
use ocss::atom::ReadOptions;
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Body, Transport, TransportError};
use tokio::time::Instant;

use super::bare;
use crate::Result;
use crate::cost::Cost;

/// Read at a time.
const CHUNK: usize = 64 << 10;

const URL: &str = "https://api.obexcode.com/v2/services/datastore/my-datastore-client-id/content/";

/// How a feed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Our reader, everything kept.
    Collected,
    /// quick-xml alone, everything kept.
    Bare,
    /// Our reader, entry by entry from the file, nothing kept.
    Streamed,
    /// The same through the client: `stream()` of a collection whose answer is
    /// that file.
    Client,
    /// Not at all: what a process needs anyway.
    Idle,
}

impl Way {
    pub(super) const ALL: [Self; 5] = [
        Self::Collected,
        Self::Bare,
        Self::Streamed,
        Self::Client,
        Self::Idle,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Collected => "collected",
            Self::Bare => "bare",
            Self::Streamed => "streamed",
            Self::Client => "client",
            Self::Idle => "idle",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        Ok(found.ok_or_else(|| format!("there is no way `{name}`"))?)
    }
}

/// Reads the feed and sees that it has this many entries.
pub(super) fn read(way: Way, file: &Path, entries: usize) -> Result<Cost> {
    let (seconds, found) = match way {
        Way::Collected => {
            let document = fs::read(file)?;
            let begun = Instant::now();
            let feed = ReadOptions::new(URL).feed(&document)?;
            (begun.elapsed(), black_box(&feed).entries.len())
        }
        Way::Bare => {
            let document = fs::read_to_string(file)?;
            let begun = Instant::now();
            let all = bare::read(&document)?;
            (begun.elapsed(), black_box(&all).len())
        }
        Way::Streamed => {
            let begun = Instant::now();
            let found = by_reader(file)?;
            (begun.elapsed(), found)
        }
        Way::Client => {
            let begun = Instant::now();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let found = runtime.block_on(through_client(file))?;
            (begun.elapsed(), found)
        }
        Way::Idle => (std::time::Duration::ZERO, entries),
    };
    if found != entries {
        return Err(format!("{}: {found} of {entries} entries", way.name()).into());
    }
    Cost::until_now(seconds.as_secs_f64(), fs::metadata(file)?.len())
}

fn by_reader(file: &Path) -> Result<usize> {
    let mut file = File::open(file)?;
    let mut reader = ReadOptions::new(URL).reader();
    let mut chunk = vec![0; CHUNK];
    let mut found = 0;
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            reader.finish()?;
        } else {
            reader.push(&chunk[..read])?;
        }
        while let Some(item) = reader.next_item()? {
            found += usize::from(black_box(item).into_entry().is_some());
        }
        if read == 0 {
            return Ok(found);
        }
    }
}

/// Answers everything with the file, piece by piece.
#[derive(Debug)]
struct FromFile(PathBuf);

#[async_trait]
impl Transport for FromFile {
    async fn send(
        &self,
        _: http::Request<Body>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let failed = |error: io::Error| {
            TransportError::new(TransportErrorKind::Body, Delivery::NotSent).with_source(error)
        };
        let file = File::open(&self.0).map_err(failed)?;
        Ok(http::Response::new(Body::from_http_body(Pieces(file))))
    }
}

struct Pieces(File);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let mut piece = vec![0; CHUNK];
        let read = self.0.read(&mut piece);
        Poll::Ready(match read {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some(Ok(Frame::data(piece.into())))
            }
            Err(error) => Some(Err(error)),
        })
    }
}

async fn through_client(file: &Path) -> Result<usize> {
    let transport = FromFile(file.to_owned());
    let api = SyncServerApi::builder().transport(transport).build()?;
    let mut members = api.phones().models().stream();
    let mut found = 0;
    while let Some(member) = members.try_next().await? {
        black_box(member);
        found += 1;
    }
    Ok(found)
}
