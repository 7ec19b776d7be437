//! Values as Django stores them in SQLite.

use std::io::Write as _;

use rusqlite::types::ValueRef;
use rusqlite::{Statement, types::ToSqlOutput};

use crate::schema::FieldKind;
use crate::store::{StoreError, StoreErrorKind};
use crate::value::{Date, DateTime, Decimal, Duration, Json, Time, Uuid, Value};

/// Binds a value to a parameter of a statement, counted from 1.
pub(super) fn bind(
    statement: &mut Statement<'_>,
    parameter: usize,
    value: &Value,
) -> Result<(), StoreError> {
    let mut text = Scratch([0; 40]);
    let value = match value {
        Value::Null => ValueRef::Null,
        Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
        Value::Int(value) => ValueRef::Integer(*value),
        Value::Float(value) => ValueRef::Real(*value),
        Value::Decimal(value) => ValueRef::Text(value.as_str().as_bytes()),
        Value::Text(value) => ValueRef::Text(value.as_bytes()),
        Value::Bytes(value) => ValueRef::Blob(value),
        Value::Uuid(value) => text.uuid(value),
        Value::DateTime(value) => text.date_time(*value),
        Value::Date(value) => text.show(value),
        Value::Time(value) => text.show(value),
        Value::Duration(value) => ValueRef::Integer(value.as_micros()),
        Value::Json(value) => ValueRef::Text(value.as_str().as_bytes()),
        Value::NaturalKey(_) => {
            return Err(StoreError::new(
                StoreErrorKind::Value,
                "a natural key where nothing refers to another row",
            ));
        }
        Value::Array(_) | Value::HStore(_) => {
            return Err(StoreError::new(
                StoreErrorKind::Value,
                "SQLite has no arrays and no hstore",
            ));
        }
    };
    statement.raw_bind_parameter(parameter, ToSqlOutput::Borrowed(value))?;
    Ok(())
}

/// Texts that are made for one parameter.
struct Scratch([u8; 40]);

impl Scratch {
    fn show(&mut self, value: &dyn std::fmt::Display) -> ValueRef<'_> {
        let size = self.0.len();
        let mut rest = &mut self.0[..];
        // Dates and times are no longer than this.
        let _ = write!(rest, "{value}");
        let length = size - rest.len();
        ValueRef::Text(&self.0[..length])
    }

    fn uuid(&mut self, value: &Uuid) -> ValueRef<'_> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for (pair, byte) in self.0.chunks_exact_mut(2).zip(value.as_bytes()) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        ValueRef::Text(&self.0[..32])
    }

    fn date_time(&mut self, value: DateTime) -> ValueRef<'_> {
        let value = value.to_utc().unwrap_or(value);
        let text = value.to_sqlite();
        let length = text.len().min(self.0.len());
        self.0[..length].copy_from_slice(&text.as_bytes()[..length]);
        ValueRef::Text(&self.0[..length])
    }
}

/// Reads a value of a field of this kind. `None` if it is none.
pub(super) fn read(stored: ValueRef<'_>, kind: &FieldKind) -> Option<Value> {
    if let ValueRef::Null = stored {
        return Some(Value::Null);
    }
    if kind.is_integer() {
        return integer(stored).map(Value::Int);
    }
    if kind.is_text() {
        return text(stored).map(Value::Text);
    }
    Some(match kind {
        FieldKind::Boolean => Value::Bool(integer(stored)? != 0),
        FieldKind::Float => Value::Float(match stored {
            ValueRef::Integer(number) => number as f64,
            ValueRef::Real(number) => number,
            ValueRef::Text(text) => std::str::from_utf8(text).ok()?.parse().ok()?,
            _ => return None,
        }),
        FieldKind::Decimal { decimal_places, .. } => Value::Decimal(match stored {
            ValueRef::Integer(number) => Decimal::parse(&number.to_string())
                .ok()?
                .rescale(*decimal_places)
                .ok()?,
            ValueRef::Real(number) => Decimal::from_real(number, *decimal_places).ok()?,
            ValueRef::Text(text) => Decimal::parse(std::str::from_utf8(text).ok()?)
                .ok()?
                .rescale(*decimal_places)
                .ok()?,
            _ => return None,
        }),
        FieldKind::DateTime { aware } => {
            let time = DateTime::parse(str_of(stored)?).ok()?;
            Value::DateTime(match (aware, time.offset()) {
                (true, None) => time.with_offset(0)?,
                (true, Some(_)) => time.to_utc()?,
                (false, None) => time,
                (false, Some(_)) => DateTime::new(time.date(), time.time()),
            })
        }
        FieldKind::Date => {
            let text = str_of(stored)?;
            // A date column may hold a date with a time; Django reads the date.
            Value::Date(Date::parse(text.get(..10).unwrap_or(text)).ok()?)
        }
        FieldKind::Time => Value::Time(Time::parse(str_of(stored)?).ok()?),
        FieldKind::Duration => Value::Duration(Duration::from_micros(integer(stored)?)),
        FieldKind::Uuid => Value::Uuid(match stored {
            ValueRef::Blob(bytes) => Uuid::from_bytes(bytes.try_into().ok()?),
            _ => Uuid::parse(str_of(stored)?)?,
        }),
        FieldKind::Binary => Value::Bytes(match stored {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.into(),
            _ => return None,
        }),
        FieldKind::Json => Value::Json(Json::parse(&text(stored)?).ok()?),
        _ => return None,
    })
}

fn integer(stored: ValueRef<'_>) -> Option<i64> {
    match stored {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(number as i64)
        }
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        _ => None,
    }
}

fn str_of<'a>(stored: ValueRef<'a>) -> Option<&'a str> {
    match stored {
        ValueRef::Text(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

/// Text; SQLite keeps a number where a column without a type was given one.
fn text(stored: ValueRef<'_>) -> Option<Box<str>> {
    Some(match stored {
        ValueRef::Text(text) | ValueRef::Blob(text) => std::str::from_utf8(text).ok()?.into(),
        ValueRef::Integer(number) => number.to_string().into(),
        ValueRef::Real(number) => {
            let mut text = Vec::new();
            crate::value::write_float(number, &mut text);
            String::from_utf8(text).ok()?.into()
        }
        ValueRef::Null => return None,
    })
}

/// A value of SQLite for a message.
pub(super) fn show(stored: ValueRef<'_>) -> String {
    match stored {
        ValueRef::Null => "null".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
