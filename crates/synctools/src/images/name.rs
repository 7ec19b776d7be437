//! Names of files, as image fields hold them.

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It begins with a slash.
    #[error("it is absolute")]
    Absolute,
    /// It has a segment `..`.
    #[error("it climbs with ..")]
    Climbs,
    /// It has an empty segment, or one that is `.`; it ends with a slash.
    #[error("one of its segments is empty or a dot")]
    EmptySegment,
    /// It has a NUL or another control character.
    #[error("it has a control character")]
    Control,
    /// It has a backslash, which is a separator on Windows.
    #[error("it has a backslash")]
    Backslash,
    /// It begins with the letter of a drive, or has a colon on Windows.
    #[error("it has the letter of a drive")]
    Drive,
    /// It is longer than file systems take: 255 bytes a segment, 1024 in all.
    #[error("it is too long")]
    TooLong,
    /// It names a device of Windows, or one of the temporary files of this crate.
    #[error("it is reserved")]
    Reserved,
}

/// What the names of unfinished files begin with.
pub(super) const UNFINISHED: &str = ".synctools-";

/// A name that stays within its folder: relative, with `/` between segments.
///
/// Names come from the other side, so nothing about them is taken for granted.
/// What is refused is refused on all systems alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct MediaName<'a>(&'a str);

impl<'a> MediaName<'a> {
    pub(super) fn new(name: &'a str) -> Result<Self, NameError> {
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        if name.len() > 1024 {
            return Err(NameError::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(NameError::Control);
        }
        if name.contains('\\') {
            return Err(NameError::Backslash);
        }
        if name.starts_with('/') {
            return Err(NameError::Absolute);
        }
        let bytes = name.as_bytes();
        let drive =
            bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':');
        if drive || (cfg!(windows) && name.contains(':')) {
            return Err(NameError::Drive);
        }
        for segment in name.split('/') {
            match segment {
                "" | "." => return Err(NameError::EmptySegment),
                ".." => return Err(NameError::Climbs),
                _ if segment.len() > 255 => return Err(NameError::TooLong),
                _ if segment.starts_with(UNFINISHED) => return Err(NameError::Reserved),
                _ if cfg!(windows) && is_device(segment) => return Err(NameError::Reserved),
                _ => {}
            }
        }
        Ok(Self(name))
    }

    /// The folders on the way, and the file.
    pub(super) fn split(&self) -> (Vec<&'a str>, &'a str) {
        let mut folders: Vec<&str> = self.0.split('/').collect();
        let file = folders.pop().unwrap_or(self.0);
        (folders, file)
    }

    /// The same in a URL: every segment is encoded, so that `#`, `?` and `%`
    /// are those of the name.
    pub(super) fn encoded(&self) -> String {
        use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
        /// RFC 3986 section 2.3, and the slash between the segments.
        const KEPT: &AsciiSet = &NON_ALPHANUMERIC
            .remove(b'-')
            .remove(b'.')
            .remove(b'_')
            .remove(b'~')
            .remove(b'/');
        utf8_percent_encode(self.0, KEPT).to_string()
    }
}

/// The names that Windows keeps for devices, whatever their extension.
fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" => true,
        _ => {
            let port = stem
                .strip_prefix("com")
                .or_else(|| stem.strip_prefix("lpt"));
            port.is_some_and(|number| number.len() == 1 && number.as_bytes()[0].is_ascii_digit())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        use NameError as E;
        let long = "x".repeat(256);
        let deep = "x/".repeat(600);
        for (name, why) in [
            ("", E::Empty),
            ("/etc/passwd", E::Absolute),
            ("//host/share", E::Absolute),
            ("../x.png", E::Climbs),
            ("photos/../../x.png", E::Climbs),
            ("photos/..", E::Climbs),
            ("photos//x.png", E::EmptySegment),
            ("./x.png", E::EmptySegment),
            ("photos/", E::EmptySegment),
            ("a\0b.png", E::Control),
            ("a\nb.png", E::Control),
            ("a\u{9b}b.png", E::Control),
            ("..\\..\\x.png", E::Backslash),
            ("C:/windows/x.png", E::Drive),
            ("c:x.png", E::Drive),
            (&long, E::TooLong),
            (&deep, E::TooLong),
            (".synctools-1.part", E::Reserved),
        ] {
            assert_eq!(MediaName::new(name), Err(why), "{name:?}");
        }
    }

    #[test]
    fn names_that_only_look_odd_are_taken() {
        for name in [
            "a..b/..c/x..",
            "photos/ü ni#?%20.png",
            "...",
            "-rf",
            "ab:c",
            "%2e%2e/x",
        ] {
            // A colon is a stream on Windows.
            if !(cfg!(windows) && name.contains(':')) {
                assert!(MediaName::new(name).is_ok(), "{name:?}");
            }
        }
    }

    #[test]
    fn every_segment_is_encoded() {
        for (name, url) in [
            ("photos/a.png", "photos/a.png"),
            ("photos/sp ace.png", "photos/sp%20ace.png"),
            ("photos/üni.png", "photos/%C3%BCni.png"),
            ("photos/has#hash.png", "photos/has%23hash.png"),
            ("photos/has?q.png", "photos/has%3Fq.png"),
            ("photos/per%20cent.png", "photos/per%2520cent.png"),
            ("%2e%2e/x", "%252e%252e/x"),
        ] {
            assert_eq!(MediaName::new(name).unwrap().encoded(), url);
        }
    }

    proptest! {
        #[test]
        fn an_accepted_name_never_leaves_its_folder(name in "[./\\\\:a-c\u{0}%]{0,24}|\\PC{0,24}") {
            if let Ok(name) = MediaName::new(&name) {
                let path: std::path::PathBuf = name.0.split('/').collect();
                let normal = |part| matches!(part, std::path::Component::Normal(_));
                prop_assert!(path.components().all(normal), "{path:?}");
                prop_assert_eq!(path.components().count(), name.split().0.len() + 1);
                // Nor as seen by whoever reads the URL.
                let uri: http::Uri = format!("http://h/m/{}", name.encoded()).parse().unwrap();
                prop_assert!(uri.path().starts_with("/m/") && uri.query().is_none());
            }
        }
    }
}
