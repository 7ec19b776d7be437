//! The signature base string (RFC 5849 section 3.4.1).

use std::borrow::Cow;
use std::fmt;

use http::{Method, Uri};

use super::encode;
use super::sign::SignError;

/// What of a request is signed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) form: &'a [u8],
    pub(super) body_hash: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A request to `uri`, absolute and exactly as it will be sent.
    pub const fn new(method: &'a Method, uri: &'a Uri) -> Self {
        Self {
            method,
            uri,
            form: b"",
            body_hash: None,
        }
    }

    /// The body, if its type is `application/x-www-form-urlencoded`: its
    /// parameters are signed. Other bodies are not.
    #[must_use]
    pub const fn form(mut self, body: &'a [u8]) -> Self {
        self.form = body;
        self
    }

    /// The [`body_hash`](super::body_hash) of a body that is not a form, for
    /// servers that want it: an extension of 2009 that RFC 5849 does not know.
    #[must_use]
    pub const fn body_hash(mut self, hash: &'a str) -> Self {
        self.body_hash = Some(hash);
        self
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold credentials.
        write!(f, "Request({} {})", self.method, self.uri.path())
    }
}

/// The base string URI (section 3.4.1.2): scheme and host in small letters,
/// the port unless it is the scheme's own, the path as it is; no user
/// information, no query.
///
/// # Errors
///
/// [`SignError::Uri`] when the URI has no scheme or no host.
pub fn base_uri(uri: &Uri) -> Result<String, SignError> {
    let mut text = String::with_capacity(64);
    each_of_base_uri(uri, |part| text.push_str(part))?;
    Ok(text)
}

/// The parts that the base string URI is made of.
fn each_of_base_uri(uri: &Uri, mut push: impl FnMut(&str)) -> Result<(), SignError> {
    let (Some(scheme), Some((host, port))) = (uri.scheme_str(), host_and_port(uri)) else {
        return Err(SignError::Uri);
    };
    if host.is_empty() {
        return Err(SignError::Uri);
    }
    push(&lower(scheme));
    push("://");
    push(&lower(host));
    let default = if scheme.eq_ignore_ascii_case("https") {
        443
    } else {
        80
    };
    if let Some(port) = port.filter(|port| *port != default) {
        push(":");
        push(&port.to_string());
    }
    match uri.path() {
        "" => push("/"),
        path => push(path),
    }
    Ok(())
}

/// As the URI's own methods have it, which look for user information and IPv6
/// addresses one character at a time.
fn host_and_port(uri: &Uri) -> Option<(&str, Option<u16>)> {
    let authority = uri.authority()?.as_str();
    if memchr::memchr2(b'@', b'[', authority.as_bytes()).is_some() {
        return Some((uri.host()?, uri.port_u16()));
    }
    Some(match memchr::memchr(b':', authority.as_bytes()) {
        Some(colon) => (&authority[..colon], authority[colon + 1..].parse().ok()),
        None => (authority, None),
    })
}

fn lower(part: &str) -> Cow<'_, str> {
    match part.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => part.to_ascii_lowercase().into(),
        false => part.into(),
    }
}

/// Parameters on their way to normal form: encoded names and values in one
/// buffer.
#[derive(Default)]
pub(super) struct Parameters {
    text: String,
    /// Where each name begins and ends, and where its value ends.
    places: Vec<[usize; 3]>,
}

impl Parameters {
    pub(super) fn of(request: &Request<'_>) -> Self {
        let query = request.uri.query().unwrap_or_default().as_bytes();
        let mut parameters = Self {
            text: String::with_capacity(2 * (query.len() + request.form.len()) + 256),
            places: Vec::with_capacity(16),
        };
        for part in [query, request.form] {
            for (name, value) in encode::form_pairs(part) {
                parameters.add(&name, &value);
            }
        }
        parameters
    }

    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        let start = self.text.len();
        encode::push_bytes(&mut self.text, name);
        let middle = self.text.len();
        encode::push_bytes(&mut self.text, value);
        self.places.push([start, middle, self.text.len()]);
    }

    /// As [`add`](Self::add), of what is encoded already.
    pub(super) fn add_encoded(&mut self, name: &str, value: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.places.push([start, middle, self.text.len()]);
    }

    /// By encoded name, then encoded value, by bytes.
    fn sort(&mut self) {
        let bytes = self.text.as_bytes();
        self.places.sort_unstable_by(|a, b| {
            let name = |[start, middle, _]: &[usize; 3]| &bytes[*start..*middle];
            let value = |[_, middle, end]: &[usize; 3]| &bytes[*middle..*end];
            name(a).cmp(name(b)).then_with(|| value(a).cmp(value(b)))
        });
    }

    /// In order, and joined.
    pub(super) fn normalized(mut self) -> String {
        let mut normalized = String::with_capacity(self.text.len() + 2 * self.places.len());
        self.sort();
        self.join(&mut normalized, "=", "&");
        normalized
    }

    /// Appends the normal form, encoded once more.
    fn push_encoded(mut self, out: &mut String) {
        self.sort();
        // Of what is encoded already only the `%` needs it again, and there
        // seldom is one.
        if memchr::memchr(b'%', self.text.as_bytes()).is_some() {
            self = self.encoded_again();
        }
        self.join(out, "%3D", "%26");
    }

    fn encoded_again(&self) -> Self {
        let mut again = Self::default();
        for [start, middle, end] in &self.places {
            let (name, value) = (&self.text[*start..*middle], &self.text[*middle..*end]);
            again.add(name.as_bytes(), value.as_bytes());
        }
        again
    }

    fn join(&self, out: &mut String, equals: &str, and: &str) {
        for (i, [start, middle, end]) in self.places.iter().enumerate() {
            if i > 0 {
                out.push_str(and);
            }
            out.push_str(&self.text[*start..*middle]);
            out.push_str(equals);
            out.push_str(&self.text[*middle..*end]);
        }
    }
}

/// The request's parameters in normal form (section 3.4.1.3.2): those of the
/// query and of a form body, and `oauth`, the protocol's own without
/// `oauth_signature` and `realm`. Names and values are given decoded.
pub fn normalized_parameters<'p>(
    request: &Request<'_>,
    oauth: impl IntoIterator<Item = (&'p str, &'p str)>,
) -> String {
    let mut parameters = Parameters::of(request);
    for (name, value) in oauth {
        parameters.add(name.as_bytes(), value.as_bytes());
    }
    parameters.normalized()
}

/// What is signed (section 3.4.1.1): the method, the [`base_uri`] and the
/// [`normalized_parameters`], encoded and joined with `&`.
///
/// # Errors
///
/// As [`base_uri`].
pub fn base_string(request: &Request<'_>, normalized: &str) -> Result<String, SignError> {
    let mut text = method_and_uri(request, encode::longest(normalized.len()))?;
    encode::push(&mut text, normalized);
    Ok(text)
}

/// As [`base_string`], without a normal form in between.
pub(super) fn text_to_sign(
    request: &Request<'_>,
    parameters: Parameters,
) -> Result<String, SignError> {
    let mut text = method_and_uri(request, 2 * parameters.text.len())?;
    parameters.push_encoded(&mut text);
    Ok(text)
}

/// The base string up to the parameters, with room for `more` bytes.
fn method_and_uri(request: &Request<'_>, more: usize) -> Result<String, SignError> {
    let method = request.method.as_str();
    // With room for what is escaped of most URIs; a longer one makes it grow.
    let uri = 2 * request.uri.path().len() + 64;
    let mut text = String::with_capacity(method.len() + uri + more);
    text.push_str(method);
    text.make_ascii_uppercase();
    text.push('&');
    each_of_base_uri(request.uri, |part| encode::push(&mut text, part))?;
    text.push('&');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_the_base_string_are_one() {
        for query in [
            "",
            "a=1&b=2",
            // Values that encoded look like what joins them.
            "a==&b=%26&c=%253D&%3D=&%26=%25",
            // Names that begin with another, escaped and not.
            "a%20=1&a=2&a-=3&a~=4&a=%20&a=0",
            "b=%ff%c3%b8&b=%c3",
        ] {
            let uri: Uri = format!("http://H:81/p%20q?{query}").parse().unwrap();
            let request = Request::new(&Method::PUT, &uri).form(b"oauth_n=1&z=%25");
            let normalized = normalized_parameters(&request, []);
            let text = text_to_sign(&request, Parameters::of(&request)).unwrap();
            assert_eq!(text, base_string(&request, &normalized).unwrap(), "{query}");
        }
    }

    #[test]
    fn host_and_port_are_what_the_uri_says_they_are() {
        for text in [
            "http://h",
            "http://h/",
            "http://H:80/p",
            "http://h:0080/",
            "http://h:/",
            "http://h:99999/",
            "https://127.0.0.1:8384/?q=a:b@c",
            "http://[::1]:8080/",
            "http://[::1]/",
            "http://user:word@h:81/",
        ] {
            let uri: Uri = text.parse().unwrap();
            let expected = (uri.host().unwrap(), uri.port_u16());
            assert_eq!(host_and_port(&uri), Some(expected), "{text}");
        }
        assert_eq!(host_and_port(&Uri::from_static("/p")), None);
    }
}
