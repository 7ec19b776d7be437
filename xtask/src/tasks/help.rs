//! `cargo xtask help`.

use std::ffi::OsString;

use super::{ALL, Task};
use crate::error::Failure;

/// The list of tasks, or the help of one.
pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    match arguments {
        [] => {
            println!("The tasks of this repository.\n\nUsage: cargo xtask <task> [options]\n");
            let width = ALL.iter().map(|task| task.name.len()).max().unwrap_or(0);
            for task in ALL {
                println!("  {:width$}  {}", task.name, task.about);
            }
            println!("  {:width$}  This list, or all about one task", "help");
            println!("\n`cargo xtask help <task>` tells the options of one.");
            Ok(())
        }
        [name] => {
            let name = name.to_string_lossy();
            let task = super::find(&name)
                .ok_or_else(|| Failure::usage(format!("there is no task `{name}`")))?;
            print(task);
            Ok(())
        }
        _ => Err(Failure::usage("help is for one task at a time")),
    }
}

pub(crate) fn print(task: &Task) {
    let Task {
        name,
        usage,
        about,
        details,
        ..
    } = task;
    println!(
        "{about}.\n\nUsage: cargo xtask {name} {usage}\n\n{}",
        // Whose first line may be indented.
        details.trim_start_matches('\n').trim_end()
    );
}
