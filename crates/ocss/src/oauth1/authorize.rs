//! Signatures as the credentials of a pipeline.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Uri};
use sync_core::auth::{Authorize, Authorized, Generation};
use sync_core::{Body, Clock, Error, Secret};

use super::encode::form_decode;
use super::sign::{SignError, SignatureMethod, Signer, body_hash};
use super::{Credentials, Request, percent_encode};

/// Where a signature is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Placement {
    /// The `Authorization` header, as the service recommends.
    #[default]
    Header,
    /// The query of the URI. URIs end up in logs, so this gives away the keys
    /// and, with PLAINTEXT, the secrets.
    Query,
}

/// How many seconds the server's clock is ahead of ours. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct ClockOffset(Arc<AtomicI64>);

impl ClockOffset {
    /// No difference.
    pub fn new() -> Self {
        Self::default()
    }

    /// Seconds to add to the local time.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Changes it, from the next signature on.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

/// Signs every request of a [`Pipeline`](sync_core::Pipeline): a fresh nonce
/// and timestamp for every attempt, over the URI that is really sent.
///
/// Protocol parameters that stand in the URI already, for example because the
/// server repeats them in its links, are taken out first: each may be there
/// only once.
pub struct OAuth1 {
    signer: Signer,
    placement: Placement,
    clock: Clock,
    offset: ClockOffset,
    clear_text: bool,
    body_hash: bool,
}

impl OAuth1 {
    /// HMAC-SHA1 in the header.
    pub fn new(credentials: Credentials) -> Self {
        Self::with_signer(Signer::new(credentials))
    }

    /// With a signer of one's own.
    pub fn with_signer(signer: Signer) -> Self {
        Self {
            signer,
            placement: Placement::Header,
            clock: Clock::system(),
            offset: ClockOffset::new(),
            clear_text: false,
            body_hash: false,
        }
    }

    /// Another signature method.
    #[must_use]
    pub fn method(mut self, method: SignatureMethod) -> Self {
        self.signer = self.signer.method(method);
        self
    }

    /// The `realm` of the header, by default none.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.signer = self.signer.realm(realm);
        self
    }

    /// Where the signature is put, by default the header.
    #[must_use]
    pub const fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The difference to the server's clock, to be shared with whoever learns
    /// it.
    #[must_use]
    pub fn clock_offset(mut self, offset: ClockOffset) -> Self {
        self.offset = offset;
        self
    }

    /// Whether PLAINTEXT may be used without TLS to other machines. Whoever
    /// reads along then has the secrets.
    #[must_use]
    pub const fn allow_clear_text(mut self, allowed: bool) -> Self {
        self.clear_text = allowed;
        self
    }

    /// Whether to send `oauth_body_hash` with bodies that are not forms. Some
    /// servers refuse parameters that they do not know, so it is off.
    #[must_use]
    pub const fn with_body_hash(mut self, sent: bool) -> Self {
        self.body_hash = sent;
        self
    }

    /// 128 random bits as 26 letters and digits: some servers, such as those that
    /// stand on oauthlib, take nonces of 20 to 30 of them only.
    fn nonce() -> Result<String, Error> {
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let mut bits = u128::from_ne_bytes(sync_core::random::bytes()?);
        let mut nonce = String::with_capacity(26);
        while nonce.len() < 26 {
            nonce.push(char::from(DIGITS[(bits & 31) as usize]));
            bits >>= 5;
        }
        Ok(nonce)
    }

    fn timestamp(&self) -> u64 {
        let now = self.clock.now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = now.map_or(0, |now| now.as_secs());
        // A timestamp must be positive.
        seconds.saturating_add_signed(self.offset.get()).max(1)
    }

    fn sign(&self, head: &mut http::request::Parts, body: &Body) -> Result<(), Error> {
        if self.signer.signature_method() == SignatureMethod::Plaintext
            && !self.clear_text
            && !is_private(&head.uri)
        {
            return Err(refused(SignError::ClearText));
        }
        if let Some(clean) = without_protocol_parameters(&head.uri) {
            head.uri = clean;
        }
        let nonce = Self::nonce()?;
        let mut request = Request::new(&head.method, &head.uri);
        let hash;
        if is_form(&head.headers) {
            let form = body.as_bytes().ok_or_else(|| refused(SignError::Form))?;
            request = request.form(form);
        } else if let Some(bytes) = body.as_bytes().filter(|_| self.body_hash) {
            hash = body_hash(bytes);
            request = request.body_hash(&hash);
        }
        let signed = self
            .signer
            .sign(&request, &nonce, self.timestamp())
            .map_err(refused)?;
        match self.placement {
            Placement::Header => {
                // Not copied: the only text of it is the request's own.
                let header = Bytes::from(signed.header());
                let mut value = HeaderValue::from_maybe_shared(header).map_err(|_| {
                    Error::config("the realm has characters that a header cannot carry")
                })?;
                value.set_sensitive(true);
                head.headers.insert(AUTHORIZATION, value);
            }
            Placement::Query => {
                let uri = signed.query(&head.uri).map_err(refused)?;
                head.uri = uri;
            }
        }
        Ok(())
    }
}

impl Authorize for OAuth1 {
    fn authorize(&self, head: &mut http::request::Parts, body: &Body) -> Result<Authorized, Error> {
        self.sign(head, body)?;
        Ok(Authorized::With(Generation(0)))
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let credentials = self.signer.credentials();
        let secrets = credentials.secrets().into_iter().cloned();
        let mut secrets: Vec<_> = secrets
            .filter(|secret| !secret.expose().is_empty())
            .collect();
        let key = credentials.signing_key();
        // Too short to be looked for in every text, but not where it belongs.
        if !secrets.is_empty() && key.expose().len() < 4 {
            let key = key.expose().as_str();
            let escaped = percent_encode(key);
            secrets.extend([
                Secret::new(format!("oauth_signature={key}")),
                Secret::new(format!("oauth_signature=\"{key}\"")),
                Secret::new(format!("oauth_signature={escaped}")),
                Secret::new(format!("oauth_signature=\"{escaped}\"")),
            ]);
        }
        secrets.push(key);
        secrets
    }
}

impl fmt::Debug for OAuth1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth1")
            .field("signer", &self.signer)
            .field("placement", &self.placement)
            .finish_non_exhaustive()
    }
}

fn refused(error: SignError) -> Error {
    Error::auth(error.to_string()).with_source(error)
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value
        .and_then(|value| value.split(';').next())
        .is_some_and(|essence| {
            essence
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

/// Nobody but the two ends can read along.
pub(crate) fn is_private(uri: &Uri) -> bool {
    if uri
        .scheme_str()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
    {
        return true;
    }
    let host = uri.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The URI without the protocol's own parameters; `None` when there are none.
pub(crate) fn without_protocol_parameters(uri: &Uri) -> Option<Uri> {
    const OWN: [&str; 8] = [
        "oauth_body_hash",
        "oauth_consumer_key",
        "oauth_nonce",
        "oauth_signature",
        "oauth_signature_method",
        "oauth_timestamp",
        "oauth_token",
        "oauth_version",
    ];
    // As the server will read them: it decodes names too.
    let is_own = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = form_decode(name.as_bytes());
        OWN.iter().any(|own| own.as_bytes() == &*name)
    };
    let query = uri.query()?;
    if !query.split('&').any(|pair| is_own(&pair)) {
        return None;
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_own(pair)).collect();
    let mut target = uri.path().to_owned();
    if !kept.is_empty() {
        target.push('?');
        target.push_str(&kept.join("&"));
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.try_into().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::oauth1::{Received, verify};

    fn credentials() -> Credentials {
        Credentials::new("ck", "consumer-s3cret".into(), "tk", "token-s3cret".into())
    }

    fn head(uri: &str) -> http::request::Parts {
        http::Request::get(uri).body(()).unwrap().into_parts().0
    }

    fn header(auth: &OAuth1, uri: &str) -> String {
        let mut head = head(uri);
        auth.authorize(&mut head, &Body::empty()).unwrap();
        head.headers[AUTHORIZATION].to_str().unwrap().to_owned()
    }

    fn value<'h>(header: &'h str, name: &str) -> &'h str {
        let start = header.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
        header[start..].split('"').next().unwrap()
    }

    #[test]
    fn every_attempt_has_its_own_nonce_and_the_time_of_the_server() {
        let offset = ClockOffset::new();
        let auth = OAuth1::new(credentials())
            .clock(Clock::fixed(
                SystemTime::UNIX_EPOCH + Duration::from_secs(1_000),
            ))
            .clock_offset(offset.clone());
        let first = header(&auth, "https://h/");
        offset.set(-300);
        let second = header(&auth, "https://h/");
        assert_ne!(value(&first, "oauth_nonce"), value(&second, "oauth_nonce"));
        assert_eq!(value(&first, "oauth_nonce").len(), 26);
        assert_eq!(value(&first, "oauth_timestamp"), "1000");
        assert_eq!(value(&second, "oauth_timestamp"), "700");
        offset.set(i64::MIN);
        assert_eq!(value(&header(&auth, "https://h/"), "oauth_timestamp"), "1");
    }

    #[test]
    fn plaintext_goes_over_tls_and_to_this_machine_only() {
        let auth = OAuth1::new(credentials()).method(SignatureMethod::Plaintext);
        for uri in [
            "https://h/",
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://LOCALHOST/",
        ] {
            assert!(
                header(&auth, uri).contains("consumer-s3cret%26token-s3cret"),
                "{uri}"
            );
        }
        for uri in ["http://h/", "http://10.0.0.1/", "http://localhost.example/"] {
            let error = auth.authorize(&mut head(uri), &Body::empty()).unwrap_err();
            assert!(
                !format!("{error:?} {error}").contains("s3cret"),
                "{error:?}"
            );
        }
        let consenting = auth.allow_clear_text(true);
        assert!(header(&consenting, "http://h/").contains("s3cret"));
    }

    #[test]
    fn the_query_placement_signs_the_query_without_itself() {
        let auth = OAuth1::new(credentials()).placement(Placement::Query);
        let mut head = head("http://h/p?x=1&oauth_nonce=old&oauth_signature=old&y=a+b");
        auth.authorize(&mut head, &Body::empty()).unwrap();
        let target = head.uri.path_and_query().unwrap().as_str();
        assert!(target.starts_with("/p?x=1&y=a+b&oauth_"), "{target}");
        let received = Received::new("GET", "http", "h", target);
        let secrets = |_: &_| Ok(("consumer-s3cret".into(), "token-s3cret".into()));
        assert!(verify(&received, secrets).unwrap().is_some());
        assert!(!head.headers.contains_key(AUTHORIZATION));
    }

    #[test]
    fn protocol_parameters_are_taken_out_however_they_are_escaped() {
        let auth = OAuth1::new(credentials());
        let mut head = head(
            "http://h/p?oauth%5Fnonce=a&x=%6Fauth_token&oauth%5ftoken&%6fauth%5F%76ersion=1&oauth+nonce=1",
        );
        auth.authorize(&mut head, &Body::empty()).unwrap();
        let target = head.uri.path_and_query().unwrap().as_str();
        assert_eq!(target, "/p?x=%6Fauth_token&oauth+nonce=1");
        let header = head.headers[AUTHORIZATION].to_str().unwrap();
        let received = Received::new("GET", "http", "h", target).authorization(Some(header));
        let secrets = |_: &_| Ok(("consumer-s3cret".into(), "token-s3cret".into()));
        assert!(verify(&received, secrets).unwrap().is_some());
    }

    #[test]
    fn forms_are_signed_and_must_be_at_hand() {
        let auth = OAuth1::new(credentials());
        let mut head = head("http://h/p");
        head.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8"),
        );
        auth.authorize(&mut head, &Body::from("a=1&b=2")).unwrap();
        let header = head.headers[AUTHORIZATION].to_str().unwrap().to_owned();
        let received = Received::new("GET", "http", "h", "/p")
            .authorization(Some(&header))
            .body(Some("application/x-www-form-urlencoded"), b"a=1&b=2");
        let secrets = |_: &_| Ok(("consumer-s3cret".into(), "token-s3cret".into()));
        assert!(verify(&received, secrets).unwrap().is_some());
        assert!(
            auth.authorize(&mut head, &Body::replay(Body::empty))
                .is_err()
        );
    }

    #[test]
    fn debug_output_has_no_secret_and_the_scrubber_gets_them_all() {
        let auth = OAuth1::new(credentials()).method(SignatureMethod::Plaintext);
        let shown = format!("{auth:?} {:?}", credentials());
        assert!(!shown.contains("s3cret"), "{shown}");
        let secrets: Vec<_> = auth
            .secrets()
            .iter()
            .map(|secret| secret.expose().clone())
            .collect();
        assert_eq!(
            secrets,
            [
                "consumer-s3cret",
                "token-s3cret",
                "consumer-s3cret&token-s3cret"
            ]
        );
    }
}
