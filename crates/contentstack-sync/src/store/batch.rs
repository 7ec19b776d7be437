//! What is written in one transaction.

use std::borrow::Cow;

use super::{Chain, ChainName, DeadLetterId, Generation, Link, Millis, Seq};
use crate::model::{ContentTypeUid, EventTime, Key, Position, RawJson};

/// What came with one page.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which generation it belongs to.
    pub generation: Generation,
    /// Where the chain stands after it; `None` for what no page brought.
    pub advance: Option<Advance>,
    /// Chains that come to those of the generation.
    pub new_chains: Vec<Chain>,
    /// What becomes of rows. They are applied one after the other, and each
    /// only if it is newer than what is there.
    pub changes: Vec<Change>,
    /// Items that cannot be applied.
    pub dead: Vec<DeadItem>,
    /// Dead letters that `changes` now hold.
    pub revived: Vec<DeadLetterId>,
    /// Dead letters that were tried again in vain, with the new error.
    pub still_dead: Vec<(DeadLetterId, String)>,
    /// The time now.
    pub now: Millis,
}

impl Batch {
    /// A batch without anything in it.
    pub fn new(generation: Generation, now: Millis) -> Self {
        Self {
            generation,
            advance: None,
            new_chains: Vec::new(),
            changes: Vec::new(),
            dead: Vec::new(),
            revived: Vec::new(),
            still_dead: Vec::new(),
            now,
        }
    }
}

/// A step of a chain.
#[derive(Clone, Debug)]
pub struct Advance {
    /// Where the chain must stand: nobody else has moved it since.
    pub from: Position,
    /// What it is then; its [`name`](Chain::name) says which chain.
    pub to: Chain,
}

impl Advance {
    /// Which chain.
    pub fn name(&self) -> &ChainName {
        &self.to.name
    }
}

/// What one item does.
#[derive(Clone, Debug)]
pub enum Change {
    /// Content was published.
    Put(Put),
    /// Content was unpublished or deleted.
    Remove {
        /// What was.
        key: Key,
        /// Of which type it is, where the item says so.
        content_type: Option<ContentTypeUid>,
        /// When.
        event_at: EventTime,
    },
    /// A content type was deleted, and with it all its entries of that time.
    RemoveType {
        /// Which one.
        content_type: ContentTypeUid,
        /// When.
        event_at: EventTime,
    },
}

impl Change {
    /// When it happened.
    pub fn event_at(&self) -> &EventTime {
        match self {
            Self::Put(put) => &put.event_at,
            Self::Remove { event_at, .. } | Self::RemoveType { event_at, .. } => event_at,
        }
    }
}

/// Content that was published.
#[derive(Clone, Debug)]
pub struct Put {
    /// What and where.
    pub key: Key,
    /// Of which type; `None` for assets, and where the item does not say.
    pub content_type: Option<ContentTypeUid>,
    /// When.
    pub event_at: EventTime,
    /// Its `url`, if it has one.
    pub url: Option<Box<str>>,
    /// `data`, byte by byte as it was sent.
    pub data: RawJson,
    /// What it refers to.
    pub links: Vec<Link>,
}

/// Why an item is kept as a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadReason {
    /// Its type is not known to this version.
    UnknownType,
    /// It cannot be read.
    Unreadable,
}

impl DeadReason {
    /// `unknown_type` or `unreadable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownType => "unknown_type",
            Self::Unreadable => "unreadable",
        }
    }

    /// The reason of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::UnknownType, Self::Unreadable]
            .into_iter()
            .find(|reason| reason.as_str() == name)
    }
}

/// An item that cannot be applied, on its way to becoming a
/// [`DeadLetter`](super::DeadLetter).
#[derive(Clone, Debug)]
pub struct DeadItem {
    /// The whole item.
    pub raw: RawJson,
    /// Which kind of trouble.
    pub reason: DeadReason,
    /// What is wrong, for people.
    pub error: Cow<'static, str>,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were written with content.
    pub upserts: u64,
    /// Rows with content that became tombstones, also because their type was
    /// deleted.
    pub deletes: u64,
    /// Changes that had no effect: older than what is there, or the same.
    pub ignored: u64,
    /// Rows of the old generation that the new one has not, when this batch
    /// switched to it.
    pub swept: u64,
    /// Whether the generation became the readable one with this batch.
    pub switched: bool,
    /// The last number that readers may see.
    pub seq: Seq,
}
