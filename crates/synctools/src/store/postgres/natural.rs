//! Natural keys of rows that are staged: what they stand for is looked up
//! among the rows as they will be, before any is written.

use std::collections::BTreeMap;

use super::catalog::{self, Column};
use super::keys::{Form, Place};
use super::link::{Link, column};
use super::stage::Stage;
use super::upsert::Upsert;
use crate::schema::{Field, FieldIndex, Model, NaturalPart, Schema};
use crate::store::sql::{Way, follow, ident};
use crate::store::{StoreError, StoreErrorKind, SyncOptions};

/// Finds the rows that natural keys stand for: those that others refer to, and
/// those that came without a primary key.
pub(super) async fn resolve(
    link: &Link,
    schema: &Schema,
    options: &SyncOptions,
    stage: &mut Stage,
) -> Result<(), StoreError> {
    let keyless: Vec<usize> = (0..stage.tables.len())
        .filter(|at| {
            let has_new = stage.tables[*at]
                .as_ref()
                .is_some_and(|table| table.has_new);
            has_new && schema.models()[*at].natural_key().is_some()
        })
        .collect();
    if stage.forms.is_empty() && keyless.is_empty() {
        return Ok(());
    }
    // There may be none of them.
    link.run(stage.keys_table()).await?;
    link.run("CREATE INDEX ON synctools_keys (n); ANALYZE synctools_keys")
        .await?;
    let mut matched = Vec::new();
    {
        let mut search = Search {
            link,
            schema,
            options,
            stage,
            keyless: &keyless,
            needed: BTreeMap::new(),
            columns: BTreeMap::new(),
        };
        search.prepare().await?;
        loop {
            search.build().await?;
            let mut nearer = 0;
            for (at, form) in search.stage.forms.iter().enumerate() {
                nearer += search.look_up(at, form).await?;
            }
            for at in &keyless {
                let found = search.recognize(*at).await?;
                if found > 0 {
                    matched.push(*at);
                }
                nearer += found;
            }
            if nearer > 0 {
                continue;
            }
            for at in &keyless {
                nearer += search.admit(*at).await?;
            }
            if nearer == 0 {
                break;
            }
        }
        search.check().await?;
    }
    for at in matched {
        if let Some(table) = &mut stage.tables[at] {
            // A key that was found may have come as well.
            table.ascending = false;
        }
    }
    Ok(())
}

pub(super) struct Search<'a> {
    pub(super) link: &'a Link,
    pub(super) schema: &'a Schema,
    options: &'a SyncOptions,
    pub(super) stage: &'a Stage,
    /// The models of which rows came that are known by their natural keys only.
    keyless: &'a [usize],
    /// By model: the fields that take part in a search.
    needed: BTreeMap<usize, Vec<FieldIndex>>,
    /// By model: the columns of its table.
    columns: BTreeMap<usize, Vec<Column>>,
}

pub(super) fn broken() -> StoreError {
    StoreError::new(StoreErrorKind::Schema, "a natural key leads nowhere")
}

/// The table of the rows of a model as they will be.
fn state(model: &Model) -> String {
    format!("synctools_state_{}", model.id().get())
}

impl Search<'_> {
    /// Finds out which tables are looked at.
    async fn prepare(&mut self) -> Result<(), StoreError> {
        let schema = self.schema;
        for form in &self.stage.forms {
            let target = schema.get(form.target).ok_or_else(broken)?;
            let target = schema.concrete(target);
            let wanted = self.wanted(form, target);
            self.need(target, &[wanted.index()]);
            for path in &form.paths {
                self.need(target, path);
            }
        }
        for at in self.keyless {
            let model = &schema.models()[*at];
            for part in parts(model) {
                self.need(model, part.path());
            }
        }
        for at in self.needed.keys() {
            let table = schema.models()[*at].table();
            let columns = catalog::columns(self.link, table).await?;
            self.columns.insert(*at, columns);
        }
        for at in self.needed.keys() {
            if let (Some(table), model) = (&self.stage.tables[*at], &schema.models()[*at]) {
                let key = ident(model.pk().column());
                self.link
                    .run(&format!(
                        "CREATE INDEX ON {0} ({key}, synctools_n); ANALYZE {0}",
                        table.name
                    ))
                    .await?;
            }
        }
        Ok(())
    }

    fn need(&mut self, model: &Model, path: &[FieldIndex]) {
        let model = self.schema.concrete(model);
        let fields = self.needed.entry(model.id().get()).or_default();
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        if !fields.contains(first) {
            fields.push(*first);
        }
        let relation = model.field(*first).and_then(Field::relation);
        let target = relation.and_then(|relation| {
            let target = self.schema.concrete(self.schema.get(relation.model()?)?);
            let mut fields = target.fields().iter();
            let to = fields.find(|field| field.column() == relation.to_column());
            Some((target, to.unwrap_or(target.pk()).index()))
        });
        if let (Some((target, to)), false) = (target, rest.is_empty()) {
            self.need(target, &[to]);
            self.need(target, rest);
        }
    }

    /// The field whose value a reference has.
    fn wanted<'m>(&self, form: &Form, target: &'m Model) -> &'m Field {
        let owner = &self.schema.models()[form.owner];
        let column = match form.place {
            Place::Field(field) => owner
                .field(field)
                .and_then(Field::relation)
                .map(|relation| relation.to_column()),
            Place::List(_) => None,
        };
        let mut fields = target.fields().iter();
        column
            .and_then(|column| fields.find(|field| field.column() == column))
            .unwrap_or(target.pk())
    }

    /// Makes the tables of the rows as they will be.
    async fn build(&self) -> Result<(), StoreError> {
        for (at, fields) in &self.needed {
            let model = &self.schema.models()[*at];
            let Some(table) = &self.stage.tables[*at] else {
                continue;
            };
            let upsert = self.upsert(*at)?;
            let (own, stage, key) = (
                ident(model.table()),
                &table.name,
                ident(model.pk().column()),
            );
            let (mut there, mut came) = (vec![format!("t.{key}")], vec![format!("s.{key}")]);
            for field in fields.iter().filter_map(|field| model.field(*field)) {
                if field.is_primary_key() {
                    continue;
                }
                let column = ident(field.column());
                let default = upsert.default(field)?.unwrap_or_else(|| "NULL".into());
                let kept = match upsert.resets(field) {
                    true => default,
                    false => {
                        format!("CASE WHEN t.{key} IS NULL THEN {default} ELSE t.{column} END")
                    }
                };
                let from = format!(
                    "FROM {stage} x WHERE x.{key} = s.{key} AND x.synctools_m IN ({})",
                    upsert.shapes_with(field)
                );
                there.push(format!("t.{column}"));
                came.push(format!(
                    "CASE WHEN EXISTS (SELECT 1 {from}) THEN (SELECT x.{column} {from} \
                     ORDER BY x.synctools_n DESC LIMIT 1) ELSE {kept} END"
                ));
            }
            // What is not known yet is no NULL.
            let open = self.open(*at, fields);
            self.link
                .run(&format!(
                    "DROP TABLE IF EXISTS {state}; \
                     CREATE TEMPORARY TABLE {state} ON COMMIT DROP AS SELECT {} FROM {own} t \
                     WHERE NOT EXISTS (SELECT 1 FROM {stage} s WHERE s.{key} = t.{key}) \
                     UNION ALL SELECT {} FROM (SELECT DISTINCT {key} FROM {stage} \
                     WHERE {key} IS NOT NULL) s LEFT JOIN {own} t ON t.{key} = s.{key} \
                     WHERE NOT EXISTS (SELECT 1 FROM {stage} x JOIN synctools_keys k \
                     ON k.n = x.synctools_n WHERE x.{key} = s.{key} AND {open}); ANALYZE {state}",
                    there.join(", "),
                    came.join(", "),
                    state = state(model),
                ))
                .await
                .map_err(|error| StoreError::from(error).with_model(model.label().clone()))?;
        }
        Ok(())
    }

    fn upsert(&self, at: usize) -> Result<Upsert<'_>, StoreError> {
        Ok(Upsert {
            link: self.link,
            model: &self.schema.models()[at],
            table: self.stage.tables[at].as_ref().ok_or_else(broken)?,
            options: self.options,
            held: &[],
            stale: None,
            acts_on_delete: false,
        })
    }

    /// Which keys `k` of a model's rows leave one of these fields open.
    fn open(&self, at: usize, fields: &[FieldIndex]) -> String {
        let forms = self.stage.forms.iter().enumerate().filter(|(_, form)| {
            let is_needed = matches!(form.place, Place::Field(field) if fields.contains(&field));
            form.owner == at && is_needed
        });
        let forms: Vec<String> = forms.map(|(form, _)| form.to_string()).collect();
        match forms.is_empty() {
            true => "false".into(),
            false => format!("k.found IS NULL AND k.form IN ({})", forms.join(", ")),
        }
    }

    /// Where the rows of a model are.
    fn source(&self, model: &Model) -> String {
        match &self.stage.tables[model.id().get()] {
            Some(_) => state(model),
            None => ident(model.table()),
        }
    }

    fn follow(
        &self,
        model: &Model,
        path: &[FieldIndex],
        alias: &str,
        prefix: &str,
    ) -> Result<Way, StoreError> {
        let source = |model: &Model| self.source(model);
        follow(self.schema, model, path, alias, prefix, &source).ok_or_else(broken)
    }

    /// The type of the column at the end of a path.
    fn type_of(&self, model: &Model, path: &[FieldIndex]) -> Option<&str> {
        let (first, rest) = path.split_first()?;
        let field = model.field(*first)?;
        if rest.is_empty() {
            let mut columns = self.columns.get(&model.id().get())?.iter();
            let column = columns.find(|column| column.name == field.column())?;
            return Some(&column.type_name);
        }
        let target = self.schema.get(field.relation()?.model()?)?;
        self.type_of(self.schema.concrete(target), rest)
    }

    /// Whether what is at the end of a path may be `NULL`.
    fn may_be_null(&self, model: &Model, path: &[FieldIndex]) -> bool {
        let Some((first, rest)) = path.split_first() else {
            return false;
        };
        let Some(field) = model.field(*first) else {
            return false;
        };
        let target = field.relation().and_then(|to| self.schema.get(to.model()?));
        field.is_null()
            || target.is_some_and(|target| self.may_be_null(self.schema.concrete(target), rest))
    }

    fn equal(&self, model: &Model, path: &[FieldIndex], one: &str, other: &str) -> String {
        match self.may_be_null(model, path) {
            true => format!("({one} = {other} OR ({one} IS NULL AND {other} IS NULL))"),
            false => format!("{one} = {other}"),
        }
    }

    /// The rows `m` that have the keys `k` of a form, in SQL.
    pub(super) fn candidates(&self, at: usize, form: &Form) -> Result<Candidates<'_>, StoreError> {
        let target = self.schema.get(form.target).ok_or_else(broken)?;
        let target = self.schema.concrete(target);
        let (mut joins, mut conditions) = (String::new(), vec![format!("k.form = {at}")]);
        for (place, path) in form.paths.iter().enumerate() {
            let way = self.follow(target, path, "m", &format!("p{place}_"))?;
            joins.push_str(&way.joins);
            let type_name = self.type_of(target, path).ok_or_else(broken)?;
            let value = format!("k.key[{}]::{type_name}", place + 1);
            conditions.push(self.equal(target, path, &way.column, &value));
        }
        Ok(Candidates {
            wanted: self.wanted(form, target),
            from: format!("{} m{joins}", self.source(target)),
            condition: conditions.join(" AND "),
        })
    }

    /// Looks keys up that have not been found, and puts what they stand for
    /// where they stood.
    async fn look_up(&self, at: usize, form: &Form) -> Result<u64, StoreError> {
        let rows = self.candidates(at, form)?;
        let found = self
            .link
            .execute(&format!(
                "UPDATE synctools_keys k SET found = m.{}::text FROM {} \
                 WHERE k.found IS NULL AND {}",
                ident(rows.wanted.column()),
                rows.from,
                rows.condition,
            ))
            .await?;
        if found == 0 {
            return Ok(0);
        }
        let owner = &self.schema.models()[form.owner];
        let table = self.stage.tables[form.owner].as_ref().ok_or_else(broken)?;
        let put = match form.place {
            Place::Field(field) => {
                let field = owner.field(field).ok_or_else(broken)?;
                let mut columns = table.columns.iter();
                let column = columns.find(|column| column.name == field.column());
                format!(
                    "UPDATE {} s SET {} = k.found::{} FROM synctools_keys k \
                     WHERE k.form = {at} AND k.n = s.synctools_n AND k.found IS NOT NULL",
                    table.name,
                    ident(field.column()),
                    column.ok_or_else(broken)?.type_name,
                )
            }
            Place::List(list) => {
                let pairs = table.pairs[list.get()].as_ref().ok_or_else(broken)?;
                let field = &owner.many_to_many()[list.get()];
                let columns = catalog::columns(self.link, field.table()).await?;
                let mut columns = columns.iter();
                let column = columns.find(|column| column.name == field.to_column());
                format!(
                    "UPDATE {} p SET target = k.found::{} FROM synctools_keys k \
                     WHERE k.form = {at} AND k.n = p.n AND k.pos = p.pos \
                     AND k.found IS NOT NULL",
                    pairs.name,
                    column.ok_or_else(broken)?.type_name,
                )
            }
        };
        self.link.run(&put).await?;
        Ok(found)
    }

    /// The rows of a model that came without a key, with their natural keys as
    /// far as these are known: in SQL, with the number `n` and `k0`, `k1`, …
    pub(super) fn own_keys(&self, at: usize) -> Result<String, StoreError> {
        let model = &self.schema.models()[at];
        let table = self.stage.tables[at].as_ref().ok_or_else(broken)?;
        let (mut joins, mut columns) = (String::new(), vec!["s.synctools_n AS n".to_owned()]);
        let mut first = Vec::new();
        for (place, part) in parts(model).iter().enumerate() {
            let way = self.follow(model, part.path(), "s", &format!("o{place}_"))?;
            joins.push_str(&way.joins);
            columns.push(format!("{} AS k{place}", way.column));
            first.extend(part.path().first());
        }
        Ok(format!(
            "(SELECT {} FROM {} s{joins} WHERE s.{} IS NULL AND NOT EXISTS \
             (SELECT 1 FROM synctools_keys k WHERE k.n = s.synctools_n AND {}))",
            columns.join(", "),
            table.name,
            ident(model.pk().column()),
            self.open(at, &first),
        ))
    }

    /// Gives rows without a key the key of the row that has their natural key.
    async fn recognize(&self, at: usize) -> Result<u64, StoreError> {
        let model = &self.schema.models()[at];
        let table = self.stage.tables[at].as_ref().ok_or_else(broken)?;
        let key = ident(model.pk().column());
        let (mut joins, mut same) = (String::new(), Vec::new());
        for (place, part) in parts(model).iter().enumerate() {
            let way = self.follow(model, part.path(), "m", &format!("p{place}_"))?;
            joins.push_str(&way.joins);
            let own = format!("own.k{place}");
            same.push(self.equal(model, part.path(), &way.column, &own));
        }
        let found = format!(
            "SELECT own.n, m.{key} FROM {} own, {} m{joins} WHERE {}",
            self.own_keys(at)?,
            self.source(model),
            same.join(" AND "),
        );
        let twice = self
            .link
            .rows(&format!(
                "SELECT f.n FROM ({found}) f GROUP BY f.n HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
            ))
            .await?;
        if let Some(n) = twice.first().and_then(|row| column(row, 0)) {
            return Err(self.own_key_twice(at, n).await);
        }
        Ok(self
            .link
            .execute(&format!(
                "UPDATE {} s SET {key} = f.{key} FROM ({found}) f WHERE s.synctools_n = f.n",
                table.name
            ))
            .await?)
    }

    /// Gives keys to rows that are new, the first of each natural key.
    async fn admit(&self, at: usize) -> Result<u64, StoreError> {
        let parts = parts(&self.schema.models()[at]);
        let keys: Vec<String> = (0..parts.len()).map(|place| format!("k{place}")).collect();
        let keys = keys.join(", ");
        let first = format!("synctools_new_{at}");
        self.link
            .run(&format!(
                "DROP TABLE IF EXISTS {first}; CREATE TEMPORARY TABLE {first} ON COMMIT DROP AS \
                 SELECT DISTINCT ON ({keys}) n FROM {} own ORDER BY {keys}, n",
                self.own_keys(at)?
            ))
            .await?;
        let sql = format!("SELECT count(*) FROM {first}");
        let count = self.link.count(&sql).await?;
        if count > 0 {
            let only = format!(" AND synctools_n IN (SELECT n FROM {first})");
            self.upsert(at)?.assign_keys(&only).await?;
        }
        Ok(count)
    }
}

/// The rows that have the keys of a form, in SQL.
pub(super) struct Candidates<'a> {
    /// The field whose value is wanted.
    wanted: &'a Field,
    pub(super) from: String,
    pub(super) condition: String,
}

pub(super) fn parts(model: &Model) -> &[NaturalPart] {
    model.natural_key().map_or(&[], |key| key.parts())
}
