//! One value as the wire has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::schema::FieldKind;
use crate::value::{Decimal, Pair, Value, write_float};
use crate::wire::escape::write_text;

/// Appends a value of a field.
#[inline]
pub(crate) fn write_value(kind: &FieldKind, value: &Value, ascii: bool, out: &mut Vec<u8>) {
    match value {
        Value::Null => match kind {
            // The path of no file is empty.
            FieldKind::File { .. } | FieldKind::Image { .. } => out.extend_from_slice(b"\"\""),
            _ => out.extend_from_slice(b"null"),
        },
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(number) => write_int(*number, out),
        Value::Float(number) => write_float(*number, out),
        Value::Text(text) => write_text(text, ascii, out),
        Value::Json(json) if ascii => out.extend_from_slice(json.as_str().as_bytes()),
        Value::Json(json) => json.write_utf8(out),
        Value::Array(values) => {
            let element = match kind {
                FieldKind::Array(element) => element,
                _ => kind,
            };
            write_text(&array(element, values), ascii, out);
        }
        Value::HStore(pairs) => write_text(&hstore(pairs), ascii, out),
        Value::NaturalKey(values) => {
            for (at, value) in values.iter().enumerate() {
                out.extend_from_slice(if at == 0 { b"[" } else { b", " });
                write_value(&FieldKind::Text, value, ascii, out);
            }
            out.push(b']');
        }
        Value::Decimal(_)
        | Value::Bytes(_)
        | Value::Uuid(_)
        | Value::DateTime(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Duration(_) => {
            out.push(b'"');
            write_plain(value, out);
            out.push(b'"');
        }
    }
}

/// Appends a value whose text needs no escapes.
fn write_plain(value: &Value, out: &mut Vec<u8>) {
    use std::io::Write as _;

    match value {
        Value::Decimal(number) => write_decimal(number, out),
        Value::Bytes(bytes) => {
            let start = out.len();
            let length = bytes.len().div_ceil(3) * 4;
            out.resize(start + length, 0);
            // It is exactly as long as it must be.
            let _ = STANDARD.encode_slice(bytes, &mut out[start..]);
        }
        Value::Uuid(uuid) => out.extend_from_slice(&uuid.encode()),
        Value::DateTime(moment) => moment.write_wire(out),
        Value::Date(date) => date.write(out),
        Value::Time(time) => time.write_wire(out),
        // A `Vec` takes every byte.
        Value::Duration(duration) => {
            let _ = write!(out, "{duration}");
        }
        _ => {}
    }
}

fn write_int(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut left = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// As `str` of Python has it: with an exponent where there are more than five
/// zeros between the point and the first digit.
fn write_decimal(number: &Decimal, out: &mut Vec<u8>) {
    use std::io::Write as _;

    let text = number.as_str();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let fraction = digits.strip_prefix("0.").unwrap_or_default();
    let zeros = fraction.bytes().take_while(|byte| *byte == b'0').count();
    let small = fraction.len() > 6 && zeros > 5;
    if !small {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    // The exponent is that of the first digit; of zero, the last one is shown.
    let first = zeros.min(fraction.len() - 1);
    let exponent = first + 1;
    let (head, tail) = fraction[first..].split_at(1);
    let point = if tail.is_empty() { "" } else { "." };
    // A `Vec` takes every byte.
    let _ = write!(out, "{sign}{head}{point}{tail}E-{exponent}");
}

/// The JSON within the string of an `ArrayField`: every element as text,
/// apart from what is JSON itself.
fn array(element: &FieldKind, values: &[Value]) -> String {
    let mut out = vec![b'['];
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Json(json) => json.write_utf8(&mut out),
            value => write_text(&element_text(element, value), false, &mut out),
        }
    }
    out.push(b']');
    String::from_utf8(out).unwrap_or_default()
}

/// What `value_to_string` of an element's field gives.
fn element_text(kind: &FieldKind, value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Text(text) => text.to_string(),
        Value::Float(number) => {
            let mut out = Vec::new();
            // `str` of Python, not JSON.
            if number.is_finite() {
                write_float(*number, &mut out);
            } else {
                out.extend_from_slice(format!("{number}").to_lowercase().as_bytes());
            }
            String::from_utf8(out).unwrap_or_default()
        }
        Value::Array(values) => {
            let element = match kind {
                FieldKind::Array(element) => element,
                _ => kind,
            };
            array(element, values)
        }
        Value::HStore(pairs) => hstore(pairs),
        Value::DateTime(moment) => {
            let text = moment.to_string();
            match text.strip_suffix('Z') {
                Some(text) => format!("{text}+00:00"),
                None => text,
            }
        }
        Value::Time(time) => time.to_string(),
        value => {
            let mut out = Vec::new();
            match value {
                Value::Int(number) => write_int(*number, &mut out),
                value => write_plain(value, &mut out),
            }
            String::from_utf8(out).unwrap_or_default()
        }
    }
}

/// The JSON within the string of an `HStoreField`.
fn hstore(pairs: &[Pair]) -> String {
    let mut out = vec![b'{'];
    for (i, (name, text)) in pairs.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        write_text(name, false, &mut out);
        out.extend_from_slice(b": ");
        match text {
            Some(text) => write_text(text, false, &mut out),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{DateTime, Uuid};

    fn written(kind: &FieldKind, value: &Value, ascii: bool) -> String {
        let mut out = Vec::new();
        write_value(kind, value, ascii, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn small_decimals_have_exponents_as_in_python() {
        let kind = FieldKind::Decimal {
            max_digits: 12,
            decimal_places: 8,
        };
        for (number, expected) in [
            ("1.00000000", "1.00000000"),
            ("0.00000123", "0.00000123"),
            ("-0.00000012", "-1.2E-7"),
            ("0.00000010", "1.0E-7"),
            ("0.00000001", "1E-8"),
            ("0.0000000", "0E-7"),
            ("0.000000", "0.000000"),
            ("-0.000001", "-0.000001"),
            ("10.00000001", "10.00000001"),
            ("0", "0"),
        ] {
            let value = Value::Decimal(Decimal::parse(number).unwrap());
            assert_eq!(written(&kind, &value, false), format!("\"{expected}\""));
        }
    }

    #[test]
    fn elements_of_arrays_are_texts_within_a_text() {
        let array = |kind: FieldKind, values: Vec<Value>| {
            let kind = FieldKind::Array(Box::new(kind));
            written(&kind, &Value::Array(values.into()), true)
        };
        let numbers = vec![Value::Int(1), Value::Null];
        assert_eq!(array(FieldKind::Integer, numbers), r#""[\"1\", null]""#);
        let flags = vec![Value::Bool(true), Value::Float(0.5), Value::text("é")];
        assert_eq!(
            array(FieldKind::Text, flags),
            r#""[\"True\", \"0.5\", \"\u00e9\"]""#
        );
        let moment = DateTime::parse("2020-01-02T03:04:05.000006Z").unwrap();
        assert_eq!(
            array(
                FieldKind::DateTime { aware: true },
                vec![Value::DateTime(moment)]
            ),
            r#""[\"2020-01-02T03:04:05.000006+00:00\"]""#
        );
        let inner = Value::Array([Value::Uuid(Uuid::from_bytes([0; 16]))].into());
        assert_eq!(
            array(FieldKind::Array(Box::new(FieldKind::Uuid)), vec![inner]),
            r#""[\"[\\\"00000000-0000-0000-0000-000000000000\\\"]\"]""#
        );
    }

    #[test]
    fn no_file_is_an_empty_path() {
        let file = FieldKind::File { max_length: None };
        assert_eq!(written(&file, &Value::Null, false), "\"\"");
        assert_eq!(written(&FieldKind::Text, &Value::Null, false), "null");
    }

    #[test]
    fn every_integer_has_its_digits() {
        for number in [0, 7, -1, i64::MAX, i64::MIN] {
            assert_eq!(
                written(&FieldKind::BigInteger, &Value::Int(number), false),
                number.to_string()
            );
        }
    }
}
