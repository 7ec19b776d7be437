//! Measuring all clients, and what came of it.

use std::fmt;

use xtask::table::Table;

use super::clients::{self, Client, Task};
use super::run::Ran;
use super::{Amount, Result};
use crate::bench::goal::Goal;
use crate::bench::stats::{median, number, ratio};
use crate::syncthing::Lab;

/// The middle of several rounds of one client at one task.
#[derive(Debug, Clone)]
struct Row {
    client: &'static str,
    ours: bool,
    task: Task,
    seconds: Option<f64>,
    peak_mib: Option<f64>,
    found: Option<u64>,
    error: Option<String>,
}

/// All that was measured.
#[derive(Debug)]
pub(super) struct Report {
    amount: Amount,
    rows: Vec<Row>,
    missing: Vec<String>,
    goals: Vec<Goal>,
}

const TASKS: [Task; 4] = [Task::Pings, Task::Browse, Task::Visit, Task::Events];

/// Measures every client at every task it can do.
pub(super) fn measure(lab: &Lab, amount: Amount) -> Result<Report> {
    let (clients, missing) = clients::all()?;
    let mut rows = Vec::new();
    for task in TASKS {
        let able: Vec<&Client> = clients.iter().filter(|client| client.does(task)).collect();
        let mut rounds: Vec<Vec<Ran>> = vec![Vec::new(); able.len()];
        for _ in 0..amount.rounds {
            for (client, rounds) in able.iter().zip(&mut rounds) {
                rounds.push(client.run(task, lab, amount)?);
            }
        }
        let of_task = able.iter().zip(&rounds);
        rows.extend(of_task.map(|(client, rounds)| Row::new(client, task, rounds)));
    }
    let goals = goals(&rows);
    Ok(Report {
        amount,
        rows,
        missing,
        goals,
    })
}

impl Row {
    fn new(client: &Client, task: Task, rounds: &[Ran]) -> Self {
        let each =
            |value: fn(&Ran) -> Option<f64>| median(rounds.iter().filter_map(value).collect());
        Self {
            client: client.name,
            ours: client.is_ours(),
            task,
            seconds: each(|ran| ran.seconds),
            peak_mib: each(|ran| ran.peak_kib.map(|kib| kib as f64 / 1024.0)),
            found: rounds.iter().find_map(|ran| ran.found),
            error: rounds.iter().find_map(|ran| ran.error.clone()),
        }
    }
}

fn ours(rows: &[Row], task: Task) -> Option<&Row> {
    rows.iter().find(|row| row.ours && row.task == task)
}

fn goals(rows: &[Row]) -> Vec<Goal> {
    let seconds = |name: &str, task: Task| {
        let named = rows
            .iter()
            .filter(|row| row.client.starts_with(name) && row.task == task && !row.ours);
        named.filter_map(|row| row.seconds).min_by(f64::total_cmp)
    };
    let of = |task, value: fn(&Row) -> Option<f64>| ours(rows, task).and_then(value);
    let quotient = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
    let difference = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
    let pings = of(Task::Pings, |row| row.seconds);
    let failed = ours(rows, Task::Events).map(|row| f64::from(u8::from(row.error.is_some())));
    let goal = |what: &str, limit, unit, actual| Goal {
        what: what.to_owned(),
        limit,
        unit,
        actual,
    };
    vec![
        goal(
            "pings, to the fastest crate",
            1.0,
            "×",
            quotient(pings, seconds("crate", Task::Pings)),
        ),
        goal(
            "pings, to PyPI syncthing",
            1.0 / 8.0,
            "×",
            quotient(pings, seconds("PyPI syncthing", Task::Pings)),
        ),
        goal(
            "browsing beyond curl",
            0.1,
            " s",
            difference(
                of(Task::Browse, |row| row.seconds),
                seconds("curl", Task::Browse),
            ),
        ),
        goal(
            "memory of the tree",
            45.0,
            " MiB",
            of(Task::Browse, |row| row.peak_mib),
        ),
        goal(
            "memory of a visit",
            8.0,
            " MiB",
            of(Task::Visit, |row| row.peak_mib),
        ),
        goal("backlogs that could not be read", 0.0, "", failed),
    ]
}

impl Report {
    pub(super) fn misses_a_goal(&self) -> bool {
        self.goals.iter().any(Goal::is_missed)
    }

    fn table(&self, task: Task) -> Table {
        let mut table = Table::new(["client", "seconds", "to ours", "peak MiB", "found"]);
        let base = ours(&self.rows, task).and_then(|row| row.seconds);
        for row in self.rows.iter().filter(|row| row.task == task) {
            let found = match (&row.error, row.found) {
                (Some(error), _) => format!("fails: {}", shortened(error)),
                (None, Some(found)) => found.to_string(),
                (None, None) => "-".to_owned(),
            };
            table.row([
                row.client.to_owned(),
                number(row.seconds, 3),
                ratio(row.seconds, base),
                number(row.peak_mib, 1),
                found,
            ]);
        }
        table
    }
}

fn shortened(error: &str) -> String {
    const LONGEST: usize = 90;
    let line = error.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for task in TASKS {
            let Amount { pings, files, .. } = self.amount;
            match task {
                Task::Pings => writeln!(f, "{pings} pings, one after the other")?,
                Task::Browse => writeln!(f, "\nthe tree of {files} files, in memory")?,
                Task::Visit => writeln!(f, "\nthe same, file by file")?,
                Task::Events => writeln!(f, "\nthe whole backlog of events")?,
            }
            write!(f, "{}", self.table(task))?;
        }
        writeln!(f)?;
        for missing in &self.missing {
            writeln!(f, "left out: {missing}")?;
        }
        for goal in &self.goals {
            writeln!(f, "{goal}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(client: &'static str, task: Task, seconds: f64) -> Row {
        Row {
            client,
            ours: client == "ours",
            task,
            seconds: Some(seconds),
            peak_mib: Some(5.0),
            found: None,
            error: None,
        }
    }

    fn missed(rows: &[Row]) -> Vec<String> {
        let goals = goals(rows).into_iter();
        goals
            .filter(Goal::is_missed)
            .map(|goal| goal.what)
            .collect()
    }

    #[test]
    fn the_fastest_of_the_crates_counts() {
        let mut rows = vec![
            row("ours", Task::Pings, 0.2),
            row("crate a", Task::Pings, 0.3),
            row("crate b", Task::Pings, 0.25),
        ];
        assert!(missed(&rows).is_empty());
        rows.push(row("crate c", Task::Pings, 0.19));
        assert_eq!(missed(&rows), ["pings, to the fastest crate"]);
    }

    #[test]
    fn a_backlog_that_could_not_be_read_misses_its_goal() {
        let mut events = row("ours", Task::Events, 1.0);
        events.error = Some("unknown variant".to_owned());
        assert_eq!(missed(&[events]), ["backlogs that could not be read"]);
    }

    #[test]
    fn a_long_error_takes_one_line() {
        let text = shortened(&format!("a\nb {}", "x".repeat(200)));
        assert!(text.starts_with("a b x") && text.ends_with('…'), "{text}");
    }
}
