//! Content in quantity, and changes to it, all from the stack's seed.

use serde_json::json;

use super::{AssetDraft, EntryDraft, Key, Kind, World};

/// How much to publish.
#[derive(Clone, Debug)]
pub struct Fill {
    items: usize,
    size: usize,
    assets: f64,
    types: Vec<String>,
    locales: Vec<String>,
}

impl Fill {
    /// This many entries and assets: every tenth an asset, of four content
    /// types and three locales, an entry about 2 KB of JSON.
    pub fn new(items: usize) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            items,
            size: 2000,
            assets: 0.1,
            types: owned(&["article", "author", "page", "product"]),
            locales: owned(&["en-us", "fr-fr", "de-de"]),
        }
    }

    /// About how many bytes of JSON an item is. Default: 2,000.
    #[must_use]
    pub const fn size(mut self, bytes: usize) -> Self {
        self.size = bytes;
        self
    }

    /// Which part of the items are assets, 0 to 1. Default: 0.1.
    #[must_use]
    pub const fn assets(mut self, part: f64) -> Self {
        self.assets = part;
        self
    }

    /// The content types. Default: `article`, `author`, `page` and `product`.
    #[must_use]
    pub fn types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// The locales. Default: `en-us`, `fr-fr` and `de-de`.
    #[must_use]
    pub fn locales<T: Into<String>>(mut self, locales: impl IntoIterator<Item = T>) -> Self {
        self.locales = locales.into_iter().map(Into::into).collect();
        self
    }
}

/// Text of about this length, which compresses about as prose does.
fn prose(random: &mut fastrand::Rng, length: usize) -> String {
    const SYLLABLES: [&str; 24] = [
        "an", "be", "cor", "da", "el", "fi", "gra", "ho", "in", "ju", "ka", "lor", "mi", "no",
        "om", "pri", "qua", "ra", "si", "ter", "un", "ver", "wo", "yl",
    ];
    let mut words: Vec<String> = Vec::new();
    for _ in 0..60 {
        let syllables = random.usize(1..=3);
        words.push(
            (0..syllables)
                .filter_map(|_| random.choice(SYLLABLES))
                .collect(),
        );
    }
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        if let Some(word) = random.choice(&words) {
            text.push_str(word);
            text.push(' ');
        }
    }
    text
}

impl World {
    pub(in super::super) fn fill(&mut self, fill: &Fill) {
        let body = fill.size.saturating_sub(550);
        let mut assets: Vec<String> = Vec::new();
        let mut entries: Vec<(String, String)> = Vec::new();
        for number in 0..fill.items {
            let locale = pick(&mut self.random, &fill.locales, "en-us");
            if self.random.f64() < fill.assets {
                let length = self.random.usize(500..5000);
                let text = prose(&mut self.random, body);
                let draft = AssetDraft::new(format!("picture {number}.png"))
                    .media_type("image/png")
                    .locale(locale)
                    .length(length)
                    .field("description", text)
                    .field("dimension", json!({"width": 640, "height": 480}));
                assets.push(self.publish_asset(draft));
                continue;
            }
            let content_type = pick(&mut self.random, &fill.types, "article");
            let text = prose(&mut self.random, body);
            let mut draft = EntryDraft::new(content_type.clone())
                .locale(locale)
                .title(format!("{content_type} {number}"))
                .field("url", format!("/{content_type}/{number}"))
                .field("number", number)
                .field("featured", number % 5 == 0)
                .field("body", text);
            if let Some(asset) = self.random.choice(&assets) {
                draft = draft.field("image", asset.clone());
            }
            if let Some((uid, of)) = self.random.choice(&entries) {
                draft = draft.field("related", json!([{"uid": uid, "_content_type_uid": of}]));
            }
            let uid = self.publish_entry(draft);
            // References to the latest thousand are enough.
            if entries.len() < 1000 {
                entries.push((uid, content_type));
            }
        }
    }

    /// Changes something, at random: mostly publishes, now and then takes back
    /// or deletes, seldom a whole content type.
    pub(in super::super) fn change(&mut self) {
        let count = self.known.len();
        let chosen: Option<Key> = match count {
            0 => None,
            _ => {
                let nth = self.random.usize(..count);
                self.known.keys().nth(nth).cloned()
            }
        };
        match (self.random.u32(..100), chosen) {
            (0..=44, Some(key)) => self.publish_again(&key),
            (45..=59, Some(key)) => {
                self.unpublish(&key);
            }
            (60..=69, Some(key)) => {
                self.delete(&key);
            }
            (70, Some(key)) if key.kind == Kind::Entry => {
                let of = self.known.get(&key).map(|known| known.content_type.clone());
                self.delete_type(&of.unwrap_or_default());
            }
            (71..=79, Some(key)) if key.kind == Kind::Entry => self.publish_fallback(&key),
            _ => {
                let items = Fill::new(1).size(700).assets(0.2);
                self.fill(&items);
            }
        }
    }

    fn publish_again(&mut self, key: &Key) {
        let Some(known) = self.known.get(key) else {
            return;
        };
        let version = known.version + 1;
        match key.kind {
            Kind::Entry => {
                let draft = EntryDraft::new(known.content_type.clone())
                    .uid(key.uid.clone())
                    .locale(key.locale.clone())
                    .title(format!("version {version}"));
                self.publish_entry(draft);
            }
            Kind::Asset => {
                let draft = AssetDraft::new(format!("version {version}.png"))
                    .uid(key.uid.clone())
                    .locale(key.locale.clone());
                self.publish_asset(draft);
            }
        }
    }

    /// Publishes an entry that was never translated to another locale.
    fn publish_fallback(&mut self, key: &Key) {
        let Some(known) = self.known.get(key) else {
            return;
        };
        let draft = EntryDraft::new(known.content_type.clone())
            .uid(key.uid.clone())
            .written_in(key.locale.clone())
            .locale("en-gb");
        self.publish_entry(draft);
    }
}

fn pick(random: &mut fastrand::Rng, names: &[String], otherwise: &str) -> String {
    random
        .choice(names)
        .map_or(otherwise, String::as_str)
        .to_owned()
}
