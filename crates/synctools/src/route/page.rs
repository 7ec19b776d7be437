//! The answers that have no objects, as Django gives them.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::wire::Profile;

/// The type of what Django 2 sends without saying the character set.
const HTML: &str = "text/html";
const HTML_UTF_8: &str = "text/html; charset=utf-8";

/// 401: the token is missing or wrong.
pub(super) fn unauthorized() -> Response<Bytes> {
    let mut response = page(
        StatusCode::UNAUTHORIZED,
        HTML_UTF_8,
        Bytes::from_static(b"HTTP Authentication failed\n"),
    );
    let challenge = HeaderValue::from_static("Basic realm=\"Sync API\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// 404: no path like that.
pub(super) fn not_found(profile: Profile) -> Response<Bytes> {
    let text = "The requested resource was not found on this server.";
    titled(profile, StatusCode::NOT_FOUND, "Not Found", Some(text))
}

/// 405: only reading is possible. Django runs the view whatever the method.
pub(super) fn not_allowed() -> Response<Bytes> {
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, HTML_UTF_8, Bytes::new());
    let methods = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(ALLOW, methods);
    response
}

/// 500: the function, or the store, failed.
pub(super) fn server_error(profile: Profile) -> Response<Bytes> {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    titled(profile, status, "Server Error (500)", None)
}

/// 503: too many answers are under way.
pub(super) fn busy() -> Response<Bytes> {
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, HTML_UTF_8, Bytes::new());
    let seconds = HeaderValue::from_static("5");
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// Django's page without a template: since 3.1 a whole document, which has the
/// paragraph even where it says nothing.
fn titled(
    profile: Profile,
    status: StatusCode,
    title: &str,
    text: Option<&str>,
) -> Response<Bytes> {
    let (media_type, body) = match profile {
        Profile::Django2 => {
            let paragraph = text.map(|text| format!("<p>{text}</p>"));
            let body = format!("<h1>{title}</h1>{}", paragraph.unwrap_or_default());
            (HTML, body)
        }
        _ => {
            let text = text.unwrap_or_default();
            let body = format!(
                "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>{title}</title>\n</head>\n\
                 <body>\n  <h1>{title}</h1><p>{text}</p>\n</body>\n</html>\n"
            );
            (HTML_UTF_8, body)
        }
    };
    page(status, media_type, Bytes::from(body))
}

fn page(status: StatusCode, media_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
