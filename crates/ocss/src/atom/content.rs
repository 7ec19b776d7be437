//! Content (RFC 4287 section 4.1.3).

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::element::{Attribute, Element, Foreign};
use super::error::XmlError;
use super::names::Namespace;
use super::text::TextKind;

/// Padding may be missing: not all who write Base64 write it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The content of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub(crate) declared: Cow<'static, str>,
    pub(crate) body: ContentBody,
    pub(crate) foreign: Foreign,
}

/// How a content is kept in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentBody {
    /// As characters: text, HTML, and all of `text/*`.
    Text(Box<str>),
    /// As Base64, here without the white space.
    Base64(Box<str>),
    /// As markup: XHTML and XML types. The element stands for `atom:content`;
    /// what counts is in it.
    Markup(Box<Element>),
    /// Not in the document, but at this URI.
    OutOfLine(Box<str>),
}

/// Why a content is not at hand or cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// It is at another URI.
    #[error("the content is not in the entry, but at another address")]
    OutOfLine,
    /// It should be Base64 and is not.
    #[error("the content is no valid Base64")]
    InvalidBase64,
    /// It should be text and is not UTF-8.
    #[error("a content of the type {media_type} must be text in UTF-8")]
    NotUtf8 {
        /// The media type.
        media_type: String,
    },
    /// It should be an element of XHTML and is not.
    #[error("a content of the type xhtml must be an element: {0}")]
    NotXhtml(XmlError),
    /// It holds markup that cannot be written.
    #[error("the content cannot be written: {0}")]
    Unwritable(super::WriteError),
}

impl Content {
    /// Content of a media type, put into the document as RFC 4287 wants it:
    /// `text/*` as characters; XML types as markup if that loses nothing, else
    /// as characters; all else as Base64.
    ///
    /// # Errors
    ///
    /// When content of a text or XML type is not UTF-8. Characters that XML
    /// cannot hold are found in writing.
    pub fn new(
        media_type: impl Into<Cow<'static, str>>,
        data: &[u8],
    ) -> Result<Self, ContentError> {
        let declared = media_type.into();
        let kind = Kind::of(&declared);
        let text = || {
            std::str::from_utf8(data).map_err(|_| ContentError::NotUtf8 {
                media_type: declared.clone().into_owned(),
            })
        };
        let body = match kind {
            Kind::Text => ContentBody::Text(text()?.into()),
            Kind::Xml => inline(text()?).unwrap_or(ContentBody::Text(text()?.into())),
            Kind::Xhtml => {
                let div = Element::parse(text()?.as_bytes()).map_err(ContentError::NotXhtml)?;
                ContentBody::Markup(Box::new(holder().with_child(div)))
            }
            Kind::Other => ContentBody::Base64(BASE64.encode(data).into()),
        };
        Ok(Self {
            declared,
            body,
            foreign: Foreign::default(),
        })
    }

    /// Plain text.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self {
            declared: Cow::Borrowed("text"),
            body: ContentBody::Text(text.into()),
            foreign: Foreign::default(),
        }
    }

    /// Content that is at another address.
    pub fn out_of_line(media_type: impl Into<Cow<'static, str>>, src: impl Into<Box<str>>) -> Self {
        Self {
            declared: media_type.into(),
            body: ContentBody::OutOfLine(src.into()),
            foreign: Foreign::default(),
        }
    }

    /// The `type` as it stands in the document: `text` when it says nothing.
    pub fn declared_type(&self) -> &str {
        &self.declared
    }

    /// The media type, with `text`, `html` and `xhtml` spelled out.
    pub fn media_type(&self) -> &str {
        match TextKind::named(&self.declared) {
            Some(TextKind::Text) => "text/plain",
            Some(TextKind::Html) => "text/html",
            Some(TextKind::Xhtml) => "application/xhtml+xml",
            None => &self.declared,
        }
    }

    /// How it is kept.
    pub const fn body(&self) -> &ContentBody {
        &self.body
    }

    /// The address of content that is not in the document.
    pub fn src(&self) -> Option<&str> {
        match &self.body {
            ContentBody::OutOfLine(src) => Some(src),
            _ => None,
        }
    }

    /// The bytes: of text as UTF-8, of Base64 decoded, of markup as XML.
    ///
    /// # Errors
    ///
    /// When it is out of line, or not the Base64 that it should be.
    pub fn data(&self) -> Result<Cow<'_, [u8]>, ContentError> {
        match &self.body {
            ContentBody::Text(text) => Ok(Cow::Borrowed(text.as_bytes())),
            ContentBody::Base64(text) => {
                let bytes = BASE64.decode(text.as_bytes());
                bytes
                    .map(Cow::Owned)
                    .map_err(|_| ContentError::InvalidBase64)
            }
            ContentBody::Markup(holder) => {
                let xml = super::write::fragment(holder).map_err(ContentError::Unwritable)?;
                Ok(Cow::Owned(xml.into_bytes()))
            }
            ContentBody::OutOfLine(_) => Err(ContentError::OutOfLine),
        }
    }

    /// Attributes other than `type` and `src`.
    pub fn attributes(&self) -> &[Attribute] {
        self.foreign.attributes()
    }
}

fn holder() -> Element {
    Element::of(Namespace::Atom, "content".into())
}

/// Markup, if it reads back as the very same characters.
fn inline(text: &str) -> Option<ContentBody> {
    let root = Element::parse(text.as_bytes()).ok()?;
    let holder = holder().with_child(root);
    let written = super::write::fragment(&holder).ok()?;
    (written == text).then(|| ContentBody::Markup(Box::new(holder)))
}

/// How content of a type is written (RFC 4287 section 4.1.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Xhtml,
    Xml,
    Other,
}

impl Kind {
    pub(crate) fn of(declared: &str) -> Self {
        let essence = declared.split(';').next().unwrap_or_default().trim();
        let ends_with = |end: &str| {
            let start = essence.len().checked_sub(end.len());
            start
                .and_then(|at| essence.get(at..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        };
        let starts_with = |start: &str| {
            essence
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start))
        };
        match TextKind::named(essence) {
            Some(TextKind::Text | TextKind::Html) => Self::Text,
            Some(TextKind::Xhtml) => Self::Xhtml,
            _ if ends_with("/xml") || ends_with("+xml") => Self::Xml,
            _ if starts_with("text/") => Self::Text,
            _ => Self::Other,
        }
    }
}
