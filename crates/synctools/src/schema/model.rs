//! Models: tables with their fields.

use std::collections::HashMap;

use crate::schema::{Field, FieldIndex, FieldKind, Label, NaturalKey};

/// Which of a schema's models a model is: its place in
/// [`Schema::models`](crate::schema::Schema::models).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub(crate) u16);

impl ModelId {
    /// The place, from 0.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// Which of its model's many-to-many fields a field is: its place in
/// [`Model::many_to_many`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ManyToManyIndex(pub(crate) u16);

impl ManyToManyIndex {
    /// The place, from 0.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// The table of a many-to-many field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Through {
    /// Django makes it: `id`, and one column for each side. The pairs travel
    /// as a list in the object.
    Auto,
    /// It is a model of its own, whose rows travel as its objects; the list is
    /// never on the wire.
    Explicit,
}

/// A many-to-many field.
#[derive(Clone, Debug, PartialEq)]
pub struct ManyToMany {
    pub(crate) index: ManyToManyIndex,
    pub(crate) name: Box<str>,
    pub(crate) table: Box<str>,
    pub(crate) from_column: Box<str>,
    pub(crate) to_column: Box<str>,
    pub(crate) from_kind: FieldKind,
    pub(crate) to_kind: FieldKind,
    pub(crate) to: Label,
    pub(crate) model: Option<ModelId>,
    pub(crate) to_pk_column: Box<str>,
    pub(crate) to_table: Box<str>,
    pub(crate) through: Through,
    pub(crate) symmetrical: bool,
}

impl ManyToMany {
    /// Its place among the many-to-many fields of its model.
    pub fn index(&self) -> ManyToManyIndex {
        self.index
    }

    /// Its name, which is its key on the wire.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table of the pairs.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The column that points to the owner, the row of this model.
    pub fn from_column(&self) -> &str {
        &self.from_column
    }

    /// The column that points to the target.
    pub fn to_column(&self) -> &str {
        &self.to_column
    }

    /// What the column of the owner holds.
    pub fn from_kind(&self) -> &FieldKind {
        &self.from_kind
    }

    /// What the column of the target holds.
    pub fn to_kind(&self) -> &FieldKind {
        &self.to_kind
    }

    /// The model of the targets.
    pub fn to(&self) -> &Label {
        &self.to
    }

    /// The model of the targets, if it is part of the schema.
    pub fn model(&self) -> Option<ModelId> {
        self.model
    }

    /// The table of the targets.
    pub fn to_table(&self) -> &str {
        &self.to_table
    }

    /// The column of the targets' primary key.
    pub fn to_pk_column(&self) -> &str {
        &self.to_pk_column
    }

    /// Whose table it is.
    pub fn through(&self) -> Through {
        self.through
    }

    /// Whether it travels: whether its table is Django's own.
    pub fn is_serialized(&self) -> bool {
        self.through == Through::Auto
    }

    /// Whether each pair is stored, and travels, in both directions.
    pub fn is_symmetrical(&self) -> bool {
        self.symmetrical
    }
}

/// A model that another one inherits from, with a table of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Parent {
    pub(crate) to: Label,
    pub(crate) model: Option<ModelId>,
    pub(crate) field: FieldIndex,
}

impl Parent {
    /// The parent.
    pub fn to(&self) -> &Label {
        &self.to
    }

    /// The parent, if it is part of the schema.
    pub fn model(&self) -> Option<ModelId> {
        self.model
    }

    /// The field of the child that points to it: `place_ptr`.
    pub fn field(&self) -> FieldIndex {
        self.field
    }
}

/// A model: one table, and the many-to-many tables that it owns.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) id: ModelId,
    pub(crate) label: Label,
    pub(crate) table: Box<str>,
    pub(crate) fields: Vec<Field>,
    pub(crate) pk: FieldIndex,
    pub(crate) many_to_many: Vec<ManyToMany>,
    pub(crate) parents: Vec<Parent>,
    pub(crate) proxy_for: Option<Label>,
    /// Names of fields that the database computes.
    pub(crate) computed: Vec<Box<str>>,
    pub(crate) natural_key: Option<NaturalKey>,
    pub(crate) by_name: HashMap<Box<str>, Place>,
}

/// Where the value of a key on the wire goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Field(FieldIndex),
    ManyToMany(ManyToManyIndex),
}

impl Model {
    /// Its place among the models of its schema.
    pub fn id(&self) -> ModelId {
        self.id
    }

    /// Its name: `blog.post`.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Its app: `blog`.
    pub fn app_label(&self) -> &str {
        self.label.app_label()
    }

    /// Its name without the app, in lower case: `post`.
    pub fn name(&self) -> &str {
        self.label.model_name()
    }

    /// Its table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Its fields with columns in this table, in order of declaration, the
    /// primary key among them. Those of parents are not.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// A field by its index.
    pub fn field(&self, index: FieldIndex) -> Option<&Field> {
        self.fields.get(index.get())
    }

    /// A field by its name.
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        match self.by_name.get(name)? {
            Place::Field(index) => self.field(*index),
            Place::ManyToMany(_) => None,
        }
    }

    /// The primary key.
    pub fn pk(&self) -> &Field {
        &self.fields[self.pk.get()]
    }

    /// Which of the fields is the primary key.
    pub fn pk_index(&self) -> FieldIndex {
        self.pk
    }

    /// Its many-to-many fields, in order of declaration, those with a table of
    /// their own model among them.
    pub fn many_to_many(&self) -> &[ManyToMany] {
        &self.many_to_many
    }

    /// A many-to-many field by its name.
    pub fn many_to_many_named(&self, name: &str) -> Option<&ManyToMany> {
        match self.by_name.get(name)? {
            Place::ManyToMany(index) => self.many_to_many.get(index.get()),
            Place::Field(_) => None,
        }
    }

    /// What it inherits from with tables of their own.
    pub fn parents(&self) -> &[Parent] {
        &self.parents
    }

    /// The model whose table it shows under another name.
    pub fn proxy_for(&self) -> Option<&Label> {
        self.proxy_for.as_ref()
    }

    /// Whether it has no table of its own.
    pub fn is_proxy(&self) -> bool {
        self.proxy_for.is_some()
    }

    /// The fields by which its rows are known where their primary keys are not,
    /// if it has any: [`Schema::with_natural_key`](crate::Schema::with_natural_key).
    pub fn natural_key(&self) -> Option<&NaturalKey> {
        self.natural_key.as_ref()
    }

    /// Its fields that hold paths of images.
    pub fn image_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| matches!(field.kind, FieldKind::Image { .. }))
    }
}
