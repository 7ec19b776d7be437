//! What the steps of cleaning need of PostgreSQL.

use super::link::{Link, column};
use super::value;
use crate::schema::FieldKind;
use crate::store::StoreError;
use crate::store::clean::Database;

/// A connection as the steps see it.
pub(super) struct Postgres<'a>(pub(super) &'a Link);

impl Database for Postgres<'_> {
    async fn execute(&mut self, sql: &str) -> Result<u64, StoreError> {
        Ok(self.0.execute(sql).await?)
    }

    async fn query(
        &mut self,
        sql: &str,
        kinds: &[Option<&FieldKind>],
    ) -> Result<Vec<Vec<String>>, StoreError> {
        let rows = self.0.rows(sql).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let show = |(at, kind): (usize, &Option<&FieldKind>)| {
                    let text = column(row, at);
                    let value = kind.and_then(|kind| value::read(text, kind));
                    match value {
                        Some(value) => value.to_string(),
                        None => text.unwrap_or("null").to_owned(),
                    }
                };
                kinds.iter().enumerate().map(show).collect()
            })
            .collect())
    }

    async fn count(&mut self, sql: &str) -> Result<u64, StoreError> {
        Ok(self.0.count(sql).await?)
    }

    fn same(&self, one: &str, other: &str) -> bool {
        one == other
    }

    fn row_key(&self) -> &'static str {
        "ctid"
    }

    fn temporary(&self) -> &'static str {
        "pg_temp."
    }

    fn on_commit(&self) -> &'static str {
        " ON COMMIT DROP"
    }
}
