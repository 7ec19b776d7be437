//! What an answer was, so that the next request can ask for another only.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

/// What tells one state of a URL from another: `ETag` and `Last-Modified`
/// (RFC 9110 section 8.8), as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Validator {
    /// The entity tag, quotes included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The date of the last change, as the server wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Validator {
    /// What an answer says about itself; `None` if it says neither.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
        let validator = Self {
            etag: text(ETAG),
            last_modified: text(LAST_MODIFIED),
        };
        (validator != Self::default()).then_some(validator)
    }

    /// The headers that ask for another state than this.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        [
            (IF_NONE_MATCH, &self.etag),
            (IF_MODIFIED_SINCE, &self.last_modified),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::from_str(value.as_deref()?).ok()?)))
    }
}

/// Where validators are kept between syncs, by URL.
///
/// Keep them for one database only, and together with it: to a server that
/// answers 304 it does not matter what this side has become in the meantime.
#[async_trait]
pub trait Validators: fmt::Debug + Send + Sync + 'static {
    /// The validator of the last sync from `url` that was committed.
    ///
    /// # Errors
    ///
    /// When it cannot be read; the sync then fails.
    async fn load(&self, url: &str) -> io::Result<Option<Validator>>;

    /// Keeps the validator of a sync that was just committed; `None` to forget it.
    ///
    /// # Errors
    ///
    /// When it cannot be written. The sync is committed all the same, and the
    /// report has a warning.
    async fn save(&self, url: &str, validator: Option<Validator>) -> io::Result<()>;
}

#[async_trait]
impl<T: Validators + ?Sized> Validators for Arc<T> {
    async fn load(&self, url: &str) -> io::Result<Option<Validator>> {
        T::load(self, url).await
    }

    async fn save(&self, url: &str, validator: Option<Validator>) -> io::Result<()> {
        T::save(self, url, validator).await
    }
}

type Map = BTreeMap<String, Validator>;

/// Validators for as long as the process runs.
#[derive(Debug, Default)]
pub struct MemoryValidators(Mutex<Map>);

#[async_trait]
impl Validators for MemoryValidators {
    async fn load(&self, url: &str) -> io::Result<Option<Validator>> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(map.get(url).cloned())
    }

    async fn save(&self, url: &str, validator: Option<Validator>) -> io::Result<()> {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        put(&mut map, url, validator);
        Ok(())
    }
}

/// Validators in a file of JSON, replaced as a whole with each change.
#[derive(Debug)]
pub struct FileValidators {
    path: PathBuf,
    /// One change at a time.
    turn: Arc<Mutex<()>>,
}

impl FileValidators {
    /// Validators in the file at `path`, which need not be there yet.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            turn: Arc::default(),
        }
    }
}

#[async_trait]
impl Validators for FileValidators {
    async fn load(&self, url: &str) -> io::Result<Option<Validator>> {
        let (path, url) = (self.path.clone(), url.to_owned());
        blocking(move || Ok(read(&path)?.remove(&url))).await
    }

    async fn save(&self, url: &str, validator: Option<Validator>) -> io::Result<()> {
        let (path, url) = (self.path.clone(), url.to_owned());
        let turn = Arc::clone(&self.turn);
        blocking(move || {
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let mut map = read(&path)?;
            put(&mut map, &url, validator);
            write(&path, &map)
        })
        .await
    }
}

fn put(map: &mut Map, url: &str, validator: Option<Validator>) {
    match validator {
        Some(validator) => map.insert(url.to_owned(), validator),
        None => map.remove(url),
    };
}

fn read(path: &Path) -> io::Result<Map> {
    match std::fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, map: &Map) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let mut file = std::fs::File::create(&new)?;
    file.write_all(&serde_json::to_vec_pretty(map)?)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validator(etag: &str) -> Validator {
        Validator {
            etag: Some(etag.to_owned()),
            last_modified: None,
        }
    }

    #[tokio::test]
    async fn validators_survive_in_their_file_and_are_forgotten_when_told() {
        let name = format!("synctools-validators-{}.json", std::process::id());
        let path = std::env::temp_dir().join(name);
        let first = FileValidators::new(&path);
        assert_eq!(first.load("http://h/a/").await.unwrap(), None);
        first
            .save("http://h/a/", Some(validator("\"1\"")))
            .await
            .unwrap();
        first
            .save("http://h/b/", Some(validator("\"2\"")))
            .await
            .unwrap();
        let second = FileValidators::new(&path);
        assert_eq!(
            second.load("http://h/a/").await.unwrap(),
            Some(validator("\"1\""))
        );
        second.save("http://h/a/", None).await.unwrap();
        assert_eq!(first.load("http://h/a/").await.unwrap(), None);
        assert_eq!(
            first.load("http://h/b/").await.unwrap(),
            Some(validator("\"2\""))
        );
        std::fs::write(&path, "not json").unwrap();
        assert!(first.load("http://h/b/").await.is_err());
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn both_validators_are_sent_back_as_they_came() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let headers = HeaderMap::from_iter([
            (ETAG, HeaderValue::from_static("W/\"x\"")),
            (LAST_MODIFIED, HeaderValue::from_static(date)),
        ]);
        let validator = Validator::of(&headers).unwrap();
        let sent: Vec<_> = validator.headers().collect();
        assert_eq!(
            sent[0],
            (IF_NONE_MATCH, HeaderValue::from_static("W/\"x\""))
        );
        assert_eq!(sent[1], (IF_MODIFIED_SINCE, HeaderValue::from_static(date)));
        assert_eq!(Validator::of(&HeaderMap::new()), None);
    }
}
