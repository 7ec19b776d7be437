//! Sequences that count keys.

use super::catalog::{self, text};
use super::link::Link;
use crate::schema::Model;
use crate::store::StoreError;
use crate::store::sql::ident;

/// Sets the sequences of tables that were written to, as Django does it.
///
/// A sequence is not part of the transaction. So one that goes up is set now:
/// if the transaction fails after all, only numbers are left out. One that goes
/// down is for after the transaction; those statements are given back.
pub(super) async fn reset(link: &Link, touched: &[&Model]) -> Result<Vec<String>, StoreError> {
    let mut later = Vec::new();
    for model in touched {
        let pk = model.pk();
        let pairs = model.many_to_many().iter().filter(|f| f.is_serialized());
        // Django's own tables of pairs count `id`.
        let mut counted: Vec<(&str, &str)> = pairs.map(|field| (field.table(), "id")).collect();
        if pk.kind().is_integer() && pk.relation().is_none() {
            counted.push((model.table(), pk.column()));
        }
        for (table, column) in counted {
            let Some(sequence) = catalog::sequence(link, table, column).await? else {
                continue;
            };
            let (table, name) = (ident(table), ident(column));
            let set = format!(
                "SELECT setval(pg_get_serial_sequence({},{}), coalesce(max({name}), 1), \
                 max({name}) IS NOT null) FROM {table};",
                text(&table),
                text(column),
            );
            let down = link
                .count(&format!(
                    "SELECT count(*) FROM (SELECT max({name}) AS most FROM {table}) t \
                     WHERE coalesce(t.most, 0) < coalesce(pg_sequence_last_value({}::regclass), 0)",
                    text(&sequence)
                ))
                .await?;
            if down > 0 {
                later.push(set);
            } else {
                link.execute(&set).await?;
            }
        }
    }
    Ok(later)
}
