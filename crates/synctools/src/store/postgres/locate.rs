//! Which row an error is about.

use super::link::column;
use super::upsert::Upsert;
use super::{catalog, error, value};
use crate::schema::Field;
use crate::store::sql::ident;
use crate::store::{StoreError, StoreErrorKind};

impl Upsert<'_> {
    /// Two rows that want the same value, as an error that names one of them.
    /// The rows of this sync are not in their table.
    pub(super) async fn unique(
        &self,
        error: tokio_postgres::Error,
        message: &'static str,
    ) -> StoreError {
        let model = self.model;
        let constraint = error
            .as_db_error()
            .and_then(|error| error.constraint())
            .map(str::to_owned);
        let mut result = StoreError::from(error).with_model(model.label().clone());
        if !message.is_empty() {
            result = StoreError::new(StoreErrorKind::Unique, message)
                .with_model(model.label().clone())
                .with_source(result);
        }
        let Some(constraint) = constraint else {
            return result;
        };
        let Ok(columns) = catalog::unique_columns(self.link, &constraint).await else {
            return result;
        };
        let fields: Option<Vec<&Field>> = columns
            .iter()
            .map(|name| model.fields().iter().find(|field| field.column() == name))
            .collect();
        let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
            return result;
        };
        let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
        result = result.with_field(names.join(", "));
        let (own, stage) = (ident(model.table()), &self.table.name);
        let key = ident(model.pk().column());
        let same: Vec<String> = columns
            .iter()
            .map(|name| format!("o.{0} = s.{0}", ident(name)))
            .collect();
        let same = same.join(" AND ");
        let value = ident(&columns[0]);
        let sql = format!(
            "SELECT o.{key}, o.{value} FROM {stage} s JOIN (SELECT {key}, {all} FROM {stage} UNION \
             ALL SELECT {key}, {all} FROM {own} WHERE {key} NOT IN (SELECT {key} FROM {stage})) o \
             ON {same} AND o.{key} <> s.{key} ORDER BY 1 LIMIT 1",
            all = columns
                .iter()
                .map(|name| ident(name))
                .collect::<Vec<_>>()
                .join(", ")
        );
        if let Ok(rows) = self.link.rows(&sql).await {
            if let Some(row) = rows.first() {
                let show = |at: usize, field: &Field| {
                    value::read(column(row, at), field.kind()).map(|value| value.to_string())
                };
                if let Some(pk) = show(0, model.pk()) {
                    result = result.with_pk(pk);
                }
                if let Some(value) = show(1, fields[0]) {
                    result = result.with_value(value);
                }
            }
        }
        result
    }

    /// An error of a statement that wrote rows, with as much as PostgreSQL says
    /// about where.
    pub(super) async fn located(&self, error: tokio_postgres::Error) -> StoreError {
        let model = self.model;
        let details = error.as_db_error();
        let field = details.and_then(|error| error.column()).and_then(|name| {
            let mut fields = model.fields().iter();
            fields.find(|field| field.column() == name)
        });
        let is_foreign_key = error::is_foreign_key(&error);
        let constraint = details
            .and_then(|error| error.constraint())
            .map(str::to_owned);
        let result = StoreError::from(error).with_model(model.label().clone());
        let (stage, key) = (&self.table.name, ident(model.pk().column()));
        if let Some(field) = field {
            let column = ident(field.column());
            let sql = format!("SELECT {key} FROM {stage} WHERE {column} IS NULL LIMIT 1");
            let pk = self.first(&sql).await;
            let result = result.with_field(field.name());
            return match pk {
                Some(pk) => result.with_pk(pk),
                None => result,
            };
        }
        if let (true, Some(constraint)) = (is_foreign_key, constraint) {
            let keys = catalog::foreign_keys(self.link).await.unwrap_or_default();
            let known = keys
                .iter()
                .find(|key| key.name == constraint && key.reference.table == model.table());
            if let Some(known) = known {
                return super::check::missing(self.link, model, &known.reference, stage, result)
                    .await;
            }
        }
        result
    }

    async fn first(&self, sql: &str) -> Option<String> {
        let rows = self.link.rows(sql).await.ok()?;
        let text = column(rows.first()?, 0)?;
        Some(value::read(Some(text), self.model.pk().kind())?.to_string())
    }
}
