//! How a sync fails.

use http::{Method, Uri};
use sync_core::error::RequestLine;
use sync_core::{Error, ErrorKind, TransportError, redact};

use super::operations::SYNC;
use crate::error::SyncError;
use crate::schema::DecodeError;
use crate::store::{StoreError, StoreErrorKind};
use crate::wire::WireError;

/// An attempt that failed.
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether the body broke off, so that all can be asked for again.
    pub(super) broke_off: bool,
}

impl Failure {
    /// A body that broke off under way.
    pub(super) fn cut(error: TransportError) -> Self {
        let error = Error::transport(error);
        Self {
            broke_off: error.is_retryable(),
            error,
        }
    }

    /// A body that is none.
    pub(super) fn wire(error: WireError, text: String, broke_off: bool) -> Self {
        Self {
            broke_off,
            error: Error::decode(text).with_detail(SyncError::Wire(error)),
        }
    }

    pub(super) fn decode(error: DecodeError) -> Self {
        let error = Error::decode(error.to_string()).with_detail(SyncError::Decode(error));
        error.into()
    }

    /// Names the request.
    pub(super) fn at(mut self, uri: &Uri) -> Self {
        self.error = self.error.with_operation(&SYNC).with_request(RequestLine {
            method: Method::GET,
            uri: redact::uri(uri, &[]),
        });
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            broke_off: false,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        store(error).into()
    }
}

/// A database that does not take it.
pub(crate) fn store(error: StoreError) -> Error {
    let kind = match error.kind() {
        StoreErrorKind::Schema | StoreErrorKind::Unsupported => ErrorKind::Config,
        _ => ErrorKind::Local,
    };
    let mut message = error.to_string();
    if let Some(advice) = advice(error.kind()) {
        message.push_str(": ");
        message.push_str(advice);
    }
    Error::new(kind, message).with_detail(error)
}

/// What can be done about it.
fn advice(kind: StoreErrorKind) -> Option<&'static str> {
    Some(match kind {
        StoreErrorKind::ForeignKey => {
            "sync what it refers to in the same answer, or before, or leave the field out with a hook"
        }
        StoreErrorKind::Unique => {
            "if a row that is only here has the value, clean, or change that row"
        }
        StoreErrorKind::NotNull => "the server's model allows what this side's does not",
        StoreErrorKind::Referenced => {
            "remove those rows too, or set them to NULL, with on_referenced"
        }
        StoreErrorKind::TooManyDeleted => {
            "look whether the server still has its data before the limit is raised"
        }
        StoreErrorKind::Schema => "export the schema again, or migrate the database",
        _ => return None,
    })
}
