//! Real Syncthing daemons, each with a client of its own.

mod files;
mod lab;
mod pair;

use std::time::Duration;

pub use files::{Size, file_count, write_file, write_files};
pub use lab::Lab;
pub use pair::Pair;
use tokio::time::{sleep, timeout};

use crate::Result;

/// Makes a test of each of these functions for every version of the daemon.
///
/// The functions take a [`Version`](xtask::peers::syncthing::Version) and return
/// a [`Result`](crate::Result).
#[macro_export]
macro_rules! every_version {
    ($($test:ident),* $(,)?) => {
        mod v1_19 {
            $($crate::every_version!(@test $test V1_19);)*
        }
        mod v1_29 {
            $($crate::every_version!(@test $test V1_29);)*
        }
    };
    (@test $test:ident $version:ident) => {
        #[tokio::test]
        async fn $test() -> $crate::Result<()> {
            super::$test(xtask::peers::syncthing::Version::$version).await
        }
    };
}

/// What a real daemon does in its own time, it does within this.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Asks again and again until the answer is `Some`. For what a daemon has no
/// event for; `what` says it when it does not come.
///
/// # Errors
///
/// It did not come within a minute, or asking failed.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let asked = async {
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            sleep(LOOK_EVERY).await;
        }
    };
    match timeout(PATIENCE, asked).await {
        Ok(result) => result,
        Err(_) => Err(format!("waited in vain: {what}").into()),
    }
}

/// The future's result, or an error if that does not come within a minute: for
/// what would otherwise hang a test.
///
/// # Errors
///
/// The minute is over.
pub async fn soon<F: IntoFuture>(what: &str, future: F) -> Result<F::Output> {
    match timeout(PATIENCE, future).await {
        Ok(output) => Ok(output),
        Err(_) => Err(format!("waited in vain: {what}").into()),
    }
}
