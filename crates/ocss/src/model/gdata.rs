//! Datastores of GData clients.

use std::fmt;

use serde::Serialize;
use sync_core::Secret;

/// What a GData datastore holds. Not the vocabulary of
/// [`Dataclass`](super::Dataclass): these words have capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GdataClass {
    /// People and their addresses.
    Contacts,
    /// Calendar entries.
    Calendar,
}

impl GdataClass {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "Contacts",
            Self::Calendar => "Calendar",
        }
    }
}

impl fmt::Display for GdataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which kind of token the key and secret of a datastore are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// A request token: 1 on the wire.
    Request,
    /// An access token: 2 on the wire.
    #[default]
    Access,
}

impl TokenType {
    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Access => 2,
        }
    }

    /// The type of this number; `None` for all but 1 and 2.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Request),
            2 => Some(Self::Access),
            _ => None,
        }
    }
}

/// A datastore that is registered with a GData client, as the service tells it:
/// without its token, which never comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GdataDatastore {
    /// What it holds: see [`GdataClass`], or another word.
    pub dataclass: String,
    /// Where its GData interface is.
    pub url: String,
    /// Its name; that of what it holds when the service tells none.
    pub name: String,
}

/// A datastore to be registered with
/// [`add_datastore`](crate::api::GdataClient::add_datastore).
///
/// ```
/// use ocss::model::{AddDatastore, GdataClass, TokenType};
///
/// let datastore = AddDatastore::new(
///     GdataClass::Contacts,
///     "https://www.google.com/m8/feeds/contacts/default/full",
///     "token",
///     "token secret",
///     ["https://www.google.com/m8/feeds/"],
/// )
/// .name("Mine")
/// .token_type(TokenType::Access);
/// assert!(!format!("{datastore:?}").contains("token secret"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct AddDatastore {
    pub(crate) dataclass: GdataClass,
    pub(crate) url: String,
    pub(crate) key: Secret<String>,
    pub(crate) secret: Secret<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) name: Option<String>,
    pub(crate) token_type: TokenType,
}

impl AddDatastore {
    /// A datastore at `url`; `key` and `secret` are those of the token that
    /// opens it, and `scopes` the base URLs for which that token is valid.
    pub fn new(
        dataclass: GdataClass,
        url: impl Into<String>,
        key: impl Into<Secret<String>>,
        secret: impl Into<Secret<String>>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            dataclass,
            url: url.into(),
            key: key.into(),
            secret: secret.into(),
            scopes: scopes.into_iter().map(Into::into).collect(),
            name: None,
            token_type: TokenType::default(),
        }
    }

    /// A name of one's own. By default the service uses the dataclass.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Which kind of token it is. An access token by default.
    pub fn token_type(mut self, token_type: TokenType) -> Self {
        self.token_type = token_type;
        self
    }
}
