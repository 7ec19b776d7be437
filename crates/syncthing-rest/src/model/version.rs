//! Versions of the daemon.

use std::fmt;

/// A daemon's version, such as `v1.19.2-ds1` or `v2.1.3`.
///
/// The three numbers decide an order; what a distribution or an unreleased
/// build appends comes after them, so `v1.19.2-ds1` is at least 1.19.2.
///
/// ```
/// use syncthing_rest::model::Version;
///
/// let version = Version::parse("v1.29.5-3-g328d910ae").unwrap();
/// assert!(version >= Version::new(1, 29, 5) && version < Version::new(2, 0, 0));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
    suffix: String,
}

impl Version {
    /// A release.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
            suffix: String::new(),
        }
    }

    /// Reads `MAJOR[.MINOR[.PATCH]]` with an optional `v` before and anything
    /// after, which starts with another character than a digit or a dot.
    /// `None` if there is no number to read, as for `unknown-dev`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let mut numbers = [0; 3];
        for (at, number) in numbers.iter_mut().enumerate() {
            let after_dot = match at {
                0 => rest,
                _ => match rest.strip_prefix('.') {
                    Some(after) => after,
                    None => break,
                },
            };
            let length = after_dot.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 && at > 0 {
                break;
            }
            let (digits, after) = after_dot.split_at(length);
            *number = digits.parse().ok()?;
            rest = after;
        }
        let [major, minor, patch] = numbers;
        Some(Self {
            major,
            minor,
            patch,
            suffix: rest.to_owned(),
        })
    }

    /// The first number.
    pub const fn major(&self) -> u32 {
        self.major
    }

    /// The second number.
    pub const fn minor(&self) -> u32 {
        self.minor
    }

    /// The third number.
    pub const fn patch(&self) -> u32 {
        self.patch
    }

    /// What follows the numbers: `-ds1`, `-rc.1`, or nothing for a release.
    pub fn suffix(&self) -> &str {
        &self.suffix
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            major,
            minor,
            patch,
            suffix,
        } = self;
        write!(f, "v{major}.{minor}.{patch}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_and_builds_append_what_they_like() {
        let parsed = |text: &str| {
            let version = Version::parse(text)?;
            let Version {
                major,
                minor,
                patch,
                suffix,
            } = version;
            Some((major, minor, patch, suffix))
        };
        let of = |major, minor, patch, suffix: &str| Some((major, minor, patch, suffix.to_owned()));
        assert_eq!(parsed("v1.19.2-ds1"), of(1, 19, 2, "-ds1"));
        assert_eq!(parsed("2.1.3"), of(2, 1, 3, ""));
        assert_eq!(
            parsed(" v2.1.3-3-g328d910ae "),
            of(2, 1, 3, "-3-g328d910ae")
        );
        assert_eq!(parsed("v1.29.5~ds1+b2"), of(1, 29, 5, "~ds1+b2"));
        assert_eq!(parsed("v2"), of(2, 0, 0, ""));
        assert_eq!(parsed("v1.2.x"), of(1, 2, 0, ".x"));
        assert_eq!(parsed("unknown-dev"), None);
        assert_eq!(parsed(""), None);
        assert_eq!(parsed("v99999999999.1"), None);
    }

    #[test]
    fn a_suffix_does_not_make_it_older() {
        let packaged = Version::parse("v1.26.1-ds1").unwrap();
        assert!(packaged >= Version::new(1, 26, 1));
        assert!(packaged < Version::new(1, 26, 2));
        assert!(Version::new(1, 9, 0) < Version::new(1, 10, 0));
    }
}
