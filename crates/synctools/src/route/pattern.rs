//! Which path answers, and what is taken out of it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use regex_lite::Regex;

/// The named groups of a path, as the request had them.
///
/// With the path `blog/(?P<slug>[^/]+)`, a request of `blog/first/` has the
/// argument `slug` with the value `first`. Groups without a name, and those
/// that matched nothing, are no arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args(Vec<(String, String)>);

impl Args {
    /// The value of a group.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(group, _)| group == name)?;
        Some(value)
    }

    /// All groups that matched, in the order of the path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// A path that answers: a regular expression, with or without a slash after it.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    path: String,
    regex: Regex,
}

impl Pattern {
    /// # Errors
    ///
    /// What is wrong with the expression.
    pub(super) fn new(path: &str) -> Result<Self, String> {
        if path.starts_with('/') {
            return Err("a path has no slash at its start".to_owned());
        }
        // Alone first: `a)|(b` is none, though it would be one within a group.
        Regex::new(path).map_err(|error| error.to_string())?;
        let regex = Regex::new(&format!("^(?:{path})/?$"));
        Ok(Self {
            path: path.to_owned(),
            regex: regex.map_err(|error| error.to_string())?,
        })
    }

    /// The path as it was given.
    pub(super) fn as_str(&self) -> &str {
        &self.path
    }

    /// The arguments, if the path is one of this pattern's.
    pub(super) fn matches(&self, path: &str) -> Option<Args> {
        let found = self.regex.captures(path)?;
        let groups = self.regex.capture_names().enumerate();
        let named = groups.filter_map(|(index, name)| {
            let value = found.get(index)?.as_str().to_owned();
            Some((name?.to_owned(), value))
        });
        Some(Args(named.collect()))
    }
}

/// The path of a request below the prefix, decoded; `None` if it isn't below
/// it, or no UTF-8.
pub(super) fn below<'a>(prefix: &str, path: &'a str) -> Option<Cow<'a, str>> {
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    match decoded {
        Cow::Borrowed(path) => path.strip_prefix(prefix).map(Cow::Borrowed),
        Cow::Owned(path) => path
            .strip_prefix(prefix)
            .map(|rest| Cow::Owned(rest.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(path).is_some()
    }

    #[test]
    fn one_slash_may_follow_and_no_more() {
        assert!(matches("blogs", "blogs"));
        assert!(matches("blogs", "blogs/"));
        assert!(!matches("blogs", "blogs//"));
        assert!(!matches("blogs", "/blogs"));
        assert!(!matches("blogs", "blogs/\n"));
        assert!(!matches("blogs", "blogs\n"));
        assert!(!matches("blogs", "myblogs"));
    }

    #[test]
    fn alternatives_are_of_the_path_and_not_of_its_ends() {
        assert!(matches("a|b", "a/"));
        assert!(matches("a|b", "b/"));
        assert!(!matches("a|b", "ax"));
        assert!(!matches("a|b", "xb"));
    }

    #[test]
    fn named_groups_are_arguments() {
        let pattern = Pattern::new("blog/(?P<slug>[^/]+)(/(?P<page>[0-9]+))?").unwrap();
        let args = pattern.matches("blog/caf\u{e9} \u{2603}/").unwrap();
        assert_eq!(args.get("slug"), Some("caf\u{e9} \u{2603}"));
        assert_eq!(args.get("page"), None);
        let args = pattern.matches("blog/first/2").unwrap();
        let all: Vec<_> = args.iter().collect();
        assert_eq!(all, [("slug", "first"), ("page", "2")]);
        assert!(pattern.matches("blog/a/b/").is_none());
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for wrong in ["(", "a)|(b", "(?P<x>", "[", "/blogs"] {
            assert!(Pattern::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_is_decoded_before_it_is_compared() {
        assert_eq!(below("/sync/", "/sync/caf%C3%A9/").unwrap(), "caf\u{e9}/");
        assert_eq!(below("/sync/", "/sync/a%2Fb").unwrap(), "a/b");
        assert_eq!(below("/sync/", "/sync/a%").unwrap(), "a%");
        assert_eq!(below("/", "/blogs").unwrap(), "blogs");
        assert_eq!(below("/sync/", "/sync/%ff"), None);
        assert_eq!(below("/sync/", "/other/blogs"), None);
        assert_eq!(below("/sync/", "*"), None);
    }
}
