//! What the behaviours are written with.

use std::fmt::Debug;
use std::sync::Arc;

pub(super) use sync_core::kit::{Outcome, Violation, same};

use super::super::{
    Advance, Applied, Batch, Begin, Chain, Change, DeadItem, DeadReason, Generation, Identity,
    Link, Millis, Put, Row, Scan, Seq, Store, StoreError, StoreErrorKind,
};
use crate::model::{Filter, Fingerprint, Key, ObjectKind, Position, RawJson};

/// Insists on an error.
pub(super) fn refused<T: Debug>(
    what: &str,
    result: Result<T, StoreError>,
    kind: StoreErrorKind,
) -> Outcome {
    match result {
        Err(error) if error.kind() == kind => Ok(()),
        other => Err(Violation(format!("{what}: {other:?} instead of {kind:?}"))),
    }
}

/// The store under test.
pub(super) struct Context {
    pub(super) store: Arc<dyn Store>,
}

impl Context {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    pub(super) async fn begin(&self, chains: &[&str]) -> Result<Generation, StoreError> {
        self.begin_instead(None, chains).await
    }

    pub(super) async fn begin_instead(
        &self,
        replaces: Option<Generation>,
        chains: &[&str],
    ) -> Result<Generation, StoreError> {
        let begin = Begin {
            identity: identity("one"),
            replaces,
            reason: "initial".to_owned(),
            chains: chains.iter().map(|name| chain(name)).collect(),
        };
        self.store.begin(begin).await
    }

    /// A mirror with these rows.
    pub(super) async fn mirror(&self, changes: Vec<Change>) -> Outcome<Generation> {
        let generation = self.begin(&["main"]).await?;
        self.page(generation, "main", Position::Start, end("1"), changes)
            .await?;
        Ok(generation)
    }

    pub(super) async fn page(
        &self,
        generation: Generation,
        name: &str,
        from: Position,
        to: Position,
        changes: Vec<Change>,
    ) -> Result<Applied, StoreError> {
        let mut batch = Batch::new(generation, Millis(1000));
        batch.changes = changes;
        batch.advance = Some(step(name, from, to));
        self.store.apply(batch).await
    }

    /// Changes without a page.
    pub(super) async fn change(
        &self,
        generation: Generation,
        changes: Vec<Change>,
    ) -> Result<Applied, StoreError> {
        let mut batch = Batch::new(generation, Millis(1000));
        batch.changes = changes;
        self.store.apply(batch).await
    }

    /// All rows, as `key=data`.
    pub(super) async fn rows(&self) -> Outcome<Vec<String>> {
        let mut rows: Vec<String> = all(&*self.store).await?.iter().map(show).collect();
        rows.sort();
        Ok(rows)
    }

    /// Insists on the rows, as `key=data`, sorted.
    pub(super) async fn has(&self, rows: &[&str]) -> Outcome {
        let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
        same("rows", &self.rows().await?, &rows)
    }

    /// The changes after a number, as `key=data` and `key is gone`.
    pub(super) async fn changed(&self, since: Seq) -> Outcome<(Vec<String>, Seq)> {
        let changes = self.store.changes(since, 1000).await?;
        let rows = changes.rows.iter().map(|change| match &change.row {
            Some(row) => show(row),
            None => format!("{} is gone", change.key),
        });
        Ok((rows.collect(), changes.next))
    }
}

async fn all(store: &dyn Store) -> Result<Vec<Row>, StoreError> {
    store.scan(&Scan::all(), Seq::default(), usize::MAX).await
}

/// All that can be seen of a store.
pub(super) async fn picture(store: &dyn Store) -> Outcome<String> {
    Ok(format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        store.load().await?,
        all(store).await?,
        store.changes(Seq::default(), usize::MAX).await?,
        store.dead_letters(Default::default(), usize::MAX).await?,
        store.schemas().await?,
        store.stale_downloads(usize::MAX).await?,
    ))
}

fn show(row: &Row) -> String {
    format!("{}={}", row.key, row.data.as_str())
}

pub(super) fn identity(stack: &str) -> Identity {
    Identity {
        stack: Fingerprint::from(stack),
        filter: Filter::default(),
        content_types: Default::default(),
    }
}

pub(super) fn chain(name: &str) -> Chain {
    Chain::new(name, Filter::default())
}

pub(super) fn step(name: &str, from: Position, to: Position) -> Advance {
    let to = Chain {
        position: to,
        ..chain(name)
    };
    Advance { from, to }
}

/// The position before another page.
pub(super) fn page(token: &str) -> Position {
    Position::Page(token.into())
}

/// The position at the end of a result.
pub(super) fn end(token: &str) -> Position {
    Position::Delta(token.into())
}

/// An entry of the type `article`, published at this second.
pub(super) fn put(uid: &str, second: u32, data: &str) -> Change {
    put_as(Key::entry(uid, "en-us"), second, data)
}

pub(super) fn put_as(key: Key, second: u32, data: &str) -> Change {
    let content_type = match key.kind {
        ObjectKind::Entry => Some("article".into()),
        ObjectKind::Asset => None,
    };
    Change::Put(Put {
        key,
        content_type,
        event_at: at(second).as_str().into(),
        url: None,
        data: json(data),
        links: Vec::new(),
    })
}

/// The same with a url and links.
pub(super) fn with(change: Change, url: Option<&str>, links: &[Link]) -> Change {
    match change {
        Change::Put(put) => Change::Put(Put {
            url: url.map(Into::into),
            links: links.to_vec(),
            ..put
        }),
        other => other,
    }
}

pub(super) fn gone(uid: &str, second: u32) -> Change {
    Change::Remove {
        key: Key::entry(uid, "en-us"),
        content_type: Some("article".into()),
        event_at: at(second).as_str().into(),
    }
}

pub(super) fn type_gone(second: u32) -> Change {
    Change::RemoveType {
        content_type: "article".into(),
        event_at: at(second).as_str().into(),
    }
}

pub(super) fn dead(raw: &str) -> DeadItem {
    DeadItem {
        raw: json(raw),
        reason: DeadReason::Unreadable,
        error: "made up".into(),
    }
}

/// A time, with and without milliseconds by turns: it is what it means that
/// counts.
fn at(second: u32) -> String {
    match second % 2 {
        0 => format!("2026-01-01T00:00:{second:02}Z"),
        _ => format!("2026-01-01T00:00:{second:02}.000Z"),
    }
}

pub(super) fn json(text: &str) -> RawJson {
    // What these tests write is JSON.
    serde_json::from_str(text).unwrap_or_else(|_| RawJson::null())
}
