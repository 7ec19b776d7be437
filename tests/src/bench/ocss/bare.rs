//! What a programmer would write with quick-xml alone: a loop over the
//! reader's events that builds entries with everything that is in them.

use ocss::time::Timestamp;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

use crate::Result;

const ATOM: Namespace<'static> = Namespace("http://www.w3.org/2005/Atom");

#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) rel: Option<String>,
    pub(super) href: String,
    pub(super) media_type: Option<String>,
}

/// An element of another namespace.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "it is built to be measured"))]
pub(super) struct Element {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) published: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    pub(super) author: String,
    pub(super) links: Vec<Link>,
    pub(super) content_type: String,
    pub(super) content: String,
    pub(super) extensions: Vec<Element>,
}

/// Where the text goes that comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    None,
    Id,
    Title,
    Published,
    Updated,
    AuthorName,
    Content,
}

pub(super) fn read(document: &str) -> Result<Vec<Entry>> {
    let mut reader = NsReader::from_str(document);
    let mut entries = Vec::new();
    let mut entry: Option<Entry> = None;
    let mut foreign: Vec<Element> = Vec::new();
    let mut field = Field::None;
    let mut in_author = false;
    let mut text = String::new();
    loop {
        let event = reader.read_event()?;
        match event {
            Event::Start(start) | Event::Empty(start) if entry.is_none() => {
                let (namespace, name) = reader.resolver().resolve_element(start.name());
                if namespace == ResolveResult::Bound(ATOM) && name.as_ref() == "entry" {
                    entry = Some(Entry::default());
                }
            }
            Event::Start(start) => {
                let Some(entry) = &mut entry else { continue };
                text.clear();
                let (namespace, name) = reader.resolver().resolve_element(start.name());
                if !foreign.is_empty() || namespace != ResolveResult::Bound(ATOM) {
                    foreign.push(element(&namespace, name.as_ref()));
                    continue;
                }
                field = match name.as_ref() {
                    "id" => Field::Id,
                    "title" => Field::Title,
                    "published" => Field::Published,
                    "updated" => Field::Updated,
                    "author" => {
                        in_author = true;
                        Field::None
                    }
                    "name" if in_author => Field::AuthorName,
                    "content" => {
                        let found = start.try_get_attribute("type")?;
                        entry.content_type = match found {
                            Some(found) => found
                                .normalized_value(XmlVersion::Implicit1_0)?
                                .into_owned(),
                            None => "text".to_owned(),
                        };
                        Field::Content
                    }
                    "link" => {
                        entry.links.push(link(&start)?);
                        Field::None
                    }
                    _ => Field::None,
                };
            }
            Event::Empty(start) => {
                let Some(entry) = &mut entry else { continue };
                let (namespace, name) = reader.resolver().resolve_element(start.name());
                if namespace == ResolveResult::Bound(ATOM) {
                    if name.as_ref() == "link" {
                        entry.links.push(link(&start)?);
                    }
                } else {
                    let element = element(&namespace, name.as_ref());
                    match foreign.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => entry.extensions.push(element),
                    }
                }
            }
            Event::Text(part) if entry.is_some() => text.push_str(&part.xml10_content()),
            Event::CData(part) if entry.is_some() => text.push_str(&part.xml10_content()),
            Event::GeneralRef(part) if entry.is_some() => match part.resolve_char_ref()? {
                Some(c) => text.push(c),
                None => text.push(match &*part.xml10_content() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "apos" => '\'',
                    "quot" => '"',
                    other => return Err(format!("there is no entity `{other}`").into()),
                }),
            },
            Event::End(end) => {
                let Some(open) = &mut entry else { continue };
                if let Some(mut element) = foreign.pop() {
                    element.text.push_str(&text);
                    text.clear();
                    match foreign.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => open.extensions.push(element),
                    }
                    continue;
                }
                match field {
                    Field::Id => open.id = text.trim().to_owned(),
                    Field::Title => open.title = text.clone(),
                    Field::Published => open.published = Timestamp::parse(&text),
                    Field::Updated => open.updated = Timestamp::parse(&text),
                    Field::AuthorName => open.author = text.clone(),
                    Field::Content => open.content = text.clone(),
                    Field::None => {}
                }
                field = Field::None;
                match end.local_name().as_ref() {
                    "author" => in_author = false,
                    "entry" => entries.extend(entry.take()),
                    _ => {}
                }
            }
            Event::Eof => return Ok(entries),
            _ => {}
        }
    }
}

fn element(namespace: &ResolveResult<'_>, name: &str) -> Element {
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.0.to_owned(),
        _ => String::new(),
    };
    Element {
        namespace,
        name: name.to_owned(),
        text: String::new(),
        children: Vec::new(),
    }
}

fn link(start: &BytesStart<'_>) -> Result<Link> {
    let mut link = Link::default();
    for attribute in start.attributes() {
        let attribute = attribute?;
        let value = || -> Result<String> {
            Ok(attribute
                .normalized_value(XmlVersion::Implicit1_0)?
                .into_owned())
        };
        match attribute.key.local_name().as_ref() {
            "rel" => link.rel = Some(value()?),
            "href" => link.href = value()?,
            "type" => link.media_type = Some(value()?),
            _ => {}
        }
    }
    Ok(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::ocss::feed;

    /// They are compared, so they must do the same.
    #[test]
    fn the_bare_loop_finds_what_our_reader_finds() {
        let document = feed::generated(30);
        let ours = ocss::atom::ReadOptions::new("https://api.obexcode.com/")
            .feed(document.as_bytes())
            .unwrap();
        let bare = read(&document).unwrap();
        assert_eq!(ours.entries.len(), 30);
        assert_eq!(bare.len(), 30);
        for (ours, bare) in ours.entries.iter().zip(&bare) {
            assert_eq!(ours.id.as_deref(), Some(bare.id.as_str()));
            assert_eq!(ours.title.as_ref().unwrap().value(), bare.title);
            assert_eq!(
                (ours.published, ours.updated),
                (bare.published, bare.updated)
            );
            assert_eq!(&*ours.authors[0].name, bare.author);
            for (ours, bare) in ours.links.iter().zip(&bare.links) {
                assert_eq!(
                    (ours.rel(), ours.href()),
                    (bare.rel.as_deref().unwrap(), bare.href.as_str())
                );
                assert_eq!(ours.media_type(), bare.media_type.as_deref());
            }
            let content = ours.content.as_ref().unwrap();
            assert_eq!(content.declared_type(), bare.content_type);
            assert_eq!(content.data().unwrap().as_ref(), bare.content.as_bytes());
            let wrapper = &bare.extensions[0];
            assert_eq!(
                (wrapper.name.as_str(), wrapper.text.as_str()),
                ("content", "")
            );
            assert!(wrapper.namespace.ends_with("/2009"));
            assert_eq!(
                ours.property("uuid"),
                Some(wrapper.children[0].text.as_str())
            );
            assert_eq!(
                ours.property("dataclass"),
                Some(wrapper.children[1].text.as_str())
            );
        }
    }
}
