//! What a webhook tells.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::model::EventTime;

/// What something happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Module {
    /// An entry.
    Entry,
    /// An asset.
    Asset,
    /// A content type.
    ContentType,
    /// A release.
    Release,
    /// Another, by its name.
    Other(Box<str>),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// `publish`, also `publish.success`.
    Publish,
    /// `unpublish`.
    Unpublish,
    /// `delete`.
    Delete,
    /// `create`: nothing that is published changes.
    Create,
    /// `update`: nothing that is published changes.
    Update,
    /// Another, by its name.
    Other(Box<str>),
}

/// A body that is not a webhook's.
#[derive(Debug)]
pub struct UnreadableEvent(serde_json::Error);

impl fmt::Display for UnreadableEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body is not that of a webhook")
    }
}

impl std::error::Error for UnreadableEvent {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// What a webhook tells: that something happened, and to what.
///
/// Whatever is missing, as in concise payloads, is `None`.
#[derive(Clone)]
#[non_exhaustive]
pub struct Event {
    /// What it happened to.
    pub module: Module,
    /// What happened.
    pub action: Action,
    /// The stack.
    pub api_key: Option<String>,
    /// When.
    pub triggered_at: Option<EventTime>,
    data: Value,
}

#[derive(Deserialize)]
struct Body {
    module: Box<str>,
    event: Box<str>,
    #[serde(default)]
    api_key: Option<String>,
    #[serde(default)]
    triggered_at: Option<String>,
    #[serde(default)]
    data: Value,
}

impl Event {
    /// Reads the body of a call, which [was verified](super::Verifier::verify).
    ///
    /// # Errors
    ///
    /// When it is not JSON with `module` and `event`.
    pub fn parse(body: &[u8]) -> Result<Self, UnreadableEvent> {
        let body: Body = serde_json::from_slice(body).map_err(UnreadableEvent)?;
        let module = match &*body.module {
            "entry" => Module::Entry,
            "asset" => Module::Asset,
            "content_type" => Module::ContentType,
            "release" => Module::Release,
            _ => Module::Other(body.module),
        };
        let action = match body.event.split('.').next().unwrap_or_default() {
            "publish" => Action::Publish,
            "unpublish" => Action::Unpublish,
            "delete" => Action::Delete,
            "create" => Action::Create,
            "update" => Action::Update,
            _ => Action::Other(body.event),
        };
        let mut data = body.data;
        restore_keys(&mut data);
        Ok(Self {
            module,
            action,
            api_key: body.api_key,
            triggered_at: body.triggered_at.map(EventTime::from),
            data,
        })
    }

    /// Whether what a delta tells can have changed: not if something was only
    /// written down. What is not known counts as yes.
    pub fn may_change_content(&self) -> bool {
        !matches!(self.action, Action::Create | Action::Update)
    }

    /// The uid of the entry, the asset or the content type.
    pub fn uid(&self) -> Option<&str> {
        let name = match self.module {
            Module::Entry => "entry",
            Module::Asset => "asset",
            Module::ContentType => "content_type",
            _ => return self.text("/uid"),
        };
        let inner = self.data.get(name).and_then(|object| object.get("uid"));
        inner.and_then(Value::as_str).or_else(|| self.text("/uid"))
    }

    /// The content type of an entry, or the content type itself.
    pub fn content_type(&self) -> Option<&str> {
        match self.module {
            Module::ContentType => self.uid(),
            _ => self.text("/content_type/uid"),
        }
    }

    /// The locale.
    pub fn locale(&self) -> Option<&str> {
        self.text("/locale")
    }

    /// The name of the environment.
    pub fn environment(&self) -> Option<&str> {
        self.text("/environment/name")
    }

    /// The uid of the branch.
    pub fn branch(&self) -> Option<&str> {
        self.text("/branch/uid")
    }

    /// Everything in `data`. Keys that start with `$` are sent as `cs$…`; here
    /// they are as they were.
    pub const fn data(&self) -> &Value {
        &self.data
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.data.pointer(pointer)?.as_str()
    }
}

/// Without the key of the stack and the content.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("module", &self.module)
            .field("action", &self.action)
            .field("triggered_at", &self.triggered_at)
            .field("uid", &self.uid())
            .finish_non_exhaustive()
    }
}

fn restore_keys(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(restore_keys),
        Value::Object(fields) => {
            fields.values_mut().for_each(restore_keys);
            if fields.keys().any(|name| name.starts_with("cs$")) {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(name, value)| match name.strip_prefix("cs$") {
                        Some(rest) => (format!("${rest}"), value),
                        None => (name, value),
                    })
                    .collect::<Map<_, _>>();
            }
        }
        _ => {}
    }
}
