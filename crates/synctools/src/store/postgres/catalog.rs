//! What PostgreSQL says about its tables.

use super::link::{Link, column};
use crate::store::sql::ident;
use crate::store::{StoreError, clean};

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type without a length: a cast to it changes nothing.
    pub(super) type_name: String,
    /// Its type has no `=`.
    pub(super) incomparable: bool,
    /// The database computes it.
    pub(super) generated: bool,
}

/// A foreign key of one column.
#[derive(Clone, Debug)]
pub(super) struct ForeignKey {
    pub(super) name: String,
    pub(super) reference: clean::Reference,
    pub(super) deferrable: bool,
    /// What happens to the row when the one that it refers to is removed:
    /// something, beside a check at the end.
    pub(super) acts_on_delete: bool,
}

/// A string as a literal.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// The columns of a table.
pub(super) async fn columns(link: &Link, table: &str) -> Result<Vec<Column>, StoreError> {
    let rows = link
        .rows(&format!(
            "SELECT a.attname, a.atttypid::regtype::text, t.typname IN ('json', 'xml', 'point', \
             'line', 'lseg', 'box', 'path', 'polygon', 'circle'), a.attgenerated <> '' \
             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
             WHERE a.attrelid = {}::regclass AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attnum",
            text(&ident(table))
        ))
        .await?;
    Ok(rows
        .iter()
        .map(|row| Column {
            name: column(row, 0).unwrap_or_default().to_owned(),
            type_name: column(row, 1).unwrap_or_default().to_owned(),
            incomparable: column(row, 2) == Some("t"),
            generated: column(row, 3) == Some("t"),
        })
        .collect())
}

/// The foreign keys of one column between tables that can be seen.
pub(super) async fn foreign_keys(link: &Link) -> Result<Vec<ForeignKey>, StoreError> {
    let rows = link
        .rows(
            "SELECT c.conname, t.relname, a.attname, a.attnotnull, p.relname, b.attname, \
             c.condeferrable, c.confdeltype <> 'a' FROM pg_constraint c \
             JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class p ON p.oid = c.confrelid \
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] \
             JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1] \
             WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND c.conparentid = 0 \
             AND pg_table_is_visible(t.oid) AND pg_table_is_visible(p.oid) ORDER BY c.oid",
        )
        .await?;
    let get = |row, at| column(row, at).unwrap_or_default().to_owned();
    Ok(rows
        .iter()
        .map(|row| ForeignKey {
            name: get(row, 0),
            reference: clean::Reference {
                table: get(row, 1),
                column: get(row, 2),
                nullable: column(row, 3) == Some("f"),
                parent: get(row, 4),
                parent_column: get(row, 5),
            },
            deferrable: column(row, 6) == Some("t"),
            acts_on_delete: column(row, 7) == Some("t"),
        })
        .collect())
}

/// The sequence that counts a column, ready to stand in SQL.
pub(super) async fn sequence(
    link: &Link,
    table: &str,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = format!(
        "SELECT pg_get_serial_sequence({}, {})",
        text(&ident(table)),
        text(name)
    );
    let rows = link.rows(&sql).await?;
    Ok(rows
        .first()
        .and_then(|row| column(row, 0))
        .map(str::to_owned))
}

/// The columns of a unique constraint or index, in their order.
pub(super) async fn unique_columns(link: &Link, name: &str) -> Result<Vec<String>, StoreError> {
    let rows = link
        .rows(&format!(
            "SELECT a.attname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid \
             JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (number, place) ON true \
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number \
             WHERE c.relname = {} AND pg_table_is_visible(c.oid) AND i.indexprs IS NULL \
             ORDER BY k.place",
            text(name)
        ))
        .await?;
    Ok(rows
        .iter()
        .filter_map(|row| column(row, 0).map(str::to_owned))
        .collect())
}
