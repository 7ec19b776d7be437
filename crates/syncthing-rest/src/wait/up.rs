//! Waiting until the daemon answers.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use sync_core::Error;
use sync_core::policy::{Backoff, RetryPolicy};
use sync_core::transport::Delivery;

use super::{WaitError, WaitReason};
use crate::Client;
use crate::model::Time;
use crate::model::system::SystemStatus;

/// How long a daemon may take to come up by default. With a large database it
/// may need longer; 13 s were measured for a small one.
const LIMIT: Duration = Duration::from_secs(60);
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A wait until the daemon answers. Await it for the daemon's status.
///
/// # Errors
///
/// A [`WaitError`]: the time was over, or the API key is refused.
#[derive(Clone, Debug)]
#[must_use = "nothing is waited for until it is awaited"]
pub struct UpWait {
    client: Client,
    restart: bool,
    not: Option<Time>,
    deadline: Duration,
}

impl UpWait {
    pub(super) fn new(client: Client, restart: bool) -> Self {
        Self {
            client,
            restart,
            not: None,
            deadline: LIMIT,
        }
    }

    /// Waits for another process than the one that started then: until it has
    /// been restarted.
    pub fn not_started_at(mut self, start_time: Time) -> Self {
        self.not = Some(start_time);
        self
    }

    /// Gives up after this time. Default 60 s.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = limit;
        self
    }

    async fn run(self) -> Result<SystemStatus, WaitError> {
        let limit = self.deadline;
        match tokio::time::timeout(limit, self.until_up()).await {
            Ok(result) => result.map_err(WaitError::from),
            Err(_) => Err(WaitError::new(WaitReason::Deadline(None), None)),
        }
    }

    async fn until_up(mut self) -> Result<SystemStatus, Error> {
        if self.restart {
            self.begin_restart().await?;
        }
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(2));
        let mut failures = 0;
        loop {
            let status = self.client.system().status().retry(RetryPolicy::never());
            match status.timeout(PATIENCE).await {
                Ok(status) if self.not.is_none() || status.start_time != self.not => {
                    return Ok(status);
                }
                Ok(_) => {}
                Err(error) if !error.is_retryable() => return Err(error),
                Err(_) => {}
            }
            tokio::time::sleep(backoff.pause(failures).max(Duration::from_millis(50))).await;
            failures += 1;
        }
    }

    async fn begin_restart(&mut self) -> Result<(), Error> {
        let status = self.client.system().status().await?;
        self.not = status.start_time;
        if status.uptime < 1 {
            // Start times have whole seconds: the next one must differ.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        match self.client.system().restart().await {
            // The daemon may be gone before its answer has left.
            Err(error) if error.is_retryable() && error.delivery() == Delivery::MaybeSent => Ok(()),
            other => other.map(drop),
        }
    }
}

impl IntoFuture for UpWait {
    type Output = Result<SystemStatus, WaitError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
