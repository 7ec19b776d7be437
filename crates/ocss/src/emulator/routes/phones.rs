//! Vendors and models: open to all, and never changed.

use super::{Item, Operation};
use crate::emulator::answer::{Answer, Outcome};
use crate::emulator::world::World;

/// A picture of one transparent pixel.
const PICTURE: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
\0\0\0\rIDATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

pub(super) fn vendors(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&["page"])?;
    let items: Vec<Item<'_>> = world.vendors.iter().map(Item::Vendor).collect();
    op.list("Vendors", &items)
}

pub(super) fn vendor(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&[])?;
    let id = op.id(0);
    let vendor = world
        .vendor(id)
        .ok_or_else(|| Answer::not_found("Vendor", id))?;
    Ok(op.show(Item::Vendor(vendor)))
}

pub(super) fn models_of(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&["page"])?;
    let id = op.id(0);
    let vendor = world
        .vendor(id)
        .ok_or_else(|| Answer::not_found("Vendor", id))?;
    let models = world
        .models
        .iter()
        .filter(|model| model.vendor == vendor.id);
    let items: Vec<Item<'_>> = models.map(Item::Model).collect();
    op.list(&format!("Models of {}", vendor.name), &items)
}

pub(super) fn models(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&["page"])?;
    let items: Vec<Item<'_>> = world.models.iter().map(Item::Model).collect();
    op.list("Models", &items)
}

pub(super) fn model(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    op.query.only(&[])?;
    let id = op.id(0);
    let model = world
        .model(id)
        .ok_or_else(|| Answer::not_found("Model", id))?;
    Ok(op.show(Item::Model(model)))
}

pub(super) fn image(op: &Operation<'_>, world: &World) -> Outcome {
    op.allow(&["GET"])?;
    let file = op.id(0);
    let model = file.strip_suffix(".png").and_then(|id| world.model(id));
    model.ok_or_else(|| Answer::not_found("Image", file))?;
    let mut answer = Answer::empty(http::StatusCode::OK);
    answer.body = bytes::Bytes::from_static(PICTURE);
    Ok(answer.with(http::header::CONTENT_TYPE, "image/png"))
}
