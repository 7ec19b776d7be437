//! The same calls by several callers.

use std::process::{Child, Stdio};

use simperium::emulator::Emulator;
use tokio::time::Instant;

use super::bare::Bare;
use super::ours;
use super::socket::Socket;
use crate::Result;
use crate::bench::core::Cores;
use crate::cost::Cost;

/// Whose bucket it is.
pub(super) const TOKEN: &str = "lab-bench";
/// About the size of a note.
const SIZE: usize = 300;

/// Who calls, in a process of this program. Simperium3 is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Caller {
    /// A socket, see [`Socket`].
    Floor,
    /// hyper, see [`Bare`].
    Hyper,
    /// This project's client.
    Ours,
}

impl Caller {
    pub(super) const ALL: [Self; 3] = [Self::Floor, Self::Hyper, Self::Ours];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Hyper => "bare hyper",
            Self::Ours => "ours",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|caller| caller.name() == name);
        Ok(found.ok_or_else(|| format!("there is no caller `{name}`"))?)
    }
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// A new value for a key of one entity, so many times.
    Set,
    /// One entity, so many times.
    Get,
    /// All pages of an index with so many entries.
    Index,
    /// The same with data.
    IndexData,
    /// Nothing.
    Idle,
}

impl Way {
    pub(super) const ALL: [Self; 5] = [
        Self::Set,
        Self::Get,
        Self::Index,
        Self::IndexData,
        Self::Idle,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Get => "get",
            Self::Index => "index",
            Self::IndexData => "index-data",
            Self::Idle => "idle",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|way| way.name() == name);
        Ok(found.ok_or_else(|| format!("there is no way `{name}`"))?)
    }

    /// Whether the floor means something: it doesn't decode pages.
    pub(super) const fn has_floor(self) -> bool {
        matches!(self, Self::Set | Self::Get)
    }

    /// Whether it is so many calls, or one of so many entries.
    pub(super) const fn is_repeated(self) -> bool {
        matches!(self, Self::Set | Self::Get)
    }
}

pub(super) fn call(caller: Caller, way: Way, host: &str, count: u32) -> Result<Cost> {
    match caller {
        Caller::Floor => floor(way, host, count),
        Caller::Hyper => hyper(way, host, count),
        Caller::Ours => ours::call(way, host, count),
    }
}

/// What is asked for, as this project's client asks for it, so that the server
/// has the same work: method, path with query, and body.
fn request(way: Way, number: u32) -> Result<(&'static str, String, String)> {
    match way {
        Way::Set => {
            let value = value(number);
            let target = format!(
                "/1/bench/note/i/floor?clientid=rs-{:032x}&ccid={value:032x}",
                1
            );
            Ok(("POST", target, format!("{{\"n\":{value}}}")))
        }
        Way::Get => Ok(("GET", "/1/bench/note/i/k0".to_owned(), String::new())),
        Way::Index | Way::IndexData | Way::Idle => Err("there is no floor".into()),
    }
}

/// The headers that this project's client sends beside `Host`, the token, and a
/// length.
pub(super) fn headers(has_body: bool) -> &'static [(&'static str, &'static str)] {
    const TYPED: &[(&str, &str)] = &[
        ("content-type", "application/json"),
        ("user-agent", "simperium-rust/0.1.0"),
        ("accept-encoding", "gzip"),
    ];
    &TYPED[usize::from(!has_body)..]
}

/// The number that is set: unlike the last of the process before.
pub(super) fn value(number: u32) -> u64 {
    u64::from(std::process::id()) << 32 | u64::from(number)
}

fn floor(way: Way, host: &str, count: u32) -> Result<Cost> {
    let mut socket = Socket::open(host, TOKEN)?;
    let mut bytes = 0;
    let mut begun = Instant::now();
    // The first opens the way, as with other clients.
    for number in 0..=count {
        let (method, target, body) = request(way, number)?;
        bytes += socket.ask(method, &target, &body)? as u64;
        if number == 0 {
            begun = Instant::now();
        }
    }
    Cost::until_now(begun.elapsed().as_secs_f64(), bytes)
}

fn hyper(way: Way, host: &str, count: u32) -> Result<Cost> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = Bare::open(host).await?;
        let mut bytes = 0;
        let mut begun = Instant::now();
        for number in 0..=count {
            let (method, target, body) = request(way, number)?;
            bytes += connection.ask(method.parse()?, &target, body).await? as u64;
            if number == 0 {
                begun = Instant::now();
            }
        }
        Cost::until_now(begun.elapsed().as_secs_f64(), bytes)
    })
}

/// Serves a bucket of so many objects until standard input ends.
pub(super) fn serve(count: usize) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let emulator = Emulator::builder().log_limit(0).start().await?;
        emulator.seed("bench", TOKEN, "note", count, SIZE);
        println!("{}", emulator.host());
        // A child's end closes the pipe, and so does its parent's.
        let ended = tokio::task::spawn_blocking(|| {
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink())
        });
        ended.await??;
        Ok(())
    })
}

/// A server in a process of its own.
pub(super) struct Server {
    child: Child,
    pub(super) host: String,
}

impl Server {
    pub(super) fn start(program: &std::path::Path, cores: Cores, count: u32) -> Result<Self> {
        use std::io::BufRead as _;
        let mut child = cores
            .command(program)
            .args(["serve", &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the server has no output")?;
        let mut host = String::new();
        std::io::BufReader::new(stdout).read_line(&mut host)?;
        let host = host.trim().to_owned();
        Ok(Self { child, host })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
