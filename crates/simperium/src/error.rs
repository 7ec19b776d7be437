//! What the service's refusals mean.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::response::Parts;
use sync_core::{ApiError, Error, Operation};

use crate::client::{Kind, kind};
use crate::model::NameError;
use crate::wire::answer::is_page;

/// What went wrong, in the service's own terms. Get it with
/// [`SimperiumErrorExt::simperium`].
///
/// ```no_run
/// # async fn run(auth: simperium::Auth) -> Result<(), simperium::Error> {
/// use simperium::{SimperiumError, SimperiumErrorExt as _};
///
/// match auth.create("joe@example.com", "secret").await {
///     Ok(user) => println!("hello {}", user.username),
///     Err(error) if error.simperium() == Some(&SimperiumError::UserExists) => {
///         auth.authorize("joe@example.com", "secret").await?;
///     }
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimperiumError {
    /// There is a user of this name: 409 when creating or renaming one.
    #[error("there is a user of this name already")]
    UserExists,
    /// The user's name or password is wrong: 401 when logging in.
    #[error("the user's name or password is wrong")]
    BadCredentials,
    /// The password is right, and known to others: 401. Another one is needed.
    #[error("the password is known to be compromised: it has to be changed")]
    CompromisedPassword,
    /// The user has to confirm who they are first: 403 when logging in.
    #[error("the user has to be verified first")]
    VerificationRequired,
    /// The API key is wrong, or is none of an administrator: 401 for calls
    /// that take one.
    #[error("the API key is not good for this")]
    BadApiKey,
    /// The token is wrong, or no longer good: 401.
    #[error("the access token is not good, or not any more")]
    Unauthorized,
    /// The token is good, and not for this: 403.
    #[error("the access token is not good for this")]
    Forbidden,
    /// There is no such entity, version or user: 404.
    #[error("there is no such entity, version or user")]
    NotFound,
    /// The entity has another version than the one to be deleted: 409.
    #[error("the entity has another version by now")]
    Conflict,
    /// The change version is not known (any more): read the index, and go on
    /// from its `current`.
    #[error("the change version is not known any more: read the index again")]
    UnknownCv,
    /// The object is too large: 413.
    #[error("the object is larger than the service takes")]
    TooLarge,
    /// The service does not take this: a name, JSON, or what a schema forbids.
    #[error("the service does not take this name or object")]
    Invalid,
    /// Too many requests: 429 and 503. [`SimperiumErrorExt::retry_after`] says
    /// until when, if the service did.
    #[error("the service is too busy for this now")]
    Throttled,
    /// The service failed: any other 5xx.
    #[error("the service failed")]
    Server,
    /// The answer is a page for people, or the way to one: a proxy's, or that of
    /// a network that wants a login.
    #[error("something else than the service has answered")]
    NotTheService,
    /// The answer stops in the middle.
    #[error("the answer stops in the middle")]
    Incomplete,
    /// The answer is not what was agreed.
    #[error("the answer is not what was agreed")]
    Protocol,
    /// Anything else.
    #[error("the service refused the request")]
    Other,
}

/// What an [`Error`] means in the service's own terms.
pub trait SimperiumErrorExt {
    /// The service's refusal, or what is wrong with its answer.
    fn simperium(&self) -> Option<&SimperiumError>;

    /// What is wrong with a name. Nothing was sent.
    fn name_error(&self) -> Option<NameError>;

    /// How long the service asks to wait, whatever it refused.
    fn retry_after(&self) -> Option<Duration>;

    /// Whether there is no such entity, version or user.
    fn is_not_found(&self) -> bool {
        self.simperium() == Some(&SimperiumError::NotFound)
    }

    /// Whether the index has to be read before changes can be followed.
    fn needs_index(&self) -> bool {
        self.simperium() == Some(&SimperiumError::UnknownCv)
    }
}

impl SimperiumErrorExt for Error {
    fn simperium(&self) -> Option<&SimperiumError> {
        self.detail()
    }

    fn name_error(&self) -> Option<NameError> {
        self.detail().copied()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.api().and_then(|api| api.retry_after)
    }
}

/// Understands a refusal. Bodies are plain text, may be empty, and may come
/// from something else on the way.
pub(crate) fn explain(operation: &Operation, head: &Parts, body: &Bytes) -> ApiError {
    let kind = kind(operation);
    let page = is_page(&head.headers, body);
    let text = std::str::from_utf8(body).ok().map(str::trim);
    let text = text.filter(|text| !text.is_empty() && text.len() <= 500 && !page);
    let detail = classify(kind, head.status, text.unwrap_or_default(), page);
    let mut api = ApiError::new(head.status);
    api.meaning = Some(detail.to_string().into());
    // Of a login, the service's words may repeat a name or a password.
    let kept = text.filter(|_| !matches!(kind, Kind::Login | Kind::Key));
    api.message = kept.map(str::to_owned);
    // A new token changes nothing about a key or a password.
    api.credentials_refused = matches!(
        detail,
        SimperiumError::Unauthorized
            | SimperiumError::BadApiKey
            | SimperiumError::BadCredentials
            | SimperiumError::CompromisedPassword
    );
    api.with_detail(detail)
}

fn classify(kind: Kind, status: StatusCode, text: &str, page: bool) -> SimperiumError {
    use SimperiumError as E;

    let says = |word: &str| text.to_ascii_lowercase().contains(word);
    match (status.as_u16(), kind) {
        (429 | 503, _) => E::Throttled,
        (500.., _) => E::Server,
        // Whoever says it: web servers on the way have limits, too, and pages
        // for them.
        (413, _) => E::TooLarge,
        // The service itself redirects no one.
        (300..400, _) => E::NotTheService,
        _ if page => E::NotTheService,
        (401, Kind::Login | Kind::Key) if says("compromised") => E::CompromisedPassword,
        (401, Kind::Key) => E::BadApiKey,
        (401, Kind::Login) if says("api key") || says("apikey") => E::BadApiKey,
        (401, Kind::Login) => E::BadCredentials,
        (403, Kind::Login) if says("verification") => E::VerificationRequired,
        (409, Kind::Login | Kind::Key) => E::UserExists,
        (400 | 404, Kind::Since) => E::UnknownCv,
        (401, _) => E::Unauthorized,
        (403, _) => E::Forbidden,
        (404, _) => E::NotFound,
        (409, _) => E::Conflict,
        (400, _) => E::Invalid,
        _ => E::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_status_text_and_call() {
        use SimperiumError as E;
        let of = |kind, status, text: &str| {
            classify(kind, StatusCode::from_u16(status).unwrap(), text, false)
        };
        assert_eq!(of(Kind::Login, 401, ""), E::BadCredentials);
        assert_eq!(
            of(Kind::Login, 401, "Compromised password"),
            E::CompromisedPassword
        );
        assert_eq!(of(Kind::Login, 401, "invalid API key"), E::BadApiKey);
        assert_eq!(
            of(Kind::Login, 403, "verification required"),
            E::VerificationRequired
        );
        assert_eq!(of(Kind::Login, 403, ""), E::Forbidden);
        assert_eq!(of(Kind::Key, 401, "nope"), E::BadApiKey);
        assert_eq!(of(Kind::Login, 409, ""), E::UserExists);
        assert_eq!(of(Kind::Since, 404, ""), E::UnknownCv);
        assert_eq!(of(Kind::Since, 400, ""), E::UnknownCv);
        assert_eq!(of(Kind::Data, 404, ""), E::NotFound);
        assert_eq!(of(Kind::Data, 400, ""), E::Invalid);
        assert_eq!(of(Kind::Data, 503, ""), E::Throttled);
        assert_eq!(of(Kind::Data, 502, ""), E::Server);
        assert_eq!(of(Kind::Since, 302, ""), E::NotTheService);
        assert_eq!(of(Kind::Login, 307, ""), E::NotTheService);
    }

    #[test]
    fn a_page_is_not_taken_at_its_word() {
        let page = |status| {
            let status = StatusCode::from_u16(status).unwrap();
            classify(Kind::Since, status, "", true)
        };
        assert_eq!(page(404), SimperiumError::NotTheService);
        assert_eq!(page(502), SimperiumError::Server);
        assert_eq!(page(413), SimperiumError::TooLarge);
    }
}
