//! Random numbers of the operating system, for ids and nonces.

use std::sync::{Mutex, PoisonError};

use crate::Error;

/// How many bytes are drawn at a time: asking the system for an id's worth costs
/// as much as making a small request.
const DRAWN: usize = 256;

/// What was drawn and is still to be given out, once.
struct Reserve {
    bytes: [u8; DRAWN],
    left: usize,
}

static RESERVE: Mutex<Reserve> = Mutex::new(Reserve {
    bytes: [0; DRAWN],
    left: 0,
});

/// Random bytes, which nobody else is given. Not for keys that have to stay
/// secret: they are drawn ahead, and a process that forks without starting
/// another program gives the next few of them twice.
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) when the system has none.
///
/// ```
/// let (one, other) = (sync_core::random::bytes::<16>()?, sync_core::random::bytes::<16>()?);
/// assert_ne!(one, other);
/// # Ok::<(), sync_core::Error>(())
/// ```
pub fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    const { assert!(N <= DRAWN) };
    let mut reserve = RESERVE.lock().unwrap_or_else(PoisonError::into_inner);
    if reserve.left < N {
        // Not what is left of the last, should this fail half-way.
        reserve.left = 0;
        getrandom::fill(&mut reserve.bytes).map_err(|error| {
            Error::config("the system gives no random numbers").with_source(error)
        })?;
        reserve.left = DRAWN;
    }
    let begin = reserve.left - N;
    let mut given = [0; N];
    given.swap_with_slice(&mut reserve.bytes[begin..begin + N]);
    reserve.left = begin;
    Ok(given)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_given_out_twice() {
        let drawn = || {
            (0..1000)
                .map(|_| bytes::<16>().unwrap())
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(drawn)).collect();
        let all = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap());
        assert_eq!(all.collect::<HashSet<_>>().len(), 4000);
    }

    #[test]
    fn any_size_may_follow_any_other() {
        for _ in 0..100 {
            assert_ne!(bytes::<7>().unwrap(), [0; 7]);
            assert_ne!(bytes::<DRAWN>().unwrap(), [0; DRAWN]);
            assert_ne!(bytes::<33>().unwrap(), [0; 33]);
        }
    }
}
