//! SQL that both databases understand.

use super::lookup::{coerce, field as find};
use super::{Condition, Query, StoreError};
use crate::schema::{Field, FieldIndex, ManyToMany, Model, Schema};
use crate::value::Value;

/// A name as an identifier of SQL.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names with commas between them.
pub(super) fn idents<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for name in names {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&ident(name));
    }
    list
}

/// How a path of fields is followed in SQL.
pub(super) struct Way {
    /// The joins, each with a space before it.
    pub(super) joins: String,
    /// What is at the end.
    pub(super) column: String,
}

/// Follows the fields of a path, from a row that is called `alias` on. The names
/// of the rows on the way begin with `prefix`, and `table` says where the rows of
/// a model are.
pub(super) fn follow(
    schema: &Schema,
    model: &Model,
    path: &[FieldIndex],
    alias: &str,
    prefix: &str,
    table: &dyn Fn(&Model) -> String,
) -> Option<Way> {
    let (mut model, mut alias) = (model, alias.to_owned());
    let (mut joins, mut column) = (String::new(), String::new());
    for (at, field) in path.iter().enumerate() {
        let field = model.field(*field)?;
        column = format!("{alias}.{}", ident(field.column()));
        if at + 1 == path.len() {
            break;
        }
        let relation = field.relation()?;
        model = schema.concrete(schema.get(relation.model()?)?);
        alias = format!("{prefix}{at}");
        joins.push_str(&format!(
            " LEFT JOIN {} AS {alias} ON {alias}.{} = {column}",
            table(model),
            ident(relation.to_column()),
        ));
    }
    Some(Way { joins, column })
}

/// The statements that read the rows of one query: one for the rows, and one
/// for each many-to-many field, whose pairs come in the order of the rows.
pub(super) struct Select {
    pub(super) rows: String,
    pub(super) pairs: Vec<String>,
}

/// What the two databases write differently.
pub(super) trait Dialect {
    /// A value in a condition: a placeholder, or a literal.
    fn value(&mut self, field: &Field, value: &Value) -> Result<String, StoreError>;

    /// In which order the pairs of one row come.
    fn pair_order(&self, field: &ManyToMany) -> String;

    /// What comes after `OFFSET` needs a `LIMIT` in SQLite.
    fn no_limit(&self) -> &'static str;

    /// A column of a row that is read.
    fn column(&self, field: &Field) -> String {
        format!("m.{}", ident(field.column()))
    }
}

/// Writes the statements of a query.
///
/// The conditions are written first, so that a dialect with placeholders has
/// the values of all statements in the same order.
pub(super) fn select(
    model: &Model,
    query: &Query,
    dialect: &mut impl Dialect,
) -> Result<Select, StoreError> {
    let pk = format!("m.{}", ident(model.pk().column()));
    let mut filter = String::new();
    for condition in &query.filter {
        filter.push_str(if filter.is_empty() {
            " WHERE "
        } else {
            " AND "
        });
        filter.push_str(&write_condition(model, condition, dialect)?);
    }
    let mut order = String::new();
    for by in &query.order {
        let field = find(model, &by.field)?;
        let column = format!("m.{}", ident(field.column()));
        let direction = if by.descending { " DESC" } else { "" };
        order.push_str(&format!("{column}{direction}, "));
    }
    order.push_str(&pk);
    let range = match (query.limit, query.offset) {
        (None, 0) => String::new(),
        (None, offset) => format!("{} OFFSET {offset}", dialect.no_limit()),
        (Some(limit), 0) => format!(" LIMIT {limit}"),
        (Some(limit), offset) => format!(" LIMIT {limit} OFFSET {offset}"),
    };
    let table = ident(model.table());
    let columns: Vec<String> = model
        .fields()
        .iter()
        .map(|field| dialect.column(field))
        .collect();
    let rows = format!(
        "SELECT {} FROM {table} m{filter} ORDER BY {order}{range}",
        columns.join(", ")
    );
    let pairs = model
        .many_to_many()
        .iter()
        .filter(|field| field.is_serialized())
        .map(|field| {
            let (from, to) = (ident(field.from_column()), ident(field.to_column()));
            let pair_order = dialect.pair_order(field);
            let through = ident(field.table());
            if range.is_empty() {
                return format!(
                    "SELECT p.{from}, p.{to} FROM {table} m JOIN {through} p ON p.{from} = {pk}\
                     {filter} ORDER BY {order}, {pair_order}"
                );
            }
            // The same rows, numbered as they come.
            format!(
                "SELECT p.{from}, p.{to} FROM (SELECT {pk} AS k, row_number() OVER (ORDER BY \
                 {order}) AS n FROM {table} m{filter} ORDER BY {order}{range}) m \
                 JOIN {through} p ON p.{from} = m.k ORDER BY m.n, {pair_order}"
            )
        })
        .collect();
    Ok(Select { rows, pairs })
}

fn write_condition(
    model: &Model,
    condition: &Condition,
    dialect: &mut impl Dialect,
) -> Result<String, StoreError> {
    Ok(match condition {
        Condition::Compare {
            field,
            operator,
            value,
        } => {
            let field = find(model, field)?;
            let value = dialect.value(field, &coerce(model, field, value)?)?;
            format!("m.{} {} {value}", ident(field.column()), operator.as_sql())
        }
        Condition::In { values, .. } if values.is_empty() => "1 = 0".into(),
        Condition::In { field, values } => {
            let field = find(model, field)?;
            let mut list = Vec::with_capacity(values.len());
            for value in values {
                list.push(dialect.value(field, &coerce(model, field, value)?)?);
            }
            format!("m.{} IN ({})", ident(field.column()), list.join(", "))
        }
        Condition::IsNull { field } => {
            format!("m.{} IS NULL", ident(find(model, field)?.column()))
        }
        Condition::All(conditions) => join(model, conditions, " AND ", "1 = 1", dialect)?,
        Condition::Any(conditions) => join(model, conditions, " OR ", "1 = 0", dialect)?,
        Condition::Not(condition) => {
            format!("NOT ({})", write_condition(model, condition, dialect)?)
        }
    })
}

fn join(
    model: &Model,
    conditions: &[Condition],
    word: &str,
    none: &str,
    dialect: &mut impl Dialect,
) -> Result<String, StoreError> {
    if conditions.is_empty() {
        return Ok(none.into());
    }
    let mut parts = Vec::with_capacity(conditions.len());
    for condition in conditions {
        parts.push(write_condition(model, condition, dialect)?);
    }
    Ok(format!("({})", parts.join(word)))
}
