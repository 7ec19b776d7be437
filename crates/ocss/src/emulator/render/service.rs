//! The service document.

use super::Site;
use crate::emulator::answer::{Answer, SERVICE};
use crate::emulator::layout::Place;
use crate::emulator::xml::{APP, ATOM, OC, Writer};

/// Place, role, title, and whether entries may be created.
type Collection = (Place, &'static str, &'static str, bool);

const PHONES: &[Collection] = &[
    (Place::Vendors, "phones.vendors", "Vendors", false),
    (Place::Models, "phones.models", "Models", false),
    (
        Place::DetectAuto,
        "phones.detect.auto",
        "Automatic detection",
        false,
    ),
    (
        Place::DetectManual,
        "phones.detect.manual",
        "Manual detection",
        true,
    ),
    (
        Place::DetectPoll,
        "phones.detect.poll",
        "Detection result",
        false,
    ),
];

const CLIENTS: &[Collection] = &[
    (Place::Clients, "clients", "Clients", false),
    (Place::Bindings, "clients.bindings", "Bindings", true),
    (Place::Syncml, "clients.syncml", "SyncML", true),
    (Place::Activesync, "clients.activesync", "ActiveSync", true),
    (Place::Datastore, "clients.datastore", "Datastore", true),
    (Place::Gdata, "clients.gdata", "GData", true),
];

/// Where everything is.
pub(in crate::emulator) fn service_document(site: &Site) -> Answer {
    let mut out = Writer::document();
    out.open(
        "service",
        &[("xmlns", APP), ("xmlns:atom", ATOM), ("xmlns:oc", OC)],
    );
    for (title, collections) in [("Phones", PHONES), ("Clients", CLIENTS)] {
        out.open("workspace", &[]);
        out.element("atom:title", title);
        for (place, role, title, creates) in collections {
            let href = site.url(*place, &[]);
            out.open("collection", &[("href", &href), ("oc:role", role)]);
            out.element("atom:title", title);
            if *creates {
                out.element("accept", "application/atom+xml;type=entry");
            } else {
                out.empty("accept", &[]);
            }
            out.close("collection");
        }
        out.close("workspace");
    }
    out.close("service");
    Answer::document(SERVICE, out.finish())
}
