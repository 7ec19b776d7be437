//! How a bucket wants its values compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How one value of a bucket's objects is to be compared, as the bucket's
/// schema says.
///
/// ```
/// use serde_json::json;
/// use simperium::jsondiff::{Differ, Policy};
///
/// let policy: Policy = serde_json::from_value(json!({
///     "attributes": {"count": {"otype": "integer"}}
/// }))?;
/// let diff = Differ::new().policy(policy).diff(&json!({"count": 3}), &json!({"count": 5}))?;
/// assert_eq!(serde_json::to_value(&diff)?, json!({"count": {"o": "I", "v": 2}}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Policy {
    /// The operation that a value of the right type is compared by.
    pub otype: OpType,
    /// The policies of an object's keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Policy>,
    /// The policy of a list's elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Box<Policy>>,
}

impl Policy {
    /// No wishes: what every official client does.
    pub fn new() -> Self {
        Self::default()
    }

    /// The policy of an object with these keys.
    pub fn object(attributes: impl IntoIterator<Item = (String, Policy)>) -> Self {
        Self {
            attributes: attributes.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn attribute(&self, key: &str) -> Option<&Self> {
        self.attributes.get(key)
    }
}

/// Which operation a value is compared by. It has no effect where a value is
/// of another type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OpType {
    /// Always replaced.
    Replace,
    /// A list, element by element.
    List,
    /// A list, as a text of one line for each element.
    ListDmp,
    /// A number that is counted up and down, so that the counts of two sides
    /// add up.
    Integer,
    /// A text that is edited.
    String,
    /// The one that goes with the type: a text is edited, an object's keys are
    /// compared, everything else is replaced. Also any type of a newer schema.
    #[default]
    #[serde(other)]
    Default,
}
