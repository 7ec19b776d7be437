//! Schemas that are read from a database.

use std::collections::HashMap;
use std::fmt;

use crate::schema::FieldKind;

/// What a store read about the tables of its database, unjudged.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Introspection {
    /// What kind of database it is.
    pub database: Database,
    /// The tables, in an order that does not change.
    pub tables: Vec<TableInfo>,
}

/// What kind of database it is: what its types mean depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Database {
    /// SQLite, where a duration is a `bigint`, and a `decimal` has no places.
    #[default]
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// One table.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// Its columns, in their order.
    pub columns: Vec<ColumnInfo>,
    /// Sets of columns that are unique together (more than one column each).
    pub unique_together: Vec<Vec<String>>,
}

impl Introspection {
    /// The tables of a database.
    pub fn new(database: Database, tables: Vec<TableInfo>) -> Self {
        Self { database, tables }
    }
}

impl TableInfo {
    /// A table with these columns.
    pub fn new(name: impl Into<String>, columns: Vec<ColumnInfo>) -> Self {
        Self {
            name: name.into(),
            columns,
            unique_together: Vec::new(),
        }
    }
}

impl ColumnInfo {
    /// A column that may be `NULL`, of this type.
    pub fn new(name: impl Into<String>, declared_type: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            declared_type: declared_type.into(),
            ..Self::default()
        }
    }
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type as the database declares it, such as `varchar(50)`,
    /// `numeric(20, 6)`, `integer unsigned`.
    pub declared_type: String,
    /// Whether it is `NOT NULL`.
    pub not_null: bool,
    /// Whether it is the primary key.
    pub primary_key: bool,
    /// Whether it is unique by itself.
    pub unique: bool,
    /// Whether the database counts it up.
    pub auto: bool,
    /// Whether a check says that it is JSON (`JSON_VALID`).
    pub json_check: bool,
    /// The table and the column that it refers to.
    pub references: Option<(String, String)>,
}

/// What a database does not say about itself; each is answered with
/// [`Overrides`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ambiguity {
    /// The table.
    pub table: String,
    /// The column, if it is about one.
    pub column: Option<String>,
    /// What is not known.
    pub what: &'static str,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)?;
        if let Some(column) = &self.column {
            write!(f, ".{column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// What is known about a database that it does not say itself.
///
/// ```
/// use synctools::schema::{FieldKind, Overrides};
///
/// let overrides = Overrides::new()
///     .app("blog")
///     .aware(true)
///     .plain_text()
///     .kind("blog_author", "photo", FieldKind::Image { max_length: Some(100) })
///     .kind("blog_post", "price", FieldKind::Decimal { max_digits: 8, decimal_places: 2 });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub(super) apps: Vec<String>,
    pub(super) models: HashMap<String, String>,
    pub(super) ignored: Vec<String>,
    pub(super) kinds: HashMap<(String, String), FieldKind>,
    pub(super) names: HashMap<(String, String), String>,
    pub(super) pairs: HashMap<String, Pairs>,
    pub(super) explicit: Vec<Explicit>,
    pub(super) aware: Option<bool>,
    pub(super) plain_text: bool,
    pub(super) no_durations: bool,
    pub(super) natural_keys: Vec<(String, Vec<String>)>,
}

/// What is known about the table of a many-to-many field.
#[derive(Clone, Debug)]
pub(super) struct Pairs {
    pub(super) owner: String,
    pub(super) field: String,
    pub(super) symmetrical: bool,
}

/// A many-to-many field through a model.
#[derive(Clone, Debug)]
pub(super) struct Explicit {
    pub(super) table: String,
    pub(super) owner: String,
    pub(super) field: String,
    pub(super) from: String,
    pub(super) to: String,
}

impl Overrides {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// All tables that begin with this name and `_` are models of this app,
    /// named by the rest. Tables that belong to no app and no model are left
    /// out.
    #[must_use]
    pub fn app(mut self, app_label: impl Into<String>) -> Self {
        self.apps.push(app_label.into());
        self
    }

    /// A table is this model (`app.model`).
    #[must_use]
    pub fn model(mut self, table: impl Into<String>, label: impl Into<String>) -> Self {
        self.models.insert(table.into(), label.into());
        self
    }

    /// Leaves a table of an app out.
    #[must_use]
    pub fn ignore(mut self, table: impl Into<String>) -> Self {
        self.ignored.push(table.into());
        self
    }

    /// What a column holds.
    #[must_use]
    pub fn kind(
        mut self,
        table: impl Into<String>,
        column: impl Into<String>,
        kind: FieldKind,
    ) -> Self {
        self.kinds.insert((table.into(), column.into()), kind);
        self
    }

    /// The name of the field of a column, where it is not the column's (for a
    /// relation: the column's without `_id`).
    #[must_use]
    pub fn name(
        mut self,
        table: impl Into<String>,
        column: impl Into<String>,
        field: impl Into<String>,
    ) -> Self {
        self.names
            .insert((table.into(), column.into()), field.into());
        self
    }

    /// A table is that of a many-to-many field of this model, made by Django.
    /// Symmetrical can be only one to its own model.
    #[must_use]
    pub fn many_to_many(
        mut self,
        table: impl Into<String>,
        owner: impl Into<String>,
        field: impl Into<String>,
        symmetrical: bool,
    ) -> Self {
        self.pairs.insert(
            table.into(),
            Pairs {
                owner: owner.into(),
                field: field.into(),
                symmetrical,
            },
        );
        self
    }

    /// A many-to-many field of this model goes through a model, whose table
    /// this is, by these two columns. The field is not on the wire.
    #[must_use]
    pub fn through(
        mut self,
        table: impl Into<String>,
        owner: impl Into<String>,
        field: impl Into<String>,
        from_column: impl Into<String>,
        to_column: impl Into<String>,
    ) -> Self {
        self.explicit.push(Explicit {
            table: table.into(),
            owner: owner.into(),
            field: field.into(),
            from: from_column.into(),
            to: to_column.into(),
        });
        self
    }

    /// The fields by which rows of a model (`app.model`) are known where their
    /// primary keys are not, as
    /// [`ModelBuilder::natural_key`](crate::schema::ModelBuilder::natural_key)
    /// names them. No database says it.
    #[must_use]
    pub fn natural_key<S: Into<String>>(
        mut self,
        model: impl Into<String>,
        fields: impl IntoIterator<Item = S>,
    ) -> Self {
        let fields = fields.into_iter().map(S::into).collect();
        self.natural_keys.push((model.into(), fields));
        self
    }

    /// Whether times are aware of their zone: `USE_TZ`. PostgreSQL says it
    /// itself.
    #[must_use]
    pub fn aware(mut self, aware: bool) -> Self {
        self.aware = Some(aware);
        self
    }

    /// Columns of `varchar` hold plain text, unless [`Overrides::kind`] says
    /// that one holds files or images.
    #[must_use]
    pub fn plain_text(mut self) -> Self {
        self.plain_text = true;
        self
    }

    /// Columns of `bigint` hold integers, unless [`Overrides::kind`] says that
    /// one holds durations.
    #[must_use]
    pub fn no_durations(mut self) -> Self {
        self.no_durations = true;
        self
    }
}
