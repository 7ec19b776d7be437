//! Feeds and entries from events.

use std::borrow::Cow;
use std::mem;

use super::base::{Bases, resolve_at_cost};
use super::small::{category, own_attributes, relation, shared, without};
use crate::atom::content::{Content, ContentBody, Kind};
use crate::atom::cost::{ALLOCATION, Cost};
use crate::atom::element::{Element, Foreign};
use crate::atom::entry::{Entry, Tombstone};
use crate::atom::error::{Limits, XmlError, cut};
use crate::atom::feed::{Feed, Item};
use crate::atom::names::Namespace;
use crate::atom::parts::{Link, Person};
use crate::atom::text::{Text, TextKind, Value};
use crate::atom::tree::{TreeBuilder, attribute};
use crate::atom::xml::{Handler, StartTag, trim};
use crate::time::Timestamp;

/// Which root is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Feed,
    Entry,
    Either,
}

/// What the innermost open element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    Feed,
    Entry,
    /// A part with text only.
    Field(Field),
    Person(Role),
    /// Within an element that is kept as it is, at any depth.
    Tree(Place),
    /// Nothing in it counts.
    Skipped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Published,
    Updated,
    Edited,
    TotalResults,
    ItemsPerPage,
    StartIndex,
    Words(Words),
    Content,
    Name,
    Uri,
    Email,
}

/// A text construct.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    Title,
    Subtitle,
    Summary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Author,
    Contributor,
}

/// What a tree is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Extension,
    Words(Words),
    Content,
    Person,
    Tombstone,
}

/// Puts feeds and entries together.
#[derive(Debug)]
pub(super) struct Builder {
    wanted: Wanted,
    /// Stop at each item, for the one who takes them.
    by_item: bool,
    frames: Vec<Frame>,
    depth: usize,
    bases: Bases,
    text: String,
    /// Text that does not count.
    waste: String,
    tree: TreeBuilder,
    is_feed: bool,
    feed: Feed,
    entry: Entry,
    person: Person,
    /// Of the text or content that is being read.
    is_html: bool,
    declared: Cow<'static, str>,
    foreign: Foreign,
    item: Option<Item>,
    entries: Vec<Entry>,
    deleted: Vec<Tombstone>,
    /// How many items were handed over.
    items: u64,
    /// What resolving references has cost, in bytes.
    grown: u64,
    /// What memory was taken before the item that is being read.
    before_item: u64,
    item_cost: u64,
}

impl Builder {
    pub(super) fn new(wanted: Wanted, url: &str, limits: Limits, by_item: bool) -> Self {
        Self {
            wanted,
            by_item,
            frames: Vec::with_capacity(8),
            depth: 0,
            bases: Bases::new(url),
            text: String::new(),
            waste: String::new(),
            tree: TreeBuilder::new(limits),
            is_feed: false,
            feed: Feed::new(),
            entry: Entry::new(),
            person: Person::default(),
            is_html: false,
            declared: Cow::Borrowed("text"),
            foreign: Foreign::default(),
            item: None,
            entries: Vec::new(),
            deleted: Vec::new(),
            items: 0,
            grown: 0,
            before_item: 0,
            item_cost: 0,
        }
    }

    pub(super) const fn is_feed(&self) -> bool {
        self.is_feed
    }

    pub(super) const fn head(&self) -> &Feed {
        &self.feed
    }

    /// What the last item takes that was handed over.
    pub(super) const fn item_cost(&self) -> u64 {
        self.item_cost
    }

    const fn cost(&mut self) -> &mut Cost {
        &mut self.tree.cost
    }

    pub(super) fn take_item(&mut self) -> Option<Item> {
        self.item.take()
    }

    pub(super) fn into_entry(self) -> Entry {
        self.entry
    }

    pub(super) fn into_feed(self) -> (Feed, Vec<Entry>, Vec<Tombstone>) {
        (self.feed, self.entries, self.deleted)
    }

    fn root(&mut self, tag: &StartTag<'_>) -> Result<(), XmlError> {
        let is_atom = *tag.namespace == Namespace::Atom;
        let is_feed = is_atom && tag.local_name == "feed" && self.wanted != Wanted::Entry;
        let is_entry = is_atom && tag.local_name == "entry" && self.wanted != Wanted::Feed;
        if is_feed {
            self.is_feed = true;
            self.feed.base = self.base();
            (self.feed.lang, self.feed.foreign) = own_attributes(tag);
            let foreign = self.feed.foreign.cost();
            self.cost().add(tag.length() + foreign);
            self.frames.push(Frame::Feed);
        } else if is_entry {
            self.begin_entry(tag);
        } else {
            return Err(XmlError::UnexpectedRoot {
                root: cut(tag.name),
                namespace: cut(tag.namespace.uri()),
            });
        }
        Ok(())
    }

    fn begin_entry(&mut self, tag: &StartTag<'_>) {
        self.before_item = self.tree.cost.taken();
        self.entry.base = self.base();
        if tag.has_attributes() {
            (self.entry.lang, self.entry.foreign) = own_attributes(tag);
            let foreign = self.entry.foreign.cost();
            self.cost().add(tag.length() + foreign);
        }
        self.frames.push(Frame::Entry);
    }

    /// The base that the document sets here.
    fn base(&mut self) -> Option<Box<str>> {
        let base: Box<str> = self.bases.explicit()?.into();
        self.grown += base.len() as u64;
        self.cost().add(ALLOCATION + base.len());
        Some(base)
    }

    fn resolve(&mut self, reference: &str) -> Box<str> {
        let (resolved, cost) = resolve_at_cost(self.bases.current(), reference);
        self.grown += cost;
        self.cost().add(ALLOCATION + resolved.len());
        resolved
    }

    /// A short document must not take up all memory, or time, because there
    /// are so many things in it, or each of its references is relative to a
    /// long base.
    fn check_cost(&self) -> Result<(), XmlError> {
        self.tree.cost.check()?;
        let limit = Limits::GROWTH + Limits::GROWTH_OF_ITEM * self.items;
        match self.grown > limit {
            true => Err(XmlError::Overgrown { limit }),
            false => Ok(()),
        }
    }

    /// A child of a feed (`in_feed`) or an entry.
    fn child(&mut self, tag: &StartTag<'_>, in_feed: bool) {
        let frame = match (tag.namespace, tag.local_name) {
            (Namespace::Atom, name) => match name {
                "id" => Frame::Field(Field::Id),
                "updated" => Frame::Field(Field::Updated),
                "published" if !in_feed => Frame::Field(Field::Published),
                "title" => self.words(tag, Words::Title),
                "subtitle" if in_feed => self.words(tag, Words::Subtitle),
                "summary" if !in_feed => self.words(tag, Words::Summary),
                "content" if !in_feed => self.content(tag),
                "link" => {
                    let link = self.link(tag);
                    let all = if in_feed {
                        &mut self.feed.links
                    } else {
                        &mut self.entry.links
                    };
                    all.push(link);
                    self.tree.cost.add_room(all);
                    Frame::Skipped
                }
                "category" => {
                    let category = category(tag);
                    let foreign = category.foreign.cost();
                    self.cost().add(3 * ALLOCATION + tag.length() + foreign);
                    let all = if in_feed {
                        &mut self.feed.categories
                    } else {
                        &mut self.entry.categories
                    };
                    all.push(category);
                    self.tree.cost.add_room(all);
                    Frame::Skipped
                }
                "author" => self.person(Role::Author),
                "contributor" => self.person(Role::Contributor),
                "entry" if in_feed => return self.begin_entry(tag),
                _ => self.begin_tree(tag, Place::Extension),
            },
            (Namespace::App, "edited") if !in_feed => Frame::Field(Field::Edited),
            (Namespace::OpenSearch, "totalResults") if in_feed => Frame::Field(Field::TotalResults),
            (Namespace::OpenSearch, "itemsPerPage") if in_feed => Frame::Field(Field::ItemsPerPage),
            (Namespace::OpenSearch, "startIndex") if in_feed => Frame::Field(Field::StartIndex),
            (Namespace::Tombstones, "deleted-entry") if in_feed => {
                self.before_item = self.tree.cost.taken();
                self.begin_tree(tag, Place::Tombstone)
            }
            _ => self.begin_tree(tag, Place::Extension),
        };
        if matches!(frame, Frame::Field(_)) {
            self.text.clear();
        }
        self.frames.push(frame);
    }

    fn begin_tree(&mut self, tag: &StartTag<'_>, place: Place) -> Frame {
        self.text.clear();
        self.tree.start(tag, &mut self.text);
        Frame::Tree(place)
    }

    fn words(&mut self, tag: &StartTag<'_>, words: Words) -> Frame {
        self.is_html = false;
        self.foreign = Foreign::default();
        self.cost().add(tag.length());
        for attribute_ref in tag.attributes() {
            if !attribute_ref.is(&Namespace::None, "type") {
                self.foreign.push_attribute(attribute(attribute_ref));
                continue;
            }
            match TextKind::named(trim(&attribute_ref.value())) {
                Some(TextKind::Html) => self.is_html = true,
                Some(TextKind::Xhtml) => return self.begin_tree(tag, Place::Words(words)),
                Some(TextKind::Text) | None => {}
            }
        }
        Frame::Field(Field::Words(words))
    }

    fn content(&mut self, tag: &StartTag<'_>) -> Frame {
        self.declared = Cow::Borrowed("text");
        self.foreign = Foreign::default();
        self.cost().add(tag.length());
        let mut src = None;
        for attribute_ref in tag.attributes() {
            if attribute_ref.is(&Namespace::None, "type") {
                // An empty one says as little as none.
                let value = attribute_ref.value();
                let kind = trim(&value);
                if !kind.is_empty() {
                    self.declared = shared(kind);
                }
            } else if attribute_ref.is(&Namespace::None, "src") {
                src = Some(self.resolve(trim(&attribute_ref.value())));
            } else {
                self.foreign.push_attribute(attribute(attribute_ref));
            }
        }
        if let Some(src) = src {
            self.set_content(ContentBody::OutOfLine(src));
            return Frame::Skipped;
        }
        match Kind::of(&self.declared) {
            Kind::Text | Kind::Other => Frame::Field(Field::Content),
            Kind::Xhtml | Kind::Xml => self.begin_tree(tag, Place::Content),
        }
    }

    fn set_content(&mut self, body: ContentBody) {
        let foreign = self.foreign.cost();
        self.cost().add(ALLOCATION + foreign);
        self.entry.content.get_or_insert(Content {
            declared: mem::replace(&mut self.declared, Cow::Borrowed("text")),
            body,
            foreign: mem::take(&mut self.foreign),
        });
    }

    fn link(&mut self, tag: &StartTag<'_>) -> Link {
        let mut link = Link::new("alternate", "");
        for attribute_ref in tag.attributes() {
            let value = attribute_ref.value();
            if *attribute_ref.namespace != Namespace::None {
                link.foreign.push_attribute(attribute(attribute_ref));
                continue;
            }
            match attribute_ref.name {
                "href" => link.href = self.resolve(trim(&value)),
                "rel" => link.rel = relation(trim(&value)),
                "type" => link.media_type = Some(shared(trim(&value))),
                _ => link.foreign.push_attribute(attribute(attribute_ref)),
            }
        }
        let foreign = link.foreign.cost();
        self.cost().add(2 * ALLOCATION + tag.length() + foreign);
        link
    }

    fn person(&mut self, role: Role) -> Frame {
        self.person = Person::default();
        Frame::Person(role)
    }

    fn person_child(&mut self, tag: &StartTag<'_>) {
        let field = match (tag.namespace, tag.local_name) {
            (Namespace::Atom, "name") => Some(Field::Name),
            (Namespace::Atom, "uri") => Some(Field::Uri),
            (Namespace::Atom, "email") => Some(Field::Email),
            _ => None,
        };
        let frame = match field {
            Some(field) => {
                self.text.clear();
                Frame::Field(field)
            }
            None => self.begin_tree(tag, Place::Person),
        };
        self.frames.push(frame);
    }

    fn in_feed(&self) -> bool {
        self.frames.last() == Some(&Frame::Feed)
    }

    /// A field ends. Its parent is the innermost frame already. Of a part that
    /// is there twice, the first counts.
    fn finish(&mut self, field: Field) {
        self.tree.cost.add(ALLOCATION + self.text.len());
        let text = trim(&self.text);
        let in_feed = self.frames.last() == Some(&Frame::Feed);
        let some = || Some(text).filter(|text| !text.is_empty()).map(Into::into);
        match field {
            Field::Id => {
                let id = if in_feed {
                    &mut self.feed.id
                } else {
                    &mut self.entry.id
                };
                *id = id.take().or_else(some);
            }
            Field::Updated => {
                let updated = if in_feed {
                    &mut self.feed.updated
                } else {
                    &mut self.entry.updated
                };
                *updated = updated.or_else(|| Timestamp::parse(text));
            }
            Field::Published => {
                self.entry.published = self.entry.published.or_else(|| Timestamp::parse(text));
            }
            Field::Edited => {
                self.entry.edited = self.entry.edited.or_else(|| Timestamp::parse(text));
            }
            Field::TotalResults => {
                self.feed.total_results = self.feed.total_results.or(text.parse().ok())
            }
            Field::ItemsPerPage => {
                self.feed.items_per_page = self.feed.items_per_page.or(text.parse().ok())
            }
            Field::StartIndex => {
                self.feed.start_index = self.feed.start_index.or(text.parse().ok())
            }
            Field::Words(words) => {
                let text = self.text.as_str().into();
                let value = if self.is_html {
                    Value::Html(text)
                } else {
                    Value::Text(text)
                };
                self.set_words(words, value);
            }
            Field::Content => {
                let body = match Kind::of(&self.declared) {
                    Kind::Other => {
                        self.text.retain(|c| !c.is_ascii_whitespace());
                        ContentBody::Base64(self.text.as_str().into())
                    }
                    _ => ContentBody::Text(self.text.as_str().into()),
                };
                self.set_content(body);
            }
            Field::Name if self.person.name.is_empty() => self.person.name = text.into(),
            Field::Name => {}
            Field::Uri => self.person.uri = self.person.uri.take().or_else(some),
            Field::Email => self.person.email = self.person.email.take().or_else(some),
        }
    }

    fn set_words(&mut self, words: Words, value: Value) {
        let in_feed = self.in_feed();
        let foreign = self.foreign.cost();
        self.cost().add(foreign);
        let place = match words {
            Words::Title if in_feed => &mut self.feed.title,
            Words::Title => &mut self.entry.title,
            Words::Subtitle => &mut self.feed.subtitle,
            Words::Summary => &mut self.entry.summary,
        };
        place.get_or_insert(Text {
            value,
            foreign: mem::take(&mut self.foreign),
        });
    }

    /// A tree ends. Its parent is the innermost frame already.
    fn finish_tree(&mut self, place: Place, mut root: Element) {
        match place {
            Place::Extension => {
                // Only what is between foreign elements themselves counts.
                root.tail = Box::default();
                let all = if self.in_feed() {
                    &mut self.feed.extensions
                } else {
                    &mut self.entry.extensions
                };
                all.push(root);
                self.tree.cost.add_room(all);
            }
            Place::Words(words) => {
                self.foreign = Foreign::new(without(&mut root, &["type"]), Vec::new());
                self.set_words(words, Value::Xhtml(Box::new(root)));
            }
            Place::Content => {
                self.foreign = Foreign::new(without(&mut root, &["type", "src"]), Vec::new());
                let body = if root.children.is_empty() {
                    ContentBody::Text(root.text)
                } else {
                    ContentBody::Markup(Box::new(root))
                };
                self.set_content(body);
            }
            Place::Person => self.person.foreign.push_element(root),
            Place::Tombstone => self.hand_over(Item::Deleted(Tombstone::from_element(root))),
        }
    }

    fn hand_over(&mut self, item: Item) {
        self.items += 1;
        let cost = &mut self.tree.cost;
        if self.by_item {
            self.item_cost = cost.taken() - self.before_item;
            cost.back_to(self.before_item);
            self.item = Some(item);
            return;
        }
        match item {
            Item::Entry(entry) => {
                self.entries.push(entry);
                cost.add_room(&self.entries);
            }
            Item::Deleted(tombstone) => {
                self.deleted.push(tombstone);
                cost.add_room(&self.deleted);
            }
        }
    }
}

impl Handler for Builder {
    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), XmlError> {
        self.depth += 1;
        match self.frames.last() {
            Some(Frame::Tree(_)) => {
                self.tree.start(tag, &mut self.text);
                return self.tree.cost.check();
            }
            Some(Frame::Field(_) | Frame::Skipped) => {
                self.frames.push(Frame::Skipped);
                return Ok(());
            }
            _ => {}
        }
        if tag.has_xml {
            if let Some(base) = tag
                .attributes()
                .find(|attribute| attribute.is(&Namespace::Xml, "base"))
            {
                self.grown += self.bases.push(self.depth, &base.value());
            }
        }
        match self.frames.last() {
            None => self.root(tag)?,
            Some(Frame::Feed) => self.child(tag, true),
            Some(Frame::Person(_)) => self.person_child(tag),
            Some(_) => self.child(tag, false),
        }
        self.check_cost()
    }

    fn text(&mut self) -> &mut String {
        match self.frames.last() {
            Some(Frame::Field(_) | Frame::Tree(_)) => &mut self.text,
            _ => {
                self.waste.clear();
                &mut self.waste
            }
        }
    }

    fn end(&mut self) {
        if let Some(Frame::Tree(place)) = self.frames.last().copied() {
            if let Some(root) = self.tree.end(&mut self.text) {
                self.frames.pop();
                self.finish_tree(place, root);
            }
        } else {
            match self.frames.pop() {
                Some(Frame::Field(field)) => self.finish(field),
                Some(Frame::Person(role)) => {
                    let person = mem::take(&mut self.person);
                    let all = match (role, self.in_feed()) {
                        (Role::Author, true) => &mut self.feed.authors,
                        (Role::Author, false) => &mut self.entry.authors,
                        (Role::Contributor, true) => &mut self.feed.contributors,
                        (Role::Contributor, false) => &mut self.entry.contributors,
                    };
                    self.tree.cost.add(person.foreign.cost());
                    all.push(person);
                    self.tree.cost.add_room(all);
                }
                Some(Frame::Entry) if self.is_feed => {
                    let entry = mem::take(&mut self.entry);
                    self.hand_over(Item::Entry(entry));
                }
                _ => {}
            }
        }
        self.bases.pop(self.depth);
        self.depth -= 1;
    }

    fn is_full(&self) -> bool {
        self.item.is_some()
    }
}
