//! Entries to be sent.

use std::time::SystemTime;

use sync_core::{Clock, Error, Secret};

use super::is_oc;
use crate::atom::{Content, Element, Entry, Person, Text};
use crate::client::{Field, Staged, Value};
use crate::error::local;
use crate::model::{AddDatastore, ContentData, Dataclass, Id};
use crate::time::Timestamp;

/// A new client that speaks SyncML.
pub(crate) fn syncml(phone_number: &str, model: &Id, timezone: Option<&str>) -> Entry {
    let mut entry = Entry::new();
    entry.set_property("client", "phone_number", phone_number);
    entry.set_property("client", "model_uuid", model.as_str());
    if let Some(timezone) = timezone {
        entry.set_property("client", "timezone", timezone);
    }
    entry
}

/// A new client that speaks ActiveSync.
pub(crate) fn activesync(username: &str, password: &Secret<String>) -> Entry {
    let mut entry = Entry::new();
    entry.set_property("client", "username", username);
    entry.set_property("client", "password", password.expose());
    entry
}

/// A new datastore.
pub(crate) fn datastore(name: &str) -> Entry {
    let mut entry = titled(name);
    entry.set_property("client", "name", name);
    entry
}

/// A new GData client.
pub(crate) fn gdata(user_id: &str) -> Entry {
    let mut entry = titled(user_id);
    entry.set_property("client", "user_id", user_id);
    entry
}

/// A datastore for a GData client.
pub(crate) fn gdata_datastore(datastore: &AddDatastore) -> Entry {
    let text = |name: &str, value: &str| Element::oc(name).with_text(value);
    let mut element = Element::oc("datastore")
        .with_child(text("dataclass", datastore.dataclass.as_str()))
        .with_child(text("url", &datastore.url));
    if let Some(name) = &datastore.name {
        element = element.with_child(text("name", name));
    }
    let scopes = datastore.scopes.iter();
    let scopes = scopes.fold(Element::oc("scopes"), |all, scope| {
        all.with_child(text("scope", scope))
    });
    element = element
        .with_child(text("key", datastore.key.expose()))
        .with_child(text("secret", datastore.secret.expose()))
        .with_child(scopes)
        .with_child(text(
            "token_type",
            &datastore.token_type.number().to_string(),
        ));
    let mut entry = Entry::new();
    entry.extensions.push(element);
    entry
}

/// A new binding.
pub(crate) fn binding(source: &Id, target: &Id) -> Entry {
    let mut entry = Entry::new();
    entry.set_property("binding", "source", source.as_str());
    entry.set_property("binding", "target", target.as_str());
    entry
}

/// A new content.
///
/// # Errors
///
/// When the data does not go with its type.
pub(crate) fn content(
    data: &ContentData,
    media_type: &str,
    dataclass: Option<&Dataclass>,
    title: Option<&str>,
) -> Result<Entry, Error> {
    let mut entry = title.map_or_else(Entry::new, titled);
    entry.content = Some(atom_content(data, media_type)?);
    if let Some(dataclass) = dataclass {
        entry.set_property("content", "dataclass", dataclass.as_str());
    }
    Ok(entry)
}

/// An invitation to the detection page.
pub(crate) fn detection(number: &str) -> Entry {
    let mut entry = Entry::new();
    entry.set_property("", "phone_number", number);
    entry
}

/// A settings message.
pub(crate) fn pincode(pincode: &Secret<String>) -> Entry {
    let mut entry = Entry::new();
    entry.set_property("", "pincode", pincode.expose());
    entry
}

fn titled(title: &str) -> Entry {
    let mut entry = Entry::new();
    entry.title = Some(Text::plain(title));
    entry
}

fn atom_content(data: &ContentData, media_type: &str) -> Result<Content, Error> {
    let media_type = media_type.trim();
    let (kind, subtype) = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .split_once('/')
        .unwrap_or_default();
    if kind.trim().is_empty() || subtype.trim().is_empty() {
        return Err(local(format!(
            "'{media_type}' is no media type such as text/plain"
        )));
    }
    Content::new(media_type.to_owned(), data.as_bytes()).map_err(|error| local(error.to_string()))
}

/// Puts what is staged into an entry. All else in it stays as it was.
///
/// # Errors
///
/// When data does not go with its type.
pub(crate) fn apply(entry: &mut Entry, wrapper: &str, staged: &Staged) -> Result<(), Error> {
    // It says what once happened to the entry, and is none of its properties.
    remove_property(entry, "operation");
    for (field, value) in staged.iter() {
        match (field, value) {
            (Field::Data, Value::Data { data, media_type }) => {
                entry.content = Some(atom_content(data, media_type)?);
            }
            (Field::Title, Value::Text(title)) => entry.title = Some(Text::plain(title.as_str())),
            (Field::Name | Field::UserId, Value::Text(text)) => {
                entry.title = Some(Text::plain(text.as_str()));
                entry.set_property(wrapper, property_of(field), text);
            }
            (_, Value::Text(text)) => entry.set_property(wrapper, property_of(field), text),
            (_, Value::Secret(secret)) => {
                entry.set_property(wrapper, property_of(field), secret.expose());
            }
            (_, Value::Data { .. }) => {}
        }
    }
    Ok(())
}

/// Whether all that is staged stands in the entry already. Of what is never
/// told, nobody knows.
pub(crate) fn holds(entry: &Entry, staged: &Staged) -> bool {
    staged.iter().all(|(field, value)| match (field, value) {
        (Field::Title, Value::Text(title)) => super::title(entry).as_deref() == Some(title),
        (_, Value::Text(text)) => {
            // As properties are read: without the white space of XML around them.
            let text = text.trim_matches([' ', '\t', '\r', '\n']);
            entry.property(property_of(field)).unwrap_or_default() == text
        }
        (_, Value::Data { data, media_type }) => {
            let content = entry.content.as_ref();
            content.is_some_and(|content| {
                content.media_type() == media_type
                    && content.data().is_ok_and(|bytes| *bytes == *data.as_bytes())
            })
        }
        (_, Value::Secret(_)) => false,
    })
}

const fn property_of(field: Field) -> &'static str {
    match field {
        Field::Username => "username",
        Field::OldPass => "old_pass",
        Field::Password => "password",
        Field::Name => "name",
        Field::UserId => "user_id",
        Field::Title => "title",
        Field::Data => "data",
        Field::Dataclass => "dataclass",
        Field::Dominant => "dominant",
    }
}

fn remove_property(entry: &mut Entry, name: &str) {
    let is_it = |element: &Element| is_oc(element.namespace()) && element.local_name() == name;
    entry.extensions.retain(|element| !is_it(element));
    for wrapper in entry
        .extensions
        .iter_mut()
        .filter(|element| is_oc(element.namespace()))
    {
        wrapper.children_mut().retain(|element| !is_it(element));
    }
}

/// Puts the properties of a new entry directly into it, out of the elements of
/// their kinds.
pub(crate) fn flatten(entry: &mut Entry) {
    let mut flat = Vec::with_capacity(entry.extensions.len());
    for mut element in entry.extensions.drain(..) {
        let is_wrapper = is_oc(element.namespace()) && FLATTENED.contains(&element.local_name());
        match is_wrapper {
            true => flat.append(element.children_mut()),
            false => flat.push(element),
        }
    }
    entry.extensions = flat;
}

/// Elements that are there for the properties in them. That of a GData
/// datastore is not: it is one of several things.
const FLATTENED: [&str; 5] = ["vendor", "model", "client", "binding", "content"];

/// Adds what RFC 4287 wants of entries: an id, a date, an author and a title.
///
/// # Errors
///
/// When the system has no random numbers.
pub(crate) fn complete(entry: &mut Entry, clock: &Clock) -> Result<(), Error> {
    if entry.id.is_none() {
        entry.id = Some(format!("urn:uuid:{}", uuid()?).into());
    }
    let now: SystemTime = clock.now();
    entry.updated.get_or_insert(Timestamp::from(now));
    entry.title.get_or_insert_with(|| Text::plain(""));
    if entry.authors.is_empty() {
        entry.authors.push(Person::new("ocss-rust"));
    }
    Ok(())
}

/// A random UUID (RFC 9562 section 5.4).
fn uuid() -> Result<String, Error> {
    let random = u128::from_be_bytes(sync_core::random::bytes()?);
    let versioned = random & !(0xf << 76) | 0x4 << 76;
    let variant = versioned & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{variant:032x}");
    Ok(format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom::ReadOptions;

    fn staged(changes: impl IntoIterator<Item = (Field, Value)>) -> Staged {
        let mut staged = Staged::default();
        for (field, value) in changes {
            staged.set(field, value);
        }
        staged
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn an_update_keeps_what_it_does_not_know() {
        let xml = "<entry xmlns='http://www.w3.org/2005/Atom' xmlns:x='urn:x' x:a='1'>\
            <id>urn:x:1</id><title>old</title><x:kept>y</x:kept>\
            <client xmlns='http://schemas.obexcode.com/syncserver/2009'><uuid>u</uuid>\
            <name>old</name><future>z</future></client></entry>";
        let mut entry = ReadOptions::new("http://h/").entry(xml.as_bytes()).unwrap();
        apply(&mut entry, "client", &staged([(Field::Name, text("new"))])).unwrap();
        let sent = entry.to_xml().unwrap();
        let read = ReadOptions::new("http://h/")
            .entry(sent.as_bytes())
            .unwrap();
        assert_eq!(read.property("name"), Some("new"));
        assert_eq!(read.property("future"), Some("z"));
        assert_eq!(super::super::title(&read).as_deref(), Some("new"));
        assert!(
            read.extensions
                .iter()
                .any(|element| element.is("urn:x", "kept"))
        );
        assert_eq!(read.attributes().len(), 1);
    }

    #[test]
    fn what_happened_to_a_content_is_not_sent_back() {
        let mut entry = Entry::new();
        entry.set_property("content", "operation", "insert");
        entry.set_property("content", "dataclass", "tasks");
        apply(&mut entry, "content", &staged([(Field::Title, text("t"))])).unwrap();
        assert_eq!(entry.operation(), None);
        assert_eq!(entry.property("dataclass"), Some("tasks"));
    }

    #[test]
    fn an_entry_holds_a_change_only_when_all_of_it_can_be_seen() {
        let mut entry = datastore("n");
        let mut changes = staged([(Field::Name, text("n"))]);
        assert!(holds(&entry, &changes));
        entry.set_property("client", "name", "m");
        assert!(!holds(&entry, &changes));
        changes = staged([(Field::Password, Value::Secret("p".into()))]);
        entry.set_property("client", "password", "p");
        assert!(!holds(&entry, &changes));
    }

    #[test]
    fn a_complete_entry_has_all_that_atom_asks_for() {
        let mut entry = gdata("u");
        complete(&mut entry, &Clock::system()).unwrap();
        let id = entry.id.clone().unwrap();
        assert_eq!(
            (id.len(), &id[..9], &id[23..24]),
            (45, "urn:uuid:", "4"),
            "{id}"
        );
        assert!(entry.updated.is_some() && entry.authors.len() == 1);
    }

    #[test]
    fn what_is_no_media_type_is_refused_here() {
        for media_type in ["", "text", "/", "text/", "; x"] {
            assert!(
                content(&"x".into(), media_type, None, None).is_err(),
                "{media_type:?}"
            );
        }
        assert!(content(&vec![0xff].into(), "text/plain", None, None).is_err());
        assert!(content(&vec![0xff].into(), "image/png", None, None).is_ok());
    }
}
