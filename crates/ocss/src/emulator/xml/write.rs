//! Writing what the server answers.

use super::read::is_xml_char;

/// Puts a document together.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Writer(String);

impl Writer {
    /// Begins with the declaration.
    pub(in crate::emulator) fn document() -> Self {
        // Enough for most entries.
        let mut text = String::with_capacity(2048);
        text.push_str("<?xml version='1.0' encoding='utf-8'?>\n");
        Self(text)
    }

    pub(in crate::emulator) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push('>');
    }

    pub(in crate::emulator) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push_str("/>");
    }

    pub(in crate::emulator) fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    pub(in crate::emulator) fn text(&mut self, text: &str) {
        self.escaped(text, false);
    }

    pub(in crate::emulator) fn element(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        self.text(text);
        self.close(name);
    }

    /// Markup that is well-formed already.
    pub(in crate::emulator) fn markup(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    pub(in crate::emulator) fn finish(self) -> String {
        self.0
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.escaped(value, true);
            self.0.push('"');
        }
    }

    /// A carriage return is always written as a reference: readers turn plain
    /// ones into line feeds.
    fn escaped(&mut self, text: &str, in_attribute: bool) {
        let mut rest = text;
        loop {
            let plain = rest.bytes().position(|byte| !is_plain(byte));
            let (plain, other) = rest.split_at(plain.unwrap_or(rest.len()));
            self.0.push_str(plain);
            let mut chars = other.chars();
            match chars.next() {
                None => return,
                Some('&') => self.0.push_str("&amp;"),
                Some('<') => self.0.push_str("&lt;"),
                Some('>') => self.0.push_str("&gt;"),
                Some('"') if in_attribute => self.0.push_str("&quot;"),
                Some('\t') if in_attribute => self.0.push_str("&#9;"),
                Some('\n') if in_attribute => self.0.push_str("&#10;"),
                Some('\r') => self.0.push_str("&#13;"),
                Some(c) if is_xml_char(c) => self.0.push(c),
                Some(_) => self.0.push('\u{FFFD}'),
            }
            rest = chars.as_str();
        }
    }
}

/// Most of what is written: ASCII that means nothing in XML.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_escaped_wherever_it_stands() {
        let written = |text: &str, in_attribute| {
            let mut out = Writer::default();
            out.escaped(text, in_attribute);
            out.finish()
        };
        for (c, text, attribute) in [
            ("&", "&amp;", "&amp;"),
            ("<", "&lt;", "&lt;"),
            (">", "&gt;", "&gt;"),
            ("\"", "\"", "&quot;"),
            ("\t", "\t", "&#9;"),
            ("\n", "\n", "&#10;"),
            ("\r", "&#13;", "&#13;"),
            ("\0", "\u{fffd}", "\u{fffd}"),
            ("\u{ffff}", "\u{fffd}", "\u{fffd}"),
            ("\u{7f}", "\u{7f}", "\u{7f}"),
            ("æ", "æ", "æ"),
            ("\u{1f600}", "\u{1f600}", "\u{1f600}"),
            (" '~", " '~", " '~"),
        ] {
            for [before, after] in [["", ""], ["a", ""], ["", "b"], ["a", "b"], [c, c]] {
                let whole = format!("{before}{c}{after}");
                let expected = |escaped| whole.replace(c, escaped);
                assert_eq!(written(&whole, false), expected(text), "{whole:?}");
                assert_eq!(written(&whole, true), expected(attribute), "{whole:?}");
            }
        }
    }
}
