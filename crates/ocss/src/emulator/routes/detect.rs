//! Detection of a phone's model.

use http::StatusCode;

use super::{Item, Operation, done, phone_number, required};
use crate::emulator::Message;
use crate::emulator::account::Account;
use crate::emulator::answer::{Answer, ENTRY, Outcome};
use crate::emulator::world::{Detection, Outcome as Found, World};
use crate::emulator::xml::{ATOM, OC, Writer};

/// What every number leads to that can be detected by itself.
const DETECTED: &str = "some-model-id";

pub(super) fn auto(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&["number"])?;
    let number = phone_number(op.query.get("number").unwrap_or_default())?;
    if !op
        .account
        .is_some_and(|account: &Account| account.may_detect)
    {
        return Err(Answer::text(
            StatusCode::FORBIDDEN,
            "detection is not enabled for this user",
        ));
    }
    match world.model(DETECTED) {
        Some(model) if !number.ends_with('0') => Ok(op.show(Item::Model(model))),
        _ => Ok(done()),
    }
}

pub(super) fn manual(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["POST"])?;
    op.query.only(&[])?;
    let entry = op.entry()?;
    let number = required(&entry, "phone_number")?;
    phone_number(&number)?;
    let code: String = world
        .next_id("detection")
        .chars()
        .filter(|c| *c != '-')
        .take(10)
        .collect();
    world.messages.push(Message::Invitation {
        number,
        code: code.clone(),
    });
    let detection = Detection {
        owner: op.owner().to_owned(),
        outcome: Found::Pending,
    };
    world.detections.insert(code.clone(), detection);
    let mut answer = status(op, &code, &code, "pending");
    answer.status = StatusCode::CREATED;
    Ok(answer)
}

pub(super) fn poll(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&["code"])?;
    let code = op.query.get("code").unwrap_or_default();
    let detection = world
        .detections
        .get(code)
        .filter(|detection| detection.owner == op.owner());
    let detection = detection.ok_or_else(|| Answer::bad_request("invalid code"))?;
    match &detection.outcome {
        Found::Pending => Ok(done()),
        Found::Unidentified => Ok(status(op, code, "unidentified", "unidentified")),
        Found::Identified(id) => {
            let model = world
                .model(id)
                .ok_or_else(|| Answer::not_found("Model", id))?;
            Ok(op.show(Item::Model(model)))
        }
    }
}

fn status(op: &Operation<'_>, code: &str, title: &str, status: &str) -> Answer {
    let mut out = Writer::document();
    out.open("entry", &[("xmlns", ATOM), ("xmlns:oc", OC)]);
    out.element("id", &format!("urn:x-detect:{code}"));
    out.element("title", title);
    out.element("updated", &op.site.now.to_string());
    out.open("oc:detection", &[]);
    out.element("oc:code", code);
    out.element("oc:status", status);
    out.close("oc:detection");
    out.close("entry");
    Answer::document(ENTRY, out.finish())
}
