//! What the tables of a database say, and what they do not.

use std::collections::{HashMap, HashSet};

use crate::schema::introspect::Pairs;
use crate::schema::{
    Ambiguity, ColumnInfo, Database, FieldBuilder, FieldKind, Introspection, ManyToManyBuilder,
    ModelBuilder, Overrides, Schema, SchemaError, TableInfo,
};

impl Schema {
    /// Makes a schema of what a store read about its tables, and of what is
    /// known besides. Nothing is guessed where a guess could be wrong: all that
    /// is not known is listed in [`SchemaError::Ambiguous`].
    ///
    /// Taken for granted is what Django does unless it is told otherwise: that
    /// fields are called like their columns, that a primary key
    /// `{parent}_ptr_id` stands for inheritance, and that a table of an `id` and
    /// two references, named after one of them, is that of a many-to-many
    /// field.
    ///
    /// A database never says: defaults, proxies, fields that do not travel, the
    /// order in which fields are declared (and served), and which rows a manager
    /// hides. Where these matter, [export the models](Schema::from_django_json).
    ///
    /// # Errors
    ///
    /// When something is not known, or is said about a table that is not there.
    pub fn introspected(
        introspection: &Introspection,
        overrides: &Overrides,
    ) -> Result<Self, SchemaError> {
        Guess::new(introspection, overrides)?.run()
    }
}

struct Guess<'a> {
    database: Database,
    tables: &'a [TableInfo],
    overrides: &'a Overrides,
    /// Names of models by their tables.
    labels: HashMap<&'a str, String>,
    missing: Vec<Ambiguity>,
}

/// Two columns of a table of pairs, the owner's first.
struct Sides<'a> {
    from: &'a ColumnInfo,
    to: &'a ColumnInfo,
}

impl<'a> Guess<'a> {
    fn new(
        introspection: &'a Introspection,
        overrides: &'a Overrides,
    ) -> Result<Self, SchemaError> {
        let mut guess = Self {
            database: introspection.database,
            tables: &introspection.tables,
            overrides,
            labels: HashMap::new(),
            missing: Vec::new(),
        };
        guess.check_overrides()?;
        let candidates: HashSet<&str> = introspection
            .tables
            .iter()
            .map(|table| table.name.as_str())
            .collect();
        for table in &introspection.tables {
            if let Some(label) = guess.label(table, &candidates) {
                guess.labels.insert(&table.name, label);
            }
        }
        Ok(guess)
    }

    /// What is said must be about something.
    fn check_overrides(&self) -> Result<(), SchemaError> {
        let overrides = self.overrides;
        let tables = overrides
            .models
            .keys()
            .chain(&overrides.ignored)
            .chain(overrides.pairs.keys())
            .chain(overrides.explicit.iter().map(|explicit| &explicit.table));
        for table in tables {
            if self.table(table).is_none() {
                return Err(SchemaError::NotThere(table.clone()));
            }
        }
        let explicit = overrides.explicit.iter().flat_map(|explicit| {
            [
                (&explicit.table, &explicit.from),
                (&explicit.table, &explicit.to),
            ]
        });
        let columns = overrides.kinds.keys().chain(overrides.names.keys());
        for (table, column) in columns
            .map(|(table, column)| (table, column))
            .chain(explicit)
        {
            let found = self
                .table(table)
                .is_some_and(|table| table.columns.iter().any(|other| other.name == *column));
            if !found {
                return Err(SchemaError::NotThere(format!("{table}.{column}")));
            }
        }
        Ok(())
    }

    fn table(&self, name: &str) -> Option<&'a TableInfo> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The model of a table, if it is one's, and not that of a many-to-many
    /// field.
    fn label(&self, table: &TableInfo, candidates: &HashSet<&str>) -> Option<String> {
        if let Some(label) = self.overrides.models.get(&table.name) {
            return Some(label.clone());
        }
        if self.overrides.ignored.contains(&table.name)
            || self.overrides.pairs.contains_key(&table.name)
            || self.is_usual_pairs(table, candidates)
        {
            return None;
        }
        self.overrides.apps.iter().find_map(|app| {
            let name = table.name.strip_prefix(app.as_str())?.strip_prefix('_')?;
            (!name.is_empty()).then(|| format!("{app}.{name}"))
        })
    }

    /// The two references of a table that has nothing else but an `id`, and is
    /// unique in both together.
    fn sides(table: &TableInfo) -> Option<Sides<'_>> {
        let references: Vec<&ColumnInfo> = table
            .columns
            .iter()
            .filter(|column| column.references.is_some() && !column.primary_key)
            .collect();
        let [from, to] = references[..] else {
            return None;
        };
        let unique = table
            .unique_together
            .iter()
            .any(|set| set.len() == 2 && set.contains(&from.name) && set.contains(&to.name));
        let only_id = table.columns.len() == 3
            && table
                .columns
                .iter()
                .any(|column| column.primary_key && column.name == "id");
        (unique && only_id).then_some(Sides { from, to })
    }

    /// Whether it is named as Django names the tables of many-to-many fields.
    fn is_usual_pairs(&self, table: &TableInfo, candidates: &HashSet<&str>) -> bool {
        Self::sides(table).is_some_and(|sides| {
            owner_table(table, &sides).is_some_and(|owner| candidates.contains(owner))
        })
    }

    fn unknown(&mut self, table: &str, column: Option<&str>, what: &'static str) {
        self.missing.push(Ambiguity {
            table: table.to_owned(),
            column: column.map(str::to_owned),
            what,
        });
    }

    fn run(mut self) -> Result<Schema, SchemaError> {
        let mut models: Vec<(String, ModelBuilder)> = Vec::new();
        for table in self.tables {
            if let Some(label) = self.labels.get(table.name.as_str()).cloned() {
                let model = self.model(table, &label);
                models.push((label.to_lowercase(), model));
            }
        }
        for table in self.tables {
            if let Some((owner, field)) = self.pairs(table) {
                let owner = owner.to_lowercase();
                match models.iter_mut().find(|(label, _)| *label == owner) {
                    Some((_, model)) => {
                        *model = model.clone().with_many_to_many(field);
                    }
                    None => self.unknown(&table.name, None, "which model has this field"),
                }
            }
        }
        if !self.missing.is_empty() {
            return Err(SchemaError::Ambiguous(self.missing));
        }
        let builder = models
            .into_iter()
            .fold(Schema::builder(), |builder, (_, model)| {
                builder.model(model)
            });
        let mut schema = builder.build()?;
        for (model, fields) in &self.overrides.natural_keys {
            schema = schema.with_natural_key(model, fields)?;
        }
        Ok(schema)
    }

    fn model(&mut self, table: &'a TableInfo, label: &str) -> ModelBuilder {
        let mut model = ModelBuilder::new(label).table(&table.name);
        if !table.columns.iter().any(|column| column.primary_key) {
            self.unknown(
                &table.name,
                None,
                "it has no primary key, or one of several columns",
            );
        }
        if Self::sides(table).is_some() && !self.overrides.models.contains_key(&table.name) {
            self.unknown(
                &table.name,
                None,
                "whether it is a model, or the table of a many-to-many field",
            );
        }
        for column in &table.columns {
            let Some(field) = self.field(table, column) else {
                continue;
            };
            model = model.with(field);
            if let Some((parent, name)) = self.parent(column) {
                model = model.inherits_through(parent, name);
            }
        }
        for explicit in &self.overrides.explicit {
            if !explicit.owner.eq_ignore_ascii_case(label) {
                continue;
            }
            let target = self
                .table(&explicit.table)
                .and_then(|table| {
                    table
                        .columns
                        .iter()
                        .find(|column| column.name == explicit.to)
                })
                .and_then(|column| column.references.as_ref())
                .and_then(|(table, _)| self.labels.get(table.as_str()).cloned());
            match target {
                Some(to) => {
                    model = model.with_many_to_many(
                        ManyToManyBuilder::new(&explicit.field, to)
                            .table(&explicit.table)
                            .columns(&explicit.from, &explicit.to)
                            .symmetrical(false)
                            .explicit(),
                    );
                }
                None => self.unknown(
                    &explicit.table,
                    Some(&explicit.to),
                    "the model that it refers to",
                ),
            }
        }
        model
    }

    /// The parent that a primary key stands for.
    fn parent(&self, column: &ColumnInfo) -> Option<(String, String)> {
        let (table, _) = column.references.as_ref()?;
        let parent = self.labels.get(table.as_str())?;
        let name = parent.rsplit('.').next()?.to_lowercase();
        let field = format!("{name}_ptr");
        (column.primary_key && column.name == format!("{field}_id"))
            .then(|| (parent.clone(), field))
    }

    fn field(&mut self, table: &TableInfo, column: &ColumnInfo) -> Option<FieldBuilder> {
        let place = (table.name.clone(), column.name.clone());
        let name = match self.overrides.names.get(&place) {
            Some(name) => name.clone(),
            None => self.name(table, column)?,
        };
        let mut field = match &column.references {
            Some((to_table, to_column)) => {
                self.relation(table, column, name, to_table, to_column)?
            }
            None => {
                let kind = match self.overrides.kinds.get(&place) {
                    Some(kind) => kind.clone(),
                    None => self.kind(table, column)?,
                };
                FieldBuilder::new(name, kind)
            }
        };
        field = field.column(&column.name).db_type(&column.declared_type);
        if !column.not_null && !column.primary_key {
            field = field.null();
        }
        if column.unique {
            field = field.unique();
        }
        if column.primary_key {
            field = field.primary_key();
        }
        Some(field)
    }

    /// The name of a column's field, if it can be that.
    fn name(&mut self, table: &TableInfo, column: &ColumnInfo) -> Option<String> {
        let name = match column.references {
            Some(_) => column.name.strip_suffix("_id").unwrap_or_default(),
            None => &column.name,
        };
        let usual = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name
                .chars()
                .all(|c| c == '_' || c.is_alphanumeric() && !c.is_uppercase());
        if !usual {
            self.unknown(&table.name, Some(&column.name), "the name of its field");
            return None;
        }
        Some(name.to_owned())
    }

    fn relation(
        &mut self,
        table: &TableInfo,
        column: &ColumnInfo,
        name: String,
        to_table: &str,
        to_column: &str,
    ) -> Option<FieldBuilder> {
        let one = column.unique || column.primary_key;
        let build = |to: &str| {
            if one {
                FieldBuilder::one_to_one(name.clone(), to)
            } else {
                FieldBuilder::foreign_key(name.clone(), to)
            }
        };
        let target = self.table(to_table);
        let found =
            target.and_then(|table| table.columns.iter().find(|column| column.name == to_column));
        match (self.labels.get(to_table).cloned(), target, found) {
            (Some(label), Some(target), Some(found)) => {
                let field = build(&label);
                if found.primary_key {
                    return Some(field);
                }
                let place = (target.name.clone(), found.name.clone());
                let to_field = match self.overrides.names.get(&place) {
                    Some(name) => name.clone(),
                    None => self.name(target, found)?,
                };
                Some(field.to_field(to_field))
            }
            // It refers to what is not part of the schema.
            _ => {
                let place = (table.name.clone(), column.name.clone());
                let kind = match self.overrides.kinds.get(&place) {
                    Some(kind) => kind.clone(),
                    None => self.kind(table, column)?,
                };
                Some(build(&outside(to_table)).outside(to_table, to_column, kind))
            }
        }
    }

    fn pairs(&mut self, table: &'a TableInfo) -> Option<(String, ManyToManyBuilder)> {
        if self.labels.contains_key(table.name.as_str())
            || self.overrides.ignored.contains(&table.name)
        {
            return None;
        }
        let said = self.overrides.pairs.get(&table.name);
        let Some(sides) = Self::sides(table) else {
            if said.is_some() {
                self.unknown(&table.name, None, "which of its columns are the pairs");
            }
            return None;
        };
        let label_of = |column: &ColumnInfo| {
            let (table, _) = column.references.as_ref()?;
            self.labels.get(table.as_str()).cloned()
        };
        let own = match said {
            Some(Pairs { owner, .. }) => owner.clone(),
            None => self.labels.get(owner_table(table, &sides)?).cloned()?,
        };
        let (from, to) = (label_of(sides.from), label_of(sides.to));
        let is_own = |label: &Option<String>| {
            label
                .as_ref()
                .is_some_and(|label| label.eq_ignore_ascii_case(&own))
        };
        let to_self = is_own(&from) && is_own(&to);
        // The owner's side is the first, unless only the second is.
        let (from, to, target) = match (is_own(&from), is_own(&to)) {
            (true, _) => (sides.from, sides.to, to),
            (false, true) => (sides.to, sides.from, from),
            (false, false) => {
                self.unknown(&table.name, None, "which of its columns is the owner's");
                return None;
            }
        };
        let (name, symmetrical) = match said {
            Some(said) => (said.field.clone(), said.symmetrical),
            None if to_self => {
                self.unknown(&table.name, None, "whether its pairs are symmetrical");
                return None;
            }
            None => {
                let name = table.name.get(owner_table(table, &sides)?.len() + 1..)?;
                (name.to_owned(), false)
            }
        };
        let field = match target {
            Some(target) => ManyToManyBuilder::new(name, target),
            None => {
                let (to_table, to_column) = to.references.clone()?;
                let kind = self.kind(table, to)?;
                ManyToManyBuilder::new(name, outside(&to_table)).outside(to_table, to_column, kind)
            }
        };
        let field = field
            .table(&table.name)
            .columns(&from.name, &to.name)
            .symmetrical(symmetrical);
        Some((own, field))
    }

    /// What a column holds, by its type.
    fn kind(&mut self, table: &TableInfo, column: &ColumnInfo) -> Option<FieldKind> {
        match self.kind_of(&column.declared_type, column) {
            Ok(kind) => Some(kind),
            Err(what) => {
                self.unknown(&table.name, Some(&column.name), what);
                None
            }
        }
    }

    fn kind_of(&self, declared: &str, column: &ColumnInfo) -> Result<FieldKind, &'static str> {
        let declared = declared.to_ascii_lowercase();
        let (name, numbers) = match declared.split_once('(') {
            Some((name, rest)) => {
                let (numbers, rest) = rest.split_once(')').unwrap_or((rest, ""));
                (format!("{}{rest}", name.trim_end()), Some(numbers))
            }
            None => (declared.clone(), None),
        };
        if let Some(element) = name.strip_suffix("[]") {
            let element = match numbers {
                Some(numbers) => format!("{element}({numbers})"),
                None => element.to_owned(),
            };
            return Ok(FieldKind::Array(Box::new(self.kind_of(&element, column)?)));
        }
        let number = || numbers.and_then(|numbers| numbers.trim().parse().ok());
        let sqlite = self.database == Database::Sqlite;
        Ok(match name.as_str() {
            "smallint" if column.auto => FieldKind::SmallAuto,
            "integer" if column.auto => FieldKind::Auto,
            "bigint" if column.auto => FieldKind::BigAuto,
            "smallint" => FieldKind::SmallInteger,
            "integer" => FieldKind::Integer,
            "bigint"
                if sqlite
                    && !self.overrides.no_durations
                    && !column.primary_key
                    && column.references.is_none() =>
            {
                return Err("whether it holds integers or durations");
            }
            "bigint" => FieldKind::BigInteger,
            "smallint unsigned" => FieldKind::PositiveSmallInteger,
            "integer unsigned" => FieldKind::PositiveInteger,
            "bigint unsigned" => FieldKind::PositiveBigInteger,
            "bool" | "boolean" => FieldKind::Boolean,
            "real" | "double precision" => FieldKind::Float,
            "decimal" | "numeric" => {
                let two = numbers.and_then(|numbers| numbers.split_once(','));
                match two.map(|(all, places)| (all.trim().parse(), places.trim().parse())) {
                    Some((Ok(max_digits), Ok(decimal_places))) => FieldKind::Decimal {
                        max_digits,
                        decimal_places,
                    },
                    _ => return Err("how many digits and decimal places it has"),
                }
            }
            "varchar" | "character varying"
                if self.overrides.plain_text || column.references.is_some() =>
            {
                FieldKind::Char {
                    max_length: number(),
                }
            }
            "varchar" | "character varying" => {
                return Err("whether it holds text, files or images");
            }
            // Django has these lengths for nothing else.
            "char" if sqlite && numbers == Some("32") => FieldKind::Uuid,
            "char" if sqlite && matches!(numbers, Some("15" | "39")) => FieldKind::IpAddress,
            "uuid" => FieldKind::Uuid,
            "inet" => FieldKind::IpAddress,
            "text" if column.json_check => FieldKind::Json,
            "text" | "citext" => FieldKind::Text,
            "jsonb" | "json" => FieldKind::Json,
            "date" => FieldKind::Date,
            "time" | "time without time zone" => FieldKind::Time,
            "datetime" => match self.overrides.aware {
                Some(aware) => FieldKind::DateTime { aware },
                None => return Err("whether its times are aware of their zone"),
            },
            "timestamp with time zone" | "timestamptz" => FieldKind::DateTime { aware: true },
            "timestamp without time zone" | "timestamp" => FieldKind::DateTime { aware: false },
            "interval" => FieldKind::Duration,
            "blob" | "bytea" => FieldKind::Binary,
            "hstore" => FieldKind::HStore,
            _ => return Err("what its type holds"),
        })
    }
}

/// The table whose model has the field: the one that the name begins with.
fn owner_table<'t>(table: &TableInfo, sides: &Sides<'t>) -> Option<&'t str> {
    [sides.from, sides.to]
        .into_iter()
        .filter_map(|column| column.references.as_ref())
        .map(|(owner, _)| owner.as_str())
        .filter(|owner| {
            let rest = table.name.strip_prefix(owner);
            rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with('_'))
        })
        .max_by_key(|owner| owner.len())
}

/// A name for a model outside of the schema, which nothing depends on.
fn outside(table: &str) -> String {
    match table.split_once('_') {
        Some((app, model)) if !app.is_empty() && !model.is_empty() && !table.contains('.') => {
            format!("{app}.{model}")
        }
        _ => format!("outside.{}", table.replace('.', "_")),
    }
}
