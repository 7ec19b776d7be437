//! A server behind TLS, and what its clients make of what they are told.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use contentstack_sync::Stack;
use contentstack_sync::emulator::Emulator;
use serde_json::Value;
use sync_tests::Result;
use sync_tests::contentstack::{Authority, Driver, Folder, Front, Place, Serving, script};

pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    port: u16,
    folder: Folder,
    _front: Serving,
}

impl Lab {
    pub(crate) async fn start() -> Result<Self> {
        let authority = Authority::new()?;
        let front = Front::bind().await?;
        let emulator = Emulator::builder()
            .asset_origin(front.url())
            .start()
            .await?;
        let server = emulator.url();
        let server = server
            .strip_prefix("http://")
            .ok_or("no address")?
            .parse()?;
        let port = front.port();
        let folder = Folder::new()?;
        fs::write(folder.path().join("ca.pem"), authority.pem())?;
        Ok(Self {
            emulator,
            port,
            folder,
            _front: front.serve(authority.acceptor()?, server),
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One of Contentstack's programs.
    pub(crate) fn driver(&self, program: &Path, name: &str) -> Result<Driver> {
        let place = Place {
            port: self.port,
            api_key: self.emulator.api_key().to_owned(),
            token: self.emulator.access_token().to_owned(),
            environment: self.emulator.environment().to_owned(),
            folder: self.folder.path().to_owned(),
        };
        Driver::start(Command::new(program), &script(name), &place)
    }

    /// Our client.
    pub(crate) fn stack(&self) -> Result<Stack> {
        let builder = Stack::builder(
            self.emulator.api_key(),
            self.emulator.access_token(),
            self.emulator.environment(),
        );
        Ok(builder.host(self.emulator.url()).build()?)
    }
}

/// What a program has that applies all it is told: by kind, uid and locale, the
/// content type, the time and the data.
pub(crate) type Local = BTreeMap<(String, String, String), (String, String, Value)>;

/// Applies items newest last, as the times say.
pub(crate) fn apply(local: &mut Local, items: &[Value]) {
    let mut items: Vec<&Value> = items.iter().collect();
    items.sort_by_key(|item| item["event_at"].as_str().unwrap_or_default());
    for item in items {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let content_type = text(&item["content_type_uid"]);
        let kind = text(&item["type"]);
        if kind == "content_type_deleted" {
            local.retain(|_, (of, _, _)| *of != content_type);
            continue;
        }
        let (kind, what) = kind.split_once('_').unwrap_or_default();
        let data = &item["data"];
        let locale = match &data["publish_details"]["locale"] {
            Value::String(locale) => locale.clone(),
            _ => text(&data["locale"]),
        };
        let key = (kind.to_owned(), text(&data["uid"]), locale);
        if what == "published" {
            let at = text(&item["event_at"]);
            local.insert(key, (content_type, at, data.clone()));
        } else {
            local.remove(&key);
        }
    }
}

/// The same of what is published.
pub(crate) fn local_truth(emulator: &Emulator) -> Local {
    let published = emulator.published().into_iter();
    published
        .map(|item| {
            let data = serde_json::from_str(&item.data).unwrap_or_default();
            let key = (item.kind.as_str().to_owned(), item.uid, item.locale);
            (key, (item.content_type, item.event_at, data))
        })
        .collect()
}
