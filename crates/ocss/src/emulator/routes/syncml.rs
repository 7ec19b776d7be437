//! What a SyncML client can be told to do.

use http::StatusCode;
use sync_core::Secret;

use super::{Item, Operation, required};
use crate::emulator::Message;
use crate::emulator::answer::{Answer, ENTRY, Outcome};
use crate::emulator::world::{ClientData, Kind, World};

pub(super) fn setup(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["POST"])?;
    op.query.only(&[])?;
    let id = op.id(0);
    let client = world.client(op.owner(), id);
    let client = client.ok_or_else(|| Answer::not_found(Kind::Syncml.name(), id))?;
    let ClientData::Syncml { phone_number, .. } = &client.data else {
        return Err(Answer::not_found(Kind::Syncml.name(), id));
    };
    let message = Message::Setup {
        number: phone_number.clone(),
        pincode: Secret::new(required(&op.entry()?, "pincode")?),
    };
    let mut answer = Answer::document(ENTRY, Item::Client(client).document(&op.site));
    answer.status = StatusCode::CREATED;
    world.messages.push(message);
    Ok(answer)
}

pub(super) fn sync(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["POST"])?;
    op.query.only(&[])?;
    let id = op.id(0);
    match world.client(op.owner(), id) {
        Some(client) if client.kind() == Kind::Syncml => {
            world.syncs.push(id.to_owned());
            Ok(Answer::empty(StatusCode::ACCEPTED))
        }
        _ => Err(Answer::not_found(Kind::Syncml.name(), id)),
    }
}
