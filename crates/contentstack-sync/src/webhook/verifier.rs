//! Whether a call is from the service.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use ring::hmac;
use serde::Deserialize;

use super::pem::{self, InvalidKey};
use super::signature::{Hmac, is_pss_by};
use crate::model::EventTime;

/// The signature of an organisation's own secret.
const HMAC_HEADER: &str = "x-contentstack-hmac-signature";
/// The signature of the service's own key.
const KEY_HEADER: &str = "x-contentstack-request-signature";

/// How far a call's time may be from now, unless told otherwise.
const TOLERANCE: Duration = Duration::from_secs(300);

/// What a call must have to be believed.
///
/// Everything that was asked for must hold. A signature proves where a call
/// comes from, and that it was not changed; a name and a password, or a header
/// of one's own, only that the sender knows them.
#[derive(Clone)]
pub struct Verifier {
    checks: Vec<Check>,
    tolerance: Duration,
}

#[derive(Clone)]
enum Check {
    Hmac(Vec<hmac::Key>),
    /// The keys as PKCS#1 DER.
    Keys(Vec<Vec<u8>>),
    /// A header and its value.
    Header(HeaderName, Token),
}

/// A secret that is kept as what it makes of a constant key, so that a
/// comparison tells nothing by how long it takes.
#[derive(Clone)]
struct Token(hmac::Tag);

impl Token {
    fn new(value: &[u8]) -> Self {
        Self(hmac::sign(&Self::key(), value))
    }

    fn is(&self, value: &[u8]) -> bool {
        hmac::verify(&Self::key(), value, self.0.as_ref()).is_ok()
    }

    /// It needs not be secret: it only makes lengths alike.
    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, b"contentstack-sync webhook header")
    }
}

/// Why a call is not believed. Tell it to a log, not to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// There is no such header.
    MissingHeader(&'static str),
    /// The signature's header cannot be read.
    Malformed,
    /// It was signed by somebody else, or changed.
    WrongSignature,
    /// The name, the password or the header is another.
    WrongCredentials,
    /// The time of the call is too far from now, before or after: it may be
    /// an old one that somebody repeats.
    OutOfTime,
    /// A signature without a time of its own needs `triggered_at` in the body.
    NoTime,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader(name) => write!(f, "the header `{name}` is missing"),
            Self::Malformed => f.write_str("the signature cannot be read"),
            Self::WrongSignature => f.write_str("the signature is wrong"),
            Self::WrongCredentials => f.write_str("the credentials are wrong"),
            Self::OutOfTime => f.write_str("the call is of another time"),
            Self::NoTime => f.write_str("the call does not tell its time"),
        }
    }
}

impl std::error::Error for Rejection {}

impl Verifier {
    const fn one(check: Vec<Check>) -> Self {
        Self {
            checks: check,
            tolerance: TOLERANCE,
        }
    }

    /// Calls signed with one of these secrets: `X-Contentstack-HMAC-Signature`.
    /// Two are there while a secret is being replaced. An empty one is none,
    /// as anybody could sign with it; without any, no call is believed.
    pub fn hmac<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let secrets = secrets.into_iter();
        let secrets = secrets.filter(|secret| !secret.as_ref().is_empty());
        let keys = secrets.map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()));
        Self::one(vec![Check::Hmac(keys.collect())])
    }

    /// Calls signed by the service's own key: `X-Contentstack-Request-Signature`.
    /// The keys are PKCS#1 PEM, as `signing-key` in
    /// `/.well-known/public-keys.json` at the host of the region's app.
    ///
    /// # Errors
    ///
    /// When one of them is not.
    pub fn public_keys<S: AsRef<str>>(
        pems: impl IntoIterator<Item = S>,
    ) -> Result<Self, InvalidKey> {
        let keys: Result<Vec<_>, _> = pems
            .into_iter()
            .map(|pem| pem::public_key(pem.as_ref()))
            .collect();
        Ok(Self::one(vec![Check::Keys(keys?)]))
    }

    /// Calls with this name and password, which are not signed.
    pub fn basic_auth(name: &str, password: &str) -> Self {
        Self::one(vec![Check::basic(name, password)])
    }

    /// Calls with this header, which are not signed.
    pub fn header(name: HeaderName, value: &str) -> Self {
        Self::one(vec![Check::Header(name, Token::new(value.as_bytes()))])
    }

    /// Besides, this name and password.
    #[must_use]
    pub fn and_basic_auth(mut self, name: &str, password: &str) -> Self {
        self.checks.push(Check::basic(name, password));
        self
    }

    /// Besides, this header.
    #[must_use]
    pub fn and_header(mut self, name: HeaderName, value: &str) -> Self {
        self.checks
            .push(Check::Header(name, Token::new(value.as_bytes())));
        self
    }

    /// How far the time of a signed call may be from now. Default: 5 minutes.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Looks at a call: its headers, and its body as it came, before anything
    /// was done to it.
    ///
    /// # Errors
    ///
    /// Why it is not to be believed.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<(), Rejection> {
        for check in &self.checks {
            check.holds(headers, body, now, self.tolerance)?;
        }
        Ok(())
    }
}

impl Check {
    fn basic(name: &str, password: &str) -> Self {
        let value = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
        Self::Header(AUTHORIZATION, Token::new(value.as_bytes()))
    }

    fn holds(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
        tolerance: Duration,
    ) -> Result<(), Rejection> {
        match self {
            Self::Hmac(keys) => {
                let signature = Hmac::parse(text(headers, HMAC_HEADER)?)?;
                if !keys.iter().any(|key| signature.is_by(key, body)) {
                    return Err(Rejection::WrongSignature);
                }
                let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(signature.seconds));
                in_time(at, now, tolerance)
            }
            Self::Keys(keys) => {
                let header = text(headers, KEY_HEADER)?;
                let mut signed = false;
                for key in keys {
                    signed |= is_pss_by(key, header, body)?;
                }
                if !signed {
                    return Err(Rejection::WrongSignature);
                }
                in_time(Some(triggered_at(body)?), now, tolerance)
            }
            Self::Header(name, expected) => match headers.get(name) {
                Some(value) if expected.is(value.as_bytes()) => Ok(()),
                _ => Err(Rejection::WrongCredentials),
            },
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Rejection> {
    let value = headers.get(name).ok_or(Rejection::MissingHeader(name))?;
    value.to_str().map_err(|_| Rejection::Malformed)
}

fn triggered_at(body: &[u8]) -> Result<SystemTime, Rejection> {
    #[derive(Deserialize)]
    struct Timed {
        triggered_at: String,
    }
    let timed: Timed = serde_json::from_slice(body).map_err(|_| Rejection::NoTime)?;
    let time = EventTime::from(timed.triggered_at).to_system_time();
    time.ok_or(Rejection::NoTime)
}

fn in_time(at: Option<SystemTime>, now: SystemTime, tolerance: Duration) -> Result<(), Rejection> {
    // A time that this machine cannot express is far away.
    let at = at.ok_or(Rejection::OutOfTime)?;
    let apart = match now.duration_since(at) {
        Ok(before) => before,
        Err(after) => after.duration(),
    };
    match apart <= tolerance {
        true => Ok(()),
        false => Err(Rejection::OutOfTime),
    }
}

/// Without secrets.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = self.checks.iter().map(|check| match check {
            Check::Hmac(_) => HMAC_HEADER,
            Check::Keys(_) => KEY_HEADER,
            Check::Header(name, _) => name.as_str(),
        });
        f.debug_struct("Verifier")
            .field("checks", &checks.collect::<Vec<_>>())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}
