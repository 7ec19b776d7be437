//! One value of the wire as its field has it.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::schema::{DecodeErrorKind, FieldKind};
use crate::value::{
    Date, DateTime, Decimal, Duration, Json, Pair, Time, TimeError, Uuid, Value, write_float,
};
use crate::wire::scan::{Cursor, Stop};
use crate::wire::{RawText, RawValue};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// How values are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Convert {
    pub(crate) strict: bool,
    pub(crate) naive_offset: Option<fn(DateTime) -> i32>,
}

use DecodeErrorKind as E;

type Result<T> = std::result::Result<T, DecodeErrorKind>;

fn wrong<T>(expected: &'static str, raw: RawValue<'_>) -> Result<T> {
    Err(E::Type {
        expected,
        found: raw.kind(),
    })
}

fn decode<'a>(text: &RawText<'a>) -> Result<Cow<'a, str>> {
    text.decode().map_err(|_| E::LoneSurrogate)
}

/// Reads a value as `to_python` of the field does. `null` says whether the
/// field may be `NULL`, which matters where a text may stand for it.
#[inline]
pub(crate) fn value(
    kind: &FieldKind,
    null: bool,
    raw: RawValue<'_>,
    how: &Convert,
) -> Result<Value> {
    if let RawValue::Null = raw {
        return Ok(match kind {
            FieldKind::File { .. } | FieldKind::Image { .. } => Value::Text("".into()),
            _ => Value::Null,
        });
    }
    match kind {
        FieldKind::Char { .. }
        | FieldKind::Text
        | FieldKind::File { .. }
        | FieldKind::Image { .. } => text(raw, how),
        FieldKind::IpAddress => address(raw, how),
        FieldKind::Boolean => boolean(null, raw, how),
        FieldKind::Float => float(raw, how),
        FieldKind::Decimal {
            max_digits,
            decimal_places,
        } => decimal(*max_digits, *decimal_places, raw, how),
        FieldKind::Date => time(raw, "a date", |text| Date::parse(text).map(Value::Date)),
        FieldKind::Time => time(raw, "a time", |text| Time::parse(text).map(Value::Time)),
        FieldKind::DateTime { aware } => moment(*aware, raw, how),
        FieldKind::Duration => duration(raw),
        FieldKind::Uuid => uuid(raw, how),
        FieldKind::Binary => binary(raw),
        FieldKind::Json => json(raw),
        FieldKind::Array(element) => array(element, raw, how),
        FieldKind::HStore => hstore(raw, how),
        FieldKind::SmallAuto
        | FieldKind::Auto
        | FieldKind::BigAuto
        | FieldKind::SmallInteger
        | FieldKind::Integer
        | FieldKind::BigInteger
        | FieldKind::PositiveSmallInteger
        | FieldKind::PositiveInteger
        | FieldKind::PositiveBigInteger => integer(raw, how).map(Value::Int),
    }
}

fn text(raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    let text = match raw {
        RawValue::Text(text) => match decode(&text)? {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into_boxed_str(),
        },
        RawValue::Bool(true) if !how.strict => "True".into(),
        RawValue::Bool(false) if !how.strict => "False".into(),
        RawValue::Number("-0") if !how.strict => "0".into(),
        RawValue::Number(number) if !how.strict => {
            if number.contains(['.', 'e', 'E']) {
                float_text(parse_float(number)?)
            } else {
                number.into()
            }
        }
        RawValue::NotANumber(name) if !how.strict => float_text(parse_float(name)?),
        _ => return wrong("text", raw),
    };
    Ok(Value::Text(text))
}

/// A float as `str` of Python shows it.
fn float_text(number: f64) -> Box<str> {
    if number.is_nan() {
        return "nan".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.into();
    }
    let mut out = Vec::new();
    write_float(number, &mut out);
    String::from_utf8(out).unwrap_or_default().into()
}

/// Addresses with colons are brought into their shortest form, and others are
/// not looked at; an empty one is none.
fn address(raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    let value = text(raw, how)?;
    let Value::Text(text) = &value else {
        return Ok(value);
    };
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Null);
    }
    if trimmed.contains(':') {
        // The zone of a link is not part of what Django keeps.
        let address = match trimmed.split_once('%') {
            Some((address, zone)) if !zone.is_empty() && !zone.contains('%') => address,
            _ => trimmed,
        };
        let address: Ipv6Addr = address.parse().map_err(|_| E::Invalid {
            expected: "an address",
        })?;
        return Ok(Value::Text(address.to_string().into()));
    }
    Ok(Value::Text(trimmed.into()))
}

fn boolean(null: bool, raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    const EXPECTED: &str = "a boolean";
    match raw {
        RawValue::Bool(value) => Ok(Value::Bool(value)),
        _ if how.strict => wrong(EXPECTED, raw),
        RawValue::Number(number) => match parse_float(number)? {
            0.0 => Ok(Value::Bool(false)),
            1.0 => Ok(Value::Bool(true)),
            _ => Err(E::Invalid { expected: EXPECTED }),
        },
        RawValue::Text(text) => match &*decode(&text)? {
            "t" | "True" | "1" => Ok(Value::Bool(true)),
            "f" | "False" | "0" => Ok(Value::Bool(false)),
            "" if null => Ok(Value::Null),
            _ => Err(E::Invalid { expected: EXPECTED }),
        },
        // What is empty is none, for Django.
        RawValue::Array(list) if null && list.iter().next().is_none() => Ok(Value::Null),
        RawValue::Object(text) if null && is_empty_object(text) => Ok(Value::Null),
        _ => wrong(EXPECTED, raw),
    }
}

fn is_empty_object(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'{' | b'}') || byte.is_ascii_whitespace())
}

/// A number without the underscores that Python lets stand between two digits.
fn joined(text: &str) -> Cow<'_, str> {
    if !text.contains('_') {
        return text.into();
    }
    let is_digit = |part: Option<&u8>| part.is_some_and(u8::is_ascii_digit);
    let mut parts = text.as_bytes().split(|byte| *byte == b'_').peekable();
    let mut number = Vec::with_capacity(text.len());
    while let Some(part) = parts.next() {
        number.extend_from_slice(part);
        if let Some(next) = parts.peek() {
            if !is_digit(part.last()) || !is_digit(next.first()) {
                return text.into();
            }
        }
    }
    String::from_utf8(number).map_or(text.into(), Cow::Owned)
}

fn integer(raw: RawValue<'_>, how: &Convert) -> Result<i64> {
    const EXPECTED: &str = "an integer";
    match raw {
        RawValue::Number(number) => {
            if let Ok(number) = number.parse() {
                return Ok(number);
            }
            if !number.contains(['.', 'e', 'E']) {
                return Err(E::Range);
            }
            if how.strict {
                return wrong(EXPECTED, raw);
            }
            // Cut, as `int` of Python does. Both bounds are exact.
            let number = parse_float(number)?.trunc();
            if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
                Ok(number as i64)
            } else {
                Err(E::Range)
            }
        }
        RawValue::Bool(value) if !how.strict => Ok(i64::from(value)),
        RawValue::Text(text) if !how.strict => {
            let text = decode(&text)?;
            let text = joined(text.trim());
            let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(E::Invalid { expected: EXPECTED });
            }
            text.parse().map_err(|_| E::Range)
        }
        _ => wrong(EXPECTED, raw),
    }
}

/// The nearest number there is; what is too large is infinite, as in Python.
fn parse_float(number: &str) -> Result<f64> {
    number.parse().map_err(|_| E::Invalid {
        expected: "a number",
    })
}

fn float(raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    let number = match raw {
        // An integer of Python, which has no sign of its own at zero.
        RawValue::Number("-0") => 0.0,
        RawValue::Number(number) => parse_float(number)?,
        RawValue::NotANumber(name) => parse_float(name)?,
        RawValue::Bool(value) if !how.strict => f64::from(u8::from(value)),
        RawValue::Text(text) if !how.strict => parse_float(&joined(decode(&text)?.trim()))?,
        _ => return wrong("a number", raw),
    };
    Ok(Value::Float(number))
}

fn decimal(max_digits: u32, places: u32, raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    let fit = |text: &str| Decimal::fit(text, max_digits, places).map_err(E::Decimal);
    let number = match raw {
        RawValue::Text(text) => {
            let text = decode(&text)?;
            match text.contains('_') {
                // Wherever they stand, as for Python.
                true if !how.strict => fit(&text.replace('_', ""))?,
                _ => fit(&text)?,
            }
        }
        RawValue::Number(number) if !how.strict => fit(number)?,
        RawValue::Bool(value) if !how.strict => fit(if value { "1" } else { "0" })?,
        _ => return wrong("a decimal number", raw),
    };
    Ok(Value::Decimal(number))
}

fn time(
    raw: RawValue<'_>,
    expected: &'static str,
    parse: impl FnOnce(&str) -> std::result::Result<Value, TimeError>,
) -> Result<Value> {
    match raw {
        RawValue::Text(text) => parse(&decode(&text)?).map_err(E::Time),
        _ => wrong(expected, raw),
    }
}

/// What is aware is kept as UTC: no database keeps anything else.
fn moment(aware: bool, raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    let RawValue::Text(text) = raw else {
        return wrong("a date with a time", raw);
    };
    let read = DateTime::parse(&decode(&text)?).map_err(E::Time)?;
    let value = match (aware, read.offset()) {
        (false, None) | (true, Some(0)) => Some(read),
        (false, Some(_)) => return Err(E::Aware),
        (true, Some(_)) => read.to_utc(),
        (true, None) => {
            let offset = how.naive_offset.map_or(0, |offset| offset(read));
            read.with_offset(offset).and_then(DateTime::to_utc)
        }
    };
    value.map(Value::DateTime).ok_or(E::Range)
}

fn duration(raw: RawValue<'_>) -> Result<Value> {
    const EXPECTED: &str = "a duration";
    match raw {
        RawValue::Text(text) => Duration::parse(&decode(&text)?)
            .map(Value::Duration)
            .ok_or(E::Invalid { expected: EXPECTED }),
        _ => wrong(EXPECTED, raw),
    }
}

fn uuid(raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    const EXPECTED: &str = "a UUID";
    let uuid = match raw {
        RawValue::Text(text) => Uuid::parse(&decode(&text)?),
        RawValue::Number("-0") | RawValue::Bool(false) if !how.strict => {
            Some(Uuid::from_bytes([0; 16]))
        }
        RawValue::Bool(true) if !how.strict => Some(Uuid::from_bytes(1_u128.to_be_bytes())),
        // Python takes them as 128 bit integers.
        RawValue::Number(number) if !how.strict => number
            .parse::<u128>()
            .ok()
            .map(|number| Uuid::from_bytes(number.to_be_bytes())),
        _ => return wrong(EXPECTED, raw),
    };
    uuid.map(Value::Uuid)
        .ok_or(E::Invalid { expected: EXPECTED })
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true),
);

fn binary(raw: RawValue<'_>) -> Result<Value> {
    const EXPECTED: &str = "base64";
    let RawValue::Text(text) = raw else {
        return wrong(EXPECTED, raw);
    };
    let text = decode(&text)?;
    // White space is told apart from what is broken.
    let joined: String;
    let text = if text.contains(|c: char| c.is_ascii_whitespace()) {
        joined = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        &joined
    } else {
        &*text
    };
    BASE64
        .decode(text)
        .map(Value::bytes)
        .map_err(|_| E::Invalid { expected: EXPECTED })
}

fn json(raw: RawValue<'_>) -> Result<Value> {
    let text = match raw {
        RawValue::Null => "null",
        RawValue::Bool(true) => "true",
        RawValue::Bool(false) => "false",
        RawValue::Number(text) | RawValue::NotANumber(text) | RawValue::Object(text) => text,
        RawValue::Array(list) => list.as_written(),
        RawValue::Text(text) => {
            let text = format!("\"{}\"", text.as_written());
            return Json::parse(&text).map(Value::Json).map_err(E::Json);
        }
    };
    Json::parse(text).map(Value::Json).map_err(E::Json)
}

/// How deep JSON within a text may be nested.
const DEPTH: usize = 128;

fn array(element: &FieldKind, raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    const EXPECTED: &str = "a list";
    match raw {
        RawValue::Array(list) => list
            .iter()
            .map(|raw| value(element, true, raw, how))
            .collect::<Result<Vec<Value>>>()
            .map(|values| Value::Array(values.into())),
        RawValue::Text(text) => {
            let text = decode(&text)?;
            match RawValue::parse(&text, DEPTH) {
                Ok(list @ RawValue::Array(_)) => array(element, list, how),
                _ => Err(E::Invalid { expected: EXPECTED }),
            }
        }
        _ => wrong(EXPECTED, raw),
    }
}

fn hstore(raw: RawValue<'_>, how: &Convert) -> Result<Value> {
    const EXPECTED: &str = "names with texts";
    match raw {
        RawValue::Object(written) => pairs(written, how),
        RawValue::Text(text) => {
            let text = decode(&text)?;
            match RawValue::parse(&text, DEPTH) {
                Ok(RawValue::Object(written)) => pairs(written, how),
                _ => Err(E::Invalid { expected: EXPECTED }),
            }
        }
        _ => wrong(EXPECTED, raw),
    }
}

fn pairs(written: &str, how: &Convert) -> Result<Value> {
    let broken = |_: Stop| E::Invalid {
        expected: "names with texts",
    };
    let mut pairs: Vec<Pair> = Vec::new();
    let mut cursor = Cursor::whole(written, DEPTH);
    cursor.enter(b'{').map_err(broken)?;
    let mut first = true;
    while cursor.more(&mut first, b'}').map_err(broken)? {
        let (start, end, escaped) = cursor.key().map_err(broken)?;
        let key = RawText {
            text: written.get(start..end).unwrap_or_default(),
            escaped,
        };
        let key: Box<str> = decode(&key)?.into();
        let (start, kind) = cursor.value().map_err(broken)?;
        let raw = RawValue::new(written.get(start..cursor.at()).unwrap_or_default(), kind);
        let value = match raw {
            RawValue::Null => None,
            raw => match text(raw, how)? {
                Value::Text(text) => Some(text),
                _ => None,
            },
        };
        match pairs.iter_mut().find(|(other, _)| *other == key) {
            Some(pair) => pair.1 = value,
            None => pairs.push((key, value)),
        }
    }
    Ok(Value::HStore(pairs.into()))
}
