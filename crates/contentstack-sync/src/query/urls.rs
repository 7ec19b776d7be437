//! Addresses of assets: of every region, found and replaced in any text.
//!
//! An asset's address is `https://{host}/v3/assets/{stack}/{uid}/{file}/{name}`,
//! where the host depends on the region and on whether it is an image. It
//! stands in the asset itself, in rich text, in Markdown and wherever an author
//! pasted it. To serve assets from a place of one's own, [`rewrite`] replaces
//! the addresses in a text and [`rewrite_json`] those in a whole entry:
//!
//! ```
//! use contentstack_sync::query::urls::{self, AssetHosts};
//!
//! let html = "<img src=\"https://eu-images.contentstack.com/v3/assets/blt1/blta55e700000000001/66f0/hero.jpg\">";
//! let own = urls::rewrite(html, &AssetHosts::regions(), |address| {
//!     Some(format!("/assets/{}/{}", address.uid(), address.name()?))
//! });
//! assert_eq!(own, "<img src=\"/assets/blta55e700000000001/hero.jpg\">");
//! ```

use std::borrow::Cow;

use memchr::memmem;
use sync_core::json::RawJson;

use crate::query::references::is_uid;

/// What the path of every asset begins with.
const PATH: &str = "/v3/assets/";

/// The regions' names in host names; the first region's hosts have none, and
/// are the only ones in `.io`.
const REGIONS: [&str; 6] = ["eu", "au", "azure-na", "azure-eu", "gcp-na", "gcp-eu"];

/// The hosts whose addresses are taken for assets'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetHosts {
    regions: bool,
    custom: Vec<Box<str>>,
}

impl AssetHosts {
    /// `images` and `assets` of all seven regions, for example
    /// `images.contentstack.io` and `azure-eu-assets.contentstack.com`.
    pub fn regions() -> Self {
        Self {
            regions: true,
            custom: Vec::new(),
        }
    }

    /// No hosts, to add one's own to.
    pub fn none() -> Self {
        Self::default()
    }

    /// And this one: a host name, with its port if addresses have one.
    #[must_use]
    pub fn and(mut self, host: impl Into<String>) -> Self {
        self.custom
            .push(host.into().to_ascii_lowercase().into_boxed_str());
        self
    }

    /// Whether a host, with its port if it has one, is among them.
    pub fn contains(&self, host: &str) -> bool {
        self.custom.iter().any(|own| own.eq_ignore_ascii_case(host))
            || (self.regions && is_region_host(host))
    }
}

/// Whether this is the `images` or `assets` host of a region.
fn is_region_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    if let Some(service) = host.strip_suffix(".contentstack.io") {
        return matches!(service, "images" | "assets");
    }
    let Some(name) = host.strip_suffix(".contentstack.com") else {
        return false;
    };
    let region = name
        .strip_suffix("-images")
        .or_else(|| name.strip_suffix("-assets"));
    region.is_some_and(|region| REGIONS.contains(&region))
}

/// The parts of an asset's address, as they stand in it: nothing is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetUrl<'a> {
    url: &'a str,
    host: &'a str,
    stack: &'a str,
    uid: &'a str,
    rest: &'a str,
    query: Option<&'a str>,
}

impl<'a> AssetUrl<'a> {
    /// Takes an address apart. `None` if it is not an asset's. Its host is not
    /// looked at. It may do without a scheme, as in `//images.contentstack.io/…`.
    pub fn parse(url: &'a str) -> Option<Self> {
        let (scheme, after) = url.split_once("//")?;
        let known = scheme.is_empty()
            || scheme.eq_ignore_ascii_case("https:")
            || scheme.eq_ignore_ascii_case("http:");
        let (host, path) = after.split_at(after.find('/')?);
        if !known || host.is_empty() || !host.bytes().all(is_host_byte) {
            return None;
        }
        let path = path.split_once('#').map_or(path, |(path, _)| path);
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let mut parts = path.strip_prefix(PATH)?.splitn(3, '/');
        let (stack, uid) = (parts.next()?, parts.next()?);
        (!stack.is_empty() && !uid.is_empty()).then_some(Self {
            url,
            host,
            stack,
            uid,
            rest: parts.next().unwrap_or_default(),
            query,
        })
    }

    /// The whole address.
    pub fn as_str(&self) -> &'a str {
        self.url
    }

    /// The host, with its port if there is one.
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// The key of the stack.
    pub fn stack(&self) -> &'a str {
        self.stack
    }

    /// The uid of the asset.
    pub fn uid(&self) -> &'a str {
        self.uid
    }

    /// The id of the file, which a new version of the asset changes.
    pub fn file(&self) -> Option<&'a str> {
        self.rest.split('/').next().filter(|file| !file.is_empty())
    }

    /// The name of the file, percent-encoded as it stands there.
    pub fn name(&self) -> Option<&'a str> {
        let (_, name) = self.rest.split_once('/')?;
        (!name.is_empty()).then_some(name)
    }

    /// What follows the `?`: for images, how they are to be transformed.
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }
}

/// Replaces the addresses of assets in a text: HTML, Markdown or any other.
///
/// `replace` gets each address on one of the `hosts`; with `None` it stays as
/// it is. What it returns is put there unchanged, so it must fit the text: in
/// an HTML attribute, without quotes. Likewise an `&` of a query may come as
/// `&amp;`.
pub fn rewrite<'t>(
    text: &'t str,
    hosts: &AssetHosts,
    mut replace: impl FnMut(&AssetUrl<'_>) -> Option<String>,
) -> Cow<'t, str> {
    let mut out = String::new();
    let mut copied = 0;
    for_each(text, |start, url| {
        let Some(address) = AssetUrl::parse(url) else {
            return;
        };
        if !hosts.contains(address.host()) {
            return;
        }
        if let Some(new) = replace(&address) {
            out.push_str(&text[copied..start]);
            out.push_str(&new);
            copied = start + url.len();
        }
    });
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// [`rewrite`]s every text in a JSON value. All else keeps its exact bytes.
pub fn rewrite_json(
    value: &RawJson,
    hosts: &AssetHosts,
    mut replace: impl FnMut(&AssetUrl<'_>) -> Option<String>,
) -> RawJson {
    let json = value.as_str();
    let mut out = String::new();
    let mut copied = 0;
    let mut from = 0;
    while let Some(open) = memchr::memchr(b'"', &json.as_bytes()[from..]) {
        let open = from + open;
        let end = end_of_string(json, open);
        from = end;
        let literal = &json[open..end];
        // Slashes may be escaped.
        if memmem::find(literal.as_bytes(), b"assets").is_none() {
            continue;
        }
        let Ok(text) = serde_json::from_str::<String>(literal) else {
            continue;
        };
        let Cow::Owned(new) = rewrite(&text, hosts, &mut replace) else {
            continue;
        };
        let Ok(new) = serde_json::to_string(&new) else {
            continue;
        };
        out.push_str(&json[copied..open]);
        out.push_str(&new);
        copied = end;
    }
    if copied == 0 {
        return value.clone();
    }
    out.push_str(&json[copied..]);
    // One string literal was exchanged for another.
    serde_json::value::RawValue::from_string(out).map_or_else(|_| value.clone(), RawJson::from)
}

/// Where the literal that begins at `open` ends.
fn end_of_string(json: &str, open: usize) -> usize {
    let bytes = json.as_bytes();
    let mut at = open + 1;
    while let Some(next) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
        at += next;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
        if at > bytes.len() {
            break;
        }
    }
    bytes.len()
}

/// The uids in the addresses of assets, of any host.
pub(crate) fn asset_uids(text: &str, mut found: impl FnMut(&str)) {
    let mut from = 0;
    while let Some(at) = memmem::find(&text.as_bytes()[from..], PATH.as_bytes()) {
        from += at + PATH.len();
        let mut parts = text[from..].splitn(3, '/');
        if let Some(uid) = parts.nth(1).filter(|uid| is_uid(uid)) {
            found(uid);
        }
    }
}

/// Finds what looks like the address of an asset: where it begins, and its text.
fn for_each<'t>(text: &'t str, mut found: impl FnMut(usize, &'t str)) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = memmem::find(&bytes[from..], PATH.as_bytes()) {
        let path = from + at;
        let end = path + length_of_url(&text[path..]);
        if let Some(start) = start_of_url(text, from, path) {
            found(start, &text[start..end]);
        }
        from = end;
    }
}

/// Where the address begins whose path begins at `path`; not before `from`.
fn start_of_url(text: &str, from: usize, path: usize) -> Option<usize> {
    let before = &text[from..path];
    let host = before
        .bytes()
        .rev()
        .take_while(|byte| is_host_byte(*byte))
        .count();
    let slashes = before[..before.len() - host].strip_suffix("//")?;
    let ends_with = |scheme: &str| {
        let length = slashes.len().checked_sub(scheme.len())?;
        slashes
            .get(length..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case(scheme))
            .then_some(length)
    };
    let start = ends_with("https:")
        .or_else(|| ends_with("http:"))
        .unwrap_or(slashes.len());
    Some(from + start)
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':')
}

/// How far an address goes: to white space, a quote, an angle bracket, or a
/// parenthesis that was not opened in it; without the punctuation of a sentence.
fn length_of_url(text: &str) -> usize {
    let mut open = 0_usize;
    let mut end = text.len();
    for (at, char) in text.char_indices() {
        match char {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' | '"' | '\'' | '<' | '>' | '`' | '\\' | ']' | '[' | '{' | '}' | '|' => {
                end = at;
                break;
            }
            char if char.is_whitespace() || char.is_control() => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    text[..end]
        .trim_end_matches([',', '.', ';', ':', '!', '?'])
        .len()
}
