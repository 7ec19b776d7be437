//! A server as the pipeline sees it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};
use http::{Uri, Version, response};
use sync_core::call::resolve;
use sync_core::{ApiError, Body, Operation, Service, Transport, TransportError};

use super::address::origin;

/// Where an answer redirects to, as the detail of an error.
#[derive(Clone, Debug)]
pub(crate) struct Redirected {
    /// `None` for an address that is none.
    pub(crate) to: Option<Uri>,
}

/// Understands refusals.
#[derive(Clone, Debug)]
pub(crate) struct Synctool {
    /// What redirects are relative to.
    pub(crate) base: Uri,
}

impl Service for Synctool {
    fn explain(&self, operation: &Operation, head: &response::Parts, body: &Bytes) -> ApiError {
        let _ = operation;
        let error = ApiError::new(head.status);
        if head.status.is_redirection() {
            let to = head
                .headers
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| resolve(&self.base, location).ok());
            // Not its path: a signed one would be as good as a token.
            let error = match &to {
                Some(to) => error.with_message(format!("to {}", origin(to))),
                None => error,
            };
            return error.with_detail(Redirected { to });
        }
        let meaning = match head.status.as_u16() {
            401 => "the token is not the server's",
            403 => "the server forbids it; behind Django's CSRF check only GET is let through",
            404 => "there is no such path: the endpoint, the path or both are wrong",
            500 => {
                "the server failed: mostly the view raised, or the app label of the route is unknown"
            }
            _ => {
                return match std::str::from_utf8(body).map(str::trim) {
                    Ok(text) if !text.is_empty() && text.len() <= 500 && !text.starts_with('<') => {
                        error.with_message(text)
                    }
                    _ => error,
                };
            }
        };
        error.with_meaning(meaning)
    }
}

/// Among the extensions of an answer: only the end of the connection says where
/// its body ends, so that one that broke off looks like a whole one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenEnded;

/// Says so about answers, as long as their heads are as they came.
#[derive(Debug)]
pub(crate) struct Marking(pub(crate) Arc<dyn Transport>);

#[async_trait]
impl Transport for Marking {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, TransportError> {
        let mut answer = self.0.send(request).await?;
        let is_framed = answer.version() > Version::HTTP_11
            || answer.headers().contains_key(CONTENT_LENGTH)
            || answer.headers().contains_key(TRANSFER_ENCODING);
        if !is_framed {
            answer.extensions_mut().insert(OpenEnded);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use sync_core::testing::mock::ReplyTransport;

    use super::*;

    async fn is_open_ended(version: Version, header: Option<(HeaderName, &'static str)>) -> bool {
        let transport = ReplyTransport::new(move |_| {
            let mut answer = http::Response::new(Body::empty());
            *answer.version_mut() = version;
            if let Some((name, value)) = &header {
                answer.headers_mut().insert(name, value.parse().unwrap());
            }
            Ok(answer)
        });
        let answer = Marking(Arc::new(transport))
            .send(http::Request::default())
            .await;
        answer.unwrap().extensions().get::<OpenEnded>().is_some()
    }

    #[tokio::test]
    async fn only_a_body_without_any_framing_may_have_broken_off_unnoticed() {
        let v1 = Version::HTTP_11;
        assert!(is_open_ended(v1, None).await);
        assert!(is_open_ended(Version::HTTP_10, None).await);
        assert!(!is_open_ended(Version::HTTP_2, None).await);
        assert!(!is_open_ended(v1, Some((CONTENT_LENGTH, "3"))).await);
        assert!(!is_open_ended(v1, Some((TRANSFER_ENCODING, "chunked"))).await);
    }
}
