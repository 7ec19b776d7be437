//! Names of things.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names are shared, not copied: the same few content types and locales are
/// in every item.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(text.as_str().into())
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

name! {
    /// The uid of a content type, for example `article`. Of assets it is
    /// [`ContentTypeUid::ASSETS`].
    ContentTypeUid
}

name! {
    /// The uid of an entry or an asset, for example `bltc6c5a9f2b0b41e4e`.
    /// Entries and assets may have the same: see [`Key`](super::Key).
    Uid
}

name! {
    /// The code of a locale, for example `en-us`. May be empty: see
    /// [`Key`](super::Key).
    Locale
}

impl ContentTypeUid {
    /// What the service puts in the place of a content type for assets.
    pub const ASSETS: &'static str = "sys_assets";
}

/// An empty locale.
impl Default for Locale {
    fn default() -> Self {
        Self("".into())
    }
}

/// What a [`Uid`] is the uid of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// An entry.
    Entry,
    /// An asset.
    Asset,
}

impl ObjectKind {
    /// `entry` or `asset`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Asset => "asset",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is published once: an entry or asset in the locale it is published to.
///
/// The locale is `data.publish_details.locale`, and only without it
/// `data.locale`: content of a fallback locale is authored in one locale and
/// published to another, and what is unpublished or deleted later names the
/// latter. Without any locale, as with assets that have no publish details,
/// it is the empty one.
///
/// Ordered and written as `kind|uid|locale`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Entry or asset.
    pub kind: ObjectKind,
    /// Its uid.
    pub uid: Uid,
    /// Where it is published.
    pub locale: Locale,
}

impl Key {
    /// The key of an entry.
    pub fn entry(uid: impl Into<Uid>, locale: impl Into<Locale>) -> Self {
        Self {
            kind: ObjectKind::Entry,
            uid: uid.into(),
            locale: locale.into(),
        }
    }

    /// The key of an asset.
    pub fn asset(uid: impl Into<Uid>, locale: impl Into<Locale>) -> Self {
        Self {
            kind: ObjectKind::Asset,
            uid: uid.into(),
            locale: locale.into(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}", self.kind, self.uid, self.locale)
    }
}
