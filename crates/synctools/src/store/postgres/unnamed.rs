//! Natural keys that stand for no row, or for several.

use super::keys::{Form, Place};
use super::link::column;
use super::natural::{Search, broken, parts};
use super::value;
use crate::schema::{Field, NaturalPart};
use crate::store::sql::ident;
use crate::store::{StoreError, StoreErrorKind};
use crate::value::Value;

impl Search<'_> {
    /// Insists that every key stands for one row.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let rows = self
            .link
            .rows(
                "SELECT form, n, pos FROM synctools_keys WHERE found IS NULL \
                 ORDER BY n, pos LIMIT 1",
            )
            .await?;
        if let Some(row) = rows.first() {
            let form: Option<usize> = column(row, 0).and_then(|text| text.parse().ok());
            let form = form.and_then(|form| self.stage.forms.get(form));
            let form = form.ok_or_else(broken)?;
            let error = StoreError::new(StoreErrorKind::ForeignKey, "no row has this natural key");
            return Err(self
                .located(form, column(row, 1), column(row, 2), error)
                .await);
        }
        for (at, form) in self.stage.forms.iter().enumerate() {
            let rows = self.candidates(at, form)?;
            let twice = self
                .link
                .rows(&format!(
                    "SELECT k.n, k.pos FROM synctools_keys k, {} WHERE {} GROUP BY k.n, k.pos \
                     HAVING count(*) > 1 ORDER BY 1, 2 LIMIT 1",
                    rows.from, rows.condition
                ))
                .await?;
            if let Some(row) = twice.first() {
                let error = several();
                return Err(self
                    .located(form, column(row, 0), column(row, 1), error)
                    .await);
            }
        }
        Ok(())
    }

    /// An error of a reference, with the row.
    async fn located(
        &self,
        form: &Form,
        n: Option<&str>,
        pos: Option<&str>,
        error: StoreError,
    ) -> StoreError {
        let owner = &self.schema.models()[form.owner];
        let name = match form.place {
            Place::Field(field) => owner.field(field).map(Field::name),
            Place::List(list) => owner.many_to_many().get(list.get()).map(|list| list.name()),
        };
        let error = error
            .with_model(owner.label().clone())
            .with_field(name.unwrap_or_default());
        let (Some(n), Some(pos), Some(table)) = (n, pos, &self.stage.tables[form.owner]) else {
            return error;
        };
        let target = self.schema.get(form.target);
        let Some(target) = target.map(|target| self.schema.concrete(target)) else {
            return error;
        };
        let parts: Vec<String> = (1..=form.paths.len())
            .map(|place| format!("k.key[{place}]"))
            .collect();
        let rows = self
            .link
            .rows(&format!(
                "SELECT s.{}, {} FROM synctools_keys k JOIN {} s ON s.synctools_n = k.n \
                 WHERE k.n = {n} AND k.pos = {pos} LIMIT 1",
                ident(owner.pk().column()),
                parts.join(", "),
                table.name
            ))
            .await
            .unwrap_or_default();
        let Some(row) = rows.first() else {
            return error;
        };
        let values = form.paths.iter().enumerate().map(|(at, path)| {
            let field = self.schema.follow(target, path);
            let value = field.and_then(|field| value::read(column(row, at + 1), field.kind()));
            value.unwrap_or(Value::Null)
        });
        let error = error.with_value(Value::NaturalKey(values.collect()).to_string());
        let pk = value::read(column(row, 0), owner.pk().kind());
        match pk.filter(|pk| !pk.is_null()) {
            Some(pk) => error.with_pk(pk.to_string()),
            None => error,
        }
    }

    /// That a row without a key could be several.
    pub(super) async fn own_key_twice(&self, at: usize, n: &str) -> StoreError {
        let model = &self.schema.models()[at];
        let names: Vec<&str> = parts(model).iter().map(NaturalPart::name).collect();
        let error = several()
            .with_model(model.label().clone())
            .with_field(names.join(", "));
        let Ok(own) = self.own_keys(at) else {
            return error;
        };
        let keys: Vec<String> = (0..names.len())
            .map(|place| format!("own.k{place}"))
            .collect();
        let sql = format!(
            "SELECT {} FROM {own} own WHERE own.n = {n}",
            keys.join(", ")
        );
        let rows = self.link.rows(&sql).await.unwrap_or_default();
        let Some(row) = rows.first() else {
            return error;
        };
        let values = parts(model).iter().enumerate().map(|(at, part)| {
            let field = self.schema.follow(model, part.path());
            let value = field.and_then(|field| value::read(column(row, at), field.kind()));
            value.unwrap_or(Value::Null)
        });
        error.with_value(Value::NaturalKey(values.collect()).to_string())
    }
}

fn several() -> StoreError {
    StoreError::new(
        StoreErrorKind::Ambiguous,
        "more than one row has this natural key",
    )
}
