//! Reading what clients send.

use std::fmt;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::element::{Element, Node};

/// The root counts as 1.
const DEEPEST: usize = 256;

/// In bytes. Those that mean anything here are far shorter.
const LONGEST_NAMESPACE: usize = 1024;

/// What was sent is not XML, or not XML that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::emulator) struct Malformed(pub(in crate::emulator) &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unreadable XML: {}", self.0)
    }
}

/// Whether XML 1.0 can hold the character.
pub(in crate::emulator) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Reads a document of UTF-8.
pub(in crate::emulator) fn read(document: &[u8]) -> Result<Element, Malformed> {
    let text = std::str::from_utf8(document).map_err(|_| Malformed("it is not UTF-8"))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if !text.chars().all(is_xml_char) {
        return Err(Malformed("a character that XML does not allow"));
    }
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader
            .read_event()
            .map_err(|_| Malformed("it is not well-formed"))?;
        let finished = match event {
            Event::Start(start) => {
                if root.is_some() {
                    return Err(Malformed("a second root"));
                }
                if open.len() >= DEEPEST {
                    return Err(Malformed("it is nested too deep"));
                }
                open.push(element(&reader, &start)?);
                None
            }
            Event::Empty(start) => {
                if root.is_some() {
                    return Err(Malformed("a second root"));
                }
                Some(element(&reader, &start)?)
            }
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                add_text(&mut open, &text.xml10_content())?;
                None
            }
            Event::CData(text) => {
                add_text(&mut open, &text.xml10_content())?;
                None
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref();
                let resolved = match character.map_err(|_| Malformed("a bad reference"))? {
                    Some(c) if is_xml_char(c) => c,
                    Some(_) => return Err(Malformed("a character that XML does not allow")),
                    None => match &*reference.xml10_content() {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "apos" => '\'',
                        "quot" => '"',
                        _ => return Err(Malformed("an entity that was not declared")),
                    },
                };
                add_text(&mut open, resolved.encode_utf8(&mut [0; 4]))?;
                None
            }
            Event::DocType(_) => return Err(Malformed("a document type is not taken")),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => None,
            Event::Eof => break,
        };
        if let Some(element) = finished {
            match open.last_mut() {
                Some(parent) => parent.nodes.push(Node::Element(element)),
                None => root = Some(element),
            }
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(Malformed("it ends too early")),
    }
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), Malformed> {
    let Some(parent) = open.last_mut() else {
        let blank = text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
        return if blank {
            Ok(())
        } else {
            Err(Malformed("text beside the root"))
        };
    };
    match parent.nodes.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => parent.nodes.push(Node::Text(text.to_owned())),
    }
    Ok(())
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, Malformed> {
    let namespace = |resolved: ResolveResult<'_>| match resolved {
        ResolveResult::Unbound => Ok(String::new()),
        // It is copied into each element.
        ResolveResult::Bound(namespace) if namespace.0.len() > LONGEST_NAMESPACE => {
            Err(Malformed("a namespace with too long a name"))
        }
        ResolveResult::Bound(namespace) => Ok(namespace.0.to_owned()),
        ResolveResult::Unknown(_) => Err(Malformed("a prefix without a namespace")),
    };
    let (resolved, local) = reader.resolver().resolve_element(start.name());
    let mut element = Element {
        namespace: namespace(resolved)?,
        name: local.as_ref().to_owned(),
        attributes: Vec::new(),
        nodes: Vec::new(),
    };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Malformed("a bad attribute"))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value
            .map_err(|_| Malformed("a bad attribute"))?
            .into_owned();
        if !value.chars().all(is_xml_char) {
            return Err(Malformed("a character that XML does not allow"));
        }
        let (resolved, local) = reader.resolver().resolve_attribute(attribute.key);
        element
            .attributes
            .push((namespace(resolved)?, local.as_ref().to_owned(), value));
    }
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::super::{ATOM, OC};
    use super::*;

    #[test]
    fn properties_are_found_by_namespace_in_both_shapes() {
        for inside in [
            "<o:pincode> 1 </o:pincode>",
            "<o:client><o:pincode>1</o:pincode></o:client>",
            "<client xmlns='http://schemas.obexcode.com/syncserver/2009'><pincode>1</pincode></client>",
        ] {
            let xml = format!(
                "<entry xmlns='{ATOM}' xmlns:o='{OC}'><pincode>9</pincode>{inside}</entry>"
            );
            let entry = read(xml.as_bytes()).unwrap();
            assert_eq!(entry.property("pincode").as_deref(), Some("1"), "{inside}");
        }
    }

    #[test]
    fn carriage_returns_survive_only_as_references() {
        let entry = read(b"<a>1&#13;\n2\r\n3<!-- x -->4<![CDATA[<\r]]></a>").unwrap();
        assert_eq!(entry.text(), "1\r\n2\n34<\n");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        let deep = "<a>".repeat(DEEPEST + 1);
        for bad in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<o:a/>",
            "<a>&x;</a>",
            "<a>&#0;</a>",
            "<a>\u{1}</a>",
            "<a b='1' b='2'/>",
            "<!DOCTYPE a><a/>",
            "<a b='&#1;'/>",
            &deep,
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(read(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn an_element_keeps_its_meaning_outside_of_its_document() {
        let outer =
            read(b"<a xmlns='u' xmlns:p='v'><p:b c='1' p:d='&lt;'>x<e/>&#13;</p:b></a>").unwrap();
        let text = outer.children().next().unwrap().to_text();
        let alone = read(text.as_bytes()).unwrap();
        assert!(alone.is("v", "b"), "{text}");
        assert_eq!(
            alone.attributes[1],
            ("v".to_owned(), "d".to_owned(), "<".to_owned())
        );
        assert!(alone.child("u", "e").is_some());
        assert!(alone.text().ends_with('\r'));
    }
}
