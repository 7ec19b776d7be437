//! The contents of a datastore.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Method;
use percent_encoding::percent_decode_str;

use super::{Item, Operation, done};
use crate::emulator::answer::{Answer, Outcome};
use crate::emulator::world::{Data, Filter, Kind, NewContent, Times, World, essence};
use crate::emulator::xml::{self, ATOM, Element};
use crate::time::Timestamp;

pub(super) fn collection(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["GET", "POST"])?;
    let id = op.id(0);
    if op.is(&Method::POST) {
        op.query.only(&[])?;
        let content_id = world.next_id("content");
        let store = world
            .client_mut(op.owner(), id)
            .and_then(|client| client.store_mut());
        let store = store.ok_or_else(|| Answer::not_found(Kind::Datastore.name(), id))?;
        let new = if op.sends_entry() {
            sent_entry(op, content_id)?
        } else {
            sent_media(op, content_id)?
        };
        let content = store.insert(new, Times::new(op.site.now));
        return Ok(op.created(Item::Content((content, None), id, op.owner())));
    }
    op.query.only(&["page", "since", "dataclass"])?;
    let since = match op.query.get("since") {
        None => None,
        Some(text) => Some(
            Timestamp::parse(text)
                .ok_or_else(|| Answer::bad_request("since: want YYYY-MM-DDThhmmssZ"))?,
        ),
    };
    let filter = Filter {
        since,
        dataclass: op.query.get("dataclass").map(str::to_owned),
    };
    let store = world
        .client(op.owner(), id)
        .and_then(|client| client.store());
    let store = store.ok_or_else(|| Answer::not_found(Kind::Datastore.name(), id))?;
    let seen = store.list(&filter);
    let items: Vec<Item<'_>> = seen
        .into_iter()
        .map(|seen| Item::Content(seen, id, op.owner()))
        .collect();
    op.list("Contents", &items)
}

pub(super) fn member(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["GET", "PUT", "DELETE"])?;
    op.query.only(&[])?;
    let (id, content_id) = (op.id(0), op.id(1));
    let store = world
        .client_mut(op.owner(), id)
        .and_then(|client| client.store_mut());
    let store = store.ok_or_else(|| Answer::not_found(Kind::Datastore.name(), id))?;
    let missing = || Answer::not_found("Content", content_id);
    let content = store.get_mut(content_id).ok_or_else(missing)?;
    if !matches!(*op.method, Method::GET | Method::HEAD) {
        op.unchanged(Item::Content((content, None), id, op.owner()))?;
    }
    if op.is(&Method::PUT) {
        let entry = op.entry()?;
        let data = match entry.child(ATOM, "content") {
            Some(element) => Some(read_data(element, op.strict)?),
            None => None,
        };
        if let Some((media_type, data)) = data {
            content.media_type = media_type;
            content.data = data;
        }
        if let Some(title) = entry.title() {
            content.title = title;
        }
        if let Some(dataclass) = entry
            .property("dataclass")
            .filter(|class| !class.is_empty())
        {
            content.dataclass = dataclass;
        }
        content.times.touch(op.site.now);
    } else if op.is(&Method::DELETE) {
        store.delete(content_id, op.site.now);
        return Ok(done());
    }
    Ok(op.show(Item::Content((content, None), id, op.owner())))
}

/// A new item, as an entry.
fn sent_entry(op: &Operation<'_>, id: String) -> Result<NewContent, Answer> {
    let entry = op.entry()?;
    let element = entry.child(ATOM, "content");
    let element = element.ok_or_else(|| Answer::bad_request("content is missing"))?;
    let (media_type, data) = read_data(element, op.strict)?;
    Ok(NewContent {
        id,
        title: entry.title().filter(|title| !title.is_empty()),
        dataclass: entry
            .property("dataclass")
            .filter(|class| !class.is_empty()),
        media_type,
        data,
    })
}

/// A new item, as its bare data (RFC 5023 section 9.6).
fn sent_media(op: &Operation<'_>, id: String) -> Result<NewContent, Answer> {
    let media_type = op.media_type();
    if media_type.is_empty() {
        return Err(Answer::unsupported_media_type());
    }
    let data = if is_text(&media_type) {
        let text = std::str::from_utf8(op.body)
            .ok()
            .filter(|text| text.chars().all(xml::is_xml_char));
        let text = text.ok_or_else(|| Answer::bad_request("this text cannot be kept as text"))?;
        Data::Text(text.to_owned())
    } else if is_xml(&media_type) {
        let root = xml::read(op.body).map_err(|error| Answer::bad_request(error.to_string()))?;
        let markup = root.to_text();
        match std::str::from_utf8(op.body) {
            Ok(text) if text != markup => Data::Text(text.to_owned()),
            _ => Data::Markup(markup),
        }
    } else {
        Data::Binary(op.body.to_vec())
    };
    let slug = op.headers.get("slug").and_then(|slug| slug.to_str().ok());
    Ok(NewContent {
        id,
        title: slug.map(|slug| percent_decode_str(slug).decode_utf8_lossy().into_owned()),
        dataclass: None,
        media_type,
        data,
    })
}

/// The type and the data of a `content` element (RFC 4287 section 4.1.3).
/// `strict` is to take XML as markup only.
fn read_data(element: &Element, strict: bool) -> Result<(String, Data), Answer> {
    let bad = |text: &str| Answer::bad_request(format!("content: {text}"));
    if element.attribute("src").is_some() {
        return Err(bad("data elsewhere is not taken"));
    }
    let media_type = element
        .attribute("type")
        .map_or("text", str::trim)
        .to_owned();
    let essence = essence(&media_type);
    let data = if essence == "xhtml" || is_xml(&essence) {
        let text = element.text();
        let mut children = element.children();
        match (children.next(), children.next()) {
            (Some(only), None) if text.trim().is_empty() => Data::Markup(only.to_text()),
            // XML that markup would not keep as it is, such as its declaration.
            (None, _) if essence != "xhtml" && !strict => Data::Text(text),
            _ => return Err(bad("want one element")),
        }
    } else if element.children().next().is_some() {
        return Err(bad("there must be no elements in it"));
    } else if is_text(&essence) || matches!(essence.as_str(), "text" | "html") {
        Data::Text(element.text())
    } else if !essence.contains('/') {
        return Err(bad("this is no media type"));
    } else {
        let packed: String = element.text().split_ascii_whitespace().collect();
        Data::Binary(
            BASE64
                .decode(packed)
                .map_err(|_| bad("this is not base64"))?,
        )
    };
    Ok((media_type, data))
}

fn is_text(essence: &str) -> bool {
    essence.starts_with("text/") && !is_xml(essence)
}

fn is_xml(essence: &str) -> bool {
    essence.ends_with("/xml") || essence.ends_with("+xml")
}
