//! The query of a request, without what OAuth put into it.

use percent_encoding::percent_decode_str;

use super::answer::Answer;
use super::layout::escaped;

/// The parameters of a query, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query. `+` is a space, as in forms. OAuth's own parameters are
    /// left out.
    pub(super) fn parse(text: &str) -> Result<Self, Answer> {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            let decoded = percent_decode_str(&text).decode_utf8();
            decoded
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| Answer::bad_request("the query is not UTF-8"))
        };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if name.starts_with("oauth_") {
                continue;
            }
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Answer::bad_request(format!(
                    "the parameter `{name}` is there twice"
                )));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Refuses parameters that have no meaning here: they are most likely
    /// typing errors.
    pub(super) fn only(&self, known: &[&str]) -> Result<&Self, Answer> {
        match self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            Some((name, _)) => Err(Answer::bad_request(format!(
                "the parameter `{name}` is not known here"
            ))),
            None => Ok(self),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same parameters for another page, sorted; empty or with `?`.
    pub(super) fn for_page(&self, page: usize) -> String {
        let mut pairs: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| *name != "page")
            .collect();
        let number = page.to_string();
        if page > 1 {
            pairs.push(("page", &number));
        }
        pairs.sort_unstable();
        let mut text = String::new();
        for (name, value) in pairs {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.extend(escaped(name));
            text.push('=');
            text.extend(escaped(value));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_stay_in_the_links_of_pages_and_signatures_do_not() {
        let query =
            Query::parse("since=2009-11-01T123000Z&page=4&oauth_nonce=x&dataclass=a%26b").unwrap();
        assert_eq!(
            query.for_page(2),
            "?dataclass=a%26b&page=2&since=2009-11-01T123000Z"
        );
        assert_eq!(
            query.for_page(1),
            "?dataclass=a%26b&since=2009-11-01T123000Z"
        );
        assert_eq!(Query::parse("oauth_nonce=x").unwrap().for_page(1), "");
    }

    #[test]
    fn what_is_unknown_doubled_or_unreadable_is_refused() {
        let query = Query::parse("a=1&b=+%2B").unwrap();
        assert_eq!(query.get("b"), Some(" +"));
        assert!(query.only(&["a", "b"]).is_ok());
        assert_eq!(query.only(&["b"]).unwrap_err().status, 400);
        assert!(Query::parse("a=1&a=2").is_err());
        assert!(Query::parse("a=%FF").is_err());
    }
}
