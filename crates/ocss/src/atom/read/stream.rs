//! Feeds item by item.

use std::borrow::Cow;
use std::iter::FusedIterator;

use super::builder::{Builder, Wanted};
use crate::atom::error::{Limits, XmlError};
use crate::atom::feed::{Feed, Item};
use crate::atom::tree::illegal;
use crate::atom::xml::{Decoder, Encoding, Parser, Progress, first_illegal_byte};

/// The items of a feed in memory, read as they are asked for.
///
/// Ends after an error.
#[derive(Debug)]
pub struct Items<'d> {
    document: Cow<'d, [u8]>,
    at: usize,
    parser: Parser,
    builder: Builder,
    done: bool,
}

impl<'d> Items<'d> {
    pub(super) fn new(
        document: Cow<'d, [u8]>,
        url: &str,
        limits: Limits,
    ) -> Result<Self, XmlError> {
        Ok(Self {
            document,
            at: 0,
            parser: Parser::new(limits),
            builder: Builder::new(Wanted::Feed, url, limits, true),
            done: false,
        })
    }

    /// The feed, as far as it is known: what stands before the last item that
    /// was taken, and all of it in the end.
    pub const fn head(&self) -> &Feed {
        self.builder.head()
    }

    /// The feed, as [`head`](Self::head).
    pub fn into_head(self) -> Feed {
        self.builder.into_feed().0
    }

    /// How much memory the item that was handed out last takes, about.
    pub(crate) const fn cost(&self) -> u64 {
        self.builder.item_cost()
    }
}

impl Iterator for Items<'_> {
    type Item = Result<Item, XmlError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self
            .parser
            .run(&self.document[self.at..], true, &mut self.builder)
        {
            Ok((used, progress)) => {
                self.at += used;
                self.done = progress == Progress::Starved;
                self.builder.take_item().map(Ok)
            }
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

impl FusedIterator for Items<'_> {}

/// Below this, an unfinished token is looked at again with every chunk.
const SMALL: usize = 16 * 1024;

/// A feed that is read while it arrives, in memory for one item and one chunk.
///
/// Give it what has come with [`push`](Self::push), take items with
/// [`next_item`](Self::next_item) until there is none, and so on; after the
/// last chunk [`finish`](Self::finish), and take what is left.
///
/// ```
/// use ocss::atom::{Item, ReadOptions};
///
/// let mut reader = ReadOptions::new("http://h/").reader();
/// let mut ids = Vec::new();
/// let chunks = [&b"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>u"[..], b"rn:x:1</id></entry></feed>"];
/// for chunk in chunks {
///     reader.push(chunk)?;
///     while let Some(item) = reader.next_item()? {
///         ids.extend(item.into_entry().and_then(|entry| entry.id));
///     }
/// }
/// reader.finish()?;
/// assert!(reader.next_item()?.is_none());
/// assert_eq!(&*ids[0], "urn:x:1");
/// # Ok::<(), ocss::atom::XmlError>(())
/// ```
#[derive(Debug)]
pub struct FeedReader {
    limits: Limits,
    decoder: Decoder,
    /// In UTF-8, from the first byte on that is not parsed yet.
    buffer: Vec<u8>,
    at: usize,
    /// Do not parse again before the buffer is so long.
    wait_for: usize,
    size: u64,
    last: bool,
    parser: Parser,
    builder: Builder,
    failed: Option<XmlError>,
}

impl FeedReader {
    pub(super) fn new(url: &str, limits: Limits, said: Option<Encoding>) -> Self {
        Self {
            limits,
            decoder: Decoder::new(said),
            buffer: Vec::new(),
            at: 0,
            wait_for: 0,
            size: 0,
            last: false,
            parser: Parser::new(limits),
            builder: Builder::new(Wanted::Feed, url, limits, true),
            failed: None,
        }
    }

    /// Takes the next bytes of the document. What comes after
    /// [`finish`](Self::finish) is ignored.
    ///
    /// # Errors
    ///
    /// When the document is too large, has characters that XML cannot hold, or
    /// is in an unknown encoding; and any error there was before.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), XmlError> {
        self.check()?;
        if self.last {
            return Ok(());
        }
        self.size += chunk.len() as u64;
        if self.size > self.limits.size {
            let limit = self.limits.size;
            return self.fail(XmlError::TooLarge { limit });
        }
        self.take(|decoder, buffer| decoder.push(chunk, buffer))
    }

    /// The document ends here.
    ///
    /// # Errors
    ///
    /// When it ends within a character, and any error there was before. A
    /// document that is cut off elsewhere is found to be by
    /// [`next_item`](Self::next_item).
    pub fn finish(&mut self) -> Result<(), XmlError> {
        self.check()?;
        if self.last {
            return Ok(());
        }
        self.last = true;
        self.take(Decoder::finish)
    }

    /// The next item that is there. `None` when more of the document is
    /// needed, or, after [`finish`](Self::finish), when there are no more.
    ///
    /// # Errors
    ///
    /// When the document is refused; from then on always.
    pub fn next_item(&mut self) -> Result<Option<Item>, XmlError> {
        self.check()?;
        let rest = &self.buffer[self.at..];
        if !self.last && (rest.is_empty() || rest.len() < self.wait_for) {
            return Ok(None);
        }
        match self.parser.run(rest, self.last, &mut self.builder) {
            Ok((used, progress)) => {
                self.at += used;
                let left = self.buffer.len() - self.at;
                // A long token would be looked at over and over.
                let grown = if left > SMALL { left + left / 4 } else { 0 };
                self.wait_for = if progress == Progress::Starved {
                    grown
                } else {
                    0
                };
                Ok(self.builder.take_item())
            }
            Err(error) => self.fail(error),
        }
    }

    /// The feed, as far as it is known: what stands before the last item that
    /// was taken, and all of it in the end.
    pub const fn head(&self) -> &Feed {
        self.builder.head()
    }

    /// The feed, as [`head`](Self::head).
    pub fn into_head(self) -> Feed {
        self.builder.into_feed().0
    }

    fn take(
        &mut self,
        decode: impl FnOnce(&mut Decoder, &mut Vec<u8>) -> Result<(), XmlError>,
    ) -> Result<(), XmlError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        // A character may be cut in two.
        let from = self.buffer.len().saturating_sub(2);
        if let Err(error) = decode(&mut self.decoder, &mut self.buffer) {
            return self.fail(error);
        }
        match first_illegal_byte(&self.buffer[from..]) {
            Some(at) => {
                let position = self.parser.position() + (from + at) as u64;
                self.fail(illegal(position))
            }
            None => Ok(()),
        }
    }

    fn check(&self) -> Result<(), XmlError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn fail<T>(&mut self, error: XmlError) -> Result<T, XmlError> {
        self.failed = Some(error.clone());
        self.buffer = Vec::new();
        self.at = 0;
        Err(error)
    }
}
