//! Reading feeds and entries.

mod base;
mod builder;
mod small;
mod stream;

pub(crate) use self::base::{ILLEGAL, resolve, resolve_at_cost};
use self::builder::{Builder, Wanted};
pub use self::stream::{FeedReader, Items};
use super::entry::{Entry, Tombstone};
use super::error::{Limits, XmlError};
use super::feed::Feed;
use super::tree::checked;
use super::xml::{Encoding, Parser};

/// A feed with all that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedDocument {
    /// The feed itself.
    pub feed: Feed,
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
    /// Its tombstones, in their order.
    pub deleted: Vec<Tombstone>,
}

/// A document with either root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub enum Document {
    /// A feed.
    Feed(FeedDocument),
    /// An entry.
    Entry(Entry),
}

/// Where a document came from, and how much of it is read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    url: String,
    limits: Limits,
    said: Option<Encoding>,
}

impl ReadOptions {
    /// For a document from this absolute URL (after redirects): its links are
    /// resolved against it.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            limits: Limits::default(),
            said: None,
        }
    }

    /// With other limits.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With the encoding that the protocol names, such as the `charset` of a
    /// `Content-Type`: it counts for more than what the document says of
    /// itself, but for a byte order mark (RFC 7303 section 3). One that is not
    /// read here is ignored.
    #[must_use]
    pub fn charset(mut self, name: &str) -> Self {
        self.said = Encoding::named(name);
        self
    }

    /// Reads a feed or an entry.
    ///
    /// # Errors
    ///
    /// When the document is refused.
    pub fn document(&self, document: &[u8]) -> Result<Document, XmlError> {
        let builder = self.read(document, Wanted::Either)?;
        Ok(if builder.is_feed() {
            Document::Feed(collect(builder))
        } else {
            Document::Entry(builder.into_entry())
        })
    }

    /// Reads a feed with all its entries.
    ///
    /// # Errors
    ///
    /// When the document is refused, or is an entry.
    pub fn feed(&self, document: &[u8]) -> Result<FeedDocument, XmlError> {
        self.read(document, Wanted::Feed).map(collect)
    }

    /// Reads an entry.
    ///
    /// # Errors
    ///
    /// When the document is refused, or is a feed.
    pub fn entry(&self, document: &[u8]) -> Result<Entry, XmlError> {
        self.read(document, Wanted::Entry).map(Builder::into_entry)
    }

    /// Reads a feed item by item.
    ///
    /// # Errors
    ///
    /// When it can be seen at once that the document will be refused. Other
    /// faults come where they are.
    pub fn items<'d>(&self, document: &'d [u8]) -> Result<Items<'d>, XmlError> {
        let document = checked(document, self.limits, self.said)?;
        Items::new(document, &self.url, self.limits)
    }

    /// Reads a feed as it arrives.
    pub fn reader(&self) -> FeedReader {
        FeedReader::new(&self.url, self.limits, self.said)
    }

    fn read(&self, document: &[u8], wanted: Wanted) -> Result<Builder, XmlError> {
        let document = checked(document, self.limits, self.said)?;
        let mut builder = Builder::new(wanted, &self.url, self.limits, false);
        Parser::new(self.limits).run(&document, true, &mut builder)?;
        Ok(builder)
    }
}

fn collect(builder: Builder) -> FeedDocument {
    let (feed, entries, deleted) = builder.into_feed();
    FeedDocument {
        feed,
        entries,
        deleted,
    }
}
