//! `cargo xtask help`.

use std::ffi::OsString;

use super::{ALL, Task};
use crate::error::Failure;

/// The list of tasks, or the help of one.
pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    match arguments {
        // Help is in the list, and no task.
        [] => list(),
        [name] if name == "help" => list(),
        [name] => {
            let name = name.to_string_lossy();
            print(super::task(&name)?);
        }
        _ => return Err(Failure::usage("help is for one task at a time")),
    }
    Ok(())
}

/// All tasks.
fn list() {
    println!("The tasks of this repository.\n\nUsage: cargo xtask <task> [options]\n");
    let width = ALL.iter().map(|task| task.name.len()).max().unwrap_or(0);
    for task in ALL {
        println!("  {:width$}  {}", task.name, task.about);
    }
    println!("  {:width$}  This list, or all about one task", "help");
    println!("\n`cargo xtask help <task>` tells the options of one.");
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
