//! What is published, and what has happened.

use std::collections::{BTreeMap, BTreeSet};

/// `entry` or `asset`, uid, and the locale it is published to.
pub type Place = (&'static str, String, String);

/// Something published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub content_type: String,
    pub at: u64,
    /// `data`, exactly.
    pub data: String,
    pub refers_to: Option<(&'static str, String)>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: &'static str,
    pub at: u64,
    pub content_type: String,
    /// `None` for a content type.
    pub place: Option<Place>,
    pub data: String,
}

impl Event {
    pub fn body(&self) -> String {
        format!(
            r#"{{"type":"{}","event_at":"{}","content_type_uid":"{}","data":{}}}"#,
            self.kind,
            time(self.at),
            self.content_type,
            self.data
        )
    }
}

impl Event {
    /// The same in words of another sort: fields in any order, escapes, what
    /// nobody has heard of, and nothing that may be missing.
    pub fn odd_body(&self, rng: &mut fastrand::Rng) -> String {
        let is_gone = self.kind.ends_with("unpublished") || self.kind.ends_with("deleted");
        let data = match &self.place {
            Some((_, uid, locale)) if is_gone => format!(
                r#"{{"title":"\ud83c\udf5e","filename":null,"locale":"{}","uid":"{}"}}"#,
                escaped(locale, rng),
                escaped(uid, rng)
            ),
            _ => self.data.clone(),
        };
        let at = match rng.bool() {
            true => time(self.at),
            false => time(self.at).replace('Z', "000+00:00"),
        };
        let mut fields = vec![
            format!(r#""type":"{}""#, escaped(self.kind, rng)),
            format!(r#""event\u005fat": "{at}""#),
            format!(r#""data" :{data}"#),
        ];
        // Assets, and entries that are gone, need not say their type.
        let may_lack = self
            .place
            .as_ref()
            .is_some_and(|place| place.0 == "asset" || is_gone);
        if !may_lack || rng.bool() {
            let uid = escaped(&self.content_type, rng);
            fields.push(format!(r#""content_type_uid":"{uid}""#));
        }
        if rng.bool() {
            fields
                .push(r#""variants":[{"uid":"\ud83c","data":{"uid":"x"}},1e999,null]"#.to_owned());
        }
        rng.shuffle(&mut fields);
        format!("{{\n{}\r\n}}", fields.join(",\t"))
    }
}

/// The text, with some of it as escapes.
fn escaped(text: &str, rng: &mut fastrand::Rng) -> String {
    text.chars()
        .map(|c| match rng.u32(..8) {
            0 => format!("\\u{:04x}", u32::from(c)),
            _ => c.to_string(),
        })
        .collect()
}

/// The truth.
#[derive(Debug, Default)]
pub struct Content {
    /// Milliseconds. Every event has its own.
    pub now: u64,
    pub objects: BTreeMap<Place, Object>,
    pub log: Vec<Event>,
    pub content_types: BTreeSet<String>,
    versions: u64,
}

impl Content {
    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    /// Publishes an entry, authored in another locale than it is published to
    /// where `authored` says so.
    pub fn publish(&mut self, content_type: &str, uid: &str, locale: &str) -> String {
        self.publish_entry(content_type, uid, locale, locale, None)
    }

    pub fn publish_entry(
        &mut self,
        content_type: &str,
        uid: &str,
        locale: &str,
        authored: &str,
        refers_to: Option<(&'static str, String)>,
    ) -> String {
        self.content_types.insert(content_type.to_owned());
        let at = self.tick();
        self.versions += 1;
        let reference = match &refers_to {
            Some(("entry", uid)) => {
                format!(r#","related":[{{"uid":"{uid}","_content_type_uid":"article"}}]"#)
            }
            Some((_, uid)) => format!(r#","hero":"{uid}""#),
            None => String::new(),
        };
        let version = self.versions;
        let data = format!(
            r#"{{"uid":"{uid}","_version":{version},"locale":"{authored}","title":"v{version}","price":1.10{reference},"url":"/{uid}","publish_details":{{"environment":"blt5f00000000000e01","locale":"{locale}","time":"{}","user":"u"}}}}"#,
            time(at)
        );
        let place = ("entry", uid.to_owned(), locale.to_owned());
        self.put(place, content_type, at, data.clone(), refers_to);
        data
    }

    pub fn publish_asset(&mut self, uid: &str, locale: &str) -> String {
        let at = self.tick();
        self.versions += 1;
        let version = self.versions;
        let data = format!(
            r#"{{"uid":"{uid}","_version":{version},"title":"a{version}.jpg","filename":"a.jpg","file_size":"48213","url":"https://images.test/v3/assets/key/{uid}/{version}/a.jpg","publish_details":{{"environment":"blt5f00000000000e01","locale":"{locale}","time":"{}","user":"u"}}}}"#,
            time(at)
        );
        let place = ("asset", uid.to_owned(), locale.to_owned());
        self.put(place, "sys_assets", at, data.clone(), None);
        data
    }

    fn put(
        &mut self,
        place: Place,
        content_type: &str,
        at: u64,
        data: String,
        refers_to: Option<(&'static str, String)>,
    ) {
        let kind = match place.0 {
            "entry" => "entry_published",
            _ => "asset_published",
        };
        self.log.push(Event {
            kind,
            at,
            content_type: content_type.to_owned(),
            place: Some(place.clone()),
            data: data.clone(),
        });
        let object = Object {
            content_type: content_type.to_owned(),
            at,
            data,
            refers_to,
        };
        self.objects.insert(place, object);
    }

    /// Unpublishes or deletes, if it is there.
    pub fn remove(&mut self, place: &Place, delete: bool) {
        let Some(object) = self.objects.remove(place) else {
            return;
        };
        let at = self.tick();
        let kind = match (place.0, delete) {
            ("entry", false) => "entry_unpublished",
            ("entry", true) => "entry_deleted",
            (_, false) => "asset_unpublished",
            (_, true) => "asset_deleted",
        };
        self.log.push(Event {
            kind,
            at,
            content_type: object.content_type,
            place: Some(place.clone()),
            data: format!(r#"{{"uid":"{}","locale":"{}"}}"#, place.1, place.2),
        });
    }

    /// Deletes a content type with its entries, which get no events.
    pub fn delete_type(&mut self, content_type: &str) {
        let at = self.tick();
        self.content_types.remove(content_type);
        self.objects
            .retain(|_, object| object.content_type != content_type);
        self.log.push(Event {
            kind: "content_type_deleted",
            at,
            content_type: content_type.to_owned(),
            place: None,
            data: "{}".to_owned(),
        });
    }

    /// Does what editors do.
    pub fn change_something(&mut self, rng: &mut fastrand::Rng) {
        const LOCALES: [&str; 3] = ["en-us", "en-gb", "fr-fr"];
        const TYPES: [&str; 3] = ["article", "author", "page"];
        // An uid belongs to one type, and an asset may have that of an entry.
        let n = rng.usize(..24);
        let (uid, content_type) = (format!("blt{n:016x}"), TYPES[n % TYPES.len()]);
        let locale = LOCALES[rng.usize(..LOCALES.len())];
        match rng.u32(..100) {
            0..45 => {
                // Content of a fallback locale is authored in another.
                let authored = match rng.bool() {
                    true => locale,
                    false => LOCALES[0],
                };
                let target = format!("blt{:016x}", rng.usize(..24));
                let refers_to = match rng.u32(..3) {
                    0 => Some(("entry", target)),
                    1 => Some(("asset", target)),
                    _ => None,
                };
                self.publish_entry(content_type, &uid, locale, authored, refers_to);
            }
            45..60 => {
                self.publish_asset(&uid, locale);
            }
            60..97 => {
                let kind = if rng.bool() { "entry" } else { "asset" };
                self.remove(&(kind, uid, locale.to_owned()), rng.bool());
            }
            _ => self.delete_type(content_type),
        }
    }

    /// What a mirror must have: `kind|uid|locale` and `data`.
    pub fn truth(&self) -> BTreeMap<String, String> {
        let rows = self.objects.iter().map(|((kind, uid, locale), object)| {
            (format!("{kind}|{uid}|{locale}"), object.data.clone())
        });
        rows.collect()
    }
}

/// Milliseconds since the model's beginning, as the service writes times.
pub fn time(at: u64) -> String {
    format!(
        "2026-01-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        1 + at / 86_400_000,
        at / 3_600_000 % 24,
        at / 60_000 % 60,
        at / 1000 % 60,
        at % 1000
    )
}
