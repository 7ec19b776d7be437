//! Targets of requests: path segments and query parameters.

use percent_encoding::percent_decode_str;

/// The parameters of a query, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query or a form; `None` when it is not UTF-8. `+` is a space.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let decode = |text: &str| decoded(&text.replace('+', " "));
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        pairs.collect::<Option<_>>().map(Self)
    }

    /// The first of this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on: `1` or `true`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true"))
    }
}

/// Undoes percent-encoding; `None` when the result is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Whether a name has only these characters besides letters and digits, and is
/// not longer than that.
fn is_name(text: &str, others: &[u8], longest: usize) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
    (1..=longest).contains(&text.len()) && text.bytes().all(good)
}

/// `[A-Za-z0-9._%-]{1,64}`.
pub(super) fn is_bucket_name(text: &str) -> bool {
    is_name(text, b"._%-", 64)
}

/// `[A-Za-z0-9._%@-]{1,256}`.
pub(super) fn is_key(text: &str) -> bool {
    is_name(text, b"._%@-", 256)
}

/// A ccid or a clientid.
pub(super) fn is_id(text: &str) -> bool {
    (1..=256).contains(&text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_may_be_there_more_than_once() {
        let query = Query::parse("skip_clientid=c+x&skip_clientid=y%2B&data=1&wait").unwrap();
        assert_eq!(
            query.all("skip_clientid").collect::<Vec<_>>(),
            ["c x", "y+"]
        );
        assert!(query.is_on("data") && !query.is_on("wait") && !query.is_on("x"));
        assert_eq!(query.get("wait"), Some(""));
        assert!(Query::parse("a=%FF").is_none());
    }

    #[test]
    fn names_have_few_characters() {
        for good in ["a", "a.b_c-d%20@e", &"k".repeat(256)] {
            assert!(is_key(good), "{good}");
        }
        for bad in ["", "a b", "a/b", "é", "a?b", &"k".repeat(257)] {
            assert!(!is_key(bad), "{bad}");
        }
        assert!(is_bucket_name("__options__") && !is_bucket_name("a@b"));
    }
}
