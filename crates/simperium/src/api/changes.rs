//! The changes of a bucket.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use sync_core::stream::WatchOptions;
use sync_core::{Call, Error};

use super::bucket::Bucket;
use super::poll::{ChangeStream, Question, WAIT, held, once, watch_options};
use crate::client::operations;
use crate::model::{Change, Cv};

/// A question for the changes of a bucket after a place. Await it for one poll,
/// or take the [`stream`](Self::stream) that goes on.
///
/// A poll is answered as soon as there is a change. An empty list means that
/// there was none for as long as it was [waited](Self::wait) for, or the
/// service, or something on the way, cut the poll short.
///
/// A copy of a bucket that stays as the bucket is:
///
/// ```
/// # #[cfg(feature = "emulator")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::collections::BTreeMap;
///
/// use simperium::api::ChangeEvent;
/// use simperium::protocol::Operation;
///
/// # let server = simperium::emulator::Emulator::builder().start().await?;
/// # let token = "lab-ann-0123456789abcdef0123456789abcdef";
/// # let api = simperium::Api::builder("my-app", token).host(server.origin()).build()?;
/// # api.bucket("todo")?.put("old", &serde_json::json!({})).await?;
/// let todo = api.bucket("todo")?;
/// loop {
///     let index = todo.index().data(true).all_pages().await?;
///     let entries = index.entries.into_iter();
///     let mut copy: BTreeMap<_, _> =
///         entries.filter_map(|entry| Some((entry.key.to_string(), entry.data?))).collect();
///
/// #   todo.put("new", &serde_json::json!({"title": "Wash the car"})).await?;
/// #   todo.delete("old").await?;
///     let mut changes = todo.changes(index.current).stream();
///     while let Some(event) = changes.next().await {
///         match event? {
///             ChangeEvent::Change(change) => match change.operation {
///                 Operation::Empty | Operation::Drop => copy.clear(),
///                 // As it is now, whatever came since.
///                 _ => match todo.get(&change.id).await? {
///                     Some(now) => drop(copy.insert(change.id, now.data)),
///                     None => drop(copy.remove(&change.id)),
///                 },
///             },
///             ChangeEvent::Interrupted { error, pause } => println!("{error}; again in {pause:?}"),
///             // The service has forgotten the place: begin anew.
///             ChangeEvent::Reindex => break,
///             _ => {}
///         }
/// #       if !copy.contains_key("old") {
/// #           assert_eq!(copy["new"]["title"], "Wash the car");
/// #           return Ok(());
/// #       }
///     }
/// }
/// # }
/// # #[cfg(not(feature = "emulator"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is awaited"]
pub struct Changes {
    cv: Option<Cv>,
    question: Asked,
    options: WatchOptions,
}

#[derive(Clone, Debug)]
struct Asked {
    bucket: Bucket<()>,
    wait: Option<Duration>,
}

impl Question for Asked {
    fn call(&self, cv: Option<&Cv>) -> Call<Bytes> {
        let operation = match cv {
            Some(_) => &operations::POLL_SINCE,
            None => &operations::POLL,
        };
        self.bucket
            .call(operation)
            .query("clientid", self.bucket.api().client_id())
            .query_opt("cv", cv)
            .query_opt("wait", self.wait.is_none().then_some("0"))
    }

    fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

impl Changes {
    pub(super) fn new<T>(bucket: &Bucket<T>, cv: Option<Cv>) -> Self {
        Self {
            cv,
            question: Asked {
                bucket: Bucket::of(bucket.api().clone(), bucket.name().clone()),
                wait: Some(WAIT),
            },
            options: watch_options(),
        }
    }

    /// How long a poll is waited for, with the way there and back. Default:
    /// 120 s. Not at all is [`no_wait`](Self::no_wait).
    pub fn wait(mut self, wait: Duration) -> Self {
        self.question.wait = held(wait);
        self
    }

    /// Asks the service not to hold the poll back: what is there is the answer.
    /// It is then a call like any other, repeated like one.
    pub fn no_wait(mut self) -> Self {
        self.question.wait = None;
        self
    }

    /// How a stream deals with quiet and with errors. Default: pauses from
    /// 100 ms to 5 s after errors, polls that find nothing at least 1 s apart,
    /// and no giving up.
    pub fn watch_options(mut self, options: WatchOptions) -> Self {
        self.options = options;
        self
    }

    /// Polls once: the changes in their order, none when nothing has changed.
    ///
    /// # Errors
    ///
    /// [`UnknownCv`](crate::SimperiumError::UnknownCv) when the index has to be
    /// read again, or as any call.
    pub async fn poll(self) -> Result<Vec<Change>, Error> {
        once(&self.question, self.cv.as_ref()).await
    }

    /// Polls for ever.
    pub fn stream(self) -> ChangeStream {
        ChangeStream::new(self.question, self.cv, self.options)
    }
}

impl IntoFuture for Changes {
    type Output = Result<Vec<Change>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.poll())
    }
}
