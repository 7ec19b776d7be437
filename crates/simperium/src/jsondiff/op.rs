//! Differences as they travel.

use std::collections::{BTreeMap, btree_map};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::delta::Delta;
use super::error::{DiffError, DiffErrorKind};
use super::value::check_depth;

/// Levels of JSON that are read. An operation has two for each of an object's
/// own, so that these are twice as many as an object may have.
const DEEPEST: usize = 256;

/// What becomes of the keys of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff(BTreeMap<String, Op>);

/// What becomes of one value. In its wire form, the name of the operation is
/// `o` and its operand is `v`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// `+`: is added. In a list, it is put in.
    Add(Value),
    /// `-`: is removed.
    Remove,
    /// `r`: is replaced.
    Replace(Value),
    /// `O`: is an object, and its keys change.
    Object(Diff),
    /// `d`: is a text, and is edited.
    Text(Delta),
    /// `I`: is a number, and this is added to it.
    Increment(Number),
    /// `L`: is a list, and its elements change.
    List(ListDiff),
    /// `dL`: is a list, and its elements as lines of JSON are edited.
    ListText(Delta),
}

/// What becomes of the elements of a list, by index.
///
/// Indexes go up, and count the elements that are put in, and also those that
/// are removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListDiff(BTreeMap<usize, Op>);

impl Diff {
    /// Nothing changes.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether no key changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keys change.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What becomes of a key.
    pub fn get(&self, key: &str) -> Option<&Op> {
        self.0.get(key)
    }

    /// Says what becomes of a key, and returns what was said before.
    pub fn insert(&mut self, key: impl Into<String>, op: Op) -> Option<Op> {
        self.0.insert(key.into(), op)
    }

    /// Leaves a key as it is, and returns what would have become of it.
    pub fn remove(&mut self, key: &str) -> Option<Op> {
        self.0.remove(key)
    }

    /// The keys that change, in order, and what becomes of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Op)> {
        self.0.iter().map(|(key, op)| (key.as_str(), op))
    }

    /// Reads the wire form.
    ///
    /// # Errors
    ///
    /// An operation is unknown or malformed, or it is nested too deeply. Deltas
    /// are not looked into.
    pub fn from_value(value: Value) -> Result<Self, DiffError> {
        check_depth(&value, DEEPEST)?;
        Self::read(value)
    }

    fn read(value: Value) -> Result<Self, DiffError> {
        let Value::Object(map) = value else {
            return Err(DiffError::new(DiffErrorKind::MalformedOperation));
        };
        map.into_iter()
            .map(|(key, value)| match Op::from_value(value) {
                Ok(op) => Ok((key, op)),
                Err(error) => Err(error.within(key.as_str())),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Reads the text of the wire form level by level: JSON is read 128 levels
    /// deep at a time, half of what a difference may have.
    pub(crate) fn from_deep_text(text: &str) -> Result<Self, DiffError> {
        Self::read_level(text, DEEPEST / 2)
    }

    fn read_level(text: &str, levels: usize) -> Result<Self, DiffError> {
        let levels = levels
            .checked_sub(1)
            .ok_or_else(|| DiffError::new(DiffErrorKind::TooDeep))?;
        let ops: BTreeMap<String, &RawValue> = part(text)?;
        ops.into_iter()
            .map(|(key, op)| match Op::read_level(op.get(), levels) {
                Ok(op) => Ok((key, op)),
                Err(error) => Err(error.within(key.as_str())),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&String, &mut Op) -> bool) {
        self.0.retain(keep);
    }
}

impl FromIterator<(String, Op)> for Diff {
    fn from_iter<I: IntoIterator<Item = (String, Op)>>(ops: I) -> Self {
        Self(ops.into_iter().collect())
    }
}

impl IntoIterator for Diff {
    type Item = (String, Op);
    type IntoIter = btree_map::IntoIter<String, Op>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl ListDiff {
    /// Nothing changes.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says what happens at an index, and returns what was said before.
    pub fn insert(&mut self, index: usize, op: Op) -> Option<Op> {
        self.0.insert(index, op)
    }

    /// The operations in order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Op)> {
        self.0.iter().map(|(index, op)| (*index, op))
    }

    fn from_value(value: Value) -> Result<Self, DiffError> {
        let Value::Object(map) = value else {
            return Err(malformed());
        };
        Self::read(map, Op::from_value)
    }

    /// Indexes, and what is said of each.
    fn read<T>(
        map: impl IntoIterator<Item = (String, T)>,
        read: impl Fn(T) -> Result<Op, DiffError>,
    ) -> Result<Self, DiffError> {
        let mut ops = BTreeMap::new();
        for (key, value) in map {
            let digits = key.bytes().all(|byte| byte.is_ascii_digit());
            let index = key
                .parse::<usize>()
                .ok()
                .filter(|_| digits)
                .ok_or_else(malformed)?;
            let op = read(value).map_err(|error| error.within(index))?;
            if ops.insert(index, op).is_some() {
                return Err(malformed());
            }
        }
        Ok(Self(ops))
    }
}

impl Op {
    /// Whether what it makes has nothing to do with what was there.
    pub(crate) fn is_absolute(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Remove | Self::Replace(_))
    }

    /// Whether the operation leaves every value that it fits as it is. A count
    /// of nothing does not: of a boolean, it makes a number.
    pub fn is_identity(&self) -> bool {
        match self {
            Self::Add(_) | Self::Remove | Self::Replace(_) | Self::Increment(_) => false,
            Self::Object(diff) => diff.0.values().all(Self::is_identity),
            Self::Text(delta) | Self::ListText(delta) => delta.is_identity(),
            Self::List(diff) => diff.0.values().all(Self::is_identity),
        }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "+",
            Self::Remove => "-",
            Self::Replace(_) => "r",
            Self::Object(_) => "O",
            Self::Text(_) => "d",
            Self::Increment(_) => "I",
            Self::List(_) => "L",
            Self::ListText(_) => "dL",
        }
    }

    /// Its text, with what is nested in it on its own.
    fn read_level(text: &str, levels: usize) -> Result<Self, DiffError> {
        let map: BTreeMap<String, &RawValue> = part(text)?;
        let name: String = part(map.get("o").ok_or_else(malformed)?.get())?;
        let operand = map.get("v").map(|operand| operand.get());
        match (name.as_str(), operand) {
            ("O", Some(diff)) => Diff::read_level(diff, levels).map(Self::Object),
            ("L", Some(list)) => {
                let ops: BTreeMap<String, &RawValue> = part(list)?;
                let levels = levels
                    .checked_sub(1)
                    .ok_or_else(|| DiffError::new(DiffErrorKind::TooDeep))?;
                ListDiff::read(ops, |op| Self::read_level(op.get(), levels)).map(Self::List)
            }
            _ => Self::from_value(part(text)?),
        }
    }

    fn from_value(value: Value) -> Result<Self, DiffError> {
        let Value::Object(mut map) = value else {
            return Err(malformed());
        };
        let operand = map.remove("v");
        let name = map.get("o").and_then(Value::as_str).ok_or_else(malformed)?;
        let text = |operand: Option<Value>| match operand {
            Some(Value::String(delta)) => Ok(Delta::from(delta)),
            _ => Err(malformed()),
        };
        match name {
            "+" => operand.map(Self::Add).ok_or_else(malformed),
            "-" => Ok(Self::Remove),
            "r" => operand.map(Self::Replace).ok_or_else(malformed),
            "O" => Diff::read(operand.ok_or_else(malformed)?).map(Self::Object),
            "d" => text(operand).map(Self::Text),
            "I" => match operand {
                Some(Value::Number(number)) => Ok(Self::Increment(number)),
                _ => Err(malformed()),
            },
            "L" => ListDiff::from_value(operand.ok_or_else(malformed)?).map(Self::List),
            "dL" => text(operand).map(Self::ListText),
            _ => Err(DiffError::new(DiffErrorKind::UnknownOperation)),
        }
    }
}

fn malformed() -> DiffError {
    DiffError::new(DiffErrorKind::MalformedOperation)
}

/// A part of the text of a difference.
fn part<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DiffError> {
    serde_json::from_str(text).map_err(|_| malformed())
}

impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}

impl Serialize for ListDiff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("o", self.name())?;
        match self {
            Self::Add(value) | Self::Replace(value) => map.serialize_entry("v", value)?,
            Self::Remove => {}
            Self::Object(diff) => map.serialize_entry("v", diff)?,
            Self::Text(delta) | Self::ListText(delta) => map.serialize_entry("v", delta)?,
            Self::Increment(number) => map.serialize_entry("v", number)?,
            Self::List(diff) => map.serialize_entry("v", diff)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Diff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_operation_survives_the_wire() {
        let wire = json!({
            "add": {"o": "+", "v": null},
            "remove": {"o": "-"},
            "replace": {"o": "r", "v": [1, 2.50]},
            "object": {"o": "O", "v": {"inner": {"o": "-"}}},
            "text": {"o": "d", "v": "=3\t-1"},
            "count": {"o": "I", "v": -2},
            "list": {"o": "L", "v": {"0": {"o": "-"}, "11": {"o": "r", "v": 1}}},
            "lines": {"o": "dL", "v": "-6"},
        });
        let diff = Diff::from_value(wire.clone()).unwrap();
        assert_eq!(diff.len(), 8);
        assert_eq!(serde_json::to_value(&diff).unwrap(), wire);
        assert_eq!(Diff::from_deep_text(&wire.to_string()).unwrap(), diff);
        assert_eq!(serde_json::from_value::<Diff>(wire).unwrap(), diff);
    }

    #[test]
    fn what_is_unknown_or_malformed_is_refused() {
        let kind = |op: Value| {
            let wire = json!({ "k": op });
            let deep = Diff::from_deep_text(&wire.to_string()).unwrap_err();
            let error = Diff::from_value(wire).unwrap_err();
            assert_eq!(deep, error);
            error.kind().clone()
        };
        assert_eq!(
            kind(json!({"o": "o", "v": {}})),
            DiffErrorKind::UnknownOperation
        );
        for op in [
            json!({}),
            json!({"o": 1}),
            json!({"o": "+"}),
            json!({"o": "O", "v": []}),
            json!({"o": "d", "v": 3}),
            json!({"o": "I", "v": "1"}),
            json!({"o": "L", "v": {"-1": {"o": "-"}}}),
            json!({"o": "L", "v": {"1": {"o": "-"}, "01": {"o": "-"}}}),
            json!("x"),
        ] {
            assert_eq!(kind(op.clone()), DiffErrorKind::MalformedOperation, "{op}");
        }
        let error = Diff::from_value(json!({"a": {"o": "L", "v": {"3": {"o": "?"}}}})).unwrap_err();
        assert_eq!(error.to_string(), "an unknown operation at a[3]");
    }

    #[test]
    fn text_is_read_as_deep_as_values_are() {
        let nest = |levels: usize| {
            (0..levels).fold(r#"{"k":{"o":"-"}}"#.to_owned(), |inner, level| {
                if level % 2 == 0 {
                    format!(r#"{{"k":{{"v":{inner},"o":"O"}}}}"#)
                } else {
                    format!(r#"{{"k":{{"o":"L","v":{{"0":{{"o":"O","v":{inner}}}}}}}}}"#)
                }
            })
        };
        assert!(Diff::from_deep_text(&nest(80)).is_ok());
        for levels in [90, 1000] {
            let error = Diff::from_deep_text(&nest(levels)).unwrap_err();
            assert_eq!(error.kind(), &DiffErrorKind::TooDeep);
        }
    }
}
