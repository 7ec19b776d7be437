//! Signatures, and where they are put.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Uri;
use sha1::{Digest as _, Sha1};
use sync_core::Secret;

use super::base::{Parameters, Request, text_to_sign};
use super::keyed::Keyed;
use super::{Credentials, encode, percent_encode};

/// Why a request cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The URI has no scheme or no host, or none that could be sent with the
    /// protocol's parameters in its query.
    #[error("the URI cannot be signed: it must be absolute")]
    Uri,
    /// PLAINTEXT would send the secrets in the clear.
    #[error("PLAINTEXT is only for https and loopback addresses, unless the user says otherwise")]
    ClearText,
    /// A form must be signed, but its bytes are not at hand.
    #[error("a form body can only be signed when it is in memory")]
    Form,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureMethod {
    /// What OAuth libraries do when not told otherwise.
    #[default]
    HmacSha1,
    /// As HMAC-SHA1, with SHA-256.
    HmacSha256,
    /// As HMAC-SHA1, with SHA-512.
    HmacSha512,
    /// No signature: the secrets themselves. The one method that the service's
    /// documentation shows.
    Plaintext,
}

impl SignatureMethod {
    /// The value of `oauth_signature_method`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::Plaintext => "PLAINTEXT",
        }
    }
}

impl fmt::Display for SignatureMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not the name of a [`SignatureMethod`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no signature method known here")]
#[non_exhaustive]
pub struct UnknownMethod;

impl FromStr for SignatureMethod {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        [
            Self::HmacSha1,
            Self::HmacSha256,
            Self::HmacSha512,
            Self::Plaintext,
        ]
        .into_iter()
        .find(|method| method.as_str() == name)
        .ok_or(UnknownMethod)
    }
}

/// Base64 of the SHA-1 of a body: `oauth_body_hash`, whatever the signature
/// method (the 2009 draft ties it to the method; the libraries in use do not).
pub fn body_hash(body: &[u8]) -> String {
    BASE64.encode(Sha1::digest(body))
}

/// Signs requests with one set of credentials.
#[derive(Clone)]
pub struct Signer {
    credentials: Credentials,
    method: SignatureMethod,
    key: Key,
    realm: Option<String>,
    version: bool,
    /// What is the same in every signature, encoded once: the keys and what
    /// was added.
    consumer_key: String,
    token: Option<String>,
    more: Vec<(String, String)>,
}

#[derive(Clone)]
enum Key {
    Hmac(Box<Keyed>),
    Plaintext(Secret<String>),
}

impl Key {
    fn new(credentials: &Credentials, method: SignatureMethod) -> Self {
        let key = credentials.signing_key();
        match Keyed::new(method, key.expose().as_bytes()) {
            Some(keyed) => Self::Hmac(Box::new(keyed)),
            None => Self::Plaintext(key),
        }
    }

    fn sign(
        &self,
        base_string: impl FnOnce() -> Result<String, SignError>,
    ) -> Result<String, SignError> {
        match self {
            Self::Hmac(key) => Ok(key.sign(base_string()?.as_bytes())),
            Self::Plaintext(key) => Ok(key.expose().clone()),
        }
    }
}

impl Signer {
    /// Signs with HMAC-SHA1 and sends `oauth_version="1.0"`.
    pub fn new(credentials: Credentials) -> Self {
        let encoded = |key| percent_encode(key).into_owned();
        Self {
            key: Key::new(&credentials, SignatureMethod::HmacSha1),
            method: SignatureMethod::HmacSha1,
            consumer_key: encoded(credentials.consumer_key()),
            token: credentials.token().map(encoded),
            credentials,
            realm: None,
            version: true,
            more: Vec::new(),
        }
    }

    /// Another signature method.
    #[must_use]
    pub fn method(mut self, method: SignatureMethod) -> Self {
        self.key = Key::new(&self.credentials, method);
        self.method = method;
        self
    }

    /// The `realm` of the header. It is not signed; by default there is none.
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Whether to send `oauth_version="1.0"`, which is optional.
    #[must_use]
    pub const fn version(mut self, sent: bool) -> Self {
        self.version = sent;
        self
    }

    /// One more protocol parameter, for example `oauth_callback`.
    #[must_use]
    pub fn parameter(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        let (name, value) = (name.into(), value.into());
        let encoded = (percent_encode(&name), percent_encode(&value));
        self.more
            .push((encoded.0.into_owned(), encoded.1.into_owned()));
        self
    }

    /// The credentials.
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// How it signs.
    pub const fn signature_method(&self) -> SignatureMethod {
        self.method
    }

    /// Signs a request.
    ///
    /// `nonce` must be new for this timestamp and these credentials;
    /// `timestamp` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// [`SignError::Uri`] when the request's URI is not absolute.
    pub fn sign<'a>(
        &'a self,
        request: &Request<'a>,
        nonce: &'a str,
        timestamp: u64,
    ) -> Result<Signed<'a>, SignError> {
        let mut parameters: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(7 + self.more.len());
        parameters.push(("oauth_nonce", percent_encode(nonce)));
        parameters.push(("oauth_timestamp", timestamp.to_string().into()));
        if self.version {
            parameters.push(("oauth_version", "1.0".into()));
        }
        parameters.push(("oauth_signature_method", self.method.as_str().into()));
        parameters.push(("oauth_consumer_key", self.consumer_key.as_str().into()));
        if let Some(token) = &self.token {
            parameters.push(("oauth_token", token.into()));
        }
        for (name, value) in &self.more {
            parameters.push((name, value.into()));
        }
        if let Some(hash) = request.body_hash {
            parameters.push(("oauth_body_hash", percent_encode(hash)));
        }
        let signature = self.key.sign(|| {
            let mut all = Parameters::of(request);
            for (name, value) in &parameters {
                all.add_encoded(name, value);
            }
            text_to_sign(request, all)
        })?;
        Ok(Signed {
            realm: self.realm.as_deref(),
            parameters,
            signature: Secret::new(signature),
        })
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("method", &self.method)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// A signature with the parameters that it covers, ready to be put on the
/// request it was made for. `Debug` shows none of it.
#[derive(Clone)]
pub struct Signed<'a> {
    realm: Option<&'a str>,
    /// Encoded.
    parameters: Vec<(&'a str, Cow<'a, str>)>,
    signature: Secret<String>,
}

impl Signed<'_> {
    /// The value of `oauth_signature`, before encoding. With PLAINTEXT it is
    /// the secrets.
    pub const fn signature(&self) -> &Secret<String> {
        &self.signature
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> Secret<String> {
        Secret::new(self.header())
    }

    pub(super) fn header(&self) -> String {
        let signature = self.signature.expose();
        let parameters = self.parameters.iter();
        let parameters: usize = parameters
            .map(|(name, value)| name.len() + "=\"\", ".len() + value.len())
            .sum();
        let realm = self.realm.unwrap_or_default();
        // Enough for all of it: growth would leave copies behind.
        let capacity = "OAuth realm=\"\", ".len() + 2 * realm.len() + parameters;
        let signed = "oauth_signature=\"\"".len() + encode::longest(signature.len());
        let mut header = String::with_capacity(capacity + signed);
        header.push_str("OAuth ");
        if let Some(realm) = self.realm {
            header.push_str("realm=\"");
            // A quoted-string of HTTP, not percent-encoded.
            for c in realm.chars() {
                if matches!(c, '"' | '\\') {
                    header.push('\\');
                }
                header.push(c);
            }
            header.push_str("\", ");
        }
        for (name, value) in &self.parameters {
            header.push_str(name);
            header.push_str("=\"");
            header.push_str(value);
            header.push_str("\", ");
        }
        header.push_str("oauth_signature=\"");
        encode::push(&mut header, signature);
        header.push('"');
        header
    }

    /// `uri` with the parameters at the end of its query. Only the signed URI
    /// fits the signature.
    ///
    /// # Errors
    ///
    /// [`SignError::Uri`] when the result is too long to be a URI.
    pub fn query(&self, uri: &Uri) -> Result<Uri, SignError> {
        let mut target = uri.path().to_owned();
        target.push('?');
        if let Some(query) = uri.query().filter(|query| !query.is_empty()) {
            target.push_str(query);
            target.push('&');
        }
        self.push_form(&mut target);
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(target.try_into().map_err(|_| SignError::Uri)?);
        Uri::from_parts(parts).map_err(|_| SignError::Uri)
    }

    /// `form` with the parameters at its end. Only the signed form fits the
    /// signature.
    pub fn form(&self, form: &[u8]) -> Secret<Vec<u8>> {
        let mut text = String::new();
        self.push_form(&mut text);
        let mut body = Vec::with_capacity(form.len() + 1 + text.len());
        body.extend_from_slice(form);
        if !form.is_empty() {
            body.push(b'&');
        }
        body.extend_from_slice(Secret::new(text).expose().as_bytes());
        Secret::new(body)
    }

    fn push_form(&self, out: &mut String) {
        for (name, value) in &self.parameters {
            out.push_str(name);
            out.push('=');
            out.push_str(value);
            out.push('&');
        }
        out.push_str("oauth_signature=");
        encode::push(out, self.signature.expose());
    }
}

impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed([redacted])")
    }
}
