//! The Atom vectors: what is to be read from each document, or that it is to
//! be refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails that way")]

use std::fs;
use std::path::Path;

use ocss::atom::names::{APP, ATOM};
use ocss::atom::{
    Content, ContentBody, Document, Element, Entry, Feed, FeedDocument, FeedReader, FeedWriter,
    Item, Limits, Link, Person, ReadOptions, Text, TextKind, XmlError,
};
use ocss::atompub::ServiceDocument;
use serde_json::{Map, Value, json};

struct Vector {
    name: String,
    document: Vec<u8>,
    kind: String,
    url: String,
    expect: Value,
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/atom");
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mut vector: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        all.push(Vector {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            document: fs::read(path.with_extension("xml")).unwrap(),
            kind: text("kind"),
            url: text("url"),
            expect: vector["expect"].take(),
        });
    }
    assert_eq!(all.len(), 63);
    all
}

fn set(map: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    let value = value.into();
    let is_absent = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if !is_absent {
        map.insert(name.to_owned(), value);
    }
}

fn text(text: &Text) -> Value {
    match text.kind() {
        TextKind::Xhtml => json!({"type": "xhtml", "text": text.value()}),
        kind => json!({"type": kind.as_str(), "value": text.value()}),
    }
}

fn link(link: &Link) -> Value {
    let mut map = Map::new();
    set(&mut map, "rel", link.rel());
    set(&mut map, "href", link.href());
    set(&mut map, "type", link.media_type());
    for name in ["title", "hreflang", "length"] {
        set(&mut map, name, link.attribute(name));
    }
    map.into()
}

fn person(person: &Person) -> Value {
    json!({"name": &*person.name, "email": person.email.as_deref(), "uri": person.uri.as_deref()})
}

fn content(content: &Content) -> Value {
    let declared = content.declared_type();
    match content.body() {
        ContentBody::Text(text) => json!({"type": declared, "value": &**text}),
        ContentBody::Base64(text) => {
            let bytes = content.data().unwrap();
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"type": declared, "base64": &**text, "bytes_hex": hex})
        }
        ContentBody::Markup(holder) => {
            let root = &holder.children()[0];
            if declared == "xhtml" {
                json!({"type": declared, "text": root.full_text()})
            } else {
                let name = format!("{{{}}}{}", root.namespace(), root.local_name());
                json!({"type": declared, "root": name, "text": root.full_text()})
            }
        }
        ContentBody::OutOfLine(src) => json!({"type": declared, "src": &**src}),
        other => panic!("{other:?}"),
    }
}

fn extension(element: &Element) -> Value {
    let mut map = Map::new();
    let namespace = element.namespace();
    map.insert(
        "ns".into(),
        if namespace.is_empty() {
            Value::Null
        } else {
            namespace.into()
        },
    );
    set(&mut map, "name", element.local_name());
    let attributes: Map<_, _> = element
        .attributes()
        .iter()
        .map(|attribute| (attribute.local_name().to_owned(), attribute.value().into()))
        .collect();
    if !attributes.is_empty() {
        map.insert("attrs".into(), attributes.into());
    }
    if element.children().is_empty() {
        map.insert("text".into(), element.text().into());
    } else {
        let children: Vec<_> = element.children().iter().map(extension).collect();
        map.insert("children".into(), children.into());
    }
    map.into()
}

fn extensions(all: &[Element]) -> Vec<Value> {
    let foreign = all
        .iter()
        .filter(|element| !matches!(element.namespace(), ATOM | APP));
    foreign.map(extension).collect()
}

fn entry(entry: &Entry) -> Value {
    let mut map = Map::new();
    set(&mut map, "id", entry.id.as_deref());
    set(&mut map, "title", entry.title.as_ref().map(text));
    set(&mut map, "summary", entry.summary.as_ref().map(text));
    set(
        &mut map,
        "updated",
        entry.updated.map(|time| time.to_string()),
    );
    set(
        &mut map,
        "published",
        entry.published.map(|time| time.to_string()),
    );
    set(
        &mut map,
        "edited",
        entry.edited.map(|time| time.to_string()),
    );
    set(&mut map, "draft", entry.draft());
    set(&mut map, "lang", entry.lang.as_deref());
    set(
        &mut map,
        "links",
        entry.links.iter().map(link).collect::<Vec<_>>(),
    );
    set(
        &mut map,
        "authors",
        entry.authors.iter().map(person).collect::<Vec<_>>(),
    );
    set(
        &mut map,
        "contributors",
        entry.contributors.iter().map(person).collect::<Vec<_>>(),
    );
    let categories = entry.categories.iter().map(|category| {
        let mut map = Map::new();
        set(&mut map, "term", category.term());
        set(&mut map, "scheme", category.scheme());
        set(&mut map, "label", category.label());
        Value::from(map)
    });
    set(&mut map, "categories", categories.collect::<Vec<_>>());
    set(&mut map, "content", entry.content.as_ref().map(content));
    set(&mut map, "ext", extensions(&entry.extensions));
    set(&mut map, "operation", entry.operation());
    set(&mut map, "resource_id", entry.resource_id());
    map.into()
}

fn feed(feed: &Feed, entries: &[Entry]) -> Value {
    let mut map = Map::new();
    set(&mut map, "id", feed.id.as_deref());
    set(&mut map, "title", feed.title.as_ref().map(text));
    set(
        &mut map,
        "updated",
        feed.updated.map(|time| time.to_string()),
    );
    set(
        &mut map,
        "links",
        feed.links.iter().map(link).collect::<Vec<_>>(),
    );
    set(
        &mut map,
        "authors",
        feed.authors.iter().map(person).collect::<Vec<_>>(),
    );
    set(&mut map, "total_results", feed.total_results);
    set(&mut map, "items_per_page", feed.items_per_page);
    set(&mut map, "start_index", feed.start_index);
    set(&mut map, "next", feed.next_page());
    set(&mut map, "last", feed.link("last").map(Link::href));
    set(&mut map, "ext", extensions(&feed.extensions));
    map.insert(
        "entries".into(),
        entries.iter().map(entry).collect::<Vec<_>>().into(),
    );
    map.into()
}

fn service(document: &ServiceDocument) -> Value {
    let workspaces = document.workspaces.iter().map(|workspace| {
        let collections = workspace.collections.iter().map(|collection| {
            let mut map = Map::new();
            set(&mut map, "href", collection.href.as_str());
            map.insert(
                "title".into(),
                json!({"type": "text", "value": collection.title}),
            );
            set(&mut map, "role", collection.role.as_deref());
            map.insert("accept".into(), collection.accept.ranges().into());
            if let [categories] = &collection.categories[..] {
                let terms: Vec<_> = categories
                    .all
                    .iter()
                    .map(|category| category.term())
                    .collect();
                map.insert(
                    "categories".into(),
                    json!({"fixed": categories.fixed, "terms": terms}),
                );
            }
            Value::from(map)
        });
        let title = json!({"type": "text", "value": workspace.title});
        json!({"title": title, "collections": collections.collect::<Vec<_>>()})
    });
    json!({"workspaces": workspaces.collect::<Vec<_>>()})
}

fn read(vector: &Vector) -> Result<Value, XmlError> {
    if vector.kind == "service" {
        let limits = Limits::default();
        return ServiceDocument::parse(&vector.url, &vector.document, limits)
            .map(|read| service(&read));
    }
    Ok(
        match ReadOptions::new(&vector.url).document(&vector.document)? {
            Document::Feed(read) => feed(&read.feed, &read.entries),
            Document::Entry(read) => entry(&read),
        },
    )
}

#[test]
fn every_document_is_read_as_expected_or_refused() {
    for vector in vectors() {
        let read = read(&vector);
        if vector.kind != "reject" {
            let read = read.unwrap_or_else(|error| panic!("{}: {error}", vector.name));
            assert_eq!(read, vector.expect, "{}", vector.name);
            continue;
        }
        let class = match read.unwrap_err() {
            XmlError::NotWellFormed { .. } => "not_well_formed",
            XmlError::DoctypeForbidden => "dtd_forbidden",
            XmlError::UnexpectedRoot { .. } => "not_atom",
            other => panic!("{}: {other}", vector.name),
        };
        assert_eq!(class, vector.expect, "{}", vector.name);
    }
}

/// Reads a document in pieces of `size` bytes.
fn in_pieces(
    mut reader: FeedReader,
    document: &[u8],
    size: usize,
) -> Result<FeedDocument, XmlError> {
    let mut all = FeedDocument::default();
    let mut take = |reader: &mut FeedReader| {
        while let Some(item) = reader.next_item()? {
            match item {
                Item::Entry(entry) => all.entries.push(entry),
                Item::Deleted(tombstone) => all.deleted.push(tombstone),
            }
        }
        Ok(())
    };
    for chunk in document.chunks(size) {
        reader.push(chunk)?;
        take(&mut reader)?;
    }
    reader.finish()?;
    take(&mut reader)?;
    all.feed = reader.into_head();
    Ok(all)
}

#[test]
fn a_feed_reads_the_same_whole_by_item_and_in_pieces_of_any_size() {
    for vector in vectors() {
        let options = ReadOptions::new(&vector.url);
        let whole = options.feed(&vector.document);
        for size in [1, 2, 3, 7, 64, 1000, 1 << 20] {
            let pieces = in_pieces(options.reader(), &vector.document, size);
            match (&whole, pieces) {
                (Ok(whole), Ok(pieces)) => assert_eq!(pieces, *whole, "{} {size}", vector.name),
                (Err(_), Err(_)) => {}
                (whole, pieces) => panic!("{} {size}: {whole:?} {pieces:?}", vector.name),
            }
        }
        let items = options.items(&vector.document).and_then(|mut items| {
            let all: Result<Vec<Item>, _> = items.by_ref().collect();
            Ok((all?, items.into_head()))
        });
        match (&whole, items) {
            (Ok(whole), Ok((items, head))) => {
                let entries: Vec<_> = items.into_iter().filter_map(Item::into_entry).collect();
                assert_eq!(
                    (&entries, &head),
                    (&whole.entries, &whole.feed),
                    "{}",
                    vector.name
                );
            }
            (Err(_), Err(_)) => {}
            (whole, items) => panic!("{}: {whole:?} {items:?}", vector.name),
        }
    }
}

#[test]
fn what_was_read_can_be_written_and_reads_the_same() {
    for vector in vectors() {
        let options = ReadOptions::new(&vector.url);
        match options.document(&vector.document) {
            Ok(Document::Entry(read)) => {
                let xml = read.to_xml().unwrap();
                let again = options.entry(xml.as_bytes()).unwrap();
                assert_eq!(again, read, "{}: {xml}", vector.name);
            }
            Ok(Document::Feed(read)) => {
                let mut writer = FeedWriter::new(&read.feed).unwrap();
                for entry in &read.entries {
                    writer.entry(entry).unwrap();
                }
                let xml = writer.finish();
                let again = options.feed(xml.as_bytes()).unwrap();
                assert_eq!(again, read, "{}: {xml}", vector.name);
            }
            Err(_) => {}
        }
    }
}
