//! The request that opens a socket (RFC 6455 section 4.2).

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::emulator::answer::Answer;
use crate::websocket::{VERSION, accept, has_token};

/// The answer that opens a socket, or that refuses it.
pub(in crate::emulator) fn handshake(request: &HeaderMap) -> Result<Answer, Answer> {
    if !has_token(request, &CONNECTION, "upgrade") || !has_token(request, &UPGRADE, "websocket") {
        let upgrade = HeaderValue::from_static("websocket");
        let mut answer = Answer::text(
            StatusCode::UPGRADE_REQUIRED,
            "Can \"Upgrade\" only to \"WebSocket\".",
        );
        answer.headers.insert(UPGRADE, upgrade);
        return Err(answer);
    }
    if request
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != VERSION)
    {
        let mut answer = Answer::bad_request();
        answer
            .headers
            .insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        return Err(answer);
    }
    let key = request
        .get(SEC_WEBSOCKET_KEY)
        .ok_or_else(Answer::bad_request)?;
    let accept =
        HeaderValue::try_from(accept(key.as_bytes())).map_err(|_| Answer::bad_request())?;
    let mut answer = Answer::status(StatusCode::SWITCHING_PROTOCOLS);
    *answer.headers = HeaderMap::from_iter([
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ]);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[test]
    fn only_a_request_for_a_socket_gets_one() {
        let headers = |pairs: &[(&HeaderName, &'static str)]| -> HeaderMap {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).clone(), HeaderValue::from_static(value)))
                .collect()
        };
        let good = [
            (&CONNECTION, "keep-alive, Upgrade"),
            (&UPGRADE, "WebSocket"),
            (&SEC_WEBSOCKET_VERSION, "13"),
            (&SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        assert_eq!(handshake(&headers(&good)).unwrap().status, 101);
        for (left_out, status) in [(0, 426), (1, 426), (2, 400), (3, 400)] {
            let mut pairs = good.to_vec();
            pairs.remove(left_out);
            assert_eq!(handshake(&headers(&pairs)).unwrap_err().status, status);
        }
    }
}
