//! Bindings of two clients.

use http::Method;

use super::{Item, Operation, done, required};
use crate::emulator::answer::{Answer, Outcome};
use crate::emulator::world::{Binding, Times, World};

pub(super) fn collection(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["GET", "POST"])?;
    op.query.only(&["page"])?;
    if op.is(&Method::POST) {
        return create(op, world);
    }
    let own = world
        .bindings
        .values()
        .filter(|binding| binding.owner == op.owner());
    let items: Vec<Item<'_>> = own.map(|binding| Item::Binding(binding, world)).collect();
    op.list("Bindings", &items)
}

fn create(op: &Operation<'_>, world: &mut World) -> Outcome {
    let entry = op.entry()?;
    let source = required(&entry, "source")?;
    let target = required(&entry, "target")?;
    for id in [&source, &target] {
        if world.client(op.owner(), id).is_none() {
            return Err(Answer::bad_request(format!("there is no client '{id}'")));
        }
    }
    if source == target {
        return Err(Answer::bad_request("a client cannot be bound to itself"));
    }
    let dominant = entry
        .property("dominant")
        .unwrap_or_else(|| "source".to_owned());
    check_dominant(&dominant)?;
    let id = world
        .bindings
        .keys()
        .next_back()
        .map_or(1, |last| last.saturating_add(1))
        .max(124);
    let binding = Binding {
        id,
        owner: op.owner().to_owned(),
        source,
        target,
        dominant,
        times: Times::new(op.site.now),
    };
    world.bindings.insert(id, binding.clone());
    Ok(op.created(Item::Binding(&binding, world)))
}

fn check_dominant(dominant: &str) -> Result<(), Answer> {
    if matches!(dominant, "source" | "target") {
        Ok(())
    } else {
        Err(Answer::bad_request("dominant is either source or target"))
    }
}

pub(super) fn member(op: &Operation<'_>, world: &mut World) -> Outcome {
    op.allow(&["GET", "PUT", "DELETE"])?;
    op.query.only(&[])?;
    let text = op.id(0);
    let missing = || Answer::not_found("Binding", text);
    let id: u64 = text.parse().map_err(|_| missing())?;
    // An id has one spelling only: `+123` and `0123` are others.
    let own = world
        .bindings
        .get(&id)
        .filter(|binding| binding.owner == op.owner() && binding.id.to_string() == text);
    let mut binding = own.ok_or_else(missing)?.clone();
    if op.is(&Method::PUT) {
        op.unchanged(Item::Binding(&binding, world))?;
        if let Some(dominant) = op.entry()?.property("dominant") {
            check_dominant(&dominant)?;
            binding.dominant = dominant;
        }
        binding.times.touch(op.site.now);
        world.bindings.insert(id, binding.clone());
    } else if op.is(&Method::DELETE) {
        op.unchanged(Item::Binding(&binding, world))?;
        world.bindings.remove(&id);
        return Ok(done());
    }
    Ok(op.show(Item::Binding(&binding, world)))
}
