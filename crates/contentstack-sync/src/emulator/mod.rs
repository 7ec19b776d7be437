//! The Sync API itself, in memory, to run and to test against.
//!
//! An [`Emulator`] is a stack with one environment. What is published,
//! unpublished and deleted there can be synced: page after page of pinned
//! results, tokens that keep their filters, deltas, all seven types of items,
//! content types, and the files of assets. It starts empty, and everything in
//! it follows from a seed. It shares no code with the client, so that each can
//! be measured by the other.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use contentstack_sync::emulator::{Call, Emulator, EntryDraft, Fault, Fill, Kind, On};
//!
//! let emulator = Emulator::builder().page_size(50).start().await?;
//! println!("listening at {}", emulator.url());
//!
//! emulator.fill(&Fill::new(1000));
//! let uid = emulator.publish_entry(EntryDraft::new("article").title("New"));
//! emulator.unpublish(Kind::Entry, &uid, "en-us");
//!
//! // What may go wrong can be made to: the third page is cut off once.
//! emulator.fault_later(On::Call(Call::Page), 1, 1, Fault::truncate());
//! # Ok(())
//! # }
//! ```
//!
//! Without a socket, [`Builder::build`] and [`Emulator::transport`] (or
//! [`Emulator::handle`]) do.
//!
//! # What is not known of the service
//!
//! Order and completeness of a delta, the effect of `limit`, whether a token
//! can be used again: all of that is in [`Options`], to be tried both ways. A
//! pinned result does not change; changes made meanwhile come with the next
//! delta. A sync token with another branch than it was made for is invalid.
//! Requests with `init` and a token begin anew.
//!
//! # Control over HTTP
//!
//! `POST /emulator/…` with JSON does what the methods of [`Emulator`] do:
//!
//! | path | JSON |
//! |---|---|
//! | `publish-entry` | `content_type`, `uid`?, `locale`?, `written_in`?, `fields`?, `without_publish_details`?; answers `uid` |
//! | `publish-asset` | `filename`, `uid`?, `locale`?, `media_type`?, `length`? or `text`?, `declared_size`?; answers `uid` |
//! | `unpublish`, `delete` | `kind` (`entry`, `asset`), `uid`, `locale`? (all); answers `count` |
//! | `add-content-type`, `delete-content-type` | `uid` |
//! | `raw` | an item, sent as it is |
//! | `fill` | `items`, `size`?, `assets`?, `types`?, `locales`? |
//! | `change` | `count`: random changes |
//! | `published` | nothing; answers the truth |
//! | `expire` | `kind`? (`pagination`, `sync`) or `token`: tokens are invalid from now on |
//! | `options` | `page_size`, `honour_limit`, `single_use`, `everything`, `order` (`newest-first`, `oldest-first`, `shuffled`), `redelivered`, `empty_page_after`, `changes_per_page`, `latency_ms`, `rate_limit`, `cdn_ms`: those that change; 0 switches off |
//! | `fault` | `kind`, `on`? (`any`, `sync`, `init`, `page`, `delta`, `content-types`, `file`), `skip`?, `times`?, and `status`, `seconds` or `body` where the kind takes it; see [`Fault`], whose functions' names the kinds are, with hyphens |
//! | `faults-clear`, `log`, `log-clear`, `purge`, `reset` | nothing |

mod answer;
mod builder;
mod chain;
mod control;
mod edge;
mod engine;
mod fault;
mod file;
mod log;
mod options;
mod query;
mod routes;
mod time;
mod world;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use sync_core::local::LocalServer;
pub use sync_core::local::{Disturbance, End, LocalTransport as EmulatorTransport};

pub use self::builder::Builder;
pub use self::chain::TokenKind;
use self::engine::Engine;
pub use self::fault::{Fault, On};
pub use self::log::{Call, LoggedRequest};
pub use self::options::{Compaction, Options, Order};
use self::world::Key;
pub use self::world::{ASSETS, AssetDraft, EntryDraft, EventType, Fill, Kind, Published};

/// The API key of a stack that was not given another.
pub const API_KEY: &str = "blt00000000000000aa";
/// The delivery token of a stack that was not given another.
pub const ACCESS_TOKEN: &str = "cs00000000000000000000000000000001";
/// The environment of a stack that was not given another.
pub const ENVIRONMENT: &str = "production";

/// A running service. Clones are the same service; a socket, if it has one, is
/// closed when the last of them is dropped.
#[derive(Clone)]
pub struct Emulator {
    engine: Arc<Engine>,
    server: Option<Arc<LocalServer>>,
}

impl Emulator {
    /// An empty stack.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Scheme, host and port. Without a socket, it is on `localhost` and only
    /// the emulator's [`transport`](Self::transport) gets there.
    pub fn url(&self) -> String {
        match &self.server {
            Some(server) => format!("http://{}", server.address()),
            None => "http://localhost".to_owned(),
        }
    }

    /// The stack's API key.
    pub fn api_key(&self) -> &str {
        &self.engine.names.api_key
    }

    /// The delivery token.
    pub fn access_token(&self) -> &str {
        &self.engine.access_token
    }

    /// The environment.
    pub fn environment(&self) -> &str {
        &self.engine.environment
    }

    /// Answers a request, whatever host it is for. A [`Disturbance`] is in the
    /// answer's extensions.
    pub fn handle(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.engine.handle(request)
    }

    /// A transport that ends here, without a socket.
    pub fn transport(&self) -> EmulatorTransport {
        EmulatorTransport::new(Arc::clone(&self.engine))
    }

    /// Changes how the service behaves.
    pub fn configure(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.engine.state().options);
    }

    /// An empty stack again, with nothing planned and nothing logged. The
    /// options stay.
    pub fn reset(&self) {
        self.engine.reset();
    }
}

/// What is published.
impl Emulator {
    /// Publishes an entry, for the first time or again; its uid. A field
    /// `title`, if none is given, is made up.
    pub fn publish_entry(&self, draft: EntryDraft) -> String {
        self.engine.state().world.publish_entry(draft)
    }

    /// Publishes an asset, for the first time or again; its uid.
    pub fn publish_asset(&self, draft: AssetDraft) -> String {
        self.engine.state().world.publish_asset(draft)
    }

    /// Publishes much at once.
    pub fn fill(&self, fill: &Fill) {
        self.engine.state().world.fill(fill);
    }

    /// Takes an item back in one locale; whether it was published there.
    pub fn unpublish(&self, kind: Kind, uid: &str, locale: &str) -> bool {
        let key = key(kind, uid, locale);
        self.engine.state().world.unpublish(&key)
    }

    /// Takes an item back in all locales; how many those were.
    pub fn unpublish_everywhere(&self, kind: Kind, uid: &str) -> usize {
        let world = &mut self.engine.state().world;
        let locales = world.locales(kind, uid);
        let taken = locales
            .iter()
            .filter(|locale| world.unpublish(&key(kind, uid, locale)));
        taken.count()
    }

    /// Deletes an item in one locale, published or not; whether there was one.
    pub fn delete(&self, kind: Kind, uid: &str, locale: &str) -> bool {
        let key = key(kind, uid, locale);
        self.engine.state().world.delete(&key)
    }

    /// Deletes an item in all locales, with an event for each; how many those
    /// were.
    pub fn delete_everywhere(&self, kind: Kind, uid: &str) -> usize {
        let world = &mut self.engine.state().world;
        let locales = world.locales(kind, uid);
        let deleted = locales
            .iter()
            .filter(|locale| world.delete(&key(kind, uid, locale)));
        deleted.count()
    }

    /// Makes a content type without entries.
    pub fn add_content_type(&self, uid: &str) {
        self.engine.state().world.add_type(uid);
    }

    /// Deletes a content type and its entries, of which only the type's own
    /// deletion is told; whether there was one.
    pub fn delete_content_type(&self, uid: &str) -> bool {
        self.engine.state().world.delete_type(uid)
    }

    /// Sends an item as it is with the next delta, and with all initial syncs
    /// that take its type: for items that no client has seen yet. It does not
    /// count as [published](Self::published).
    pub fn publish_raw(&self, item: &Value) {
        self.engine.state().world.add_raw(item);
    }

    /// Changes something at random, so many times: publishes anew and again,
    /// to other locales too, unpublishes, deletes, now and then a content type.
    pub fn change_at_random(&self, times: usize) {
        let world = &mut self.engine.state().world;
        for _ in 0..times {
            world.change();
        }
    }

    /// Everything that is published, by kind, uid and locale: what a mirror
    /// without filters has to hold.
    pub fn published(&self) -> Vec<Published> {
        self.engine.state().world.published().collect()
    }

    /// How many events there have been.
    pub fn event_count(&self) -> usize {
        self.engine.state().world.sequence()
    }

    /// The time of the latest event, as the service writes it.
    pub fn time(&self) -> String {
        self.engine.state().world.now().to_string()
    }

    /// Lets the stack's time pass.
    pub fn advance(&self, millis: u32) {
        self.engine.state().world.advance(i64::from(millis));
    }

    /// Does this after each page that isn't a chain's last, before the client
    /// gets it: changes while paging.
    pub fn on_page(&self, hook: impl Fn(&Emulator) + Send + Sync + 'static) {
        self.engine.state().hook = Some(Arc::new(hook));
    }
}

/// What goes wrong.
impl Emulator {
    /// Lets the next `times` requests of that kind fail. The fault that was
    /// asked for first comes first.
    pub fn fault(&self, on: On, times: u32, fault: Fault) {
        self.fault_later(on, 0, times, fault);
    }

    /// The same, after `skip` more of those requests.
    pub fn fault_later(&self, on: On, skip: u32, times: u32, fault: Fault) {
        self.engine.state().plan.add(on, skip, times, fault);
    }

    /// Lets so many of a thousand requests meet one of these faults, chosen by
    /// the stack's seed.
    pub fn trouble(&self, of_a_thousand: u32, faults: impl IntoIterator<Item = Fault>) {
        let faults = faults.into_iter().collect();
        self.engine.state().plan.trouble(of_a_thousand, faults);
    }

    /// Forgets the faults that have not struck, and ends all trouble.
    pub fn clear_faults(&self) {
        self.engine.state().plan.clear();
    }

    /// Makes all tokens of this kind, or of both, invalid for good.
    pub fn expire_tokens(&self, kind: Option<TokenKind>) {
        self.engine.state().tokens.expire(kind);
    }

    /// Makes one token invalid; whether it was valid.
    pub fn forget_token(&self, token: &str) -> bool {
        self.engine.state().tokens.forget(token)
    }

    /// Lets the CDN forget what it has answered.
    pub fn purge_cdn(&self) {
        self.engine.state().cdn.purge();
    }
}

/// What was asked.
impl Emulator {
    /// The requests so far, oldest first; none of those to `/emulator/…`.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.engine.state().log.iter().cloned().collect()
    }

    /// How many requests of this kind there were, of those that are remembered.
    pub fn count(&self, call: Call) -> usize {
        let state = self.engine.state();
        state
            .log
            .iter()
            .filter(|request| request.call == call)
            .count()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.engine.state().log.clear();
    }
}

fn key(kind: Kind, uid: &str, locale: &str) -> Key {
    Key {
        kind,
        uid: uid.to_owned(),
        locale: locale.to_owned(),
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Emulator({})", self.url())
    }
}
