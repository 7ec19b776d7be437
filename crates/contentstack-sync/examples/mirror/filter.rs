//! Conditions as they are written on a command line.

use contentstack_sync::query::{Condition, Field, Operand, field};

type Make = fn(Field, Operand) -> Condition;

/// The longer signs first: `<=` begins with `<`.
const SIGNS: [(&str, Make); 6] = [
    ("!=", |field, value| field.ne(value)),
    ("<=", |field, value| field.le(value)),
    (">=", |field, value| field.ge(value)),
    ("=", |field, value| field.eq(value)),
    ("<", |field, value| field.lt(value)),
    (">", |field, value| field.gt(value)),
];

/// Reads `FIELD=VALUE`, `FIELD~REGEX`, `FIELD` or `!FIELD`.
pub(crate) fn parse(text: &str) -> Result<Condition, String> {
    let is_sign = |char: char| "!=<>~".contains(char);
    if let Some(name) = text.strip_prefix('!') {
        return match name.contains(is_sign) || name.is_empty() {
            true => Err(format!("{text:?}: a field follows the !")),
            false => Ok(field(name).missing()),
        };
    }
    let Some(at) = text.find(is_sign) else {
        return Ok(field(text).exists());
    };
    let (name, rest) = text.split_at(at);
    if name.is_empty() {
        return Err(format!("{text:?}: which field?"));
    }
    if let Some(expression) = rest.strip_prefix('~') {
        return Ok(field(name).regex(expression));
    }
    for (sign, make) in SIGNS {
        if let Some(value) = rest.strip_prefix(sign) {
            return Ok(make(field(name), operand(value)));
        }
    }
    Err(format!("{text:?}: what is to be compared?"))
}

/// A value as in JSON, and everything else a text.
fn operand(text: &str) -> Operand {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Null) => Operand::NULL,
        Ok(serde_json::Value::Bool(value)) => value.into(),
        Ok(serde_json::Value::String(value)) => value.into(),
        Ok(serde_json::Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => text.into(),
        },
        _ => text.into(),
    }
}
