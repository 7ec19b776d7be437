//! The tasks, one module each.

pub(crate) mod help;

mod bench;
mod build_time;
mod ci;
mod demo;
mod features;
mod msrv;
mod peers;
mod serve;
mod test;
mod tree;

use crate::error::Failure;

/// Something `cargo xtask` can do.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: &'static str,
    /// What follows the name.
    pub(crate) usage: &'static str,
    /// One line for the list of tasks.
    pub(crate) about: &'static str,
    /// The rest of its help.
    pub(crate) details: &'static str,
    pub(crate) run: fn(lexopt::Parser) -> Result<(), Failure>,
}

/// Every task, in the order of the help.
pub(crate) const ALL: &[&Task] = &[
    &test::TASK,
    &demo::TASK,
    &bench::TASK,
    &serve::TASK,
    &peers::TASK,
    &ci::TASK,
    &tree::TASK,
    &msrv::TASK,
    &features::TASK,
    &build_time::TASK,
];

/// The task of this name.
pub(crate) fn task(name: &str) -> Result<&'static Task, Failure> {
    let found = ALL.iter().copied().find(|task| task.name == name);
    found
        .ok_or_else(|| Failure::usage(format!("there is no task `{name}`; see `cargo xtask help`")))
}

/// Fails if there are arguments left.
fn no_arguments(mut parser: lexopt::Parser) -> Result<(), Failure> {
    match parser.next()? {
        Some(argument) => Err(argument.unexpected().into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_task_has_a_name_of_its_own_and_a_help_text() {
        let names: BTreeSet<_> = ALL.iter().map(|task| task.name).collect();
        assert_eq!(names.len(), ALL.len());
        for task in ALL {
            assert!(
                !task.about.is_empty() && !task.details.is_empty(),
                "{}",
                task.name
            );
        }
    }
}
