//! Schemas that are written down in Rust.

use crate::schema::assemble::Build;
use crate::schema::{Ambiguity, FieldKind, Label, Schema, Through};
use crate::value::Value;

/// Why there is no schema.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A name of a model is not one.
    #[error("not the name of a model (app.model): {0:?}")]
    Label(String),
    /// Two models have the same name.
    #[error("there are two models {0}")]
    DuplicateModel(Label),
    /// Two fields of a model have the same name, or the same column.
    #[error("{model} has two fields or columns {name:?}")]
    DuplicateField {
        /// The model.
        model: Label,
        /// The name or the column.
        name: String,
    },
    /// A field points to a model or a field that is not there, and nothing says
    /// what it holds.
    #[error("{model}.{field} points to {to}, which is not in the schema")]
    UnknownTarget {
        /// The model.
        model: Label,
        /// The field.
        field: String,
        /// What it points to.
        to: String,
    },
    /// There is no such model.
    #[error("there is no model {0:?} in the schema")]
    UnknownModel(String),
    /// A natural key without fields, or of one that is not there.
    #[error("the natural key of {model} has no field {field:?}")]
    NaturalKey {
        /// The model.
        model: Label,
        /// The field.
        field: String,
    },
    /// Primary keys that point to each other.
    #[error("what {model}.{field} holds is decided by itself")]
    Circle {
        /// The model.
        model: Label,
        /// The field.
        field: String,
    },
    /// A model without a primary key, or with more than one.
    #[error("{0} must have exactly one primary key")]
    PrimaryKey(Label),
    /// A type that is not known.
    #[error("{model}.{field} is a {kind}, which is not supported; map it or leave it out")]
    UnknownKind {
        /// The model.
        model: Label,
        /// The field.
        field: String,
        /// Its type.
        kind: String,
    },
    /// Something is said about a table or a column that is not there.
    #[error("there is no {0} in the database")]
    NotThere(String),
    /// The text is not the exported JSON.
    #[error("not an exported schema: {0}")]
    Json(String),
    /// The database does not say enough, and a guess could be wrong.
    #[error("the database does not say enough: {}", list(.0))]
    Ambiguous(Vec<Ambiguity>),
    /// More models or fields than there are numbers for them.
    #[error("too many models or fields")]
    TooMany,
}

fn list(ambiguities: &[Ambiguity]) -> String {
    let texts: Vec<String> = ambiguities.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// Collects models; see [`Schema::builder`].
///
/// ```
/// use synctools::schema::{FieldBuilder, FieldKind, ModelBuilder, Schema};
///
/// let schema = Schema::builder()
///     .model(ModelBuilder::new("blog.author").field("name", FieldKind::Text))
///     .model(
///         ModelBuilder::new("blog.post")
///             .field("title", FieldKind::Char { max_length: Some(200) })
///             .with(FieldBuilder::foreign_key("author", "blog.author").null())
///             .many_to_many("related", "blog.post"),
///     )
///     .build()?;
///
/// let post = schema.model("blog.Post").unwrap();
/// assert_eq!(post.table(), "blog_post");
/// assert_eq!(post.field_named("author").unwrap().column(), "author_id");
/// # Ok::<(), synctools::schema::SchemaError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SchemaBuilder {
    models: Vec<ModelBuilder>,
}

impl SchemaBuilder {
    /// Adds a model. Their order is the order in which an app is served where
    /// dependencies do not ask for another.
    #[must_use]
    pub fn model(mut self, model: ModelBuilder) -> Self {
        self.models.push(model);
        self
    }

    /// The schema.
    ///
    /// # Errors
    ///
    /// When names are wrong or there twice, or point to nothing.
    pub fn build(self) -> Result<Schema, SchemaError> {
        Build::run(self.models)
    }
}

/// One model.
#[derive(Clone, Debug)]
pub struct ModelBuilder {
    pub(super) label: String,
    pub(super) table: Option<String>,
    pub(super) fields: Vec<FieldBuilder>,
    pub(super) many_to_many: Vec<ManyToManyBuilder>,
    pub(super) parents: Vec<(String, String)>,
    pub(super) proxy_for: Option<String>,
    pub(super) computed: Vec<String>,
    pub(super) natural_key: Option<Vec<String>>,
}

impl ModelBuilder {
    /// A model named `app.model`. Its table is `app_model`, and its primary
    /// key a `BigAutoField` named `id`, unless something else is said.
    pub fn new(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            table: None,
            fields: Vec::new(),
            many_to_many: Vec::new(),
            parents: Vec::new(),
            proxy_for: None,
            computed: Vec::new(),
            natural_key: None,
        }
    }

    /// Its table: `db_table`.
    #[must_use]
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Adds a field that may not be `NULL`.
    #[must_use]
    pub fn field(self, name: impl Into<String>, kind: FieldKind) -> Self {
        self.with(FieldBuilder::new(name, kind))
    }

    /// Adds a foreign key that may not be `NULL`.
    #[must_use]
    pub fn foreign_key(self, name: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(FieldBuilder::foreign_key(name, to))
    }

    /// Adds a field with everything that can be said about it.
    #[must_use]
    pub fn with(mut self, field: FieldBuilder) -> Self {
        self.fields.push(field);
        self
    }

    /// Adds a many-to-many field with a table of Django's own.
    #[must_use]
    pub fn many_to_many(self, name: impl Into<String>, to: impl Into<String>) -> Self {
        self.with_many_to_many(ManyToManyBuilder::new(name, to))
    }

    /// Adds a many-to-many field with everything that can be said about it.
    #[must_use]
    pub fn with_many_to_many(mut self, field: ManyToManyBuilder) -> Self {
        self.many_to_many.push(field);
        self
    }

    /// Says that there is a field whose value the database computes
    /// (`GeneratedField`): it is read over, and neither stored nor served.
    #[must_use]
    pub fn computed(mut self, name: impl Into<String>) -> Self {
        self.computed.push(name.into());
        self
    }

    /// Names the fields by which its rows are known where their primary keys are
    /// not: the arguments of its manager's `get_by_natural_key`. A field of a row
    /// that a relation leads to is named as in `content_type__app_label`.
    #[must_use]
    pub fn natural_key<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.natural_key = Some(fields.into_iter().map(S::into).collect());
        self
    }

    /// Says that it inherits from a model with a table of its own. If nothing
    /// else is its primary key, `{parent}_ptr` is.
    #[must_use]
    pub fn inherits(mut self, parent: impl Into<String>) -> Self {
        let parent = parent.into();
        let name = parent.rsplit('.').next().unwrap_or_default().to_lowercase();
        let field = format!("{name}_ptr");
        if self.fields.iter().all(|other| other.name != field) {
            let mut pointer = FieldBuilder::one_to_one(field.clone(), parent.clone());
            if self.fields.iter().any(|other| other.primary_key) {
                pointer = pointer.unserialized();
            } else {
                pointer = pointer.primary_key();
            }
            self.fields.insert(0, pointer);
        }
        self.parents.push((parent, field));
        self
    }

    /// As [`ModelBuilder::inherits`], through a field that has been added.
    pub(crate) fn inherits_through(mut self, parent: String, field: String) -> Self {
        self.parents.push((parent, field));
        self
    }

    /// Says that it is another name for a model: it has that one's table and
    /// fields, whatever is added here.
    #[must_use]
    pub fn proxy_for(mut self, model: impl Into<String>) -> Self {
        self.proxy_for = Some(model.into());
        self
    }
}

/// One field.
#[derive(Clone, Debug)]
pub struct FieldBuilder {
    pub(super) name: String,
    pub(super) kind: Option<FieldKind>,
    pub(super) column: Option<String>,
    pub(super) null: bool,
    pub(super) unique: bool,
    pub(super) primary_key: bool,
    pub(super) serialize: bool,
    pub(super) default: Option<Value>,
    pub(super) db_type: Option<String>,
    pub(super) to: Option<Target>,
}

#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) label: String,
    pub(super) field: Option<String>,
    pub(super) table: Option<String>,
    pub(super) column: Option<String>,
    pub(super) one_to_one: bool,
}

impl FieldBuilder {
    /// A field that may not be `NULL`.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self {
            name: name.into(),
            kind: Some(kind),
            column: None,
            null: false,
            unique: false,
            primary_key: false,
            serialize: true,
            default: None,
            db_type: None,
            to: None,
        }
    }

    /// A foreign key to the primary key of a model, that may not be `NULL`.
    pub fn foreign_key(name: impl Into<String>, to: impl Into<String>) -> Self {
        let mut field = Self::new(name, FieldKind::BigInteger);
        field.kind = None;
        field.to = Some(Target {
            label: to.into(),
            field: None,
            table: None,
            column: None,
            one_to_one: false,
        });
        field
    }

    /// A one-to-one field: a unique foreign key.
    pub fn one_to_one(name: impl Into<String>, to: impl Into<String>) -> Self {
        let mut field = Self::foreign_key(name, to).unique();
        if let Some(target) = &mut field.to {
            target.one_to_one = true;
        }
        field
    }

    /// The field that a relation points to, if it is not the primary key.
    #[must_use]
    pub fn to_field(mut self, name: impl Into<String>) -> Self {
        if let Some(target) = &mut self.to {
            target.field = Some(name.into());
        }
        self
    }

    /// What a relation to a model outside of the schema points to, and what is
    /// there.
    #[must_use]
    pub fn outside(
        mut self,
        table: impl Into<String>,
        column: impl Into<String>,
        kind: FieldKind,
    ) -> Self {
        if let Some(target) = &mut self.to {
            target.table = Some(table.into());
            target.column = Some(column.into());
            self.kind = Some(kind);
        }
        self
    }

    /// Its column: `db_column`. It is the name, and for a relation the name
    /// with `_id`, otherwise.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Lets it be `NULL`.
    #[must_use]
    pub fn null(mut self) -> Self {
        self.null = true;
        self
    }

    /// No two rows have the same value.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Makes it the primary key.
    #[must_use]
    pub fn primary_key(mut self) -> Self {
        self.primary_key = true;
        self.serialize = false;
        self
    }

    /// Keeps it off the wire: `serialize=False`.
    #[must_use]
    pub fn unserialized(mut self) -> Self {
        self.serialize = false;
        self
    }

    /// What a new row gets that comes without it.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// What the database calls its type.
    #[must_use]
    pub fn db_type(mut self, db_type: impl Into<String>) -> Self {
        self.db_type = Some(db_type.into());
        self
    }
}

/// One many-to-many field.
#[derive(Clone, Debug)]
pub struct ManyToManyBuilder {
    pub(super) name: String,
    pub(super) to: String,
    pub(super) table: Option<String>,
    pub(super) columns: Option<(String, String)>,
    pub(super) through: Through,
    pub(super) symmetrical: Option<bool>,
    pub(super) outside: Option<(String, String, FieldKind)>,
}

impl ManyToManyBuilder {
    /// A field with a table of Django's own, `{table}_{name}`. To its own model
    /// it is symmetrical.
    pub fn new(name: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            to: to.into(),
            table: None,
            columns: None,
            through: Through::Auto,
            symmetrical: None,
            outside: None,
        }
    }

    /// The table of the pairs.
    #[must_use]
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// The columns that point to the owner and to the target.
    #[must_use]
    pub fn columns(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.columns = Some((from.into(), to.into()));
        self
    }

    /// The pairs are a model of their own (`through=`), so the field is not on
    /// the wire.
    #[must_use]
    pub fn explicit(mut self) -> Self {
        self.through = Through::Explicit;
        self
    }

    /// Whether each pair is there in both directions.
    #[must_use]
    pub fn symmetrical(mut self, symmetrical: bool) -> Self {
        self.symmetrical = Some(symmetrical);
        self
    }

    /// The table, the column and the kind of the primary key of a model outside
    /// of the schema.
    #[must_use]
    pub fn outside(
        mut self,
        table: impl Into<String>,
        column: impl Into<String>,
        kind: FieldKind,
    ) -> Self {
        self.outside = Some((table.into(), column.into(), kind));
        self
    }
}
