//! The files of assets, whole or in part.

use http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderName, StatusCode};

use super::answer::Answer;
use super::world::File;

pub(super) fn serve(file: &File, headers: &HeaderMap) -> Answer {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let bytes = file.bytes.bytes();
    let length = bytes.len();
    // A path is of one version only: the bytes behind it never change.
    let etag = format!("\"{}-{length}\"", file.path.split('/').nth(5).unwrap_or(""));
    let empty = |status| Answer::empty(status).with(ETAG, &etag);
    if header(IF_NONE_MATCH).is_some_and(|known| known == etag) {
        return empty(StatusCode::NOT_MODIFIED);
    }
    let known = header(IF_RANGE).is_none_or(|known| known == etag);
    let asked = header(RANGE).filter(|_| known);
    let (status, body, range) = match asked.map(|asked| part(asked, length)) {
        None | Some(Part::Whole) => (StatusCode::OK, bytes, None),
        Some(Part::Of(start, end)) => (
            StatusCode::PARTIAL_CONTENT,
            bytes.slice(start..end),
            Some(format!("bytes {start}-{}/{length}", end - 1)),
        ),
        Some(Part::None) => {
            let range = format!("bytes */{length}");
            return empty(StatusCode::RANGE_NOT_SATISFIABLE).with(CONTENT_RANGE, &range);
        }
    };
    let answer = Answer {
        body,
        ..empty(status)
    }
    .with(CONTENT_TYPE, &file.media_type)
    .with(ACCEPT_RANGES, "bytes");
    match range {
        Some(range) => answer.with(CONTENT_RANGE, &range),
        None => answer,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// What cannot be read is passed over.
    Whole,
    /// From a byte to before another, which is never the same.
    Of(usize, usize),
    None,
}

/// One range of bytes; several are not served in parts.
fn part(asked: &str, length: usize) -> Part {
    let Some((first, last)) = asked
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Part::Whole;
    };
    let (start, end) = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(start), Ok(last)) if start <= last => (start, length.min(last.saturating_add(1))),
        (Ok(start), Err(_)) if last.is_empty() => (start, length),
        (Err(_), Ok(count)) if first.is_empty() => (length.saturating_sub(count), length),
        _ => return Part::Whole,
    };
    if start < end {
        Part::Of(start, end)
    } else {
        Part::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_served_as_asked_for() {
        for (asked, expected) in [
            ("bytes=0-3", Part::Of(0, 4)),
            ("bytes=4-", Part::Of(4, 10)),
            ("bytes=-3", Part::Of(7, 10)),
            ("bytes=5-100", Part::Of(5, 10)),
            ("bytes=10-", Part::None),
            ("bytes=0-1,4-5", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(asked, 10), expected, "{asked}");
        }
        assert_eq!(part("bytes=0-", 0), Part::None);
    }
}
