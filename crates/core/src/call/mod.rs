//! One call: a typed request that becomes a typed result.

mod options;
pub(crate) mod uri;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::options::CallOptions;
pub use self::uri::resolve;
use crate::pipeline::Pipeline;
use crate::policy::{self, Answered, Hop, Mode, Prepared, Redirects, RetryPolicy};
use crate::transport::{Body, Operation};
use crate::{Error, json, redact};

type Decode<T> = Box<dyn FnOnce(&http::response::Parts, Bytes) -> Result<T, Error> + Send>;

/// A call that is ready to be sent. Nothing happens until it is awaited.
///
/// Mistakes in its arguments come out when it is awaited, as
/// [`ErrorKind::Encode`](crate::ErrorKind::Encode) or
/// [`ErrorKind::Config`](crate::ErrorKind::Config).
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    draft: Draft,
    decode: Decode<T>,
}

/// All of a call but its type.
struct Draft {
    pipeline: Pipeline,
    target: Target,
    /// Complete but for its URI. In a box, as each method of a call moves it.
    prepared: Box<Prepared>,
    error: Option<Error>,
}

/// Where an answer came from, in the extensions of one that redirects led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameFrom(pub Uri);

enum Target {
    Relative(uri::Target),
    Absolute(Uri),
}

impl Call<Bytes> {
    pub(crate) fn new(pipeline: Pipeline, operation: &'static Operation) -> Self {
        let target = Target::Relative(uri::Target::new(pipeline.prefix(), operation));
        Self::with_target(pipeline, operation, target)
    }

    pub(crate) fn absolute(pipeline: Pipeline, operation: &'static Operation, uri: Uri) -> Self {
        Self::with_target(pipeline, operation, Target::Absolute(uri))
    }

    fn with_target(pipeline: Pipeline, operation: &'static Operation, target: Target) -> Self {
        let options = pipeline.options().clone();
        Self {
            draft: Draft {
                pipeline,
                target,
                prepared: Box::new(Prepared {
                    operation,
                    hop: Hop::new(operation.method().clone()),
                    accept: None,
                    content_type: None,
                    body: Some(Body::empty()),
                    options,
                    accepted: &[],
                }),
                error: None,
            },
            decode: Box::new(|_, body| Ok(body)),
        }
    }

    /// Reads the answer as JSON.
    pub fn json<T: DeserializeOwned + 'static>(self) -> Call<T> {
        self.decode_with(|_, body| decode_json(&body))
            .accept(HeaderValue::from_static("application/json"))
    }

    /// Reads the answer as text.
    pub fn text(self) -> Call<String> {
        self.decode_with(|_, body| {
            String::from_utf8(body.into()).map_err(|error| {
                Error::decode("the answer is not UTF-8 text").with_source(error.utf8_error())
            })
        })
    }

    /// Takes no interest in the answer's body.
    pub fn empty(self) -> Call<()> {
        self.decode_with(|_, _| Ok(()))
    }

    /// Reads the answer with `decode`, which is given its head and its whole body.
    pub fn decode_with<T>(
        self,
        decode: impl FnOnce(&http::response::Parts, Bytes) -> Result<T, Error> + Send + 'static,
    ) -> Call<T> {
        Call {
            draft: self.draft,
            decode: Box::new(decode),
        }
    }
}

/// Decodes a JSON answer; the error names the place and shows a piece of it.
///
/// # Errors
///
/// [`ErrorKind::Decode`](crate::ErrorKind::Decode).
pub fn decode_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    json::decode(body).map_err(|error| {
        let snippet = error.snippet().to_owned();
        Error::decode("the answer is not the JSON that was agreed")
            .with_snippet(snippet)
            .with_source(error)
    })
}

impl<T> Call<T> {
    /// Replaces the operation's path by one that begins with `/` and is encoded
    /// already.
    pub fn raw_path(mut self, path: &str) -> Self {
        let result = match &mut self.draft.target {
            Target::Relative(target) => target.replace(self.draft.pipeline.prefix(), path),
            Target::Absolute(_) => Err(Error::encode("a whole URI has a path already")),
        };
        self.note(result);
        self
    }

    /// Fills the next placeholder of the path with one segment.
    pub fn path(mut self, value: impl AsRef<str>) -> Self {
        let result = match &mut self.draft.target {
            Target::Relative(target) => target.segment(value.as_ref()),
            Target::Absolute(_) => Err(Error::encode("a whole URI has no places to fill")),
        };
        self.note(result);
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, key: &str, value: impl AsRef<str>) -> Self {
        match &mut self.draft.target {
            Target::Relative(target) => target.query(key, value.as_ref()),
            Target::Absolute(_) => {
                self.note(Err(Error::encode(
                    "a whole URI takes no further parameters",
                )));
            }
        }
        self
    }

    /// Adds a query parameter if there is a value for it.
    pub fn query_opt(self, key: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.query(key, value),
            None => self,
        }
    }

    /// Sets a header.
    pub fn header(mut self, name: HeaderName, value: impl TryInto<HeaderValue>) -> Self {
        match value.try_into() {
            Ok(value) => {
                self.draft.prepared.hop.headers.insert(name, value);
            }
            Err(_) => {
                let message = format!("the value for the header {name} cannot be sent");
                self.note(Err(Error::encode(message)));
            }
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.draft.prepared.body = Some(body.into());
        self
    }

    /// Sets the body and its type to JSON.
    pub fn json_body<B: Serialize + ?Sized>(mut self, value: &B) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.draft.prepared.body = Some(bytes.into()),
            Err(error) => self.note(Err(
                Error::encode("the value cannot be written as JSON").with_source(error)
            )),
        }
        self.content_type(HeaderValue::from_static("application/json"))
    }

    /// Sets the type of the body. A [`header`](Self::header) of that name goes first.
    pub fn content_type(mut self, value: HeaderValue) -> Self {
        self.draft.prepared.content_type = Some(value);
        self
    }

    /// Sets the types of an answer that are understood. A
    /// [`header`](Self::header) of that name goes first.
    pub fn accept(mut self, value: HeaderValue) -> Self {
        self.draft.prepared.accept = Some(value);
        self
    }

    /// Counts these statuses as success too; the decoder then sees them.
    pub fn accept_status(mut self, statuses: &'static [u16]) -> Self {
        self.draft.prepared.accepted = statuses;
        self
    }

    /// Limits the call as a whole; see [`CallOptions::total_timeout`].
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.draft.prepared.options.total = limit.into();
        self
    }

    /// When and how often to try again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.draft.prepared.options.retry = policy;
        self
    }

    /// Which redirects to follow.
    pub fn redirects(mut self, redirects: Redirects) -> Self {
        self.draft.prepared.options.redirects = redirects;
        self
    }

    /// Changes any of the call's options.
    pub fn with_options(mut self, change: impl FnOnce(CallOptions) -> CallOptions) -> Self {
        let options = &mut self.draft.prepared.options;
        *options = change(std::mem::take(options));
        self
    }

    /// Changes the result.
    pub fn map<U>(self, change: impl FnOnce(T) -> U + Send + 'static) -> Call<U>
    where
        T: 'static,
    {
        self.and_then(|value| Ok(change(value)))
    }

    /// Changes the result, or finds that it is none.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Result<U, Error> + Send + 'static) -> Call<U>
    where
        T: 'static,
    {
        let decode = self.decode;
        Call {
            draft: self.draft,
            decode: Box::new(move |head, body| change(decode(head, body)?)),
        }
    }

    /// A call that fails with `error` when it is awaited, unless it fails earlier.
    pub fn or_error(mut self, error: Option<Error>) -> Self {
        self.note(error.map_or(Ok(()), Err));
        self
    }

    /// What is being called.
    pub fn operation(&self) -> &'static Operation {
        self.draft.prepared.operation
    }

    /// Sends the call and yields its result.
    ///
    /// # Errors
    ///
    /// See [`Error::kind`]. The body is read within the retry loop, so a
    /// connection lost in mid-body is repeated like any other.
    pub fn send(self) -> impl Future<Output = Result<T, Error>> + Send + use<T> {
        let (ready, decode) = (self.draft.finish(), self.decode);
        async move {
            let (pipeline, prepared) = ready?;
            let answered = policy::run(&pipeline, prepared, Mode::Buffered).await?;
            decoded(&pipeline, answered, decode).map(http::Response::into_body)
        }
    }

    /// Like [`send`](Self::send), with the head of the answer.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_full(
        self,
    ) -> impl Future<Output = Result<http::Response<T>, Error>> + Send + use<T> {
        let (ready, decode) = (self.draft.finish(), self.decode);
        async move {
            let (pipeline, prepared) = ready?;
            let answered = policy::run(&pipeline, prepared, Mode::Buffered).await?;
            decoded(&pipeline, answered, decode)
        }
    }

    /// Waits for an answer that the server may hold back for up to `expected`.
    /// `None` when the time passed without an answer: that is the normal end
    /// of a long poll, and says nothing about the server's health. An answer
    /// that began and then stopped is an error.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn poll(mut self, expected: Duration, margin: Duration) -> Result<Option<T>, Error> {
        let options = &mut self.draft.prepared.options;
        *options = std::mem::take(options).long_poll(expected, margin);
        match self.send().await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_quiet() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends the call and hands out the body as it arrives, decompressed. The
    /// total timeout ends with the head; the idle timeout holds to the end.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), until the head is here. A body that breaks
    /// off later is an error of the [`Body`].
    pub async fn stream(self) -> Result<http::Response<Body>, Error> {
        let (pipeline, prepared) = self.draft.finish()?;
        let answered = policy::run(&pipeline, prepared, Mode::Streamed).await?;
        Ok(answered.response)
    }

    fn note(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.draft.error.get_or_insert(error);
        }
    }
}

/// The result that an answer stands for.
fn decoded<T>(
    pipeline: &Pipeline,
    answered: Answered,
    decode: Decode<T>,
) -> Result<http::Response<T>, Error> {
    let (head, body) = answered.response.into_parts();
    let body = body.into_bytes().unwrap_or_default();
    match decode(&head, body) {
        Ok(value) => Ok(http::Response::from_parts(head, value)),
        Err(error) => Err(pipeline
            .scrub(error)
            .with_operation(answered.operation)
            .with_request(pipeline.request_line(answered.operation, &answered.uri))
            .with_effort(answered.attempts, answered.started.elapsed())),
    }
}

impl Draft {
    fn finish(mut self) -> Result<(Pipeline, Box<Prepared>), Error> {
        let base = self.pipeline.base();
        let target = match (self.error, self.target) {
            (Some(error), _) => Err(error),
            // Written as the base is, which was checked when the pipeline was built.
            (None, Target::Absolute(uri)) if uri::same_authority(&uri, base) => Ok((true, uri)),
            (None, Target::Absolute(uri)) => {
                uri::check_absolute(uri).map(|uri| (uri::same_origin(&uri, base), uri))
            }
            (None, Target::Relative(target)) => target.finish(base).map(|uri| (true, uri)),
        };
        let operation = self.prepared.operation;
        let (home, uri) = target.map_err(|error| error.with_operation(operation))?;
        self.prepared.hop.direct(uri, home);
        Ok((self.pipeline, self.prepared))
    }
}

impl<T: Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("operation", &self.draft.prepared.operation.name())
            .field(
                "headers",
                &redact::headers(&self.draft.prepared.hop.headers),
            )
            .field("body", &self.draft.prepared.body)
            .field("options", &self.draft.prepared.options)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "hyper"))]
mod tests {
    use super::*;

    static OPERATION: Operation = Operation::get("t", "t", "/");

    #[test]
    fn a_call_is_small_enough_to_be_allocated_quickly() {
        let pipeline = Pipeline::builder("http://127.0.0.1").build().unwrap();
        let call = pipeline.call(&OPERATION).json::<serde_json::Value>();
        // What glibc keeps at hand for the next allocation of the same size.
        assert!(std::mem::size_of_val(&call.send()) <= 1032);
    }
}
