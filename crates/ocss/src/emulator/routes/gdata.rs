//! Datastores registered with a GData client.

use http::header::LOCATION;
use http::{Method, StatusCode};

use super::{Item, Operation, required};
use crate::emulator::answer::{Answer, Outcome};
use crate::emulator::world::{ClientData, GdataDatastore, Kind, World};
use crate::emulator::xml::{Element, OC};

pub(super) fn datastores(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["GET", "POST"])?;
    op.query.only(&[])?;
    let id = op.id(0);
    let missing = || Answer::not_found(Kind::Gdata.name(), id);
    let client = world.client_mut(op.owner(), id).ok_or_else(missing)?;
    let ClientData::Gdata { datastores, .. } = &mut client.data else {
        return Err(missing());
    };
    if !op.is(&Method::POST) {
        return Ok(op.show(Item::Client(client)));
    }
    let datastore = new_datastore(&op.entry()?)?;
    datastores.push(datastore);
    client.times.touch(op.site.now);
    let mut answer = op.show(Item::Client(client));
    answer.status = StatusCode::CREATED;
    Ok(answer.with(LOCATION, &Item::Client(client).url(&op.site)))
}

fn new_datastore(entry: &Element) -> Result<GdataDatastore, Answer> {
    let bad = |text: &str| Err(Answer::bad_request(text));
    let dataclass = required(entry, "dataclass")?;
    if !matches!(dataclass.as_str(), "Contacts" | "Calendar") {
        return bad("dataclass is either Contacts or Calendar");
    }
    let url = required(entry, "url")?;
    required(entry, "key")?;
    required(entry, "secret")?;
    let scopes = entry.property_element("scopes");
    let mut scopes = scopes.iter().flat_map(|scopes| scopes.children());
    if !scopes.any(|scope| scope.is(OC, "scope") && !scope.text().trim().is_empty()) {
        return bad("scopes are missing");
    }
    if !matches!(
        entry.property("token_type").as_deref(),
        None | Some("1" | "2")
    ) {
        return bad("token_type is either 1 or 2");
    }
    let name = entry.property("name").filter(|name| !name.is_empty());
    Ok(GdataDatastore {
        name: name.unwrap_or_else(|| dataclass.clone()),
        dataclass,
        url,
    })
}
