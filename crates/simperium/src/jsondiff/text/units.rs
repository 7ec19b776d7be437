//! Lengths in UTF-16 code units, the unit of every number in a delta.

/// The length of a text.
pub(crate) fn len(text: &str) -> usize {
    text.as_bytes().chunks(BLOCK).map(block_len).sum()
}

/// How many bytes are looked at together.
const BLOCK: usize = 128;

/// Counts what begins here; a block may begin and end inside a character.
fn block_len(block: &[u8]) -> usize {
    if block.is_ascii() {
        return block.len();
    }
    // A character begins with a byte that is no continuation, and those of
    // four bytes have two units.
    let starts = block.iter().filter(|byte| (**byte as i8) >= -64).count();
    starts + block.iter().filter(|byte| **byte >= 0xf0).count()
}

/// The length of some characters.
pub(crate) fn len_of(chars: &[char]) -> usize {
    chars.len() + chars.iter().filter(|c| **c > '\u{ffff}').count()
}

/// The byte where the first `units` of a text end; `None` if the text is
/// shorter, or a character is cut in two.
pub(crate) fn byte_at(text: &str, units: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut left = units;
    // Whole blocks, which may end inside a character: it was counted then.
    while left > BLOCK && bytes.len() - at > BLOCK {
        let len = block_len(&bytes[at..at + BLOCK]);
        if len > left {
            break;
        }
        left -= len;
        at += BLOCK;
    }
    while !text.is_char_boundary(at) {
        at += 1;
    }
    let mut rest = &text[at..];
    while left > 0 {
        let ascii = left.min(32).min(rest.len());
        if ascii > 0 && rest.as_bytes()[..ascii].is_ascii() {
            (rest, left) = (&rest[ascii..], left - ascii);
            continue;
        }
        let c = rest.chars().next()?;
        left = left.checked_sub(c.len_utf16())?;
        rest = &rest[c.len_utf8()..];
    }
    Some(text.len() - rest.len())
}

/// How many of the first characters make up `units`; `None` as [`byte_at`].
pub(crate) fn chars_in(chars: &[char], units: usize) -> Option<usize> {
    if let Some(same) = chars.get(..units) {
        if same.iter().all(|c| *c <= '\u{ffff}') {
            return Some(units);
        }
    }
    let mut left = units;
    let mut at = 0;
    while left > 0 {
        left = left.checked_sub(chars.get(at)?.len_utf16())?;
        at += 1;
    }
    Some(at)
}

/// The characters of a text.
pub(crate) fn chars(text: &str) -> Vec<char> {
    let mut chars = Vec::with_capacity(text.len());
    extend(&mut chars, text);
    chars
}

/// Appends the characters of a text, plain ones several at a time.
pub(crate) fn extend(chars: &mut Vec<char>, text: &str) {
    let mut rest = text;
    while let Some((plain, _)) = rest.as_bytes().split_first_chunk::<8>() {
        if u64::from_le_bytes(*plain) & 0x8080_8080_8080_8080 == 0 {
            chars.extend_from_slice(&plain.map(char::from));
            rest = &rest[8..];
            continue;
        }
        // Up to the next plain one.
        let mut mixed = rest.chars();
        for c in mixed.by_ref() {
            chars.push(c);
            if !c.is_ascii() {
                break;
            }
        }
        rest = mixed.as_str();
    }
    chars.extend(rest.chars());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_those_of_utf_16() {
        for text in [
            "",
            "abc",
            "é日本",
            "😀",
            "a😀b",
            &"x😀é日".repeat(700),
            &"a".repeat(5000),
        ] {
            let wide: Vec<u16> = text.encode_utf16().collect();
            assert_eq!(len(text), wide.len());
            let chars = chars(text);
            assert_eq!(chars, text.chars().collect::<Vec<_>>());
            assert_eq!(len_of(&chars), wide.len());
            for units in 0..=wide.len() + 1 {
                let prefix = wide
                    .get(..units)
                    .and_then(|units| String::from_utf16(units).ok());
                assert_eq!(
                    byte_at(text, units),
                    prefix.as_ref().map(String::len),
                    "{units}"
                );
                assert_eq!(
                    chars_in(&chars, units),
                    prefix.as_ref().map(|text| text.chars().count()),
                    "{units}"
                );
            }
        }
    }
}
