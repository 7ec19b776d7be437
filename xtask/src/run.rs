//! Running programs so that whatever they start ends with them: after success,
//! after failure, and on Ctrl-C.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use xtask::peers::Session;

use crate::cargo::{not_started, shown};
use crate::error::Failure;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A session that Ctrl-C (or SIGTERM, SIGHUP) ends with everything in it.
pub(crate) fn session() -> Result<Arc<Session>, Failure> {
    static HANDLER: OnceLock<()> = OnceLock::new();
    let session = Arc::new(Session::begin()?);
    if HANDLER.set(()).is_err() {
        return Err(Failure::new("a second session in one run"));
    }
    // Not kept alive by the handler: the session ends when its task does.
    let interrupted = Arc::downgrade(&session);
    ctrlc::set_handler(move || {
        INTERRUPTED.store(true, Ordering::SeqCst);
        // The child of `run` ends by this, and `run` then returns.
        if let Some(session) = interrupted.upgrade() {
            session.end_everything();
        }
    })
    .map_err(Failure::new)?;
    Ok(session)
}

/// Fails if the run was interrupted.
pub(crate) fn check_interrupted() -> Result<(), Failure> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        return Err(Failure::Interrupted);
    }
    Ok(())
}

/// Runs a command to its end; fails with its exit code.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let child = spawn(command)?;
    finish(command, child)
}

/// Runs a command and shows every line of its standard output to `see` before
/// it is printed.
pub(crate) fn run_seeing(command: &mut Command, mut see: impl FnMut(&str)) -> Result<(), Failure> {
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            see(&String::from_utf8_lossy(&line));
            let mut out = io::stdout().lock();
            // Nobody may be reading any more; the run still counts.
            let _ = out.write_all(&line).and_then(|()| out.flush());
            line.clear();
        }
    }
    finish(command, child)
}

fn spawn(command: &mut Command) -> Result<Child, Failure> {
    check_interrupted()?;
    eprintln!("$ {}", shown(command));
    command
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| not_started(command, &error))
}

fn finish(command: &Command, mut child: Child) -> Result<(), Failure> {
    let status = child.wait()?;
    check_interrupted()?;
    if status.success() {
        return Ok(());
    }
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => Err(Failure::Exit(code)),
        None => Err(Failure::new(format!("`{}`: {status}", shown(command)))),
    }
}
