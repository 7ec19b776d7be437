//! The changes of all users' buckets of a name.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use sync_core::stream::WatchOptions;
use sync_core::{Call, Error};

use super::bucket::Bucket;
use super::poll::{ChangeStream, Question, WAIT, held, once, watch_options};
use crate::client::operations;
use crate::model::{Change, ClientId, Cv};

/// How many changes come at a time, as with the service's own client.
const BATCH: u32 = 100;

/// A question for the changes of all users. For administrators. Await it for
/// one poll, or take the [`stream`](Self::stream) that goes on.
///
/// The [id](Change::user_and_key) of a change has the user and the key.
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is awaited"]
pub struct All {
    cv: Option<Cv>,
    question: Asked,
    options: WatchOptions,
}

#[derive(Clone, Debug)]
struct Asked {
    bucket: Bucket<()>,
    wait: Option<Duration>,
    data: bool,
    username: bool,
    most_recent: bool,
    skipped: Vec<ClientId>,
    batch: u32,
}

impl Question for Asked {
    fn call(&self, cv: Option<&Cv>) -> Call<Bytes> {
        let operation = match cv {
            Some(_) => &operations::POLL_ALL_SINCE,
            None => &operations::POLL_ALL,
        };
        let mut call = self
            .bucket
            .call(operation)
            .query("clientid", self.bucket.api().client_id())
            .query_opt("cv", cv);
        for client in &self.skipped {
            call = call.query("skip_clientid", client);
        }
        call.query("batch", self.batch.to_string())
            .query_opt("username", self.username.then_some("1"))
            .query_opt("data", self.data.then_some("1"))
            .query_opt("most_recent", self.most_recent.then_some("1"))
            .query_opt("wait", self.wait.is_none().then_some("0"))
    }

    fn wait(&self) -> Option<Duration> {
        self.wait
    }
}

impl All {
    pub(super) fn new<T>(bucket: &Bucket<T>, cv: Option<Cv>) -> Self {
        Self {
            cv,
            question: Asked {
                bucket: Bucket::of(bucket.api().clone(), bucket.name().clone()),
                wait: Some(WAIT),
                data: false,
                username: false,
                most_recent: false,
                skipped: Vec::new(),
                batch: BATCH,
            },
            options: watch_options(),
        }
    }

    /// Whether each change shall have its object as it is now.
    pub fn data(mut self, data: bool) -> Self {
        self.question.data = data;
        self
    }

    /// Whether each change shall have the name of its user.
    pub fn username(mut self, username: bool) -> Self {
        self.question.username = username;
        self
    }

    /// Whether, of several changes of an object, only the last shall come.
    pub fn most_recent(mut self, most_recent: bool) -> Self {
        self.question.most_recent = most_recent;
        self
    }

    /// Leaves out the changes of this client: one's own, mostly. May be said
    /// more than once.
    pub fn skip_client(mut self, client: ClientId) -> Self {
        self.question.skipped.push(client);
        self
    }

    /// How many changes come at a time at the most. Default: 100.
    pub fn batch(mut self, batch: u32) -> Self {
        self.question.batch = batch.max(1);
        self
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

    /// How a stream deals with quiet and with errors; see
    /// [`Changes::watch_options`](super::Changes::watch_options).
    pub fn watch_options(mut self, options: WatchOptions) -> Self {
        self.options = options;
        self
    }

    /// Polls once.
    ///
    /// # Errors
    ///
    /// [`UnknownCv`](crate::SimperiumError::UnknownCv),
    /// [`Forbidden`](crate::SimperiumError::Forbidden) without administrator's
    /// rights, or as any call.
    pub async fn poll(self) -> Result<Vec<Change>, Error> {
        once(&self.question, self.cv.as_ref()).await
    }

    /// Polls for ever.
    pub fn stream(self) -> ChangeStream {
        ChangeStream::new(self.question, self.cv, self.options)
    }
}

impl IntoFuture for All {
    type Output = Result<Vec<Change>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.poll())
    }
}
