//! Version numbers as programs print them.

use std::fmt;

/// The first dotted number in a program's answer to `--version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionNumber {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number; 0 where none is printed.
    pub patch: u32,
}

impl VersionNumber {
    /// Finds the version in text such as
    /// `syncthing v1.19.2-ds1 "Fermium Flea" (go1.19.8 linux-amd64)`.
    ///
    /// A version is a word that starts with a digit, or with `v` or `valgrind-`
    /// and the like before it, and has at least two numbers.
    pub fn find(text: &str) -> Option<Self> {
        text.split_ascii_whitespace().find_map(Self::of_word)
    }

    fn of_word(word: &str) -> Option<Self> {
        let start = word.find(|c: char| c.is_ascii_digit())?;
        let digits: &str = word.get(start..)?;
        let end = digits
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(digits.len());
        let mut numbers = digits.get(..end)?.split('.').map(str::parse::<u32>);
        let major = numbers.next()?.ok()?;
        let minor = numbers.next()?.ok()?;
        let patch = numbers.next().and_then(Result::ok).unwrap_or(0);
        Some(Self {
            major,
            minor,
            patch,
        })
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        VersionNumber::find(text).map(|version| version.to_string())
    }

    #[test]
    fn versions_are_found_where_programs_print_them() {
        let syncthing = "syncthing v1.19.2-ds1 \"Fermium Flea\" (go1.19.8 linux-amd64) debian";
        assert_eq!(found(syncthing).as_deref(), Some("1.19.2"));
        assert_eq!(found("valgrind-3.19.0").as_deref(), Some("3.19.0"));
        assert_eq!(
            found("wrk debian/4.1.0-3+b2 [epoll]").as_deref(),
            Some("4.1.0")
        );
        assert_eq!(
            found("curl 7.88.1 (x86_64-pc-linux-gnu)").as_deref(),
            Some("7.88.1")
        );
        assert_eq!(found("rustc 1.85 (x)").as_deref(), Some("1.85.0"));
    }

    #[test]
    fn text_without_a_dotted_number_has_no_version() {
        assert_eq!(found("no version, build 7"), None);
        assert_eq!(found(""), None);
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_text() {
        assert!(VersionNumber::find("1.9.2") < VersionNumber::find("1.19.0"));
    }
}
