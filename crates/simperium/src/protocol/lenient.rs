//! Values that peers send in more than one form.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use sync_core::json::RawJson;

use super::part;

/// A string, or the text of a number.
fn string_or_number(raw: &RawJson) -> Option<String> {
    let text = raw.as_str();
    match text.bytes().next()? {
        b'"' => raw.decode().ok(),
        b'-' | b'0'..=b'9' => Some(text.to_owned()),
        _ => None,
    }
}

fn is_null(raw: &RawJson) -> bool {
    raw.as_str() == "null"
}

fn whole_number<T: std::str::FromStr>(raw: &RawJson) -> Option<T> {
    let text = string_or_number(raw)?;
    // Scripting languages write whole numbers as floats now and then.
    let text = text.strip_suffix(".0").unwrap_or(&text);
    part::decimal(text)
}

/// A string or a number, as text.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = RawJson::deserialize(deserializer)?;
    string_or_number(&raw).ok_or_else(|| D::Error::custom("neither string nor number"))
}

/// A string or a number, as text; `null` is none.
pub(super) fn optional_text<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let raw = RawJson::deserialize(deserializer)?;
    if is_null(&raw) {
        return Ok(None);
    }
    let text = string_or_number(&raw);
    text.map(Some)
        .ok_or_else(|| D::Error::custom("neither string nor number"))
}

/// A list of strings or numbers, as texts; `null` is none.
pub(super) fn optional_texts<'de, D>(deserializer: D) -> Result<Option<Vec<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Text(#[serde(deserialize_with = "text")] String);

    let texts = Option::<Vec<Text>>::deserialize(deserializer)?;
    Ok(texts.map(|texts| texts.into_iter().map(|Text(text)| text).collect()))
}

/// A string or a number; anything else is none.
pub(super) fn text_if_any<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    Ok(string_or_number(&RawJson::deserialize(deserializer)?))
}

/// A whole number, or one in a string.
pub(super) fn number<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
{
    let raw = RawJson::deserialize(deserializer)?;
    whole_number(&raw).ok_or_else(|| D::Error::custom("no whole number"))
}

/// A whole number, or one in a string; `null` is none.
pub(super) fn optional_number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
{
    let raw = RawJson::deserialize(deserializer)?;
    if is_null(&raw) {
        return Ok(None);
    }
    let number = whole_number(&raw);
    number
        .map(Some)
        .ok_or_else(|| D::Error::custom("no whole number"))
}
