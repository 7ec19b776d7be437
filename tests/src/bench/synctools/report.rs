//! What came of it.

use std::collections::BTreeMap;

use xtask::table::Table;

use super::Run;
use super::client::Into;
use crate::bench::goal::Goal;
use crate::bench::stats::{median, number, ratio};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    /// Into empty tables.
    Sync(Into),
    /// Into tables that have it all.
    SyncAgain(Into),
    /// To the last byte.
    Serve,
    /// To the first byte of the body.
    FirstByte,
    /// Many more rows, from our own route.
    SyncLarge(Into),
    /// The other side of that.
    ServeLarge(Into),
}

/// By whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Ours,
    Floor,
    Python,
    Django,
}

impl Who {
    const fn label(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Floor => "by hand",
            Self::Python => "django-synctool 1.1.0 on Django 5.2",
            Self::Django => "django-synctool 1.1.0 on Django 2.2",
        }
    }
}

/// What was found out about one thing.
#[derive(Debug, Default)]
struct Figures {
    seconds: Vec<f64>,
    /// Memory at most, beyond that before.
    more_kib: Vec<f64>,
    peak_kib: Vec<f64>,
}

impl Figures {
    fn seconds(&self) -> Option<f64> {
        median(self.seconds.clone())
    }

    fn more_mib(&self) -> Option<f64> {
        median(self.more_kib.clone()).map(|kib| kib / 1024.0)
    }

    fn peak_mib(&self) -> Option<f64> {
        median(self.peak_kib.clone()).map(|kib| kib / 1024.0)
    }
}

/// What was found out about everything.
pub(super) struct Measured {
    rows: usize,
    large: usize,
    figures: BTreeMap<(Job, Who), Figures>,
}

impl Measured {
    pub(super) fn new(rows: usize, large: usize) -> Self {
        Self {
            rows,
            large,
            figures: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, job: Job, who: Who, run: &Run) {
        let figures = self.figures.entry((job, who)).or_default();
        figures.seconds.push(run.seconds);
        figures.peak_kib.push(run.peak_kib as f64);
        let more = run.peak_kib.saturating_sub(run.idle_kib);
        figures.more_kib.push(more as f64);
    }

    fn seconds(&self, job: Job, who: Who) -> Option<f64> {
        self.figures.get(&(job, who))?.seconds()
    }

    fn more_mib(&self, job: Job, who: Who) -> Option<f64> {
        self.figures.get(&(job, who))?.more_mib()
    }

    fn what(&self, job: Job) -> String {
        let database = |into| match into {
            Into::Sqlite => "SQLite",
            Into::Postgres => "PostgreSQL",
        };
        let (rows, large) = (self.rows, self.large);
        match job {
            Job::Sync(into) => format!("{rows} rows into {}", database(into)),
            Job::SyncAgain(into) => format!("again, into {}", database(into)),
            Job::Serve => format!("{rows} rows served, to the last byte"),
            Job::FirstByte => "to the first byte".to_owned(),
            Job::SyncLarge(into) => format!("{large} rows into {}", database(into)),
            Job::ServeLarge(into) => format!("{large} rows served to {}", database(into)),
        }
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new([
            "what",
            "who",
            "seconds",
            "to ours",
            "MiB more than idle",
            "MiB in all",
            "runs",
        ]);
        for ((job, who), figures) in &self.figures {
            table.row([
                self.what(*job),
                who.label().to_owned(),
                number(figures.seconds(), 4),
                ratio(figures.seconds(), self.seconds(*job, Who::Ours)),
                number(figures.more_mib(), 1),
                number(figures.peak_mib(), 1),
                figures.seconds.len().to_string(),
            ]);
        }
        table
    }

    pub(super) fn goals(&self) -> Vec<Goal> {
        let goal = |what: String, limit: f64, unit: &'static str, actual: Option<f64>| Goal {
            what,
            limit,
            unit,
            actual,
        };
        let to = |job, other| Some(self.seconds(job, Who::Ours)? / self.seconds(job, other)?);
        let mut goals = Vec::new();
        for (into, limit) in [(Into::Sqlite, 1.0 / 50.0), (Into::Postgres, 1.0 / 30.0)] {
            let job = Job::Sync(into);
            let what = self.what(job);
            goals.push(goal(
                format!("{what}: ours to Python"),
                limit,
                "×",
                to(job, Who::Python),
            ));
            goals.push(goal(
                format!("{what}: ours to by hand"),
                1.5,
                "×",
                to(job, Who::Floor),
            ));
        }
        let django = to(Job::Serve, Who::Django);
        goals.push(goal(
            "serving: ours to Django's view".to_owned(),
            1.0 / 20.0,
            "×",
            django,
        ));
        let first = self
            .seconds(Job::FirstByte, Who::Ours)
            .map(|seconds| seconds * 1e3);
        goals.push(goal(
            "serving: the first byte".to_owned(),
            20.0,
            " ms",
            first,
        ));
        let ours = self.figures.keys().filter(|(_, who)| *who == Who::Ours);
        for (job, who) in ours.filter(|(job, _)| !matches!(job, Job::FirstByte)) {
            let what = format!("memory: {}", self.what(*job));
            goals.push(goal(what, 20.0, " MiB", self.more_mib(*job, *who)));
        }
        goals
    }
}
