//! What only reads the mirror.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use contentstack_sync::model::{ObjectKind, RawJson, Uid};
use contentstack_sync::query::Query;
use contentstack_sync::store::{Row, Scan, Seq, SqliteStore, Store};

use crate::{Outcome, Result, args};
use sync_core::tool::say;

/// How many rows are read at a time.
const BATCH: usize = 256;

async fn open(db: &Path) -> Result<Arc<dyn Store>> {
    if !db.exists() {
        return Err(format!("there is no mirror at {}: pull first", db.display()).into());
    }
    Ok(Arc::new(SqliteStore::open(db).await?))
}

pub(crate) async fn status(db: &Path) -> Result {
    let store = open(db).await?;
    let (state, counts) = (store.load().await?, store.counts().await?);
    let word = match (state.is_ready(), &state.readable) {
        (true, _) => "ready",
        (false, Some(_)) => "loaded; what changed meanwhile is still to come",
        (false, None) => "not complete yet: pull",
    };
    say!("{word}");
    say!("{} entries, {} assets", counts.entries, counts.assets);
    say!(
        "{} tombstones, {} dead letters",
        counts.tombstones,
        counts.dead_letters
    );
    if let Some(building) = &state.building {
        say!("a full sync is under way ({})", building.reason);
    }
    for chain in &state.chains {
        let total = chain
            .total
            .map(|total| format!(" of {total}"))
            .unwrap_or_default();
        // What is counted begins anew with every delta.
        let what = match (&chain.since, chain.deltas) {
            (Some(_), _) => "the changes that are being read",
            (None, 0) => "the first sync",
            (None, _) => "the last changes",
        };
        say!(
            "{}: {what}: {}{total} items in {} pages",
            chain.name,
            chain.items,
            chain.pages
        );
    }
    say!("last change {}", state.seq.0);
    Ok(Outcome::Good)
}

pub(crate) async fn query(db: &Path, what: args::Query) -> Result {
    let (store, content_type) = (open(db).await?, what.content_type);
    let mut query = Query::entries(Arc::clone(&store), content_type.as_str())
        .fallback(what.fallback)
        .skip(what.skip)
        .include_references(what.include)
        .only(what.only)
        .except(what.except);
    if let Some(locale) = what.locale {
        query = query.locale(locale);
    }
    if let Some(uid) = what.uid {
        query = query.uid(uid);
    }
    if let Some(url) = what.url {
        query = query.url(url);
    }
    if !what.tags.is_empty() {
        query = query.tags(what.tags);
    }
    for condition in what.conditions {
        query = query.filter(condition);
    }
    for (field, direction) in what.sort {
        query = query.order_by(field, direction);
    }
    if let Some(limit) = what.limit {
        query = query.limit(limit);
    }
    if what.include_assets {
        query = query.include_assets();
    }
    if what.count {
        let count = query.count().await?;
        say!("{count}");
        return known(store, &content_type, count > 0).await;
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut found = query.stream::<RawJson>()?;
    let mut is_any = false;
    while let Some(entry) = found.try_next().await? {
        is_any = true;
        writeln!(out, "{}", entry.as_str())?;
    }
    out.flush()?;
    known(store, &content_type, is_any).await
}

/// That nothing was found is an answer, unless there is nothing of this type at
/// all: then the type may be a slip of the pen.
async fn known(store: Arc<dyn Store>, content_type: &str, is_any: bool) -> Result {
    if is_any || Query::entries(store, content_type).count().await? > 0 {
        return Ok(Outcome::Good);
    }
    eprintln!("mirror: there is no entry of the content type {content_type}");
    Ok(Outcome::Bad)
}

pub(crate) async fn uses(db: &Path, kind: ObjectKind, uid: &str) -> Result {
    let store = open(db).await?;
    let (uid, mut after) = (Uid::from(uid), Seq::default());
    let mut outcome = Outcome::Bad;
    loop {
        let rows = store.referrers(kind, &uid, after, BATCH).await?;
        let Some(last) = rows.last() else {
            if outcome == Outcome::Bad {
                eprintln!("mirror: nothing refers to the {kind} {uid}");
            }
            return Ok(outcome);
        };
        outcome = Outcome::Good;
        after = last.seq;
        for row in &rows {
            let content_type = row.content_type.as_ref().map(|uid| uid.as_str());
            say!("{}\t{}", row.key, content_type.unwrap_or("-"));
        }
    }
}

pub(crate) async fn export(db: &Path) -> Result {
    let store = open(db).await?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut after = Seq::default();
    loop {
        let rows = store.scan(&Scan::all(), after, BATCH).await?;
        let Some(last) = rows.last() else {
            out.flush()?;
            return Ok(Outcome::Good);
        };
        after = last.seq;
        for row in &rows {
            serde_json::to_writer(&mut out, &Line::of(row))?;
            writeln!(out)?;
        }
    }
}

/// A row of an export.
#[derive(serde::Serialize)]
struct Line<'r> {
    kind: ObjectKind,
    uid: &'r str,
    locale: &'r str,
    content_type: Option<&'r str>,
    event_at: &'r str,
    data: &'r RawJson,
}

impl<'r> Line<'r> {
    fn of(row: &'r Row) -> Self {
        Self {
            kind: row.key.kind,
            uid: row.key.uid.as_str(),
            locale: row.key.locale.as_str(),
            content_type: row.content_type.as_ref().map(|uid| uid.as_str()),
            event_at: row.event_at.as_str(),
            data: &row.data,
        }
    }
}
