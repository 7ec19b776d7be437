//! Results one by one.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::error::QueryError;
use super::run::Run;

type Step<T> = Pin<Box<dyn Future<Output = (Box<Run>, Result<Option<T>, QueryError>)> + Send>>;

/// The results of a query: see [`Query::stream`](super::Query::stream).
#[must_use = "streams do nothing until they are polled"]
pub struct QueryStream<T> {
    run: Option<Box<Run>>,
    step: Option<Step<T>>,
    of: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> QueryStream<T> {
    pub(crate) fn new(run: Run) -> Self {
        Self {
            run: Some(Box::new(run)),
            step: None,
            of: PhantomData,
        }
    }

    /// The next result; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`QueryError`]; after one, the stream is at its end.
    pub async fn try_next(&mut self) -> Result<Option<T>, QueryError> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }
}

async fn step<T: DeserializeOwned>(mut run: Box<Run>) -> (Box<Run>, Result<Option<T>, QueryError>) {
    let result = match run.next().await {
        Ok(Some(row)) => run.read(&row).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    (run, result)
}

impl<T: DeserializeOwned + 'static> Stream for QueryStream<T> {
    type Item = Result<T, QueryError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(run) = this.run.take() {
            this.step = Some(Box::pin(step(run)));
        }
        let Some(next) = &mut this.step else {
            return Poll::Ready(None);
        };
        let (run, result) = ready!(next.as_mut().poll(cx));
        this.step = None;
        if let Ok(Some(_)) = &result {
            this.run = Some(run);
        }
        Poll::Ready(result.transpose())
    }
}

impl<T> fmt::Debug for QueryStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueryStream")
            .field("ended", &(self.run.is_none() && self.step.is_none()))
            .finish_non_exhaustive()
    }
}
