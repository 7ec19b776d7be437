//! What the stack holds: what is published, and everything that ever happened
//! to it, in order.

mod draft;
mod event;
mod fill;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

pub use self::draft::{AssetDraft, EntryDraft};
pub use self::event::{ASSETS, EventType, Kind};
pub(super) use self::event::{Event, Filter};
pub use self::fill::Fill;
use super::time::Instant;

/// What an item is published under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) kind: Kind,
    pub(super) uid: String,
    pub(super) locale: String,
}

/// Something that is published: the truth a mirror is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// Entry or asset.
    pub kind: Kind,
    /// Its uid.
    pub uid: String,
    /// The locale it was published to, which is not always the one it was
    /// written in.
    pub locale: String,
    /// The content type; `sys_assets` for assets.
    pub content_type: String,
    /// When it was last published, as the service writes it.
    pub event_at: String,
    /// The item's `data`, as it is sent.
    pub data: String,
}

/// The bytes behind an asset.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) media_type: String,
    pub(super) bytes: FileBytes,
}

#[derive(Debug, Clone)]
pub(super) enum FileBytes {
    Given(bytes::Bytes),
    /// So many bytes that follow from a seed.
    Made {
        seed: u64,
        length: usize,
    },
}

impl FileBytes {
    pub(super) fn bytes(&self) -> bytes::Bytes {
        match self {
            Self::Given(bytes) => bytes.clone(),
            Self::Made { seed, length } => {
                let mut bytes = vec![0; *length];
                fastrand::Rng::with_seed(*seed).fill(&mut bytes);
                bytes.into()
            }
        }
    }
}

/// What is known of a key, published or not.
#[derive(Debug)]
struct Known {
    content_type: String,
    version: u32,
    /// The event that published it, unless it's gone.
    live: Option<Arc<Event>>,
    /// The last thing that happened to it itself.
    last: Arc<Event>,
    file: Option<File>,
}

/// Where the stack's assets are, and what it is called.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) api_key: String,
    pub(super) asset_origin: String,
}

#[derive(Debug)]
pub(super) struct World {
    names: Names,
    environment_uid: String,
    user_uid: String,
    random: fastrand::Rng,
    now: Instant,
    events: Vec<Arc<Event>>,
    known: BTreeMap<Key, Known>,
    /// Schemas by uid; without those that were deleted.
    types: BTreeMap<String, Value>,
    types_deleted: BTreeMap<String, Arc<Event>>,
    /// Items that were put in as they are.
    raw: Vec<Arc<Event>>,
}

impl World {
    pub(super) fn new(names: Names, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let environment_uid = format!("blt{:016x}", random.u64(..));
        let user_uid = format!("blt{:016x}", random.u64(..));
        Self {
            names,
            environment_uid,
            user_uid,
            random,
            now: Instant::BEGINNING,
            events: Vec::new(),
            known: BTreeMap::new(),
            types: BTreeMap::new(),
            types_deleted: BTreeMap::new(),
            raw: Vec::new(),
        }
    }

    /// How many events there have been.
    pub(super) fn sequence(&self) -> usize {
        self.events.len()
    }

    pub(super) fn now(&self) -> Instant {
        self.now
    }

    pub(super) fn advance(&mut self, millis: i64) {
        self.now = Instant(self.now.0.saturating_add(millis));
    }

    /// Time passes with every event, so that no two are of the same moment.
    fn tick(&mut self) -> Instant {
        let step = self.random.i64(1..=1500);
        self.advance(step);
        self.now
    }

    fn uid(&mut self) -> String {
        format!("blt{:016x}", self.random.u64(..))
    }

    fn happened(&mut self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        self.events.push(Arc::clone(&event));
        event
    }

    /// Publishes an entry; its uid.
    pub(super) fn publish_entry(&mut self, draft: EntryDraft) -> String {
        let uid = draft.uid.clone().unwrap_or_else(|| self.uid());
        let key = Key {
            kind: Kind::Entry,
            uid: uid.clone(),
            locale: draft.locale.clone(),
        };
        let at = self.tick();
        let version = self.next_version(&key);
        let details = self.publish_details(at, &key.locale);
        let data = draft.data(&uid, version, at, &self.user_uid, details);
        self.add_type(&draft.content_type);
        let event = Event::published(&key, &draft.content_type, at, &data);
        self.remember(key, draft.content_type, version, event, None);
        uid
    }

    /// Publishes an asset; its uid.
    pub(super) fn publish_asset(&mut self, draft: AssetDraft) -> String {
        let uid = draft.uid.clone().unwrap_or_else(|| self.uid());
        let key = Key {
            kind: Kind::Asset,
            uid: uid.clone(),
            locale: draft.locale.clone(),
        };
        let at = self.tick();
        let version = self.next_version(&key);
        let file_id = format!("{:024x}", self.random.u128(..) >> 32);
        let path = format!(
            "/v3/assets/{}/{uid}/{file_id}/{}",
            self.names.api_key,
            draft::path_segment(&draft.filename)
        );
        let bytes = match &draft.bytes {
            Some(bytes) => FileBytes::Given(bytes.clone()),
            None => FileBytes::Made {
                seed: self.random.u64(..),
                length: draft.length,
            },
        };
        let details = self.publish_details(at, &key.locale);
        let url = format!("{}{path}", self.names.asset_origin);
        let data = draft.data(&uid, &url, version, at, &self.user_uid, details);
        let event = Event::published(&key, ASSETS, at, &data);
        let file = File {
            path,
            media_type: draft.media_type,
            bytes,
        };
        self.remember(key, ASSETS.to_owned(), version, event, Some(file));
        uid
    }

    fn next_version(&self, key: &Key) -> u32 {
        self.known.get(key).map_or(1, |known| known.version + 1)
    }

    /// The service writes these details a moment before the event itself.
    fn publish_details(&mut self, at: Instant, locale: &str) -> Value {
        let time = Instant(at.0 - self.random.i64(0..=175));
        json!({
            "environment": self.environment_uid,
            "locale": locale,
            "time": time.to_string(),
            "user": self.user_uid,
        })
    }

    fn remember(
        &mut self,
        key: Key,
        content_type: String,
        version: u32,
        event: Event,
        file: Option<File>,
    ) {
        let event = self.happened(event);
        let known = Known {
            content_type,
            version,
            live: Some(Arc::clone(&event)),
            last: event,
            file,
        };
        self.known.insert(key, known);
    }

    /// Takes back what is published; whether it was.
    pub(super) fn unpublish(&mut self, key: &Key) -> bool {
        let kind = match key.kind {
            Kind::Entry => EventType::EntryUnpublished,
            Kind::Asset => EventType::AssetUnpublished,
        };
        let is_live = self
            .known
            .get(key)
            .is_some_and(|known| known.live.is_some());
        is_live && self.remove(key, kind)
    }

    /// Deletes an item in one locale, published or not; whether it was known.
    pub(super) fn delete(&mut self, key: &Key) -> bool {
        let kind = match key.kind {
            Kind::Entry => EventType::EntryDeleted,
            Kind::Asset => EventType::AssetDeleted,
        };
        let is_deleted = |known: &Known| known.last.kind == kind;
        let is_there = self.known.get(key).is_some_and(|known| !is_deleted(known));
        is_there && self.remove(key, kind)
    }

    fn remove(&mut self, key: &Key, kind: EventType) -> bool {
        let at = self.tick();
        let Some(known) = self.known.get_mut(key) else {
            return false;
        };
        let event = Arc::new(Event::removed(key, &known.content_type, kind, at));
        known.live = None;
        known.last = Arc::clone(&event);
        self.events.push(event);
        true
    }

    /// The locales in which an item has ever been.
    pub(super) fn locales(&self, kind: Kind, uid: &str) -> Vec<String> {
        let keys = self.known.keys();
        keys.filter(|key| key.kind == kind && key.uid == uid)
            .map(|key| key.locale.clone())
            .collect()
    }

    pub(super) fn add_type(&mut self, uid: &str) {
        if !self.types.contains_key(uid) {
            self.types.insert(uid.to_owned(), schema(uid, self.now));
            self.types_deleted.remove(uid);
        }
    }

    /// Deletes a content type with all its entries, which are not told of one
    /// by one; whether there was one.
    pub(super) fn delete_type(&mut self, uid: &str) -> bool {
        if self.types.remove(uid).is_none() {
            return false;
        }
        let at = self.tick();
        let event = self.happened(Event::type_deleted(uid, at));
        self.types_deleted.insert(uid.to_owned(), event);
        for known in self.known.values_mut() {
            if known.content_type == uid {
                known.live = None;
            }
        }
        true
    }

    /// Puts an item in as it is: it comes with the next delta, and with every
    /// initial sync that takes its type. It is no part of the truth.
    pub(super) fn add_raw(&mut self, item: &Value) {
        let at = self.tick();
        let event = self.happened(Event::raw(item, at));
        self.raw.push(event);
    }

    pub(super) fn types(&self) -> &BTreeMap<String, Value> {
        &self.types
    }

    pub(super) fn published(&self) -> impl Iterator<Item = Published> + '_ {
        self.known.iter().filter_map(|(key, known)| {
            let live = known.live.as_ref()?;
            Some(Published {
                kind: key.kind,
                uid: key.uid.clone(),
                locale: key.locale.clone(),
                content_type: known.content_type.clone(),
                event_at: live.at.to_string(),
                data: live.data().to_owned(),
            })
        })
    }

    /// The file of a published asset, by its path.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        // The path names the asset: only its locales are looked at.
        let uid = path.split('/').nth(4)?;
        let first = Key {
            kind: Kind::Asset,
            uid: uid.to_owned(),
            locale: String::new(),
        };
        self.known
            .range(first..)
            .take_while(|(key, _)| key.kind == Kind::Asset && key.uid == uid)
            .filter(|(_, known)| known.live.is_some())
            .filter_map(|(_, known)| known.file.as_ref())
            .find(|file| file.path == path)
    }

    /// The first locale's data of a published asset.
    pub(super) fn asset(&self, uid: &str) -> Option<String> {
        let found = self.published();
        let mut found = found.filter(|item| item.kind == Kind::Asset && item.uid == uid);
        found.next().map(|item| item.data)
    }

    /// What an initial sync tells, newest first.
    pub(super) fn snapshot(&self, filter: &Filter) -> Vec<Arc<Event>> {
        let of_key = self.known.values().filter_map(|known| match &known.live {
            Some(live) => Some(live),
            // Its type was deleted, which was not told of each.
            None if known.last.kind.is_published() => None,
            None => Some(&known.last),
        });
        let mut events: Vec<Arc<Event>> = of_key
            .chain(self.types_deleted.values())
            .chain(&self.raw)
            .filter(|event| filter.takes_initially(event))
            .cloned()
            .collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events
    }

    /// What happened after the first `since` events, oldest first.
    pub(super) fn after(&self, since: usize, filter: &Filter) -> Vec<Arc<Event>> {
        let news = self.events.get(since..).unwrap_or_default();
        news.iter()
            .filter(|event| filter.takes(event))
            .cloned()
            .collect()
    }
}

fn schema(uid: &str, at: Instant) -> Value {
    json!({
        "uid": uid,
        "title": uid,
        "created_at": at.to_string(),
        "updated_at": at.to_string(),
        "_version": 1,
        "inbuilt_class": false,
        "schema": [
            {"display_name": "Title", "uid": "title", "data_type": "text", "mandatory": true,
             "unique": true, "multiple": false},
            {"display_name": "URL", "uid": "url", "data_type": "text", "mandatory": false,
             "unique": false, "multiple": false},
            {"display_name": "Body", "uid": "body", "data_type": "text", "mandatory": false,
             "unique": false, "multiple": false},
            {"display_name": "Image", "uid": "image", "data_type": "file", "mandatory": false,
             "unique": false, "multiple": false},
            {"display_name": "Related", "uid": "related", "data_type": "reference",
             "reference_to": [uid], "mandatory": false, "unique": false, "multiple": false,
             "field_metadata": {"ref_multiple": true, "ref_multiple_content_types": true}},
        ],
        "options": {"is_page": true, "singleton": false, "title": "title", "sub_title": []},
    })
}
