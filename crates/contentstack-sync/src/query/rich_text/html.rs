//! What the HTML of a rich text field embeds.

use memchr::memmem;

use crate::query::references::ReferenceKind;

/// Calls `found` for each element with `data-sys-asset-uid` or
/// `data-sys-entry-uid`: with the uid, what it names, and the content type if
/// the element has one. Comments are left out.
pub(crate) fn embedded(html: &str, mut found: impl FnMut(&str, ReferenceKind, Option<&str>)) {
    let bytes = html.as_bytes();
    // Most texts have none.
    let find = |word: &[u8]| memmem::find(bytes, word).is_some();
    if !find(b"data-sys-") && !find(b"DATA-SYS-") {
        return;
    }
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'<', &bytes[from..]) {
        from += at + 1;
        if let Some(comment) = html[from..].strip_prefix("!--") {
            from = match memmem::find(comment.as_bytes(), b"-->") {
                Some(end) => html.len() - comment.len() + end + 3,
                None => return,
            };
            continue;
        }
        let mut element = Element::default();
        from += attributes(&html[from..], |name, value| element.note(name, value));
        if let Some(uid) = element.asset {
            found(uid, ReferenceKind::Asset, None);
        }
        if let Some(uid) = element.entry {
            found(uid, ReferenceKind::Entry, element.content_type);
        }
    }
}

#[derive(Default)]
struct Element<'h> {
    asset: Option<&'h str>,
    entry: Option<&'h str>,
    content_type: Option<&'h str>,
}

impl<'h> Element<'h> {
    fn note(&mut self, name: &str, value: &'h str) {
        let slot = match name.to_ascii_lowercase().as_str() {
            "data-sys-asset-uid" => &mut self.asset,
            "data-sys-entry-uid" => &mut self.entry,
            "data-sys-content-type-uid" => &mut self.content_type,
            _ => return,
        };
        // The first one counts, as in browsers.
        slot.get_or_insert(value);
    }
}

/// Reads a tag from after its `<`, and says how long it is.
fn attributes<'h>(tag: &'h str, mut found: impl FnMut(&'h str, &'h str)) -> usize {
    let bytes = tag.as_bytes();
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    // Not the beginning of a tag: `a < b`.
    if !bytes
        .first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/')
    {
        return 0;
    }
    let mut at = bytes.iter().position(is_end).unwrap_or(bytes.len());
    loop {
        at += bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace() || **byte == b'/')
            .count();
        match bytes.get(at) {
            None => return at,
            Some(b'>') => return at + 1,
            Some(_) => {}
        }
        // A name may begin with `=`, then it is a part of it.
        let length = bytes[at + 1..]
            .iter()
            .position(|byte| is_end(byte) || *byte == b'=')
            .map_or(bytes.len() - at, |length| length + 1);
        // Everything that ends a name is ASCII, so this is a character's limit;
        // a name that begins within a character cannot be, for the same reason.
        let name = tag.get(at..at + length).unwrap_or_default();
        at += length;
        let spaces = |at: usize| {
            bytes[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count()
        };
        let equals = at + spaces(at);
        if bytes.get(equals) != Some(&b'=') {
            found(name, "");
            continue;
        }
        at = equals + 1 + spaces(equals + 1);
        let value = match bytes.get(at) {
            Some(quote @ (b'"' | b'\'')) => {
                at += 1;
                let length = memchr::memchr(*quote, &bytes[at..]);
                let end = length.map_or(bytes.len(), |length| at + length);
                let value = &tag[at..end];
                at = (end + 1).min(bytes.len());
                value
            }
            _ => {
                let length = bytes[at..]
                    .iter()
                    .position(|byte| byte.is_ascii_whitespace() || *byte == b'>')
                    .unwrap_or(bytes.len() - at);
                let value = &tag[at..at + length];
                at += length;
                value
            }
        };
        found(name, value);
    }
}
