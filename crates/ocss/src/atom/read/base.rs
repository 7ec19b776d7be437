//! What references are relative to: `xml:base` and the document's address.

use iri_string::types::{IriAbsoluteStr, IriReferenceStr};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What no reference may hold, but some do (RFC 3987 section 3.1), besides all
/// that is not ASCII.
pub(crate) const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The bases of the open elements, innermost last.
#[derive(Debug)]
pub(super) struct Bases {
    /// With the depth of the element that set it; the document's own is 0.
    stack: Vec<(usize, String)>,
}

impl Bases {
    pub(super) fn new(url: &str) -> Self {
        Self {
            stack: vec![(0, without_fragment(url).to_owned())],
        }
    }

    pub(super) fn current(&self) -> &str {
        self.stack.last().map_or("", |(_, base)| base)
    }

    /// The base that the document itself sets.
    pub(super) fn explicit(&self) -> Option<&str> {
        self.stack
            .last()
            .filter(|(depth, _)| *depth > 0)
            .map(|(_, base)| base.as_str())
    }

    /// Says what it has cost.
    pub(super) fn push(&mut self, depth: usize, reference: &str) -> u64 {
        let (base, cost) = resolve_at_cost(self.current(), reference.trim());
        let base = without_fragment(&base).to_owned();
        let cost = cost.max(base.len() as u64);
        self.stack.push((depth, base));
        cost
    }

    /// The element at `depth` ends.
    pub(super) fn pop(&mut self, depth: usize) {
        self.stack.pop_if(|(at, _)| *at == depth && depth > 0);
    }
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

/// Resolves a reference. One that cannot be resolved stays as it is.
pub(crate) fn resolve(base: &str, reference: &str) -> Box<str> {
    resolve_at_cost(base, reference).0
}

/// As [`resolve`], and what it has cost: how many bytes of the base were read,
/// or how many the reference has grown by if that is more.
pub(crate) fn resolve_at_cost(base: &str, reference: &str) -> (Box<str>, u64) {
    if is_resolved(reference) {
        return (reference.into(), 0);
    }
    let base = without_fragment(base);
    // Only a reference to the document itself has the query of its base.
    let base = match reference.is_empty() || reference.starts_with('#') {
        true => base,
        false => base.split('?').next().unwrap_or_default(),
    };
    let resolved = strict(base, reference)
        .or_else(|| {
            let repaired: String = utf8_percent_encode(reference, ILLEGAL).collect();
            strict(base, &repaired)
        })
        .unwrap_or_else(|| reference.into());
    let growth = resolved.len().saturating_sub(reference.len());
    (resolved, base.len().max(growth) as u64)
}

fn strict(base: &str, reference: &str) -> Option<Box<str>> {
    let base = IriAbsoluteStr::new(base).ok()?;
    let reference = IriReferenceStr::new(reference).ok()?;
    Some(reference.resolve_against(base).to_string().into())
}

/// Resolving would change nothing: there is a scheme and a host, and there are
/// neither dot segments nor characters that do not belong.
fn is_resolved(reference: &str) -> bool {
    if !reference.starts_with("http://") && !reference.starts_with("https://") {
        return false;
    }
    let bytes = reference.as_bytes();
    let dot_segment = |at: usize| at > 0 && bytes[at - 1] == b'/';
    bytes.iter().all(|byte| BELONGS[usize::from(*byte)])
        && !memchr::memchr_iter(b'.', bytes).any(dot_segment)
}

/// For each byte, whether it may stand in a reference as it is.
const BELONGS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b' ' as usize + 1;
    while byte < 256 {
        table[byte] = !matches!(
            byte as u8,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
        );
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_however_they_are_written() {
        let base = "http://h/v2/services/datastore/";
        for (reference, expected) in [
            ("http://other/x", "http://other/x"),
            ("http://other/a/../b", "http://other/b"),
            ("../x/./y", "http://h/v2/services/x/y"),
            ("?page=2", "http://h/v2/services/datastore/?page=2"),
            ("", "http://h/v2/services/datastore/"),
            ("/æ", "http://h/æ"),
            ("//o/p", "http://o/p"),
            ("a b|c", "http://h/v2/services/datastore/a%20b%7Cc"),
            ("http://o/a b", "http://o/a%20b"),
            ("urn:x:1", "urn:x:1"),
            ("http://[", "http://["),
        ] {
            assert_eq!(&*resolve(base, reference), expected, "{reference}");
        }
        assert_eq!(&*resolve("not absolute", "a"), "a");
        let base = "http://h/a/b?c=/d/";
        for (reference, expected) in [
            ("", "http://h/a/b?c=/d/"),
            ("#x", "http://h/a/b?c=/d/#x"),
            ("?e", "http://h/a/b?e"),
            ("e", "http://h/a/e"),
        ] {
            let with_fragment = format!("{base}#f");
            assert_eq!(
                &*resolve(&with_fragment, reference),
                expected,
                "{reference}"
            );
            assert_eq!(&*resolve(base, reference), expected, "{reference}");
        }
    }

    #[test]
    fn bases_are_chained_and_end_with_their_elements() {
        let mut bases = Bases::new("http://h/doc#top");
        assert_eq!((bases.current(), bases.explicit()), ("http://h/doc", None));
        bases.push(1, "https://api.example.com/top/");
        bases.push(3, " sub/ ");
        assert_eq!(bases.current(), "https://api.example.com/top/sub/");
        bases.pop(4);
        bases.pop(3);
        assert_eq!(bases.explicit(), Some("https://api.example.com/top/"));
        bases.pop(1);
        bases.pop(0);
        assert_eq!(bases.current(), "http://h/doc");
    }
}
