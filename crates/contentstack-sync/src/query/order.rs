//! The order of results.

use std::cmp::Ordering;

use super::number;
use super::path::{FieldPath, elements, text};

/// Which way to order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// What an entry is ordered by. Ordered by kind first: booleans, numbers,
/// texts.
#[derive(Clone, Debug)]
pub(crate) enum SortKey {
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    /// No value that has an order. Always last.
    Nothing,
}

impl SortKey {
    /// Of the first value at the path; of a list, its first element.
    pub(crate) fn read(data: &str, path: &FieldPath) -> Self {
        let value = path
            .first(data)
            .and_then(|value| match value.starts_with('[') {
                true => elements(value).next(),
                false => Some(value),
            });
        let Some(value) = value else {
            return Self::Nothing;
        };
        match value.as_bytes().first() {
            Some(b't' | b'f') => Self::Bool(value.starts_with('t')),
            Some(b'-' | b'0'..=b'9') => Self::Number(value.into()),
            Some(b'"') => text(value).map_or(Self::Nothing, |text| Self::Text((*text).into())),
            _ => Self::Nothing,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Nothing => 3,
        }
    }

    pub(crate) fn compare(&self, other: &Self, direction: Direction) -> Ordering {
        let order = match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => return self.rank().cmp(&other.rank()),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => number::compare(a, b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        };
        match direction {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        }
    }
}
