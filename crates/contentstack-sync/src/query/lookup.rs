//! Looking up what is referred to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::condition::Condition;
use super::path::{elements, member, text};
use crate::model::{Key, Locale, ObjectKind, Uid};
use crate::store::{Row, Store, StoreError};

/// How many rows are remembered.
const REMEMBERED: usize = 4096;

/// Rows that were looked up, found or not.
pub(crate) struct Lookup {
    store: Arc<dyn Store>,
    rows: HashMap<Key, Option<Arc<Row>>>,
}

impl Lookup {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            rows: HashMap::new(),
        }
    }

    /// The row of a uid in the first of these locales that has it. Assets may
    /// have no locale at all.
    pub(crate) async fn find(
        &mut self,
        kind: ObjectKind,
        uid: &str,
        locales: &[Locale],
    ) -> Result<Option<Arc<Row>>, StoreError> {
        let uid = Uid::from(uid);
        for locale in tried(kind, locales) {
            let key = Key {
                kind,
                uid: uid.clone(),
                locale: locale.into_owned(),
            };
            if !self.rows.contains_key(&key) {
                let row = self.store.get(&key).await?.map(Arc::new);
                self.rows.insert(key.clone(), row);
            }
            if let Some(Some(row)) = self.rows.get(&key) {
                return Ok(Some(Arc::clone(row)));
            }
        }
        Ok(None)
    }

    /// The same among what was looked up before.
    fn remembered(&self, kind: ObjectKind, uid: &str, locales: &[Locale]) -> Option<&Arc<Row>> {
        let uid = Uid::from(uid);
        tried(kind, locales).find_map(|locale| {
            let key = Key {
                kind,
                uid: uid.clone(),
                locale: locale.into_owned(),
            };
            self.rows.get(&key)?.as_ref()
        })
    }

    /// Forgets, when it is time to.
    pub(crate) fn tidy(&mut self) {
        if self.rows.len() > REMEMBERED {
            self.rows.clear();
        }
    }

    /// Whether a row fulfils a condition, and what it refers to does.
    pub(crate) async fn satisfies(
        &mut self,
        row: &Row,
        condition: &Condition,
        locales: &[Locale],
    ) -> Result<bool, StoreError> {
        let mut referred = false;
        condition.on_references(&mut |_, _| referred = true);
        if referred {
            self.tidy();
            self.fetch(row, condition, locales).await?;
        }
        Ok(self.eval(row.data.as_str(), condition, locales))
    }

    /// Looks up all that a condition will ask for.
    async fn fetch(
        &mut self,
        row: &Row,
        condition: &Condition,
        locales: &[Locale],
    ) -> Result<(), StoreError> {
        let mut open: Vec<(Cow<'_, str>, &Condition)> =
            vec![(Cow::Borrowed(row.data.as_str()), condition)];
        while let Some((data, condition)) = open.pop() {
            let mut wanted: Vec<(String, &Condition)> = Vec::new();
            condition.on_references(&mut |path, condition| {
                path.each(&data, &mut |value| {
                    each_uid(value, &mut |uid| wanted.push((uid.to_owned(), condition)));
                    true
                });
            });
            for (uid, condition) in wanted {
                if let Some(row) = self.find(ObjectKind::Entry, &uid, locales).await? {
                    open.push((Cow::Owned(row.data.as_str().to_owned()), condition));
                }
            }
        }
        Ok(())
    }

    fn eval(&self, data: &str, condition: &Condition, locales: &[Locale]) -> bool {
        condition.eval(data, &|value, condition| {
            uid_of(value).is_some_and(|uid| {
                self.remembered(ObjectKind::Entry, &uid, locales)
                    .is_some_and(|row| self.eval(row.data.as_str(), condition, locales))
            })
        })
    }
}

fn tried(kind: ObjectKind, locales: &[Locale]) -> impl Iterator<Item = Cow<'_, Locale>> {
    let none = (kind == ObjectKind::Asset).then(|| Cow::Owned(Locale::default()));
    locales.iter().map(Cow::Borrowed).chain(none)
}

/// The uid in a reference: that of an object, or a bare one.
pub(crate) fn uid_of(value: &str) -> Option<Cow<'_, str>> {
    match value.as_bytes().first()? {
        b'"' => text(value),
        b'{' => text(member(value, "uid")?),
        _ => None,
    }
}

fn each_uid(value: &str, show: &mut dyn FnMut(&str)) {
    if value.starts_with('[') {
        for element in elements(value) {
            if let Some(uid) = uid_of(element) {
                show(&uid);
            }
        }
    } else if let Some(uid) = uid_of(value) {
        show(&uid);
    }
}
