//! One file.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use sync_core::policy::Redirects;
use sync_core::{Body, Clock, Operation, Pipeline, TransportError};

use super::partial::{Partial, Validator};
use super::report::{DownloadEvent, OnEvent};
use crate::RateLimit;
use crate::model::Key;

static FILE: Operation = Operation::get("contentstack", "download an asset", "/");

/// What no address can have in it. A `%` stays: addresses are encoded, only
/// not always all of them.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^')
    .add(b'[')
    .add(b']');

/// How often in a row a file may break off without a byte more.
const TRIES: u32 = 3;

/// What all downloads of a run share.
pub(super) struct Context {
    pub(super) folder: PathBuf,
    pub(super) files: Pipeline,
    pub(super) limit: RateLimit,
    pub(super) clock: Clock,
    pub(super) max_size: Option<u64>,
    pub(super) on_event: Option<OnEvent>,
}

/// A file that is to be downloaded.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) key: Key,
    pub(super) url: Box<str>,
    /// What the asset says.
    pub(super) size: Option<u64>,
    pub(super) place: String,
    /// In how many runs it has failed.
    pub(super) attempts: u32,
}

/// A file in its place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fetched {
    pub(super) size: u64,
    pub(super) resumed: bool,
    pub(super) found: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("the address is none that files can be fetched from")]
    Address,
    #[error("{0}")]
    Http(#[from] sync_core::Error),
    #[error("the file broke off: {0}")]
    Cut(TransportError),
    #[error("the file has {got} bytes, where {expected} were expected")]
    Size { expected: u64, got: u64 },
    #[error("the file is larger than the {0} bytes that are allowed")]
    TooLarge(u64),
    #[error("the file cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl Problem {
    /// Whether another run may have more luck.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Self::Address | Self::TooLarge(_))
    }
}

/// What an answer begins with, where it stands in the file, and how long the
/// file is as a whole.
struct Answer {
    body: Body,
    whole: Option<u64>,
}

impl Context {
    pub(super) fn tell(&self, event: &DownloadEvent<'_>) {
        if let Some(call) = &self.on_event {
            call(event);
        }
    }

    /// Downloads a file. `received` counts the bytes, whatever comes of it.
    pub(super) async fn fetch(
        &self,
        wanted: &Wanted,
        received: &mut u64,
    ) -> Result<Fetched, Problem> {
        if let Some(size) = wanted.size {
            let there = tokio::fs::metadata(self.folder.join(&wanted.place)).await;
            if there.is_ok_and(|there| there.is_file() && there.len() == size) {
                return Ok(Fetched {
                    size,
                    found: true,
                    ..Fetched::default()
                });
            }
            self.check_limit(size)?;
        }
        let uri = address(&wanted.url).ok_or(Problem::Address)?;
        self.tell(&DownloadEvent::Started {
            key: &wanted.key,
            size: wanted.size,
        });
        let mut partial = Partial::open(&self.folder, &wanted.url).await?;
        if wanted.size.is_some_and(|size| partial.length() > size) {
            partial.restart(Validator::default()).await?;
        }
        let mut resumed = partial.length() > 0;
        // How far it has ever come: what begins anew makes no progress before that.
        let (mut furthest, mut in_vain) = (partial.length(), 0);
        let whole = loop {
            if let Some(size) = wanted
                .size
                .filter(|size| *size == partial.length() && *size > 0)
            {
                // Killed between the last byte and the place.
                break Some(size);
            }
            let Some(answer) = self.ask(&uri, wanted, &mut partial).await? else {
                resumed = false;
                continue;
            };
            resumed &= partial.length() > 0;
            match self
                .take(answer.body, wanted, answer.whole, &mut partial, received)
                .await?
            {
                None => break answer.whole,
                Some(cut) => {
                    if partial.length() > furthest {
                        (furthest, in_vain) = (partial.length(), 0);
                    } else {
                        in_vain += 1;
                    }
                    if in_vain >= TRIES {
                        return Err(Problem::Cut(cut));
                    }
                    tracing::debug!(%cut, "a file broke off; going on with it");
                    tokio::time::sleep(Duration::from_millis(200) * 2_u32.pow(in_vain)).await;
                }
            }
        };
        let size = partial.length();
        for expected in wanted.size.into_iter().chain(whole) {
            if expected != size {
                partial.restart(Validator::default()).await?;
                return Err(Problem::Size {
                    expected,
                    got: size,
                });
            }
        }
        partial.finish(&self.folder, &wanted.place).await?;
        Ok(Fetched {
            size,
            resumed,
            found: false,
        })
    }

    /// Asks for what is missing. `None`: what is there is of no use, and is
    /// gone; ask again.
    async fn ask(
        &self,
        uri: &Uri,
        wanted: &Wanted,
        partial: &mut Partial,
    ) -> Result<Option<Answer>, Problem> {
        let from = partial.length();
        let mut call = self
            .files
            .call_uri(&FILE, uri.clone())
            .redirects(Redirects::Anywhere { max: 5 })
            // Bytes are counted, and gone on from.
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let if_range = partial.validator().if_range().filter(|_| from > 0);
        let ranged = if_range.is_some();
        if let Some(validator) = if_range {
            call = call
                .header(RANGE, format!("bytes={from}-"))
                .header(IF_RANGE, validator);
        }
        self.limit.acquire().await;
        let (head, body) = match call.stream().await {
            Ok(answer) => answer.into_parts(),
            Err(error) if ranged && error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE) => {
                partial.restart(Validator::default()).await?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let rest = number(&head.headers, CONTENT_LENGTH)
            .filter(|_| !head.headers.contains_key(CONTENT_ENCODING));
        let whole = match (head.status, range(&head.headers)) {
            (StatusCode::PARTIAL_CONTENT, Some((start, whole))) if ranged && start == from => {
                whole.or(rest.map(|rest| from.saturating_add(rest)))
            }
            // Another part than was asked for.
            (StatusCode::PARTIAL_CONTENT, _) if ranged => {
                partial.restart(Validator::default()).await?;
                return Ok(None);
            }
            (StatusCode::OK, _) => {
                partial.restart(Validator::of(&head.headers)).await?;
                rest
            }
            _ => {
                let text = format!("the answer {} has no file", head.status.as_u16());
                return Err(sync_core::Error::decode(text).into());
            }
        };
        if let Some(got) = whole {
            if let Some(expected) = wanted.size.filter(|size| *size != got) {
                partial.restart(Validator::default()).await?;
                return Err(Problem::Size { expected, got });
            }
            self.check_limit(got)?;
        }
        Ok(Some(Answer { body, whole }))
    }

    /// Writes down what comes; says what broke it off.
    async fn take(
        &self,
        mut body: Body,
        wanted: &Wanted,
        whole: Option<u64>,
        partial: &mut Partial,
        received: &mut u64,
    ) -> Result<Option<TransportError>, Problem> {
        let expected = wanted.size.or(whole);
        let cut = loop {
            let bytes = match body.chunk().await {
                None => break None,
                Some(Err(error)) => break Some(error),
                Some(Ok(bytes)) => bytes,
            };
            let length = partial.length() + bytes.len() as u64;
            *received += bytes.len() as u64;
            if let Some(expected) = expected.filter(|expected| length > *expected) {
                partial.restart(Validator::default()).await?;
                return Err(Problem::Size {
                    expected,
                    got: length,
                });
            }
            if let Err(problem) = self.check_limit(length) {
                partial.restart(Validator::default()).await?;
                return Err(problem);
            }
            partial.write(&bytes).await?;
            self.tell(&DownloadEvent::Received {
                key: &wanted.key,
                bytes: bytes.len() as u64,
            });
        };
        partial.flush().await?;
        Ok(cut)
    }

    fn check_limit(&self, size: u64) -> Result<(), Problem> {
        match self.max_size {
            Some(limit) if size > limit => Err(Problem::TooLarge(limit)),
            _ => Ok(()),
        }
    }
}

/// The address as a URI: complete, and encoded.
fn address(url: &str) -> Option<Uri> {
    let url = url.trim();
    let url = match url.starts_with("//") {
        true => format!("https:{url}"),
        false => url.to_owned(),
    };
    let url = url.split('#').next().unwrap_or_default();
    let uri: Uri = utf8_percent_encode(url, UNSAFE).to_string().parse().ok()?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    let plain = uri
        .authority()
        .is_some_and(|name| !name.as_str().contains('@'));
    (known && plain).then_some(uri)
}

fn number(headers: &HeaderMap, name: http::HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Where the answer's part begins, and how long the whole is:
/// `bytes 5-9/10`, `bytes 5-9/*`.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (part, whole) = text.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    let (start, end) = part.split_once('-')?;
    let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    let whole = whole.trim().parse().ok();
    let fits = start <= end && whole.is_none_or(|whole| end < whole);
    fits.then_some((start, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed_and_encoded() {
        for (url, expected) in [
            ("https://a/b c.jpg", Some("https://a/b%20c.jpg")),
            ("https://a/b%20c.jpg?x=1#y", Some("https://a/b%20c.jpg?x=1")),
            ("//a/é", Some("https://a/%C3%A9")),
            ("http://127.0.0.1:1/x", Some("http://127.0.0.1:1/x")),
            ("https://user:pw@a/x", None),
            ("ftp://a/x", None),
            ("file:///etc/passwd", None),
            ("/v3/assets/x", None),
            ("", None),
        ] {
            let got = address(url).map(|uri| uri.to_string());
            assert_eq!(got.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn ranges_are_read_or_refused() {
        for (text, expected) in [
            ("bytes 5-9/10", Some((5, Some(10)))),
            ("bytes 5-9/*", Some((5, None))),
            ("bytes 9-5/10", None),
            ("bytes 5-10/10", None),
            ("bytes */10", None),
            ("items 5-9/10", None),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_RANGE, text.parse().unwrap())]);
            assert_eq!(range(&headers), expected, "{text}");
        }
    }
}
