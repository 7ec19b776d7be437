//! The same calls by several callers, which take turns.

use simperium::Api;
use tokio::time::Instant;

use super::bare::Bare;
use super::ours::Ours;
use super::socket::Socket;
use crate::Result;
use crate::bench::turns::Turns;

/// Whose bucket it is.
pub(super) const TOKEN: &str = "lab-bench";

/// Who calls, in a process of this program. Simperium3 is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
pub(super) enum Call {
    /// A new value for a key of one entity.
    Set,
    /// One entity.
    Get,
}

impl Call {
    pub(super) const ALL: [Self; 2] = [Self::Set, Self::Get];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Get => "get",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|call| call.name() == name);
        Ok(found.ok_or_else(|| format!("there is no call `{name}`"))?)
    }

    /// What is asked for, as this project's client asks for it, so that the
    /// server has the same work: method, path with query, and body.
    fn request(self, number: u64) -> (&'static str, String, String) {
        match self {
            Self::Set => {
                // As long as random ones, and in no order either.
                let ccid =
                    u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
                let target = format!(
                    "/1/bench/note/i/{ENTITY}?clientid=rs-{:032x}&ccid={ccid:032x}",
                    1
                );
                ("POST", target, format!("{{\"n\":{number}}}"))
            }
            Self::Get => ("GET", "/1/bench/note/i/k0".to_owned(), String::new()),
        }
    }
}

/// The one that is changed.
pub(super) const ENTITY: &str = "changed";

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

/// So many calls of each, one after the other, so many times in turn.
pub(super) fn take_turns(
    callers: &[Caller],
    call: Call,
    host: &str,
    turns: u32,
    calls: u32,
) -> Result<Turns> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut socket = Socket::open(host, TOKEN)?;
        let mut bare = Bare::open(host).await?;
        let api = Api::builder("bench", TOKEN).host(format!("http://{host}"));
        let ours = Ours::new(api.build()?)?;
        // A value unlike the last of the process before.
        let mut number = u64::from(std::process::id()) << 32;
        let mut taken = Turns::default();
        // The first turn opens the ways.
        for turn in 0..=turns {
            for caller in callers {
                let begun = Instant::now();
                for _ in 0..calls {
                    number += 1;
                    match caller {
                        Caller::Floor => {
                            let (method, target, body) = call.request(number);
                            socket.ask(method, &target, &body)?;
                        }
                        Caller::Hyper => {
                            let (method, target, body) = call.request(number);
                            bare.ask(method.parse()?, &target, body).await?;
                        }
                        Caller::Ours => ours.call(call, number).await?,
                    }
                }
                if turn > 0 {
                    let seconds = begun.elapsed().as_secs_f64() / f64::from(calls);
                    taken.add(caller.name(), seconds);
                }
            }
        }
        Ok(taken)
    })
}
