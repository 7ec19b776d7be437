//! Running everything, round after round, and what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::peers::PYTHON_FEEDPARSER;
use xtask::table::Table;

use super::exchange::{self, Getter, Resource};
use super::feed;
use super::read::Way;
use crate::Result;
use crate::bench::core::{Cores, on_core};
use crate::bench::figures::Figures;
use crate::bench::goal::Goal;
use crate::bench::stats::{median, number, ratio};
use crate::bench::turns::Turns;

const ENTRIES: u32 = 10_000;
/// How often those who get take turns in a round, and how many a turn has.
const TURNS: u32 = 20;
const GETS: u32 = 100;

/// What was found out about everything.
#[derive(Debug, Default)]
pub(super) struct Measured {
    collected: Figures,
    bare: Figures,
    streamed: Figures,
    idle: Figures,
    lxml: Figures,
    feedparser: Figures,
    /// In seconds.
    signatures: Vec<f64>,
    through_client: Figures,
    gets: BTreeMap<(Resource, Cores), Turns>,
}

/// The feed as a file that is removed in the end.
struct FeedFile(PathBuf);

impl FeedFile {
    fn write() -> Result<Self> {
        let name = format!("bench-ocss-{}.xml", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        fs::write(&file.0, feed::generated(ENTRIES))?;
        Ok(file)
    }
}

impl Drop for FeedFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed ({})", output.status).into());
    }
    Ok(output.stdout)
}

/// Measures everything.
pub(super) fn measure(program: &Path, quick: bool) -> Result<Measured> {
    let rounds = if quick { 3 } else { 15 };
    let file = FeedFile::write()?;
    let python = match PYTHON_FEEDPARSER.find() {
        Ok(found) => Some(found.path),
        Err(missing) => {
            println!("left out: {missing}");
            None
        }
    };
    let mut measured = Measured::default();
    for round in 0..rounds {
        let ways = [
            (Way::Collected, &mut measured.collected),
            (Way::Bare, &mut measured.bare),
            (Way::Streamed, &mut measured.streamed),
            (Way::Client, &mut measured.through_client),
            (Way::Idle, &mut measured.idle),
        ];
        for (way, figures) in ways {
            let mut command = on_core(program);
            command
                .args(["read", way.name()])
                .arg(&file.0)
                .arg(ENTRIES.to_string());
            figures.add(&serde_json::from_slice(&output(&mut command)?)?);
        }
        for cores in Cores::ALL {
            // Put elsewhere in every round.
            let server = exchange::start(program, cores)?;
            for resource in Resource::ALL {
                let mut command = cores.command(program);
                command.args(["turns", resource.name(), server.place()]);
                command.args([TURNS.to_string(), GETS.to_string()]);
                let taken = serde_json::from_slice(&output(&mut command)?)?;
                let gets = measured.gets.entry((resource, cores)).or_default();
                gets.append(taken);
            }
        }
        let signatures = output(on_core(program).args(["sign", "50000"]))?;
        let seconds: f64 = String::from_utf8(signatures)?.trim().parse()?;
        measured.signatures.push(seconds);
        let Some(python) = &python else { continue };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/ocss/read_feed.py");
        let theirs = |reader: &str, figures: &mut Figures| -> Result<()> {
            let mut command = on_core(python);
            command
                .arg(&script)
                .arg(reader)
                .arg(&file.0)
                .arg(ENTRIES.to_string());
            figures.add(&serde_json::from_slice(&output(&mut command)?)?);
            Ok(())
        };
        theirs("lxml", &mut measured.lxml)?;
        // It takes seconds, which no noise changes much.
        if round < 3 {
            theirs("feedparser", &mut measured.feedparser)?;
        }
    }
    Ok(measured)
}

impl Measured {
    fn signature(&self) -> Option<f64> {
        median(self.signatures.clone())
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(["what", "median", "compared", "peak MB"]);
        let mut row = |what: &str, figures: &Figures, base: Option<&Figures>| {
            let milliseconds = figures.seconds().map(|seconds| seconds * 1e3);
            let compared = base.and_then(|base| figures.ratio(base));
            table.row([
                what.to_owned(),
                format!("{} ms", number(milliseconds, 2)),
                ratio(compared, Some(1.0)),
                number(figures.peak_mb(), 1),
            ]);
        };
        let (ours, bare) = (Some(&self.collected), Some(&self.bare));
        row("10,000 entries: ours, collected", &self.collected, bare);
        row("10,000 entries: quick-xml alone", &self.bare, bare);
        row("10,000 entries: ours, streamed", &self.streamed, bare);
        row(
            "10,000 entries: ours, through the client's stream()",
            &self.through_client,
            bare,
        );
        row("10,000 entries: lxml", &self.lxml, ours);
        row("10,000 entries: feedparser", &self.feedparser, ours);
        row("a process that does nothing", &self.idle, None);
        let signature = self.signature().map(|seconds| seconds * 1e6);
        table.row([
            "a signature".to_owned(),
            format!("{} µs", number(signature, 2)),
            number(None, 1),
            number(None, 1),
        ]);
        for ((resource, cores), turns) in &self.gets {
            let resource = match resource {
                Resource::Entry => "GET of an entry",
                Resource::Listing => "GET of 26 entries",
            };
            for getter in Getter::ALL {
                let what = match getter {
                    Getter::Bare => "hyper alone, unsigned, body in memory",
                    Getter::BareSigned => "hyper and our signer, body in memory",
                    Getter::SignedBytes => "ours, signed, body in memory",
                    Getter::Unsigned => "ours, unsigned, typed",
                    Getter::Signed => "ours, signed, typed",
                };
                let seconds = turns.seconds(getter.name());
                let compared = turns.ratio(getter.name(), Getter::Bare.name());
                table.row([
                    format!("{resource}, {}: {what}", cores.name()),
                    format!("{} µs", number(seconds.map(|s| s * 1e6), 2)),
                    ratio(compared, Some(1.0)),
                    number(None, 1),
                ]);
            }
        }
        table
    }

    pub(super) fn goals(&self) -> Vec<Goal> {
        let extra = || Some(self.streamed.peak_mb()? - self.idle.peak_mb()?);
        let goal = |what: &str, limit: f64, unit: &'static str, actual: Option<f64>| Goal {
            what: what.to_owned(),
            limit,
            unit,
            actual,
        };
        // Without making anything of the answer, as the bare one does not either.
        let signed = |what: &str, resource| {
            let what = format!("{what} to a bare unsigned one, {}", Cores::Any.name());
            let turns = self.gets.get(&(resource, Cores::Any));
            let ratio =
                |turns: &Turns| turns.ratio(Getter::SignedBytes.name(), Getter::Bare.name());
            goal(&what, 1.3, "×", turns.and_then(ratio))
        };
        let through_client = || Some(self.through_client.peak_mb()? - self.idle.peak_mb()?);
        vec![
            goal(
                "ours collected to quick-xml alone",
                1.1,
                "×",
                self.collected.ratio(&self.bare),
            ),
            goal("extra memory of ours streamed", 8.0, " MB", extra()),
            goal("the same through the client", 8.0, " MB", through_client()),
            goal(
                "ours collected to lxml",
                1.0 / 4.0,
                "×",
                self.collected.ratio(&self.lxml),
            ),
            goal(
                "ours collected to feedparser",
                1.0 / 50.0,
                "×",
                self.collected.ratio(&self.feedparser),
            ),
            goal(
                "a signature",
                5.0,
                " µs",
                self.signature().map(|seconds| seconds * 1e6),
            ),
            signed("a signed GET of an entry", Resource::Entry),
            signed("a signed GET of 26 entries", Resource::Listing),
        ]
    }
}
