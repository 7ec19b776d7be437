//! Changes that wait to be sent.

use std::collections::BTreeMap;

use sync_core::Secret;

use crate::model::ContentData;

/// A property that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Username,
    OldPass,
    Password,
    Name,
    UserId,
    Title,
    Data,
    Dataclass,
    Dominant,
}

/// A value that waits to be sent.
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Secret(Secret<String>),
    Data {
        data: ContentData,
        media_type: String,
    },
}

/// Changes that wait to be sent.
#[derive(Clone, Default)]
pub(crate) struct Staged {
    values: BTreeMap<Field, (u64, Value)>,
    changes: u64,
}

impl Staged {
    pub(crate) fn set(&mut self, field: Field, value: Value) {
        self.changes += 1;
        self.values.insert(field, (self.changes, value));
    }

    pub(crate) fn get(&self, field: Field) -> Option<&Value> {
        self.values.get(&field).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.values
            .iter()
            .map(|(field, (_, value))| (*field, value))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Drops all changes. They go on being counted, so that what is staged
    /// from now on is not taken for what was sent before.
    pub(super) fn clear(&mut self) {
        self.values.clear();
    }

    /// Takes over all of another's changes.
    pub(crate) fn extend(&mut self, other: Self) {
        for (field, (_, value)) in other.values {
            self.set(field, value);
        }
    }

    /// Forgets what was sent, but not what was changed again meanwhile.
    pub(super) fn forget(&mut self, sent: &Self) {
        self.values
            .retain(|field, (change, _)| match sent.values.get(field) {
                Some((sent, _)) => change != sent,
                None => true,
            });
    }

    pub(super) fn secrets(&self) -> Vec<Secret<String>> {
        let values = self.values.values().filter_map(|(_, value)| match value {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Text(_) | Value::Data { .. } => None,
        });
        values.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_again_meanwhile_is_not_forgotten() {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut staged = Staged::default();
        staged.set(Field::Title, text("a"));
        staged.set(Field::Dataclass, text("b"));
        let sent = staged.clone();
        staged.set(Field::Title, text("c"));
        staged.forget(&sent);
        assert!(staged.get(Field::Title) == Some(&text("c")));
        assert!(staged.get(Field::Dataclass).is_none());
    }
}
