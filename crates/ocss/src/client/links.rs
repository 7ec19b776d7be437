//! A transport that keeps the service's redirects at home, and remembers where
//! an answer came from.

use std::sync::Arc;

use async_trait::async_trait;
use http::header::{CONTENT_LOCATION, LOCATION};
use http::{HeaderName, HeaderValue, Uri};
use sync_core::call::resolve;
use sync_core::{Body, Transport, TransportError};

use super::rebase::RebaseRule;

/// Where an answer came from, after redirects: what its relative links are
/// relative to. In the extensions of every answer.
#[derive(Clone, Debug)]
pub(crate) struct CameFrom(pub(crate) Uri);

/// Applies the [`RebaseRule`] to `Location` before anyone follows it.
#[derive(Debug)]
pub(super) struct OwnLinks {
    inner: Arc<dyn Transport>,
    base: Uri,
    rule: RebaseRule,
}

impl OwnLinks {
    pub(super) fn new(inner: Arc<dyn Transport>, base: Uri, rule: RebaseRule) -> Self {
        Self { inner, base, rule }
    }

    fn rebased(&self, uri: &Uri, value: &HeaderValue) -> Option<HeaderValue> {
        let target = resolve(uri, value.to_str().ok()?).ok()?;
        let own = self.rule.apply(&self.base, &target)?;
        HeaderValue::from_str(&own.to_string()).ok()
    }
}

#[async_trait]
impl Transport for OwnLinks {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, TransportError> {
        let uri = request.uri().clone();
        let mut response = self.inner.send(request).await?;
        const LINKS: [HeaderName; 2] = [LOCATION, CONTENT_LOCATION];
        for name in LINKS {
            let value = response.headers().get(&name);
            // A stranger's redirects are none of ours.
            let value = value.filter(|_| self.rule.apply(&self.base, &uri).is_some());
            if let Some(own) = value.and_then(|value| self.rebased(&uri, value)) {
                response.headers_mut().insert(name, own);
            }
        }
        response.extensions_mut().insert(CameFrom(uri));
        Ok(response)
    }
}
