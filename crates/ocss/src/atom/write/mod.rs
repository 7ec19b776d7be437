//! Writing entries and feeds.

mod markup;

pub(crate) use self::markup::Markup;
use super::content::{Content, ContentBody};
use super::element::Element;
use super::entry::{Entry, Tombstone};
use super::error::WriteError;
use super::feed::Feed;
use super::names::Namespace;
use super::parts::{Category, Link, Person};
use super::text::{Text, Value};
use crate::time::Timestamp;

type Written = Result<(), WriteError>;

/// A document with one entry.
pub(super) fn entry_document(entry: &Entry) -> Result<String, WriteError> {
    let mut out = Markup::document();
    write_entry(&mut out, entry, None)?;
    Ok(out.finish())
}

/// What is in an element, as it could stand by itself.
pub(super) fn fragment(holder: &Element) -> Result<String, WriteError> {
    let mut out = Markup::fragment();
    out.inside(holder)?;
    Ok(out.finish())
}

/// Writes a feed, item by item.
///
/// ```
/// use ocss::atom::{Entry, Feed, FeedWriter, ReadOptions};
///
/// let mut feed = Feed::new();
/// feed.total_results = Some(1);
/// let mut writer = FeedWriter::new(&feed)?;
/// let mut entry = Entry::new();
/// entry.id = Some("urn:x:1".into());
/// writer.entry(&entry)?;
/// let xml = writer.finish();
///
/// let read = ReadOptions::new("http://h/").feed(xml.as_bytes()).unwrap();
/// assert_eq!((read.feed, read.entries), (feed, vec![entry]));
/// # Ok::<(), ocss::atom::WriteError>(())
/// ```
#[derive(Debug)]
pub struct FeedWriter {
    out: Markup,
    base: Option<Box<str>>,
}

impl FeedWriter {
    /// Begins with all of the feed but its entries.
    ///
    /// # Errors
    ///
    /// When something in it cannot be written in XML.
    pub fn new(feed: &Feed) -> Result<Self, WriteError> {
        let mut out = Markup::document();
        let own = own_attributes(feed.base.as_deref(), feed.lang.as_deref());
        out.start(&Namespace::Atom, "feed", &own, feed.foreign.attributes())?;
        simple(&mut out, "id", feed.id.as_deref())?;
        words(&mut out, "title", feed.title.as_ref())?;
        words(&mut out, "subtitle", feed.subtitle.as_ref())?;
        date(&mut out, "updated", feed.updated)?;
        people(&mut out, &feed.authors, &feed.contributors)?;
        for category in &feed.categories {
            write_category(&mut out, category)?;
        }
        for link in &feed.links {
            write_link(&mut out, link)?;
        }
        for (name, number) in [
            ("os:totalResults", feed.total_results),
            ("os:itemsPerPage", feed.items_per_page),
            ("os:startIndex", feed.start_index),
        ] {
            if let Some(number) = number {
                out.leaf(&Namespace::OpenSearch, name, &number.to_string())?;
            }
        }
        for extension in &feed.extensions {
            out.element(extension)?;
        }
        Ok(Self {
            out,
            base: feed.base.clone(),
        })
    }

    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// When something in it cannot be written in XML.
    pub fn entry(&mut self, entry: &Entry) -> Written {
        write_entry(&mut self.out, entry, self.base.as_deref())
    }

    /// Adds a tombstone.
    ///
    /// # Errors
    ///
    /// When something in it cannot be written in XML.
    pub fn tombstone(&mut self, tombstone: &Tombstone) -> Written {
        self.out.element(&tombstone.element)
    }

    /// The document in UTF-8.
    pub fn finish(mut self) -> String {
        self.out.end();
        self.out.finish()
    }
}

fn write_entry(out: &mut Markup, entry: &Entry, base_around: Option<&str>) -> Written {
    let base = entry
        .base
        .as_deref()
        .filter(|base| Some(*base) != base_around);
    let own = own_attributes(base, entry.lang.as_deref());
    out.start(&Namespace::Atom, "entry", &own, entry.foreign.attributes())?;
    simple(out, "id", entry.id.as_deref())?;
    words(out, "title", entry.title.as_ref())?;
    date(out, "published", entry.published)?;
    date(out, "updated", entry.updated)?;
    if let Some(edited) = entry.edited {
        out.leaf(&Namespace::App, "app:edited", &edited.to_string())?;
    }
    people(out, &entry.authors, &entry.contributors)?;
    for category in &entry.categories {
        write_category(out, category)?;
    }
    for link in &entry.links {
        write_link(out, link)?;
    }
    words(out, "summary", entry.summary.as_ref())?;
    if let Some(content) = &entry.content {
        write_content(out, content)?;
    }
    for extension in &entry.extensions {
        out.element(extension)?;
    }
    out.end();
    Ok(())
}

fn own_attributes<'a>(
    base: Option<&'a str>,
    lang: Option<&'a str>,
) -> Vec<(&'static str, &'a str)> {
    let base = base.map(|base| ("xml:base", base));
    let lang = lang.map(|lang| ("xml:lang", lang));
    base.into_iter().chain(lang).collect()
}

fn simple(out: &mut Markup, name: &str, value: Option<&str>) -> Written {
    value.map_or(Ok(()), |value| out.leaf(&Namespace::Atom, name, value))
}

fn date(out: &mut Markup, name: &str, value: Option<Timestamp>) -> Written {
    value.map_or(Ok(()), |value| {
        out.leaf(&Namespace::Atom, name, &value.to_string())
    })
}

fn words(out: &mut Markup, name: &str, text: Option<&Text>) -> Written {
    let Some(text) = text else {
        return Ok(());
    };
    let kind = [("type", text.kind().as_str())];
    // Plain text needs no type.
    let own = if matches!(text.value, Value::Text(_)) {
        &kind[..0]
    } else {
        &kind[..]
    };
    out.start(&Namespace::Atom, name, own, text.foreign.attributes())?;
    match &text.value {
        Value::Text(text) | Value::Html(text) => out.text(text)?,
        Value::Xhtml(holder) => out.inside(holder)?,
    }
    out.end();
    Ok(())
}

fn people(out: &mut Markup, authors: &[Person], contributors: &[Person]) -> Written {
    for (name, people) in [("author", authors), ("contributor", contributors)] {
        for person in people {
            out.start(&Namespace::Atom, name, &[], &[])?;
            out.leaf(&Namespace::Atom, "name", &person.name)?;
            simple(out, "uri", person.uri.as_deref())?;
            simple(out, "email", person.email.as_deref())?;
            for extension in person.foreign.elements() {
                out.element(extension)?;
            }
            out.end();
        }
    }
    Ok(())
}

fn write_category(out: &mut Markup, category: &Category) -> Written {
    let mut own = vec![("term", category.term())];
    own.extend(category.scheme().map(|scheme| ("scheme", scheme)));
    own.extend(category.label().map(|label| ("label", label)));
    out.empty(
        &Namespace::Atom,
        "category",
        &own,
        category.foreign.attributes(),
    )
}

fn write_link(out: &mut Markup, link: &Link) -> Written {
    let mut own = vec![("rel", link.rel())];
    own.extend(link.leads().then(|| ("href", link.href())));
    own.extend(link.media_type().map(|media_type| ("type", media_type)));
    out.empty(&Namespace::Atom, "link", &own, link.foreign.attributes())
}

fn write_content(out: &mut Markup, content: &Content) -> Written {
    let mut own = vec![("type", content.declared_type())];
    own.extend(content.src().map(|src| ("src", src)));
    out.start(
        &Namespace::Atom,
        "content",
        &own,
        content.foreign.attributes(),
    )?;
    match &content.body {
        ContentBody::Text(text) | ContentBody::Base64(text) => out.text(text)?,
        ContentBody::Markup(holder) => out.inside(holder)?,
        ContentBody::OutOfLine(_) => {}
    }
    out.end();
    Ok(())
}

/// Only for documents of other vocabularies: a service document.
pub(crate) fn element_document(root: &Element) -> Result<String, WriteError> {
    let mut out = Markup::document();
    out.element(root)?;
    Ok(out.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom::{Attribute, ReadOptions};

    fn reread(entry: &Entry) -> Entry {
        let xml = entry.to_xml().unwrap();
        ReadOptions::new("http://h/").entry(xml.as_bytes()).unwrap()
    }

    #[test]
    fn carriage_returns_and_cdata_ends_survive() {
        let text = "a\r\nb\rc\n]]>\t<&>\"'\u{85}\u{2028}😀";
        let mut entry = Entry::new();
        entry.title = Some(Text::plain(text));
        entry.content = Some(Content::text(text));
        entry.set_property("content", "dataclass", text);
        entry
            .links
            .push(Link::new("self", "http://h/").with_attribute(Attribute::new("title", text)));
        assert!(entry.to_xml().unwrap().contains("a&#13;\nb&#13;c\n]]&gt;"));
        assert_eq!(reread(&entry), entry);
    }

    #[test]
    fn what_xml_cannot_hold_is_an_error() {
        for bad in ['\0', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            let mut entry = Entry::new();
            entry.content = Some(Content::text(format!("a{bad}")));
            let error = entry.to_xml().unwrap_err();
            let place = String::from("content");
            assert_eq!(
                error,
                WriteError::IllegalCharacter {
                    character: bad,
                    place
                }
            );
            let mut entry = Entry::new();
            entry.links.push(Link::new("self", format!("{bad}")));
            assert!(entry.to_xml().is_err());
        }
        let mut entry = Entry::new();
        entry.extensions.push(Element::new("u", "a b"));
        assert!(matches!(
            entry.to_xml(),
            Err(WriteError::IllegalName { .. })
        ));
    }

    #[test]
    fn prefixes_are_kept_where_they_are_free() {
        let mut entry = Entry::new();
        let inner = Element::new("u:2", "p:b").with_child(Element::new("", "none"));
        let inner = inner.with_child(Element::new("u:1", "p:c"));
        let element = Element::new("u:1", "p:a")
            .with_attribute(Attribute::qualified("u:3", "p:k", "1"))
            .with_attribute(Attribute::qualified("u:4", "bare", "2"))
            .with_attribute(Attribute::qualified(
                crate::atom::names::XML,
                "xml:lang",
                "en",
            ))
            .with_child(inner);
        entry.extensions.push(element);
        let xml = entry.to_xml().unwrap();
        assert!(xml.contains("<p:a xmlns:p=\"u:1\""), "{xml}");
        let read = reread(&entry);
        let [a] = &read.extensions[..] else {
            panic!("{read:?}")
        };
        assert!(a.is("u:1", "a"));
        let attributes: Vec<_> = a
            .attributes()
            .iter()
            .map(|a| (a.namespace(), a.local_name(), a.value()))
            .collect();
        let xml_namespace = crate::atom::names::XML;
        assert_eq!(
            attributes,
            [
                ("u:3", "k", "1"),
                ("u:4", "bare", "2"),
                (xml_namespace, "lang", "en")
            ]
        );
        let b = a.child("u:2", "b").unwrap();
        assert!(b.child("", "none").is_some() && b.child("u:1", "c").is_some());
    }

    #[test]
    fn a_wrapper_may_switch_the_default_namespace() {
        let uuid = Element::new(crate::atom::names::OC, "uuid").with_text("u");
        let mut entry = Entry::new();
        entry
            .extensions
            .push(Element::new(crate::atom::names::OC, "client").with_child(uuid));
        let xml = entry.to_xml().unwrap();
        assert!(xml.contains(&format!(
            "<client xmlns=\"{}\"><uuid>u</uuid></client>",
            crate::atom::names::OC
        )));
        assert_eq!(reread(&entry), entry);
    }

    #[test]
    fn an_update_keeps_markup_that_is_not_understood() {
        let document = br#"<entry xmlns="http://www.w3.org/2005/Atom" xmlns:n="urn:new" n:etag="7">
            <id>urn:x:1</id><title n:lang="no">Old</title><rights>Mine</rights>
            <author><name>A</name><n:role>owner</n:role></author>
            <link rel="edit" href="http://h/1" n:version="2"/>
            <content type="text/x-vcard" n:rev="3">BEGIN:VCARD</content>
            <app:control xmlns:app="http://www.w3.org/2007/app"><app:draft>no</app:draft><n:hold/></app:control>
            <n:colour n:of="hair">black <n:shade>dark</n:shade> or so</n:colour>
            <client xmlns="http://schemas.obexcode.com/syncserver/2009"><uuid>u</uuid><future>f</future></client>
        </entry>"#;
        let mut entry = ReadOptions::new("http://h/").entry(document).unwrap();
        entry.set_property("client", "uuid", "v");
        let xml = entry.to_xml().unwrap();
        for kept in [
            "n:etag=\"7\"",
            "<rights>Mine</rights>",
            "<n:role xmlns:n=\"urn:new\">owner</n:role>",
            "n:version=\"2\"",
            "n:rev=\"3\"",
            "<app:draft>no</app:draft><n:hold",
            "black <n:shade>dark</n:shade> or so",
            "<uuid>v</uuid><future>f</future>",
        ] {
            // A prefix is declared where it is first wanted.
            let kept = kept.replace(" xmlns:n=\"urn:new\"", "");
            let plain = xml.replace(" xmlns:n=\"urn:new\"", "");
            assert!(plain.contains(&kept), "{kept} is not in {xml}");
        }
        assert_eq!(reread(&entry), entry);
    }

    #[test]
    fn elements_nested_too_deeply_are_not_written() {
        let nested = |levels: usize| {
            let mut element = Element::oc("e");
            for _ in 1..levels {
                element = Element::oc("e").with_child(element);
            }
            let mut entry = Entry::new();
            entry.extensions.push(element);
            entry
        };
        assert_eq!(reread(&nested(255)), nested(255));
        assert!(matches!(
            nested(256).to_xml(),
            Err(WriteError::TooDeep { .. })
        ));
    }
}
