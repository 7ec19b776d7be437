//! What can go wrong in reading and in writing, and how much is read.

/// How large a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Elements within elements, the root being 1. 256 by default; more than
    /// 1024 counts as 1024.
    pub depth: usize,
    /// Bytes of the document, after decompression. 64 MiB by default.
    pub size: u64,
    /// Bytes of memory, about, for what is read and kept: all of a document,
    /// or one item, with the feed that it is in, where items are handed out one
    /// by one. 512 MiB by default. Honest feeds take two to six times their
    /// size.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 256,
            size: 64 * 1024 * 1024,
            memory: 512 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// How many bytes resolving may add to the references of a document, or
    /// read of their bases for it.
    pub(crate) const GROWTH: u64 = 8 * 1024 * 1024;
    /// And for each of its items.
    pub(crate) const GROWTH_OF_ITEM: u64 = 2 * 1024;
    /// So deep that dropping and comparing trees cannot use up a stack.
    pub(crate) const DEEPEST: usize = 1024;
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// Not well-formed, or cut off.
    #[error("the document is not well-formed at byte {position}: {reason}")]
    NotWellFormed {
        /// Where, in bytes of the document in UTF-8, counted from 0.
        position: u64,
        /// What is wrong.
        reason: String,
    },
    /// There is a document type declaration, which is never needed and may
    /// define entities.
    #[error("the document has a document type declaration")]
    DoctypeForbidden,
    /// The root is another element.
    #[error("the document is not the expected one: its root is <{root}>")]
    UnexpectedRoot {
        /// The qualified name of the root, cut to 64 characters.
        root: String,
        /// The root's namespace, cut likewise.
        namespace: String,
    },
    /// Elements are nested deeper than [`Limits::depth`].
    #[error("the document nests elements deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The document is longer than [`Limits::size`].
    #[error("the document is longer than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// What is read out of the document takes more memory than
    /// [`Limits::memory`]: there are a great many small things in it.
    #[error("what is in the document takes more than {limit} bytes of memory")]
    TooMuchMemory {
        /// The limit.
        limit: u64,
    },
    /// The references in the document are relative to such a long base that
    /// resolving them would take far more memory, or time, than the document.
    #[error("to resolve the references in the document takes more than {limit} bytes")]
    Overgrown {
        /// The limit: 8 MiB, and 2 KiB more for each item of a feed.
        limit: u64,
    },
    /// The encoding is neither UTF-8, UTF-16, US-ASCII nor ISO 8859-1.
    #[error("the document is in {name}, which is not read")]
    UnsupportedEncoding {
        /// The encoding's name as declared, cut to 64 characters.
        name: String,
    },
}

/// Why a document cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// XML has no way to write this character.
    #[error("XML cannot hold the character U+{:04X}, which is in {place}", *character as u32)]
    IllegalCharacter {
        /// The character.
        character: char,
        /// The name of the element or attribute it is in.
        place: String,
    },
    /// Not a name that an element or attribute could have.
    #[error("{name:?} is no name for an element or attribute")]
    IllegalName {
        /// The name.
        name: String,
    },
    /// Elements are nested too deeply to be read again by others.
    #[error("elements are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
}

/// The first 64 characters.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
