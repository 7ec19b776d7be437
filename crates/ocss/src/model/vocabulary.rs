//! Words that the service gives a meaning to. Other words are kept as they are.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

/// A category of contents.
///
/// The service understands four of them; any other text is valid too, and
/// letter case counts: the dataclasses of GData datastores
/// ([`GdataClass`](super::GdataClass)) are another vocabulary.
///
/// ```
/// use ocss::model::Dataclass;
///
/// assert_eq!(Dataclass::from("contacts"), Dataclass::CONTACTS);
/// assert_ne!(Dataclass::from("Contacts"), Dataclass::CONTACTS);
/// assert_eq!(Dataclass::from("recipes").as_str(), "recipes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Dataclass(Cow<'static, str>);

impl Dataclass {
    /// People and their addresses.
    pub const CONTACTS: Self = Self(Cow::Borrowed("contacts"));
    /// Things to be done.
    pub const TASKS: Self = Self(Cow::Borrowed("tasks"));
    /// Calendar entries.
    pub const EVENTS: Self = Self(Cow::Borrowed("events"));
    /// Notes.
    pub const NOTES: Self = Self(Cow::Borrowed("notes"));
    /// What the service assigns when it knows nothing better.
    pub const MISC: Self = Self(Cow::Borrowed("Misc"));

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Dataclass {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Dataclass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Dataclass {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl From<&str> for Dataclass {
    fn from(text: &str) -> Self {
        Self(Cow::Owned(text.to_owned()))
    }
}

impl From<&Dataclass> for Dataclass {
    fn from(dataclass: &Dataclass) -> Self {
        dataclass.clone()
    }
}

impl PartialEq<&str> for Dataclass {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A word that this crate does not know.
            Other(String),
        }

        impl $name {
            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// What happened to an item since the time that was asked about.
    ContentOperation {
        /// It is new.
        Insert = "insert",
        /// It was there, and has changed.
        Update = "update",
        /// It is gone.
        Delete = "delete",
    }
}

words! {
    /// Which client of a binding takes precedence when changes conflict.
    Dominant {
        /// The source.
        Source = "source",
        /// The target.
        Target = "target",
    }
}

words! {
    /// The flavour of a client.
    ClientType {
        /// A phone that speaks SyncML.
        Syncml = "syncml",
        /// A device that speaks ActiveSync.
        Activesync = "activesync",
        /// Storage within the service.
        Datastore = "datastore",
        /// A data store elsewhere that speaks GData.
        Gdata = "gdata",
    }
}
