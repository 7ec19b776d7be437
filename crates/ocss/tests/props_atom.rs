//! Properties of reading and writing Atom: nothing is lost, nothing panics,
//! and how the document is cut into pieces makes no difference.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

use ocss::atom::names::{OC, XML};
use ocss::atom::{
    Attribute, Category, Content, Element, Entry, Feed, FeedDocument, FeedReader, FeedWriter, Item,
    Limits, Link, Person, ReadOptions, Text, Tombstone, WriteError, XmlError, id_from_reference,
};
use ocss::oauth1::percent_encode;
use ocss::time::Timestamp;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Any text that XML can hold, with more than its share of what goes wrong.
fn legal() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => any::<char>().prop_map(|c| if is_legal(c) { c } else { 'x' }),
        2 => select(vec!['\r', '\n', '\t', ' ', '&', '<', '>', '"', '\'', ']', '😀', '\u{feff}', '\u{85}', '\u{2028}']),
        2 => proptest::char::range('a', 'z'),
    ];
    let text = proptest::collection::vec(character, 0..24).prop_map(String::from_iter);
    prop_oneof![
        8 => text,
        1 => Just("]]>".to_owned()),
        1 => Just("\r\n\r\r\n".to_owned()),
        1 => Just("<![CDATA[&lt;]]>&#13;".to_owned()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    // Names that begin with xml are reserved.
    "([a-w_][a-z0-9_.-]{0,3}:)?[a-wA-W_é][a-zA-Z0-9_.é-]{0,6}"
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just(OC.to_owned()),
        Just("urn:a".to_owned()),
        "urn:[a-c&<]{1,3}"
    ]
}

fn attribute() -> impl Strategy<Value = Attribute> {
    let any = (namespace(), name(), legal())
        .prop_map(|(namespace, name, value)| Attribute::qualified(&namespace, name, value));
    prop_oneof![4 => any, 1 => legal().prop_map(|lang| Attribute::qualified(XML, "xml:lang", lang))]
}

/// Attributes whose names differ, as they must.
fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    proptest::collection::vec(attribute(), 0..4).prop_map(|mut all| {
        let key = |attribute: &Attribute| {
            (
                attribute.namespace().to_owned(),
                attribute.local_name().to_owned(),
            )
        };
        all.sort_by_key(key);
        all.dedup_by_key(|attribute| key(attribute));
        all
    })
}

fn element() -> impl Strategy<Value = Element> {
    let leaf = (namespace(), name(), attributes(), legal()).prop_map(
        |(namespace, name, attributes, text)| {
            attributes.into_iter().fold(
                Element::new(&namespace, name).with_text(text),
                Element::with_attribute,
            )
        },
    );
    leaf.prop_recursive(3, 12, 4, |inner| {
        (
            namespace(),
            name(),
            legal(),
            proptest::collection::vec(inner, 0..4),
        )
            .prop_map(|(namespace, name, text, children)| {
                children.into_iter().fold(
                    Element::new(&namespace, name).with_text(text),
                    Element::with_child,
                )
            })
    })
}

fn time() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of((-62_167_219_200..253_402_300_800_i64, 0..1_000_000_000_u32))
        .prop_map(|parts| parts.and_then(|(seconds, nanos)| Timestamp::from_unix(seconds, nanos)))
}

fn content() -> impl Strategy<Value = Content> {
    let types = select(vec![
        "text",
        "text/plain",
        "text/x-vcard",
        "TEXT/calendar; charset=utf-8",
        "html",
    ]);
    let xml = select(vec!["application/xml", "image/svg+xml", "text/xml"]);
    let other = select(vec![
        "image/png",
        "application/octet-stream",
        "application/json",
    ]);
    prop_oneof![
        (types, legal()).prop_map(|(kind, data)| Content::new(kind, data.as_bytes()).unwrap()),
        (xml.clone(), legal())
            .prop_map(|(kind, data)| Content::new(kind, data.as_bytes()).unwrap()),
        (xml, name()).prop_map(|(kind, name)| {
            let name = name.replace(':', "-");
            let data = format!("<{name} xmlns=\"urn:a\"><b>&amp;&#13;</b>x<c/></{name}>");
            Content::new(kind, data.as_bytes()).unwrap()
        }),
        (other, any::<Vec<u8>>()).prop_map(|(kind, data)| Content::new(kind, &data).unwrap()),
    ]
}

fn person() -> impl Strategy<Value = Person> {
    ("[!-~]{0,8}", proptest::option::of("[!-~]{1,8}")).prop_map(|(name, email)| {
        let mut person = Person::new(name);
        person.email = email.map(Into::into);
        person
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let head = (
        proptest::option::of("[!-~]{1,12}"),
        proptest::option::of(legal()),
        time(),
        time(),
        time(),
    );
    let lists = (
        proptest::collection::vec(person(), 0..3),
        proptest::collection::vec(("[!-~]{1,8}", legal()), 0..3),
        proptest::collection::vec(("[a-z]{1,8}", "[a-z0-9/]{0,8}", attributes()), 0..3),
        proptest::collection::vec(element(), 0..4),
    );
    (head, lists, proptest::option::of(content())).prop_map(|(head, lists, content)| {
        let mut entry = Entry::new();
        let (id, title, published, updated, edited) = head;
        entry.id = id.map(Into::into);
        entry.title = title.map(Text::plain);
        (entry.published, entry.updated, entry.edited) = (published, updated, edited);
        let (people, categories, links, extensions) = lists;
        entry.authors = people;
        entry.categories = categories
            .into_iter()
            .map(|(term, label)| Category::new(term).with_label(label))
            .collect();
        entry.links = links
            .into_iter()
            .map(|(rel, path, attributes)| {
                let own = |attribute: &Attribute| {
                    attribute.namespace().is_empty()
                        && matches!(attribute.local_name(), "rel" | "href" | "type")
                };
                let link = Link::new(rel, format!("http://h/{path}"));
                attributes
                    .into_iter()
                    .filter(|one| !own(one))
                    .fold(link, Link::with_attribute)
            })
            .collect();
        entry.extensions = extensions;
        entry.content = content;
        entry
    })
}

fn options() -> ReadOptions {
    ReadOptions::new("http://h/v2/content/")
}

fn data_of(entry: &Entry) -> Vec<u8> {
    entry.content.as_ref().unwrap().data().unwrap().into_owned()
}

/// What a document says, without the prefixes that it uses to say it.
fn meaning(entry: &Entry) -> String {
    fn describe(out: &mut String, element: &Element) {
        use std::fmt::Write as _;
        let mut attributes: Vec<_> = element
            .attributes()
            .iter()
            .map(|one| (one.namespace(), one.local_name(), one.value()))
            .collect();
        attributes.sort_unstable();
        write!(
            out,
            "<{} {} {attributes:?} {:?}",
            element.namespace(),
            element.local_name(),
            element.text()
        )
        .unwrap();
        for child in element.children() {
            describe(out, child);
        }
        out.push('>');
    }

    let mut out = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        entry.id, entry.title, entry.published, entry.updated, entry.edited
    );
    out.push_str(&format!("{:?} {:?}", entry.authors, entry.categories));
    for link in &entry.links {
        let attributes = link
            .attributes()
            .iter()
            .map(|one| (one.namespace(), one.local_name(), one.value()));
        out.push_str(&format!(
            "{} {} {:?}",
            link.rel(),
            link.href(),
            attributes.collect::<Vec<_>>()
        ));
    }
    if let Some(content) = &entry.content {
        out.push_str(&format!("{} {:?}", content.declared_type(), content.data()));
    }
    for extension in &entry.extensions {
        describe(&mut out, extension);
    }
    out
}

fn in_pieces(
    mut reader: FeedReader,
    document: &[u8],
    sizes: &[usize],
) -> Result<FeedDocument, XmlError> {
    fn take(reader: &mut FeedReader, all: &mut FeedDocument) -> Result<(), XmlError> {
        while let Some(item) = reader.next_item()? {
            match item {
                Item::Entry(entry) => all.entries.push(entry),
                Item::Deleted(tombstone) => all.deleted.push(tombstone),
            }
        }
        Ok(())
    }

    let mut all = FeedDocument::default();
    let mut rest = document;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().map_or(1, |size| *size).min(rest.len());
        let (chunk, after) = rest.split_at(size);
        reader.push(chunk)?;
        take(&mut reader, &mut all)?;
        rest = after;
    }
    reader.finish()?;
    take(&mut reader, &mut all)?;
    all.feed = reader.into_head();
    Ok(all)
}

/// A feed with something of everything.
fn sample() -> Vec<u8> {
    include_bytes!("fixtures/sample-feed.xml").to_vec()
}

/// Failures are not written into the source tree.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_content_survives_byte_for_byte(
        kind in select(vec!["text", "text/plain", "text/x-vcard", "html", "application/xml", "image/svg+xml"]),
        data in legal(),
    ) {
        let mut entry = Entry::new();
        entry.content = Some(Content::new(kind, data.as_bytes()).unwrap());
        entry.title = Some(Text::plain(data.as_str()));
        entry.set_property("content", "dataclass", &data);
        let xml = entry.to_xml().unwrap();
        let read = options().entry(xml.as_bytes()).unwrap();
        prop_assert_eq!(data_of(&read), data.as_bytes());
        prop_assert_eq!(read.title.as_ref().unwrap().value(), data.as_str());
        prop_assert_eq!(read.property_element("dataclass").unwrap().text(), data.as_str());
    }

    #[test]
    fn any_bytes_survive_as_base64(data in any::<Vec<u8>>()) {
        let mut entry = Entry::new();
        entry.content = Some(Content::new("application/octet-stream", &data).unwrap());
        let read = options().entry(entry.to_xml().unwrap().as_bytes()).unwrap();
        prop_assert_eq!(data_of(&read), data);
    }

    #[test]
    fn text_is_written_exactly_when_xml_can_hold_it(data in proptest::collection::vec(any::<char>(), 0..12)) {
        let text: String = data.iter().collect();
        let mut entry = Entry::new();
        entry.content = Some(Content::text(text.as_str()));
        match entry.to_xml() {
            Ok(xml) => {
                prop_assert!(data.iter().all(|c| is_legal(*c)));
                let read = options().entry(xml.as_bytes()).unwrap();
                prop_assert_eq!(data_of(&read), text.as_bytes());
            }
            Err(WriteError::IllegalCharacter { character, .. }) => prop_assert!(!is_legal(character)),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn an_id_of_any_characters_is_found_again(id in "\\PC{1,20}") {
        prop_assume!(id != "." && id != ".." && id.trim() == id);
        let escaped = percent_encode(&id);
        for reference in [
            format!("http://h/v2/content/{escaped}"),
            format!("https://h:1/content/{escaped}/?x=y#z"),
            format!("urn:uuid:{id}"),
        ] {
            prop_assert_eq!(id_from_reference(&reference), Some(id.clone()), "{}", reference);
        }
        let mut entry = Entry::new();
        entry.set_property("content", "uuid", &id);
        let read = options().entry(entry.to_xml().unwrap().as_bytes()).unwrap();
        prop_assert_eq!(read.resource_id(), Some(id));
    }

    #[test]
    fn an_entry_of_any_shape_is_read_as_it_was_written(entry in entry()) {
        let xml = entry.to_xml().unwrap();
        prop_assert!(roxmltree::Document::parse(&xml).is_ok(), "{}", xml);
        let read = options().entry(xml.as_bytes()).unwrap();
        prop_assert_eq!(meaning(&read), meaning(&entry), "{}", xml);
        // What came from a document keeps its prefixes too.
        let again = options().entry(read.to_xml().unwrap().as_bytes()).unwrap();
        prop_assert_eq!(again, read);
    }

    #[test]
    fn a_feed_is_the_same_in_whatever_pieces_it_comes(
        entries in proptest::collection::vec(entry(), 0..5),
        sizes in proptest::collection::vec(1_usize..40, 1..5),
    ) {
        let mut feed = Feed::new();
        feed.title = Some(Text::html("<b>"));
        feed.total_results = Some(entries.len() as u64);
        let mut writer = FeedWriter::new(&feed).unwrap();
        for entry in &entries {
            writer.entry(entry).unwrap();
        }
        writer.tombstone(&Tombstone::new("urn:x:1", Timestamp::from_unix(0, 0))).unwrap();
        let xml = writer.finish();
        let whole = options().feed(xml.as_bytes()).unwrap();
        prop_assert_eq!(&whole.feed, &feed);
        prop_assert_eq!((whole.entries.len(), whole.deleted.len()), (entries.len(), 1));
        prop_assert_eq!(in_pieces(options().reader(), xml.as_bytes(), &sizes).unwrap(), whole);
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn a_damaged_feed_is_read_or_refused_whole_and_in_pieces_alike(
        damage in proptest::collection::vec((any::<Index>(), any::<u8>(), 0..6_u8), 0..4),
        sizes in proptest::collection::vec(1_usize..300, 1..4),
    ) {
        let mut document = sample();
        for (at, byte, kind) in damage {
            let at = at.index(document.len());
            match kind {
                0 => document[at] = byte,
                1 => { document.remove(at); }
                2 => document.insert(at, b"<>&;'\"/!?-]=: \r"[usize::from(byte) % 15]),
                3 => document.truncate(at.max(1)),
                4 => { let to = (at + 20).min(document.len()); document.drain(at..to); }
                _ => { let copy = document[at..(at + 30).min(document.len())].to_vec(); document.splice(at..at, copy); }
            }
            if document.is_empty() { break; }
        }
        let whole = options().feed(&document);
        match (&whole, in_pieces(options().reader(), &document, &sizes)) {
            (Ok(whole), Ok(pieces)) => prop_assert_eq!(&pieces, whole),
            (Err(_), Err(_)) => {}
            (whole, pieces) => prop_assert!(false, "{whole:?} {pieces:?}"),
        }
        // Whatever is taken is XML to another parser too, but that one does
        // not read comments and such as closely.
        if let (Ok(_), Ok(text)) = (&whole, std::str::from_utf8(&document)) {
            let other = roxmltree::Document::parse(text.trim_start_matches('\u{feff}'));
            prop_assert!(other.is_ok(), "{:?}", other);
        }
    }

    #[test]
    fn any_bytes_do_no_harm(document in any::<Vec<u8>>(), sizes in proptest::collection::vec(1_usize..9, 1..3)) {
        prop_assert!(options().document(&document).is_err());
        prop_assert!(in_pieces(options().reader(), &document, &sizes).is_err());
    }
}

fn nested(levels: usize) -> String {
    let mut document = String::from("<entry xmlns='http://www.w3.org/2005/Atom'>");
    document.push_str(&"<e>".repeat(levels));
    document.push_str(&"</e>".repeat(levels));
    document.push_str("</entry>");
    document
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    let document = nested(100_000);
    assert_eq!(
        options().document(document.as_bytes()),
        Err(XmlError::TooDeep { limit: 256 })
    );
    assert_eq!(
        Element::parse(document.as_bytes()),
        Err(XmlError::TooDeep { limit: 256 })
    );
    let feed = document
        .replace("<entry", "<feed")
        .replace("</entry", "</feed");
    let refused = in_pieces(options().reader(), feed.as_bytes(), &[1000]);
    assert_eq!(refused, Err(XmlError::TooDeep { limit: 256 }));
}

#[test]
fn the_depth_limit_is_exact_and_can_be_set() {
    assert!(options().entry(nested(255).as_bytes()).is_ok());
    assert!(options().entry(nested(256).as_bytes()).is_err());
    let mut limits = Limits::default();
    limits.depth = usize::MAX;
    let deepest = options().limits(limits);
    assert!(deepest.entry(nested(1023).as_bytes()).is_ok());
    assert_eq!(
        deepest.entry(nested(1024).as_bytes()),
        Err(XmlError::TooDeep { limit: 1024 })
    );
}

#[test]
fn the_size_limit_holds_whole_and_in_pieces() {
    let document = sample();
    let mut limits = Limits::default();
    limits.size = document.len() as u64;
    assert!(options().limits(limits).feed(&document).is_ok());
    assert!(in_pieces(options().limits(limits).reader(), &document, &[100]).is_ok());
    limits.size -= 1;
    let too_large = XmlError::TooLarge { limit: limits.size };
    assert_eq!(
        options().limits(limits).feed(&document),
        Err(too_large.clone())
    );
    assert_eq!(
        in_pieces(options().limits(limits).reader(), &document, &[100]),
        Err(too_large)
    );
}

#[test]
fn a_reader_that_has_failed_stays_failed() {
    let mut reader = options().reader();
    reader
        .push(b"<feed xmlns='http://www.w3.org/2005/Atom'><entry/></x>")
        .unwrap();
    assert!(reader.next_item().unwrap().is_some());
    let error = reader.next_item().unwrap_err();
    assert_eq!(reader.next_item(), Err(error.clone()));
    assert_eq!(reader.push(b"<"), Err(error.clone()));
    assert_eq!(reader.finish(), Err(error));
}

#[test]
fn items_come_as_soon_as_they_are_complete() {
    let mut reader = options().reader();
    reader
        .push(b"<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title><entry><id>1</id></entry")
        .unwrap();
    assert_eq!(reader.next_item(), Ok(None));
    assert_eq!(reader.head().title, Some(Text::plain("t")));
    reader.push(b">").unwrap();
    let entry = reader
        .next_item()
        .unwrap()
        .and_then(Item::into_entry)
        .unwrap();
    assert_eq!(entry.id.as_deref(), Some("1"));
    reader
        .push(b"<updated>2009-11-01T12:30:00Z</updated></feed> ")
        .unwrap();
    reader.finish().unwrap();
    assert_eq!(reader.next_item(), Ok(None));
    assert_eq!(
        reader.head().updated,
        Timestamp::from_civil(2009, 11, 1, 12, 30, 0)
    );
}

#[test]
fn a_document_type_is_refused_before_it_ends() {
    let mut reader = options().reader();
    reader.push(b"<!DOCTYPE feed [<!ENTITY a 'b'>").unwrap();
    assert_eq!(reader.next_item(), Err(XmlError::DoctypeForbidden));
}

#[test]
fn an_html_page_is_refused_with_its_root() {
    let refused = options()
        .document(b"<html><body>502 Bad gateway</body></html>")
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the document is not the expected one: its root is <html>"
    );
}

/// A base of `length` bytes on the feed, and so many entries with so many links.
fn with_base(length: usize, entries: usize, links: usize) -> String {
    let base = "a".repeat(length);
    let entry = format!("<entry>{}</entry>", "<link href='x'/>".repeat(links));
    let entries = entry.repeat(entries);
    format!(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='http://h/{base}/'>{entries}</feed>"
    )
}

#[test]
fn a_long_base_does_not_multiply() {
    for (length, entries, links) in [(1 << 18, 1, 100), (1 << 18, 100, 0), (1 << 16, 20, 20)] {
        let document = with_base(length, entries, links);
        let whole = options().feed(document.as_bytes()).unwrap_err();
        assert!(matches!(whole, XmlError::Overgrown { .. }), "{whole:?}");
        let pieces = in_pieces(options().reader(), document.as_bytes(), &[4096]);
        assert_eq!(pieces, Err(whole));
    }
    // Nor does the time that it takes to resolve against it, though the results
    // be short.
    let base = "a".repeat(1 << 18);
    for link in [
        "<link href='x'/>",
        "<link xml:base='/x' href='http://h/x'/>",
    ] {
        let document = format!(
            "<entry xmlns='http://www.w3.org/2005/Atom' xml:base='http://h/{base}'>{}</entry>",
            link.repeat(100)
        );
        let refused = options().entry(document.as_bytes()).unwrap_err();
        assert!(matches!(refused, XmlError::Overgrown { .. }), "{refused:?}");
    }
    // An honest feed is no longer for its addresses, however many they are.
    let honest = with_base(200, 20_000, 4);
    assert_eq!(
        options().feed(honest.as_bytes()).unwrap().entries.len(),
        20_000
    );
}
