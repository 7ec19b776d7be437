//! What can go wrong with a store.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::schema::Label;

/// Which kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A row refers to one that is not there. The model, the key, the field and
    /// the value that is missing are named.
    ForeignKey,
    /// Several rows have the natural key by which one is referred to.
    Ambiguous,
    /// Two rows have the same value where each needs one of its own.
    Unique,
    /// A field that needs a value has none.
    NotNull,
    /// A condition of the database (`CHECK`, a trigger) does not hold.
    Check,
    /// The database cannot hold a value: too long, too large, a NUL in text of
    /// PostgreSQL, no value of the column's type.
    Value,
    /// A value of the database is none that the schema allows.
    Unreadable,
    /// A table or column of the schema is not in the database, or a model or
    /// field that was asked for is not in the schema.
    Schema,
    /// Rows that are to be removed are needed by rows that stay
    /// ([`OnReferenced::Restrict`](super::OnReferenced::Restrict)).
    Referenced,
    /// More rows would be removed than
    /// [`max_delete_ratio`](super::SyncOptions::max_delete_ratio) allows.
    TooManyDeleted,
    /// Somebody else holds the database for too long.
    Busy,
    /// There is no room left.
    Full,
    /// The database cannot be written to, or this user may not.
    ReadOnly,
    /// The database is damaged, or is something else.
    Corrupt,
    /// The file or the server cannot be reached, or was lost.
    Io,
    /// There is no encrypted connection to the server: it has no TLS and it is
    /// demanded, or its certificate is not trusted.
    Tls,
    /// The store, or this transaction of it, was closed or has failed before.
    Closed,
    /// The store cannot do this.
    Unsupported,
    /// Something else.
    Other,
}

impl StoreErrorKind {
    fn sentence(self) -> &'static str {
        match self {
            Self::ForeignKey => "a row refers to one that is not there",
            Self::Ambiguous => "several rows have the same natural key",
            Self::Unique => "two rows have the same value where each needs its own",
            Self::NotNull => "a field that needs a value has none",
            Self::Check => "a condition of the database does not hold",
            Self::Value => "the database cannot hold a value",
            Self::Unreadable => "the database holds a value that the schema does not allow",
            Self::Schema => "the schema and the database differ",
            Self::Referenced => "rows that are to be removed are needed by others",
            Self::TooManyDeleted => "too many rows would be removed",
            Self::Busy => "somebody else holds the database",
            Self::Full => "there is no room left for the database",
            Self::ReadOnly => "the database cannot be written to",
            Self::Corrupt => "the database is damaged, or no database",
            Self::Io => "the database cannot be reached",
            Self::Tls => "there is no encrypted connection to the database",
            Self::Closed => "the store is closed",
            Self::Unsupported => "the store cannot do this",
            Self::Other => "the database failed",
        }
    }
}

/// A store that could not do what it was asked to. What was there before is
/// still there.
///
/// Where it is about a row, the error says which: [`model`](Self::model),
/// [`pk`](Self::pk), [`field`](Self::field) and [`value`](Self::value).
pub struct StoreError(Box<Inner>);

struct Inner {
    kind: StoreErrorKind,
    message: Cow<'static, str>,
    model: Option<Label>,
    pk: Option<String>,
    field: Option<String>,
    value: Option<String>,
    more: u64,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// An error of this kind; `message` says what in particular, and may be
    /// empty.
    pub fn new(kind: StoreErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            model: None,
            pk: None,
            field: None,
            value: None,
            more: 0,
            source: None,
        }))
    }

    /// Names the model.
    #[must_use]
    pub fn with_model(mut self, model: Label) -> Self {
        self.0.model = Some(model);
        self
    }

    /// Names the row by its primary key.
    #[must_use]
    pub fn with_pk(mut self, pk: impl Into<String>) -> Self {
        self.0.pk = Some(pk.into());
        self
    }

    /// Names the field, or several, with commas.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Adds the value of the field.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<String>) -> Self {
        self.0.value = Some(value.into());
        self
    }

    /// Says how many rows more have the same trouble.
    #[must_use]
    pub fn with_more(mut self, more: u64) -> Self {
        self.0.more = more;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Which kind of trouble.
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }

    /// What in particular; may be empty.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The model of the row.
    pub fn model(&self) -> Option<&Label> {
        self.0.model.as_ref()
    }

    /// The primary key of the row, as text.
    pub fn pk(&self) -> Option<&str> {
        self.0.pk.as_deref()
    }

    /// The field, by its name in the model, or several, with commas.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The value of the field, as text. For [`StoreErrorKind::ForeignKey`] it is
    /// the one that is missing in the other table.
    pub fn value(&self) -> Option<&str> {
        self.0.value.as_deref()
    }

    /// How many rows more have the same trouble, as far as it is known.
    pub fn more(&self) -> u64 {
        self.0.more
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.write_str(inner.kind.sentence())?;
        let mut separator = ": ";
        if let Some(model) = &inner.model {
            write!(f, "{separator}{model}")?;
            separator = " ";
        }
        if let Some(pk) = &inner.pk {
            write!(f, "{separator}with key {pk}")?;
            separator = ", ";
        }
        if let Some(field) = &inner.field {
            write!(f, "{separator}field {field}")?;
            separator = " ";
        }
        if let Some(value) = &inner.value {
            write!(f, "{separator}is {value}")?;
            separator = ", ";
        }
        if inner.more > 0 {
            write!(f, "{separator}and {} more", inner.more)?;
        }
        if !inner.message.is_empty() {
            let separator = if separator == ": " { ": " } else { "; " };
            write!(f, "{separator}{}", inner.message)?;
        }
        Ok(())
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("StoreError")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("model", &inner.model)
            .field("pk", &inner.pk)
            .field("field", &inner.field)
            .field("value", &inner.value)
            .field("more", &inner.more)
            .field("source", &inner.source)
            .finish()
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
