//! Writing what the server answers.

use super::read::is_xml_char;

/// Puts a document together.
#[derive(Debug, Default)]
pub(in crate::emulator) struct Writer(String);

impl Writer {
    /// Begins with the declaration.
    pub(in crate::emulator) fn document() -> Self {
        Self("<?xml version='1.0' encoding='utf-8'?>\n".to_owned())
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
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' if in_attribute => self.0.push_str("&quot;"),
                '\t' if in_attribute => self.0.push_str("&#9;"),
                '\n' if in_attribute => self.0.push_str("&#10;"),
                '\r' => self.0.push_str("&#13;"),
                c if is_xml_char(c) => self.0.push(c),
                _ => self.0.push('\u{FFFD}'),
            }
        }
    }
}
