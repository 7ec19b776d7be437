//! What goes wrong with a sync, in the service's own terms.

use crate::client::service::Redirected;
use crate::schema::DecodeError;
use crate::store::StoreError;
use crate::wire::WireError;

/// What was wrong with the data of a sync, and where.
///
/// ```no_run
/// # fn run(error: synctools::Error) {
/// use synctools::{SyncError, SyncErrorExt as _};
///
/// match error.sync_error() {
///     Some(SyncError::Decode(at)) => println!("object {}: {}", at.object(), at.kind()),
///     Some(other) => println!("{other}"),
///     None => println!("no answer, or no database: {error}"),
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The body is not what a synctool server sends, or stopped in the middle.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// An object does not fit the schema.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// What an [`Error`](crate::Error) means in the service's own terms.
pub trait SyncErrorExt {
    /// What was wrong with the data.
    fn sync_error(&self) -> Option<&SyncError>;

    /// Why the database did not take it, with the model, key and field.
    fn store_error(&self) -> Option<&StoreError>;

    /// Where a redirect led that was not followed.
    fn redirect(&self) -> Option<&http::Uri>;
}

impl SyncErrorExt for crate::Error {
    fn sync_error(&self) -> Option<&SyncError> {
        self.detail()
    }

    fn store_error(&self) -> Option<&StoreError> {
        self.detail()
    }

    fn redirect(&self) -> Option<&http::Uri> {
        self.detail::<Redirected>()?.to.as_ref()
    }
}
