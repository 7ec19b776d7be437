//! Values as PostgreSQL reads and writes them as text.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use crate::schema::FieldKind;
use crate::store::{StoreError, StoreErrorKind};
use crate::value::{Date, DateTime, Decimal, Duration, Json, Time, Uuid, Value};

const DAY: i64 = 86_400_000_000;

/// Appends a value as a column of `COPY … FROM STDIN`.
pub(super) fn copy(value: &Value, out: &mut Vec<u8>) -> Result<(), StoreError> {
    match value {
        // What a natural key stands for is looked up when all rows are there.
        Value::Null | Value::NaturalKey(_) => out.extend_from_slice(b"\\N"),
        Value::Int(number) => {
            use std::io::Write as _;
            // A `Vec` takes every byte.
            let _ = write!(out, "{number}");
        }
        Value::Text(text) => escape(text, out)?,
        Value::Json(json) => escape(json.as_str(), out)?,
        Value::Uuid(uuid) => out.extend_from_slice(&uuid.encode()),
        Value::Decimal(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Value::Bytes(bytes) => {
            out.extend_from_slice(b"\\\\x");
            hex(bytes, out);
        }
        _ => escape(&text(value)?, out)?,
    }
    Ok(())
}

/// A value as a literal, whose type follows from where it stands.
pub(super) fn literal(value: &Value) -> Result<String, StoreError> {
    if value.is_null() {
        return Ok("NULL".into());
    }
    let text = text(value)?;
    if text.contains('\0') {
        return Err(nul());
    }
    // `standard_conforming_strings` is on: only the quote is special.
    Ok(format!("'{}'", text.replace('\'', "''")))
}

/// A value as text that PostgreSQL reads.
pub(super) fn text(value: &Value) -> Result<String, StoreError> {
    Ok(match value {
        Value::Null => String::new(),
        Value::Bool(value) => if *value { "t" } else { "f" }.into(),
        Value::Float(number) => {
            let mut text = Vec::new();
            crate::value::write_float(*number, &mut text);
            String::from_utf8(text).unwrap_or_default()
        }
        Value::Text(text) => text.to_string(),
        Value::Bytes(bytes) => {
            let mut text = b"\\x".to_vec();
            hex(bytes, &mut text);
            String::from_utf8(text).unwrap_or_default()
        }
        Value::Duration(duration) => interval(*duration),
        Value::Array(values) => array(values)?,
        Value::NaturalKey(_) => {
            return Err(StoreError::new(
                StoreErrorKind::Value,
                "a natural key where nothing refers to another row",
            ));
        }
        Value::HStore(pairs) => {
            let mut text = String::new();
            for (name, value) in pairs {
                let separator = if text.is_empty() { "" } else { ", " };
                let name = quote(name);
                match value {
                    Some(value) => {
                        let _ = write!(text, "{separator}{name}=>{}", quote(value));
                    }
                    None => {
                        let _ = write!(text, "{separator}{name}=>NULL");
                    }
                }
            }
            text
        }
        Value::Json(json) => json.as_str().to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(number) => number.as_str().to_owned(),
        Value::Uuid(uuid) => uuid.to_string(),
        Value::DateTime(time) => time.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
    })
}

/// Days and the rest of a day, as Django's driver passes them: that is what is
/// stored, and what is shown.
fn interval(duration: Duration) -> String {
    let micros = duration.as_micros();
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    format!(
        "{days} days {}.{:06} seconds",
        rest / 1_000_000,
        rest % 1_000_000
    )
}

fn array(values: &[Value]) -> Result<String, StoreError> {
    let mut out = String::from("{");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        match value {
            Value::Null => out.push_str("NULL"),
            Value::Array(values) => out.push_str(&array(values)?),
            value => out.push_str(&quote(&text(value)?)),
        }
    }
    out.push('}');
    Ok(out)
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// Appends a text with what `COPY` gives a meaning to escaped.
fn escape(text: &str, out: &mut Vec<u8>) -> Result<(), StoreError> {
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'\\' {
            continue;
        }
        let escaped: &[u8] = match byte {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0 => return Err(nul()),
            _ => continue,
        };
        out.extend_from_slice(&bytes[from..at]);
        out.extend_from_slice(escaped);
        from = at + 1;
    }
    out.extend_from_slice(&bytes[from..]);
    Ok(())
}

fn nul() -> StoreError {
    StoreError::new(
        StoreErrorKind::Value,
        "PostgreSQL stores no text with a NUL character",
    )
}

/// What a column is selected as, so that [`read`] understands it.
pub(super) fn selected(column: &str, kind: &FieldKind) -> String {
    match kind {
        // A month is 30 days, as everywhere in PostgreSQL.
        FieldKind::Duration => format!("(extract(epoch from {column}) * 1000000)::bigint"),
        FieldKind::Array(_) => format!("array_to_json({column})"),
        FieldKind::HStore => format!("hstore_to_json({column})"),
        _ => column.to_owned(),
    }
}

/// Reads a value of a field of this kind, as it was [`selected`]. `None` if it
/// is none.
pub(super) fn read(text: Option<&str>, kind: &FieldKind) -> Option<Value> {
    let Some(text) = text else {
        return Some(Value::Null);
    };
    if kind.is_integer() {
        return text.parse().ok().map(Value::Int);
    }
    Some(match kind {
        FieldKind::IpAddress => {
            let address = text
                .strip_suffix("/32")
                .or_else(|| text.strip_suffix("/128"))
                .unwrap_or(text);
            Value::Text(address.into())
        }
        kind if kind.is_text() => Value::Text(text.into()),
        FieldKind::Boolean => Value::Bool(match text {
            "t" | "true" => true,
            "f" | "false" => false,
            _ => return None,
        }),
        FieldKind::Float => Value::Float(text.parse().ok()?),
        FieldKind::Decimal { .. } if text == "NaN" => Value::Decimal(Decimal::nan()),
        FieldKind::Decimal { decimal_places, .. } => {
            let number = Decimal::parse(text).ok()?;
            Value::Decimal(number.rescale(*decimal_places).ok()?)
        }
        FieldKind::Date => Value::Date(Date::parse(text).ok()?),
        FieldKind::DateTime { aware } => {
            let time = DateTime::parse(text).ok()?;
            Value::DateTime(match (aware, time.offset()) {
                (true, None) => time.with_offset(0)?,
                (true, Some(_)) => time.to_utc()?,
                (false, None) => time,
                (false, Some(_)) => {
                    let time = time.to_utc()?;
                    DateTime::new(time.date(), time.time())
                }
            })
        }
        FieldKind::Time => Value::Time(Time::parse(text).ok()?),
        FieldKind::Duration => Value::Duration(Duration::from_micros(text.parse().ok()?)),
        FieldKind::Uuid => Value::Uuid(Uuid::parse(text)?),
        FieldKind::Binary => Value::Bytes(unhex(text.strip_prefix("\\x")?)?),
        FieldKind::Json => Value::Json(Json::parse(text).ok()?),
        FieldKind::Array(kind) => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let values: Option<Vec<Value>> = elements
                .into_iter()
                .map(|element| read_json(element, kind))
                .collect();
            Value::Array(values?.into())
        }
        FieldKind::HStore => {
            let pairs: Pairs = serde_json::from_str(text).ok()?;
            Value::HStore(pairs.0.into())
        }
        _ => return None,
    })
}

/// An element of an array as `array_to_json` writes it.
fn read_json(element: &RawValue, kind: &FieldKind) -> Option<Value> {
    let raw = element.get();
    if raw == "null" {
        return Some(Value::Null);
    }
    if let FieldKind::Json | FieldKind::Array(_) | FieldKind::HStore = kind {
        return read(Some(raw), kind);
    }
    if raw.starts_with('"') {
        let text: String = serde_json::from_str(raw).ok()?;
        return read(Some(&text), kind);
    }
    read(Some(raw), kind)
}

/// A JSON object of texts, in its order.
struct Pairs(Vec<(Box<str>, Option<Box<str>>)>);

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Visitor)
    }
}

fn unhex(text: &str) -> Option<Box<[u8]>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => Some((digit(high)? << 4 | digit(low)?) as u8),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(value: &Value) -> String {
        let mut out = Vec::new();
        copy(value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_copy_gives_a_meaning_to_is_escaped() {
        assert_eq!(
            copied(&Value::from("a\tb\nc\r\\N\u{1}é")),
            "a\\tb\\nc\\r\\\\N\u{1}é"
        );
        assert_eq!(copied(&Value::Null), "\\N");
        assert_eq!(copied(&Value::bytes([0, 255])), "\\\\x00ff");
        let mut out = Vec::new();
        let error = copy(&Value::from("a\0b"), &mut out).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Value);
    }

    #[test]
    fn durations_are_days_and_the_rest_of_a_day() {
        let show = |micros| interval(Duration::from_micros(micros));
        assert_eq!(show(-79_196_999_996), "-1 days 7203.000004 seconds");
        assert_eq!(show(34_560_059_000_000), "400 days 59.000000 seconds");
    }

    #[test]
    fn arrays_are_written_and_read() {
        let values = [Value::from("a\"\\{},"), Value::Null, Value::from("")];
        assert_eq!(array(&values).unwrap(), "{\"a\\\"\\\\{},\",NULL,\"\"}");
        let kind = FieldKind::Array(Box::new(FieldKind::Text));
        let read = read(Some("[\"a\\\"\\\\{},\",null,\"\"]"), &kind).unwrap();
        assert_eq!(read, Value::Array(values.into()));
    }
}
