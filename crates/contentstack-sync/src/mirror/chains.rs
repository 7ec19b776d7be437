//! Several futures at a time, in one task.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Runs futures to their end, at most `limit` at a time; ends with the first
/// error. What still runs then is dropped, as it is when this is dropped.
pub(super) async fn all<F, T, E>(
    limit: usize,
    futures: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut waiting = futures.into_iter();
    let mut running: Vec<Pin<Box<F>>> = Vec::new();
    let mut done = Vec::new();
    poll_fn(|cx| {
        loop {
            while running.len() < limit {
                match waiting.next() {
                    Some(future) => running.push(Box::pin(future)),
                    None => break,
                }
            }
            if running.is_empty() {
                return Poll::Ready(Ok(std::mem::take(&mut done)));
            }
            let before = running.len();
            let mut failed = None;
            running.retain_mut(|future| match future.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(Ok(value)) => {
                    done.push(value);
                    false
                }
                Poll::Ready(Err(error)) => {
                    failed.get_or_insert(error);
                    false
                }
            });
            if let Some(error) = failed {
                return Poll::Ready(Err(error));
            }
            // Where one has ended, another may begin.
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Waits for `first`, and then, if it went well, for `second`, which runs on
/// meanwhile.
pub(super) async fn overlapped<T, E, U>(
    first: impl Future<Output = Result<T, E>>,
    second: impl Future<Output = U>,
) -> Result<(T, U), E> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut early = None;
    let value = poll_fn(|cx| {
        if early.is_none() {
            if let Poll::Ready(value) = second.as_mut().poll(cx) {
                early = Some(value);
            }
        }
        first.as_mut().poll(cx)
    })
    .await?;
    let other = match early {
        Some(other) => other,
        None => second.await,
    };
    Ok((value, other))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_than_the_limit_run_at_a_time_and_all_do() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let futures = (0..20).map(|n| {
            let (now, most) = (&now, &most);
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..n % 5 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, ()>(n)
            }
        });
        let mut done = all(3, futures).await.unwrap();
        done.sort_unstable();
        assert_eq!(done, (0..20).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), 3);
    }

    #[tokio::test]
    async fn the_first_error_ends_it() {
        let futures = [Ok(1), Err("no"), Ok(3)].map(std::future::ready);
        assert_eq!(all(1, futures).await, Err("no"));
    }

    #[tokio::test]
    async fn the_second_runs_while_the_first_does() {
        let (send, receive) = tokio::sync::oneshot::channel();
        // The first can only end because the second has run.
        let first = async { receive.await.map_err(|_| "dropped") };
        let second = async { send.send(1).map_err(|_| "dropped") };
        assert_eq!(overlapped(first, second).await, Ok((1, Ok(()))));
    }

    #[tokio::test]
    async fn a_failed_first_does_not_wait_for_the_second() {
        let first = async { Err::<(), _>("no") };
        let second = std::future::pending::<()>();
        assert_eq!(overlapped(first, second).await, Err("no"));
    }
}
