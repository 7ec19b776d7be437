//! Running everything, round after round, and what came of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use contentstack_sync::emulator::{ACCESS_TOKEN, API_KEY, ENVIRONMENT};
use serde_json::json;
use xtask::peers::{NODE_CONTENTSTACK, NODE_DELIVERY_SDK, PYTHON_CONTENTSTACK, Peer};
use xtask::table::Table;

use super::client::Way;
use super::server::{self, Distance};
use super::{Result, Run};
use crate::bench::goal::Goal;
use crate::bench::served::Served;
use crate::bench::stats::{median, number, ratio};
use crate::contentstack::{Driver, Folder, script};

/// What is streamed and mirrored; of 2 KB each.
const ITEMS: usize = 100_000;
/// What is synced from far away, and what `--quick` takes for all.
const FEW: usize = 10_000;
/// How far away that is: 50 ms a page, as the reference's own figures have it.
const DISTANCE: Distance = Distance {
    round_trip: Duration::from_millis(20),
    service: Duration::from_millis(30),
};

/// Somebody's way to sync everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Ours(Way),
    Python,
    JavaScript,
    TypeScript,
}

impl Who {
    const OTHERS: [Self; 3] = [Self::Python, Self::JavaScript, Self::TypeScript];

    fn peer(self) -> Option<(&'static Peer, &'static str)> {
        match self {
            Self::Ours(_) => None,
            Self::Python => Some((&PYTHON_CONTENTSTACK, "client.py")),
            Self::JavaScript => Some((&NODE_CONTENTSTACK, "contentstack.cjs")),
            Self::TypeScript => Some((&NODE_DELIVERY_SDK, "delivery_sdk.cjs")),
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Ours(Way::Stream) => "ours, streamed and dropped",
            Self::Ours(Way::Floor) => "by hand, streamed and dropped",
            Self::Ours(Way::Mirror) => "ours, mirrored in SQLite",
            Self::Ours(Way::Sqlite) => "bare SQLite, the writing alone",
            Self::Ours(Way::Sharded) => "ours, mirrored in SQLite, 15 chains",
            Self::Ours(Way::EmptyDelta) => "ours, an empty delta",
            Self::Python => "Python contentstack 2.8.0, dropped",
            Self::JavaScript => "npm contentstack 3.27.1, dropped",
            Self::TypeScript => "npm delivery-sdk 5.6.0, dropped",
        }
    }
}

/// Where it was synced from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Near,
    Far,
}

/// What was found out about one thing.
#[derive(Debug, Default)]
struct Figures {
    seconds: Vec<f64>,
    peak_kib: Vec<f64>,
    /// Of the last run.
    items: u64,
}

impl Figures {
    fn add(&mut self, run: &Run) {
        self.seconds.push(run.seconds);
        self.peak_kib.push(run.peak_kib as f64);
        self.items = run.items;
    }

    fn seconds(&self) -> Option<f64> {
        median(self.seconds.clone())
    }

    fn peak_mb(&self) -> Option<f64> {
        median(self.peak_kib.clone()).map(|kib| kib * 1024.0 / 1e6)
    }
}

/// What was found out about everything.
pub(super) struct Measured {
    items: usize,
    figures: BTreeMap<(Place, Who), Figures>,
}

/// A server and the folder that is its clients'.
struct Site<'a> {
    program: &'a Path,
    folder: Folder,
    server: Served,
    items: usize,
}

impl<'a> Site<'a> {
    fn start(program: &'a Path, items: usize, distance: Distance) -> Result<Self> {
        let folder = Folder::new()?;
        let server = server::start(program, folder.path(), items, distance)?;
        Ok(Self {
            program,
            folder,
            server,
            items,
        })
    }

    /// One run in a process of its own; `None` when there is no such program.
    fn run(&self, who: Who) -> Result<Option<Run>> {
        let run = match (who, who.peer()) {
            (_, Some((peer, name))) => {
                let Ok(found) = peer.find() else {
                    return Ok(None);
                };
                let place = crate::contentstack::Place {
                    port: self.server.port()?,
                    api_key: API_KEY.to_owned(),
                    token: ACCESS_TOKEN.to_owned(),
                    environment: ENVIRONMENT.to_owned(),
                    folder: self.folder.path().to_owned(),
                };
                let mut driver = Driver::start(Command::new(found.path), &script(name), &place)?;
                serde_json::from_value(driver.ask(&json!({"do": "count"}))?)?
            }
            (Who::Ours(way), _) => {
                let output = Command::new(self.program)
                    .args(["client", way.name(), self.server.place()])
                    .arg(self.folder.path())
                    .stdin(Stdio::null())
                    .stderr(Stdio::inherit())
                    .output()?;
                if !output.status.success() {
                    return Err(format!("{} failed ({})", way.name(), output.status).into());
                }
                serde_json::from_slice(&output.stdout)?
            }
            _ => return Ok(None),
        };
        let run: Run = run;
        let counts_items = who != Who::Ours(Way::EmptyDelta);
        if counts_items && run.items != self.items as u64 {
            return Err(format!("{}: {} of {} items", who.label(), run.items, self.items).into());
        }
        Ok(Some(run))
    }
}

/// Measures everything.
pub(super) fn measure(program: &Path, quick: bool) -> Result<Measured> {
    let (items, rounds) = if quick { (FEW, 1) } else { (ITEMS, 5) };
    for (peer, _) in Who::OTHERS.iter().filter_map(|who| who.peer()) {
        if let Err(missing) = peer.find() {
            println!("left out: {missing}");
        }
    }
    println!("Making the answers for {items} items, then for {FEW} at a distance.");
    let near = Site::start(program, items, Distance::NONE)?;
    let far = Site::start(program, FEW, DISTANCE)?;
    let ours = [Way::Stream, Way::Floor, Way::Mirror, Way::Sqlite].map(Who::Ours);
    let mut plan: Vec<(Place, Who, usize)> = Vec::new();
    plan.extend(ours.map(|who| (Place::Near, who, rounds)));
    plan.extend(Who::OTHERS.map(|who| (Place::Near, who, rounds.min(3))));
    plan.push((Place::Near, Who::Ours(Way::EmptyDelta), rounds.min(3)));
    plan.push((Place::Far, Who::Ours(Way::Sharded), rounds));
    plan.extend(Who::OTHERS.map(|who| (Place::Far, who, rounds.min(3))));

    // What the server has not been asked for yet, it makes now.
    near.run(Who::Ours(Way::Stream))?;
    near.run(Who::Ours(Way::EmptyDelta))?;
    far.run(Who::Ours(Way::Stream))?;
    far.run(Who::Ours(Way::Sharded))?;

    let mut figures: BTreeMap<(Place, Who), Figures> = BTreeMap::new();
    for round in 0..rounds {
        for (place, who, times) in &plan {
            if round >= *times {
                continue;
            }
            let site = match place {
                Place::Near => &near,
                Place::Far => &far,
            };
            if let Some(run) = site.run(*who)? {
                figures.entry((*place, *who)).or_default().add(&run);
            }
        }
    }
    Ok(Measured { items, figures })
}

impl Measured {
    fn of(&self, place: Place, who: Who) -> Option<&Figures> {
        self.figures.get(&(place, who))
    }

    fn seconds(&self, place: Place, who: Who) -> Option<f64> {
        self.of(place, who)?.seconds()
    }

    fn near(&self, way: Way) -> Option<f64> {
        self.seconds(Place::Near, Who::Ours(way))
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(["what", "seconds", "to the floor", "peak MB", "runs"]);
        let floor = self.near(Way::Floor);
        for ((place, who), figures) in &self.figures {
            let what = match (place, who) {
                (Place::Near, Who::Ours(Way::EmptyDelta)) => {
                    format!("{}: {} request", who.label(), figures.items)
                }
                (Place::Near, _) => format!("{} items: {}", self.items, who.label()),
                (Place::Far, _) => {
                    let distance = DISTANCE.page().as_millis();
                    format!("{FEW} items, {distance} ms a page: {}", who.label())
                }
            };
            let base = match place {
                Place::Near => floor,
                Place::Far => None,
            };
            table.row([
                what,
                number(figures.seconds(), 4),
                ratio(figures.seconds(), base),
                number(figures.peak_mb(), 1),
                figures.seconds.len().to_string(),
            ]);
        }
        table
    }

    pub(super) fn goals(&self) -> Vec<Goal> {
        let goal = |what: &str, limit: f64, unit: &'static str, actual: Option<f64>| Goal {
            what: what.to_owned(),
            limit,
            unit,
            actual,
        };
        let quotient = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
        let peak = |way| self.of(Place::Near, Who::Ours(way))?.peak_mb();
        let theirs = |place, who| self.seconds(place, who);
        let stream = self.near(Way::Stream);
        let mirror = self.near(Way::Mirror);
        let parts = || Some(self.near(Way::Floor)? + self.near(Way::Sqlite)?);
        let sharded = self.seconds(Place::Far, Who::Ours(Way::Sharded));
        let requests = || {
            let figures = self.of(Place::Near, Who::Ours(Way::EmptyDelta))?;
            Some(figures.items as f64)
        };
        vec![
            goal(
                "ours streamed to the same by hand",
                1.25,
                "×",
                quotient(stream, self.near(Way::Floor)),
            ),
            goal("memory of ours streamed", 12.0, " MB", peak(Way::Stream)),
            goal(
                "ours streamed to the Python client",
                1.0 / 5.0,
                "×",
                quotient(stream, theirs(Place::Near, Who::Python)),
            ),
            goal(
                "ours streamed to the JavaScript client",
                1.0 / 4.0,
                "×",
                quotient(stream, theirs(Place::Near, Who::JavaScript)),
            ),
            goal(
                "ours streamed to the TypeScript client",
                1.0 / 4.0,
                "×",
                quotient(stream, theirs(Place::Near, Who::TypeScript)),
            ),
            goal(
                "ours mirrored to by hand and bare SQLite together",
                2.5,
                "×",
                quotient(mirror, parts()),
            ),
            goal("memory of ours mirrored", 40.0, " MB", peak(Way::Mirror)),
            goal(
                "ours mirrored to the Python client, which stores nothing",
                1.0,
                "×",
                quotient(mirror, theirs(Place::Near, Who::Python)),
            ),
            goal(
                "ours in shards to the Python client, 50 ms a page",
                1.0 / 10.0,
                "×",
                quotient(sharded, theirs(Place::Far, Who::Python)),
            ),
            goal("requests for an empty delta", 1.0, "", requests()),
        ]
    }
}
