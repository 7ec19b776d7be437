//! Objects on their way out.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use sync_core::Error;
use sync_core::json::RawJson;

/// The JSON text of an object. Anything but an object is refused here: the
/// service keeps nothing else.
pub(crate) fn text(value: &(impl Serialize + ?Sized)) -> Result<Bytes, Error> {
    let text = serde_json::to_vec(value).map_err(|error| {
        Error::encode("the object cannot be written as JSON").with_source(error)
    })?;
    if text.first() != Some(&b'{') {
        return Err(Error::encode(
            "an entity is a JSON object: a map, or a struct with named fields",
        ));
    }
    Ok(text.into())
}

/// The same, to be put into other JSON.
pub(crate) fn raw(value: &(impl Serialize + ?Sized)) -> Result<RawJson, Error> {
    read(&text(value)?)
}

/// The keys of an object, each with the text of its value.
pub(crate) fn keys(value: &(impl Serialize + ?Sized)) -> Result<BTreeMap<String, RawJson>, Error> {
    read(&text(value)?)
}

fn read<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(text)
        .map_err(|error| Error::encode("the object is written as no JSON").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_written() {
        assert_eq!(text(&serde_json::json!({"a": 1})).unwrap(), r#"{"a":1}"#);
        for bad in ["[]", "1", "null", "\"{\""] {
            let value: serde_json::Value = serde_json::from_str(bad).unwrap();
            assert!(text(&value).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_keep_their_text() {
        let object: RawJson =
            serde_json::from_str(r#"{"n":1.10,"m":9007199254740993000}"#).unwrap();
        assert_eq!(text(&object).unwrap(), object.as_str());
        assert_eq!(keys(&object).unwrap()["n"].as_str(), "1.10");
    }
}
