//! A server's check of a signature.
//!
//! Written from RFC 5849 section 3.2 apart from the signing side: it works on
//! the text that arrived, decodes it, and builds the base string anew with its
//! own encoder and its own order, so that a mistake of one side is not
//! repeated by the other.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sync_core::Secret;

use super::keyed::Keyed;
use super::problem::word;
use super::{SignatureMethod, body_hash};

/// A request as a server received it.
#[derive(Clone, Copy)]
pub struct Received<'a> {
    method: &'a str,
    scheme: &'a str,
    host: &'a str,
    target: &'a str,
    authorization: Option<&'a str>,
    content_type: Option<&'a str>,
    body: &'a [u8],
}

impl<'a> Received<'a> {
    /// The method, the scheme of the connection (`http` or `https`), the
    /// `Host` header and the request target (path and query), as they came.
    pub const fn new(method: &'a str, scheme: &'a str, host: &'a str, target: &'a str) -> Self {
        Self {
            method,
            scheme,
            host,
            target,
            authorization: None,
            content_type: None,
            body: b"",
        }
    }

    /// The `Authorization` header.
    #[must_use]
    pub const fn authorization(mut self, value: Option<&'a str>) -> Self {
        self.authorization = value;
        self
    }

    /// The body and its `Content-Type`.
    #[must_use]
    pub const fn body(mut self, content_type: Option<&'a str>, body: &'a [u8]) -> Self {
        self.content_type = content_type;
        self.body = body;
        self
    }

    fn form(&self) -> &'a [u8] {
        let essence = self.content_type.and_then(|value| value.split(';').next());
        match essence {
            Some(essence)
                if essence
                    .trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded") =>
            {
                self.body
            }
            _ => b"",
        }
    }
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({} …)", self.method)
    }
}

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

/// Names and values, decoded; as they came where there was nothing to decode.
type Pairs<'a> = Vec<(Cow<'a, [u8]>, Cow<'a, [u8]>)>;

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
    let (path, query) = received
        .target
        .split_once('?')
        .unwrap_or((received.target, ""));
    let mut all = Pairs::with_capacity(8);
    if let Some(value) = received.authorization {
        add_header_parameters(&mut all, value).ok_or_else(rejected)?;
    }
    add_urlencoded(&mut all, query.as_bytes());
    add_urlencoded(&mut all, received.form());

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
            .is_ok_and(|tag| keyed.fits(&base_string(received, path, &all), &tag)),
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
        for (name, value) in all.iter().filter(|(name, _)| name.starts_with(b"oauth_")) {
            let name = std::str::from_utf8(name).ok()?;
            let value = std::str::from_utf8(value).ok()?;
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

fn base_string(received: &Received<'_>, path: &str, parameters: &Pairs<'_>) -> Vec<u8> {
    let mut sorted: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| name.as_ref() != b"oauth_signature")
        .map(|(name, value)| (escaped(name), escaped(value)))
        .collect();
    sorted.sort_unstable();

    let scheme = received.scheme.to_ascii_lowercase();
    let host = received.host.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => ":443",
        _ => ":80",
    };
    let host = host.strip_suffix(default_port).unwrap_or(&host);
    let path = if path.is_empty() { "/" } else { path };

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
        escape_again(&mut base, &name);
        base.extend_from_slice(b"%3D");
        escape_again(&mut base, &value);
    }
    base
}

/// Adds the parameters of an `Authorization: OAuth` header, decoded; none when
/// it is of another scheme. `None` when it cannot be read.
fn add_header_parameters<'a>(pairs: &mut Pairs<'a>, value: &'a str) -> Option<()> {
    let value = value.trim_ascii();
    let (scheme, mut rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("oauth") {
        return Some(());
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(());
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim_ascii();
        let after = after.trim_ascii_start();
        let value;
        match after.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted)?;
                value = &quoted[..end];
                rest = quoted[end + 1..].trim_ascii_start();
                if !rest.is_empty() && !rest.starts_with(',') {
                    return None;
                }
            }
            None => (value, rest) = after.split_once(',').unwrap_or((after, "")),
        }
        // The realm is not the protocol's: it is neither decoded nor signed.
        if !name.eq_ignore_ascii_case("realm") {
            pairs.push((
                unescape(name.as_bytes(), false),
                unescape(value.as_bytes().trim_ascii(), false),
            ));
        }
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        // What comes after a backslash ends nothing.
        at += 2;
    }
}

/// Adds the pairs of `application/x-www-form-urlencoded`.
fn add_urlencoded<'a>(pairs: &mut Pairs<'a>, text: &'a [u8]) {
    for segment in text.split(|byte| *byte == b'&') {
        if segment.is_empty() {
            continue;
        }
        let mut halves = segment.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default();
        let value = halves.next().unwrap_or_default();
        pairs.push((unescape(name, true), unescape(value, true)));
    }
}

fn unescape(text: &[u8], plus_is_space: bool) -> Cow<'_, [u8]> {
    let plus = if plus_is_space { b'+' } else { b'%' };
    let is_escape = |byte: u8| byte == b'%' || byte == plus;
    if !text.iter().fold(false, |any, byte| any | is_escape(*byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| {
            after
                .get(at)
                .and_then(|byte| char::from(*byte).to_digit(16))
        };
        match byte {
            b'+' if plus_is_space => out.push(b' '),
            b'%' => match (digit(0), digit(1)) {
                (Some(high), Some(low)) => {
                    out.push((high * 16 + low) as u8);
                    rest = &after[2..];
                }
                _ => out.push(b'%'),
            },
            byte => out.push(byte),
        }
    }
    Cow::Owned(out)
}

/// For each byte, whether it has to be escaped.
const RESERVED: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = !matches!(
            byte as u8,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
        );
        byte += 1;
    }
    table
};

/// Where the first byte is that has to be escaped.
fn first_reserved(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| RESERVED[usize::from(*byte)])
}

fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = bytes;
    while let Some(at) = first_reserved(rest) {
        let byte = rest[at];
        out.extend_from_slice(&rest[..at]);
        let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
        out.extend_from_slice(&[b'%', digits[0], digits[1]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Escapes what is escaped already, and has only its `%` left to be.
fn escape_again(out: &mut Vec<u8>, escaped: &[u8]) {
    let mut rest = escaped;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"%25");
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn escaped(bytes: &[u8]) -> Cow<'_, [u8]> {
    if first_reserved(bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(3 * bytes.len());
    escape(&mut out, bytes);
    Cow::Owned(out)
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
    fn what_is_escaped_does_not_depend_on_where_it_stands() {
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let mut one_by_one = Vec::new();
        for byte in &bytes {
            let text = match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(*byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            };
            one_by_one.extend_from_slice(text.as_bytes());
        }
        assert_eq!(*escaped(&bytes), one_by_one);
        let mut twice = Vec::new();
        escape(&mut twice, &one_by_one);
        let mut again = Vec::new();
        escape_again(&mut again, &one_by_one);
        assert_eq!(again, twice);
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
