//! What a collection takes (RFC 5023 section 8.3.4).

use super::ENTRY_TYPE;

/// The media ranges that may be posted to a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept(Vec<String>);

impl Default for Accept {
    /// Entries: what a collection takes that says nothing.
    fn default() -> Self {
        Self(vec![ENTRY_TYPE.to_owned()])
    }
}

impl Accept {
    /// These media ranges, and no others.
    pub fn new<R: Into<String>>(ranges: impl IntoIterator<Item = R>) -> Self {
        Self(ranges.into_iter().map(Into::into).collect())
    }

    /// Nothing: the collection is read-only.
    pub const fn nothing() -> Self {
        Self(Vec::new())
    }

    /// The ranges as they were written; none when nothing is taken.
    pub fn ranges(&self) -> &[String] {
        &self.0
    }

    /// Whether entries are taken.
    pub fn entries(&self) -> bool {
        self.takes(ENTRY_TYPE)
    }

    /// Whether this media type is taken. Parameters of a range must be met
    /// when the type has them too; case does not matter.
    pub fn takes(&self, media_type: &str) -> bool {
        let wanted = Parsed::new(media_type);
        self.0
            .iter()
            .any(|range| Parsed::new(range).covers(&wanted))
    }
}

struct Parsed {
    kind: String,
    subtype: String,
    parameters: Vec<(String, String)>,
}

impl Parsed {
    fn new(text: &str) -> Self {
        let mut parts = text.split(';');
        let essence = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/').unwrap_or((&essence, ""));
        let parameter = |part: &str| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            Some((name.trim().to_ascii_lowercase(), value.to_ascii_lowercase()))
        };
        Self {
            kind: kind.to_owned(),
            subtype: subtype.to_owned(),
            parameters: parts.filter_map(parameter).collect(),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        let part = |range: &str, part: &str| range == "*" || range == part;
        part(&self.kind, &other.kind)
            && part(&self.subtype, &other.subtype)
            && self
                .parameters
                .iter()
                .filter(|(name, _)| name != "q")
                .all(|(name, value)| {
                    let same = other.parameters.iter().find(|(other, _)| other == name);
                    same.is_none_or(|(_, other)| other == value)
                })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_take_what_they_cover() {
        for (range, media_type, taken) in [
            (
                "application/atom+xml;type=entry",
                "application/atom+xml;type=entry",
                true,
            ),
            (
                "application/atom+xml",
                "application/atom+xml; type=\"entry\"",
                true,
            ),
            (
                "application/atom+xml;type=feed",
                "application/atom+xml;type=entry",
                false,
            ),
            (
                "Application/Atom+XML; Type=Entry",
                "application/atom+xml;type=entry",
                true,
            ),
            ("*/*", "image/png", true),
            ("image/*", "image/png", true),
            ("image/*", "text/plain", false),
            ("image/png", "image/gif", false),
        ] {
            assert_eq!(
                Accept::new([range]).takes(media_type),
                taken,
                "{range} {media_type}"
            );
        }
        assert!(Accept::default().entries());
        assert!(!Accept::nothing().entries());
        assert!(!Accept::new(["image/*"]).entries());
    }
}
