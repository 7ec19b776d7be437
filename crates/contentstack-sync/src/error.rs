//! What the service's refusals mean.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::Value;
use sync_core::{ApiError, Error};

use crate::client::ConfigError;
use crate::model::CheckpointError;

/// What went wrong, in the service's own terms.
///
/// ```no_run
/// # async fn run(stack: contentstack_sync::Stack) -> Result<(), contentstack_sync::Error> {
/// use contentstack_sync::{ContentstackError, ContentstackErrorExt as _};
///
/// match stack.sync_token("cs…").await {
///     Ok(page) => println!("{} items", page.items.len()),
///     Err(error) if error.contentstack() == Some(&ContentstackError::InvalidSyncToken) => {
///         println!("start over: {error}");
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentstackError {
    /// The service does not know the sync token: 422 with code 141 and
    /// `errors.sync_token`. This is known to pass, so it was asked again.
    #[error("the sync token is not valid: start with an initial sync")]
    InvalidSyncToken,
    /// The service does not know the pagination token: 422 with code 141 and
    /// `errors.pagination_token`. This is known to pass, so it was asked again.
    #[error("the pagination token is not valid: start this sync again")]
    InvalidPaginationToken,
    /// There is no such environment: 422 with code 141, or none, and
    /// `errors.environment`.
    #[error("there is no such environment")]
    UnknownEnvironment,
    /// There is no such content type: 422 with code 118.
    #[error("there is no such content type")]
    UnknownContentType,
    /// There is no such asset: 404 with code 145.
    #[error("there is no such asset")]
    AssetNotFound,
    /// There is no stack with this API key: code 109, or `errors.api_key`, or
    /// 412 without either of the two that speak of the delivery token.
    #[error("the API key is not valid")]
    BadApiKey,
    /// The delivery token is wrong or no longer good: code 105, or
    /// `errors.access_token`, or 401 without either of the two that speak of
    /// the API key.
    #[error("the delivery token is not valid")]
    BadDeliveryToken,
    /// Too many requests: 429.
    #[error("too many requests")]
    RateLimited,
    /// The URL is longer than the service's 8 KB: 414.
    #[error("the request is longer than the service takes")]
    UriTooLong,
    /// The service runs in a circle, or does not come to an end.
    #[error("the pages do not come to an end")]
    EndlessPages,
    /// Anything else.
    #[error("the service refused the request")]
    Other {
        /// The service's code, if it gave one.
        code: Option<u32>,
        /// The parameters it complained about, as far as they are known ones.
        fields: Vec<&'static str>,
    },
}

impl ContentstackError {
    /// Whether the token that was sent is not known (any more).
    pub fn is_invalid_token(&self) -> bool {
        matches!(self, Self::InvalidSyncToken | Self::InvalidPaginationToken)
    }
}

/// What an [`Error`] means in the service's own terms.
pub trait ContentstackErrorExt {
    /// The service's refusal, typed.
    fn contentstack(&self) -> Option<&ContentstackError>;

    /// Why a checkpoint cannot be used.
    fn checkpoint(&self) -> Option<CheckpointError>;

    /// What is wrong with the way a stack was set up.
    fn config(&self) -> Option<ConfigError>;

    /// Whether the service does not know (any more) the token that was sent.
    fn is_invalid_token(&self) -> bool {
        self.contentstack()
            .is_some_and(ContentstackError::is_invalid_token)
    }
}

impl ContentstackErrorExt for Error {
    fn contentstack(&self) -> Option<&ContentstackError> {
        self.detail()
    }

    fn checkpoint(&self) -> Option<CheckpointError> {
        self.detail().copied()
    }

    fn config(&self) -> Option<ConfigError> {
        self.detail().copied()
    }
}

/// A checkpoint that cannot be used.
pub(crate) fn checkpoint(why: CheckpointError) -> Error {
    Error::config(why.to_string()).with_detail(why)
}

/// Pages without an end.
pub(crate) fn endless(why: impl Into<Cow<'static, str>>) -> Error {
    Error::decode(why).with_detail(ContentstackError::EndlessPages)
}

/// An answer that stops in the middle of its JSON: its connection broke off
/// where neither a length nor a coding could show it.
#[derive(Clone, Copy, Debug)]
struct Incomplete;

pub(crate) fn incomplete() -> Error {
    Error::decode("the answer stops in the middle").with_detail(Incomplete)
}

pub(crate) fn is_incomplete(error: &Error) -> bool {
    error.detail::<Incomplete>().is_some()
}

/// Which token a call sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// A pagination token.
    Page,
    /// A sync token.
    Sync,
    /// None.
    Nothing,
}

/// Understands a refusal. Nothing in its body is taken for granted: it may be
/// empty, a page of HTML, or have numbers as text.
pub(crate) fn read(status: StatusCode, sent: Sent, body: &[u8]) -> ApiError {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let field = |name: &str| json.as_ref().and_then(|json| json.get(name));
    let code = field("error_code").and_then(|code| match code {
        Value::Number(number) => number.as_u64().and_then(|code| u32::try_from(code).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    });
    let fields = field("errors").map(fields).unwrap_or_default();
    let detail = classify(status, code, fields, sent);
    let mut api = ApiError::new(status);
    let message = field("error_message").and_then(Value::as_str);
    match message.map(str::trim) {
        Some(message) if !message.is_empty() => api.message = Some(message.to_owned()),
        _ => api.meaning = Some(detail.to_string().into()),
    }
    api.code = code.map(|code| code.to_string());
    // Of a 401 that is not about the token, too, no other token is at hand.
    api.credentials_refused = matches!(
        detail,
        ContentstackError::BadDeliveryToken | ContentstackError::BadApiKey
    );
    api.with_detail(detail)
}

fn classify(
    status: StatusCode,
    code: Option<u32>,
    fields: Vec<&'static str>,
    sent: Sent,
) -> ContentstackError {
    use ContentstackError as E;

    let about = |name: &str| fields.contains(&name);
    match (status.as_u16(), code) {
        (429, _) => E::RateLimited,
        (414, _) => E::UriTooLong,
        (500.., _) => E::Other { code, fields },
        _ if about("sync_token") => E::InvalidSyncToken,
        _ if about("pagination_token") => E::InvalidPaginationToken,
        (_, Some(141)) | (422, None) if about("environment") => E::UnknownEnvironment,
        (_, Some(118)) => E::UnknownContentType,
        (_, Some(145)) => E::AssetNotFound,
        // What the service says counts for more than the status it says it with.
        (_, Some(109)) => E::BadApiKey,
        (_, Some(105)) => E::BadDeliveryToken,
        (401 | 403 | 412 | 422, _) if about("api_key") => E::BadApiKey,
        (401 | 403 | 412 | 422, _) if about("access_token") => E::BadDeliveryToken,
        (412, _) => E::BadApiKey,
        (401, _) => E::BadDeliveryToken,
        // Does not say what is wrong; it is not about anything else that is sent.
        (422, Some(141)) if fields.is_empty() => match sent {
            Sent::Sync => E::InvalidSyncToken,
            Sent::Page => E::InvalidPaginationToken,
            Sent::Nothing => E::Other { code, fields },
        },
        _ => E::Other { code, fields },
    }
}

/// What `errors` may complain about. Other names are not taken over: they are
/// the service's words, and could repeat a secret.
const FIELDS: [&str; 14] = [
    "access_token",
    "api_key",
    "branch",
    "content_type_uid",
    "environment",
    "init",
    "limit",
    "locale",
    "pagination_token",
    "skip",
    "start_from",
    "sync_token",
    "type",
    "uid",
];

/// The names of the fields that `errors` complains about, whatever its form.
fn fields(errors: &Value) -> Vec<&'static str> {
    let known = |text: &str| FIELDS.into_iter().find(|name| *name == text);
    match errors {
        Value::Object(errors) => errors.keys().filter_map(|key| known(key)).collect(),
        Value::Array(list) => list.iter().flat_map(fields).collect(),
        // `"sync_token is not valid."`
        Value::String(text) => text
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .next()
            .and_then(known)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}
