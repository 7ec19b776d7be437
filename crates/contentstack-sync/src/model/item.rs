//! One piece of news.

use serde::de::DeserializeOwned;

use super::{ContentTypeUid, EventTime, Extra, ItemType, JsonError, Key, Locale, RawJson, Uid};
use crate::wire;

/// What all items have in common.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct ItemParts {
    pub(crate) event_at: Option<EventTime>,
    pub(crate) content_type: Option<ContentTypeUid>,
    pub(crate) data: Option<RawJson>,
    pub(crate) extra: Extra,
}

macro_rules! payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            pub(crate) parts: ItemParts,
        }

        impl $name {
            /// When it happened.
            pub fn event_at(&self) -> Option<&EventTime> {
                self.parts.event_at.as_ref()
            }

            /// The content type; of assets usually
            /// [`ContentTypeUid::ASSETS`], or missing.
            pub fn content_type(&self) -> Option<&ContentTypeUid> {
                self.parts.content_type.as_ref()
            }

            /// The fields of the item that this version has no name for.
            pub fn extra(&self) -> &Extra {
                &self.parts.extra
            }
        }
    };
}

/// What is about an entry or asset, and therefore has data.
macro_rules! content {
    ($name:ident) => {
        impl $name {
            /// The content, exactly as it was received.
            pub fn data(&self) -> &RawJson {
                // Items without data are not made into this type.
                static NULL: std::sync::LazyLock<RawJson> = std::sync::LazyLock::new(RawJson::null);
                self.parts.data.as_ref().unwrap_or(&NULL)
            }

            /// What the content says about itself. Reads through
            /// [`data`](Self::data) each time.
            pub fn head(&self) -> Head {
                wire::head(self.data().as_str())
            }

            /// The uid, from [`head`](Self::head).
            pub fn uid(&self) -> Option<Uid> {
                self.head().uid
            }

            /// The locale it is published to, from [`head`](Self::head): see [`Key`].
            pub fn locale(&self) -> Option<Locale> {
                self.head().into_published_locale()
            }

            /// The content as a `T`.
            ///
            /// ```
            /// # use contentstack_sync::model::Item;
            /// #[derive(serde::Deserialize)]
            /// struct Article {
            ///     title: String,
            /// }
            /// # let item = Item::from_json(r#"{"type":"entry_published","data":{"uid":"b1","title":"Hello"}}"#);
            /// if let Item::EntryPublished(entry) = item {
            ///     let article: Article = entry.decode()?;
            ///     assert_eq!(article.title, "Hello");
            /// }
            /// # Ok::<(), contentstack_sync::model::JsonError>(())
            /// ```
            ///
            /// # Errors
            ///
            /// Where the content is not a `T`. Its values are not quoted.
            pub fn decode<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
                self.data().decode()
            }
        }
    };
}

payload! {
    /// An entry that was published: all of its fields. Sync embeds nothing:
    /// references are uids, and so are files.
    Entry
}
content!(Entry);

payload! {
    /// An asset that was published. `file_size` is text on the wire.
    Asset
}
content!(Asset);

payload! {
    /// An entry or asset that was unpublished or deleted, in one locale.
    Removed
}
content!(Removed);

payload! {
    /// A content type that was deleted, with all its entries.
    ContentTypeDeleted
}

payload! {
    /// An item of a type that this version has no name for, whole.
    Other
}

impl ContentTypeDeleted {
    /// What came as data: usually `{}`.
    pub fn data(&self) -> Option<&RawJson> {
        self.parts.data.as_ref()
    }
}

/// The name of its type is in [`Item::kind`].
impl Other {
    /// What came as data.
    pub fn data(&self) -> Option<&RawJson> {
        self.parts.data.as_ref()
    }
}

/// Something in the place of an item that cannot be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreadable {
    /// All of it, as it was received.
    pub raw: RawJson,
    /// What is wrong with it.
    pub error: &'static str,
    pub(crate) kind: ItemType,
    pub(crate) parts: ItemParts,
}

/// One piece of news.
///
/// ```
/// use contentstack_sync::model::{Item, ItemType};
///
/// # let page = [Item::from_json(r#"{"type":"entry_deleted","data":{"uid":"b1","locale":"en-us"}}"#)];
/// for item in &page {
///     match item {
///         Item::EntryPublished(entry) => println!("{:?} is there", entry.uid()),
///         Item::EntryUnpublished(entry) | Item::EntryDeleted(entry) => {
///             println!("{:?} is gone", entry.uid());
///         }
///         // Newer than this crate: whole, with its name.
///         Item::Other(kind, other) => println!("{kind}: {:?}", other.data()),
///         Item::Unreadable(what) => eprintln!("{}", what.error),
///         _ => {}
///     }
/// }
/// # assert_eq!(page[0].kind(), ItemType::EntryDeleted);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// `entry_published`
    EntryPublished(Entry),
    /// `entry_unpublished`
    EntryUnpublished(Removed),
    /// `entry_deleted`
    EntryDeleted(Removed),
    /// `asset_published`
    AssetPublished(Asset),
    /// `asset_unpublished`
    AssetUnpublished(Removed),
    /// `asset_deleted`
    AssetDeleted(Removed),
    /// `content_type_deleted`
    ContentTypeDeleted(ContentTypeDeleted),
    /// A type that this version has no name for.
    Other(ItemType, Other),
    /// No item at all. The rest of its page is fine.
    Unreadable(Unreadable),
}

impl Item {
    /// Reads one item. What cannot be read becomes [`Item::Unreadable`].
    pub fn from_json(text: &str) -> Self {
        wire::item(text)
    }

    /// What it reports.
    pub fn kind(&self) -> ItemType {
        match self {
            Self::EntryPublished(_) => ItemType::EntryPublished,
            Self::EntryUnpublished(_) => ItemType::EntryUnpublished,
            Self::EntryDeleted(_) => ItemType::EntryDeleted,
            Self::AssetPublished(_) => ItemType::AssetPublished,
            Self::AssetUnpublished(_) => ItemType::AssetUnpublished,
            Self::AssetDeleted(_) => ItemType::AssetDeleted,
            Self::ContentTypeDeleted(_) => ItemType::ContentTypeDeleted,
            Self::Other(kind, _) => kind.clone(),
            Self::Unreadable(unreadable) => unreadable.kind.clone(),
        }
    }

    fn parts(&self) -> &ItemParts {
        match self {
            Self::EntryPublished(item) => &item.parts,
            Self::AssetPublished(item) => &item.parts,
            Self::EntryUnpublished(item)
            | Self::EntryDeleted(item)
            | Self::AssetUnpublished(item)
            | Self::AssetDeleted(item) => &item.parts,
            Self::ContentTypeDeleted(item) => &item.parts,
            Self::Other(_, item) => &item.parts,
            Self::Unreadable(item) => &item.parts,
        }
    }

    /// When it happened, if it says so.
    pub fn event_at(&self) -> Option<&EventTime> {
        self.parts().event_at.as_ref()
    }

    /// The content type, if it says so.
    pub fn content_type(&self) -> Option<&ContentTypeUid> {
        self.parts().content_type.as_ref()
    }

    /// The content, exactly as it was received.
    pub fn data(&self) -> Option<&RawJson> {
        self.parts().data.as_ref()
    }

    /// The fields that this version has no name for.
    pub fn extra(&self) -> &Extra {
        &self.parts().extra
    }

    /// What the content says about itself. Reads through the content each time.
    pub fn head(&self) -> Head {
        self.data()
            .map_or_else(Head::default, |data| wire::head(data.as_str()))
    }

    /// Which entry or asset it is about, in which locale. `None` for content
    /// types, for unknown types, and where the content has no uid. Reads
    /// through the content each time.
    pub fn key(&self) -> Option<Key> {
        self.kind().object()?;
        self.key_of(self.head())
    }

    /// As [`key`](Self::key), from a [`head`](Self::head) that was read already.
    pub fn key_of(&self, head: Head) -> Option<Key> {
        Some(Key {
            kind: self.kind().object()?,
            uid: head.uid.clone()?,
            locale: head.into_published_locale().unwrap_or_default(),
        })
    }

    /// The whole item as JSON: the four documented fields, then all others,
    /// each with the text it came in. Of [`Item::Unreadable`] what came.
    pub fn to_json(&self) -> RawJson {
        match self {
            Self::Unreadable(unreadable) => unreadable.raw.clone(),
            _ => wire::write(&self.kind(), self.parts()),
        }
    }
}

/// What content says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// Its uid.
    pub uid: Option<Uid>,
    /// The locale it is authored in; of what is gone, the one it was
    /// published to.
    pub locale: Option<Locale>,
    /// Its version.
    pub version: Option<u64>,
    /// Its title.
    pub title: Option<Box<str>>,
    /// Its URL: of a page's path, or of an asset's file.
    pub url: Option<Box<str>>,
    /// When, where and by whom it was published. Missing on some old entries.
    pub publish_details: Option<PublishDetails>,
}

impl Head {
    /// The locale it is published to: `publish_details.locale`, or else `locale`.
    pub fn published_locale(&self) -> Option<&Locale> {
        let details = self.publish_details.as_ref();
        details
            .and_then(|details| details.locale.as_ref())
            .or(self.locale.as_ref())
    }

    fn into_published_locale(self) -> Option<Locale> {
        self.publish_details
            .and_then(|details| details.locale)
            .or(self.locale)
    }
}

/// When, where and by whom content was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishDetails {
    /// The *uid* of the environment; requests take its name.
    pub environment: Option<Box<str>>,
    /// The locale it is published to.
    pub locale: Option<Locale>,
    /// When.
    pub time: Option<EventTime>,
    /// By whom.
    pub user: Option<Box<str>>,
}
