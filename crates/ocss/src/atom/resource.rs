//! The service's conventions in entries: ids and properties.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::element::Element;
use super::entry::Entry;
use super::names::Namespace;
use super::read::resolve;

/// The elements that may hold a resource's properties.
pub const WRAPPERS: [&str; 7] = [
    "vendor",
    "model",
    "client",
    "binding",
    "content",
    "datastore",
    "detection",
];

const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

impl Entry {
    /// The element of the property `name`: the first such element of the
    /// service's vocabulary directly in the entry, else in one of the
    /// [`WRAPPERS`].
    pub fn property_element(&self, name: &str) -> Option<&Element> {
        self.find_property(name).map(|(_, element)| element)
    }

    /// The element of a property, and the wrapper that it is in.
    fn find_property(&self, name: &str) -> Option<(Option<&Element>, &Element)> {
        let is_it = |element: &&Element| element.is_in(&Namespace::Oc, name);
        let direct = self.extensions.iter().find(is_it);
        direct.map(|element| (None, element)).or_else(|| {
            let mut wrappers = self.extensions.iter().filter(|element| is_wrapper(element));
            wrappers.find_map(|wrapper| {
                let element = wrapper.children.iter().find(is_it)?;
                Some((Some(wrapper), element))
            })
        })
    }

    /// The property `name` as a reference, resolved against each `xml:base`
    /// around it and the address that the entry came from.
    pub(crate) fn property_url(&self, name: &str, document: &str) -> Option<Box<str>> {
        let (wrapper, element) = self.find_property(name)?;
        let reference = self.property(name)?;
        let mut base = Cow::Borrowed(self.base.as_deref().unwrap_or(document));
        for own in [wrapper, Some(element)].into_iter().flatten() {
            if let Some(own) = own.base() {
                base = resolve(&base, own.trim()).into_string().into();
            }
        }
        Some(resolve(&base, reference))
    }

    /// The text of the property `name`, trimmed. An empty one counts as
    /// absent, except the `name`, for which empty is a value.
    pub fn property(&self, name: &str) -> Option<&str> {
        let text = self.property_element(name)?.text.trim_matches(WHITE_SPACE);
        (!text.is_empty() || name == "name").then_some(text)
    }

    /// Changes a property where it stands, or adds it to the element `wrapper`,
    /// which is added too if need be. An empty `wrapper` means the entry
    /// itself.
    pub fn set_property(&mut self, wrapper: &str, name: &str, value: &str) {
        let property = Element::oc(name).with_text(value);
        self.set_property_element(wrapper, property);
    }

    /// As [`set_property`](Self::set_property), for a property with structure.
    pub fn set_property_element(&mut self, wrapper: &str, mut property: Element) {
        let name = property.local_name().to_owned();
        let is_same = |element: &Element| element.is_in(&Namespace::Oc, &name);
        let direct = self.extensions.iter().position(is_same);
        let place = match direct {
            Some(at) => Some(&mut self.extensions[at]),
            None => {
                let wrapped = self
                    .extensions
                    .iter_mut()
                    .filter(|element| is_wrapper(element));
                wrapped
                    .flat_map(|wrapper| &mut wrapper.children)
                    .find(|element| is_same(element))
            }
        };
        if let Some(place) = place {
            // The prefix stays, and what else is written around it.
            property.name.clone_from(&place.name);
            property.tail.clone_from(&place.tail);
            *place = property;
            return;
        }
        if wrapper.is_empty() {
            self.extensions.push(property);
            return;
        }
        let found = self
            .extensions
            .iter_mut()
            .find(|element| element.is_in(&Namespace::Oc, wrapper));
        match found {
            Some(element) => {
                if let Some((prefix, _)) = element.name.split_once(':') {
                    property.name = format!("{prefix}:{name}").into();
                } else {
                    property.name = name.into();
                }
                element.children.push(property);
            }
            None => self
                .extensions
                .push(Element::oc(wrapper).with_child(property)),
        }
    }

    /// The id by which the service knows the resource: `oc:uuid`; else from
    /// `atom:id` (see [`id_from_reference`]); else the last segment of the
    /// path of the `self` link; else that of the `edit` link, a final `/edit`
    /// left out.
    pub fn resource_id(&self) -> Option<String> {
        if let Some(uuid) = self.property("uuid") {
            return Some(uuid.to_owned());
        }
        if let Some(id) = self.id.as_deref().and_then(id_from_reference) {
            return Some(id);
        }
        if let Some(id) = self.link("self").and_then(|link| last_segment(link.href())) {
            return Some(id);
        }
        let edit = path(self.link("edit")?.href())?.trim_end_matches('/');
        last_of_path(edit.strip_suffix("/edit").unwrap_or(edit))
    }

    /// What happened to the entry, in a listing of changes: `insert`,
    /// `update`, `delete`, or what else the server says.
    pub fn operation(&self) -> Option<&str> {
        self.property("operation")
    }
}

fn is_wrapper(element: &Element) -> bool {
    element.namespace == Namespace::Oc && WRAPPERS.contains(&element.local_name())
}

/// The service's id of a resource from the identifier of its entry: without
/// `urn:uuid:`; of an http or https URL the last segment of the path that is
/// not empty, decoded; else as it is. `None` when it is empty.
///
/// ```
/// use ocss::atom::id_from_reference;
///
/// assert_eq!(id_from_reference("urn:uuid:1225c695").as_deref(), Some("1225c695"));
/// assert_eq!(id_from_reference("http://h/v2/bindings/123/").as_deref(), Some("123"));
/// assert_eq!(id_from_reference("tag:h,2009:1").as_deref(), Some("tag:h,2009:1"));
/// ```
pub fn id_from_reference(reference: &str) -> Option<String> {
    let reference = reference.trim_matches(WHITE_SPACE);
    let id = match strip_prefix_ignoring_case(reference, "urn:uuid:") {
        Some(uuid) => uuid.trim_matches(WHITE_SPACE).to_owned(),
        None => last_segment(reference).unwrap_or_else(|| reference.to_owned()),
    };
    (!id.is_empty()).then_some(id)
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// The path of an http or https URL.
fn path(url: &str) -> Option<&str> {
    let rest = strip_prefix_ignoring_case(url, "http://")
        .or_else(|| strip_prefix_ignoring_case(url, "https://"))?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    Some(rest.find('/').map_or("", |at| &rest[at..]))
}

fn last_segment(url: &str) -> Option<String> {
    last_of_path(path(url)?)
}

fn last_of_path(path: &str) -> Option<String> {
    let segment = path.rsplit('/').find(|segment| !segment.is_empty())?;
    // What does not decode to text stays as it is.
    let decoded = percent_decode_str(segment).decode_utf8();
    Some(decoded.map_or_else(|_| segment.to_owned(), |text| text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom::names::XML;
    use crate::atom::{Attribute, Link};

    fn entry(id: &str, links: &[(&'static str, &str)]) -> Entry {
        let mut entry = Entry::new();
        entry.id = (!id.is_empty()).then(|| id.into());
        entry.links = links
            .iter()
            .map(|(rel, href)| Link::new(*rel, *href))
            .collect();
        entry
    }

    #[test]
    fn the_id_is_found_where_the_service_puts_it() {
        for (id, links, expected) in [
            ("URN:UUID:ab-c", &[][..], Some("ab-c")),
            ("http://h/a/b%2Fc%20d", &[], Some("b/c d")),
            ("https://h/a/b?x=/y#/z", &[], Some("b")),
            ("http://h/a/%ff", &[], Some("%ff")),
            ("http://h/", &[], Some("http://h/")),
            ("something", &[("self", "http://h/x")], Some("something")),
            ("urn:uuid:", &[("self", "http://h/x")], Some("x")),
            (
                "",
                &[("edit", "http://h/y/edit"), ("self", "http://h/x/")],
                Some("x"),
            ),
            ("", &[("edit", "http://h/y/edit")], Some("y")),
            ("", &[("edit", "http://h/y/edit/")], Some("y")),
            ("", &[("edit", "http://h/y")], Some("y")),
            ("", &[("alternate", "http://h/y")], None),
        ] {
            assert_eq!(
                entry(id, links).resource_id().as_deref(),
                expected,
                "{id} {links:?}"
            );
        }
        let mut with_uuid = entry("urn:uuid:other", &[]);
        with_uuid.set_property("client", "uuid", " u-1 \n");
        assert_eq!(with_uuid.resource_id().as_deref(), Some("u-1"));
    }

    #[test]
    fn a_property_is_found_directly_before_wrapped_and_empty_is_absent() {
        let mut entry = Entry::new();
        entry
            .extensions
            .push(Element::oc("client").with_child(Element::oc("imei").with_text("w")));
        entry
            .extensions
            .push(Element::oc("other").with_child(Element::oc("kind").with_text("o")));
        assert_eq!(entry.property("imei"), Some("w"));
        assert_eq!(entry.property("kind"), None);
        entry.extensions.push(Element::oc("imei").with_text(" d "));
        assert_eq!(entry.property("imei"), Some("d"));
        entry
            .extensions
            .push(Element::oc("timezone").with_text(" "));
        assert_eq!(entry.property("timezone"), None);
        entry.extensions.push(Element::oc("name"));
        assert_eq!(entry.property("name"), Some(""));
        assert_eq!(Entry::new().property("name"), None);
    }

    #[test]
    fn a_reference_is_relative_to_every_base_around_it() {
        let based = |element: Element, base: &str| {
            element.with_attribute(Attribute::qualified(XML, "xml:base", base))
        };
        let image = || Element::oc("image_url").with_text(" a.png ");
        let model = |image| Element::oc("model").with_child(image);
        for (extension, base, expected) in [
            (model(image()), None, "http://h/v2/a.png"),
            (model(image()), Some("http://b/"), "http://b/a.png"),
            (based(model(image()), "w/"), None, "http://h/v2/w/a.png"),
            (
                based(model(image()), "w/#f"),
                Some("http://b/"),
                "http://b/w/a.png",
            ),
            (
                based(model(based(image(), "../i/")), "//w/x/"),
                Some("http://b/"),
                "http://w/i/a.png",
            ),
            (based(image(), "i/"), None, "http://h/v2/i/a.png"),
        ] {
            let mut entry = Entry::new();
            entry.base = base.map(Into::into);
            entry.extensions.push(extension);
            let url = entry.property_url("image_url", "http://h/v2/?page=2");
            assert_eq!(url.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_property_is_changed_where_it_stands() {
        let mut entry = Entry::new();
        let uuid = Element::new(crate::atom::names::OC, "uuid").with_text("u");
        entry
            .extensions
            .push(Element::new(crate::atom::names::OC, "client").with_child(uuid));
        entry.set_property("client", "uuid", "v");
        entry.set_property("client", "imei", "1");
        entry.set_property("", "pincode", "0123");
        entry.set_property("content", "dataclass", "tasks");
        assert_eq!(entry.extensions.len(), 3);
        assert_eq!(entry.extensions[0].children().len(), 2);
        assert_eq!(&*entry.extensions[0].children()[1].name, "imei");
        for (name, value) in [
            ("uuid", "v"),
            ("imei", "1"),
            ("pincode", "0123"),
            ("dataclass", "tasks"),
        ] {
            assert_eq!(entry.property(name), Some(value));
        }
    }
}
