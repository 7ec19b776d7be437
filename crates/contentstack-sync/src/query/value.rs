//! What fields are compared with.

use std::cmp::Ordering;
use std::fmt;

use super::number;
use super::path::text;
use crate::model::{ContentTypeUid, EventTime, Locale, Uid};

/// A value to compare a field with: made from `bool`, any number, text, a uid,
/// an [`EventTime`], or [`NULL`](Self::NULL).
///
/// | with | compares | equal, for example |
/// |---|---|---|
/// | a number | numbers, by value and exactly | `1`, `1.0` and `1e0` |
/// | text | texts, by Unicode code points | |
/// | an [`EventTime`] | texts that have a date, by instant | `…T10:00:00Z` and `…T11:00:00+01:00` |
/// | `bool` | booleans, `false` before `true` | |
/// | [`NULL`](Self::NULL) | nulls | |
///
/// Values of different kinds are neither equal nor before or after one another;
/// nor is a number that is infinite or not a number to anything.
#[derive(Clone, PartialEq)]
pub struct Operand(pub(crate) Kind);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// The decimal text; empty for what is no number.
    Number(Box<str>),
    Text(Box<str>),
    Time(EventTime),
}

impl Operand {
    /// The JSON `null`.
    pub const NULL: Self = Self(Kind::Null);

    /// How a JSON value compares to this one; `None` if it cannot.
    pub(crate) fn compare(&self, value: &str) -> Option<Ordering> {
        match (&self.0, value.as_bytes().first()?) {
            (Kind::Null, b'n') => Some(Ordering::Equal),
            (Kind::Bool(own), b't' | b'f') => Some(value.starts_with('t').cmp(own)),
            (Kind::Number(own), b'-' | b'0'..=b'9') if !own.is_empty() => {
                Some(number::compare(value, own))
            }
            (Kind::Text(own), b'"') => Some((*text(value)?).cmp(own)),
            (Kind::Time(own), b'"') => {
                let time = EventTime::from(&*text(value)?);
                time.unix_millis()?;
                own.unix_millis()?;
                Some(time.cmp(own))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Null => f.write_str("null"),
            Kind::Bool(value) => fmt::Display::fmt(value, f),
            Kind::Number(text) if text.is_empty() => f.write_str("no number"),
            Kind::Number(text) => f.write_str(text),
            Kind::Text(text) => fmt::Debug::fmt(text, f),
            Kind::Time(time) => fmt::Display::fmt(time, f),
        }
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Operand {
            fn from(value: $integer) -> Self {
                Self(Kind::Number(value.to_string().into()))
            }
        }
    )*};
}
integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

macro_rules! floats {
    ($($float:ty)*) => {$(
        /// The shortest decimal text that is read as this number.
        impl From<$float> for Operand {
            fn from(value: $float) -> Self {
                let text = if value.is_finite() { value.to_string() } else { String::new() };
                Self(Kind::Number(text.into()))
            }
        }
    )*};
}
floats!(f32 f64);

macro_rules! texts {
    ($($text:ty)*) => {$(
        impl From<$text> for Operand {
            fn from(value: $text) -> Self {
                Self(Kind::Text(AsRef::<str>::as_ref(&value).into()))
            }
        }
    )*};
}
texts!(&str String &String Uid &Uid ContentTypeUid &ContentTypeUid Locale &Locale);

impl From<bool> for Operand {
    fn from(value: bool) -> Self {
        Self(Kind::Bool(value))
    }
}

impl From<EventTime> for Operand {
    fn from(value: EventTime) -> Self {
        Self(Kind::Time(value))
    }
}

impl From<std::time::SystemTime> for Operand {
    fn from(value: std::time::SystemTime) -> Self {
        EventTime::from(value).into()
    }
}
