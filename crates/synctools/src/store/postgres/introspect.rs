//! Tables, columns and constraints, for a schema that is read from a database.

use super::catalog;
use super::link::{Link, column};
use crate::schema::{ColumnInfo, Database, Introspection, TableInfo};
use crate::store::StoreError;

/// Reads all tables that can be seen.
pub(super) async fn read(link: &Link) -> Result<Introspection, StoreError> {
    let keys = catalog::foreign_keys(link).await?;
    let unique = link
        .rows(
            "SELECT t.relname, i.indisprimary, string_agg(a.attname, chr(1) ORDER BY k.place) \
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid \
             JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (number, place) \
             ON k.place <= i.indnkeyatts \
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number \
             WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL \
             AND pg_table_is_visible(t.oid) \
             AND t.relnamespace NOT IN ('pg_catalog'::regnamespace, \
             'information_schema'::regnamespace) \
             GROUP BY t.relname, i.indexrelid, i.indisprimary ORDER BY i.indexrelid",
        )
        .await?;
    let unique: Vec<(&str, bool, Vec<&str>)> = unique
        .iter()
        .filter_map(|row| {
            let columns = column(row, 2)?.split('\u{1}').collect();
            Some((column(row, 0)?, column(row, 1) == Some("t"), columns))
        })
        .collect();
    let columns = link
        .rows(
            "SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
             a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%' \
             FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid \
             LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum \
             WHERE t.relkind IN ('r', 'p') AND NOT t.relispartition AND a.attnum > 0 \
             AND NOT a.attisdropped AND pg_table_is_visible(t.oid) AND t.relpersistence <> 't' \
             AND t.relnamespace NOT IN ('pg_catalog'::regnamespace, \
             'information_schema'::regnamespace) ORDER BY t.relname, a.attnum",
        )
        .await?;
    let mut introspection = Introspection::new(Database::Postgres, Vec::new());
    for row in &columns {
        let table = column(row, 0).unwrap_or_default();
        if introspection
            .tables
            .last()
            .is_none_or(|last| last.name != table)
        {
            let together = unique
                .iter()
                .filter(|(name, primary, set)| *name == table && !primary && set.len() > 1)
                .map(|(_, _, set)| set.iter().map(|name| (*name).to_owned()).collect());
            introspection.tables.push(TableInfo {
                name: table.to_owned(),
                unique_together: together.collect(),
                ..TableInfo::default()
            });
        }
        let name = column(row, 1).unwrap_or_default();
        let alone = |primary: bool| {
            unique
                .iter()
                .any(|(other, is, set)| *other == table && *is == primary && set[..] == [name])
        };
        let reference = keys
            .iter()
            .map(|key| &key.reference)
            .find(|reference| reference.table == table && reference.column == name);
        let info = ColumnInfo {
            name: name.to_owned(),
            declared_type: column(row, 2).unwrap_or_default().to_owned(),
            not_null: column(row, 3) == Some("t"),
            primary_key: alone(true),
            unique: alone(false),
            auto: column(row, 4) == Some("t"),
            references: reference
                .map(|reference| (reference.parent.clone(), reference.parent_column.clone())),
            ..ColumnInfo::default()
        };
        if let Some(last) = introspection.tables.last_mut() {
            last.columns.push(info);
        }
    }
    Ok(introspection)
}
