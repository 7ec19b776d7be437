//! A difference between two sequences as lengths alone.

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Equal,
    Delete,
    Insert,
}

/// A run of one kind. What it holds follows from the runs before it: an
/// equal or deleted run is the next part of the old sequence, an inserted one
/// the next part of the new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) kind: Kind,
    pub(crate) len: usize,
}

impl Edit {
    pub(crate) const fn equal(len: usize) -> Self {
        Self {
            kind: Kind::Equal,
            len,
        }
    }

    pub(crate) const fn delete(len: usize) -> Self {
        Self {
            kind: Kind::Delete,
            len,
        }
    }

    pub(crate) const fn insert(len: usize) -> Self {
        Self {
            kind: Kind::Insert,
            len,
        }
    }

    pub(crate) fn is_equal(self) -> bool {
        self.kind == Kind::Equal
    }
}

/// Where a walk over edits stands in both sequences.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) old: usize,
    pub(crate) new: usize,
}

impl Place {
    pub(crate) fn after(self, edit: Edit) -> Self {
        match edit.kind {
            Kind::Equal => Self {
                old: self.old + edit.len,
                new: self.new + edit.len,
            },
            Kind::Delete => Self {
                old: self.old + edit.len,
                ..self
            },
            Kind::Insert => Self {
                new: self.new + edit.len,
                ..self
            },
        }
    }

    /// What an edit that starts here holds.
    pub(crate) fn content<'a, T>(self, edit: Edit, old: &'a [T], new: &'a [T]) -> &'a [T] {
        match edit.kind {
            Kind::Equal | Kind::Delete => &old[self.old..self.old + edit.len],
            Kind::Insert => &new[self.new..self.new + edit.len],
        }
    }
}
