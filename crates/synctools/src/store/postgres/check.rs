//! References to rows that are not there.

use super::catalog::ForeignKey;
use super::link::{Link, column};
use super::{error, value};
use crate::schema::{ManyToMany, Model, Schema};
use crate::store::clean::Reference;
use crate::store::sql::ident;
use crate::store::{StoreError, StoreErrorKind};

/// Checks every reference that was left for the end.
pub(super) async fn check(
    link: &Link,
    schema: &Schema,
    keys: &[ForeignKey],
) -> Result<(), StoreError> {
    link.run("SAVEPOINT synctools_check").await?;
    let error = match link.run("SET CONSTRAINTS ALL IMMEDIATE").await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    if !error::is_foreign_key(&error) {
        return Err(error.into());
    }
    let details = error.as_db_error();
    let name = details.and_then(|error| error.constraint());
    // Where a row that others need was removed, the table is theirs as well.
    let table = details.and_then(|error| error.table());
    let known = keys
        .iter()
        .find(|key| Some(&*key.name) == name && Some(&*key.reference.table) == table)
        .or_else(|| keys.iter().find(|key| Some(&*key.name) == name));
    let Some(known) = known else {
        return Err(error.into());
    };
    let reference = known.reference.clone();
    link.run("ROLLBACK TO SAVEPOINT synctools_check").await?;
    let error = StoreError::from(error);
    Err(match owner(schema, &reference.table) {
        Some((model, None)) => {
            let table = ident(&reference.table);
            missing(link, model, &reference, &table, error).await
        }
        Some((model, Some(field))) => missing_pair(link, model, field, &reference, error).await,
        None => {
            let name = format!("{}.{}", reference.table, reference.column);
            error.with_field(name)
        }
    })
}

/// Names the row of a model that refers to one that is not there. It is looked
/// for in `table`, which is SQL.
pub(super) async fn missing(
    link: &Link,
    model: &Model,
    reference: &Reference,
    table: &str,
    error: StoreError,
) -> StoreError {
    let field = model
        .fields()
        .iter()
        .find(|f| f.column() == reference.column);
    let error = error.with_model(model.label().clone());
    let Some(field) = field else {
        return error.with_field(reference.column.clone());
    };
    let error = error.with_field(field.name());
    let key = ident(model.pk().column());
    let dangling = dangling(reference, table);
    let column_name = ident(&reference.column);
    let rows = link
        .rows(&format!(
            "SELECT t.{key}, t.{column_name}, count(*) OVER () {dangling} ORDER BY 1 LIMIT 1"
        ))
        .await
        .unwrap_or_default();
    let Some(row) = rows.first() else {
        return error;
    };
    let show = |at: usize, kind| {
        let value = value::read(column(row, at), kind);
        value.map(|value| value.to_string()).unwrap_or_default()
    };
    error
        .with_pk(show(0, model.pk().kind()))
        .with_value(show(1, field.kind()))
        .with_more(more(column(row, 2)))
}

async fn missing_pair(
    link: &Link,
    model: &Model,
    field: &ManyToMany,
    reference: &Reference,
    error: StoreError,
) -> StoreError {
    let error = error
        .with_model(model.label().clone())
        .with_field(field.name());
    let dangling = dangling(reference, &ident(&reference.table));
    let rows = link
        .rows(&format!(
            "SELECT t.{}, t.{}, count(*) OVER () {dangling} ORDER BY 1 LIMIT 1",
            ident(field.from_column()),
            ident(&reference.column),
        ))
        .await
        .unwrap_or_default();
    let Some(row) = rows.first() else {
        return error;
    };
    let kind = match reference.column == field.to_column() {
        true => field.to_kind(),
        false => field.from_kind(),
    };
    let show = |at: usize, kind| {
        let value = value::read(column(row, at), kind);
        value.map(|value| value.to_string()).unwrap_or_default()
    };
    error
        .with_pk(show(0, field.from_kind()))
        .with_value(show(1, kind))
        .with_more(more(column(row, 2)))
}

fn more(count: Option<&str>) -> u64 {
    let count: u64 = count.and_then(|text| text.parse().ok()).unwrap_or(1);
    count.saturating_sub(1)
}

fn dangling(reference: &Reference, table: &str) -> String {
    format!(
        "FROM {table} t WHERE t.{column} IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM {} p WHERE p.{} = t.{column})",
        ident(&reference.parent),
        ident(&reference.parent_column),
        column = ident(&reference.column),
    )
}

/// Whose table a table is, if it is one of the schema.
pub(super) fn owner<'s>(
    schema: &'s Schema,
    table: &str,
) -> Option<(&'s Model, Option<&'s ManyToMany>)> {
    let models = || schema.models().iter().filter(|model| !model.is_proxy());
    if let Some(model) = models().find(|model| model.table() == table) {
        return Some((model, None));
    }
    models().find_map(|model| {
        let mut fields = model.many_to_many().iter();
        let field = fields.find(|field| field.is_serialized() && field.table() == table)?;
        Some((model, Some(field)))
    })
}

/// An error of a statement about a many-to-many table.
pub(super) fn located(
    error: tokio_postgres::Error,
    model: &Model,
    field: &ManyToMany,
) -> StoreError {
    let error = StoreError::from(error);
    let error = match error.kind() {
        StoreErrorKind::Other => {
            StoreError::new(StoreErrorKind::Other, "many-to-many pairs").with_source(error)
        }
        _ => error,
    };
    error
        .with_model(model.label().clone())
        .with_field(field.name())
}
