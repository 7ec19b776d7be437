//! JSON with halves of characters.
//!
//! Characters beyond U+FFFF are two escapes in JSON, a surrogate each. Clients
//! in JavaScript cut such characters in two now and then, and one surrogate by
//! itself is JSON, but no text in Rust can hold it.

/// JSON with U+FFFD in place of surrogates without their other half, if it has
/// any. Both are one UTF-16 unit, so that deltas fit as before.
pub fn whole_characters(json: &[u8]) -> Option<String> {
    let json = std::str::from_utf8(json).ok()?;
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    let mut any = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let len = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                any = true;
                whole.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            // A backslash and what it escapes.
            (None, _) => 2,
        };
        let (escape, after) = escape.split_at_checked(len)?;
        whole.push_str(escape);
        rest = after;
    }
    whole.push_str(rest);
    any.then_some(whole)
}

/// The UTF-16 unit of an escape at the beginning of a text.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_are_replaced() {
        for (json, whole) in [
            (r#""\ud83d\ude00 \\ud800 \n é""#, None),
            (r#""\ud83dx""#, Some(r#""\ufffdx""#)),
            (r#""\uD83D\n\uDE00""#, Some(r#""\ufffd\n\ufffd""#)),
            (r#""\ud83d\ud83d\ude00""#, Some(r#""\ufffd\ud83d\ude00""#)),
            (r#""\\\ude00\\""#, Some(r#""\\\ufffd\\""#)),
            (r#""\ud83d"#, Some(r#""\ufffd"#)),
            (r#""\ud83"#, None),
            ("\"\\", None),
            ("\"\\é", None),
        ] {
            assert_eq!(
                whole_characters(json.as_bytes()).as_deref(),
                whole,
                "{json}"
            );
        }
    }
}
