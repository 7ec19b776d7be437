//! Tables, columns and constraints, for a schema that is read from a file.

use rusqlite::Connection;

use super::catalog;
use crate::schema::{ColumnInfo, Introspection, TableInfo};
use crate::store::StoreError;

/// Reads all tables.
pub(super) fn read(db: &Connection) -> Result<Introspection, StoreError> {
    let mut introspection = Introspection::default();
    for name in catalog::tables(db)? {
        introspection.tables.push(table(db, name)?);
    }
    Ok(introspection)
}

fn table(db: &Connection, name: String) -> Result<TableInfo, StoreError> {
    let definition = catalog::definition(db, &name)?.unwrap_or_default();
    let references = catalog::references(db, &name)?;
    let unique = catalog::unique_sets(db, &name)?;
    let found = catalog::columns(db, &name)?;
    let keys = found.iter().filter(|column| column.in_primary_key).count();
    let auto = is_autoincrement(&definition);
    let mut table = TableInfo {
        name: name.clone(),
        ..TableInfo::default()
    };
    for column in found {
        let reference = references
            .iter()
            .find(|reference| reference.column.eq_ignore_ascii_case(&column.name));
        let references = match reference {
            Some(reference) => match &reference.parent_column {
                Some(to) => Some((reference.parent.clone(), to.clone())),
                None => catalog::primary_key(db, &reference.parent)?
                    .map(|to| (reference.parent.clone(), to)),
            },
            None => None,
        };
        let primary_key = column.in_primary_key && keys == 1;
        let unique = unique
            .iter()
            .any(|set| matches!(&set[..], [only] if only.eq_ignore_ascii_case(&column.name)));
        table.columns.push(ColumnInfo {
            json_check: has_json_check(&definition, &column.name),
            primary_key,
            unique,
            auto: primary_key && auto,
            not_null: column.not_null,
            references,
            declared_type: column.declared,
            name: column.name,
            ..ColumnInfo::default()
        });
    }
    table.unique_together = unique.into_iter().filter(|set| set.len() > 1).collect();
    Ok(table)
}

/// Whether the key of the table this statement makes is never used twice.
pub(super) fn is_autoincrement(definition: &str) -> bool {
    definition.to_ascii_uppercase().contains("AUTOINCREMENT")
}

/// Django's check of a `JSONField`: `JSON_VALID("js") OR "js" IS NULL`.
fn has_json_check(definition: &str, column: &str) -> bool {
    let quoted = format!("json_valid({})", crate::store::sql::ident(column));
    definition
        .to_ascii_lowercase()
        .contains(&quoted.to_ascii_lowercase())
}
