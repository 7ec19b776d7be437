//! How a socket is opened (RFC 6455 section 4.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use sync_core::policy::RetryPolicy;
use sync_core::transport::OnUpgrade;
use sync_core::{Error, Pipeline};

use super::Socket;
use crate::client::operations::SOCKET;
use crate::error::SimperiumError;
use crate::websocket::{VERSION, accept, has_token};

/// Opens a socket. Frames that are larger than so many bytes break it.
///
/// # Errors
///
/// As any call. It is not repeated here.
pub(in crate::syncer) async fn open(pipeline: &Pipeline, largest: usize) -> Result<Socket, Error> {
    let key = key()?;
    let mut response = pipeline
        .call(&SOCKET)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, VERSION)
        .header(SEC_WEBSOCKET_KEY, key.as_str())
        .accept_status(&[101])
        .retry(RetryPolicy::never())
        .stream()
        .await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(refused("the answer is no websocket"));
    }
    check(response.headers(), &key)?;
    let upgrade = OnUpgrade::take(&mut response)
        .ok_or_else(|| refused("the transport does not hand out the connection of an upgrade"))?;
    let io = upgrade
        .await
        .map_err(|error| Error::transport(error).with_operation(&SOCKET))?;
    Ok(Socket::new(io, largest).await)
}

/// Sixteen random bytes, for this connection alone.
fn key() -> Result<String, Error> {
    Ok(STANDARD.encode(sync_core::random::bytes::<16>()?))
}

/// Whether the answer is that of a websocket, and to this request.
fn check(answer: &HeaderMap, key: &str) -> Result<(), Error> {
    if !has_token(answer, &UPGRADE, "websocket") || !has_token(answer, &CONNECTION, "upgrade") {
        return Err(refused("the answer upgrades to something else"));
    }
    let proof = answer.get(SEC_WEBSOCKET_ACCEPT);
    if proof.is_none_or(|proof| proof.as_bytes() != accept(key.as_bytes()).as_bytes()) {
        return Err(refused("the answer is not to this request"));
    }
    if answer.contains_key(SEC_WEBSOCKET_EXTENSIONS) || answer.contains_key(SEC_WEBSOCKET_PROTOCOL)
    {
        return Err(refused("the answer has what was not asked for"));
    }
    Ok(())
}

fn refused(why: &'static str) -> Error {
    Error::decode(why)
        .with_operation(&SOCKET)
        .with_detail(SimperiumError::NotTheService)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn answer(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_the_answer_to_this_very_request_opens_a_socket() {
        let good = vec![
            (UPGRADE, "WebSocket"),
            (CONNECTION, "Upgrade"),
            (SEC_WEBSOCKET_ACCEPT, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ];
        assert!(check(&answer(&good), KEY).is_ok());
        assert!(check(&answer(&good), &key().unwrap()).is_err());
        for left_out in 0..good.len() {
            let mut pairs = good.clone();
            pairs.remove(left_out);
            assert!(check(&answer(&pairs), KEY).is_err(), "{left_out}");
        }
        let mut extended = good;
        extended.push((SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate"));
        assert!(check(&answer(&extended), KEY).is_err());
    }
}
