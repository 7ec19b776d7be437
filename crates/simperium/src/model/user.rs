//! Users, and what an app has.

use serde::{Deserialize, Serialize};
use sync_core::Secret;

/// A user who is logged in.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// The name, mostly an e-mail address.
    pub username: String,
    /// The service's id of the user.
    pub userid: String,
    /// What [`Api`](crate::Api) takes.
    pub access_token: Secret<String>,
}

/// The user that a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// The service's id of the user.
    pub userid: String,
    /// The name, if the service says it.
    #[serde(default)]
    pub username: Option<String>,
}

/// A bucket of a user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
}

/// The options of a bucket, which administrators set. What is `None` is left
/// as it is by [`set`](crate::api::Item::set), and removed by
/// [`put`](crate::api::Item::put).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BucketSettings {
    /// How many entities a user may have, at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// How many of the newest versions are kept; 60 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_max: Option<u64>,
    /// How many of every tenth version before those are kept; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version10_max: Option<u64>,
    /// What objects must look like, in the service's form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<serde_json::Value>,
    /// What objects must look like to be deleted.
    #[serde(
        default,
        rename = "delete-schema",
        skip_serializing_if = "Option::is_none"
    )]
    pub delete_schema: Option<serde_json::Value>,
}
