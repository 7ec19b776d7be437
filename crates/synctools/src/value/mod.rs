//! The values of fields, exact, in a form that no database and no wire owns.
//!
//! | value | what it stands for | on the wire | in SQLite | in PostgreSQL |
//! |---|---|---|---|---|
//! | [`Value::Null`] | SQL `NULL` | `null` | `NULL` | `NULL` |
//! | [`Value::Bool`] | `BooleanField` | `true` | 0 or 1 | `boolean` |
//! | [`Value::Int`] | every integer kind, relations to them | `7` | `INTEGER` | `smallint` to `bigint` |
//! | [`Value::Float`] | `FloatField` | `1e-07` | `REAL` | `double precision` |
//! | [`Value::Decimal`] | `DecimalField` | `"1.50"` | bound as text | `numeric` |
//! | [`Value::Text`] | every text kind, files, addresses | `"text"` | text | `varchar`, `text`, `inet` |
//! | [`Value::Bytes`] | `BinaryField` | base64 | `BLOB` | `bytea` |
//! | [`Value::Uuid`] | `UUIDField` | with hyphens | 32 digits without | `uuid` |
//! | [`Value::DateTime`] | `DateTimeField` | `2020-01-02T03:04:05.678Z` | text, UTC | `timestamptz` |
//! | [`Value::Date`] | `DateField` | `1999-12-31` | text | `date` |
//! | [`Value::Time`] | `TimeField` | `23:59:58.123` | text | `time` |
//! | [`Value::Duration`] | `DurationField` | `-1 02:00:03.000004` | microseconds | `interval` |
//! | [`Value::Json`] | `JSONField` | the JSON itself | text | `jsonb` |
//! | [`Value::Array`] | `ArrayField` | a string that holds JSON | - | array |
//! | [`Value::NaturalKey`] | a reference by other fields | `["name"]` | looked up | looked up |
//! | [`Value::HStore`] | `HStoreField` | a string that holds JSON | - | `hstore` |

mod decimal;
mod duration;
mod float;
mod json;
mod time;
mod uuid;

use std::fmt;

pub use self::decimal::{Decimal, DecimalError};
pub use self::duration::Duration;
pub(crate) use self::float::write_float;
pub use self::json::{Json, JsonError};
pub use self::time::{Date, DateTime, Time, TimeError};
pub use self::uuid::{InvalidUuid, Uuid};

/// A name with a text, or with `NULL`, of an `HStoreField`.
pub type Pair = (Box<str>, Option<Box<str>>);

/// The value of one field of one row.
///
/// It is 24 bytes, and owns what it points to.
///
/// Two values are [equal](PartialEq) when they are the same text of the same
/// kind: `1.50` is not `1.5`, and a NaN is not itself.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// SQL `NULL`.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer. No kind of Django's holds more than 64 bits.
    Int(i64),
    /// A floating point number, which may be NaN or infinite.
    Float(f64),
    /// A decimal number with all its places.
    Decimal(Decimal),
    /// Text; also paths of files and images, and addresses of the Internet.
    Text(Box<str>),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// A UUID.
    Uuid(Uuid),
    /// A date with a time, and with an offset where it is aware of its zone.
    DateTime(DateTime),
    /// A date.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// A length of time.
    Duration(Duration),
    /// JSON. (A JSON `null` from the wire is [`Value::Null`], as Django has it.)
    Json(Json),
    /// A list of values of one kind, of PostgreSQL.
    Array(Box<[Value]>),
    /// Names with texts, of PostgreSQL, in the order in which they came.
    HStore(Box<[Pair]>),
    /// The values of a [natural key](crate::schema::NaturalKey), where a
    /// reference is expected. A store looks the row up, and never gives one
    /// back.
    NaturalKey(Box<[Value]>),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Bytes.
    pub fn bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// Whether it is SQL `NULL`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is an integer.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// What kind of value it is, for messages: `"text"`, `"an integer"`, …
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Decimal(_) => "a decimal",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Uuid(_) => "a UUID",
            Self::DateTime(_) => "a date with a time",
            Self::Date(_) => "a date",
            Self::Time(_) => "a time",
            Self::Duration(_) => "a duration",
            Self::Json(_) => "JSON",
            Self::Array(_) => "an array",
            Self::HStore(_) => "an hstore",
            Self::NaturalKey(_) => "a natural key",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(value) => write!(f, "Bool({value})"),
            Self::Int(value) => write!(f, "Int({value})"),
            Self::Float(value) => write!(f, "Float({value:?})"),
            Self::Decimal(value) => write!(f, "Decimal({value})"),
            Self::Text(value) => write!(f, "Text({value:?})"),
            Self::Bytes(value) => write!(f, "Bytes({} bytes)", value.len()),
            Self::Uuid(value) => write!(f, "Uuid({value})"),
            Self::DateTime(value) => write!(f, "DateTime({value})"),
            Self::Date(value) => write!(f, "Date({value})"),
            Self::Time(value) => write!(f, "Time({value})"),
            Self::Duration(value) => write!(f, "Duration({value})"),
            Self::Json(value) => write!(f, "Json({})", value.as_str()),
            Self::Array(values) => f.debug_tuple("Array").field(values).finish(),
            Self::HStore(pairs) => f.debug_tuple("HStore").field(pairs).finish(),
            Self::NaturalKey(values) => f.debug_tuple("NaturalKey").field(values).finish(),
        }
    }
}

/// As a person writes it: for messages that name a key.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Decimal(value) => value.fmt(f),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Uuid(value) => value.fmt(f),
            Self::DateTime(value) => value.fmt(f),
            Self::Date(value) => value.fmt(f),
            Self::Time(value) => value.fmt(f),
            Self::Duration(value) => value.fmt(f),
            Self::Json(value) => f.write_str(value.as_str()),
            Self::NaturalKey(values) => {
                for (at, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if at == 0 { "[" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Bytes(_) | Self::Array(_) | Self::HStore(_) => f.write_str(self.kind()),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_no_more_than_three_words() {
        assert_eq!(size_of::<Value>(), 24);
        assert_eq!(size_of::<Option<Value>>(), 24);
    }
}
