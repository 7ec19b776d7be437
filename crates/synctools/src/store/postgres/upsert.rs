//! Rows from temporary tables into their own.

use super::catalog::{self, Column};
use super::link::Link;
use super::stage::{Shape, Table};
use super::{error, value};
use crate::schema::{Field, FieldKind, Model};
use crate::store::sql::ident;
use crate::store::{Clean, MissingFields, ModelReport, StoreError, StoreErrorKind, SyncOptions};

/// The rows of one model, ready to be written.
pub(super) struct Upsert<'a> {
    pub(super) link: &'a Link,
    pub(super) model: &'a Model,
    pub(super) table: &'a Table,
    pub(super) options: &'a SyncOptions,
    /// Columns that are set only when all rows of all models are there: they
    /// refer to rows that come later, and are checked at once.
    pub(super) held: &'a [String],
    /// The temporary table of rows that will be removed.
    pub(super) stale: Option<&'a str>,
    /// Removing a row of this table does something to others.
    pub(super) acts_on_delete: bool,
}

impl Upsert<'_> {
    /// Gives a key to the rows that have none, and to their pairs; `only` is what
    /// else must hold for them.
    pub(super) async fn assign_keys(&self, only: &str) -> Result<(), StoreError> {
        let pk = self.model.pk();
        let (name, key) = (&self.table.name, ident(pk.column()));
        let own = ident(self.model.table());
        let next = match pk.kind() {
            _ if pk.relation().is_some() => None,
            FieldKind::Uuid => Some("gen_random_uuid()".to_owned()),
            kind if kind.is_integer() => {
                let highest = format!(
                    "(SELECT greatest((SELECT max({key}) FROM {own}), \
                     (SELECT max({key}) FROM {name}), 0))"
                );
                match catalog::sequence(self.link, self.model.table(), pk.column()).await? {
                    Some(sequence) => {
                        // A sequence is never set back here: the rest of the
                        // transaction may still fail.
                        self.link
                            .run(&format!(
                                "SELECT setval({0}, greatest({highest}, \
                                 coalesce(pg_sequence_last_value({0}::regclass), 0))) \
                                 WHERE {highest} > 0",
                                catalog::text(&sequence)
                            ))
                            .await?;
                        Some(format!("nextval({})", catalog::text(&sequence)))
                    }
                    None => Some(format!(
                        "{highest} + row_number() OVER (ORDER BY synctools_n)"
                    )),
                }
            }
            _ => None,
        };
        let Some(next) = next else {
            return Err(StoreError::new(
                StoreErrorKind::NotNull,
                "a row without a key, and the database makes none of this kind",
            )
            .with_model(self.model.label().clone())
            .with_field(pk.name()));
        };
        self.link
            .run(&format!(
                "UPDATE {name} s SET {key} = k.key FROM (SELECT n.synctools_n, {next} AS key FROM \
                 (SELECT synctools_n FROM {name} WHERE {key} IS NULL{only} ORDER BY 1) n) k \
                 WHERE s.synctools_n = k.synctools_n"
            ))
            .await?;
        for pairs in self.table.pairs.iter().flatten() {
            self.link
                .run(&format!(
                    "UPDATE {0} p SET owner = s.{key} FROM {name} s \
                     WHERE p.owner IS NULL AND s.synctools_n = p.n",
                    pairs.name
                ))
                .await?;
        }
        Ok(())
    }

    /// Writes the rows, and counts them.
    pub(super) async fn write(&self, report: &mut ModelReport) -> Result<(), StoreError> {
        let rounds = self.rounds().await?;
        let own = ident(self.model.table());
        let located = |error| StoreError::from(error).with_model(self.model.label().clone());
        // Into an empty table rows go without asking whether they are there.
        let empty = rounds.is_none()
            && self
                .link
                .count(&format!(
                    "SELECT count(*) FROM (SELECT 1 FROM {own} LIMIT 1) t"
                ))
                .await
                .map_err(located)?
                == 0;
        self.link.run("SAVEPOINT synctools_rows").await?;
        let mut counts = (0, 0, 0);
        let mut failed = None;
        for condition in self.parts(rounds) {
            match self.part(&condition, empty).await {
                Ok((inserted, updated, all)) => {
                    counts.0 += inserted;
                    counts.1 += updated;
                    counts.2 += all;
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        match failed {
            None => {
                self.link.run("RELEASE SAVEPOINT synctools_rows").await?;
                report.inserted += counts.0;
                report.updated += counts.1;
                report.unchanged += counts.2 - (counts.0 + counts.1).min(counts.2);
                Ok(())
            }
            Some(Failure::Postgres(error)) if error::is_unique(&error) => {
                self.link
                    .run("ROLLBACK TO SAVEPOINT synctools_rows")
                    .await?;
                self.replace(report, error).await
            }
            Some(Failure::Postgres(error)) => {
                self.link
                    .run("ROLLBACK TO SAVEPOINT synctools_rows")
                    .await?;
                Err(self.located(error).await)
            }
            Some(Failure::Store(error)) => Err(error),
        }
    }

    /// How often a key comes at most, if any comes twice.
    async fn rounds(&self) -> Result<Option<u64>, StoreError> {
        if self.table.ascending {
            return Ok(None);
        }
        let (name, key) = (&self.table.name, ident(self.model.pk().column()));
        let most = self
            .link
            .count(&format!(
                "SELECT max(n) FROM (SELECT count(*) AS n FROM {name} GROUP BY {key}) c"
            ))
            .await?;
        if most <= 1 {
            return Ok(None);
        }
        self.link
            .run(&format!(
                "ALTER TABLE {name} ADD COLUMN synctools_r bigint; \
                 UPDATE {name} s SET synctools_r = r.r FROM (SELECT synctools_n, row_number() OVER \
                 (PARTITION BY {key} ORDER BY synctools_n) AS r FROM {name}) r \
                 WHERE r.synctools_n = s.synctools_n"
            ))
            .await?;
        Ok(Some(most))
    }

    /// Parts of the rows, none with a key twice, in the order in which they are
    /// written.
    fn parts(&self, rounds: Option<u64>) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        for round in 1..=rounds.unwrap_or(1) {
            for (at, shape) in self.table.shapes.iter().enumerate() {
                let mut conditions = Vec::new();
                if self.table.shapes.len() > 1 {
                    conditions.push(format!("s.synctools_m = {at}"));
                }
                if rounds.is_some() {
                    conditions.push(format!("s.synctools_r = {round}"));
                }
                parts.push(Part {
                    shape,
                    filter: match conditions.is_empty() {
                        true => String::new(),
                        false => format!(" WHERE {}", conditions.join(" AND ")),
                    },
                    rows: rounds.is_none().then_some(shape.rows),
                });
            }
        }
        parts
    }

    /// Writes one part: how many rows are new, how many are different now, and
    /// how many there are.
    async fn part(&self, part: &Part<'_>, empty: bool) -> Result<(u64, u64, u64), Failure> {
        let all = match part.rows {
            Some(rows) => rows,
            None => {
                let sql = format!("SELECT count(*) FROM {} s{}", self.table.name, part.filter);
                self.link.count(&sql).await?
            }
        };
        if all == 0 {
            return Ok((0, 0, 0));
        }
        if empty {
            let inserted = self.link.execute(&self.insert(part)?).await?;
            return Ok((inserted, 0, all));
        }
        if self.is_incomplete(part) {
            let (update, insert) = self.update_and_insert(part)?;
            let updated = match update {
                Some(update) => self.link.execute(&update).await?,
                None => 0,
            };
            let inserted = self.link.execute(&insert).await?;
            return Ok((inserted, updated, all));
        }
        let numbers = self.link.numbers(&self.upsert(part)?).await?;
        let number = |at: usize| {
            numbers
                .get(at)
                .copied()
                .flatten()
                .unwrap_or(0)
                .unsigned_abs()
        };
        Ok((number(0), number(1), all))
    }

    /// What the rows of one part are made of.
    fn written(&self, part: &Part<'_>) -> Result<Written, StoreError> {
        let key = ident(self.model.pk().column());
        let mut written = Written {
            columns: vec![key.clone()],
            values: vec![format!("s.{key}")],
            set: Vec::new(),
            given: Vec::new(),
            new: Vec::new(),
            differs: Vec::new(),
        };
        for (field, present) in self.model.fields().iter().zip(&part.shape.present) {
            if field.is_primary_key() {
                continue;
            }
            let column = ident(field.column());
            let given = if *present {
                format!("s.{column}")
            } else {
                match self.default(field)? {
                    Some(default) => default,
                    None => continue,
                }
            };
            if *present || self.resets(field) {
                let cast = self.cast(field);
                let differs = format!("o.{column}{cast} IS DISTINCT FROM {given}{cast}");
                written.differs.push(differs);
            }
            let held = self.held.iter().any(|held| held == field.column());
            if (*present || self.resets(field)) && !held {
                let cast = self.cast(field);
                written.set.push(format!("{column} = EXCLUDED.{column}"));
                written.given.push(format!("{column} = {given}"));
                written.new.push(format!(
                    "t.{column}{cast} IS DISTINCT FROM EXCLUDED.{column}{cast}"
                ));
            }
            written.columns.push(column);
            written
                .values
                .push(if held { "NULL".into() } else { given });
        }
        Ok(written)
    }

    /// `INSERT` of one part into a table without rows.
    fn insert(&self, part: &Part<'_>) -> Result<String, StoreError> {
        let written = self.written(part)?;
        Ok(format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} s{}",
            ident(self.model.table()),
            written.columns.join(", "),
            written.values.join(", "),
            self.table.name,
            part.filter,
        ))
    }

    /// Whether rows of this part could not be inserted, for a field that needs a
    /// value. PostgreSQL says so before it sees that the key is there.
    fn is_incomplete(&self, part: &Part<'_>) -> bool {
        let mut fields = self.model.fields().iter().zip(&part.shape.present);
        fields.any(|(field, present)| {
            !present && !field.is_primary_key() && !field.is_null() && field.missing().is_null()
        })
    }

    /// `UPDATE` of the rows of one part that are there, if there is anything to
    /// update, and `INSERT` of the others.
    fn update_and_insert(&self, part: &Part<'_>) -> Result<(Option<String>, String), StoreError> {
        let written = self.written(part)?;
        let (own, key) = (ident(self.model.table()), ident(self.model.pk().column()));
        let filter = match part.filter.is_empty() {
            true => " WHERE ".to_owned(),
            false => format!("{} AND ", part.filter),
        };
        let update = (!written.differs.is_empty()).then(|| {
            let mut set = written.given.join(", ");
            if set.is_empty() {
                // All that differs is held back: the row counts as changed.
                set = format!("{key} = o.{key}");
            }
            format!(
                "UPDATE {own} o SET {set} FROM {} s{filter}o.{key} = s.{key} AND ({})",
                self.table.name,
                written.differs.join(" OR ")
            )
        });
        let insert = format!(
            "INSERT INTO {own} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} s{filter}\
             NOT EXISTS (SELECT 1 FROM {own} o WHERE o.{key} = s.{key})",
            written.columns.join(", "),
            written.values.join(", "),
            self.table.name,
        );
        Ok((update, insert))
    }

    /// `INSERT … ON CONFLICT DO UPDATE` of one part, with its counts. Rows that
    /// are as they came are left out before: to find that out by a conflict
    /// takes several times as long.
    fn upsert(&self, part: &Part<'_>) -> Result<String, StoreError> {
        let written = self.written(part)?;
        let (own, key) = (ident(self.model.table()), ident(self.model.pk().column()));
        let conflict = match written.set.is_empty() {
            true if written.differs.is_empty() => "DO NOTHING".to_owned(),
            // All that differs is held back: the row counts as changed.
            true => format!("DO UPDATE SET {key} = EXCLUDED.{key}"),
            false if self.held.is_empty() => format!(
                "DO UPDATE SET {} WHERE {}",
                written.set.join(", "),
                written.new.join(" OR ")
            ),
            false => format!("DO UPDATE SET {}", written.set.join(", ")),
        };
        let filter = match part.filter.is_empty() {
            true => " WHERE ".to_owned(),
            false => format!("{} AND ", part.filter),
        };
        let differs = match written.differs.is_empty() {
            true => String::new(),
            false => format!(" OR {}", written.differs.join(" OR ")),
        };
        Ok(format!(
            "WITH w AS (INSERT INTO {own} AS t ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} s \
             LEFT JOIN {own} o ON o.{key} = s.{key}{filter}(o.{key} IS NULL{differs}) \
             ON CONFLICT ({key}) {conflict} RETURNING t.xmax = 0 AS new) \
             SELECT count(*) FILTER (WHERE new), count(*) FILTER (WHERE NOT new) FROM w",
            written.columns.join(", "),
            written.values.join(", "),
            self.table.name,
        ))
    }

    /// What a row gets that came without this field; nothing if that is for the
    /// database to say.
    pub(super) fn default(&self, field: &Field) -> Result<Option<String>, StoreError> {
        let missing = field.missing();
        if missing.is_null() {
            let null = self
                .resets(field)
                .then(|| format!("NULL::{}", self.type_of(field)));
            return Ok(null);
        }
        let literal = value::literal(&missing)?;
        Ok(Some(format!("{literal}::{}", self.type_of(field))))
    }

    /// Whether a row that is there gets the default of a field that did not
    /// come.
    pub(super) fn resets(&self, field: &Field) -> bool {
        let defaults = self.options.missing_fields == MissingFields::DjangoDefaults
            || self.options.clean == Clean::Before;
        defaults && (field.is_null() || !field.missing().is_null())
    }

    fn column(&self, field: &Field) -> Option<&Column> {
        let mut columns = self.table.columns.iter();
        columns.find(|column| column.name == field.column())
    }

    fn type_of(&self, field: &Field) -> &str {
        self.column(field)
            .map_or("text", |column| &column.type_name)
    }

    /// What makes a column comparable.
    pub(super) fn cast(&self, field: &Field) -> &'static str {
        match self.column(field) {
            Some(column) if column.incomparable => "::text",
            _ => "",
        }
    }

    /// Sets the columns that were held back.
    pub(super) async fn set_held(&self) -> Result<(), StoreError> {
        let key = ident(self.model.pk().column());
        for name in self.held {
            let Some(field) = self.model.fields().iter().find(|f| f.column() == name) else {
                continue;
            };
            let shapes = self.shapes_with(field);
            let (own, stage, column) = (
                ident(self.model.table()),
                &self.table.name,
                ident(field.column()),
            );
            let result = self
                .link
                .run(&format!(
                    "UPDATE {own} t SET {column} = s.{column} FROM (SELECT DISTINCT ON ({key}) \
                     {key}, {column} FROM {stage} WHERE synctools_m IN ({shapes}) \
                     ORDER BY {key}, synctools_n DESC) s \
                     WHERE t.{key} = s.{key} AND t.{column} IS DISTINCT FROM s.{column}"
                ))
                .await;
            if let Err(error) = result {
                return Err(self.located(error).await);
            }
        }
        Ok(())
    }

    /// The numbers of the shapes that have a field; never none.
    pub(super) fn shapes_with(&self, field: &Field) -> String {
        let mut numbers: Vec<String> = Vec::new();
        for (at, shape) in self.table.shapes.iter().enumerate() {
            if shape.present[field.index().get()] {
                numbers.push(at.to_string());
            }
        }
        if numbers.is_empty() {
            numbers.push("-1".into());
        }
        numbers.join(", ")
    }
}

/// Rows that are written by one statement.
struct Part<'a> {
    shape: &'a Shape,
    /// Which of the rows `s` they are.
    filter: String,
    /// How many they are, if that is known.
    rows: Option<u64>,
}

/// The columns of rows that are written, in SQL.
struct Written {
    columns: Vec<String>,
    values: Vec<String>,
    /// What a row gets that is there.
    set: Vec<String>,
    /// The same, from the row `s` that came.
    given: Vec<String>,
    /// Whether that makes a difference to the row that is there by now.
    new: Vec<String>,
    /// Whether the row `o` that is there is another than the one that came.
    differs: Vec<String>,
}

enum Failure {
    Postgres(tokio_postgres::Error),
    Store(StoreError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
