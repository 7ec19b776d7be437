//! How much memory is taken by what was read.

use super::element::{Attribute, Element};
use super::error::XmlError;

/// What a text costs beyond its bytes, or anything else that is allocated.
pub(crate) const ALLOCATION: usize = 32;

/// About how many bytes are taken, and how many may be: a few bytes of markup
/// can make a hundred times as many in memory.
#[derive(Debug)]
pub(crate) struct Cost {
    taken: u64,
    limit: u64,
}

impl Cost {
    pub(crate) const fn up_to(limit: u64) -> Self {
        Self { taken: 0, limit }
    }

    pub(crate) const fn taken(&self) -> u64 {
        self.taken
    }

    pub(crate) const fn add(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes as u64);
    }

    /// For the room of a list that has just taken one more, and for what it
    /// will make before it takes the next: it is checked in between.
    pub(crate) fn add_room<T>(&mut self, list: &Vec<T>) {
        if list.len() == 1 || list.len() == list.capacity() {
            self.add(size_of::<T>() * list.capacity());
        }
    }

    /// Someone else holds what was read since there were `taken` bytes.
    pub(crate) const fn back_to(&mut self, taken: u64) {
        self.taken = taken;
    }

    /// # Errors
    ///
    /// When it is too much.
    pub(crate) const fn check(&self) -> Result<(), XmlError> {
        match self.taken > self.limit {
            true => Err(XmlError::TooMuchMemory { limit: self.limit }),
            false => Ok(()),
        }
    }
}

/// The lists of attributes and elements, with what the attributes hold beyond
/// their texts.
pub(crate) fn of_lists(attributes: &Vec<Attribute>, elements: &Vec<Element>) -> usize {
    attributes.capacity() * size_of::<Attribute>()
        + attributes.len() * 2 * ALLOCATION
        + elements.capacity() * size_of::<Element>()
}
