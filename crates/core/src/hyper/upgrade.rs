//! Upgrades: `101 Switching Protocols`.

use http::header::CONNECTION;
use http::{HeaderMap, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::classify;
use crate::transport::{OnUpgrade, Upgraded};

/// Whether a request asks to leave HTTP.
pub(crate) fn is_requested(headers: &HeaderMap) -> bool {
    headers.get_all(CONNECTION).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
    })
}

/// Puts the right to take over the connection into the extensions of an answer
/// that gives it away; false for any other.
pub(crate) fn attach(response: &mut Response<Incoming>) -> bool {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return false;
    }
    let upgraded = hyper::upgrade::on(&mut *response);
    response.extensions_mut().insert(OnUpgrade::new(async move {
        match upgraded.await {
            Ok(io) => Ok(Upgraded::new(TokioIo::new(io))),
            Err(error) => Err(classify::body_error(error)),
        }
    }));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONNECTION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn an_upgrade_is_one_of_the_connection_tokens() {
        assert!(is_requested(&headers(&["Upgrade"])));
        assert!(is_requested(&headers(&["keep-alive, upgrade"])));
        assert!(is_requested(&headers(&["keep-alive", "UPGRADE"])));
        assert!(!is_requested(&headers(&["keep-alive"])));
        assert!(!is_requested(&headers(&["upgrade-insecure"])));
        assert!(!is_requested(&HeaderMap::new()));
    }
}
