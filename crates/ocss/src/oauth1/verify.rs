//! A server's check of a signature.
//!
//! Written from RFC 5849 section 3.2 apart from the signing side: it works on
//! the text that arrived, decodes it, and builds the base string anew with its
//! own encoder and its own order, so that a mistake of one side is not
//! repeated by the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sync_core::Secret;

use super::keyed::Keyed;
use super::problem::word;
use super::received::{Pairs, Part, Received, escape, escape_again};
use super::{SignatureMethod, body_hash};

/// Who a request says it is from, not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// `oauth_consumer_key`.
    pub consumer_key: String,
    /// `oauth_token`, which may be empty or missing where none is needed.
    pub token: Option<String>,
}

/// A request whose signature fits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// `oauth_consumer_key`.
    pub consumer_key: String,
    /// `oauth_token`.
    pub token: Option<String>,
    /// How it was signed.
    pub method: SignatureMethod,
    /// `oauth_timestamp`; may be missing with PLAINTEXT only.
    pub timestamp: Option<u64>,
    /// `oauth_nonce`; may be missing with PLAINTEXT only.
    pub nonce: Option<String>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request is refused: {problem}")]
pub struct Refusal {
    problem: &'static str,
    acceptable: Option<(u64, u64)>,
}

impl Refusal {
    /// A refusal with one of the [`word`](super::word)s.
    pub const fn new(problem: &'static str) -> Self {
        Self {
            problem,
            acceptable: None,
        }
    }

    pub(super) const fn acceptable(mut self, low: u64, high: u64) -> Self {
        self.acceptable = Some((low, high));
        self
    }

    /// The word of the Problem Reporting extension.
    pub const fn problem(&self) -> &'static str {
        self.problem
    }

    /// The timestamps that would be taken, with `timestamp_refused`.
    pub const fn acceptable_timestamps(&self) -> Option<(u64, u64)> {
        self.acceptable
    }

    /// The status that RFC 5849 section 3.2 asks for: 400 for parameters that
    /// are missing, doubled or not supported, 401 for all else.
    pub fn status(&self) -> u16 {
        match self.problem {
            word::PARAMETER_ABSENT
            | word::PARAMETER_REJECTED
            | word::VERSION_REJECTED
            | word::SIGNATURE_METHOD_REJECTED => 400,
            _ => 401,
        }
    }

    /// A `WWW-Authenticate` header that reports the problem.
    pub fn www_authenticate(&self) -> String {
        let mut header = format!("OAuth realm=\"\", oauth_problem=\"{}\"", self.problem);
        if let Some((low, high)) = self.acceptable {
            header.push_str(&format!(", oauth_acceptable_timestamps=\"{low}-{high}\""));
        }
        header
    }
}

/// Verifies the signature of a request.
///
/// `secrets` is asked for the consumer's and the token's secret of the
/// claimed keys; it refuses unknown ones. Whether timestamp and nonce are
/// fresh is not checked here: see [`ReplayGuard`](super::ReplayGuard).
///
/// `None` when the request carries no OAuth parameters at all.
///
/// # Errors
///
/// The reason why the request must be refused.
pub fn verify(
    received: &Received<'_>,
    secrets: impl FnOnce(&Claims) -> Result<(Secret<String>, Secret<String>), Refusal>,
) -> Result<Option<Verified>, Refusal> {
    let rejected = || Refusal::new(word::PARAMETER_REJECTED);
    let all = received.parameters().ok_or_else(rejected)?;
    let protocol = Protocol::of(&all).ok_or_else(rejected)?;
    if protocol.0.is_empty() {
        return Ok(None);
    }
    let needed = |name: &str| {
        protocol
            .get(name)
            .ok_or(Refusal::new(word::PARAMETER_ABSENT))
    };

    if protocol
        .get("oauth_version")
        .is_some_and(|version| version != "1.0")
    {
        return Err(Refusal::new(word::VERSION_REJECTED));
    }
    let method: SignatureMethod = needed("oauth_signature_method")?
        .parse()
        .map_err(|_| Refusal::new(word::SIGNATURE_METHOD_REJECTED))?;
    let signature = needed("oauth_signature")?;
    let claims = Claims {
        consumer_key: needed("oauth_consumer_key")?.to_owned(),
        token: protocol.get("oauth_token").map(str::to_owned),
    };
    let (timestamp, nonce) = if method == SignatureMethod::Plaintext {
        (protocol.get("oauth_timestamp"), protocol.get("oauth_nonce"))
    } else {
        (
            Some(needed("oauth_timestamp")?),
            Some(needed("oauth_nonce")?),
        )
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !timestamp.is_none_or(digits) {
        return Err(rejected());
    }
    let timestamp = match timestamp.map(str::parse::<u64>) {
        None => None,
        Some(Ok(seconds)) if seconds > 0 => Some(seconds),
        Some(_) => return Err(rejected()),
    };
    if protocol
        .get("oauth_body_hash")
        .is_some_and(|hash| hash != body_hash(received.body))
    {
        return Err(rejected());
    }

    let (consumer_secret, token_secret) = secrets(&claims)?;
    let (consumer, token) = (consumer_secret.expose(), token_secret.expose());
    // Room for every byte to be escaped: growth would leave copies behind.
    let mut key = Vec::with_capacity(3 * (consumer.len() + token.len()) + 1);
    escape(&mut key, consumer.as_bytes());
    key.push(b'&');
    escape(&mut key, token.as_bytes());
    let key = Secret::new(key);
    let fits = match Keyed::new(method, key.expose()) {
        None => equal(signature.as_bytes(), key.expose()),
        Some(keyed) => BASE64
            .decode(signature)
            .is_ok_and(|tag| keyed.fits(&base_string(received, &all), &tag)),
    };
    if !fits {
        return Err(Refusal::new(word::SIGNATURE_INVALID));
    }
    Ok(Some(Verified {
        consumer_key: claims.consumer_key,
        token: claims.token,
        method,
        timestamp,
        nonce: nonce.map(str::to_owned),
    }))
}

/// Of the protocol's own parameters there are about ten. More than so many
/// only cost time to compare.
const MOST_PARAMETERS: usize = 32;

/// The protocol's own parameters, each at most once.
struct Protocol<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Protocol<'a> {
    /// `None` when one is there twice or is not text, or there are too many.
    fn of(all: &'a Pairs<'_>) -> Option<Self> {
        let mut own: Vec<(&str, &str)> = Vec::with_capacity(8);
        let is_own = |name: &Part<'_>| name.as_bytes().starts_with(b"oauth_");
        for (name, value) in all.iter().filter(|(name, _)| is_own(name)) {
            let (name, value) = (name.as_text()?, value.as_text()?);
            if own.len() == MOST_PARAMETERS || own.iter().any(|(known, _)| *known == name) {
                return None;
            }
            own.push((name, value));
        }
        Some(Self(own))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }
}

fn base_string(received: &Received<'_>, parameters: &Pairs<'_>) -> Vec<u8> {
    let mut sorted: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| name.as_bytes() != b"oauth_signature")
        .map(|(name, value)| (name.escaped(), value.escaped()))
        .collect();
    sorted.sort_unstable();

    let scheme = received.scheme.to_ascii_lowercase();
    let host = received.host.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        _ => ":80",
    };
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    let path = match received.path_and_query() {
        ("", _) => "/",
        (path, _) => path,
    };

    let mut base = Vec::with_capacity(512);
    base.extend_from_slice(received.method.as_bytes());
    base.make_ascii_uppercase();
    base.push(b'&');
    escape(&mut base, scheme.as_bytes());
    base.extend_from_slice(b"%3A%2F%2F");
    escape(&mut base, host.as_bytes());
    escape(&mut base, path.as_bytes());
    let mut separator: &[u8] = b"&";
    for (name, value) in sorted {
        base.extend_from_slice(separator);
        // `&` and `=`, escaped as all of the third part is.
        separator = b"%26";
        escape_again(&mut base, name);
        base.extend_from_slice(b"%3D");
        escape_again(&mut base, value);
    }
    base
}

/// Compares in a time that does not depend on where the first difference is.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(_: &Claims) -> Result<(Secret<String>, Secret<String>), Refusal> {
        Ok(("cs".into(), "ts".into()))
    }

    fn problem(header: &str) -> &'static str {
        let received = Received::new("GET", "http", "h", "/").authorization(Some(header));
        verify(&received, secrets).unwrap_err().problem()
    }

    const PLAIN: &str =
        r#"OAuth oauth_consumer_key="k", oauth_token="t", oauth_signature_method="PLAINTEXT""#;

    #[test]
    fn an_unsigned_request_is_none() {
        let received = Received::new("GET", "http", "h", "/?a=b");
        assert_eq!(verify(&received, secrets), Ok(None));
        let basic = received.authorization(Some("Basic YTpi"));
        assert_eq!(verify(&basic, secrets), Ok(None));
    }

    #[test]
    fn plaintext_needs_no_nonce() {
        let header = format!(r#"{PLAIN}, oauth_signature="cs%26ts""#);
        let received = Received::new("GET", "http", "h", "/").authorization(Some(&header));
        let verified = verify(&received, secrets).unwrap().unwrap();
        assert_eq!((verified.timestamp, verified.nonce), (None, None));
    }

    #[test]
    fn a_quote_after_a_backslash_ends_nothing() {
        let signed = |realm: &str| {
            let rest = &PLAIN["OAuth ".len()..];
            format!(r#"OAuth realm="{realm}", {rest}, oauth_signature="cs%26ts""#)
        };
        for realm in ["", r#"a\", b"#, r"\\", r#"\\\" =,"#, "æ"] {
            let header = signed(realm);
            let received = Received::new("GET", "http", "h", "/").authorization(Some(&header));
            assert!(verify(&received, secrets).is_ok(), "{realm}");
        }
        for realm in [r"\", r"a\\\"] {
            assert_eq!(problem(&signed(realm)), "parameter_rejected", "{realm}");
        }
        assert_eq!(problem(r#"OAuth realm="a\"#), "parameter_rejected");
    }

    #[test]
    fn every_refusal_has_its_word() {
        assert_eq!(problem(PLAIN), "parameter_absent");
        let wrong = format!(r#"{PLAIN}, oauth_signature="cs%26t""#);
        assert_eq!(problem(&wrong), "signature_invalid");
        let twice = format!(r#"{PLAIN}, oauth_token="t", oauth_signature="cs%26ts""#);
        assert_eq!(problem(&twice), "parameter_rejected");
        let version = format!(r#"{PLAIN}, oauth_version="2.0", oauth_signature="cs%26ts""#);
        assert_eq!(problem(&version), "version_rejected");
        let broken = format!(r#"{PLAIN}, oauth_signature="cs"#);
        assert_eq!(problem(&broken), "parameter_rejected");
        let rsa = r#"OAuth oauth_consumer_key="k", oauth_signature_method="RSA-SHA1""#;
        assert_eq!(problem(rsa), "signature_method_rejected");
        for time in ["-1", "%2B1", "0", "", "1.0", "9999999999999999999999"] {
            let time = format!(r#"{PLAIN}, oauth_timestamp="{time}", oauth_signature="cs%26ts""#);
            assert_eq!(problem(&time), "parameter_rejected");
        }
    }

    #[test]
    fn a_flood_of_parameters_is_refused() {
        let flood: String = (0..100_000).map(|n| format!("oauth_{n}=&")).collect();
        let form = Some("application/x-www-form-urlencoded");
        let received = Received::new("POST", "http", "h", "/").body(form, flood.as_bytes());
        let refused = verify(&received, secrets).unwrap_err();
        assert_eq!(refused.problem(), "parameter_rejected");
    }

    #[test]
    fn refusals_say_which_status_and_header_they_want() {
        assert_eq!(Refusal::new(word::PARAMETER_ABSENT).status(), 400);
        let refusal = Refusal::new(word::TIMESTAMP_REFUSED).acceptable(1, 9);
        assert_eq!(refusal.status(), 401);
        assert_eq!(
            refusal.www_authenticate(),
            r#"OAuth realm="", oauth_problem="timestamp_refused", oauth_acceptable_timestamps="1-9""#
        );
    }
}
