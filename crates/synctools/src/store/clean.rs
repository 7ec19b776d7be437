//! Removes rows that did not come: the same steps in the SQL of both databases.
//!
//! Which rows go is written down first, in temporary tables. Then whatever
//! refers to them is dealt with, and at last they are removed.

use std::collections::VecDeque;

use super::sql::ident;
use super::{
    OnReferenced, ReferenceAction, ReferenceReport, StoreError, StoreErrorKind, SyncOptions,
};
use crate::schema::{FieldKind, Model, Schema};

/// Runs SQL.
pub(super) trait Database {
    /// Runs a statement, and says how many rows it changed.
    async fn execute(&mut self, sql: &str) -> Result<u64, StoreError>;

    /// The rows of a query. They are few. Each column is shown for a message;
    /// its kind, where it is known, is in `kinds`.
    async fn query(
        &mut self,
        sql: &str,
        kinds: &[Option<&FieldKind>],
    ) -> Result<Vec<Vec<String>>, StoreError>;

    /// A number.
    async fn count(&mut self, sql: &str) -> Result<u64, StoreError>;

    /// Whether two names are the same table or column.
    fn same(&self, one: &str, other: &str) -> bool;

    /// What every row of any table has: `rowid` or `ctid`.
    fn row_key(&self) -> &'static str;

    /// What is in front of the names of temporary tables.
    fn temporary(&self) -> &'static str;

    /// What makes a temporary table go away at the end of the transaction.
    fn on_commit(&self) -> &'static str;
}

/// A column of any table of the database that refers to another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) table: String,
    pub(super) column: String,
    pub(super) nullable: bool,
    pub(super) parent: String,
    pub(super) parent_column: String,
}

/// One table that is cleaned.
pub(super) struct Cleaned<'s> {
    pub(super) model: &'s Model,
    /// How many rows it had before the sync.
    pub(super) before: u64,
}

/// What is known before rows are removed.
pub(super) struct Cleaning<'s> {
    pub(super) schema: &'s Schema,
    pub(super) options: &'s SyncOptions,
    pub(super) cleaned: Vec<Cleaned<'s>>,
    /// The models of which rows came, with the tables of the keys that did.
    pub(super) received: Vec<(&'s Model, String)>,
    pub(super) references: Vec<Reference>,
}

/// What was removed.
#[derive(Default)]
pub(super) struct Removed {
    /// By model.
    pub(super) rows: Vec<(usize, u64)>,
    /// By model that owns the many-to-many table.
    pub(super) pairs: Vec<(usize, u64)>,
    pub(super) references: Vec<ReferenceReport>,
}

/// Rows of one table that are to go.
pub(super) struct Doomed<'s> {
    table: String,
    pub(super) model: Option<&'s Model>,
    /// The column that tells rows of the table apart.
    key: String,
    /// The temporary table with these in its column `pk`.
    pub(super) list: String,
    /// Columns that others refer to, which are in it as `r0`, `r1`, …
    columns: Vec<String>,
    /// How many they are.
    count: u64,
    /// Rows that refer to one that goes, and not rows that did not come.
    cascaded: bool,
}

/// Adds the references of the schema that the database does not enforce.
pub(super) fn add_references(
    references: &mut Vec<Reference>,
    schema: &Schema,
    same: impl Fn(&str, &str) -> bool,
) {
    let mut add = |reference: Reference| {
        let known = references.iter().any(|known| {
            same(&known.table, &reference.table)
                && same(&known.column, &reference.column)
                && same(&known.parent, &reference.parent)
        });
        if !known {
            references.push(reference);
        }
    };
    for model in schema.models().iter().filter(|model| !model.is_proxy()) {
        for field in model.fields() {
            if let Some(key) = field.relation() {
                add(Reference {
                    table: model.table().to_owned(),
                    column: field.column().to_owned(),
                    nullable: field.is_null(),
                    parent: key.to_table().to_owned(),
                    parent_column: key.to_column().to_owned(),
                });
            }
        }
        for field in model.many_to_many().iter().filter(|f| f.is_serialized()) {
            for (column, parent, key) in [
                (field.from_column(), model.table(), model.pk().column()),
                (field.to_column(), field.to_table(), field.to_pk_column()),
            ] {
                add(Reference {
                    table: field.table().to_owned(),
                    column: column.to_owned(),
                    nullable: false,
                    parent: parent.to_owned(),
                    parent_column: key.to_owned(),
                });
            }
        }
    }
}

/// Notes which rows of the cleaned tables did not come; fails if they are too
/// many. It may be done before or after the rows that came are written.
pub(super) async fn find<'s, D: Database>(
    db: &mut D,
    cleaning: &Cleaning<'s>,
) -> Result<Vec<Doomed<'s>>, StoreError> {
    let mut doomed = Vec::new();
    for Cleaned { model, before } in &cleaning.cleaned {
        let mut rows = new_list(db, cleaning, model.table(), Some(*model), doomed.len());
        let received = cleaning
            .received
            .iter()
            .find(|(other, _)| other.id() == model.id());
        let filter = match received {
            Some((_, received)) => format!(
                " WHERE NOT EXISTS (SELECT 1 FROM {received} r WHERE r.pk = t.{})",
                rows.key
            ),
            None => String::new(),
        };
        make_list(db, &rows, &filter).await?;
        let count = db
            .count(&format!("SELECT count(*) FROM {}", rows.list))
            .await?;
        if count == 0 {
            continue;
        }
        if let Some(most) = cleaning.options.max_delete_ratio {
            // Numbers of rows are far below 2^53.
            if count as f64 > most * *before as f64 {
                return Err(StoreError::new(
                    StoreErrorKind::TooManyDeleted,
                    format!("{count} of {before} rows"),
                )
                .with_model(model.label().clone()));
            }
        }
        rows.count = count;
        doomed.push(rows);
    }
    Ok(doomed)
}

fn new_list<'s, D: Database>(
    db: &D,
    cleaning: &Cleaning<'s>,
    table: &str,
    model: Option<&'s Model>,
    at: usize,
) -> Doomed<'s> {
    let key = match model {
        Some(model) => ident(model.pk().column()),
        None => db.row_key().to_owned(),
    };
    let mut columns: Vec<String> = Vec::new();
    for reference in &cleaning.references {
        if db.same(&reference.parent, table)
            && !columns.iter().any(|c| db.same(c, &reference.parent_column))
        {
            columns.push(reference.parent_column.clone());
        }
    }
    Doomed {
        table: table.to_owned(),
        model,
        key,
        list: format!("{}synctools_stale_{at}", db.temporary()),
        columns,
        count: 0,
        cascaded: false,
    }
}

/// The columns of a list, of rows `t`.
fn list_columns(rows: &Doomed<'_>) -> String {
    let mut columns = format!("t.{} AS pk", rows.key);
    for (at, column) in rows.columns.iter().enumerate() {
        columns.push_str(&format!(", t.{} AS r{at}", ident(column)));
    }
    columns
}

async fn make_list<D: Database>(
    db: &mut D,
    rows: &Doomed<'_>,
    filter: &str,
) -> Result<(), StoreError> {
    let name = rows.list.trim_start_matches(db.temporary()).to_owned();
    db.execute(&format!("DROP TABLE IF EXISTS {}", rows.list))
        .await?;
    db.execute(&format!(
        "CREATE TEMPORARY TABLE {name}{} AS SELECT {} FROM {} t{filter}",
        db.on_commit(),
        list_columns(rows),
        ident(&rows.table),
    ))
    .await?;
    Ok(())
}

/// Removes the rows that were found, and what has to go with them, after the
/// rows that came are written.
pub(super) async fn remove<'s, D: Database>(
    db: &mut D,
    cleaning: &Cleaning<'s>,
    mut doomed: Vec<Doomed<'s>>,
) -> Result<Removed, StoreError> {
    let mut removed = Removed::default();
    let mut queue: VecDeque<usize> = (0..doomed.len()).collect();
    while let Some(at) = queue.pop_front() {
        let references: Vec<&Reference> = cleaning
            .references
            .iter()
            .filter(|reference| db.same(&reference.parent, &doomed[at].table))
            .collect();
        for reference in references {
            let column = doomed[at]
                .columns
                .iter()
                .position(|column| db.same(column, &reference.parent_column));
            let Some(column) = column else { continue };
            let child = format!("t.{}", ident(&reference.column));
            let rows = &doomed[at];
            let mut refers = format!("{child} IN (SELECT r{column} FROM {})", rows.list);
            let parent_column = ident(&reference.parent_column);
            if parent_column != rows.key {
                // A row that stays may have the value by now.
                refers.push_str(&format!(
                    " AND NOT EXISTS (SELECT 1 FROM {} p WHERE p.{parent_column} = {child} \
                     AND p.{} NOT IN (SELECT pk FROM {}))",
                    ident(&rows.table),
                    rows.key,
                    rows.list
                ));
            }
            let owner = owner(db, cleaning.schema, &reference.table);
            if let Owner::Pairs(model) = owner {
                let count = db.execute(&delete(&reference.table, &refers)).await?;
                removed.pairs.push((model, count));
                continue;
            }
            let model = match owner {
                Owner::Model(model) => Some(model),
                _ => None,
            };
            let grown = refer(
                db,
                cleaning,
                &mut doomed,
                &mut removed,
                Referring {
                    reference,
                    model,
                    refers,
                },
            )
            .await?;
            if let Some(grown) = grown {
                if !queue.contains(&grown) {
                    queue.push_back(grown);
                }
            }
        }
    }
    // Rows that refer go before those that they refer to, for keys that are
    // checked at once.
    let order = cleaning.schema.dependency_order();
    let place = |rows: &Doomed<'_>| {
        rows.model
            .and_then(|model| order.iter().position(|id| *id == model.id()))
            .unwrap_or(order.len())
    };
    doomed.sort_by_key(|rows| std::cmp::Reverse(place(rows)));
    for rows in &doomed {
        let which = format!("t.{} IN (SELECT pk FROM {})", rows.key, rows.list);
        // Some may be gone already, to make room for others.
        db.execute(&delete(&rows.table, &which)).await?;
        if let (Some(model), false) = (rows.model, rows.cascaded) {
            removed.rows.push((model.id().get(), rows.count));
        }
    }
    Ok(removed)
}

fn delete(table: &str, filter: &str) -> String {
    format!("DELETE FROM {} AS t WHERE {filter}", ident(table))
}

/// Rows that refer to rows that go.
struct Referring<'r, 's> {
    reference: &'r Reference,
    model: Option<&'s Model>,
    /// The condition that says so, of rows `t`.
    refers: String,
}

/// Deals with rows that refer to rows that go. Says which list has grown.
async fn refer<'s, D: Database>(
    db: &mut D,
    cleaning: &Cleaning<'s>,
    doomed: &mut Vec<Doomed<'s>>,
    removed: &mut Removed,
    referring: Referring<'_, 's>,
) -> Result<Option<usize>, StoreError> {
    let Referring {
        reference,
        model,
        refers,
    } = referring;
    let table = ident(&reference.table);
    let child = doomed
        .iter()
        .position(|rows| db.same(&rows.table, &reference.table));
    let which = match child {
        Some(child) => format!(
            "{refers} AND t.{} NOT IN (SELECT pk FROM {})",
            doomed[child].key, doomed[child].list
        ),
        None => refers,
    };
    let received = model.and_then(|model| {
        cleaning
            .received
            .iter()
            .find(|(other, _)| other.id() == model.id())
    });
    if let Some((model, received)) = received {
        let came = format!(
            "{which} AND EXISTS (SELECT 1 FROM {received} r WHERE r.pk = t.{})",
            ident(model.pk().column())
        );
        let error = first(
            db,
            reference,
            Some(*model),
            &came,
            StoreErrorKind::ForeignKey,
        )
        .await?;
        if let Some(error) = error {
            return Err(error);
        }
    }
    let column = ident(&reference.column);
    match cleaning.options.on_referenced {
        OnReferenced::SetNull if reference.nullable => {
            let sql = format!("UPDATE {table} AS t SET {column} = NULL WHERE {which}");
            let rows = db.execute(&sql).await?;
            report(removed, reference, ReferenceAction::SetNull, rows);
            Ok(None)
        }
        OnReferenced::Cascade => {
            let sql = format!("SELECT count(*) FROM {table} t WHERE {which}");
            let rows = db.count(&sql).await?;
            if rows == 0 {
                return Ok(None);
            }
            report(removed, reference, ReferenceAction::Removed, rows);
            let at = match child {
                Some(at) => {
                    let columns = list_columns(&doomed[at]);
                    let list = &doomed[at].list;
                    db.execute(&format!(
                        "INSERT INTO {list} SELECT {columns} FROM {table} t WHERE {which}"
                    ))
                    .await?;
                    at
                }
                None => {
                    let mut rows = new_list(db, cleaning, &reference.table, model, doomed.len());
                    rows.cascaded = true;
                    make_list(db, &rows, &format!(" WHERE {which}")).await?;
                    doomed.push(rows);
                    doomed.len() - 1
                }
            };
            Ok(Some(at))
        }
        _ => match first(db, reference, model, &which, StoreErrorKind::Referenced).await? {
            Some(error) => Err(error),
            None => Ok(None),
        },
    }
}

/// The first of some rows as an error.
async fn first<D: Database>(
    db: &mut D,
    reference: &Reference,
    model: Option<&Model>,
    which: &str,
    kind: StoreErrorKind,
) -> Result<Option<StoreError>, StoreError> {
    let (table, column) = (ident(&reference.table), ident(&reference.column));
    let field = model.and_then(|model| {
        let mut fields = model.fields().iter();
        fields.find(|field| db.same(field.column(), &reference.column))
    });
    let pk = match model {
        Some(model) => ident(model.pk().column()),
        None => column.clone(),
    };
    let rows = db
        .query(
            &format!("SELECT t.{pk}, t.{column} FROM {table} t WHERE {which} ORDER BY 1 LIMIT 1"),
            &[
                model.map(|model| model.pk().kind()),
                field.map(|field| field.kind()),
            ],
        )
        .await?;
    let Some([pk, value]) = rows.first().map(Vec::as_slice) else {
        return Ok(None);
    };
    let count = db
        .count(&format!("SELECT count(*) FROM {table} t WHERE {which}"))
        .await?;
    let error = StoreError::new(
        kind,
        format!("its row in {} did not come", reference.parent),
    )
    .with_value(value.clone())
    .with_more(count.saturating_sub(1));
    Ok(Some(match (model, field) {
        (Some(model), Some(field)) => error
            .with_model(model.label().clone())
            .with_pk(pk.clone())
            .with_field(field.name()),
        _ => error.with_field(format!("{}.{}", reference.table, reference.column)),
    }))
}

fn report(removed: &mut Removed, reference: &Reference, action: ReferenceAction, rows: u64) {
    if rows == 0 {
        return;
    }
    let known = removed.references.iter_mut().find(|known| {
        known.table == reference.table && known.column == reference.column && known.action == action
    });
    match known {
        Some(known) => known.rows += rows,
        None => removed.references.push(ReferenceReport {
            table: reference.table.clone(),
            column: reference.column.clone(),
            action,
            rows,
        }),
    }
}

enum Owner<'s> {
    Model(&'s Model),
    Pairs(usize),
    Nobody,
}

fn owner<'s, D: Database>(db: &D, schema: &'s Schema, table: &str) -> Owner<'s> {
    for model in schema.models().iter().filter(|model| !model.is_proxy()) {
        if db.same(model.table(), table) {
            return Owner::Model(model);
        }
        for field in model.many_to_many().iter().filter(|f| f.is_serialized()) {
            if db.same(field.table(), table) {
                return Owner::Pairs(model.id().get());
            }
        }
    }
    Owner::Nobody
}
