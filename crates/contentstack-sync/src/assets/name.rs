//! Names that are safe on every file system.

use std::borrow::Cow;
use std::path::{Component, Path};

/// How many bytes a name has at the most. Some encrypted file systems take
/// 143, and there is room for what programs add.
const MAX_NAME: usize = 120;

/// How much of that its extension may be.
const MAX_EXTENSION: usize = 16;

/// The name of a file as it can be used on any system, without leaving its
/// folder, becoming a hidden file or a device:
///
/// * separators, `: * ? " < > |`, control characters and those that turn the
///   direction of writing become `_`, as does a dot or space at either end;
/// * the reserved names of Windows (`CON`, `lpt1.txt`) get a `_` in front;
/// * it is cut to 120 bytes, at a character, keeping a short extension;
/// * what is empty then is `file`.
///
/// ```
/// use contentstack_sync::assets::safe_name;
///
/// assert_eq!(safe_name("spec sheet.pdf"), "spec sheet.pdf");
/// assert_eq!(safe_name("../../etc/passwd"), "_._.._etc_passwd");
/// assert_eq!(safe_name("nul.txt"), "_nul.txt");
/// ```
pub fn safe_name(name: &str) -> Cow<'_, str> {
    if is_safe(name) {
        return Cow::Borrowed(name);
    }
    let mut safe: String = name
        .chars()
        .map(|char| if is_harmless(char) { char } else { '_' })
        .collect();
    safe = shorten(safe);
    if safe.starts_with(['.', ' ']) {
        safe.replace_range(..1, "_");
    }
    if safe.ends_with(['.', ' ']) {
        safe.pop();
        safe.push('_');
    }
    if is_reserved(&safe) {
        safe.insert(0, '_');
    }
    if safe.is_empty() {
        safe.push_str("file");
    }
    Cow::Owned(safe)
}

/// The place of a file in the folder.
pub(super) fn place(uid: &str, url: &str, name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let owner = match (1..=64).contains(&uid.len()) && uid.bytes().all(plain) {
        true if !is_reserved(uid) => Cow::Borrowed(uid),
        _ => Cow::Owned(format!("uid-{}", digest(uid, 8))),
    };
    format!("{owner}/{}/{}", digest(url, 8), safe_name(name))
}

/// The first bytes of the SHA-256 of a text, in hexadecimal.
pub(super) fn digest(text: &str, bytes: usize) -> String {
    use std::fmt::Write as _;
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let mut hex = String::new();
    for byte in digest.as_ref().iter().take(bytes) {
        // Writing to a text does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Whether a path that a store gave leads to something within a folder.
pub(super) fn stays_within(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn is_safe(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.chars().all(is_harmless)
        && !name.starts_with(['.', ' '])
        && !name.ends_with(['.', ' '])
        && !is_reserved(name)
}

fn is_harmless(char: char) -> bool {
    !char.is_control()
        && !matches!(char, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        // Marks that hide what a name is: `gpj.exe` shown as `exe.jpg`.
        && !matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The names of devices, whatever their extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    if ["con", "prn", "aux", "nul", "conin$", "conout$"]
        .into_iter()
        .any(is)
    {
        return true;
    }
    let mut chars = stem.chars();
    let number = chars.next_back();
    let port = chars.as_str();
    matches!(number, Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'))
        && (port.eq_ignore_ascii_case("com") || port.eq_ignore_ascii_case("lpt"))
}

fn shorten(name: String) -> String {
    if name.len() <= MAX_NAME {
        return name;
    }
    let extension = match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION => &name[dot..],
        _ => "",
    };
    let mut end = MAX_NAME - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &name[..end])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_names_are_made_harmless() {
        for (name, safe) in [
            ("hero.jpg", "hero.jpg"),
            ("日本語 — naïve.pdf", "日本語 — naïve.pdf"),
            ("a..b", "a..b"),
            ("", "file"),
            (".", "_"),
            ("..", "__"),
            ("/", "_"),
            ("/etc/passwd", "_etc_passwd"),
            ("..\\..\\x", "_._.._x"),
            ("C:\\x", "C__x"),
            (".htaccess", "_htaccess"),
            ("name. ", "name._"),
            ("a\0b\nc", "a_b_c"),
            ("CON", "_CON"),
            ("con.tar.gz", "_con.tar.gz"),
            ("Lpt1 .txt", "_Lpt1 .txt"),
            ("com\u{b9}", "_com\u{b9}"),
            ("comma.txt", "comma.txt"),
            ("com10", "com10"),
            ("x\u{202e}gpj.exe", "x_gpj.exe"),
            ("file:stream", "file_stream"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        let long = format!("{}.jpeg", "é".repeat(200));
        let cut = safe_name(&long);
        assert!(cut.len() <= 120 && cut.ends_with("é.jpeg"), "{cut}");
        let tail = format!("a.{}", "x".repeat(200));
        assert_eq!(safe_name(&tail).len(), 120);
    }

    #[test]
    fn every_address_has_a_place_of_its_own() {
        let place = |uid, url| place(uid, url, "n.jpg");
        assert_ne!(place("blt1", "https://a/1"), place("blt1", "https://a/2"));
        for uid in ["../..", "", ".", "a/b", "con", "x y", &"u".repeat(100)] {
            let place = place(uid, "https://a/1");
            assert!(place.starts_with("uid-") && stays_within(&place), "{place}");
        }
        for path in ["", "/x", "../x", "a/../b", "./x"] {
            assert!(!stays_within(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn a_safe_name_is_one_safe_component(name in "\\PC*|[./\\\\: con1\u{0}\u{202e}]{0,140}") {
            let safe = safe_name(&name).into_owned();
            prop_assert!(is_safe(&safe) || safe.len() <= MAX_NAME + 1, "{safe:?}");
            prop_assert!(stays_within(&safe));
            prop_assert_eq!(Path::new(&safe).components().count(), 1);
            prop_assert!(!safe.contains(['/', '\\', '\0']));
            // Safe already: nothing more to do.
            if safe.len() <= MAX_NAME {
                prop_assert_eq!(safe_name(&safe), &*safe);
            }
        }
    }
}
