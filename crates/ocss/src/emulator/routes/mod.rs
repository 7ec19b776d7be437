//! What can be done where.

mod bindings;
mod clients;
mod contents;
mod detect;
mod gdata;
mod phones;
mod syncml;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};

use super::account::Account;
use super::answer::{Answer, ENTRY, Outcome, check_unchanged};
use super::layout::Place;
use super::query::Query;
use super::render::{Item, Next, Site, feed, service_document};
use super::world::{Kind, World, essence};
use super::xml::{self, ATOM, Element};

/// A request whose place was found and whose sender is known.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) site: Site,
    pub(super) place: Place,
    pub(super) ids: Vec<String>,
    pub(super) method: &'a Method,
    pub(super) query: Query,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) account: Option<&'a Account>,
    pub(super) page_size: usize,
    /// Datastore clients cannot be changed or deleted.
    pub(super) strict: bool,
    pub(super) next: Option<Next>,
}

/// Does what is asked, or says why not.
pub(super) fn run(operation: &Operation<'_>, world: &mut World) -> Answer {
    dispatch(operation, world).unwrap_or_else(|refusal| refusal)
}

fn dispatch(op: &Operation<'_>, world: &mut World) -> Outcome {
    match op.place {
        Place::Service => {
            op.allow(&["GET"])?;
            op.query.only(&[])?;
            Ok(service_document(&op.site))
        }
        Place::AllVendors | Place::Vendors => phones::vendors(op, world),
        Place::Vendor => phones::vendor(op, world),
        Place::VendorModels => phones::models_of(op, world),
        Place::Models => phones::models(op, world),
        Place::Model => phones::model(op, world),
        Place::Image => phones::image(op, world),
        Place::DetectAuto => detect::auto(op, world),
        Place::DetectManual => detect::manual(op, world),
        Place::DetectPoll => detect::poll(op, world),
        Place::Bindings => bindings::collection(op, world),
        Place::Binding => bindings::member(op, world),
        Place::Clients => clients::all(op, world),
        Place::Client => clients::any(op, world),
        Place::Syncml => clients::collection(op, world, Kind::Syncml),
        Place::Activesync => clients::collection(op, world, Kind::Activesync),
        Place::Datastore => clients::collection(op, world, Kind::Datastore),
        Place::Gdata => clients::collection(op, world, Kind::Gdata),
        Place::SyncmlClient => clients::member(op, world, Kind::Syncml),
        Place::ActivesyncClient => clients::member(op, world, Kind::Activesync),
        Place::DatastoreClient => clients::member(op, world, Kind::Datastore),
        Place::GdataClient | Place::GdataEdit => clients::member(op, world, Kind::Gdata),
        Place::Setup => syncml::setup(op, world),
        Place::Sync => syncml::sync(op, world),
        Place::Contents => contents::collection(op, world),
        Place::Content => contents::member(op, world),
        Place::GdataDatastores => gdata::datastores(op, world),
    }
}

/// Whether a place is open to all.
pub(super) const fn is_public(place: Place) -> bool {
    matches!(
        place,
        Place::Service
            | Place::AllVendors
            | Place::Vendors
            | Place::Vendor
            | Place::VendorModels
            | Place::Models
            | Place::Model
            | Place::Image
    )
}

impl Operation<'_> {
    /// The id in the path, by its place there.
    fn id(&self, index: usize) -> &str {
        self.ids.get(index).map_or("", String::as_str)
    }

    /// The name of the account. Places that need one are not reached without.
    fn owner(&self) -> &str {
        self.account.map_or("", Account::name)
    }

    /// Refuses other methods than these. `HEAD` is as good as `GET`.
    fn allow(&self, methods: &[&'static str]) -> Result<(), Answer> {
        let asked = match self.method.as_str() {
            "HEAD" => "GET",
            asked => asked,
        };
        if methods.contains(&asked) {
            return Ok(());
        }
        Err(Answer::not_allowed(match methods {
            ["GET"] => "GET",
            ["POST"] => "POST",
            ["GET", "POST"] => "GET, POST",
            ["GET", "DELETE"] => "GET, DELETE",
            _ => "GET, PUT, DELETE",
        }))
    }

    fn is(&self, method: &Method) -> bool {
        self.method == method
    }

    /// The media type of the body, in lower case and without parameters.
    fn media_type(&self) -> String {
        let value = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        essence(value.unwrap_or_default())
    }

    /// Whether the body says that it is an entry.
    fn sends_entry(&self) -> bool {
        matches!(
            self.media_type().as_str(),
            "application/atom+xml" | "application/xml" | "text/xml"
        )
    }

    /// The entry in the body.
    fn entry(&self) -> Result<Element, Answer> {
        if !self.sends_entry() {
            return Err(Answer::unsupported_media_type());
        }
        let root = xml::read(self.body).map_err(|error| Answer::bad_request(error.to_string()))?;
        if root.is(ATOM, "entry") {
            Ok(root)
        } else {
            Err(Answer::bad_request("the body is not an Atom entry"))
        }
    }

    fn show(&self, item: Item<'_>) -> Answer {
        let answer = Answer::document(ENTRY, item.document(&self.site));
        answer.with(http::header::ETAG, &item.etag())
    }

    fn created(&self, item: Item<'_>) -> Answer {
        self.show(item).created(&item.url(&self.site))
    }

    fn list(&self, title: &str, items: &[Item<'_>]) -> Outcome {
        let ids: Vec<&str> = self.ids.iter().map(String::as_str).collect();
        let url = self.site.url(self.place, &ids);
        feed(
            &self.site,
            &url,
            title,
            items,
            &self.query,
            self.page_size,
            self.next.as_ref(),
        )
    }

    fn unchanged(&self, item: Item<'_>) -> Result<(), Answer> {
        check_unchanged(self.headers, &item.etag())
    }
}

/// A property that must be there and not be empty.
fn required(entry: &Element, name: &str) -> Result<String, Answer> {
    let value = entry.property(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Answer::bad_request(format!("{name} is missing")))
}

/// A phone number: digits, with a `+` before them or not.
fn phone_number(text: &str) -> Result<&str, Answer> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if (4..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(Answer::bad_request("this is not a phone number"))
    }
}

/// An answer without a body.
fn done() -> Answer {
    Answer::empty(StatusCode::NO_CONTENT)
}
