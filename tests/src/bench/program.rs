//! What every benchmark's program does with its arguments.

use std::fmt::{Display, Write as _};
use std::process::ExitCode;

use lexopt::prelude::*;

use super::Result;
use super::goal::Goal;

/// A benchmark: the whole of it, and the parts that it starts itself as
/// processes of their own.
pub(super) struct Program {
    /// What `--help` prints.
    pub(super) help: &'static str,
    /// Does the part of this name with the arguments after it; what it has to
    /// say, if anything.
    pub(super) part: fn(&str, &mut lexopt::Parser) -> Result<String>,
    /// Measures everything, or, if it is to be quick, less of it.
    pub(super) measure: fn(bool) -> Result<Outcome>,
}

/// What came of a benchmark.
pub(super) struct Outcome {
    pub(super) text: String,
    pub(super) missed: bool,
}

impl Outcome {
    /// A table, and the goals below it.
    pub(super) fn new(table: &impl Display, goals: &[Goal]) -> Result<Self> {
        let mut text = format!("{table}\n");
        for goal in goals {
            writeln!(text, "{goal}")?;
        }
        Ok(Self {
            text,
            missed: goals.iter().any(Goal::is_missed),
        })
    }
}

impl Program {
    /// Does what the arguments ask for.
    pub(super) fn main(&self) -> ExitCode {
        self.run().unwrap_or_else(|error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        })
    }

    fn run(&self) -> Result<ExitCode> {
        let mut parser = lexopt::Parser::from_env();
        let (mut quick, mut gate) = (false, false);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("quick") => quick = true,
                Long("gate") => gate = true,
                Long("help") | Short('h') => {
                    println!("{}", self.help);
                    return Ok(ExitCode::SUCCESS);
                }
                Value(name) => {
                    let said = (self.part)(&name.string()?, &mut parser)?;
                    if !said.is_empty() {
                        println!("{said}");
                    }
                    return Ok(ExitCode::SUCCESS);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        let outcome = (self.measure)(quick)?;
        print!("{}", outcome.text);
        Ok(if gate && outcome.missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// There is no part of this name.
pub(super) fn no_part(name: &str) -> Result<String> {
    Err(format!("`{name}` is no part of this").into())
}
