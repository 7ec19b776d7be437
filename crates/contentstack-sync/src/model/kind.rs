//! What an item reports.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ObjectKind;

/// What an item reports: one of the seven documented types, or another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ItemType {
    /// `entry_published`
    EntryPublished,
    /// `entry_unpublished`
    EntryUnpublished,
    /// `entry_deleted`
    EntryDeleted,
    /// `asset_published`
    AssetPublished,
    /// `asset_unpublished`
    AssetUnpublished,
    /// `asset_deleted`
    AssetDeleted,
    /// `content_type_deleted`
    ContentTypeDeleted,
    /// A type that this version has no name for. Empty where an item does not
    /// say its type.
    Other(Box<str>),
}

impl ItemType {
    /// The seven documented types.
    pub const ALL: [Self; 7] = [
        Self::EntryPublished,
        Self::EntryUnpublished,
        Self::EntryDeleted,
        Self::AssetPublished,
        Self::AssetUnpublished,
        Self::AssetDeleted,
        Self::ContentTypeDeleted,
    ];

    /// The types of a sync of entries that hears of everything that becomes of them.
    pub const ENTRIES: [Self; 3] = [
        Self::EntryPublished,
        Self::EntryUnpublished,
        Self::EntryDeleted,
    ];

    /// The types of a sync of assets that hears of everything that becomes of them.
    pub const ASSETS: [Self; 3] = [
        Self::AssetPublished,
        Self::AssetUnpublished,
        Self::AssetDeleted,
    ];

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::EntryPublished => "entry_published",
            Self::EntryUnpublished => "entry_unpublished",
            Self::EntryDeleted => "entry_deleted",
            Self::AssetPublished => "asset_published",
            Self::AssetUnpublished => "asset_unpublished",
            Self::AssetDeleted => "asset_deleted",
            Self::ContentTypeDeleted => "content_type_deleted",
            Self::Other(name) => name,
        }
    }

    /// Whether it is about an entry or an asset; `None` for content types and
    /// unknown types.
    pub fn object(&self) -> Option<ObjectKind> {
        match self {
            Self::EntryPublished | Self::EntryUnpublished | Self::EntryDeleted => {
                Some(ObjectKind::Entry)
            }
            Self::AssetPublished | Self::AssetUnpublished | Self::AssetDeleted => {
                Some(ObjectKind::Asset)
            }
            Self::ContentTypeDeleted | Self::Other(_) => None,
        }
    }

    /// Whether it brings content.
    pub fn is_published(&self) -> bool {
        matches!(self, Self::EntryPublished | Self::AssetPublished)
    }
}

impl From<&str> for ItemType {
    fn from(name: &str) -> Self {
        match name {
            "entry_published" => Self::EntryPublished,
            "entry_unpublished" => Self::EntryUnpublished,
            "entry_deleted" => Self::EntryDeleted,
            "asset_published" => Self::AssetPublished,
            "asset_unpublished" => Self::AssetUnpublished,
            "asset_deleted" => Self::AssetDeleted,
            "content_type_deleted" => Self::ContentTypeDeleted,
            other => Self::Other(other.into()),
        }
    }
}

impl FromStr for ItemType {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(name.into())
    }
}

impl fmt::Display for ItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ItemType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ItemType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| name.as_str().into())
    }
}
