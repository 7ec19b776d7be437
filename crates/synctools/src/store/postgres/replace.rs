//! Rows that take values from each other.

use super::error;
use super::upsert::Upsert;
use crate::store::sql::ident;
use crate::store::{ModelReport, StoreError};

impl Upsert<'_> {
    /// Writes all rows so that a value may go from one row to another: those
    /// that change are taken out and put back within one statement.
    pub(super) async fn replace(
        &self,
        report: &mut ModelReport,
        first: tokio_postgres::Error,
    ) -> Result<(), StoreError> {
        if self.acts_on_delete {
            return Err(self
                .unique(
                    first,
                    "and rows that refer to it would go with a row (ON DELETE)",
                )
                .await);
        }
        let model = self.model;
        let (own, stage) = (ident(model.table()), &self.table.name);
        let key = ident(model.pk().column());
        let came = format!("synctools_came_{}", model.id().get());
        // What each row will be.
        let mut columns = vec![format!("s.{key}")];
        let mut differs = Vec::new();
        for field in model
            .fields()
            .iter()
            .filter(|field| !field.is_primary_key())
        {
            let column = ident(field.column());
            let shapes = self.shapes_with(field);
            // The last row of the key that has the field.
            let from = |what: &str| {
                format!(
                    "SELECT {what} FROM {stage} x WHERE x.{key} = s.{key} \
                     AND x.synctools_m IN ({shapes}) ORDER BY x.synctools_n DESC LIMIT 1"
                )
            };
            let new = self.default(field)?.unwrap_or_else(|| "NULL".into());
            let value = if self
                .table
                .shapes
                .iter()
                .all(|s| s.present[field.index().get()])
                && self.table.ascending
            {
                format!("s.{column}")
            } else if self.resets(field) {
                // The last row decides, with its value or without.
                format!(
                    "(SELECT CASE WHEN x.synctools_m IN ({shapes}) THEN x.{column} ELSE {new} END \
                     FROM {stage} x WHERE x.{key} = s.{key} ORDER BY x.synctools_n DESC LIMIT 1)"
                )
            } else {
                format!(
                    "CASE WHEN EXISTS ({}) THEN ({}) WHEN t.{key} IS NULL THEN {new} \
                     ELSE t.{column} END",
                    from("1"),
                    from(&format!("x.{column}")),
                )
            };
            let cast = self.cast(field);
            differs.push(format!("t.{column}{cast} IS DISTINCT FROM ({value}){cast}"));
            columns.push(format!("{value} AS {column}"));
        }
        let differs = match differs.is_empty() {
            true => "false".to_owned(),
            false => differs.join(" OR "),
        };
        self.link
            .run(&format!(
                "CREATE INDEX ON {stage} ({key}, synctools_n); \
                 CREATE TEMPORARY TABLE {came} ON COMMIT DROP AS SELECT s.synctools_n, {}, \
                 t.{key} IS NULL AS synctools_new, {differs} AS synctools_changed \
                 FROM (SELECT DISTINCT ON ({key}) * FROM {stage} ORDER BY {key}, synctools_n) s \
                 LEFT JOIN {own} t ON t.{key} = s.{key}; CREATE INDEX ON {came} ({key})",
                columns.join(", ")
            ))
            .await?;
        let counts = self
            .link
            .numbers(&format!(
                "SELECT count(*) FILTER (WHERE synctools_new), count(*) FILTER (WHERE \
                 synctools_changed AND NOT synctools_new), (SELECT count(*) FROM {stage}) \
                 FROM {came}"
            ))
            .await?;

        let names: Vec<String> = model.fields().iter().map(|f| ident(f.column())).collect();
        // Columns that only the database knows are put back as they were.
        let others = self.table.columns.iter().filter(|column| {
            !column.generated && !model.fields().iter().any(|f| f.column() == column.name)
        });
        let others: Vec<String> = others.map(|column| ident(&column.name)).collect();
        let all: Vec<&str> = names.iter().chain(&others).map(String::as_str).collect();
        let back: Vec<String> = names
            .iter()
            .map(|name| format!("c.{name}"))
            .chain(others.iter().map(|name| format!("gone.{name}")))
            .collect();
        let stale = match self.stale {
            Some(stale) => format!(" OR t.{key} IN (SELECT pk FROM {stale})"),
            None => String::new(),
        };
        let new: Vec<&str> = model
            .fields()
            .iter()
            .zip(&names)
            .filter(|(field, _)| {
                // Where nothing came and there is no default, the database's.
                field.is_primary_key()
                    || !field.missing().is_null()
                    || self
                        .table
                        .shapes
                        .iter()
                        .any(|s| s.present[field.index().get()])
            })
            .map(|(_, name)| name.as_str())
            .collect();
        let result = self
            .link
            .run(&format!(
                "WITH gone AS (DELETE FROM {own} t WHERE t.{key} IN (SELECT {key} FROM {came} \
                 WHERE synctools_changed AND NOT synctools_new){stale} RETURNING t.*) \
                 INSERT INTO {own} ({all}) OVERRIDING SYSTEM VALUE SELECT {back} FROM gone \
                 JOIN {came} c ON c.{key} = gone.{key} ORDER BY c.synctools_n; \
                 INSERT INTO {own} ({new}) OVERRIDING SYSTEM VALUE SELECT {new} FROM {came} \
                 WHERE synctools_new ORDER BY synctools_n; RELEASE SAVEPOINT synctools_rows",
                all = all.join(", "),
                back = back.join(", "),
                new = new.join(", "),
            ))
            .await;
        match result {
            Ok(()) => {
                let number = |at: usize| {
                    counts
                        .get(at)
                        .copied()
                        .flatten()
                        .unwrap_or(0)
                        .unsigned_abs()
                };
                report.inserted += number(0);
                report.updated += number(1);
                report.unchanged += number(2).saturating_sub(number(0) + number(1));
                Ok(())
            }
            Err(error) => {
                self.link
                    .run("ROLLBACK TO SAVEPOINT synctools_rows")
                    .await?;
                Err(match error::is_unique(&error) {
                    true => self.unique(error, "").await,
                    false => self.located(error).await,
                })
            }
        }
    }
}
