//! Text where text is expected, and where something else came.

use std::borrow::Cow;

/// A JSON string as text; `None` for anything else.
pub(super) fn string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// A JSON string or number as text; `None` for anything else.
pub(super) fn text(raw: &str) -> Option<Cow<'_, str>> {
    match raw.as_bytes().first()? {
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(raw)),
        _ => string(raw),
    }
}

/// A JSON number, or a string that is one.
pub(crate) fn number(raw: &str) -> Option<u64> {
    text(raw)?.parse().ok()
}
