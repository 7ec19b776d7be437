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

/// Whether a character beyond ASCII can be in a name, or at its beginning
/// (section 2.3, fifth edition).
const fn is_name_char(c: char, first: bool) -> bool {
    match c {
        '\u{c0}'..='\u{d6}'
        | '\u{d8}'..='\u{f6}'
        | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}'
        | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}'
        | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}' => true,
        '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}' => !first,
        _ => false,
    }
}

/// Whether the characters beyond ASCII in a name may be where they are.
#[cold]
fn is_foreign_name(name: &str) -> bool {
    let mut first = true;
    name.chars().all(|c| {
        let is_good = c.is_ascii() || is_name_char(c, first);
        first = c == ':';
        is_good
    })
}

/// Where the local part of a name begins. `None` when it is no name: that of
/// an element or attribute has at most one prefix.
pub(super) fn split_name(name: &str) -> Option<usize> {
    let mut local = 0;
    let mut all = 0;
    // What the next byte must be: 2 at the beginning of a part, then 1.
    let mut wanted = 2;
    for (at, &byte) in name.as_bytes().iter().enumerate() {
        all |= byte;
        if NAME_BYTES[usize::from(byte)] & wanted != 0 {
            wanted = 1;
        } else if byte == b':' && local == 0 && wanted == 1 {
            local = at + 1;
            wanted = 2;
        } else {
            return None;
        }
    }
    (wanted == 1 && (all.is_ascii() || is_foreign_name(name))).then_some(local)
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
        for name in [
            "a",
            "_a-1.b",
            "oc:uuid",
            "é",
            "a:b",
            "a·",
            "é:中\u{301}",
            "\u{200c}",
            "\u{effff}",
        ] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "1a",
            "-a",
            ":a",
            "a:",
            "a:b:c",
            "a b",
            "a/",
            "a\"",
            "a:1",
            "×",
            "a÷",
            "·",
            "a:·",
            "a\u{37e}",
            "\u{301}a",
            "\u{203f}",
            "a\u{2190}",
            "\u{fdd0}",
            "a\u{f0000}",
            "a\u{a0}",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
