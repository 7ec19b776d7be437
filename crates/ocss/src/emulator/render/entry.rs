//! Entries, in the shapes of the service's own examples.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Site;
use crate::emulator::layout::Place;
use crate::emulator::world::{
    Binding, Client, ClientData, Data, GdataDatastore, Kind, Model, Seen, Times, Vendor, World,
    fixed_times,
};
use crate::emulator::xml::{ATOM, OC, Writer};

const ATOM_ENTRY: &str = "application/atom+xml;type=entry";
const ATOM_FEED: &str = "application/atom+xml;type=feed";

/// Something that is shown as an entry.
#[derive(Debug, Clone, Copy)]
pub(in crate::emulator) enum Item<'a> {
    Vendor(&'a Vendor),
    Model(&'a Model),
    Client(&'a Client),
    Binding(&'a Binding, &'a World),
    /// An item of the datastore with this id.
    Content(Seen<'a>, &'a str, &'a str),
}

impl Item<'_> {
    /// The URL of the entry itself.
    pub(in crate::emulator) fn url(&self, site: &Site) -> String {
        match self {
            Self::Vendor(vendor) => site.url(Place::Vendor, &[&vendor.id]),
            Self::Model(model) => site.url(Place::Model, &[&model.id]),
            Self::Client(client) => site.url(member(client.kind()), &[&client.id]),
            Self::Binding(binding, _) => site.url(Place::Binding, &[&binding.id.to_string()]),
            Self::Content((content, _), store, _) => {
                site.url(Place::Content, &[store, &content.id])
            }
        }
    }

    fn times(&self) -> Times {
        match self {
            Self::Vendor(_) => fixed_times(1),
            Self::Model(_) => fixed_times(2),
            Self::Client(client) => client.times,
            Self::Binding(binding, _) => binding.times,
            Self::Content((content, _), ..) => content.times,
        }
    }

    /// Changes whenever the entry does.
    pub(in crate::emulator) fn etag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Vendor(vendor) => ("vendor", &vendor.id).hash(&mut hasher),
            Self::Model(model) => ("model", &model.id).hash(&mut hasher),
            Self::Client(client) => ("client", &client.id).hash(&mut hasher),
            Self::Binding(binding, _) => ("binding", binding.id).hash(&mut hasher),
            Self::Content((content, _), store, _) => (store, &content.id).hash(&mut hasher),
        }
        format!(
            "\"{:08x}-{}\"",
            hasher.finish() as u32,
            self.times().version
        )
    }

    fn title(&self) -> String {
        match self {
            Self::Vendor(vendor) => vendor.name.clone(),
            Self::Model(model) => model.name.clone(),
            Self::Client(client) => client.title.clone(),
            Self::Binding(binding, _) => binding.id.to_string(),
            Self::Content((content, _), ..) => content.title.clone(),
        }
    }

    fn author(&self) -> &str {
        match self {
            Self::Vendor(_) | Self::Model(_) => "ObexCode AS",
            Self::Client(client) => &client.owner,
            Self::Binding(binding, _) => &binding.owner,
            Self::Content(_, _, owner) => owner,
        }
    }

    /// A document of this entry alone.
    pub(in crate::emulator) fn document(&self, site: &Site) -> String {
        let mut out = Writer::document();
        self.write(site, &mut out, &[("xmlns", ATOM)]);
        out.finish()
    }

    pub(in crate::emulator) fn write(
        &self,
        site: &Site,
        out: &mut Writer,
        attributes: &[(&str, &str)],
    ) {
        let url = self.url(site);
        let times = self.times();
        out.open("entry", attributes);
        out.open("author", &[]);
        out.element("name", self.author());
        out.close("author");
        out.element("id", &url);
        out.element("title", &self.title());
        out.element("published", &times.published.to_string());
        out.element("updated", &times.updated.to_string());
        out.empty("link", &[("rel", "self"), ("href", &url)]);
        match self {
            Self::Vendor(vendor) => write_vendor(vendor, site, out),
            Self::Model(model) => write_model(model, site, out),
            Self::Client(client) => write_client(client, &url, site, out),
            Self::Binding(binding, world) => write_binding(binding, world, &url, site, out),
            Self::Content(seen, ..) => write_content(*seen, &url, out),
        }
        out.close("entry");
    }
}

/// The place of a single client of this kind.
const fn member(kind: Kind) -> Place {
    match kind {
        Kind::Syncml => Place::SyncmlClient,
        Kind::Activesync => Place::ActivesyncClient,
        Kind::Datastore => Place::DatastoreClient,
        Kind::Gdata => Place::GdataClient,
    }
}

fn write_vendor(vendor: &Vendor, site: &Site, out: &mut Writer) {
    let models = site.url(Place::VendorModels, &[&vendor.id]);
    out.empty(
        "link",
        &[("rel", "models"), ("href", &models), ("type", ATOM_FEED)],
    );
    out.open("vendor", &[("xmlns", OC)]);
    out.element("uuid", &vendor.id);
    out.element("name", &vendor.name);
    out.close("vendor");
}

fn write_model(model: &Model, site: &Site, out: &mut Writer) {
    let vendor = site.url(Place::Vendor, &[&model.vendor]);
    let image = site.url(Place::Image, &[&format!("{}.png", model.id)]);
    out.empty(
        "link",
        &[("rel", "vendor"), ("href", &vendor), ("type", ATOM_ENTRY)],
    );
    out.empty(
        "link",
        &[("rel", "image"), ("href", &image), ("type", "image/png")],
    );
    out.open("model", &[("xmlns", OC)]);
    out.element("uuid", &model.id);
    out.element("name", &model.name);
    out.element("vendor_uuid", &model.vendor);
    out.element("image_url", &image);
    out.close("model");
}

fn write_client(client: &Client, url: &str, site: &Site, out: &mut Writer) {
    let scheme = format!("{OC}#kind");
    out.empty(
        "category",
        &[("scheme", &scheme), ("term", client.kind().term())],
    );
    let id = client.id.as_str();
    let begin = |out: &mut Writer| {
        out.open("client", &[("xmlns", OC)]);
        out.element("uuid", id);
    };
    match &client.data {
        ClientData::Syncml {
            model,
            imei,
            phone_number,
            timezone,
        } => {
            let model_url = site.url(Place::Model, &[model]);
            out.empty(
                "link",
                &[("rel", "model"), ("href", &model_url), ("type", ATOM_ENTRY)],
            );
            out.empty(
                "link",
                &[("rel", "setup"), ("href", &site.url(Place::Setup, &[id]))],
            );
            out.empty(
                "link",
                &[("rel", "sync"), ("href", &site.url(Place::Sync, &[id]))],
            );
            begin(out);
            out.element("model_uuid", model);
            out.element("imei", imei);
            out.element("phone_number", phone_number);
            out.element("timezone", timezone);
            out.close("client");
        }
        ClientData::Activesync { username, .. } => {
            out.empty("link", &[("rel", "edit"), ("href", url)]);
            begin(out);
            out.element("username", username);
            out.close("client");
        }
        ClientData::Datastore { name, store } => {
            out.empty("link", &[("rel", "edit"), ("href", url)]);
            begin(out);
            out.element("name", name);
            out.close("client");
            let contents = site.url(Place::Contents, &[id]);
            out.empty(
                "link",
                &[
                    ("rel", "contents"),
                    ("href", &contents),
                    ("type", ATOM_FEED),
                ],
            );
            out.open("content", &[("type", "text")]);
            out.text(&format!("Content lines: {}", store.len()));
            out.close("content");
        }
        ClientData::Gdata {
            user_id,
            datastores,
        } => {
            out.empty(
                "link",
                &[
                    ("rel", "edit"),
                    ("href", &site.url(Place::GdataEdit, &[id])),
                ],
            );
            begin(out);
            out.element("user_id", user_id);
            if datastores.is_empty() {
                out.empty("datastores", &[]);
            } else {
                write_datastores(datastores, out);
            }
            out.close("client");
            let datastores = site.url(Place::GdataDatastores, &[id]);
            out.empty("link", &[("rel", "datastores"), ("href", &datastores)]);
        }
    }
}

fn write_datastores(datastores: &[GdataDatastore], out: &mut Writer) {
    out.open("datastores", &[]);
    for datastore in datastores {
        out.open("datastore", &[]);
        out.element("dataclass", &datastore.dataclass);
        out.element("url", &datastore.url);
        out.element("name", &datastore.name);
        out.close("datastore");
    }
    out.close("datastores");
}

fn write_binding(binding: &Binding, world: &World, url: &str, site: &Site, out: &mut Writer) {
    out.empty("link", &[("rel", "edit"), ("href", url)]);
    for (rel, id) in [
        ("source_client", &binding.source),
        ("target_client", &binding.target),
    ] {
        if let Some(client) = world.client(&binding.owner, id) {
            let href = Item::Client(client).url(site);
            out.empty(
                "link",
                &[("rel", rel), ("href", &href), ("type", ATOM_ENTRY)],
            );
        }
    }
    out.open("binding", &[("xmlns", OC)]);
    out.element("dominant", &binding.dominant);
    out.element("source", &binding.source);
    out.element("target", &binding.target);
    out.close("binding");
}

fn write_content((content, operation): Seen<'_>, url: &str, out: &mut Writer) {
    out.empty("link", &[("rel", "edit"), ("href", url)]);
    if !content.deleted {
        out.open("content", &[("type", &content.media_type)]);
        match &content.data {
            Data::Text(text) => out.text(text),
            Data::Markup(markup) => out.markup(markup),
            Data::Binary(bytes) => out.text(&BASE64.encode(bytes)),
        }
        out.close("content");
    }
    out.open("content", &[("xmlns", OC)]);
    out.element("uuid", &content.id);
    out.element("dataclass", &content.dataclass);
    if let Some(operation) = operation {
        out.element("operation", operation.as_str());
    }
    out.close("content");
}
