//! From objects of the wire to rows.

use std::collections::BTreeMap;
use std::fmt;

use crate::row::Row;
use crate::schema::convert::{self, Convert};
use crate::schema::model::Place;
use crate::schema::{Label, ManyToMany, Model, ModelId, Schema};
use crate::value::{DecimalError, JsonError, TimeError, Value};
use crate::wire::{Object, RawText, RawValue};

/// What happens to what the schema does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownPolicy {
    /// The sync fails, as Django's does.
    #[default]
    Error,
    /// It is left out.
    Skip,
    /// It is left out, and named in [`Decoder::unknown`].
    Collect,
}

/// What happens to fields that an object does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissingFields {
    /// A row that is there keeps what it has; a new one gets
    /// [`Field::missing`](crate::schema::Field::missing).
    #[default]
    Keep,
    /// Every row gets [`Field::missing`](crate::schema::Field::missing), which
    /// is what Django does.
    DjangoDefaults,
}

/// How a [`Decoder`] reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct DecodeOptions {
    unknown_models: UnknownPolicy,
    unknown_fields: UnknownPolicy,
    missing_fields: MissingFields,
    convert: Convert,
}

impl DecodeOptions {
    /// Unknown things are errors, missing ones are kept, values are read as
    /// leniently as Django reads them, and naive times are UTC.
    pub fn new() -> Self {
        Self::default()
    }

    /// What happens to objects of models that the schema does not have.
    #[must_use]
    pub fn unknown_models(mut self, policy: UnknownPolicy) -> Self {
        self.unknown_models = policy;
        self
    }

    /// What happens to fields that their model does not have.
    #[must_use]
    pub fn unknown_fields(mut self, policy: UnknownPolicy) -> Self {
        self.unknown_fields = policy;
        self
    }

    /// What happens to fields that an object does not have.
    #[must_use]
    pub fn missing_fields(mut self, policy: MissingFields) -> Self {
        self.missing_fields = policy;
        self
    }

    /// Takes values only in the form in which Django writes them: no `"42"` or
    /// `4.7` for an integer, no 1 for a boolean, no number for a text.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.convert.strict = strict;
        self
    }

    /// How far, in seconds, the clock is ahead of UTC that naive times of
    /// fields are read from which are aware of their zone: Django's
    /// `TIME_ZONE`. It is UTC by default.
    #[must_use]
    pub fn naive_offset(mut self, seconds: fn(crate::value::DateTime) -> i32) -> Self {
        self.convert.naive_offset = Some(seconds);
        self
    }
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Decoded {
    /// A row.
    Row(Row),
    /// It is of a model that the schema does not have, and left out.
    UnknownModel,
}

/// What was left out because the schema does not know it, and how often: at
/// most a thousand names of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown {
    /// By the name of the model as it was written.
    pub models: BTreeMap<String, u64>,
    /// By the model and the name of the field.
    pub fields: BTreeMap<(Label, String), u64>,
}

const MOST_NAMES: usize = 1000;

fn count<K: Ord>(names: &mut BTreeMap<K, u64>, name: K) {
    if names.len() < MOST_NAMES || names.contains_key(&name) {
        *names.entry(name).or_default() += 1;
    }
}

/// What is wrong with an object, and where. No value of the body is part of
/// it, apart from the key of the row.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodeError(Box<Fault>);

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
struct Fault {
    kind: DecodeErrorKind,
    object: u64,
    offset: u64,
    model: String,
    pk: Option<String>,
    field: Option<String>,
}

/// What is wrong with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The schema does not have the model.
    UnknownModel,
    /// The model does not have the field.
    UnknownField,
    /// A list where a key is expected: a natural key, and the schema does not
    /// say of which fields it is made.
    NaturalKey,
    /// Another kind of value than the field takes.
    Type {
        /// What the field takes.
        expected: &'static str,
        /// What there is.
        found: &'static str,
    },
    /// The right kind of value, and not one of the field's.
    Invalid {
        /// What the field takes.
        expected: &'static str,
    },
    /// More than 64 bits, or more than a date or a duration can hold.
    Range,
    /// A time with an offset, for a field that has none.
    Aware,
    /// Half of a surrogate pair.
    LoneSurrogate,
    /// Not a decimal number that fits.
    Decimal(DecimalError),
    /// Not a date or a time.
    Time(TimeError),
    /// Not JSON that a field can hold.
    Json(JsonError),
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownModel => f.write_str("the schema has no such model"),
            Self::UnknownField => f.write_str("the model has no such field"),
            Self::NaturalKey => {
                f.write_str("a natural key, and the schema has none for the model it refers to")
            }
            Self::Type { expected, found } => write!(f, "{expected} is expected, not {found}"),
            Self::Invalid { expected } => write!(f, "{expected} is expected"),
            Self::Range => f.write_str("out of range"),
            Self::Aware => f.write_str("a time with an offset, in a field without a zone"),
            Self::LoneSurrogate => f.write_str("half of a surrogate pair"),
            Self::Decimal(error) => error.fmt(f),
            Self::Time(error) => error.fmt(f),
            Self::Json(error) => error.fmt(f),
        }
    }
}

impl DecodeError {
    /// What is wrong.
    pub fn kind(&self) -> DecodeErrorKind {
        self.0.kind
    }

    /// In which object, from 0.
    pub fn object(&self) -> u64 {
        self.0.object
    }

    /// Where that object begins: bytes from the beginning of the body.
    pub fn offset(&self) -> u64 {
        self.0.offset
    }

    /// Its model, as it was written.
    pub fn model(&self) -> &str {
        &self.0.model
    }

    /// Its primary key.
    pub fn pk(&self) -> Option<&str> {
        self.0.pk.as_deref()
    }

    /// The field, if it is about one; `pk` for the primary key.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(fault) = self;
        f.write_str(&fault.model)?;
        if let Some(field) = &fault.field {
            write!(f, ".{field}")?;
        }
        write!(f, ": {} (object {}", fault.kind, fault.object)?;
        if let Some(pk) = &fault.pk {
            write!(f, ", pk {pk}")?;
        }
        write!(f, ", byte {})", fault.offset)
    }
}

impl std::error::Error for DecodeError {}

/// Makes rows of objects.
#[derive(Debug)]
pub struct Decoder {
    schema: Schema,
    options: DecodeOptions,
    /// The name that the last object had, and what it is.
    last: Option<(String, ModelId)>,
    unknown: Unknown,
}

impl Decoder {
    /// A decoder for the models of a schema.
    pub fn new(schema: &Schema, options: DecodeOptions) -> Self {
        Self {
            schema: schema.clone(),
            options,
            last: None,
            unknown: Unknown::default(),
        }
    }

    /// What was left out so far, of what the options say to collect.
    pub fn unknown(&self) -> &Unknown {
        &self.unknown
    }

    /// The row that an object stands for.
    ///
    /// # Errors
    ///
    /// When the schema does not know it, or a value is not one of its field.
    pub fn decode(&mut self, object: &Object<'_>) -> Result<Decoded, DecodeError> {
        let Some(id) = self.find(object)? else {
            return Ok(Decoded::UnknownModel);
        };
        let schema = self.schema.clone();
        let Some(model) = schema.get(id) else {
            return Ok(Decoded::UnknownModel);
        };
        let mut row = Row::new(model);
        let mut read = Read {
            decoder: self,
            model,
            object,
        };
        read.pk(&mut row)?;
        read.fields(&mut row)?;
        if self.options.missing_fields == MissingFields::DjangoDefaults {
            for field in model.fields() {
                if !field.is_primary_key() && row.get(field.index()).is_none() {
                    row.set(field.index(), field.missing());
                }
            }
        }
        Ok(Decoded::Row(row))
    }

    /// The model of an object, or nothing if it is unknown and that is well.
    fn find(&mut self, object: &Object<'_>) -> Result<Option<ModelId>, DecodeError> {
        let written = object.model().as_written();
        if let Some((name, id)) = &self.last {
            if name == written {
                return Ok(Some(*id));
            }
        }
        let name = object.model().decode().unwrap_or(written.into());
        if let Some(id) = self.schema.id(&name) {
            self.last = Some((written.to_owned(), id));
            return Ok(Some(id));
        }
        match self.options.unknown_models {
            UnknownPolicy::Error => Err(DecodeError(Box::new(Fault {
                kind: DecodeErrorKind::UnknownModel,
                object: object.index(),
                offset: object.offset(),
                model: shorten(&name),
                pk: None,
                field: None,
            }))),
            UnknownPolicy::Skip => Ok(None),
            UnknownPolicy::Collect => {
                count(&mut self.unknown.models, shorten(&name));
                Ok(None)
            }
        }
    }
}

/// Names from outside are cut to a length that a message can hold.
fn shorten(name: &str) -> String {
    name.chars().take(100).collect()
}

/// One object that is being read.
struct Read<'a, 'o> {
    decoder: &'a mut Decoder,
    model: &'a Model,
    object: &'a Object<'o>,
}

impl Read<'_, '_> {
    #[cold]
    fn error(&self, row: &Row, field: &str, kind: DecodeErrorKind) -> DecodeError {
        DecodeError(Box::new(Fault {
            kind,
            object: self.object.index(),
            offset: self.object.offset(),
            model: self.model.label().to_string(),
            pk: row.pk().map(|pk| shorten(&pk.to_string())),
            field: Some(shorten(field)),
        }))
    }

    fn pk(&mut self, row: &mut Row) -> Result<(), DecodeError> {
        match self.object.pk() {
            None | Some(RawValue::Null) => Ok(()),
            Some(raw) => {
                let field = self.model.pk();
                let value = convert::value(
                    field.kind(),
                    field.is_null(),
                    raw,
                    &self.decoder.options.convert,
                )
                .map_err(|kind| self.error(row, "pk", kind))?;
                row.set(field.index(), value);
                Ok(())
            }
        }
    }

    fn fields(&mut self, row: &mut Row) -> Result<(), DecodeError> {
        let fields = self.model.fields();
        // Django writes them in the order in which they are declared.
        let mut guess = 0;
        for (key, raw) in self.object.fields() {
            while fields
                .get(guess)
                .is_some_and(|field| !field.is_serialized())
            {
                guess += 1;
            }
            let place = match fields.get(guess) {
                Some(field) if field.name() == key.as_written() => {
                    guess += 1;
                    Place::Field(field.index())
                }
                _ => match self.place(row, key)? {
                    Some(place) => place,
                    None => continue,
                },
            };
            match place {
                Place::Field(index) => {
                    let Some(field) = self.model.field(index) else {
                        continue;
                    };
                    let how = &self.decoder.options.convert;
                    let value = convert::value(field.kind(), field.is_null(), raw, how)
                        .or_else(|kind| match (raw, field.relation()) {
                            (RawValue::Array(list), Some(relation)) => {
                                let schema = &self.decoder.schema;
                                schema.read_natural_key(relation.model(), list, how)
                            }
                            _ => Err(kind),
                        })
                        .map_err(|kind| self.error(row, field.name(), kind))?;
                    guess = index.get() + 1;
                    row.set(index, value);
                }
                Place::ManyToMany(index) => {
                    let Some(field) = self.model.many_to_many().get(index.get()) else {
                        continue;
                    };
                    let keys = self
                        .keys(field, raw)
                        .map_err(|kind| self.error(row, field.name(), kind))?;
                    row.set_related(index, keys);
                }
            }
        }
        Ok(())
    }

    /// Where the value of a key goes that was not expected; nothing if it is
    /// left out.
    fn place(&mut self, row: &Row, key: RawText<'_>) -> Result<Option<Place>, DecodeError> {
        let name = key.decode().unwrap_or(key.as_written().into());
        if let Some(place) = self.model.by_name.get(&*name) {
            return Ok(Some(*place));
        }
        // Django knows them, too, and does not store them.
        if self.model.computed.iter().any(|other| **other == *name)
            || inherits(&self.decoder.schema, self.model, &name, 0)
        {
            return Ok(None);
        }
        match self.decoder.options.unknown_fields {
            UnknownPolicy::Error => Err(self.error(row, &name, DecodeErrorKind::UnknownField)),
            UnknownPolicy::Skip => Ok(None),
            UnknownPolicy::Collect => {
                let name = (self.model.label().clone(), shorten(&name));
                count(&mut self.decoder.unknown.fields, name);
                Ok(None)
            }
        }
    }

    fn keys(&self, field: &ManyToMany, raw: RawValue<'_>) -> Result<Vec<Value>, DecodeErrorKind> {
        let RawValue::Array(list) = raw else {
            return Err(DecodeErrorKind::Type {
                expected: "a list of keys",
                found: raw.kind(),
            });
        };
        let how = &self.decoder.options.convert;
        list.iter()
            .map(|raw| match raw {
                RawValue::Array(list) => {
                    let schema = &self.decoder.schema;
                    schema.read_natural_key(field.model(), list, how)
                }
                RawValue::Null => Err(DecodeErrorKind::Type {
                    expected: "a key",
                    found: raw.kind(),
                }),
                raw => convert::value(field.to_kind(), false, raw, how),
            })
            .collect()
    }
}

/// Whether a parent of a model has a field of this name.
fn inherits(schema: &Schema, model: &Model, name: &str, depth: usize) -> bool {
    depth < 16
        && model.parents().iter().any(|parent| {
            parent
                .model()
                .and_then(|id| schema.get(id))
                .is_some_and(|parent| {
                    parent.by_name.contains_key(name) || inherits(schema, parent, name, depth + 1)
                })
        })
}
