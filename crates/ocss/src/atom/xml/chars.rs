//! Characters and names.

/// Whether XML 1.0 can hold the character (section 2.2).
pub(crate) const fn is_legal(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Where the first character is that XML cannot hold. `text` is in UTF-8; the
/// last bytes of a character may be missing.
pub(crate) fn first_illegal_byte(text: &[u8]) -> Option<usize> {
    let illegal = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    // Without an early exit the compiler can look at many bytes at a time.
    let clean = |block: &[u8]| !block.iter().fold(false, |any, byte| any | illegal(*byte));
    let control = match text.chunks(256).position(|block| !clean(block)) {
        Some(block) => text
            .iter()
            .skip(block * 256)
            .position(|byte| illegal(*byte))
            .map(|at| block * 256 + at),
        None => None,
    };
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let nonchar = memchr::memchr_iter(0xEF, text)
        .find(|at| matches!(text.get(at + 1..at + 3), Some([0xBF, 0xBE | 0xBF])));
    match (control, nonchar) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Appends character data with its line ends normalised (section 2.11).
pub(super) fn push_normalized(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    out.push_str(rest);
}

/// Without the white space of XML around it.
pub(crate) fn trim(text: &str) -> &str {
    let bare = |byte: Option<&u8>| byte.is_none_or(|byte| !is_space(*byte));
    if bare(text.as_bytes().first()) && bare(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches([' ', '\t', '\r', '\n'])
}

pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// For each byte: 1, part of a name; 2, at its beginning too.
const NAME_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => 3,
            b'0'..=b'9' | b'-' | b'.' => 1,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// Whether this can be the name of an element or attribute, with at most one
/// prefix.
pub(crate) fn is_name(name: &str) -> bool {
    split_name(name).is_some()
}

/// Where the local part of a name begins. `None` when it is no name: that of
/// an element or attribute has at most one prefix. Characters beyond ASCII are
/// all let through: refusing the few that are no name characters would protect
/// nobody.
pub(super) fn split_name(name: &str) -> Option<usize> {
    let mut local = 0;
    // What the next byte must be: 2 at the beginning of a part, then 1.
    let mut wanted = 2;
    for (at, &byte) in name.as_bytes().iter().enumerate() {
        if NAME_BYTES[usize::from(byte)] & wanted != 0 {
            wanted = 1;
        } else if byte == b':' && local == 0 && wanted == 1 {
            local = at + 1;
            wanted = 2;
        } else {
            return None;
        }
    }
    (wanted == 1).then_some(local)
}

/// The character that a reference (without `&` and `;`) stands for: one of the
/// five predefined entities, or a character by its number.
pub(super) fn reference(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let (digits, radix) = match number.strip_prefix('x') {
                Some(hex) => (hex, 16),
                None => (number, 10),
            };
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            let number = u32::from_str_radix(digits, radix).ok()?;
            char::from_u32(number).filter(|c| is_legal(*c))?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn illegal_characters_are_found_wherever_they_are() {
        assert_eq!(
            first_illegal_byte("a\t\r\n\u{7f}\u{85}\u{fffd}\u{10ffff}".as_bytes()),
            None
        );
        for bad in ["\0", "\u{8}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
            for before in [0, 1, 255, 256, 700] {
                let text = format!("{}{bad}{}", "x".repeat(before), "y".repeat(300));
                assert_eq!(first_illegal_byte(text.as_bytes()), Some(before), "{bad:?}");
                assert!(!is_legal(bad.chars().next().unwrap()));
            }
        }
    }

    #[test]
    fn references_stand_for_legal_characters_only() {
        for (name, character) in [("lt", '<'), ("#65", 'A'), ("#x1F600", '😀'), ("#13", '\r')] {
            assert_eq!(reference(name), Some(character));
        }
        for name in [
            "",
            "#",
            "#x",
            "nbsp",
            "#0",
            "#1",
            "#xFFFE",
            "#xD800",
            "#x110000",
            "#+65",
            "#a",
            "#99999999999",
        ] {
            assert_eq!(reference(name), None, "{name}");
        }
    }

    #[test]
    fn names_have_at_most_one_prefix() {
        for name in ["a", "_a-1.b", "oc:uuid", "é", "a:b"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "1a", "-a", ":a", "a:", "a:b:c", "a b", "a/", "a\"", "a:1",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
