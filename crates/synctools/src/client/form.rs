//! The form of an answer, by its head.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::response;
use sync_core::Error;

use super::failure::Failure;
use super::service::OpenEnded;
use crate::wire::{Format, WireError, WireErrorKind};

/// The form of an answer.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) format: Format,
    /// How many bytes there will be, where that is said.
    pub(super) length: Option<u64>,
    /// See [`OpenEnded`].
    open_ended: bool,
    /// What the server calls it, if that is not JSON.
    other: Option<String>,
}

impl Form {
    /// # Errors
    ///
    /// There is one object per line, and nothing says where that ends.
    pub(super) fn of(head: &response::Parts) -> Result<Self, Error> {
        let headers = &head.headers;
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .and_then(|kind| kind.split(';').next())
            .map(|kind| kind.trim().to_ascii_lowercase());
        let format = match kind.as_deref() {
            Some(
                "application/x-ndjson"
                | "application/ndjson"
                | "application/jsonl"
                | "application/x-jsonlines",
            ) => Format::Lines,
            _ => Format::Array,
        };
        let length = headers.get(CONTENT_LENGTH);
        let open_ended = head.extensions.get::<OpenEnded>().is_some();
        if format == Format::Lines && open_ended {
            return Err(Error::decode(
                "the answer has one object per line, and nothing says where it ends: \
                 ask for an array",
            ));
        }
        Ok(Self {
            format,
            length: length.and_then(|length| length.to_str().ok()?.parse().ok()),
            open_ended,
            other: kind.filter(|kind| !kind.contains("json")),
        })
    }

    /// A body that is not what it should be.
    pub(super) fn failure(&self, error: WireError) -> Failure {
        let is_short = matches!(
            error.kind(),
            WireErrorKind::Truncated | WireErrorKind::Empty
        );
        let mut text = error.to_string();
        if let Some(other) = &self.other {
            text.push_str("; the server calls it ");
            text.push_str(other);
        }
        Failure::wire(error, text, self.open_ended && is_short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(headers: &[(&'static str, &'static str)], open: bool) -> Result<Form, Error> {
        let (mut head, ()) = http::Response::new(()).into_parts();
        if open {
            head.extensions.insert(OpenEnded);
        }
        for (name, value) in headers {
            head.headers.insert(*name, value.parse().unwrap());
        }
        Form::of(&head)
    }

    #[test]
    fn the_form_is_told_by_its_type_and_lines_need_an_end() {
        let lines = ("content-type", "Application/X-NDJSON; charset=utf-8");
        let length = ("content-length", "3");
        assert_eq!(form(&[lines], false).unwrap().format, Format::Lines);
        assert_eq!(form(&[lines, length], false).unwrap().length, Some(3));
        assert!(form(&[lines], true).is_err());
        let json = ("content-type", "application/json");
        let json = form(&[json], true).unwrap();
        assert_eq!((json.format, json.other), (Format::Array, None));
        let html = form(&[("content-type", "text/html; charset=utf-8")], false);
        assert_eq!(html.unwrap().other.as_deref(), Some("text/html"));
    }
}
