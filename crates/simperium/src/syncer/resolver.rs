//! Who decides when two edits cannot both be kept.

use std::fmt;

use serde_json::Value;

use crate::jsondiff::Lost;
use crate::model::{BucketName, Key};

/// Decides conflicts. Any function from a [`Dispute`] to a [`Resolution`] is
/// one.
///
/// It is called where changes are applied: it must not block, and gives the same
/// answer to the same question. One that panics is taken to have said
/// [`Resolution::Merged`]; the conflict is kept and told as ever.
///
/// ```
/// use simperium::syncer::{Dispute, Resolution, Resolver};
///
/// /// Pictures cannot be merged; everything else is.
/// fn keep_mine(dispute: &Dispute<'_>) -> Resolution {
///     match dispute.bucket.as_str() {
///         "picture" => Resolution::Local,
///         _ => Resolution::Merged,
///     }
/// }
/// # fn takes(_: impl Resolver) {}
/// # takes(keep_mine);
/// ```
pub trait Resolver: Send + Sync + 'static {
    /// What becomes of the object.
    fn resolve(&self, dispute: &Dispute<'_>) -> Resolution;
}

impl<F> Resolver for F
where
    F: Fn(&Dispute<'_>) -> Resolution + Send + Sync + 'static,
{
    fn resolve(&self, dispute: &Dispute<'_>) -> Resolution {
        self(dispute)
    }
}

/// Two edits that cannot both be kept.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Dispute<'a> {
    /// The bucket.
    pub bucket: &'a BucketName,
    /// The object's key.
    pub key: &'a Key,
    /// What both began with; `None` if it is not known, or both made the object.
    pub base: Option<&'a Value>,
    /// This device's object; `None` if it was deleted here.
    pub local: Option<&'a Value>,
    /// The service's object; `None` if it was deleted there.
    pub remote: Option<&'a Value>,
    /// What becomes of it by default; `None` if it is to be gone.
    pub merged: Option<&'a Value>,
    /// What one side did and is not in `merged`.
    pub lost: &'a [Lost],
}

impl<'a> Dispute<'a> {
    /// Two edits of an object, for which nothing is proposed yet.
    pub fn new(bucket: &'a BucketName, key: &'a Key) -> Self {
        Self {
            bucket,
            key,
            base: None,
            local: None,
            remote: None,
            merged: None,
            lost: &[],
        }
    }
}

/// Not the objects: they are user data.
impl fmt::Debug for Dispute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispute")
            .field("bucket", &self.bucket.as_str())
            .field("key", &self.key.as_str())
            .finish_non_exhaustive()
    }
}

/// What becomes of an object that two have edited.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Resolution {
    /// [`Dispute::merged`]: both edits as far as they go together, and this
    /// device's where they do not. An edit is kept against a deletion.
    #[default]
    Merged,
    /// This device's object, or its deletion.
    Local,
    /// The service's object, or its deletion.
    Remote,
    /// This object. Anything but a JSON object is taken for
    /// [`Merged`](Self::Merged).
    Object(Value),
}
