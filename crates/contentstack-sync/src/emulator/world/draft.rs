//! What is going to be published.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::super::time::Instant;

/// The locale of whatever names none.
const MASTER_LOCALE: &str = "en-us";

/// What a file's name may hold in a URL.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

pub(super) fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// An entry to publish.
#[derive(Clone, Debug)]
pub struct EntryDraft {
    pub(super) content_type: String,
    pub(super) uid: Option<String>,
    pub(super) locale: String,
    written_in: Option<String>,
    fields: Map<String, Value>,
    without_details: bool,
}

impl EntryDraft {
    /// An entry of this content type, which is made where there is none.
    pub fn new(content_type: impl Into<String>) -> Self {
        Self {
            content_type: content_type.into(),
            uid: None,
            locale: MASTER_LOCALE.to_owned(),
            written_in: None,
            fields: Map::new(),
            without_details: false,
        }
    }

    /// Its uid. Default: a new one.
    #[must_use]
    pub fn uid(mut self, uid: impl Into<String>) -> Self {
        self.uid = Some(uid.into());
        self
    }

    /// The locale it is published to. Default: `en-us`.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = locale.into();
        self
    }

    /// The locale it was written in, where it is published to another without
    /// having been translated: `data.locale` differs from
    /// `data.publish_details.locale` then. Default: the one it is published to.
    #[must_use]
    pub fn written_in(mut self, locale: impl Into<String>) -> Self {
        self.written_in = Some(locale.into());
        self
    }

    /// Its title.
    #[must_use]
    pub fn title(self, title: impl Into<String>) -> Self {
        self.field("title", title.into())
    }

    /// A field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Several fields.
    #[must_use]
    pub fn fields(mut self, fields: Map<String, Value>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// Leaves `publish_details` out, as some old entries have none.
    #[must_use]
    pub const fn without_publish_details(mut self) -> Self {
        self.without_details = true;
        self
    }

    pub(super) fn data(
        &self,
        uid: &str,
        version: u32,
        at: Instant,
        user: &str,
        details: Value,
    ) -> Value {
        let mut data = json!({
            "uid": uid,
            "_version": version,
            "locale": self.written_in.as_deref().unwrap_or(&self.locale),
            "title": format!("{} {uid}", self.content_type),
            "tags": [],
            "created_at": at.to_string(),
            "created_by": user,
            "updated_at": at.to_string(),
            "updated_by": user,
        });
        if let Some(data) = data.as_object_mut() {
            if !self.without_details {
                data.insert("publish_details".to_owned(), details);
            }
            data.extend(self.fields.clone());
        }
        data
    }
}

/// An asset to publish.
#[derive(Clone, Debug)]
pub struct AssetDraft {
    pub(super) uid: Option<String>,
    pub(super) locale: String,
    pub(super) filename: String,
    pub(super) media_type: String,
    pub(super) bytes: Option<Bytes>,
    pub(super) length: usize,
    declared: Option<u64>,
    fields: Map<String, Value>,
}

impl AssetDraft {
    /// An asset with this file name, of 1,000 bytes that the emulator makes up.
    pub fn new(filename: impl Into<String>) -> Self {
        Self {
            uid: None,
            locale: MASTER_LOCALE.to_owned(),
            filename: filename.into(),
            media_type: "application/octet-stream".to_owned(),
            bytes: None,
            length: 1000,
            declared: None,
            fields: Map::new(),
        }
    }

    /// Its uid. Default: a new one.
    #[must_use]
    pub fn uid(mut self, uid: impl Into<String>) -> Self {
        self.uid = Some(uid.into());
        self
    }

    /// The locale it is published to. Default: `en-us`.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = locale.into();
        self
    }

    /// Its media type. Default: `application/octet-stream`.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = media_type.into();
        self
    }

    /// Its content.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.bytes = Some(bytes.into());
        self
    }

    /// How many bytes are made up for it, where none are given. Default: 1,000.
    #[must_use]
    pub const fn length(mut self, length: usize) -> Self {
        self.length = length;
        self
    }

    /// The size that is told, where it is to be a wrong one.
    #[must_use]
    pub const fn declared_size(mut self, bytes: u64) -> Self {
        self.declared = Some(bytes);
        self
    }

    /// A field, such as `description` or `url`.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// As recorded assets are: without a `locale` of their own, and with their
    /// size as text.
    pub(super) fn data(
        &self,
        uid: &str,
        url: &str,
        version: u32,
        at: Instant,
        user: &str,
        details: Value,
    ) -> Value {
        let length = self.bytes.as_ref().map_or(self.length, Bytes::len);
        let size = self.declared.unwrap_or(length as u64);
        let mut data = json!({
            "uid": uid,
            "_version": version,
            "title": self.filename,
            "filename": self.filename,
            "content_type": self.media_type,
            "file_size": size.to_string(),
            "url": url,
            "is_dir": false,
            "tags": [],
            "created_at": at.to_string(),
            "created_by": user,
            "updated_at": at.to_string(),
            "updated_by": user,
            "publish_details": details,
        });
        if let Some(data) = data.as_object_mut() {
            data.extend(self.fields.clone());
        }
        data
    }
}
