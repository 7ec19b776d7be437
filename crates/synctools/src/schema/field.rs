//! Columns of models.

use crate::schema::{Label, ModelId};
use crate::value::Value;

/// Which of its model's fields a field is: its place in
/// [`Model::fields`](crate::schema::Model::fields).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldIndex(pub(crate) u16);

impl FieldIndex {
    /// The place, from 0.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// What kind of value a field holds: Django's field classes by what they store
/// and how they travel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldKind {
    /// `SmallAutoField`: a 16 bit integer that the database counts up.
    SmallAuto,
    /// `AutoField`: a 32 bit integer that the database counts up.
    Auto,
    /// `BigAutoField`: a 64 bit integer that the database counts up.
    BigAuto,
    /// `BooleanField`, also `NullBooleanField`.
    Boolean,
    /// `SmallIntegerField`: 16 bits.
    SmallInteger,
    /// `IntegerField`: 32 bits.
    Integer,
    /// `BigIntegerField`: 64 bits.
    BigInteger,
    /// `PositiveSmallIntegerField`: 15 bits.
    PositiveSmallInteger,
    /// `PositiveIntegerField`: 31 bits.
    PositiveInteger,
    /// `PositiveBigIntegerField`: 63 bits.
    PositiveBigInteger,
    /// `FloatField`.
    Float,
    /// `DecimalField`.
    Decimal {
        /// How many digits there may be in all.
        max_digits: u32,
        /// How many of them are behind the point.
        decimal_places: u32,
    },
    /// `CharField`, and all that store as it does: slugs, URLs, addresses of
    /// mail, file paths, comma-separated integers.
    Char {
        /// How many characters there may be; `None` if there is no limit.
        max_length: Option<u32>,
    },
    /// `TextField`.
    Text,
    /// `GenericIPAddressField`: `inet` in PostgreSQL, which must lose `/32`
    /// and `/128`.
    IpAddress,
    /// `FileField`: a path below the media root. `NULL` travels as `""`.
    File {
        /// How many characters there may be.
        max_length: Option<u32>,
    },
    /// `ImageField`: as [`FieldKind::File`], and its files are synced too if
    /// that is asked for.
    Image {
        /// How many characters there may be.
        max_length: Option<u32>,
    },
    /// `DateField`.
    Date,
    /// `DateTimeField`.
    DateTime {
        /// Whether it is aware of its time zone: the project's `USE_TZ`.
        /// `timestamptz` in PostgreSQL if so, and UTC in SQLite in any case.
        aware: bool,
    },
    /// `TimeField`.
    Time,
    /// `DurationField`: microseconds in SQLite, `interval` in PostgreSQL.
    Duration,
    /// `UUIDField`.
    Uuid,
    /// `BinaryField`.
    Binary,
    /// `JSONField`.
    Json,
    /// `ArrayField` of PostgreSQL.
    Array(Box<FieldKind>),
    /// `HStoreField` of PostgreSQL.
    HStore,
}

impl FieldKind {
    /// Whether the database counts it up by itself.
    pub fn is_auto(&self) -> bool {
        matches!(self, Self::SmallAuto | Self::Auto | Self::BigAuto)
    }

    /// Whether it holds an integer.
    pub fn is_integer(&self) -> bool {
        self.integer_range().is_some()
    }

    /// The least and the greatest integer that it holds in PostgreSQL; SQLite
    /// and Django's client take every one of 64 bits.
    pub fn integer_range(&self) -> Option<(i64, i64)> {
        Some(match self {
            Self::SmallAuto | Self::SmallInteger => (i16::MIN.into(), i16::MAX.into()),
            Self::Auto | Self::Integer => (i32::MIN.into(), i32::MAX.into()),
            Self::BigAuto | Self::BigInteger => (i64::MIN, i64::MAX),
            Self::PositiveSmallInteger => (0, i16::MAX.into()),
            Self::PositiveInteger => (0, i32::MAX.into()),
            Self::PositiveBigInteger => (0, i64::MAX),
            _ => return None,
        })
    }

    /// Whether it is text in the database: a path, an address, or plain text.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Self::Char { .. }
                | Self::Text
                | Self::IpAddress
                | Self::File { .. }
                | Self::Image { .. }
        )
    }

    /// How many characters there may be, if there is a limit.
    pub fn max_length(&self) -> Option<u32> {
        match self {
            Self::Char { max_length } | Self::File { max_length } | Self::Image { max_length } => {
                *max_length
            }
            _ => None,
        }
    }

    /// What Django stores when nothing is given and the field has no default:
    /// an empty text, or nothing.
    fn empty(&self) -> Value {
        match self {
            Self::Char { .. } | Self::Text | Self::File { .. } | Self::Image { .. } => {
                Value::Text("".into())
            }
            Self::Binary => Value::Bytes(Box::default()),
            _ => Value::Null,
        }
    }
}

/// A column that points to a row of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ForeignKey {
    pub(crate) to: Label,
    pub(crate) model: Option<ModelId>,
    pub(crate) to_field: Box<str>,
    pub(crate) to_column: Box<str>,
    pub(crate) to_table: Box<str>,
    pub(crate) one_to_one: bool,
}

impl ForeignKey {
    /// The model it points to.
    pub fn to(&self) -> &Label {
        &self.to
    }

    /// The model it points to, if it is part of the schema. (The content types
    /// of a database, for one, often are not.)
    pub fn model(&self) -> Option<ModelId> {
        self.model
    }

    /// The field of that model whose values it holds; mostly its primary key.
    pub fn to_field(&self) -> &str {
        &self.to_field
    }

    /// The column of that field.
    pub fn to_column(&self) -> &str {
        &self.to_column
    }

    /// The table of that model.
    pub fn to_table(&self) -> &str {
        &self.to_table
    }

    /// Whether only one row may point to each.
    pub fn is_one_to_one(&self) -> bool {
        self.one_to_one
    }
}

/// A field with a column of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub(crate) index: FieldIndex,
    pub(crate) name: Box<str>,
    pub(crate) column: Box<str>,
    pub(crate) kind: FieldKind,
    pub(crate) null: bool,
    pub(crate) unique: bool,
    pub(crate) primary_key: bool,
    pub(crate) serialize: bool,
    pub(crate) default: Option<Value>,
    pub(crate) relation: Option<ForeignKey>,
    pub(crate) db_type: Option<Box<str>>,
}

impl Field {
    /// Its place among the fields of its model.
    pub fn index(&self) -> FieldIndex {
        self.index
    }

    /// Its name, which is its key on the wire: `owner`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its column: `owner_id`.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// What it holds; for a relation, what the field it points to holds (an
    /// `AutoField` there is a plain integer here).
    pub fn kind(&self) -> &FieldKind {
        &self.kind
    }

    /// Whether it may be `NULL`.
    pub fn is_null(&self) -> bool {
        self.null
    }

    /// Whether no two rows may have the same value.
    pub fn is_unique(&self) -> bool {
        self.unique || self.primary_key
    }

    /// Whether it is the primary key.
    pub fn is_primary_key(&self) -> bool {
        self.primary_key
    }

    /// Whether it travels among the `fields`. Primary keys do not.
    pub fn is_serialized(&self) -> bool {
        self.serialize
    }

    /// Its default, if it has one that is always the same.
    pub fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// What a new row gets that came without this field: its default, or else
    /// nothing if it may be `NULL`, or else an empty text, as in Django. It is
    /// [`Value::Null`] where Django would fail as well.
    pub fn missing(&self) -> Value {
        match &self.default {
            Some(default) => default.clone(),
            // Never `NULL`, whether it may be or not: Django stores its path.
            None if matches!(self.kind, FieldKind::File { .. } | FieldKind::Image { .. }) => {
                self.kind.empty()
            }
            None if self.null || self.relation.is_some() => Value::Null,
            None => self.kind.empty(),
        }
    }

    /// What it points to, if it is a foreign key or a one-to-one field.
    pub fn relation(&self) -> Option<&ForeignKey> {
        self.relation.as_ref()
    }

    /// What the database calls its type, if the source of the schema knew.
    pub fn db_type(&self) -> Option<&str> {
        self.db_type.as_deref()
    }
}
