//! The last so many of something.

use std::collections::VecDeque;

/// The last so many entries of a log; older ones are forgotten.
#[derive(Debug)]
pub struct Recent<T> {
    entries: VecDeque<T>,
    limit: usize,
}

impl<T> Recent<T> {
    /// At most `limit` entries; none are made if that is 0.
    pub const fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            limit,
        }
    }

    /// Adds one.
    pub fn push(&mut self, entry: impl FnOnce() -> T) {
        if self.limit == 0 {
            return;
        }
        if self.entries.len() == self.limit {
            self.entries.pop_front();
        }
        self.entries.push_back(entry());
    }

    /// All that are remembered, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.entries.iter()
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_are_remembered() {
        let mut recent = Recent::new(2);
        for number in 0..4 {
            recent.push(|| number);
        }
        assert!(recent.iter().eq(&[2, 3]));
        let mut none = Recent::new(0);
        none.push(|| unreachable!("nothing is remembered"));
        assert_eq!(none.iter().len(), 0);
    }
}
