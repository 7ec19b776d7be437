//! Answers: versions, JSON, and what is neither.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use http::{HeaderMap, HeaderName};
use serde::de::{DeserializeOwned, IgnoredAny};
use sync_core::json::whole_characters;
use sync_core::{Error, call};

use crate::error::SimperiumError;
use crate::jsondiff::Diff;

const VERSION: HeaderName = HeaderName::from_static("x-simperium-version");

/// Whether this is a page for people: a proxy's, or that of a hotel's network.
/// An empty body is none, whatever its type: web servers call it HTML unless
/// told otherwise.
pub(crate) fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    if body.is_empty() {
        return false;
    }
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().starts_with("text/html") || body.starts_with(b"<")
}

fn page() -> Error {
    Error::decode("the answer is a page for people: something else answers for the service")
        .with_detail(SimperiumError::NotTheService)
}

/// A JSON body as a `T`.
pub(crate) fn json<T: DeserializeOwned>(head: &Parts, body: &[u8]) -> Result<T, Error> {
    decoded(body).map_err(|error| unreadable(head, body, error))
}

/// The body of an entity, which is a JSON object and nothing else, as a `T`.
pub(crate) fn object<T: DeserializeOwned>(head: &Parts, body: &[u8]) -> Result<T, Error> {
    let object = json(head, body)?;
    if is_object(body) {
        return Ok(object);
    }
    Err(Error::decode("the answer is JSON, but no object").with_detail(SimperiumError::Protocol))
}

/// Whether JSON is an object's. A list would do for many a `T`, too.
pub(crate) fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().first() == Some(&b'{')
}

/// JSON as a `T`, whatever characters there are in it.
pub(crate) fn decoded<T: DeserializeOwned>(json: &[u8]) -> Result<T, Error> {
    call::decode_json(json).or_else(|error| {
        let whole = whole_characters(json);
        whole
            .and_then(|whole| serde_json::from_str(&whole).ok())
            .ok_or(error)
    })
}

/// A difference, however deeply nested.
pub(crate) fn diff(json: &[u8]) -> Result<Diff, Error> {
    decoded(json).or_else(|error| {
        let whole = whole_characters(json);
        let text = whole.as_deref().or_else(|| std::str::from_utf8(json).ok());
        text.and_then(|text| Diff::from_deep_text(text).ok())
            .ok_or(error)
    })
}

/// The same of a body with secrets: nothing of it is shown.
pub(crate) fn secret_json<T: DeserializeOwned>(head: &Parts, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|_| {
        let error = Error::decode("the answer is not the JSON that was agreed");
        unreadable(head, body, error)
    })
}

fn unreadable(head: &Parts, body: &[u8], error: Error) -> Error {
    if is_page(&head.headers, body) {
        return page();
    }
    let cut = serde_json::from_slice::<IgnoredAny>(body);
    match cut {
        Err(json) if json.is_eof() => error.with_detail(SimperiumError::Incomplete),
        _ => error.with_detail(SimperiumError::Protocol),
    }
}

/// The version in the header.
pub(crate) fn version(head: &Parts) -> Option<u64> {
    number(head.headers.get(VERSION)?.as_bytes())
}

/// The version that the answer to a write says: in its header, or as its body,
/// which is where some clients of the service read it.
pub(crate) fn written_version(head: &Parts, body: &[u8]) -> Option<u64> {
    version(head).or_else(|| number(body.trim_ascii()))
}

/// The same of an answer that need say nothing else. One that says nothing at
/// all is taken as good, one that says something else is not.
pub(crate) fn written(head: &Parts, body: &Bytes) -> Result<Option<u64>, Error> {
    if let Some(version) = written_version(head, body) {
        return Ok(Some(version));
    }
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    if is_page(&head.headers, body) {
        return Err(page());
    }
    Err(
        Error::decode("the answer to a write is neither a version nor empty")
            .with_detail(SimperiumError::Protocol),
    )
}

/// Sees that a 404 is the service's own.
pub(crate) fn absent(head: &Parts, body: &Bytes) -> Result<(), Error> {
    if is_page(&head.headers, body) {
        return Err(page());
    }
    Ok(())
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(headers: &[(&'static str, &'static str)]) -> Parts {
        let mut response = http::Response::new(());
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        response.into_parts().0
    }

    #[test]
    fn a_version_is_in_the_header_or_else_in_the_body() {
        let version = |headers: &[_], body: &'static str| {
            written(&head(headers), &Bytes::from_static(body.as_bytes())).ok()
        };
        assert_eq!(version(&[("x-simperium-version", "7")], ""), Some(Some(7)));
        assert_eq!(version(&[("x-simperium-version", "7")], "8"), Some(Some(7)));
        assert_eq!(version(&[], " 8\n"), Some(Some(8)));
        assert_eq!(version(&[("x-simperium-version", "x")], "8"), Some(Some(8)));
        assert_eq!(version(&[], ""), Some(None));
        for bad in ["+8", "8.0", "ok", "<html>", "{}", "99999999999999999999"] {
            assert_eq!(version(&[], bad), None, "{bad}");
        }
    }

    #[test]
    fn pages_for_people_are_known_by_type_or_first_character() {
        assert!(is_page(
            &head(&[("content-type", "text/html; charset=x")]).headers,
            b"{}"
        ));
        assert!(is_page(&HeaderMap::new(), b" \n<!DOCTYPE html>"));
        assert!(!is_page(
            &head(&[("content-type", "text/plain")]).headers,
            b"user exists"
        ));
        let html = head(&[("content-type", "text/html")]);
        assert!(!is_page(&html.headers, b" \n"));
        assert!(absent(&html, &Bytes::new()).is_ok());
    }

    #[test]
    fn a_cut_body_is_told_from_a_wrong_one() {
        let detail = |body: &str| {
            let error = json::<Vec<u8>>(&head(&[]), body.as_bytes()).unwrap_err();
            error.detail::<SimperiumError>().cloned()
        };
        assert_eq!(detail("[1,2"), Some(SimperiumError::Incomplete));
        assert_eq!(detail(""), Some(SimperiumError::Incomplete));
        assert_eq!(detail("[1,x]"), Some(SimperiumError::Protocol));
        assert_eq!(detail("[1]<html>"), Some(SimperiumError::Protocol));
        assert_eq!(detail("<html>"), Some(SimperiumError::NotTheService));
    }
}
