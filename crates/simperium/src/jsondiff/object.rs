//! Differences made.

use serde_json::Value;

use super::error::DiffError;
use super::op::{Diff, Op};
use super::policy::{OpType, Policy};
use super::value::{Object, check_depth, same};
use super::work::Work;
use super::{list, number, text};

/// What a comparison needs to know at every level.
pub(crate) struct Compare<'a> {
    pub(crate) work: &'a mut Work,
    /// How many levels may still follow.
    pub(crate) levels: usize,
}

impl Compare<'_> {
    /// What becomes of the keys of an object.
    pub(crate) fn objects(
        &mut self,
        old: &Object,
        new: &Object,
        policy: Option<&Policy>,
    ) -> Result<Diff, DiffError> {
        let mut diff = Diff::new();
        let mut shared = 0;
        // Mostly both have the same keys in the same order.
        let mut ahead = new.iter().peekable();
        for (key, old_value) in old {
            while ahead.next_if(|(other, _)| *other < key).is_some() {}
            let beside = ahead
                .next_if(|(other, _)| *other == key)
                .map(|(_, value)| value);
            let Some(new_value) = beside.or_else(|| new.get(key)) else {
                diff.insert(key.as_str(), Op::Remove);
                continue;
            };
            shared += 1;
            let policy = policy.and_then(|policy| policy.attribute(key));
            let op = self.values(old_value, new_value, policy);
            if let Some(op) = op.map_err(|error| error.within(key.as_str()))? {
                diff.insert(key.as_str(), op);
            }
        }
        if shared < new.len() {
            for (key, value) in new {
                if !old.contains_key(key) {
                    check_depth(value, self.levels).map_err(|error| error.within(key.as_str()))?;
                    diff.insert(key.as_str(), Op::Add(value.clone()));
                }
            }
        }
        Ok(diff)
    }

    /// What becomes of one value; `None` if nothing.
    pub(crate) fn values(
        &mut self,
        old: &Value,
        new: &Value,
        policy: Option<&Policy>,
    ) -> Result<Option<Op>, DiffError> {
        let otype = policy.map_or(OpType::Default, |policy| policy.otype);
        match (old, new) {
            (Value::Object(old), Value::Object(new)) if otype != OpType::Replace => {
                self.levels = self
                    .levels
                    .checked_sub(1)
                    .ok_or_else(|| DiffError::new(super::DiffErrorKind::TooDeep))?;
                let diff = self.objects(old, new, policy);
                self.levels += 1;
                return Ok(Some(diff?).filter(|diff| !diff.is_empty()).map(Op::Object));
            }
            (Value::String(old), Value::String(new)) if otype != OpType::Replace => {
                let changed = old != new;
                return Ok(changed.then(|| Op::Text(text::diff_within(old, new, self.work))));
            }
            _ => {}
        }
        if same(old, new) {
            return Ok(None);
        }
        check_depth(new, self.levels)?;
        let op = match (old, new, otype) {
            (Value::Array(old), Value::Array(new), OpType::List) => {
                let item = policy.and_then(|policy| policy.item.as_deref());
                Some(Op::List(list::diff(old, new, item, self)?))
            }
            (Value::Array(old), Value::Array(new), OpType::ListDmp) => {
                Some(Op::ListText(list::diff_lines(old, new, self.work)))
            }
            (Value::Number(old), Value::Number(new), OpType::Integer) => {
                // Doubles may not come out the same.
                number::difference(old, new)
                    .filter(|by| number::add(old, by).is_some_and(|sum| number::same(&sum, new)))
                    .map(Op::Increment)
            }
            _ => None,
        };
        Ok(Some(op.unwrap_or_else(|| Op::Replace(new.clone()))))
    }
}
