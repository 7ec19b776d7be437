//! A feed of the size that a large datastore has.

use std::fmt::Write as _;

/// A feed with this many contacts, each of about 1,100 bytes.
pub(super) fn generated(entries: u32) -> String {
    const BASE: &str =
        "https://api.obexcode.com/v2/services/datastore/my-datastore-client-id/content/";
    let mut xml = String::with_capacity(entries as usize * 1_150 + 1_000);
    let _ = write!(
        xml,
        "<?xml version='1.0' encoding='utf-8'?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:os=\"http://a9.com/-/spec/opensearch/1.1/\">\
         <author><name>ObexCode AS</name></author><id>{BASE}</id><title>Contents</title>\
         <updated>2009-12-12T00:00:00Z</updated><link rel=\"self\" href=\"{BASE}\"/>\
         <os:totalResults>{entries}</os:totalResults>"
    );
    for number in 0..entries {
        let id = format!("{number:08x}-5f3c-11de-8a39-0800200c9a66");
        let (day, hour, minute) = (number % 28 + 1, number % 24, number % 60);
        let _ = write!(
            xml,
            "<entry><author><name>alice</name></author><id>{BASE}{id}</id>\
             <title>Kari Nordmann {number} &amp; Søn</title>\
             <published>2009-04-{day:02}T{hour:02}:{minute:02}:00Z</published>\
             <updated>2009-11-{day:02}T{hour:02}:{minute:02}:30.25Z</updated>\
             <link rel=\"self\" href=\"{BASE}{id}\"/><link rel=\"edit\" href=\"{BASE}{id}\"/>\
             <content type=\"text/x-vcard\">BEGIN:VCARD&#13;\nVERSION:2.1&#13;\nN:Nordmann {number};Kari;&#13;\n\
             TEL;CELL:+47999{number:05}&#13;\nTEL;HOME:+47222{number:05}&#13;\n\
             EMAIL;INTERNET:kari.nordmann.{number}@example.com&#13;\n\
             ADR;HOME:;;Storgata {minute};Ålesund;;60{minute:02};Norge&#13;\n\
             ORG:Example &amp; Sønner AS&#13;\nNOTE:Made by a generator, so that all are alike&#13;\n\
             REV:200911{day:02}T{hour:02}{minute:02}30Z&#13;\nEND:VCARD&#13;\n</content>\
             <content xmlns=\"http://schemas.obexcode.com/syncserver/2009\"><uuid>{id}</uuid>\
             <dataclass>contacts</dataclass></content></entry>"
        );
    }
    xml.push_str("</feed>");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_entries_are_about_eleven_megabytes() {
        let size = generated(10_000).len();
        assert!((10_500_000..12_000_000).contains(&size), "{size}");
    }
}
