//! What the client wants of the answer's form.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderName, Uri};

use crate::wire::Format;

/// The media types of one object per line.
const LINES: [&str; 4] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
];

/// Lines for `?format=ndjson`, or for an `Accept` that has a type of theirs and
/// not JSON before it.
pub(super) fn format(uri: &Uri, headers: &HeaderMap) -> Format {
    let query = uri.query().unwrap_or_default();
    let by_query = query.split('&').any(|pair| pair == "format=ndjson");
    let by_header = || {
        let of = |names: &[&str]| {
            choices(headers, &ACCEPT)
                .filter(|(name, _)| names.iter().any(|n| name.eq_ignore_ascii_case(n)))
                .map(|(_, weight)| weight)
                .max()
                .unwrap_or(0)
        };
        let lines = of(&LINES);
        lines > 0 && lines >= of(&["application/json"])
    };
    if by_query || by_header() {
        Format::Lines
    } else {
        Format::Array
    }
}

/// The value of `Content-Type`.
pub(super) const fn media_type(format: Format) -> &'static str {
    match format {
        Format::Array => "application/json",
        Format::Lines => "application/x-ndjson",
    }
}

/// Whether the answer may be sent in gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut any = false;
    for (coding, weight) in choices(headers, &ACCEPT_ENCODING) {
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            // Named, it isn't what `*` stands for.
            return weight > 0;
        }
        any |= coding == "*" && weight > 0;
    }
    any
}

/// The alternatives of a header, with their weights in thousandths.
fn choices<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (&'a str, u16)> + use<'a> {
    let values = headers.get_all(name).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(|choice| {
        let mut parts = choice.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts
            .filter_map(|part| part.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
            .map_or(1000, |(_, value)| weight(value.trim()));
        (name, weight)
    })
}

fn weight(text: &str) -> u16 {
    match text.parse::<f32>() {
        // What is out of range is cut to it by the conversion or the minimum.
        Ok(weight) if weight.is_finite() => ((weight * 1000.0) as u16).min(1000),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn gzip_is_taken_only_where_it_is_allowed() {
        let takes = |value| takes_gzip(&headers(ACCEPT_ENCODING, value));
        assert!(takes("gzip, deflate"));
        assert!(takes("deflate, GZIP;q=0.1"));
        assert!(takes("x-gzip"));
        assert!(takes("*"));
        assert!(takes("br;q=1.0, *;q=0.5"));
        assert!(!takes("gzip;q=0"));
        assert!(!takes("gzip;q=0.000, *"));
        assert!(!takes("*;q=0"));
        assert!(!takes("identity"));
        assert!(!takes(""));
        assert!(!takes("gzipped"));
        assert!(!takes("gzip;q=maybe"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn lines_are_sent_only_to_those_who_ask() {
        let none = HeaderMap::new();
        let by_query = |uri| format(&Uri::from_static(uri), &none);
        assert_eq!(by_query("/blogs/?format=ndjson"), Format::Lines);
        assert_eq!(by_query("/blogs/?a=1&format=ndjson"), Format::Lines);
        assert_eq!(by_query("/blogs/?format=xml"), Format::Array);
        assert_eq!(by_query("/blogs/?xformat=ndjson"), Format::Array);
        assert_eq!(by_query("/blogs/"), Format::Array);
        let uri = Uri::from_static("/blogs/");
        let by_header = |value| format(&uri, &headers(ACCEPT, value));
        assert_eq!(by_header("application/x-ndjson"), Format::Lines);
        assert_eq!(
            by_header("application/x-ndjson, application/json;q=0.9"),
            Format::Lines
        );
        assert_eq!(
            by_header("application/json, application/ndjson;q=0.9"),
            Format::Array
        );
        assert_eq!(by_header("*/*"), Format::Array);
        assert_eq!(by_header("application/x-ndjson;q=0"), Format::Array);
    }
}
