//! Service documents (RFC 5023 section 8).

use std::borrow::Cow;

use super::accept::Accept;
use crate::atom::names::{APP, ATOM, OC};
use crate::atom::{Attribute, Category, Element, Limits, WriteError, XmlError, resolve_at_cost};

/// Which collections a server has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceDocument {
    /// Groups of collections, in their order.
    pub workspaces: Vec<Workspace>,
}

/// A group of collections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Workspace {
    /// The title; empty when missing.
    pub title: String,
    /// The collections, in their order.
    pub collections: Vec<Collection>,
}

/// A collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collection {
    /// Where it is: absolute when it was read.
    pub href: String,
    /// The title; empty when missing.
    pub title: String,
    /// The service's own attribute `oc:role`, such as `clients.datastore`.
    pub role: Option<String>,
    /// What may be posted to it.
    pub accept: Accept,
    /// The categories that its members may have.
    pub categories: Vec<Categories>,
}

/// Categories of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Categories {
    /// Whether there are no others.
    pub fixed: bool,
    /// The scheme of those that have none of their own.
    pub scheme: Option<String>,
    /// Where the categories are, if not here.
    pub href: Option<String>,
    /// The categories.
    pub all: Vec<Category>,
}

impl Workspace {
    /// A group with this title.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            collections: Vec::new(),
        }
    }
}

impl Collection {
    /// A collection that takes entries.
    pub fn new(title: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            href: href.into(),
            ..Self::default()
        }
    }
}

impl ServiceDocument {
    /// A document with no collections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a service document that came from `url`.
    ///
    /// # Errors
    ///
    /// When it is refused, or is no service document.
    pub fn parse(url: &str, document: &[u8], limits: Limits) -> Result<Self, XmlError> {
        let root = crate::atom::parse_element(document, limits)?;
        if !root.is(APP, "service") {
            return Err(XmlError::UnexpectedRoot {
                root: root.local_name().chars().take(64).collect(),
                namespace: root.namespace().chars().take(64).collect(),
            });
        }
        let mut grown = 0;
        let base = base_of(url, &root, &mut grown)?;
        let workspaces = children(&root, APP, "workspace").map(|element| {
            let base = base_of(&base, element, &mut grown)?;
            let collections = children(element, APP, "collection");
            let collections = collections.map(|element| collection(&base, element, &mut grown));
            Ok(Workspace {
                title: title(element),
                collections: collections.collect::<Result<_, _>>()?,
            })
        });
        Ok(Self {
            workspaces: workspaces.collect::<Result<_, _>>()?,
        })
    }

    /// All collections.
    pub fn collections(&self) -> impl Iterator<Item = &Collection> {
        self.workspaces
            .iter()
            .flat_map(|workspace| &workspace.collections)
    }

    /// The collection with this role; else the first without a role whose
    /// title is `title`, whatever its case.
    pub fn find(&self, role: &str, title: &str) -> Option<&Collection> {
        let by_role = self
            .collections()
            .find(|collection| collection.role.as_deref() == Some(role));
        by_role.or_else(|| {
            let title = title.trim().to_lowercase();
            self.collections().find(|collection| {
                collection.role.is_none() && collection.title.trim().to_lowercase() == title
            })
        })
    }

    /// The document in UTF-8.
    ///
    /// # Errors
    ///
    /// When something in it cannot be written in XML.
    pub fn to_xml(&self) -> Result<String, WriteError> {
        let mut root = Element::new(APP, "service");
        for workspace in &self.workspaces {
            let mut element =
                Element::new(APP, "workspace").with_child(title_element(&workspace.title));
            for collection in &workspace.collections {
                element = element.with_child(collection_element(collection));
            }
            root = root.with_child(element);
        }
        crate::atom::element_document(&root)
    }
}

fn children<'e>(
    parent: &'e Element,
    namespace: &'e str,
    name: &'e str,
) -> impl Iterator<Item = &'e Element> {
    parent
        .children()
        .iter()
        .filter(move |child| child.is(namespace, name))
}

/// Resolves a reference. `grown` is what that has cost so far.
fn resolve(base: &str, reference: &str, grown: &mut u64) -> Result<String, XmlError> {
    let (resolved, cost) = resolve_at_cost(base, reference.trim());
    *grown += cost;
    let limit = Limits::GROWTH;
    match *grown > limit {
        true => Err(XmlError::Overgrown { limit }),
        false => Ok(resolved.into()),
    }
}

fn base_of<'a>(
    outer: &'a str,
    element: &Element,
    grown: &mut u64,
) -> Result<Cow<'a, str>, XmlError> {
    Ok(match element.base() {
        Some(base) => resolve(outer, base, grown)?.into(),
        None => outer.into(),
    })
}

fn title(element: &Element) -> String {
    element
        .child(ATOM, "title")
        .map(Element::full_text)
        .unwrap_or_default()
}

fn collection(base: &str, element: &Element, grown: &mut u64) -> Result<Collection, XmlError> {
    let base = base_of(base, element, grown)?;
    let mut resolve = |href: &str| resolve(&base, href, grown);
    let href = resolve(element.attribute("href").unwrap_or_default())?;
    let role = element
        .attributes()
        .iter()
        .find(|attribute| attribute.namespace() == OC && attribute.local_name() == "role");
    let accepts: Vec<_> = children(element, APP, "accept").collect();
    let accept = if accepts.is_empty() {
        Accept::default()
    } else {
        let ranges = accepts.iter().map(|accept| accept.text().trim().to_owned());
        Accept::new(ranges.filter(|range| !range.is_empty()))
    };
    let categories = children(element, APP, "categories").map(|element| {
        Ok(Categories {
            fixed: element
                .attribute("fixed")
                .is_some_and(|fixed| fixed.trim() == "yes"),
            scheme: element
                .attribute("scheme")
                .map(|scheme| scheme.trim().to_owned()),
            href: element.attribute("href").map(&mut resolve).transpose()?,
            all: children(element, ATOM, "category").map(category).collect(),
        })
    });
    Ok(Collection {
        href,
        title: title(element),
        role: role.map(|role| role.value().trim().to_owned()),
        accept,
        categories: categories.collect::<Result<_, _>>()?,
    })
}

fn category(element: &Element) -> Category {
    let mut category = Category::new(element.attribute("term").unwrap_or_default().trim());
    if let Some(scheme) = element.attribute("scheme") {
        category = category.with_scheme(scheme.trim().to_owned());
    }
    if let Some(label) = element.attribute("label") {
        category = category.with_label(label);
    }
    category
}

fn title_element(title: &str) -> Element {
    Element::new(ATOM, "atom:title").with_text(title)
}

fn collection_element(collection: &Collection) -> Element {
    let mut element = Element::new(APP, "collection")
        .with_attribute(Attribute::new("href", collection.href.as_str()))
        .with_child(title_element(&collection.title));
    if let Some(role) = &collection.role {
        element = element.with_attribute(Attribute::qualified(OC, "oc:role", role.as_str()));
    }
    if collection.accept.ranges().is_empty() {
        element = element.with_child(Element::new(APP, "accept"));
    }
    if collection.accept != Accept::default() {
        for range in collection.accept.ranges() {
            element = element.with_child(Element::new(APP, "accept").with_text(range.as_str()));
        }
    }
    for categories in &collection.categories {
        element = element.with_child(categories_element(categories));
    }
    element
}

fn categories_element(categories: &Categories) -> Element {
    let mut element = Element::new(APP, "categories");
    if categories.fixed {
        element = element.with_attribute(Attribute::new("fixed", "yes"));
    }
    for (name, value) in [("scheme", &categories.scheme), ("href", &categories.href)] {
        if let Some(value) = value {
            element = element.with_attribute(Attribute::new(name, value.as_str()));
        }
    }
    for category in &categories.all {
        let mut child = Element::new(ATOM, "atom:category")
            .with_attribute(Attribute::new("term", category.term()));
        for (name, value) in [("scheme", category.scheme()), ("label", category.label())] {
            if let Some(value) = value {
                child = child.with_attribute(Attribute::new(name, value));
            }
        }
        element = element.with_child(child);
    }
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> ServiceDocument {
        let mut vendors = Collection::new("Vendors", "http://h/v2/phones/vendors/");
        vendors.role = Some(String::from("phones.vendors"));
        vendors.accept = Accept::nothing();
        let mut gdata = Collection::new("GData", "http://h/v2/services/google/");
        gdata.accept = Accept::new(["application/atom+xml;type=entry", "image/*"]);
        gdata.categories.push(Categories {
            fixed: true,
            scheme: Some(String::from("urn:x")),
            href: None,
            all: vec![Category::new("Contacts").with_label("<&>")],
        });
        let mut workspace = Workspace::new("All");
        workspace.collections = vec![vendors, gdata];
        ServiceDocument {
            workspaces: vec![workspace],
        }
    }

    #[test]
    fn a_document_is_written_and_read_alike() {
        let xml = example().to_xml().unwrap();
        let read = ServiceDocument::parse("http://h/v2/", xml.as_bytes(), Limits::default());
        assert_eq!(read, Ok(example()), "{xml}");
    }

    #[test]
    fn collections_are_found_by_role_before_title() {
        let document = example();
        assert_eq!(
            document.find("phones.vendors", "x").unwrap().title,
            "Vendors"
        );
        assert_eq!(
            document.find("clients.gdata", " gdata ").unwrap().title,
            "GData"
        );
        assert!(document.find("other", "Vendors").is_none());
    }

    #[test]
    fn a_long_base_does_not_multiply() {
        let document = |collections: usize| {
            let base = format!("http://h/{}/", "a".repeat(1 << 18));
            let collections = "<collection href='x'/>".repeat(collections);
            format!(
                "<service xmlns='{APP}' xml:base='{base}'><workspace>{collections}</workspace></service>"
            )
        };
        let read = |document: String| {
            ServiceDocument::parse("http://h/", document.as_bytes(), Limits::default())
        };
        assert_eq!(read(document(10)).unwrap().collections().count(), 10);
        let limit = Limits::GROWTH;
        assert_eq!(read(document(100)), Err(XmlError::Overgrown { limit }));
    }

    #[test]
    fn other_documents_are_refused() {
        let html = b"<html><body>404</body></html>";
        let refused = ServiceDocument::parse("http://h/", html, Limits::default());
        assert!(matches!(refused, Err(XmlError::UnexpectedRoot { .. })));
    }
}
