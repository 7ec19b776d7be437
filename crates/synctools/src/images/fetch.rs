//! One image.

use std::path::Path;
use std::time::{Duration, SystemTime};

use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, IF_MODIFIED_SINCE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use sync_core::policy::Redirects;
use sync_core::{Body, Operation, Pipeline, TransportError};

use super::name::MediaName;
use super::place::{Root, Unfinished};
use super::report::ImageError;
use super::{Existing, Media};
use crate::client::address::same_origin;
use crate::client::service::Redirected;

static IMAGE: Operation = Operation::get("synctool", "image", "/");
static SIZE: Operation = Operation::new("synctool", "image size", http::Method::HEAD, "/");

/// How often a file that breaks off is asked for.
const TRIES: u32 = 3;

/// How many redirects in a row are followed, and to how many hosts.
const REDIRECTS: u8 = 5;

/// What all downloads of a run share.
pub(super) struct Context {
    pub(super) root: Root,
    pub(super) media: Media,
    /// The way to the media host.
    pub(super) files: Pipeline,
    /// Its address, with a slash at the end.
    pub(super) base: String,
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    Downloaded,
    Existing,
}

/// What came of an attempt to take a body.
enum Taken {
    Whole,
    Cut(TransportError),
}

impl Context {
    /// Downloads a file, unless it is there. `received` counts the bytes,
    /// whatever comes of it.
    pub(super) async fn fetch(
        &self,
        name: &str,
        received: &mut u64,
    ) -> Result<Fetched, ImageError> {
        let name = MediaName::new(name)?;
        let folder = self.root.folder(&name).await?;
        let (_, file) = name.split();
        let target = folder.join(file);
        let there = match tokio::fs::symlink_metadata(&target).await {
            Ok(found) if found.is_symlink() => {
                // Only looked at, never written through.
                tokio::fs::metadata(&target).await.ok()
            }
            Ok(found) => Some(found),
            Err(_) => None,
        };
        let uri = self.address(&name)?;
        let mut since = None;
        if let Some(found) = there {
            if found.is_dir() {
                let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
                return Err(error.into());
            }
            match self.media.existing {
                Existing::Keep => return Ok(Fetched::Existing),
                Existing::SameSize if self.size(&uri).await? == Some(found.len()) => {
                    return Ok(Fetched::Existing);
                }
                Existing::Unmodified => since = found.modified().ok(),
                Existing::SameSize | Existing::Replace => {}
            }
        }
        let mut tries = 0;
        loop {
            let Some((head, body)) = self.ask(&uri, since).await? else {
                return Ok(Fetched::Existing);
            };
            match self.take(head, body, &folder, file, received).await? {
                Taken::Whole => return Ok(Fetched::Downloaded),
                Taken::Cut(cut) => {
                    tries += 1;
                    if tries >= TRIES {
                        return Err(ImageError::Cut(cut));
                    }
                    tracing::debug!(%cut, "an image broke off; once more");
                    tokio::time::sleep(Duration::from_millis(200) * tries).await;
                }
            }
        }
    }

    fn address(&self, name: &MediaName<'_>) -> Result<Uri, ImageError> {
        let text = format!("{}{}", self.base, name.encoded());
        text.parse().map_err(|error: http::uri::InvalidUri| {
            let error =
                sync_core::Error::encode("the address of the file is none").with_source(error);
            ImageError::Http(error)
        })
    }

    /// How large the file is over there, if the host says.
    async fn size(&self, uri: &Uri) -> Result<Option<u64>, ImageError> {
        let head = self.send(&SIZE, uri, None).await?.into_parts().0;
        Ok(length(&head.headers))
    }

    /// The answer; `None` when the file was not modified since.
    async fn ask(
        &self,
        uri: &Uri,
        since: Option<SystemTime>,
    ) -> Result<Option<(HeaderMap, Body)>, ImageError> {
        let since = since.map(httpdate::fmt_http_date);
        let since = since.and_then(|since| HeaderValue::try_from(since).ok());
        let header = since.map(|since| (IF_MODIFIED_SINCE, since));
        let (head, body) = self.send(&IMAGE, uri, header).await?.into_parts();
        match head.status {
            StatusCode::OK => Ok(Some((head.headers, body))),
            StatusCode::NOT_MODIFIED => Ok(None),
            other => {
                let what = format!("an answer {}", other.as_u16());
                Err(ImageError::NotAnImage(what))
            }
        }
    }

    /// Sends a request, and again to where a redirect leads, as far as hosts
    /// are allowed.
    async fn send(
        &self,
        operation: &'static Operation,
        uri: &Uri,
        header: Option<(HeaderName, HeaderValue)>,
    ) -> Result<http::Response<Body>, ImageError> {
        let mut uri = uri.clone();
        let mut hops = 0;
        loop {
            let mut call = self
                .files
                .call_uri(operation, uri.clone())
                .redirects(Redirects::SameOrigin { max: REDIRECTS })
                .accept_status(&[304])
                // Its bytes are counted.
                .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            if let Some((name, value)) = &header {
                call = call.header(name.clone(), value.clone());
            }
            let error = match call.stream().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match error
                .detail::<Redirected>()
                .map(|redirected| redirected.to.clone())
            {
                Some(Some(next)) if hops < REDIRECTS && self.may_go(&uri, &next) => {
                    hops += 1;
                    uri = next;
                }
                _ => return Err(ImageError::Http(error)),
            }
        }
    }

    /// Whether a redirect from one host to another is allowed.
    fn may_go(&self, from: &Uri, to: &Uri) -> bool {
        let downgrade = from.scheme_str() == Some("https") && to.scheme_str() != Some("https");
        let host = to.host().unwrap_or_default();
        let allowed = self
            .media
            .redirect_hosts
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host));
        allowed && !downgrade && !same_origin(from, to)
    }

    /// Writes down what comes, and puts it in its place.
    async fn take(
        &self,
        headers: HeaderMap,
        mut body: Body,
        folder: &Path,
        file: &str,
        received: &mut u64,
    ) -> Result<Taken, ImageError> {
        if let Some(kind) = not_an_image(&headers) {
            return Err(ImageError::NotAnImage(kind));
        }
        let expected = length(&headers);
        if let Some(expected) = expected {
            self.check_limit(expected)?;
            if expected == 0 {
                return Err(ImageError::Empty);
            }
        }
        let mut unfinished = Unfinished::create(folder)?;
        let mut first = [0; 64];
        let mut looked_at = 0;
        while let Some(bytes) = body.chunk().await {
            let bytes = match bytes {
                Ok(bytes) => bytes,
                Err(cut) => return Ok(Taken::Cut(cut)),
            };
            *received += bytes.len() as u64;
            self.check_limit(unfinished.length() + bytes.len() as u64)?;
            let look = bytes.len().min(first.len() - looked_at);
            if look > 0 {
                first[looked_at..looked_at + look].copy_from_slice(&bytes[..look]);
                looked_at += look;
            }
            unfinished.write(&bytes).await?;
        }
        let got = unfinished.length();
        if got == 0 {
            return Err(ImageError::Empty);
        }
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            return Err(ImageError::Size { expected, got });
        }
        if is_page(&first[..looked_at]) {
            return Err(ImageError::NotAnImage("a page of HTML".to_owned()));
        }
        unfinished.finish(folder, file).await?;
        Ok(Taken::Whole)
    }

    fn check_limit(&self, size: u64) -> Result<(), ImageError> {
        if size > self.media.max_size {
            return Err(ImageError::TooLarge(self.media.max_size));
        }
        Ok(())
    }
}

/// What an answer holds by its own words, if that is no image.
fn not_an_image(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let refused = matches!(
        kind.as_str(),
        "text/html" | "application/xhtml+xml" | "application/json"
    );
    refused.then_some(kind)
}

/// Whether bytes are the beginning of an HTML page.
fn is_page(first: &[u8]) -> bool {
    let start = first
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(first.len());
    let text = &first[start..];
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body"]
        .iter()
        .any(|tag| text.len() >= tag.len() && text[..tag.len()].eq_ignore_ascii_case(tag))
}

/// The size of the file, where the bytes of the answer are its own.
fn length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(CONTENT_ENCODING) {
        return None;
    }
    headers
        .get(CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_images() {
        for page in [
            "<!DOCTYPE html><p>",
            "\r\n <html lang=en>",
            "<HEAD>",
            "<body>",
        ] {
            assert!(is_page(page.as_bytes()), "{page}");
        }
        for image in [
            "\u{89}PNG",
            "<svg xmlns=",
            "<?xml version",
            "<!DOCTYPE svg",
            "",
            "<h",
        ] {
            assert!(!is_page(image.as_bytes()), "{image}");
        }
    }

    #[test]
    fn types_that_are_no_images_are_refused() {
        let kind = |text: &'static str| {
            not_an_image(&HeaderMap::from_iter([(
                CONTENT_TYPE,
                HeaderValue::from_static(text),
            )]))
        };
        assert_eq!(
            kind("Text/HTML; charset=utf-8").as_deref(),
            Some("text/html")
        );
        assert!(kind("application/json").is_some());
        for fine in [
            "image/png",
            "image/svg+xml",
            "application/octet-stream",
            "text/plain",
        ] {
            assert_eq!(kind(fine), None, "{fine}");
        }
        assert_eq!(not_an_image(&HeaderMap::new()), None);
    }
}
