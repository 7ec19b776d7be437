//! What went wrong, in the words of the service's documentation.
//!
//! All calls fail with the shared [`Error`]. [`OcssErrorExt`] sorts it into
//! the documented classes, and [`OcssError`] is the service's own detail:
//!
//! | documented | here |
//! |---|---|
//! | `OCSSAPIError` | [`Error`] |
//! | `ConnectionError` | [`is_connection`](OcssErrorExt::is_connection) |
//! | `ServerError` | [`is_server`](OcssErrorExt::is_server) |
//! | `ClientError` | [`is_client`](OcssErrorExt::is_client) |
//! | `NotFoundError` | [`is_not_found`](OcssErrorExt::is_not_found) |
//! | `NotAllowedError` | [`is_not_allowed`](OcssErrorExt::is_not_allowed) |

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::header::{ALLOW, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, StatusCode};
use sync_core::transport::{Delivery, TransportErrorKind};
use sync_core::{Error, ErrorKind};

use crate::model::Id;
use crate::oauth1::ProblemReport;

/// The documented classes of errors. Every [`Error`] is of exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// Something went wrong with the connection; trying again later may help.
    Connection,
    /// The service failed, or its answer is not what was agreed.
    Server,
    /// The service did not take kindly to the request, or the request was
    /// found wrong here.
    Client,
    /// There is no such resource.
    NotFound,
    /// The credentials do not suffice, or the resource does not support the
    /// operation.
    NotAllowed,
}

/// Why something is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There are no credentials, or the service does not accept them.
    Unauthenticated,
    /// The credentials are good, and do not suffice.
    Forbidden,
    /// Nobody can do this with this resource.
    Unsupported,
}

/// The service's own detail of an error. Get it with [`OcssErrorExt::ocss`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OcssError {
    /// The service failed.
    Server,
    /// The answer is not what was agreed.
    Protocol,
    /// The service did not take kindly to the request.
    Client,
    /// The resource was changed by someone else meanwhile: read it again
    /// before changing it.
    Conflict,
    /// An argument cannot work; nothing was sent. Says why.
    Local(Cow<'static, str>),
    /// There is no such resource. `Display` is the documented message,
    /// `No Vendor with ID 'invalid-vendor-id'`.
    NotFound {
        /// The kind of resource, for example `Vendor`; empty when unknown.
        kind: &'static str,
        /// Its id, when one was asked for.
        id: Option<Id>,
    },
    /// The operation is not allowed.
    #[non_exhaustive]
    NotAllowed {
        /// Why.
        reason: Reason,
        /// The methods that the resource supports, as far as the service said
        /// so in `Allow`.
        allow: Vec<Method>,
    },
}

impl OcssError {
    /// Reads an answer that is no success.
    pub(crate) fn read(
        status: StatusCode,
        headers: &HeaderMap,
        report: Option<&ProblemReport>,
    ) -> Self {
        let oauth = report.is_some() || asks_for_oauth(headers);
        let reason = match status.as_u16() {
            401 => Reason::Unauthenticated,
            400 if oauth => Reason::Unauthenticated,
            403 => Reason::Forbidden,
            405 => Reason::Unsupported,
            404 | 410 => return Self::NotFound { kind: "", id: None },
            412 => return Self::Conflict,
            400..=499 => return Self::Client,
            500..=599 => return Self::Server,
            // A redirect that is not followed, mostly.
            _ => return Self::Protocol,
        };
        Self::NotAllowed {
            reason,
            allow: allowed(headers),
        }
    }

    const fn class(&self) -> ErrorClass {
        match self {
            Self::Server | Self::Protocol => ErrorClass::Server,
            Self::Client | Self::Conflict | Self::Local(_) => ErrorClass::Client,
            Self::NotFound { .. } => ErrorClass::NotFound,
            Self::NotAllowed { .. } => ErrorClass::NotAllowed,
        }
    }
}

/// Only well-known methods: what else a server may write there is not shown.
fn allowed(headers: &HeaderMap) -> Vec<Method> {
    const KNOWN: [Method; 6] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let lists = headers
        .get_all(ALLOW)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let names = lists.flat_map(|list| list.split(',')).map(str::trim);
    names
        .filter_map(|name| KNOWN.into_iter().find(|known| known == name))
        .collect()
}

fn asks_for_oauth(headers: &HeaderMap) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().any(|value| {
        let scheme = value.as_bytes().get(..5);
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"OAuth"))
    })
}

impl fmt::Display for OcssError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("the service failed"),
            Self::Protocol => f.write_str("the answer is not what was agreed"),
            Self::Client => f.write_str("the service did not take the request"),
            Self::Conflict => {
                f.write_str("the resource was changed meanwhile; read it again first")
            }
            Self::Local(why) => f.write_str(why),
            Self::NotFound { kind, id: Some(id) } => write!(f, "No {kind} with ID '{id}'"),
            Self::NotFound { .. } => f.write_str("there is no such resource"),
            Self::NotAllowed { reason, allow } => {
                f.write_str(match reason {
                    Reason::Unauthenticated => "valid credentials are needed",
                    Reason::Forbidden => "the user may not do this",
                    Reason::Unsupported => "the resource does not support this",
                })?;
                for (i, method) in allow.iter().enumerate() {
                    write!(
                        f,
                        "{}{method}",
                        if i == 0 { "; it supports " } else { ", " }
                    )?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for OcssError {}

/// Sorts the shared [`Error`] into the service's documented classes.
///
/// ```no_run
/// # async fn run(api: ocss::SyncServerApi) -> Result<(), ocss::Error> {
/// use ocss::OcssErrorExt as _;
///
/// match api.phones().vendors().get("invalid-vendor-id").await {
///     Err(error) if error.is_not_found() => println!("{}", error.ocss().unwrap()),
///     other => println!("{:?}", other?),
/// }
/// # Ok(())
/// # }
/// ```
pub trait OcssErrorExt {
    /// The documented class.
    fn class(&self) -> ErrorClass;

    /// The service's own detail, if there is one.
    fn ocss(&self) -> Option<&OcssError>;

    /// Something went wrong with the connection. The call was repeated as far
    /// as that is safe; trying again later may help. `is_timeout` tells
    /// whether a time limit passed.
    fn is_connection(&self) -> bool {
        self.class() == ErrorClass::Connection
    }

    /// The service failed, or its answer is not what was agreed.
    fn is_server(&self) -> bool {
        self.class() == ErrorClass::Server
    }

    /// The service did not take kindly to the request, or it was found wrong
    /// here ([`is_local`](Self::is_local)).
    fn is_client(&self) -> bool {
        self.class() == ErrorClass::Client
    }

    /// There is no such resource.
    fn is_not_found(&self) -> bool {
        self.class() == ErrorClass::NotFound
    }

    /// The credentials do not suffice, or the operation is not supported.
    fn is_not_allowed(&self) -> bool {
        self.class() == ErrorClass::NotAllowed
    }

    /// The resource was changed by someone else since it was read.
    fn is_conflict(&self) -> bool {
        matches!(self.ocss(), Some(OcssError::Conflict))
    }

    /// The answer is not what was agreed: unreadable, incomplete, a circle of
    /// pages, or a link to a stranger. A part of [`is_server`](Self::is_server).
    fn is_protocol(&self) -> bool;

    /// It was found here, and nothing was sent.
    fn is_local(&self) -> bool;

    /// Why it is not allowed.
    fn reason(&self) -> Option<Reason> {
        match self.ocss()? {
            OcssError::NotAllowed { reason, .. } => Some(*reason),
            _ => None,
        }
    }

    /// The word after `oauth_problem=` in the refusal: one of
    /// [`oauth1::word`](crate::oauth1::word), or another.
    fn oauth_problem(&self) -> Option<&str>;

    /// How long the service asks to wait.
    fn retry_after(&self) -> Option<Duration>;
}

impl OcssErrorExt for Error {
    fn class(&self) -> ErrorClass {
        let last = self.last();
        if let Some(detail) = last.detail::<OcssError>() {
            return detail.class();
        }
        match last.kind() {
            ErrorKind::Config | ErrorKind::Encode => ErrorClass::Client,
            ErrorKind::Auth => ErrorClass::NotAllowed,
            ErrorKind::Transport(TransportErrorKind::Request) => ErrorClass::Client,
            ErrorKind::Transport(TransportErrorKind::TooLarge) => ErrorClass::Server,
            ErrorKind::Transport(_) | ErrorKind::Canceled => ErrorClass::Connection,
            _ => ErrorClass::Server,
        }
    }

    fn ocss(&self) -> Option<&OcssError> {
        self.detail()
    }

    fn is_protocol(&self) -> bool {
        let last = self.last();
        matches!(last.detail(), Some(OcssError::Protocol))
            || matches!(
                last.kind(),
                ErrorKind::Decode | ErrorKind::Transport(TransportErrorKind::TooLarge)
            )
    }

    fn is_local(&self) -> bool {
        let last = self.last();
        last.delivery() == Delivery::NotSent
            && matches!(
                last.kind(),
                ErrorKind::Config | ErrorKind::Encode | ErrorKind::Auth
            )
    }

    fn oauth_problem(&self) -> Option<&str> {
        self.api()?.code.as_deref()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.api().and_then(|api| api.retry_after)
    }
}

/// An argument cannot work.
pub(crate) fn local(why: impl Into<Cow<'static, str>>) -> Error {
    let why = why.into();
    Error::encode(why.clone()).with_detail(OcssError::Local(why))
}

/// The answer is not what was agreed. What the service said goes into the
/// message, from which secrets are removed, never into the detail.
pub(crate) fn protocol(what: impl Into<Cow<'static, str>>) -> Error {
    Error::decode(what).with_detail(OcssError::Protocol)
}

/// The resource does not support the operation, and everybody knows it.
pub(crate) fn unsupported(what: impl Into<Cow<'static, str>>) -> Error {
    Error::config(what).with_detail(OcssError::NotAllowed {
        reason: Reason::Unsupported,
        allow: Vec::new(),
    })
}

/// The call needs credentials, and there are none.
pub(crate) fn unauthenticated() -> Error {
    let message = "this call needs credentials: give the client a SyncServerAuth";
    Error::auth(message).with_detail(OcssError::NotAllowed {
        reason: Reason::Unauthenticated,
        allow: Vec::new(),
    })
}

/// There is no such resource, found without or with an answer that said so.
pub(crate) fn not_found(error: Option<Error>, kind: &'static str, id: &Id) -> Error {
    let detail = OcssError::NotFound {
        kind,
        id: Some(id.clone()),
    };
    let message = detail.to_string();
    match error {
        Some(error) => error.with_message(message),
        None => Error::new(ErrorKind::Service, message),
    }
    .with_detail(detail)
}

/// Names the resource in an error that says there is none.
pub(crate) fn name_missing(error: Error, kind: &'static str, id: &Id) -> Error {
    if error.is_not_found() {
        not_found(Some(error), kind, id)
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(status: u16, headers: &[(http::HeaderName, &'static str)]) -> OcssError {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        OcssError::read(StatusCode::from_u16(status).unwrap(), &headers, None)
    }

    #[test]
    fn statuses_fall_into_the_documented_classes() {
        let class = |status| read(status, &[]).class();
        for status in [404, 410] {
            assert_eq!(class(status), ErrorClass::NotFound, "{status}");
        }
        for status in [401, 403, 405] {
            assert_eq!(class(status), ErrorClass::NotAllowed, "{status}");
        }
        for status in [400, 402, 406, 409, 411, 412, 413, 414, 415, 422, 429, 499] {
            assert_eq!(class(status), ErrorClass::Client, "{status}");
        }
        for status in [500, 501, 502, 503, 504, 599, 302, 304] {
            assert_eq!(class(status), ErrorClass::Server, "{status}");
        }
        assert_eq!(read(412, &[]), OcssError::Conflict);
    }

    #[test]
    fn a_400_that_speaks_of_oauth_is_about_credentials() {
        let refused = read(400, &[(WWW_AUTHENTICATE, "oauth realm=\"\"")]);
        assert_eq!(refused.class(), ErrorClass::NotAllowed);
        let report = ProblemReport::find("oauth_problem=nonce_used");
        let headers = HeaderMap::new();
        let refused = OcssError::read(StatusCode::BAD_REQUEST, &headers, report.as_ref());
        assert_eq!(refused.class(), ErrorClass::NotAllowed);
        assert_eq!(read(400, &[(WWW_AUTHENTICATE, "Basic")]), OcssError::Client);
    }

    #[test]
    fn of_what_is_allowed_only_methods_are_shown() {
        let refused = read(405, &[(ALLOW, "GET, s3cret,DELETE")]);
        assert_eq!(
            refused.to_string(),
            "the resource does not support this; it supports GET, DELETE"
        );
    }

    #[test]
    fn what_is_found_here_was_not_sent() {
        for error in [local("x"), unsupported("x"), unauthenticated()] {
            assert!(error.is_local(), "{error:?}");
        }
        assert!(!protocol("x").is_local() && protocol("x").is_protocol());
        assert!(unsupported("x").is_not_allowed());
        assert_eq!(unauthenticated().reason(), Some(Reason::Unauthenticated));
        let missing = not_found(None, "Vendor", &Id::from("x"));
        assert_eq!(missing.ocss().unwrap().to_string(), "No Vendor with ID 'x'");
        assert!(missing.to_string().contains("No Vendor with ID 'x'"));
    }
}
