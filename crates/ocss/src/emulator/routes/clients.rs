//! Clients, of one kind and of all.

use http::{Method, StatusCode};
use sync_core::Secret;

use super::{Item, Operation, done, phone_number, required};
use crate::emulator::answer::{Answer, Outcome};
use crate::emulator::world::{Client, ClientData, Kind, Store, Times, World};
use crate::emulator::xml::Element;

pub(super) fn all(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&["page"])?;
    list(op, world, "Clients", None)
}

pub(super) fn any(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&[])?;
    let id = op.id(0);
    let client = world.client(op.owner(), id);
    Ok(op.show(Item::Client(
        client.ok_or_else(|| Answer::not_found("Client", id))?,
    )))
}

fn list(op: &Operation<'_>, world: &World, title: &str, kind: Option<Kind>) -> Outcome {
    let clients = world.clients_of(op.owner(), kind);
    let items: Vec<Item<'_>> = clients.into_iter().map(Item::Client).collect();
    op.list(title, &items)
}

pub(super) fn collection(op: &Operation<'_>, world: &mut World, kind: Kind) -> Outcome {
    op.allow(&["GET", "POST"])?;
    op.query.only(&["page"])?;
    if !op.is(&Method::POST) {
        let title = match kind {
            Kind::Syncml => "SyncML",
            Kind::Activesync => "ActiveSync",
            Kind::Datastore => "Datastore",
            Kind::Gdata => "GData",
        };
        return list(op, world, title, Some(kind));
    }
    let entry = op.entry()?;
    let data = new_data(&entry, kind, world)?;
    let id = world.next_id("client");
    let mut client = Client {
        owner: op.owner().to_owned(),
        title: String::new(),
        times: Times::new(op.site.now),
        position: world.next(),
        data,
        id: id.clone(),
    };
    client.title = title(&client);
    let answer = op.created(Item::Client(&client));
    world.clients.insert(id, client);
    Ok(answer)
}

fn new_data(entry: &Element, kind: Kind, world: &World) -> Result<ClientData, Answer> {
    let optional = |name: &str| entry.property(name).unwrap_or_default();
    Ok(match kind {
        Kind::Syncml => {
            let number = required(entry, "phone_number")?;
            phone_number(&number)?;
            let model = required(entry, "model_uuid")?;
            if world.model(&model).is_none() {
                return Err(Answer::bad_request(format!("there is no model '{model}'")));
            }
            ClientData::Syncml {
                model,
                imei: optional("imei"),
                phone_number: number,
                timezone: optional("timezone"),
            }
        }
        Kind::Activesync => ClientData::Activesync {
            username: required(entry, "username")?,
            password: Secret::new(required(entry, "password")?),
        },
        Kind::Datastore => {
            let name = entry.property("name").or_else(|| entry.title());
            ClientData::Datastore {
                name: name.ok_or_else(|| Answer::bad_request("name is missing"))?,
                store: Store::default(),
            }
        }
        Kind::Gdata => ClientData::Gdata {
            user_id: required(entry, "user_id")?,
            datastores: Vec::new(),
        },
    })
}

/// The title of a client's entry; the id where there is nothing better.
fn title(client: &Client) -> String {
    let natural = match &client.data {
        ClientData::Syncml { phone_number, .. } => phone_number,
        ClientData::Activesync { .. } => &client.id,
        ClientData::Datastore { name, .. } => name,
        ClientData::Gdata { user_id, .. } => user_id,
    };
    if natural.is_empty() {
        client.id.clone()
    } else {
        natural.clone()
    }
}

pub(super) fn member(op: &Operation<'_>, world: &mut World, kind: Kind) -> Outcome {
    match kind {
        Kind::Syncml => op.allow(&["GET", "DELETE"])?,
        Kind::Datastore if op.strict => op.allow(&["GET"])?,
        _ => op.allow(&["GET", "PUT", "DELETE"])?,
    }
    op.query.only(&[])?;
    let id = op.id(0);
    let missing = || Answer::not_found(kind.name(), id);
    let client = world
        .client_mut(op.owner(), id)
        .filter(|client| client.kind() == kind);
    let client = client.ok_or_else(missing)?;
    if op.is(&Method::PUT) {
        op.unchanged(Item::Client(client))?;
        change(&op.entry()?, client)?;
        client.times.touch(op.site.now);
        client.title = title(client);
    } else if op.is(&Method::DELETE) {
        op.unchanged(Item::Client(client))?;
        world.clients.remove(id);
        // What is bound to nothing is no binding.
        world
            .bindings
            .retain(|_, binding| binding.source != id && binding.target != id);
        return Ok(done());
    }
    Ok(op.show(Item::Client(client)))
}

/// Takes over what an entry says, all of it or, when it is refused, nothing;
/// what it leaves out stays.
fn change(entry: &Element, client: &mut Client) -> Result<(), Answer> {
    match &mut client.data {
        ClientData::Syncml { .. } => {}
        ClientData::Activesync { username, password } => {
            let new_username = match entry.property("username") {
                Some(_) => Some(required(entry, "username")?),
                None => None,
            };
            let new_password = entry
                .property("password")
                .filter(|password| !password.is_empty());
            if let Some(new_password) = new_password {
                let old = entry.property("old_pass").unwrap_or_default();
                if old != *password.expose() {
                    let text = "old_pass is not the present password";
                    return Err(Answer::text(StatusCode::FORBIDDEN, text));
                }
                *password = Secret::new(new_password);
            }
            if let Some(new_username) = new_username {
                *username = new_username;
            }
        }
        ClientData::Datastore { name, .. } => {
            if let Some(new) = entry.property("name") {
                *name = new;
            }
        }
        ClientData::Gdata { user_id, .. } => {
            if entry.property("user_id").is_some() {
                *user_id = required(entry, "user_id")?;
            }
        }
    }
    Ok(())
}
