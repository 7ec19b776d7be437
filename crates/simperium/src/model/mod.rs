//! Names, versions, entities and changes.

mod change;
mod cv;
mod entry;
mod name;
mod user;
mod written;

pub use self::change::{BulkChange, BulkOutcome, BulkResult};
pub use self::cv::Cv;
pub use self::entry::{Entry, Versioned};
pub use self::name::{AppId, BucketName, Ccid, ClientId, Key, NameError, NameKind, NameProblem};
pub use self::user::{Account, BucketInfo, BucketSettings, User};
pub use self::written::{DeleteOutcome, Deleted, Outcome, Written};
pub use crate::protocol::{Change, ChangeErrorCode, Operation};
