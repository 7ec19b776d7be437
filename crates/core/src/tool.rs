//! What the example tools of the service crates share: how they start, print and
//! end.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind, Write as _};
use std::process::{self, ExitCode};

#[doc(inline)]
pub use crate::__say as say;

/// What a command has to say by its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 0: all is well.
    Good,
    /// 1: it was done, and the answer is no.
    Bad,
    /// 130: somebody stopped it.
    Stopped,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Good => Self::SUCCESS,
            Outcome::Bad => Self::from(1),
            Outcome::Stopped => Self::from(130),
        }
    }
}

/// What a command returns.
pub type Result<T = Outcome> = std::result::Result<T, Box<dyn StdError>>;

/// Runs a tool: `args` as they were read, or `None` when there is nothing left to
/// do. Exit codes are those of [`Outcome`], 2 for arguments that are wrong, and 3
/// for an error.
pub fn run<A, E, W>(
    name: &str,
    args: std::result::Result<Option<A>, E>,
    work: impl FnOnce(A) -> W,
) -> ExitCode
where
    E: fmt::Display,
    W: Future<Output = Result>,
{
    let args = match args {
        Ok(Some(args)) => args,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}\nTry {name} --help.");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(work(args)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) if is_gone_reader(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", in_full(&*error));
            ExitCode::from(3)
        }
    }
}

/// Whether standard output could not be written to because nobody reads it any
/// more. A connection that breaks is an error of its client.
fn is_gone_reader(error: &(dyn StdError + 'static)) -> bool {
    let kind = match error.downcast_ref::<serde_json::Error>() {
        Some(error) => error.io_error_kind(),
        None => error.downcast_ref().map(io::Error::kind),
    };
    kind == Some(ErrorKind::BrokenPipe)
}

/// Prints a line on standard output, as `println!` does, but ends the program
/// without a word when whoever reads it has seen enough and gone.
#[doc(hidden)]
#[macro_export]
macro_rules! __say {
    ($($text:tt)*) => {
        $crate::tool::print(::std::format_args!($($text)*))
    };
}

/// What [`say!`] does.
#[doc(hidden)]
pub fn print(text: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let code = match out.write_fmt(text).and_then(|()| out.write_all(b"\n")) {
        Ok(()) => return,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => {
            eprintln!("{error}");
            3
        }
    };
    process::exit(code)
}

/// The error and its causes, up to the one that says nothing new.
pub fn in_full(error: &dyn StdError) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if said.contains(&more) {
            break;
        }
        said.push_str(": ");
        said.push_str(&more);
        source = cause.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Chain(&'static str, Option<Box<Chain>>);

    impl fmt::Display for Chain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Chain {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_are_told_up_to_the_one_that_says_nothing_new() {
        let cause = |text, cause| Some(Box::new(Chain(text, cause)));
        let error = Chain("a", cause("b", cause("c", None)));
        assert_eq!(in_full(&error), "a: b: c");
        let error = Chain("no: it is full", cause("it is full", cause("ENOSPC", None)));
        assert_eq!(in_full(&error), "no: it is full");
    }

    #[test]
    fn exit_codes_tell_outcomes_wrong_arguments_and_errors_apart() {
        let run = |args: std::result::Result<Option<Result>, &str>| {
            format!("{:?}", run("tool", args, |outcome| async { outcome }))
        };
        let code = |code: u8| format!("{:?}", ExitCode::from(code));
        assert_eq!(run(Ok(None)), code(0));
        assert_eq!(run(Ok(Some(Ok(Outcome::Good)))), code(0));
        assert_eq!(run(Ok(Some(Ok(Outcome::Bad)))), code(1));
        assert_eq!(run(Err("what?")), code(2));
        assert_eq!(run(Ok(Some(Err("no".into())))), code(3));
        let io = |kind: ErrorKind| io::Error::from(kind);
        assert_eq!(run(Ok(Some(Err(io(ErrorKind::NotFound).into())))), code(3));
        assert_eq!(
            run(Ok(Some(Err(io(ErrorKind::BrokenPipe).into())))),
            code(0)
        );
        let json = serde_json::Error::io(io(ErrorKind::BrokenPipe));
        assert_eq!(run(Ok(Some(Err(json.into())))), code(0));
        assert_eq!(run(Ok(Some(Ok(Outcome::Stopped)))), code(130));
    }
}
