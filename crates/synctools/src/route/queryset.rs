//! What a path answers with.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

use futures_core::Stream;

use super::BoxError;
use super::edit::{Edit, Object};
use super::family::Family;
use crate::row::Row;
use crate::store::Query;
use crate::value::Value;

/// Objects in their order: those that a [`Query`] finds, or others.
///
/// Several of them, one after the other, make an [`Answer`].
pub struct Queryset {
    pub(super) source: Source,
    pub(super) edits: Vec<Edit>,
    pub(super) depends: Depends,
    /// Brings the rows into another order.
    pub(super) family: Option<Family>,
}

/// Where objects come from.
pub(super) enum Source {
    Query(Query),
    Objects(Objects),
}

/// Objects that come from elsewhere.
pub(super) type Objects = Pin<Box<dyn Stream<Item = Result<Row, BoxError>> + Send>>;

/// What objects depend on besides the database and what is written down in the
/// queryset.
#[derive(Debug)]
pub(super) enum Depends {
    Nothing,
    /// On what nobody knows.
    Unknown,
    /// On what this text stands for.
    Text(String),
}

impl Queryset {
    /// The rows of a query. They are read when they are sent, all from the same
    /// state of the database.
    pub const fn new(query: Query) -> Self {
        Self {
            source: Source::Query(query),
            edits: Vec::new(),
            depends: Depends::Nothing,
            family: None,
        }
    }

    /// Rows that are no query's: made up, or from elsewhere. One without a
    /// primary key is new to the receiver.
    pub fn objects<I>(rows: I) -> Self
    where
        I: IntoIterator<Item = Row, IntoIter: Send + 'static>,
    {
        Self::stream(Iter(Box::new(rows.into_iter())))
    }

    /// Rows that come one by one. An error cuts the answer short.
    pub fn stream<S, E>(rows: S) -> Self
    where
        S: Stream<Item = Result<Row, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self {
            source: Source::Objects(Box::pin(Boxed(Box::pin(rows)))),
            edits: Vec::new(),
            depends: Depends::Unknown,
            family: None,
        }
    }

    /// Sends a field as `null`, or a many-to-many field as an empty list: what
    /// it refers to isn't to be had by the receiver.
    #[must_use]
    pub fn null(self, field: impl Into<String>) -> Self {
        self.edit(Edit::Null(field.into()))
    }

    /// Sends the same value for every object.
    #[must_use]
    pub fn set(self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.edit(Edit::Set(field.into(), value.into()))
    }

    /// Doesn't send a field. Our own client leaves the receiver's value alone
    /// then; Python's sets it to its default.
    #[must_use]
    pub fn omit(self, field: impl Into<String>) -> Self {
        self.edit(Edit::Omit(field.into()))
    }

    /// Changes each object before it is sent. An error cuts the answer short.
    ///
    /// Nobody but you knows what the function depends on, so the answer has no
    /// `ETag` unless you [say](Self::depends_on) it.
    #[must_use]
    pub fn map<F>(self, map: F) -> Self
    where
        F: FnMut(&mut Object<'_>) -> Result<(), BoxError> + Send + 'static,
    {
        self.opaque(Edit::Map(Box::new(map)))
    }

    /// Sends only objects for which this holds. A [`Query`] does it faster.
    ///
    /// As with [`map`](Self::map), the answer has no `ETag` then.
    #[must_use]
    pub fn retain<F>(self, retain: F) -> Self
    where
        F: FnMut(&Object<'_>) -> bool + Send + 'static,
    {
        self.opaque(Edit::Retain(Box::new(retain)))
    }

    /// Gives answers an `ETag` in spite of functions and objects from elsewhere.
    /// The text has to be another one whenever these, or what they depend on
    /// besides the database, have changed: `"v1"` is enough for a function that
    /// gives equal objects for equal ones.
    #[must_use]
    pub fn depends_on(mut self, text: impl Into<String>) -> Self {
        self.depends = Depends::Text(text.into());
        self
    }

    fn edit(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    fn opaque(mut self, edit: Edit) -> Self {
        if matches!(self.depends, Depends::Nothing) {
            self.depends = Depends::Unknown;
        }
        self.edit(edit)
    }
}

impl From<Query> for Queryset {
    fn from(query: Query) -> Self {
        Self::new(query)
    }
}

impl fmt::Debug for Queryset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Queryset");
        if let Source::Query(query) = &self.source {
            shown.field("query", query);
        }
        shown
            .field("edits", &self.edits.len())
            .field("depends", &self.depends)
            .finish()
    }
}

/// All that a path answers with: querysets in their order.
#[derive(Debug, Default)]
pub struct Answer {
    pub(super) parts: Vec<Part>,
    pub(super) modified: Option<SystemTime>,
}

#[derive(Debug)]
pub(super) enum Part {
    Queryset(Box<Queryset>),
    App(String),
}

impl Answer {
    /// Nothing: `[]`.
    pub fn new() -> Self {
        Self::default()
    }

    /// All models of an app, or the one of a label such as `blog.Post`, as
    /// [`RouteBuilder::app`](super::RouteBuilder::app) has them.
    pub fn app(label: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::App(label.into())],
            modified: None,
        }
    }

    /// Adds a queryset at the end.
    #[must_use]
    pub fn and(mut self, queryset: impl Into<Queryset>) -> Self {
        self.parts.push(Part::Queryset(Box::new(queryset.into())));
        self
    }

    /// Says when something in it, or something that was in it, last changed.
    /// Clients who have it since then are told so without reading anything.
    ///
    /// HTTP's times are whole seconds: a time within the present one isn't sent,
    /// for more could come within it.
    #[must_use]
    pub const fn last_modified(mut self, time: SystemTime) -> Self {
        self.modified = Some(time);
        self
    }
}

impl<Q: Into<Queryset>> FromIterator<Q> for Answer {
    fn from_iter<I: IntoIterator<Item = Q>>(querysets: I) -> Self {
        querysets.into_iter().fold(Self::new(), Self::and)
    }
}

/// What the function of a path may return: a [`Queryset`] or a [`Query`],
/// several of them in a list, an [`Answer`]; or a `Result` of these, whose error
/// is answered with status 500.
pub trait IntoAnswer {
    /// Makes an answer of it.
    ///
    /// # Errors
    ///
    /// That of a `Result`.
    fn into_answer(self) -> Result<Answer, BoxError>;
}

impl IntoAnswer for Answer {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(self)
    }
}

impl IntoAnswer for Queryset {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(Answer::new().and(self))
    }
}

impl IntoAnswer for Query {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(Answer::new().and(self))
    }
}

impl<Q: Into<Queryset>> IntoAnswer for Vec<Q> {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(self.into_iter().collect())
    }
}

impl<Q: Into<Queryset>, const N: usize> IntoAnswer for [Q; N] {
    fn into_answer(self) -> Result<Answer, BoxError> {
        Ok(self.into_iter().collect())
    }
}

impl<A: IntoAnswer, E: Into<BoxError>> IntoAnswer for Result<A, E> {
    fn into_answer(self) -> Result<Answer, BoxError> {
        self.map_err(Into::into)?.into_answer()
    }
}

/// An iterator as a stream.
struct Iter(Box<dyn Iterator<Item = Row> + Send>);

impl Stream for Iter {
    type Item = Result<Row, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// A stream whose errors are boxed.
struct Boxed<S>(Pin<Box<S>>);

impl<S, E> Stream for Boxed<S>
where
    S: Stream<Item = Result<Row, E>>,
    E: Into<BoxError>,
{
    type Item = Result<Row, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.0.as_mut().poll_next(context);
        next.map(|row| row.map(|row| row.map_err(Into::into)))
    }
}
