//! What is run, round after round.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rusqlite::Connection;
use serde_json::json;
use xtask::peers::postgresql;

use super::client::{Into, PATH, Way};
use super::fetch::fetch;
use super::report::{Job, Measured, Who};
use super::{Result, Run, memory};
use crate::bench::served::Served;
use crate::synctools::{Database, Django, Project, Site, TOKEN, project_file};

/// Rows of the comparison, and what `--quick` takes for it.
const ROWS: usize = 100_000;
const FEW: usize = 10_000;
/// So many times as many for memory that must not grow.
const TIMES: usize = 10;

/// Everything that is measured with.
struct Bench<'a> {
    program: &'a Path,
    rows: usize,
    /// The database that is served.
    source: Database,
    schema: PathBuf,
    /// Databases that are synced into, and an empty one to begin from.
    sqlite: Database,
    empty: Database,
    postgres: Option<Database>,
    measured: Measured,
}

/// Measures everything.
pub(super) fn measure(program: &Path, quick: bool) -> Result<Measured> {
    let (rows, rounds) = if quick { (FEW, 1) } else { (ROWS, 5) };
    Django::V5_2.peer().find()?;
    println!("Filling a database with {rows} rows; load {}.", load());
    let mut bench = Bench::prepare(program, rows)?;
    let body = bench.body()?;
    println!("Their body has {} bytes.", std::fs::metadata(&body)?.len());
    let body = body.display().to_string();
    {
        let server = Served::start(Command::new(program).args(["serve-file", &body]))?;
        let port = server.port()?;
        for round in 0..rounds {
            for into in [Into::Sqlite, Into::Postgres] {
                for way in [Way::Ours(into), Way::Floor(into)] {
                    bench.sync_twice(way, port)?;
                }
            }
            // It takes minutes, and as long every time.
            if round == 0 {
                bench.sync_with_python(Into::Sqlite, port)?;
                bench.sync_with_python(Into::Postgres, port)?;
            }
        }
    }
    bench.serve(rounds)?;
    if !quick {
        println!("Now {} rows; load {}.", rows * TIMES, load());
        bench.grow()?;
        bench.sync_large()?;
    }
    println!("Load {} in the end.", load());
    Ok(bench.measured)
}

/// How busy the machine was in the last minutes.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let words: Vec<&str> = text.split(' ').take(2).collect();
    words.join(" and ")
}

impl<'a> Bench<'a> {
    fn prepare(program: &'a Path, rows: usize) -> Result<Self> {
        let source = Database::sqlite()?;
        let mut project = Project::new(Django::V5_2, &source)?;
        project.ask(json!({"do": "fill", "app": "big", "rows": rows}))?;
        let schema = source.folder().join("schema.json");
        std::fs::write(&schema, Django::V5_2.exported_schema(&source, &["big"])?)?;

        let empty = Database::sqlite()?;
        drop(Project::new(Django::V5_2, &empty)?);
        let postgres = match Database::durable_postgres() {
            Ok(database) => Some(database),
            Err(missing) => {
                println!("left out: {missing}");
                None
            }
        };
        if let Some(database) = &postgres {
            drop(Project::new(Django::V5_2, database)?);
        }
        Ok(Self {
            program,
            rows,
            source,
            schema,
            sqlite: Database::sqlite()?,
            empty,
            postgres,
            measured: Measured::new(rows, rows * TIMES),
        })
    }

    /// What is synced from, as Django 5.2 writes it.
    fn body(&self) -> Result<PathBuf> {
        let mut project = Project::on(Django::V5_2, &self.source)?;
        project.serialize(&["big"], &self.source.folder())?;
        Ok(self.source.folder().join("serialized.json"))
    }

    fn database(&self, into: Into) -> Option<&Database> {
        match into {
            Into::Sqlite => Some(&self.sqlite),
            Into::Postgres => self.postgres.as_ref(),
        }
    }

    /// Takes away what was synced before.
    fn empty(&self, into: Into) -> Result<()> {
        match into {
            Into::Sqlite => self.sqlite.become_copy_of(&self.empty),
            Into::Postgres => {
                let database = self.database(into).ok_or("no server")?;
                let sql = "TRUNCATE big_bigitem, big_biggroup; CHECKPOINT";
                postgresql::execute(&database.place(), sql)?;
                Ok(())
            }
        }
    }

    /// Sees that all rows are here.
    fn check(&self, into: Into, rows: usize) -> Result<()> {
        let place = self.database(into).ok_or("no server")?.place();
        let sql = "SELECT (SELECT count(*) FROM big_bigitem) + (SELECT count(*) FROM big_biggroup)";
        let found: i64 = match into {
            Into::Sqlite => Connection::open(place)?.query_row(sql, (), |row| row.get(0))?,
            Into::Postgres => postgresql::execute(&place, sql)?.trim().parse()?,
        };
        if usize::try_from(found)? != rows + 100 {
            return Err(format!("{found} rows of {}", rows + 100).into());
        }
        Ok(())
    }

    fn client(&self, way: Way, port: u16) -> Result<Option<Run>> {
        let (Way::Ours(into) | Way::Floor(into)) = way;
        let Some(database) = self.database(into) else {
            return Ok(None);
        };
        let mut command = Command::new(self.program);
        command
            .args(["client", way.name(), &port.to_string()])
            .arg(&self.schema)
            .arg(database.place());
        run(command).map(Some)
    }

    /// Into an empty database, and again into what that has become.
    fn sync_twice(&mut self, way: Way, port: u16) -> Result<()> {
        let (Way::Ours(into) | Way::Floor(into)) = way;
        if self.database(into).is_none() {
            return Ok(());
        }
        self.empty(into)?;
        let who = match way {
            Way::Ours(_) => Who::Ours,
            Way::Floor(_) => Who::Floor,
        };
        for job in [Job::Sync(into), Job::SyncAgain(into)] {
            if let Some(run) = self.client(way, port)? {
                self.measured.add(job, who, &run);
            }
            self.check(into, self.rows)?;
        }
        Ok(())
    }

    fn sync_with_python(&mut self, into: Into, port: u16) -> Result<()> {
        let Some(database) = self.database(into) else {
            return Ok(());
        };
        let mut command = Django::V5_2.command(&project_file("bench.py"), database)?;
        self.empty(into)?;
        command.args([&format!("http://127.0.0.1:{port}/sync/"), PATH, TOKEN]);
        let run = run(command)?;
        self.check(into, self.rows)?;
        self.measured.add(Job::Sync(into), Who::Python, &run);
        Ok(())
    }

    /// Serves the same rows as Django's view and as our route.
    fn serve(&mut self, rounds: usize) -> Result<()> {
        let target = format!("/sync/{PATH}/");
        let mut theirs = None;
        for round in 0..rounds {
            let server = self.route()?;
            let ours = self.seen(Who::Ours, server.pid(), server.port()?, &target, round == 0)?;
            drop(server);
            if Django::V2_2.peer().find().is_err() {
                continue;
            }
            let site = Site::serve(Django::V2_2, &self.source)?;
            let body = self.seen(Who::Django, site.pid(), site.port(), &target, round == 0)?;
            if round == 0 {
                theirs = Some(body);
            }
            if let (0, Some(theirs)) = (round, &theirs) {
                if ours != *theirs {
                    return Err("our route has other bytes than Django".into());
                }
            }
        }
        Ok(())
    }

    fn route(&self) -> Result<Served> {
        let schema = self.schema.display().to_string();
        let mut command = Command::new(self.program);
        Served::start(command.args(["serve", &schema, &self.source.place()]))
    }

    /// Takes an answer and the figures of whoever gave it; its body if it is to
    /// be kept, which costs time.
    fn seen(&mut self, who: Who, pid: u32, port: u16, target: &str, keep: bool) -> Result<Vec<u8>> {
        // Whatever is loaded with the first request is there before it is measured.
        let warm = match who {
            Who::Ours => "/sync/nothing-here/",
            _ => "/sync/nothing/",
        };
        let _ = fetch(port, warm, false);
        let pid = pid.to_string();
        let idle_kib = memory(&pid, "VmRSS")?;
        let seen = fetch(port, target, keep)?;
        let run = |seconds| -> Result<Run> {
            Ok(Run {
                seconds,
                idle_kib,
                peak_kib: memory(&pid, "VmHWM")?,
            })
        };
        self.measured.add(Job::Serve, who, &run(seen.last_byte)?);
        self.measured
            .add(Job::FirstByte, who, &run(seen.first_byte)?);
        Ok(seen.body)
    }

    /// Makes the source ten times as large.
    fn grow(&mut self) -> Result<()> {
        let connection = Connection::open(self.source.file())?;
        for times in 1..TIMES {
            connection.execute(
                "INSERT INTO big_bigitem SELECT id + ?1, group_id, name, body, price, score, \
                 active, created, note FROM big_bigitem WHERE id <= ?2",
                (times * self.rows, self.rows),
            )?;
        }
        Ok(())
    }

    /// Our route and our client, with one another.
    fn sync_large(&mut self) -> Result<()> {
        for into in [Into::Sqlite, Into::Postgres] {
            if self.database(into).is_none() {
                continue;
            }
            self.empty(into)?;
            let server = self.route()?;
            let pid = server.pid().to_string();
            let _ = fetch(server.port()?, "/sync/nothing-here/", false);
            let idle_kib = memory(&pid, "VmRSS")?;
            if let Some(run) = self.client(Way::Ours(into), server.port()?)? {
                self.measured.add(Job::SyncLarge(into), Who::Ours, &run);
                let serving = Run {
                    seconds: run.seconds,
                    idle_kib,
                    peak_kib: memory(&pid, "VmHWM")?,
                };
                self.measured
                    .add(Job::ServeLarge(into), Who::Ours, &serving);
            }
            self.check(into, self.rows * TIMES)?;
        }
        Ok(())
    }
}

/// Runs a client, which prints what it found out.
fn run(mut command: Command) -> Result<Run> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed ({})", output.status).into());
    }
    let last = output
        .stdout
        .rsplit(|byte| *byte == b'\n')
        .find(|line| !line.is_empty());
    Ok(serde_json::from_slice(last.unwrap_or_default())?)
}
